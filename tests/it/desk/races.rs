//! Several at the same moment.

use serde_json::json;

use super::tickets::numbers;
use super::{Desk, text, texts};

#[tokio::test(flavor = "multi_thread")]
async fn replies_and_a_customers_end_at_the_same_moment_are_all_kept() {
    let desk = Desk::start().await;
    let number = desk.ticket().await;
    let (one, other, end) = tokio::join!(
        desk.serve(&number, json!({"reply": "One."})),
        desk.serve(&number, json!({"reply": "Other.", "status": "in-progress"})),
        desk.amend(
            &number,
            json!({"comment": "Never mind.", "status": "closed"})
        ),
    );
    // Who comes after the end is told so; nobody's words are lost or doubled.
    let mut expected: Vec<&str> = Vec::new();
    for (answer, words) in [(&one, "One."), (&other, "Other."), (&end, "Never mind.")] {
        match answer.status {
            200 => expected.push(words),
            _ => assert_eq!(answer.body["code"], "illegal_transition", "{answer:?}"),
        }
    }
    let ticket = desk.shown(&number).await;
    let mut comments = texts(&ticket["comments"]);
    comments.sort_unstable();
    expected.sort_unstable();
    assert_eq!(comments, expected);
    assert_eq!(end.status, 200);
    let status = text(&ticket["status"]);
    for queue in ["open", "in-progress", "closed"] {
        let page = desk.look(&format!("/crm/tickets?status={queue}")).await;
        assert_eq!(
            numbers(&page).len(),
            usize::from(queue == status),
            "{queue} {status}"
        );
    }
}
