//! What staff do with a ticket.

use super::amend::unless_done;
use super::{Category, Change, Ticket, TicketStatus, current, get};
use crate::auth::Staff;
use crate::clock;
use crate::domain::desk::message::{Message, Note};
use crate::domain::desk::{ATTEMPTS, Party, Priority, is_staff};
use crate::domain::idempotency::Once;
use crate::error::{Code, Refusal, Result};
use crate::ids::{StaffId, ThreadId, TicketNumber};
use crate::store::{CustomerScope, Store, StoreError, Stored};

/// What staff change about a ticket. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// How far it is now.
    pub status: Option<TicketStatus>,
    /// Who is to solve it; `Some(None)` for nobody.
    pub assignee: Option<Option<StaffId>>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// What kind of thing it is about.
    pub category: Option<Category>,
    /// What the customer is answered.
    pub reply: Option<String>,
    /// What staff alone read.
    pub note: Option<String>,
}

/// The steps that staff can take.
fn may_become(from: TicketStatus, to: TicketStatus) -> bool {
    use TicketStatus::{Closed, InProgress, Open, Resolved, WaitingCustomer};
    match from {
        Open | InProgress | WaitingCustomer => true,
        Resolved => matches!(to, Open | InProgress | Resolved | Closed),
        Closed => matches!(to, Open | InProgress | Closed),
    }
}

fn refused(from: TicketStatus, to: TicketStatus) -> Refusal {
    let possible = TicketStatus::ALL.into_iter();
    let possible = possible.filter(|status| *status != from && may_become(from, *status));
    let possible: Vec<_> = possible.map(TicketStatus::as_str).collect();
    let message = format!(
        "a ticket that is {} cannot become {}; it can become {}",
        from.as_str(),
        to.as_str(),
        possible.join(", ")
    );
    Refusal::because(Code::IllegalTransition, message)
}

impl Service {
    /// The ticket as it is to be.
    fn applied_to(&self, before: &Ticket) -> Result<Ticket, Refusal> {
        let status = self.status.unwrap_or(before.status);
        if !may_become(before.status, status) {
            return Err(refused(before.status, status));
        }
        if self.reply.is_some() && status == TicketStatus::Closed && before.status == status {
            let message = "a ticket that is closed takes no replies; it can become open";
            return Err(Refusal::because(Code::IllegalTransition, message));
        }
        let mut after = before.clone();
        after.updated_at = clock::now();
        after.by = Party::Staff;
        after.put_into(status);
        if let Some(assignee) = &self.assignee {
            after.assignee.clone_from(assignee);
        }
        after.priority = self.priority.unwrap_or(before.priority);
        after.category = self.category.unwrap_or(before.category);
        Ok(after)
    }
}

/// Changes a ticket of the staff's org. Three round trips: whose it is, the ticket, the transaction.
///
/// # Errors
///
/// `not_found`; `illegal_transition`; `validation_failed` for an assignee who is no staff of the org;
/// `precondition_failed` when it is no longer at `version`; `idempotency_key_reused`; `conflict` while others keep
/// changing it.
pub async fn serve(
    store: &Store,
    staff: &Staff,
    number: &TicketNumber,
    service: &Service,
    version: Option<u64>,
    once: Option<&Once>,
) -> Result<(CustomerScope, Stored<Ticket>)> {
    let (scope, mut before) = get(store, staff, number).await?;
    // The record is kept with the customer's things, where each member of staff has keys of their own.
    let operation = format!("serve-{}", staff.id);
    for _ in 0..ATTEMPTS {
        if version.is_some_and(|version| version != before.version) {
            before = current(store, &scope, number, true).await?;
        }
        let after = if version.is_none_or(|version| version == before.version) {
            service.applied_to(&before.entity)
        } else {
            Err(Refusal::new(Code::PreconditionFailed))
        };
        let after = match after {
            Ok(after) => after,
            Err(refusal) => {
                let ticket = unless_done(store, &scope, &operation, once, before, refusal).await?;
                return Ok((scope, ticket));
            }
        };
        let assignee = service.assignee.as_ref().and_then(Option::as_ref);
        let text = service.reply.clone();
        let note = service.note.clone();
        let change = Change {
            comment: text.map(|text| Message::on_ticket(number, Some(&staff.id), text)),
            note: note.map(|note| Note::new(&ThreadId::from(number), &staff.id, note)),
            once: once.map(|once| once.write(&scope, &operation, number.as_str())),
        };
        let mut writes = change.writes(&scope, &before, &after);
        writes.splice(
            0..0,
            assignee.map(|assignee| is_staff(&staff.org, assignee)),
        );
        match store.transact(writes).await {
            Ok(()) => {
                let version = before.version + 1;
                let entity = after;
                return Ok((scope, Stored { entity, version }));
            }
            Err(StoreError::Cancelled(mut reasons)) => {
                let done = super::made(once, reasons.pop().flatten())?.is_some();
                let unknown = assignee.is_some() && reasons.first().is_some_and(Option::is_some);
                before = current(store, &scope, number, true).await?;
                if done {
                    return Ok((scope, before));
                }
                if unknown {
                    let refusal = Refusal::new(Code::ValidationFailed);
                    let message = "is nobody of the org's staff";
                    return Err(refusal.at("assignee", message).into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}
