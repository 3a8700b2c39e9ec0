//! What calls functions besides the HTTP API: the table's stream and the queues.

mod filter;
mod queue;
mod stream;

use serde_json::Value;

pub(crate) use self::filter::Filter;
pub(crate) use self::queue::QueueSource;
pub(crate) use self::stream::{StreamProgress, StreamSource};

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Everything is done.
    Done,
    /// These records are to be tried again, by their place in the batch, the lowest first.
    Some(Vec<usize>),
    /// Nothing is known to be done.
    All,
}

/// Reads `batchItemFailures` by Lambda's rules: nothing or an empty list is success, and a list
/// with an identifier that is not in the batch fails the batch.
fn outcome(reply: &Value, identifiers: &[&str]) -> Outcome {
    let failures = match reply.get("batchItemFailures") {
        None | Some(Value::Null) => return Outcome::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return Outcome::All,
    };
    let place = |failure: &Value| {
        let identifier = failure["itemIdentifier"].as_str()?;
        identifiers.iter().position(|known| *known == identifier)
    };
    match failures.iter().map(place).collect::<Option<Vec<usize>>>() {
        Some(places) if places.is_empty() => Outcome::Done,
        Some(mut places) => {
            places.sort_unstable();
            Outcome::Some(places)
        }
        None => Outcome::All,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn failures_are_read_by_lambdas_rules() {
        let read = |reply: Value| outcome(&reply, &["a", "b", "c"]);
        for done in [
            json!(null),
            json!({}),
            json!({ "batchItemFailures": null }),
            json!({ "batchItemFailures": [] }),
        ] {
            assert_eq!(read(done.clone()), Outcome::Done, "{done}");
        }
        let some =
            json!({ "batchItemFailures": [{ "itemIdentifier": "c" }, { "itemIdentifier": "b" }] });
        assert_eq!(read(some), Outcome::Some(vec![1, 2]));
        for all in [
            json!({ "batchItemFailures": "b" }),
            json!({ "batchItemFailures": [{ "itemIdentifier": "" }] }),
            json!({ "batchItemFailures": [{ "itemIdentifier": "b" }, { "itemIdentifier": "z" }] }),
            json!({ "batchItemFailures": [{}] }),
        ] {
            assert_eq!(read(all.clone()), Outcome::All, "{all}");
        }
    }
}
