//! Benefits.

use super::files::follow;
use super::*;
use crate::files::{FORM, PNG, form};

pub(super) async fn measure(world: &World, budgets: &mut Budgets, staff: &Account) {
    let eve = world.sign_up("acme", "eve@acme.example").await;
    let get = async |path: &str| world.get(path).token(&eve.token).send().await;
    let enroll = async |program: &str| {
        let body = json!({"programId": program});
        let ask = world.post("/client-data/benefits/enroll", &body);
        ask.token(&eve.token).send().await
    };
    // The first look at the programmes loads them for all that come.
    get("/client-data/benefits").await.expect(200);
    let made = enroll("students").await;
    let path = "POST /client-data/benefits/enroll";
    budgets.row(path, "", 201, &made);
    budgets.row(path, "there is one already", 200, &enroll("students").await);
    let other = enroll("club").await.expect(201);
    let listed = get("/client-data/benefits").await;
    budgets.row("GET /client-data/benefits", "warm", 200, &listed);
    let own = get("/client-data/benefits/enrollments").await;
    budgets.row("GET /client-data/benefits/enrollments", "", 200, &own);

    let look = async |path: &str| world.get(path).token(&staff.token).send().await;
    let queue = look("/crm/benefits/enrollments").await;
    budgets.row("GET /crm/benefits/enrollments", "", 200, &queue);
    let one = format!(
        "/crm/benefits/enrollments/{}",
        made.body["id"].as_str().unwrap()
    );
    budgets.row(
        "GET /crm/benefits/enrollments/{enrollmentId}",
        "no evidence",
        200,
        &look(&one).await,
    );
    with_evidence(world, budgets, staff).await;
    let other = format!(
        "/crm/benefits/enrollments/{}",
        other["id"].as_str().unwrap()
    );
    for (verb, path) in [("approve", &one), ("revoke", &one), ("reject", &other)] {
        let body = json!({"reason": "budgets"});
        let decided = world.put(&format!("{path}/{verb}"), &body);
        let decided = decided.token(&staff.token).send().await;
        let operation = format!("PUT /crm/benefits/enrollments/{{enrollmentId}}/{verb}");
        budgets.row(&operation, "", 200, &decided);
    }
}

/// An application that comes with a file, which staff download; and an order that it makes cheaper.
async fn with_evidence(world: &World, budgets: &mut Budgets, staff: &Account) {
    let dan = world.sign_up("acme", "dan@acme.example").await;
    let path = "/client-data/benefits/enroll";
    let ask = world.ask(&http::Method::POST, path).org("acme");
    let ask = ask.token(&dan.token).header("content-type", FORM);
    let made = ask.body(form(&[
        ("programId", None, None, b"students"),
        ("files", Some("card.png"), Some("image/png"), PNG),
    ]));
    let made = made.send().await;
    budgets.row(&format!("POST {path}"), "with a file", 201, &made);
    let one = format!(
        "/crm/benefits/enrollments/{}",
        made.body["id"].as_str().unwrap()
    );
    let shown = world.get(&one).token(&staff.token).send().await;
    budgets.row(
        "GET /crm/benefits/enrollments/{enrollmentId}",
        "with a file",
        200,
        &shown,
    );
    follow(&shown.body["evidence"][0]["url"]).await;
    let approve = world.put(&format!("{one}/approve"), &json!({}));
    approve.token(&staff.token).send().await.expect(200);
    let cart = world.cart(&dan, "SOCKS-TRAIL-M", 1).await;
    let placed = world.checkout(&dan, &cart, "budget-benefit").await;
    assert_eq!(placed.body["discounts"][0]["programId"], "students");
    budgets.row(
        "POST /storefront/checkout-cart",
        "one line, with a benefit",
        201,
        &placed,
    );
}
