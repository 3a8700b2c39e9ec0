//! The table's stream: what changed, in the order it changed, at least once.

use super::value::Attributes;
use super::{CustomerScope, Entity, Shopper, Stored};
use crate::ids::OrgId;

/// An item as the stream shows it.
pub type StreamImage = serde_dynamo::Item;

/// One change of one item.
///
/// Being read from the table itself, it proves whose partition it is: its [`Shopper`] may be acted for.
#[derive(Debug)]
pub struct Change {
    org: OrgId,
    pk: String,
    shopper: Option<Shopper>,
    old: Option<Attributes>,
    new: Option<Attributes>,
}

impl Change {
    /// The change behind a stream record's keys and images, if it is one of an org's items. An image that is
    /// absent is empty.
    pub fn of(keys: StreamImage, old: StreamImage, new: StreamImage) -> Option<Self> {
        let keys = Attributes::from(keys);
        let pk = keys.get("pk")?.as_s().ok()?.clone();
        let org = pk.split('#').next()?.parse().ok()?;
        let present =
            |image: StreamImage| Some(Attributes::from(image)).filter(|item| !item.is_empty());
        Some(Self {
            org,
            shopper: Shopper::from_pk(&pk),
            pk,
            old: present(old),
            new: present(new),
        })
    }

    /// The org.
    pub fn org(&self) -> &OrgId {
        &self.org
    }

    /// Whose partition it is, if it is a shopper's.
    pub fn shopper(&self) -> Option<&Shopper> {
        self.shopper.as_ref()
    }

    /// The customer whose partition it is, if it is one's.
    pub fn customer(&self) -> Option<&CustomerScope> {
        match &self.shopper {
            Some(Shopper::Customer(scope)) => Some(scope),
            Some(Shopper::Guest(_)) | None => None,
        }
    }

    /// The item's type.
    pub fn kind(&self) -> Option<&str> {
        let item = self.new.as_ref().or(self.old.as_ref())?;
        item.get("type")?.as_s().ok().map(String::as_str)
    }

    /// The id in the item's sort key: what stands behind its first `#`.
    pub fn id(&self) -> Option<&str> {
        let item = self.new.as_ref().or(self.old.as_ref())?;
        let (_, id) = item.get("sk")?.as_s().ok()?.split_once('#')?;
        Some(id)
    }

    /// The item before the change, if there was one of type `T` that can be read.
    pub fn before<T: Entity>(&self) -> Option<Stored<T>> {
        self.old
            .clone()
            .and_then(|item| Stored::from_attributes(item).ok())
    }

    /// The item after the change, if there is one of type `T` that can be read.
    pub fn after<T: Entity>(&self) -> Option<Stored<T>> {
        self.new
            .clone()
            .and_then(|item| Stored::from_attributes(item).ok())
    }

    /// What tells this change from every other, however often it is delivered: the item and its
    /// version.
    pub fn fingerprint(&self) -> String {
        let item = self.new.as_ref().or(self.old.as_ref());
        let member = |name| item.and_then(|item| item.get(name));
        let sk = member("sk")
            .and_then(|sk| sk.as_s().ok())
            .map_or("", String::as_str);
        let version = member("v")
            .and_then(|v| v.as_n().ok())
            .map_or("", String::as_str);
        format!("{}|{sk}|{version}", self.pk)
    }
}
