//! Paths, methods and headers.

use std::net::SocketAddr;

use http::Method;
use portico_tests::checkout_body;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{PROFILE, changes_nothing};
use crate::isolation::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn every_request_names_an_org_that_there_is() {
    changes_nothing(async |scene| {
        for path in [
            "/client-data/profile",
            "/storefront/products",
            "/profile/whoami",
        ] {
            let get = || scene.world.ask(&Method::GET, path);
            get().send().await.expect_problem(400, "missing_orgid");
            for org in [
                "",
                " ",
                "a",
                "Acme",
                "acme#C",
                "acme.example",
                "-acme",
                "acme,globex",
                "a\u{e9}",
                &"a".repeat(64),
            ] {
                get()
                    .org(org)
                    .send()
                    .await
                    .expect_problem(400, "invalid_orgid");
            }
            get()
                .org("acme")
                .org("globex")
                .send()
                .await
                .expect_problem(400, "invalid_orgid");
            get()
                .org("initech")
                .send()
                .await
                .expect_problem(404, "unknown_org");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorization_that_is_no_bearer_token_is_not_taken_for_none() {
    changes_nothing(async |scene| {
        for path in [PROFILE, "/profile/whoami"] {
            for value in [
                "",
                "Bearer",
                "Bearer ",
                "Bearer  x y",
                "Basic YTpi",
                "Token x",
                "b\u{e9}arer x",
                "bearer,x",
            ] {
                let ask = scene.world.get(path).header("authorization", value);
                let answer = ask.send().await;
                let challenge = answer.headers.get("www-authenticate").cloned();
                answer.expect_problem(401, "invalid_token");
                assert_eq!(
                    challenge.as_deref(),
                    Some("Bearer error=\"invalid_token\""),
                    "{value}"
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_needs_an_idempotency_key_of_visible_ascii() {
    changes_nothing(async |scene| {
        let body = checkout_body(&scene.anns.till);
        let ask = || {
            scene
                .anns(&Method::POST, "/storefront/checkout-cart")
                .json(&body)
        };
        ask()
            .send()
            .await
            .expect_problem(400, "idempotency_key_required");
        for key in [
            "",
            " ",
            "two words",
            "tab\tkey",
            "k\u{e9}y",
            &"k".repeat(256),
        ] {
            ask()
                .header("idempotency-key", key)
                .send()
                .await
                .expect_problem(400, "invalid_header");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_another_version_than_the_current_one_is_refused() {
    changes_nothing(async |scene| {
        let put = async |version: &str| {
            let ask = scene
                .anns(&Method::PUT, PROFILE)
                .header("if-match", version);
            ask.json(&json!({"about": "changed"})).send().await
        };
        for garbage in [
            "",
            "1",
            "\"",
            "\"\"",
            "\"x\"",
            "W/\"1\"",
            "\"1\", \"2\"",
            "\"-1\"",
            "\"1.0\"",
            "\"18446744073709551616\"",
        ] {
            put(garbage).await.expect_problem(400, "invalid_header");
        }
        for stale in ["\"0\"", "\"999999\"", "\"18446744073709551615\""] {
            put(stale).await.expect_problem(412, "precondition_failed");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_is_not_there_is_told_from_a_method_that_is_not_there() {
    changes_nothing(async |scene| {
        for path in [
            "/client-data",
            "/profile/nothing",
            "/storefront/products/",
            "/client-data/profile/x",
            "/client-data//profile",
        ] {
            scene
                .anns(&Method::GET, path)
                .send()
                .await
                .expect_problem(404, "route_not_found");
        }
        for (method, path, allowed) in [
            (Method::POST, "/client-data/profile", "GET,HEAD,PUT"),
            (Method::DELETE, "/storefront/products", "GET,HEAD"),
            (Method::PATCH, "/client-data/addresses", "GET,HEAD,POST"),
            (Method::GET, "/profile/customer/signin", "POST"),
            (Method::PUT, "/storefront/checkout-cart", "POST"),
        ] {
            let answer = scene.anns(&method, path).send().await;
            let mut allow: Vec<&str> = answer.headers["allow"].split(',').map(str::trim).collect();
            allow.sort_unstable();
            assert_eq!(allow.join(","), allowed, "{method} {path}");
            answer.expect_problem(405, "method_not_allowed");
        }
    })
    .await;
}

/// Paths that name something by an odd id, and how they are asked for.
fn odd_paths(scene: &Scene, odd: &str) -> Vec<(Method, String)> {
    let (ann, number) = (&scene.ann.id, &scene.anns.number);
    let get = [
        format!("/client-data/orders/{odd}"),
        format!("/storefront/cart/get/{ann}/{odd}"),
        format!("/storefront/orders/get/{odd}"),
        format!("/storefront/order/get/{ann}/{odd}"),
        format!("/storefront/product/{odd}"),
        format!("/storefront/order/email/{odd}/{number}"),
        format!("/storefront/order/email/ann@acme.example/{odd}"),
    ];
    let delete = ["addresses", "wishlist"].map(|of| format!("/client-data/{of}/{odd}"));
    let delete = delete.into_iter().map(|path| (Method::DELETE, path));
    get.into_iter()
        .map(|path| (Method::GET, path))
        .chain(delete)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_in_the_path_that_nothing_can_have_names_nothing() {
    changes_nothing(async |scene| {
        let long = "x".repeat(2000);
        let odd = [
            "%FF",
            "%C3%28",
            "x%00y",
            "x%20y",
            "%E2%80%AE",
            "%F0%9F%92%A5",
            "ord_",
            "null",
            "undefined",
            "0",
            "-1",
            "*",
            "%25",
            "%2525",
            "%27%22",
            "%3Cb%3E",
            "%7B%7D",
            long.as_str(),
        ];
        for odd in odd {
            for (method, path) in odd_paths(scene, odd) {
                let answer = scene.anns(&method, &path).send().await;
                assert_eq!(answer.body["code"], "not_found", "{method} {path}");
                answer.expect_problem(404, "not_found");
            }
        }
        // API Gateway hands the path on decoded, and it is read as a URL once more: after that a slash or a
        // backslash divides, a hash ends the path, and so does a blank or
        // a NUL at its end.
        for odd in [
            "x%2Fy", "%2F", "%5C", "%23", "x%23y", "acme%23C", "%20", "%00", "%3F", "x%3Fy",
        ] {
            for (method, path) in odd_paths(scene, odd) {
                let answer = scene.anns(&method, &path).send().await;
                let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
                assert!(
                    ["not_found", "route_not_found"].contains(&code.as_str()),
                    "{method} {path}: {}",
                    answer.body
                );
                answer.expect_problem(404, &code);
            }
        }
        // A way up is refused: it would lead to another route than the one that was named.
        for odd in ["x%2F..%2Fy", "..%2Fy", "%2e%2e%5Cy"] {
            for (method, path) in odd_paths(scene, odd) {
                let answer = scene.anns(&method, &path).send().await;
                answer.expect_problem(400, "invalid_path");
            }
        }
    })
    .await;
}

/// Sends bytes as they are and reads what comes back until the connection closes.
async fn raw(scene: &Scene, head: Vec<u8>) -> (u16, Value) {
    let address = scene.world.platform.url().trim_start_matches("http://");
    let address: SocketAddr = address.parse().expect("an address");
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the platform listens");
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    // The platform may answer and close before it has read all.
    let (_, read) = tokio::join!(writer.write_all(&head), reader.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {read:?} {answer}"));
    assert!(
        head.to_lowercase()
            .contains("content-type: application/problem+json"),
        "{head}"
    );
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (
        status.expect("a status"),
        serde_json::from_str(body).expect("a problem"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_headers_of_any_length_are_refused_for_their_length() {
    changes_nothing(async |scene| {
        let host = "host: localhost\r\norgid: acme\r\nconnection: close\r\n";
        for length in [8 * 1024, 60 * 1024, 100 * 1024, 10 * 1024 * 1024] {
            let filler = "x".repeat(length);
            for path in [
                format!("/storefront/product/{filler}"),
                format!("/storefront/products?query={filler}"),
            ] {
                let (status, problem) = raw(
                    scene,
                    format!("GET {path} HTTP/1.1\r\n{host}\r\n").into_bytes(),
                )
                .await;
                assert_eq!(
                    (status, &problem["code"]),
                    (414, &json!("uri_too_long")),
                    "{length}"
                );
                assert_eq!(problem["statusCode"], 414);
            }
        }
        for length in [10 * 1024, 100 * 1024, 10 * 1024 * 1024] {
            let filler = "x".repeat(length);
            let head =
                format!("GET /storefront/products HTTP/1.1\r\n{host}x-filler: {filler}\r\n\r\n");
            let (status, problem) = raw(scene, head.into_bytes()).await;
            assert_eq!(
                (status, &problem["code"]),
                (431, &json!("headers_too_large")),
                "{length}"
            );
            assert_eq!(problem["statusCode"], 431);
        }
        let many: Vec<String> = (0..2000).map(|n| format!("x-{n}: y\r\n")).collect();
        let many = many.concat();
        let (status, problem) = raw(
            scene,
            format!("GET / HTTP/1.1\r\n{host}{many}\r\n").into_bytes(),
        )
        .await;
        assert_eq!(
            (status, &problem["code"]),
            (431, &json!("headers_too_large"))
        );
        let (status, problem) = raw(scene, b"\0\x16\x03 nonsense\r\n\r\n".to_vec()).await;
        assert_eq!((status, &problem["code"]), (400, &json!("bad_request")));
        scene
            .world
            .get("/storefront/products")
            .send()
            .await
            .expect(200);
    })
    .await;
}
