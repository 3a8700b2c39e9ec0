//! Checkout: once for each key, never more than there is.

use portico_tests::{World, assert_unchanged, checkout_body};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_answers_the_same_order_and_says_that_it_does() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let cart = world.cart(&bob, "MUG-BLUE", 1).await;
    let first = world.checkout(&bob, &cart, "k").await;
    let again = world.checkout(&bob, &cart, "k").await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(first.headers.get("idempotent-replayed"), None);
    assert_eq!(
        again.headers.get("idempotent-replayed").map(String::as_str),
        Some("true")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_for_another_request_is_refused() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let (one, two) = (
        world.cart(&bob, "MUG-BLUE", 1).await,
        world.cart(&bob, "MUG-BLUE", 2).await,
    );
    world.checkout(&bob, &one, "k").await.expect(201);
    let stock = world.stock("acme", "MUG-BLUE").await;
    world
        .checkout(&bob, &two, "k")
        .await
        .expect_problem(422, "idempotency_key_reused");
    let mut other = checkout_body(&one);
    other["customer"]["firstName"] = json!("Anna");
    let other = world
        .post("/storefront/checkout-cart", &other)
        .token(&bob.token)
        .header("idempotency-key", "k");
    other
        .send()
        .await
        .expect_problem(422, "idempotency_key_reused");
    assert_eq!(world.stock("acme", "MUG-BLUE").await, stock);
    // Another key finds the cart closed; another customer may use the same key.
    world
        .checkout(&bob, &one, "k2")
        .await
        .expect_problem(409, "cart_closed");
    let ann = world.customer("acme", "ann@acme.example").await;
    let hers = world.cart(&ann, "MUG-BLUE", 1).await;
    world.checkout(&ann, &hers, "k").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_requests_with_one_key_at_once_place_one_order() {
    let world = std::sync::Arc::new(World::start().await);
    let bob = world.customer("acme", "bob@acme.example").await;
    let cart = world.cart(&bob, "MUG-BLUE", 3).await;
    let before = world.stock("acme", "MUG-BLUE").await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (world, bob, cart) = (world.clone(), bob.clone(), cart.clone());
        requests.spawn(async move { world.checkout(&bob, &cart, "same").await.expect(201) });
    }
    let orders = requests.join_all().await;
    assert!(orders.iter().all(|order| *order == orders[0]));
    assert_eq!(
        world.stock("acme", "MUG-BLUE").await,
        (before.0 - 3, before.1 + 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_who_want_the_last_one_exactly_one_gets_it() {
    let world = std::sync::Arc::new(World::start().await);
    let sku = "TEE-MERINO-L-FERN";
    assert_eq!(world.stock("acme", sku).await, (1, 0));
    let mut shoppers = Vec::new();
    for n in 0..20 {
        let who = world.sign_up("acme", &format!("last{n}@example.com")).await;
        let cart = world.cart(&who, sku, 1).await;
        shoppers.push((who, cart));
    }
    let mut requests = tokio::task::JoinSet::new();
    for (who, cart) in shoppers {
        let world = world.clone();
        requests.spawn(async move { world.checkout(&who, &cart, "1").await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = requests
        .join_all()
        .await
        .into_iter()
        .partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        let problem = answer.expect_problem(409, "out_of_stock");
        assert_eq!(
            problem["details"],
            json!([{"field": sku, "message": format!("0 of {sku} left"), "code": "out_of_stock"}])
        );
    }
    assert_eq!(world.stock("acme", sku).await, (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_cannot_be_done_changes_nothing() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let cart = world.cart(&bob, "MUG-BLUE", 2).await;
    let empty = world
        .post("/storefront/cart/update/new", &json!({"productItems": []}))
        .token(&bob.token);
    let empty = empty.send().await.expect(200)["cartId"]
        .as_str()
        .unwrap()
        .to_owned();
    let before = world.table_at_rest().await;

    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut body = checkout_body(&cart);
        change(&mut body);
        world
            .post("/storefront/checkout-cart", &body)
            .token(&bob.token)
    };
    let keyed =
        |change: &dyn Fn(&mut serde_json::Value)| with(change).header("idempotency-key", "never");
    with(&|_| ())
        .send()
        .await
        .expect_problem(400, "idempotency_key_required");
    let wrong = keyed(&|body| body["expectedTotal"] = json!(24.99))
        .send()
        .await;
    let problem = wrong.expect_problem(409, "amount_mismatch");
    assert_eq!(problem["message"], "the total is 25.00 USD, not 24.99 USD");
    keyed(&|body| body["expectedTotal"] = json!(-1))
        .send()
        .await
        .expect_problem(422, "validation_failed");
    keyed(&|body| body["paymentMethod"] = json!("barter"))
        .send()
        .await
        .expect_problem(400, "invalid_body");
    keyed(&|body| body["customer"]["email"] = json!("no address"))
        .send()
        .await
        .expect_problem(422, "validation_failed");
    keyed(&|body| body["cartId"] = json!("crt_x"))
        .send()
        .await
        .expect_problem(404, "not_found");
    keyed(&|body| body["cartId"] = json!(empty))
        .send()
        .await
        .expect_problem(409, "cart_empty");
    assert_unchanged(&before, &world.table_at_rest().await);
    let right = keyed(&|body| body["expectedTotal"] = json!(25))
        .send()
        .await
        .expect(201);
    assert_eq!(right["shippingAddress"]["postalCode"], "62701");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_orders_without_an_account_and_finds_the_order_by_its_number() {
    let world = World::start().await;
    let lines = json!({"productItems": [{"sku": "MUG-BLUE", "quantity": 1}]});
    let cart = world
        .post("/storefront/cart/update/new", &lines)
        .send()
        .await
        .expect(200);
    let mut body = checkout_body(cart["cartId"].as_str().unwrap());
    body["authorId"] = cart["authorId"].clone();
    let order = world
        .post("/storefront/checkout-cart", &body)
        .header("idempotency-key", "g")
        .send()
        .await
        .expect(201);
    let (guest, number) = (
        cart["authorId"].as_str().unwrap(),
        order["orderNumber"].as_str().unwrap(),
    );
    let by_guest = world
        .get(&format!("/storefront/order/get/{guest}/{number}"))
        .send()
        .await
        .expect(200);
    let by_mail = world
        .get(&format!(
            "/storefront/order/email/ann@acme.example/{number}"
        ))
        .send()
        .await
        .expect(200);
    assert_eq!((&by_guest, &by_mail), (&order, &order));
    let listed = world
        .get(&format!("/storefront/orders/get/{guest}"))
        .send()
        .await
        .expect(200);
    assert_eq!(listed["data"][0]["orderNumber"], number);
    let wrong = world
        .get(&format!(
            "/storefront/order/email/bob@acme.example/{number}"
        ))
        .send()
        .await;
    let missing = world
        .get("/storefront/order/email/ann@acme.example/ORD-0000-0000-0000")
        .send()
        .await;
    assert_eq!(wrong.anonymous(), missing.anonymous());
    wrong.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_who_ship_an_order_at_once_one_does() {
    let world = std::sync::Arc::new(World::start().await);
    let (bob, staff) = (
        world.customer("acme", "bob@acme.example").await,
        world.staff().await,
    );
    // Another order of the same sku keeps stock reserved: it must not be shipped with this one.
    for key in ["other", "this"] {
        let cart = world.cart(&bob, "FLEECE-M", 4).await;
        world.checkout(&bob, &cart, key).await.expect(201);
    }
    let orders = world
        .get("/client-data/orders")
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    let number = orders["data"][0]["orderNumber"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/storefront/order/process/{number}");
    world
        .post(&path, &json!({}))
        .token(&staff.token)
        .send()
        .await
        .expect(200);
    let (available, reserved) = world.stock("acme", "FLEECE-M").await;

    let mut requests = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (world, staff, number) = (world.clone(), staff.clone(), number.clone());
        requests.spawn(async move {
            let body = json!({"carrier": "ups", "tracking": n.to_string()});
            let path = format!("/storefront/order/ship/{number}");
            world.post(&path, &body).token(&staff.token).send().await
        });
    }
    let answers = requests.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(done.len(), 1);
    assert!(
        refused.iter().all(|answer| answer.status == 409),
        "{refused:?}"
    );
    assert_eq!(
        world.stock("acme", "FLEECE-M").await,
        (available, reserved - 4)
    );
    let id = orders["data"][0]["id"].as_str().unwrap();
    let order = world
        .get(&format!("/client-data/orders/{id}"))
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    assert_eq!(order["shipment"], done[0].body["shipment"]);
    assert_eq!(order["history"].as_array().unwrap().len(), 3);
}
