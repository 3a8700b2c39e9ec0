//! What customers do with their tickets.

use jiff::{SignedDuration, Timestamp};

use super::{Change, Message, Ticket, TicketStatus, current, made};
use crate::clock;
use crate::domain::desk::{ATTEMPTS, Party};
use crate::domain::file::Attachment;
use crate::domain::idempotency::Once;
use crate::error::{Code, Refusal, Result};
use crate::ids::TicketNumber;
use crate::store::{CustomerScope, Store, StoreError, Stored};

/// The operation that a customer's change is, for its key.
const AMEND: &str = "amend";
/// How long after it was solved a customer can take a ticket up again.
const REOPENED_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What a customer changes about a ticket.
#[derive(Debug, Clone)]
pub struct Amendment {
    /// What they add.
    pub comment: Option<String>,
    /// Files of theirs that go with the comment.
    pub attachments: Vec<Attachment>,
    /// `Open` takes it up again, `Closed` ends it.
    pub status: Option<TicketStatus>,
}

impl Amendment {
    /// The status that the ticket has afterwards.
    fn status_of(&self, ticket: &Ticket, now: Timestamp) -> Result<TicketStatus, Refusal> {
        use TicketStatus::{Closed, InProgress, Open, Resolved, WaitingCustomer};
        let refused = |message: &str| Err(Refusal::because(Code::IllegalTransition, message));
        match (self.status, ticket.status) {
            (Some(Closed), Closed) if self.comment.is_some() => {
                refused("a ticket that is closed takes no comments; it can become open")
            }
            (Some(Closed), _) => Ok(Closed),
            (Some(Open), Resolved | Closed) => {
                if now.duration_since(ticket.since) > REOPENED_WITHIN {
                    return refused("a ticket can be taken up again for 14 days; open a new one");
                }
                Ok(Open)
            }
            (Some(Open), Open) => Ok(Open),
            (Some(status), from) => {
                let (status, from) = (status.as_str(), from.as_str());
                let message =
                    format!("a ticket that is {from} cannot become {status}; it can become closed");
                refused(&message)
            }
            (None, Closed) => {
                refused("a ticket that is closed takes no comments; it can become open")
            }
            // The answer that staff waited for.
            (None, WaitingCustomer) => Ok(InProgress),
            (None, same) => Ok(same),
        }
    }
}

/// Changes one of the customer's tickets. Two round trips: the ticket, and the transaction.
///
/// # Errors
///
/// `not_found`; `illegal_transition`; `precondition_failed` when it is no longer at `version`;
/// `idempotency_key_reused`; `conflict` while others keep changing it.
pub async fn amend(
    store: &Store,
    scope: &CustomerScope,
    number: &TicketNumber,
    amendment: &Amendment,
    version: Option<u64>,
    once: Option<&Once>,
) -> Result<Stored<Ticket>> {
    for attempt in 0..ATTEMPTS {
        let before = current(store, scope, number, attempt > 0 || version.is_some()).await?;
        let mut after = before.entity.clone();
        after.updated_at = clock::now();
        after.by = Party::Customer;
        let comment = amendment.comment.clone();
        let status = if version.is_none_or(|version| version == before.version) {
            amendment.status_of(&before.entity, after.updated_at)
        } else {
            Err(Refusal::new(Code::PreconditionFailed))
        };
        match status {
            Ok(status) => after.put_into(status),
            Err(refusal) => return unless_done(store, scope, AMEND, once, before, refusal).await,
        }
        if after.status == before.entity.status && comment.is_none() {
            return Ok(before);
        }
        let change = Change {
            comment: comment.map(|text| {
                let comment = Message::on_ticket(number, None, text);
                comment.with(amendment.attachments.clone())
            }),
            note: None,
            once: once.map(|once| once.write(scope, AMEND, number.as_str())),
        };
        match store.transact(change.writes(scope, &before, &after)).await {
            Ok(()) => {
                let version = before.version + 1;
                let entity = after;
                return Ok(Stored { entity, version });
            }
            Err(StoreError::Cancelled(mut reasons)) => {
                if made(once, reasons.pop().flatten())?.is_some() {
                    return current(store, scope, number, true).await;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// Refuses a change, unless it is refused because it was made already.
pub(super) async fn unless_done(
    store: &Store,
    scope: &CustomerScope,
    operation: &str,
    once: Option<&Once>,
    ticket: Stored<Ticket>,
    refusal: Refusal,
) -> Result<Stored<Ticket>> {
    match once {
        Some(once) if once.look(store, scope, operation).await?.is_some() => Ok(ticket),
        _ => Err(refusal.into()),
    }
}
