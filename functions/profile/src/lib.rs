//! `/profile/*`: signing up, in and out, for customers and staff.

mod answers;
mod challenge;
mod customer;
mod devices;
mod file;
mod guest;
mod identities;
mod magic_link;
mod oauth;
mod own;
mod password;
mod second_factor;
mod session;
mod user;

use axum::Router;
use portico_shared::http::{App, Health, Json, Routes, Served, routed};
use portico_shared::operations;
use serde::Serialize;
use utoipa::ToSchema;

/// The tree's routes.
pub fn routes<R: Routes>(routes: R) -> R {
    let routes = operations!(routes, health);
    let routes = customer::routes(routes);
    let routes = password::routes(routes);
    let routes = magic_link::routes(routes);
    let routes = user::routes(routes);
    let routes = oauth::routes(routes);
    let routes = identities::routes(routes);
    let routes = file::routes(routes);
    let routes = own::routes(routes);
    let routes = guest::routes(routes);
    let routes = devices::routes(routes);
    let routes = second_factor::routes(routes);
    let routes = challenge::routes(routes);
    session::routes(routes)
}

/// What is answered where there is nothing to show.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"success": true, "message": "Done."}))]
pub(crate) struct Acknowledged {
    success: bool,
    /// For people.
    message: &'static str,
}

impl Acknowledged {
    pub(crate) const fn with(message: &'static str) -> Json<Self> {
        let success = true;
        Json(Self { success, message })
    }
}

/// The tree, ready to serve.
pub fn router(app: App) -> Router {
    routed(routes(Served::default()), app)
}

/// Whether the function runs.
#[utoipa::path(get, path = "/profile/health", tag = "profile", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::OK)
}
