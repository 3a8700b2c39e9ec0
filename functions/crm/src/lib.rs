//! `/crm/*`: what staff do for the customers of their org.

use axum::Router;
use portico_shared::http::{App, Health, Json, Routes, Served, routed};
use portico_shared::operations;

/// The tree's routes.
pub fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, health)
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
