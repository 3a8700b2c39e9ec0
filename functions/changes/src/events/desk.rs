//! What customers hear of their tickets and conversations. Staff have their queues.

use portico_shared::domain::desk::{Message, Party, Ticket, TicketStatus};
use portico_shared::queue::Job;
use portico_shared::store::Change;
use serde_json::json;

use super::job;

/// How much of a message its announcement shows, in characters.
const SHOWN: usize = 200;

/// A ticket was opened, or staff moved it along. That they wait for the customer is told by their reply.
pub(super) fn ticket(change: &Change) -> Option<Job> {
    let ticket = change.after::<Ticket>()?.entity;
    let event = match change.before::<Ticket>() {
        None => "ticket.created",
        Some(before)
            if before.entity.status != ticket.status
                && ticket.by == Party::Staff
                && ticket.status != TicketStatus::WaitingCustomer =>
        {
            "ticket.updated"
        }
        Some(_) => return None,
    };
    let data = json!({
        "ticketNumber": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status,
    });
    job(
        change,
        event.to_owned(),
        ticket.updated_at,
        None,
        None,
        data,
    )
}

/// Staff wrote.
pub(super) fn message(change: &Change) -> Option<Job> {
    let message = change.after::<Message>()?.entity;
    if message.from == Party::Customer || change.before::<Message>().is_some() {
        return None;
    }
    let event = match message.ticket {
        Some(_) => "ticket.replied",
        None => "message.created",
    };
    let data = json!({
        "ticketNumber": message.ticket,
        "conversationId": message.conversation,
        "messageId": message.id,
        "excerpt": message.text.chars().take(SHOWN).collect::<String>(),
    });
    job(
        change,
        event.to_owned(),
        message.created_at,
        None,
        None,
        data,
    )
}
