//! Batches of the stream and of the queue: delivered again, broken, and while something is down.

use http::Method;
use portico_local::demo_events::{Values, fill};
use portico_local::functions::Parts;
use portico_shared::aws::Aws;
use portico_tests::replay::{Invoke as _, text};
use portico_tests::{checkout_body, refused};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::forms::{Call, Form};
use super::lambda::Lambda;
use super::taps::{Taps, batch};

/// Nothing failed.
fn done() -> Value {
    json!({"batchItemFailures": []})
}

/// These failed.
fn failed(identifiers: &[&Value]) -> Value {
    let failures = identifiers.iter().map(|id| json!({"itemIdentifier": id}));
    json!({"batchItemFailures": failures.collect::<Vec<_>>()})
}

fn sequence(record: &Value) -> &Value {
    &record["dynamodb"]["SequenceNumber"]
}

/// Bob of acme, through the functions themselves.
struct Bob {
    token: String,
    id: String,
}

impl Bob {
    async fn signs_in(taps: &Taps) -> Self {
        let body = json!({"email": "bob@acme.example", "password": "portico-demo-pass"});
        let call = Call::new(Method::POST, "/profile/customer/signin").body(&body);
        let session = ask(&taps.lambda, &call, 200).await;
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        Self {
            token: text(&session["token"]),
            id: text(&session["user"]["sk"]),
        }
    }

    async fn sees(&self, taps: &Taps, path: &str) -> Value {
        ask(
            &taps.lambda,
            &Call::new(Method::GET, path).token(&self.token),
            200,
        )
        .await
    }

    /// Orders one piece; answers the order and the stream's record of it.
    async fn orders(&self, taps: &mut Taps, key: &str) -> (Value, Value) {
        let lines = json!({"productItems": [{"sku": "MUG-BLUE", "quantity": 1}]});
        let call = Call::new(Method::POST, "/storefront/cart/update/new");
        let cart = ask(&taps.lambda, &call.token(&self.token).body(&lines), 200).await;
        let call = Call::new(Method::POST, "/storefront/checkout-cart");
        let call = call.token(&self.token).header("idempotency-key", key);
        let cart = cart["cartId"].as_str().expect("a cart id");
        let order = ask(&taps.lambda, &call.body(&checkout_body(cart)), 201).await;
        let number = order["orderNumber"].clone();
        let record = taps
            .record("the order on the stream", |record| {
                record["dynamodb"]["NewImage"]["number"]["S"] == number
            })
            .await;
        (order, record)
    }

    /// What he is told and shown.
    async fn state(&self, taps: &Taps) -> (Value, Value) {
        (
            self.sees(taps, "/client-data/dashboard").await,
            self.sees(taps, "/client-data/notifications").await,
        )
    }
}

async fn ask(lambda: &Lambda, call: &Call, status: u64) -> Value {
    let reply = lambda
        .answer(call.function(), &call.event(Form::PLAIN))
        .await;
    assert_eq!(reply.status, status, "{}", reply.body);
    reply.json()
}

/// Functions whose table is an address where nobody listens, as long as the socket is kept.
fn without_table(parts: &Parts) -> (Lambda, TcpSocket) {
    let (socket, url) = refused();
    let mut endpoints = parts.aws.endpoints().clone();
    endpoints.dynamodb = Some(url);
    let aws = Aws::local(endpoints).with_max_attempts(1);
    (Lambda::of(&parts.clone().with_aws(aws)), socket)
}

