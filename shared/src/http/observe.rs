//! What happens around every request: the edge, limits, preflight, cost, problems, CORS, one log line.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;

use super::navigation::name_org;
use super::problem::Refused;
use super::{App, Problem};
use crate::deadline::Deadline;
use crate::error::{Code, Refusal, UNAVAILABLE_SECONDS};
use crate::ids::OrgId;
use crate::store::{Usage, metered, on_behalf_of};

/// API Gateway's own limits, kept also where something else calls the function.
const MAX_HEADERS: usize = 10_240;
const MAX_URI: usize = 8_192;

/// The outermost layer of every function's router.
pub(super) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let deadline = deadline(&request);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let admitted = app.edge.admit(&mut request);
    name_org(&mut request);
    // Who went around the edge is to cost no read of an org's settings.
    let origin = request.headers().get(ORIGIN).cloned();
    let origin = origin.filter(|_| admitted.is_ok());
    let org: Option<OrgId> = request
        .headers()
        .get("orgid")
        .and_then(|org| org.to_str().ok())
        .and_then(|org| org.parse().ok());

    let (response, usage) = if let Err(refusal) = admitted {
        (Problem::response(refusal, &id), Usage::default())
    } else if is_preflight(&request) {
        (StatusCode::NO_CONTENT.into_response(), Usage::default())
    } else if let Some(refusal) = climbs(&request).or_else(|| too_large(&request)) {
        (Problem::response(refusal, &id), Usage::default())
    } else {
        // The extractors refuse a token of another org than the header's before a handler runs.
        metered(on_behalf_of(org.clone(), async {
            let answer = deadline.keep(next.run(request)).await;
            answer.unwrap_or_else(|| out_of_time(&id, &method, route.as_deref()))
        }))
        .await
    };
    let mut response = rendered(response, &id);

    if let Some(origin) = origin {
        let allowed = match &org {
            // A preflight cannot say which org it is for. It gives nothing away: what may be read is
            // decided by the answer to the request itself.
            _ if method == Method::OPTIONS => true,
            Some(org) => {
                // Nearly always known since the request began. The deadline holds for this as well.
                let config = deadline.keep(app.orgs.get(&app.store, org)).await;
                origin.to_str().is_ok_and(
                    |origin| matches!(config, Some(Ok(config)) if config.allows_origin(origin)),
                )
            }
            None => false,
        };
        allow_origin(
            response.headers_mut(),
            origin,
            allowed,
            method == Method::OPTIONS,
        );
    }
    finish(
        response.headers_mut(),
        &id,
        app.server_timing.then_some(usage),
    );
    let status = response.status().as_u16();
    let (orgid, route) = (
        org.as_ref().map_or("", OrgId::as_str),
        route.as_deref().unwrap_or(""),
    );
    let micros = started.elapsed().as_micros();
    // The route as it was written, never the path as it was sent: paths carry e-mail addresses.
    tracing::info!(
        request_id = %id, %method, route, org = orgid, status, micros,
        round_trips = usage.round_trips, read_units = usage.read_units, write_units = usage.write_units,
        "request"
    );
    response
}

/// The id that API Gateway gave the request, or else the one that Lambda gave the invocation.
fn request_id(request: &Request) -> String {
    let extensions = request.extensions();
    let gateway = match extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        _ => None,
    };
    let invocation = || {
        extensions
            .get::<lambda_http::Context>()
            .map(|context| context.request_id.clone())
    };
    gateway.or_else(invocation).unwrap_or_default()
}

/// When Lambda would cut the request off.
fn deadline(request: &Request) -> Deadline {
    let context = request.extensions().get::<lambda_http::Context>();
    Deadline::of_invocation(context.map_or(0, |context| context.deadline))
}

