//! Tickets: what a customer wants solved, and how far that is.

mod amend;
mod serve;
mod view;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::message::{self, Message, Note, Window};
use super::queue::{self, Place, QueuePage, Queued};
use super::{ATTEMPTS, Party, Priority, owner, point};
use crate::auth::{Limit, Staff};
use crate::clock;
use crate::domain::file::{self, Area, Attachment, Cabinet, Upload};
use crate::domain::idempotency::Once;
use crate::error::{Code, Error, Refusal, Result};
use crate::ids::{CustomerId, OrgId, StaffId, ThreadId, TicketNumber};
use crate::store::{
    Condition, CustomerScope, Entity, Found, Item, Partition, Slice, Store, StoreError, Stored,
    Update, Write,
};

pub use amend::{Amendment, amend};
pub use serve::{Service, serve};
pub use view::TicketView;

/// The queues' name.
const KIND: &str = "tickets";
/// How many a customer may open within a quarter of an hour. Each is confirmed by mail, to an address that a guest
/// need not have proved.
pub const MOST_OPENED: u32 = 20;
/// How far a ticket is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TicketStatus {
    /// Nobody has begun.
    Open,
    /// Staff are at it.
    InProgress,
    /// The customer is to answer.
    WaitingCustomer,
    /// Staff think that it is solved.
    Resolved,
    /// It is over.
    Closed,
}

impl TicketStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::InProgress,
        Self::WaitingCustomer,
        Self::Resolved,
        Self::Closed,
    ];

    /// The status as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in-progress",
            Self::WaitingCustomer => "waiting-customer",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// Whether somebody still has to do something.
    pub fn is_pending(self) -> bool {
        !matches!(self, Self::Resolved | Self::Closed)
    }
}

/// What a ticket is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Nothing of the others.
    #[default]
    General,
    /// An order.
    Order,
    /// How something was sent.
    Delivery,
    /// Sending something back.
    Return,
    /// Paying, and being paid back.
    Payment,
    /// A product.
    Product,
    /// The account.
    Account,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::General,
        Self::Order,
        Self::Delivery,
        Self::Return,
        Self::Payment,
        Self::Product,
        Self::Account,
    ];
}

/// A ticket without its replies, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// The number.
    pub number: TicketNumber,
    /// Whose it is.
    pub author: CustomerId,
    /// What it is about, in a line.
    pub subject: String,
    /// What it is about.
    pub description: String,
    /// How urgent it is.
    pub priority: Priority,
    /// What kind of thing it is about.
    pub category: Category,
    /// How far it is.
    pub status: TicketStatus,
    /// Since when it is that far: its place in the queue.
    pub since: Timestamp,
    /// Who changed it last.
    pub by: Party,
    /// Who is to solve it.
    pub assignee: Option<StaffId>,
    /// Files that show what it is about.
    pub attachments: Vec<Attachment>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed or was replied to.
    pub updated_at: Timestamp,
}

impl Entity for Ticket {
    const TYPE: &'static str = "Ticket";
}

impl Ticket {
    pub(super) fn place(&self) -> Place {
        Place {
            kind: KIND,
            status: self.status.as_str(),
            since: self.since,
        }
    }

    /// Gives it a status, at its own place in that one's queue.
    fn put_into(&mut self, status: TicketStatus) {
        if self.status != status {
            self.status = status;
            self.since = self.updated_at;
        }
    }
}

/// What a customer wants solved.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// A line.
    pub subject: String,
    /// A text.
    pub description: String,
    /// How urgent it is.
    pub priority: Priority,
    /// What kind of thing it is about.
    pub category: Category,
    /// Files of the customer's that show it.
    pub attachments: Vec<Attachment>,
}

/// A ticket that was made.
#[derive(Debug)]
pub struct Opened {
    /// The ticket.
    pub ticket: Stored<Ticket>,
    /// Whether an earlier request with the same key made it.
    pub replayed: bool,
}

