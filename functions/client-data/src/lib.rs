//! `/client-data/*`: what a customer portal shows and changes, always and only the caller's own.

mod addresses;
mod all;
mod availability;
mod benefits;
mod dashboard;
mod files;
mod lists;
mod messages;
mod notifications;
mod orders;
mod payment_methods;
mod places;
mod preferences;
mod privacy;
mod profile;
mod push_tokens;
mod reservations;
mod tickets;
mod transactions;
mod verification;
mod wishlist;

use axum::Router;
use portico_shared::http::{App, Health, Json, Routes, Served, routed};
use portico_shared::operations;

/// The tree's routes.
pub fn routes<R: Routes>(routes: R) -> R {
    let routes = operations!(routes, health);
    let routes = dashboard::routes(routes);
    let routes = all::routes(routes);
    let routes = privacy::routes(routes);
    let routes = profile::routes(routes);
    let routes = orders::routes(routes);
    let routes = payment_methods::routes(routes);
    let routes = addresses::routes(routes);
    let routes = tickets::routes(routes);
    let routes = messages::routes(routes);
    let routes = benefits::routes(routes);
    let routes = notifications::routes(routes);
    let routes = preferences::routes(routes);
    let routes = push_tokens::routes(routes);
    let routes = places::routes(routes);
    let routes = verification::routes(routes);
    let routes = availability::routes(routes);
    let routes = reservations::routes(routes);
    let routes = transactions::routes(routes);
    let routes = files::routes(routes);
    wishlist::routes(routes)
}

/// The tree, ready to serve.
pub fn router(app: App) -> Router {
    routed(routes(Served::default()), app)
}

/// Whether the function runs.
#[utoipa::path(get, path = "/client-data/health", tag = "client-data", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::OK)
}
