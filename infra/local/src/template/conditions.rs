//! What a deployment that leaves every parameter at its default is made of: that is what is served here.

use serde_json::{Map, Value as Json};

/// Takes out the resources that such a deployment does not have, and `Fn::If` of the rest.
pub(super) fn decided(mut document: Json) -> Result<Json, String> {
    let Some(Json::Object(resources)) = document.get_mut("Resources").map(Json::take) else {
        return Ok(document);
    };
    let globals = document.get_mut("Globals").map(Json::take);
    let conditions = Conditions(&document);
    let globals = globals
        .map_or(Ok(None), |globals| conditions.chosen(globals))
        .map_err(|reason| format!("Globals: {reason}"))?;
    let mut kept = Map::new();
    for (id, resource) in resources {
        let condition = resource.get("Condition").and_then(Json::as_str);
        let is_made = condition.map_or(Ok(true), |name| conditions.holds(name, &[]));
        if is_made.map_err(|reason| format!("{id}: {reason}"))? {
            let resource = conditions
                .chosen(resource)
                .map_err(|reason| format!("{id}: {reason}"))?;
            kept.extend(resource.map(|resource| (id, resource)));
        }
    }
    if let Some(globals) = globals {
        document["Globals"] = globals;
    }
    document["Resources"] = Json::Object(kept);
    Ok(document)
}

/// The document, for its parameters and conditions.
struct Conditions<'a>(&'a Json);

