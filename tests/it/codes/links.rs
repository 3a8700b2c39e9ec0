//! Signing in by a link or a code that was mailed.

use http::Method;
use portico_shared::auth::CodeKind;
use portico_tests::{Answer, World};
use serde_json::json;

use super::{
    age, assert_nowhere, digits, message, messages, move_away, post, refresh, token, wrong,
};

const SEND: &str = "/profile/customer/magic-link";
const REDEEM: &str = "/profile/magic-link/redirect";
const REDEEM_TOO: &str = "/profile/customer/magic-link/redirect";

async fn by_code(world: &World, email: &str, code: &str) -> Answer {
    post(world, REDEEM_TOO, json!({"email": email, "code": code})).await
}

async fn by_link(world: &World, token: &str) -> Answer {
    post(world, REDEEM, json!({"token": token})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_in_once_and_verifies_the_address() {
    let world = World::start().await;
    let who = world.sign_up("acme", "lin@example.com").await;
    let asked = world.get("/profile/magic-link?email=Lin@Example.com&type=link");
    let asked = asked.send().await;
    assert_eq!(asked.headers["cache-control"], "no-store");
    assert_eq!(asked.expect(200)["success"], true);
    let text = message(&world, "lin@example.com", "Your link to sign in").await;
    assert!(
        text.contains("https://account.acme.example/magic-link#token="),
        "{text}"
    );
    let token = token(&text);
    assert_nowhere(&world, &token).await;
    let session = by_link(&world, &token).await.expect(200);
    assert_eq!(session["user"]["sk"], who.id);
    refresh(&world, session["refreshToken"].as_str().unwrap())
        .await
        .expect(200);
    let status = world.get("/client-data/verification/status");
    let status = status
        .token(session["token"].as_str().unwrap())
        .send()
        .await
        .expect(200);
    assert_eq!(status["email"]["verified"], true);
    by_link(&world, &token)
        .await
        .expect_problem(422, "invalid_code");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_signs_in_once_and_not_after_five_wrong_ones() {
    let world = World::start().await;
    let who = world.sign_up("acme", "cody@example.com").await;
    let send = async || {
        post(
            &world,
            SEND,
            json!({"email": "cody@example.com", "type": "code"}),
        )
        .await
    };
    send().await.expect(200);
    let code = digits(&message(&world, "cody@example.com", "Your code to sign in").await);
    assert_nowhere(&world, &code).await;
    for _ in 0..4 {
        by_code(&world, "cody@example.com", &wrong(&code))
            .await
            .expect_problem(422, "invalid_code");
    }
    let (one, two) = tokio::join!(
        by_code(&world, "CODY@example.com", &code),
        by_code(&world, "cody@example.com", &code)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422], "the fifth try, and a sixth");
    let session = if one.status == 200 { one } else { two }.body;
    assert_eq!(session["user"]["sk"], who.id);

    age(&world, CodeKind::SignInCode).await;
    send().await.expect(200);
    super::eventually("another code", async || {
        (messages(&world, "cody@example.com") == 3).then_some(())
    })
    .await;
    let code = digits(&message(&world, "cody@example.com", "Your code to sign in").await);
    for _ in 0..5 {
        by_code(&world, "cody@example.com", &wrong(&code))
            .await
            .expect_problem(422, "invalid_code");
    }
    by_code(&world, "cody@example.com", &code)
        .await
        .expect_problem(422, "invalid_code");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_is_answered_as_a_known_one_at_every_step() {
    let world = World::start().await;
    world.sign_up("acme", "real@example.com").await;
    let told = |answer: &Answer| (answer.anonymous(), answer.cost());
    for kind in ["link", "code"] {
        let ask =
            async |email: &str| post(&world, SEND, json!({"email": email, "type": kind})).await;
        let (known, unknown) = (
            ask("real@example.com").await,
            ask("unreal@example.com").await,
        );
        assert_eq!((told(&known), known.status), (told(&unknown), 200));
        let (known, unknown) = (
            ask("real@example.com").await,
            ask("unreal@example.com").await,
        );
        assert_eq!((told(&known), known.status), (told(&unknown), 429));
    }
    let code = digits(&message(&world, "real@example.com", "Your code to sign in").await);
    for _ in 0..6 {
        let known = by_code(&world, "real@example.com", &wrong(&code)).await;
        let unknown = by_code(&world, "unreal@example.com", &wrong(&code)).await;
        assert_eq!(told(&known), told(&unknown));
        known.expect_problem(422, "invalid_code");
    }
    let never = by_code(&world, "never@example.com", "000000").await;
    never.expect_problem(422, "invalid_code");
    world.table_at_rest().await;
    assert_eq!(messages(&world, "unreal@example.com"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_another_org_flow_or_address_and_an_expired_one_sign_nobody_in() {
    let world = World::start().await;
    let who = world.sign_up("acme", "ned@example.com").await;
    world.sign_up("globex", "ned@example.com").await;
    post(&world, SEND, json!({"email": "ned@example.com"}))
        .await
        .expect(200);
    let token = token(&message(&world, "ned@example.com", "Your link to sign in").await);
    let elsewhere = world.ask(&Method::POST, REDEEM).org("globex");
    let elsewhere = elsewhere.json(&json!({"token": token})).send().await;
    elsewhere.expect_problem(422, "invalid_code");
    let reset = json!({"token": token, "password": "battery staple horse"});
    let reset = post(&world, "/profile/customer/password/reset", reset).await;
    reset.expect_problem(422, "invalid_code");
    move_away(&world, &who).await;
    by_link(&world, &token)
        .await
        .expect_problem(422, "invalid_code");

    world.sign_up("acme", "tom@example.com").await;
    post(&world, SEND, json!({"email": "tom@example.com"}))
        .await
        .expect(200);
    let token = super::token(&message(&world, "tom@example.com", "Your link to sign in").await);
    age(&world, CodeKind::SignInLink).await;
    by_link(&world, &token)
        .await
        .expect_problem(422, "invalid_code");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_either_a_token_or_an_address_with_its_code() {
    let world = World::start().await;
    for wrong in [
        json!({}),
        json!({"code": "000000"}),
        json!({"email": "a@example.com"}),
        json!({"token": "x", "code": "000000"}),
        json!({"token": "x", "email": "a@example.com", "code": "000000"}),
    ] {
        post(&world, REDEEM, wrong)
            .await
            .expect_problem(400, "invalid_body");
    }
    let asked = world.get("/profile/magic-link?email=a@example.com&type=sms");
    asked.send().await.expect_problem(400, "invalid_query");
    let asked = world.get("/profile/magic-link").send().await;
    asked.expect_problem(400, "invalid_query");
    let body = json!({"email": "a@example.com", "type": "sms"});
    post(&world, SEND, body)
        .await
        .expect_problem(400, "invalid_body");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_address_asks_for_a_hundred_mails_and_tries_a_hundred_codes_in_a_quarter_of_an_hour()
 {
    let world = World::start().await;
    world.sign_up("acme", "flood@example.com").await;
    let limit = async |attempt: &dyn Fn(usize) -> (&'static str, serde_json::Value),
                       status: u16| {
        for n in 0..110 {
            let (path, body) = attempt(n);
            let answer = post(&world, path, body).await;
            if answer.status == 429 {
                let seconds: u32 = answer.headers["retry-after"].parse().unwrap();
                assert!((1..=900).contains(&seconds), "{seconds}");
                answer.expect_problem(429, "rate_limited");
                return n;
            }
            assert_eq!(answer.status, status);
        }
        panic!("no limit was met");
    };
    let sent = limit(
        &|n| (SEND, json!({"email": format!("x{n}@example.com")})),
        200,
    )
    .await;
    assert_eq!(sent, 100);
    let tried = limit(
        &|n| {
            (
                REDEEM,
                json!({"email": format!("x{n}@example.com"), "code": "000000"}),
            )
        },
        422,
    );
    assert_eq!(tried.await, 100);
    // They were counted as failures to sign in.
    let right = json!({"email": "flood@example.com", "password": "correct horse battery"});
    let right = post(&world, "/profile/customer/signin", right).await;
    right.expect_problem(429, "rate_limited");
}
