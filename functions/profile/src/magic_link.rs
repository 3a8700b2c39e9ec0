//! Signing in without a password: by a link or a code that is mailed.

use axum::extract::State;
use garde::Validate;
use portico_shared::auth::{Caller, CodeKind};
use portico_shared::domain::recovery;
use portico_shared::error::{Code, Refusal};
use portico_shared::http::{App, Body, ClientIp, Failure, Json, Org, Problem, Query, Routes};
use portico_shared::operations;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::Acknowledged;
use crate::answers::SignInAnswer;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        send_magic_link_by_query,
        redeem_magic_link,
        send_magic_link,
        redeem_customer_magic_link
    )
}

/// What is mailed.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum MagicKind {
    /// A link, good for a quarter of an hour.
    #[default]
    Link,
    /// Six digits, good for ten minutes.
    Code,
}

/// Who wants to sign in.
#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[schema(example = json!({"email": "ann@acme.example", "type": "code"}))]
struct MagicLink {
    /// The e-mail address of the account.
    #[garde(length(max = 254))]
    #[schema(format = Email)]
    #[param(example = "ann@acme.example")]
    email: String,
    /// What is mailed; a link if it is not said.
    #[serde(rename = "type", default)]
    #[garde(skip)]
    #[param(inline)]
    kind: MagicKind,
}

/// What was mailed: a link's token, or a code and the address that it was mailed to.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"email": "ann@acme.example", "code": "042137"}))]
struct Redeem {
    /// As the link has it behind `#token=`.
    #[garde(inner(length(max = 512)))]
    token: Option<String>,
    /// The address.
    #[garde(inner(length(max = 254)))]
    email: Option<String>,
    /// The six digits.
    #[garde(inner(length(max = 32)))]
    code: Option<String>,
    /// What a challenge that was answered with `trustDevice` gave this device.
    #[serde(rename = "deviceToken")]
    #[garde(inner(length(max = 512)))]
    device_token: Option<String>,
}

async fn send(
    app: &App,
    org: &Org,
    ip: &str,
    input: &MagicLink,
) -> Result<Json<Acknowledged>, Failure> {
    let kind = match input.kind {
        MagicKind::Link => CodeKind::SignInLink,
        MagicKind::Code => CodeKind::SignInCode,
    };
    recovery::send(&app.store, &app.ring, &org.id, kind, &input.email, ip).await?;
    Ok(Acknowledged::with(
        "If the address has an account, a mail to sign in with is on its way.",
    ))
}

async fn redeem(
    app: &App,
    org: &Org,
    caller: &Caller,
    input: Redeem,
) -> Result<Json<SignInAnswer>, Failure> {
    let (store, ring, org) = (&app.store, &app.ring, &org.id);
    let trust = input.device_token.as_deref();
    let admitted = match &input {
        Redeem {
            token: Some(token),
            email: None,
            code: None,
            ..
        } => recovery::sign_in_by_link(store, ring, org, token, caller, trust).await?,
        Redeem {
            token: None,
            email: Some(email),
            code: Some(code),
            ..
        } => {
            let code = code.trim();
            recovery::sign_in_by_code(store, ring, org, email, code, caller, trust).await?
        }
        _ => {
            let message = "either token, or email and code";
            return Err(Refusal::because(Code::InvalidBody, message).into());
        }
    };
    Ok(Json(admitted.into()))
}

/// Mails a link or a code to sign in with, if the address has an account. The answer does not tell.
///
/// Published clients ask by GET; `POST /profile/customer/magic-link` keeps the address out of the query.
#[utoipa::path(
    get, path = "/profile/magic-link", tag = "profile", params(MagicLink),
    responses((status = OK, body = Acknowledged), (status = "4XX", body = Problem)),
)]
async fn send_magic_link_by_query(
    State(app): State<App>,
    org: Org,
    ClientIp(ip): ClientIp,
    Query(input): Query<MagicLink>,
) -> Result<Json<Acknowledged>, Failure> {
    send(&app, &org, &ip, &input).await
}

/// Mails a link or a code to sign in with, if the address has an account. The answer does not tell.
///
/// Only the latest of each can be used, once.
#[utoipa::path(
    post, path = "/profile/customer/magic-link", tag = "profile", request_body = MagicLink,
    responses((status = OK, body = Acknowledged), (status = "4XX", body = Problem)),
)]
async fn send_magic_link(
    State(app): State<App>,
    org: Org,
    ClientIp(ip): ClientIp,
    Body(input): Body<MagicLink>,
) -> Result<Json<Acknowledged>, Failure> {
    send(&app, &org, &ip, &input).await
}

/// Signs in with the token of a link, or with an address and the code that was mailed to it. Its address is
/// verified by that. A second factor is asked for as at any sign-in.
///
/// A code can be tried five times. Wrong ones count as failures to sign in of the network address.
#[utoipa::path(
    post, path = "/profile/magic-link/redirect", tag = "profile", request_body = Redeem,
    responses((status = OK, body = SignInAnswer), (status = "4XX", body = Problem)),
)]
async fn redeem_magic_link(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<Redeem>,
) -> Result<Json<SignInAnswer>, Failure> {
    redeem(&app, &org, &caller, input).await
}

/// The same under the customer's own path.
#[utoipa::path(
    post, path = "/profile/customer/magic-link/redirect", tag = "profile", request_body = Redeem,
    responses((status = OK, body = SignInAnswer), (status = "4XX", body = Problem)),
)]
async fn redeem_customer_magic_link(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<Redeem>,
) -> Result<Json<SignInAnswer>, Failure> {
    redeem(&app, &org, &caller, input).await
}
