//! Uploads that go straight to S3.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use jiff::{SignedDuration, Timestamp};
use portico_shared::domain::file::Reservation;
use portico_shared::domain::org::FileLimits;
use portico_shared::store::{Collection, Item, List, Partition as _, Write};
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use super::{encoded, limit, list, names, objects, scope, usage};

const PRESIGN: &str = "/client-data/files/presign";

async fn announce(world: &World, who: &Account, size: u64, kind: &str) -> Answer {
    let body = json!({"name": "big.pdf", "type": kind, "size": size});
    world.post(PRESIGN, &body).token(&who.token).send().await
}

async fn complete(world: &World, who: &Account, ticket: &Value) -> Answer {
    let path = format!(
        "/client-data/files/complete/{}",
        ticket["id"].as_str().unwrap()
    );
    world
        .post(&path, &Value::Null)
        .token(&who.token)
        .send()
        .await
}

/// Makes the request that a ticket says, with this body, and answers the status.
async fn put(ticket: &Value, body: impl Into<reqwest::Body>) -> u16 {
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(ticket["method"], "PUT");
    let mut request = web.put(ticket["url"].as_str().unwrap());
    for (name, value) in ticket["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.body(body).send().await.unwrap().status().as_u16()
}

/// A PDF of so many bytes, made while it is sent.
struct Endless {
    left: usize,
    begun: bool,
}

const CHUNK: usize = 256 * 1024;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut chunk = vec![b'%'; CHUNK.min(self.left)];
        if !self.begun {
            chunk[..8].copy_from_slice(b"%PDF-1.7");
        }
        self.begun = true;
        self.left -= chunk.len();
        Poll::Ready(Some(Ok(Frame::data(chunk.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_hundred_megabytes_goes_past_the_function_and_comes_back_whole() {
    const SIZE: usize = 100 * 1024 * 1024;
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let ticket = announce(&world, &ann, SIZE as u64, "application/pdf")
        .await
        .expect(201);
    assert_eq!(
        usage(&world, &ann).await,
        (SIZE as u64, 1),
        "the room is kept"
    );
    let body = Endless {
        left: SIZE,
        begun: false,
    };
    assert_eq!(put(&ticket, reqwest::Body::wrap(body)).await, 200);
    assert_eq!(
        names(&list(&world, &ann, "").await),
        [""; 0],
        "nobody has looked at it yet"
    );

    let file = complete(&world, &ann, &ticket).await.expect(200);
    assert_eq!(
        (&file["size"], &file["type"]),
        (&json!(SIZE), &json!("application/pdf"))
    );
    assert_eq!(
        (&file["id"], &file["path"]),
        (&ticket["id"], &ticket["path"])
    );
    assert_eq!(names(&list(&world, &ann, "").await), ["big.pdf"]);
    let again = complete(&world, &ann, &ticket).await.expect(200);
    assert_eq!(again["createdAt"], file["createdAt"]);
    assert_eq!(usage(&world, &ann).await, (SIZE as u64, 1));

    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut whole = web.get(file["url"].as_str().unwrap()).send().await.unwrap();
    let mut count = 0;
    while let Some(chunk) = whole.chunk().await.unwrap() {
        if count == 0 {
            assert!(chunk.starts_with(b"%PDF-1.7"));
        }
        count += chunk.len();
    }
    assert_eq!(count, SIZE);
    world
        .delete(&encoded(&file))
        .token(&ann.token)
        .send()
        .await
        .expect(204);
    assert_eq!(
        (usage(&world, &ann).await, objects(&world, &ann).len()),
        ((0, 0), 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_takes_what_was_announced_and_nothing_else() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let pdf = b"%PDF-1.7\n";
    let ticket = announce(&world, &ann, pdf.len() as u64, "application/pdf")
        .await
        .expect(201);
    complete(&world, &ann, &ticket)
        .await
        .expect_problem(409, "upload_incomplete");
    assert_eq!(put(&ticket, "%PDF-1.7 and more").await, 403, "longer");
    assert_eq!(put(&ticket, "%PDF").await, 403, "shorter");
    let mut other = ticket.clone();
    other["headers"]["content-type"] = json!("text/html");
    assert_eq!(put(&other, &pdf[..]).await, 403, "of another type");
    other = ticket.clone();
    other["headers"]
        .as_object_mut()
        .unwrap()
        .remove("if-none-match");
    assert_eq!(put(&other, &pdf[..]).await, 403, "in place of another");
    other = ticket.clone();
    let elsewhere = ticket["url"]
        .as_str()
        .unwrap()
        .replace("big.pdf", "other.pdf");
    other["url"] = json!(elsewhere);
    assert_eq!(put(&other, &pdf[..]).await, 403, "elsewhere");
    assert_eq!(objects(&world, &ann), [""; 0]);
    assert_eq!(put(&ticket, &pdf[..]).await, 200);
    complete(&world, &ann, &ticket).await.expect(200);
    assert_eq!(put(&ticket, &b"%PDF-1.6\n"[..]).await, 412, "a second time");

    // Nobody completes or gives up what is another's.
    let bob = world.customer("acme", "bob@acme.example").await;
    let ticket = announce(&world, &ann, 9, "application/pdf")
        .await
        .expect(201);
    complete(&world, &bob, &ticket)
        .await
        .expect_problem(404, "not_found");
    let give_up = async |who: &Account| {
        world
            .delete(&encoded(&ticket))
            .token(&who.token)
            .send()
            .await
    };
    give_up(&bob).await.expect_problem(404, "not_found");
    assert_eq!(usage(&world, &ann).await, (18, 2));
    give_up(&ann).await.expect(204);
    assert_eq!(usage(&world, &ann).await, (9, 1));
    complete(&world, &ann, &ticket)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_as_something_else_is_deleted_and_its_room_given_back() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let page = "<html><script>alert(1)</script></html>";
    let ticket = announce(&world, &ann, page.len() as u64, "application/pdf")
        .await
        .expect(201);
    assert_eq!(put(&ticket, page).await, 200);
    let refused = complete(&world, &ann, &ticket)
        .await
        .expect_problem(415, "content_mismatch");
    assert_eq!(
        refused["detail"],
        "the content is text/html, not application/pdf"
    );
    assert_eq!(
        (usage(&world, &ann).await, objects(&world, &ann).len()),
        ((0, 0), 0)
    );
    complete(&world, &ann, &ticket)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_refused_before_anybody_uploads_it() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    for (size, kind, status, code) in [
        (5_000_000_000, "application/pdf", 413, "file_too_large"),
        (u64::MAX, "application/pdf", 413, "file_too_large"),
        (0, "application/pdf", 422, "validation_failed"),
        (5, "text/html", 415, "unsupported_media_type"),
        (5, "image/svg+xml", 415, "unsupported_media_type"),
        (5, "application/octet-stream", 422, "validation_failed"),
        (5, "", 422, "validation_failed"),
    ] {
        announce(&world, &ann, size, kind)
            .await
            .expect_problem(status, code);
    }
    for body in [
        json!({"name": "a", "type": "text/plain", "size": -1}),
        json!({"name": "a", "type": "text/plain", "size": 1.5}),
        json!({"name": "a", "type": "text/plain", "size": 5, "area": "attic"}),
        json!({"type": "text/plain", "size": 5}),
    ] {
        let ask = world.post(PRESIGN, &body).token(&ann.token);
        ask.send().await.expect_problem(400, "invalid_body");
    }
    assert_eq!(usage(&world, &ann).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn room_that_nobody_used_in_time_goes_to_who_needs_it() {
    let world = World::start().await;
    let limits = FileLimits {
        quota_bytes: 100,
        max_bytes: 100,
    };
    limit(&world, limits).await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let ticket = announce(&world, &ann, 60, "application/pdf")
        .await
        .expect(201);
    let fresh = announce(&world, &ann, 30, "application/pdf")
        .await
        .expect(201);
    announce(&world, &ann, 50, "application/pdf")
        .await
        .expect_problem(409, "quota_exceeded");
    assert_eq!(
        usage(&world, &ann).await,
        (90, 2),
        "nothing has expired yet"
    );

    // An hour later, for the first of them; half of it had arrived.
    let (store, scope) = (world.peer().store(), scope(&world, &ann).await);
    let list = List::of(Collection::Uploads).consistent();
    let uploads = store
        .list::<Reservation>(&scope, list)
        .await
        .unwrap()
        .into_entities();
    let mut upload = uploads
        .into_iter()
        .find(|upload| ticket["id"] == upload.id.as_str())
        .unwrap();
    upload.expires_at = Timestamp::now() - SignedDuration::from_secs(1);
    let key = scope.key(&Item::Upload(&upload.id));
    store.write(Write::put(key, &upload)).await.unwrap();
    let mut content = b"%PDF-1.7".to_vec();
    content.resize(60, b'%');
    assert_eq!(put(&ticket, content).await, 200);

    announce(&world, &ann, 50, "application/pdf")
        .await
        .expect(201);
    assert_eq!(usage(&world, &ann).await, (80, 2));
    assert_eq!(objects(&world, &ann), [""; 0]);
    complete(&world, &ann, &ticket)
        .await
        .expect_problem(404, "not_found");
    complete(&world, &ann, &fresh)
        .await
        .expect_problem(409, "upload_incomplete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_may_upload_and_download_from_pages_of_other_origins() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let ticket = announce(&world, &ann, 9, "application/pdf")
        .await
        .expect(201);
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = ticket["url"].as_str().unwrap();
    let preflight = async |method: &str, headers: &str| {
        let request = web.request(http::Method::OPTIONS, url);
        let request = request.header("origin", "https://shop.example");
        let request = request.header("access-control-request-method", method);
        let request = request.header("access-control-request-headers", headers);
        request.send().await.unwrap()
    };
    let allowed = preflight("PUT", "content-type,if-none-match").await;
    assert_eq!(allowed.status(), 200);
    assert_eq!(allowed.headers()["access-control-allow-origin"], "*");
    assert_eq!(
        allowed.headers()["access-control-allow-methods"],
        "GET, PUT"
    );
    let told = &allowed.headers()["access-control-allow-headers"];
    assert_eq!(told, "content-type, if-none-match");
    assert_eq!(preflight("DELETE", "").await.status(), 403);
    assert_eq!(preflight("PUT", "x-amz-acl").await.status(), 403);
    let mut request = web.put(url).header("origin", "https://shop.example");
    for (name, value) in ticket["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let done = request.body("%PDF-1.7\n").send().await.unwrap();
    assert_eq!(
        (
            done.status().as_u16(),
            &done.headers()["access-control-allow-origin"]
        ),
        (200, &"*".parse().unwrap())
    );
}
