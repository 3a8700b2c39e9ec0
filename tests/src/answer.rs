//! One request and its answer.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

/// A request under construction.
#[derive(Debug)]
pub struct Ask(reqwest::RequestBuilder);

impl Ask {
    pub(crate) fn new(client: &reqwest::Client, method: Method, url: String) -> Self {
        Self(client.request(method, url))
    }

    /// Names the tenant.
    #[must_use]
    pub fn org(self, org: &str) -> Self {
        self.header("orgid", org)
    }

    /// Shows a token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value.as_bytes()))
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// Sends bytes as JSON, whatever they are.
    #[must_use]
    pub fn raw(self, body: impl Into<Vec<u8>>) -> Self {
        Self(
            self.0
                .header("content-type", "application/json")
                .body(body.into()),
        )
    }

    /// Sends bytes without saying what they are.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self(self.0.body(body.into()))
    }

    /// Sends a form: texts by their names, and files by name, media type and content.
    #[must_use]
    pub fn form(self, texts: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Self {
        let mut body = Vec::new();
        let mut part = |head: String, content: &[u8]| {
            let head = format!("--portico-form\r\ncontent-disposition: form-data; {head}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        };
        for (name, text) in texts {
            part(format!("name=\"{name}\""), text.as_bytes());
        }
        for (name, kind, content) in files {
            let head = format!("name=\"file\"; filename=\"{name}\"\r\ncontent-type: {kind}");
            part(head, content);
        }
        body.extend_from_slice(b"--portico-form--\r\n");
        self.header("content-type", "multipart/form-data; boundary=portico-form")
            .body(body)
    }

    /// Sends it.
    ///
    /// # Panics
    ///
    /// When the platform does not answer.
    pub async fn send(self) -> Answer {
        let response = self.0.send().await.expect("the platform answers");
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        let headers = headers.collect();
        let bytes = response
            .bytes()
            .await
            .expect("the answer is whole")
            .to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer {
            status,
            headers,
            body,
            bytes,
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as JSON; null if it is none.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body of an answer of this status.
    ///
    /// # Panics
    ///
    /// When the status is another, showing the answer.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self.body
    }

    /// Holds the answer to a problem of this status and code, complete as RFC 9457 and older clients want it.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        let shown = String::from_utf8_lossy(&self.bytes).into_owned();
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{shown}"
        );
        assert_eq!(
            self.headers.get("content-type").map(String::as_str),
            Some("application/problem+json")
        );
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["statusCode"], status);
        assert_eq!(self.body["type"], format!("urn:portico:problem:{code}"));
        assert_eq!(self.body["detail"], self.body["message"]);
        assert_eq!(
            self.body["requestId"].as_str(),
            self.headers.get("x-request-id").map(String::as_str)
        );
        for member in ["title", "error", "message"] {
            assert!(
                self.body[member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{member}: {shown}"
            );
        }
        self.body
    }

    /// What it cost, from `Server-Timing`: round trips, read units, write units.
    ///
    /// # Panics
    ///
    /// When the answer does not say.
    pub fn cost(&self) -> (f64, f64, f64) {
        let timing = self
            .headers
            .get("server-timing")
            .expect("local answers say what they cost");
        let inner = timing.split('"').nth(1).expect("a description in quotes");
        let number = |name: &str| {
            let part = inner
                .split(", ")
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            part.expect("the cost is there")
                .parse::<f64>()
                .expect("a number")
        };
        (number("rt"), number("rru"), number("wru"))
    }

    /// The answer without what differs from request to request: for "the same bytes".
    ///
    /// # Panics
    ///
    /// When a problem has no request id.
    pub fn anonymous(&self) -> (u16, String) {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        let id = self
            .headers
            .get("x-request-id")
            .expect("every answer has a request id");
        (self.status, text.replace(id.as_str(), "<id>"))
    }
}
