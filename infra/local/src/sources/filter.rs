//! `FilterCriteria`, as far as the template uses it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One pattern: every part that is there must match.
///
/// Understood are lists of exact values for `eventName` and for string attributes of the new or the
/// old image. The rest of Lambda's language is refused, so that nothing is filtered here otherwise
/// than in production.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    #[serde(rename = "eventName")]
    event_names: Option<Vec<String>>,
    dynamodb: Option<Images>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Images {
    #[serde(rename = "NewImage", default)]
    new_image: BTreeMap<String, StringValues>,
    #[serde(rename = "OldImage", default)]
    old_image: BTreeMap<String, StringValues>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct StringValues {
    #[serde(rename = "S")]
    any_of: Vec<String>,
}

impl Filter {
    /// Reads a `Pattern`.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        serde_json::from_str(pattern).map_err(|error| {
            format!("the local platform filters by lists of eventName and dynamodb.{{New,Old}}Image.<attribute>.S only: {error}")
        })
    }

    /// Whether a stream record, in Lambda's JSON, passes.
    pub(crate) fn matches(&self, record: &Value) -> bool {
        let name = record["eventName"].as_str().unwrap_or_default();
        let image = |name: &str, wanted: &BTreeMap<String, StringValues>| {
            wanted.iter().all(|(attribute, values)| {
                record["dynamodb"][name][attribute]["S"]
                    .as_str()
                    .is_some_and(|value| values.any_of.iter().any(|any| any == value))
            })
        };
        self.event_names
            .as_ref()
            .is_none_or(|names| names.iter().any(|any| any == name))
            && self.dynamodb.as_ref().is_none_or(|images| {
                image("NewImage", &images.new_image) && image("OldImage", &images.old_image)
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(event: &str, kind: &Value) -> Value {
        json!({ "eventName": event, "dynamodb": { "NewImage": { "type": kind } } })
    }

    #[test]
    fn every_part_of_a_pattern_must_match() {
        let pattern = r#"{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"type":{"S":["Order","Customer"]}}}}"#;
        let filter = Filter::parse(pattern).unwrap();
        assert!(filter.matches(&record("INSERT", &json!({ "S": "Order" }))));
        assert!(filter.matches(&record("MODIFY", &json!({ "S": "Customer" }))));
        assert!(!filter.matches(&record("REMOVE", &json!({ "S": "Order" }))));
        assert!(!filter.matches(&record("INSERT", &json!({ "S": "Order2" }))));
        assert!(!filter.matches(&record("INSERT", &json!({ "N": "1" }))));
        assert!(!filter.matches(&json!({ "eventName": "INSERT", "dynamodb": { "OldImage": {} } })));
    }

    #[test]
    fn what_was_removed_is_known_by_its_old_image() {
        let pattern =
            r#"{"eventName":["REMOVE"],"dynamodb":{"OldImage":{"type":{"S":["Notification"]}}}}"#;
        let filter = Filter::parse(pattern).unwrap();
        let removed = |kind| json!({ "eventName": "REMOVE", "dynamodb": { "OldImage": { "type": { "S": kind } } } });
        assert!(filter.matches(&removed("Notification")));
        assert!(!filter.matches(&removed("Order")));
        assert!(!filter.matches(&record("REMOVE", &json!({ "S": "Notification" }))));
    }

    #[test]
    fn a_part_that_is_not_there_matches_everything() {
        assert!(
            Filter::parse("{}")
                .unwrap()
                .matches(&record("REMOVE", &json!({ "S": "x" })))
        );
        let by_name = Filter::parse(r#"{"eventName":["REMOVE"]}"#).unwrap();
        assert!(by_name.matches(&json!({ "eventName": "REMOVE", "dynamodb": {} })));
    }

    #[test]
    fn the_rest_of_the_language_is_refused() {
        for pattern in [
            r#"{"eventName":[{"prefix":"INS"}]}"#,
            r#"{"eventName":"INSERT"}"#,
            r#"{"eventSource":["aws:dynamodb"]}"#,
            r#"{"dynamodb":{"Keys":{"sk":{"S":["PROFILE"]}}}}"#,
            r#"{"dynamodb":{"NewImage":{"v":{"N":["1"]}}}}"#,
            r#"{"dynamodb":{"NewImage":{"type":{"S":[{"exists":true}]}}}}"#,
            "not json",
        ] {
            assert!(Filter::parse(pattern).is_err(), "{pattern}");
        }
    }
}
