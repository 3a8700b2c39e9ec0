//! Saved payment methods: on localstripe, which remembers what it was told, and on vendors that fail.

mod faults;
mod paypal;

use portico_shared::domain::integration::Vendor;
use portico_tests::vendors::{LocalStripe, STRIPE_KEY};
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

const METHODS: &str = "/client-data/payment-methods";

/// A platform, and the Stripe that its org acme has an account with.
async fn with_localstripe() -> (World, LocalStripe) {
    let stripe = LocalStripe::start();
    let world = World::start_with_vendors_at(stripe.url()).await;
    let key = json!({ "secretKey": STRIPE_KEY });
    world.set("acme", Vendor::Stripe, &key).await;
    (world, stripe)
}

async fn save(world: &World, who: &Account, id: &str, set_as_default: bool) -> Answer {
    let body = json!({"paymentMethodId": id, "setAsDefault": set_as_default});
    world.post(METHODS, &body).token(&who.token).send().await
}

async fn saved(world: &World, who: &Account) -> Vec<Value> {
    let list = world.get(METHODS).token(&who.token).send().await;
    list.expect(200)["data"].as_array().unwrap().clone()
}

async fn make_default(world: &World, who: &Account, id: &str) -> Answer {
    let path = format!("{METHODS}/{id}/default");
    let ask = world.put(&path, &json!({})).token(&who.token);
    ask.send().await
}

async fn remove(world: &World, who: &Account, id: &str) -> Answer {
    let path = format!("{METHODS}/{id}");
    world.delete(&path).token(&who.token).send().await
}

/// The ids, and the default ones among them.
fn ids(saved: &[Value]) -> (Vec<&str>, Vec<&str>) {
    let all = saved.iter().map(|method| method["id"].as_str().unwrap());
    let defaults = saved.iter().filter(|method| method["isDefault"] == true);
    let defaults = defaults.map(|method| method["id"].as_str().unwrap());
    (all.collect(), defaults.collect())
}

