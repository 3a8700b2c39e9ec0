//! The sessions of whoever asks: on which devices they are signed in.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use portico_shared::auth::{self, OpenSession};
use portico_shared::http::{AnyPrincipal, App, Failure, Json, Path, Problem, Routes};
use portico_shared::ids::SessionId;
use portico_shared::operations;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_sessions, end_session, end_other_sessions)
}

/// An open session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "ses_06f1…", "device": "Firefox on Linux", "createdAt": "2026-05-04T09:30:00Z",
    "lastUsedAt": "2026-05-04T12:00:00Z", "current": true,
}))]
struct SessionView {
    id: String,
    /// Browser and system, as the device called itself.
    device: Option<String>,
    /// When somebody signed in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the refresh token was last exchanged.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// Whether it is the session of this request.
    current: bool,
}

impl From<OpenSession> for SessionView {
    fn from(session: OpenSession) -> Self {
        Self {
            id: session.id.to_string(),
            device: session.device.map(|device| device.as_str().to_owned()),
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            current: session.current,
        }
    }
}

/// The open sessions, newest first.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{
    "id": "ses_06f1…", "device": "Firefox on Linux", "createdAt": "2026-05-04T09:30:00Z",
    "lastUsedAt": "2026-05-04T12:00:00Z", "current": true,
}]}))]
struct Sessions {
    data: Vec<SessionView>,
}

/// The sessions of whoever asks. No network address is kept of them.
#[utoipa::path(
    get, path = "/profile/sessions", tag = "profile", security(("customer" = []), ("staff" = [])),
    responses((status = OK, body = Sessions), (status = "4XX", body = Problem)),
)]
async fn list_sessions(
    State(app): State<App>,
    any: AnyPrincipal,
) -> Result<Json<Sessions>, Failure> {
    let sessions = auth::open_sessions(&app.store, &any.principal).await?;
    let data = sessions.into_iter().map(Into::into).collect();
    Ok(Json(Sessions { data }))
}

/// Ends a session of one's own: its refresh token is good no more. Its access token runs out by itself,
/// within half an hour.
#[utoipa::path(
    delete, path = "/profile/sessions/{sessionId}", tag = "profile", security(("customer" = []), ("staff" = [])),
    params(("sessionId" = String, Path, example = "ses_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn end_session(
    State(app): State<App>,
    any: AnyPrincipal,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Failure> {
    auth::end_session(&app.store, &any.principal, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of one's own but the one that asks.
#[utoipa::path(
    delete, path = "/profile/sessions", tag = "profile", security(("customer" = []), ("staff" = [])),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn end_other_sessions(
    State(app): State<App>,
    any: AnyPrincipal,
) -> Result<StatusCode, Failure> {
    auth::end_other_sessions(&app.store, &any.principal).await?;
    Ok(StatusCode::NO_CONTENT)
}
