//! Files: no fault leaves one that is listed and not there, or room that is counted and not taken.

use std::cell::Cell;

use http::Method;
use portico_shared::domain::file::Reservation;
use portico_shared::store::{Collection, List};
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use super::at_every_call;
use crate::files::{PNG, scope, usage};

async fn upload(world: &World, who: &Account, name: &Value) -> Answer {
    let name = name.as_str().unwrap();
    let path = format!("/profile/customer/file/upload?area=avatar&name={name}.png");
    let ask = world
        .ask(&Method::POST, &path)
        .org("acme")
        .token(&who.token);
    let ask = ask
        .header("idempotency-key", name)
        .header("content-type", "image/png");
    ask.body(PNG).send().await
}

async fn announce(world: &World, who: &Account, name: &str) -> Answer {
    let body = json!({"name": name, "type": "image/png", "size": PNG.len()});
    let ask = world
        .post("/client-data/files/presign", &body)
        .token(&who.token);
    ask.send().await
}

async fn complete(world: &World, who: &Account, id: &Value) -> Answer {
    let path = format!("/client-data/files/complete/{}", id.as_str().unwrap());
    world
        .post(&path, &Value::Null)
        .token(&who.token)
        .send()
        .await
}

async fn delete(world: &World, who: &Account, path: &Value) -> Answer {
    let path = path.as_str().unwrap().replace('/', "%2F");
    let path = format!("/client-data/files/{path}");
    world.delete(&path).token(&who.token).send().await
}

/// Every file that is listed can be downloaded, and what is counted is what is there or on its way.
async fn assert_whole(world: &World, who: &Account) -> usize {
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = world
        .get("/client-data/files?pageSize=200")
        .token(&who.token);
    let files = ask.send().await.expect(200)["data"].clone();
    let files = files.as_array().unwrap();
    for file in files {
        let path = file["path"].as_str().unwrap().replace('/', "%2F");
        let ask = world
            .get(&format!("/client-data/files/{path}"))
            .token(&who.token);
        let url = ask.send().await.expect(200)["url"].clone();
        let object = web.get(url.as_str().unwrap()).send().await.unwrap();
        assert_eq!(object.bytes().await.unwrap(), PNG);
    }
    let scope = scope(world, who).await;
    let list = List::of(Collection::Uploads).consistent();
    let uploads = world.peer().store().list::<Reservation>(&scope, list).await;
    let count = (files.len() + uploads.unwrap().items.len()) as u64;
    assert_eq!(usage(world, who).await, (count * PNG.len() as u64, count));
    files.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_cut_off_anywhere_is_one_file_when_it_is_sent_again() {
    let (world, faults) = World::start_with_faults().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let sent = Cell::new(0);
    at_every_call(
        &faults,
        async |name| json!(name),
        async |name| upload(&world, &ann, name).await.status,
        async |name, _| {
            assert!(assert_whole(&world, &ann).await >= sent.get());
            let file = upload(&world, &ann, name).await.expect(201);
            let again = upload(&world, &ann, name).await.expect(201);
            assert_eq!(file["id"], again["id"]);
            sent.set(sent.get() + 1);
            assert_eq!(assert_whole(&world, &ann).await, sent.get());
            let profile = world
                .get("/client-data/profile")
                .token(&ann.token)
                .send()
                .await;
            assert_eq!(profile.expect(200)["avatar"]["path"], file["path"]);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_that_is_cut_off_anywhere_keeps_room_for_what_it_says_or_none() {
    let (world, faults) = World::start_with_faults().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    at_every_call(
        &faults,
        async |name| json!(name),
        async |name| announce(&world, &ann, name.as_str().unwrap()).await.status,
        async |_, _| {
            assert_eq!(assert_whole(&world, &ann).await, 0);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_that_is_cut_off_anywhere_is_one_file_when_it_is_asked_for_again() {
    let (world, faults) = World::start_with_faults().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let done = Cell::new(0);
    at_every_call(
        &faults,
        async |name| {
            let ticket = announce(&world, &ann, &name).await.expect(201);
            let mut put = web.put(ticket["url"].as_str().unwrap());
            for (name, value) in ticket["headers"].as_object().unwrap() {
                put = put.header(name, value.as_str().unwrap());
            }
            assert_eq!(put.body(PNG).send().await.unwrap().status(), 200);
            ticket["id"].clone()
        },
        async |id| complete(&world, &ann, id).await.status,
        async |id, _| {
            assert_whole(&world, &ann).await;
            complete(&world, &ann, id).await.expect(200);
            done.set(done.get() + 1);
            assert_eq!(assert_whole(&world, &ann).await, done.get());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_cut_off_anywhere_is_finished_when_it_is_asked_for_again() {
    let (world, faults) = World::start_with_faults().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    at_every_call(
        &faults,
        async |name| upload(&world, &ann, &json!(name)).await.expect(201)["path"].clone(),
        async |path| delete(&world, &ann, path).await.status,
        async |path, _| {
            let again = delete(&world, &ann, path).await;
            assert!(matches!(again.status, 204 | 404), "{again:?}");
            assert_eq!(assert_whole(&world, &ann).await, 0);
            assert_eq!(crate::files::objects(&world, &ann), [""; 0]);
            let profile = world
                .get("/client-data/profile")
                .token(&ann.token)
                .send()
                .await;
            assert_eq!(profile.expect(200)["avatar"], Value::Null);
        },
    )
    .await;
}
