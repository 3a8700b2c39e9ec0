//! One request in every form that API Gateway has for it.

use data_encoding::BASE64;
use http::Method;
use serde_json::{Map, Value, json};

/// What a client asks for.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Canonical: without a stage and without `/api`.
    pub(super) path: String,
    /// Names and values, not encoded.
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

/// How it reaches the function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) payload: Payload,
    /// Under one leading `/api`.
    pub(super) api: bool,
    pub(super) base64: bool,
}

/// Which API, which stage, and where the stage shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    /// An HTTP API's default stage, format 2.0.
    HttpDefault,
    /// An HTTP API's stage `prod` at its own address: the path begins with the stage.
    HttpProd,
    /// The same behind a custom domain: the path does not.
    HttpProdMapped,
    /// An HTTP API's default stage, format 1.0.
    HttpDefaultV1,
    /// A REST API's stage `prod`: only the context's path begins with it.
    RestProd,
}

impl Form {
    /// What an HTTP API does by default: what all others are compared with.
    pub(super) const PLAIN: Self = Self {
        payload: Payload::HttpDefault,
        api: false,
        base64: false,
    };

    /// Every combination.
    pub(super) fn all() -> Vec<Self> {
        let payloads = [
            Payload::HttpDefault,
            Payload::HttpProd,
            Payload::HttpProdMapped,
            Payload::HttpDefaultV1,
            Payload::RestProd,
        ];
        let switches = [(false, false), (false, true), (true, false), (true, true)];
        let forms = payloads.into_iter().flat_map(|payload| {
            switches.map(|(api, base64)| Self {
                payload,
                api,
                base64,
            })
        });
        forms.collect()
    }
}

impl Call {
    pub(super) fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: vec![("orgid", "acme".to_owned())],
            body: None,
        }
    }

    pub(super) fn query(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn body(self, body: &impl ToString) -> Self {
        let mut call = self.header("content-type", "application/json");
        call.body = Some(body.to_string());
        call
    }

    /// The function that serves it.
    pub(super) fn function(&self) -> &str {
        self.path.split('/').nth(1).expect("a path has a tree")
    }

    /// The event.
    pub(super) fn event(&self, form: Form) -> Value {
        let body = self.body.as_ref().map(|body| {
            if form.base64 {
                BASE64.encode(body.as_bytes())
            } else {
                body.clone()
            }
        });
        let body = body.as_deref();
        let is_base64 = form.base64 && body.is_some();
        let api = if form.api { "/api" } else { "" };
        let path = format!("{api}{}", self.path);
        match form.payload {
            Payload::HttpDefault => self.v2(&path, "$default", body, is_base64),
            Payload::HttpProd => self.v2(&format!("/prod{path}"), "prod", body, is_base64),
            Payload::HttpProdMapped => self.v2(&path, "prod", body, is_base64),
            Payload::HttpDefaultV1 => self.v1(&path, "$default", body, is_base64),
            Payload::RestProd => self.v1(&path, "prod", body, is_base64),
        }
    }

    fn v2(&self, path: &str, stage: &str, body: Option<&str>, is_base64: bool) -> Value {
        let route = format!("ANY /{}/{{proxy+}}", self.function());
        let mut event = json!({
            "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": self.raw_query(),
            "headers": self.header_map(),
            "requestContext": {
                "accountId": "123456789012", "apiId": "k3v9q1x7ab", "stage": stage, "routeKey": route,
                "domainName": "k3v9q1x7ab.execute-api.us-east-1.amazonaws.com", "domainPrefix": "k3v9q1x7ab",
                "http": {
                    "method": self.method.as_str(), "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0",
                },
                "requestId": "the-request", "time": "04/May/2026:09:30:00 +0000", "timeEpoch": 1_777_887_000_000_u64,
            },
            "isBase64Encoded": is_base64,
        });
        if let Some(body) = body {
            event["body"] = body.into();
        }
        event
    }

    fn v1(&self, path: &str, stage: &str, body: Option<&str>, is_base64: bool) -> Value {
        let resource = format!("/{}/{{proxy+}}", self.function());
        let many = |map: Map<String, Value>| -> Map<String, Value> {
            map.into_iter()
                .map(|(name, value)| (name, json!([value])))
                .collect()
        };
        let query: Map<String, Value> = self
            .query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        json!({
            "version": "1.0", "resource": resource, "path": path, "httpMethod": self.method.as_str(),
            "headers": self.header_map(), "multiValueHeaders": many(self.header_map()),
            "queryStringParameters": query, "multiValueQueryStringParameters": many(query.clone()),
            "pathParameters": null, "stageVariables": null,
            "requestContext": {
                "accountId": "123456789012", "apiId": "k3v9q1x7ab", "stage": stage, "resourceId": "x1y2z3",
                "resourcePath": resource, "httpMethod": self.method.as_str(), "path": format!("/{stage}{path}"),
                "domainName": "k3v9q1x7ab.execute-api.us-east-1.amazonaws.com", "domainPrefix": "k3v9q1x7ab",
                "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"},
                "protocol": "HTTP/1.1", "requestId": "the-request",
                "requestTime": "04/May/2026:09:30:00 +0000", "requestTimeEpoch": 1_777_887_000_000_u64,
            },
            "body": body, "isBase64Encoded": is_base64,
        })
    }

    fn raw_query(&self) -> String {
        let url = reqwest::Url::parse_with_params("http://x/", &self.query).expect("a URL");
        url.query().unwrap_or_default().to_owned()
    }

    fn header_map(&self) -> Map<String, Value> {
        let own = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)));
        let host = json!("k3v9q1x7ab.execute-api.us-east-1.amazonaws.com");
        own.chain([
            ("host".to_owned(), host),
            ("x-forwarded-proto".to_owned(), json!("https")),
            ("x-forwarded-for".to_owned(), json!("203.0.113.7")),
        ])
        .collect()
    }
}
