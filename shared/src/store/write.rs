//! Writes and their conditions, without expression strings in the callers.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update as UpdateItem,
};
use serde::Serialize;

use super::expression::{Condition, Expression, Value, boxed};
use super::value::{Attributes, key_attributes, to_attributes};
use super::{Entity, Key, StoreError};

/// A change of some attributes of an item, which is made if there is none. Every update counts the
/// item's version up by one.
#[derive(Debug, Clone)]
pub struct Update {
    kind: &'static str,
    set: Vec<(Cow<'static, str>, Set)>,
    remove: Vec<&'static str>,
}

#[derive(Debug, Clone)]
enum Set {
    To(Value),
    ToIfAbsent(Value),
    Plus(i64),
    DifferenceTo(i64, &'static str),
}

impl Update {
    /// An update of an item of type `T`.
    pub fn of<T: Entity>() -> Self {
        Self {
            kind: T::TYPE,
            set: Vec::new(),
            remove: Vec::new(),
        }
    }

    /// Sets the attribute.
    #[must_use]
    pub fn set(mut self, attribute: &'static str, value: &impl Serialize) -> Self {
        self.set.push((attribute.into(), Set::To(boxed(value))));
        self
    }

    /// An update that sets every member of `entity`. Members that are `None` become null.
    pub fn to<T: Entity>(entity: &T) -> Result<Self, StoreError> {
        let members: Attributes = serde_dynamo::to_item(entity).map_err(|error| {
            StoreError::Corrupt(format!("a {} that cannot be written: {error}", T::TYPE))
        })?;
        let mut update = Self::of::<T>();
        for (name, value) in members {
            update
                .set
                .push((Cow::Owned(name), Set::To(Value(Ok(value)))));
        }
        Ok(update)
    }

    /// Sets the attribute unless it is there already.
    #[must_use]
    pub fn set_if_absent(mut self, attribute: &'static str, value: &impl Serialize) -> Self {
        self.set
            .push((attribute.into(), Set::ToIfAbsent(boxed(value))));
        self
    }

    /// Adds to a number, which counts as 0 while it is absent.
    #[must_use]
    pub fn add(mut self, attribute: &'static str, amount: i64) -> Self {
        self.set.push((attribute.into(), Set::Plus(amount)));
        self
    }

    /// Sets the attribute to `total` less another attribute, which counts as 0 while it is absent.
    #[must_use]
    pub fn set_difference(
        mut self,
        attribute: &'static str,
        total: i64,
        less: &'static str,
    ) -> Self {
        self.set
            .push((attribute.into(), Set::DifferenceTo(total, less)));
        self
    }

    /// Removes the attribute.
    #[must_use]
    pub fn remove(mut self, attribute: &'static str) -> Self {
        self.remove.push(attribute);
        self
    }

    /// Sets the attribute, or removes it when there is no value.
    #[must_use]
    pub fn set_or_remove<T: Serialize>(self, attribute: &'static str, value: Option<&T>) -> Self {
        match value {
            Some(value) => self.set(attribute, value),
            None => self.remove(attribute),
        }
    }

    /// Whether an item has everything that this update sets, if it sets anything, and nothing that it
    /// removes.
    fn shows_in(&self, item: &Attributes) -> bool {
        let mut set = self.set.iter().filter_map(|(attribute, to)| match to {
            Set::To(value) => Some(value.0.as_ref().ok() == item.get(attribute.as_ref())),
            Set::ToIfAbsent(_) | Set::Plus(_) | Set::DifferenceTo(..) => None,
        });
        set.next()
            .is_some_and(|first| first && set.all(|there| there))
            && !self.remove.iter().any(|name| item.contains_key(*name))
    }

