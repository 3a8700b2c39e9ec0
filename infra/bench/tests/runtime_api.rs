//! The stub of the Runtime API drives a function's real binary: `hello`, as this build made it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portico_bench::cold_start;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A DynamoDB that answers every call the same and remembers what was asked.
struct OneAnswer {
    url: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl OneAnswer {
    async fn start(answer: Value) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (asked, answer) = (Arc::clone(&remembered), answer.to_string());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (asked, answer) = (Arc::clone(&asked), answer.clone());
                    async move {
                        let target = request.headers()["x-amz-target"]
                            .to_str()
                            .unwrap()
                            .to_owned();
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let body = serde_json::from_slice(&body).unwrap();
                        asked.lock().unwrap().push((target, body));
                        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(answer))))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, asked }
    }
}

async fn start_hello(dynamodb: &str) -> portico_bench::Result<cold_start::Start> {
    let environment = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("PORTICO_TABLE", "portico"),
        ("HELLO_PK", "bench#ORG"),
        ("HELLO_SK", "CONFIG"),
    ];
    let environment: BTreeMap<_, _> = environment
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": {},
        "requestContext": {
            "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7", "userAgent": "test"},
            "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 0,
        },
        "isBase64Encoded": false,
    });
    let log = tempfile::NamedTempFile::new().unwrap();
    let hello = Path::new(env!("CARGO_BIN_EXE_hello"));
    cold_start::start(hello, &environment, event.to_string().into(), log.path()).await
}

#[tokio::test]
async fn a_function_is_started_given_an_event_and_answers_it() {
    let dynamodb =
        OneAnswer::start(json!({"Item": {"pk": {"S": "bench#ORG"}, "sk": {"S": "CONFIG"}}})).await;
    let start = start_hello(&dynamodb.url).await.unwrap();
    assert!(start.initialised < start.answered);
    assert!(start.peak > 0);
    let asked = dynamodb.asked.lock().unwrap();
    let [(target, body)] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(target, "DynamoDB_20120810.GetItem");
    assert_eq!(
        body["Key"],
        json!({"pk": {"S": "bench#ORG"}, "sk": {"S": "CONFIG"}})
    );
}

#[tokio::test]
async fn a_failure_that_a_function_reports_is_an_error() {
    let dynamodb = OneAnswer::start(json!({})).await;
    let error = start_hello(&dynamodb.url).await.unwrap_err().to_string();
    assert!(
        error.contains("/error:") && error.contains("the item is not there"),
        "{error}"
    );
}
