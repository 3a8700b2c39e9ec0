//! Applications for benefits and decisions on them, cut off anywhere.

use portico_tests::{Account, Answer};

use super::*;
use crate::files::{FORM, PNG, form, usage};

/// Somebody new, before whom others have warmed what the functions keep: that must not take the fault.
async fn applicant(world: &World, name: &str) -> Account {
    let look = world.get("/storefront/products?ps=1").send().await;
    look.expect(200);
    let who = world
        .sign_up("acme", &format!("benefit-{name}@example.com"))
        .await;
    let look = world.get("/client-data/benefits").token(&who.token);
    look.send().await.expect(200);
    who
}

async fn apply(world: &World, token: &Value) -> Answer {
    let body = json!({"programId": "students"});
    let ask = world.post("/client-data/benefits/enroll", &body);
    ask.token(token.as_str().unwrap()).send().await
}

async fn apply_with_a_file(world: &World, token: &str) -> Answer {
    let path = "/client-data/benefits/enroll";
    let ask = world.ask(&http::Method::POST, path).org("acme");
    let ask = ask.token(token).header("content-type", FORM);
    let body = form(&[
        ("programId", None, None, b"students"),
        ("files", Some("card.png"), Some("image/png"), PNG),
    ]);
    ask.body(body).send().await
}

async fn decide(world: &World, staff: &Account, id: &Value, verb: &str) -> Answer {
    let id = id.as_str().unwrap();
    let path = format!("/crm/benefits/enrollments/{id}/{verb}");
    let ask = world.put(&path, &json!({"reason": "because"}));
    ask.token(&staff.token).send().await
}

/// The customer's own applications.
async fn own(world: &World, token: &Value) -> Value {
    let ask = world.get("/client-data/benefits/enrollments");
    let ask = ask.token(token.as_str().unwrap());
    ask.send().await.expect(200)["data"].clone()
}

/// The statuses that staff find an application under.
async fn rows(world: &World, staff: &Account, id: &Value) -> Vec<&'static str> {
    let mut found = Vec::new();
    for status in ["pending", "approved", "rejected", "revoked"] {
        let path = format!("/crm/benefits/enrollments?ps=200&status={status}");
        let page = world.get(&path).token(&staff.token).send().await;
        let page = page.expect(200);
        let rows = page["data"].as_array().unwrap().iter();
        found.extend(rows.filter(|row| row["id"] == *id).map(|_| status));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_cut_off_anywhere_is_made_once() {
    let (world, faults) = World::start_with_faults().await;
    let staff = world.staff().await;
    at_every_call(
        &faults,
        async |name| json!({"token": applicant(&world, &name).await.token}),
        async |prepared| apply(&world, &prepared["token"]).await.status,
        async |prepared, _| {
            let made = apply(&world, &prepared["token"]).await;
            assert!(matches!(made.status, 200 | 201), "{made:?}");
            assert_eq!(own(&world, &prepared["token"]).await, json!([made.body]));
            assert_eq!(rows(&world, &staff, &made.body["id"]).await, ["pending"]);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_with_a_file_that_is_cut_off_anywhere_keeps_the_file_once() {
    let (world, faults) = World::start_with_faults().await;
    let who = std::cell::RefCell::new(None);
    at_every_call(
        &faults,
        async |name| {
            who.replace(Some(applicant(&world, &format!("file-{name}")).await));
            Value::Null
        },
        async |_| {
            let token = who.borrow().as_ref().unwrap().token.clone();
            apply_with_a_file(&world, &token).await.status
        },
        async |_, _| {
            let who = who.take().unwrap();
            let made = apply_with_a_file(&world, &who.token).await;
            assert!(matches!(made.status, 200 | 201), "{made:?}");
            assert_eq!(made.body["evidence"].as_array().unwrap().len(), 1);
            assert_eq!(own(&world, &json!(who.token)).await, json!([made.body]));
            assert_eq!(usage(&world, &who).await, (PNG.len() as u64, 1));
        },
    )
    .await;
}

/// Lets a decision fail everywhere that comes after these.
async fn decision_cut_off(before: &[&str], verb: &str, becomes: &'static str) {
    let (world, faults) = World::start_with_faults().await;
    let staff = world.staff().await;
    at_every_call(
        &faults,
        async |name| {
            // Staff's function keeps the programmes warm, too.
            let other = applicant(&world, &format!("warm-{name}")).await.token;
            let other = apply(&world, &json!(other)).await.expect(201)["id"].clone();
            decide(&world, &staff, &other, "approve").await.expect(200);
            let token = json!(applicant(&world, &name).await.token);
            let id = apply(&world, &token).await.expect(201)["id"].clone();
            for verb in before {
                decide(&world, &staff, &id, verb).await.expect(200);
            }
            json!({"token": token, "id": id})
        },
        async |prepared| decide(&world, &staff, &prepared["id"], verb).await.status,
        async |prepared, _| {
            let again = decide(&world, &staff, &prepared["id"], verb).await;
            assert!(
                again.status == 200 || again.body["code"] == "illegal_transition",
                "{again:?}"
            );
            let own = own(&world, &prepared["token"]).await;
            assert_eq!(
                (own.as_array().unwrap().len(), &own[0]["status"]),
                (1, &json!(becomes))
            );
            assert_eq!(rows(&world, &staff, &prepared["id"]).await, [becomes]);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_is_cut_off_anywhere_happens_once() {
    decision_cut_off(&[], "approve", "approved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_that_is_cut_off_anywhere_happens_once() {
    decision_cut_off(&[], "reject", "rejected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_is_cut_off_anywhere_happens_once() {
    decision_cut_off(&["approve"], "revoke", "revoked").await;
}
