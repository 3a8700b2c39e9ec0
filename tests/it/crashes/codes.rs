//! One-time codes and links, passwords.

use portico_tests::{Answer, World};
use serde_json::{Value, json};

use super::at_every_call;
use crate::codes::{digits, message, token};

const OLD: &str = "correct horse battery";
const NEW: &str = "battery staple horse";

fn text<'v>(prepared: &'v Value, name: &str) -> &'v str {
    prepared[name].as_str().unwrap()
}

async fn post(world: &World, path: &str, body: Value) -> Answer {
    world.post(path, &body).send().await
}

async fn by(world: &World, prepared: &Value, path: &str, body: Value) -> Answer {
    let ask = world.post(path, &body).token(text(prepared, "token"));
    ask.send().await
}

/// Somebody new.
async fn somebody(world: &World, flow: &str, name: &str) -> Value {
    let email = format!("{flow}-{name}@example.com");
    let who = world.sign_up("acme", &email).await;
    json!({"email": email, "token": who.token, "refresh": who.refresh, "id": who.id})
}

/// How many messages of a subject somebody got, once everything is delivered.
async fn mails(world: &World, prepared: &Value, about: &str) -> usize {
    world.table_at_rest().await;
    let sent = world.platform.outbox().newest_first();
    let to = text(prepared, "email");
    let about = |subject: &str| subject.contains(about);
    sent.iter()
        .filter(|mail| mail.to == [to] && about(&mail.subject))
        .count()
}

async fn sessions(world: &World, prepared: &Value) -> usize {
    let pk = format!("acme#C#{}", text(prepared, "id"));
    let table = world.table().await;
    let mine = |item: &&Value| item["pk"]["S"] == pk.as_str() && item["type"]["S"] == "Session";
    table.iter().filter(mine).count()
}

/// Nobody is signed in any more, and the new password is the one that is good.
async fn assert_changed(world: &World, prepared: &Value) {
    assert_eq!(sessions(world, prepared).await, 0);
    let body = |password: &str| json!({"email": prepared["email"], "password": password});
    let path = "/profile/customer/signin";
    post(world, path, body(OLD))
        .await
        .expect_problem(401, "invalid_credentials");
    post(world, path, body(NEW)).await.expect(200);
    assert_eq!(mails(world, prepared, "Your password was changed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_cut_off_on_its_way_is_sent_once_and_verifies() {
    const SEND: &str = "/client-data/verification/email/send";
    const VERIFY: &str = "/client-data/verification/email/verify";
    let (world, faults) = World::start_with_faults().await;
    at_every_call(
        &faults,
        async |name| somebody(&world, "send", &name).await,
        async |prepared| by(&world, prepared, SEND, json!({})).await.status,
        async |prepared, _| {
            let again = by(&world, prepared, SEND, json!({})).await;
            assert!(matches!(again.status, 200 | 429), "{again:?}");
            assert_eq!(mails(&world, prepared, "Confirm your address").await, 1);
            let sent = message(&world, text(prepared, "email"), "Confirm your address").await;
            let verified = by(&world, prepared, VERIFY, json!({"code": digits(&sent)})).await;
            assert_eq!(verified.expect(200)["verified"], true);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_that_is_cut_off_anywhere_is_there_when_it_is_sent_again() {
    const SEND: &str = "/client-data/verification/email/send";
    const VERIFY: &str = "/client-data/verification/email/verify";
    let (world, faults) = World::start_with_faults().await;
    let verify = async |prepared: &Value| {
        let body = json!({"code": prepared["code"]});
        by(&world, prepared, VERIFY, body).await
    };
    at_every_call(
        &faults,
        async |name| {
            let mut who = somebody(&world, "verify", &name).await;
            by(&world, &who, SEND, json!({})).await.expect(200);
            let sent = message(&world, text(&who, "email"), "Confirm your address").await;
            who["code"] = json!(digits(&sent));
            who
        },
        async |prepared| verify(prepared).await.status,
        async |prepared, _| {
            let again = verify(prepared).await;
            assert!(
                again.status == 200 || again.body["code"] == "invalid_code",
                "{again:?}"
            );
            let status = world.get("/client-data/verification/status");
            let status = status
                .token(text(prepared, "token"))
                .send()
                .await
                .expect(200);
            assert_eq!(status["email"]["verified"], true);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_that_is_cut_off_anywhere_is_one_mail_and_resets_once() {
    const FORGOT: &str = "/profile/customer/password/forgot";
    const RESET: &str = "/profile/customer/password/reset";
    let (world, faults) = World::start_with_faults().await;
    let forgot =
        async |prepared: &Value| post(&world, FORGOT, json!({"email": prepared["email"]})).await;
    at_every_call(
        &faults,
        async |name| somebody(&world, "forgot", &name).await,
        async |prepared| forgot(prepared).await.status,
        async |prepared, _| {
            let again = forgot(prepared).await;
            assert!(matches!(again.status, 200 | 429), "{again:?}");
            assert_eq!(mails(&world, prepared, "Set a new password").await, 1);
        },
    )
    .await;
    let reset = async |prepared: &Value| {
        let body = json!({"token": prepared["link"], "password": NEW});
        post(&world, RESET, body).await
    };
    at_every_call(
        &faults,
        async |name| {
            let mut who = somebody(&world, "reset", &name).await;
            forgot(&who).await.expect(200);
            let sent = message(&world, text(&who, "email"), "Set a new password").await;
            who["link"] = json!(token(&sent));
            who
        },
        async |prepared| reset(prepared).await.status,
        async |prepared, _| {
            let again = reset(prepared).await;
            assert!(
                again.status == 200 || again.body["code"] == "invalid_code",
                "{again:?}"
            );
            assert_changed(&world, prepared).await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_password_that_is_cut_off_anywhere_is_made_once_with_all_that_goes_with_it() {
    let (world, faults) = World::start_with_faults().await;
    let change = async |prepared: &Value| {
        let body = json!({"currentPassword": OLD, "newPassword": NEW});
        by(&world, prepared, "/profile/customer/password/change", body).await
    };
    at_every_call(
        &faults,
        async |name| somebody(&world, "change", &name).await,
        async |prepared| change(prepared).await.status,
        async |prepared, _| {
            let again = change(prepared).await;
            assert!(
                again.status == 200 || again.body["code"] == "wrong_password",
                "{again:?}"
            );
            assert_changed(&world, prepared).await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_by_mail_that_is_cut_off_anywhere_opens_one_session() {
    let (world, faults) = World::start_with_faults().await;
    for kind in ["link", "code"] {
        let redeem = async |prepared: &Value| {
            let path = "/profile/customer/magic-link/redirect";
            post(&world, path, prepared["redeem"].clone()).await
        };
        at_every_call(
            &faults,
            async |name| {
                let mut who = somebody(&world, kind, &name).await;
                let email = text(&who, "email").to_owned();
                let ask = json!({"email": email, "type": kind});
                post(&world, "/profile/customer/magic-link", ask)
                    .await
                    .expect(200);
                let sent = message(&world, &email, &format!("Your {kind} to sign in")).await;
                who["redeem"] = if kind == "link" {
                    json!({"token": token(&sent)})
                } else {
                    json!({"email": email, "code": digits(&sent)})
                };
                who
            },
            async |prepared| redeem(prepared).await.status,
            async |prepared, _| {
                let again = redeem(prepared).await;
                assert!(
                    again.status == 200 || again.body["code"] == "invalid_code",
                    "{again:?}"
                );
                assert_eq!(
                    sessions(&world, prepared).await,
                    2,
                    "and that of signing up"
                );
            },
        )
        .await;
    }
}
