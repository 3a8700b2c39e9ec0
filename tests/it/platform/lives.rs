//! One data folder, several lives of the platform: after a shutdown, and after it was killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambda_http::LambdaEvent;
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_local::{EmbeddedAws, EventFn, Function, Functions, Options, Platform, Template};
use portico_tests::{World, assert_unchanged, eventually, root};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

/// The platform on a folder, as `make dev` starts it; its functions may be exchanged.
async fn start(
    folder: &Path,
    template: PathBuf,
    exchange: impl FnOnce(&mut Functions),
) -> Platform {
    let options = Options {
        data_dir: Some(folder.to_owned()),
        ..Options::temporary(template)
    };
    let template = Template::load(&options.template).expect("the template is good");
    let aws = EmbeddedAws::start(&options, &template).expect("the embedded services start");
    let parts = Parts::connect(&aws).await.expect("the functions connect");
    parts.seed_once().await.expect("the demo data loads");
    let mut functions = parts.functions().expect("every function is there");
    exchange(&mut functions);
    Platform::start(aws, functions, document(), &options).expect("the platform starts")
}

/// Nothing is on its way any more: neither on the stream nor in the queue.
///
/// A status looks at the queue first and at the stream after; what moves from the stream into the queue
/// between the two is seen by the look after that.
async fn at_rest(world: &World) {
    let is_at_rest = async || {
        let status = world.get("/_local/status").send().await.expect(200);
        let rest = json!({"visible": 0, "inFlight": 0, "delayed": 0});
        status["streams"]["changes"]["records"] == 0
            && status["queues"]["portico-jobs-queue"] == rest
    };
    eventually("everything is delivered", async || {
        (is_at_rest().await && is_at_rest().await).then_some(())
    })
    .await;
}

fn subjects(world: &World) -> Vec<String> {
    let outbox = world.platform.outbox().newest_first();
    outbox.iter().map(|mail| mail.subject.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_outlives_a_restart_and_the_demo_comes_once() {
    let folder = TempDir::new().unwrap();
    let template = || root().join("template.yaml");
    let mut world = World::start().await;
    world.platform = start(folder.path(), template(), |_| {}).await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let open = world.cart(&bob, "FLEECE-S", 1).await;
    let cart = world.cart(&bob, "MUG-BLUE", 2).await;
    let order = world.checkout(&bob, &cart, "1").await.expect(201);
    at_rest(&world).await;
    let orders = async |world: &World, email: &str| {
        let who = world.customer("acme", email).await;
        let orders = world.get("/client-data/orders").token(&who.token);
        let orders = orders.send().await.expect(200);
        let orders = orders["data"].as_array().unwrap().iter();
        orders.map(|order| order["id"].clone()).collect::<Vec<_>>()
    };
    let of_ann = orders(&world, "ann@acme.example").await;
    assert_eq!(of_ann.len(), 2, "the demo's orders");
    at_rest(&world).await;
    let (table, mails) = (world.table().await, subjects(&world));

    world.platform.shutdown().await;
    world.platform = start(folder.path(), template(), |_| {}).await;
    at_rest(&world).await;
    assert_unchanged(&table, &world.table().await);
    assert_eq!(subjects(&world), mails);
    assert_eq!(orders(&world, "ann@acme.example").await, of_ann);
    assert_eq!(
        orders(&world, "bob@acme.example").await,
        [order["id"].clone()]
    );
    // Tokens of before are still good, and sessions go on.
    let mine = async |path: &str| world.get(path).token(&bob.token).send().await.expect(200);
    let seen = mine(&format!(
        "/client-data/orders/{}",
        order["id"].as_str().unwrap()
    ))
    .await;
    assert_eq!(seen, order);
    let seen = mine("/client-data/dashboard").await;
    assert_eq!(seen["orders"], json!({"total": 1, "byStatus": {"new": 1}}));
    let seen = mine(&format!("/storefront/cart/get/{}", bob.id)).await;
    assert_eq!(seen["cartId"], open.as_str());
    let body = json!({"refresh_token": bob.refresh});
    let session = world.post("/profile/customer/refresh", &body);
    assert_eq!(
        session.send().await.expect(200)["user"]["sk"],
        bob.id.as_str()
    );
    // An order that was placed is not placed again.
    let again = world.checkout(&bob, &cart, "1").await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), order);
}

/// Where the platform is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The function was called and has done nothing yet.
    Before,
    /// It has done everything, and nobody knows.
    After,
}

