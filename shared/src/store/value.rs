//! Entities as items and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Key, StoreError};

pub(super) type Attributes = HashMap<String, AttributeValue>;

/// What an item holds. Members are stored in camel case, as they are serialised.
pub trait Entity: Serialize + DeserializeOwned {
    /// The item's `type` attribute: what the table's stream is filtered by.
    const TYPE: &'static str;
}

/// An entity as it was read, with its version.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// The entity.
    pub entity: T,
    /// How often the item was written. Surfaced as an `ETag`.
    pub version: u64,
}

impl<T: Entity> Stored<T> {
    /// Reads an item, refusing one of another type.
    pub(super) fn from_attributes(item: Attributes) -> Result<Self, StoreError> {
        let text = |name| {
            item.get(name)
                .and_then(|value: &AttributeValue| value.as_s().ok())
        };
        if text("type").is_none_or(|kind| kind != T::TYPE) {
            return Err(StoreError::Corrupt(format!(
                "an item that should be a {} is not",
                T::TYPE
            )));
        }
        let version = item
            .get("v")
            .and_then(|value| value.as_n().ok())
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| StoreError::Corrupt(format!("a {} without a version", T::TYPE)))?;
        let entity = serde_dynamo::from_item(item).map_err(|error| {
            StoreError::Corrupt(format!("a {} that cannot be read: {error}", T::TYPE))
        })?;
        Ok(Self { entity, version })
    }
}

/// The attributes of a new item at its first version.
pub(super) fn to_attributes<T: Entity>(key: &Key, entity: &T) -> Result<Attributes, StoreError> {
    let mut item: Attributes = serde_dynamo::to_item(entity).map_err(|error| {
        StoreError::Corrupt(format!("a {} that cannot be written: {error}", T::TYPE))
    })?;
    item.extend(key_attributes(key));
    item.insert("type".to_owned(), AttributeValue::S(T::TYPE.to_owned()));
    Ok(item)
}

/// The primary key as attributes.
pub(super) fn key_attributes(key: &Key) -> Attributes {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// One value as an attribute.
pub(super) fn to_value(value: &impl Serialize) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value)
        .map_err(|error| StoreError::Corrupt(format!("a value that cannot be written: {error}")))
}
