//! Everything at once, copies of the account, and its end.

use portico_tests::{World, eventually};
use serde_json::json;

use super::Budgets;

pub(super) async fn measure(world: &World, budgets: &mut Budgets) {
    let who = world.sign_up("acme", "privacy-cost@example.com").await;
    eventually("the welcome is told", async || {
        let all = world.get("/client-data/all").token(&who.token).send().await;
        let told = all.expect(200)["notifications"]["data"]
            .as_array()
            .map(Vec::len);
        (told == Some(1)).then_some(())
    })
    .await;
    let all = world.get("/client-data/all").token(&who.token).send().await;
    budgets.row("GET /client-data/all", "new customer", 200, &all);
    let export = world.post("/client-data/privacy/export", &json!({}));
    let export = export.token(&who.token).send().await;
    budgets.row("POST /client-data/privacy/export", "", 202, &export);
    let exports = async || {
        let ask = world.get("/client-data/privacy/exports");
        ask.token(&who.token).send().await
    };
    eventually("the copy is ready", async || {
        (exports().await.body["data"][0]["status"] == "ready").then_some(())
    })
    .await;
    budgets.row(
        "GET /client-data/privacy/exports",
        "",
        200,
        &exports().await,
    );
    let code = world.post("/client-data/privacy/erasure/code", &json!({}));
    let code = code.token(&who.token).send().await;
    budgets.row("POST /client-data/privacy/erasure/code", "", 200, &code);
    let body = json!({"password": "correct horse battery"});
    let erased = world.post("/client-data/privacy/erasure", &body);
    let erased = erased.token(&who.token).send().await;
    budgets.row(
        "POST /client-data/privacy/erasure",
        "one session",
        202,
        &erased,
    );
    world.table_at_rest().await;
}
