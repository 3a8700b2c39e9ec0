//! Decisions that come while an order is placed.

use portico_tests::{Fault, Injection, When, World, checkout_body, eventually};
use serde_json::json;

use super::{approved, cart, cents, decide};

/// How often the decision may come too late on a slow machine.
const TRIES: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_between_the_look_at_a_cart_and_its_order_takes_nothing_off() {
    let (world, faults) = World::start_with_faults().await;
    let staff = world.staff().await;
    for n in 0..TRIES {
        let dora = world
            .sign_up("acme", &format!("dora-{n}@acme.example"))
            .await;
        let till = world.cart(&dora, "SOCKS-TRAIL-M", 1).await;
        let id = approved(&world, &staff, &dora, "students").await;
        let cheaper = cart(&world, &dora).await;
        assert!(cents(&cheaper["total"]) < cents(&cheaper["subtotal"]));
        world.table_at_rest().await;

        // The checkout has read the cart and the benefits, and hears of them late.
        faults.inject(
            Injection::of(Fault::Late)
                .on("BatchGetItem")
                .when(When::After),
        );
        let key = format!("race-{n}");
        let buy = async {
            let ask = world.post("/storefront/checkout-cart", &checkout_body(&till));
            let ask = ask.token(&dora.token).header("idempotency-key", &key);
            ask.send().await.expect(201)
        };
        let revoke = async {
            eventually("the benefits are read", || async {
                (!faults.calls("BatchGetItem").is_empty()).then_some(())
            })
            .await;
            decide(&world, &staff, &id, "revoke").await.expect(200)
        };
        let (order, _) = tokio::join!(buy, revoke);
        let transactions = faults.calls("TransactWriteItems").len();
        faults.heal();
        // The decision, the order that it refused, and the one that was placed.
        if transactions >= 3 {
            assert_eq!(order["discounts"], json!([]));
            assert_eq!(order["total"], order["subtotal"]);
            return;
        }
        assert_eq!(order["total"], cheaper["total"]);
    }
    panic!("the decision was never in time");
}
