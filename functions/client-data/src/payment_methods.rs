//! The customer's saved payment methods: references to what Stripe and PayPal keep.

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use portico_shared::domain::payment_method::{PaymentProvider, Saved, Wallet};
use portico_shared::error::{Code, Error, Refusal};
use portico_shared::http::{App, Body, Customer, Failure, Json, Path, Problem, Routes};
use portico_shared::operations;
use portico_shared::text::no_card_number;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        list_payment_methods,
        add_payment_method,
        remove_payment_method,
        make_payment_method_default,
    )
}

/// A saved payment method.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "pm_1N4vKo2eZvKYlo2C", "provider": "stripe", "brand": "visa", "last4": "4242", "expMonth": 12,
    "expYear": 2030, "isDefault": true,
}))]
pub(crate) struct PaymentMethodView {
    /// Stripe's id, or that of PayPal's agreement.
    id: String,
    provider: PaymentProvider,
    /// `visa`, `mastercard` …; for what is no card its kind, such as `paypal`.
    brand: String,
    /// A card number's last four digits.
    last4: Option<String>,
    /// 1 to 12.
    exp_month: Option<u8>,
    /// Four digits.
    exp_year: Option<u16>,
    /// Whether it is the one to be used unless another is chosen. Exactly one is.
    is_default: bool,
}

/// The saved payment methods, newest first.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{
    "id": "pm_1N4vKo2eZvKYlo2C", "provider": "stripe", "brand": "visa", "last4": "4242", "expMonth": 12,
    "expYear": 2030, "isDefault": true,
}]}))]
struct PaymentMethodList {
    data: Vec<PaymentMethodView>,
}

/// A payment method to save, as the provider's client library gave it. Never a card: a body with a card's
/// number in it is refused.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"paymentMethodId": "pm_1N4vKo2eZvKYlo2C", "setAsDefault": true}))]
struct PaymentMethodInput {
    /// `pm_…` of Stripe, or of PayPal the token of an agreement that the payer has approved, `BA-…`.
    payment_method_id: String,
    /// Whether it becomes the default. The first one does in any case.
    #[serde(default)]
    set_as_default: bool,
    #[serde(default)]
    provider: PaymentProvider,
}

/// The members as they came. They are searched for a card's number before anything of them is repeated, in a
/// problem or elsewhere.
#[derive(Deserialize, Validate)]
struct Unchecked {
    #[serde(flatten)]
    #[garde(custom(no_card_number))]
    flattened: Map<String, Value>,
}

impl Unchecked {
    fn checked(self) -> Result<PaymentMethodInput, Error> {
        serde_json::from_value(Value::Object(self.flattened))
            .map_err(|error| Refusal::because(Code::InvalidBody, error.to_string()).into())
    }
}

pub(crate) fn view(Saved { method, is_default }: Saved) -> PaymentMethodView {
    PaymentMethodView {
        id: method.id,
        provider: method.provider,
        brand: method.brand,
        last4: method.last4,
        exp_month: method.exp_month,
        exp_year: method.exp_year,
        is_default,
    }
}

fn wallet<'a>(app: &'a App, customer: &'a Customer) -> Wallet<'a> {
    Wallet {
        scope: &customer.scope,
        store: &app.store,
        ring: &app.ring,
        integrations: &app.integrations,
        vendors: &app.vendors,
    }
}

/// All saved payment methods.
#[utoipa::path(
    get, path = "/client-data/payment-methods", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = PaymentMethodList), (status = "4XX", body = Problem)),
)]
async fn list_payment_methods(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<PaymentMethodList>, Failure> {
    let saved = wallet(&app, &customer).list().await?;
    let data = saved.into_iter().map(view).collect();
    Ok(Json(PaymentMethodList { data }))
}

/// Saves a payment method. Saving one that is saved already changes nothing, unless it is to become the
/// default.
///
/// It takes a call or two of the provider's, and up to four for the first one. After a 503 the same request
/// completes what was begun.
#[utoipa::path(
    post, path = "/client-data/payment-methods", tag = "client-data", security(("customer" = [])),
    request_body = PaymentMethodInput,
    responses(
        (status = OK, description = "was saved already", body = PaymentMethodView),
        (status = CREATED, description = "saved", body = PaymentMethodView),
        (status = "4XX", body = Problem),
    ),
)]
async fn add_payment_method(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<Unchecked>,
) -> Result<(StatusCode, Json<PaymentMethodView>), Failure> {
    let input = input.checked()?;
    let wallet = wallet(&app, &customer);
    let add = wallet.add(
        input.provider,
        &input.payment_method_id,
        input.set_as_default,
    );
    let (saved, new) = add.await?;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(view(saved))))
}

/// Removes a payment method, at its provider too. If it was the default, the newest of the others becomes it.
#[utoipa::path(
    delete, path = "/client-data/payment-methods/{paymentMethodId}", tag = "client-data",
    security(("customer" = [])),
    params(("paymentMethodId" = String, Path, example = "pm_1N4vKo2eZvKYlo2C")),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn remove_payment_method(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    wallet(&app, &customer).remove(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a saved payment method the default one.
#[utoipa::path(
    put, path = "/client-data/payment-methods/{paymentMethodId}/default", tag = "client-data",
    security(("customer" = [])),
    params(("paymentMethodId" = String, Path, example = "pm_1N4vKo2eZvKYlo2C")),
    responses((status = OK, body = PaymentMethodView), (status = "4XX", body = Problem)),
)]
async fn make_payment_method_default(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<String>,
) -> Result<Json<PaymentMethodView>, Failure> {
    let saved = wallet(&app, &customer).make_default(&id).await?;
    Ok(Json(view(saved)))
}