/// A function that never returns once it is given what the test waits for.
fn dying(function: EventFn, moment: Moment, sign: &'static str, reached: Arc<Notify>) -> EventFn {
    Arc::new(move |event: LambdaEvent<Value>| {
        let (function, reached) = (function.clone(), reached.clone());
        Box::pin(async move {
            if !event.payload.to_string().contains(sign) {
                return function(event).await;
            }
            if moment == Moment::After {
                function(event).await?;
            }
            reached.notify_one();
            std::future::pending().await
        })
    })
}

/// The template with jobs that come back a second after whoever took them died, not three minutes.
fn impatient(folder: &Path) -> PathBuf {
    let template = fs::read_to_string(root().join("template.yaml")).expect("the template");
    let impatient = template.replace("VisibilityTimeout: 180", "VisibilityTimeout: 1");
    assert_ne!(impatient, template);
    let file = folder.join("template.yaml");
    fs::write(&file, impatient).expect("a file");
    file
}

async fn a_kill_loses_nothing_and_repeats_nothing(name: &'static str, moment: Moment) {
    let (folder, templates) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let template = impatient(templates.path());
    let reached = Arc::new(Notify::new());
    let mut world = World::start().await;
    world.platform = start(folder.path(), template.clone(), |functions| {
        let Some(Function::Events(function)) = functions.remove(name) else {
            panic!("{name} takes events");
        };
        let dying = dying(function, moment, "kim@acme.example", reached.clone());
        functions.insert(name.to_owned(), Function::Events(dying));
    })
    .await;
    let kim = world.sign_up("acme", "kim@acme.example").await;
    reached.notified().await;
    drop(world.platform);

    world.platform = start(folder.path(), template, |_| {}).await;
    let what = format!("the mail, after a kill of {name} {moment:?}");
    let welcomes = |world: &World| {
        let outbox = world.platform.outbox().newest_first();
        outbox
            .iter()
            .filter(|mail| mail.to == ["kim@acme.example"])
            .count()
    };
    eventually(&what, async || (welcomes(&world) > 0).then_some(())).await;
    at_rest(&world).await;
    assert_eq!(welcomes(&world), 1, "{what}");
    let told = world
        .get("/client-data/notifications")
        .token(&kim.token)
        .send()
        .await
        .expect(200);
    let told: Vec<_> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["type"].clone())
        .collect();
    assert_eq!(told, ["customer.created"], "{what}");
    let dashboard = world
        .get("/client-data/dashboard")
        .token(&kim.token)
        .send()
        .await
        .expect(200);
    assert_eq!(dashboard["notifications"], json!({"unread": 1}), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_before_changes_are_handled_loses_no_notification() {
    a_kill_loses_nothing_and_repeats_nothing("changes", Moment::Before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_before_handled_changes_are_checked_off_repeats_no_notification() {
    a_kill_loses_nothing_and_repeats_nothing("changes", Moment::After).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_before_a_job_is_done_loses_no_mail() {
    a_kill_loses_nothing_and_repeats_nothing("notifications", Moment::Before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_before_a_done_job_is_taken_off_the_queue_repeats_no_mail() {
    a_kill_loses_nothing_and_repeats_nothing("notifications", Moment::After).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_right_after_checkout_loses_no_mail() {
    let (folder, templates) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let template = impatient(templates.path());
    let mut world = World::start().await;
    world.platform = start(folder.path(), template.clone(), |_| {}).await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let cart = world.cart(&bob, "MUG-BLUE", 1).await;
    let order = world.checkout(&bob, &cart, "1").await.expect(201);
    drop(world.platform);

    world.platform = start(folder.path(), template, |_| {}).await;
    let subject = format!("Order {} is placed", order["orderNumber"].as_str().unwrap());
    eventually("the mail", async || {
        subjects(&world).contains(&subject).then_some(())
    })
    .await;
    at_rest(&world).await;
    let orders = world
        .get("/client-data/orders")
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    let orders: Vec<_> = orders["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["id"])
        .collect();
    assert_eq!(orders, [&order["id"]]);
    let dashboard = world
        .get("/client-data/dashboard")
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        dashboard["orders"],
        json!({"total": 1, "byStatus": {"new": 1}})
    );
    let told = world
        .get("/client-data/notifications")
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    let told: Vec<_> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n["title"] == subject)
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(
        subjects(&world)
            .iter()
            .filter(|sent| **sent == subject)
            .count(),
        1
    );
}