/// Makes a ticket. One round trip; with files, first one to S3 for each.
///
/// # Errors
///
/// `rate_limited` after [`MOST_OPENED`] within a quarter of an hour; `idempotency_key_reused`; of the files, as
/// [`file::attach`].
pub async fn open(
    cabinet: Cabinet<'_>,
    new: &NewTicket,
    files: &[Upload],
    once: Option<&Once>,
) -> Result<Opened> {
    const OPERATION: &str = "ticket";
    let Cabinet { store, scope, .. } = cabinet;
    let limit = Limit::in_window(
        scope.org(),
        OPERATION,
        scope.customer().as_str(),
        MOST_OPENED,
    );
    for _ in 0..ATTEMPTS {
        let mut ticket = opened(scope, new);
        let writes = |kept: &[Attachment]| {
            let number = ticket.number.as_str();
            let mut ticket = ticket.clone();
            ticket.attachments.extend_from_slice(kept);
            let key = scope.key(&Item::Ticket(&ticket.number));
            let mut writes = vec![
                point(scope, number),
                Write::put(key, &ticket).when(Condition::Absent),
                queue::enter(scope, ticket.place(), number),
                limit.count(),
            ];
            writes.extend(once.map(|once| once.write(scope, OPERATION, number)));
            Ok(writes)
        };
        match file::attach(cabinet, Area::Tickets, files.to_vec(), writes).await {
            Ok(kept) => {
                ticket.attachments.extend(kept);
                let (entity, version) = (ticket, 1);
                let ticket = Stored { entity, version };
                let replayed = false;
                return Ok(Opened { ticket, replayed });
            }
            Err(Error::Store(StoreError::Cancelled(mut reasons))) => {
                let before = once.and_then(|_| reasons.pop().flatten());
                if let Some(number) = made(once, before)? {
                    let number = number.parse().map_err(|_| Code::NotFound)?;
                    let ticket = current(store, scope, &number, true).await?;
                    let replayed = true;
                    return Ok(Opened { ticket, replayed });
                }
                if reasons.pop().flatten().is_some() {
                    return Err(limit.reached().into());
                }
                // The number was taken within this second: another one is not.
            }
            Err(error) => return Err(error),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// A new ticket with a number of its own.
fn opened(scope: &CustomerScope, new: &NewTicket) -> Ticket {
    let now = clock::now();
    Ticket {
        number: TicketNumber::generate(),
        author: scope.customer().clone(),
        subject: new.subject.clone(),
        description: new.description.clone(),
        priority: new.priority,
        category: new.category,
        status: TicketStatus::Open,
        since: now,
        by: Party::Customer,
        assignee: None,
        attachments: new.attachments.clone(),
        created_at: now,
        updated_at: now,
    }
}

/// What the same request made before, if that is what a transaction met.
pub(super) fn made(once: Option<&Once>, found: Option<Found>) -> Result<Option<String>> {
    match (once, found) {
        (Some(once), Some(found)) => once.made(found).map(Some),
        _ => Ok(None),
    }
}

/// One of the customer's tickets, without its replies. One round trip.
pub async fn find(
    store: &Store,
    scope: &CustomerScope,
    number: &TicketNumber,
) -> Result<Stored<Ticket>> {
    store
        .find(&scope.key(&Item::Ticket(number)))
        .await?
        .ok_or(Code::NotFound.into())
}

/// How many replies are shown with a ticket: the latest.
const SHOWN: usize = 200;

/// What was written to a ticket, newest first. One round trip.
pub async fn correspondence(
    store: &Store,
    scope: &CustomerScope,
    number: &TicketNumber,
) -> Result<Slice<Message>> {
    let window = Window::latest(SHOWN);
    message::read(store, scope, &ThreadId::from(number), &window).await
}

/// A ticket of the org, and whose it is. For staff. Two round trips.
pub async fn get(
    store: &Store,
    staff: &Staff,
    number: &TicketNumber,
) -> Result<(CustomerScope, Stored<Ticket>)> {
    let scope = owner(store, &staff.org, number.as_str()).await?;
    let ticket = find(store, &scope, number).await?;
    Ok((scope, ticket))
}

/// What staff noted about a ticket, newest first. One round trip.
pub async fn notes(store: &Store, staff: &Staff, number: &TicketNumber) -> Result<Slice<Note>> {
    let window = Window::latest(SHOWN);
    message::read_notes(store, &staff.org, &ThreadId::from(number), &window).await
}

/// The org's tickets in one status. For staff. Two round trips.
pub async fn queue(
    store: &Store,
    org: &OrgId,
    status: TicketStatus,
    page: &QueuePage,
) -> Result<Queued<Ticket>> {
    queue::read(store, org, (KIND, status.as_str()), page, |scope, of| {
        let number = of.parse().ok()?;
        Some(scope.key(&Item::Ticket(&number)))
    })
    .await
}

async fn current(
    store: &Store,
    scope: &CustomerScope,
    number: &TicketNumber,
    consistent: bool,
) -> Result<Stored<Ticket>> {
    if !consistent {
        return find(store, scope, number).await;
    }
    let key = scope.key(&Item::Ticket(number));
    store
        .get_consistent(&key)
        .await?
        .ok_or(Code::NotFound.into())
}

/// A change and what is written with it.
struct Change {
    comment: Option<Message>,
    note: Option<Note>,
    /// Last, so that it is known by its place what it met.
    once: Option<Write>,
}

impl Change {
    fn writes(self, scope: &CustomerScope, before: &Stored<Ticket>, after: &Ticket) -> Vec<Write> {
        let number = after.number.as_str();
        let update = Update::of::<Ticket>()
            .set("status", &after.status)
            .set("since", &after.since)
            .set("by", &after.by)
            .set("assignee", &after.assignee)
            .set("priority", &after.priority)
            .set("category", &after.category)
            .set("updatedAt", &after.updated_at);
        let key = scope.key(&Item::Ticket(&after.number));
        let mut writes = vec![Write::update(key, update).when(Condition::eq("v", &before.version))];
        if after.status != before.entity.status {
            writes.push(queue::leave(scope, before.entity.place(), number));
            writes.push(queue::enter(scope, after.place(), number));
        }
        writes.extend(
            (self.comment.iter())
                .map(|comment| Write::put(scope.key(&Item::Message(&comment.id)), comment)),
        );
        writes.extend(
            (self.note.iter()).map(|note| Write::put(scope.org().note_key(&note.id), note)),
        );
        writes.extend(self.once);
        writes
    }
}
