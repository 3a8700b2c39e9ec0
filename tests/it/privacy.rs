//! A copy of the account holds all of it and nothing else; an erased account is gone wherever it was.

mod proofs;
pub(crate) mod scene;
mod traces;

use std::path::Path;

use data_encoding::BASE64;
use lambda_http::{Context, LambdaEvent};
use portico_local::functions::Parts;
use portico_local::{Function, Functions};
use portico_shared::vendors::{Urls, Vendors};
use portico_tests::{Account, World, eventually};
use serde_json::{Value, json};

use scene::{PASSWORD, Zephyrine};

const EXPORT: &str = "/client-data/privacy/export";
const EXPORTS: &str = "/client-data/privacy/exports";
const ERASURE: &str = "/client-data/privacy/erasure";

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        // The embedded bucket's own notes, which it keeps of objects that are gone.
        let note = path.file_name().and_then(|name| name.to_str());
        let note = note.is_some_and(|name| name.starts_with(".bucket-"));
        if path.is_dir() {
            files(&path, found);
        } else if !note {
            let content = std::fs::read(&path).expect("the file is there");
            found.push((path.display().to_string(), content));
        }
    }
}

/// All that is kept: the table's items and the bucket's objects, by what they are called.
async fn kept(world: &World) -> Vec<(String, Vec<u8>)> {
    let (table, mut kept) = (world.table_at_rest().await, Vec::new());
    files(&world.platform.aws().data_dir().join("s3"), &mut kept);
    for item in table {
        let name = format!("{} {}", item["pk"]["S"], item["sk"]["S"]);
        kept.push((name, item.to_string().into_bytes()));
    }
    kept
}

/// Where a text stands, as it is or in base64, wherever in a group of three it begins.
fn found(kept: &[(String, Vec<u8>)], text: &str) -> Vec<String> {
    let mut forms = vec![text.as_bytes().to_vec()];
    for shift in 0..3 {
        let whole = BASE64.encode(&[vec![b' '; shift], text.as_bytes().to_vec()].concat());
        // What the neighbours have a part in says nothing.
        let inner = &whole.trim_end_matches('=')[4..];
        forms.push(inner.as_bytes()[..inner.len() - 3].to_vec());
    }
    let stands = |name: &str, content: &[u8]| {
        let both = [name.as_bytes(), content];
        both.iter().any(|within| {
            forms
                .iter()
                .any(|form| within.windows(form.len()).any(|part| part == form))
        })
    };
    let there = kept.iter().filter(|(name, content)| stands(name, content));
    there.map(|(name, _)| name.clone()).collect()
}

/// The copy, once it is ready.
async fn copy(world: &World, who: &Account) -> Value {
    eventually("the copy is ready", async || {
        let exports = world.get(EXPORTS).token(&who.token).send().await;
        let exports = exports.expect(200);
        (exports["data"][0]["status"] == "ready").then(|| exports["data"][0].clone())
    })
    .await
}

/// What a copy's link leads to.
async fn downloaded(copy: &Value) -> reqwest::Response {
    let url = copy["url"].as_str().expect("a link");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(url).send().await.unwrap()
}

async fn erase(world: &World, who: &Account, proof: &Value) -> portico_tests::Answer {
    world.post(ERASURE, proof).token(&who.token).send().await
}

/// The functions on this world's table, with its vendors; an erasure settles at once.
async fn functions(world: &World) -> Functions {
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let vendors = Vendors::at(Urls::all_at(&world.vendors().uri()));
    let parts = parts.settling_in(0).with_vendors(vendors);
    parts.functions().unwrap()
}

