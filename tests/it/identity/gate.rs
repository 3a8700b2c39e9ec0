//! Whichever way somebody comes in, the second factor is asked for.

use portico_tests::provider::Person;
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use super::second_factor::{Secured, answer};
use super::{sign_in, text};
use crate::codes::{digits, message, token};
use crate::oauth::{come_back, exchange, sent_back, trip};

/// How many sessions are open.
async fn sessions(world: &World) -> usize {
    let table = world.table().await;
    let sessions = table.iter().filter(|item| item["type"]["S"] == "Session");
    sessions.count()
}

/// The challenge of an answer that lets nobody in.
fn challenged(answer: Answer) -> String {
    let body = answer.expect(200);
    assert_eq!(body["requiresTwoFactor"], true, "{body}");
    for member in ["token", "refresh_token", "refreshToken", "data", "user"] {
        assert_eq!(body[member], Value::Null, "{member} in {body}");
    }
    text(&body["challengeToken"])
}

/// Asks for a mail to sign in with, and reads it.
async fn mailed(world: &World, who: &Secured, kind: &str) -> String {
    let ask = json!({"email": who.email, "type": kind});
    let asked = world.post("/profile/customer/magic-link", &ask);
    asked.send().await.expect(200);
    message(world, &who.email, &format!("Your {kind} to sign in")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_a_mailed_link_and_a_mailed_code_lead_to_the_challenge_and_are_used_up() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let link = json!({"token": token(&mailed(&world, &fay, "link").await)});
    let code = digits(&mailed(&world, &fay, "code").await);
    let code = json!({"email": fay.email, "code": code});
    let open = sessions(&world).await;
    challenged(sign_in(&world, &fay.email).await);
    let ways = [
        ("/profile/magic-link/redirect", link),
        ("/profile/customer/magic-link/redirect", code),
    ];
    for (n, (path, proof)) in ways.iter().enumerate() {
        let challenge = challenged(world.post(path, proof).send().await);
        assert_eq!(sessions(&world).await, open + n, "{path}");
        let again = world.post(path, proof).send().await;
        again.expect_problem(422, "invalid_code");
        let session = answer(&world, &challenge, &fay.backup[n]).await.expect(200);
        assert_eq!(session["user"]["sk"], fay.account.id, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_trusted_comes_in_by_a_mailed_code_without_a_challenge() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let challenge = fay.challenge(&world).await;
    let trust = json!({"challengeToken": challenge, "code": fay.backup[0], "trustDevice": true});
    let trusted = world.post("/profile/security/challenge/verify", &trust);
    let trusted = trusted.send().await.expect(200);
    let code = digits(&mailed(&world, &fay, "code").await);
    let proof = json!({"email": fay.email, "code": code, "deviceToken": trusted["deviceToken"]});
    let session = world.post("/profile/magic-link/redirect", &proof);
    let session = session.send().await.expect(200);
    assert_eq!(session["user"]["sk"], fay.account.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_company_s_word_leads_to_the_challenge_in_a_browser_and_without_one() {
    let world = World::start().await;
    world.let_sign_in_with_others("acme").await;
    let person = Person::new("oda@example.com");
    let session = world.sign_in_with("google", &person).await.expect(200);
    let oda = Account {
        org: "acme".to_owned(),
        token: text(&session["token"]),
        refresh: text(&session["refresh_token"]),
        id: text(&session["user"]["sk"]),
    };
    let oda = Secured::of(&world, oda, "oda@example.com").await;
    let open = sessions(&world).await;
    let by_client = challenged(world.sign_in_with("google", &person).await);
    let trip = trip(&world, "google", &person).await;
    let back = come_back(&world, "google", &trip.cookie, &trip.back).await;
    let (name, code) = sent_back(&back);
    assert_eq!(name, "code");
    let by_browser = challenged(exchange(&world, code).await);
    assert_eq!(sessions(&world).await, open);
    for (challenge, code) in [by_client, by_browser].iter().zip(&oda.backup) {
        let session = answer(&world, challenge, code).await.expect(200);
        assert_eq!(session["user"]["sk"], oda.account.id);
    }
}
