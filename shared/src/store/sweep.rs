//! Reading a partition's items whatever their types are.

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys::HIDDEN;
use super::table::{TOTAL, units};
use super::value::{Attributes, key_attributes};
use super::{Direction, Entity, Key, Partition, Store, StoreError, Stored, meter};

/// An item of any type, still to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct AnyItem(Attributes);

impl AnyItem {
    /// The item's type.
    pub fn kind(&self) -> &str {
        self.text("type")
    }

    /// Its sort key.
    pub fn position(&self) -> &str {
        self.text("sk")
    }

    /// The item, which must be of type `T`.
    pub fn read<T: Entity>(self) -> Result<Stored<T>, StoreError> {
        Stored::from_attributes(self.0)
    }

    /// Its key.
    pub fn key(&self) -> Key {
        Key {
            pk: self.text("pk").to_owned(),
            sk: self.text("sk").to_owned(),
        }
    }

    fn text(&self, name: &str) -> &str {
        let value = self.0.get(name).and_then(|value| value.as_s().ok());
        value.map_or("", String::as_str)
    }
}

/// Some of a partition's sort keys, both ends included.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    from: &'a str,
    to: &'a str,
    after: Option<&'a str>,
    direction: Direction,
    consistent: bool,
}

impl<'a> Span<'a> {
    /// From one sort key to another, eventually consistent, newest first.
    pub const fn of(from: &'a str, to: &'a str) -> Self {
        let direction = Direction::Descending;
        Self {
            from,
            to,
            after: None,
            direction,
            consistent: false,
        }
    }

    /// The whole partition.
    pub const fn everything() -> Self {
        Self::of(" ", "\u{7f}")
    }

    /// What a customer is shown in lists.
    pub const fn shown() -> Self {
        Self::of(" ", HIDDEN)
    }

    /// From behind this sort key on, which must be one of the span but need not be there.
    #[must_use]
    pub fn after(self, after: Option<&'a str>) -> Self {
        Self { after, ..self }
    }

    /// As of the last write that was answered, at twice the price.
    #[must_use]
    pub fn consistent(self) -> Self {
        Self {
            consistent: true,
            ..self
        }
    }
}

impl Store {
    /// A page of a shopper's partition: one round trip and at most 1 MB, and where the next page begins, if
    /// there is one.
    pub async fn page(
        &self,
        partition: &impl Partition,
        span: Span<'_>,
    ) -> Result<(Vec<AnyItem>, Option<String>), StoreError> {
        let pk = partition.pk();
        let start = span.after.map(|sk| {
            key_attributes(&Key {
                pk: pk.clone(),
                sk: sk.to_owned(),
            })
        });
        let output = self
            .client()
            .query()
            .table_name(self.table())
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .expression_attribute_values(":from", AttributeValue::S(span.from.to_owned()))
            .expression_attribute_values(":to", AttributeValue::S(span.to.to_owned()))
            .scan_index_forward(span.direction == Direction::Ascending)
            .consistent_read(span.consistent)
            .set_exclusive_start_key(start)
            .return_consumed_capacity(TOTAL)
            .send()
            .await
            .map_err(|error| StoreError::unavailable(&error))?;
        meter::count(units(output.consumed_capacity.as_ref()), 0.0);
        let items = output.items.unwrap_or_default();
        let next = output
            .last_evaluated_key
            .map(|key| AnyItem(key).position().to_owned());
        Ok((items.into_iter().map(AnyItem).collect(), next))
    }

    /// All pages of a span.
    pub async fn pages(
        &self,
        partition: &impl Partition,
        span: Span<'_>,
    ) -> Result<Vec<AnyItem>, StoreError> {
        let (mut all, mut next) = self.page(partition, span).await?;
        while let Some(after) = next {
            let (items, later) = self.page(partition, span.after(Some(&after))).await?;
            all.extend(items);
            next = later;
        }
        Ok(all)
    }
}
