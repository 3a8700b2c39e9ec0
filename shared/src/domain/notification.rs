//! In-app notifications.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::NotificationId;
use crate::store::Entity;

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
