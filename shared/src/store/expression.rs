//! Conditions, and the expression strings that `DynamoDB` wants of them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::StoreError;
use super::value::{Attributes, to_value};

/// What must hold of an item for a write to happen. Attribute names are the stored ones.
#[derive(Debug, Clone)]
pub enum Condition {
    /// There is no such item.
    Absent,
    /// There is such an item.
    Present,
    /// The item has no such attribute (or there is no item).
    Lacks(&'static str),
    /// The attribute compares with the value: `=`, `<>`, `<`, `<=`, `>`, `>=`.
    Compare(&'static str, &'static str, Value),
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one of them holds.
    Any(Vec<Condition>),
}

/// A value on its way into an expression; opaque above the store.
#[derive(Debug, Clone)]
pub struct Value(pub(super) Result<AttributeValue, String>);

pub(super) fn boxed(value: &impl Serialize) -> Value {
    Value(to_value(value).map_err(|error| error.to_string()))
}

impl Condition {
    /// The attribute equals the value.
    pub fn eq(attribute: &'static str, value: &impl Serialize) -> Self {
        Self::Compare(attribute, "=", boxed(value))
    }

    /// The attribute is at least the value.
    pub fn at_least(attribute: &'static str, value: &impl Serialize) -> Self {
        Self::Compare(attribute, ">=", boxed(value))
    }

    /// The attribute is below the value.
    pub fn below(attribute: &'static str, value: &impl Serialize) -> Self {
        Self::Compare(attribute, "<", boxed(value))
    }
}

/// Names and values of one request's expressions, with placeholders for each.
#[derive(Default)]
pub(super) struct Expression {
    names: HashMap<String, String>,
    values: Attributes,
}

impl Expression {
    pub(super) fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#{attribute}");
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    pub(super) fn boxed(&mut self, value: &Value) -> Result<String, StoreError> {
        let value = value.0.clone().map_err(StoreError::Corrupt)?;
        Ok(self.value(value))
    }

    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    pub(super) fn values(&self) -> Option<Attributes> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    pub(super) fn optional(
        &mut self,
        condition: Option<&Condition>,
    ) -> Result<Option<String>, StoreError> {
        condition
            .map(|condition| self.condition(condition))
            .transpose()
    }

    fn condition(&mut self, condition: &Condition) -> Result<String, StoreError> {
        Ok(match condition {
            Condition::Absent => format!("attribute_not_exists({})", self.name("pk")),
            Condition::Present => format!("attribute_exists({})", self.name("pk")),
            Condition::Lacks(attribute) => {
                format!("attribute_not_exists({})", self.name(attribute))
            }
            Condition::Compare(attribute, operator, value) => {
                format!("{} {operator} {}", self.name(attribute), self.boxed(value)?)
            }
            Condition::All(all) => self.joined(all, " AND ")?,
            Condition::Any(any) => self.joined(any, " OR ")?,
        })
    }

    fn joined(&mut self, conditions: &[Condition], with: &str) -> Result<String, StoreError> {
        // DynamoDB refuses redundant parentheses.
        if let [condition] = conditions {
            return self.condition(condition);
        }
        let parts: Result<Vec<_>, _> = conditions.iter().map(|c| self.condition(c)).collect();
        Ok(format!("({})", parts?.join(with)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(condition: &Condition) -> String {
        Expression::default().condition(condition).unwrap()
    }

    #[test]
    fn conditions_become_expressions_without_redundant_parentheses() {
        let one = || Condition::eq("v", &1);
        assert_eq!(rendered(&one()), "#v = :0");
        assert_eq!(rendered(&Condition::All(vec![one()])), "#v = :0");
        assert_eq!(
            rendered(&Condition::All(vec![Condition::Any(vec![
                one(),
                Condition::Absent
            ])])),
            "(#v = :0 OR attribute_not_exists(#pk))"
        );
        let nested = Condition::All(vec![
            one(),
            Condition::Any(vec![Condition::Lacks("ttl"), one()]),
        ]);
        assert_eq!(
            rendered(&nested),
            "(#v = :0 AND (attribute_not_exists(#ttl) OR #v = :1))"
        );
    }

    #[test]
    fn values_never_become_part_of_the_text() {
        let mut expression = Expression::default();
        let text = expression
            .condition(&Condition::eq("name", &"' OR 1 = 1"))
            .unwrap();
        assert_eq!(text, "#name = :0");
        assert_eq!(
            expression.values().unwrap()[":0"],
            AttributeValue::S("' OR 1 = 1".to_owned())
        );
        assert_eq!(expression.names().unwrap()["#name"], "name");
    }
}
