//! The devices that a customer has signed in on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::auth::Device;
use crate::error::Result;
use crate::store::{CustomerScope, Entity, Item, Key, Partition, Store, Write};

/// Those that are known, as coarsely as [`Device`] tells them: a few dozen at the very most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownDevices {
    /// When each was first seen.
    first_seen: BTreeMap<String, Timestamp>,
}

impl Entity for KnownDevices {
    const TYPE: &'static str = "KnownDevices";
}

/// What a device is to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// The first of all: the customer has just signed up, or was never looked at.
    First,
    /// Not seen before, though others were.
    New,
    /// Seen before.
    Known,
}

impl KnownDevices {
    /// What is known of a customer's devices.
    pub async fn of(store: &Store, scope: &CustomerScope) -> Result<Self> {
        // Consistent: the stream brings sign-ins faster than replicas follow.
        let found = store.get_consistent::<Self>(&key(scope)).await?;
        Ok(found.map(|found| found.entity).unwrap_or_default())
    }

    /// Takes note of a device.
    pub fn see(&mut self, device: &Device, at: Timestamp) -> Sighting {
        if self.first_seen.contains_key(device.as_str()) {
            return Sighting::Known;
        }
        let first = self.first_seen.is_empty();
        self.first_seen.insert(device.as_str().to_owned(), at);
        if first {
            Sighting::First
        } else {
            Sighting::New
        }
    }

    /// Writes what was noted.
    pub async fn save(&self, store: &Store, scope: &CustomerScope) -> Result<()> {
        store.write(Write::put(key(scope), self)).await?;
        Ok(())
    }
}

fn key(scope: &CustomerScope) -> Key {
    scope.key(&Item::KnownDevices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_device_that_joins_others_is_new() {
        let mut known = KnownDevices::default();
        let mut see = |device| known.see(&Device::of(device), Timestamp::UNIX_EPOCH);
        assert_eq!(see("Firefox Linux"), Sighting::First);
        assert_eq!(see("Firefox/140 Linux"), Sighting::Known);
        assert_eq!(see("Firefox Windows"), Sighting::New);
        assert_eq!(see("Firefox Windows"), Sighting::Known);
    }
}
