//! A proxy in front of the table and the bucket that lets calls fail, in every way that a network and a service have.

mod wrong;

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use http::Response;
use http::request::Parts as Head;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portico_shared::aws::ATTEMPT;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use wrong::{error, half};

/// When the call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The table never hears of it.
    Before,
    /// The table has done it; only the answer is lost.
    After,
}

/// What the caller gets instead of the table's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error of the service: the HTTP status and its name.
    Error(u16, &'static str),
    /// A cancelled transaction, each of whose writes has this reason.
    Cancelled(&'static str),
    /// The whole answer, after half of the time that an attempt has.
    Late,
    /// Nothing, however long it waits.
    Silence,
    /// The head and half of the body, and then nothing.
    Stalled,
    /// Half of the body, and then the end of the connection.
    Truncated,
    /// What is no JSON.
    Garbage,
    /// A connection that is reset.
    Reset,
}

impl Fault {
    /// What DynamoDB says of itself when it fails.
    pub const INTERNAL: Self = Self::Error(500, "InternalServerError");
}

/// Which calls fail, and how.
#[derive(Debug, Clone, Copy)]
pub struct Injection {
    fault: Fault,
    when: When,
    operation: Option<&'static str>,
    nth: usize,
    times: usize,
}

impl Injection {
    /// The next call fails like this, before it takes effect.
    pub fn of(fault: Fault) -> Self {
        Self {
            fault,
            when: When::Before,
            operation: None,
            nth: 1,
            times: 1,
        }
    }

    /// It fails then.
    #[must_use]
    pub fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// Only calls of this operation count, such as `PutItem`.
    #[must_use]
    pub fn on(self, operation: &'static str) -> Self {
        Self {
            operation: Some(operation),
            ..self
        }
    }

    /// The nth call fails, counted from 1.
    #[must_use]
    pub fn nth(self, nth: usize) -> Self {
        Self { nth, ..self }
    }

    /// So many calls fail from there on.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }
}

/// A call that came through the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation, such as `PutItem`.
    pub operation: String,
    /// `ClientRequestToken`.
    pub token: Option<String>,
}

#[derive(Debug, Default)]
struct Plan {
    injection: Option<Injection>,
    /// Calls that the injection counts.
    counted: usize,
    calls: Vec<Call>,
    /// What each request has, instead of what the template gives it.
    time: Option<Duration>,
}

impl Plan {
    /// Notes the call, and tells what becomes of it.
    fn next(&mut self, call: Call) -> Option<(Fault, When)> {
        let injection = self.injection.filter(|injection| {
            injection
                .operation
                .is_none_or(|operation| operation == call.operation)
        });
        self.calls.push(call);
        let Injection {
            fault,
            when,
            nth,
            times,
            ..
        } = injection?;
        self.counted += 1;
        (nth..nth.saturating_add(times))
            .contains(&self.counted)
            .then_some((fault, when))
    }
}

/// The running proxy. It ends with the test's runtime.
#[derive(Debug)]
pub struct Faults {
    url: String,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Clone)]
struct Proxy {
    upstream: String,
    client: reqwest::Client,
    plan: Arc<Mutex<Plan>>,
}

impl Faults {
    /// Starts a proxy in front of the table.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub async fn start(upstream: String) -> Self {
        let plan = Arc::new(Mutex::new(Plan::default()));
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a plain client");
        let proxy = Proxy {
            upstream,
            client,
            plan: plan.clone(),
        };
        let url = proxy.listen().await;
        Self { url, plan }
    }

    /// Starts another one in front of the bucket, whose calls count among the table's: `PutObject`, `GetObject`,
    /// `DeleteObject`. Answers where the functions find it.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub async fn before_bucket(&self, upstream: String) -> String {
        let client = reqwest::Client::builder().no_proxy().build();
        let proxy = Proxy {
            upstream,
            client: client.expect("a plain client"),
            plan: self.plan.clone(),
        };
        proxy.listen().await
    }

    /// Where the functions find the table.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets calls fail from now on; only these.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn inject(&self, injection: Injection) {
        *self.plan.lock().expect("the plan") = Plan {
            injection: Some(injection),
            ..Plan::default()
        };
    }

    /// Lets the nth call from now on fail as the service does, counted from 1.
    pub fn fail(&self, nth: usize, when: When) {
        self.inject(Injection::of(Fault::INTERNAL).nth(nth).when(when));
    }

    /// Gives each request so much time until Lambda would end it, instead of what the template says.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn hurry(&self, time: Duration) {
        self.plan.lock().expect("the plan").time = Some(time);
    }

    /// Lets every call through again, and tells whether the fault had come.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn heal(&self) -> bool {
        let plan = std::mem::take(&mut *self.plan.lock().expect("the plan"));
        plan.injection
            .is_some_and(|injection| plan.counted >= injection.nth)
    }

    /// The calls of an operation since the fault was injected.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn calls(&self, operation: &str) -> Vec<Call> {
        let plan = self.plan.lock().expect("the plan");
        let calls = plan.calls.iter().filter(|call| call.operation == operation);
        calls.cloned().collect()
    }

    /// A function whose invocations have the time that [`Faults::hurry`] gives them, and that are ended
    /// when it is over, as Lambda ends them.
    pub(crate) fn hurried(&self, function: Router) -> Router {
        let plan = self.plan.clone();
        let limited = from_fn_with_state(plan, limited);
        Router::new().fallback_service(function).layer(limited)
    }
}

