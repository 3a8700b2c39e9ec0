//! Event functions whose time runs out: what was not begun comes back, what was done stays done.

use std::collections::BTreeSet;
use std::time::Duration;

use lambda_http::{Context, LambdaEvent};
use portico_local::functions::Parts;
use portico_local::{Function, Functions};
use portico_shared::aws::{Aws, CALL};
use portico_shared::deadline::MARGIN;
use portico_tests::{Account, Fault, Faults, Injection, World, unix_millis};
use serde_json::{Value, json};

/// Not enough to begin anything with.
const NO_TIME: Duration = MARGIN
    .saturating_add(CALL)
    .saturating_sub(Duration::from_millis(1));
/// Enough for what comes before the table falls silent, and for nothing after it.
const LITTLE_TIME: Duration = MARGIN
    .saturating_add(CALL)
    .saturating_add(Duration::from_secs(1));

struct Scene {
    world: World,
    faults: Faults,
    functions: Functions,
    customers: Vec<Account>,
}

impl Scene {
    async fn start() -> Self {
        let (world, faults) = World::start_with_faults_and_retries().await;
        let parts = Parts::connect(world.platform.aws()).await.unwrap();
        let mut endpoints = parts.aws.endpoints().clone();
        endpoints.dynamodb = Some(faults.url().to_owned());
        let functions = parts.with_aws(Aws::local(endpoints)).functions().unwrap();
        let mut customers = Vec::new();
        for name in ["one", "two", "three"] {
            customers.push(world.sign_up("acme", &format!("{name}@example.com")).await);
        }
        world.table_at_rest().await;
        Self {
            world,
            faults,
            functions,
            customers,
        }
    }

    /// What the function replies when it has so much time.
    async fn invoke(&self, name: &str, records: &[Value], time: Duration) -> Vec<String> {
        let Function::Events(function) = &self.functions[name] else {
            panic!("{name} takes events");
        };
        let mut context = Context::default();
        context.deadline = unix_millis(time);
        let event = LambdaEvent::new(json!({ "Records": records }), context);
        let reply = function(event).await.expect("a reply to the batch");
        let failures = reply["batchItemFailures"]
            .as_array()
            .expect("a list")
            .iter();
        let failures =
            failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned());
        failures.collect()
    }

    /// The places of the customers who have a dashboard.
    async fn dashboards(&self) -> Vec<usize> {
        let table = self.world.table().await;
        let has = |customer: &Account| {
            let pk = format!("acme#C#{}", customer.id);
            table
                .iter()
                .any(|item| item["pk"]["S"] == pk.as_str() && item["sk"]["S"] == "~DASHBOARD")
        };
        let customers = self.customers.iter().enumerate();
        customers
            .filter(|(_, customer)| has(customer))
            .map(|(place, _)| place)
            .collect()
    }

    /// To whom a mail with this subject went, as often as it did.
    fn mails(&self, subject: &str) -> Vec<String> {
        let outbox = self.world.platform.outbox().newest_first();
        let mails = outbox.iter().filter(|mail| mail.subject.contains(subject));
        let mut to: Vec<String> = mails.flat_map(|mail| mail.to.clone()).collect();
        to.retain(|to| to.ends_with("@example.com"));
        to.sort();
        to
    }
}

/// The stream's records of three customers: each one's account and welcome, in this order.
async fn records(scene: &Scene) -> Vec<Value> {
    let table = scene.world.table().await;
    let mut records = Vec::new();
    for customer in &scene.customers {
        let pk = format!("acme#C#{}", customer.id);
        for kind in ["Customer", "Notification"] {
            let mut items = table
                .iter()
                .filter(|item| item["pk"]["S"] == pk.as_str() && item["type"]["S"] == kind);
            let item = items.next().expect("the item is there");
            let sequence = (100 + records.len()).to_string();
            records.push(json!({
                "eventID": sequence, "eventName": "INSERT", "awsRegion": "us-east-1",
                "dynamodb": {
                    "Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item, "SizeBytes": 1,
                    "ApproximateCreationDateTime": 1_777_887_000, "SequenceNumber": sequence,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }));
        }
    }
    records
}

async fn forget_dashboards(scene: &Scene) {
    let peer = scene.world.peer();
    for customer in &scene.customers {
        let key =
            json!({"pk": {"S": format!("acme#C#{}", customer.id)}, "sk": {"S": "~DASHBOARD"}});
        let delete = json!({"TableName": peer.table, "Key": key});
        peer.call("DeleteItem", &delete).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_there_is_no_time_for_come_back_and_are_announced_once() {
    let scene = Scene::start().await;
    let records = records(&scene).await;
    forget_dashboards(&scene).await;
    assert_eq!(scene.invoke("changes", &records, NO_TIME).await, ["100"]);
    assert_eq!(scene.dashboards().await, [] as [usize; 0]);

    // Silent from the second customer on: one query a customer.
    let silence = Injection::of(Fault::Silence).on("Query").nth(2);
    scene.faults.inject(silence.times(usize::MAX));
    assert_eq!(
        scene.invoke("changes", &records, LITTLE_TIME).await,
        ["103"]
    );
    assert_eq!(scene.dashboards().await, [0]);

    scene.faults.heal();
    let rest = &records[3..];
    assert!(
        scene
            .invoke("changes", rest, Duration::from_mins(1))
            .await
            .is_empty()
    );
    assert_eq!(scene.dashboards().await, [0, 1, 2]);
    scene.world.table_at_rest().await;
    let once = ["one@example.com", "three@example.com", "two@example.com"];
    assert_eq!(scene.mails("Welcome"), once);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_there_is_no_time_for_come_back_and_each_is_one_mail() {
    let scene = Scene::start().await;
    let jobs: Vec<Value> = scene.customers.iter().zip(["one", "two", "three"]).map(|(customer, name)| {
        let body = json!({
            "id": format!("order.placed|acme#C#{}|~ORDER#1|1", customer.id), "orgid": "acme",
            "type": "order.placed", "at": "2026-05-04T09:30:00.125Z",
            "recipient": {"author": customer.id, "email": format!("{name}@example.com"), "name": name},
            "data": {"itemCount": 2, "orderId": "ord_1", "orderNumber": "ORD-0000-0000-0001",
                     "status": "new", "title": "Mug", "total": "25.00 USD"},
        });
        json!({"messageId": name, "body": body.to_string()})
    }).collect();
    let (everything, nothing) = (["one", "two", "three"], [] as [&str; 0]);
    assert_eq!(
        scene.invoke("notifications", &jobs, NO_TIME).await,
        everything
    );
    assert_eq!(scene.mails("ORD-0000"), nothing);

    // Silent from the second job on: a record is put for each.
    let silence = Injection::of(Fault::Silence).on("PutItem").nth(2);
    scene.faults.inject(silence.times(usize::MAX));
    let back = scene.invoke("notifications", &jobs, LITTLE_TIME).await;
    assert_eq!(back, ["two", "three"]);
    assert_eq!(scene.mails("ORD-0000"), ["one@example.com"]);

    scene.faults.heal();
    let minute = Duration::from_mins(1);
    assert_eq!(scene.invoke("notifications", &jobs, minute).await, nothing);
    let once: BTreeSet<String> = everything.map(|name| format!("{name}@example.com")).into();
    assert_eq!(
        scene.mails("ORD-0000"),
        once.into_iter().collect::<Vec<_>>()
    );
}
