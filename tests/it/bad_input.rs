//! Input that is wrong: each kind gets its own precise refusal and changes nothing.

mod heads;
mod lists;
mod races;
mod values;

use http::Method;
use portico_tests::{Answer, Ask};
use serde_json::{Value, json};

use crate::isolation::scene::Scene;

const PROFILE: &str = "/client-data/profile";
const ADDRESSES: &str = "/client-data/addresses";
const NEW_CART: &str = "/storefront/cart/update/new";

/// Runs what is wrong, and holds the platform to having changed nothing of Ann's by it.
async fn changes_nothing(wrong: impl AsyncFnOnce(&Scene)) {
    let scene = Scene::set().await;
    let before = scene.snapshot().await;
    wrong(&scene).await;
    assert_eq!(scene.snapshot().await, before, "something changed");
}

impl Scene {
    /// A request of Ann's.
    fn anns(&self, method: &Method, path: &str) -> Ask {
        self.world
            .ask(method, path)
            .org("acme")
            .token(&self.ann.token)
    }

    /// A body of Ann's that says it is JSON.
    async fn put_profile(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.anns(&Method::PUT, PROFILE).raw(body).send().await
    }

    /// JSON of Ann's.
    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.anns(&Method::POST, path).json(body).send().await
    }
}

/// The members that a problem complains of.
fn fields(problem: &Value) -> Vec<&str> {
    let details = problem["details"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    details
        .iter()
        .map(|detail| detail["field"].as_str().expect("a field"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_json_is_malformed() {
    changes_nothing(async |scene| {
        let not_utf8 = b"{\"firstName\":\"\xff\xfe\"}".as_slice();
        let bodies: [&[u8]; 12] = [
            b"",
            b" ",
            b"{",
            b"{\"firstName\":}",
            b"{\"firstName\":\"A\"",
            b"nul",
            b"{}{}",
            b"{} x",
            b"{'firstName':'A'}",
            b"\xef\xbb\xbf{}",
            b"{\"firstName\":\"A\"}\0",
            not_utf8,
        ];
        for body in bodies {
            scene
                .put_profile(body)
                .await
                .expect_problem(400, "malformed_json");
        }
        let control = b"{\"firstName\":\"a\nb\"}".as_slice();
        scene
            .put_profile(control)
            .await
            .expect_problem(400, "malformed_json");
        let lone = br#"{"firstName":"\ud800"}"#.as_slice();
        scene
            .put_profile(lone)
            .await
            .expect_problem(400, "malformed_json");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_of_another_shape_is_an_invalid_body_that_names_the_member() {
    changes_nothing(async |scene| {
        for body in ["null", "[]", "1", "\"text\"", "true"] {
            scene
                .put_profile(body)
                .await
                .expect_problem(400, "invalid_body");
        }
        for (body, field) in [
            (r#"{"firstName":1}"#, "firstName"),
            (r#"{"firstName":["A"]}"#, "firstName"),
            (r#"{"firstName":{"x":1}}"#, "firstName"),
            (r#"{"lastName":true}"#, "lastName"),
        ] {
            let problem = scene
                .put_profile(body)
                .await
                .expect_problem(400, "invalid_body");
            assert_eq!(fields(&problem), [field]);
        }
        let missing = json!({"paymentMethod": "manual", "customer": {"email": "a@b.example"}});
        let ask = scene
            .anns(&Method::POST, "/storefront/checkout-cart")
            .header("idempotency-key", "k");
        ask.json(&missing)
            .send()
            .await
            .expect_problem(400, "invalid_body");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_whatever_it_says() {
    changes_nothing(async |scene| {
        let body = |length: usize| format!("{{\"about\":\"{}\"}}", "x".repeat(length));
        // 256 KiB is the limit; what is within it is looked at.
        let within = scene.put_profile(body(200 * 1024)).await;
        assert_eq!(
            fields(&within.expect_problem(422, "validation_failed")),
            ["about"]
        );
        let over = scene.put_profile(body(256 * 1024)).await;
        over.expect_problem(413, "body_too_large");
        let nonsense = scene.put_profile(vec![0xff; 300 * 1024]).await;
        nonsense.expect_problem(413, "body_too_large");
        // API Gateway's own limit is 10 MB, and its answer.
        let huge = scene.put_profile(vec![b' '; 11 * 1024 * 1024]).await;
        assert_eq!(
            (huge.status, &huge.body["code"]),
            (413, &json!("body_too_large"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_sent_as_json_is_not_read() {
    changes_nothing(async |scene| {
        let put = async |content_type: Option<&str>| {
            let ask = scene.anns(&Method::PUT, PROFILE);
            let ask = content_type
                .into_iter()
                .fold(ask, |ask, value| ask.header("content-type", value));
            ask.body("{\"about\":\"changed\"}").send().await
        };
        for content_type in [
            None,
            Some(""),
            Some("text/plain"),
            Some("text/json"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("application/jsonp"),
            Some("application/octet-stream"),
        ] {
            put(content_type)
                .await
                .expect_problem(415, "unsupported_media_type");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_goes_by_all_of_its_names() {
    let scene = Scene::set().await;
    for content_type in [
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/merge-patch+json",
    ] {
        let ask = scene
            .anns(&Method::PUT, PROFILE)
            .header("content-type", content_type);
        ask.body("{\"about\":\"changed\"}").send().await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_not_one_of_the_listed_ones_is_refused() {
    changes_nothing(async |scene| {
        let address =
            json!({"type": "castle", "street1": "1 Main St", "city": "X", "country": "US"});
        let problem = scene.post(ADDRESSES, &address).await;
        problem.expect_problem(400, "invalid_body");
        for method in ["cash", "Manual", "", "stripe"] {
            let mut body = portico_tests::checkout_body(&scene.anns.till);
            body["paymentMethod"] = json!(method);
            let ask = scene
                .anns(&Method::POST, "/storefront/checkout-cart")
                .header("idempotency-key", "k");
            let problem = ask
                .json(&body)
                .send()
                .await
                .expect_problem(400, "invalid_body");
            assert_eq!(fields(&problem), ["paymentMethod"]);
        }
        for query in [
            "sort=colour",
            "sort=",
            "order=sideways",
            "status=lost",
            "status=new,lost",
        ] {
            let path = format!("/client-data/orders?{query}");
            scene
                .anns(&Method::GET, &path)
                .send()
                .await
                .expect_problem(400, "invalid_query");
        }
        scene
            .world
            .get("/storefront/products?s=colour")
            .send()
            .await
            .expect_problem(400, "invalid_query");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nesting_without_end_neither_passes_nor_crashes() {
    changes_nothing(async |scene| {
        let deep = |open: &str, close: &str, depth| {
            format!("{}{}", open.repeat(depth), close.repeat(depth))
        };
        for depth in [200, 100_000] {
            let lists = deep("[", "]", depth);
            scene
                .put_profile(lists.clone())
                .await
                .expect_problem(400, "invalid_body");
            scene
                .put_profile(format!("{{\"about\":{lists}}}"))
                .await
                .expect_problem(400, "invalid_body");
            scene
                .put_profile("[".repeat(depth))
                .await
                .expect_problem(400, "invalid_body");
            let unclosed = format!("{{\"unknown\":{}", "[".repeat(depth));
            scene
                .put_profile(unclosed)
                .await
                .expect_problem(400, "malformed_json");
            // Where members are put aside to be sorted out, depth is limited.
            let address =
                format!(r#"{{"street1":"1","city":"X","country":"US","unknown":{lists}}}"#);
            let ask = scene.anns(&Method::POST, ADDRESSES).raw(address);
            ask.send().await.expect_problem(400, "malformed_json");
        }
        let objects = deep("{\"about\":", "}", 20_000);
        scene
            .put_profile(objects)
            .await
            .expect_problem(400, "invalid_body");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_there_twice_is_refused() {
    changes_nothing(async |scene| {
        let twice = r#"{"firstName":"A","firstName":"B"}"#;
        scene
            .put_profile(twice)
            .await
            .expect_problem(400, "invalid_body");
        for address in [
            r#"{"street1":"1","street1":"2","city":"X","country":"US"}"#,
            r#"{"street1":"1","address1":"2","city":"X","country":"US"}"#,
            r#"{"type":"home","type":"work","street1":"1","city":"X","country":"US"}"#,
        ] {
            let ask = scene.anns(&Method::POST, ADDRESSES).raw(address);
            ask.send().await.expect_problem(400, "invalid_body");
        }
        let cart = r#"{"productItems":[{"sku":"MUG-RED","quantity":1,"quantity":2}]}"#;
        let ask = scene.anns(&Method::POST, NEW_CART).raw(cart);
        ask.send().await.expect_problem(400, "invalid_body");
    })
    .await;
}
