//! Staff move orders along: picked, shipped, delivered.

use axum::extract::State;
use garde::Validate;
use portico_shared::domain::order::{self, OrderNumber, OrderView, Shipment, Step};
use portico_shared::error::Result;
use portico_shared::http::{App, Body, Failure, Json, Path, Problem, Routes, StaffMember};
use portico_shared::operations;
use portico_shared::text::lines;
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, process_order, ship_order, deliver_order)
}

/// A step without particulars.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"note": "picked by Sam"}))]
struct Note {
    /// For staff only.
    #[garde(inner(length(chars, max = 1000), custom(lines)))]
    note: Option<String>,
}

/// How an order was sent.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"carrier": "ups", "tracking": "1Z999AA10123456784", "service": "ground"}))]
struct ShipInput {
    #[serde(flatten)]
    #[garde(dive)]
    flattened: Shipment,
    /// For staff only.
    #[garde(inner(length(chars, max = 1000), custom(lines)))]
    note: Option<String>,
}

async fn advance(
    app: &App,
    member: &StaffMember,
    number: &OrderNumber,
    step: Step,
    note: Option<String>,
) -> Result<Json<OrderView>, Failure> {
    member.must_fulfil_orders()?;
    let order = order::advance(&app.store, &member.staff, number, step, note).await?;
    Ok(Json(order.into()))
}

/// Begins to pick and pack: `new` → `processing`.
#[utoipa::path(
    post, path = "/storefront/order/process/{orderNumber}", tag = "storefront", security(("staff" = [])),
    params(("orderNumber" = String, Path, example = "ORD-7K3M-9XQ2-AB4D")), request_body = Note,
    responses((status = OK, body = OrderView), (status = "4XX", body = Problem)),
)]
async fn process_order(
    State(app): State<App>,
    member: StaffMember,
    Path(number): Path<OrderNumber>,
    Body(input): Body<Note>,
) -> Result<Json<OrderView>, Failure> {
    advance(&app, &member, &number, Step::Process, input.note).await
}

/// Hands over to the carrier: `processing` → `shipped`. The goods leave the shelf.
#[utoipa::path(
    post, path = "/storefront/order/ship/{orderNumber}", tag = "storefront", security(("staff" = [])),
    params(("orderNumber" = String, Path, example = "ORD-7K3M-9XQ2-AB4D")), request_body = ShipInput,
    responses((status = OK, body = OrderView), (status = "4XX", body = Problem)),
)]
async fn ship_order(
    State(app): State<App>,
    member: StaffMember,
    Path(number): Path<OrderNumber>,
    Body(input): Body<ShipInput>,
) -> Result<Json<OrderView>, Failure> {
    advance(
        &app,
        &member,
        &number,
        Step::Ship(input.flattened),
        input.note,
    )
    .await
}

/// Confirms that it arrived: `shipped` → `delivered`.
#[utoipa::path(
    post, path = "/storefront/order/deliver/{orderNumber}", tag = "storefront", security(("staff" = [])),
    params(("orderNumber" = String, Path, example = "ORD-7K3M-9XQ2-AB4D")), request_body = Note,
    responses((status = OK, body = OrderView), (status = "4XX", body = Problem)),
)]
async fn deliver_order(
    State(app): State<App>,
    member: StaffMember,
    Path(number): Path<OrderNumber>,
    Body(input): Body<Note>,
) -> Result<Json<OrderView>, Failure> {
    advance(&app, &member, &number, Step::Deliver, input.note).await
}
