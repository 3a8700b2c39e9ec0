//! Devices that take push messages.

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use portico_shared::domain::push::{self, Platform};
use portico_shared::error::Result;
use portico_shared::http::{App, Body, Customer, Failure, Path, Problem, Routes};
use portico_shared::operations;
use portico_shared::text::line;
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        register_push_token,
        register_push_token_as_mobile,
        forget_push_token
    )
}

/// A device and its token.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "token": "dGhpcyBpcyBub3QgYSB0b2tlbg:APA91bE", "platform": "android", "deviceId": "pixel-9-a1b2", "appVersion": "2.4.0",
}))]
struct PushTokenInput {
    /// What FCM or APNs gave the app.
    #[garde(length(min = 1, max = 4096), ascii, custom(line))]
    token: String,
    #[garde(skip)]
    platform: Platform,
    /// The client's name for the device: a token replaces the one that it had.
    #[garde(length(chars, min = 1, max = 128), custom(line))]
    device_id: String,
    #[garde(inner(length(chars, max = 50), custom(line)))]
    app_version: Option<String>,
}

async fn register(app: &App, customer: &Customer, input: PushTokenInput) -> Result<StatusCode> {
    let PushTokenInput {
        token,
        platform,
        device_id,
        app_version,
    } = input;
    let device = push::device(device_id, token, platform, app_version);
    push::register(&app.store, &customer.scope, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Registers a device for push messages, at each start of the app. A device has one token; one that another customer
/// of the org had registered is theirs no longer. There can be twenty devices; the one that was registered longest
/// ago makes room.
#[utoipa::path(
    post, path = "/client-data/notifications/push-token", tag = "client-data", security(("customer" = [])),
    request_body = PushTokenInput,
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn register_push_token(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<PushTokenInput>,
) -> Result<StatusCode, Failure> {
    Ok(register(&app, &customer, input).await?)
}

/// The same at the address that mobile apps use.
#[utoipa::path(
    post, path = "/client-account/notifications/push-token", tag = "client-account", security(("customer" = [])),
    request_body = PushTokenInput,
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn register_push_token_as_mobile(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<PushTokenInput>,
) -> Result<StatusCode, Failure> {
    Ok(register(&app, &customer, input).await?)
}

/// Forgets a device, when its user signs out there.
#[utoipa::path(
    delete, path = "/client-data/notifications/push-token/{deviceId}", tag = "client-data", security(("customer" = [])),
    params(("deviceId" = String, Path, example = "pixel-9-a1b2")),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn forget_push_token(
    State(app): State<App>,
    customer: Customer,
    Path(device): Path<String>,
) -> Result<StatusCode, Failure> {
    push::forget(&app.store, &customer.scope, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
