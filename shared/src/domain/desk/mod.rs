//! The desk: what customers and an org's staff write to each other. A ticket is something to be solved, with a
//! number and a status; a conversation is talk.
//!
//! Both are a head in the customer's partition and a thread of messages beside it. What waits for staff is listed by
//! the org's queues, one for each status: an entry is there as long as its head has that status, written and removed
//! with it. What staff note for each other is kept outside of the customer's partition altogether.

mod conversation;
mod message;
mod queue;
mod ticket;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Code, Result};
use crate::ids::{CustomerId, OrgId, StaffId, ThreadId};
use crate::store::{Condition, CustomerScope, Entity, Item, Partition, Store, Stored, Write};

use queue::Place;

pub use conversation::{
    Conversation, ConversationStatus, LastMessage, NewMessage, Sent, StaffMessage, StaffThread, To,
    conversations, inbox, latest_first, mark, note, send, thread, thread_for_staff, write,
};
pub use message::{
    MOST_ATTACHMENTS, Message, MessageStatus, MessageView, Note, Window, attachments,
};
pub use queue::{QueuePage, Queued};
pub use ticket::{
    Amendment, Category, MOST_OPENED, NewTicket, Opened, Service, Ticket, TicketStatus, TicketView,
    amend, correspondence, find, get, notes, open, queue, serve,
};

/// How often a change is tried while others change the same thing.
const ATTEMPTS: u32 = 5;

/// Who wrote or did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// The customer.
    Customer,
    /// The org's staff.
    Staff,
}

/// How urgent something is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// It can wait.
    Low,
    /// As most things are.
    #[default]
    Normal,
    /// Before others.
    High,
    /// At once.
    Urgent,
}

/// A ticket's number or a conversation's id → whose it is, as stored.
#[derive(Debug, Serialize, Deserialize)]
struct Pointer {
    author: CustomerId,
}

impl Entity for Pointer {
    const TYPE: &'static str = "DeskPointer";
}

/// The write that names the owner of something new.
fn point(scope: &CustomerScope, of: &str) -> Write {
    let author = scope.customer().clone();
    Write::put(scope.org().desk_pointer_key(of), &Pointer { author }).when(Condition::Absent)
}

/// Whose a ticket or a conversation is. For staff of the org.
async fn owner(store: &Store, org: &OrgId, of: &str) -> Result<CustomerScope> {
    let pointer = store.find::<Pointer>(&org.desk_pointer_key(of)).await?;
    let pointer = pointer.ok_or(Code::NotFound)?.entity;
    Ok(CustomerScope::proved(org.clone(), pointer.author))
}

/// The writes that delete something from the desk, with its place in the queue: for the end of the account. What
/// staff noted about it is deleted by this already.
async fn erase(
    store: &Store,
    scope: &CustomerScope,
    place: Place,
    (of, thread): (&str, &ThreadId),
    head: Write,
) -> Result<Vec<Write>> {
    let org = scope.org();
    let notes = message::read_notes(store, org, thread, &Window::latest(usize::MAX)).await?;
    for note in &notes.items {
        store
            .write(Write::delete(org.note_key(&note.entity.id)))
            .await?;
    }
    Ok(vec![
        head,
        Write::delete(org.desk_pointer_key(of)),
        queue::leave(scope, place, of),
    ])
}

/// The writes that delete a ticket and its place in the queue; what staff noted about it is deleted by this already. Its
/// messages are items of their own.
pub async fn erase_ticket(
    store: &Store,
    scope: &CustomerScope,
    ticket: &Stored<Ticket>,
) -> Result<Vec<Write>> {
    let number = &ticket.entity.number;
    let head = Write::delete(scope.key(&Item::Ticket(number)));
    let head = head.when(Condition::eq("v", &ticket.version));
    let of = (number.as_str(), &ThreadId::from(number));
    erase(store, scope, ticket.entity.place(), of, head).await
}

/// The same of a conversation.
pub async fn erase_conversation(
    store: &Store,
    scope: &CustomerScope,
    conversation: &Stored<Conversation>,
) -> Result<Vec<Write>> {
    let id = &conversation.entity.id;
    let head = Write::delete(scope.key(&Item::Conversation(id)));
    let head = head.when(Condition::eq("v", &conversation.version));
    let of = (id.as_str(), &ThreadId::from(id));
    erase(store, scope, conversation.entity.place(), of, head).await
}

/// Holds a transaction to there being such a member of staff.
fn is_staff(org: &OrgId, staff: &StaffId) -> Write {
    Write::check(org.staff_key(staff), Condition::Present)
}
