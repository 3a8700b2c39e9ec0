//! What the running platform promises whoever calls it, beside the operations themselves.

mod lives;
mod services;

use http::Method;
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_shared::domain::org;
use portico_shared::ids::OrgId;
use portico_tests::{Answer, World};
use serde_json::json;

const SHOP: &str = "https://shop.acme.example";
const ELSEWHERE: &str = "https://elsewhere.example";

/// Sets the web origins that acme lets call. To be done before acme's first request: functions look at
/// an org's settings anew every few seconds only.
async fn allow(world: &World, origins: &[&str]) {
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let acme: OrgId = "acme".parse().unwrap();
    let mut config = org::load(&parts.store, &acme).await.unwrap().unwrap();
    config.allowed_origins = origins.iter().map(|&origin| origin.to_owned()).collect();
    org::save(&parts.store, &acme, &config).await.unwrap();
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(String::as_str)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_of_any_origin_names_the_methods_and_headers_of_the_api() {
    let world = World::start().await;
    allow(&world, &[]).await;
    for path in [
        "/profile/customer/signin",
        "/client-data/profile",
        "/storefront/checkout-cart",
        "/api/storefront/checkout-cart",
    ] {
        let ask = world
            .ask(&Method::OPTIONS, path)
            .header("origin", ELSEWHERE);
        let ask = ask.header("access-control-request-method", "POST");
        let ask = ask.header(
            "access-control-request-headers",
            "orgid,authorization,content-type",
        );
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.bytes.len()), (204, 0), "{path}");
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            Some(ELSEWHERE),
            "{path}"
        );
        assert_eq!(
            header(&answer, "access-control-allow-methods"),
            Some("GET, POST, PUT, PATCH, DELETE"),
            "{path}"
        );
        let allowed = header(&answer, "access-control-allow-headers").unwrap();
        for name in [
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "orgid",
        ] {
            assert!(
                allowed.split(", ").any(|allowed| allowed == name),
                "{path}: {name}"
            );
        }
        assert_eq!(
            header(&answer, "access-control-max-age"),
            Some("7200"),
            "{path}"
        );
        assert_eq!(
            header(&answer, "access-control-allow-credentials"),
            None,
            "{path}"
        );
        assert_eq!(header(&answer, "vary"), Some("origin"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_origins_of_the_orgs_configuration_may_read_answers_and_problems() {
    let world = World::start().await;
    allow(&world, &["https://other.acme.example", SHOP]).await;
    // A success and a problem of each tree.
    for (path, status) in [
        ("/profile/whoami", 200),
        ("/profile/nothing", 404),
        ("/client-data/health", 200),
        ("/client-data/profile", 401),
        ("/storefront/products", 200),
        ("/storefront/product/nothing", 404),
        ("/storefront/products?ps=many", 400),
    ] {
        let from = async |org: Option<&str>, origin: &str| {
            let ask = world.ask(&Method::GET, path).header("origin", origin);
            let ask = if let Some(org) = org {
                ask.org(org)
            } else {
                ask
            };
            ask.send().await
        };
        let answer = from(Some("acme"), SHOP).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            Some(SHOP),
            "{path}"
        );
        let exposed = header(&answer, "access-control-expose-headers").unwrap();
        for name in ["etag", "idempotent-replayed", "retry-after", "x-request-id"] {
            assert!(
                exposed.split(", ").any(|exposed| exposed == name),
                "{path}: {name}"
            );
        }
        assert_eq!(header(&answer, "vary"), Some("origin"), "{path}");

        // globex lets everybody call.
        let answer = from(Some("globex"), ELSEWHERE).await;
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            Some(ELSEWHERE),
            "{path}"
        );

        for (org, origin) in [
            (Some("acme"), ELSEWHERE),
            (Some("acme"), "https://shop.acme.example.evil.example"),
            (Some("acme"), "http://shop.acme.example"),
            (Some("acme"), "https://SHOP.acme.example"),
            (Some("acme"), "null"),
            (Some("nowhere"), SHOP),
            (Some("NOT AN ORG"), SHOP),
            (None, SHOP),
        ] {
            let answer = from(org, origin).await;
            assert_eq!(
                header(&answer, "access-control-allow-origin"),
                None,
                "{path} {org:?} {origin}"
            );
            assert_eq!(
                header(&answer, "vary"),
                Some("origin"),
                "{path} {org:?} {origin}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_answers_like_get_without_a_body_and_options_names_the_methods() {
    let world = World::start().await;
    for path in [
        "/storefront/products",
        "/storefront/product/enamel-mug",
        "/profile/whoami",
        "/client-data/health",
    ] {
        let get = world.get(path).send().await;
        let head = world.ask(&Method::HEAD, path).org("acme").send().await;
        assert_eq!(
            (get.status, head.status, head.bytes.len()),
            (200, 200, 0),
            "{path}"
        );
        let kept = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            for differs in ["apigw-requestid", "x-request-id", "date", "server-timing"] {
                headers.remove(differs);
            }
            headers
        };
        assert_eq!(kept(&head), kept(&get), "{path}");
    }
    for (path, methods) in [
        ("/storefront/products", "GET,HEAD"),
        ("/client-data/addresses", "GET,HEAD,POST"),
        ("/client-data/wishlist/prd_0", "POST,DELETE"),
        ("/profile/customer/signin", "POST"),
    ] {
        let answer = world.ask(&Method::OPTIONS, path).org("acme").send().await;
        assert_eq!(header(&answer, "allow"), Some(methods), "{path}");
        answer.expect_problem(405, "method_not_allowed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_kept_from_caches_and_from_guessing_browsers() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    for ask in [
        world.get("/storefront/products"),
        world.get("/client-data/profile").token(&bob.token),
        world.get("/client-data/profile"),
        world.get("/profile/nothing"),
        world.delete("/profile/whoami"),
        world.ask(&Method::GET, "/storefront/products"),
        world.ask(&Method::GET, "/storefront/health"),
        world
            .ask(&Method::POST, "/profile/customer/signin")
            .org("acme")
            .raw("{"),
        world.get("/storefront/cart/clear/crt_0"),
    ] {
        let answer = ask.send().await;
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert_eq!(header(&answer, "cache-control"), Some("no-store"), "{text}");
        assert_eq!(
            header(&answer, "x-content-type-options"),
            Some("nosniff"),
            "{text}"
        );
        let (id, gateway) = (
            header(&answer, "x-request-id"),
            header(&answer, "apigw-requestid"),
        );
        assert!(id.is_some_and(|id| !id.is_empty()), "{text}");
        assert_eq!(id, gateway, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tree_tells_its_health_to_whoever_asks() {
    let world = World::start().await;
    for tree in ["profile", "client-data", "storefront", "crm"] {
        for path in [format!("/{tree}/health"), format!("/api/{tree}/health")] {
            let health = world.ask(&Method::GET, &path).send().await.expect(200);
            assert_eq!(health, json!({"status": "ok"}), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_the_platform_name_nothing_outside_this_machine() {
    let world = World::start().await;
    let openapi = world
        .ask(&Method::GET, "/openapi.json")
        .send()
        .await
        .expect(200);
    assert_eq!(openapi, serde_json::to_value(document()).unwrap());
    assert_eq!(openapi["openapi"], "3.1.0");

    for page in ["/docs/", "/_local/outbox"] {
        let answer = world.ask(&Method::GET, page).send().await;
        let content_type = header(&answer, "content-type").unwrap();
        assert_eq!(answer.status, 200, "{page}");
        assert!(
            content_type.starts_with("text/html"),
            "{page}: {content_type}"
        );
        let html = String::from_utf8(answer.bytes).unwrap();
        for attribute in ["src=\"", "href=\"", "action=\""] {
            for target in html.split(attribute).skip(1) {
                let target = target.split('"').next().unwrap();
                assert!(!target.contains("//"), "{page}: {target}");
                if !target.starts_with('#') && !target.starts_with("data:") {
                    let path = target.trim_start_matches("./");
                    let path = if path.starts_with('/') {
                        path.to_owned()
                    } else {
                        format!("{page}{path}")
                    };
                    let asset = world.ask(&Method::GET, &path).send().await;
                    assert_eq!(asset.status, 200, "{page}: {target}");
                }
            }
        }
    }
    let moved = world.ask(&Method::GET, "/docs").send().await;
    assert_eq!(
        (moved.status, header(&moved, "location")),
        (303, Some("/docs/"))
    );
}
