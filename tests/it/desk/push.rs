//! Devices that take push messages.

use portico_shared::domain::push::{self, Device};
use portico_shared::store::CustomerScope;
use portico_tests::{Account, Answer};
use serde_json::{Value, json};

use super::{Desk, scope_for};

const TOKEN: &str = "/client-data/notifications/push-token";

fn device(id: &str, token: &str) -> Value {
    json!({"token": token, "platform": "android", "deviceId": id, "appVersion": "1.0"})
}

async fn register(desk: &Desk, who: &Account, id: &str, token: &str) -> Answer {
    let ask = desk.world.post(TOKEN, &device(id, token));
    ask.token(&who.token).send().await
}

async fn devices(desk: &Desk, scope: &CustomerScope) -> Vec<(String, String)> {
    let store = desk.world.peer().store();
    let devices = push::devices(&store, scope).await.unwrap();
    let shown = |device: Device| (device.device_id, device.token);
    devices.into_iter().map(shown).collect()
}

fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(id, token): &(&str, &str)| ((*id).to_owned(), (*token).to_owned());
    pairs.iter().map(owned).collect()
}

/// The tokens that the table says are somebody's.
async fn owned(desk: &Desk) -> usize {
    let items = desk.world.table_at_rest().await;
    items
        .iter()
        .filter(|item| item["type"]["S"] == "PushToken")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_has_one_token_and_a_token_one_customer() {
    let desk = Desk::start().await;
    let (erin, frank) = (
        &desk.customer,
        desk.world.sign_up("acme", "frank@acme.example").await,
    );
    let (hers, his) = (scope_for(&desk, erin).await, scope_for(&desk, &frank).await);
    for _ in 0..2 {
        assert_eq!(register(&desk, erin, "phone", "t1").await.status, 204);
    }
    assert_eq!(register(&desk, erin, "tablet", "t2").await.status, 204);
    assert_eq!(
        devices(&desk, &hers).await,
        expected(&[("phone", "t1"), ("tablet", "t2")])
    );
    // A new token takes the place of the device's old one.
    assert_eq!(register(&desk, erin, "phone", "t3").await.status, 204);
    assert_eq!(
        devices(&desk, &hers).await,
        expected(&[("tablet", "t2"), ("phone", "t3")])
    );
    assert_eq!(owned(&desk).await, 2);
    // Frank signs in on Erin's phone.
    assert_eq!(register(&desk, &frank, "phone", "t3").await.status, 204);
    assert_eq!(devices(&desk, &hers).await, expected(&[("tablet", "t2")]));
    assert_eq!(devices(&desk, &his).await, expected(&[("phone", "t3")]));

    let forget = async |who: &Account, id: &str| {
        let ask = desk.world.delete(&format!("{TOKEN}/{id}"));
        ask.token(&who.token).send().await
    };
    forget(erin, "phone").await.expect_problem(404, "not_found");
    assert_eq!(forget(&frank, "phone").await.status, 204);
    forget(&frank, "phone")
        .await
        .expect_problem(404, "not_found");
    assert_eq!(devices(&desk, &his).await, expected(&[]));
    assert_eq!(owned(&desk).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_twenty_first_device_takes_the_place_of_the_one_that_was_registered_longest_ago() {
    let desk = Desk::start().await;
    let scope = scope_for(&desk, &desk.customer).await;
    for n in 0..=push::MOST {
        let (id, token) = (format!("d{n}"), format!("t{n}"));
        assert_eq!(
            register(&desk, &desk.customer, &id, &token).await.status,
            204
        );
    }
    let devices = devices(&desk, &scope).await;
    assert_eq!(devices.len(), push::MOST);
    assert_eq!(
        (devices[0].0.as_str(), devices[19].0.as_str()),
        ("d1", "d20")
    );
    assert_eq!(owned(&desk).await, push::MOST);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_customers_who_register_a_token_at_once_do_not_both_have_it() {
    let desk = Desk::start().await;
    let frank = desk.world.sign_up("acme", "frank@acme.example").await;
    let (hers, his) = (
        scope_for(&desk, &desk.customer).await,
        scope_for(&desk, &frank).await,
    );
    for n in 0..5 {
        let token = format!("t{n}");
        let (one, other) = tokio::join!(
            register(&desk, &desk.customer, "phone", &token),
            register(&desk, &frank, "phone", &token),
        );
        assert_eq!((one.status, other.status), (204, 204));
        let mut both = devices(&desk, &hers).await;
        both.extend(devices(&desk, &his).await);
        let held = both.iter().filter(|(_, held)| *held == token).count();
        assert_eq!(held, 1, "{both:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mobile_apps_address_does_the_same_and_nonsense_is_refused_by_name() {
    let desk = Desk::start().await;
    let scope = scope_for(&desk, &desk.customer).await;
    for path in [
        "/client-account/notifications/push-token",
        "/api/client-account/notifications/push-token",
    ] {
        let answer = desk.post(path, device("phone", path)).await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(devices(&desk, &scope).await, expected(&[("phone", path)]));
    }
    for (name, value, status, code) in [
        ("token", json!(""), 422, "validation_failed"),
        ("token", json!("tökén"), 422, "validation_failed"),
        ("token", json!("x".repeat(4097)), 422, "validation_failed"),
        ("deviceId", json!(""), 422, "validation_failed"),
        ("platform", json!("blackberry"), 400, "invalid_body"),
    ] {
        let mut body = device("phone", "token");
        body[name] = value;
        let problem = desk.post(TOKEN, body).await.expect_problem(status, code);
        assert_eq!(problem["details"][0]["field"], name);
    }
    assert_eq!(devices(&desk, &scope).await.len(), 1);
}
