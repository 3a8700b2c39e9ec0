//! What proves an application, and who sees it.

use crate::files::{FORM, PNG, Part, form, objects, usage};
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use super::{decide, enroll};

/// Applies with a form.
async fn send(world: &World, who: &Account, parts: &[Part<'_>]) -> Answer {
    let ask = world
        .ask(&http::Method::POST, "/client-data/benefits/enroll")
        .org(&who.org)
        .token(&who.token);
    ask.header("content-type", FORM)
        .body(form(parts))
        .send()
        .await
}

/// Keeps a file, and answers its id.
async fn kept(world: &World, who: &Account) -> Value {
    let path = "/client-data/files/upload?area=benefits&name=card.png";
    let ask = world.ask(&http::Method::POST, path).org(&who.org);
    let ask = ask.token(&who.token).header("content-type", "image/png");
    ask.body(PNG).send().await.expect(201)
}

async fn seen(world: &World, staff: &Account, id: &Value) -> Value {
    let path = format!("/crm/benefits/enrollments/{}", id.as_str().unwrap());
    world
        .get(&path)
        .token(&staff.token)
        .send()
        .await
        .expect(200)
}

async fn own(world: &World, who: &Account) -> Value {
    let ask = world.get("/client-data/benefits/enrollments");
    ask.token(&who.token).send().await.expect(200)["data"].clone()
}

const STUDENTS: Part<'_> = ("programId", None, None, b"students");
const CARD: Part<'_> = ("files", Some("card.png"), Some("image/png"), PNG);

#[tokio::test(flavor = "multi_thread")]
async fn evidence_comes_along_with_the_application_and_staff_look_at_it() {
    let world = World::start().await;
    let (staff, dora) = (
        world.staff().await,
        world.sign_up("acme", "dora@acme.example").await,
    );
    let made = send(&world, &dora, &[STUDENTS, CARD]).await.expect(201);
    assert_eq!(made["evidence"].as_array().unwrap().len(), 1);
    let size = PNG.len() as u64;
    assert_eq!(usage(&world, &dora).await, (size, 1));
    // Sent again, it is the same one, and nothing is kept twice.
    let again = send(&world, &dora, &[STUDENTS, CARD]).await.expect(200);
    assert_eq!(again, made);
    assert_eq!(
        (
            usage(&world, &dora).await,
            objects(&world, &dora).len(),
            own(&world, &dora).await
        ),
        ((size, 1), 1, json!([made]))
    );

    let application = seen(&world, &staff, &made["id"]).await;
    assert_eq!(application["customer"]["email"], "dora@acme.example");
    let card = &application["evidence"][0];
    assert_eq!(
        (&card["id"], &card["name"], &card["type"]),
        (
            &made["evidence"][0],
            &json!("card.png"),
            &json!("image/png")
        )
    );
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let shown = web.get(card["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(shown.bytes().await.unwrap(), PNG);

    // It stays the customer's to delete.
    let path = card["path"].as_str().unwrap().replace('/', "%2F");
    let gone = world.delete(&format!("/client-data/files/{path}"));
    gone.token(&dora.token).send().await.expect(204);
    let application = seen(&world, &staff, &made["id"]).await;
    assert_eq!(application["evidence"], json!([]));
    let id = made["id"].as_str().unwrap();
    decide(&world, &staff, id, "reject").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_ones_own_is_evidence_and_somebody_elses_is_none() {
    let world = World::start().await;
    let (ann, dora) = (
        world.customer("acme", "ann@acme.example").await,
        world.sign_up("acme", "dora@acme.example").await,
    );
    let (anns, doras) = (kept(&world, &ann).await, kept(&world, &dora).await);
    let with = async |evidence: Value| {
        let body = json!({"programId": "students", "evidence": evidence});
        let ask = world.post("/client-data/benefits/enroll", &body);
        ask.token(&dora.token).send().await
    };
    let problem = with(json!([doras["id"], anns["id"]])).await;
    let problem = problem.expect_problem(422, "validation_failed");
    assert_eq!(
        problem["details"],
        json!([{"field": "evidence[1]", "message": "is no file of yours", "code": "validation_failed"}])
    );
    let many = vec![doras["id"].clone(); 11];
    with(json!(many))
        .await
        .expect_problem(422, "validation_failed");
    assert_eq!(own(&world, &dora).await, json!([]));
    let made = with(json!([doras["id"], doras["id"]])).await.expect(201);
    assert_eq!(made["evidence"], json!([doras["id"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_refused_keeps_no_file() {
    let world = World::start().await;
    let dora = world.sign_up("acme", "dora@acme.example").await;
    let strange: Part<'_> = ("programId", None, None, b"no-such-thing");
    let page: Part<'_> = ("files", Some("a.html"), Some("text/html"), b"<html></html>");
    let lie: Part<'_> = ("files", Some("a.pdf"), Some("application/pdf"), PNG);
    let nothing: Part<'_> = ("files", Some("a.png"), Some("image/png"), b"");
    let text: Part<'_> = ("evidence", None, None, b"fil_06f1k3q8c9s7r2m4v5n6p7t8w9");
    for (parts, status, code) in [
        (vec![strange, CARD], 404, "not_found"),
        (vec![STUDENTS, CARD, page], 415, "unsupported_media_type"),
        (vec![STUDENTS, CARD, lie], 415, "content_mismatch"),
        (vec![STUDENTS, CARD, nothing], 422, "validation_failed"),
        (vec![STUDENTS, text], 400, "invalid_body"),
        (vec![CARD], 400, "invalid_body"),
        (
            [vec![STUDENTS], vec![CARD; 11]].concat(),
            422,
            "validation_failed",
        ),
    ] {
        let answer = send(&world, &dora, &parts).await;
        answer.expect_problem(status, code);
    }
    assert_eq!(own(&world, &dora).await, json!([]));
    assert_eq!(
        (usage(&world, &dora).await, objects(&world, &dora).len()),
        ((0, 0), 0)
    );
    enroll(&world, &dora, "students").await.expect(201);
}
