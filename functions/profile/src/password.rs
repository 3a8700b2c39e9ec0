//! A customer's password: forgotten, reset, changed.

use axum::extract::State;
use garde::Validate;
use portico_shared::auth::{CodeKind, Password};
use portico_shared::domain::recovery;
use portico_shared::http::{
    App, Body, ClientIp, Customer, Failure, Json, Org, Path, Problem, Routes,
};
use portico_shared::operations;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Acknowledged;
use crate::customer::{acceptable_password, not_huge};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        forget_password_by_path,
        forget_password,
        validate_reset_token,
        reset_password,
        change_password
    )
}

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"email": "ann@acme.example"}))]
struct Forgotten {
    /// The e-mail address that the customer signs in with.
    #[garde(length(max = 254))]
    #[schema(format = Email)]
    email: String,
}

/// The token of a link that was mailed.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"token": "tKf0J9…"}))]
struct ResetToken {
    /// As the link has it behind `#token=`.
    #[garde(length(max = 512))]
    token: String,
}

/// Whether a token is good.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"valid": true}))]
struct Validity {
    valid: bool,
}

/// A new password for whoever has a link.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"token": "tKf0J9…", "password": "correct horse battery"}))]
struct Reset {
    /// As the link has it behind `#token=`.
    #[garde(length(max = 512))]
    token: String,
    /// 8 to 128 characters, and not the e-mail address.
    #[garde(custom(acceptable_password("")))]
    password: Password,
}

/// A new password for whoever knows the old one.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"currentPassword": "portico-demo-pass", "newPassword": "correct horse battery"}))]
struct Change {
    /// The password of today.
    #[garde(custom(not_huge))]
    current_password: Password,
    /// 8 to 128 characters, and not the e-mail address.
    #[garde(custom(acceptable_password("")))]
    new_password: Password,
}

async fn send_link(
    app: &App,
    org: &Org,
    email: &str,
    ip: &str,
) -> Result<Json<Acknowledged>, Failure> {
    let kind = CodeKind::ResetPassword;
    recovery::send(&app.store, &app.ring, &org.id, kind, email, ip).await?;
    Ok(Acknowledged::with(
        "If the address has an account, a link to set a new password is on its way.",
    ))
}

/// Mails a link to set a new password with, if the address has an account. The answer does not tell.
///
/// Published clients ask by GET; `POST /profile/customer/password/forgot` keeps the address out of the path.
#[utoipa::path(
    get, path = "/profile/customer/password/forgot/{email}", tag = "profile",
    params(("email" = String, Path, example = "ann@acme.example")),
    responses((status = OK, body = Acknowledged), (status = "4XX", body = Problem)),
)]
async fn forget_password_by_path(
    State(app): State<App>,
    org: Org,
    ClientIp(ip): ClientIp,
    Path(email): Path<String>,
) -> Result<Json<Acknowledged>, Failure> {
    send_link(&app, &org, &email, &ip).await
}

/// Mails a link to set a new password with, if the address has an account. The answer does not tell.
///
/// Until it is used, which can be within a quarter of an hour and once, the old password stays good.
/// Only the latest link does.
#[utoipa::path(
    post, path = "/profile/customer/password/forgot", tag = "profile", request_body = Forgotten,
    responses((status = OK, body = Acknowledged), (status = "4XX", body = Problem)),
)]
async fn forget_password(
    State(app): State<App>,
    org: Org,
    ClientIp(ip): ClientIp,
    Body(input): Body<Forgotten>,
) -> Result<Json<Acknowledged>, Failure> {
    send_link(&app, &org, &input.email, &ip).await
}

/// Whether a link's token can still be used.
#[utoipa::path(
    post, path = "/profile/customer/password/validate-token", tag = "profile", request_body = ResetToken,
    responses((status = OK, body = Validity), (status = "4XX", body = Problem)),
)]
async fn validate_reset_token(
    State(app): State<App>,
    org: Org,
    Body(input): Body<ResetToken>,
) -> Result<Json<Validity>, Failure> {
    let valid = recovery::is_reset_link(&app.store, &app.ring, &org.id, &input.token).await?;
    Ok(Json(Validity { valid }))
}

/// Sets a new password with a link's token. Every session of the customer ends, and a locked account is
/// unlocked.
#[utoipa::path(
    post, path = "/profile/customer/password/reset", tag = "profile", request_body = Reset,
    responses((status = OK, body = Acknowledged), (status = "4XX", body = Problem)),
)]
async fn reset_password(
    State(app): State<App>,
    org: Org,
    Body(input): Body<Reset>,
) -> Result<Json<Acknowledged>, Failure> {
    let Reset { token, password } = input;
    recovery::reset_password(&app.store, &app.ring, &org.id, &token, password).await?;
    Ok(Acknowledged::with(
        "The new password is set. Please sign in.",
    ))
}

/// Changes the password. Every session of the customer ends, this one too: access tokens run out by
/// themselves, refresh tokens are good no more.
///
/// A wrong current password counts as a failure to sign in.
#[utoipa::path(
    post, path = "/profile/customer/password/change", tag = "profile", security(("customer" = [])),
    request_body = Change,
    responses((status = OK, body = Acknowledged), (status = "4XX", body = Problem)),
)]
async fn change_password(
    State(app): State<App>,
    customer: Customer,
    ClientIp(ip): ClientIp,
    Body(input): Body<Change>,
) -> Result<Json<Acknowledged>, Failure> {
    let (current, new) = (input.current_password, input.new_password);
    recovery::change_password(&app.store, &customer.scope, current, new, &ip).await?;
    Ok(Acknowledged::with(
        "The password is changed. Please sign in again.",
    ))
}
