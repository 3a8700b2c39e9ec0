//! Signing in with Google, GitHub and Facebook.

mod browser;
mod devices;
mod linking;
mod refusals;

use portico_tests::provider::{Back, CHALLENGE, Person, RETURN_URL, VERIFIER};
use portico_tests::{Answer, World};
use serde_json::{Value, json};

/// A platform whose first org lets its customers sign in with all providers.
async fn world() -> World {
    let world = World::start().await;
    world.let_sign_in_with_others("acme").await;
    world
}

/// A browser's way: its cookie, and what it came back from the provider with.
pub(crate) struct Trip {
    pub(crate) cookie: String,
    pub(crate) back: Back,
    url: String,
}

/// Begins in a browser, and has it consented to.
pub(crate) async fn trip(world: &World, company: &str, person: &Person) -> Trip {
    let begun = begin(world, company, RETURN_URL).await;
    let cookie = begun.headers["set-cookie"]
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let url = begun.headers["location"].clone();
    let back = world.provider.consent(&url, person).await;
    Trip { cookie, back, url }
}

async fn begin(world: &World, company: &str, return_url: &str) -> Answer {
    let query = [
        ("orgid", "acme"),
        ("returnUrl", return_url),
        ("codeChallenge", CHALLENGE),
    ];
    let query = serde_urlencoded::to_string(query).unwrap();
    let path = format!("/profile/{company}?{query}");
    world.ask(&http::Method::GET, &path).send().await
}

/// The browser at the end of the provider's redirect, without any header of ours.
pub(crate) async fn come_back(world: &World, company: &str, cookie: &str, back: &Back) -> Answer {
    let query =
        serde_urlencoded::to_string([("code", &back.code), ("state", &back.state)]).unwrap();
    let path = format!("/profile/{company}/redirect?{query}");
    let ask = world.ask(&http::Method::GET, &path);
    ask.header("cookie", cookie).send().await
}

/// What stands behind `#code=` or `#error=` of where a browser is sent.
pub(crate) fn sent_back(answer: &Answer) -> (&str, &str) {
    assert_eq!(answer.status, 302, "{answer:?}");
    let location = &answer.headers["location"];
    let fragment = location
        .strip_prefix(RETURN_URL)
        .and_then(|rest| rest.strip_prefix('#'));
    fragment
        .and_then(|fragment| fragment.split_once('='))
        .unwrap()
}

pub(crate) async fn exchange(world: &World, code: &str) -> Answer {
    let body = json!({"code": code, "codeVerifier": VERIFIER});
    world.post("/profile/oauth/exchange", &body).send().await
}

/// Whom a session speaks for.
async fn who(world: &World, session: &Value) -> Value {
    let who = world
        .get("/profile/whoami")
        .token(session["token"].as_str().unwrap());
    who.send().await.expect(200)["customer"].clone()
}

/// How many items of a type there are.
async fn count(world: &World, kind: &str) -> usize {
    let table = world.table().await;
    table
        .iter()
        .filter(|item| item["type"]["S"] == kind)
        .count()
}
