//! The platform with functions of its own: what the gateway itself promises.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::IntoResponse as _;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use portico_local::{EmbeddedAws, Function, Functions, Options, Platform, Template};
use serde_json::{Value, json};
use utoipa::openapi::{OpenApi, OpenApiBuilder};

const TEMPLATE: &str = r#"
Globals: { Function: { Timeout: 1 } }
Resources:
  ToyFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/toy
      Events: { Tree: { Type: HttpApi, Properties: { Method: ANY, Path: "/toy/{proxy+}" } } }
  ChangesFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/changes
      Events: { Stream: { Type: DynamoDB, Properties: { Stream: !GetAtt Table.StreamArn } } }
  JobsFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/jobs
      Events: { Jobs: { Type: SQS, Properties: { Queue: !GetAtt Jobs.Arn, FunctionResponseTypes: [ReportBatchItemFailures] } } }
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
  Bucket: { Type: "AWS::S3::Bucket" }
  Ring: { Type: "AWS::SecretsManager::Secret", Properties: { GenerateSecretString: { SecretStringTemplate: "{}", GenerateStringKey: k } } }
  Jobs: { Type: "AWS::SQS::Queue", Properties: { VisibilityTimeout: 1 } }
"#;

/// A platform, and what its event functions were called with.
struct Toy {
    platform: Platform,
    events: Arc<Mutex<Vec<Value>>>,
}

fn toy_router() -> Router {
    let echo = |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let cookie = head.headers.get("cookie").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Json(json!({ "method": head.method.as_str(), "path": head.uri.path(), "query": head.uri.query(), "cookie": cookie, "bytes": body.len() }))
    };
    Router::new()
        .route("/toy/bytes", post(|body: Bytes| async move { body }))
        .route("/toy/cookies", get(|| async { [("set-cookie", "a=1"), ("x-one", "1")].into_response() }))
        .route("/toy/panic", get(|| async { assert!(std::env::args().count() == 0, "on purpose") }))
        .route("/toy/forever", get(std::future::pending::<()>))
        .route("/toy/bare", get(|| async { http::StatusCode::BAD_REQUEST }))
        .route("/toy/{*rest}", any(echo))
}

fn openapi() -> OpenApi {
    OpenApiBuilder::new().build()
}

impl Toy {
    fn start() -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, TEMPLATE).unwrap();
        let options = Options::temporary(path);
        let template = Template::load(&options.template).unwrap();
        let aws = EmbeddedAws::start(&options, &template).unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let record = |events: &Arc<Mutex<Vec<Value>>>| {
            let events = Arc::clone(events);
            Function::Events(Arc::new(move |event| {
                events.lock().unwrap().push(event);
                Box::pin(async { Ok(Value::Null) })
            }))
        };
        let functions = Functions::from([
            ("toy".to_owned(), Function::Http(toy_router())),
            ("changes".to_owned(), record(&events)),
            ("jobs".to_owned(), record(&events)),
        ]);
        let platform = Platform::start(aws, functions, openapi(), &options).unwrap();
        Self { platform, events }
    }

    /// Sends bytes as they are and reads until the connection closes.
    async fn raw(&self, request: Vec<u8>) -> (u16, String, Vec<u8>) {
        raw(self.platform.url(), request).await
    }

    async fn get(&self, path: &str) -> (u16, String, Vec<u8>) {
        self.raw(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").into_bytes()).await
    }

    async fn json(&self, path: &str) -> Value {
        let (_, _, body) = self.get(path).await;
        serde_json::from_slice(&body).unwrap()
    }
}

