//! `/storefront/*`: browsing, carts, checkout and orders. Mostly public: ownership is checked wherever
//! something belongs to somebody.

mod cart;
mod checkout;
mod fulfilment;
mod orders;
mod products;

use axum::Router;
use portico_shared::http::{App, Health, Json, Routes, Served, routed};
use portico_shared::operations;

/// The tree's routes.
pub fn routes<R: Routes>(routes: R) -> R {
    let routes = operations!(routes, health);
    let routes = products::routes(routes);
    let routes = cart::routes(routes);
    let routes = checkout::routes(routes);
    let routes = orders::routes(routes);
    fulfilment::routes(routes)
}

/// The tree, ready to serve.
pub fn router(app: App) -> Router {
    routed(routes(Served::default()), app)
}

/// Whether the function runs.
#[utoipa::path(get, path = "/storefront/health", tag = "storefront", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::OK)
}
