//! What handlers read from headers and from the event, and what they write there.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::HeaderValue;
use http::header::{ETAG, HeaderName, IF_MATCH, USER_AGENT};
use http::request::Parts;
use lambda_http::request::RequestContext;

use super::Failure;
use crate::auth::{Caller, Device};
use crate::domain::idempotency::IdempotencyKey;
use crate::error::{Code, Refusal, Result};

/// The network address that the request came from, as API Gateway saw it, or else the edge in front of
/// it. Clients cannot forge it, as they could `X-Forwarded-For`.
#[derive(Debug, Clone)]
pub struct ClientIp(pub String);

impl<S: Sync> FromRequestParts<S> for ClientIp {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Only an edge that proved itself puts one here.
        if let Some(ip) = parts.extensions.get::<Self>() {
            return Ok(ip.clone());
        }
        let ip = match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
            Some(RequestContext::ApiGatewayV1(context)) => context.identity.source_ip.clone(),
            _ => None,
        };
        Ok(Self(ip.unwrap_or_else(|| "unknown".to_owned())))
    }
}

/// Where a request comes from: the network address, and the device that it says it is.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let ClientIp(ip) = ClientIp::from_request_parts(parts, state).await?;
        let user_agent = parts.headers.get(USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        let device = Device::of(user_agent.unwrap_or_default());
        Ok(Self { ip, device })
    }
}

/// The `Idempotency-Key` of a request that must have one.
#[derive(Debug, Clone)]
pub struct Idempotent(pub IdempotencyKey);

impl<S: Sync> FromRequestParts<S> for Idempotent {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let header = parts
            .headers
            .get("idempotency-key")
            .ok_or(Code::IdempotencyKeyRequired)?;
        Ok(Self(
            header
                .to_str()
                .unwrap_or_default()
                .parse()
                .map_err(crate::error::Error::from)?,
        ))
    }
}

/// As `Option<Idempotent>`: the key of a request that may have one.
impl<S: Sync> OptionalFromRequestParts<S> for Idempotent {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Failure> {
        if !parts.headers.contains_key("idempotency-key") {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state)
            .await
            .map(Some)
    }
}

/// The version that `If-Match` holds a change to (RFC 9110 §13.1.1); none if the header is absent or `*`.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub Option<u64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Some(header) = parts.headers.get(IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = header.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        match version.and_then(|version| version.parse().ok()) {
            Some(version) => Ok(Self(Some(version))),
            None => Err(Refusal::because(
                Code::InvalidHeader,
                "If-Match is not an ETag of this API",
            )
            .into()),
        }
    }
}

/// The `ETag` of an item at a version.
pub fn etag(version: u64) -> [(HeaderName, HeaderValue); 1] {
    [(
        ETAG,
        HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes"),
    )]
}
