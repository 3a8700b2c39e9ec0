//! What goes well.

use portico_tests::provider::{CHALLENGE, Person, RETURN_URL, VERIFIER, proof};
use serde_json::{Value, json};

use super::{begin, come_back, count, exchange, sent_back, trip, who, world};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_goes_to_the_provider_and_comes_back_with_a_code_for_a_session() {
    let world = world().await;
    let ann = Person::new("new.ann@example.com");
    let begun = begin(&world, "google", RETURN_URL).await;
    assert_eq!(begun.status, 302);
    let cookie = &begun.headers["set-cookie"];
    assert!(cookie.starts_with("__Host-portico-oauth="), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"),
        "{cookie}"
    );
    assert_eq!(begun.headers["cache-control"], "no-store");
    assert_eq!(begun.headers["referrer-policy"], "no-referrer");

    let trip = trip(&world, "google", &ann).await;
    assert_eq!(
        trip.back.to,
        "http://127.0.0.1:3000/profile/google/redirect"
    );
    let customers = count(&world, "Customer").await;
    let answer = come_back(&world, "google", &trip.cookie, &trip.back).await;
    let (name, code) = sent_back(&answer);
    assert_eq!(name, "code");
    assert_eq!(count(&world, "Customer").await, customers + 1);
    let session = exchange(&world, code).await.expect(200);
    let customer = who(&world, &session).await;
    assert_eq!(customer["email"], "new.ann@example.com");
    assert_eq!(customer["name"], "Ann Lee");
    assert_eq!(customer["sk"], session["user"]["sk"]);
    let refresh = json!({"refresh_token": session["refresh_token"]});
    world
        .post("/profile/customer/refresh", &refresh)
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_again_is_who_they_were_at_each_provider() {
    let world = world().await;
    for company in ["google", "github", "facebook"] {
        let person = Person::new(&format!("{company}@example.com"));
        let first = world.sign_in_with(company, &person).await.expect(200);
        let moved = Person {
            email: "moved@example.com".to_owned(),
            ..person
        };
        let again = world.sign_in_with(company, &moved).await.expect(200);
        assert_eq!(first["user"]["sk"], again["user"]["sk"], "{company}");
        assert_eq!(
            who(&world, &again).await["email"],
            format!("{company}@example.com")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_exchanged_once_by_whoever_has_the_verifier() {
    let world = world().await;
    let trip = trip(&world, "google", &Person::new("once@example.com")).await;
    let answer = come_back(&world, "google", &trip.cookie, &trip.back).await;
    let (_, code) = sent_back(&answer);
    let other = json!({"code": code, "codeVerifier": VERIFIER.replace('d', "e")});
    let refused = world.post("/profile/oauth/exchange", &other).send().await;
    refused.expect_problem(400, "invalid_grant");
    let elsewhere = json!({"code": code, "codeVerifier": VERIFIER});
    let elsewhere = world
        .ask(&http::Method::POST, "/profile/oauth/exchange")
        .org("globex")
        .json(&elsewhere);
    elsewhere.send().await.expect_problem(400, "invalid_grant");
    let once = || exchange(&world, code);
    let all: [_; 5] = tokio::join!(once(), once(), once(), once(), once()).into();
    let good = all.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1, "{all:?}");
    for refused in all.into_iter().filter(|answer| answer.status != 200) {
        refused.expect_problem(400, "invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_good_once_even_with_another_code_of_the_providers() {
    let world = world().await;
    let person = Person::new("twice@example.com");
    let trip = trip(&world, "google", &person).await;
    let first = come_back(&world, "google", &trip.cookie, &trip.back).await;
    assert_eq!(sent_back(&first).0, "code");
    let back = world.provider.consent(&trip.url, &person).await;
    let again = come_back(&world, "google", &trip.cookie, &back).await;
    assert_eq!(sent_back(&again), ("error", "invalid_state"));
    let spent = come_back(&world, "google", &trip.cookie, &back).await;
    assert_eq!(sent_back(&spent), ("error", "invalid_grant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_in_two_tabs_of_a_browser_do_not_disturb_each_other() {
    let world = world().await;
    let person = Person::new("tabs@example.com");
    let first = trip(&world, "google", &person).await;
    let path =
        format!("/profile/github?orgid=acme&returnUrl={RETURN_URL}&codeChallenge={CHALLENGE}");
    let second = world
        .ask(&http::Method::GET, &path)
        .header("cookie", &format!("a=b; {}", first.cookie));
    let second = second.send().await;
    assert!(second.headers["set-cookie"].starts_with(&first.cookie));
    let back = world
        .provider
        .consent(&second.headers["location"], &person)
        .await;
    for (company, back) in [("google", &first.back), ("github", &back)] {
        let answer = come_back(&world, company, &first.cookie, back).await;
        assert_eq!(sent_back(&answer).0, "code", "{company}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_first_sign_ins_at_once_make_one_customer() {
    let world = world().await;
    let person = Person::new("rush@example.com");
    let customers = count(&world, "Customer").await;
    let sign_in = || world.sign_in_with("github", &person);
    let all: [_; 5] = tokio::join!(sign_in(), sign_in(), sign_in(), sign_in(), sign_in()).into();
    let ids: Vec<Value> = all
        .into_iter()
        .map(|answer| answer.expect(200)["user"]["sk"].clone())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(count(&world, "Customer").await, customers + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_signs_in_with_an_id_token_once() {
    let world = world().await;
    let person = Person::new("app@example.com");
    let token = world.provider.id_token("acme", &person, None);
    let body = json!({"idToken": token, "nonce": "app-nonce"});
    let post = async |body: &Value| world.post("/profile/google/token", body).send().await;
    let wrong = json!({"idToken": token, "nonce": "another"});
    post(&wrong).await.expect_problem(400, "invalid_grant");
    let session = post(&body).await.expect(200);
    assert_eq!(who(&world, &session).await["email"], "app@example.com");
    post(&body).await.expect_problem(400, "invalid_state");
    let elsewhere = world.provider.id_token("globex", &person, None);
    post(&json!({"idToken": elsewhere}))
        .await
        .expect_problem(400, "invalid_grant");
    let github = world.post("/profile/github/token", &json!({"idToken": token}));
    github.send().await.expect_problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_signs_in_with_a_code_that_it_asked_for_itself() {
    let world = world().await;
    let person = Person::new("native@example.com");
    for company in ["google", "github", "facebook"] {
        let begun = begin(&world, company, RETURN_URL).await;
        let (authorize, _) = begun.headers["location"].split_once('?').unwrap();
        let client = format!("client-acme-{company}");
        let asked = [
            ("response_type", "code"),
            ("client_id", client.as_str()),
            ("redirect_uri", "com.example.app:/cb"),
            ("scope", "email"),
            ("state", "its-own"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let url = format!(
            "{authorize}?{}",
            serde_urlencoded::to_string(asked).unwrap()
        );
        let person = Person {
            email: format!("{company}.{}", person.email),
            ..person.clone()
        };
        let back = world.provider.consent(&url, &person).await;
        let path = format!("/profile/{company}/token");
        let mut body = json!({"code": back.code, "codeVerifier": VERIFIER, "redirectUri": back.to});
        world.post(&path, &body).send().await.expect(200);
        world
            .post(&path, &body)
            .send()
            .await
            .expect_problem(400, "invalid_grant");
        let again = world.provider.consent(&url, &person).await;
        body["code"] = json!(again.code);
        body["codeVerifier"] = json!(VERIFIER.replace('d', "e"));
        world
            .post(&path, &body)
            .send()
            .await
            .expect_problem(400, "invalid_grant");
        body.as_object_mut().unwrap().remove("redirectUri");
        let problem = world
            .post(&path, &body)
            .send()
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(problem["details"][0]["field"], "redirectUri");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_page_of_its_own_ends_what_it_began() {
    let world = world().await;
    let back = world
        .consented("acme", "google", &Person::new("own@example.com"))
        .await;
    assert_eq!(back.to, "http://localhost:5173/cb");
    let mut other = proof(&back);
    other["codeVerifier"] = json!(VERIFIER.replace('d', "e"));
    let refused = world.post("/profile/google/redirect", &other).send().await;
    refused.expect_problem(400, "invalid_state");
    let session = world
        .post("/profile/google/redirect", &proof(&back))
        .send()
        .await;
    assert_eq!(
        who(&world, &session.expect(200)).await["email"],
        "own@example.com"
    );
}
