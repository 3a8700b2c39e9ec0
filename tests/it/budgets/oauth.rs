//! Signing in with other companies.

use portico_tests::provider::{CHALLENGE, Person, RETURN_URL, VERIFIER, proof};
use portico_tests::{Answer, World};
use serde_json::{Value, json};

use super::Budgets;

const TAKE: &str = "GET /profile/{provider}/redirect";

pub(super) async fn measure(world: &World, budgets: &mut Budgets) {
    world.let_sign_in_with_others("acme").await;
    let ann = Person::new("google.cost@example.com");
    browser(world, budgets, &ann, "first sign-in").await;
    let code = browser(world, budgets, &ann, "known").await;
    let body = json!({"code": code, "codeVerifier": VERIFIER});
    let exchanged = world.post("/profile/oauth/exchange", &body).send().await;
    budgets.row("POST /profile/oauth/exchange", "", 200, &exchanged);
    let again = world.post("/profile/oauth/exchange", &body).send().await;
    budgets.row("POST /profile/oauth/exchange", "sent again", 400, &again);

    let path = format!("/profile/google/url?redirectUri={RETURN_URL}&codeChallenge={CHALLENGE}");
    let url = world.get(&path).send().await;
    budgets.row("GET /profile/{provider}/url", "", 200, &url);
    let known = world.sign_in_with("google", &ann).await;
    budgets.row("POST /profile/{provider}/redirect", "known", 200, &known);
    let token = world.provider.id_token("acme", &ann, None);
    let token = json!({"idToken": token});
    let known = world.post("/profile/google/token", &token).send().await;
    budgets.row("POST /profile/{provider}/token", "known", 200, &known);
    identities(world, budgets, &known.body).await;
}

async fn browser(world: &World, budgets: &mut Budgets, person: &Person, case: &str) -> String {
    let path = format!("/profile/google?returnUrl={RETURN_URL}&codeChallenge={CHALLENGE}");
    let begun = world.get(&path).send().await;
    if case == "known" {
        budgets.row("GET /profile/{provider}", "", 302, &begun);
    }
    let back = world
        .provider
        .consent(&begun.headers["location"], person)
        .await;
    let query = serde_urlencoded::to_string([("code", &back.code), ("state", &back.state)]);
    let path = format!("/profile/google/redirect?{}", query.expect("pairs"));
    let cookie = begun.headers["set-cookie"]
        .split(';')
        .next()
        .expect("a cookie");
    let ended = world.get(&path).header("cookie", cookie).send().await;
    budgets.row(TAKE, case, 302, &ended);
    let code = ended.headers["location"].split_once("#code=");
    code.expect("a code").1.to_owned()
}

async fn identities(world: &World, budgets: &mut Budgets, session: &Value) {
    let token = session["token"].as_str().expect("a token");
    let person = Person::new("github.cost@example.com");
    let back = world.consented("acme", "github", &person).await;
    let link = world.post("/profile/security/identities/github", &proof(&back));
    let link: Answer = link.token(token).send().await;
    budgets.row(
        "POST /profile/security/identities/{provider}",
        "",
        204,
        &link,
    );
    let list = world
        .get("/profile/security/identities")
        .token(token)
        .send()
        .await;
    budgets.row("GET /profile/security/identities", "", 200, &list);
    let gone = world
        .delete("/profile/security/identities/github")
        .token(token)
        .send()
        .await;
    budgets.row(
        "DELETE /profile/security/identities/{provider}",
        "",
        204,
        &gone,
    );
}
