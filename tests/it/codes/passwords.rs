//! Passwords: forgotten, reset, changed.

use http::Method;
use portico_shared::auth::CodeKind;
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use super::{
    age, as_customer, assert_nowhere, message, message_now, messages, move_away, post, refresh,
    sign_in, token,
};

const FORGOT: &str = "/profile/customer/password/forgot";
const VALIDATE: &str = "/profile/customer/password/validate-token";
const RESET: &str = "/profile/customer/password/reset";
const CHANGE: &str = "/profile/customer/password/change";
const OLD: &str = "correct horse battery";
const NEW: &str = "battery staple horse";

async fn reset(world: &World, token: &str, password: &str) -> Answer {
    post(world, RESET, json!({"token": token, "password": password})).await
}

async fn valid(world: &World, token: &str) -> bool {
    let answer = post(world, VALIDATE, json!({"token": token})).await;
    answer.expect(200)["valid"] == true
}

/// Somebody who has forgotten the password, and the token of the link.
async fn forgetful(world: &World, email: &str) -> (Account, String) {
    let who = world.sign_up("acme", email).await;
    post(world, FORGOT, json!({"email": email}))
        .await
        .expect(200);
    let token = token(&message(world, email, "Set a new password").await);
    (who, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_reset_once_and_everybody_is_signed_out_and_told() {
    let world = World::start().await;
    let (who, token) = forgetful(&world, "fay@example.com").await;
    let other = sign_in(&world, "fay@example.com", OLD).await.expect(200);
    assert_nowhere(&world, &token).await;
    // Until then the old one is good. Somebody locks the account out in the meantime.
    assert!(valid(&world, &token).await);
    for _ in 0..10 {
        sign_in(&world, "fay@example.com", "guess 12345")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    let changed = reset(&world, &token, NEW).await;
    assert_eq!(changed.expect(200)["success"], true);
    assert!(!valid(&world, &token).await);
    reset(&world, &token, "another password")
        .await
        .expect_problem(422, "invalid_code");

    sign_in(&world, "fay@example.com", OLD)
        .await
        .expect_problem(401, "invalid_credentials");
    let session = sign_in(&world, "fay@example.com", NEW).await.expect(200);
    for gone in [
        who.refresh.as_str(),
        other["refresh_token"].as_str().unwrap(),
    ] {
        refresh(&world, gone)
            .await
            .expect_problem(401, "invalid_refresh_token");
    }
    refresh(&world, session["refresh_token"].as_str().unwrap())
        .await
        .expect(200);
    message(&world, "fay@example.com", "Your password was changed").await;
    let told = world.get("/client-data/notifications").token(&who.token);
    let told = told.send().await.expect(200);
    assert_eq!(told["data"][0]["type"], "password.changed");
    assert!(!told.to_string().contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_not_told_whether_there_is_an_account_and_only_an_account_gets_mail() {
    let world = World::start().await;
    world.sign_up("acme", "known@example.com").await;
    let by_post = async |email: &str| post(&world, FORGOT, json!({"email": email})).await;
    let by_path = async |email: &str| world.get(&format!("{FORGOT}/{email}")).send().await;
    let (known, unknown) = (
        by_post("known@example.com").await,
        by_post("unknown@example.com").await,
    );
    assert_eq!(known.status, 200);
    assert_eq!(known.headers["cache-control"], "no-store");
    assert_eq!(known.anonymous(), unknown.anonymous());
    assert_eq!(known.cost(), unknown.cost());
    let told = |answer: &Answer| (answer.anonymous(), answer.cost());
    // The limit is told as well, and to both.
    let (known, unknown) = (
        by_path("Known@Example.com").await,
        by_path("unknown@example.com").await,
    );
    assert_eq!(told(&known), told(&unknown));
    known.expect_problem(429, "rate_limited");
    age(&world, CodeKind::ResetPassword).await;
    let (known, unknown) = (
        by_path("known@example.com").await,
        by_path("unknown@example.com").await,
    );
    assert_eq!((told(&known), known.status), (told(&unknown), 200));
    for _ in 0..3 {
        age(&world, CodeKind::ResetPassword).await;
        by_post("known@example.com").await.expect(200);
        by_post("unknown@example.com").await.expect(200);
    }
    age(&world, CodeKind::ResetPassword).await;
    let (known, unknown) = (
        by_post("known@example.com").await,
        by_post("unknown@example.com").await,
    );
    assert_eq!(told(&known), told(&unknown));
    known.expect_problem(429, "rate_limited");

    world.table_at_rest().await;
    assert_eq!(
        messages(&world, "known@example.com"),
        6,
        "the welcome, and five links"
    );
    assert_eq!(messages(&world, "unknown@example.com"), 0);
    for wrong in ["", "nobody", "a b@example.com", "x@y@example.com"] {
        let refused = by_post(wrong)
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(refused["details"][0]["field"], "email");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_expired_was_replaced_or_altered_or_is_another_ones_resets_nothing() {
    let world = World::start().await;
    let (_, old) = forgetful(&world, "ola@example.com").await;
    age(&world, CodeKind::ResetPassword).await;
    assert!(!valid(&world, &old).await);
    reset(&world, &old, NEW)
        .await
        .expect_problem(422, "invalid_code");

    // Another one takes the place of one that is still good.
    let (who, first) = forgetful(&world, "ida@example.com").await;
    let peer = world.peer();
    for item in world.table().await {
        if item["type"]["S"] == "Code" && item["to"]["S"] == "ida@example.com" {
            let update = json!({
                "TableName": peer.table, "Key": {"pk": item["pk"], "sk": item["sk"]},
                "UpdateExpression": "SET sentAt = :s", "ExpressionAttributeValues": {":s": {"N": "0"}},
            });
            peer.call("UpdateItem", &update).await;
        }
    }
    assert!(valid(&world, &first).await);
    post(&world, FORGOT, json!({"email": "ida@example.com"}))
        .await
        .expect(200);
    let second = super::eventually("the second link", async || {
        let mail = message_now(&world, "ida@example.com", "Set a new password")?;
        Some(token(mail.text.as_ref()?)).filter(|token| *token != first)
    });
    let second = second.await;
    assert!(!valid(&world, &first).await);
    reset(&world, &first, NEW)
        .await
        .expect_problem(422, "invalid_code");
    assert!(valid(&world, &second).await);

    // Of another flow, of another org, altered, invented.
    let link = json!({"token": second});
    post(&world, "/profile/magic-link/redirect", link)
        .await
        .expect_problem(422, "invalid_code");
    let body = json!({"token": second, "password": NEW});
    let elsewhere = world.ask(&Method::POST, RESET).org("globex").json(&body);
    elsewhere.send().await.expect_problem(422, "invalid_code");
    let flipped = if second.starts_with('A') { "B" } else { "A" };
    let altered = format!("{flipped}{}", &second[1..]);
    for wrong in [
        "",
        "x",
        &altered,
        &format!("{second}A"),
        &who.token,
        &who.refresh[..200.min(who.refresh.len())],
    ] {
        assert!(!valid(&world, wrong).await, "{wrong}");
        reset(&world, wrong, NEW)
            .await
            .expect_problem(422, "invalid_code");
    }
    // What is wrong with the new password does not use the link up.
    for (wrong, field) in [("short", "password"), ("ida@example.com", "password")] {
        let refused = reset(&world, &second, wrong)
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(refused["details"][0]["field"], field);
    }
    sign_in(&world, "ida@example.com", OLD).await.expect(200);
    move_away(&world, &who).await;
    reset(&world, &second, NEW)
        .await
        .expect_problem(422, "invalid_code");
    sign_in(&world, "ida@example.com", OLD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_used_twice_at_once_sets_one_password() {
    let world = World::start().await;
    let (_, token) = forgetful(&world, "race@example.com").await;
    let (one, two) = tokio::join!(
        reset(&world, &token, NEW),
        reset(&world, &token, "another password")
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    let winner = if one.status == 200 {
        NEW
    } else {
        "another password"
    };
    sign_in(&world, "race@example.com", winner)
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_who_knows_it_and_ends_every_session() {
    let world = World::start().await;
    let who = world.sign_up("acme", "chas@example.com").await;
    let change = async |current: &str, new: &str| {
        let body = json!({"currentPassword": current, "newPassword": new});
        as_customer(&world, &who, CHANGE, body).await
    };
    change("wrong password", NEW)
        .await
        .expect_problem(403, "wrong_password");
    for wrong in ["short", "chas@example.com"] {
        let refused = change(OLD, wrong)
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(refused["details"][0]["field"], "newPassword");
    }
    refresh(&world, &who.refresh).await.expect(200);
    let forgotten = world.get("/profile/customer/password/forgot/chas@example.com");
    forgotten.send().await.expect(200);
    let link = token(&message(&world, "chas@example.com", "Set a new password").await);
    assert!(valid(&world, &link).await);
    assert_eq!(change(OLD, NEW).await.expect(200)["success"], true);
    message(&world, "chas@example.com", "Your password was changed").await;
    assert!(!valid(&world, &link).await, "a link from before the change");
    reset(&world, &link, OLD)
        .await
        .expect_problem(422, "invalid_code");
    sign_in(&world, "chas@example.com", OLD)
        .await
        .expect_problem(401, "invalid_credentials");
    sign_in(&world, "chas@example.com", NEW).await.expect(200);
    let table = world.table_at_rest().await;
    let pk = format!("acme#C#{}", who.id);
    let sessions = table
        .iter()
        .filter(|item| item["pk"]["S"] == pk.as_str() && item["type"]["S"] == "Session");
    assert_eq!(sessions.count(), 1, "the new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_current_password_lock_the_account_as_those_at_the_door_do() {
    let world = World::start().await;
    let who = world.sign_up("acme", "lock@example.com").await;
    let change = async |current: &str| -> Value {
        let body = json!({"currentPassword": current, "newPassword": NEW});
        let answer = as_customer(&world, &who, CHANGE, body).await;
        answer.expect_problem(403, "wrong_password")["detail"].clone()
    };
    let first = change("wrong password").await;
    for _ in 1..10 {
        assert_eq!(change("wrong password").await, first);
    }
    assert_eq!(change(OLD).await, first, "locked");
    sign_in(&world, "lock@example.com", OLD)
        .await
        .expect_problem(401, "invalid_credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_sessions_than_fit_in_a_transaction_all_end() {
    let world = World::start().await;
    let (who, token) = forgetful(&world, "many@example.com").await;
    // As many as it takes for three transactions, written as sign-ins do.
    let parts = portico_local::functions::Parts::connect(world.platform.aws())
        .await
        .unwrap();
    let org = "acme".parse().unwrap();
    let principal = portico_shared::auth::Principal::verify(&parts.ring, &org, &who.token).unwrap();
    let portico_shared::auth::Principal::Customer(scope, _) = principal else {
        panic!("a customer's token")
    };
    for _ in 0..210 {
        let session = portico_shared::auth::NewSession::for_customer(&parts.ring, &scope).unwrap();
        parts.store.write(session.write).await.unwrap();
    }
    reset(&world, &token, NEW).await.expect(200);
    let pk = format!("acme#C#{}", who.id);
    let table = world.table().await;
    let sessions = table
        .iter()
        .filter(|item| item["pk"]["S"] == pk.as_str() && item["type"]["S"] == "Session");
    assert_eq!(sessions.count(), 0);
}
