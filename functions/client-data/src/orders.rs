//! The customer's own orders.

use axum::extract::State;
use axum::response::IntoResponse;
use portico_shared::domain::order::{self, OrderSummary, OrderView};
use portico_shared::http::{
    App, Customer, Failure, Json, OrderQuery, Page, PageParams, PageQuery, Path, Problem, Query,
    Routes, etag,
};
use portico_shared::ids::OrderId;
use portico_shared::operations;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_orders, get_order)
}

/// A page of the caller's own orders, newest first unless another order is asked for.
#[utoipa::path(
    get, path = "/client-data/orders", tag = "client-data", security(("customer" = [])),
    params(OrderQuery, PageQuery),
    responses((status = OK, body = Page<OrderSummary>), (status = "4XX", body = Problem)),
)]
async fn list_orders(
    State(app): State<App>,
    customer: Customer,
    Query(query): Query<OrderQuery>,
    params: PageParams,
) -> Result<Json<Page<OrderSummary>>, Failure> {
    Ok(Json(query.page(&app, &customer.scope, &params).await?))
}

/// One of the caller's own orders, with its version as `ETag`.
#[utoipa::path(
    get, path = "/client-data/orders/{orderId}", tag = "client-data", security(("customer" = [])),
    params(("orderId" = String, Path, example = "ord_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = OrderView), (status = "4XX", body = Problem)),
)]
async fn get_order(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<OrderId>,
) -> Result<impl IntoResponse, Failure> {
    let order = order::by_id(&app.store, &customer.scope, &id).await?;
    Ok((etag(order.version), Json(OrderView::from(order.entity))))
}
