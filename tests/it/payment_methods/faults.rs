//! Stripe says no, is busy, is broken, is silent, talks nonsense, or is heard too late.

use std::time::{Duration, Instant};

use portico_shared::deadline::MARGIN;
use portico_shared::domain::integration::Vendor;
use portico_shared::domain::payment_method::MOST_TRIED;
use portico_shared::secret::Secret;
use portico_shared::vendors::{ATTEMPTS, Urls, Vendors};
use portico_tests::vendors::{STRIPE_KEY, stripe_card};
use portico_tests::{Account, World};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{METHODS, save, saved};

const CARD: &str = "pm_1N4vKo2eZvKYlo2C";
const CUSTOMER: &str = "cus_NffrFeUfNV2Hib";

/// What an answer to attaching the card is, so many times, before those that please.
async fn attaching(world: &World, answer: ResponseTemplate, times: u64) {
    let attach =
        Mock::given(method("POST")).and(path(format!("/v1/payment_methods/{CARD}/attach")));
    let attach = attach.respond_with(answer).with_priority(1);
    attach.up_to_n_times(times).mount(world.vendors()).await;
}

fn problem(code: &str, decline_code: Option<&str>) -> Value {
    json!({"error": {
        "type": "card_error", "code": code, "decline_code": decline_code, "message": "Your card was declined.",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined", "request_log_url": "https://dashboard.stripe.com/",
    }})
}

async fn started() -> (World, portico_tests::Faults, Account) {
    let (world, faults) = World::start_with_faults().await;
    world.integrate("acme").await;
    world.please_vendors().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    (world, faults, ann)
}

