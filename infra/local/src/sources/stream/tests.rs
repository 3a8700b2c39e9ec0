use std::collections::VecDeque;
use std::time::Instant;

use dynoxide::actions::put_item::PutItemRequest;
use lambda_http::LambdaEvent;
use tempfile::TempDir;

use super::*;
use crate::{EmbeddedAws, Options, Template};

const TEMPLATE: &str = r#"
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
  Bucket: { Type: "AWS::S3::Bucket" }
  Ring: { Type: "AWS::SecretsManager::Secret", Properties: { GenerateSecretString: { SecretStringTemplate: "{}", GenerateStringKey: k } } }
  Dead: { Type: "AWS::SQS::Queue" }
"#;

/// Services on a folder that tests can come back to.
struct Bench {
    folder: TempDir,
    aws: EmbeddedAws,
}

/// What the function was called with, as lists of keys, and what it answers next.
#[derive(Clone, Default)]
struct Calls {
    seen: Arc<Mutex<Vec<Vec<String>>>>,
    answers: Arc<Mutex<VecDeque<Result<Value, String>>>>,
}

impl Calls {
    fn seen(&self) -> Vec<Vec<String>> {
        self.seen.lock().unwrap().clone()
    }

    fn function(&self) -> EventFn {
        let calls = self.clone();
        Arc::new(move |event: LambdaEvent<Value>| {
            let event = event.payload;
            let keys = event["Records"]
                .as_array()
                .unwrap()
                .iter()
                .map(key_of)
                .collect();
            calls.seen.lock().unwrap().push(keys);
            let answer = calls
                .answers
                .lock()
                .unwrap()
                .pop_front()
                .unwrap_or(Ok(Value::Null));
            // `itemIdentifier` is written as a key; the function answers the sequence number.
            let answer = answer.map(|mut answer| {
                if let Some(key) = answer.as_str() {
                    let record = event["Records"].as_array().unwrap().iter().find(|record| key_of(record) == key).unwrap();
                    answer = json!({ "batchItemFailures": [{ "itemIdentifier": record["dynamodb"]["SequenceNumber"] }] });
                }
                answer
            });
            Box::pin(async move { answer })
        })
    }

