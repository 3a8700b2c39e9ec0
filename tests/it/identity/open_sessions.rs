//! The sessions that somebody has open, seen and ended.

use http::Method;
use portico_tests::{Account, World};
use serde_json::{Value, json};

use super::{PASSWORD, get, text};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

async fn signed_in(world: &World, email: &str, user_agent: &str) -> Account {
    let body = json!({"email": email, "password": PASSWORD});
    let ask = world.post("/profile/customer/signin", &body);
    let session = ask
        .header("user-agent", user_agent)
        .send()
        .await
        .expect(200);
    Account {
        org: "acme".to_owned(),
        token: text(&session["token"]),
        refresh: text(&session["refresh_token"]),
        id: text(&session["user"]["sk"]),
    }
}

async fn refresh(world: &World, who: &Account) -> portico_tests::Answer {
    let body = json!({"refresh_token": who.refresh});
    world.post("/profile/customer/refresh", &body).send().await
}

async fn open(world: &World, who: &Account) -> Vec<Value> {
    let sessions = get(world, who, "/profile/sessions").await.expect(200);
    sessions["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_newest_first_with_their_devices_and_nothing_else() {
    let world = World::start().await;
    let email = "dan@example.com";
    world.sign_up("acme", email).await;
    let desk = signed_in(&world, email, FIREFOX).await;
    let phone = signed_in(&world, email, SAFARI).await;
    let list = open(&world, &desk).await;
    let told: Vec<_> = list
        .iter()
        .map(|one| (one["device"].clone(), one["current"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!("Safari on iOS"), json!(false)),
            (json!("Firefox on Linux"), json!(true)),
            (json!("unknown"), json!(false)),
        ]
    );
    let members: Vec<_> = list[0].as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["createdAt", "current", "device", "id", "lastUsedAt"]
    );
    assert_eq!(open(&world, &phone).await[0]["current"], true);
    // A refresh is a use, and no new session.
    refresh(&world, &phone).await.expect(200);
    assert_eq!(open(&world, &desk).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_is_not_refreshed_from_that_moment_on() {
    let world = World::start().await;
    let email = "dan@example.com";
    world.sign_up("acme", email).await;
    let desk = signed_in(&world, email, FIREFOX).await;
    let phone = signed_in(&world, email, SAFARI).await;
    let lost = text(&open(&world, &desk).await[0]["id"]);
    let end = async |who: &Account, id: &str| {
        let path = format!("/profile/sessions/{id}");
        world.delete(&path).token(&who.token).send().await
    };
    // Somebody else's session is as one that there is not.
    let ann = world.customer("acme", "ann@acme.example").await;
    let foreign = end(&ann, &lost).await;
    let missing = end(&ann, "ses_00000000000000000000000000").await;
    assert_eq!(foreign.anonymous(), missing.anonymous());
    foreign.expect_problem(404, "not_found");

    assert_eq!(end(&desk, &lost).await.status, 204);
    refresh(&world, &phone)
        .await
        .expect_problem(401, "invalid_refresh_token");
    end(&desk, &lost).await.expect_problem(404, "not_found");
    refresh(&world, &desk).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_other_sessions_end_together_for_customers_and_for_staff() {
    let world = World::start().await;
    let email = "dan@example.com";
    let first = world.sign_up("acme", email).await;
    let desk = signed_in(&world, email, FIREFOX).await;
    let phone = signed_in(&world, email, SAFARI).await;
    let end = async |who: &Account| {
        world
            .delete("/profile/sessions")
            .token(&who.token)
            .send()
            .await
    };
    assert_eq!(end(&desk).await.status, 204);
    assert_eq!(end(&desk).await.status, 204);
    for other in [&first, &phone] {
        refresh(&world, other)
            .await
            .expect_problem(401, "invalid_refresh_token");
    }
    refresh(&world, &desk).await.expect(200);
    assert_eq!(open(&world, &desk).await.len(), 1);

    let (one, other) = (world.staff().await, world.staff().await);
    assert_eq!(open(&world, &one).await.len(), 2);
    assert_eq!(end(&one).await.status, 204);
    let ask = world
        .ask(&Method::POST, "/profile/user/refresh")
        .org("acme");
    let ended = ask
        .json(&json!({"refresh_token": other.refresh}))
        .send()
        .await;
    ended.expect_problem(401, "invalid_refresh_token");
    assert_eq!(open(&world, &one).await.len(), 1);
}
