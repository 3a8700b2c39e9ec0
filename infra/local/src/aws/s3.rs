//! S3 on a folder.

use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use s3s::S3Result;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tower::ServiceExt as _;

use super::CREDENTIAL;
use crate::data_dir::DataDir;
use crate::error::StartError;
use crate::template::CorsRule;

/// Every access key has the same secret key: tests tell functions apart by theirs.
struct OneSecret;

type Looked<'a> = Pin<Box<dyn Future<Output = S3Result<SecretKey>> + Send + 'a>>;

impl S3Auth for OneSecret {
    fn get_secret_key<'s, 'k, 'a>(&'s self, _: &'k str) -> Looked<'a>
    where
        's: 'a,
        'k: 'a,
    {
        Box::pin(async { Ok(CREDENTIAL.into()) })
    }
}

/// The bucket is a folder in the data folder; signatures are checked.
pub(super) fn open(data: &DataDir, bucket: &str) -> Result<S3Service, StartError> {
    let root = data.folder("s3")?;
    data.folder(&format!("s3/{bucket}"))?;
    let files =
        FileSystem::new(root).map_err(|error| StartError::service("S3", format!("{error:?}")))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(OneSecret);
    Ok(service.build())
}

/// The service behind the bucket's rules for pages of other origins, which it does not know itself.
pub(super) fn router(service: S3Service, rules: &[CorsRule]) -> Router {
    let rules = rules.to_vec();
    Router::new().fallback(async move |request: Request| answer(service, &rules, request).await)
}

async fn answer(service: S3Service, rules: &[CorsRule], request: Request) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let asked = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD);
    let preflight = asked.filter(|_| request.method() == Method::OPTIONS);
    let method = preflight.and_then(|method| method.to_str().ok());
    let method = method.unwrap_or(request.method().as_str());
    let rule = origin.as_ref().and_then(|origin| {
        let mut rules = rules.iter();
        rules.find(|rule| rule.allows(origin, method, request.headers()))
    });
    if preflight.is_some() {
        let (Some(rule), Some(origin)) = (rule, &origin) else {
            return StatusCode::FORBIDDEN.into_response();
        };
        let mut response = StatusCode::OK.into_response();
        rule.tell(origin, response.headers_mut());
        return response;
    }
    let mut response = match service.oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    if let (Some(rule), Some(origin)) = (rule, &origin) {
        rule.tell(origin, response.headers_mut());
    }
    response
}

impl CorsRule {
    fn allows(&self, origin: &HeaderValue, method: &str, headers: &HeaderMap) -> bool {
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS);
        let asked = asked.and_then(|names| names.to_str().ok());
        let mut asked = asked.unwrap_or_default().split(',').map(str::trim);
        let header = |name: &str| {
            let mut allowed = self.allowed_headers.iter();
            name.is_empty() || allowed.any(|allowed| allowed.eq_ignore_ascii_case(name))
        };
        let mut origins = self.allowed_origins.iter();
        origins.any(|allowed| allowed == "*" || *origin == **allowed)
            && self.allowed_methods.iter().any(|allowed| allowed == method)
            && asked.all(header)
    }

    fn tell(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        let anyones = self.allowed_origins.iter().any(|allowed| allowed == "*");
        let whose = if anyones {
            HeaderValue::from_static("*")
        } else {
            origin.clone()
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, whose);
        let mut tell = |name: HeaderName, value: &str| {
            let value = HeaderValue::try_from(value)
                .ok()
                .filter(|value| !value.is_empty());
            if let Some(value) = value {
                headers.insert(name, value);
            }
        };
        tell(
            ACCESS_CONTROL_ALLOW_METHODS,
            &self.allowed_methods.join(", "),
        );
        tell(
            ACCESS_CONTROL_ALLOW_HEADERS,
            &self.allowed_headers.join(", "),
        );
        tell(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            &self.exposed_headers.join(", "),
        );
        tell(ACCESS_CONTROL_MAX_AGE, &self.max_age.to_string());
        tell(VARY, "origin");
    }
}
