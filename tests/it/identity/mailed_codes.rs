//! The second factor by mail.

use portico_shared::auth::CodeKind;
use portico_tests::{Account, World, eventually};
use serde_json::{Value, json};

use super::second_factor::{TREE, VERIFY, answer};
use super::{get, post, sign_in, text};
use crate::codes::{age, assert_nowhere, digits, wrong};

const SEND: &str = "/profile/security/challenge/send";

/// The nth code that was mailed to an address.
pub(crate) async fn mailed(world: &World, to: &str, nth: usize) -> String {
    let mail = eventually("a mailed code", async || {
        let mut sent = world.platform.outbox().newest_first();
        sent.retain(|mail| mail.to == [to] && mail.subject.contains("Your code to sign in"));
        assert!(sent.len() <= nth, "{} codes were mailed", sent.len());
        (sent.len() == nth).then(|| sent[0].clone())
    })
    .await;
    digits(mail.text.as_ref().expect("a mail has a text"))
}

/// Switches codes by mail on; the first was mailed then. Answers the backup codes.
pub(crate) async fn switch_on(world: &World, who: &Account, email: &str) -> Vec<String> {
    let step = async |step: &str, body: Value| {
        let answer = post(world, who, &format!("{TREE}/{step}"), &body).await;
        answer.expect(200)
    };
    step("setup/email", Value::Null).await;
    let code = mailed(world, email, 1).await;
    step("verify-setup", json!({"code": code})).await;
    let on = step("enable", Value::Null).await;
    let codes = on["backupCodes"].as_array().unwrap();
    codes.iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_set_up_with_a_code_that_was_mailed() {
    let world = World::start().await;
    let who = world.sign_up("acme", "fay@example.com").await;
    let step =
        async |step: &str, body: Value| post(&world, &who, &format!("{TREE}/{step}"), &body).await;
    assert_eq!(
        step("setup/email", Value::Null).await.expect(200),
        json!({"method": "email", "email": "f***@example.com"})
    );
    let code = mailed(&world, "fay@example.com", 1).await;
    assert_nowhere(&world, &code).await;
    let again = step("setup/email", Value::Null).await;
    assert!(again.headers.contains_key("retry-after"));
    again.expect_problem(429, "rate_limited");
    step("enable", Value::Null)
        .await
        .expect_problem(409, "second_factor_state");
    step("verify-setup", json!({"code": wrong(&code)}))
        .await
        .expect_problem(401, "invalid_second_factor");
    step("verify-setup", json!({"code": code}))
        .await
        .expect(200);
    step("verify-setup", json!({"code": code}))
        .await
        .expect_problem(401, "invalid_second_factor");
    let on = step("enable", Value::Null).await.expect(200);
    assert_eq!(on["backupCodes"].as_array().unwrap().len(), 10);
    let status = get(&world, &who, &format!("{TREE}/status")).await;
    let status = status.expect(200);
    assert_eq!(
        (&status["enabled"], &status["method"]),
        (&json!(true), &json!("email"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_mails_a_code_that_opens_once() {
    let world = World::start().await;
    let email = "fay@example.com";
    let who = world.sign_up("acme", email).await;
    let backup = switch_on(&world, &who, email).await;
    let challenge = sign_in(&world, email).await.expect(200);
    assert_eq!(challenge["token"], Value::Null);
    assert_eq!(challenge["twoFactorMethod"], "email");
    assert_eq!(challenge["email"], "f***@example.com");
    assert_eq!(
        challenge["message"],
        "Enter the code that was mailed to you, or a backup code."
    );
    let token = text(&challenge["challengeToken"]);
    // The code that it was set up with is spent.
    let code = mailed(&world, email, 2).await;
    assert_nowhere(&world, &code).await;
    answer(&world, &token, &wrong(&code))
        .await
        .expect_problem(401, "invalid_second_factor");
    let session = answer(&world, &token, &code).await.expect(200);
    assert_eq!(session["user"]["sk"], who.id);
    answer(&world, &token, &code)
        .await
        .expect_problem(401, "invalid_challenge");

    // The code of one challenge is that of another at the same time, and is good in one of them.
    let first = text(&sign_in(&world, email).await.expect(200)["challengeToken"]);
    let second = text(&sign_in(&world, email).await.expect(200)["challengeToken"]);
    let code = mailed(&world, email, 3).await;
    answer(&world, &second, &code).await.expect(200);
    answer(&world, &first, &code)
        .await
        .expect_problem(401, "invalid_second_factor");
    answer(&world, &first, &backup[0]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_has_five_tries_and_is_mailed_again_after_a_minute() {
    let world = World::start().await;
    let email = "fay@example.com";
    let who = world.sign_up("acme", email).await;
    switch_on(&world, &who, email).await;
    let token = text(&sign_in(&world, email).await.expect(200)["challengeToken"]);
    let code = mailed(&world, email, 2).await;
    for _ in 0..5 {
        answer(&world, &token, &wrong(&code))
            .await
            .expect_problem(401, "invalid_second_factor");
    }
    // Another challenge finds the same code, whose tries are used up.
    let token = text(&sign_in(&world, email).await.expect(200)["challengeToken"]);
    answer(&world, &token, &code)
        .await
        .expect_problem(401, "invalid_second_factor");

    let send = async |method: Value| {
        let body = json!({"challengeToken": token, "method": method});
        world.post(SEND, &body).send().await
    };
    send(Value::Null).await.expect_problem(429, "rate_limited");
    age(&world, CodeKind::SecondFactor).await;
    send(json!("authenticator"))
        .await
        .expect_problem(409, "code_not_sendable");
    send(json!("email")).await.expect(204);
    let newer = mailed(&world, email, 3).await;
    answer(&world, &token, &newer).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_code_and_no_code_of_another_kind_switches_it_off() {
    let world = World::start().await;
    let email = "fay@example.com";
    let who = world.sign_up("acme", email).await;
    switch_on(&world, &who, email).await;
    let ask = json!({"email": email, "type": "code"});
    world
        .post("/profile/customer/magic-link", &ask)
        .send()
        .await
        .expect(200);
    let other = mailed(&world, email, 2).await;
    let off = async |code: &str| {
        let body = json!({"code": code});
        post(&world, &who, &format!("{TREE}/disable"), &body).await
    };
    off(&other)
        .await
        .expect_problem(401, "invalid_second_factor");
    let redeem = json!({"email": email, "code": other});
    let challenge = world.post("/profile/magic-link/redirect", &redeem);
    let challenge = challenge.send().await.expect(200);
    assert_eq!(challenge["requiresTwoFactor"], true);
    let code = mailed(&world, email, 3).await;
    off(&code).await.expect(200);
    let late = json!({"challengeToken": challenge["challengeToken"], "code": code});
    world
        .post(VERIFY, &late)
        .send()
        .await
        .expect_problem(409, "second_factor_state");
    assert!(sign_in(&world, email).await.expect(200)["token"].is_string());
}
