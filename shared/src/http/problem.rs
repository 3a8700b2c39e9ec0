//! Refusals and failures on the wire: problem+json (RFC 9457), with the members that older clients of
//! such systems read beside it.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Code, Error, FieldError, Refusal};

/// What a handler answers when it does not do what was asked.
///
/// It becomes a [`Problem`] on its way out, where the request's id is known.
#[derive(Debug)]
pub struct Failure(pub Error);

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Carries the refusal to the layer that renders it.
#[derive(Debug, Clone)]
pub(super) struct Refused(pub(super) Refusal);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let refusal = self.0.refusal();
        if matches!(refusal.code, Code::Internal | Code::Unavailable) {
            tracing::error!(error = %self.0, "request failed");
        }
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = status(refusal.code);
        response.extensions_mut().insert(Refused(refusal));
        response
    }
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A problem: `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "type": "urn:portico:problem:out_of_stock", "title": "There is not enough stock", "status": 409,
    "code": "out_of_stock", "detail": "There is not enough stock", "requestId": "JKJaXmPLvHcESHA=",
    "details": [{"field": "MUG-BLUE", "message": "1 of MUG-BLUE left", "code": "out_of_stock"}],
    "statusCode": 409, "error": "Conflict", "message": "There is not enough stock",
}))]
pub struct Problem {
    /// `urn:portico:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What the code means.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The stable reason; `docs/errors.md` lists them.
    code: &'static str,
    /// This occurrence, for people.
    detail: String,
    /// What to quote to the operator.
    request_id: String,
    /// The members at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<FieldError>,
    /// What a client can do about it: `refresh_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    /// As `status`.
    status_code: u16,
    /// The HTTP status in words.
    error: &'static str,
    /// As `detail`.
    message: String,
}

impl Problem {
    /// The answer to a request that was refused.
    pub fn response(refusal: Refusal, request_id: &str) -> Response {
        let code = refusal.code;
        let problem = Self {
            kind: format!("urn:portico:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            code: code.as_str(),
            detail: refusal.message.clone(),
            request_id: request_id.to_owned(),
            details: refusal.details,
            action: (code == Code::TokenExpired).then_some("refresh_token"),
            status_code: code.status(),
            error: status(code).canonical_reason().unwrap_or("Error"),
            message: refusal.message,
        };
        let body = serde_json::to_vec(&problem).expect("a problem is plain text and numbers");
        let mut response = Response::new(body.into());
        *response.status_mut() = status(code);
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if code.status() == 401 {
            // RFC 6750 §3
            let challenge = match code {
                Code::MissingAuthorization => HeaderValue::from_static("Bearer"),
                _ => HeaderValue::from_static("Bearer error=\"invalid_token\""),
            };
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = refusal.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            if code == Code::RateLimited {
                // draft-ietf-httpapi-ratelimit-headers
                let limit = format!("\"attempts\";r=0;t={seconds}");
                let limit = HeaderValue::try_from(limit).expect("digits and visible ASCII");
                headers.insert(HeaderName::from_static("ratelimit"), limit);
            }
        }
        response
    }
}