/// The same for the queue.
fn without_queue(parts: &Parts) -> (Lambda, TcpSocket) {
    let (socket, url) = refused();
    let mut endpoints = parts.aws.endpoints().clone();
    endpoints.sqs = Some(url);
    let aws = Aws::local(endpoints).with_max_attempts(1);
    (Lambda::of(&parts.clone().with_aws(aws)), socket)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_comes_again_changes_nothing_and_is_told_once() {
    let mut taps = Taps::start().await;
    let bob = Bob::signs_in(&taps).await;
    let (order, record) = bob.orders(&mut taps, "1").await;
    let number = order["orderNumber"].clone();
    let subject = format!("Order {} is placed", number.as_str().unwrap());
    let placed =
        |job: &Value| job["type"] == "order.placed" && job["data"]["orderNumber"] == number;

    assert_eq!(
        taps.lambda.invoke("changes", &batch(&[&record])).await,
        done()
    );
    let message = taps.message("the job", placed).await;
    assert_eq!(
        taps.lambda
            .invoke("notifications", &batch(&[&message]))
            .await,
        done()
    );
    let told = taps
        .record("the notification on the stream", |record| {
            record["dynamodb"]["NewImage"]["title"]["S"] == subject.as_str()
        })
        .await;
    assert_eq!(
        taps.lambda.invoke("changes", &batch(&[&told])).await,
        done()
    );
    let before = bob.state(&taps).await;
    assert_eq!(
        before.0["orders"],
        json!({"total": 1, "byStatus": {"new": 1}})
    );
    assert_eq!(before.0["notifications"], json!({"unread": 1}));
    assert_eq!(before.1["data"][0]["title"], subject.as_str());
    assert_eq!(taps.mails(&subject), 1);

    // All of it again, and some of it twice in one batch.
    let again = batch(&[&record, &record, &told]);
    assert_eq!(taps.lambda.invoke("changes", &again).await, done());
    let (second, third) = (
        taps.message("a second job", placed).await,
        taps.message("a third", placed).await,
    );
    assert_eq!(
        (&second["body"], &third["body"]),
        (&message["body"], &message["body"])
    );
    let again = batch(&[&second, &message, &third]);
    assert_eq!(taps.lambda.invoke("notifications", &again).await, done());
    assert_eq!(bob.state(&taps).await, before);
    assert_eq!(taps.mails(&subject), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_table_is_away_a_stream_batch_stands_still_and_then_counts_once() {
    let mut taps = Taps::start().await;
    let bob = Bob::signs_in(&taps).await;
    let (_, first) = bob.orders(&mut taps, "1").await;
    let (_, second) = bob.orders(&mut taps, "2").await;
    let event = batch(&[&first, &second]);

    let (away, _socket) = without_table(&taps.parts);
    let reply = away.invoke("changes", &event).await;
    assert_eq!(reply, failed(&[sequence(&first)]));
    assert_eq!(
        bob.sees(&taps, "/client-data/dashboard").await["orders"]["total"],
        0
    );

    assert_eq!(taps.lambda.invoke("changes", &event).await, done());
    assert_eq!(
        bob.sees(&taps, "/client-data/dashboard").await["orders"]["total"],
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_queue_is_away_a_stream_batch_stands_still_and_no_job_is_lost() {
    let mut taps = Taps::start().await;
    let bob = Bob::signs_in(&taps).await;
    let (order, first) = bob.orders(&mut taps, "1").await;
    let (_, second) = bob.orders(&mut taps, "2").await;
    let event = batch(&[&first, &second]);

    let (away, _socket) = without_queue(&taps.parts);
    let reply = away.invoke("changes", &event).await;
    assert_eq!(reply, failed(&[sequence(&first)]));

    assert_eq!(taps.lambda.invoke("changes", &event).await, done());
    let number = &order["orderNumber"];
    taps.message("the first order's job", |job| {
        job["data"]["orderNumber"] == *number
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_table_is_away_every_job_stays_in_the_queue_and_is_done_once_after() {
    let mut taps = Taps::start().await;
    let bob = Bob::signs_in(&taps).await;
    let (_, first) = bob.orders(&mut taps, "1").await;
    let (_, second) = bob.orders(&mut taps, "2").await;
    assert_eq!(
        taps.lambda
            .invoke("changes", &batch(&[&first, &second]))
            .await,
        done()
    );
    let number = |record: &Value| record["dynamodb"]["NewImage"]["number"]["S"].clone();
    let (one, two) = (number(&first), number(&second));
    let one_job = taps
        .message("the first job", |job| job["data"]["orderNumber"] == one)
        .await;
    let two_job = taps
        .message("the second job", |job| job["data"]["orderNumber"] == two)
        .await;
    let event = batch(&[&one_job, &two_job]);

    let (away, _socket) = without_table(&taps.parts);
    let reply = away.invoke("notifications", &event).await;
    assert_eq!(
        reply,
        failed(&[&one_job["messageId"], &two_job["messageId"]])
    );
    assert_eq!(
        bob.sees(&taps, "/client-data/notifications").await["data"],
        json!([])
    );

    for _ in 0..2 {
        assert_eq!(taps.lambda.invoke("notifications", &event).await, done());
        let told = bob.sees(&taps, "/client-data/notifications").await;
        assert_eq!(told["data"].as_array().map(Vec::len), Some(2));
        for number in [&one, &two] {
            let subject = format!("Order {} is placed", number.as_str().unwrap());
            assert_eq!(taps.mails(&subject), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_fails_alone_and_the_others_are_delivered() {
    let taps = Taps::start().await;
    let bob = Bob::signs_in(&taps).await;
    let values = Values::from([
        ("CUSTOMER_ID", bob.id.clone()),
        ("ORDER_ID", "ord_06gvo8sbpppbp5q48o0tkrm23k".to_owned()),
        ("ORDER_NUMBER", "ORD-0Z75-A6BJ-EN8A".to_owned()),
    ]);
    let event = fill(&text("notifications/broken-body"), &values).unwrap();

    let reply = taps.lambda.invoke("notifications", &event).await;
    assert_eq!(reply, failed(&[&event["Records"][1]["messageId"]]));
    let told = bob.sees(&taps, "/client-data/notifications").await;
    let told = told["data"].as_array().expect("a list").iter();
    let told: Vec<_> = told.map(|notification| &notification["type"]).collect();
    assert_eq!(told, ["order.shipped", "customer.created"]);
    let outbox = taps.platform.outbox().newest_first();
    let mails: Vec<_> = outbox
        .iter()
        .map(|mail| (mail.to.as_slice(), mail.subject.as_str()))
        .collect();
    let bob = ["bob@acme.example".to_owned()];
    let shipped = "Order ORD-0Z75-A6BJ-EN8A is on its way";
    assert_eq!(
        mails,
        [
            (bob.as_slice(), shipped),
            (bob.as_slice(), "Welcome to Acme Outfitters")
        ]
    );
}
