//! Carts: the server's prices, the server's stock, and whose they are.

use http::Method;
use portico_tests::{World, assert_unchanged};
use serde_json::{Value, json};

fn lines(lines: &[(&str, u32)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity}))
        .collect();
    json!({"productItems": lines})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_above_stock_is_reduced_and_one_without_stock_left_out_and_the_cart_says_so() {
    let world = World::start().await;
    let wanted = lines(&[
        ("LANTERN-BLACK", 5),
        ("BOTTLE-750-NIGHT", 1),
        ("MUG-BLUE", 1),
    ]);
    let cart = world
        .post("/storefront/cart/update/new", &wanted)
        .send()
        .await
        .expect(200);
    let kept: Vec<_> = cart["productItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| (&l["sku"], &l["quantity"]))
        .collect();
    assert_eq!(
        kept,
        [
            (&json!("LANTERN-BLACK"), &json!(2)),
            (&json!("MUG-BLUE"), &json!(1))
        ]
    );
    assert_eq!(
        cart["warnings"],
        json!([
            {"sku": "LANTERN-BLACK", "code": "quantity_reduced", "message": "only 2 are left"},
            {"sku": "BOTTLE-750-NIGHT", "code": "out_of_stock", "message": "it is out of stock"},
        ])
    );
    assert_eq!(cart["subtotal"], 2.0 * 34.5 + 12.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_products_policy_decides_whether_too_many_are_refused_or_owed() {
    let world = World::start().await;
    let denied = world
        .post("/storefront/cart/update/new", &lines(&[("KNIFE-50TH", 6)]))
        .send()
        .await;
    let problem = denied.expect_problem(409, "out_of_stock");
    assert_eq!(problem["details"][0]["field"], "KNIFE-50TH");
    assert_eq!(problem["details"][0]["message"], "5 of KNIFE-50TH left");
    let owed = world
        .post("/storefront/cart/update/new", &lines(&[("TENT-CANVAS", 3)]))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&owed["itemCount"], &owed["warnings"]),
        (&json!(3), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_sku_is_named_and_changes_nothing() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let id = world.cart(&ann, "MUG-BLUE", 1).await;
    let before = world.table_at_rest().await;
    let path = format!("/storefront/cart/update/{id}");
    let refused = world
        .post(&path, &lines(&[("MUG-BLUE", 2), ("NO-SUCH", 1)]))
        .token(&ann.token)
        .send()
        .await;
    let problem = refused.expect_problem(400, "unknown_sku");
    assert_eq!(problem["details"][0]["field"], "productItems[1].sku");
    assert_unchanged(&before, &world.table_at_rest().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_replaces_the_cart_and_adds_up_lines_of_one_sku_and_options() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let id = world.cart(&ann, "MUG-BLUE", 1).await;
    let body = json!({"productItems": [
        {"sku": "MUG-RED", "quantity": 1},
        {"sku": "MUG-RED", "quantity": 2, "options": {}},
        {"sku": "MUG-RED", "quantity": 1, "options": {"engraving": "A.L."}},
    ]});
    let path = format!("/storefront/cart/update/{id}");
    for _ in 0..2 {
        let cart = world
            .post(&path, &body)
            .token(&ann.token)
            .send()
            .await
            .expect(200);
        let quantities: Vec<_> = cart["productItems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| &l["quantity"])
            .collect();
        assert_eq!(quantities, [&json!(3), &json!(1)]);
        assert_eq!(
            (&cart["cartId"], &cart["subtotal"]),
            (&json!(id), &json!(50.0))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_adds_the_guests_cart_to_the_customers_never_above_stock() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let mine = lines(&[("MUG-BLUE", 2), ("LANTERN-BLACK", 1)]);
    let mine = world
        .post("/storefront/cart/update/new", &mine)
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    let guests = lines(&[("MUG-BLUE", 3), ("LANTERN-BLACK", 2), ("KNIFE-50TH", 1)]);
    let guests = world
        .post("/storefront/cart/update/new", &guests)
        .send()
        .await
        .expect(200);

    let body = json!({
        "email": "bob@acme.example", "password": "portico-demo-pass", "guestId": guests["authorId"],
    });
    // Signing in twice with the same guest merges once.
    for _ in 0..2 {
        world
            .post("/profile/customer/signin", &body)
            .send()
            .await
            .expect(200);
    }
    let cart = world
        .get(&format!("/storefront/cart/get/{}", bob.id))
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    assert_eq!(cart["cartId"], mine["cartId"]);
    let kept: Vec<_> = cart["productItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| (&l["sku"], &l["quantity"]))
        .collect();
    assert_eq!(
        kept,
        [
            (&json!("MUG-BLUE"), &json!(5)),
            (&json!("LANTERN-BLACK"), &json!(2)),
            (&json!("KNIFE-50TH"), &json!(1)),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_of_another_org_or_an_invented_one_is_nobody() {
    let world = World::start().await;
    let ask = world
        .ask(&Method::GET, "/storefront/cart/get/guest")
        .org("globex");
    let foreign = ask.send().await.expect(200)["authorId"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = world
        .get("/storefront/cart/get/guest")
        .send()
        .await
        .expect(200)["authorId"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = if &own[10..11] == "2" { "3" } else { "2" };
    let altered = format!("{}{other}{}", &own[..10], &own[11..]);
    let mut answers = Vec::new();
    for guest in [foreign.as_str(), &altered, "gst_0", "gst_", "nonsense"] {
        answers.push(
            world
                .get(&format!("/storefront/cart/get/{guest}"))
                .send()
                .await
                .anonymous(),
        );
        let body = json!({"authorId": guest, "productItems": []});
        let update = world
            .post("/storefront/cart/update/new", &body)
            .send()
            .await;
        update.expect_problem(404, "not_found");
    }
    assert!(
        answers
            .iter()
            .all(|answer| *answer == answers[0] && answer.0 == 404),
        "{answers:?}"
    );
    world
        .get(&format!("/storefront/cart/get/{own}"))
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guests_cart_is_emptied_by_who_knows_the_guest_id_and_nobody_else() {
    let world = World::start().await;
    let cart = world
        .post("/storefront/cart/update/new", &lines(&[("MUG-BLUE", 1)]))
        .send()
        .await
        .expect(200);
    let (guest, id) = (
        cart["authorId"].as_str().unwrap(),
        cart["cartId"].as_str().unwrap(),
    );
    let bob = world.customer("acme", "bob@acme.example").await;
    let clear = format!("/storefront/cart/clear/{id}");
    world
        .get(&clear)
        .send()
        .await
        .expect_problem(404, "not_found");
    world
        .get(&clear)
        .token(&bob.token)
        .send()
        .await
        .expect_problem(404, "not_found");
    let with_id = format!("{clear}?authorId={guest}");
    world
        .get(&with_id)
        .token(&bob.token)
        .send()
        .await
        .expect_problem(404, "not_found");
    assert_eq!(
        world.get(&with_id).send().await.expect(200)["productItems"],
        json!([])
    );
}
