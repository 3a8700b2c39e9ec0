//! `CloudFormation`'s YAML as plain JSON.

use serde_json::{Map, Value as Json, json};
use serde_yaml_ng::Value as Yaml;

/// Writes the short forms (`!Ref X`, `!GetAtt X.Y`, `!Sub …`) out as the long ones, as
/// `CloudFormation` itself does before it looks at a template.
pub(super) fn to_json(value: Yaml) -> Result<Json, String> {
    Ok(match value {
        Yaml::Null => Json::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Number(value) => serde_json::to_value(&value).map_err(|error| error.to_string())?,
        Yaml::String(value) => Json::String(value),
        Yaml::Sequence(values) => {
            Json::Array(values.into_iter().map(to_json).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = match key {
                    Yaml::String(key) => key,
                    Yaml::Number(key) => key.to_string(),
                    Yaml::Bool(key) => key.to_string(),
                    other => return Err(format!("a key must be a string, not {other:?}")),
                };
                object.insert(key, to_json(value)?);
            }
            Json::Object(object)
        }
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!');
            let value = to_json(tagged.value)?;
            match (name, &value) {
                ("Ref" | "Condition", _) => json!({ name: value }),
                ("GetAtt", Json::String(path)) => {
                    let (id, attribute) = path
                        .split_once('.')
                        .ok_or_else(|| format!("!GetAtt {path} names no attribute"))?;
                    json!({ "Fn::GetAtt": [id, attribute] })
                }
                _ => json!({ format!("Fn::{name}"): value }),
            }
        }
    })
}

/// The logical id that a `Ref` or `GetAtt` points to.
pub(super) fn logical_id(value: &Json) -> Option<&str> {
    value
        .get("Ref")
        .or_else(|| value.get("Fn::GetAtt")?.get(0))?
        .as_str()
}

/// The name of a resource here: as written if it is plain text, else made from its logical id, as
/// `CloudFormation` would (`JobsQueue` → `portico-jobs-queue`).
pub(super) fn physical_name(written: Option<&Json>, logical_id: &str) -> String {
    if let Some(name) = written.and_then(Json::as_str) {
        return name.to_owned();
    }
    let mut name = "portico".to_owned();
    for letter in logical_id.chars() {
        if letter.is_ascii_uppercase() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(yaml: &str) -> Result<Json, String> {
        to_json(serde_yaml_ng::from_str(yaml).unwrap())
    }

    #[test]
    fn short_forms_become_long_forms() {
        assert_eq!(json_of("!Ref Table").unwrap(), json!({ "Ref": "Table" }));
        assert_eq!(
            json_of("!GetAtt Table.StreamArn").unwrap(),
            json!({ "Fn::GetAtt": ["Table", "StreamArn"] })
        );
        assert_eq!(
            json_of("[!Sub 'a-${B}', {Ref: C}]").unwrap(),
            json!([{ "Fn::Sub": "a-${B}" }, { "Ref": "C" }])
        );
        assert_eq!(
            json_of("!Not [!Equals [!Ref A, '']]").unwrap(),
            json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "A" }, ""] }] })
        );
        assert!(
            json_of("!GetAtt Table")
                .unwrap_err()
                .contains("names no attribute")
        );
    }

    #[test]
    fn a_resource_without_a_plain_name_is_named_after_its_logical_id() {
        assert_eq!(physical_name(None, "JobsQueue"), "portico-jobs-queue");
        assert_eq!(
            physical_name(Some(&json!({ "Fn::Sub": "${A}-jobs" })), "Table"),
            "portico-table"
        );
        assert_eq!(physical_name(Some(&json!("mine")), "Table"), "mine");
    }
}
