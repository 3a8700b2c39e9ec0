//! Who may erase an account: its owner, by one of three proofs.

use portico_tests::provider::Person;
use portico_tests::{Account, World, assert_unchanged};
use serde_json::json;

use super::erase;
use super::scene::PASSWORD;
use crate::codes::{digits, message};
use crate::identity::second_factor::Secured;

const SUBJECT: &str = "Your code to erase your account";

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_erases_the_account_with_a_code_that_is_mailed() {
    let world = World::start().await;
    world.let_sign_in_with_others("acme").await;
    let person = Person::new("opal@example.com");
    let session = world.sign_in_with("google", &person).await.expect(200);
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    let who = Account {
        org: "acme".to_owned(),
        token: text("token"),
        refresh: text("refresh_token"),
        id: session["user"]["sk"].as_str().unwrap().to_owned(),
    };
    let send = async |who: &Account| {
        let ask = world.post("/client-data/privacy/erasure/code", &json!({}));
        ask.token(&who.token).send().await
    };
    assert_eq!(send(&who).await.status, 200);
    send(&who).await.expect_problem(429, "rate_limited");
    let code = digits(&message(&world, "opal@example.com", SUBJECT).await);

    // It is nobody else's, and good for nothing else.
    let other = world.sign_up("acme", "other@example.com").await;
    let proof = json!({ "code": code });
    erase(&world, &other, &proof)
        .await
        .expect_problem(422, "invalid_code");
    let verify = world.post("/client-data/verification/email/verify", &proof);
    let verify = verify.token(&who.token).send().await;
    verify.expect_problem(422, "invalid_code");
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    erase(&world, &who, &json!({ "code": wrong }))
        .await
        .expect_problem(422, "invalid_code");
    erase(&world, &who, &json!({"password": PASSWORD}))
        .await
        .expect_problem(401, "invalid_credentials");

    erase(&world, &who, &proof).await.expect(202);
    world.table_at_rest().await;
    // Whoever comes from there again is somebody new.
    let anew = world.sign_in_with("google", &person).await.expect(200);
    assert_ne!(anew["user"]["sk"], who.id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_the_second_factor_will_do_and_a_wrong_one_will_not() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let gil = Secured::new(&world, "gil@example.com").await;
    let with = |code: &str| json!({ "secondFactorCode": code });
    erase(&world, &fay.account, &with(&gil.backup[0]))
        .await
        .expect_problem(401, "invalid_second_factor");
    let plain = world.sign_up("acme", "plain@example.com").await;
    erase(&world, &plain, &with(&gil.backup[0]))
        .await
        .expect_problem(409, "second_factor_state");
    erase(&world, &fay.account, &with(&fay.backup[0]))
        .await
        .expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_proof_is_asked_for_and_without_it_nothing_changes() {
    let world = World::start().await;
    let who = world.sign_up("acme", "proof@example.com").await;
    let before = world.table_at_rest().await;
    for none in [
        json!({}),
        json!({"password": null}),
        json!({"password": PASSWORD, "code": "000000"}),
    ] {
        let refused = erase(&world, &who, &none).await;
        refused.expect_problem(422, "validation_failed");
    }
    assert_unchanged(&before, &world.table_at_rest().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_gave_somebody_elses_address_erases_only_the_guest() {
    let world = World::start().await;
    let owner = world.sign_up("acme", "owned@example.com").await;
    let guest = json!({"email": "owned@example.com", "firstName": "Gus"});
    let guest = world.post("/profile/customer/register-guest", &guest);
    let guest = guest.send().await.expect(201);
    let text = |name: &str| guest[name].as_str().unwrap().to_owned();
    let guest = Account {
        org: "acme".to_owned(),
        token: text("token"),
        refresh: text("refresh_token"),
        id: guest["guest"]["sk"].as_str().unwrap().to_owned(),
    };
    let send = world.post("/client-data/privacy/erasure/code", &json!({}));
    assert_eq!(send.token(&guest.token).send().await.status, 200);
    let code = digits(&message(&world, "owned@example.com", SUBJECT).await);
    erase(&world, &guest, &json!({ "code": code }))
        .await
        .expect(202);
    world.table_at_rest().await;
    let credentials = json!({"email": "owned@example.com", "password": PASSWORD});
    let sign_in = world.post("/profile/customer/signin", &credentials);
    let session = sign_in.send().await.expect(200);
    assert_eq!(session["user"]["sk"], owner.id.as_str());
}
