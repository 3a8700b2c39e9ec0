//! The HTTP API: an HTTP request in, API Gateway's event through `lambda_http`, HTTP out.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use data_encoding::HEXUPPER_PERMISSIVE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use lambda_http::lambda_runtime::Config;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, Service as _};
use serde_json::json;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::event::{self, Received};
use crate::head_errors::HeadErrors;
use crate::invoke;
use crate::net::{self, BodyError, Shutdown};
use crate::routes::Routes;

/// The header with which API Gateway names a request.
pub(crate) const REQUEST_ID: &str = "apigw-requestid";
/// API Gateway's limits, in bytes.
const MOST_HEADERS: usize = 10_240;
const MOST_PATH: usize = 8_192;
const MOST_BODY: usize = 10 * 1024 * 1024;
/// Heads are read up to this size, to be refused politely.
const MOST_READ: usize = 16 * 1024 * 1024;

/// A function that answers HTTP.
pub(crate) struct HttpFunction {
    pub(crate) router: Router,
    pub(crate) timeout: Duration,
    pub(crate) config: Arc<Config>,
}

/// The routes, and this machine's own pages.
pub(crate) struct Gateway {
    pub(crate) routes: Routes<Arc<HttpFunction>>,
    /// `/docs`, `/openapi.json` and `/_local/…`, which no deployment has.
    pub(crate) pages: Router,
    /// `127.0.0.1:<port>`
    pub(crate) domain: String,
}

impl Gateway {
    /// Answers until the shutdown.
    pub(crate) async fn serve(self, listener: TcpListener, shutdown: Shutdown) {
        let gateway = Arc::new(self);
        let mut http = http1::Builder::new();
        http.max_buf_size(MOST_READ);
        let service = service_fn(move |request| {
            let gateway = Arc::clone(&gateway);
            async move { Ok::<_, Infallible>(gateway.answer(request).await) }
        });
        net::serve(listener, &http, HeadErrors::new, service, shutdown).await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let request_id = Uuid::now_v7().to_string();
        let mut response = match self.route(request, &request_id).await {
            Ok(response) => response,
            Err(refusal) => refusal.response(&request_id),
        };
        if let Ok(id) = HeaderValue::try_from(request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        request_id: &str,
    ) -> Result<Response<Body>, Refusal> {
        let (head, body) = request.into_parts();
        check_head(&head)?;
        if is_page(head.uri.path()) {
            let request = Request::from_parts(head, Body::new(body));
            return self
                .pages
                .clone()
                .oneshot(request)
                .await
                .map_err(|never| match never {});
        }
        let path = decode(head.uri.path());
        let (route, parameters) = self
            .routes
            .find(head.method.as_str(), &path)
            .ok_or(Refusal::NotFound)?;
        let body = net::read_body(body, MOST_BODY)
            .await
            .map_err(|error| match error {
                BodyError::TooLong => {
                    Refusal::Problem(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large")
                }
                BodyError::Broken => Refusal::Problem(StatusCode::BAD_REQUEST, "bad_request"),
            })?;
        let received = Received {
            request_id,
            route_key: &route.key,
            path_parameters: &parameters,
            path: &path,
            domain: &self.domain,
            source_ip: "127.0.0.1",
        };
        let event =
            event::request(&head, &body, &received).map_err(|error| Refusal::failed(&error))?;
        let reply = route.target.invoke(event, request_id).await?;
        event::response(&head.method, &reply)
            .ok_or_else(|| Refusal::failed(&"the reply is no proxy response"))
    }
}

impl HttpFunction {
    /// JSON in, JSON out: exactly what the Lambda runtime does with an invocation.
    async fn invoke(&self, event: Vec<u8>, request_id: &str) -> Result<Vec<u8>, Refusal> {
        let mut context = invoke::context(request_id, self.timeout);
        context.env_config = Arc::clone(&self.config);
        let router = self.router.clone();
        let work = async move {
            let payload: LambdaRequest =
                serde_json::from_slice(&event).map_err(|error| error.to_string())?;
            // A router is always ready.
            let reply = Adapter::from(router).call(LambdaEvent::new(payload, context));
            let Ok(reply) = reply.await;
            serde_json::to_vec(&reply).map_err(|error| error.to_string())
        };
        match invoke::run(self.timeout, work).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(reason)) => Err(Refusal::failed(&reason)),
            Err(error) => Err(Refusal::failed(&error)),
        }
    }
}

fn is_page(path: &str) -> bool {
    matches!(path, "/docs" | "/openapi.json" | "/_local")
        || path.starts_with("/docs/")
        || path.starts_with("/_local/")
}

fn check_head(head: &Parts) -> Result<(), Refusal> {
    let path = head
        .uri
        .path_and_query()
        .map_or(0, |path| path.as_str().len());
    if path > MOST_PATH {
        return Err(Refusal::Problem(StatusCode::URI_TOO_LONG, "uri_too_long"));
    }
    if size(&head.headers) > MOST_HEADERS {
        return Err(Refusal::Problem(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
        ));
    }
    Ok(())
}

fn size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}

/// HTTP APIs decode the path before they match it and hand it on.
fn decode(path: &str) -> String {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => HEXUPPER_PERMISSIVE.decode(&[*high, *low]).ok(),
            _ => None,
        };
        if let Some(byte) = escaped {
            decoded.extend(byte);
            rest = &rest[3..];
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// What the gateway answers without, or instead of, a function.
enum Refusal {
    /// No route.
    NotFound,
    /// The function crashed, timed out or replied with something else.
    Failed,
    /// A limit of the API.
    Problem(StatusCode, &'static str),
}

impl Refusal {
    fn failed(reason: &dyn std::fmt::Display) -> Self {
        tracing::error!(%reason, "function failed");
        Self::Failed
    }

    fn response(&self, request_id: &str) -> Response<Body> {
        let message = |text: &str| json!({ "message": text }).to_string().into_bytes();
        let (status, content_type, body) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "application/json",
                message("Not Found"),
            ),
            Self::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "application/json",
                message("Internal Server Error"),
            ),
            Self::Problem(status, code) => (
                *status,
                "application/problem+json",
                problem(*status, code, request_id),
            ),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

/// A problem document in the shape of the functions' own.
pub(crate) fn problem(status: StatusCode, code: &str, request_id: &str) -> Vec<u8> {
    let title = status.canonical_reason().unwrap_or_default();
    json!({
        "type": format!("urn:portico:problem:{code}"),
        "title": title,
        "status": status.as_u16(),
        "code": code,
        "statusCode": status.as_u16(),
        "error": title,
        "detail": title,
        "message": title,
        "requestId": request_id,
    })
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once_and_never_fails() {
        for (path, decoded) in [
            ("/a%20b/%C3%A9", "/a b/é"),
            ("/a%2Fb%3Fc", "/a/b?c"),
            ("/%2520", "/%20"),
            ("/%", "/%"),
            ("/%4", "/%4"),
            ("/%zz%41", "/%zzA"),
            ("/%ff%00", "/\u{FFFD}\0"),
        ] {
            assert_eq!(decode(path), decoded, "{path}");
        }
    }
}
