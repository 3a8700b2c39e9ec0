//! Conversations: unread counts, the way of a message, the inbox.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Desk, text, texts};

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_waits_for_staff_until_they_answer_and_counts_what_is_unread() {
    let desk = Desk::start().await;
    let open = "/crm/inbox/conversations";
    let pending = "/crm/inbox/conversations?status=pending";
    let id = desk.conversation("When will it come?").await;
    desk.conversation("Something else").await;
    let more = json!({"conversationId": id, "text": "I mean the mug."});
    desk.post("/client-data/messages", more).await.expect(201);
    let waiting = desk.look(open).await;
    let waits = |page: &Value| {
        let page = page["data"].as_array().unwrap();
        page.iter().find(|one| one["id"] == *id).cloned()
    };
    let first = waits(&waiting).expect("it waits");
    assert_eq!(first["unansweredCount"], 2);
    assert_eq!(first["contactId"], desk.customer.id);
    assert_eq!(first["lastMessage"]["text"], "I mean the mug.");

    let answer = desk.answer(&id, "Tomorrow.").await;
    let last = desk.answer(&id, "Before noon.").await;
    assert_eq!(waits(&desk.look(open).await), None);
    assert_eq!(
        waits(&desk.look(pending).await).unwrap()["unansweredCount"],
        0
    );
    let conversations = desk.conversations().await;
    assert_eq!(conversations.as_array().unwrap().len(), 2);
    assert_eq!(
        (&conversations[0]["id"], &conversations[0]["unreadCount"]),
        (&json!(id), &json!(2))
    );
    assert_eq!(conversations[0]["status"], "pending");
    assert_eq!(conversations[1]["unreadCount"], 0);

    let mark = async |id: &str, status: &str| {
        let path = format!("/client-data/messages/{id}/status/{status}");
        desk.put(&path, json!({})).await
    };
    let unread = async || desk.conversations().await[0]["unreadCount"].clone();
    for _ in 0..2 {
        assert_eq!(mark(&answer, "read").await.expect(200)["status"], "read");
        assert_eq!(unread().await, 1);
    }
    // What is put away counts as read.
    assert_eq!(
        mark(&last, "archived").await.expect(200)["status"],
        "archived"
    );
    assert_eq!(unread().await, 0);
    mark(&answer, "archived").await.expect(200);
    mark(&answer, "read")
        .await
        .expect_problem(409, "illegal_transition");
    mark(&answer, "unread")
        .await
        .expect_problem(404, "not_found");
    let own = desk.thread(&id, "&pageSize=200").await["data"][3]["id"].take();
    mark(&text(&own), "read")
        .await
        .expect_problem(403, "recipient_required");
    assert_eq!(unread().await, 0);

    let again = json!({"conversationId": id, "text": "Thanks!"});
    desk.post("/client-data/messages", again).await.expect(201);
    assert!(waits(&desk.look(open).await).is_some());
    assert_eq!(waits(&desk.look(pending).await), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_at_the_same_moment_are_all_kept_and_all_counted() {
    let desk = Arc::new(Desk::start().await);
    let id = desk.conversation("Hello?").await;
    let answers = at_once(10, |n| {
        let body = json!({"conversationId": id, "text": format!("answer {n}")});
        let token = desk.staff.token.clone();
        sent(
            desk.clone(),
            Method::POST,
            "/crm/chat-message/create".to_owned(),
            token,
            body,
        )
    });
    let questions = at_once(5, |n| {
        let body = json!({"conversationId": id, "text": format!("question {n}")});
        let token = desk.customer.token.clone();
        sent(
            desk.clone(),
            Method::POST,
            "/client-data/messages".to_owned(),
            token,
            body,
        )
    });
    let (answers, _) = tokio::join!(answers, questions);
    assert_eq!(desk.conversations().await[0]["unreadCount"], 10);
    let thread = desk.thread(&id, "&pageSize=200").await;
    assert_eq!(thread["data"].as_array().unwrap().len(), 16);
    // Marked twice each, at the same moment.
    let twice: Vec<String> = answers.iter().chain(&answers).cloned().collect();
    let marked = at_once(twice.len(), |n| {
        let path = format!("/client-data/messages/{}/status/read", twice[n]);
        let token = desk.customer.token.clone();
        sent(desk.clone(), Method::PUT, path, token, json!({}))
    });
    marked.await;
    assert_eq!(desk.conversations().await[0]["unreadCount"], 0);
    let of = async |status: &str| {
        let queue = desk
            .look(&format!("/crm/inbox/conversations?status={status}"))
            .await;
        queue["data"].as_array().unwrap().len()
    };
    assert_eq!(of("open").await + of("pending").await, 1);
}

/// The id of what is sent, again as long as others are in the way: then nothing was written.
async fn sent(desk: Arc<Desk>, method: Method, path: String, token: String, body: Value) -> String {
    loop {
        let ask = desk.world.ask(&method, &path).org("acme").token(&token);
        let answer = ask.json(&body).send().await;
        if answer.status < 300 {
            return text(&answer.body["id"]);
        }
        answer.expect_problem(409, "conflict");
    }
}

/// Does the same so many times at the same moment.
async fn at_once<F>(count: usize, make: impl Fn(usize) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let all: JoinSet<F::Output> = (0..count).map(make).collect();
    all.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_read_both_ways_from_any_message() {
    let desk = Desk::start().await;
    let id = desk.conversation("1").await;
    for n in 2..=7 {
        let body = json!({"conversationId": id, "text": n.to_string()});
        desk.post("/client-data/messages", body).await.expect(201);
    }
    let latest = desk.thread(&id, "&pageSize=3").await;
    assert_eq!(texts(&latest["data"]), ["7", "6", "5"]);
    assert_eq!(latest["hasNext"], true);
    let at = |page: &Value, n: usize| text(&page["data"][n]["id"]);
    let five = at(&latest, 2);
    let older = desk
        .thread(&id, &format!("&before={five}&pageSize=3"))
        .await;
    assert_eq!(texts(&older["data"]), ["4", "3", "2"]);
    let newer = desk.thread(&id, &format!("&after={five}")).await;
    assert_eq!(texts(&newer["data"]), ["6", "7"]);
    assert_eq!(newer["hasNext"], false);
    let seven = at(&newer, 1);
    let none = desk.thread(&id, &format!("&after={seven}")).await;
    assert_eq!(
        (texts(&none["data"]).len(), &none["hasNext"]),
        (0, &json!(false))
    );

    // The staff's way of it, notes in their places.
    let remark = json!({"conversationId": id, "text": "note", "isInternalNote": true});
    desk.act("/crm/chat-message/create", remark)
        .await
        .expect(201);
    desk.answer(&id, "8").await;
    let inbox = format!("/crm/inbox/messages?conversationId={id}");
    let latest = desk.look(&format!("{inbox}&pageSize=3")).await;
    assert_eq!(texts(&latest["data"]), ["8", "note", "7"]);
    assert_eq!(latest["hasNext"], true);
    let newer = desk.look(&format!("{inbox}&after={five}&pageSize=3")).await;
    assert_eq!(texts(&newer["data"]), ["6", "7", "note"]);
    let last = at(&newer, 2);
    let rest = desk.look(&format!("{inbox}&after={last}&pageSize=3")).await;
    assert_eq!(
        (texts(&rest["data"]), &rest["hasNext"]),
        (vec!["8"], &json!(false))
    );

    let other = desk.conversation("elsewhere").await;
    for query in [
        format!("conversationId={other}&after={five}"),
        format!("conversationId={id}&after={five}&before={five}"),
        format!("conversationId={id}&after=nonsense"),
    ] {
        let refused = desk.get(&format!("/client-data/messages?{query}")).await;
        refused.expect_problem(400, "invalid_query");
    }
    let refused = desk.get("/client-data/messages").await;
    refused.expect_problem(400, "invalid_query");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_begin_a_conversation_with_a_customer_of_their_org_and_only_one_for_each_key() {
    let desk = Desk::start().await;
    let body = json!({
        "contactId": desk.customer.id, "subject": "Your order", "text": "It is ready.", "tags": ["pickup"],
        "priority": "high", "assignedTo": desk.staff.id,
    });
    let create = async |body: &Value| {
        let ask = desk.world.post("/crm/chat-message/create", body);
        let ask = ask.token(&desk.staff.token).header("idempotency-key", "k");
        ask.send().await
    };
    let first = create(&body).await.expect(201);
    assert_eq!(create(&body).await.expect(201), first);
    let conversations = desk.conversations().await;
    assert_eq!(conversations.as_array().unwrap().len(), 1);
    let one = &conversations[0];
    let members = [
        "subject",
        "unreadCount",
        "status",
        "tags",
        "priority",
        "assignedTo",
    ];
    let expected = json!([
        "Your order",
        1,
        "pending",
        ["pickup"],
        "high",
        desk.staff.id
    ]);
    assert_eq!(json!(members.map(|name| &one[name])), expected);
    assert_eq!(one["contactId"], desk.customer.id);
    assert_eq!(one["parties"], json!([desk.customer.id, desk.staff.id]));
    desk.told("message.created", 1).await;
    assert_eq!(desk.mails("A message for you").await, 1);

    let act = async |body: Value| desk.act("/crm/chat-message/create", body).await;
    let nobody = json!({"contactId": "cus_06f1k3q8c9s7r2m4v5n6p7t8w8", "text": "x"});
    act(nobody).await.expect_problem(404, "not_found");
    let both = json!({"contactId": desk.customer.id, "conversationId": one["id"], "text": "x"});
    act(both).await.expect_problem(422, "validation_failed");
    let neither = json!({"text": "x"});
    act(neither).await.expect_problem(422, "validation_failed");
    let note = json!({"contactId": desk.customer.id, "text": "x", "isInternalNote": true});
    act(note).await.expect_problem(422, "validation_failed");
    let stranger = json!({"conversationId": one["id"], "text": "x", "assignedTo": "usr_nobody"});
    act(stranger).await.expect_problem(422, "validation_failed");
    assert_eq!(desk.conversations().await[0]["unreadCount"], 1);
}