async fn limited(
    State(plan): State<Arc<Mutex<Plan>>>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let Some(time) = plan.lock().expect("the plan").time else {
        return next.run(request).await;
    };
    let context = request.extensions_mut().get_mut::<lambda_http::Context>();
    context.expect("an invocation has a context").deadline = unix_millis(time);
    let answer = tokio::time::timeout(time, next.run(request)).await;
    answer.unwrap_or_else(|_| error(500, "TimedOut", json!({})))
}

/// When an invocation ends that has so much time left, as its context says it.
///
/// # Panics
///
/// When the clock is set before 1970.
pub fn unix_millis(left: Duration) -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ends = now.expect("a time after 1970") + left;
    u64::try_from(ends.as_millis()).expect("a time of this era")
}

async fn serve(proxy: Proxy, stream: TcpStream) {
    let (stream, twin) = twins(stream).expect("a socket can be had twice");
    let service = service_fn(|request| proxy.answer(request, &twin));
    // A connection that a fault ends is no error here.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The connection, and a second handle of it that can still be reached when a server has it.
fn twins(stream: TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    let stream = stream.into_std()?;
    let twin = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, TcpStream::from_std(twin)?))
}

impl Proxy {
    async fn listen(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(self.clone(), stream));
            }
        });
        url
    }

    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        connection: &TcpStream,
    ) -> Result<Response<Body>, io::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
        let failure = self.plan.lock().expect("the plan").next(call(&head, &sent));
        let Some((fault, when)) = failure else {
            return Ok(self.forward(head, body).await);
        };
        let whole = match when {
            When::Before => Bytes::from_static(b"{\"Item\": {}}"),
            When::After => {
                let answer = self.forward(head, body).await;
                let read = answer.into_body().collect().await;
                read.map_err(io::Error::other)?.to_bytes()
            }
        };
        match fault {
            Fault::Error(status, name) => Ok(error(status, name, json!({}))),
            Fault::Cancelled(reason) => {
                let writes = sent["TransactItems"].as_array().map_or(0, Vec::len);
                let reasons = vec![json!({"Code": reason}); writes];
                let reasons = json!({ "CancellationReasons": reasons });
                Ok(error(400, "TransactionCanceledException", reasons))
            }
            Fault::Late => {
                tokio::time::sleep(ATTEMPT / 2).await;
                Ok(Response::new(Body::from(whole)))
            }
            Fault::Silence => pending().await,
            Fault::Stalled => Ok(half(&whole, true)),
            Fault::Truncated => Ok(half(&whole, false)),
            Fault::Garbage => Ok(Response::new(Body::from("<html>"))),
            Fault::Reset => {
                connection.set_zero_linger()?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
    }

    async fn forward(&self, head: Head, body: Bytes) -> Response<Body> {
        let url = format!("{}{}", self.upstream, head.uri);
        let request = self.client.request(head.method, url);
        let request = request.headers(head.headers).body(body);
        let answer = request.send().await.expect("the table answers");
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let bytes = answer.bytes().await.expect("the table's answer is whole");
        response
            .body(Body::from(bytes))
            .expect("the table's answer is an answer")
    }
}

fn call(head: &Head, sent: &Value) -> Call {
    let target = head.headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next());
    let of_bucket = match head.method.as_str() {
        "PUT" => "PutObject",
        "DELETE" => "DeleteObject",
        _ => "GetObject",
    };
    Call {
        operation: operation.unwrap_or(of_bucket).to_owned(),
        token: sent["ClientRequestToken"].as_str().map(str::to_owned),
    }
}
