//! PayPal's billing agreements, in PayPal's own formats.

use portico_tests::vendors::PAYPAL_SECRET;
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};
use wiremock::matchers::{basic_auth, bearer_token, body_json, body_string, method, path};
use wiremock::{Mock, Request, ResponseTemplate};

use super::{METHODS, ids, remove, saved};

const TOKEN: &str = "BA-8A802366G0648845Y";
const AGREEMENT: &str = "B-50V812176H0783741";
const AGREEMENTS: &str = "/v1/billing-agreements/agreements";

async fn save(world: &World, who: &Account) -> Answer {
    let body = json!({"paymentMethodId": TOKEN, "provider": "paypal"});
    world.post(METHODS, &body).token(&who.token).send().await
}

fn agreement(state: &str) -> Value {
    json!({
        "id": AGREEMENT, "state": state, "description": "Billing Agreement",
        "payer": {"payer_info": {"email": "doe@example.com", "payer_id": "FSMHDAE2LBBGS"}},
        "plan": {"type": "MERCHANT_INITIATED_BILLING", "merchant_preferences": {"accepted_pymt_type": "INSTANT"}},
        "links": [{"href": "https://api-m.paypal.com/", "rel": "self", "method": "GET"}],
    })
}

async fn grants(world: &World, token: &str, times: u64) {
    let grant = json!({
        "scope": "https://uri.paypal.com/services/payments/payment", "access_token": token, "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T", "expires_in": 31668, "nonce": "2020-04-03T15:35:36ZaYZlGvEkV4yVSz8g6bAKFoGSEzuy3CQcz3ljhibkOHg",
    });
    Mock::given(method("POST"))
        .and(path("/v1/oauth2/token"))
        .and(basic_auth("client-acme", PAYPAL_SECRET))
        .and(body_string("grant_type=client_credentials"))
        .respond_with(ResponseTemplate::new(200).set_body_json(grant))
        .up_to_n_times(times)
        .mount(world.vendors())
        .await;
}

async fn agrees(world: &World, token: &str, answer: ResponseTemplate, times: u64) {
    Mock::given(method("POST"))
        .and(path(AGREEMENTS))
        .and(bearer_token(token))
        .and(body_json(json!({ "token_id": TOKEN })))
        .respond_with(answer)
        .up_to_n_times(times)
        .mount(world.vendors())
        .await;
}

async fn started() -> (World, Account) {
    let world = World::start().await;
    world.integrate("acme").await;
    let ann = world.customer("acme", "ann@acme.example").await;
    (world, ann)
}

