//! JSON bodies in, JSON answers out.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{App, Failure};
use crate::error::{Code, Error, Refusal, Result};

/// The largest body that a JSON route takes, in bytes.
const LIMIT: usize = 256 * 1024;

/// A JSON body that has been read, understood and found acceptable.
///
/// # Errors
///
/// `unsupported_media_type`, `body_too_large`; `malformed_json` for what is not JSON, `invalid_body` for
/// JSON of another shape, `validation_failed` for values that break a rule, each naming the member.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T> FromRequest<App> for Body<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        if !is_json(&request) {
            let message = "the body must be sent as application/json";
            return Err(Refusal::because(Code::UnsupportedMediaType, message).into());
        }
        let body = Limited::new(request.into_body(), LIMIT)
            .collect()
            .await
            .map_err(|_| {
                Refusal::because(
                    Code::BodyTooLarge,
                    format!("the body is larger than {LIMIT} bytes"),
                )
            })?;
        Ok(Self(checked(&body.to_bytes())?))
    }
}

/// What the JSON says, parsed and validated.
pub(super) fn checked<T>(json: &[u8]) -> Result<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    let value: T = parse(json)?;
    value.validate().map_err(|report| refused(&report))?;
    Ok(value)
}

fn is_json(request: &Request) -> bool {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        // `serde` would take a list for an object, member by member.
        let message = "the body must be a JSON object";
        return Err(Refusal::because(Code::InvalidBody, message).into());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            Refusal::new(Code::InvalidBody).at(path, inner.to_string())
        } else {
            Refusal::because(
                Code::MalformedJson,
                format!("the body is not valid JSON: {inner}"),
            )
        }
    })?;
    reader.end().map_err(|error| {
        Refusal::because(
            Code::MalformedJson,
            format!("the body is not valid JSON: {error}"),
        )
    })?;
    Ok(value)
}

fn refused(report: &garde::Report) -> Error {
    let refusal = Refusal::new(Code::ValidationFailed);
    let refusal = report.iter().fold(refusal, |refusal, (path, error)| {
        refusal.at(member(&path.to_string()), error.to_string())
    });
    Error::Refused(refusal)
}

/// What `serde` flattens is no member on the wire. `garde` cannot know; such fields have this name.
const FLATTENED: &str = "flattened";

/// A member as the client wrote it.
fn member(path: &str) -> String {
    let names = path.split('.').filter(|name| *name != FLATTENED);
    camel_case(&names.collect::<Vec<_>>().join("."))
}

/// Members are named in snake case inside and in camel case outside.
fn camel_case(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut upper = false;
    for c in path.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

/// A JSON answer.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Failure(Error::Internal(format!(
                "an answer that is not JSON: {error}"
            )))
            .into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> Code {
        match parse::<std::collections::BTreeMap<String, u32>>(body.as_bytes()) {
            Err(Error::Refused(refusal)) => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_json_is_told_from_json_of_another_shape() {
        for body in ["", "{", "{\"a\":}", "{}{}", "nul", "{\"a\":1}\0"] {
            assert_eq!(code(body), Code::MalformedJson, "{body}");
        }
        for body in ["[]", "null", "{\"a\":-1}", "{\"a\":1e99}", "{\"a\":\"1\"}"] {
            assert_eq!(code(body), Code::InvalidBody, "{body}");
        }
        assert_eq!(code(&"[".repeat(100_000)), Code::InvalidBody);
    }

    #[test]
    fn members_are_named_as_clients_wrote_them() {
        for (inside, outside) in [
            ("shipping_address.postal_code", "shippingAddress.postalCode"),
            ("product_items[3].sku", "productItems[3].sku"),
            ("flattened.postal_code", "postalCode"),
            ("lines[0].flattened.sku", "lines[0].sku"),
        ] {
            assert_eq!(member(inside), outside);
        }
    }
}
