//! `/crm/*`: what staff do for the customers of their org.

mod benefits;
mod inbox;
mod messages;
mod queues;
mod tickets;

use axum::Router;
use portico_shared::http::{App, Health, Json, Routes, Served, routed};
use portico_shared::operations;

/// The tree's routes.
pub fn routes<R: Routes>(routes: R) -> R {
    let routes = operations!(routes, health);
    let routes = tickets::routes(routes);
    let routes = inbox::routes(routes);
    benefits::routes(routes)
}

/// The tree, ready to serve.
pub fn router(app: App) -> Router {
    routed(routes(Served::default()), app)
}

/// Whether the function runs.
#[utoipa::path(get, path = "/crm/health", tag = "crm", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::OK)
}
