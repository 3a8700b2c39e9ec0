//! A deployment behind `CloudFront` and a web ACL: there is no way around them, and who asks is told by them.

use http::Method;
use portico_tests::{Answer, World};
use serde_json::json;

const CURRENT: &str = "current-0123456789-0123456789-012345";
const PREVIOUS: &str = "previous-0123456789-0123456789-01234";

async fn world() -> World {
    World::start_behind_edge(&json!({"current": CURRENT, "previous": PREVIOUS}).to_string()).await
}

/// A failed sign-in, each of another account, through an edge that says who asks.
async fn fail(world: &World, n: usize, secret: &str, viewer: &str) -> Answer {
    let body = json!({"email": format!("nobody{n}@acme.example"), "password": "wrong password"});
    let ask = world.post("/profile/customer/signin", &body);
    let ask = ask.header("x-origin-verify", secret);
    ask.header("true-client-ip", viewer).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_an_edge_every_request_without_its_secret_is_refused() {
    let world = world().await;
    let around = [
        (Method::GET, "/profile/health"),
        (Method::GET, "/api/client-data/health"),
        (Method::GET, "/storefront/products"),
        (Method::POST, "/profile/customer/signin"),
        (Method::GET, "/profile/no-such-route"),
    ];
    for (method, path) in around {
        let ask = || {
            world
                .ask(&method, path)
                .org("acme")
                .header("origin", "https://shop.acme.example")
        };
        let answer = ask().send().await;
        assert_eq!(answer.headers.get("access-control-allow-origin"), None);
        answer.expect_problem(403, "edge_required");
        for wrong in [
            "",
            "x",
            &CURRENT[..35],
            "CURRENT-0123456789-0123456789-012345",
        ] {
            let answer = ask().header("x-origin-verify", wrong).send().await;
            answer.expect_problem(403, "edge_required");
        }
        let answer = ask().header("x-origin-verify", CURRENT).send().await;
        assert_ne!(answer.body["code"], "edge_required", "{path}");
    }
    let preflight = || {
        let ask = world.ask(&Method::OPTIONS, "/profile/customer/signin");
        ask.header("origin", "https://shop.acme.example")
            .header("access-control-request-method", "POST")
    };
    preflight()
        .send()
        .await
        .expect_problem(403, "edge_required");
    let through = preflight().header("x-origin-verify", CURRENT).send().await;
    assert_eq!(through.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_an_edge_failed_sign_ins_are_counted_for_the_address_that_the_edge_names() {
    let world = world().await;
    for n in 0..100 {
        // Old and new secret both are good while it is rotated; of IPv6 the network counts.
        let secret = if n % 2 == 0 { CURRENT } else { PREVIOUS };
        let answer = fail(&world, n, secret, &format!("2001:db8:1:2::{n:x}")).await;
        answer.expect_problem(401, "invalid_credentials");
    }
    let answer = fail(&world, 100, CURRENT, "2001:db8:1:2:ffff::1").await;
    answer.expect_problem(429, "rate_limited");
    for other in ["2001:db8:1:3::1", "198.51.100.10"] {
        let answer = fail(&world, 101, CURRENT, other).await;
        answer.expect_problem(401, "invalid_credentials");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_edge_nobody_names_an_address_of_their_own() {
    let world = World::start().await;
    for n in 0..100 {
        let answer = fail(&world, n, CURRENT, &format!("198.51.100.{n}")).await;
        answer.expect_problem(401, "invalid_credentials");
    }
    let answer = fail(&world, 100, CURRENT, "198.51.100.100").await;
    answer.expect_problem(429, "rate_limited");
}
