//! In-app notifications.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Refusal, Result};
use crate::ids::NotificationId;
use crate::store::{
    Collection, Condition, CustomerScope, Entity, Item, List, Partition, Store, StoreError, Stored,
    Update, Write,
};

/// How far one channel got with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Not tried yet, or tried without success.
    Pending,
    /// Handed over to the provider.
    Sent,
    /// There is nowhere to send it.
    None,
}

/// A notification, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The id, derived from the event: the same event gives the same notification.
    pub id: NotificationId,
    /// The event, such as `order.placed`.
    pub event: String,
    /// A line.
    pub title: String,
    /// A sentence or two.
    pub body: String,
    /// What it is about, for clients that link to it.
    pub data: serde_json::Value,
    /// Whether the customer has seen it.
    pub read: bool,
    /// When the event happened.
    pub created_at: Timestamp,
    /// How far mail got.
    pub mail: Delivery,
}

impl Entity for Notification {
    const TYPE: &'static str = "Notification";
}

/// Notifications are kept for 180 days.
pub const KEPT_SECONDS: i64 = 180 * 24 * 60 * 60;

/// How many are written in one transaction.
const AT_ONCE: usize = 100;
/// How often what is unread is looked for, while some of it goes away meanwhile.
const ATTEMPTS: u32 = 5;

/// Marks one as read. One round trip.
///
/// # Errors
///
/// `not_found`.
pub async fn mark_read(
    store: &Store,
    scope: &CustomerScope,
    id: &NotificationId,
) -> Result<Notification> {
    match store.update(read(scope, id)).await {
        Ok(Stored { entity, .. }) => Ok(entity),
        Err(StoreError::ConditionFailed(_)) => Err(Code::NotFound.into()),
        Err(error) => Err(error.into()),
    }
}

/// Marks all as read that there are now, and tells how many were not. One round trip to find them, and one for each
/// hundred of them. Cut off in between, some are read; asked again, the rest.
///
/// # Errors
///
/// `conflict` when others keep changing them.
pub async fn mark_all_read(store: &Store, scope: &CustomerScope) -> Result<usize> {
    let mut marked = 0;
    for attempt in 0..ATTEMPTS {
        let list = List::of(Collection::Notifications);
        let list = if attempt == 0 {
            list
        } else {
            list.consistent()
        };
        let all = store.list::<Notification>(scope, list).await?;
        let mut unread = all.into_entities();
        unread.retain(|notification| !notification.read);
        let mut whole = true;
        for some in unread.chunks(AT_ONCE) {
            let writes = some.iter().map(|unread| read(scope, &unread.id)).collect();
            match store.transact(writes).await {
                Ok(()) => marked += some.len(),
                // One of them has just expired.
                Err(StoreError::Cancelled(_)) => whole = false,
                Err(error) => return Err(error.into()),
            }
        }
        if whole {
            return Ok(marked);
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

fn read(scope: &CustomerScope, id: &NotificationId) -> Write {
    let update = Update::of::<Notification>().set("read", &true);
    Write::update(scope.key(&Item::Notification(id)), update).when(Condition::Present)
}
