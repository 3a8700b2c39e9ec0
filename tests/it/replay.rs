//! Events as AWS sends them, through `lambda_http` to the functions: every file in `events/`, and every
//! form in which API Gateway hands on the same request.

mod batches;
mod files;
mod forms;
mod lambda;
mod taps;

use std::collections::BTreeSet;

use http::Method;
use portico_local::demo_events::{fill, ready, values};
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_tests::{World, checkout_body};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use forms::{Call, Form};
use lambda::{Lambda, Reply};

/// The HTTP events and the status of each one's answer, in an order in which all of them can be replayed
/// with the same ids.
const ANSWERS: &[(&str, u64)] = &[
    ("profile/health", 200),
    ("profile/signup", 201),
    ("profile/signin", 200),
    ("profile/signin-base64", 200),
    ("profile/signin-rest", 200),
    ("profile/user-signin", 200),
    ("profile/whoami", 200),
    ("profile/whoami-rest", 200),
    ("client-data/health", 200),
    ("client-data/get-profile", 200),
    ("client-data/get-profile-prod", 200),
    ("client-data/get-profile-rest", 200),
    ("client-data/put-profile", 200),
    ("client-data/list-addresses", 200),
    ("client-data/put-address", 201),
    ("client-data/put-address-rest", 201),
    ("client-data/delete-address", 204),
    ("client-data/get-dashboard", 200),
    ("client-data/list-notifications", 200),
    ("client-data/list-orders", 200),
    ("client-data/get-order", 200),
    ("client-data/add-wish", 200),
    ("client-data/list-wishes", 200),
    ("client-data/remove-wish", 204),
    ("storefront/health", 200),
    ("storefront/list-products", 200),
    ("storefront/list-products-prod", 200),
    ("storefront/list-products-api", 200),
    ("storefront/list-products-rest", 200),
    ("storefront/get-product", 200),
    ("storefront/get-cart", 200),
    ("storefront/get-cart-guest", 200),
    ("storefront/get-cart-by-id", 200),
    ("storefront/clear-cart", 200),
    ("storefront/clear-cart-by-post", 200),
    ("storefront/clear-cart-by-delete", 200),
    ("storefront/update-cart", 200),
    ("storefront/update-cart-base64", 200),
    ("storefront/checkout-cart", 201),
    // The same key again: the same order.
    ("storefront/checkout-cart-rest", 201),
    ("storefront/list-orders", 200),
    ("storefront/get-order", 200),
    ("storefront/get-order-by-email", 200),
    ("storefront/process-order", 200),
    ("storefront/ship-order", 200),
    ("storefront/deliver-order", 200),
    ("profile/refresh", 200),
    ("profile/customer-signout", 204),
    ("profile/signout", 204),
];

/// The stream's and the queue's events, and what each one's reply reports as failed.
const BATCHES: &[(&str, &[&str])] = &[
    ("changes/customer-created", &[]),
    ("changes/order-placed", &[]),
    ("changes/order-shipped", &[]),
    ("changes/notification-read", &[]),
    ("changes/redelivered-batch", &[]),
    ("notifications/customer-created", &[]),
    ("notifications/order-placed", &[]),
    (
        "notifications/broken-body",
        &["8325148f-2e6d-4c91-9461-0567ede254bd"],
    ),
];

/// The function whose folder a file is in.
pub(crate) fn function(file: &str) -> &str {
    file.split('/')
        .next()
        .expect("a file is in a function's folder")
}

/// An address where nobody listens, and nobody else can, as long as the socket is kept.
pub(crate) fn refused() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any).expect("a free port");
    let address = socket.local_addr().expect("an address");
    (socket, format!("http://{address}"))
}

/// What calls a function as Lambda does.
pub(crate) trait Invoke {
    /// What the function replies to an event.
    async fn invoke(&self, function: &str, event: &Value) -> Value;
}

/// Replays every file: the functions' answers must be as `ANSWERS` and `BATCHES` say.
pub(crate) async fn every_event_is_answered(world: &World, lambda: &impl Invoke) {
    let names: Vec<_> = all().collect();
    let texts: String = names.iter().map(|name| files::text(name)).collect();
    let values = values(world.platform.url(), &texts).await.unwrap();
    for name in names {
        let event = fill(&files::text(name), &values).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_answered(name, &event, lambda).await;
    }
}

/// Every expected file, in an order in which all of them can be replayed with the same ids.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    let answers = ANSWERS.iter().map(|(file, _)| *file);
    answers.chain(BATCHES.iter().map(|(file, _)| *file))
}

/// Holds a function's answer to an event to what is expected of this file.
pub(crate) async fn assert_answered(file: &str, event: &Value, lambda: &impl Invoke) {
    let reply = lambda.invoke(function(file), event).await;
    if let Some((_, failed)) = BATCHES.iter().find(|(name, _)| *name == file) {
        let failed = failed.iter().map(|id| json!({"itemIdentifier": id}));
        let failed: Vec<_> = failed.collect();
        assert_eq!(reply, json!({"batchItemFailures": failed}), "{file}");
        return;
    }
    let status = ANSWERS.iter().find(|(name, _)| *name == file);
    let status = status.expect("an answer is expected").1;
    let reply = Reply::read(event, &reply);
    assert_eq!(reply.status, status, "{file}: {}", reply.body);
    assert_eq!(
        event["requestContext"]["requestId"],
        reply.headers["x-request-id"].as_str(),
        "{file}"
    );
    assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{file}");
    assert_eq!(reply.headers["cache-control"], "no-store", "{file}");
    let content_type = reply.headers.get("content-type").map(String::as_str);
    let expected = (status != 204).then_some("application/json");
    assert_eq!(content_type, expected, "{file}");
    assert_eq!(reply.json().is_null(), status == 204, "{file}");
}

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
        let event = ready(&files::folder(), name, world.platform.url()).await;
        let event = event.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_answered(name, &event, &lambda).await;
    }
}

#[tokio::test]
async fn an_event_that_is_not_there_and_a_platform_that_does_not_run_are_one_line_each() {
    let (_socket, url) = refused();
    let error = |name: &'static str| {
        let url = url.clone();
        async move { ready(&files::folder(), name, &url).await.unwrap_err() }
    };
    assert_eq!(
        error("profile/whoami").await,
        format!("nothing answers at {url}: start `make dev` first")
    );
    let names = files::all().join(", ");
    assert_eq!(
        error("profile/whoareyou").await,
        format!("there is no event profile/whoareyou; there are: {names}")
    );
}

#[test]
fn every_file_is_expected_to_be_answered_and_is_there() {
    let mut expected: Vec<_> = all().collect();
    expected.sort_unstable();
    assert_eq!(files::all(), expected);
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
    let mut trees_without_rest = BTreeSet::from(["profile", "client-data", "storefront"]);
    for (file, _) in ANSWERS {
        let event: Value = serde_json::from_str(&files::text(file)).unwrap();
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
