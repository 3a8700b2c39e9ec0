//! Events as AWS sends them, through `lambda_http` to the functions: every file in `events/`, and every
//! form in which API Gateway hands on the same request.

mod batches;
mod forms;
mod lambda;
mod taps;

use std::collections::BTreeSet;

use http::Method;
use portico_local::demo_events::{self, ready};
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_tests::replay::{
    ANSWERS, all, assert_answered, every_event_is_answered, folder, function, text,
};
use portico_tests::{World, checkout_body, refused};
use serde_json::{Value, json};

use forms::{Call, Form};
use lambda::Lambda;

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_answered_as_it_should_be() {
    let world = World::start().await;
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    every_event_is_answered(&world, &Lambda::of(&parts)).await;
}

/// As `make invoke` hands them on: in any order, and what makes something more than once.
#[tokio::test(flavor = "multi_thread")]
async fn every_event_alone_is_made_ready_to_be_answered() {
    let world = World::start().await;
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let lambda = Lambda::of(&parts);
    let mut names: Vec<_> = all().collect();
    names.reverse();
    for name in names.into_iter().chain(["profile/signup"]) {
        let event = ready(&folder(), name, world.platform.url()).await;
        let event = event.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_answered(name, &event, &lambda).await;
    }
}

#[tokio::test]
async fn an_event_that_is_not_there_and_a_platform_that_does_not_run_are_one_line_each() {
    let (_socket, url) = refused();
    let error = |name: &'static str| {
        let url = url.clone();
        async move { ready(&folder(), name, &url).await.unwrap_err() }
    };
    assert_eq!(
        error("profile/whoami").await,
        format!("nothing answers at {url}: start `make dev` first")
    );
    let names = demo_events::all(&folder()).unwrap().join(", ");
    assert_eq!(
        error("profile/whoareyou").await,
        format!("there is no event profile/whoareyou; there are: {names}")
    );
}

#[test]
fn every_file_is_expected_to_be_answered_and_is_there() {
    let mut expected: Vec<_> = all().collect();
    expected.sort_unstable();
    assert_eq!(demo_events::all(&folder()).unwrap(), expected);
}

#[test]
fn every_operation_has_an_event_and_each_tree_one_of_a_rest_api() {
    let document = serde_json::to_value(document()).unwrap();
    let operations: Vec<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods
                .map(|method| (method.to_uppercase(), path.clone()))
                .collect::<Vec<_>>()
        })
        .collect();
    let mut without: BTreeSet<_> = operations.iter().cloned().collect();
    let mut trees_without_rest = BTreeSet::from(["profile", "client-data", "storefront", "crm"]);
    for (file, _) in ANSWERS {
        let event: Value = serde_json::from_str(&text(file)).unwrap();
        if event["version"] == "2.0" {
            let http = &event["requestContext"]["http"];
            let path = http["path"].as_str().unwrap();
            without.remove(&operation(
                &operations,
                http["method"].as_str().unwrap(),
                path,
            ));
        } else {
            trees_without_rest.remove(function(file));
        }
    }
    assert_eq!(without, BTreeSet::new());
    assert_eq!(trees_without_rest, BTreeSet::new());
}

/// The operation that a path is routed to: where several match, the one with the most literal segments.
fn operation(operations: &[(String, String)], method: &str, path: &str) -> (String, String) {
    let path = path.strip_prefix("/prod").unwrap_or(path);
    let path = path.strip_prefix("/api").unwrap_or(path);
    let literals = |template: &str| -> Option<usize> {
        let (segments, template): (Vec<_>, Vec<_>) =
            (path.split('/').collect(), template.split('/').collect());
        let matches = segments.len() == template.len()
            && segments
                .iter()
                .zip(&template)
                .all(|(s, t)| s == t || t.starts_with('{'));
        matches.then(|| {
            segments
                .iter()
                .zip(&template)
                .filter(|(s, t)| s == t)
                .count()
        })
    };
    let candidates = operations.iter().filter(|(m, _)| m == method);
    let best = candidates
        .max_by_key(|(_, template)| literals(template))
        .expect("an operation of this method");
    assert!(
        literals(&best.1).is_some(),
        "{method} {path} is no operation"
    );
    best.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_gets_one_answer_whichever_way_api_gateway_hands_it_on() {
    let world = World::start().await;
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let lambda = Lambda::of(&parts);
    let bob = world.customer("acme", "bob@acme.example").await;
    let cart = world.cart(&bob, "MUG-BLUE", 1).await;
    let other = world.cart(&bob, "FLEECE-S", 1).await;
    let get = |path: &str| Call::new(Method::GET, path);
    let post =
        |path: &str, body: Value| Call::new(Method::POST, path).token(&bob.token).body(&body);
    let engraved =
        json!({"productItems": [{"sku": "FLEECE-S", "quantity": 2, "options": {"name": "Ọkọ ✓"}}]});
    let mut nobody = get("/storefront/products");
    nobody.headers.clear();
    let calls = [
        (
            200,
            get("/storefront/products")
                .query("query", "merino tee")
                .query("ps", "2")
                .query("minPrice", "5.50"),
        ),
        (
            400,
            get("/storefront/products").query("minPrice", "a&b=c%20+d"),
        ),
        (200, get("/profile/whoami").token(&bob.token)),
        (200, get("/client-data/profile").token(&bob.token)),
        (401, get("/client-data/profile").token("nonsense")),
        (
            404,
            get("/storefront/order/email/ann+x@acme.example/ORD-0000-0000-0000"),
        ),
        (400, nobody),
        (404, get("/profile/nothing/here")),
        (405, Call::new(Method::DELETE, "/profile/whoami")),
        (
            200,
            post(&format!("/storefront/cart/update/{other}"), engraved),
        ),
        (
            201,
            post("/storefront/checkout-cart", checkout_body(&cart)).header("idempotency-key", "1"),
        ),
        (
            422,
            post(
                "/client-data/addresses",
                json!({"street1": "", "city": "Zürich", "country": "ch"}),
            ),
        ),
        (
            400,
            Call::new(Method::POST, "/profile/customer/signin").body(&"{\"email\":"),
        ),
    ];
    for (status, call) in calls {
        // Once before it counts: the first request warms caches, and places the order.
        lambda
            .answer(call.function(), &call.event(Form::PLAIN))
            .await;
        let mut plain = None;
        for form in std::iter::once(Form::PLAIN).chain(Form::all()) {
            let mut reply = lambda.answer(call.function(), &call.event(form)).await;
            assert_eq!(
                reply.status, status,
                "{form:?} {}: {}",
                call.path, reply.body
            );
            let mut body = reply.json();
            if let Some(cart) = body
                .as_object_mut()
                .filter(|body| body.contains_key("cartId"))
            {
                // The only thing that the clock may change, and how long it is.
                cart.remove("updatedAt");
                reply.headers.remove("content-length");
            }
            reply.body = body.to_string();
            assert_eq!(
                plain.get_or_insert_with(|| reply.clone()),
                &reply,
                "{form:?} {}",
                call.path
            );
        }
    }
}
