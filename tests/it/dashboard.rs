//! The dashboard counts what there is, whatever becomes of the announcements on their way.

use std::collections::BTreeMap;

use portico_local::functions::aws;
use portico_local::{EmbeddedAws, Options, Template};
use portico_shared::domain::dashboard::{self, Dashboard, Touched};
use portico_shared::domain::notification::{Delivery, Notification};
use portico_shared::domain::order::{OrderRow, OrderStatus, PaymentStatus};
use portico_shared::ids::{CustomerId, NotificationId, OrderId};
use portico_shared::queue::{Job, Recipient};
use portico_shared::store::{
    Change, CustomerScope, Item, Partition as _, Shopper, Store, StreamImage, Write, metered,
};
use portico_tests::root;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// A table, and customers of its own.
struct Scene {
    store: Store,
    placed: Value,
    _embedded: EmbeddedAws,
}

impl Scene {
    fn start() -> Self {
        let options = Options::temporary(root().join("template.yaml"));
        let template = Template::load(&options.template).expect("the template is good");
        let embedded = EmbeddedAws::start(&options, &template).expect("the services start");
        let endpoints = embedded.endpoints();
        let file = root().join("events/changes/order-placed.json");
        let event = std::fs::read_to_string(file).expect("the event is there");
        let event = event.replace("${PRODUCT_ID}", "prd_06f1k3q8c9s7r2m4v5n6p7t8v8");
        let event: Value = serde_json::from_str(&event).expect("JSON");
        Self {
            store: Store::new(&aws(endpoints), &endpoints.table),
            placed: event["Records"][0]["dynamodb"]["NewImage"].clone(),
            _embedded: embedded,
        }
    }

    /// What the stream tells of an order that came to this status, or was placed.
    fn told(&self, scope: &CustomerScope, row: &OrderRow, before: Option<OrderStatus>) -> Touched {
        let image = |status: OrderStatus| {
            let mut image = self.placed.clone();
            for (name, text) in [
                ("id", row.id.as_str()),
                ("number", &row.number),
                ("status", status.as_str()),
                ("author", scope.customer().as_str()),
            ] {
                image[name] = json!({"S": text});
            }
            image["cart"] = json!({"S": "crt_06f1k3q8c9s7r2m4v5n6p7t8v8"});
            image
        };
        let before = before.map_or(json!({}), image);
        touched(
            scope,
            &format!("~ORDER#{}", row.id),
            before,
            image(row.status),
        )
        .expect("an order that moved shows")
    }
}

fn touched(scope: &CustomerScope, sk: &str, before: Value, after: Value) -> Option<Touched> {
    let keys = json!({"pk": {"S": format!("acme#C#{}", scope.customer())}, "sk": {"S": sk}});
    let image = |mut image: Value| -> StreamImage {
        if let Some(image) = image.as_object_mut().filter(|image| !image.is_empty()) {
            image.extend(keys.as_object().expect("an object").clone());
        }
        serde_json::from_value(image).expect("an image")
    };
    let change = Change::of(image(keys.clone()), image(before), image(after));
    dashboard::touched(&change.expect("a customer's"))
}

fn somebody() -> CustomerScope {
    let job = Job {
        id: String::new(),
        orgid: "acme".parse().expect("an org id"),
        kind: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
        recipient: Recipient {
            author: CustomerId::generate().to_string(),
            email: None,
            phone: None,
            name: None,
        },
        channels: Vec::new(),
        data: Value::Null,
    };
    match job.shopper() {
        Some(Shopper::Customer(scope)) => scope,
        _ => unreachable!("the author is a customer"),
    }
}

fn order(at: i64, seed: usize) -> OrderRow {
    let at = jiff::Timestamp::from_millisecond(at).expect("a time");
    OrderRow {
        id: OrderId::derived_at(at, &seed.to_be_bytes()),
        number: format!("ORD-0000-0000-{seed:04}"),
        status: OrderStatus::New,
        payment_status: PaymentStatus::Pending,
        total: "100 USD".parse().expect("money"),
        item_count: 1,
        title: "Mug".to_owned(),
        created_at: at,
    }
}