/// The only customer that Stripe has, and its default method.
async fn only_customer(stripe: &LocalStripe) -> (String, Value) {
    let customers = stripe.get("/v1/customers").await;
    let [customer] = customers["data"].as_array().unwrap().as_slice() else {
        panic!("one customer: {customers}");
    };
    let default = customer["invoice_settings"]["default_payment_method"].clone();
    (customer["id"].as_str().unwrap().to_owned(), default)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_saved_once_made_the_default_and_removed_here_and_at_stripe() {
    let (world, stripe) = with_localstripe().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let mut cards = Vec::new();
    for number in ["4242424242424242", "5555555555554444", "4000056655665556"] {
        cards.push(stripe.tokenised(number).await);
    }
    let [a, b, c] = cards.as_slice() else {
        unreachable!()
    };
    let first = save(&world, &ann, a, false).await.expect(201);
    assert_eq!(
        first,
        json!({
            "id": a, "provider": "stripe", "brand": "visa", "last4": "4242", "expMonth": 8, "expYear": 2030,
            "isDefault": true,
        }),
        "the first one is the default"
    );
    assert_eq!(save(&world, &ann, a, false).await.expect(200), first);
    let second = save(&world, &ann, b, false).await.expect(201);
    assert_eq!(second["isDefault"], false);
    assert_eq!(
        save(&world, &ann, c, true).await.expect(201)["isDefault"],
        true
    );
    let list = saved(&world, &ann).await;
    assert_eq!(ids(&list), (vec![c.as_str(), b, a], vec![c.as_str()]));
    let (customer, default) = only_customer(&stripe).await;
    assert_eq!(default, json!(c));

    // Again, to be the default.
    assert_eq!(
        save(&world, &ann, b, true).await.expect(200)["isDefault"],
        true
    );
    assert_eq!(
        make_default(&world, &ann, a).await.expect(200)["id"],
        json!(a)
    );
    assert_eq!(only_customer(&stripe).await.1, json!(a));
    let list = saved(&world, &ann).await;
    assert_eq!(ids(&list).1, [a]);

    assert_eq!(remove(&world, &ann, a).await.status, 204);
    let list = saved(&world, &ann).await;
    assert_eq!(
        ids(&list),
        (vec![c.as_str(), b], vec![c.as_str()]),
        "the newest takes its place"
    );
    assert_eq!(only_customer(&stripe).await, (customer.clone(), json!(c)));
    let of =
        async |id: &str| stripe.get(&format!("/v1/payment_methods/{id}")).await["customer"].clone();
    assert_eq!((of(a).await, of(b).await), (Value::Null, json!(customer)));
    remove(&world, &ann, a)
        .await
        .expect_problem(404, "not_found");
    make_default(&world, &ann, a)
        .await
        .expect_problem(404, "not_found");
    let spent = save(&world, &ann, a, true).await;
    let spent = spent.expect_problem(422, "validation_failed");
    assert_eq!(spent["details"][0]["field"], "paymentMethodId");
    let table = json!(world.table().await).to_string();
    assert!(!table.contains("4242424242424242") && !table.contains(STRIPE_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_declined_or_unknown_or_another_customers_is_not_saved() {
    let (world, stripe) = with_localstripe().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let declined = stripe.tokenised("4000000000000002").await;
    let told = save(&world, &ann, &declined, true).await;
    told.expect_problem(402, "payment_method_declined");
    let unknown = save(&world, &ann, "pm_nobodyknowsthis", true).await;
    let unknown = unknown.expect_problem(422, "validation_failed");
    assert_eq!(saved(&world, &ann).await, Vec::<Value>::new());

    let anns = stripe.tokenised("4242424242424242").await;
    save(&world, &ann, &anns, true).await.expect(201);
    let stolen = save(&world, &bob, &anns, true).await;
    let stolen = stolen.expect_problem(422, "validation_failed");
    assert_eq!(stolen["details"], unknown["details"], "not told apart");
    remove(&world, &bob, &anns)
        .await
        .expect_problem(404, "not_found");
    assert_eq!(saved(&world, &bob).await, Vec::<Value>::new());
    let list = saved(&world, &ann).await;
    assert_eq!(ids(&list).1, [&anns]);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_change_them_at_once_there_is_one_default_and_one_customer_at_stripe() {
    let (world, stripe) = with_localstripe().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let mut cards = Vec::new();
    for _ in 0..4 {
        cards.push(stripe.tokenised("4242424242424242").await);
    }
    // The same card twice, all at once, for a customer whom Stripe does not know yet.
    let save = async |card: &str| {
        loop {
            let answer = save(&world, &ann, card, true).await;
            // Others were quicker five times: it may be repeated.
            if answer.body["code"] != "conflict" {
                break answer.status;
            }
        }
    };
    let [a, b, c, d] = cards.as_slice() else {
        unreachable!()
    };
    let (one, again, two, three, four) = tokio::join!(save(a), save(a), save(b), save(c), save(d));
    let mut twice = [one, again];
    twice.sort_unstable();
    assert_eq!((twice, [two, three, four]), ([200, 201], [201; 3]));
    let list = saved(&world, &ann).await;
    let (mut all, defaults) = ids(&list);
    all.sort_unstable();
    cards.sort_unstable();
    assert_eq!(all, cards);
    let (customer, default) = only_customer(&stripe).await;
    assert_eq!(json!(defaults), json!([default]));

    let change = async |n: usize| match n {
        0 | 1 => remove(&world, &ann, &cards[n]).await.status,
        _ => make_default(&world, &ann, &cards[n]).await.status,
    };
    let statuses = tokio::join!(change(0), change(2), change(1), change(3));
    for status in [statuses.0, statuses.1, statuses.2, statuses.3] {
        assert!(matches!(status, 200 | 204 | 409), "{status}");
    }
    let list = saved(&world, &ann).await;
    let (_, defaults) = ids(&list);
    let at_stripe = only_customer(&stripe).await;
    assert_eq!(
        (at_stripe.0, json!([at_stripe.1])),
        (customer, json!(defaults))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_number_is_refused_before_anybody_hears_of_it() {
    let world = World::start().await;
    world.integrate("acme").await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let before = world.table_at_rest().await;
    for body in [
        json!({"paymentMethodId": "4242424242424242"}),
        json!({"paymentMethodId": 4_242_424_242_424_242_u64}),
        json!({"paymentMethodId": "pm_1N4vKo2e", "card": {"number": "4242 4242 4242 4242"}}),
        json!({"setAsDefault": "4242-4242-4242-4242"}),
    ] {
        let refused = world.post(METHODS, &body).token(&ann.token).send().await;
        let shown = String::from_utf8_lossy(&refused.bytes).into_owned();
        assert!(!shown.contains("4242"), "{shown}");
        refused.expect_problem(422, "validation_failed");
    }
    for (wrong, status, code) in [
        (json!({}), 400, "invalid_body"),
        (json!({"paymentMethodId": 1}), 400, "invalid_body"),
        (
            json!({"paymentMethodId": "pm_1N4v", "provider": "cash"}),
            400,
            "invalid_body",
        ),
        (
            json!({"paymentMethodId": "pm_1N4v/../x"}),
            422,
            "validation_failed",
        ),
        (
            json!({"paymentMethodId": "tok_1N4vKo2e"}),
            422,
            "validation_failed",
        ),
        (
            json!({"paymentMethodId": "pm_1N4vKo2e", "provider": "paypal"}),
            422,
            "validation_failed",
        ),
    ] {
        let refused = world.post(METHODS, &wrong).token(&ann.token).send().await;
        refused.expect_problem(status, code);
    }
    let heard = world.vendors().received_requests().await.unwrap();
    assert_eq!(heard.len(), 0);
    assert_eq!(world.table_at_rest().await, before);
}
