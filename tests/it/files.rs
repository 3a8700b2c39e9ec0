//! Customers' files: what is kept and shown, where it lies, and what it counts.

mod attachments;
mod bad_input;
mod links;

use std::path::PathBuf;

use http::Method;
use portico_local::functions::Parts;
use portico_shared::auth::Principal;
use portico_shared::domain::file::FileUsage;
use portico_shared::domain::org::{self, FileLimits};
use portico_shared::ids::OrgId;
use portico_shared::store::{CustomerScope, Item, Partition as _};
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

/// A PNG's head: what says that it is one, and its size.
pub(crate) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0\0\0\0\0";

/// A form: each part's name, file name, type and content.
pub(crate) type Part<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a [u8]);

pub(crate) fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, kind, content) in parts {
        let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
        let kind = kind.map_or_else(String::new, |kind| format!("content-type: {kind}\r\n"));
        let head = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n{kind}\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--frontier--\r\n");
    body
}

pub(crate) const FORM: &str = "multipart/form-data; boundary=frontier";

const UPLOAD: &str = "/client-data/files/upload";

async fn send(world: &World, who: &Account, path: &str, kind: &str, body: Vec<u8>) -> Answer {
    let ask = world
        .ask(&Method::POST, path)
        .org(&who.org)
        .token(&who.token);
    ask.header("content-type", kind).body(body).send().await
}

/// A text of somebody's, by its name.
async fn keep(world: &World, who: &Account, name: &str, area: &str) -> Value {
    let path = format!("{UPLOAD}?name={name}&area={area}");
    let kept = send(world, who, &path, "text/plain", b"some text".to_vec()).await;
    kept.expect(201)
}

async fn list(world: &World, who: &Account, query: &str) -> Value {
    let ask = world.get(&format!("/client-data/files?{query}"));
    ask.token(&who.token).send().await.expect(200)
}

fn names(list: &Value) -> Vec<&str> {
    let files = list["data"].as_array().expect("a list").iter();
    files
        .map(|file| file["name"].as_str().expect("a name"))
        .collect()
}

fn encoded(file: &Value) -> String {
    let path = file["path"].as_str().expect("a path").replace('/', "%2F");
    format!("/client-data/files/{path}")
}

pub(crate) async fn scope(world: &World, who: &Account) -> CustomerScope {
    let parts = Parts::connect(world.platform.aws())
        .await
        .expect("the functions connect");
    let org: OrgId = who.org.parse().expect("an org id");
    match Principal::verify(&parts.ring, &org, &who.token).expect("the token is good") {
        Principal::Customer(scope, _) => scope,
        Principal::Staff(..) => panic!("a customer's token"),
    }
}

/// What somebody's files count: bytes, and how many.
pub(crate) async fn usage(world: &World, who: &Account) -> (u64, u64) {
    let key = scope(world, who).await.key(&Item::FileUsage);
    let usage = world.peer().store().get_consistent::<FileUsage>(&key).await;
    let usage = usage.expect("the table answers").map(|found| found.entity);
    usage.map_or((0, 0), |usage| (usage.bytes, usage.files))
}

/// Where somebody's objects lie.
fn folder(world: &World, who: &Account) -> PathBuf {
    let aws = world.platform.aws();
    let bucket = aws.data_dir().join("s3").join(&aws.endpoints().bucket);
    bucket.join(&who.org).join("customers").join(&who.id)
}

/// Somebody's objects, by their paths.
pub(crate) fn objects(world: &World, who: &Account) -> Vec<String> {
    let root = folder(world, who);
    let mut found = Vec::new();
    for area in std::fs::read_dir(&root).into_iter().flatten().flatten() {
        for object in std::fs::read_dir(area.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            let (area, object) = (area.file_name(), object.file_name());
            found.push(format!(
                "{}/{}",
                area.to_string_lossy(),
                object.to_string_lossy()
            ));
        }
    }
    found.sort();
    found
}

