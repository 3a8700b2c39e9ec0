//! The dashboard roll-up: what a portal's landing page shows, kept ready in one item.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::notification::Notification;
use super::order::{OrderRow, OrderStatus};
use crate::error::Result;
use crate::store::{
    Collection, CustomerScope, Entity, Item, List, Partition, Store, Stored, Write,
};

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
    // Consistent: what was written just before the stream told of it must be counted.
    let all = |collection| List::of(collection).consistent();
    let rows: Vec<OrderRow> = store
        .list(scope, all(Collection::OrderRows))
        .await?
        .into_entities();
    let notifications: Vec<Notification> = store
        .list(scope, all(Collection::Notifications))
        .await?
        .into_entities();
    let unread = notifications
        .iter()
        .filter(|notification| !notification.read)
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

#[cfg(test)]
mod tests {
    use iso_currency::Currency;

    use super::*;
    use crate::domain::order::PaymentStatus;
    use crate::ids::OrderId;
    use crate::money::Money;

    fn row(status: OrderStatus) -> OrderRow {
        OrderRow {
            id: OrderId::generate(),
            number: "ORD-0000-0000-0000".to_owned(),
            status,
            payment_status: PaymentStatus::Pending,
            total: Money::new(1, Currency::USD),
            item_count: 1,
            title: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_roll_up_counts_every_order_once_and_shows_the_latest_ten() {
        let mut rows: Vec<OrderRow> = (0..12).map(|_| row(OrderStatus::New)).collect();
        rows.push(row(OrderStatus::Shipped));
        let dashboard = roll_up(&rows, 3);
        assert_eq!(dashboard.orders.total, 13);
        let by_status = BTreeMap::from([(OrderStatus::New, 12), (OrderStatus::Shipped, 1)]);
        assert_eq!(dashboard.orders.by_status, by_status);
        assert_eq!(dashboard.notifications.unread, 3);
        let shown: Vec<&str> = dashboard
            .recent_activity
            .iter()
            .map(|a| a.reference.as_str())
            .collect();
        assert_eq!(
            shown,
            rows[..10]
                .iter()
                .map(|row| row.id.as_str())
                .collect::<Vec<_>>()
        );
    }
}
