use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::template::RedriveSpec;

const NO_WAIT: Duration = Duration::ZERO;

fn spec(id: &str, redrive: Option<(&str, u32)>) -> QueueSpec {
    QueueSpec {
        logical_id: id.to_owned(),
        name: id.to_lowercase(),
        visibility: Duration::from_millis(400),
        delay: Duration::ZERO,
        retention: Duration::from_mins(1),
        redrive: redrive.map(|(target, max_receives)| RedriveSpec {
            target: target.to_owned(),
            max_receives,
        }),
    }
}

fn open(folder: &TempDir) -> Sqs {
    let queues = [spec("Jobs", Some(("Dead", 2))), spec("Dead", None)];
    Sqs::open(&folder.path().join("sqs"), "http://127.0.0.1:1", &queues).unwrap()
}

fn message(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        attributes: "{}".to_owned(),
        delay: None,
    }
}

async fn bodies(sqs: &Sqs, queue: &Queue, wait: Duration) -> Vec<String> {
    let received = sqs.receive(queue, 10, None, wait).await.unwrap();
    received.into_iter().map(|message| message.body).collect()
}

#[tokio::test]
async fn a_message_comes_back_until_it_is_deleted_and_then_goes_to_the_dead_letters() {
    let folder = TempDir::new().unwrap();
    let sqs = open(&folder);
    let (jobs, dead) = (
        sqs.by_logical_id("Jobs").unwrap(),
        sqs.by_logical_id("Dead").unwrap(),
    );
    sqs.send(jobs, &[message("poison")]).unwrap();
    let long = Duration::from_secs(10);
    for receives in 1..=2 {
        let received = sqs.receive(jobs, 10, None, long).await.unwrap();
        assert_eq!(
            (received[0].body.as_str(), received[0].receives),
            ("poison", receives)
        );
        assert!(
            bodies(&sqs, jobs, NO_WAIT).await.is_empty(),
            "it is in flight"
        );
    }
    let waiting = bodies(&sqs, dead, long);
    let (dead_letters, jobs_left) =
        tokio::join!(waiting, bodies(&sqs, jobs, Duration::from_secs(1)));
    assert_eq!(
        (dead_letters, jobs_left),
        (vec!["poison".to_owned()], vec![])
    );
    assert_eq!(sqs.depth(jobs).unwrap(), Depth::default());
}

#[tokio::test]
async fn only_the_latest_receipt_deletes() {
    let folder = TempDir::new().unwrap();
    let sqs = open(&folder);
    let dead = sqs.by_logical_id("Dead").unwrap();
    sqs.send(dead, &[message("a")]).unwrap();
    let long = Duration::from_secs(10);
    let first = sqs.receive(dead, 1, None, long).await.unwrap().remove(0);
    let second = sqs.receive(dead, 1, None, long).await.unwrap().remove(0);
    sqs.delete(dead, &first.receipt).unwrap();
    assert_ne!(sqs.depth(dead).unwrap(), Depth::default());
    sqs.delete(dead, &second.receipt).unwrap();
    assert_eq!(sqs.depth(dead).unwrap(), Depth::default());
}

