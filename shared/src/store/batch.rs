//! Reading several items in one round trip.

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::retry::pause;
use super::table::{TOTAL, units};
use super::value::{Attributes, key_attributes};
use super::{Entity, Key, Store, StoreError, Stored, meter};

/// `BatchGetItem` takes a hundred keys.
const BATCH: usize = 100;
/// How often what a throttled table left out is asked for again.
const ROUNDS: u32 = 5;

impl Store {
    /// Items of one type, in the order of the keys; `None` where there is no such item. One round trip
    /// for each hundred.
    pub async fn get_many<T: Entity>(
        &self,
        keys: &[Key],
    ) -> Result<Vec<Option<Stored<T>>>, StoreError> {
        let items = self.batch_get(keys).await?;
        items
            .into_iter()
            .map(|item| item.map(Stored::from_attributes).transpose())
            .collect()
    }

    /// Two items of two types in one round trip.
    pub async fn get_both<A: Entity, B: Entity>(
        &self,
        one: &Key,
        other: &Key,
    ) -> Result<(Option<Stored<A>>, Option<Stored<B>>), StoreError> {
        let mut items = self
            .batch_get(&[one.clone(), other.clone()])
            .await?
            .into_iter();
        let mut next = || items.next().flatten();
        let (one, other) = (next(), next());
        Ok((
            one.map(Stored::from_attributes).transpose()?,
            other.map(Stored::from_attributes).transpose()?,
        ))
    }

    /// Three items of three types in one round trip.
    pub async fn get_three<A: Entity, B: Entity, C: Entity>(
        &self,
        keys: [&Key; 3],
    ) -> Result<(Option<Stored<A>>, Option<Stored<B>>, Option<Stored<C>>), StoreError> {
        let mut items = self.batch_get(&keys.map(Clone::clone)).await?.into_iter();
        let mut next = || items.next().flatten();
        let (one, two, three) = (next(), next(), next());
        Ok((
            one.map(Stored::from_attributes).transpose()?,
            two.map(Stored::from_attributes).transpose()?,
            three.map(Stored::from_attributes).transpose()?,
        ))
    }

    /// Three items of two types in one round trip: one of the first type and two of the second.
    pub async fn get_one_and_two<A: Entity, B: Entity>(
        &self,
        one: &Key,
        two: [&Key; 2],
    ) -> Result<(Option<Stored<A>>, [Option<Stored<B>>; 2]), StoreError> {
        let keys = [one.clone(), two[0].clone(), two[1].clone()];
        let mut items = self.batch_get(&keys).await?.into_iter();
        let mut next = || items.next().flatten();
        let (one, first, second) = (next(), next(), next());
        Ok((
            one.map(Stored::from_attributes).transpose()?,
            [
                first.map(Stored::from_attributes).transpose()?,
                second.map(Stored::from_attributes).transpose()?,
            ],
        ))
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Option<Attributes>>, StoreError> {
        let mut found: Vec<Option<Attributes>> = keys.iter().map(|_| None).collect();
        let mut wanted: Vec<Attributes> = keys.iter().map(key_attributes).collect();
        let mut left_out = 0;
        while !wanted.is_empty() {
            let part = wanted.split_off(wanted.len().saturating_sub(BATCH));
            let (items, unprocessed) = self.batch_get_page(part).await?;
            for item in items {
                if let Some(position) = keys.iter().position(|key| is_of(&item, key)) {
                    found[position] = Some(item);
                }
            }
            if !unprocessed.is_empty() {
                left_out += 1;
                if left_out == ROUNDS {
                    return Err(StoreError::Throttled);
                }
                pause(left_out).await;
            }
            wanted.extend(unprocessed);
        }
        Ok(found)
    }

    async fn batch_get_page(
        &self,
        keys: Vec<Attributes>,
    ) -> Result<(Vec<Attributes>, Vec<Attributes>), StoreError> {
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).build();
        let request = request.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let output = self
            .client()
            .batch_get_item()
            .request_items(self.table(), request)
            .return_consumed_capacity(TOTAL)
            .send()
            .await
            .map_err(|error| StoreError::unavailable(&error))?;
        meter::count(
            output
                .consumed_capacity()
                .iter()
                .map(|c| units(Some(c)))
                .sum(),
            0.0,
        );
        let items = output
            .responses
            .and_then(|mut tables| tables.remove(self.table()));
        let unprocessed = output
            .unprocessed_keys
            .and_then(|mut tables| tables.remove(self.table()));
        Ok((
            items.unwrap_or_default(),
            unprocessed.map(|left| left.keys).unwrap_or_default(),
        ))
    }
}

fn is_of(item: &Attributes, key: &Key) -> bool {
    let is = |name, text: &String| item.get(name).and_then(|value| value.as_s().ok()) == Some(text);
    is("pk", &key.pk) && is("sk", &key.sk)
}
