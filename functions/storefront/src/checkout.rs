//! From a cart to an order.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use garde::Validate;
use http::{HeaderName, HeaderValue, StatusCode};
use portico_shared::domain::address::PostalAddress;
use portico_shared::domain::order::{
    self, Checkout, Contact, OrderView, PaymentMethod, Placed, Shop,
};
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::http::{App, Body, Failure, Idempotent, Json, Org, Problem, Routes, Visitor};
use portico_shared::ids::CartId;
use portico_shared::money::Money;
use portico_shared::operations;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, checkout_cart)
}

/// A cart to be ordered.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "cartId": "crt_06f1k3q8c9s7r2m4v5n6p7t8w9", "authorId": "gst_9k2m…", "paymentMethod": "manual",
    "customer": {"email": "ann@acme.example", "firstName": "Ann", "lastName": "Lee"},
    "shippingAddress": {"street1": "1 Main St", "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US"},
    "expectedTotal": 25.0,
}))]
struct CheckoutInput {
    /// The cart.
    #[garde(length(max = 64))]
    cart_id: String,
    /// The guest whose cart it is. A customer's token says it.
    #[garde(inner(length(max = 100)))]
    author_id: Option<String>,
    /// Whom the order is for.
    #[garde(dive)]
    customer: Contact,
    /// Where the goods go.
    #[garde(dive)]
    shipping_address: Option<PostalAddress>,
    /// Where the bill goes, if elsewhere.
    #[garde(dive)]
    billing_address: Option<PostalAddress>,
    /// How it is paid for.
    #[garde(skip)]
    payment_method: PaymentMethod,
    /// The total that the shopper was shown: the order is refused if it has changed since.
    #[garde(skip)]
    #[schema(value_type = Option<f64>)]
    expected_total: Option<serde_json::Number>,
}

impl CheckoutInput {
    fn expected(&self, org: &Org) -> Result<Option<Money>, Refusal> {
        let Some(number) = &self.expected_total else {
            return Ok(None);
        };
        let money = Money::parse(&number.to_string(), org.currency()).map_err(|error| {
            Refusal::new(Code::ValidationFailed).at("expectedTotal", error.to_string())
        })?;
        Ok(Some(money))
    }
}

/// Places an order: reserves the stock, makes the order, closes the cart, all or nothing.
///
/// Of the benefit programmes that the customer is enrolled in, the one that takes most off is applied.
///
/// Sent again with the same `Idempotency-Key`, it answers the order that was placed, with
/// `Idempotent-Replayed: true`.
#[utoipa::path(
    post, path = "/storefront/checkout-cart", tag = "storefront", security((), ("customer" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters of the client's choice", example = "7f8b2c1e")),
    request_body = CheckoutInput,
    responses((status = CREATED, body = OrderView), (status = "4XX", body = Problem)),
)]
async fn checkout_cart(
    State(app): State<App>,
    visitor: Visitor,
    Idempotent(key): Idempotent,
    Body(input): Body<CheckoutInput>,
) -> Result<Response, Failure> {
    let shopper = visitor
        .shopper_or_guest(&app, input.author_id.as_deref())?
        .ok_or(Code::NotFound)?;
    let org = visitor.org;
    let cart: CartId = input.cart_id.parse().map_err(|_| Code::NotFound)?;
    let checkout = Checkout {
        cart,
        fingerprint: key.fingerprint(&input)?,
        expected_total: input.expected(&org)?,
        contact: input.customer,
        shipping_address: input.shipping_address,
        billing_address: input.billing_address,
        payment_method: input.payment_method,
    };
    let catalogue = app.catalogues.get(&app.store, &org.id).await?;
    let programs = app.programs.get(&app.store, &org.id).await?;
    let shop = Shop {
        catalogue: &catalogue,
        currency: org.currency(),
        programs: &programs,
    };
    let placed = order::place(&app.store, &app.ring, shop, &shopper, &key, checkout).await?;
    Ok(answer(placed))
}

fn answer(placed: Placed) -> Response {
    let mut response = (StatusCode::CREATED, Json(OrderView::from(placed.order))).into_response();
    if placed.replayed {
        let name = HeaderName::from_static("idempotent-replayed");
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static("true"));
    }
    response
}
