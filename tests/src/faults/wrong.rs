//! Answers that are none.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use hyper::body::{Body as HttpBody, Frame};
use serde_json::{Value, json};

/// An error as the service words it.
pub(super) fn error(status: u16, name: &str, mut body: Value) -> Response<Body> {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{name}"));
    body["message"] = json!("injected");
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    let json = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// An answer that promises more than comes.
pub(super) fn half(whole: &Bytes, silent: bool) -> Response<Body> {
    let half = Some(whole.slice(..whole.len() / 2));
    let mut response = Response::new(Body::new(Broken { half, silent }));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, whole.len().into());
    response
}

/// A body that does not come to its end: it fails there, or falls silent.
struct Broken {
    half: Option<Bytes>,
    silent: bool,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.half.take() {
            Some(half) => Poll::Ready(Some(Ok(Frame::data(half)))),
            None if self.silent => Poll::Pending,
            None => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }
}