    pub(super) fn render(&self, expression: &mut Expression) -> Result<String, StoreError> {
        let mut set = Vec::new();
        let (kind, type_name) = (
            AttributeValue::S(self.kind.to_owned()),
            expression.name("type"),
        );
        set.push(format!("{type_name} = {}", expression.value(kind)));
        for (attribute, to) in &self.set {
            let name = expression.name(attribute);
            set.push(match to {
                Set::To(value) => format!("{name} = {}", expression.boxed(value)?),
                Set::ToIfAbsent(value) => {
                    format!(
                        "{name} = if_not_exists({name}, {})",
                        expression.boxed(value)?
                    )
                }
                Set::Plus(amount) => {
                    let zero = expression.value(AttributeValue::N("0".to_owned()));
                    let amount = expression.value(AttributeValue::N(amount.to_string()));
                    format!("{name} = if_not_exists({name}, {zero}) + {amount}")
                }
                Set::DifferenceTo(total, less) => {
                    let less = expression.name(less);
                    let zero = expression.value(AttributeValue::N("0".to_owned()));
                    let total = expression.value(AttributeValue::N(total.to_string()));
                    format!("{name} = {total} - if_not_exists({less}, {zero})")
                }
            });
        }
        let version = expression.name("v");
        let one = expression.value(AttributeValue::N("1".to_owned()));
        let mut text = format!("SET {} ADD {version} {one}", set.join(", "));
        if !self.remove.is_empty() {
            let names: Vec<_> = self
                .remove
                .iter()
                .map(|name| expression.name(name))
                .collect();
            text.push_str(" REMOVE ");
            text.push_str(&names.join(", "));
        }
        Ok(text)
    }
}

/// One write, for [`super::Store::write`] or as part of [`super::Store::transact`].
#[derive(Debug, Clone)]
pub struct Write {
    pub(super) key: Key,
    pub(super) action: Action,
    pub(super) condition: Option<Condition>,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Put(Result<Attributes, String>),
    Update(Update),
    Delete,
    Check,
}

impl Write {
    fn new(key: Key, action: Action) -> Self {
        Self {
            key,
            action,
            condition: None,
        }
    }

    /// Writes the item whole, at version 1. Without a condition it replaces what is there.
    pub fn put<T: Entity>(key: Key, entity: &T) -> Self {
        let item = to_attributes(&key, entity).map(|mut item| {
            item.insert("v".to_owned(), AttributeValue::N("1".to_owned()));
            item
        });
        Self::new(key, Action::Put(item.map_err(|error| error.to_string())))
    }

    /// Changes some attributes of the item.
    pub fn update(key: Key, update: Update) -> Self {
        Self::new(key, Action::Update(update))
    }

    /// Deletes the item.
    pub fn delete(key: Key) -> Self {
        Self::new(key, Action::Delete)
    }

    /// Writes nothing, but holds a transaction to a condition.
    pub fn check(key: Key, condition: Condition) -> Self {
        Self::new(key, Action::Check).when(condition)
    }

    /// The write happens only when `condition` holds.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Lets the item be forgotten some time after `at` (Unix seconds). For [`Write::put`].
    #[must_use]
    pub fn expiring(mut self, at: i64) -> Self {
        if let Action::Put(Ok(item)) = &mut self.action {
            item.insert("ttl".to_owned(), AttributeValue::N(at.to_string()));
        }
        self
    }

    pub(super) fn is_update(&self) -> bool {
        matches!(self.action, Action::Update(_))
    }

    /// Whether the item is as this write leaves it. What an update computes from the item is not looked
    /// at: what it sets tells enough.
    pub(super) fn is_done(&self, found: Option<&Attributes>) -> bool {
        match (&self.action, found) {
            (Action::Put(item), Some(found)) => item.as_ref() == Ok(found),
            (Action::Update(update), Some(found)) => update.shows_in(found),
            (Action::Delete, None) => true,
            _ => false,
        }
    }

    pub(super) fn to_transact_item(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let mut expression = Expression::default();
        let condition = expression.optional(self.condition.as_ref())?;
        let key = key_attributes(&self.key);
        let invalid = |error| StoreError::Corrupt(format!("an incomplete write: {error}"));
        let item = TransactWriteItem::builder();
        Ok(match &self.action {
            Action::Put(attributes) => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(attributes.clone().map_err(StoreError::Corrupt)?))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values())
                    .return_values_on_condition_check_failure(old)
                    .build()
                    .map_err(invalid)?,
            ),
            Action::Update(update) => item.update(
                UpdateItem::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .update_expression(update.render(&mut expression)?)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values())
                    .return_values_on_condition_check_failure(old)
                    .build()
                    .map_err(invalid)?,
            ),
            Action::Delete => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values())
                    .return_values_on_condition_check_failure(old)
                    .build()
                    .map_err(invalid)?,
            ),
            Action::Check => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values())
                    .return_values_on_condition_check_failure(old)
                    .build()
                    .map_err(invalid)?,
            ),
        }
        .build())
    }
}
