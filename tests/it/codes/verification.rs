//! The verification of e-mail address and telephone number.

use portico_tests::World;
use serde_json::json;

use super::{PHONE, age, as_customer, assert_nowhere, digits, message, messages, move_away, wrong};
use portico_shared::auth::CodeKind;

const STATUS: &str = "/client-data/verification/status";
const SEND_EMAIL: &str = "/client-data/verification/email/send";
const VERIFY_EMAIL: &str = "/client-data/verification/email/verify";
const SEND_PHONE: &str = "/client-data/verification/phone/send";
const VERIFY_PHONE: &str = "/client-data/verification/phone/verify";
const CONFIRM: &str = "Confirm your address";
const TEXT: &str = "Text message";

#[tokio::test(flavor = "multi_thread")]
async fn an_address_goes_from_none_over_code_sent_to_verified_and_the_secret_is_stored_nowhere() {
    let world = World::start().await;
    let who = world.sign_up("acme", "vera@example.com").await;
    let status = async || {
        let ask = world.get(STATUS).token(&who.token);
        ask.send().await.expect(200)
    };
    let none = json!({
        "email": {"address": "vera@example.com", "verified": false, "verifiedAt": null, "pending": false},
        "phone": {"address": null, "verified": false, "verifiedAt": null, "pending": false},
    });
    assert_eq!(status().await, none);

    let sent = as_customer(&world, &who, SEND_EMAIL, json!({})).await;
    assert_eq!(sent.expect(200)["success"], true);
    assert_eq!(status().await["email"]["pending"], true);
    let code = digits(&message(&world, "vera@example.com", CONFIRM).await);
    assert_nowhere(&world, &code).await;

    let verified = as_customer(&world, &who, VERIFY_EMAIL, json!({"code": code})).await;
    let verified = verified.expect(200);
    assert_eq!(status().await["email"], verified);
    assert_eq!(
        (&verified["verified"], &verified["pending"]),
        (&json!(true), &json!(false))
    );
    assert!(verified["verifiedAt"].is_string());
    // Once only; and what is verified needs no code.
    let again = as_customer(&world, &who, VERIFY_EMAIL, json!({"code": code})).await;
    again.expect_problem(422, "invalid_code");
    let again = as_customer(&world, &who, SEND_EMAIL, json!({})).await;
    again.expect_problem(409, "already_verified");
    world.table_at_rest().await;
    let told = world.get("/client-data/notifications").token(&who.token);
    let told = told.send().await.expect(200);
    let titles: Vec<_> = told["data"].as_array().unwrap().iter().collect();
    assert_eq!(titles.len(), 1, "the welcome alone: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_is_verified_by_text_message_and_another_number_begins_anew() {
    let world = World::start().await;
    let who = world.sign_up("acme", "phil@example.com").await;
    let phone = async || {
        let ask = world.get(STATUS).token(&who.token);
        ask.send().await.expect(200)["phone"].clone()
    };
    let put = async |phone: &str| {
        let ask = world.put("/client-data/profile", &json!({"phone": phone}));
        ask.token(&who.token).send().await.expect(200);
    };
    let missing = as_customer(&world, &who, SEND_PHONE, json!({})).await;
    missing.expect_problem(409, "phone_required");
    put(PHONE).await;
    as_customer(&world, &who, SEND_PHONE, json!({}))
        .await
        .expect(200);
    let text = message(&world, PHONE, TEXT).await;
    let code = digits(&text);
    assert_eq!(
        text,
        format!("{code} is your code for Acme Outfitters. Tell it to nobody.")
    );

    // A code for the old number is good for no other.
    put("+14155550199").await;
    assert_eq!(phone().await["pending"], false);
    let other = as_customer(&world, &who, VERIFY_PHONE, json!({"code": code})).await;
    other.expect_problem(422, "invalid_code");
    put(PHONE).await;
    let right = as_customer(&world, &who, VERIFY_PHONE, json!({"code": code})).await;
    right.expect(200);
    assert_eq!(phone().await["verified"], true);
    // What else is saved, and the same number again, change nothing about it.
    put(PHONE).await;
    assert_eq!(phone().await["verified"], true);
    put("+14155550199").await;
    let none =
        json!({"address": "+14155550199", "verified": false, "verifiedAt": null, "pending": false});
    assert_eq!(phone().await, none);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_try_is_refused_even_if_it_is_right_and_so_are_six_at_once() {
    let world = World::start().await;
    let who = world.sign_up("acme", "tries@example.com").await;
    as_customer(&world, &who, SEND_EMAIL, json!({}))
        .await
        .expect(200);
    let code = digits(&message(&world, "tries@example.com", CONFIRM).await);
    let attempt =
        async |code: &str| as_customer(&world, &who, VERIFY_EMAIL, json!({"code": code})).await;
    let bad = wrong(&code);
    for _ in 0..5 {
        attempt(&bad).await.expect_problem(422, "invalid_code");
    }
    attempt(&code).await.expect_problem(422, "invalid_code");

    age(&world, CodeKind::VerifyEmail).await;
    as_customer(&world, &who, SEND_EMAIL, json!({}))
        .await
        .expect(200);
    let next = super::eventually("another code", async || {
        (messages(&world, "tries@example.com") == 3).then_some(())
    });
    next.await;
    let bad = wrong(&digits(
        &message(&world, "tries@example.com", CONFIRM).await,
    ));
    let all = tokio::join!(
        attempt(&bad),
        attempt(&bad),
        attempt(&bad),
        attempt(&bad),
        attempt(&bad),
        attempt(&bad)
    );
    for answer in [all.0, all.1, all.2, all.3, all.4, all.5] {
        answer.expect_problem(422, "invalid_code");
    }
    let table = world.table_at_rest().await;
    let mut codes = table.iter().filter(|item| item["type"]["S"] == "Code");
    let counted = codes.next().expect("the code is there");
    assert_eq!(counted["tries"]["N"], "5", "the sixth was not compared");
}

#[tokio::test(flavor = "multi_thread")]
async fn right_codes_at_the_same_moment_are_good_once() {
    let world = World::start().await;
    let who = world.sign_up("acme", "twice@example.com").await;
    as_customer(&world, &who, SEND_EMAIL, json!({}))
        .await
        .expect(200);
    let code = digits(&message(&world, "twice@example.com", CONFIRM).await);
    let verify = || as_customer(&world, &who, VERIFY_EMAIL, json!({"code": code}));
    let (one, two, three) = tokio::join!(verify(), verify(), verify());
    let mut statuses = [one.status, two.status, three.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_code_and_one_for_an_address_that_changed_are_good_no_more() {
    let world = World::start().await;
    let who = world.sign_up("acme", "late@example.com").await;
    as_customer(&world, &who, SEND_EMAIL, json!({}))
        .await
        .expect(200);
    let code = digits(&message(&world, "late@example.com", CONFIRM).await);
    age(&world, CodeKind::VerifyEmail).await;
    let status = world.get(STATUS).token(&who.token).send().await.expect(200);
    assert_eq!(status["email"]["pending"], false);
    let late = as_customer(&world, &who, VERIFY_EMAIL, json!({"code": code})).await;
    late.expect_problem(422, "invalid_code");

    let who = world.sign_up("acme", "mover@example.com").await;
    as_customer(&world, &who, SEND_EMAIL, json!({}))
        .await
        .expect(200);
    let code = digits(&message(&world, "mover@example.com", CONFIRM).await);
    move_away(&world, &who).await;
    let moved = as_customer(&world, &who, VERIFY_EMAIL, json!({"code": code})).await;
    moved.expect_problem(422, "invalid_code");
    let status = world.get(STATUS).token(&who.token).send().await.expect(200);
    assert_eq!(status["email"]["verified"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_one_customer_kind_or_org_is_no_other_ones() {
    let world = World::start().await;
    let (ann, bob) = (
        world.sign_up("acme", "one@example.com").await,
        world.sign_up("acme", "two@example.com").await,
    );
    let namesake = world.sign_up("globex", "one@example.com").await;
    for who in [&ann, &bob, &namesake] {
        let ask = world.ask(&http::Method::POST, SEND_EMAIL).org(&who.org);
        ask.token(&who.token).send().await.expect(200);
    }
    let code = digits(&message(&world, "two@example.com", CONFIRM).await);
    let anns = digits(&message(&world, "one@example.com", "at Acme").await);
    // Of a million, two codes may be the same.
    if code != anns {
        let answer = as_customer(&world, &ann, VERIFY_EMAIL, json!({"code": code})).await;
        answer.expect_problem(422, "invalid_code");
    }
    let globex = digits(&message(&world, "one@example.com", "at Globex").await);
    if globex != anns {
        let answer = as_customer(&world, &ann, VERIFY_EMAIL, json!({"code": globex})).await;
        answer.expect_problem(422, "invalid_code");
    }
    let phone = as_customer(&world, &ann, VERIFY_PHONE, json!({"code": anns})).await;
    phone.expect_problem(422, "invalid_code");
    let right = as_customer(&world, &ann, VERIFY_EMAIL, json!({"code": anns})).await;
    right.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_sent_once_a_minute_and_five_times_a_day() {
    let world = World::start().await;
    let who = world.sign_up("acme", "again@example.com").await;
    for nth in 0..5 {
        as_customer(&world, &who, SEND_EMAIL, json!({}))
            .await
            .expect(200);
        let soon = as_customer(&world, &who, SEND_EMAIL, json!({})).await;
        let seconds: u32 = soon.headers["retry-after"].parse().unwrap();
        assert!((1..=60).contains(&seconds), "{nth}: {seconds}");
        soon.expect_problem(429, "rate_limited");
        age(&world, CodeKind::VerifyEmail).await;
    }
    let over = as_customer(&world, &who, SEND_EMAIL, json!({})).await;
    let seconds: u32 = over.headers["retry-after"].parse().unwrap();
    assert!((86_000..=86_400).contains(&seconds), "{seconds}");
    over.expect_problem(429, "rate_limited");
    // The welcome, and five codes.
    assert_eq!(messages(&world, "again@example.com"), 6);
    let (one, two) = tokio::join!(
        as_customer(&world, &who, SEND_PHONE, json!({})),
        world.get(STATUS).token(&who.token).send()
    );
    one.expect_problem(409, "phone_required");
    two.expect(200);
}