fn notification(seed: usize) -> Notification {
    let at = jiff::Timestamp::from_second(1_777_887_000).expect("a time");
    Notification {
        id: NotificationId::derived_at(at, &seed.to_be_bytes()),
        event: "order.placed".to_owned(),
        title: "A".to_owned(),
        body: "B".to_owned(),
        data: json!({}),
        read: false,
        created_at: at,
        mail: Delivery::None,
    }
}

/// Something that happens, or an announcement that arrives.
#[derive(Debug, Clone)]
enum Happening {
    /// An order is placed, or moves if it is there.
    Order(usize),
    /// A notification comes; is read, if it is there; is gone, if it was read.
    Notification(usize),
    /// The announcement of what happened earlier arrives, maybe once more.
    Arrival(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0..12_usize).prop_map(Happening::Order),
        (0..4_usize).prop_map(Happening::Notification),
        (0..60_usize).prop_map(Happening::Arrival),
    ]
}

/// What there is, as the test knows it.
#[derive(Default)]
struct Model {
    orders: BTreeMap<usize, OrderRow>,
    unread: BTreeMap<usize, bool>,
    announced: Vec<Touched>,
}

impl Model {
    async fn happen(&mut self, scene: &Scene, who: &CustomerScope, what: &Happening) {
        let store = &scene.store;
        match *what {
            Happening::Order(n) => {
                let there = self.orders.get(&n).map(|row| row.status);
                // Hours apart and not in the order of their ids.
                let at = 1_777_887_000_000 + i64::try_from(n * 7 % 12).unwrap() * 10_000_000;
                let row = self.orders.entry(n).or_insert_with(|| order(at, n));
                let Some(next) =
                    there.map_or(Some(OrderStatus::New), |is| is.next().first().copied())
                else {
                    return;
                };
                row.status = next;
                let put = Write::put(who.key(&Item::OrderRow(&row.id)), row);
                store.write(put).await.unwrap();
                self.announced.push(scene.told(who, row, there));
            }
            Happening::Notification(n) => {
                let mut is = notification(n);
                let key = who.key(&Item::Notification(&is.id));
                let sk = format!("NOTE#{}", is.id);
                let image = |is: &Notification| {
                    json!({
                        "type": {"S": "Notification"}, "v": {"N": "1"}, "id": {"S": is.id}, "event": {"S": is.event},
                        "title": {"S": "A"}, "body": {"S": "B"}, "data": {"M": {}}, "read": {"BOOL": is.read},
                        "createdAt": {"S": is.created_at}, "mail": {"S": "none"},
                    })
                };
                let told = match self.unread.get(&n) {
                    None => {
                        store.write(Write::put(key, &is)).await.unwrap();
                        self.unread.insert(n, true);
                        touched(who, &sk, json!({}), image(&is))
                    }
                    Some(true) => {
                        let before = image(&is);
                        is.read = true;
                        store.write(Write::put(key, &is)).await.unwrap();
                        self.unread.insert(n, false);
                        touched(who, &sk, before, image(&is))
                    }
                    Some(false) => {
                        store.write(Write::delete(key)).await.unwrap();
                        self.unread.remove(&n);
                        is.read = true;
                        // It counted for nothing, so nothing shows.
                        assert!(touched(who, &sk, image(&is), json!({})).is_none());
                        None
                    }
                };
                self.announced.extend(told);
            }
            Happening::Arrival(n) => {
                if let Some(told) = self.announced.get(n) {
                    let told = std::slice::from_ref(told);
                    dashboard::refresh(store, who, told).await.unwrap();
                }
            }
        }
    }

    fn expected(&self) -> (BTreeMap<String, u64>, u64, Vec<String>) {
        let mut by_status = BTreeMap::new();
        for row in self.orders.values() {
            *by_status.entry(row.status.as_str().to_owned()).or_insert(0) += 1;
        }
        let mut newest: Vec<&OrderRow> = self.orders.values().collect();
        newest.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id.as_str())));
        let newest = newest.iter().take(10).map(|row| row.id.to_string());
        let unread = self.unread.values().filter(|unread| **unread).count();
        (by_status, unread as u64, newest.collect())
    }
}

fn seen(dashboard: &Dashboard) -> (BTreeMap<String, u64>, u64, Vec<String>) {
    let recent = dashboard.recent_activity.iter();
    (
        dashboard.orders.by_status.clone(),
        dashboard.notifications.unread,
        recent.map(|entry| entry.reference.clone()).collect(),
    )
}

