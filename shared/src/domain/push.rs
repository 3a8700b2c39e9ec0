//! Devices that take push messages.
//!
//! A customer's devices are one item: there are few, and they are always wanted together. A token is an app on a
//! device, whoever is signed in there; so each has one owner in the org, who is the last to have registered it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::ids::CustomerId;
use crate::store::{
    Condition, CustomerScope, Entity, Item, Partition, Store, StoreError, Stored, Update, Write,
};

/// How often a change is tried while others change the same thing.
const ATTEMPTS: u32 = 5;

/// A customer has this many at the most; the one that was registered longest ago makes room.
pub const MOST: usize = 20;

/// What a device runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Android: a token of FCM's.
    Android,
    /// iOS: a token of APNs'.
    Ios,
    /// A browser: a token of FCM's.
    Web,
}

/// A device that takes push messages, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The client's name for it.
    pub device_id: String,
    /// Where messages to it go.
    pub token: String,
    /// What it runs.
    pub platform: Platform,
    /// The version of the app.
    pub app_version: Option<String>,
    /// When it was registered last.
    pub registered_at: Timestamp,
}

/// A customer's devices, as stored: the one that was registered last is the last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// The devices.
    pub devices: Vec<Device>,
}

impl Entity for Devices {
    const TYPE: &'static str = "Devices";
}

/// A token → the customer whose device has it, as stored.
#[derive(Debug, Serialize, Deserialize)]
struct TokenOwner {
    author: CustomerId,
}

impl Entity for TokenOwner {
    const TYPE: &'static str = "PushToken";
}

/// The customer's devices.
pub async fn devices(store: &Store, scope: &CustomerScope) -> Result<Vec<Device>> {
    let stored = store.get::<Devices>(&scope.key(&Item::Devices)).await?;
    Ok(stored
        .map(|stored| stored.entity.devices)
        .unwrap_or_default())
}

/// Registers a device, in place of what was registered under its name or with its token. Two round trips: what there
/// is, and the transaction; one where nothing changes, one more where the token was another customer's.
///
/// # Errors
///
/// `conflict` while others keep changing the same.
pub async fn register(store: &Store, scope: &CustomerScope, device: &Device) -> Result<()> {
    let own = scope.key(&Item::Devices);
    let token = scope.org().push_token_key(&device.token);
    for _ in 0..ATTEMPTS {
        let (before, owner) = store.get_both::<Devices, TokenOwner>(&own, &token).await?;
        let is_own = (owner.as_ref()).is_some_and(|owner| owner.entity.author == *scope.customer());
        if is_own
            && before
                .as_ref()
                .is_some_and(|before| before.entity.has(device))
        {
            return Ok(());
        }
        let (after, released) = registered(before.as_ref(), device);
        let claim = TokenOwner {
            author: scope.customer().clone(),
        };
        let mut writes = vec![
            put_devices(scope, &after, before.as_ref()),
            Write::update(token.clone(), Update::to(&claim)?).when(as_found(owner.as_ref())),
        ];
        for token in &released {
            let release = Write::delete(scope.org().push_token_key(token));
            let own = Condition::eq("author", scope.customer());
            writes.push(release.when(Condition::Any(vec![Condition::Absent, own])));
        }
        if let Some(owner) = owner.filter(|_| !is_own) {
            let other = CustomerScope::proved(scope.org().clone(), owner.entity.author);
            writes.extend(left(store, &other, |held| held.token == device.token).await?);
        }
        match store.transact(writes).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Cancelled(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// Forgets a device. Two round trips.
///
/// # Errors
///
/// `not_found`; `conflict` while others keep changing the same.
pub async fn forget(store: &Store, scope: &CustomerScope, device_id: &str) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let held = store
            .get_consistent::<Devices>(&scope.key(&Item::Devices))
            .await?;
        let devices = held.as_ref().map(|held| held.entity.devices.as_slice());
        let mut devices = devices.unwrap_or_default().iter();
        let device = devices.find(|device| device.device_id == device_id);
        let token = device.ok_or(Code::NotFound)?.token.clone();
        let mut after = held
            .as_ref()
            .map(|held| held.entity.clone())
            .unwrap_or_default();
        after.devices.retain(|device| device.device_id != device_id);
        let own = Condition::eq("author", scope.customer());
        let release = Write::delete(scope.org().push_token_key(&token));
        let writes = vec![
            put_devices(scope, &after, held.as_ref()),
            release.when(Condition::Any(vec![Condition::Absent, own])),
        ];
        match store.transact(writes).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Cancelled(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// The writes that forget all devices: for the end of the account.
pub fn forget_all(scope: &CustomerScope, held: &Stored<Devices>) -> Vec<Write> {
    let own = Condition::eq("author", scope.customer());
    let own = Condition::Any(vec![Condition::Absent, own]);
    let release = |device: &Device| {
        let token = scope.org().push_token_key(&device.token);
        Write::delete(token).when(own.clone())
    };
    let devices = Write::delete(scope.key(&Item::Devices));
    let devices = devices.when(Condition::eq("v", &held.version));
    let released = held.entity.devices.iter().map(release);
    released.chain(std::iter::once(devices)).collect()
}

impl Devices {
    /// Whether the device is registered as it is.
    fn has(&self, device: &Device) -> bool {
        self.devices.iter().any(|held| {
            let registered_at = device.registered_at;
            *device
                == Device {
                    registered_at,
                    ..held.clone()
                }
        })
    }
}

/// The devices with one more, and the tokens that none of them has any more.
fn registered(before: Option<&Stored<Devices>>, device: &Device) -> (Devices, Vec<String>) {
    let held = before.map(|before| before.entity.devices.clone());
    let (same, mut devices): (Vec<_>, Vec<_>) = (held.unwrap_or_default().into_iter())
        .partition(|held| held.device_id == device.device_id || held.token == device.token);
    devices.push(device.clone());
    let too_many = devices.len().saturating_sub(MOST);
    let gone = devices.drain(..too_many).chain(same);
    let released = gone
        .map(|gone| gone.token)
        .filter(|token| *token != device.token);
    let released = released.collect();
    (Devices { devices }, released)
}

fn put_devices(scope: &CustomerScope, after: &Devices, before: Option<&Stored<Devices>>) -> Write {
    let update = Update::of::<Devices>().set("devices", &after.devices);
    Write::update(scope.key(&Item::Devices), update).when(as_found(before))
}

/// The condition that an item is as it was read.
fn as_found<T>(found: Option<&Stored<T>>) -> Condition {
    found.map_or(Condition::Absent, |found| {
        Condition::eq("v", &found.version)
    })
}

/// The write by which a customer no longer has a device, if they have it.
async fn left(
    store: &Store,
    scope: &CustomerScope,
    is_it: impl Fn(&Device) -> bool,
) -> Result<Option<Write>> {
    let held = store
        .get_consistent::<Devices>(&scope.key(&Item::Devices))
        .await?;
    let Some(held) = held else {
        return Ok(None);
    };
    let mut after = held.entity.clone();
    after.devices.retain(|device| !is_it(device));
    Ok(Some(put_devices(scope, &after, Some(&held))))
}

/// A device, registered now.
pub fn device(
    device_id: String,
    token: String,
    platform: Platform,
    app_version: Option<String>,
) -> Device {
    Device {
        device_id,
        token,
        platform,
        app_version,
        registered_at: clock::now(),
    }
}
