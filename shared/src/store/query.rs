//! Reading lists.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::value::Attributes;
use super::{Collection, Entity, Key, Partition, Store, StoreError, Stored, meter};

/// Which way a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// By ascending key: oldest first where ids carry time.
    Ascending,
    /// By descending key: newest first where ids carry time.
    Descending,
}

/// A part of a list.
#[derive(Debug)]
pub struct Slice<T> {
    /// The items.
    pub items: Vec<Stored<T>>,
    /// The sort key of each item, in the same order: where a later read goes on.
    pub positions: Vec<String>,
    /// Whether the list goes on behind the last item.
    pub more: bool,
}

impl<T> Slice<T> {
    /// The entities alone.
    pub fn into_entities(self) -> Vec<T> {
        self.items.into_iter().map(|stored| stored.entity).collect()
    }
}

/// Which items of a partition are read, and how: all of a collection, newest first, eventually
/// consistent, unless more is said.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    prefix: &'a str,
    direction: Direction,
    limit: usize,
    after: Option<&'a str>,
    consistent: bool,
}

impl<'a> List<'a> {
    /// All of a collection.
    pub const fn of(collection: Collection) -> Self {
        Self::prefixed(collection.prefix())
    }

    /// All items whose sort keys begin with `prefix`.
    pub(crate) const fn prefixed(prefix: &'a str) -> Self {
        let (direction, limit) = (Direction::Descending, usize::MAX);
        Self {
            prefix,
            direction,
            limit,
            after: None,
            consistent: false,
        }
    }

    /// Read this way.
    #[must_use]
    pub fn direction(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// Not more than `limit`.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// How many are wanted at the most.
    pub(crate) fn wanted(&self) -> usize {
        self.limit
    }

    /// From behind the position of an earlier slice on.
    #[must_use]
    pub fn after(self, after: Option<&'a str>) -> Self {
        Self { after, ..self }
    }

    /// As of the last write that was answered, at twice the price: for what is decided or derived from
    /// the list.
    #[must_use]
    pub fn consistent(self) -> Self {
        Self {
            consistent: true,
            ..self
        }
    }
}

impl Store {
    /// A list of a shopper's partition. One round trip as long as it fits into the 1 MB of a `DynamoDB`
    /// page.
    pub async fn list<T: Entity>(
        &self,
        partition: &impl Partition,
        list: List<'_>,
    ) -> Result<Slice<T>, StoreError> {
        self.range(&partition.pk(), list).await
    }

    /// A list of any partition.
    pub(crate) async fn range<T: Entity>(
        &self,
        pk: &str,
        list: List<'_>,
    ) -> Result<Slice<T>, StoreError> {
        let mut slice = Slice {
            items: Vec::new(),
            positions: Vec::new(),
            more: false,
        };
        let start = list.after.map(|sk| Key {
            pk: pk.to_owned(),
            sk: sk.to_owned(),
        });
        let mut start = start.as_ref().map(super::value::key_attributes);
        loop {
            // One more than asked for tells whether the list goes on, without a second call.
            let wanted = list
                .limit
                .saturating_sub(slice.items.len())
                .saturating_add(1);
            let (items, next) = self.query_page(pk, list, wanted, start).await?;
            for item in items {
                if slice.items.len() == list.limit {
                    slice.more = true;
                    return Ok(slice);
                }
                let position = item
                    .get("sk")
                    .and_then(|sk| sk.as_s().ok())
                    .cloned()
                    .unwrap_or_default();
                slice.items.push(Stored::from_attributes(item)?);
                slice.positions.push(position);
            }
            start = next;
            if start.is_none() {
                return Ok(slice);
            }
        }
    }

    async fn query_page(
        &self,
        pk: &str,
        list: List<'_>,
        limit: usize,
        start: Option<Attributes>,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), StoreError> {
        let output = self
            .client()
            .query()
            .table_name(self.table())
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":prefix", AttributeValue::S(list.prefix.to_owned()))
            .scan_index_forward(list.direction == Direction::Ascending)
            .consistent_read(list.consistent)
            .set_limit(i32::try_from(limit).ok())
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| StoreError::unavailable(&error))?;
        let units = output
            .consumed_capacity
            .and_then(|c| c.capacity_units)
            .unwrap_or(0.0);
        meter::count(units, 0.0);
        Ok((output.items.unwrap_or_default(), output.last_evaluated_key))
    }
}
