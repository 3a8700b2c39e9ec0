//! Which code serves which function, and what goes with it: the API document and the demo sign-ins.

use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

use crate::aws::EmbeddedAws;
use crate::registry::Functions;

/// What the platform serves.
pub struct Wiring {
    /// By name, as the template's `CodeUri` ends.
    pub functions: Functions,
    /// Shown at `/docs`.
    pub openapi: OpenApi,
    /// Printed at the start, a line each.
    pub sign_ins: Vec<String>,
    /// A first request, as a path with its query.
    pub first_path: String,
    /// The `orgid` header of the first request.
    pub first_org: String,
}

/// Builds every function against the embedded services.
///
/// # Errors
/// A line that says what could not be built.
pub fn wire(_aws: &EmbeddedAws) -> Result<Wiring, String> {
    let info = InfoBuilder::new().title("Portico").version(env!("CARGO_PKG_VERSION")).build();
    Ok(Wiring {
        functions: Functions::new(),
        openapi: OpenApiBuilder::new().info(info).build(),
        sign_ins: Vec::new(),
        first_path: "/storefront/products".to_owned(),
        first_org: "acme".to_owned(),
    })
}
