//! Events as AWS sends them, through `lambda_http` to the functions: every file in `events/`, and every
//! form in which API Gateway hands on the same request.

mod batches;
mod files;
mod forms;
mod lambda;
mod taps;

use std::collections::BTreeSet;

use http::Method;
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_tests::{World, checkout_body};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use files::Values;
use forms::{Call, Form};
use lambda::Lambda;

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

fn function(file: &str) -> &str {
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

/// Makes what the files name: a customer who is signed in, with an order, a cart and an address.
async fn values(world: &World) -> Values {
    let bob = world.customer("acme", "bob@acme.example").await;
    let staff = world.staff().await;
    let cart = world.cart(&bob, "MUG-BLUE", 2).await;
    let order = world.checkout(&bob, &cart, "first").await.expect(201);
    let cart = world.cart(&bob, "MUG-BLUE", 1).await;
    let address = json!({"street1": "1 Main St", "city": "Springfield", "country": "US"});
    let address = world
        .post("/client-data/addresses", &address)
        .token(&bob.token);
    let address = address.send().await.expect(201);
    let product = world
        .get("/storefront/product/enamel-mug")
        .send()
        .await
        .expect(200);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    Values::from([
        ("CUSTOMER_TOKEN", bob.token),
        ("REFRESH_TOKEN", bob.refresh),
        ("STAFF_TOKEN", staff.token),
        ("CUSTOMER_ID", bob.id),
        ("ORDER_ID", text(&order["id"])),
        ("ORDER_NUMBER", text(&order["orderNumber"])),
        ("CART_ID", cart),
        ("ADDRESS_ID", text(&address["id"])),
        ("PRODUCT_ID", text(&product["id"])),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_answered_as_it_should_be() {
    let world = World::start().await;
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let lambda = Lambda::of(&parts);
    let values = values(&world).await;
    for (file, status) in ANSWERS {
        let event = files::load(file, &values);
        assert!(
            !event.to_string().contains("${"),
            "{file}: a placeholder that nothing fills"
        );
        let reply = lambda.answer(function(file), &event).await;
        assert_eq!(reply.status, *status, "{file}: {}", reply.body);
        assert_eq!(
            event["requestContext"]["requestId"],
            reply.headers["x-request-id"].as_str(),
            "{file}"
        );
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{file}");
        assert_eq!(reply.headers["cache-control"], "no-store", "{file}");
        let content_type = reply.headers.get("content-type").map(String::as_str);
        let expected = (*status != 204).then_some("application/json");
        assert_eq!(content_type, expected, "{file}");
        assert_eq!(reply.json().is_null(), *status == 204, "{file}");
    }
    for (file, failed) in BATCHES {
        let event = files::load(file, &values);
        assert!(
            !event.to_string().contains("${"),
            "{file}: a placeholder that nothing fills"
        );
        let failures: Vec<_> = failed
            .iter()
            .map(|id| json!({"itemIdentifier": id}))
            .collect();
        let reply = lambda.invoke(function(file), &event).await;
        assert_eq!(reply, json!({"batchItemFailures": failures}), "{file}");
    }
}

#[test]
fn every_file_is_expected_to_be_answered_and_is_there() {
    let expected = ANSWERS.iter().map(|(file, _)| *file);
    let expected = expected.chain(BATCHES.iter().map(|(file, _)| *file));
    let mut expected: Vec<_> = expected.map(str::to_owned).collect();
    expected.sort();
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
        let event = files::load(file, &Values::new());
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
