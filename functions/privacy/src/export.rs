//! A copy of the account: one JSON document of all that it holds.

use std::collections::BTreeMap;

use portico_shared::auth::{Code, Session};
use portico_shared::clock;
use portico_shared::domain::address::Address;
use portico_shared::domain::benefit::Benefits;
use portico_shared::domain::cart::Cart;
use portico_shared::domain::customer::Customer;
use portico_shared::domain::dashboard::RollUp;
use portico_shared::domain::desk::{Conversation, Message, Ticket};
use portico_shared::domain::device::KnownDevices;
use portico_shared::domain::file::{File, FileUsage, Reservation as Upload};
use portico_shared::domain::idempotency;
use portico_shared::domain::notification::Notification;
use portico_shared::domain::oauth::Identities;
use portico_shared::domain::order::{Order, OrderRow, OrderView};
use portico_shared::domain::payment_method::{PaymentMethod, PaymentMethods};
use portico_shared::domain::preferences::Preferences;
use portico_shared::domain::privacy::{Erasure, Export, ExportStatus, Told};
use portico_shared::domain::push::Devices;
use portico_shared::domain::reservation::Reservation;
use portico_shared::domain::second_factor::{SecondFactor, TrustedDevice};
use portico_shared::domain::transaction::{self, Transaction};
use portico_shared::domain::wishlist::Wish;
use portico_shared::error::{Error, Result};
use portico_shared::store::{
    AnyItem, Condition, CustomerScope, Entity, Item, Partition, Span, StoreError, Update, Write,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Privacy;

/// A type of items that a copy holds.
struct Held {
    kind: &'static str,
    /// What they are called in the copy.
    name: &'static str,
    show: fn(AnyItem) -> Result<Value>,
    /// Of an item that has secrets or staff's own in it, the members that are neither.
    only: &'static [&'static str],
}

const fn held<T: Entity>(name: &'static str) -> Held {
    Held {
        kind: T::TYPE,
        name,
        show: |item| value(&item.read::<T>()?.entity),
        only: &[],
    }
}

impl Held {
    const fn only(self, only: &'static [&'static str]) -> Self {
        Self { only, ..self }
    }

    const fn shown(self, show: fn(AnyItem) -> Result<Value>) -> Self {
        Self { show, ..self }
    }

    fn hand_out(&self, item: AnyItem) -> Result<Value> {
        let mut value = (self.show)(item)?;
        if let (Some(members), false) = (value.as_object_mut(), self.only.is_empty()) {
            members.retain(|name, _| self.only.contains(&name.as_str()));
        }
        Ok(value)
    }
}

/// What a copy holds.
const HELD: &[Held] = &[
    held::<Customer>("profile"),
    held::<Address>("addresses"),
    held::<Wish>("wishlist"),
    held::<Cart>("carts"),
    // As its shopper sees it: staff's notes are theirs.
    held::<Order>("orders").shown(|item| value(&OrderView::from(item.read::<Order>()?.entity))),
    held::<Notification>("notifications"),
    held::<PaymentMethods>("paymentMethods").shown(payment_methods),
    held::<Reservation>("reservations"),
    held::<Transaction>("transactions"),
    held::<Ticket>("tickets").only(&[
        "number",
        "subject",
        "description",
        "priority",
        "category",
        "status",
        "attachments",
        "createdAt",
        "updatedAt",
    ]),
    held::<Conversation>("conversations").only(&[
        "id",
        "subject",
        "status",
        "createdAt",
        "updatedAt",
    ]),
    held::<Message>("messages").only(&[
        "id",
        "conversation",
        "ticket",
        "from",
        "text",
        "attachments",
        "status",
        "createdAt",
    ]),
    held::<Preferences>("preferences"),
    held::<Benefits>("benefits"),
    // A token reaches the device of whoever has it.
    held::<Devices>("pushDevices").shown(push_devices),
    held::<File>("files"),
    held::<Upload>("uploads").only(&["id", "path", "area", "name", "mediaType", "size"]),
    held::<Identities>("identities"),
    held::<KnownDevices>("devices"),
    held::<Session>("sessions").only(&["device", "createdAt", "expiresAt"]),
    held::<SecondFactor>("secondFactor").only(&["state", "method", "since"]),
    held::<TrustedDevice>("trustedDevices").only(&["device", "createdAt", "expiresAt"]),
];

/// What it does not: what repeats it, what tells nothing of a customer, and what a secret is made from.
const WITHHELD: &[&str] = &[
    OrderRow::TYPE,
    RollUp::TYPE,
    FileUsage::TYPE,
    transaction::REFERENCE,
    Code::TYPE,
    idempotency::ONCE,
    Export::TYPE,
    Erasure::TYPE,
];

fn push_devices(item: AnyItem) -> Result<Value> {
    let devices = item.read::<Devices>()?.entity.devices.into_iter();
    let shown = devices.map(|device| {
        let (id, platform) = (device.device_id, device.platform);
        json!({"deviceId": id, "platform": platform, "registeredAt": device.registered_at})
    });
    Ok(shown.collect())
}

fn payment_methods(item: AnyItem) -> Result<Value> {
    let all = item.read::<PaymentMethods>()?.entity.saved().into_iter();
    let methods = all.map(|saved| {
        let method = PaymentMethod {
            token: None,
            ..saved.method
        };
        value(&method)
    });
    methods.collect()
}

/// Makes the copy that was asked for, unless that is done.
pub(crate) async fn make(privacy: &Privacy, scope: &CustomerScope) -> Result<()> {
    let store = &privacy.store;
    let key = scope.key(&Item::Export);
    let Some(asked) = store.get_consistent::<Export>(&key).await? else {
        return Ok(());
    };
    let export = asked.entity;
    if export.status == ExportStatus::Ready {
        return Ok(());
    }
    let mut holds: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut tell = None;
    for item in store.pages(scope, Span::everything().consistent()).await? {
        if item.kind() == Customer::TYPE {
            let customer = item.clone().read::<Customer>()?.entity;
            let name = customer.name();
            tell = Some(Told {
                email: customer.email,
                name,
            });
        }
        let known = HELD.iter().find(|held| held.kind == item.kind());
        // What is in neither list is not handed out by accident; and a test that makes one finds it.
        debug_assert!(
            known.is_some() || WITHHELD.contains(&item.kind()),
            "is a copy of an account to hold its {}?",
            item.kind()
        );
        if let Some(known) = known {
            let all = holds.entry(known.name).or_default();
            all.push(known.hand_out(item)?);
        }
    }
    // The account was erased meanwhile.
    if tell.is_none() {
        return Ok(());
    }
    let document = json!({
        "org": scope.org(), "customer": scope.customer(), "madeAt": clock::now(), "holds": holds,
    });
    let document =
        serde_json::to_vec_pretty(&document).map_err(|error| Error::Internal(error.to_string()))?;
    let (size, path) = (document.len(), export.path());
    let put = privacy
        .files
        .put_for_a_week(scope, &path, "application/json", document);
    put.await?;
    let update = Update::of::<Export>()
        .set("status", &ExportStatus::Ready)
        .set("readyAt", &clock::now())
        .set("size", &size)
        .set("tell", &tell);
    // Not if a later one was asked for, or the account was erased.
    let ready = Write::update(key, update).when(Condition::eq("id", &export.id));
    match store.write(ready).await {
        Err(StoreError::ConditionFailed(_)) => privacy.files.delete(scope, &path).await,
        done => Ok(done.map(|_| ())?),
    }
}

fn value(of: &impl Serialize) -> Result<Value> {
    serde_json::to_value(of).map_err(|error| Error::Internal(error.to_string()))
}
