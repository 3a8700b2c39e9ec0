//! One keep-alive connection, as lean as a client can be: the load generator shares the machine with
//! what it measures.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Result;

/// A request, ready to be sent any number of times.
#[derive(Debug, Clone)]
pub struct Ask {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    /// A GET of a path with its query.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// A POST of JSON.
    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        let mut ask = Self::get(path);
        ask.method = Method::POST;
        ask.body = body.to_string().into();
        let json = HeaderValue::from_static("application/json");
        ask.headers.insert(CONTENT_TYPE, json);
        ask
    }

    /// Sets a header.
    ///
    /// # Errors
    ///
    /// When its value is none.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self> {
        let name = HeaderName::from_static(name);
        self.headers.insert(name, HeaderValue::from_str(value)?);
        Ok(self)
    }

    /// Shows a bearer token.
    ///
    /// # Errors
    ///
    /// When it cannot stand in a header.
    pub fn token(mut self, token: &str) -> Result<Self> {
        let value = HeaderValue::from_str(&format!("Bearer {token}"))?;
        self.headers.insert(AUTHORIZATION, value);
        Ok(self)
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body of a success, as JSON.
    ///
    /// # Errors
    ///
    /// When the status is not 2xx, showing the answer; when the body is not JSON.
    pub fn json(&self) -> Result<Value> {
        if self.status.is_success() {
            Ok(serde_json::from_slice(&self.body)?)
        } else {
            let text = String::from_utf8_lossy(&self.body);
            Err(format!("{}: {text}", self.status).into())
        }
    }
}

/// A connection that is kept open from request to request.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

impl Connection {
    /// Connects to `127.0.0.1:<port>`.
    ///
    /// # Errors
    ///
    /// When nobody answers there.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the sender; what breaks it is told to whoever waits for an answer.
        tokio::spawn(connection);
        let host = HeaderValue::from_str(address)?;
        Ok(Self { sender, host })
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    ///
    /// When the connection breaks; then it is of no more use.
    pub async fn send(&mut self, ask: &Ask) -> Result<Answer> {
        let mut request = Request::new(Full::new(ask.body.clone()));
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = ask.path.parse()?;
        *request.headers_mut() = ask.headers.clone();
        request.headers_mut().insert(HOST, self.host.clone());
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body })
    }
}

/// One request on a connection of its own, answered with the JSON of a success.
///
/// # Errors
///
/// As [`Connection::send`] and [`Answer::json`].
pub async fn ask_once(address: &str, ask: &Ask) -> Result<Value> {
    Connection::open(address).await?.send(ask).await?.json()
}

/// One call of an AWS service that speaks a JSON protocol, on loopback, where any signature does.
///
/// # Errors
///
/// When the service refuses it.
pub async fn call_aws(url: &str, target: &'static str, input: &Value) -> Result<Value> {
    let ask = Ask::post("/", input)
        .header("x-amz-target", target)?
        .header("content-type", "application/x-amz-json-1.0")?
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/any/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=0",
        )?
        .header("x-amz-date", "20260101T000000Z")?;
    ask_once(url.trim_start_matches("http://"), &ask).await
}
