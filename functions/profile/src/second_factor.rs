//! A customer's second factor: seeing where it is, setting it up, switching it on and off.

use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use portico_shared::auth::Password;
use portico_shared::domain::second_factor::{
    self, Enrolment, Method, Proof, State as Progress, Status,
};
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::http::{App, Body, ClientIp, Customer, Failure, Json, Path, Problem, Routes};
use portico_shared::operations;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::customer::not_huge;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        second_factor_status,
        set_up_second_factor,
        verify_second_factor,
        enable_second_factor,
        disable_second_factor,
        renew_backup_codes
    )
}

/// Where the second factor is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "enabled": true, "state": "on", "method": "authenticator", "since": "2026-05-04T09:30:00Z", "backupCodesLeft": 10,
}))]
struct SecondFactorStatus {
    /// Whether it is asked for at sign-in.
    enabled: bool,
    /// How far it is; null where nothing was set up.
    state: Option<Progress>,
    /// What makes the codes.
    method: Option<Method>,
    /// When it came to this state.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// How many backup codes are left of ten.
    backup_codes_left: usize,
}

impl From<Status> for SecondFactorStatus {
    fn from(status: Status) -> Self {
        Self {
            enabled: status.state == Some(Progress::On),
            state: status.state,
            method: status.method,
            since: status.since,
            backup_codes_left: status.backup_codes_left,
        }
    }
}

/// What an authenticator app needs, or where the first code was mailed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "method": "authenticator", "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "otpauthUrl": "otpauth://totp/Acme:ann%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30",
}))]
struct SetUp {
    method: Method,
    /// To be typed in: base32.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// To be shown as a QR code.
    #[serde(skip_serializing_if = "Option::is_none")]
    otpauth_url: Option<String>,
    /// The profile's address, all but hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

/// A code that the app shows or that was mailed.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"code": "287082"}))]
struct FirstCode {
    #[garde(length(max = 64))]
    code: String,
}

/// Whether a right code was shown.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"verified": true}))]
struct SetUpVerified {
    verified: bool,
}

/// The backup codes, which nobody can tell again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"enabled": true, "backupCodes": ["abcd-efgh-ijkl-mnop"]}))]
struct BackupCodes {
    enabled: bool,
    /// Each is good for one sign-in without the app or the mail.
    backup_codes: Vec<String>,
}

/// The password, or a code of the second factor.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"password": "portico-demo-pass"}))]
struct Shown {
    #[garde(inner(custom(not_huge)))]
    password: Option<Password>,
    #[garde(inner(length(max = 64)))]
    code: Option<String>,
}

impl Shown {
    fn proof(self) -> Result<Proof> {
        match (self.password, self.code) {
            (Some(password), None) => Ok(Proof::Password(password)),
            (None, Some(code)) => Ok(Proof::Code(code)),
            _ => Err(Refusal::new(Code::ValidationFailed)
                .at("code", "is wanted, or the password, and not both")
                .into()),
        }
    }
}

/// Whether it is on.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"enabled": false}))]
struct Disabled {
    enabled: bool,
}

/// Where the second factor is.
#[utoipa::path(
    get, path = "/profile/security/2fa/status", tag = "profile", security(("customer" = [])),
    responses((status = OK, body = SecondFactorStatus), (status = "4XX", body = Problem)),
)]
async fn second_factor_status(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<SecondFactorStatus>, Failure> {
    let status = second_factor::status(&app.store, &customer.scope).await?;
    Ok(Json(status.into()))
}

/// Makes a secret for an authenticator app, or mails a first code. Nothing is asked for at sign-in so far.
#[utoipa::path(
    post, path = "/profile/security/2fa/setup/{method}", tag = "profile", security(("customer" = [])),
    params(("method" = Method, Path, example = "authenticator")),
    responses((status = OK, body = SetUp), (status = "4XX", body = Problem)),
)]
async fn set_up_second_factor(
    State(app): State<App>,
    customer: Customer,
    Path(method): Path<Method>,
) -> Result<Json<SetUp>, Failure> {
    let issuer = &customer.org.config.name;
    let enrolment =
        second_factor::set_up(&app.store, &app.ring, &customer.scope, method, issuer).await?;
    let (secret, otpauth_url, email) = match enrolment {
        Enrolment::Authenticator { secret, url } => (Some(secret), Some(url), None),
        Enrolment::Email(email) => (None, None, Some(email)),
    };
    Ok(Json(SetUp {
        method,
        secret,
        otpauth_url,
        email,
    }))
}

/// Takes the first code, which shows that the app has the secret, or that mail arrives.
#[utoipa::path(
    post, path = "/profile/security/2fa/verify-setup", tag = "profile", security(("customer" = [])),
    request_body = FirstCode,
    responses((status = OK, body = SetUpVerified), (status = "4XX", body = Problem)),
)]
async fn verify_second_factor(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<FirstCode>,
) -> Result<Json<SetUpVerified>, Failure> {
    second_factor::verify_setup(&app.store, &app.ring, &customer.scope, &input.code).await?;
    Ok(Json(SetUpVerified { verified: true }))
}

/// Switches the second factor on, and answers ten backup codes. They are shown this once.
#[utoipa::path(
    post, path = "/profile/security/2fa/enable", tag = "profile", security(("customer" = [])),
    responses((status = OK, body = BackupCodes), (status = "4XX", body = Problem)),
)]
async fn enable_second_factor(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<BackupCodes>, Failure> {
    let backup_codes = second_factor::enable(&app.store, &customer.scope).await?;
    Ok(Json(BackupCodes {
        enabled: true,
        backup_codes,
    }))
}

/// Switches the second factor off, for who shows the password or a code. No device is trusted any more.
#[utoipa::path(
    post, path = "/profile/security/2fa/disable", tag = "profile", security(("customer" = [])),
    request_body = Shown,
    responses((status = OK, body = Disabled), (status = "4XX", body = Problem)),
)]
async fn disable_second_factor(
    State(app): State<App>,
    customer: Customer,
    ClientIp(ip): ClientIp,
    Body(input): Body<Shown>,
) -> Result<Json<Disabled>, Failure> {
    let proof = input.proof()?;
    second_factor::disable(&app.store, &app.ring, &customer.scope, proof, &ip).await?;
    Ok(Json(Disabled { enabled: false }))
}

/// Makes ten new backup codes, for who shows the password or a code. The old ones are good no more.
#[utoipa::path(
    post, path = "/profile/security/2fa/backup-codes", tag = "profile", security(("customer" = [])),
    request_body = Shown,
    responses((status = OK, body = BackupCodes), (status = "4XX", body = Problem)),
)]
async fn renew_backup_codes(
    State(app): State<App>,
    customer: Customer,
    ClientIp(ip): ClientIp,
    Body(input): Body<Shown>,
) -> Result<Json<BackupCodes>, Failure> {
    let proof = input.proof()?;
    let codes =
        second_factor::renew_backup_codes(&app.store, &app.ring, &customer.scope, proof, &ip)
            .await?;
    Ok(Json(BackupCodes {
        enabled: true,
        backup_codes: codes,
    }))
}
