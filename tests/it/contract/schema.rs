//! Whether a piece of JSON is what a schema of the API document says: types, required members, listed
//! values, and no member that the schema does not know.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The API document.
pub(super) struct Document(pub(super) Value);

impl Document {
    /// What a schema stands for: itself, or what it refers to.
    pub(super) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let target = reference
                    .strip_prefix('#')
                    .and_then(|path| self.0.pointer(path));
                self.resolve(target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
            }
            None => schema,
        }
    }

    /// Where `value` differs from `schema`; empty if it does not.
    pub(super) fn faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut faults = self.open_faults(schema, value, at);
        if let (Some(members), Some(known)) = (value.as_object(), self.members(schema)) {
            let unknown = members.keys().filter(|name| !known.contains(name.as_str()));
            faults.extend(unknown.map(|name| format!("{at}.{name} is not in the schema")));
        }
        faults
    }

    /// As [`Document::faults`], but members that the schema does not know are let pass: the other
    /// parts of an `allOf` may know them.
    fn open_faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        for choice in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let fits = |choice: &Value| self.faults(choice, value, at).is_empty();
                if !choices.iter().any(fits) {
                    return vec![format!("{at}: {value} is none of the {choice}")];
                }
            }
        }
        if !has_type(schema, value) {
            return vec![format!("{at}: {value} is not {}", schema["type"])];
        }
        if schema["enum"]
            .as_array()
            .is_some_and(|listed| !listed.contains(value))
        {
            return vec![format!("{at}: {value} is not one of {}", schema["enum"])];
        }
        let all = schema["allOf"].as_array().into_iter().flatten();
        let mut faults: Vec<String> = all
            .flat_map(|part| self.open_faults(part, value, at))
            .collect();
        match value {
            Value::Object(members) => faults.extend(self.member_faults(schema, members, at)),
            Value::Array(items) if schema["items"].is_object() => {
                for (index, item) in items.iter().enumerate() {
                    faults.extend(self.faults(&schema["items"], item, &format!("{at}[{index}]")));
                }
            }
            _ => {}
        }
        faults
    }

    fn member_faults(&self, schema: &Value, members: &Map<String, Value>, at: &str) -> Vec<String> {
        let required = schema["required"].as_array().into_iter().flatten();
        let missing = required
            .filter_map(Value::as_str)
            .filter(|name| !members.contains_key(*name));
        let mut faults: Vec<String> = missing
            .map(|name| format!("{at}.{name} is missing"))
            .collect();
        for (name, member) in members {
            let described = match &schema["properties"][name] {
                Value::Null => &schema["additionalProperties"],
                property => property,
            };
            if described.is_object() {
                faults.extend(self.faults(described, member, &format!("{at}.{name}")));
            }
        }
        faults
    }

    /// The names of all members that an object of the schema may have; none if any will do.
    fn members<'a>(&'a self, schema: &'a Value) -> Option<BTreeSet<&'a str>> {
        let schema = self.resolve(schema);
        if schema["additionalProperties"].is_object() || schema["oneOf"].is_array() {
            return None;
        }
        let own = schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(Map::keys);
        let mut names: BTreeSet<&str> = own.map(String::as_str).collect();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            names.extend(self.members(part)?);
        }
        (!names.is_empty()).then_some(names)
    }
}

/// `type` is a name, a list of names, or not said.
fn has_type(schema: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        other => panic!("{other:?} is no type of JSON"),
    };
    match &schema["type"] {
        Value::Null => true,
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Document;

    #[test]
    fn what_a_schema_does_not_say_is_found() {
        let document = Document(json!({"components": {"schemas": {
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            "Thing": {"allOf": [
                {"$ref": "#/components/schemas/Base"},
                {"type": "object", "required": ["kind"], "properties": {
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "count": {"type": ["integer", "null"]},
                    "inner": {"oneOf": [{"$ref": "#/components/schemas/Base"}, {"type": "null"}]},
                    "list": {"type": "array", "items": {"$ref": "#/components/schemas/Base"}},
                    "map": {"type": "object", "additionalProperties": {"type": "string"}},
                }},
            ]},
        }}}));
        let schema = json!({"$ref": "#/components/schemas/Thing"});
        let faults = |value: serde_json::Value| document.faults(&schema, &value, "").len();
        let good = json!({
            "id": "1", "kind": "a", "count": null, "inner": {"id": "2"}, "list": [{"id": "3"}], "map": {"x": "y"},
        });
        assert_eq!(faults(good.clone()), 0);
        for (member, wrong) in [
            ("id", json!(1)),
            ("kind", json!("c")),
            ("count", json!(1.5)),
            ("inner", json!({})),
            ("list", json!([{"id": "3", "more": 1}])),
            ("list", json!({})),
            ("map", json!({"x": 1})),
            ("unheard-of", json!(1)),
        ] {
            let mut bad = good.clone();
            bad[member] = wrong;
            assert_eq!(faults(bad.clone()), 1, "{bad}");
        }
        assert_eq!(faults(json!({"id": "1"})), 1);
    }
}
