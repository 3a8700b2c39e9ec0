//! From an API Gateway event to a router and back.

use std::env;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use http::Uri;
use http::uri::PathAndQuery;
use lambda_http::request::RequestContext;
use serde::Serialize;
use tower::ServiceBuilder;
use tower::util::MapRequestLayer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use utoipa::ToSchema;

use super::observe::observe;
use super::{App, Failure, Served};
use crate::error::Code;

/// Trees whose canonical paths begin with `/api`.
const UNDER_API: [&str; 3] = ["/api/v1/sdk", "/api/customer-account", "/api/headless"];

/// The answer of `GET /<tree>/health`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub struct Health {
    status: &'static str,
}

impl Health {
    /// The function runs.
    pub const OK: Self = Self { status: "ok" };
}

/// A function's routes, complete: unknown routes and methods are problems too, and everything is
/// observed.
pub fn routed(tree: Served, app: App) -> Router {
    let router = tree
        .into_router()
        .fallback(async || Failure::from(Code::RouteNotFound))
        .method_not_allowed_fallback(async || Failure::from(Code::MethodNotAllowed))
        .layer(from_fn_with_state(app.clone(), observe))
        .with_state(app);
    normalised(router)
}

/// Takes the stage and one leading `/api` off the path before it is routed.
pub fn normalised(router: Router) -> Router {
    let strip = MapRequestLayer::new(|mut request: Request| {
        let stage = match request.extensions().get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.stage.clone(),
            Some(RequestContext::ApiGatewayV1(context)) => context.stage.clone(),
            _ => None,
        };
        if let Some(uri) = canonical(request.uri(), stage.as_deref()) {
            *request.uri_mut() = uri;
        }
        request
    });
    Router::new().fallback_service(ServiceBuilder::new().layer(strip).service(router))
}

/// The canonical form of a request's URI, if it has another form.
fn canonical(uri: &Uri, stage: Option<&str>) -> Option<Uri> {
    let mut path = uri.path();
    if let Some(stage) = stage
        && let Some(rest) = path
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(stage))
        && rest.starts_with('/')
    {
        path = rest;
    }
    let under_api = UNDER_API.iter().any(|tree| path.starts_with(tree));
    if !under_api
        && let Some(rest) = path.strip_prefix("/api")
        && rest.starts_with('/')
    {
        path = rest;
    }
    if path == uri.path() {
        return None;
    }
    let query = uri
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(format!("{path}{query}")).ok();
    Uri::from_parts(parts).ok()
}

/// One JSON object a line, as CloudWatch reads them. `RUST_LOG` chooses what is said, by level and module:
/// `warn,portico_shared=debug`.
pub fn tracing_to_stdout() {
    let filter = env::var("RUST_LOG").ok();
    let filter = filter.and_then(|filter| filter.parse::<Targets>().ok());
    let lines = tracing_subscriber::fmt::layer().json();
    tracing_subscriber::registry()
        .with(lines.flatten_event(true).with_target(false))
        .with(filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)))
        .init();
}

/// Runs an HTTP function until Lambda stops it.
pub async fn serve(router: fn(App) -> Router) -> Result<(), lambda_http::Error> {
    tracing_to_stdout();
    // Both clients' futures at once are large; here it is done once.
    let app = Box::pin(App::from_env()).await?;
    lambda_http::run(router(app)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_and_one_leading_api_are_stripped_and_nothing_else() {
        let path = |uri: &str, stage| {
            let uri: Uri = uri.parse().unwrap();
            canonical(&uri, stage).map_or_else(|| uri.to_string(), |uri| uri.to_string())
        };
        assert_eq!(path("/profile/health", None), "/profile/health");
        assert_eq!(path("/api/profile/health?a=b", None), "/profile/health?a=b");
        assert_eq!(
            path("/prod/api/profile/health", Some("prod")),
            "/profile/health"
        );
        assert_eq!(path("/prod/profile", Some("$default")), "/prod/profile");
        assert_eq!(path("/api/api/profile", None), "/api/profile");
        assert_eq!(path("/apiary/profile", None), "/apiary/profile");
        assert_eq!(path("/production/x", Some("prod")), "/production/x");
        assert_eq!(path("/api/v1/sdk/customer", None), "/api/v1/sdk/customer");
        assert_eq!(
            path("/prod/api/v1/sdk/customer", Some("prod")),
            "/api/v1/sdk/customer"
        );
        assert_eq!(
            path("https://h.example/api/profile?q=%2F", None),
            "https://h.example/profile?q=%2F"
        );
    }
}