/// Announcements arrive late, again, out of order; the last ones all at once and backwards.
#[test]
fn whatever_happens_and_however_it_is_announced_the_dashboard_ends_as_a_recount() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scene = runtime.block_on(async { Scene::start() });
    let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
    let histories = prop::collection::vec(happening(), 0..60);
    let outcome = runner.run(&histories, |history| {
        runtime.block_on(async {
            let (who, mut model) = (somebody(), Model::default());
            for what in &history {
                model.happen(&scene, &who, what).await;
            }
            let backwards: Vec<Touched> = model.announced.iter().rev().cloned().collect();
            for batch in backwards.chunks(7) {
                dashboard::refresh(&scene.store, &who, batch).await.unwrap();
            }
            let followed = dashboard::get(&scene.store, &who).await.unwrap();
            prop_assert_eq!(seen(&followed), model.expected());
            dashboard::recount(&scene.store, &who).await.unwrap();
            let recounted = dashboard::get(&scene.store, &who).await.unwrap();
            prop_assert_eq!(followed, recounted);
            Ok(())
        })
    });
    outcome.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_costs_the_same_with_a_thousand_orders_and_a_repetition_writes_nothing() {
    const MANY: usize = 1_000;
    let (scene, who) = (Scene::start(), somebody());
    let rows: Vec<OrderRow> = (0..MANY)
        .map(|n| order(1_700_000_000_000 + i64::try_from(n).unwrap() * 60_000, n))
        .collect();
    for part in rows.chunks(100) {
        let puts = part
            .iter()
            .map(|row| Write::put(who.key(&Item::OrderRow(&row.id)), row));
        scene.store.transact(puts.collect()).await.unwrap();
    }
    let refresh = async |told: Touched| {
        let told = [told];
        let refreshed = Box::pin(dashboard::refresh(&scene.store, &who, &told));
        let (done, usage) = Box::pin(metered(refreshed)).await;
        done.unwrap();
        usage
    };
    // The first count divides them all.
    let first = scene.told(&who, &rows[0], None);
    assert!(refresh(first.clone()).await.read_units > 40.0);
    let mut moved = rows[432].clone();
    moved.status = OrderStatus::Processing;
    let put = Write::put(who.key(&Item::OrderRow(&moved.id)), &moved);
    scene.store.write(put).await.unwrap();
    let told = scene.told(&who, &moved, Some(OrderStatus::New));
    let usage = refresh(told.clone()).await;
    assert_eq!(usage.round_trips, 3);
    assert!(usage.read_units <= 22.0, "{usage:?}");
    let again = refresh(told).await;
    assert_eq!((again.round_trips, again.write_units), (2, 0.0));

    let read = Box::pin(dashboard::get(&scene.store, &who));
    let (dashboard, usage) = Box::pin(metered(read)).await;
    let dashboard = dashboard.unwrap();
    let by_status = [("new".to_owned(), 999), ("processing".to_owned(), 1)];
    assert_eq!(dashboard.orders.by_status, BTreeMap::from(by_status));
    assert_eq!(dashboard.orders.total, 1_000);
    assert_eq!((usage.round_trips, usage.read_units), (1, 0.5));
    let newest = rows[MANY - 10..].iter().rev().map(|row| row.id.to_string());
    assert_eq!(seen(&dashboard).2, newest.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_dashboard_counts_nothing_any_more() {
    let (scene, who) = (Scene::start(), somebody());
    let row = order(1_777_887_000_000, 1);
    let put = Write::put(who.key(&Item::OrderRow(&row.id)), &row);
    scene.store.write(put).await.unwrap();
    let told = [scene.told(&who, &row, None)];
    dashboard::refresh(&scene.store, &who, &told).await.unwrap();
    let get = async || dashboard::get(&scene.store, &who).await.unwrap();
    assert_eq!(get().await.orders.total, 1);
    dashboard::close(&scene.store, &who).await.unwrap();
    dashboard::refresh(&scene.store, &who, &told).await.unwrap();
    dashboard::recount(&scene.store, &who).await.unwrap();
    assert_eq!(get().await.orders.total, 0);
    assert_eq!(get().await.recent_activity, []);
}