/// The answer while there is still time for one. What the handler was waiting for is dropped.
fn out_of_time(id: &str, method: &Method, route: Option<&str>) -> Response {
    let route = route.unwrap_or_default();
    tracing::error!(request_id = %id, %method, route, "out of time");
    let message = "the request took too long; it may have taken effect";
    Problem::response(
        Refusal::because(Code::Unavailable, message).retry_after(UNAVAILABLE_SECONDS),
        id,
    )
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// A path with a way up has been resolved by now, and leads to a route that nobody named. API Gateway decodes paths:
/// it may have been a part of one segment.
fn climbs(request: &Request) -> Option<Refusal> {
    let up = |part: &str| part == "..";
    let path = request.raw_http_path();
    let climbs = path.split(['/', '\\']).any(up);
    climbs.then(|| Refusal::new(Code::InvalidPath))
}

fn too_large(request: &Request) -> Option<Refusal> {
    let uri = request
        .uri()
        .path_and_query()
        .map_or(0, |uri| uri.as_str().len());
    if uri > MAX_URI {
        return Some(Refusal::new(Code::UriTooLong));
    }
    let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    let headers: usize = request.headers().iter().map(size).sum();
    (headers > MAX_HEADERS).then(|| Refusal::new(Code::HeadersTooLarge))
}

fn rendered(mut response: Response, id: &str) -> Response {
    let Some(Refused(refusal)) = response.extensions_mut().remove::<Refused>() else {
        return response;
    };
    let mut problem = Problem::response(refusal, id);
    for (name, value) in response.headers() {
        if !problem.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
            problem.headers_mut().insert(name.clone(), value.clone());
        }
    }
    problem
}

fn allow_origin(headers: &mut HeaderMap, origin: HeaderValue, allowed: bool, preflight: bool) {
    headers.append(VARY, HeaderValue::from_static("origin"));
    if !allowed {
        return;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if preflight {
        let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        let names = "authorization, content-type, idempotency-key, if-match, orgid, x-client-host, x-client-info";
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(names),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    } else {
        let names =
            "etag, idempotent-replayed, ratelimit, retry-after, server-timing, x-request-id";
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(names),
        );
    }
}

fn finish(headers: &mut HeaderMap, id: &str, usage: Option<Usage>) {
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What is about a customer is for nobody's cache. Routes that are for caches say so themselves.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Some(Usage {
        round_trips,
        read_units,
        write_units,
    }) = usage
    {
        let timing =
            format!("dynamodb;desc=\"rt={round_trips}, rru={read_units}, wru={write_units}\"");
        let timing = HeaderValue::try_from(timing).expect("numbers in quotes");
        headers.insert(HeaderName::from_static("server-timing"), timing);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::auth::KeyRing;
    use crate::aws::{Aws, Endpoints};
    use crate::deadline::MARGIN;
    use crate::files::Files;
    use crate::http::{Routes as _, Served};
    use crate::operations;
    use crate::store::Store;

    /// Never done.
    #[utoipa::path(get, path = "/slow/{id}", responses((status = OK)))]
    async fn slow() {
        std::future::pending::<()>().await;
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_request_that_is_out_of_time_is_answered_and_logged_with_its_route() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true);
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        let _logging = tracing::subscriber::set_default(subscriber);
        let ring = r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#;
        let ring = KeyRing::parse(ring).unwrap();
        let aws = Aws::local(Endpoints::default());
        let (store, files) = (Store::new(&aws, "none"), Files::new(&aws, "none"));
        let tree = operations!(Served::default(), slow);
        let function = crate::http::routed(tree, App::new(store, files, ring, false));

        let mut context = lambda_http::Context::default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let ends = now + MARGIN + Duration::from_millis(10);
        context.deadline = u64::try_from(ends.as_millis()).unwrap();
        context.request_id = "7".to_owned();
        let request = Request::builder()
            .uri("/slow/ann@acme.example")
            .extension(context);
        let answer = function
            .oneshot(request.body(axum::body::Body::empty()).unwrap())
            .await;
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["retry-after"]),
            (503, &HeaderValue::from(2))
        );
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(body.windows(13).any(|part| part == b"\"unavailable\""));

        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let error: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("out of time"))
            .collect();
        assert_eq!(error.len(), 1, "{log}");
        for part in [
            "\"level\":\"ERROR\"",
            "\"route\":\"/slow/{id}\"",
            "\"request_id\":\"7\"",
        ] {
            assert!(error[0].contains(part), "{log}");
        }
        assert!(!log.contains("ann@"), "{log}");
    }
}