async fn raw(url: &str, request: Vec<u8>) -> (u16, String, Vec<u8>) {
    let address = url.trim_start_matches("http://").to_owned();
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(&request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    };
    let answer = tokio::task::spawn_blocking(exchange).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, answer[end + 4..].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_through_the_function_and_come_back_whole() {
    let toy = Toy::start();
    let request = b"PATCH /toy/a%20b?x=1&x=%2F HTTP/1.1\r\nhost: x\r\ncookie: a=1\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
    let (status, head, body) = toy.raw(request.to_vec()).await;
    assert_eq!(status, 200);
    assert!(head.contains("\r\napigw-requestid: "), "{head}");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, json!({ "method": "PATCH", "path": "/toy/a%20b", "query": "x=1&x=%2F", "cookie": "a=1", "bytes": 2 }));

    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut request = format!("POST /toy/bytes HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len()).into_bytes();
    request.extend(&bytes);
    let (status, _, body) = toy.raw(request).await;
    assert_eq!((status, body == bytes), (200, true));

    let (_, head, _) = toy.get("/toy/cookies").await;
    assert!(head.contains("\r\nset-cookie: a=1") && head.contains("\r\nx-one: 1"), "{head}");
    let (status, head, body) = toy.raw(b"HEAD /toy/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec()).await;
    assert_eq!((status, body.len()), (200, 0), "{head}");
    let (status, _, _) = toy.get("/toy/bare").await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_function_answers_the_gateway_does() {
    let toy = Toy::start();
    for path in ["/", "/nothing", "/toy", "/toys/x", "/_localx"] {
        let (status, _, body) = toy.get(path).await;
        assert_eq!((status, body.as_slice()), (404, br#"{"message":"Not Found"}"#.as_slice()), "{path}");
    }
    for path in ["/toy/panic", "/toy/forever"] {
        let (status, _, body) = toy.get(path).await;
        assert_eq!((status, body.as_slice()), (500, br#"{"message":"Internal Server Error"}"#.as_slice()), "{path}");
    }
    // The platform goes on.
    assert_eq!(toy.get("/toy/x").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_of_anything_is_a_problem_and_no_harm() {
    const MB: usize = 1024 * 1024;
    let toy = Toy::start();
    let get = |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n").into_bytes();
    let path = |length: usize| get(&format!("/toy/{}", "x".repeat(length)), "");
    let header = |length: usize| get("/toy/x", &format!("x-long: {}\r\n", "x".repeat(length)));
    let many = get("/toy/x", &"x: y\r\n".repeat(200));
    let body = |length: usize| {
        let mut request = format!("POST /toy/x HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").into_bytes();
        request.resize(request.len() + length, b'x');
        request
    };
    for (request, status, code) in [
        (path(8_200), 414, "uri_too_long"),
        (path(70_000), 414, "uri_too_long"),
        (path(12 * MB), 414, "uri_too_long"),
        (header(10_300), 431, "headers_too_large"),
        (header(12 * MB), 431, "headers_too_large"),
        (many, 431, "headers_too_large"),
        (body(10 * MB + 1), 413, "body_too_long"),
        (body(30 * MB), 413, "body_too_long"),
        (b"NONSENSE\r\n\r\n".to_vec(), 400, "bad_request"),
    ] {
        let length = request.len();
        let (answered, head, body) = toy.raw(request).await;
        assert_eq!(answered, status, "{length} bytes");
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&problem["code"], &problem["status"], &problem["statusCode"]), (&json!(code), &json!(status), &json!(status)));
        assert!(head.contains(&format!("apigw-requestid: {}", problem["requestId"].as_str().unwrap())), "{head}");
    }
    for request in [path(8_000), header(9_000), body(10 * MB)] {
        assert_eq!(toy.raw(request).await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_heads_reach_the_function_or_are_refused_but_break_nothing() {
    let toy = Toy::start();
    for path in ["/toy/%00", "/toy/%FF", "/toy/%3Fa", "/toy/%23a", "/toy/%5C..%2F", "/toy/%0d%0a", "/toy/..%2f..", "/toy/%", "//toy/x", "/toy/|^[]"] {
        for host in ["x", "[::1", "1.2.3.4.5", "a:99999", "xn--", "", "\u{e9}"] {
            let request = format!("GET {path}?q=%zz HTTP/1.1\r\nhost: {host}\r\nx-forwarded-proto: \u{e9}\r\nconnection: close\r\n\r\n");
            let (status, head, _) = toy.raw(request.into_bytes()).await;
            assert!(matches!(status, 200 | 400 | 404), "{path} {host}: {head}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_this_machine_need_no_network() {
    let toy = Toy::start();
    assert!(toy.json("/openapi.json").await["openapi"].as_str().unwrap().starts_with("3.1"));
    let (status, _, page) = toy.get("/docs/").await;
    let page = String::from_utf8(page).unwrap();
    assert_eq!(status, 200);
    for source in page.split("src=\"").skip(1).chain(page.split("href=\"").skip(1)) {
        let asset = source.split('"').next().unwrap().trim_start_matches("./");
        assert!(!asset.starts_with("http") && !asset.starts_with("//"), "{asset}");
        assert_eq!(toy.get(&format!("/docs/{asset}")).await.0, 200, "{asset}");
    }
    assert_eq!(toy.json("/_local/outbox.json").await, json!([]));
    let status = toy.json("/_local/status").await;
    assert_eq!(status["streams"]["changes"], json!({ "records": 0, "seconds": 0 }));
    assert_eq!(status["queues"]["portico-jobs"], json!({ "visible": 0, "inFlight": 0, "delayed": 0 }));
    assert_eq!(status["endpoints"]["dynamodb"], json!(toy.platform.aws().endpoints().dynamodb));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_and_messages_reach_their_functions_and_mail_the_outbox() {
    let toy = Toy::start();
    let endpoints = toy.platform.aws().endpoints();
    let call = |url: &str, path: &str, target: &str, kind: &str, body: Value| {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nx-amz-target: {target}\r\ncontent-type: application/{kind}\r\nx-amz-date: 20260101T000000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let url = url.to_owned();
        async move {
            let (status, _, body) = raw(&url, request.into_bytes()).await;
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(status, 200, "{body}");
            body
        }
    };
    let item = json!({ "TableName": endpoints.table, "Item": { "pk": { "S": "one" } } });
    call(&endpoints.dynamodb, "/", "DynamoDB_20120810.PutItem", "x-amz-json-1.0", item).await;
    let message = json!({ "QueueUrl": endpoints.queue_urls["Jobs"], "MessageBody": "two" });
    call(&endpoints.sqs, "/", "AmazonSQS.SendMessage", "x-amz-json-1.0", message).await;
    let mail = json!({
        "FromEmailAddress": "a@b.c", "Destination": { "ToAddresses": ["d@e.f"] },
        "Content": { "Simple": { "Subject": { "Data": "Three <3" }, "Body": { "Text": { "Data": "Hi" } } } },
    });
    let sent = call(&endpoints.ses, "/v2/email/outbound-emails", "", "json", mail).await;
    let secret = json!({ "SecretId": endpoints.key_ring });
    let secret = call(&endpoints.secrets, "/", "secretsmanager.GetSecretValue", "x-amz-json-1.1", secret).await;
    assert!(serde_json::from_str::<Value>(secret["SecretString"].as_str().unwrap()).unwrap()["k"].is_string());

    assert_eq!(toy.json("/_local/outbox.json").await[0]["id"], sent["MessageId"]);
    let (_, _, page) = toy.get("/_local/outbox").await;
    assert!(String::from_utf8(page).unwrap().contains("Three &lt;3"));
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let events = toy.events.lock().unwrap().clone();
        let has = |pointer: &str, value: &str| events.iter().any(|event| event.pointer(pointer) == Some(&json!(value)));
        if has("/Records/0/dynamodb/NewImage/pk/S", "one") && has("/Records/0/body", "two") {
            break;
        }
        assert!(Instant::now() < deadline, "{events:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_run_side_by_side_and_a_shutdown_frees_the_port() {
    let (first, second) = (Toy::start(), Toy::start());
    assert_ne!(first.platform.url(), second.platform.url());
    let port: u16 = first.platform.url().rsplit(':').next().unwrap().parse().unwrap();
    let (template, aws_folder) = (tempfile::TempDir::new().unwrap(), tempfile::TempDir::new().unwrap());
    let path = template.path().join("t.yaml");
    std::fs::write(&path, TEMPLATE).unwrap();
    let options = Options { port: Some(port), aws_port: None, data_dir: Some(aws_folder.path().to_owned()), template: path };
    let start = || {
        let template = Template::load(&options.template).unwrap();
        let aws = EmbeddedAws::start(&options, &template).unwrap();
        let silent = || Function::Events(Arc::new(|_| Box::pin(async { Ok(Value::Null) })));
        let functions = Functions::from([
            ("toy".to_owned(), Function::Http(toy_router())),
            ("changes".to_owned(), silent()),
            ("jobs".to_owned(), silent()),
        ]);
        Platform::start(aws, functions, openapi(), &options)
    };
    let taken = start().unwrap_err().to_string();
    assert_eq!(taken, format!("port {port} is already in use; stop what listens there or choose another port"));
    first.platform.shutdown().await;
    let third = start().unwrap();
    assert!(third.url().ends_with(&port.to_string()));
    drop(third);
    assert_eq!(second.get("/toy/x").await.0, 200);
}

#[tokio::test]
async fn a_function_without_code_or_of_the_wrong_kind_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, TEMPLATE).unwrap();
    let options = Options::temporary(path);
    let template = Template::load(&options.template).unwrap();
    let start = |functions| {
        let aws = EmbeddedAws::start(&options, &template).unwrap();
        Platform::start(aws, functions, openapi(), &options).unwrap_err().to_string()
    };
    assert!(start(Functions::new()).ends_with("there is no code for the function changes"));
    let http = || Function::Http(Router::new());
    let wrong = Functions::from([("changes".to_owned(), http())]);
    assert!(start(wrong).ends_with("the function changes takes HTTP, not events"));
}
