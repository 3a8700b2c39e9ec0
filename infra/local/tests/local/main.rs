//! A platform with functions of its own: what holds whatever the functions are.

mod gateway;
mod platform;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
      CodeUri: toy/bootstrap.zip
      Events: { Tree: { Type: HttpApi, Properties: { Method: ANY, Path: "/toy/{proxy+}" } } }
  ChangesFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: changes/bootstrap.zip
      Events: { Stream: { Type: DynamoDB, Properties: { Stream: !GetAtt Table.StreamArn } } }
  JobsFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: jobs/bootstrap.zip
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

fn router() -> Router {
    let echo = |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .unwrap_or_default();
        let cookie = head
            .headers
            .get("cookie")
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Json(
            json!({ "method": head.method.as_str(), "path": head.uri.path(), "query": head.uri.query(), "cookie": cookie, "bytes": body.len() }),
        )
    };
    Router::new()
        .route("/toy/bytes", post(|body: Bytes| async move { body }))
        .route(
            "/toy/cookies",
            get(|| async { [("set-cookie", "a=1"), ("x-one", "1")].into_response() }),
        )
        .route(
            "/toy/panic",
            get(|| async { assert!(std::env::args().count() == 0, "on purpose") }),
        )
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
                events.lock().unwrap().push(event.payload);
                Box::pin(async { Ok(Value::Null) })
            }))
        };
        let functions = Functions::from([
            ("toy".to_owned(), Function::Http(router())),
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
        self.raw(
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                .into_bytes(),
        )
        .await
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
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream.write_all(&request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    };
    let answer = tokio::task::spawn_blocking(exchange).await.unwrap();
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a whole head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, answer[end + 4..].to_vec())
}
