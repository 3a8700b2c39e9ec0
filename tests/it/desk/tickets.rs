//! Tickets: what customers and staff do with them.

use portico_shared::domain::desk::MOST_OPENED;
use portico_tests::{Account, assert_unchanged};
use serde_json::{Value, json};

use super::{Desk, text, texts, with};

pub(super) fn numbers(page: &Value) -> Vec<&str> {
    let tickets = page["data"].as_array().unwrap().iter();
    tickets.map(|one| one["number"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_goes_from_the_customer_to_staff_and_back_until_it_is_solved() {
    let desk = Desk::start().await;
    let number = desk.ticket().await;
    assert!(number.starts_with("TKT-"), "{number}");

    let queue = desk.look("/crm/tickets").await;
    assert_eq!(numbers(&queue), [&number]);
    assert_eq!(queue["data"][0]["customer"], desk.customer.id);
    let taken = json!({"status": "in-progress", "assignee": desk.staff.id, "priority": "high"});
    let taken = desk.serve(&number, taken).await.expect(200);
    assert_eq!(taken["assignee"], desk.staff.id);
    let asked = json!({"status": "waiting-customer", "reply": "A photo, please."});
    desk.serve(&number, asked).await.expect(200);
    assert_eq!(numbers(&desk.look("/crm/tickets").await), [""; 0]);

    // The answer takes it back to staff.
    let answered = desk
        .amend(&number, json!({"comment": "Here."}))
        .await
        .expect(200);
    assert_eq!(answered["status"], "in-progress");
    desk.serve(&number, json!({"status": "resolved"}))
        .await
        .expect(200);
    let closed = desk
        .amend(&number, json!({"status": "closed"}))
        .await
        .expect(200);
    assert_eq!(closed["status"], "closed");
    let queue = desk.look("/crm/tickets?status=closed").await;
    assert_eq!(numbers(&queue), [&number]);
    let reopened = json!({"status": "open", "comment": "Not yet."});
    desk.amend(&number, reopened).await.expect(200);

    let ticket = desk.shown(&number).await;
    let members = ["subject", "description", "priority", "category", "status"];
    assert_eq!(
        members.map(|name| &ticket[name]),
        [
            "The mug has a crack",
            "It arrived\nlike this.",
            "high",
            "general",
            "open"
        ]
    );
    assert_eq!(
        texts(&ticket["comments"]),
        ["A photo, please.", "Here.", "Not yet."]
    );
    assert_eq!(ticket["comments"][0]["from"], "staff");
    assert_eq!(ticket["comments"][1]["from"], "customer");
    for status in [
        "open",
        "in-progress",
        "waiting-customer",
        "resolved",
        "closed",
    ] {
        let queue = desk.look(&format!("/crm/tickets?status={status}")).await;
        let expected = if status == "open" {
            vec![&*number]
        } else {
            vec![]
        };
        assert_eq!(numbers(&queue), expected, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_note_never_reaches_a_customer() {
    const NOTE: &str = "zq-internal-note";
    let desk = Desk::start().await;
    let number = desk.ticket().await;
    let noted = json!({"note": NOTE, "reply": "We look into it."});
    desk.serve(&number, noted).await.expect(200);
    let conversation = desk.conversation("Hello?").await;
    let note = json!({"conversationId": conversation, "text": NOTE, "isInternalNote": true});
    let note = desk.act("/crm/chat-message/create", note).await.expect(201);
    assert_eq!(note["isInternalNote"], true);
    desk.answer(&conversation, "Hello!").await;

    // Staff see both.
    let ticket = desk.look(&format!("/crm/tickets/get/{number}")).await;
    assert_eq!(texts(&ticket["notes"]), [NOTE]);
    let inbox = format!("/crm/inbox/messages?conversationId={conversation}");
    assert_eq!(
        texts(&desk.look(&inbox).await["data"]),
        ["Hello!", NOTE, "Hello?"]
    );

    desk.told("message.created", 1).await;
    let items = desk.world.table_at_rest().await;
    let hers = |item: &&Value| {
        item["pk"]["S"]
            .as_str()
            .unwrap()
            .ends_with(&desk.customer.id)
    };
    let (mut noted, mut own) = (0, 0);
    for item in &items {
        if hers(&item) {
            own += 1;
            assert!(!item.to_string().contains(NOTE), "{item}");
        } else if item.to_string().contains(NOTE) {
            noted += 1;
            assert_eq!(item["type"]["S"], "StaffNote", "{item}");
        }
    }
    assert_eq!((noted, own > 5), (2, true));
    let id = text(&note["id"]);
    let mut paths = vec![
        format!("/client-data/tickets/{number}"),
        format!("/client-data/messages?conversationId={conversation}"),
        format!("/client-data/messages?conversationId={conversation}&after={id}"),
        format!("/client-data/messages?conversationId={conversation}&before={id}"),
    ];
    let lists = [
        "tickets",
        "conversations",
        "notifications",
        "dashboard",
        "profile",
        "orders",
    ];
    paths.extend(lists.map(|list| format!("/client-data/{list}")));
    for path in paths {
        let answer = desk.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            !String::from_utf8_lossy(&answer.bytes).contains(NOTE),
            "{path}"
        );
    }
    let path = format!("/client-data/messages/{id}/status/read");
    let marked = desk.put(&path, json!({})).await;
    marked.expect_problem(404, "not_found");
    for mail in desk.world.platform.outbox().newest_first() {
        assert!(!format!("{mail:?}").contains(NOTE));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_changes_nothing_that_is_staffs_and_nothing_out_of_turn() {
    let desk = Desk::start().await;
    let number = desk.ticket().await;
    let before = desk.world.table_at_rest().await;
    for (change, status, code, field) in [
        (json!({"priority": "urgent"}), 403, "staff_only", "priority"),
        (
            json!({"assignee": "usr_1", "comment": "x"}),
            403,
            "staff_only",
            "assignee",
        ),
        (
            json!({"subject": "Other"}),
            422,
            "validation_failed",
            "subject",
        ),
        (json!({}), 422, "validation_failed", "comment"),
        (json!({"comment": ""}), 422, "validation_failed", "comment"),
        (
            json!({"comment": "a\u{0}b"}),
            422,
            "validation_failed",
            "comment",
        ),
        (json!({"status": "resolved"}), 400, "invalid_body", "status"),
    ] {
        let problem = desk
            .amend(&number, change)
            .await
            .expect_problem(status, code);
        assert_eq!(problem["details"][0]["field"], field);
    }
    for body in [
        json!({"subject": "", "description": "x"}),
        json!({"subject": "x", "description": ""}),
        json!({"subject": "x\ny", "description": "x"}),
        json!({"subject": "x".repeat(201), "description": "x"}),
        json!({"subject": "x", "description": "x".repeat(5001)}),
    ] {
        let refused = desk.post("/client-data/tickets", body).await;
        refused.expect_problem(422, "validation_failed");
    }
    for body in [
        json!({"subject": "x"}),
        json!({"subject": "x", "description": "x", "priority": "extreme"}),
        json!({"subject": "x", "description": "x", "category": "gossip"}),
    ] {
        let refused = desk.post("/client-data/tickets", body).await;
        refused.expect_problem(400, "invalid_body");
    }
    let list = desk.get("/client-data/tickets?status=lost").await;
    list.expect_problem(400, "invalid_query");
    assert_unchanged(&before, &desk.world.table_at_rest().await);

    desk.amend(&number, json!({"status": "closed"}))
        .await
        .expect(200);
    let late = desk
        .amend(&number, json!({"comment": "One more thing"}))
        .await;
    late.expect_problem(409, "illegal_transition");
    let refused = desk
        .serve(&number, json!({"status": "waiting-customer"}))
        .await;
    let refused = refused.expect_problem(409, "illegal_transition");
    assert_eq!(
        refused["detail"],
        "a ticket that is closed cannot become waiting-customer; it can become open, in-progress"
    );
    let stranger = desk
        .serve(
            &number,
            json!({"assignee": "usr_06f1k3q8c9s7r2m4v5n6p7t8w8"}),
        )
        .await;
    let stranger = stranger.expect_problem(422, "validation_failed");
    assert_eq!(stranger["details"][0]["field"], "assignee");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_taken_up_again_for_fourteen_days() {
    use portico_shared::domain::desk::Ticket;
    use portico_shared::store::{Update, Write};
    let desk = Desk::start().await;
    for (days, status) in [(13, 200), (15, 409)] {
        let number = desk.ticket().await;
        desk.amend(&number, json!({"status": "closed"}))
            .await
            .expect(200);
        let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
        let key = super::key_of(&desk, &number).await;
        let aged = Update::of::<Ticket>().set("since", &then);
        let store = desk.world.peer().store();
        store.write(Write::update(key, aged)).await.unwrap();
        let reopened = desk.amend(&number, json!({"status": "open"})).await;
        assert_eq!(reopened.status, status, "after {days} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_key_is_done_once_and_a_version_that_is_gone_changes_nothing() {
    let desk = Desk::start().await;
    let new = json!({"subject": "Once", "description": "Only."});
    let open = async |body: &Value| {
        let ask = desk.world.post("/client-data/tickets", body);
        let ask = ask.header("idempotency-key", "key-1");
        ask.token(&desk.customer.token).send().await
    };
    let first = open(&new).await;
    let again = open(&new).await;
    assert_eq!(first.clone().expect(201), again.clone().expect(201));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let other = open(&json!({"subject": "Twice", "description": "Only."})).await;
    other.expect_problem(422, "idempotency_key_reused");
    let number = text(&first.body["number"]);

    let change = with(&number, json!({"comment": "Once.", "status": "closed"}));
    for _ in 0..2 {
        let ask = desk.world.put("/client-data/tickets", &change);
        let ask = ask
            .header("idempotency-key", "key-2")
            .header("if-match", "\"1\"");
        let closed = ask.token(&desk.customer.token).send().await.expect(200);
        assert_eq!(closed["status"], "closed");
    }
    assert_eq!(texts(&desk.shown(&number).await["comments"]), ["Once."]);
    let ask = desk.world.put(
        "/client-data/tickets",
        &with(&number, json!({"status": "open"})),
    );
    let stale = ask.header("if-match", "\"1\"").token(&desk.customer.token);
    stale
        .send()
        .await
        .expect_problem(412, "precondition_failed");
    let page = desk.get("/client-data/tickets").await.expect(200);
    assert_eq!(numbers(&page), [&number]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_every_ticket_once_newest_first_and_filter_by_status() {
    let desk = Desk::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(desk.ticket().await);
    }
    desk.amend(&made[1], json!({"status": "closed"}))
        .await
        .expect(200);
    // Of one second they are in no order that matters.
    let walk = async |query: &str, as_staff: bool| {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("{query}pageSize=2{cursor}");
            let page = if as_staff {
                desk.look(&path).await
            } else {
                desk.get(&path).await.expect(200)
            };
            seen.extend(numbers(&page).into_iter().map(str::to_owned));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break seen,
            }
        }
    };
    let all = walk("/client-data/tickets?", false).await;
    assert!(all.is_sorted_by(|one, other| one > other), "{all:?}");
    let mut sorted = made.clone();
    sorted.sort();
    sorted.reverse();
    assert_eq!(all, sorted);
    let mut open = sorted.clone();
    open.retain(|number| *number != made[1]);
    assert_eq!(walk("/client-data/tickets?status=open&", false).await, open);
    let closed = walk("/client-data/tickets?status=closed&", false).await;
    assert_eq!(closed, [made[1].clone()]);
    let oldest = walk("/crm/tickets?order=asc&", true).await;
    assert_eq!(
        oldest,
        [&made[0], &made[2], &made[3], &made[4]].map(Clone::clone)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_one_ticket_after_the_other_is_held_back_and_others_are_not() {
    let desk = Desk::start().await;
    let other = desk.world.sign_up("acme", "other@acme.example").await;
    let body = json!({"subject": "Again", "description": "Help."});
    let ask = |who: &Account| {
        let ask = desk.world.post("/client-data/tickets", &body);
        ask.token(&who.token).send()
    };
    // The quarter of an hour may be over in between.
    let (mut opened, mut limited) = (0, None);
    while limited.is_none() && opened <= MOST_OPENED * 2 {
        let answer = ask(&desk.customer).await;
        match answer.status {
            201 => opened += 1,
            _ => limited = Some(answer),
        }
    }
    let limited = limited.expect("at some time it is enough");
    let seconds: u32 = limited.headers["retry-after"].parse().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
    limited.expect_problem(429, "rate_limited");
    let kept = desk.get("/client-data/tickets?pageSize=200").await;
    let kept = kept.expect(200)["data"].as_array().unwrap().len();
    assert_eq!(kept, opened as usize);
    ask(&other).await.expect(201);
}
