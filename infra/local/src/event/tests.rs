use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::*;

fn event(request: http::request::Builder, body: &[u8]) -> Value {
    let (head, ()) = request.body(()).unwrap().into_parts();
    let received = Received {
        request_id: "id-1",
        route_key: "ANY /profile/{proxy+}",
        path_parameters: &[("proxy", "a b")],
        path: "/profile/a b",
        domain: "127.0.0.1:3000",
        source_ip: "127.0.0.1",
    };
    serde_json::from_slice(&super::request(&head, body, &received).unwrap()).unwrap()
}

#[test]
fn a_request_becomes_a_version_2_event() {
    let request = Request::post("/profile/a%20b?x=1&x=%202")
        .header("Host", "localhost:3000")
        .header("User-Agent", "test");
    let mut event = event(request, b"");
    let time = event["requestContext"]["time"].take();
    assert!(
        jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", time.as_str().unwrap()).is_ok(),
        "{time}"
    );
    assert!(
        event["requestContext"]["timeEpoch"]
            .take()
            .as_i64()
            .unwrap()
            > 1_700_000_000_000
    );
    assert_eq!(
        event,
        json!({
            "version": "2.0",
            "routeKey": "ANY /profile/{proxy+}",
            "rawPath": "/profile/a b",
            "rawQueryString": "x=1&x=%202",
            "headers": {
                "host": "localhost:3000", "user-agent": "test", "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "3000", "x-forwarded-proto": "http",
            },
            "pathParameters": { "proxy": "a b" },
            "requestContext": {
                "accountId": "000000000000", "apiId": "local", "domainName": "127.0.0.1:3000", "domainPrefix": "local",
                "http": { "method": "POST", "path": "/profile/a b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test" },
                "requestId": "id-1", "routeKey": "ANY /profile/{proxy+}", "stage": "$default", "time": null, "timeEpoch": null,
            },
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn repeated_headers_are_joined_and_those_of_the_connection_left_out() {
    let request = Request::get("/")
        .header("Accept", "a")
        .header("accept", "b")
        .header("Connection", "close")
        .header("X-Bytes", [0xff, b'x'].as_slice());
    let headers = event(request, b"")["headers"].clone();
    assert_eq!(
        (
            &headers["accept"],
            &headers["connection"],
            &headers["x-bytes"]
        ),
        (&json!("a,b"), &json!(null), &json!("\u{FFFD}x"))
    );
}

#[test]
fn cookies_stand_apart() {
    let event = event(
        Request::get("/")
            .header("Cookie", "a=1; b=2")
            .header("Cookie", "c=3"),
        b"",
    );
    assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
    assert_eq!(event["headers"]["cookie"], json!(null));
}

#[test]
fn what_the_client_says_of_its_origin_is_no_proof() {
    let request = Request::get("/")
        .header("X-Forwarded-For", "6.6.6.6")
        .header("X-Forwarded-Proto", "gopher")
        .header("Host", "evil:1");
    let headers = event(request, b"")["headers"].clone();
    assert_eq!(headers["x-forwarded-for"], "6.6.6.6, 127.0.0.1");
    assert_eq!(
        (&headers["x-forwarded-proto"], &headers["host"]),
        (&json!("http"), &json!("127.0.0.1:3000"))
    );
}

#[test]
fn text_is_sent_as_it_is_and_bytes_in_base64() {
    let body = |content_type: &str, body: &[u8]| {
        let event = event(
            Request::post("/").header("Content-Type", content_type),
            body,
        );
        (event["body"].clone(), event["isBase64Encoded"].clone())
    };
    for text in [
        "application/json",
        "APPLICATION/JSON; charset=utf-8",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/problem+json",
    ] {
        assert_eq!(
            body(text, "é\n".as_bytes()),
            (json!("é\n"), json!(false)),
            "{text}"
        );
    }
    for bytes in [
        "image/png",
        "multipart/form-data; boundary=x",
        "",
        "application/jsonx",
    ] {
        assert_eq!(body(bytes, b"abc"), (json!("YWJj"), json!(true)), "{bytes}");
    }
    assert_eq!(body("text/plain", b"\xff"), (json!("/w=="), json!(true)));
}

async fn answer(method: &Method, reply: Value) -> Option<(u16, HeaderMap, Bytes)> {
    let (head, body) = response(method, reply.to_string().as_bytes())?.into_parts();
    Some((
        head.status.as_u16(),
        head.headers,
        body.collect().await.unwrap().to_bytes(),
    ))
}

#[tokio::test]
async fn a_reply_becomes_a_response() {
    let reply = json!({
        "statusCode": 201, "headers": { "Content-Type": "text/plain", "content-length": "99", "connection": "close" },
        "multiValueHeaders": { "vary": ["a", "b"] }, "cookies": ["a=1; HttpOnly", "b=2"], "body": "hi", "isBase64Encoded": false,
    });
    let (status, headers, body) = answer(&Method::GET, reply).await.unwrap();
    assert_eq!((status, &body[..]), (201, &b"hi"[..]));
    let all = |name: &str| {
        headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (all("content-type"), all("vary")),
        (vec!["text/plain"], vec!["a", "b"])
    );
    assert_eq!(all("set-cookie"), ["a=1; HttpOnly", "b=2"]);
    assert!(all("content-length").is_empty() && all("connection").is_empty());
}

#[tokio::test]
async fn base64_is_decoded_and_head_keeps_its_length() {
    let reply = json!({ "statusCode": 200, "headers": { "content-length": "3" }, "body": "AP8B", "isBase64Encoded": true });
    let (_, headers, body) = answer(&Method::HEAD, reply).await.unwrap();
    assert_eq!(
        (&body[..], headers[header::CONTENT_LENGTH].to_str().unwrap()),
        (&[0, 255, 1][..], "3")
    );
}

#[tokio::test]
async fn what_is_no_reply_is_none() {
    for reply in [
        json!({ "body": "x" }),
        json!({ "statusCode": 99 }),
        json!({ "statusCode": 200, "body": "?", "isBase64Encoded": true }),
        json!({ "statusCode": 200, "headers": { "bad name": "x" } }),
        json!("text"),
    ] {
        assert!(
            answer(&Method::GET, reply.clone()).await.is_none(),
            "{reply}"
        );
    }
}
