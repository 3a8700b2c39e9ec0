//! IAM's policy language, as far as the template uses it. Anything else is an error, never a guess.

use std::collections::BTreeMap;

use serde_json::Value;

/// What is asked of IAM: may this be done to that, under these circumstances?
#[derive(Debug, Clone)]
pub struct Call {
    /// `dynamodb:GetItem`
    pub action: String,
    /// The ARN of what it is done to.
    pub resource: String,
    /// Condition keys and their values.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Call {
    /// The partition keys that the call names; none if it names no items.
    pub fn leading_keys(&self) -> &[String] {
        self.context
            .get("dynamodb:LeadingKeys")
            .map_or(&[], Vec::as_slice)
    }
}

/// A policy document.
#[derive(Debug, Clone)]
pub struct Policy(Vec<Statement>);

#[derive(Debug, Clone)]
struct Statement {
    allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    StringEquals,
    StringLike,
    ForAllValuesStringLike,
    Null,
}

/// What a policy says to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes, by this grant, as [`Policy::grants`] has it.
    Allowed(String),
    /// It has nothing to say, which is no.
    Silent,
    /// No, whatever others say.
    Denied,
}

impl Policy {
    /// Reads a document without intrinsic functions.
    ///
    /// # Errors
    ///
    /// What is not understood.
    pub fn parse(document: &Value) -> Result<Self, String> {
        members(document, &["Version", "Statement"])?;
        if document["Version"] != "2012-10-17" {
            return Err(format!("the version {}", document["Version"]));
        }
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.iter().map(Statement::parse).collect(),
            one => Statement::parse(one).map(|statement| vec![statement]),
        };
        statements.map(Self)
    }

    /// What the document says to a call.
    pub fn decide(&self, call: &Call) -> Decision {
        let mut decision = Decision::Silent;
        for statement in &self.0 {
            match statement.applies(call) {
                Some(_) if !statement.allow => return Decision::Denied,
                Some(grant) if decision == Decision::Silent => decision = Decision::Allowed(grant),
                _ => {}
            }
        }
        decision
    }

    /// Every action pattern that is allowed, with every resource pattern it is allowed on.
    pub fn grants(&self) -> impl Iterator<Item = String> {
        self.0
            .iter()
            .filter(|statement| statement.allow)
            .flat_map(|statement| {
                let resources = move || statement.resources.iter();
                let actions = statement.actions.iter();
                actions.flat_map(move |action| {
                    resources().map(move |resource| statement.grant(action, resource))
                })
            })
    }
}

impl Statement {
    fn parse(statement: &Value) -> Result<Self, String> {
        members(
            statement,
            &["Sid", "Effect", "Action", "Resource", "Condition"],
        )?;
        let allow = match statement["Effect"].as_str() {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(format!("the effect {}", statement["Effect"])),
        };
        let mut conditions = Vec::new();
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            let operator = match operator.as_str() {
                "StringEquals" => Operator::StringEquals,
                "StringLike" => Operator::StringLike,
                "ForAllValues:StringLike" => Operator::ForAllValuesStringLike,
                "Null" => Operator::Null,
                other => return Err(format!("the condition operator {other}")),
            };
            for (key, values) in keys.as_object().ok_or("a condition without keys")? {
                conditions.push(Condition {
                    operator,
                    key: key.clone(),
                    values: texts(values)?,
                });
            }
        }
        Ok(Self {
            allow,
            actions: texts(&statement["Action"])?,
            resources: texts(&statement["Resource"])?,
            conditions,
        })
    }

    /// `dynamodb:GetItem table/portico-table`: the resource without what is the same for all, partition,
    /// region and account.
    fn grant(&self, action: &str, resource: &str) -> String {
        let resource = resource.splitn(6, ':').last().unwrap_or(resource);
        let conditional = if self.conditions.is_empty() {
            ""
        } else {
            " under a condition"
        };
        format!("{action} {resource}{conditional}")
    }

    /// What the statement has to say about a call, if anything.
    fn applies(&self, call: &Call) -> Option<String> {
        // Actions are matched without regard to case, everything else with it.
        let asked = call.action.to_ascii_lowercase();
        let action = self
            .actions
            .iter()
            .find(|action| like(&action.to_ascii_lowercase(), &asked))?;
        let resource = self
            .resources
            .iter()
            .find(|resource| like(resource, &call.resource))?;
        self.conditions
            .iter()
            .all(|condition| condition.holds(call))
            .then(|| self.grant(action, resource))
    }
}

impl Condition {
    fn holds(&self, call: &Call) -> bool {
        let found = call.context.get(&self.key);
        match self.operator {
            Operator::StringEquals => {
                found.is_some_and(|found| found.iter().any(|value| self.values.contains(value)))
            }
            Operator::StringLike => found
                .into_iter()
                .flatten()
                .any(|value| self.values.iter().any(|pattern| like(pattern, value))),
            // True as well where there are no values at all: that is how AWS defines it.
            Operator::ForAllValuesStringLike => found
                .into_iter()
                .flatten()
                .all(|value| self.values.iter().any(|pattern| like(pattern, value))),
            Operator::Null => {
                let absent = found.is_none().to_string();
                self.values.contains(&absent)
            }
        }
    }
}

/// Whether a text is as a pattern says: `*` is any run of characters, `?` any one.
fn like(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            let rest = &pattern[1..];
            text.char_indices().any(|(at, _)| like(rest, &text[at..])) || like(rest, "")
        }
        (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
            like(&pattern[wanted.len_utf8()..], &text[found.len_utf8()..])
        }
        _ => false,
    }
}

/// Refuses members that this evaluator does not know: leaving one out would change what is meant.
fn members(value: &Value, known: &[&str]) -> Result<(), String> {
    let object = value.as_object().ok_or_else(|| format!("{value}"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(format!("the policy member {unknown}")),
        None => Ok(()),
    }
}

/// One text or a list of them; never an empty one, which would allow nothing.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    let texts: Option<Vec<_>> = match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(values) => values
            .iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    };
    texts
        .filter(|texts| !texts.is_empty())
        .ok_or_else(|| format!("{value} where texts should be"))
}
