//! Carts, checkout, and what becomes of an order.

use portico_tests::{Account, World};
use serde_json::{Value, json};

use super::Budgets;

pub(super) async fn carts(world: &World, budgets: &mut Budgets, bob: &Account) {
    let get = async |path: &str| world.get(path).token(&bob.token).send().await;
    let guest = world.get("/storefront/cart/get/guest").send().await;
    budgets.row(
        "GET /storefront/cart/get/{authorid}",
        "new guest",
        200,
        &guest,
    );
    let lines = json!({"productItems": [{"sku": "SOCKS-TRAIL-M", "quantity": 2}]});
    let cart = world
        .post("/storefront/cart/update/new", &lines)
        .token(&bob.token)
        .send()
        .await;
    budgets.row(
        "POST /storefront/cart/update/{cartid}",
        "one line",
        200,
        &cart,
    );
    let id = cart.body["cartId"].as_str().unwrap().to_owned();
    let newest = get(&format!("/storefront/cart/get/{}", bob.id)).await;
    budgets.row("GET /storefront/cart/get/{authorid}", "", 200, &newest);
    let named = get(&format!("/storefront/cart/get/{}/{id}", bob.id)).await;
    budgets.row(
        "GET /storefront/cart/get/{authorid}/{cartid}",
        "",
        200,
        &named,
    );
    for method in [http::Method::GET, http::Method::POST, http::Method::DELETE] {
        let path = format!("/storefront/cart/clear/{id}");
        let cleared = world
            .ask(&method, &path)
            .org("acme")
            .token(&bob.token)
            .send()
            .await;
        budgets.row(
            &format!("{method} /storefront/cart/clear/{{cartid}}"),
            "",
            200,
            &cleared,
        );
    }
}

/// Twenty orders, the last of which is measured and answered.
pub(super) async fn checkout(world: &World, budgets: &mut Budgets, bob: &Account) -> Value {
    for n in 0..19 {
        let cart = world.cart(bob, "SOCKS-TRAIL-M", 1).await;
        world
            .checkout(bob, &cart, &format!("budget-{n}"))
            .await
            .expect(201);
    }
    let cart = world.cart(bob, "SOCKS-TRAIL-M", 1).await;
    let placed = world.checkout(bob, &cart, "budget-19").await;
    budgets.row("POST /storefront/checkout-cart", "one line", 201, &placed);
    let again = world.checkout(bob, &cart, "budget-19").await;
    budgets.row("POST /storefront/checkout-cart", "sent again", 201, &again);
    placed.body
}

pub(super) async fn orders(world: &World, budgets: &mut Budgets, bob: &Account, order: &Value) {
    let get = async |path: &str| world.get(path).token(&bob.token).send().await;
    let (id, number) = (
        order["id"].as_str().unwrap(),
        order["orderNumber"].as_str().unwrap(),
    );
    let page = get("/client-data/orders?pageSize=20").await;
    budgets.row("GET /client-data/orders", "page of 20", 200, &page);
    let filtered = get("/client-data/orders?status=new&sort=total").await;
    budgets.row("GET /client-data/orders", "filtered", 200, &filtered);
    let one = get(&format!("/client-data/orders/{id}")).await;
    budgets.row("GET /client-data/orders/{orderId}", "", 200, &one);
    let page = get(&format!("/storefront/orders/get/{}", bob.id)).await;
    budgets.row(
        "GET /storefront/orders/get/{author}",
        "page of 20",
        200,
        &page,
    );
    let one = get(&format!("/storefront/order/get/{}/{number}", bob.id)).await;
    budgets.row(
        "GET /storefront/order/get/{author}/{orderNumber}",
        "",
        200,
        &one,
    );
    let one = world
        .get(&format!(
            "/storefront/order/email/ann@acme.example/{number}"
        ))
        .send()
        .await;
    budgets.row(
        "GET /storefront/order/email/{email}/{orderNumber}",
        "",
        200,
        &one,
    );
}

pub(super) async fn fulfilment(
    world: &World,
    budgets: &mut Budgets,
    staff: &Account,
    order: &Value,
) {
    let number = order["orderNumber"].as_str().unwrap();
    let shipment = json!({"carrier": "ups", "tracking": "1Z999AA10123456784"});
    for (verb, body) in [
        ("process", json!({})),
        ("ship", shipment),
        ("deliver", json!({})),
    ] {
        let path = format!("/storefront/order/{verb}/{number}");
        let moved = world.post(&path, &body).token(&staff.token).send().await;
        budgets.row(
            &format!("POST /storefront/order/{verb}/{{orderNumber}}"),
            "",
            200,
            &moved,
        );
    }
}
