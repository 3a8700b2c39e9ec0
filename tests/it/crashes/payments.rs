//! Changes of payment methods that are cut off at any call to the table or to Stripe, on a Stripe that remembers.

use portico_shared::domain::integration::Vendor;
use portico_tests::vendors::{LocalStripe, Lossy, STRIPE_KEY};
use portico_tests::{Answer, Faults, When, World};
use serde_json::{Value, json};

use super::at_every_call;

const METHODS: &str = "/client-data/payment-methods";

/// A platform with faults before its table, and its Stripe.
async fn started() -> (World, Faults, LocalStripe) {
    let stripe = LocalStripe::start();
    let (world, faults) = World::start_with_faults_and_vendors_at(stripe.url()).await;
    let key = json!({ "secretKey": STRIPE_KEY });
    world.set("acme", Vendor::Stripe, &key).await;
    (world, faults, stripe)
}

/// Somebody new, with so many cards saved: their token, and the ids of the cards and of one more.
async fn somebody(world: &World, stripe: &LocalStripe, name: &str, cards: usize) -> Value {
    let who = world
        .sign_up("acme", &format!("card-{name}@example.com"))
        .await;
    let mut ids = Vec::new();
    for n in 0..=cards {
        ids.push(stripe.tokenised("4242424242424242").await);
        if n < cards {
            let body = json!({ "paymentMethodId": ids[n] });
            let ask = world.post(METHODS, &body).token(&who.token);
            ask.send().await.expect(201);
        }
    }
    json!({"token": who.token, "customer": who.id, "cards": ids})
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What is saved here is attached at Stripe, and nothing else is; both have the same default; and Stripe
/// knows the customer once. Answers the ids.
async fn assert_in_step(world: &World, stripe: &LocalStripe, prepared: &Value) -> Vec<String> {
    let list = world.get(METHODS).token(text(&prepared["token"]));
    let list = list.send().await.expect(200);
    let list = list["data"].as_array().unwrap();
    let defaults = list.iter().filter(|method| method["isDefault"] == true);
    let defaults: Vec<_> = defaults.map(|method| method["id"].clone()).collect();
    let customers = stripe.get("/v1/customers?limit=100").await;
    let reference = format!("acme/{}", text(&prepared["customer"]));
    let customers = customers["data"].as_array().unwrap().iter();
    let ours: Vec<_> = customers
        .filter(|one| one["metadata"]["portico_customer"] == reference)
        .collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    let default = &ours[0]["invoice_settings"]["default_payment_method"];
    assert_eq!(&json!(defaults), &json!([default]));
    let customer = text(&ours[0]["id"]);
    let attached = format!("/v1/payment_methods?customer={customer}&type=card&limit=100");
    let attached = stripe.get(&attached).await;
    let ids = |list: &[Value]| {
        let mut ids: Vec<_> = list.iter().map(|one| text(&one["id"]).to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(list), ids(attached["data"].as_array().unwrap()));
    ids(list)
}

/// A change of somebody's cards.
#[derive(Clone, Copy)]
enum Change {
    /// A first card is saved.
    Save,
    /// Of two cards, the second becomes the default.
    Choose,
    /// Of two cards, the first, which is the default, is removed.
    Remove,
}

impl Change {
    fn cards(self) -> usize {
        match self {
            Self::Save => 0,
            Self::Choose | Self::Remove => 2,
        }
    }

    async fn attempt(self, world: &World, prepared: &Value) -> Answer {
        let card = |n: usize| text(&prepared["cards"][n]);
        let ask = match self {
            Self::Save => {
                let body = json!({"paymentMethodId": card(0), "setAsDefault": true});
                world.post(METHODS, &body)
            }
            Self::Choose => world.put(&format!("{METHODS}/{}/default", card(1)), &json!({})),
            Self::Remove => world.delete(&format!("{METHODS}/{}", card(0))),
        };
        ask.token(text(&prepared["token"])).send().await
    }

    /// Sends it again, and sees that all is as if it had been sent once and heard.
    async fn complete(self, world: &World, stripe: &LocalStripe, prepared: &Value) {
        let again = self.attempt(world, prepared).await;
        let done = match self {
            Self::Save => matches!(again.status, 200 | 201),
            Self::Choose => again.status == 200 && again.body["isDefault"] == true,
            Self::Remove => again.status == 204 || again.body["code"] == "not_found",
        };
        assert!(done, "{again:?}");
        let cards = assert_in_step(world, stripe, prepared).await;
        let mut expected = match self {
            Self::Save => vec![text(&prepared["cards"][0])],
            Self::Choose => vec![text(&prepared["cards"][0]), text(&prepared["cards"][1])],
            Self::Remove => vec![text(&prepared["cards"][1])],
        };
        expected.sort_unstable();
        assert_eq!(cards, expected);
    }

    /// With a fault at any call to the table.
    async fn survives_the_table(self) {
        let (world, faults, stripe) = started().await;
        at_every_call(
            &faults,
            async |name| somebody(&world, &stripe, &name, self.cards()).await,
            async |prepared| self.attempt(&world, prepared).await.status,
            async |prepared, _| self.complete(&world, &stripe, prepared).await,
        )
        .await;
    }

    /// With a Stripe that from any call on is not heard any more, or does not hear.
    async fn survives_stripe(self, calls: usize) {
        let stripe = LocalStripe::start();
        let lossy = Lossy::start(stripe.url()).await;
        let world = World::start_with_vendors_at(lossy.url()).await;
        let key = json!({ "secretKey": STRIPE_KEY });
        world.set("acme", Vendor::Stripe, &key).await;
        for when in [When::Before, When::After] {
            for nth in 1..=calls + 1 {
                let name = format!("{when:?}-{nth}").to_lowercase();
                let prepared = somebody(&world, &stripe, &name, self.cards()).await;
                lossy.lose_from(nth, when);
                let answer = self.attempt(&world, &prepared).await;
                let came = lossy.heal();
                assert_eq!(came, nth <= calls, "call {nth}");
                assert_eq!(came, answer.status == 503, "{answer:?}");
                self.complete(&world, &stripe, &prepared).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_a_card_that_is_cut_off_anywhere_ends_in_one_card_when_it_is_sent_again() {
    Change::Save.survives_the_table().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_default_that_is_cut_off_anywhere_is_the_default_when_it_is_sent_again() {
    Change::Choose.survives_the_table().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_is_cut_off_anywhere_is_complete_when_it_is_sent_again() {
    Change::Remove.survives_the_table().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_stripe_loses_the_same_request_completes_the_change() {
    // Looking for the customer, making it, attaching the card, making it the default.
    Change::Save.survives_stripe(4).await;
    Change::Choose.survives_stripe(1).await;
    // Detaching, another default.
    Change::Remove.survives_stripe(2).await;
}
