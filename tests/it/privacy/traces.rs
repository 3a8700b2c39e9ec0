//! What an erasure does outside the customer's own partition, and what is kept for the books.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use portico_tests::provider::Person;
use portico_tests::{World, eventually};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, ResponseTemplate};

use super::scene::{self, AT_STRIPE, PASSWORD, Zephyrine};
use super::{erase, functions, invoke};
use crate::reservations::taken;

/// The items of one type of somebody's.
async fn items(world: &World, who: &str, kind: &str) -> Vec<Value> {
    let pk = format!("acme#C#{who}");
    let mut items = world.table_at_rest().await;
    items.retain(|item| item["pk"]["S"] == pk.as_str() && item["type"]["S"] == kind);
    items
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_keep_what_was_sold_and_paid_and_roughly_where_it_went() {
    let world = World::start().await;
    let zephyrine = Zephyrine::new(&world).await;
    let who = &zephyrine.account;
    let entries = items(&world, &who.id, "Transaction").await;
    let proof = json!({"password": PASSWORD});
    erase(&world, who, &proof).await.expect(202);

    let kept = items(&world, &who.id, "Transaction").await;
    let [before, after] = [&entries[0], &kept[0]];
    for member in [
        "id",
        "kind",
        "amount",
        "status",
        "method",
        "reference",
        "createdAt",
    ] {
        assert_eq!(before[member], after[member], "{member}");
    }
    assert_eq!(after["description"], json!({"NULL": true}));

    let staff = world.staff().await;
    let number = zephyrine.order["orderNumber"].as_str().unwrap();
    let path = format!("/storefront/order/process/{number}");
    let moved = world.post(&path, &json!({})).token(&staff.token);
    let moved = moved.send().await.expect(200);
    assert_eq!(moved["total"], zephyrine.order["total"]);
    assert_eq!(moved["customer"]["firstName"], "Erased");
    for (member, kept) in [
        ("state", "IL"),
        ("postalCode", "62"),
        ("country", "US"),
        ("city", ""),
    ] {
        assert_eq!(moved["shippingAddress"][member], kept, "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_gives_its_slot_back_and_addresses_and_accounts_elsewhere_are_free() {
    let world = World::start().await;
    let zephyrine = Zephyrine::new(&world).await;
    let who = &zephyrine.account;
    assert_eq!(taken(&world, "leg").await.len(), 12);
    let proof = json!({"password": PASSWORD});
    erase(&world, who, &proof).await.expect(202);
    let table = world.table_at_rest().await;
    assert!(taken(&world, "leg").await.is_empty());
    let number = zephyrine.booking["name"].as_str().unwrap();
    let pointer = format!("acme#RESERVATION#{number}");
    assert!(table.iter().all(|item| item["pk"]["S"] != pointer.as_str()));

    let anew = world.sign_up("acme", scene::EMAIL).await;
    assert_ne!(anew.id, who.id);
    let orders = world.get("/client-data/orders").token(&anew.token);
    assert_eq!(orders.send().await.expect(200)["data"], json!([]));
    let person = Person::new("zeph.provider@quill.example");
    let session = world.sign_in_with("google", &person).await.expect(200);
    assert_ne!(session["user"]["sk"], who.id.as_str());
    assert!(!zephyrine.backup.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn stripe_is_asked_until_it_has_forgotten_and_all_else_is_gone_meanwhile() {
    let world = World::start().await;
    let zephyrine = Zephyrine::new(&world).await;
    let who = &zephyrine.account;
    let is_up = Arc::new(AtomicBool::new(false));
    let up = is_up.clone();
    let stripe = Mock::given(method("DELETE")).and(path(format!("/v1/customers/{AT_STRIPE}")));
    let stripe = stripe.respond_with(move |_: &wiremock::Request| {
        let status = if up.load(SeqCst) { 200 } else { 500 };
        ResponseTemplate::new(status).set_body_json(json!({"id": AT_STRIPE, "deleted": true}))
    });
    stripe.with_priority(1).mount(world.vendors()).await;
    let proof = json!({"password": PASSWORD});
    erase(&world, who, &proof).await.expect(202);
    let left = [
        "OrderRow",
        "PaymentMethods",
        "Transaction",
        "Dashboard",
        "Erasure",
        "Order",
        "TransactionReference",
    ];
    let pk = format!("acme#C#{}", who.id);
    eventually("all else is gone", async || {
        let table = world.table().await.into_iter();
        let own = table.filter(|item| item["pk"]["S"] == pk.as_str());
        let kinds = own.map(|item| item["type"]["S"].as_str().unwrap().to_owned());
        (kinds.collect::<Vec<_>>() == left).then_some(())
    })
    .await;
    let task = json!({"orgid": "acme", "customer": who.id, "kind": "erase"});
    let functions = functions(&world).await;
    assert!(!invoke(&functions, "privacy", &task).await);
    is_up.store(true, SeqCst);
    for _ in 0..2 {
        // The second time there is nothing left to be asked for.
        assert!(invoke(&functions, "privacy", &task).await);
    }
    let asked = world.vendors().received_requests().await.unwrap();
    let deleted = asked.iter().filter(|ask| ask.method == "DELETE");
    let told = deleted
        .filter(|ask| ask.url.path().ends_with(AT_STRIPE))
        .count();
    assert!(told > 1, "{told}");
}