/// Gives each customer of acme's so much room, before any function has heard of another.
pub(crate) async fn limit(world: &World, limits: FileLimits) {
    let (store, acme) = (world.peer().store(), "acme".parse().expect("an org id"));
    let mut config = org::load(&store, &acme)
        .await
        .expect("the table answers")
        .expect("the org");
    config.files = limits;
    org::save(&store, &acme, &config)
        .await
        .expect("the table answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_kept_listed_downloaded_under_its_own_name_and_deleted() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let parts: &[Part] = &[
        ("area", None, None, b"identity"),
        ("file", Some("Mein Paß.PNG"), Some("image/png"), PNG),
    ];
    let kept = send(&world, &ann, UPLOAD, FORM, form(parts))
        .await
        .expect(201);
    let id = kept["id"].as_str().unwrap();
    let expected = json!({
        "id": id, "path": format!("identity/{id}-Mein-Pa.png"), "name": "Mein Paß.PNG", "type": "image/png",
        "size": PNG.len(), "area": "identity", "width": 2, "height": 3, "createdAt": kept["createdAt"],
    });
    let mut shown = kept.clone();
    let (url, members) = (
        kept["url"].as_str().unwrap(),
        shown.as_object_mut().unwrap(),
    );
    assert!(members.remove("url").is_some() && members.remove("expiresAt").is_some());
    assert_eq!(shown, expected);
    let listed = list(&world, &ann, "").await;
    assert_eq!(listed["data"], json!([expected]));
    assert_eq!(usage(&world, &ann).await, (PNG.len() as u64, 1));
    assert_eq!(objects(&world, &ann), [expected["path"].as_str().unwrap()]);

    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let again = world
        .get(&encoded(&kept))
        .token(&ann.token)
        .send()
        .await
        .expect(200);
    for url in [url, again["url"].as_str().unwrap()] {
        let object = web.get(url).send().await.unwrap();
        assert_eq!(object.headers()["content-type"], "image/png");
        assert_eq!(
            object.headers()["content-disposition"],
            "attachment; filename=\"Mein Pa_.PNG\"; filename*=UTF-8''Mein%20Pa%C3%9F.PNG"
        );
        assert_eq!(object.bytes().await.unwrap(), PNG);
    }
    // Nobody reads it without a link, or with one that was changed.
    let bare = url.split('?').next().unwrap();
    for url in [bare.to_owned(), url.replace("attachment", "inline")] {
        assert_eq!(web.get(url).send().await.unwrap().status(), 403);
    }

    let delete = async || world.delete(&encoded(&kept)).token(&ann.token).send().await;
    delete().await.expect(204);
    delete().await.expect_problem(404, "not_found");
    assert_eq!(names(&list(&world, &ann, "").await), [""; 0]);
    assert_eq!(
        (usage(&world, &ann).await, objects(&world, &ann).len()),
        ((0, 0), 0)
    );
    assert_eq!(web.get(url).send().await.unwrap().status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_in_pages_newest_first_and_by_what_they_are_for() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    for (name, area) in [
        ("a", "documents"),
        ("b", "tickets"),
        ("c", "documents"),
        ("d", "documents"),
    ] {
        keep(&world, &ann, &format!("{name}.txt"), area).await;
    }
    assert_eq!(
        names(&list(&world, &ann, "").await),
        ["d.txt", "c.txt", "b.txt", "a.txt"]
    );
    for (query, pages) in [
        (
            "pageSize=3",
            vec![vec!["d.txt", "c.txt", "b.txt"], vec!["a.txt"]],
        ),
        (
            "pageSize=2&area=documents",
            vec![vec!["d.txt", "c.txt"], vec!["a.txt"]],
        ),
        (
            "pageSize=2&order=asc&area=documents",
            vec![vec!["a.txt", "c.txt"], vec!["d.txt"]],
        ),
        ("area=tickets", vec![vec!["b.txt"]]),
        ("area=avatar", vec![vec![]]),
    ] {
        let mut cursor = String::new();
        for (at, page) in pages.iter().enumerate() {
            let numbered = list(&world, &ann, &format!("{query}&page={}", at + 1)).await;
            let by_cursor = list(&world, &ann, &format!("{query}{cursor}")).await;
            assert_eq!(names(&by_cursor), *page, "{query}");
            assert_eq!(names(&numbered), *page, "{query}");
            assert_eq!(by_cursor["hasNext"], at + 1 < pages.len(), "{query}");
            cursor = format!("&cursor={}", by_cursor["next"].as_str().unwrap_or_default());
        }
    }
    let ask = world.get("/client-data/files?area=attic").token(&ann.token);
    ask.send().await.expect_problem(400, "invalid_query");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_under_the_same_key_is_kept_once_however_often_it_is_sent() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let sent = async |key: &str, content: &str| {
        let ask = world
            .ask(&Method::POST, UPLOAD)
            .org("acme")
            .token(&ann.token);
        let ask = ask
            .header("idempotency-key", key)
            .header("content-type", "text/plain");
        ask.body(content).send().await.expect(201)["id"].clone()
    };
    let first = sent("one", "hello").await;
    assert_eq!(sent("one", "hello").await, first);
    assert_ne!(sent("two", "hello").await, first);
    assert_ne!(sent("one", "other").await, first);
    assert_eq!(
        (usage(&world, &ann).await, objects(&world, &ann).len()),
        ((15, 3), 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_avatar_is_the_portrait_until_it_is_deleted() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let profile = async || {
        let ask = world.get("/client-data/profile").token(&ann.token);
        ask.send().await.expect(200)["avatar"].clone()
    };
    assert_eq!(profile().await, Value::Null);
    let upload = async |path: &str| {
        let path = format!("{path}?area=avatar&name=me.png");
        send(&world, &ann, &path, "image/png", PNG.to_vec())
            .await
            .expect(201)
    };
    let first = upload("/profile/customer/file/upload").await;
    assert_eq!(profile().await["path"], first["path"]);
    let second = upload(UPLOAD).await;
    let shown = profile().await;
    assert_eq!(shown["path"], second["path"]);
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let portrait = web
        .get(shown["url"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(portrait.bytes().await.unwrap(), PNG);

    let delete = async |file: &Value| {
        world
            .delete(&encoded(file))
            .token(&ann.token)
            .send()
            .await
            .expect(204);
    };
    delete(&first).await;
    assert_eq!(profile().await["path"], second["path"]);
    delete(&second).await;
    assert_eq!(profile().await, Value::Null);
    // A file elsewhere is none.
    keep(&world, &ann, "a.txt", "documents").await;
    assert_eq!(profile().await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_come_at_once_take_no_more_room_than_there_is() {
    let world = World::start().await;
    let limits = FileLimits {
        quota_bytes: 100,
        max_bytes: 50,
    };
    limit(&world, limits).await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let upload = || async {
        let sent = send(&world, &ann, UPLOAD, "text/plain", b"ten bytes.".to_vec()).await;
        // Those that met too often may be tried again.
        assert!(sent.status == 201 || sent.status == 409, "{sent:?}");
        (sent.status, sent.body["code"].as_str().map(str::to_owned))
    };
    let (mut kept, mut refused) = (0, 0);
    while refused < 5 {
        let (a, b, c, d) = tokio::join!(upload(), upload(), upload(), upload());
        for (status, code) in [a, b, c, d] {
            kept += usize::from(status == 201);
            refused += usize::from(code.as_deref() == Some("quota_exceeded"));
        }
    }
    assert_eq!(kept, 10);
    assert_eq!(usage(&world, &ann).await, (100, 10));
    assert_eq!(
        objects(&world, &ann).len(),
        10,
        "what was refused is not left behind"
    );
    let large = send(&world, &ann, UPLOAD, "text/plain", vec![b'a'; 51]).await;
    large.expect_problem(413, "file_too_large");
    // Another customer has room of their own.
    let bob = world.customer("acme", "bob@acme.example").await;
    keep(&world, &bob, "a.txt", "documents").await;
}
