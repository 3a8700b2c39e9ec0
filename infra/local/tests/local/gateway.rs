//! What the gateway promises of any request.

use crate::Toy;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_through_the_function_and_come_back_whole() {
    let toy = Toy::start();
    let request = b"PATCH /toy/a%20b?x=1&x=%2F HTTP/1.1\r\nhost: x\r\ncookie: a=1\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
    let (status, head, body) = toy.raw(request.to_vec()).await;
    assert_eq!(status, 200);
    assert!(head.contains("\r\napigw-requestid: "), "{head}");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body,
        json!({ "method": "PATCH", "path": "/toy/a%20b", "query": "x=1&x=%2F", "cookie": "a=1", "bytes": 2 })
    );

    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut request = format!(
        "POST /toy/bytes HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        bytes.len()
    )
    .into_bytes();
    request.extend(&bytes);
    let (status, _, body) = toy.raw(request).await;
    assert_eq!((status, body == bytes), (200, true));

    let (_, head, _) = toy.get("/toy/cookies").await;
    assert!(
        head.contains("\r\nset-cookie: a=1") && head.contains("\r\nx-one: 1"),
        "{head}"
    );
    let (status, head, body) = toy
        .raw(b"HEAD /toy/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec())
        .await;
    assert_eq!((status, body.len()), (200, 0), "{head}");
    let (status, _, _) = toy.get("/toy/bare").await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_function_answers_the_gateway_does() {
    let toy = Toy::start();
    for path in ["/", "/nothing", "/toy", "/toys/x", "/_localx"] {
        let (status, _, body) = toy.get(path).await;
        assert_eq!(
            (status, body.as_slice()),
            (404, br#"{"message":"Not Found"}"#.as_slice()),
            "{path}"
        );
    }
    for path in ["/toy/panic", "/toy/forever"] {
        let (status, _, body) = toy.get(path).await;
        assert_eq!(
            (status, body.as_slice()),
            (500, br#"{"message":"Internal Server Error"}"#.as_slice()),
            "{path}"
        );
    }
    // The platform goes on.
    assert_eq!(toy.get("/toy/x").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_of_anything_is_a_problem_and_no_harm() {
    const MB: usize = 1024 * 1024;
    let toy = Toy::start();
    let get = |path: &str, headers: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n").into_bytes()
    };
    let path = |length: usize| get(&format!("/toy/{}", "x".repeat(length)), "");
    let header = |length: usize| get("/toy/x", &format!("x-long: {}\r\n", "x".repeat(length)));
    let many = get("/toy/x", &"x: y\r\n".repeat(200));
    let body = |length: usize| {
        let mut request = format!("POST /toy/x HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").into_bytes();
        request.resize(request.len() + length, b'x');
        request
    };
    for (request, status, code) in [
        (path(8_200), 414, "uri_too_long"),
        (path(70_000), 414, "uri_too_long"),
        (path(12 * MB), 414, "uri_too_long"),
        (header(10_300), 431, "headers_too_large"),
        (header(12 * MB), 431, "headers_too_large"),
        (many, 431, "headers_too_large"),
        (body(10 * MB + 1), 413, "body_too_large"),
        (body(30 * MB), 413, "body_too_large"),
        (b"NONSENSE\r\n\r\n".to_vec(), 400, "bad_request"),
    ] {
        let length = request.len();
        let (answered, head, body) = toy.raw(request).await;
        assert_eq!(answered, status, "{length} bytes");
        assert!(
            head.contains("content-type: application/problem+json"),
            "{head}"
        );
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&problem["code"], &problem["status"], &problem["statusCode"]),
            (&json!(code), &json!(status), &json!(status))
        );
        assert!(
            head.contains(&format!(
                "apigw-requestid: {}",
                problem["requestId"].as_str().unwrap()
            )),
            "{head}"
        );
    }
    for request in [path(8_000), header(9_000), body(10 * MB)] {
        assert_eq!(toy.raw(request).await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_heads_reach_the_function_or_are_refused_but_break_nothing() {
    let toy = Toy::start();
    for path in [
        "/toy/%00",
        "/toy/%FF",
        "/toy/%3Fa",
        "/toy/%23a",
        "/toy/%5C..%2F",
        "/toy/%0d%0a",
        "/toy/..%2f..",
        "/toy/%",
        "//toy/x",
        "/toy/|^[]",
    ] {
        for host in ["x", "[::1", "1.2.3.4.5", "a:99999", "xn--", "", "\u{e9}"] {
            let request = format!(
                "GET {path}?q=%zz HTTP/1.1\r\nhost: {host}\r\nx-forwarded-proto: \u{e9}\r\nconnection: close\r\n\r\n"
            );
            let (status, head, _) = toy.raw(request.into_bytes()).await;
            assert!(matches!(status, 200 | 400 | 404), "{path} {host}: {head}");
        }
    }
}
