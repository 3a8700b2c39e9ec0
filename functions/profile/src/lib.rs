//! `/profile/*`: signing up, in and out, for customers and staff.

mod customer;
mod session;
mod user;

use axum::Router;
use portico_shared::http::{App, Health, Json, Routes, Served, routed};
use portico_shared::operations;

/// The tree's routes.
pub fn routes<R: Routes>(routes: R) -> R {
    let routes = operations!(routes, health);
    let routes = customer::routes(routes);
    let routes = user::routes(routes);
    session::routes(routes)
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
