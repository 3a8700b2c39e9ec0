//! Files: the table's part. What S3 is asked is one call for each upload, completion and deletion, none for a link.

use http::Method;
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use super::Budgets;

pub(super) async fn measure(world: &World, budgets: &mut Budgets) {
    let who = world.sign_up("acme", "files@example.com").await;
    let upload = async |path: &str| -> Answer {
        let ask = world.ask(&Method::POST, path).org("acme").token(&who.token);
        let ask = ask.header("content-type", "image/png");
        ask.body(crate::files::PNG).send().await
    };
    for path in ["/client-data/files/upload", "/profile/customer/file/upload"] {
        let kept = upload(path).await;
        budgets.row(&format!("POST {path}"), "", 201, &kept);
        follow(&kept.body["url"]).await;
    }
    let portrait = upload("/profile/customer/file/upload?area=avatar").await;
    budgets.row(
        "POST /profile/customer/file/upload",
        "the portrait",
        201,
        &portrait,
    );
    links(world, budgets, &who).await;

    let get = async |path: &str| world.get(path).token(&who.token).send().await;
    for _ in 0..20 {
        upload("/client-data/files/upload?name=one-of-many")
            .await
            .expect(201);
    }
    budgets.row(
        "GET /client-data/files",
        "page of 20",
        200,
        &get("/client-data/files").await,
    );
    let filtered = get("/client-data/files?area=avatar").await;
    budgets.row("GET /client-data/files", "of one area", 200, &filtered);
    let path = portrait.body["path"].as_str().unwrap().replace('/', "%2F");
    let path = format!("/client-data/files/{path}");
    budgets.row("GET /client-data/files/{path}", "", 200, &get(&path).await);
    let file = &newest(&get("/client-data/files").await);
    for (file, case) in [(file.as_str(), ""), (&path, "the portrait")] {
        let gone = world.delete(file).token(&who.token).send().await;
        budgets.row("DELETE /client-data/files/{path}", case, 204, &gone);
    }

    // What room there is, kept for what nobody uploads.
    let announce = json!({"name": "a.pdf", "type": "application/pdf", "size": 249_000_000});
    for _ in 0..4 {
        let ask = world
            .post("/client-data/files/presign", &announce)
            .token(&who.token);
        ask.send().await.expect(201);
    }
    // The rest but a few bytes: twenty-one images and a document are there.
    let left = 4_000_000 - (21 * crate::files::PNG.len() + 9);
    let small = json!({"name": "a.pdf", "type": "application/pdf", "size": left - 8});
    let ask = world
        .post("/client-data/files/presign", &small)
        .token(&who.token);
    ask.send().await.expect(201);
    for path in ["/client-data/files/upload", "/profile/customer/file/upload"] {
        let refused = upload(path).await;
        budgets.row(&format!("POST {path}"), "no room", 409, &refused);
    }
}

async fn links(world: &World, budgets: &mut Budgets, who: &Account) {
    let pdf = "%PDF-1.7\n";
    let announce = json!({"name": "a.pdf", "type": "application/pdf", "size": pdf.len()});
    let ask = world
        .post("/client-data/files/presign", &announce)
        .token(&who.token);
    let ticket = ask.send().await;
    budgets.row("POST /client-data/files/presign", "", 201, &ticket);
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut put = web.put(ticket.body["url"].as_str().unwrap());
    for (name, value) in ticket.body["headers"].as_object().unwrap() {
        put = put.header(name, value.as_str().unwrap());
    }
    assert_eq!(put.body(pdf).send().await.unwrap().status(), 200);
    let path = format!(
        "/client-data/files/complete/{}",
        ticket.body["id"].as_str().unwrap()
    );
    for case in ["", "done before"] {
        let file = world
            .post(&path, &Value::Null)
            .token(&who.token)
            .send()
            .await;
        budgets.row(
            "POST /client-data/files/complete/{fileId}",
            case,
            200,
            &file,
        );
        follow(&file.body["url"]).await;
    }
}

/// A link leads to the object.
pub(super) async fn follow(url: &Value) {
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let object = web.get(url.as_str().unwrap()).send().await.unwrap();
    assert_eq!(object.status(), 200);
}

/// The address of the newest file of a list.
fn newest(list: &Answer) -> String {
    let path = list.body["data"][0]["path"].as_str().unwrap();
    format!("/client-data/files/{}", path.replace('/', "%2F"))
}
