//! Event sources, pages, and several platforms at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{TEMPLATE, Toy, openapi, raw, router};
use axum::Router;
use portico_local::{EmbeddedAws, Function, Functions, Options, Platform, Template};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_this_machine_need_no_network() {
    let toy = Toy::start();
    assert!(
        toy.json("/openapi.json").await["openapi"]
            .as_str()
            .unwrap()
            .starts_with("3.1")
    );
    let (status, _, page) = toy.get("/docs/").await;
    let page = String::from_utf8(page).unwrap();
    assert_eq!(status, 200);
    for source in page
        .split("src=\"")
        .skip(1)
        .chain(page.split("href=\"").skip(1))
    {
        let asset = source.split('"').next().unwrap().trim_start_matches("./");
        assert!(
            !asset.starts_with("http") && !asset.starts_with("//"),
            "{asset}"
        );
        assert_eq!(toy.get(&format!("/docs/{asset}")).await.0, 200, "{asset}");
    }
    assert_eq!(toy.json("/_local/outbox.json").await, json!([]));
    let status = toy.json("/_local/status").await;
    assert_eq!(
        status["streams"]["changes"],
        json!({ "records": 0, "seconds": 0 })
    );
    assert_eq!(
        status["queues"]["portico-jobs"],
        json!({ "visible": 0, "inFlight": 0, "delayed": 0 })
    );
    assert_eq!(
        status["endpoints"]["dynamodb"],
        json!(toy.platform.aws().endpoints().dynamodb)
    );
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
    call(
        &endpoints.dynamodb,
        "/",
        "DynamoDB_20120810.PutItem",
        "x-amz-json-1.0",
        item,
    )
    .await;
    let message = json!({ "QueueUrl": endpoints.queue_urls["Jobs"], "MessageBody": "two" });
    call(
        &endpoints.sqs,
        "/",
        "AmazonSQS.SendMessage",
        "x-amz-json-1.0",
        message,
    )
    .await;
    let mail = json!({
        "FromEmailAddress": "a@b.c", "Destination": { "ToAddresses": ["d@e.f"] },
        "Content": { "Simple": { "Subject": { "Data": "Three <3" }, "Body": { "Text": { "Data": "Hi" } } } },
    });
    let sent = call(
        &endpoints.ses,
        "/v2/email/outbound-emails",
        "",
        "json",
        mail,
    )
    .await;
    let secret = json!({ "SecretId": endpoints.key_ring });
    let secret = call(
        &endpoints.secrets,
        "/",
        "secretsmanager.GetSecretValue",
        "x-amz-json-1.1",
        secret,
    )
    .await;
    assert!(
        serde_json::from_str::<Value>(secret["SecretString"].as_str().unwrap()).unwrap()["k"]
            .is_string()
    );

    assert_eq!(
        toy.json("/_local/outbox.json").await[0]["id"],
        sent["MessageId"]
    );
    let (_, _, page) = toy.get("/_local/outbox").await;
    assert!(String::from_utf8(page).unwrap().contains("Three &lt;3"));
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let events = toy.events.lock().unwrap().clone();
        let has = |pointer: &str, value: &str| {
            events
                .iter()
                .any(|event| event.pointer(pointer) == Some(&json!(value)))
        };
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
    let port: u16 = first
        .platform
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let (template, aws_folder) = (
        tempfile::TempDir::new().unwrap(),
        tempfile::TempDir::new().unwrap(),
    );
    let path = template.path().join("t.yaml");
    std::fs::write(&path, TEMPLATE).unwrap();
    let options = Options {
        port: Some(port),
        aws_port: None,
        data_dir: Some(aws_folder.path().to_owned()),
        template: path,
    };
    let start = || {
        let template = Template::load(&options.template).unwrap();
        let aws = EmbeddedAws::start(&options, &template).unwrap();
        let silent = || Function::Events(Arc::new(|_| Box::pin(async { Ok(Value::Null) })));
        let functions = Functions::from([
            ("toy".to_owned(), Function::Http(router())),
            ("changes".to_owned(), silent()),
            ("jobs".to_owned(), silent()),
        ]);
        Platform::start(aws, functions, openapi(), &options)
    };
    let taken = start().unwrap_err().to_string();
    assert_eq!(
        taken,
        format!("port {port} is already in use; stop what listens there or choose another port")
    );
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
        Platform::start(aws, functions, openapi(), &options)
            .unwrap_err()
            .to_string()
    };
    assert!(start(Functions::new()).ends_with("there is no code for the function changes"));
    let http = || Function::Http(Router::new());
    let wrong = Functions::from([("changes".to_owned(), http())]);
    assert!(start(wrong).ends_with("the function changes takes HTTP, not events"));
}
