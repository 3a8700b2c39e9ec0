//! The landing page of a portal.

use axum::extract::State;
use portico_shared::domain::dashboard::{self, Dashboard};
use portico_shared::http::{App, Customer, Failure, Json, Problem, Routes};
use portico_shared::operations;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, get_dashboard)
}

/// Counts and recent activity, in one read. It follows what happens within a second or two.
#[utoipa::path(
    get, path = "/client-data/dashboard", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = Dashboard), (status = "4XX", body = Problem)),
)]
async fn get_dashboard(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<Dashboard>, Failure> {
    Ok(Json(dashboard::get(&app.store, &customer.scope).await?))
}
