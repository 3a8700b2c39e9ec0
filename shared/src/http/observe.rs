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
use lambda_http::request::RequestContext;

use super::problem::Refused;
use super::{App, Problem};
use crate::error::{Code, Refusal};
use crate::ids::OrgId;
use crate::store::{Usage, metered, on_behalf_of};

/// API Gateway's own limits, kept also where something else calls the function.
const MAX_HEADERS: usize = 10_240;
const MAX_URI: usize = 8_192;

/// The outermost layer of every function's router.
pub(super) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let admitted = app.edge.admit(&mut request);
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
    } else if let Some(refusal) = too_large(&request) {
        (Problem::response(refusal, &id), Usage::default())
    } else {
        // The extractors refuse a token of another org than the header's before a handler runs.
        metered(on_behalf_of(org.clone(), next.run(request))).await
    };
    let mut response = rendered(response, &id);

    if let Some(origin) = origin {
        let allowed = match &org {
            // A preflight cannot say which org it is for. It gives nothing away: what may be read is
            // decided by the answer to the request itself.
            _ if method == Method::OPTIONS => true,
            Some(org) => {
                let config = app.orgs.get(&app.store, org).await;
                origin
                    .to_str()
                    .is_ok_and(|origin| config.is_ok_and(|config| config.allows_origin(origin)))
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

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
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