/// Hands a function a message, and answers whether it took it.
async fn invoke(functions: &Functions, name: &str, body: &Value) -> bool {
    let Function::Events(function) = &functions[name] else {
        panic!("{name} takes events");
    };
    let records = json!({"Records": [{"messageId": "1", "body": body.to_string()}]});
    let reply = function(LambdaEvent::new(records, Context::default())).await;
    reply.unwrap()["batchItemFailures"] == json!([])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_holds_one_of_everything_and_no_secret_and_can_be_had_once_a_day() {
    let world = World::start().await;
    let zephyrine = Zephyrine::new(&world).await;
    let who = &zephyrine.account;
    let ask = async || {
        let ask = world.post(EXPORT, &json!({}));
        ask.token(&who.token).send().await
    };
    let asked = ask().await.expect(202);
    assert_eq!(asked["status"], "pending");
    let copy = copy(&world, who).await;
    assert_eq!(copy["id"], asked["id"]);
    let again = ask().await;
    assert_eq!(again.status, 429);
    assert!(again.headers.contains_key("retry-after"));

    let answer = downloaded(&copy).await;
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert_eq!(copy["size"], text.len());
    let document: Value = serde_json::from_str(&text).unwrap();
    let holds = document["holds"].as_object().unwrap();
    let counts: Vec<(&str, usize)> = holds
        .iter()
        .map(|(name, all)| (name.as_str(), all.as_array().unwrap().len()))
        .collect();
    assert_eq!(
        counts,
        [
            ("addresses", 1),
            ("benefits", 1),
            ("carts", 2),
            ("conversations", 1),
            ("devices", 1),
            ("files", 1),
            ("identities", 1),
            ("messages", 3),
            ("notifications", 10),
            ("orders", 1),
            ("paymentMethods", 1),
            ("preferences", 1),
            ("profile", 1),
            ("pushDevices", 1),
            ("reservations", 1),
            ("secondFactor", 1),
            ("sessions", 2),
            ("tickets", 1),
            ("transactions", 1),
            ("trustedDevices", 1),
            ("uploads", 1),
            ("wishlist", 1),
        ]
    );
    let order = &zephyrine.order["orderNumber"];
    assert_eq!(holds["orders"][0]["orderNumber"], *order);
    // But the content of a file, what staff noted, and what reaches a device.
    let without = [10, 13, 14].map(|at| scene::PLANTED[at]);
    for planted in scene::PLANTED {
        assert_eq!(
            text.contains(planted),
            !without.contains(planted),
            "{planted}"
        );
    }
    let secrets = [
        "argon2",
        "\"hash\"",
        "\"secret\"",
        "\"backup\"",
        "\"token\"",
        "nonce",
        &who.refresh,
    ];
    for secret in secrets.into_iter().chain(["ann@acme.example"]) {
        assert!(!text.contains(secret), "{secret}");
    }

    // They are told, by mail too, and the mail has no link that opens the copy.
    let told = eventually("the mail", async || {
        let mut mails = world.platform.outbox().newest_first().into_iter();
        mails.find(|mail| mail.subject == "Your data is ready")
    })
    .await;
    assert_eq!(told.to, [scene::EMAIL]);
    assert!(!told.text.as_ref().unwrap().contains("http"));
    let stranger = world.sign_up("acme", "stranger@example.com").await;
    let theirs = world.get(EXPORTS).token(&stranger.token);
    assert_eq!(theirs.send().await.expect(200), json!({"data": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_a_copy_is_its_owners_and_no_other_and_ends() {
    let world = World::start().await;
    let who = world.sign_up("acme", "linked@example.com").await;
    let ask = world.post(EXPORT, &json!({})).token(&who.token);
    ask.send().await.expect(202);
    let copy = copy(&world, &who).await;
    let time = |name: &str| {
        copy[name]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    let until = time("urlExpiresAt").duration_since(jiff::Timestamp::now());
    assert!((1..=15 * 60).contains(&until.as_secs()), "{until:?}");
    let kept = time("expiresAt").duration_since(time("readyAt"));
    assert_eq!(kept.as_hours(), 7 * 24);

    // Neither another object, nor a later end.
    let url = copy["url"].as_str().unwrap();
    let other = url.replace(&who.id, "cus_06f1k3q8c9s7r2m4v5n6p7t8v8");
    let longer = url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000");
    for altered in [other, longer] {
        assert_ne!(altered, url);
        let refused = downloaded(&json!({ "url": altered })).await;
        assert_eq!(refused.status(), 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_account_is_found_nowhere_and_nobody_elses_is_touched() {
    let world = World::start().await;
    let zephyrine = Zephyrine::new(&world).await;
    let who = &zephyrine.account;
    let ask = world.post(EXPORT, &json!({})).token(&who.token);
    ask.send().await.expect(202);
    copy(&world, who).await;
    let before = kept(&world).await;
    for planted in scene::PLANTED {
        assert!(!found(&before, planted).is_empty(), "{planted} is planted");
    }
    let number = zephyrine.booking["name"].as_str().unwrap();
    let others = |kept: &[(String, Vec<u8>)]| {
        let marks = [
            &who.id,
            number,
            "LOGIN#",
            "THROTTLE#",
            "IDENTITY#",
            "SLOTS#",
            "DESK#",
            "QUEUE#",
            "STAFFNOTES#",
            "PUSHTOKEN#",
            "ENROLLMENTS#",
        ];
        let own = |name: &str| marks.iter().any(|mark| name.contains(mark));
        let others = kept.iter().filter(|(name, _)| !own(name)).cloned();
        others.collect::<Vec<_>>()
    };
    let refused = erase(&world, who, &json!({"password": "not the password"})).await;
    assert_eq!(refused.expect(401)["code"], "invalid_credentials");
    let proof = json!({"password": PASSWORD});
    erase(&world, who, &proof).await.expect(202);

    // At once.
    let credentials = json!({"email": scene::EMAIL, "password": PASSWORD});
    let sign_in = async |credentials: &Value| {
        let ask = world.post("/profile/customer/signin", credentials);
        ask.send().await
    };
    let (gone, mut unknown) = (
        sign_in(&credentials).await,
        sign_in(&json!({"email": "nobody@quill.example", "password": PASSWORD})).await,
    );
    unknown.body["requestId"] = gone.body["requestId"].clone();
    assert_eq!((gone.status, &gone.body), (401, &unknown.body));
    let refresh = json!({"refresh_token": who.refresh});
    let refreshed = world
        .post("/profile/customer/refresh", &refresh)
        .send()
        .await;
    refreshed.expect(401);
    // The access token is good for minutes; nothing is ordered with it.
    let cart = world.cart(who, "MUG-RED", 1).await;
    let late = world.checkout(who, &cart, "late").await;
    assert_eq!(late.expect(404)["code"], "not_found");
    let profile = world.get("/client-data/profile").token(&who.token);
    profile.send().await.expect(404);
    // Sent again because the answer was lost.
    erase(&world, who, &proof).await.expect(202);

    let after = kept(&world).await;
    for planted in scene::PLANTED {
        assert_eq!(found(&after, planted), Vec::<String>::new(), "{planted}");
    }
    let (before, after_all) = (others(&before), others(&after));
    let changed = before.iter().filter(|it| !after_all.contains(it));
    let changed: Vec<&str> = changed.map(|(name, _)| name.as_str()).collect();
    assert_eq!(changed, [""; 0]);
    assert_eq!(before.len(), after_all.len());
    let left: Vec<&str> = after
        .iter()
        .filter(|(name, _)| name.contains(&who.id))
        .map(|(name, _)| name.split('"').nth(3).unwrap().split('#').next().unwrap())
        .collect();
    assert_eq!(
        left,
        [
            "ORDERROW",
            "TXN",
            "~DASHBOARD",
            "~ERASURE",
            "~ORDER",
            "~TXNREF"
        ]
    );

    let mails = world.platform.outbox().newest_first();
    let told = mails
        .iter()
        .filter(|mail| mail.subject == "Your account is erased");
    let told: Vec<_> = told.map(|mail| mail.to.as_slice()).collect();
    assert_eq!(told, [[scene::EMAIL.to_owned()]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_for_an_erased_customer_writes_nothing_and_mails_nobody() {
    let world = World::start().await;
    let zephyrine = Zephyrine::new(&world).await;
    let who = &zephyrine.account;
    erase(&world, who, &json!({"password": PASSWORD}))
        .await
        .expect(202);
    let before = world.table_at_rest().await;
    let mails = world.platform.outbox().newest_first().len();
    let functions = functions(&world).await;
    for kind in [
        "order.shipped",
        "customer.created",
        "export.ready",
        "account.erased",
    ] {
        let job = json!({
            "id": format!("{kind}|late"), "orgid": "acme", "type": kind, "at": "2026-05-04T09:30:00Z",
            "recipient": {"author": who.id, "email": scene::EMAIL, "name": "Zephyrine"},
            "data": {"orderNumber": "ORD-1"},
        });
        assert!(invoke(&functions, "notifications", &job).await, "{kind}");
    }
    for kind in ["export", "erase"] {
        let task = json!({"orgid": "acme", "customer": who.id, "kind": kind});
        assert!(invoke(&functions, "privacy", &task).await, "{kind}");
    }
    portico_tests::assert_unchanged(&before, &world.table_at_rest().await);
    assert_eq!(world.platform.outbox().newest_first().len(), mails);
}
