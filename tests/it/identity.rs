//! Who one is: profiles under `/profile`, guests, open sessions, limits on guessing, the second factor.

mod challenges;
mod gate;
mod guests;
mod limits;
pub(crate) mod mailed_codes;
mod open_sessions;
pub(crate) mod second_factor;
mod timing;

use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

/// The password of everybody who signed up here.
const PASSWORD: &str = "correct horse battery";

async fn get(world: &World, who: &Account, path: &str) -> Answer {
    world.get(path).token(&who.token).send().await
}

async fn post(world: &World, who: &Account, path: &str, body: &Value) -> Answer {
    world.post(path, body).token(&who.token).send().await
}

async fn sign_in(world: &World, email: &str) -> Answer {
    let body = json!({"email": email, "password": PASSWORD});
    world.post("/profile/customer/signin", &body).send().await
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_the_same_under_both_trees_and_changes_by_the_same_rules() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let update = async |body: Value| post(&world, &ann, "/profile/customer/update", &body).await;
    let changed =
        update(json!({"about": "Two\nlines", "language": "pt-BR", "email": "x@y.z"})).await;
    let etag = changed.headers["etag"].clone();
    let changed = changed.expect(200);
    assert_eq!(changed["about"], "Two\nlines");
    assert_eq!(changed["email"], "ann@acme.example");
    for path in ["/profile/customer/profile", "/client-data/profile"] {
        let read = get(&world, &ann, path).await;
        assert_eq!(read.headers["etag"], etag, "{path}");
        assert_eq!(read.expect(200), changed, "{path}");
    }
    let wrong = update(json!({"phone": "12"})).await;
    let wrong = wrong.expect_problem(422, "validation_failed");
    assert_eq!(wrong["details"][0]["field"], "phone");
    let stale = world
        .post("/profile/customer/update", &json!({"about": null}))
        .header("if-match", "\"1\"");
    let stale = stale.token(&ann.token).send().await;
    stale.expect_problem(412, "precondition_failed");
    assert_eq!(
        update(json!({"about": null})).await.expect(200)["about"],
        Value::Null
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_principal_is_a_customer_or_staff() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let staff = world.staff().await;
    assert_eq!(
        get(&world, &ann, "/profile").await.expect(200),
        json!({
            "datatype": "customer", "sk": ann.id, "email": "ann@acme.example", "name": "Ann Lee",
            "roles": ["customer"],
        })
    );
    let owner = get(&world, &staff, "/profile").await.expect(200);
    assert_eq!(
        (&owner["datatype"], &owner["roles"]),
        (&json!("user"), &json!(["Owner"]))
    );
    let nobody = world.get("/profile").send().await;
    nobody.expect_problem(401, "missing_authorization");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_find_a_customer_by_address_or_id_and_customers_find_nobody() {
    let world = World::start().await;
    let (ann, staff) = (
        world.customer("acme", "ann@acme.example").await,
        world.staff().await,
    );
    let path = |who: &str| format!("/profile/customer/profile/{who}");
    let own = get(&world, &ann, "/profile/customer/profile")
        .await
        .expect(200);
    for who in ["ann@acme.example", "ANN%40acme.example", &ann.id] {
        assert_eq!(
            get(&world, &staff, &path(who)).await.expect(200),
            own,
            "{who}"
        );
    }
    for who in [
        "nobody@acme.example",
        "cus_00000000000000000000000000",
        "ann",
    ] {
        let missing = get(&world, &staff, &path(who)).await;
        missing.expect_problem(404, "not_found");
    }
    let customer = get(&world, &ann, &path(&ann.id)).await;
    customer.expect_problem(403, "staff_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_sign_in_by_the_short_path_and_stay_in_by_their_own() {
    let world = World::start().await;
    let owner = json!({"email": "owner@acme.example", "password": "portico-demo-staff"});
    let session = world
        .post("/profile/signin", &owner)
        .send()
        .await
        .expect(200);
    let old = json!({"refresh_token": session["refresh_token"]});
    let next = world
        .post("/profile/user/refresh", &old)
        .send()
        .await
        .expect(200);
    assert_eq!(next["user"], session["user"]);
    let who = world
        .get("/profile")
        .token(&text(&next["token"]))
        .send()
        .await;
    assert_eq!(who.expect(200)["datatype"], "user");
    let customer = json!({"email": "ann@acme.example", "password": "portico-demo-pass"});
    let refused = world.post("/profile/signin", &customer).send().await;
    refused.expect_problem(401, "invalid_credentials");
}
