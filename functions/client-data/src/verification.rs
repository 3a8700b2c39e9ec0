//! Whether the customer's e-mail address and telephone number are theirs.

use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use portico_shared::domain::verification::{self, Channel, Status};
use portico_shared::http::{App, Body, Customer, Failure, Json, Problem, Routes};
use portico_shared::operations;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        get_verification_status,
        send_email_code,
        verify_email,
        send_phone_code,
        verify_phone
    )
}

/// How far one address is verified.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "address": "ann@acme.example", "verified": true, "verifiedAt": "2026-05-04T09:30:00Z", "pending": false,
}))]
struct VerificationView {
    /// The profile's e-mail address or telephone number; null if it has none.
    address: Option<String>,
    /// Whether it is the customer's. Another address begins anew.
    verified: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_at: Option<Timestamp>,
    /// Whether a code was sent to it that can be entered.
    pending: bool,
}

impl From<Status> for VerificationView {
    fn from(status: Status) -> Self {
        Self {
            address: status.address,
            verified: status.verified_at.is_some(),
            verified_at: status.verified_at,
            pending: status.pending,
        }
    }
}

/// How far both are verified.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "email": {"address": "ann@acme.example", "verified": true, "verifiedAt": "2026-05-04T09:30:00Z", "pending": false},
    "phone": {"address": "+14155550123", "verified": false, "verifiedAt": null, "pending": true},
}))]
struct Verification {
    email: VerificationView,
    phone: VerificationView,
}

/// What is answered when a code is on its way.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"success": true, "message": "A code is on its way."}))]
pub(crate) struct CodeSent {
    success: bool,
    /// For people.
    message: &'static str,
}

impl CodeSent {
    pub(crate) const NOW: Self = Self {
        success: true,
        message: "A code is on its way.",
    };
}

/// The code that was sent.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"code": "042137"}))]
struct Digits {
    /// Six digits.
    #[garde(length(max = 32))]
    code: String,
}

/// Whether e-mail address and telephone number are verified.
#[utoipa::path(
    get, path = "/client-data/verification/status", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = Verification), (status = "4XX", body = Problem)),
)]
async fn get_verification_status(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<Verification>, Failure> {
    let [email, phone] = verification::status(&app.store, &customer.scope).await?;
    Ok(Json(Verification {
        email: email.into(),
        phone: phone.into(),
    }))
}

async fn send(app: &App, customer: &Customer, channel: Channel) -> Result<Json<CodeSent>, Failure> {
    verification::send(&app.store, &app.ring, &customer.scope, channel).await?;
    Ok(Json(CodeSent::NOW))
}

async fn verify(
    app: &App,
    customer: &Customer,
    channel: Channel,
    input: &Digits,
) -> Result<Json<VerificationView>, Failure> {
    let (scope, digits) = (&customer.scope, input.code.trim());
    let status = verification::verify(&app.store, &app.ring, scope, channel, digits).await?;
    Ok(Json(status.into()))
}

/// Mails a code to the profile's e-mail address: one a minute, and five a day.
#[utoipa::path(
    post, path = "/client-data/verification/email/send", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = CodeSent), (status = "4XX", body = Problem)),
)]
async fn send_email_code(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<CodeSent>, Failure> {
    send(&app, &customer, Channel::Email).await
}

/// Verifies the e-mail address with the code, which is good for ten minutes and five tries.
#[utoipa::path(
    post, path = "/client-data/verification/email/verify", tag = "client-data", security(("customer" = [])),
    request_body = Digits,
    responses((status = OK, body = VerificationView), (status = "4XX", body = Problem)),
)]
async fn verify_email(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<Digits>,
) -> Result<Json<VerificationView>, Failure> {
    verify(&app, &customer, Channel::Email, &input).await
}

/// Sends a code to the profile's telephone number: one a minute, and five a day.
#[utoipa::path(
    post, path = "/client-data/verification/phone/send", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = CodeSent), (status = "4XX", body = Problem)),
)]
async fn send_phone_code(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<CodeSent>, Failure> {
    send(&app, &customer, Channel::Phone).await
}

/// Verifies the telephone number with the code, which is good for ten minutes and five tries.
#[utoipa::path(
    post, path = "/client-data/verification/phone/verify", tag = "client-data", security(("customer" = [])),
    request_body = Digits,
    responses((status = OK, body = VerificationView), (status = "4XX", body = Problem)),
)]
async fn verify_phone(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<Digits>,
) -> Result<Json<VerificationView>, Failure> {
    verify(&app, &customer, Channel::Phone, &input).await
}
