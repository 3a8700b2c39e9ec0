//! `/profile/*`: signing up, in and out, for customers and staff.

mod customer;
mod session;
mod user;

use axum::Router;
use portico_shared::http::{App, Health, Json, routed};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The tree's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .merge(customer::routes())
        .merge(user::routes())
        .merge(session::routes())
}

/// The tree, ready to serve.
pub fn router(app: App) -> Router {
    routed(routes(), app)
}

/// Whether the function runs.
#[utoipa::path(get, path = "/profile/health", tag = "profile", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::OK)
}
