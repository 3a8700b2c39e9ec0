//! Addresses while they are typed: Google's Places API, in Google's own formats.

use portico_shared::domain::places::PER_MINUTE;
use portico_tests::vendors::PLACES_KEY;
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, headers, method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

const AUTOCOMPLETE: &str = "/client-data/addresses/autocomplete";
const PLACE: &str = "ChIJ2eUgeAK6j4ARbn5u_wAGqWA";
const SESSION: &str = "0193e5a2-7f6c-7d3a-9d43-5a1c2b3d4e5f";

async fn started() -> (World, Account) {
    let world = World::start().await;
    world.integrate("acme").await;
    let ann = world.customer("acme", "ann@acme.example").await;
    (world, ann)
}

async fn type_in(world: &World, who: &Account, body: &Value) -> Answer {
    world
        .post(AUTOCOMPLETE, body)
        .token(&who.token)
        .send()
        .await
}

async fn get(world: &World, who: &Account, place: &str) -> Answer {
    let path = format!("/client-data/addresses/place/{place}");
    world.get(&path).token(&who.token).send().await
}

fn component(long: &str, short: &str, kinds: &[&str]) -> Value {
    json!({"longText": long, "shortText": short, "types": kinds, "languageCode": "en"})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_becomes_predictions_and_a_prediction_becomes_an_address() {
    let (world, ann) = started().await;
    let text = "1600 Amphitheatre Parkway, Mountain View, CA, USA";
    let suggestions = json!({"suggestions": [
        {"placePrediction": {"placeId": PLACE, "text": {"text": text}}},
        {"queryPrediction": {"text": {"text": "1600 amphitheatre"}}},
    ]});
    Mock::given(method("POST"))
        .and(path("/v1/places:autocomplete"))
        .and(header("x-goog-api-key", PLACES_KEY))
        .and(headers(
            "x-goog-fieldmask",
            vec![
                "suggestions.placePrediction.placeId",
                "suggestions.placePrediction.text.text",
            ],
        ))
        .and(body_json(json!({
            "input": "1600 Amph", "sessionToken": SESSION, "includedRegionCodes": ["us"],
        })))
        .respond_with(ResponseTemplate::new(200).set_body_json(suggestions))
        .mount(world.vendors())
        .await;
    let typed = json!({"input": "1600 Amph", "sessionToken": SESSION, "country": "US"});
    assert_eq!(
        type_in(&world, &ann, &typed).await.expect(200),
        json!({"predictions": [{"placeId": PLACE, "description": text}]})
    );

    let parts = [
        component("1600", "1600", &["street_number"]),
        component("Amphitheatre Parkway", "Amphitheatre Pkwy", &["route"]),
        component("Mountain View", "Mountain View", &["locality", "political"]),
        component(
            "California",
            "CA",
            &["administrative_area_level_1", "political"],
        ),
        component("United States", "US", &["country", "political"]),
        component("94043", "94043", &["postal_code"]),
    ];
    Mock::given(method("GET"))
        .and(path(format!("/v1/places/{PLACE}")))
        .and(query_param("sessionToken", SESSION))
        .and(header("x-goog-api-key", PLACES_KEY))
        .and(header("x-goog-fieldmask", "addressComponents"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"addressComponents": parts})))
        .mount(world.vendors())
        .await;
    let place = format!("{PLACE}?sessionToken={SESSION}");
    let address = get(&world, &ann, &place).await.expect(200);
    assert_eq!(
        address,
        json!({
            "street1": "1600 Amphitheatre Parkway", "street2": null, "city": "Mountain View", "state": "CA",
            "postalCode": "94043", "country": "US",
        })
    );
    let book = world.post("/client-data/addresses", &address);
    let added = book.token(&ann.token).send().await.expect(201);
    assert_eq!(added["street1"], "1600 Amphitheatre Parkway");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_taken_in_the_words_of_checkout_too_and_shown_in_the_books() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let post = async |body: Value| {
        let ask = world.post("/client-data/addresses", &body);
        ask.token(&ann.token).send().await
    };
    let other = json!({
        "type": "billing", "address1": "1 Main St", "address2": "Flat 2", "city": "Springfield", "state": "IL",
        "zip": "62701", "country": "US", "primary": true,
    });
    let mut added = post(other.clone()).await.expect(201);
    let id = added["id"].take();
    let shown = json!({
        "id": null, "type": "billing", "primary": true, "name": null, "street1": "1 Main St", "street2": "Flat 2",
        "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US", "phone": null,
    });
    assert_eq!(added, shown);
    let mut both = other;
    both["id"] = id;
    both["street1"] = json!("2 Main St");
    let refused = post(both).await.expect_problem(400, "invalid_body");
    assert!(
        refused["details"][0]["message"]
            .as_str()
            .unwrap()
            .contains("duplicate")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_found_is_an_empty_list_and_an_unknown_place_is_not_found() {
    let (world, ann) = started().await;
    let answer = |verb: &str, at: &str, answer: ResponseTemplate| {
        let mock = Mock::given(method(verb)).and(path(at));
        mock.respond_with(answer).mount(world.vendors())
    };
    let empty = ResponseTemplate::new(200).set_body_json(json!({}));
    answer("POST", "/v1/places:autocomplete", empty).await;
    let nothing = type_in(&world, &ann, &json!({"input": "zzzz"})).await;
    assert_eq!(nothing.expect(200), json!({"predictions": []}));
    let invalid = json!({"error": {"code": 400, "message": "Not a valid Place ID", "status": "INVALID_ARGUMENT"}});
    let invalid = ResponseTemplate::new(400).set_body_json(invalid);
    answer("GET", "/v1/places/ChIJunknown", invalid).await;
    let before = world.vendors().received_requests().await.unwrap().len();
    for unknown in ["ChIJunknown", "no%20place", "places:autocomplete"] {
        let missing = get(&world, &ann, unknown).await;
        missing.expect_problem(404, "not_found");
    }
    let after = world.vendors().received_requests().await.unwrap().len();
    assert_eq!(after, before + 1, "what can be no id is not asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_google_cannot_have_meant_is_refused_and_a_google_that_fails_is_a_503() {
    let (world, ann) = started().await;
    for (wrong, field) in [
        (json!({"input": ""}), "input"),
        (json!({"input": "a\u{0}"}), "input"),
        (json!({"input": "a".repeat(201)}), "input"),
        (json!({"input": "a", "country": "usa"}), "country"),
        (json!({"input": "a", "sessionToken": "a b"}), "sessionToken"),
        (
            json!({"input": "a", "sessionToken": "a".repeat(37)}),
            "sessionToken",
        ),
    ] {
        let refused = type_in(&world, &ann, &wrong).await;
        let refused = refused.expect_problem(422, "validation_failed");
        assert_eq!(refused["details"][0]["field"], field);
    }
    let denied = json!({"error": {"code": 403, "message": "API key expired", "status": "PERMISSION_DENIED"}});
    for (answer, code) in [
        (
            ResponseTemplate::new(200).set_body_string("<html>"),
            "unavailable",
        ),
        (
            ResponseTemplate::new(200).set_body_json(json!({"suggestions": 1})),
            "unavailable",
        ),
        (
            ResponseTemplate::new(403).set_body_json(denied),
            "integration_not_configured",
        ),
        (ResponseTemplate::new(404), "unavailable"),
    ] {
        Mock::given(method("POST"))
            .respond_with(answer)
            .up_to_n_times(1)
            .mount(world.vendors())
            .await;
        let failed = type_in(&world, &ann, &json!({"input": "a"})).await;
        let problem = failed.expect_problem(503, code);
        assert!(!problem.to_string().contains(PLACES_KEY));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_of_the_orgs_it_is_said_that_there_is_none() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let problem = type_in(&world, &ann, &json!({"input": "a"})).await;
    let problem = problem.expect_problem(503, "integration_not_configured");
    assert_eq!(problem["detail"], "this org has not set google-places up");
    let problem = get(&world, &ann, PLACE).await;
    problem.expect_problem(503, "integration_not_configured");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_asks_without_end_is_held_back_and_others_are_not() {
    let (world, ann) = started().await;
    world.please_vendors().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let typed = json!({"input": "a"});
    // The minute may turn once in between.
    let mut answers = Vec::new();
    for _ in 0..=PER_MINUTE * 2 {
        answers.push(type_in(&world, &ann, &typed).await);
    }
    let limited = answers.into_iter().find(|answer| answer.status != 200);
    let limited = limited.expect("at some time it is enough");
    let seconds: u32 = limited.headers["retry-after"].parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    limited.expect_problem(429, "rate_limited");
    type_in(&world, &bob, &typed).await.expect(200);
    let asked = world.vendors().received_requests().await.unwrap().len();
    assert!(asked <= PER_MINUTE as usize * 2 + 1);
}
