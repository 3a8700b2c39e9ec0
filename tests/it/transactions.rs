//! The payment history: what an operator records, and what a customer sees of it.

use portico_tests::{Account, World, assert_unchanged};
use serde_json::{Value, json};

use crate::operator::portico;

/// Records for Bob at acme: type, amount, method, status, reference and time.
async fn record(world: &World, entry: &str) -> Result<String, String> {
    let names = ["type", "amount", "method", "status", "reference", "at"];
    let pairs = names.iter().zip(entry.split(' '));
    let given: Vec<_> = pairs
        .map(|(name, value)| format!("--{name}={value}"))
        .collect();
    let mut arguments = vec!["transactions", "record", "acme", "--email=Bob@acme.example"];
    arguments.extend(given.iter().map(String::as_str));
    portico(world, &arguments)
        .await
        .map_err(|error| error.to_string())
}

/// Four entries, the last of which happened first.
async fn bob_with_a_history(world: &World) -> Account {
    for entry in [
        "payment 25.00 card succeeded A 2026-05-01T00:00:00Z",
        "refund 5 card pending A 2026-05-02T10:00:00Z",
        "wallet_credit 7.5 wallet succeeded C 2026-05-02T23:59:59.999Z",
        "payment 0 bank_transfer failed D 2026-04-30T23:59:59.999Z",
    ] {
        let told = record(world, entry).await.unwrap();
        assert!(told.starts_with("Recorded the "), "{told}");
    }
    world.customer("acme", "bob@acme.example").await
}

async fn list(world: &World, who: &Account, query: &str) -> Value {
    let path = format!("/client-data/transactions?{query}");
    let ask = world.ask(&http::Method::GET, &path).org(&who.org);
    ask.token(&who.token).send().await.expect(200)
}

fn references(page: &Value) -> Vec<&str> {
    let entries = page["data"].as_array().unwrap().iter();
    entries
        .map(|one| one["reference"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_records_is_seen_by_its_customer_alone_where_it_happened() {
    let world = World::start().await;
    let bob = bob_with_a_history(&world).await;
    let all = list(&world, &bob, "").await;
    assert_eq!(references(&all), ["C", "A", "A", "D"]);
    let mut newest = all["data"][0].clone();
    assert!(newest["id"].as_str().unwrap().starts_with("txn_"));
    newest["id"] = Value::Null;
    assert_eq!(
        newest,
        json!({
            "id": null, "type": "wallet_credit", "amount": 7.5, "currency": "USD", "status": "succeeded",
            "method": "wallet", "reference": "C", "description": null, "createdAt": "2026-05-02T23:59:59.999Z",
        })
    );
    for org in ["acme", "globex"] {
        let other = world.customer(org, "ann@acme.example").await;
        assert_eq!(list(&world, &other, "").await["total"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payment_history_is_filtered_and_comes_in_pages() {
    let world = World::start().await;
    let bob = bob_with_a_history(&world).await;
    for (query, expected) in [
        ("order=asc", &["D", "A", "A", "C"][..]),
        ("type=payment", &["A", "D"]),
        ("type=payment,refund&method=card", &["A", "A"]),
        ("status=succeeded", &["C", "A"]),
        ("paymentMethod=bank_transfer,wallet", &["C", "D"]),
        ("from=2026-05-01&to=2026-05-01", &["A"]),
        ("from=2026-05-02", &["C", "A"]),
        ("to=2026-05-02", &["C", "A", "A", "D"]),
        ("dateTo=2026-05-01T02:00:00%2B02:00", &["A", "D"]),
        ("type=payout", &[]),
    ] {
        let page = list(&world, &bob, query).await;
        assert_eq!(references(&page), expected, "{query}");
    }
    let page = list(&world, &bob, "page=2&pageSize=3").await;
    assert_eq!(references(&page), ["D"]);
    assert_eq!(
        (&page["total"], &page["hasNext"]),
        (&json!(4), &json!(false))
    );
    let first = list(&world, &bob, "pageSize=2").await;
    let next = format!("pageSize=2&cursor={}", first["next"].as_str().unwrap());
    assert_eq!(references(&list(&world, &bob, &next).await), ["A", "D"]);
    for (wrong, code) in [
        ("type=gift", "invalid_query"),
        ("status=paid", "invalid_query"),
        ("method=gold", "invalid_query"),
        ("from=tomorrow", "invalid_query"),
        ("to=2026-02-30", "invalid_query"),
        ("cursor=x", "invalid_cursor"),
    ] {
        let ask = world.get(&format!("/client-data/transactions?{wrong}"));
        ask.token(&bob.token).send().await.expect_problem(400, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_recorded_once_and_never_changed() {
    let world = World::start().await;
    record(
        &world,
        "payment 25.00 card succeeded ORD-1 2026-05-01T09:00:00Z",
    )
    .await
    .unwrap();
    let before = world.table_at_rest().await;
    for again in [
        "payment 25.00 card succeeded ORD-1 2026-05-01T09:00:00Z",
        "payment 25 card succeeded ORD-1 2026-05-01T09:00:01Z",
        "payment 25 card succeeded ORD-1",
    ] {
        let told = record(&world, again).await.unwrap();
        assert_eq!(
            told,
            "The payment ORD-1 was recorded before; nothing is changed.\n"
        );
    }
    let other = "the payment ORD-1 is recorded as 25.00 USD, card, succeeded";
    for (entry, why) in [
        ("payment 26 card succeeded ORD-1", other),
        ("payment 25 cash succeeded ORD-1", other),
        ("payment 25 card pending ORD-1", other),
        (
            "payment -1 card succeeded ORD-2",
            "--amount: \"-1\": not an amount in this currency",
        ),
        (
            "payment 1 card succeeded ORD-2 9000-01-01T00:00:00Z",
            "--at: 9000-01-01T00:00:00Z is yet to come",
        ),
    ] {
        assert_eq!(record(&world, entry).await.unwrap_err(), why);
    }
    let nobody = [
        "transactions",
        "record",
        "acme",
        "--email=nobody@acme.example",
        "--type=payment",
        "--amount=1",
        "--method=card",
        "--reference=ORD-3",
    ];
    let nobody = portico(&world, &nobody).await.unwrap_err();
    assert_eq!(
        nobody.to_string(),
        "nobody@acme.example is no customer of acme"
    );
    assert_unchanged(&before, &world.table_at_rest().await);
}
