//! The dashboard roll-up: what a portal's landing page shows, kept ready in one item.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::notification::Notification;
use super::order::{OrderRow, OrderStatus};
use crate::error::Result;
use crate::store::{Collection, CustomerScope, Entity, Item, Partition, Store, Stored, Write};

/// How many entries the recent activity has.
const RECENT: usize = 10;

/// The roll-up, as stored and as answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "orders": {"total": 1, "byStatus": {"new": 1}},
    "notifications": {"unread": 1},
    "recentActivity": [{"type": "order", "title": "Order ORD-7K3M-9XQ2-AB4D", "at": "2026-05-04T09:30:00Z", "ref": "ord_06f1…"}],
}))]
pub struct Dashboard {
    /// Orders.
    pub orders: OrderCounts,
    /// Notifications.
    pub notifications: NotificationCounts,
    /// What happened last, newest first.
    pub recent_activity: Vec<Activity>,
}

/// How many orders there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCounts {
    /// In all.
    pub total: u64,
    /// By status; a status without orders is absent.
    pub by_status: BTreeMap<OrderStatus, u64>,
}

/// How many notifications there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NotificationCounts {
    /// Not read yet.
    pub unread: u64,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Activity {
    /// What it is: `order`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A line about it.
    pub title: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The id of what it is about.
    #[serde(rename = "ref")]
    pub reference: String,
}

impl Entity for Dashboard {
    const TYPE: &'static str = "Dashboard";
}

/// The roll-up of the customer in scope; empty until something has happened.
pub async fn get(store: &Store, scope: &CustomerScope) -> Result<Dashboard> {
    let stored: Option<Stored<Dashboard>> = store.get(&scope.key(&Item::Dashboard)).await?;
    Ok(stored.map(|stored| stored.entity).unwrap_or_default())
}

/// Makes the roll-up anew from what there is. However often it runs, the outcome is the same: a stream
/// record that is delivered twice changes nothing.
pub async fn recompute(store: &Store, scope: &CustomerScope) -> Result<Dashboard> {
    let rows: Vec<Stored<OrderRow>> = store.list_all(scope, Collection::OrderRows).await?;
    let notifications: Vec<Stored<Notification>> =
        store.list_all(scope, Collection::Notifications).await?;
    let rows: Vec<OrderRow> = rows.into_iter().map(|row| row.entity).collect();
    let unread = notifications
        .iter()
        .filter(|notification| !notification.entity.read)
        .count();
    let dashboard = roll_up(&rows, unread as u64);
    store
        .write(Write::put(scope.key(&Item::Dashboard), &dashboard))
        .await?;
    Ok(dashboard)
}

/// `rows` are newest first.
fn roll_up(rows: &[OrderRow], unread: u64) -> Dashboard {
    let mut by_status = BTreeMap::new();
    for row in rows {
        *by_status.entry(row.status).or_insert(0) += 1;
    }
    let activity = |row: &OrderRow| Activity {
        kind: "order".to_owned(),
        title: format!("Order {}", row.number),
        at: row.created_at,
        reference: row.id.to_string(),
    };
    Dashboard {
        orders: OrderCounts {
            total: rows.len() as u64,
            by_status,
        },
        notifications: NotificationCounts { unread },
        recent_activity: rows.iter().take(RECENT).map(activity).collect(),
    }
}
