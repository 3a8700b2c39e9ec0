//! A fault at any call, before or after it took effect: nothing is lost and nothing is doubled. A fault is
//! an error of the table, or the end of the function's time while the table is silent.

mod benefits;
mod codes;
mod desk;
mod files;
mod identity;
mod oauth;
mod payments;
mod privacy;
mod reservations;

use std::time::Duration;

use portico_shared::deadline::MARGIN;
use portico_tests::{Fault, Injection, When, World, checkout_body};
use serde_json::{Value, json};

/// More calls than any request makes.
const MANY: usize = 20;

/// The time of a request that is to be cut off: enough to come to its last call.
const SHORT: Duration = Duration::from_millis(400).saturating_add(MARGIN);

/// Runs `attempt` with a fault at its nth call, for every n and both kinds, until there are no more calls.
/// `attempt` gets a name of its own for each run.
async fn at_every_call(
    faults: &portico_tests::Faults,
    mut prepare: impl AsyncFnMut(String) -> Value,
    mut attempt: impl AsyncFnMut(&Value) -> u16,
    mut check: impl AsyncFnMut(&Value, bool),
) {
    for (kind, fault, when) in [
        ("error", Fault::INTERNAL, When::Before),
        ("error", Fault::INTERNAL, When::After),
        ("late", Fault::Silence, When::Before),
        ("late", Fault::Silence, When::After),
    ] {
        let mut hit = 0;
        for nth in 1..MANY {
            let name = format!("{kind}-{when:?}-{nth}").to_lowercase();
            let prepared = prepare(name).await;
            faults.inject(Injection::of(fault).when(when).nth(nth));
            if fault == Fault::Silence {
                faults.hurry(SHORT);
            }
            let status = attempt(&prepared).await;
            let came = faults.heal();
            // On a slow machine the time may be over before the call is reached.
            let early = fault == Fault::Silence && status == 503;
            assert!(status < 400 || came || early, "{status} without a fault");
            check(&prepared, came).await;
            if !came && !early {
                break;
            }
            hit += 1;
        }
        assert!(
            (1..MANY - 1).contains(&hit),
            "{hit} calls were made to fail"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_is_cut_off_anywhere_ends_in_one_order_when_it_is_sent_again() {
    let (world, faults) = World::start_with_faults().await;
    let sku = "SOCKS-TRAIL-M";
    let before = std::cell::Cell::new(world.stock("acme", sku).await);
    let checkout = async |prepared: &Value| {
        let text = |name: &str| prepared[name].as_str().unwrap().to_owned();
        let ask = world
            .post("/storefront/checkout-cart", &checkout_body(&text("cart")))
            .token(&text("token"));
        ask.header("idempotency-key", &text("name")).send().await
    };
    at_every_call(
        &faults,
        async |name| {
            let who = world
                .sign_up("acme", &format!("checkout-{name}@example.com"))
                .await;
            let cart = world.cart(&who, sku, 2).await;
            // A look at the catalogue that is not the request's own must not take the fault.
            world
                .get("/storefront/products?ps=1")
                .send()
                .await
                .expect(200);
            before.set(world.stock("acme", sku).await);
            json!({"name": name, "token": who.token, "cart": cart})
        },
        async |prepared| checkout(prepared).await.status,
        async |prepared, _| {
            let order = checkout(prepared).await.expect(201);
            let again = checkout(prepared).await.expect(201);
            assert_eq!(order, again);
            let orders = world
                .get("/client-data/orders")
                .token(prepared["token"].as_str().unwrap());
            let orders = orders.send().await.expect(200);
            assert_eq!(orders["data"].as_array().unwrap().len(), 1);
            assert_eq!(orders["data"][0]["orderNumber"], order["orderNumber"]);
            let (available, reserved) = before.get();
            assert_eq!(
                world.stock("acme", sku).await,
                (available - 2, reserved + 2)
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_that_is_cut_off_anywhere_ends_in_one_account_with_the_guests_cart() {
    let (world, faults) = World::start_with_faults().await;
    let sign_up = async |prepared: &Value| {
        world
            .post("/profile/customer/signup", prepared)
            .send()
            .await
    };
    at_every_call(
        &faults,
        async |name| {
            let lines = json!({"productItems": [{"sku": "MUG-RED", "quantity": 3}]});
            let cart = world
                .post("/storefront/cart/update/new", &lines)
                .send()
                .await
                .expect(200);
            json!({
                "email": format!("signup-{name}@example.com"), "password": "correct horse battery",
                "guestId": cart["authorId"],
            })
        },
        async |prepared| sign_up(prepared).await.status,
        async |prepared, _| {
            let again = sign_up(prepared).await;
            assert!(
                again.status == 201 || again.body["code"] == "email_taken",
                "{again:?}"
            );
            let mut session = Value::Null;
            for _ in 0..2 {
                session = world
                    .post("/profile/customer/signin", prepared)
                    .send()
                    .await
                    .expect(200);
            }
            let id = session["user"]["sk"].as_str().unwrap();
            let cart = world
                .get(&format!("/storefront/cart/get/{id}"))
                .token(session["token"].as_str().unwrap());
            let cart = cart.send().await.expect(200);
            assert_eq!(
                (&cart["itemCount"], &cart["productItems"][0]["sku"]),
                (&json!(3), &json!("MUG-RED"))
            );
            let email = &prepared["email"];
            let accounts = world.table().await;
            let accounts = accounts
                .iter()
                .filter(|item| item["type"]["S"] == "Customer" && item["email"]["S"] == *email);
            assert_eq!(accounts.count(), 1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shipment_that_is_cut_off_anywhere_takes_the_goods_off_the_shelf_once() {
    let (world, faults) = World::start_with_faults().await;
    let (bob, staff) = (
        world.customer("acme", "bob@acme.example").await,
        world.staff().await,
    );
    let sku = "SOCKS-TRAIL-L";
    let before = std::cell::Cell::new((0, 0));
    let ship = async |prepared: &Value| {
        let body = json!({"carrier": "ups", "tracking": "1Z"});
        let path = format!(
            "/storefront/order/ship/{}",
            prepared["orderNumber"].as_str().unwrap()
        );
        world.post(&path, &body).token(&staff.token).send().await
    };
    at_every_call(
        &faults,
        async |name| {
            let cart = world.cart(&bob, sku, 1).await;
            let order = world.checkout(&bob, &cart, &name).await.expect(201);
            let path = format!(
                "/storefront/order/process/{}",
                order["orderNumber"].as_str().unwrap()
            );
            world
                .post(&path, &json!({}))
                .token(&staff.token)
                .send()
                .await
                .expect(200);
            before.set(world.stock("acme", sku).await);
            order
        },
        async |prepared| ship(prepared).await.status,
        async |prepared, _| {
            let again = ship(prepared).await;
            assert!(
                again.status == 200 || again.body["code"] == "illegal_transition",
                "{again:?}"
            );
            let path = format!("/client-data/orders/{}", prepared["id"].as_str().unwrap());
            assert_eq!(
                world.get(&path).token(&bob.token).send().await.expect(200)["status"],
                "shipped"
            );
            let (available, reserved) = before.get();
            assert_eq!(world.stock("acme", sku).await, (available, reserved - 1));
        },
    )
    .await;
}
