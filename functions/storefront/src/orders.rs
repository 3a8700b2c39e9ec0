//! A shopper's orders, under the paths that published storefronts call.

use axum::extract::State;
use portico_shared::domain::order::{self, OrderNumber, OrderSummary, OrderView};
use portico_shared::http::{
    App, Failure, Json, OrderQuery, Org, Page, PageParams, PageQuery, Path, Problem, Query, Routes,
    Visitor,
};
use portico_shared::operations;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_orders, get_order, get_order_by_email)
}

/// A page of a customer's or guest's orders. A customer's id needs that customer's token.
#[utoipa::path(
    get, path = "/storefront/orders/get/{author}", tag = "storefront", security((), ("customer" = [])),
    params(OrderQuery, PageQuery, ("author" = String, Path, description = "a customer id or a guest id", example = "cus_06f1…")),
    responses((status = OK, body = Page<OrderSummary>), (status = "4XX", body = Problem)),
)]
async fn list_orders(
    State(app): State<App>,
    visitor: Visitor,
    Path(author): Path<String>,
    Query(query): Query<OrderQuery>,
    params: PageParams,
) -> Result<Json<Page<OrderSummary>>, Failure> {
    let shopper = visitor.shopper(&app, &author)?;
    Ok(Json(query.page(&app, &shopper, &params).await?))
}

/// One order of a customer or guest. A customer's id needs that customer's token.
#[utoipa::path(
    get, path = "/storefront/order/get/{author}/{orderNumber}", tag = "storefront", security((), ("customer" = [])),
    params(
        ("author" = String, Path, description = "a customer id or a guest id", example = "cus_06f1…"),
        ("orderNumber" = String, Path, example = "ORD-7K3M-9XQ2-AB4D"),
    ),
    responses((status = OK, body = OrderView), (status = "4XX", body = Problem)),
)]
async fn get_order(
    State(app): State<App>,
    visitor: Visitor,
    Path((author, number)): Path<(String, OrderNumber)>,
) -> Result<Json<OrderView>, Failure> {
    let shopper = visitor.shopper(&app, &author)?;
    let order = order::by_number(&app.store, &shopper, &number).await?;
    Ok(Json(order.entity.into()))
}

/// One order, for who knows its number and the e-mail address it was placed with: the link in the
/// confirmation mail.
#[utoipa::path(
    get, path = "/storefront/order/email/{email}/{orderNumber}", tag = "storefront",
    params(
        ("email" = String, Path, example = "ann@acme.example"),
        ("orderNumber" = String, Path, example = "ORD-7K3M-9XQ2-AB4D"),
    ),
    responses((status = OK, body = OrderView), (status = "4XX", body = Problem)),
)]
async fn get_order_by_email(
    State(app): State<App>,
    org: Org,
    Path((email, number)): Path<(String, OrderNumber)>,
) -> Result<Json<OrderView>, Failure> {
    let order = order::by_email(&app.store, &org.id, &email, &number).await?;
    Ok(Json(order.entity.into()))
}
