//! The table's stream: what changed, in the order it changed, at least once.

use serde::Deserialize;

use super::value::Attributes;
use super::{CustomerScope, Entity, Partition as _, Shopper, Stored};

/// One change of one item of a shopper's partition.
///
/// Being read from the table itself, it proves whose partition it is: its [`Shopper`] may be acted for.
#[derive(Debug)]
pub struct Change {
    shopper: Shopper,
    old: Option<Attributes>,
    new: Option<Attributes>,
}

/// The `dynamodb` member of a stream record, as Lambda delivers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StreamImage {
    keys: serde_dynamo::Item,
    #[serde(default)]
    old_image: Option<serde_dynamo::Item>,
    #[serde(default)]
    new_image: Option<serde_dynamo::Item>,
}

impl Change {
    /// The change, if it is one of a shopper's partition.
    pub fn of(image: StreamImage) -> Option<Self> {
        let keys = Attributes::from(image.keys);
        let shopper = Shopper::from_pk(keys.get("pk")?.as_s().ok()?)?;
        let present = |item: Option<serde_dynamo::Item>| {
            item.map(Attributes::from).filter(|attributes| !attributes.is_empty())
        };
        Some(Self { shopper, old: present(image.old_image), new: present(image.new_image) })
    }

    /// Whose partition it is.
    pub fn shopper(&self) -> &Shopper {
        &self.shopper
    }

    /// The customer, unless it is a guest's partition.
    pub fn customer(&self) -> Option<&CustomerScope> {
        match &self.shopper {
            Shopper::Customer(scope) => Some(scope),
            Shopper::Guest(_) => None,
        }
    }

    /// The item's type.
    pub fn kind(&self) -> Option<&str> {
        let item = self.new.as_ref().or(self.old.as_ref())?;
        item.get("type")?.as_s().ok().map(String::as_str)
    }

    /// The item before the change, if there was one of type `T` that can be read.
    pub fn before<T: Entity>(&self) -> Option<Stored<T>> {
        self.old.clone().and_then(|item| Stored::from_attributes(item).ok())
    }

    /// The item after the change, if there is one of type `T` that can be read.
    pub fn after<T: Entity>(&self) -> Option<Stored<T>> {
        self.new.clone().and_then(|item| Stored::from_attributes(item).ok())
    }

    /// What tells this change from every other, however often it is delivered: the item and its
    /// version.
    pub fn fingerprint(&self) -> String {
        let item = self.new.as_ref().or(self.old.as_ref());
        let member = |name| item.and_then(|item| item.get(name));
        let sk = member("sk").and_then(|sk| sk.as_s().ok()).map_or("", String::as_str);
        let version = member("v").and_then(|v| v.as_n().ok()).map_or("", String::as_str);
        format!("{}|{sk}|{version}", self.shopper.pk())
    }
}
