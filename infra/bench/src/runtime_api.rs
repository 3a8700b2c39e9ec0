//! A stub of Lambda's Runtime API, enough to run a function's own binary: it hands out the events that
//! it is given and notes when what happens.
//!
//! Source: the AWS Lambda Developer Guide, "Using the Lambda runtime API", version 2018-06-01.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, JoinSet};

use crate::Result;

const PREFIX: &str = "/2018-06-01/runtime/";
/// As long as a function is waited for, and as it is told that it has.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A Runtime API for one function. Dropping it closes its port.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::UnboundedSender<Bytes>,
    happened: mpsc::UnboundedReceiver<(Instant, Happened)>,
    serving: JoinHandle<()>,
}

/// What a function posted for an event.
#[derive(Debug)]
pub struct Answer {
    /// When the function asked for the event: for its first one, when it was initialised.
    pub asked: Instant,
    /// When its answer was here.
    pub answered: Instant,
    /// The answer, as it came.
    pub body: Bytes,
}

#[derive(Debug)]
enum Happened {
    Asked,
    Answered(Bytes),
    Failed(String),
}

struct Shared {
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    happened: mpsc::UnboundedSender<(Instant, Happened)>,
}

impl RuntimeApi {
    /// Listens on any free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, waiting) = mpsc::unbounded_channel();
        let (tell, happened) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            events: Mutex::new(waiting),
            happened: tell,
        });
        let serving = tokio::spawn(serve(listener, shared));
        Ok(Self {
            address,
            events,
            happened,
            serving,
        })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has an event for the function as soon as it asks.
    pub fn send(&self, event: Bytes) {
        // Only once the server is gone is there nobody to take it, and that ends with `self`.
        let _ = self.events.send(event);
    }

    /// The answer to the first event that has none yet.
    ///
    /// # Errors
    ///
    /// When the function reports a failure, of the event or of its start; when it is silent for half a
    /// minute.
    pub async fn answer(&mut self) -> Result<Answer> {
        let mut asked = None;
        loop {
            let next = tokio::time::timeout(TIMEOUT, self.happened.recv()).await;
            let next = next.map_err(|_| format!("no answer for {TIMEOUT:?}"))?;
            match next.ok_or("the Runtime API ended")? {
                (at, Happened::Asked) => asked = Some(at),
                (answered, Happened::Answered(body)) => {
                    let asked = asked.ok_or("an answer to an event that was not asked for")?;
                    return Ok(Answer {
                        asked,
                        answered,
                        body,
                    });
                }
                (_, Happened::Failed(reason)) => return Err(reason.into()),
            }
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Without it, answers in two segments wait 40 ms for an ACK. It fails for a closed socket only.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, Infallible>(shared.respond(request).await) }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Shared {
    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let route = head.uri.path().strip_prefix(PREFIX).unwrap_or_default();
        if head.method == Method::GET && route == "invocation/next" {
            return self.next().await;
        }
        let Ok(body) = body.collect().await else {
            return status(StatusCode::BAD_REQUEST);
        };
        let body = body.to_bytes();
        if head.method != Method::POST {
            status(StatusCode::NOT_FOUND)
        } else if route.starts_with("invocation/") && route.ends_with("/response") {
            self.note(Happened::Answered(body));
            status(StatusCode::ACCEPTED)
        } else if route == "init/error"
            || (route.starts_with("invocation/") && route.ends_with("/error"))
        {
            let reason = String::from_utf8_lossy(&body);
            self.note(Happened::Failed(format!("{route}: {reason}")));
            status(StatusCode::ACCEPTED)
        } else {
            status(StatusCode::NOT_FOUND)
        }
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        self.note(Happened::Asked);
        let Some(event) = self.events.lock().await.recv().await else {
            return status(StatusCode::GONE);
        };
        let deadline = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            + TIMEOUT;
        let response = Response::builder()
            .header("content-type", "application/json")
            .header(
                "lambda-runtime-aws-request-id",
                "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            )
            .header(
                "lambda-runtime-deadline-ms",
                deadline.as_millis().to_string(),
            )
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:000000000000:function:bench",
            )
            .header(
                "lambda-runtime-trace-id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
            )
            .body(Full::new(event));
        response.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
    }

    fn note(&self, what: Happened) {
        // Nobody listens any more once `RuntimeApi` is dropped.
        let _ = self.happened.send((Instant::now(), what));
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