impl Conditions<'_> {
    /// `within`: the conditions that are being decided.
    fn holds(&self, name: &str, within: &[&str]) -> Result<bool, String> {
        if within.contains(&name) {
            return Err(format!("the condition {name} depends on itself"));
        }
        let written = self.0.get("Conditions").and_then(|all| all.get(name));
        let written = written.ok_or_else(|| format!("there is no condition {name}"))?;
        self.is_true(written, &[within, &[name]].concat())
    }

    fn is_true(&self, written: &Json, within: &[&str]) -> Result<bool, String> {
        let unknown = || format!("the local platform cannot decide {written}");
        let (function, arguments) = written
            .as_object()
            .and_then(|object| object.iter().next())
            .ok_or_else(unknown)?;
        let each = || arguments.as_array().ok_or_else(unknown);
        match (function.as_str(), arguments) {
            ("Condition", Json::String(name)) => self.holds(name, within),
            ("Fn::Not", Json::Array(one)) if one.len() == 1 => Ok(!self.is_true(&one[0], within)?),
            ("Fn::And", _) => each()?
                .iter()
                .try_fold(true, |all, one| Ok(all & self.is_true(one, within)?)),
            ("Fn::Or", _) => each()?
                .iter()
                .try_fold(false, |any, one| Ok(any | self.is_true(one, within)?)),
            ("Fn::Equals", Json::Array(two)) if two.len() == 2 => {
                Ok(self.text(&two[0])? == self.text(&two[1])?)
            }
            _ => Err(unknown()),
        }
    }

    /// A literal, or a parameter's default.
    fn text(&self, operand: &Json) -> Result<String, String> {
        let parameter = operand.get("Ref").and_then(Json::as_str);
        let value = match parameter {
            Some(name) => self.0.pointer(&format!("/Parameters/{name}/Default")),
            None => Some(operand),
        };
        match value {
            Some(Json::String(text)) => Ok(text.clone()),
            Some(value @ (Json::Number(_) | Json::Bool(_))) => Ok(value.to_string()),
            _ => Err(format!("the local platform cannot decide {operand}")),
        }
    }

    /// A value with the chosen branch of each `Fn::If`; `None` for `AWS::NoValue`.
    fn chosen(&self, value: Json) -> Result<Option<Json>, String> {
        Ok(match value {
            Json::Object(object) => {
                if object.get("Ref").is_some_and(|name| name == "AWS::NoValue") {
                    return Ok(None);
                }
                if let Some(branches) = object.get("Fn::If") {
                    let (Some(name), Some(yes), Some(no)) = (
                        branches.get(0).and_then(Json::as_str),
                        branches.get(1),
                        branches.get(2),
                    ) else {
                        return Err(format!(
                            "Fn::If takes a condition and two values: {branches}"
                        ));
                    };
                    let branch = if self.holds(name, &[])? { yes } else { no };
                    return self.chosen(branch.clone());
                }
                let mut kept = Map::new();
                for (name, value) in object {
                    kept.extend(self.chosen(value)?.map(|value| (name, value)));
                }
                Some(Json::Object(kept))
            }
            Json::Array(values) => {
                let values = values.into_iter().map(|value| self.chosen(value));
                let values = values.filter_map(Result::transpose);
                Some(Json::Array(values.collect::<Result<_, _>>()?))
            }
            plain => Some(plain),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// With one resource that has what is given, and conditions that are true, false and broken.
    fn document(resource: &Json) -> Json {
        json!({
            "Parameters": {
                "Acl": { "Default": "" }, "Access": { "Default": "refused" }, "Days": { "Default": 30 }, "Bare": {},
            },
            "Conditions": {
                "Refused": { "Fn::Equals": [{ "Ref": "Access" }, "refused"] },
                "Month": { "Fn::Equals": ["30", { "Ref": "Days" }] },
                "HasAcl": { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "Acl" }, ""] }] },
                "Both": { "Fn::And": [{ "Condition": "Refused" }, { "Condition": "HasAcl" }] },
                "Either": { "Fn::Or": [{ "Condition": "HasAcl" }, { "Condition": "Month" }] },
                "Unset": { "Fn::Equals": [{ "Ref": "Bare" }, ""] },
                "Foreign": { "Fn::Equals": [{ "Ref": "AWS::Region" }, "us-east-1"] },
                "Circle": { "Fn::Not": [{ "Condition": "Circle" }] },
            },
            "Globals": { "Timeout": { "Fn::If": ["HasAcl", 3, 10] } },
            "Resources": { "One": resource },
        })
    }

    fn resources(resource: &Json) -> Result<Json, String> {
        let mut document = decided(document(resource))?;
        assert_eq!(document["Globals"], json!({ "Timeout": 10 }));
        Ok(document["Resources"].take())
    }

    #[test]
    fn a_resource_whose_condition_does_not_hold_by_default_is_not_there() {
        for (condition, is_there) in [
            ("Refused", true),
            ("Month", true),
            ("HasAcl", false),
            ("Both", false),
            ("Either", true),
        ] {
            let resources = resources(&json!({ "Condition": condition })).unwrap();
            assert_eq!(resources.get("One").is_some(), is_there, "{condition}");
        }
    }

    #[test]
    fn of_an_if_the_chosen_value_is_left() {
        let either = |yes, no| json!({ "Fn::If": ["HasAcl", yes, no] });
        let no_value = json!({ "Ref": "AWS::NoValue" });
        let resource = json!({
            "Properties": {
                "Chosen": either(json!(1), json!({ "Fn::If": ["Refused", [2], 3] })),
                "Gone": either(json!(1), no_value.clone()),
                "List": [1, either(json!(2), no_value), { "Ref": "Table" }],
            },
        });
        assert_eq!(
            resources(&resource).unwrap(),
            json!({ "One": { "Properties": { "Chosen": [2], "List": [1, { "Ref": "Table" }] } } })
        );
    }

    #[test]
    fn what_cannot_be_decided_is_named_with_its_resource() {
        for (condition, reason) in [
            ("Missing", "One: there is no condition Missing"),
            (
                "Unset",
                "One: the local platform cannot decide {\"Ref\":\"Bare\"}",
            ),
            (
                "Foreign",
                "One: the local platform cannot decide {\"Ref\":\"AWS::Region\"}",
            ),
            ("Circle", "One: the condition Circle depends on itself"),
        ] {
            let refused = resources(&json!({ "Condition": condition })).unwrap_err();
            assert_eq!(refused, reason);
            let refused = resources(&json!({ "A": { "Fn::If": [condition, 1, 2] } })).unwrap_err();
            assert_eq!(refused, reason);
        }
    }
}
