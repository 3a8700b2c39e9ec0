//! Benefit programmes: applying, deciding, and paying less.

mod evidence;
mod races;

use portico_local::functions::Parts;
use portico_shared::domain::benefit::{self, Audience, DiscountRule, Program, ProgramStatus};
use portico_shared::domain::org::OrgConfig;
use portico_tests::{Account, Answer, World, checkout_body, eventually};
use serde_json::{Value, json};

async fn enroll(world: &World, who: &Account, program: &str) -> Answer {
    let body = json!({"programId": program});
    let ask = world.ask(&http::Method::POST, "/client-data/benefits/enroll");
    ask.org(&who.org).json(&body).token(&who.token).send().await
}

async fn decide(world: &World, staff: &Account, id: &str, verb: &str) -> Answer {
    let path = format!("/crm/benefits/enrollments/{id}/{verb}");
    let body = json!({"reason": "because"});
    world.put(&path, &body).token(&staff.token).send().await
}

async fn enrolled(world: &World, who: &Account, program: &str) -> String {
    let made = enroll(world, who, program).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn approved(world: &World, staff: &Account, who: &Account, program: &str) -> String {
    let id = enrolled(world, who, program).await;
    decide(world, staff, &id, "approve").await.expect(200);
    id
}

async fn cart(world: &World, who: &Account) -> Value {
    let ask = world.get(&format!("/storefront/cart/get/{}", who.id));
    ask.token(&who.token).send().await.expect(200)
}

/// The price of one mug, in cents.
async fn mug(world: &World) -> i64 {
    let mug = world.get("/storefront/product/enamel-mug").send().await;
    cents(&mug.expect(200)["variations"][0]["price"])
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "amounts of tests are small"
)]
fn cents(amount: &Value) -> i64 {
    (amount.as_f64().unwrap() * 100.0).round() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_benefit_is_taken_off_the_cart_and_the_order_and_a_pending_one_is_not() {
    let world = World::start().await;
    let (staff, dora) = (
        world.staff().await,
        world.sign_up("acme", "dora@acme.example").await,
    );
    let till = world.cart(&dora, "MUG-BLUE", 2).await;
    let full = 2 * mug(&world).await;
    let id = enrolled(&world, &dora, "students").await;
    let pending = cart(&world, &dora).await;
    assert_eq!(
        (cents(&pending["total"]), &pending["discounts"]),
        (full, &json!([]))
    );

    let approved = decide(&world, &staff, &id, "approve").await.expect(200);
    assert_eq!(
        (&approved["status"], &approved["decidedBy"]),
        (&json!("approved"), &json!(staff.id))
    );
    let cheaper = cart(&world, &dora).await;
    let off = (full + 5) / 10;
    assert_eq!(
        (cents(&cheaper["subtotal"]), cents(&cheaper["total"])),
        (full, full - off)
    );
    assert_eq!(cheaper["discounts"][0]["programId"], "students");
    assert_eq!(cents(&cheaper["discounts"][0]["amount"]), off);

    // Who was shown the full price must be asked again.
    let mut body = checkout_body(&till);
    body["expectedTotal"] = cheaper["subtotal"].clone();
    let buy = async |body: &Value, key: &str| {
        let ask = world
            .post("/storefront/checkout-cart", body)
            .token(&dora.token);
        ask.header("idempotency-key", key).send().await
    };
    buy(&body, "one")
        .await
        .expect_problem(409, "amount_mismatch");
    body["expectedTotal"] = cheaper["total"].clone();
    let order = buy(&body, "two").await.expect(201);
    assert_eq!(cents(&order["total"]), full - off);
    assert_eq!(order["discounts"], cheaper["discounts"]);
    let list = world
        .get("/client-data/orders")
        .token(&dora.token)
        .send()
        .await
        .expect(200);
    assert_eq!(cents(&list["data"][0]["total"]), full - off);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_approved_benefits_the_better_one_counts_and_a_revoked_one_is_over_at_once() {
    let world = World::start().await;
    let (staff, dora) = (
        world.staff().await,
        world.sign_up("acme", "dora@acme.example").await,
    );
    let till = world.cart(&dora, "MUG-BLUE", 2).await;
    approved(&world, &staff, &dora, "students").await;
    let club = approved(&world, &staff, &dora, "club").await;
    let better = cart(&world, &dora).await;
    assert_eq!(better["discounts"].as_array().unwrap().len(), 1);
    assert_eq!(better["discounts"][0]["programId"], "club");
    assert_eq!(cents(&better["subtotal"]) - cents(&better["total"]), 500);

    decide(&world, &staff, &club, "revoke").await.expect(200);
    assert_eq!(
        cart(&world, &dora).await["discounts"][0]["programId"],
        "students"
    );
    // The cart that was shown before says so when it is ordered.
    let mut body = checkout_body(&till);
    body["expectedTotal"] = better["total"].clone();
    let ask = world
        .post("/storefront/checkout-cart", &body)
        .token(&dora.token);
    let ask = ask.header("idempotency-key", "one").send().await;
    ask.expect_problem(409, "amount_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_application_for_each_programme_is_at_work_and_after_a_rejection_there_may_be_another()
{
    let world = World::start().await;
    let (staff, dora) = (
        world.staff().await,
        world.sign_up("acme", "dora@acme.example").await,
    );
    let both = tokio::join!(
        enroll(&world, &dora, "students"),
        enroll(&world, &dora, "students")
    );
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    assert_eq!(both.0.body["id"], both.1.body["id"]);
    let first = both.0.body["id"].as_str().unwrap().to_owned();

    let no_reason = world.put(
        &format!("/crm/benefits/enrollments/{first}/reject"),
        &json!({}),
    );
    let no_reason = no_reason.token(&staff.token).send().await;
    no_reason.expect_problem(400, "invalid_body");
    decide(&world, &staff, &first, "reject").await.expect(200);
    let told = decide(&world, &staff, &first, "approve").await;
    told.expect_problem(409, "illegal_transition");
    let second = enrolled(&world, &dora, "students").await;
    assert_ne!(first, second);
    // The first one is history: it is neither the customer's any more nor to be decided on.
    decide(&world, &staff, &first, "approve")
        .await
        .expect_problem(409, "illegal_transition");
    let own = world
        .get("/client-data/benefits/enrollments")
        .token(&dora.token);
    let own = own.send().await.expect(200);
    assert_eq!(own["data"].as_array().unwrap().len(), 1);
    let rejected = world
        .get("/crm/benefits/enrollments?status=rejected")
        .token(&staff.token);
    let rejected = rejected.send().await.expect(200);
    assert_eq!(
        (&rejected["data"][0]["id"], &rejected["data"][0]["reason"]),
        (&json!(first), &json!("because"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_members_of_staff_who_decide_at_once_one_does_and_the_customer_hears_of_it() {
    let world = World::start().await;
    let (staff, dora) = (
        world.staff().await,
        world.sign_up("acme", "dora@acme.example").await,
    );
    let id = enrolled(&world, &dora, "students").await;
    let (one, other) = tokio::join!(
        decide(&world, &staff, &id, "approve"),
        decide(&world, &staff, &id, "reject")
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
    let title = if one.status == 200 {
        "Student discount is yours"
    } else {
        "Student discount: we could not approve your application"
    };
    let titles = eventually("the decision is told", || async {
        let told = world.get("/client-data/notifications").token(&dora.token);
        let told = told.send().await.expect(200);
        let titles: Vec<String> = told["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["title"].as_str().unwrap().to_owned())
            .collect();
        titles.iter().any(|told| told == title).then_some(titles)
    })
    .await;
    let applied = "Student discount: we have your application";
    assert_eq!(titles.iter().filter(|told| *told == applied).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_open_cannot_be_applied_for_and_evidence_is_ones_own() {
    let world = World::start().await;
    let Parts { store, .. } = Parts::connect(world.platform.aws()).await.unwrap();
    let org = "globex".parse().unwrap();
    let program = |id: &str, status| Program {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        audience: Audience::Employer,
        discount: DiscountRule::Percent(2_000),
        requirements: None,
        status,
        validity_days: None,
        evidence_required: true,
        categories: Vec::new(),
        skus: Vec::new(),
    };
    let programs = vec![
        program("open", ProgramStatus::Active),
        program("draft", ProgramStatus::Draft),
        program("archived", ProgramStatus::Archived),
    ];
    let config: OrgConfig = portico_shared::domain::org::load(&store, &org)
        .await
        .unwrap()
        .unwrap();
    benefit::save(&store, &org, config.currency(), programs)
        .await
        .unwrap();
    let ann = world.customer("globex", "ann@globex.example").await;
    for closed in ["draft", "archived", "students", "no such thing", ""] {
        enroll(&world, &ann, closed)
            .await
            .expect_problem(404, "not_found");
    }
    enroll(&world, &ann, "open")
        .await
        .expect_problem(422, "evidence_required");
    let with = async |evidence: Value| {
        let body = json!({"programId": "open", "evidence": evidence});
        let ask = world.ask(&http::Method::POST, "/client-data/benefits/enroll");
        ask.org("globex").json(&body).token(&ann.token).send().await
    };
    let strange = json!(["fil_06f1k3q8c9s7r2m4v5n6p7t8w9", "../passwd"]);
    let problem = with(strange).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["details"][0]["field"], "evidence[0]");
    assert_eq!(problem["details"][1]["field"], "evidence[1]");
    let listed = world.ask(&http::Method::GET, "/client-data/benefits");
    let listed = listed
        .org("globex")
        .token(&ann.token)
        .send()
        .await
        .expect(200);
    let ids: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["id"])
        .collect();
    assert_eq!(ids, [&json!("open")]);
    assert_eq!(
        listed["data"][0],
        json!({
            "id": "open", "name": "open", "type": "employer", "discount": {"type": "percent", "value": 20.0},
            "requirements": null, "status": "active", "evidenceRequired": true, "enrollment": null,
        })
    );
}
