//! Signing in, staying in, and being kept out.

use http::Method;
use portico_tests::{Account, Answer, World};
use serde_json::json;

async fn refresh(world: &World, token: &str) -> Answer {
    world
        .post(
            "/profile/customer/refresh",
            &json!({"refresh_token": token}),
        )
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_exchanged_once_and_the_new_pair_works() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let first = refresh(&world, &ann.refresh).await.expect(200);
    assert_ne!(first["refresh_token"], ann.refresh);
    let token = first["token"].as_str().unwrap();
    world
        .get("/client-data/profile")
        .token(token)
        .send()
        .await
        .expect(200);
    let second = refresh(&world, first["refreshToken"].as_str().unwrap())
        .await
        .expect(200);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_refresh_together_get_the_same_successor() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let (one, two) = tokio::join!(refresh(&world, &ann.refresh), refresh(&world, &ann.refresh));
    let (one, two) = (one.expect(200), two.expect(200));
    assert_eq!(one["refresh_token"], two["refresh_token"]);
    refresh(&world, one["refresh_token"].as_str().unwrap())
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_refresh_token_that_comes_back_ends_the_session() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let first = refresh(&world, &ann.refresh).await.expect(200);
    let second = refresh(&world, first["refresh_token"].as_str().unwrap())
        .await
        .expect(200);
    // Two generations old: no parallel tab.
    refresh(&world, &ann.refresh)
        .await
        .expect_problem(401, "invalid_refresh_token");
    let today = second["refresh_token"].as_str().unwrap();
    refresh(&world, today)
        .await
        .expect_problem(401, "invalid_refresh_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invented_refresh_token_neither_works_nor_ends_a_session() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let parts: Vec<&str> = ann.refresh.split('.').collect();
    let [subject, session, _, secret] = parts[..] else {
        panic!("four parts")
    };
    let next = refresh(&world, &ann.refresh).await.expect(200);
    for invented in [
        format!("{subject}.{session}.0.AAAA"),
        format!("{subject}.{session}.1.{secret}"),
        format!("{subject}.{session}.99.{secret}"),
        format!("{subject}.{session}.0.{secret}.x"),
        "x".to_owned(),
        String::new(),
    ] {
        refresh(&world, &invented)
            .await
            .expect_problem(401, "invalid_refresh_token");
    }
    // Another org cannot use it either, nor find out anything.
    let elsewhere = world
        .ask(&Method::POST, "/profile/customer/refresh")
        .org("globex");
    let elsewhere = elsewhere
        .json(&json!({"refresh_token": next["refresh_token"]}))
        .send()
        .await;
    elsewhere.expect_problem(401, "invalid_refresh_token");
    refresh(&world, next["refresh_token"].as_str().unwrap())
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_signing_out_the_refresh_token_is_good_no_more() {
    let world = World::start().await;
    for path in ["/profile/signout", "/profile/customer/signout"] {
        let ann = world.customer("acme", "ann@acme.example").await;
        let out = async |who: &Account| {
            world
                .ask(&Method::POST, path)
                .org("acme")
                .token(&who.token)
                .send()
                .await
        };
        assert_eq!(out(&ann).await.status, 204);
        assert_eq!(out(&ann).await.status, 204);
        refresh(&world, &ann.refresh)
            .await
            .expect_problem(401, "invalid_refresh_token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_failures_lock_an_account_and_nothing_tells_it_from_a_wrong_password_or_no_account() {
    let world = World::start().await;
    let attempt = async |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        world.post("/profile/customer/signin", &body).send().await
    };
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(
            attempt("bob@acme.example", "wrong password")
                .await
                .anonymous(),
        );
        answers.push(
            attempt("nobody@acme.example", "wrong password")
                .await
                .anonymous(),
        );
    }
    // Even the right password does not open a locked account.
    answers.push(
        attempt("BOB@acme.example", "portico-demo-pass")
            .await
            .anonymous(),
    );
    assert_eq!(answers[0].0, 401);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    // Others are not locked out with him.
    attempt("ann@acme.example", "portico-demo-pass")
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_failures_from_one_address_keep_it_out_and_it_is_told_for_how_long() {
    let world = World::start().await;
    let mut limited = None;
    for n in 0..110 {
        let body =
            json!({"email": format!("nobody{n}@acme.example"), "password": "wrong password"});
        let answer = world.post("/profile/customer/signin", &body).send().await;
        if answer.status == 429 {
            limited = Some((n, answer));
            break;
        }
        answer.expect_problem(401, "invalid_credentials");
    }
    let (n, answer) = limited.expect("a limit is met");
    // A call that the SDK makes again, its answer lost, is counted twice: the limit holds all the same.
    assert!((95..=100).contains(&n), "{n}");
    let seconds: u32 = answer.headers["retry-after"].parse().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
    assert_eq!(
        answer.headers["ratelimit"],
        format!("\"attempts\";r=0;t={seconds}")
    );
    answer.expect_problem(429, "rate_limited");
    // Guessing right is of no use any more, and a locked-out guesser learns nothing about an account.
    let right = json!({"email": "ann@acme.example", "password": "portico-demo-pass"});
    world
        .post("/profile/customer/signin", &right)
        .send()
        .await
        .expect_problem(429, "rate_limited");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_address_in_two_orgs_is_two_accounts() {
    let world = World::start().await;
    let here = world.customer("acme", "ann@acme.example").await;
    let there = world.customer("globex", "ann@acme.example").await;
    assert_ne!(here.id, there.id);
    let crossed = world
        .ask(&Method::GET, "/client-data/profile")
        .org("acme")
        .token(&there.token)
        .send()
        .await;
    crossed.expect_problem(403, "org_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_tells_staff_from_customers_and_from_nobody() {
    let world = World::start().await;
    let staff = world.staff().await;
    let who = world
        .get("/profile/whoami")
        .token(&staff.token)
        .send()
        .await
        .expect(200);
    assert_eq!(who["customer"], json!(null));
    assert_eq!(
        (&who["user"]["email"], &who["user"]["roles"]),
        (&json!("owner@acme.example"), &json!(["Owner"]))
    );
    let nobody = world.get("/profile/whoami").send().await.expect(200);
    assert_eq!(nobody, json!({"user": null, "customer": null}));
}
