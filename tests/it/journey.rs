//! The main job, from browsing to delivery.

use portico_tests::{World, checkout_body, eventually};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one journey is one story")]
async fn a_guest_browses_fills_a_cart_signs_up_orders_and_hears_of_it() {
    let world = World::start().await;

    // Browsing needs no token.
    let page = world
        .get("/storefront/products?query=mug&ps=5")
        .send()
        .await
        .expect(200);
    assert_eq!(page["total"], 1);
    let mug = &page["data"][0];
    assert_eq!(
        (&mug["price"], &mug["currency"], &mug["inStock"]),
        (&json!(12.5), &json!("USD"), &json!(true))
    );
    let slug = mug["slug"].as_str().unwrap();
    let by_slug = world
        .get(&format!("/storefront/product/{slug}"))
        .send()
        .await
        .expect(200);
    let by_id = world
        .get(&format!(
            "/storefront/product/{}",
            mug["id"].as_str().unwrap()
        ))
        .send()
        .await
        .expect(200);
    assert_eq!((&by_slug, &by_id), (mug, mug));

    // The server makes the guest, and prices the cart whatever the client says.
    let lines = json!({"productItems": [{"sku": "MUG-BLUE", "quantity": 2, "price": 0.01}]});
    let cart = world
        .post("/storefront/cart/update/new", &lines)
        .send()
        .await
        .expect(200);
    let guest = cart["authorId"].as_str().unwrap();
    assert!(guest.starts_with("gst_"), "{guest}");
    assert_eq!(
        (&cart["subtotal"], &cart["itemCount"]),
        (&json!(25.0), &json!(2))
    );

    // Signing up takes the cart along.
    let new = json!({
        "email": "Dora@Example.com", "password": "correct horse battery", "firstName": "Dora", "guestId": guest,
    });
    let session = world
        .post("/profile/customer/signup", &new)
        .send()
        .await
        .expect(201);
    let token = session["token"].as_str().unwrap();
    let id = session["user"]["sk"].as_str().unwrap();
    assert_eq!(session["data"]["token"], session["token"]);
    let who = world
        .get("/profile/whoami")
        .token(token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        who,
        json!({"user": null, "customer": {"sk": id, "email": "dora@example.com", "name": "Dora"}})
    );
    let mine = world
        .get(&format!("/storefront/cart/get/{id}"))
        .token(token)
        .send()
        .await
        .expect(200);
    assert_eq!(mine["productItems"], cart["productItems"]);
    let old = world.get(&format!(
        "/storefront/cart/get/{guest}/{}",
        cart["cartId"].as_str().unwrap()
    ));
    assert_eq!(old.send().await.expect(200)["status"], "merged");

    // Ordering reserves the stock and closes the cart.
    let before = world.stock("acme", "MUG-BLUE").await;
    let cart_id = mine["cartId"].as_str().unwrap();
    let checkout = world
        .post("/storefront/checkout-cart", &checkout_body(cart_id))
        .token(token);
    let order = checkout
        .header("idempotency-key", "first")
        .send()
        .await
        .expect(201);
    assert_eq!(
        (&order["status"], &order["total"], &order["author"]),
        (&json!("new"), &json!(25.0), &json!(id))
    );
    assert_eq!(order["customer"]["email"], "ann@acme.example");
    let after = world.stock("acme", "MUG-BLUE").await;
    assert_eq!(after, (before.0 - 2, before.1 + 2));
    let closed = world
        .get(&format!("/storefront/cart/get/{id}/{cart_id}"))
        .token(token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&closed["status"], &closed["order"]["number"]),
        (&json!("ordered"), &order["orderNumber"])
    );

    // Every way to the order shows the same order.
    let number = order["orderNumber"].as_str().unwrap();
    let order_id = order["id"].as_str().unwrap();
    for path in [
        format!("/client-data/orders/{order_id}"),
        format!("/storefront/order/get/{id}/{number}"),
    ] {
        assert_eq!(
            world.get(&path).token(token).send().await.expect(200),
            order,
            "{path}"
        );
    }
    let by_mail = format!(
        "/storefront/order/email/ANN@acme.example/{}",
        number.to_lowercase()
    );
    assert_eq!(world.get(&by_mail).send().await.expect(200), order);
    let list = world
        .get("/client-data/orders")
        .token(token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&list["data"][0]["id"], &list["hasNext"]),
        (&order["id"], &json!(false))
    );
    let same = world
        .get(&format!("/storefront/orders/get/{id}"))
        .token(token)
        .send()
        .await
        .expect(200);
    assert_eq!(same["data"], list["data"]);

    // The dashboard, the notification and the mail follow.
    let dashboard = eventually("the dashboard counts the order", async || {
        let dashboard = world
            .get("/client-data/dashboard")
            .token(token)
            .send()
            .await
            .expect(200);
        (dashboard["orders"]["total"] == 1 && dashboard["notifications"]["unread"] == 2)
            .then_some(dashboard)
    })
    .await;
    assert_eq!(dashboard["orders"]["byStatus"], json!({"new": 1}));
    assert_eq!(dashboard["recentActivity"][0]["ref"], order["id"]);
    let told = world
        .get("/client-data/notifications")
        .token(token)
        .send()
        .await
        .expect(200);
    let kinds: Vec<_> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["order.placed", "customer.created"]);
    let subject = format!("Order {number} is placed");
    let mail = eventually("the mail is in the outbox", async || {
        let outbox = world.platform.outbox().newest_first();
        outbox.into_iter().find(|mail| mail.subject == subject)
    })
    .await;
    assert_eq!(mail.to, ["ann@acme.example"]);
    let page = world.get("/_local/outbox").send().await;
    assert!(String::from_utf8_lossy(&page.bytes).contains(&subject));
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one journey is one story")]
async fn staff_process_ship_and_deliver_an_order_and_the_customer_hears_of_each_step() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let staff = world.staff().await;
    let cart = world.cart(&bob, "FLEECE-S", 2).await;
    let (available, reserved) = world.stock("acme", "FLEECE-S").await;
    let order = world.checkout(&bob, &cart, "1").await.expect(201);
    let number = order["orderNumber"].as_str().unwrap();

    let step = |verb: &str, body| {
        world
            .post(&format!("/storefront/order/{verb}/{number}"), &body)
            .token(&staff.token)
    };
    let shipment = json!({"carrier": "ups", "tracking": "1Z999", "note": "left side door"});

    let early = step("ship", shipment.clone()).send().await;
    let problem = early.expect_problem(409, "illegal_transition");
    assert_eq!(
        problem["message"],
        "an order that is new cannot become shipped; it can become processing, on-hold, cancelled"
    );
    assert_eq!(
        step("process", json!({})).send().await.expect(200)["status"],
        "processing"
    );
    assert_eq!(
        world.stock("acme", "FLEECE-S").await,
        (available - 2, reserved + 2)
    );
    let shipped = step("ship", shipment).send().await.expect(200);
    assert_eq!(
        shipped["shipment"],
        json!({"carrier": "ups", "tracking": "1Z999", "service": null})
    );
    assert_eq!(
        world.stock("acme", "FLEECE-S").await,
        (available - 2, reserved)
    );
    assert_eq!(
        step("deliver", json!({"note": null}))
            .send()
            .await
            .expect(200)["status"],
        "delivered"
    );
    step("deliver", json!({}))
        .send()
        .await
        .expect_problem(409, "illegal_transition");

    let seen = world
        .get(&format!(
            "/client-data/orders/{}",
            order["id"].as_str().unwrap()
        ))
        .token(&bob.token);
    let seen = seen.send().await;
    assert!(
        !String::from_utf8_lossy(&seen.bytes).contains("left side door"),
        "notes are for staff"
    );
    let steps: Vec<_> = seen.body["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["status"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["new", "processing", "shipped", "delivered"]);
    let rows = world
        .get("/client-data/orders?status=delivered")
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&rows["total"], &rows["data"][0]["id"]),
        (&json!(1), &order["id"])
    );

    eventually("every step has been told", async || {
        let told = world
            .get("/client-data/notifications")
            .token(&bob.token)
            .send()
            .await
            .expect(200);
        let kinds: Vec<_> = told["data"]
            .as_array()?
            .iter()
            .filter_map(|n| n["type"].as_str())
            .collect();
        let expected = [
            "order.delivered",
            "order.shipped",
            "order.processing",
            "order.placed",
        ];
        (kinds[..kinds.len().min(4)] == expected).then_some(())
    })
    .await;
    eventually("the dashboard has moved along", async || {
        let dashboard = world
            .get("/client-data/dashboard")
            .token(&bob.token)
            .send()
            .await
            .expect(200);
        (dashboard["orders"]["byStatus"] == json!({"delivered": 1})).then_some(())
    })
    .await;
}