async fn heard(world: &World, verb: &str, at: &str) -> Vec<Request> {
    let heard = world.vendors().received_requests().await.unwrap();
    let those = heard.into_iter();
    those
        .filter(|one| one.method.as_str() == verb && one.url.path() == at)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_made_once_from_its_token_and_cancelled_when_it_is_removed() {
    let (world, ann) = started().await;
    grants(&world, "A21AAF", u64::MAX).await;
    agrees(&world, "A21AAF", ResponseTemplate::new(500), 1).await;
    let made = ResponseTemplate::new(201).set_body_json(agreement("ACTIVE"));
    agrees(&world, "A21AAF", made, 1).await;
    let method_of = json!({
        "id": AGREEMENT, "provider": "paypal", "brand": "paypal", "last4": null, "expMonth": null,
        "expYear": null, "isDefault": true,
    });
    assert_eq!(save(&world, &ann).await.expect(201), method_of);
    assert_eq!(save(&world, &ann).await.expect(200), method_of);
    let sent = heard(&world, "POST", AGREEMENTS).await;
    assert_eq!(sent.len(), 2, "one that failed, and its repetition");
    let id = |request: &Request| request.headers["paypal-request-id"].clone();
    assert_eq!(id(&sent[0]), id(&sent[1]));

    let cancel = format!("{AGREEMENTS}/{AGREEMENT}/cancel");
    Mock::given(method("POST"))
        .and(path(&cancel))
        .respond_with(ResponseTemplate::new(204))
        .mount(world.vendors())
        .await;
    assert_eq!(remove(&world, &ann, AGREEMENT).await.status, 204);
    assert_eq!(heard(&world, "POST", &cancel).await.len(), 1);
    assert_eq!(saved(&world, &ann).await, Vec::<Value>::new());
    assert_eq!(
        heard(&world, "POST", "/v1/oauth2/token").await.len(),
        1,
        "the access token is kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_is_no_longer_good_is_replaced_once() {
    let (world, ann) = started().await;
    grants(&world, "old", 1).await;
    grants(&world, "new", 1).await;
    let refused = ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_token"}));
    let made = || ResponseTemplate::new(201).set_body_json(agreement("ACTIVE"));
    agrees(&world, "old", made(), 1).await;
    save(&world, &ann).await.expect(201);
    let cancel = format!("{AGREEMENTS}/{AGREEMENT}/cancel");
    for (token, answer) in [("old", refused), ("new", ResponseTemplate::new(204))] {
        Mock::given(method("POST"))
            .and(path(&cancel))
            .and(bearer_token(token))
            .respond_with(answer)
            .mount(world.vendors())
            .await;
    }
    assert_eq!(remove(&world, &ann, AGREEMENT).await.status, 204);
    assert_eq!(heard(&world, "POST", "/v1/oauth2/token").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_is_cancelled_already_can_be_removed() {
    let (world, ann) = started().await;
    grants(&world, "A21AAF", 1).await;
    let made = ResponseTemplate::new(201).set_body_json(agreement("ACTIVE"));
    agrees(&world, "A21AAF", made, 1).await;
    save(&world, &ann).await.expect(201);
    let refused = json!({"name": "AGREEMENT_ALREADY_CANCELLED", "debug_id": "4a5b", "message": "The requested agreement is already canceled."});
    Mock::given(method("POST"))
        .and(path(format!("{AGREEMENTS}/{AGREEMENT}/cancel")))
        .respond_with(ResponseTemplate::new(400).set_body_json(refused))
        .mount(world.vendors())
        .await;
    let there = async |state: &str| {
        Mock::given(method("GET"))
            .and(path(format!("{AGREEMENTS}/{AGREEMENT}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(agreement(state)))
            .up_to_n_times(1)
            .mount(world.vendors())
            .await;
    };
    // Refused for another reason: it stays.
    there("ACTIVE").await;
    let stays = remove(&world, &ann, AGREEMENT).await;
    stays.expect_problem(503, "unavailable");
    let list = saved(&world, &ann).await;
    assert_eq!(ids(&list).1, [AGREEMENT]);
    there("CANCELLED").await;
    assert_eq!(remove(&world, &ann, AGREEMENT).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_paypal_refuses_is_not_saved() {
    let (world, ann) = started().await;
    grants(&world, "A21AAF", 1).await;
    let invalid = json!({"name": "INVALID_TOKEN", "message": "The token is not approved."});
    for (answer, status, code) in [
        (
            ResponseTemplate::new(400).set_body_json(invalid),
            422,
            "validation_failed",
        ),
        (ResponseTemplate::new(422), 402, "payment_method_declined"),
        (
            ResponseTemplate::new(201).set_body_json(agreement("SUSPENDED")),
            402,
            "payment_method_declined",
        ),
        (
            ResponseTemplate::new(201).set_body_string("<html>"),
            503,
            "unavailable",
        ),
    ] {
        agrees(&world, "A21AAF", answer, 1).await;
        let refused = save(&world, &ann).await;
        refused.expect_problem(status, code);
    }
    assert_eq!(saved(&world, &ann).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_paypal_does_not_know_is_the_operators_affair() {
    let (world, ann) = started().await;
    let refused =
        json!({"error": "invalid_client", "error_description": "Client Authentication failed"});
    Mock::given(method("POST"))
        .and(path("/v1/oauth2/token"))
        .respond_with(ResponseTemplate::new(401).set_body_json(refused))
        .mount(world.vendors())
        .await;
    let problem = save(&world, &ann).await;
    problem.expect_problem(503, "integration_not_configured");
}