    async fn until(&self, expected: &[&[&str]]) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.seen() != expected {
            assert!(
                Instant::now() < deadline,
                "{:?} instead of {expected:?}",
                self.seen()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn key_of(record: &Value) -> String {
    record["dynamodb"]["Keys"]["pk"]["S"]
        .as_str()
        .unwrap()
        .to_owned()
}

impl Bench {
    fn start(folder: TempDir) -> Self {
        let template = Template::parse(TEMPLATE).unwrap();
        let options = Options {
            data_dir: Some(folder.path().to_owned()),
            ..Options::temporary("")
        };
        let aws = EmbeddedAws::start(&options, &template).unwrap();
        Self { folder, aws }
    }

    fn put(&self, key: &str, kind: &str) {
        let item = json!({ "pk": { "S": key }, "type": { "S": kind } });
        let request = json!({ "TableName": self.aws.endpoints().table, "Item": item });
        let request: PutItemRequest = serde_json::from_value(request).unwrap();
        self.aws.database().put_item(request).unwrap();
    }

    fn source(&self, calls: &Calls, change: impl FnOnce(&mut StreamSpec)) -> StreamSource {
        let mut spec = StreamSpec {
            function: "changes".to_owned(),
            batch_size: 100,
            filters: Vec::new(),
            report_item_failures: true,
            bisect: true,
            max_retries: None,
            on_failure: Some("Dead".to_owned()),
        };
        change(&mut spec);
        let file = self.folder.path().join("checkpoint");
        let progress = StreamProgress::open(
            self.aws.database().clone(),
            &self.aws.endpoints().table,
            file,
        )
        .unwrap();
        let sqs = Arc::clone(self.aws.sqs());
        StreamSource {
            spec,
            function: calls.function(),
            timeout: Duration::from_secs(5),
            progress,
            sqs,
        }
    }
}

#[tokio::test]
async fn writes_arrive_soon_in_order_and_filtered() {
    let bench = Bench::start(TempDir::new().unwrap());
    let calls = Calls::default();
    let filter = r#"{"eventName":["INSERT"],"dynamodb":{"NewImage":{"type":{"S":["Order"]}}}}"#;
    let source = bench.source(&calls, |spec| {
        spec.filters = vec![super::super::Filter::parse(filter).unwrap()];
    });
    let progress = source.progress.clone();
    for (key, kind) in [
        ("a", "Order"),
        ("b", "Cart"),
        ("a", "Order"),
        ("c", "Order"),
        ("d", "Cart"),
    ] {
        bench.put(key, kind);
    }
    assert_eq!(progress.lag().unwrap().records, 5);
    let (stop, shutdown) = Shutdown::channel();
    let running = tokio::spawn(source.run(shutdown));
    calls.until(&[&["a", "c"]]).await;
    let begin = Instant::now();
    bench.put("e", "Order");
    calls.until(&[&["a", "c"], &["e"]]).await;
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(progress.lag().unwrap().records, 0);
}

#[tokio::test]
async fn a_record_is_written_as_lambda_writes_it() {
    let bench = Bench::start(TempDir::new().unwrap());
    bench.put("a", "Order");
    let record = bench
        .source(&Calls::default(), |_| {})
        .progress
        .read(10)
        .unwrap()
        .remove(0);
    assert_eq!(
        (&record["eventName"], &record["awsRegion"]),
        (&json!("INSERT"), &json!("us-east-1"))
    );
    assert_eq!(
        (&record["eventSource"], &record["eventVersion"]),
        (&json!("aws:dynamodb"), &json!("1.1"))
    );
    assert!(
        record["eventSourceARN"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/portico-table/stream/")
    );
    let change = &record["dynamodb"];
    assert_eq!(
        change["NewImage"],
        json!({ "pk": { "S": "a" }, "type": { "S": "Order" } })
    );
    assert_eq!(
        (&change["Keys"], &change["StreamViewType"]),
        (&json!({ "pk": { "S": "a" } }), &json!("NEW_AND_OLD_IMAGES"))
    );
    assert!(change["ApproximateCreationDateTime"].is_i64() && change["OldImage"].is_null());
}

#[tokio::test]
async fn delivery_goes_on_from_the_lowest_failure_and_survives_a_restart() {
    let bench = Bench::start(TempDir::new().unwrap());
    let calls = Calls::default();
    for key in ["a", "b", "c"] {
        bench.put(key, "Order");
    }
    calls
        .answers
        .lock()
        .unwrap()
        .extend([Ok(json!("b")), Err("down".to_owned())]);
    let (stop, shutdown) = Shutdown::channel();
    let running = tokio::spawn(bench.source(&calls, |_| {}).run(shutdown));
    // After a failure of the whole batch it is halved.
    calls
        .until(&[&["a", "b", "c"], &["b", "c"], &["b"], &["c"]])
        .await;
    stop.send(true).unwrap();
    running.await.unwrap();

    bench.aws.shutdown().await;
    let bench = Bench::start(bench.folder);
    bench.put("d", "Order");
    let (_stop, shutdown) = Shutdown::channel();
    tokio::spawn(bench.source(&calls, |_| {}).run(shutdown));
    calls
        .until(&[&["a", "b", "c"], &["b", "c"], &["b"], &["c"], &["d"]])
        .await;
}

#[tokio::test]
async fn a_crash_after_delivery_delivers_again() {
    let bench = Bench::start(TempDir::new().unwrap());
    let calls = Calls::default();
    bench.put("a", "Order");
    let never: EventFn = Arc::new(|_| Box::pin(std::future::pending()));
    let mut source = bench.source(&calls, |_| {});
    source.function = never;
    let (_stop, shutdown) = Shutdown::channel();
    let running = tokio::spawn(source.run(shutdown.clone()));
    tokio::task::yield_now().await;
    running.abort();
    tokio::spawn(bench.source(&calls, |_| {}).run(shutdown));
    calls.until(&[&["a"]]).await;
}

#[tokio::test]
async fn poison_is_given_up_alone_and_reported() {
    let bench = Bench::start(TempDir::new().unwrap());
    let calls = Calls::default();
    for key in ["a", "poison", "z"] {
        bench.put(key, "Order");
    }
    calls
        .answers
        .lock()
        .unwrap()
        .extend((0..3).map(|_| Ok(json!("poison"))));
    let (_stop, shutdown) = Shutdown::channel();
    tokio::spawn(
        bench
            .source(&calls, |spec| spec.max_retries = Some(2))
            .run(shutdown),
    );
    calls
        .until(&[
            &["a", "poison", "z"],
            &["poison", "z"],
            &["poison", "z"],
            &["z"],
        ])
        .await;
    let dead = bench.aws.sqs().by_logical_id("Dead").unwrap();
    let letters = bench
        .aws
        .sqs()
        .receive(dead, 10, None, Duration::from_secs(5))
        .await
        .unwrap();
    let letter: Value = serde_json::from_str(&letters[0].body).unwrap();
    assert_eq!(
        (letters.len(), &letter["DDBStreamBatchInfo"]["batchSize"]),
        (1, &json!(1))
    );
    assert_eq!(letter["requestContext"]["approximateInvokeCount"], 3);
}

#[tokio::test]
async fn a_panic_is_a_failure_of_the_batch() {
    let bench = Bench::start(TempDir::new().unwrap());
    let calls = Calls::default();
    bench.put("a", "Order");
    let function = calls.function();
    let mut source = bench.source(&calls, |_| {});
    source.function = Arc::new(move |event| {
        let first = calls.seen().is_empty();
        let call = function(event);
        Box::pin(async move {
            assert!(!first, "the first call panics");
            call.await
        })
    });
    let progress = source.progress.clone();
    let (_stop, shutdown) = Shutdown::channel();
    tokio::spawn(source.run(shutdown));
    let deadline = Instant::now() + Duration::from_secs(10);
    while progress.lag().unwrap().records > 0 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
