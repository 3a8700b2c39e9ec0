//! What is said about applications for benefits.

use serde_json::Value;

/// The title and the text of an event, if it has any.
pub(super) fn message(kind: &str, data: &Value) -> Option<(String, String)> {
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = text("programName");
    let reason = match text("reason") {
        "" => String::new(),
        reason => format!(" {reason}"),
    };
    Some(match kind {
        "benefit.enrolled" => (
            format!("{name}: we have your application"),
            "We will look at it and tell you what we decide.".to_owned(),
        ),
        "benefit.approved" => (
            format!("{name} is yours"),
            format!("From now on it is taken off at checkout by itself.{reason}"),
        ),
        "benefit.rejected" => (
            format!("{name}: we could not approve your application"),
            format!("You may apply again.{reason}"),
        ),
        "benefit.revoked" => (
            format!("{name} has ended"),
            format!("It is no longer taken off at checkout.{reason}"),
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_decision_is_told_with_its_reason() {
        let data = json!({"programName": "Student discount", "reason": "The card is not legible."});
        let told = |kind| message(kind, &data).map(|(title, body)| format!("{title}. {body}"));
        assert_eq!(
            told("benefit.rejected").as_deref(),
            Some(
                "Student discount: we could not approve your application. You may apply again. The card is not \
                 legible."
            )
        );
        let (title, body) = message(
            "benefit.approved",
            &json!({"programName": "Student discount"}),
        )
        .unwrap();
        assert_eq!(title, "Student discount is yours");
        assert!(body.ends_with("by itself."), "{body}");
        assert_eq!(told("benefit.expired"), None);
    }
}
