//! A proxy in front of the table that lets the nth call fail: before it took effect, or after.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

/// When the call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The table never hears of it.
    Before,
    /// The table has done it; only the answer is lost.
    After,
}

/// What is to fail, and how many calls there were.
#[derive(Debug, Default)]
struct Plan {
    calls: usize,
    fault: Option<(usize, When)>,
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
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(forward).with_state(proxy);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, plan }
    }

    /// Where the functions find the table.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets the nth call from now on fail, counted from 1.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn fail(&self, nth: usize, when: When) {
        *self.plan.lock().expect("the plan") = Plan {
            calls: 0,
            fault: Some((nth, when)),
        };
    }

    /// Lets every call through again, and tells whether the fault had come.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn heal(&self) -> bool {
        let plan = std::mem::take(&mut *self.plan.lock().expect("the plan"));
        plan.fault.is_some_and(|(nth, _)| plan.calls >= nth)
    }
}

async fn forward(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> Response {
    let fault = {
        let mut plan = proxy.plan.lock().expect("the plan");
        plan.calls += 1;
        plan.fault
            .filter(|(nth, _)| *nth == plan.calls)
            .map(|(_, when)| when)
    };
    if fault == Some(When::Before) {
        return lost();
    }
    let request = proxy
        .client
        .post(&proxy.upstream)
        .headers(headers)
        .body(body);
    let answer = request.send().await.expect("the table answers");
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let bytes = answer.bytes().await.expect("the table's answer is whole");
    if fault == Some(When::After) {
        return lost();
    }
    response
        .body(Body::from(bytes))
        .expect("the table's answer is an answer")
}

/// What an SDK sees when the service fails.
fn lost() -> Response {
    let body =
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"injected"}"#;
    let response = Response::builder()
        .status(500)
        .header("content-type", "application/x-amz-json-1.0");
    response.body(Body::from(body)).expect("an answer")
}
