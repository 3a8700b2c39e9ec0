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

impl Store {
    /// Up to `limit` items of one of a shopper's collections, from behind the position `after`.
    /// One round trip as long as the items fit into the 1 MB of a `DynamoDB` page.
    pub async fn list<T: Entity>(
        &self,
        partition: &impl Partition,
        collection: Collection,
        direction: Direction,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Slice<T>, StoreError> {
        self.range(
            &partition.pk(),
            collection.prefix(),
            direction,
            limit,
            after,
        )
        .await
    }

    /// All items of one of a shopper's collections.
    pub async fn list_all<T: Entity>(
        &self,
        partition: &impl Partition,
        collection: Collection,
    ) -> Result<Vec<Stored<T>>, StoreError> {
        let direction = Direction::Descending;
        Ok(self
            .range(
                &partition.pk(),
                collection.prefix(),
                direction,
                usize::MAX,
                None,
            )
            .await?
            .items)
    }

    /// Up to `limit` items whose sort keys begin with `prefix`.
    pub(crate) async fn range<T: Entity>(
        &self,
        pk: &str,
        prefix: &str,
        direction: Direction,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Slice<T>, StoreError> {
        let mut slice = Slice {
            items: Vec::new(),
            positions: Vec::new(),
            more: false,
        };
        let start = after.map(|sk| Key {
            pk: pk.to_owned(),
            sk: sk.to_owned(),
        });
        let mut start = start.as_ref().map(super::value::key_attributes);
        loop {
            // One more than asked for tells whether the list goes on, without a second call.
            let wanted = limit.saturating_sub(slice.items.len()).saturating_add(1);
            let (items, next) = self
                .query_page(pk, prefix, direction, wanted, start)
                .await?;
            for item in items {
                if slice.items.len() == limit {
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
        prefix: &str,
        direction: Direction,
        limit: usize,
        start: Option<Attributes>,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), StoreError> {
        let output = self
            .client()
            .query()
            .table_name(self.table())
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .scan_index_forward(direction == Direction::Ascending)
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
