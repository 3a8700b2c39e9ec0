//! `/storefront/*`: browsing, carts, checkout and orders. Mostly public: ownership is checked wherever
//! something belongs to somebody.

mod cart;
mod checkout;
mod fulfilment;
mod orders;
mod products;

use axum::Router;
use portico_shared::http::{App, Health, Json, routed};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The tree's routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .merge(products::routes())
        .merge(cart::routes())
        .merge(checkout::routes())
        .merge(orders::routes())
        .merge(fulfilment::routes())
}

/// The tree, ready to serve.
pub fn router(app: App) -> Router {
    routed(routes(), app)
}

/// Whether the function runs.
#[utoipa::path(get, path = "/storefront/health", tag = "storefront", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::OK)
}
