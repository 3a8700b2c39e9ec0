//! What tickets and conversations say.

use serde_json::Value;

/// Title and text of a desk's event, if it is one.
pub(super) fn words(event: &str, data: &Value) -> Option<(String, String)> {
    let text = |name: &str| data[name].as_str().unwrap_or_default();
    let number = text("ticketNumber");
    Some(match event {
        // Not the customer's own words: an address that nobody verified is not mailed what a stranger wrote.
        "ticket.created" => (
            format!("We have your ticket {number}"),
            "We will look into it.".to_owned(),
        ),
        "ticket.updated" => (
            format!("Ticket {number} is {}", status(text("status"))),
            format!("It is about “{}”.", text("subject")),
        ),
        "ticket.replied" => (
            format!("An answer to your ticket {number}"),
            text("excerpt").to_owned(),
        ),
        "message.created" => ("A message for you".to_owned(), text("excerpt").to_owned()),
        _ => return None,
    })
}

/// A status as people say it.
fn status(status: &str) -> &str {
    match status {
        "open" => "open again",
        "in-progress" => "being worked on",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_event_of_the_desk_says_what_it_is_about() {
        let data = json!({
            "ticketNumber": "TKT-1", "subject": "A crack", "status": "resolved", "excerpt": "Look here.",
        });
        let said = |event| words(event, &data).map(|(title, body)| format!("{title}|{body}"));
        let expected = [
            (
                "ticket.created",
                "We have your ticket TKT-1|We will look into it.",
            ),
            (
                "ticket.updated",
                "Ticket TKT-1 is resolved|It is about “A crack”.",
            ),
            (
                "ticket.replied",
                "An answer to your ticket TKT-1|Look here.",
            ),
            ("message.created", "A message for you|Look here."),
        ];
        for (event, words) in expected {
            assert_eq!(said(event).as_deref(), Some(words));
        }
        assert_eq!(said("ticket.deleted"), None);
    }
}
