//! Signing in with other companies.

use portico_tests::provider::{CHALLENGE, Person, RETURN_URL, VERIFIER, proof};
use portico_tests::{Faults, World};
use serde_json::{Value, json};

use super::at_every_call;

const IDENTITIES: &str = "/profile/security/identities";

async fn world() -> (World, Faults) {
    let (world, faults) = World::start_with_faults().await;
    world.let_sign_in_with_others("acme").await;
    // What is kept warm is not to take the faults.
    warm(&world).await;
    (world, faults)
}

/// A look that is not the request's own must not take the fault.
async fn warm(world: &World) {
    for company in ["google", "github"] {
        let path =
            format!("/profile/{company}/url?redirectUri={RETURN_URL}&codeChallenge={CHALLENGE}");
        world.get(&path).send().await.expect(200);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// How many customers have this address, and how many identities there are of it.
async fn made(world: &World, email: &Value) -> (usize, usize) {
    let table = world.table().await;
    let customers: Vec<&Value> = table
        .iter()
        .filter(|item| item["type"]["S"] == "Customer" && item["email"]["S"] == *email)
        .map(|item| &item["id"]["S"])
        .collect();
    let locks = table.iter().filter(|item| {
        item["type"]["S"] == "Identity" && customers.contains(&&item["customer"]["S"])
    });
    (customers.len(), locks.count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sign_in_that_is_cut_off_anywhere_ends_in_one_customer() {
    let (world, faults) = world().await;
    at_every_call(
        &faults,
        async |name| {
            let email = format!("{name}@example.com");
            let back = world
                .consented("acme", "google", &Person::new(&email))
                .await;
            json!({"email": email, "proof": proof(&back)})
        },
        async |prepared| {
            world
                .post("/profile/google/redirect", &prepared["proof"])
                .send()
                .await
                .status
        },
        async |prepared, _| {
            // The provider's code is spent: the customer begins anew.
            let person = Person::new(text(&prepared["email"]));
            let one = world.sign_in_with("google", &person).await.expect(200);
            let two = world.sign_in_with("google", &person).await.expect(200);
            assert_eq!(one["user"]["sk"], two["user"]["sk"]);
            assert_eq!(made(&world, &prepared["email"]).await, (1, 1));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_cut_off_anywhere_is_sent_back_and_can_begin_anew() {
    let (world, faults) = world().await;
    let begin = async |email: &str| {
        let path = format!("/profile/google?returnUrl={RETURN_URL}&codeChallenge={CHALLENGE}");
        let begun = world.get(&path).send().await;
        let back = world
            .provider
            .consent(&begun.headers["location"], &Person::new(email))
            .await;
        let query = serde_urlencoded::to_string([("code", &back.code), ("state", &back.state)]);
        let cookie = begun.headers["set-cookie"]
            .split(';')
            .next()
            .expect("a cookie");
        let path = format!("/profile/google/redirect?{}", query.expect("pairs"));
        json!({"email": email, "path": path, "cookie": cookie})
    };
    let end = async |prepared: &Value| {
        let ask = world.get(text(&prepared["path"]));
        ask.header("cookie", text(&prepared["cookie"])).send().await
    };
    at_every_call(
        &faults,
        async |name| begin(&format!("{name}.b@example.com")).await,
        async |prepared| {
            let answer = end(prepared).await;
            // The browser is sent back whatever happened; only when all time is gone is it answered here.
            match answer.headers.get("location") {
                Some(to) if to.contains("#code=") => 302,
                Some(_) => 503,
                None => answer.status,
            }
        },
        async |prepared, _| {
            let anew = begin(text(&prepared["email"])).await;
            let answer = end(&anew).await;
            let (_, code) = answer.headers["location"]
                .split_once("#code=")
                .expect("a code");
            let body = json!({"code": code, "codeVerifier": VERIFIER});
            world
                .post("/profile/oauth/exchange", &body)
                .send()
                .await
                .expect(200);
            assert_eq!(made(&world, &prepared["email"]).await, (1, 1));
            // And a code that was cut off is never good twice.
            at_most_once(&world, &body).await;
        },
    )
    .await;
}

async fn at_most_once(world: &World, body: &Value) {
    let again = world.post("/profile/oauth/exchange", body).send().await;
    again.expect_problem(400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_is_cut_off_anywhere_gives_one_session_at_the_most() {
    let (world, faults) = world().await;
    let person = Person::new("exchange@example.com");
    let sessions = async || {
        let table = world.table().await;
        let sessions = table.iter().filter(|item| item["type"]["S"] == "Session");
        sessions.count()
    };
    let before = std::cell::Cell::new(0);
    at_every_call(
        &faults,
        async |_| {
            let path = format!("/profile/google?returnUrl={RETURN_URL}&codeChallenge={CHALLENGE}");
            let begun = world.get(&path).send().await;
            let back = world
                .provider
                .consent(&begun.headers["location"], &person)
                .await;
            let query = serde_urlencoded::to_string([("code", &back.code), ("state", &back.state)]);
            let cookie = begun.headers["set-cookie"]
                .split(';')
                .next()
                .expect("a cookie");
            let path = format!("/profile/google/redirect?{}", query.expect("pairs"));
            let answer = world.get(&path).header("cookie", cookie).send().await;
            let (_, code) = answer.headers["location"]
                .split_once("#code=")
                .expect("a code");
            before.set(sessions().await);
            json!({"code": code, "codeVerifier": VERIFIER})
        },
        async |prepared| {
            world
                .post("/profile/oauth/exchange", prepared)
                .send()
                .await
                .status
        },
        async |prepared, _| {
            let again = world.post("/profile/oauth/exchange", prepared).send().await;
            assert!(
                again.status == 200 || again.body["code"] == "invalid_grant",
                "{again:?}"
            );
            at_most_once(&world, prepared).await;
            let opened = sessions().await - before.get();
            assert!(opened <= 1, "{opened} sessions");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linking_and_unlinking_that_are_cut_off_anywhere_come_to_the_same() {
    let (world, faults) = world().await;
    let who = world.sign_up("acme", "crash.link@example.com").await;
    let github = format!("{IDENTITIES}/github");
    let linked = async || {
        let list = world
            .get(IDENTITIES)
            .token(&who.token)
            .send()
            .await
            .expect(200);
        let table = world.table().await;
        let locks = table.iter().filter(|item| item["type"]["S"] == "Identity");
        (
            list["data"].as_array().expect("a list").len(),
            locks.count(),
        )
    };
    let person = Person::new("crash.github@example.com");
    let link = async |proof: &Value| world.post(&github, proof).token(&who.token).send().await;
    let unlink = async || world.delete(&github).token(&who.token).send().await;
    at_every_call(
        &faults,
        async |_| proof(&world.consented("acme", "github", &person).await),
        async |proof| link(proof).await.status,
        async |_, _| {
            let (list, locks) = linked().await;
            assert_eq!(list, locks);
            let proof = proof(&world.consented("acme", "github", &person).await);
            assert_eq!(link(&proof).await.status, 204);
            assert_eq!(linked().await, (1, 1));
            assert_eq!(unlink().await.status, 204);
        },
    )
    .await;
    at_every_call(
        &faults,
        async |_| {
            let proof = proof(&world.consented("acme", "github", &person).await);
            assert_eq!(link(&proof).await.status, 204);
            Value::Null
        },
        async |_| unlink().await.status,
        async |_, _| {
            let (list, locks) = linked().await;
            assert_eq!(list, locks);
            assert_eq!(unlink().await.status, 204);
            assert_eq!(linked().await, (0, 0));
        },
    )
    .await;
}
