//! What an operator does for customers.

use portico_tests::{World, eventually};
use serde_json::json;

use super::portico;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_copied_counted_and_erased_by_its_id() {
    let world = World::start().await;
    let who = world.sign_up("acme", "operated@example.com").await;
    world.table_at_rest().await;
    let run = async |verb: &str| portico(&world, &["customers", verb, "acme", &who.id]).await;
    let get = async |path: &str| world.get(path).token(&who.token).send().await;

    // A roll-up that was lost is made anew.
    let peer = world.peer();
    let key = json!({"pk": {"S": format!("acme#C#{}", who.id)}, "sk": {"S": "~DASHBOARD"}});
    peer.call("DeleteItem", &json!({"TableName": peer.table, "Key": key}))
        .await;
    let counted = format!("Counted the dashboard of {}.\n", who.id);
    assert_eq!(run("recount").await.unwrap(), counted);
    let dashboard = get("/client-data/dashboard").await.expect(200);
    assert_eq!(dashboard["notifications"], json!({"unread": 1}));

    assert!(run("export").await.unwrap().starts_with("Making exp_"));
    eventually("the copy is ready", async || {
        let exports = get("/client-data/privacy/exports").await.expect(200);
        (exports["data"][0]["status"] == "ready").then_some(())
    })
    .await;
    let again = run("export").await.unwrap_err().to_string();
    assert_eq!(again, format!("{} got a copy less than a day ago", who.id));

    assert_eq!(
        run("erase").await.unwrap(),
        format!("Erasing {}.\n", who.id)
    );
    get("/client-data/profile").await.expect(404);
    world.table_at_rest().await;
    // Once more changes nothing.
    run("erase").await.unwrap();

    let nobody = "cus_06f1k3q8c9s7r2m4v5n6p7t8v8";
    let refused = portico(&world, &["customers", "erase", "acme", nobody]).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("acme has no customer {nobody}")
    );
    let foreign = portico(&world, &["customers", "erase", "globex", &who.id]).await;
    assert_eq!(
        foreign.unwrap_err().to_string(),
        format!("globex has no customer {}", who.id)
    );
}
