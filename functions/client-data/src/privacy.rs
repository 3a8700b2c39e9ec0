//! A copy of all that the account holds, and the end of the account.

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use jiff::Timestamp;
use portico_shared::auth::Password;
use portico_shared::clock;
use portico_shared::domain::privacy::{self, ExportStatus, Proof};
use portico_shared::error::{Code, Refusal};
use portico_shared::http::{App, Body, ClientIp, Customer, Failure, Json, Problem, Routes};
use portico_shared::operations;
use portico_shared::store::CustomerScope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::verification::CodeSent;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        request_export,
        list_exports,
        send_erasure_code,
        erase_account,
    )
}

/// A copy of the account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "exp_06f1…", "status": "ready", "requestedAt": "2026-05-04T09:30:00Z", "readyAt": "2026-05-04T09:30:02Z",
    "expiresAt": "2026-05-11T09:30:02Z", "size": 48213, "url": "https://…", "urlExpiresAt": "2026-05-04T09:45:00Z",
}))]
struct ExportView {
    id: String,
    status: ExportStatus,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When it was ready.
    #[schema(value_type = Option<String>, format = DateTime)]
    ready_at: Option<Timestamp>,
    /// Until when it can be downloaded.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// In bytes.
    size: Option<u64>,
    /// Where it can be downloaded, without a token.
    url: Option<String>,
    /// Until when `url` is good; a later request gets another.
    #[schema(value_type = Option<String>, format = DateTime)]
    url_expires_at: Option<Timestamp>,
}

/// The copies that can be had.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{"id": "exp_06f1…", "status": "pending", "requestedAt": "2026-05-04T09:30:00Z"}]}))]
struct Exports {
    /// The latest one, if any was asked for.
    data: Vec<ExportView>,
}

async fn view(
    app: &App,
    scope: &CustomerScope,
    export: privacy::Export,
) -> Result<ExportView, Failure> {
    let status = export.status_at(clock::now());
    let link = match status {
        ExportStatus::Ready => {
            let (path, name) = (export.path(), "account.json");
            let link = app.files.download(scope, &path, name, "application/json");
            Some(link.await?)
        }
        ExportStatus::Pending | ExportStatus::Failed => None,
    };
    let url_expires_at = link.as_ref().map(|link| link.expires_at);
    Ok(ExportView {
        id: export.id.to_string(),
        status,
        requested_at: export.requested_at,
        ready_at: export.ready_at,
        expires_at: export.expires_at(),
        size: export.size,
        url: link.map(|link| link.url),
        url_expires_at,
    })
}

/// Asks for a copy of all that the account holds, once a day. It is made in the background; a notification and a
/// mail tell when it is ready. Asking while one is being made answers that one.
#[utoipa::path(
    post, path = "/client-data/privacy/export", tag = "client-data", security(("customer" = [])),
    responses((status = ACCEPTED, body = ExportView), (status = "4XX", body = Problem)),
)]
async fn request_export(
    State(app): State<App>,
    customer: Customer,
) -> Result<(StatusCode, Json<ExportView>), Failure> {
    let export = privacy::request_export(&app.store, &customer.scope).await?;
    let view = view(&app, &customer.scope, export).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// The copy of the account that was asked for last, with a link once it is ready.
#[utoipa::path(
    get, path = "/client-data/privacy/exports", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = Exports), (status = "4XX", body = Problem)),
)]
async fn list_exports(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<Exports>, Failure> {
    let latest = privacy::latest_export(&app.store, &customer.scope).await?;
    let mut data = Vec::new();
    let now = clock::now();
    // The item may outlive its object by a day or two.
    let there = latest.filter(|export| export.expires_at().is_none_or(|at| at > now));
    if let Some(export) = there {
        data.push(view(&app, &customer.scope, export).await?);
    }
    Ok(Json(Exports { data }))
}

/// One of the three: an erasure cannot be undone.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"password": "correct horse battery"}))]
struct Confirmation {
    /// The password.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Password>,
    /// The six digits of the code that was mailed.
    #[garde(inner(length(max = 10)))]
    code: Option<String>,
    /// A code of the second factor, where that is on.
    #[garde(inner(length(max = 50)))]
    second_factor_code: Option<String>,
}

impl Confirmation {
    fn proof(self) -> Result<Proof, Refusal> {
        match (self.password, self.code, self.second_factor_code) {
            (Some(password), None, None) => Ok(Proof::Password(password)),
            (None, Some(code), None) => Ok(Proof::Code(code)),
            (None, None, Some(code)) => Ok(Proof::SecondFactor(code)),
            _ => {
                let message = "must come alone, or code or secondFactorCode in its place";
                Err(Refusal::new(Code::ValidationFailed).at("password", message))
            }
        }
    }
}

/// Mails a code to erase the account with, to the profile's address: for whoever has no password.
#[utoipa::path(
    post, path = "/client-data/privacy/erasure/code", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = CodeSent), (status = "4XX", body = Problem)),
)]
async fn send_erasure_code(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<CodeSent>, Failure> {
    privacy::send_code(&app.store, &app.ring, &customer.scope).await?;
    Ok(Json(CodeSent::NOW))
}

/// What was begun.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "erasing"}))]
struct Erasing {
    /// `erasing`.
    status: &'static str,
}

/// Erases the account. At once nobody can sign in any more, every session has ended and the e-mail address is free;
/// what the account holds is deleted in the background. Orders are kept for the books, without name and address.
#[utoipa::path(
    post, path = "/client-data/privacy/erasure", tag = "client-data", security(("customer" = [])),
    request_body = Confirmation,
    responses((status = ACCEPTED, body = Erasing), (status = "4XX", body = Problem)),
)]
async fn erase_account(
    State(app): State<App>,
    customer: Customer,
    ClientIp(ip): ClientIp,
    Body(input): Body<Confirmation>,
) -> Result<(StatusCode, Json<Erasing>), Failure> {
    let proof = input.proof()?;
    privacy::erase(&app.store, &app.ring, &customer.scope, proof, &ip).await?;
    Ok((StatusCode::ACCEPTED, Json(Erasing { status: "erasing" })))
}
