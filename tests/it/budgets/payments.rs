//! Saved payment methods, and addresses while they are typed. The calls to vendors are no round trips to the
//! table.

use portico_tests::{Account, World};
use serde_json::json;

use super::Budgets;

pub(super) async fn measure(world: &World, budgets: &mut Budgets, ann: &Account) {
    const METHODS: &str = "/client-data/payment-methods";
    world.integrate("acme").await;
    world.please_vendors().await;
    let save = async |id: &str| {
        let body = json!({ "paymentMethodId": id });
        world.post(METHODS, &body).token(&ann.token).send().await
    };
    let first = save("pm_budget1").await;
    budgets.row(
        "POST /client-data/payment-methods",
        "the first one",
        201,
        &first,
    );
    let second = save("pm_budget2").await;
    budgets.row(
        "POST /client-data/payment-methods",
        "another one",
        201,
        &second,
    );
    let again = save("pm_budget2").await;
    budgets.row(
        "POST /client-data/payment-methods",
        "sent again",
        200,
        &again,
    );
    let list = world.get(METHODS).token(&ann.token).send().await;
    budgets.row("GET /client-data/payment-methods", "", 200, &list);
    let path = format!("{METHODS}/pm_budget2/default");
    let default = world.put(&path, &json!({})).token(&ann.token).send().await;
    let operation = "PUT /client-data/payment-methods/{paymentMethodId}/default";
    budgets.row(operation, "", 200, &default);
    let path = format!("{METHODS}/pm_budget2");
    let removed = world.delete(&path).token(&ann.token).send().await;
    let operation = "DELETE /client-data/payment-methods/{paymentMethodId}";
    budgets.row(operation, "the default", 204, &removed);

    let typed = json!({"input": "1600 Amph"});
    let typed = world.post("/client-data/addresses/autocomplete", &typed);
    let typed = typed.token(&ann.token).send().await;
    budgets.row("POST /client-data/addresses/autocomplete", "", 200, &typed);
    let path = "/client-data/addresses/place/ChIJ2eUgeAK6j4ARbn5u_wAGqWA";
    let place = world.get(path).token(&ann.token).send().await;
    budgets.row(
        "GET /client-data/addresses/place/{placeId}",
        "",
        200,
        &place,
    );
}
