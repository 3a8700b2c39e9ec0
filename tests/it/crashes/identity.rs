//! Faults in guests' and customers' ways in, in ended sessions, and in second factors.

use portico_tests::World;
use serde_json::{Value, json};

use super::at_every_call;
use crate::identity::mailed_codes::{mailed, switch_on};
use crate::identity::second_factor::{Secured, answer, verified};

const PASSWORD: &str = "correct horse battery";
const TREE: &str = "/profile/security/2fa";

fn text(prepared: &Value, name: &str) -> String {
    prepared[name].as_str().unwrap().to_owned()
}

async fn sign_in(world: &World, email: &Value) -> Value {
    let body = json!({"email": email, "password": PASSWORD});
    world
        .post("/profile/customer/signin", &body)
        .send()
        .await
        .expect(200)
}

async fn post(world: &World, prepared: &Value, path: &str, body: &Value) -> portico_tests::Answer {
    world
        .post(path, body)
        .token(&text(prepared, "token"))
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_is_cut_off_while_registering_or_signing_up_is_whole_or_not_there() {
    let (world, faults) = World::start_with_faults().await;
    let register = async |prepared: &Value| {
        world
            .post("/profile/customer/register-guest", prepared)
            .send()
            .await
    };
    at_every_call(
        &faults,
        async |name| json!({"email": format!("guest-{name}@example.com")}),
        async |prepared| register(prepared).await.status,
        async |prepared, _| {
            let guest = register(prepared).await.expect(201);
            let email = &prepared["email"];
            let table = world.table().await;
            let records = table.iter().filter(|item| item["email"]["S"] == *email);
            for record in records {
                let session =
                    |item: &&Value| item["type"]["S"] == "Session" && item["pk"] == record["pk"];
                assert_eq!(table.iter().filter(session).count(), 1);
            }
            let mut account = json!({"email": email, "password": PASSWORD});
            account["guestToken"] = guest["token"].clone();
            world
                .post("/profile/customer/signup", &account)
                .send()
                .await
                .expect(201);
        },
    )
    .await;

    let sign_up = async |prepared: &Value| {
        world
            .post("/profile/customer/signup", &prepared["account"])
            .send()
            .await
    };
    at_every_call(
        &faults,
        async |name| {
            let email = format!("upgrade-{name}@example.com");
            let guest = register(&json!({"email": email})).await.expect(201);
            let account =
                json!({"email": email, "password": PASSWORD, "guestToken": guest["token"]});
            json!({"account": account, "sk": guest["guest"]["sk"]})
        },
        async |prepared| sign_up(prepared).await.status,
        async |prepared, _| {
            let again = sign_up(prepared).await;
            assert!(
                again.status == 201 || again.body["code"] == "email_taken",
                "{again:?}"
            );
            let session = sign_in(&world, &prepared["account"]["email"]).await;
            assert_eq!(session["user"]["sk"], prepared["sk"]);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_whose_end_is_cut_off_are_ended_by_asking_again() {
    let (world, faults) = World::start_with_faults().await;
    let end = async |prepared: &Value| {
        world
            .delete("/profile/sessions")
            .token(&text(prepared, "token"))
            .send()
            .await
            .status
    };
    let refresh = async |prepared: &Value, which: &str| {
        let body = json!({"refresh_token": prepared[which]});
        world
            .post("/profile/customer/refresh", &body)
            .send()
            .await
            .status
    };
    at_every_call(
        &faults,
        async |name| {
            let email = format!("ended-{name}@example.com");
            let first = world.sign_up("acme", &email).await;
            let second = sign_in(&world, &json!(email)).await;
            json!({"token": first.token, "own": first.refresh, "other": second["refresh_token"]})
        },
        async |prepared| end(prepared).await,
        async |prepared, _| {
            assert_eq!(end(prepared).await, 204);
            assert_eq!(refresh(prepared, "other").await, 401);
            assert_eq!(refresh(prepared, "own").await, 200);
        },
    )
    .await;

    let end_one = async |prepared: &Value| {
        let path = format!("/profile/sessions/{}", text(prepared, "id"));
        world
            .delete(&path)
            .token(&text(prepared, "token"))
            .send()
            .await
            .status
    };
    at_every_call(
        &faults,
        async |name| {
            let email = format!("one-{name}@example.com");
            let first = world.sign_up("acme", &email).await;
            let second = sign_in(&world, &json!(email)).await;
            let id = second["refresh_token"].as_str().unwrap().split('.').nth(1);
            json!({"token": first.token, "id": id, "other": second["refresh_token"]})
        },
        async |prepared| end_one(prepared).await,
        async |prepared, _| {
            assert!(matches!(end_one(prepared).await, 204 | 404));
            assert_eq!(refresh(prepared, "other").await, 401);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_that_is_cut_off_on_its_way_is_brought_on_its_way_again() {
    let (world, faults) = World::start_with_faults().await;
    // What is done to a new customer's second factor, and what is done before.
    for (step, ready) in [("setup/authenticator", false), ("enable", true)] {
        let go = async |prepared: &Value| {
            post(&world, prepared, &format!("{TREE}/{step}"), &Value::Null).await
        };
        at_every_call(
            &faults,
            async |name| {
                let email = format!("factor-{ready}-{name}@example.com");
                let who = world.sign_up("acme", &email).await;
                if ready {
                    verified(&world, &who).await;
                }
                json!({"email": email, "token": who.token})
            },
            async |prepared| go(prepared).await.status,
            async |prepared, _| {
                let again = go(prepared).await;
                let on = again.body["code"] == "second_factor_state";
                assert!(again.status == 200 || (ready && on), "{again:?}");
                let asked = sign_in(&world, &prepared["email"]).await["requiresTwoFactor"] == true;
                assert_eq!(asked, ready);
                // Backup codes that nobody was told are made anew, for the password.
                if ready {
                    let shown = json!({"password": PASSWORD});
                    let codes =
                        post(&world, prepared, &format!("{TREE}/backup-codes"), &shown).await;
                    let codes = codes.expect(200);
                    let challenge = sign_in(&world, &prepared["email"]).await;
                    let challenge = text(&challenge, "challengeToken");
                    let code = codes["backupCodes"][0].as_str().unwrap();
                    answer(&world, &challenge, code).await.expect(200);
                }
            },
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_is_cut_off_spends_one_code_at_the_most_and_the_next_code_opens() {
    let (world, faults) = World::start_with_faults().await;
    at_every_call(
        &faults,
        async |name| {
            let fay = Secured::new(&world, &format!("challenge-{name}@example.com")).await;
            let challenge = fay.challenge(&world).await;
            json!({
                "email": fay.email, "token": fay.account.token, "challenge": challenge,
                "code": fay.backup[0], "next": fay.backup[1],
            })
        },
        async |prepared| {
            answer(
                &world,
                &text(prepared, "challenge"),
                &text(prepared, "code"),
            )
            .await
            .status
        },
        async |prepared, _| {
            let challenge = sign_in(&world, &prepared["email"]).await;
            let challenge = text(&challenge, "challengeToken");
            let session = answer(&world, &challenge, &text(prepared, "next"))
                .await
                .expect(200);
            assert!(session["token"].is_string());
            let status = world
                .get(&format!("{TREE}/status"))
                .token(&text(prepared, "token"));
            let left = status.send().await.expect(200)["backupCodesLeft"]
                .as_u64()
                .unwrap();
            assert!((8..=9).contains(&left), "{left}");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_protection_away_is_done_or_not_done() {
    let (world, faults) = World::start_with_faults().await;
    let shown = json!({"password": PASSWORD});
    let disable =
        async |prepared: &Value| post(&world, prepared, &format!("{TREE}/disable"), &shown).await;
    at_every_call(
        &faults,
        async |name| {
            let fay = Secured::new(&world, &format!("off-{name}@example.com")).await;
            json!({"email": fay.email, "token": fay.account.token})
        },
        async |prepared| disable(prepared).await.status,
        async |prepared, _| {
            let again = disable(prepared).await;
            let off = again.body["code"] == "second_factor_state";
            assert!(again.status == 200 || off, "{again:?}");
            assert!(sign_in(&world, &prepared["email"]).await["token"].is_string());
        },
    )
    .await;

    let renew = async |prepared: &Value| {
        post(&world, prepared, &format!("{TREE}/backup-codes"), &shown).await
    };
    at_every_call(
        &faults,
        async |name| {
            let fay = Secured::new(&world, &format!("renew-{name}@example.com")).await;
            json!({"email": fay.email, "token": fay.account.token})
        },
        async |prepared| renew(prepared).await.status,
        async |prepared, _| {
            let codes = renew(prepared).await.expect(200);
            let challenge = sign_in(&world, &prepared["email"]).await;
            let challenge = text(&challenge, "challengeToken");
            let code = codes["backupCodes"][9].as_str().unwrap();
            assert!(answer(&world, &challenge, code).await.expect(200)["token"].is_string());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_cut_off_while_its_code_is_mailed_mails_one_code_and_is_made_again() {
    let (world, faults) = World::start_with_faults().await;
    let again = async |prepared: &Value| {
        let body = json!({"email": prepared["email"], "password": PASSWORD});
        world.post("/profile/customer/signin", &body).send().await
    };
    at_every_call(
        &faults,
        async |name| {
            let email = format!("mailed-{name}@example.com");
            let who = world.sign_up("acme", &email).await;
            switch_on(&world, &who, &email).await;
            json!({"email": email})
        },
        async |prepared| again(prepared).await.status,
        async |prepared, _| {
            let challenge = again(prepared).await.expect(200);
            let challenge = text(&challenge, "challengeToken");
            let code = mailed(&world, &text(prepared, "email"), 2).await;
            answer(&world, &challenge, &code).await.expect(200);
        },
    )
    .await;
}
