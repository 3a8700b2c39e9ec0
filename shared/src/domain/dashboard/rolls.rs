//! What is counted: one line for each collection.

use super::Activity;
use crate::domain::desk::{Conversation, Ticket, TicketStatus};
use crate::domain::notification::Notification;
use crate::domain::order::{Order, OrderRow, OrderStatus};
use crate::domain::reservation::Reservation;
use crate::store::{AnyItem, Change, Collection, Entity, StoreError, Stored};

/// A collection that the dashboard counts.
#[derive(Debug)]
pub(super) struct Roll {
    /// What its counts are kept under.
    pub(super) name: &'static str,
    /// The rows that are counted.
    pub(super) collection: Collection,
    /// What a row adds.
    pub(super) read: fn(AnyItem) -> Result<Contribution, StoreError>,
    /// The type whose changes tell that a row was changed.
    told_by: &'static str,
    /// Whether such a change shows.
    shows: fn(&Change) -> bool,
}

/// Every collection that the dashboard counts.
pub(super) static ROLLS: [Roll; 5] = [
    roll::<OrderRow, Order>(ORDERS, Collection::OrderRows),
    roll::<Notification, Notification>(NOTIFICATIONS, Collection::Notifications),
    roll::<Ticket, Ticket>(TICKETS, Collection::Tickets),
    roll::<Conversation, Conversation>(MESSAGES, Collection::Conversations),
    roll::<Reservation, Reservation>(RESERVATIONS, Collection::Reservations),
];

pub(super) const ORDERS: &str = "orders";
pub(super) const TICKETS: &str = "tickets";
pub(super) const MESSAGES: &str = "messages";
pub(super) const NOTIFICATIONS: &str = "notifications";
pub(super) const RESERVATIONS: &str = "reservations";

/// Rows of type `R`, of whose changes items of type `T` with the same id tell: the row itself, or what it is a
/// row of.
const fn roll<R: Counted, T: Counted>(name: &'static str, collection: Collection) -> Roll {
    Roll {
        name,
        collection,
        read: |item| Ok(item.read::<R>()?.entity.contribution()),
        told_by: T::TYPE,
        shows: |change| {
            let of = |item: Option<Stored<T>>| item.map(|item| item.entity.contribution());
            let (before, after) = (of(change.before()), of(change.after()));
            // What counts for nothing is as good as not there.
            before.unwrap_or_default() != after.unwrap_or_default()
        },
    }
}

/// What an item adds to the dashboard.
trait Counted: Entity {
    fn contribution(&self) -> Contribution;
}

/// What one item adds to the dashboard.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Contribution {
    /// Under which names it counts, and how much.
    pub(super) counts: Vec<(String, u64)>,
    /// What it tells. It stays, so only items that are never deleted may tell anything.
    pub(super) activity: Option<Activity>,
}

/// A row that a change touched.
#[derive(Debug, Clone)]
pub struct Touched {
    pub(super) roll: &'static Roll,
    pub(super) id: String,
}

/// Which row of the dashboard's a change touched, if it shows there. That a mail was sent does not show.
pub fn touched(change: &Change) -> Option<Touched> {
    let kind = change.kind()?;
    let roll = ROLLS.iter().find(|roll| roll.told_by == kind)?;
    let id = change.id()?.to_owned();
    (roll.shows)(change).then_some(Touched { roll, id })
}

fn order(status: OrderStatus, id: &str, number: &str, at: jiff::Timestamp) -> Contribution {
    Contribution {
        counts: vec![(status.as_str().to_owned(), 1)],
        activity: Some(Activity {
            kind: "order".to_owned(),
            title: format!("Order {number}"),
            at,
            reference: id.to_owned(),
        }),
    }
}

impl Counted for OrderRow {
    fn contribution(&self) -> Contribution {
        order(self.status, self.id.as_str(), &self.number, self.created_at)
    }
}

impl Counted for Order {
    fn contribution(&self) -> Contribution {
        order(self.status, self.id.as_str(), &self.number, self.created_at)
    }
}

/// The name that what is unread counts under.
pub(super) const UNREAD: &str = "unread";

impl Counted for Notification {
    fn contribution(&self) -> Contribution {
        Contribution {
            counts: (!self.read)
                .then(|| (UNREAD.to_owned(), 1))
                .into_iter()
                .collect(),
            activity: None,
        }
    }
}

/// Under the time it begins at: what is upcoming is told when it is looked at.
impl Counted for Reservation {
    fn contribution(&self) -> Contribution {
        let stands = self.status.stands().then(|| (self.start.to_string(), 1));
        Contribution {
            counts: stands.into_iter().collect(),
            activity: Some(Activity {
                kind: "reservation".to_owned(),
                title: self.title.clone(),
                at: self.created_at,
                reference: self.id.to_string(),
            }),
        }
    }
}

impl Counted for Ticket {
    fn contribution(&self) -> Contribution {
        let pending = !matches!(self.status, TicketStatus::Resolved | TicketStatus::Closed);
        Contribution {
            counts: pending
                .then(|| (PENDING.to_owned(), 1))
                .into_iter()
                .collect(),
            activity: Some(Activity {
                kind: "ticket".to_owned(),
                title: self.subject.clone(),
                at: self.created_at,
                reference: self.number.to_string(),
            }),
        }
    }
}

/// A conversation counts the messages in it that are not read.
impl Counted for Conversation {
    fn contribution(&self) -> Contribution {
        let unread = u64::try_from(self.unread).unwrap_or(0);
        let counts = (unread > 0).then(|| (UNREAD.to_owned(), unread));
        Contribution {
            counts: counts.into_iter().collect(),
            activity: None,
        }
    }
}

/// The name that tickets count under which are not solved.
const PENDING: &str = "pending";
