//! How long a sign-in takes, which hashes a password.

use portico_shared::aws::{Aws, Endpoints};
use portico_shared::files::Files;
use portico_shared::http::App;

use crate::Result;
use crate::platform::Platform;
use crate::wait::{Waits, wait};
use crate::world::World;

/// How often: each of the shoppers a few times.
const TIMES: usize = 128;

/// Signs the shoppers in, one after the other.
///
/// # Errors
///
/// When one is refused.
pub async fn measure(platform: &Platform, world: &World) -> Result<Waits> {
    // Whoever signs in has no files here.
    let files = Files::new(&Aws::local(Endpoints::default()), "none");
    let (store, ring) = (platform.store().await?, platform.ring().await?);
    let router = portico_profile::router(App::new(store, files, ring, false));
    wait(platform, &router, &world.sign_in_events(), TIMES).await
}
