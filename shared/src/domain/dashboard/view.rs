//! The dashboard as it is answered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::rolls::{MESSAGES, NOTIFICATIONS, ORDERS, RESERVATIONS, TICKETS, UNREAD};
use super::{Activity, Counts, RollUp};
use crate::money::Decimal;

/// What a portal's landing page shows.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "orders": {"total": 1, "byStatus": {"new": 1}}, "tickets": {"pending": 0}, "messages": {"unread": 0},
    "notifications": {"unread": 1}, "wallet": null, "reservations": {"upcoming": 0},
    "recentActivity": [{"type": "order", "title": "Order ORD-7K3M-9XQ2-AB4D", "at": "2026-05-04T09:30:00Z", "ref": "ord_06f1…"}],
}))]
pub struct Dashboard {
    /// Orders.
    pub orders: OrderCounts,
    /// Support tickets.
    pub tickets: TicketCounts,
    /// Messages of staff.
    pub messages: MessageCounts,
    /// Notifications.
    pub notifications: NotificationCounts,
    /// The wallet; null for a customer who has none.
    pub wallet: Option<Wallet>,
    /// Reservations.
    pub reservations: ReservationCounts,
    /// What happened last, newest first, at most ten.
    pub recent_activity: Vec<Activity>,
}

/// How many orders there are.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCounts {
    /// In all.
    pub total: u64,
    /// By status; a status without orders is absent.
    pub by_status: BTreeMap<String, u64>,
}

/// How many tickets there are.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TicketCounts {
    /// Neither resolved nor closed.
    pub pending: u64,
}

/// How many messages there are.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MessageCounts {
    /// Not read yet.
    pub unread: u64,
}

/// How many notifications there are.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NotificationCounts {
    /// Not read yet.
    pub unread: u64,
}

/// What a wallet holds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Wallet {
    /// What can be spent.
    pub balance: Decimal,
    /// ISO 4217.
    pub currency: String,
}

/// How many reservations there are.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReservationCounts {
    /// That begin after this moment.
    pub upcoming: u64,
}

impl Dashboard {
    pub(super) fn of(roll_up: RollUp, now: Timestamp) -> Self {
        let total = |name: &str| {
            let mut total = Counts::new();
            let segments = roll_up.tallies.get(name);
            for (name, amount) in segments.into_iter().flat_map(BTreeMap::values).flatten() {
                *total.entry(name.clone()).or_default() += amount;
            }
            total
        };
        let unread = |name| total(name).get(UNREAD).copied().unwrap_or(0);
        let by_status = total(ORDERS);
        // They count under the time they begin at.
        let begins = |at: &str| at.parse::<Timestamp>().is_ok_and(|at| at > now);
        let reservations = total(RESERVATIONS);
        let upcoming = reservations.iter().filter(|(at, _)| begins(at));
        Self {
            orders: OrderCounts {
                total: by_status.values().sum(),
                by_status,
            },
            tickets: TicketCounts {
                pending: total(TICKETS).values().sum(),
            },
            messages: MessageCounts {
                unread: unread(MESSAGES),
            },
            notifications: NotificationCounts {
                unread: unread(NOTIFICATIONS),
            },
            wallet: None,
            reservations: ReservationCounts {
                upcoming: upcoming.map(|(_, count)| count).sum(),
            },
            recent_activity: roll_up.recent_activity,
        }
    }
}