/// The requests that attached, or would have.
async fn attachments(world: &World) -> Vec<Request> {
    let heard = world.vendors().received_requests().await.unwrap();
    let attached = heard
        .into_iter()
        .filter(|one| one.url.path().ends_with("/attach"));
    attached.collect()
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers[name].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_that_a_bank_gives_has_its_code_and_changes_nothing() {
    let (world, _faults, ann) = started().await;
    for (code, decline_code, expected) in [
        (
            "card_declined",
            Some("generic_decline"),
            "payment_method_declined",
        ),
        (
            "card_declined",
            Some("insufficient_funds"),
            "insufficient_funds",
        ),
        (
            "card_declined",
            Some("stolen_card"),
            "payment_method_declined",
        ),
        ("expired_card", None, "card_expired"),
        ("incorrect_cvc", None, "incorrect_cvc"),
        (
            "authentication_required",
            Some("authentication_required"),
            "authentication_required",
        ),
        ("processing_error", None, "payment_method_declined"),
    ] {
        let told = ResponseTemplate::new(402).set_body_json(problem(code, decline_code));
        attaching(&world, told, 1).await;
        let refused = save(&world, &ann, CARD, true).await;
        refused.expect_problem(402, expected);
    }
    assert_eq!(saved(&world, &ann).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_one_card_after_the_other_is_held_back_before_stripe_hears_of_it() {
    let (world, _faults, ann) = started().await;
    let told = ResponseTemplate::new(402).set_body_json(problem("card_declined", None));
    attaching(&world, told, 1000).await;
    // The quarter of an hour may be over in between.
    let mut answers = Vec::new();
    for _ in 0..=MOST_TRIED * 2 {
        answers.push(save(&world, &ann, CARD, true).await);
    }
    let limited = answers.into_iter().find(|answer| answer.status != 402);
    let limited = limited.expect("at some time it is enough");
    let seconds: u32 = limited.headers["retry-after"].parse().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
    limited.expect_problem(429, "rate_limited");
    assert!(attachments(&world).await.len() <= MOST_TRIED as usize * 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stripe_that_is_busy_is_asked_again_with_the_same_key() {
    let (world, _faults, ann) = started().await;
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "0");
    attaching(&world, busy, 1).await;
    attaching(&world, ResponseTemplate::new(500), 1).await;
    save(&world, &ann, CARD, true).await.expect(201);
    let sent = attachments(&world).await;
    assert_eq!(sent.len(), 3);
    let key = header(&sent[0], "idempotency-key");
    for request in &sent {
        assert_eq!(header(request, "idempotency-key"), key);
        assert_eq!(
            header(request, "authorization"),
            format!("Bearer {STRIPE_KEY}")
        );
        assert_eq!(header(request, "stripe-version"), "2024-06-20");
        let form = "application/x-www-form-urlencoded";
        assert_eq!(header(request, "content-type"), form);
        assert_eq!(request.body, format!("customer={CUSTOMER}").as_bytes());
    }
    let heard = world.vendors().received_requests().await.unwrap();
    let made = heard.iter().find(|one| one.url.path() == "/v1/customers");
    let made = made.expect("a customer was made");
    assert_ne!(header(made, "idempotency-key"), key);
    let reference = format!("metadata%5Bportico_customer%5D=acme%2F{}", ann.id);
    assert_eq!(str::from_utf8(&made.body), Ok(reference.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stripe_that_stays_broken_or_talks_nonsense_is_a_503_and_the_next_try_completes_it() {
    let (world, _faults, ann) = started().await;
    let large = vec![b' '; 300 * 1024];
    for (answer, tries) in [
        (ResponseTemplate::new(500), ATTEMPTS),
        (ResponseTemplate::new(200).set_body_string("<html>"), 1),
        (
            ResponseTemplate::new(200).set_body_json(json!({"id": 7})),
            1,
        ),
        (ResponseTemplate::new(402).set_body_string("no"), 1),
        (
            ResponseTemplate::new(302).insert_header("location", METHODS),
            1,
        ),
        (ResponseTemplate::new(200).set_body_bytes(large), ATTEMPTS),
        (
            ResponseTemplate::new(500).insert_header("stripe-should-retry", "false"),
            1,
        ),
        // Longer than the function has.
        (
            ResponseTemplate::new(503).insert_header("retry-after", "60"),
            1,
        ),
    ] {
        let before = attachments(&world).await.len();
        attaching(&world, answer, u64::from(tries)).await;
        let failed = save(&world, &ann, CARD, true).await;
        assert_eq!(failed.headers["retry-after"], "2");
        failed.expect_problem(503, "unavailable");
        let sent = attachments(&world).await.len() - before;
        assert_eq!(sent, tries as usize);
        assert_eq!(saved(&world, &ann).await, Vec::<Value>::new());
    }
    save(&world, &ann, CARD, true).await.expect(201);
    assert_eq!(saved(&world, &ann).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stripe_that_is_silent_or_too_late_is_a_503_and_the_next_try_finds_what_it_did() {
    let (world, faults, ann) = started().await;
    let late = ResponseTemplate::new(200).set_body_json(stripe_card(CARD, CUSTOMER));
    attaching(&world, late.set_delay(Duration::from_secs(30)), u64::MAX).await;
    faults.hurry(Duration::from_millis(1500) + MARGIN);
    let asked = Instant::now();
    let failed = save(&world, &ann, CARD, true).await;
    failed.expect_problem(503, "unavailable");
    assert!(asked.elapsed() < Duration::from_secs(10), "not 30 s");
    faults.heal();
    assert_eq!(saved(&world, &ann).await, Vec::<Value>::new());

    // It had heard, and attached the card: it will not do so again, and says so.
    world.vendors().reset().await;
    world.please_vendors().await;
    let done = json!({"error": {"type": "invalid_request_error", "message": "already attached"}});
    attaching(&world, ResponseTemplate::new(400).set_body_json(done), 1).await;
    let there = Mock::given(method("GET")).and(path(format!("/v1/payment_methods/{CARD}")));
    let card = ResponseTemplate::new(200).set_body_json(stripe_card(CARD, CUSTOMER));
    there.respond_with(card).mount(world.vendors()).await;
    let found = save(&world, &ann, CARD, true).await.expect(201);
    assert_eq!(
        (&found["last4"], &found["isDefault"]),
        (&json!("4242"), &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stripe_customer_that_was_made_and_never_heard_of_is_found() {
    let (world, _faults, ann) = started().await;
    let found =
        json!({"object": "search_result", "data": [{"id": "cus_older", "object": "customer"}]});
    Mock::given(method("GET"))
        .and(path("/v1/customers/search"))
        .and(wiremock::matchers::query_param(
            "query",
            format!("metadata['portico_customer']:'acme/{}'", ann.id),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(found))
        .with_priority(1)
        .mount(world.vendors())
        .await;
    save(&world, &ann, CARD, true).await.expect(201);
    let sent = attachments(&world).await;
    assert_eq!(sent[0].body, b"customer=cus_older");
    let heard = world.vendors().received_requests().await.unwrap();
    assert!(!heard.iter().any(|one| one.url.path() == "/v1/customers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_or_with_a_key_that_stripe_refuses_the_operator_is_asked_for() {
    let (world, _faults) = World::start_with_faults().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let problem = save(&world, &ann, CARD, true).await;
    let problem = problem.expect_problem(503, "integration_not_configured");
    assert_eq!(problem["detail"], "this org has not set stripe up");

    let joe = world.customer("globex", "ann@acme.example").await;
    let key = json!({ "secretKey": STRIPE_KEY });
    world.set("globex", Vendor::Stripe, &key).await;
    let refusal = json!({"error": {"type": "invalid_request_error", "message": format!("Invalid API Key: {STRIPE_KEY}")}});
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(401).set_body_json(refusal))
        .mount(world.vendors())
        .await;
    let body = json!({ "paymentMethodId": CARD });
    let ask = world.ask(&http::Method::POST, METHODS).org("globex");
    let problem = ask.json(&body).token(&joe.token).send().await;
    let problem = problem.expect_problem(503, "integration_not_configured");
    assert!(!problem.to_string().contains(STRIPE_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_logged_of_a_failure_names_the_vendor_and_tells_no_key_and_no_address() {
    let server = MockServer::start().await;
    let broken = ResponseTemplate::new(500).set_body_string(STRIPE_KEY);
    Mock::given(wiremock::matchers::any())
        .respond_with(broken)
        .mount(&server)
        .await;
    let (_socket, nobody) = portico_tests::refused();
    let key = Secret::new(STRIPE_KEY);
    for (url, expected) in [
        (server.uri(), "stripe: status 500"),
        (nobody, "stripe: no connection"),
    ] {
        let vendors = Vendors::at(Urls::all_at(&url));
        let error = vendors
            .stripe(&key)
            .attach(CARD, CUSTOMER)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
        let shown = format!("{error:?} {:?}", vendors.stripe(&key));
        let host = url.strip_prefix("http://").unwrap();
        assert!(!shown.contains(STRIPE_KEY), "{shown}");
        assert!(!format!("{error:?}").contains(host), "{shown}");
    }
}
