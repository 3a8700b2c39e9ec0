//! What every operation costs, held to the table in `docs/budgets.md`.
//!
//! Run with `UPDATE_BUDGETS=1` to write the measured figures into the table, and look at what changed.

mod benefits;
mod codes;
mod desk;
mod files;
mod identity;
mod oauth;
mod orders;
mod payments;
mod privacy;
mod reservations;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use portico_local::openapi::document;
use portico_tests::{Account, Answer, World, eventually, root};
use serde_json::{Value, json};

/// Measured rows: operation, case, and cost.
#[derive(Default)]
pub(crate) struct Budgets(Vec<(String, String, (f64, f64, f64))>);

impl Budgets {
    #[track_caller]
    fn row(&mut self, operation: &str, case: &str, status: u16, answer: &Answer) {
        let shown = String::from_utf8_lossy(&answer.bytes);
        assert_eq!(answer.status, status, "{operation}: {shown}");
        self.0
            .push((operation.to_owned(), case.to_owned(), answer.cost()));
    }

    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        for (operation, case, (round_trips, read, write)) in &self.0 {
            let _ = writeln!(
                text,
                "| `{operation}` | {case} | {round_trips} | {read} | {write} |"
            );
        }
        text
    }
}

const HEAD: &str =
    "| operation | case | round trips | read units | write units |\n|---|---|---:|---:|---:|\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_costs_what_the_table_says() {
    let budgets = measured(&World::start().await).await;
    let measured = budgets.render();
    let file = root().join("docs/budgets.md");
    let text = std::fs::read_to_string(&file).expect("docs/budgets.md is there");
    let (before, rest) = text
        .split_once(HEAD)
        .expect("docs/budgets.md has the table");
    let end = rest.find("\n\n").map_or(rest.len(), |at| at + 1);
    let (table, after) = rest.split_at(end);
    if std::env::var_os("UPDATE_BUDGETS").is_some() {
        std::fs::write(&file, format!("{before}{HEAD}{measured}{after}"))
            .expect("docs/budgets.md is writable");
    } else {
        assert_eq!(table, measured, "docs/budgets.md is not what was measured");
    }

    let covered: BTreeSet<&str> = budgets
        .0
        .iter()
        .map(|(operation, ..)| operation.as_str())
        .collect();
    let document = serde_json::to_value(document()).expect("a document");
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let operation = format!("{} {path}", method.to_uppercase());
            assert!(
                covered.contains(operation.as_str()),
                "{operation} has no budget"
            );
        }
    }
}

/// Does every operation, and tells what it cost.
pub(crate) async fn measured(world: &World) -> Budgets {
    let mut budgets = Budgets::default();
    let ann = world.customer("acme", "ann@acme.example").await;
    let (bob, staff) = (
        world.customer("acme", "bob@acme.example").await,
        world.staff().await,
    );
    browsing(world, &mut budgets).await;
    profile_and_addresses(world, &mut budgets, &ann).await;
    payments::measure(world, &mut budgets, &ann).await;
    wishlist_and_dashboard(world, &mut budgets, &ann).await;
    identity(world, &mut budgets, &ann, &staff).await;
    sessions(world, &mut budgets).await;
    oauth::measure(world, &mut budgets).await;
    orders::carts(world, &mut budgets, &bob).await;
    let order = orders::checkout(world, &mut budgets, &bob).await;
    orders::orders(world, &mut budgets, &bob, &order).await;
    orders::fulfilment(world, &mut budgets, &staff, &order).await;
    privacy::measure(world, &mut budgets).await;
    let desks = world.sign_up("acme", "desk@acme.example").await;
    desk::measured(world, &mut budgets, &desks, &staff).await;
    benefits::measure(world, &mut budgets, &staff).await;
    codes::measure(world, &mut budgets).await;
    Box::pin(reservations::measured(world, &mut budgets, &bob)).await;
    files::measure(world, &mut budgets).await;
    identity::identity(world, &mut budgets, &ann, &staff).await;
    budgets
}

async fn browsing(world: &World, budgets: &mut Budgets) {
    for tree in ["profile", "client-data", "storefront", "crm"] {
        let path = format!("/{tree}/health");
        budgets.row(
            &format!("GET {path}"),
            "",
            200,
            &world.get(&path).send().await,
        );
    }
    // The first look at the catalogue loads it for all that come.
    let product = first_product(world).await;
    let found = world.get("/storefront/products?query=mug").send().await;
    budgets.row("GET /storefront/products", "warm", 200, &found);
    let shown = world
        .get(&format!("/storefront/product/{product}"))
        .send()
        .await;
    budgets.row("GET /storefront/product/{idOrSlug}", "warm", 200, &shown);
}

async fn first_product(world: &World) -> String {
    let products = world.get("/storefront/products").send().await.expect(200);
    products["data"][0]["id"].as_str().unwrap().to_owned()
}

