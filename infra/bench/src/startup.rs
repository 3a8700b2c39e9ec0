//! How long the local platform takes to be there.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::http::{Ask, ask_once};
use crate::platform::Platform;
use crate::{Result, median};

/// How often it is started each way.
const STARTS: usize = 5;

/// How long the platform takes from its start to its first answer.
#[derive(Debug, Clone, Copy)]
pub struct Starts {
    /// In an empty folder, where it makes its table and its demo data: the median.
    pub fresh: Duration,
    /// In a folder that an earlier start made: the median.
    pub again: Duration,
}

/// Starts it a few times each way.
///
/// # Errors
///
/// When it does not start, answer or stop.
pub async fn starts(binary: &Path) -> Result<Starts> {
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let data = tempfile::tempdir()?;
        for times in [&mut fresh, &mut again] {
            let started = Instant::now();
            let platform = Platform::start(binary, data.path())?;
            let ask = Ask::get("/storefront/products?ps=2").header("orgid", "acme")?;
            ask_once(platform.address(), &ask).await?;
            times.push(started.elapsed());
            platform.process.stop()?;
        }
    }
    Ok(Starts {
        fresh: median(fresh)?,
        again: median(again)?,
    })
}
