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
use crate::ids::{CustomerId, OrgId, StaffId};
use crate::store::{Condition, CustomerScope, Entity, Store, Write};

pub use conversation::{
    Conversation, ConversationStatus, LastMessage, NewMessage, Sent, StaffMessage, StaffThread, To,
    conversations, inbox, mark, note, send, thread, thread_for_staff, write,
};
pub use message::{
    MOST_ATTACHMENTS, Message, MessageStatus, MessageView, Note, Window, attachments,
};
pub use queue::{QueuePage, Queued};
pub use ticket::{
    Amendment, Category, NewTicket, Opened, Service, Ticket, TicketStatus, TicketView, amend,
    correspondence, find, get, notes, open, queue, serve,
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

/// Holds a transaction to there being such a member of staff.
fn is_staff(org: &OrgId, staff: &StaffId) -> Write {
    Write::check(org.staff_key(staff), Condition::Present)
}