async fn profile_and_addresses(world: &World, budgets: &mut Budgets, ann: &Account) {
    let get = async |path: &str| world.get(path).token(&ann.token).send().await;
    budgets.row(
        "GET /client-data/profile",
        "",
        200,
        &get("/client-data/profile").await,
    );
    let refused = world.get("/client-data/profile").send().await;
    budgets.row("GET /client-data/profile", "without a token", 401, &refused);
    let change = json!({"about": "Likes mugs."});
    let put = world
        .put("/client-data/profile", &change)
        .token(&ann.token)
        .send()
        .await;
    budgets.row("PUT /client-data/profile", "", 200, &put);

    let mut address =
        json!({"street1": "1 Main St", "city": "Springfield", "country": "US", "primary": true});
    let added = world
        .post("/client-data/addresses", &address)
        .token(&ann.token)
        .send()
        .await;
    budgets.row("POST /client-data/addresses", "add", 201, &added);
    address["id"] = added.body["id"].clone();
    let changed = world
        .post("/client-data/addresses", &address)
        .token(&ann.token)
        .send()
        .await;
    budgets.row("POST /client-data/addresses", "change", 200, &changed);
    budgets.row(
        "GET /client-data/addresses",
        "",
        200,
        &get("/client-data/addresses").await,
    );
    let path = format!(
        "/client-data/addresses/{}",
        added.body["id"].as_str().unwrap()
    );
    let deleted = world.delete(&path).token(&ann.token).send().await;
    budgets.row(
        "DELETE /client-data/addresses/{addressId}",
        "",
        204,
        &deleted,
    );
}

async fn wishlist_and_dashboard(world: &World, budgets: &mut Budgets, ann: &Account) {
    let get = async |path: &str| world.get(path).token(&ann.token).send().await;
    get("/client-data/wishlist").await.expect(200);
    let path = format!("/client-data/wishlist/{}", first_product(world).await);
    let saved = world
        .post(&path, &Value::Null)
        .token(&ann.token)
        .send()
        .await;
    budgets.row("POST /client-data/wishlist/{productId}", "", 200, &saved);
    budgets.row(
        "GET /client-data/wishlist",
        "",
        200,
        &get("/client-data/wishlist").await,
    );
    let forgotten = world.delete(&path).token(&ann.token).send().await;
    budgets.row(
        "DELETE /client-data/wishlist/{productId}",
        "",
        204,
        &forgotten,
    );

    eventually("the demo's orders are on the dashboard", async || {
        (get("/client-data/dashboard").await.body["orders"]["total"] == 2).then_some(())
    })
    .await;
    budgets.row(
        "GET /client-data/dashboard",
        "",
        200,
        &get("/client-data/dashboard").await,
    );
    let told = get("/client-data/notifications").await;
    budgets.row("GET /client-data/notifications", "", 200, &told);
}

async fn sessions(world: &World, budgets: &mut Budgets) {
    let new = json!({"email": "cost@example.com", "password": "correct horse battery"});
    let signed_up = world.post("/profile/customer/signup", &new).send().await;
    budgets.row("POST /profile/customer/signup", "", 201, &signed_up);
    let signed_in = world.post("/profile/customer/signin", &new).send().await;
    budgets.row("POST /profile/customer/signin", "", 200, &signed_in);
    let mut wrong = new.clone();
    wrong["password"] = json!("wrong password");
    let refused = world.post("/profile/customer/signin", &wrong).send().await;
    budgets.row(
        "POST /profile/customer/signin",
        "wrong password",
        401,
        &refused,
    );
    wrong["email"] = json!("nobody@example.com");
    let refused = world.post("/profile/customer/signin", &wrong).send().await;
    budgets.row(
        "POST /profile/customer/signin",
        "unknown address",
        401,
        &refused,
    );

    let old = &signed_in.body["refresh_token"];
    let refreshed = world
        .post("/profile/customer/refresh", &json!({"refresh_token": old}))
        .send()
        .await;
    budgets.row("POST /profile/customer/refresh", "", 200, &refreshed);
    for (path, session) in [
        ("/profile/signout", &signed_up),
        ("/profile/customer/signout", &refreshed),
    ] {
        let token = session.body["token"].as_str().unwrap();
        let out = world.post(path, &Value::Null).token(token).send().await;
        budgets.row(&format!("POST {path}"), "", 204, &out);
    }
}

async fn identity(world: &World, budgets: &mut Budgets, ann: &Account, staff: &Account) {
    let who = async |account: &Account| {
        world
            .get("/profile/whoami")
            .token(&account.token)
            .send()
            .await
    };
    budgets.row("GET /profile/whoami", "customer", 200, &who(ann).await);
    budgets.row("GET /profile/whoami", "staff", 200, &who(staff).await);
    budgets.row(
        "GET /profile/whoami",
        "nobody",
        200,
        &world.get("/profile/whoami").send().await,
    );
}
