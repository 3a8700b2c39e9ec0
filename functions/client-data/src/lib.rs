//! `/client-data/*`: what a customer portal shows and changes, always and only the caller's own.

mod addresses;
mod dashboard;
mod notifications;
mod orders;
mod profile;
mod wishlist;

use axum::Router;
use portico_shared::http::{App, Health, Json, routed};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The tree's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .merge(dashboard::routes())
        .merge(profile::routes())
        .merge(orders::routes())
        .merge(addresses::routes())
        .merge(notifications::routes())
        .merge(wishlist::routes())
}

/// The tree, ready to serve.
pub fn router(app: App) -> Router {
    routed(routes(), app)
}

/// Whether the function runs.
#[utoipa::path(get, path = "/client-data/health", tag = "client-data", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::OK)
}
