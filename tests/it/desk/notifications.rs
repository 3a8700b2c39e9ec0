//! Notifications: what is unread, and what is wanted.

use portico_shared::clock;
use portico_shared::domain::notification::{Delivery, Notification};
use portico_shared::ids::NotificationId;
use portico_shared::store::Write;
use serde_json::{Value, json};

use super::Desk;

const LIST: &str = "/client-data/notifications";
const PREFERENCES: &str = "/client-data/notifications/preferences";

/// Gives the customer so many notifications, and waits for the one of their sign-up.
async fn notify(desk: &Desk, count: usize) {
    desk.told("customer.created", 1).await;
    let store = desk.world.peer().store();
    let scope = super::scope_of(desk).await;
    for n in 0..count {
        let id = NotificationId::generate();
        let notification = Notification {
            event: "order.placed".to_owned(),
            title: format!("{n}"),
            body: String::new(),
            data: json!({}),
            read: false,
            created_at: clock::now(),
            mail: Delivery::None,
            id,
        };
        let item = portico_shared::store::Item::Notification(&notification.id);
        let key = portico_shared::store::Partition::key(&scope, &item);
        store.write(Write::put(key, &notification)).await.unwrap();
    }
}

async fn unread(desk: &Desk) -> Vec<Value> {
    let page = desk.get(&format!("{LIST}?unread=true&pageSize=200")).await;
    page.expect(200)["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_read_or_all_are_however_many_there_are() {
    let desk = Desk::start().await;
    notify(&desk, 130).await;
    let all = unread(&desk).await;
    assert_eq!(all.len(), 131);
    let path = format!("{LIST}/{}/read", all[0]["id"].as_str().unwrap());
    for _ in 0..2 {
        let read = desk.put(&path, json!({})).await.expect(200);
        assert_eq!((&read["read"], &read["id"]), (&json!(true), &all[0]["id"]));
    }
    let rest = unread(&desk).await;
    assert_eq!(rest, all[1..]);
    let read = desk
        .put(&format!("{LIST}/read"), json!({}))
        .await
        .expect(200);
    assert_eq!(read, json!({"read": 130}));
    assert_eq!(unread(&desk).await, [Value::Null; 0]);
    let read = desk
        .put(&format!("{LIST}/read"), json!({}))
        .await
        .expect(200);
    assert_eq!(read, json!({"read": 0}));
    let total = desk.get(&format!("{LIST}?pageSize=200")).await.expect(200);
    assert_eq!(total["data"].as_array().unwrap().len(), 131);
    let dashboard = portico_tests::eventually("the dashboard follows", async || {
        let dashboard = desk.get("/client-data/dashboard").await.expect(200);
        (dashboard["notifications"]["unread"] == 0).then_some(dashboard)
    });
    dashboard.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_what_is_unread_go_on_where_they_ended_though_some_was_read_meanwhile() {
    let desk = Desk::start().await;
    notify(&desk, 9).await;
    let all = unread(&desk).await;
    let page = desk
        .get(&format!("{LIST}?unread=true&pageSize=4"))
        .await
        .expect(200);
    assert_eq!(page["data"].as_array().unwrap()[..], all[..4]);
    let path = format!("{LIST}/{}/read", all[3]["id"].as_str().unwrap());
    desk.put(&path, json!({})).await.expect(200);
    let next = page["next"].as_str().unwrap();
    let path = format!("{LIST}?unread=true&pageSize=200&cursor={next}");
    let rest = desk.get(&path).await.expect(200);
    assert_eq!(rest["data"].as_array().unwrap()[..], all[4..]);
    assert_eq!(rest["hasNext"], false);
    // A cursor is good for its own list alone.
    let other = desk.get(&format!("{LIST}?cursor={next}")).await;
    other.expect_problem(400, "invalid_cursor");
    let nonsense = desk.get(&format!("{LIST}?unread=maybe")).await;
    nonsense.expect_problem(400, "invalid_query");
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_change_group_by_group_and_by_version() {
    let desk = Desk::start().await;
    let usual = json!({"mail": true, "push": true, "sms": false});
    let first = desk.get(PREFERENCES).await;
    assert_eq!(first.headers["etag"], "\"0\"");
    let chosen = first.expect(200);
    for group in ["orders", "tickets", "messages", "appointments", "benefits"] {
        assert_eq!(chosen[group], usual, "{group}");
    }
    let quiet = json!({"mail": false, "push": false, "sms": true});
    let put = async |version: &str, body: &Value| {
        let ask = desk
            .world
            .put(PREFERENCES, body)
            .token(&desk.customer.token);
        ask.header("if-match", version).send().await
    };
    let changed = put("\"0\"", &json!({"messages": quiet})).await.expect(200);
    assert_eq!((&changed["messages"], &changed["orders"]), (&quiet, &usual));
    let stale = put("\"0\"", &json!({"orders": quiet})).await;
    stale.expect_problem(412, "precondition_failed");
    let both = put("\"1\"", &json!({"orders": quiet})).await.expect(200);
    assert_eq!((&both["messages"], &both["orders"]), (&quiet, &quiet));
    assert_eq!(desk.get(PREFERENCES).await.expect(200), both);
    for wrong in [
        json!({"orders": {"mail": true}}),
        json!({"orders": {"mail": "yes", "push": true, "sms": true}}),
        json!({"orders": true}),
    ] {
        let refused = desk.put(PREFERENCES, wrong).await;
        refused.expect_problem(400, "invalid_body");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_wanted_by_mail_is_in_the_app_alone() {
    let desk = Desk::start().await;
    let off = json!({"messages": {"mail": false, "push": true, "sms": false}});
    desk.put(PREFERENCES, off).await.expect(200);
    let id = desk.conversation("Hello?").await;
    desk.answer(&id, "Hello!").await;
    desk.told("message.created", 1).await;
    assert_eq!(desk.mails("A message for you").await, 0);
    // Tickets were not switched off, and the account's own mail cannot be.
    let number = desk.ticket().await;
    desk.told("ticket.created", 1).await;
    assert_eq!(
        desk.mails(&format!("We have your ticket {number}")).await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_concerns_the_account_itself_is_mailed_whatever_is_switched_off() {
    let desk = Desk::start().await;
    let none = json!({"mail": false, "push": false, "sms": false});
    let off = json!({
        "orders": none, "tickets": none, "messages": none, "appointments": none, "benefits": none,
    });
    desk.put(PREFERENCES, off).await.expect(200);
    let sent = desk.post("/client-data/verification/email/send", json!({}));
    sent.await.expect(200);
    let passwords =
        json!({"currentPassword": "correct horse battery", "newPassword": "battery staple horse"});
    let changed = desk.post("/profile/customer/password/change", passwords);
    changed.await.expect(200);
    desk.told("password.changed", 1).await;
    assert_eq!(
        desk.mails("Confirm your address at Acme Outfitters").await,
        1
    );
    assert_eq!(desk.mails("Your password was changed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customer_hears_of_tickets_as_they_want_to() {
    let desk = Desk::start().await;
    let number = desk.ticket().await;
    desk.told("ticket.created", 1).await;
    desk.serve(
        &number,
        json!({"reply": "A photo?", "status": "waiting-customer"}),
    )
    .await
    .expect(200);
    let replied = desk.told("ticket.replied", 1).await;
    assert_eq!(
        replied[0]["title"],
        format!("An answer to your ticket {number}")
    );
    assert_eq!(replied[0]["body"], "A photo?");
    assert_eq!(
        desk.mails(&format!("An answer to your ticket {number}"))
            .await,
        1
    );

    let none = json!({"tickets": {"mail": false, "push": false, "sms": false}});
    let path = "/client-data/notifications/preferences";
    desk.put(path, none).await.expect(200);
    desk.serve(&number, json!({"status": "resolved"}))
        .await
        .expect(200);
    desk.told("ticket.updated", 1).await;
    assert_eq!(desk.mails(&format!("Ticket {number} is resolved")).await, 0);
    // What the customer does is no news to them.
    desk.amend(&number, json!({"status": "closed"}))
        .await
        .expect(200);
    desk.world.table_at_rest().await;
    desk.told("ticket.updated", 1).await;
}
