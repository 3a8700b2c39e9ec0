//! Pages of this machine: `/docs`, `/openapi.json`, `/_local/…`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::aws::{Endpoints, Sqs};
use crate::outbox::Outbox;
use crate::outbox_page;
use crate::sources::StreamProgress;

/// What `/_local/status` looks at.
pub(crate) struct Status {
    pub(crate) endpoints: Endpoints,
    pub(crate) sqs: Arc<Sqs>,
    /// By function.
    pub(crate) streams: BTreeMap<String, StreamProgress>,
}

/// All pages. They need no network.
pub(crate) fn router(outbox: Outbox, status: Status, openapi: OpenApi) -> Router {
    let outbox = Router::new()
        .route("/_local/outbox", get(outbox_html))
        .route("/_local/outbox.json", get(outbox_json))
        .with_state(outbox);
    Router::new()
        .route("/_local", get(|| async { Redirect::to("/_local/outbox") }))
        .route("/_local/status", get(status_json))
        .with_state(Arc::new(status))
        .merge(outbox)
        .merge(SwaggerUi::new("/docs").url("/openapi.json", openapi))
}

async fn outbox_html(State(outbox): State<Outbox>) -> Response {
    // A mail's HTML must reach nothing: neither this origin nor the network.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'";
    (
        [(header::CONTENT_SECURITY_POLICY, policy)],
        Html(outbox_page::render(&outbox.newest_first())),
    )
        .into_response()
}

async fn outbox_json(State(outbox): State<Outbox>) -> Response {
    let mails = outbox.newest_first();
    Json(mails.iter().map(AsRef::as_ref).collect::<Vec<_>>()).into_response()
}

async fn status_json(
    State(status): State<Arc<Status>>,
) -> Result<Json<Value>, (StatusCode, String)> {
    let failed = |error: String| (StatusCode::INTERNAL_SERVER_ERROR, error);
    let mut queues = BTreeMap::new();
    for queue in status.sqs.queues() {
        let depth = status
            .sqs
            .depth(queue)
            .map_err(|error| failed(error.to_string()))?;
        queues.insert(queue.spec.name.clone(), depth);
    }
    let mut streams = BTreeMap::new();
    for (function, progress) in &status.streams {
        streams.insert(function, progress.lag().map_err(failed)?);
    }
    let endpoints = &status.endpoints;
    Ok(Json(json!({
        "endpoints": {
            "dynamodb": endpoints.dynamodb,
            "s3": endpoints.s3,
            "sqs": endpoints.sqs,
            "ses": endpoints.ses,
            "secretsManager": endpoints.secrets,
        },
        "table": endpoints.table,
        "bucket": endpoints.bucket,
        "queues": queues,
        "streams": streams,
    })))
}