#[tokio::test]
async fn a_long_poll_wakes_on_arrival() {
    let folder = TempDir::new().unwrap();
    let sqs = open(&folder);
    let jobs = sqs.by_logical_id("Jobs").unwrap();
    let begin = Instant::now();
    let send = async {
        // The receiver is polled first, and so is waiting already.
        tokio::task::yield_now().await;
        sqs.send(jobs, &[message("now")]).unwrap();
    };
    let (received, ()) = tokio::join!(bodies(&sqs, jobs, Duration::from_secs(20)), send);
    assert_eq!(received, ["now"]);
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_delayed_message_is_delivered_when_its_time_has_come() {
    let folder = TempDir::new().unwrap();
    let sqs = open(&folder);
    let jobs = sqs.by_logical_id("Jobs").unwrap();
    let delay = Some(Duration::from_millis(100));
    sqs.send(
        jobs,
        &[Outgoing {
            delay,
            ..message("later")
        }],
    )
    .unwrap();
    assert_eq!(
        sqs.depth(jobs).unwrap(),
        Depth {
            visible: 0,
            in_flight: 0,
            delayed: 1
        }
    );
    assert!(bodies(&sqs, jobs, NO_WAIT).await.is_empty());
    assert_eq!(bodies(&sqs, jobs, Duration::from_secs(10)).await, ["later"]);
}

#[tokio::test]
async fn messages_outlive_the_process_and_come_in_their_order() {
    let folder = TempDir::new().unwrap();
    let sent: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    {
        let sqs = open(&folder);
        let all: Vec<Outgoing> = sent.iter().map(|body| message(body)).collect();
        sqs.send(sqs.by_logical_id("Jobs").unwrap(), &all).unwrap();
    }
    let sqs = open(&folder);
    let jobs = sqs.by_logical_id("Jobs").unwrap();
    assert_eq!(bodies(&sqs, jobs, NO_WAIT).await, sent[..10]);
    assert_eq!(bodies(&sqs, jobs, NO_WAIT).await, sent[10..]);
}

/// Over the wire, as a client speaks.
async fn call(
    sqs: &std::sync::Arc<Sqs>,
    operation: &str,
    body: serde_json::Value,
) -> (u16, serde_json::Value) {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    let request = http::Request::post("/")
        .header("x-amz-target", format!("AmazonSQS.{operation}"))
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    let response = router(std::sync::Arc::clone(sqs))
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

/// Entries of a batch to send.
fn entries(count: usize) -> Vec<serde_json::Value> {
    (0..count)
        .map(|id| json!({ "Id": id.to_string(), "MessageBody": "x" }))
        .collect()
}

#[tokio::test]
async fn the_wire_protocol_refuses_what_aws_refuses() {
    let folder = TempDir::new().unwrap();
    let sqs = std::sync::Arc::new(open(&folder));
    let (_, url) = call(&sqs, "GetQueueUrl", json!({ "QueueName": "jobs" })).await;
    let url = &url["QueueUrl"];
    let twins = [entries(1), entries(1)].concat();
    let long = "x".repeat(1024 * 1024 + 1);
    for (operation, body, code) in [
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "" }),
            "MissingParameter",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": long }),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "\u{1}" }),
            "InvalidMessageContents",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "x", "DelaySeconds": 901 }),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": "http://x/1/other", "MessageBody": "x" }),
            "QueueDoesNotExist",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": url, "Entries": entries(11) }),
            "TooManyEntriesInBatchRequest",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": url, "Entries": [] }),
            "EmptyBatchRequest",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": url, "Entries": twins }),
            "BatchEntryIdsNotDistinct",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": url, "MaxNumberOfMessages": 11 }),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": url, "WaitTimeSeconds": 21 }),
            "InvalidParameterValue",
        ),
        (
            "ChangeMessageVisibility",
            json!({ "QueueUrl": url, "ReceiptHandle": "x", "VisibilityTimeout": 1 }),
            "MessageNotInflight",
        ),
        ("TagQueue", json!({ "QueueUrl": url }), "InvalidAction"),
    ] {
        let (status, answer) = call(&sqs, operation, body).await;
        assert_eq!(
            (status, answer["__type"].as_str().unwrap()),
            (400, format!("com.amazonaws.sqs#{code}").as_str()),
            "{operation} {answer}"
        );
    }
    assert_eq!(
        sqs.depth(sqs.by_logical_id("Jobs").unwrap()).unwrap(),
        Depth::default()
    );
}

#[tokio::test]
async fn a_batch_of_ten_goes_over_the_wire_and_back() {
    let folder = TempDir::new().unwrap();
    let sqs = std::sync::Arc::new(open(&folder));
    let url = &sqs.queues()[0].url;
    let (status, answer) = call(
        &sqs,
        "SendMessageBatch",
        json!({ "QueueUrl": url, "Entries": entries(10) }),
    )
    .await;
    assert_eq!(
        (status, answer["Successful"].as_array().unwrap().len()),
        (200, 10)
    );
    let receive = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "AttributeNames": ["ApproximateReceiveCount"] });
    let (_, answer) = call(&sqs, "ReceiveMessage", receive).await;
    let messages = answer["Messages"].as_array().unwrap();
    assert_eq!(messages.len(), 10);
    assert_eq!(
        messages[0]["Attributes"],
        json!({ "ApproximateReceiveCount": "1" })
    );
    assert_eq!(messages[0]["MD5OfBody"], "9dd4e461268c8034f5c8564e155c67a6");
    let deletes: Vec<_> = (messages.iter().enumerate()).map(|(id, message)| json!({ "Id": id.to_string(), "ReceiptHandle": message["ReceiptHandle"] })).collect();
    let (_, answer) = call(
        &sqs,
        "DeleteMessageBatch",
        json!({ "QueueUrl": url, "Entries": deletes }),
    )
    .await;
    assert_eq!(
        (
            answer["Successful"].as_array().unwrap().len(),
            &answer["Failed"]
        ),
        (10, &json!([]))
    );
    let (_, answer) = call(&sqs, "GetQueueAttributes", json!({ "QueueUrl": url })).await;
    assert_eq!(
        answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"],
        "0"
    );
    assert!(
        answer["Attributes"]["RedrivePolicy"]
            .as_str()
            .unwrap()
            .contains(":dead")
    );
}
