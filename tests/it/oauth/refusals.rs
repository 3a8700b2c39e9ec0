//! What goes wrong, by accident or on purpose.

use std::time::Duration;

use portico_shared::deadline::MARGIN;
use portico_tests::provider::{Forgery, Person, RETURN_URL, VERIFIER, Wrong, proof};
use portico_tests::{World, assert_unchanged};
use serde_json::json;

use super::{begin, come_back, count, sent_back, trip, world};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_where_the_org_does_not_send_its_customers() {
    let world = world().await;
    for wrong in [
        "https://evil.example",
        "https://localhost:5173",
        "http://localhost:5174",
        "http://localhost:5173@evil.example/",
        "http://localhost:5173.evil.example/",
        "//evil.example",
        "/signed-in",
        "javascript:alert(1)",
        "http://localhost:5173/#",
        "",
    ] {
        let refused = begin(&world, "google", wrong).await;
        assert!(!refused.headers.contains_key("set-cookie"));
        refused.expect_problem(400, "return_url_not_allowed");
        let query = serde_urlencoded::to_string([
            ("redirectUri", wrong),
            ("codeChallenge", portico_tests::provider::CHALLENGE),
        ]);
        let refused = world
            .get(&format!("/profile/google/url?{}", query.unwrap()))
            .send()
            .await;
        refused.expect_problem(400, "return_url_not_allowed");
    }
    // What browsers take for a path is made one.
    let odd = begin(&world, "google", "http:\\\\localhost:5173\\@evil.example").await;
    let cookie = odd.headers["set-cookie"].split(';').next().unwrap();
    let back = world
        .provider
        .consent(&odd.headers["location"], &Person::new("odd@example.com"))
        .await;
    let answer = come_back(&world, "google", cookie, &back).await;
    assert!(answer.headers["location"].starts_with("http://localhost:5173/@evil.example#code="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_nobodys_but_the_browsers_orgs_and_providers_that_began() {
    let world = world().await;
    world.let_sign_in_with_others("globex").await;
    let person = Person::new("state@example.com");
    let own = trip(&world, "google", &person).await;
    let (other, client) = (
        trip(&world, "google", &person).await,
        world.consented("acme", "google", &person).await,
    );
    let before = world.table_at_rest().await;
    let elsewhere = own.back.state.replacen("acme", "globex", 1);
    let altered = format!("{}A", &own.back.state[..own.back.state.len() - 1]);
    for (what, company, cookie, state) in [
        ("no cookie", "google", "", own.back.state.as_str()),
        (
            "another browser",
            "google",
            other.cookie.as_str(),
            &own.back.state,
        ),
        (
            "a cookie that is none",
            "google",
            "__Host-portico-oauth=x",
            &own.back.state,
        ),
        ("another provider", "github", &own.cookie, &own.back.state),
        ("another org", "google", &own.cookie, &elsewhere),
        ("an altered one", "google", &own.cookie, &altered),
        ("a client's", "google", &own.cookie, &client.state),
        ("an invention", "google", &own.cookie, "acme.k1.AAAA"),
    ] {
        let mut back = own.back.clone();
        state.clone_into(&mut back.state);
        // Only where one altered character stood for no bits would it be the same state.
        if back.state == own.back.state && what == "an altered one" {
            continue;
        }
        let answer = come_back(&world, company, cookie, &back).await;
        let problem = answer.expect_problem(400, "invalid_state");
        assert_eq!(
            problem["detail"], "The sign-in was not begun here, is over, or took too long",
            "{what}"
        );
    }
    // A browser's state is of no use to a client, whoever has the verifier.
    let taken = world
        .post("/profile/google/redirect", &proof(&own.back))
        .send()
        .await;
    taken.expect_problem(400, "invalid_state");
    let named = world
        .ask(&http::Method::GET, "/profile/google/redirect?code=1")
        .send()
        .await;
    named.expect_problem(400, "missing_orgid");
    assert_unchanged(&before, &world.table_at_rest().await);
    let answer = come_back(&world, "google", &own.cookie, &own.back).await;
    assert_eq!(sent_back(&answer).0, "code", "none of it has used it up");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forged_id_token_signs_anybody_in() {
    let world = world().await;
    let person = Person::new("forged@example.com");
    let before = world.table_at_rest().await;
    for forgery in Forgery::ALL {
        world.provider.go_wrong(Wrong::Forged(forgery));
        let refused = world.sign_in_with("google", &person).await;
        assert_eq!(refused.body["code"], "invalid_grant", "{forgery:?}");
        refused.expect_problem(400, "invalid_grant");
        let token = world.provider.id_token("acme", &person, Some(forgery));
        let body = json!({"idToken": token, "nonce": "app-nonce"});
        let refused = world.post("/profile/google/token", &body).send().await;
        assert_eq!(refused.body["code"], "invalid_grant", "{forgery:?}");
    }
    assert_unchanged(&before, &world.table_at_rest().await);
    // The keys are not asked for again for each key that is made up.
    assert_eq!(world.provider.keys_asked(), 1);
    world.sign_in_with("google", &person).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_is_a_clear_problem_and_changes_nothing() {
    let (world, faults) = World::start_with_faults().await;
    world.let_sign_in_with_others("acme").await;
    let person = Person::new("failing@example.com");
    let before = world.table_at_rest().await;
    for (company, wrong, status, code) in [
        (
            "google",
            Wrong::Status(400, "invalid_grant"),
            400,
            "invalid_grant",
        ),
        (
            "google",
            Wrong::Status(401, "invalid_client"),
            503,
            "integration_not_configured",
        ),
        (
            "google",
            Wrong::Status(400, "slow_down"),
            503,
            "unavailable",
        ),
        (
            "google",
            Wrong::Status(500, "server_error"),
            503,
            "unavailable",
        ),
        ("google", Wrong::Garbage, 503, "unavailable"),
        ("google", Wrong::NoKeys, 503, "unavailable"),
        (
            "github",
            Wrong::Status(200, "bad_verification_code"),
            400,
            "invalid_grant",
        ),
        (
            "github",
            Wrong::Status(200, "redirect_uri_mismatch"),
            503,
            "integration_not_configured",
        ),
        ("github", Wrong::NoUser, 503, "unavailable"),
        ("facebook", Wrong::Garbage, 503, "unavailable"),
        ("facebook", Wrong::NoUser, 503, "unavailable"),
    ] {
        world.provider.go_wrong(wrong);
        let failed = world.sign_in_with(company, &person).await;
        assert_eq!(
            (failed.status, failed.body["code"].as_str()),
            (status, Some(code)),
            "{company} {wrong:?}"
        );
        failed.expect_problem(status, code);
    }
    let back = world.consented("acme", "google", &person).await;
    world.provider.go_wrong(Wrong::Silence);
    faults.hurry(Duration::from_millis(600) + MARGIN);
    let silent = world
        .post("/profile/google/redirect", &proof(&back))
        .send()
        .await;
    silent.expect_problem(503, "unavailable");
    faults.heal();
    assert_unchanged(&before, &world.table_at_rest().await);
    world.sign_in_with("google", &person).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_sent_back_with_the_reason_when_it_does_not_end_well() {
    let world = world().await;
    let person = Person::new("ends@example.com");
    let go = trip(&world, "google", &person).await;
    let denied = format!(
        "/profile/google/redirect?error=access_denied&state={}",
        go.back.state
    );
    let ask = world
        .ask(&http::Method::GET, &denied)
        .header("cookie", &go.cookie);
    assert_eq!(sent_back(&ask.send().await), ("error", "access_denied"));
    let failed = denied.replace("access_denied", "server_error");
    let ask = world
        .ask(&http::Method::GET, &failed)
        .header("cookie", &go.cookie);
    assert_eq!(sent_back(&ask.send().await), ("error", "unavailable"));
    world.provider.go_wrong(Wrong::Garbage);
    let answer = come_back(&world, "google", &go.cookie, &go.back).await;
    assert_eq!(sent_back(&answer), ("error", "unavailable"));
    let go = trip(&world, "github", &person.unverified()).await;
    let answer = come_back(&world, "github", &go.cookie, &go.back).await;
    assert_eq!(sent_back(&answer), ("error", "email_unverified"));
    assert_eq!(count(&world, "Identity").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_without_an_application_has_no_sign_in_with_it() {
    let world = World::start().await;
    let refused = begin(&world, "google", RETURN_URL).await;
    refused.expect_problem(503, "integration_not_configured");
    let unknown = begin(&world, "myspace", RETURN_URL).await;
    unknown.expect_problem(404, "route_not_found");
    let nobody = world
        .ask(&http::Method::GET, "/profile/google")
        .send()
        .await;
    nobody.expect_problem(400, "missing_orgid");
    let hidden =
        world.get("/profile/google/url?redirectUri=http://localhost:5173/&codeChallenge=short");
    hidden.send().await.expect_problem(400, "invalid_query");
    let exchange = json!({"code": "k1.AAAA", "codeVerifier": VERIFIER});
    let refused = world
        .post("/profile/oauth/exchange", &exchange)
        .send()
        .await;
    refused.expect_problem(400, "invalid_grant");
}
