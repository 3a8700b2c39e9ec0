//! HTTP as the JSON that API Gateway's HTTP API (payload format 2.0) exchanges with a function.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::Body;
use bytes::Bytes;
use data_encoding::BASE64;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use crate::aws::ACCOUNT;

/// What a request carries besides its head and body.
pub(crate) struct Received<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) route_key: &'a str,
    pub(crate) path_parameters: &'a [(&'a str, &'a str)],
    /// Decoded, as HTTP APIs hand it on.
    pub(crate) path: &'a str,
    /// The gateway's own `host:port`.
    pub(crate) domain: &'a str,
    pub(crate) source_ip: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProxyEvent<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<Cow<'a, str>>,
    #[serde(serialize_with = "as_map")]
    headers: Vec<(&'a str, Cow<'a, str>)>,
    #[serde(serialize_with = "as_map", skip_serializing_if = "<[_]>::is_empty")]
    path_parameters: &'a [(&'a str, &'a str)],
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: &'a str,
    user_agent: Cow<'a, str>,
}

fn as_map<S: Serializer, V: Serialize>(
    pairs: &[(&str, V)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// The event of a request.
pub(crate) fn request(
    head: &Parts,
    body: &[u8],
    received: &Received<'_>,
) -> serde_json::Result<Vec<u8>> {
    let now = Timestamp::now();
    let (body, is_base64_encoded) = encode_body(&head.headers, body);
    let user_agent = head
        .headers
        .get(header::USER_AGENT)
        .map_or(Cow::Borrowed(""), text);
    let event = ProxyEvent {
        version: "2.0",
        route_key: received.route_key,
        raw_path: received.path,
        raw_query_string: head.uri.query().unwrap_or_default(),
        cookies: cookies(&head.headers),
        headers: headers(&head.headers, received),
        path_parameters: received.path_parameters,
        request_context: RequestContext {
            account_id: ACCOUNT,
            api_id: "local",
            domain_name: received.domain,
            domain_prefix: "local",
            http: Http {
                method: head.method.as_str(),
                path: received.path,
                protocol: "HTTP/1.1",
                source_ip: received.source_ip,
                user_agent,
            },
            request_id: received.request_id,
            route_key: received.route_key,
            stage: "$default",
            time: now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            time_epoch: now.as_millisecond(),
        },
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event)
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

fn cookies(headers: &HeaderMap) -> Vec<Cow<'_, str>> {
    let pairs = |value: &str| {
        value
            .split(';')
            .map(|pair| pair.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| pairs(&text(value)));
    all.filter(|pair| !pair.is_empty())
        .map(Cow::Owned)
        .collect()
}

/// Names in lower case, repeated ones joined by commas, without what belongs to the connection.
fn headers<'a>(headers: &'a HeaderMap, received: &Received<'a>) -> Vec<(&'a str, Cow<'a, str>)> {
    let mut pairs = Vec::with_capacity(headers.keys_len() + 3);
    for name in headers.keys() {
        if name == header::COOKIE
            || name == header::HOST
            || is_of_connection(name)
            || is_forwarded(name)
        {
            continue;
        }
        let mut values = headers.get_all(name).iter();
        let Some(first) = values.next() else { continue };
        let joined = values.fold(text(first), |joined, value| {
            Cow::Owned(format!("{joined},{}", text(value)))
        });
        pairs.push((name.as_str(), joined));
    }
    let forwarded = headers.get("x-forwarded-for").map(text);
    let forwarded = forwarded.map_or(Cow::Borrowed(received.source_ip), |before| {
        Cow::Owned(format!("{before}, {}", received.source_ip))
    });
    let port = received.domain.rsplit(':').next().unwrap_or_default();
    pairs.push((
        "host",
        Cow::Borrowed(host(headers).unwrap_or(received.domain)),
    ));
    pairs.push(("x-forwarded-for", forwarded));
    pairs.push(("x-forwarded-port", Cow::Borrowed(port)));
    pairs.push(("x-forwarded-proto", Cow::Borrowed("http")));
    pairs
}

fn is_of_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "expect"
    )
}

fn is_forwarded(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "x-forwarded-for" | "x-forwarded-port" | "x-forwarded-proto"
    )
}

/// The client's host, if it is a name of this machine. API Gateway lets no other than its own
/// domains through, and functions may rely on that.
fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    (matches!(name, "localhost" | "127.0.0.1") && port.parse::<u16>().is_ok()).then_some(host)
}

/// Text as it is; anything else, and text that is not UTF-8, in Base64.
fn encode_body<'a>(headers: &HeaderMap, body: &'a [u8]) -> (Option<Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match std::str::from_utf8(body) {
        Ok(body) if is_text(content_type) => (Some(Cow::Borrowed(body)), false),
        _ => (Some(Cow::Owned(BASE64.encode(body))), true),
    }
}

fn is_text(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence.as_str(),
            "application/json"
                | "application/xml"
                | "application/javascript"
                | "application/x-www-form-urlencoded"
        )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The HTTP response of a function's reply; `None` if it is none, which API Gateway answers itself.
pub(crate) fn response(method: &Method, reply: &[u8]) -> Option<Response<Body>> {
    let reply: ProxyResponse = serde_json::from_slice(reply).ok()?;
    let body = match (reply.body, reply.is_base64_encoded) {
        (None, _) => Bytes::new(),
        (Some(body), false) => Bytes::from(body),
        (Some(body), true) => Bytes::from(BASE64.decode(body.as_bytes()).ok()?),
    };
    let multiple = reply
        .multi_value_headers
        .into_iter()
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    let mut headers = HeaderMap::new();
    for (name, value) in reply.headers.into_iter().chain(multiple) {
        let name = HeaderName::try_from(name).ok()?;
        // The length is the server's to say, except where there is no body to measure.
        if !is_of_connection(&name) && (name != header::CONTENT_LENGTH || method == Method::HEAD) {
            headers.append(name, HeaderValue::try_from(value).ok()?);
        }
    }
    for cookie in reply.cookies {
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(reply.status_code).ok()?;
    *response.headers_mut() = headers;
    Some(response)
}

#[cfg(test)]
mod tests;
