//! Everything at once is what the single lists are.

use portico_shared::ids::OrderId;
use portico_tests::{Account, World};
use serde_json::{Value, json};

use crate::privacy::scene::Zephyrine;

/// Each key and its own list.
const LISTS: [(&str, &str); 11] = [
    ("orders", "/client-data/orders?pageSize=200"),
    ("addresses", "/client-data/addresses"),
    ("notifications", "/client-data/notifications?pageSize=200"),
    ("wishlist", "/client-data/wishlist"),
    ("paymentMethods", "/client-data/payment-methods"),
    ("tickets", "/client-data/tickets?pageSize=200"),
    ("conversations", "/client-data/conversations?pageSize=200"),
    ("enrollments", "/client-data/benefits/enrollments"),
    ("reservations", "/client-data/reservations?pageSize=200"),
    ("transactions", "/client-data/transactions?pageSize=200"),
    ("files", "/client-data/files?pageSize=200"),
];

async fn get(world: &World, who: &Account, path: &str) -> Value {
    world.get(path).token(&who.token).send().await.expect(200)
}

/// Holds every collection of the answers to its own list.
async fn assert_same(world: &World, who: &Account, answers: &[Value]) {
    for (key, list) in LISTS {
        let own = get(world, who, list).await;
        let mut all = answers.iter().filter_map(|answer| answer.get(key));
        let section = all.next().unwrap_or_else(|| panic!("{key} is there"));
        assert!(all.next().is_none(), "{key} is there once");
        assert_eq!(section["data"], own["data"], "{key}");
        let more = own["hasNext"].as_bool().unwrap_or(false);
        assert_eq!(section["hasMore"], more, "{key}");
    }
    let profiles: Vec<&Value> = answers
        .iter()
        .filter_map(|all| all.get("profile"))
        .collect();
    assert_eq!(profiles, [&get(world, who, "/client-data/profile").await]);
}

/// All answers, from the first to the last.
async fn everything(world: &World, who: &Account) -> Vec<Value> {
    let mut answers = vec![get(world, who, "/client-data/all").await];
    while let Some(next) = answers.last().unwrap()["next"].as_str() {
        let path = format!("/client-data/all?cursor={next}");
        answers.push(get(world, who, &path).await);
    }
    answers
}

/// Puts copies of one order's row under new ids.
async fn multiply_orders(world: &World, who: &Account, by: usize, title: &str) {
    let peer = world.peer();
    let items = peer.items().await;
    let pk = format!("acme#C#{}", who.id);
    let row = items
        .iter()
        .find(|item| item["pk"]["S"] == pk.as_str() && item["type"]["S"] == "OrderRow")
        .expect("an order");
    let row_of = |_: usize| {
        let (mut row, id) = (row.clone(), OrderId::generate());
        row["sk"] = json!({"S": format!("ORDERROW#{id}")});
        row["id"] = json!({"S": id});
        row["title"] = json!({"S": title});
        json!({"PutRequest": {"Item": row}})
    };
    let rows: Vec<Value> = (0..by).map(row_of).collect();
    for part in rows.chunks(25) {
        let mut tables = serde_json::Map::new();
        tables.insert(peer.table.clone(), json!(part));
        peer.call("BatchWriteItem", &json!({"RequestItems": tables}))
            .await;
    }
}

async fn somebody_with_everything(world: &World) -> Account {
    let who = world.sign_up("acme", "all@example.com").await;
    let cart = world.cart(&who, "MUG-RED", 1).await;
    world.checkout(&who, &cart, "all").await.expect(201);
    for primary in [false, true, false] {
        let body = json!({"street1": "1 Main St", "city": "Springfield", "country": "US", "primary": primary});
        let ask = world.post("/client-data/addresses", &body);
        ask.token(&who.token).send().await.expect(201);
    }
    let products = world.get("/storefront/products").send().await.expect(200);
    for product in products["data"].as_array().unwrap().iter().take(3) {
        let path = format!("/client-data/wishlist/{}", product["id"].as_str().unwrap());
        let ask = world.post(&path, &json!({}));
        ask.token(&who.token).send().await.expect(200);
    }
    world.table_at_rest().await;
    who
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_is_one_answer_and_every_collection_is_its_own_list() {
    let world = World::start().await;
    let who = somebody_with_everything(&world).await;
    let answers = everything(&world, &who).await;
    assert_eq!(answers.len(), 1);
    let counts = |key: &str| answers[0][key]["data"].as_array().unwrap().len();
    assert_eq!(
        LISTS.map(|(key, _)| counts(key)),
        [1, 3, 2, 3, 0, 0, 0, 0, 0, 0, 0],
        "orders, addresses, notifications, wishes; the others are in the next test"
    );
    assert_same(&world, &who, &answers).await;

    // Nothing of what is not shown is read: a session, a cart and an order of 3 KB are.
    let all = world.get("/client-data/all").token(&who.token).send().await;
    let (round_trips, read, _) = all.cost();
    assert_eq!((round_trips, read), (1.0, 0.5));

    let stranger = world.sign_up("acme", "other@example.com").await;
    let theirs = get(&world, &stranger, "/client-data/all").await;
    assert_eq!(theirs["orders"], json!({"data": [], "hasMore": false}));
    assert_eq!(theirs["profile"]["email"], "other@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_megabyte_comes_in_several_answers_and_no_collection_is_divided() {
    let world = World::start().await;
    let who = somebody_with_everything(&world).await;
    multiply_orders(&world, &who, 1_000, "Mug").await;
    let answers = everything(&world, &who).await;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["orders"]["data"].as_array().unwrap().len(), 200);
    assert_same(&world, &who, &answers).await;

    // Rows of 4 KB: the first megabyte ends in the orders.
    multiply_orders(&world, &who, 300, &"long ".repeat(800)).await;
    let answers = everything(&world, &who).await;
    assert_eq!(answers.len(), 2);
    assert!(answers[0].get("orders").is_some() && answers[1].get("orders").is_none());
    assert!(answers[0].get("addresses").is_none());
    assert_same(&world, &who, &answers).await;

    // A cursor is good for who got it.
    let stranger = world.sign_up("acme", "other@example.com").await;
    let next = answers[0]["next"].as_str().unwrap();
    let path = format!("/client-data/all?cursor={next}");
    let refused = world.get(&path).token(&stranger.token).send().await;
    assert_eq!(refused.expect(400)["code"], "invalid_cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_one_of_everything_is_shown_it_as_the_lists_do_and_nothing_that_is_hidden() {
    let world = World::start().await;
    let zephyrine = Zephyrine::new(&world).await;
    let who = &zephyrine.account;
    let answers = everything(&world, who).await;
    assert_same(&world, who, &answers).await;
    for (key, _) in LISTS {
        assert_ne!(answers[0][key]["data"], json!([]), "{key}");
    }
    let members = answers[0].as_object().unwrap().keys().map(String::as_str);
    let mut known: Vec<&str> = LISTS.iter().map(|(key, _)| *key).collect();
    known.extend(["next", "profile"]);
    known.sort_unstable();
    assert_eq!(members.collect::<Vec<_>>(), known);
}
