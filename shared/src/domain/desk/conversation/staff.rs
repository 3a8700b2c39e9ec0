//! The staff's side of conversations.

use super::{
    Conversation, ConversationStatus, KIND, LastMessage, Message, SEND, Sent, made, received,
};
use crate::auth::Staff;
use crate::domain::desk::message::{self, Note, Window};
use crate::domain::desk::queue::{self, QueuePage, Queued};
use crate::domain::desk::{ATTEMPTS, Priority, is_staff, owner};
use crate::domain::idempotency::Once;
use crate::error::{Code, Refusal, Result};
use crate::ids::{ConversationId, CustomerId, OrgId, StaffId, ThreadId};
use crate::store::{
    Condition, CustomerScope, Direction, Item, Partition, Store, StoreError, Stored, Update, Write,
};

/// The org's conversations in one status. Two round trips.
pub async fn inbox(
    store: &Store,
    org: &OrgId,
    status: ConversationStatus,
    page: &QueuePage,
) -> Result<Queued<Conversation>> {
    queue::read(store, org, (KIND, status.as_str()), page, |scope, of| {
        let id = of.parse().ok()?;
        Some(scope.key(&Item::Conversation(&id)))
    })
    .await
}

/// A part of a conversation as staff see it.
#[derive(Debug)]
pub struct StaffThread {
    /// Whose it is.
    pub scope: CustomerScope,
    /// What was written.
    pub messages: Vec<Message>,
    /// What was noted meanwhile.
    pub notes: Vec<Note>,
    /// Whether there is more.
    pub more: bool,
}

/// A part of a conversation of the org, and of what staff noted meanwhile, and whether there is more. Three round
/// trips, two of them at the same time.
///
/// # Errors
///
/// `not_found`; `invalid_query` for a message of another conversation.
pub async fn thread_for_staff(
    store: &Store,
    staff: &Staff,
    conversation: &ConversationId,
    window: &Window,
) -> Result<StaffThread> {
    let scope = owner(store, &staff.org, conversation.as_str()).await?;
    let thread = ThreadId::from(conversation);
    let (messages, notes) = tokio::try_join!(
        message::read(store, &scope, &thread, window),
        message::read_notes(store, &staff.org, &thread, window),
    )?;
    let more = messages.more || notes.more;
    let (mut messages, mut notes) = (messages.into_entities(), notes.into_entities());
    // Of both together there are as many as of each: what lies behind the last of them is for the next part.
    let mut ids: Vec<_> = messages.iter().map(|message| &message.id).collect();
    ids.extend(notes.iter().map(|note| &note.id));
    ids.sort();
    if window.direction() == Direction::Descending {
        ids.reverse();
    }
    let more = if let Some(last) = ids.get(window.limit.saturating_sub(1)).copied().cloned() {
        let more = more || ids.len() > window.limit;
        let shown = |id: &crate::ids::MessageId| match window.direction() {
            Direction::Ascending => *id <= last,
            Direction::Descending => *id >= last,
        };
        messages.retain(|message| shown(&message.id));
        notes.retain(|note| shown(&note.id));
        more
    } else {
        more
    };
    Ok(StaffThread {
        scope,
        messages,
        notes,
        more,
    })
}

/// Notes something about a conversation, for staff alone. Two round trips. A note that was made before is the same
/// text by the same member of staff.
///
/// # Errors
///
/// `not_found`; `idempotency_key_reused`.
pub async fn note(
    store: &Store,
    staff: &Staff,
    conversation: &ConversationId,
    text: String,
    once: Option<&Once>,
) -> Result<Note> {
    let scope = owner(store, &staff.org, conversation.as_str()).await?;
    let note = Note::new(&ThreadId::from(conversation), &staff.id, text);
    let write = Write::put(staff.org.note_key(&note.id), &note);
    let Some(key) = once else {
        store.write(write).await?;
        return Ok(note);
    };
    let operation = format!("note-{}", staff.id);
    let writes = vec![write, key.write(&scope, &operation, note.id.as_str())];
    match store.transact(writes).await {
        Ok(()) => Ok(note),
        Err(StoreError::Cancelled(mut reasons)) => {
            let id = made(once, reasons.pop().flatten())?.ok_or(Code::Conflict)?;
            let id = id.parse().map_err(|_| Code::Conflict)?;
            Ok(Note { id, ..note })
        }
        Err(error) => Err(error.into()),
    }
}

/// Where staff write.
#[derive(Debug, Clone)]
pub enum To {
    /// In a conversation.
    Conversation(ConversationId),
    /// To a customer, in a new conversation about this.
    Customer(CustomerId, Option<String>),
}

/// What staff write. What is `None` stays.
#[derive(Debug, Clone)]
pub struct StaffMessage {
    /// Where.
    pub to: To,
    /// What.
    pub text: String,
    /// How far the conversation is then; `Pending` unless it is said.
    pub status: Option<ConversationStatus>,
    /// Who answers; `Some(None)` for nobody.
    pub assignee: Option<Option<StaffId>>,
    /// What it is sorted by.
    pub tags: Option<Vec<String>>,
    /// How urgent it is.
    pub priority: Option<Priority>,
}

impl StaffMessage {
    fn applied_to(&self, conversation: &mut Conversation, message: &Message) {
        let status = self.status.unwrap_or(ConversationStatus::Pending);
        if conversation.status != status {
            conversation.status = status;
            conversation.since = message.created_at;
        }
        if let Some(assignee) = &self.assignee {
            conversation.assignee.clone_from(assignee);
        }
        if let Some(tags) = &self.tags {
            conversation.tags.clone_from(tags);
        }
        conversation.priority = self.priority.unwrap_or(conversation.priority);
        conversation.last_message = LastMessage::from(message);
        conversation.updated_at = message.created_at;
    }

    fn new_assignee(&self) -> Option<&StaffId> {
        self.assignee.as_ref().and_then(Option::as_ref)
    }
}

/// Sends a message to a customer. Three round trips: whose the conversation is, the conversation, the transaction; to
/// a customer in a new conversation, the transaction alone.
///
/// # Errors
///
/// `not_found` for a conversation or a customer that the org has not; `validation_failed` for an assignee who is no
/// staff of the org; `idempotency_key_reused`; `conflict` while others keep writing there.
pub async fn write(
    store: &Store,
    staff: &Staff,
    new: &StaffMessage,
    once: Option<&Once>,
) -> Result<(CustomerScope, Sent)> {
    let scope = match &new.to {
        To::Conversation(id) => owner(store, &staff.org, id.as_str()).await?,
        // That there is such a customer is a condition of the transaction.
        To::Customer(customer, _) => CustomerScope::proved(staff.org.clone(), customer.clone()),
    };
    let operation = format!("{SEND}-{}", staff.id);
    for attempt in 0..ATTEMPTS {
        let (message, mut writes) = match &new.to {
            To::Conversation(id) => {
                let key = scope.key(&Item::Conversation(id));
                let before = match attempt {
                    0 => store.find::<Conversation>(&key).await?,
                    _ => store.get_consistent(&key).await?,
                };
                said(&scope, staff, new, &before.ok_or(Code::NotFound)?)
            }
            To::Customer(_, subject) => begun(&scope, staff, new, subject.clone()),
        };
        writes.extend(once.map(|once| once.write(&scope, &operation, message.id.as_str())));
        match store.transact(writes).await {
            Ok(()) => {
                let replayed = false;
                return Ok((scope, Sent { message, replayed }));
            }
            Err(StoreError::Cancelled(mut reasons)) => {
                if let Some(sent) = made(once, reasons.pop().flatten())? {
                    let id = sent.parse().map_err(|_| Code::NotFound)?;
                    let message = received(store, &scope, &id).await?;
                    let replayed = true;
                    return Ok((scope, Sent { message, replayed }));
                }
                let failed = |at: usize| reasons.get(at).is_some_and(Option::is_some);
                if matches!(new.to, To::Customer(..)) && failed(1) {
                    return Err(Code::NotFound.into());
                }
                if new.new_assignee().is_some() && failed(0) {
                    let refusal = Refusal::new(Code::ValidationFailed);
                    let message = "is nobody of the org's staff";
                    return Err(refusal.at("assignedTo", message).into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// What holds a transaction of staff's to the assignee being one of them, in its first place.
fn assigned(staff: &Staff, new: &StaffMessage) -> Write {
    // Whoever writes is known to be.
    is_staff(&staff.org, new.new_assignee().unwrap_or(&staff.id))
}

/// A message in a conversation that there is.
fn said(
    scope: &CustomerScope,
    staff: &Staff,
    new: &StaffMessage,
    before: &Stored<Conversation>,
) -> (Message, Vec<Write>) {
    let id = &before.entity.id;
    let message = Message::in_conversation(id, Some(&staff.id), new.text.clone());
    let mut after = before.entity.clone();
    new.applied_to(&mut after, &message);
    let update = Update::of::<Conversation>()
        .set("lastMessage", &after.last_message)
        .set("updatedAt", &after.updated_at)
        .set("status", &after.status)
        .set("since", &after.since)
        .set("assignee", &after.assignee)
        .set("tags", &after.tags)
        .set("priority", &after.priority)
        .set("unanswered", &0)
        .add("unread", 1);
    let key = scope.key(&Item::Conversation(id));
    let mut writes = Vec::new();
    writes.extend(new.new_assignee().map(|_| assigned(staff, new)));
    writes.push(Write::update(key, update).when(before.entity.is_in_its_place()));
    if after.status != before.entity.status {
        writes.push(queue::leave(scope, before.entity.place(), id.as_str()));
        writes.push(queue::enter(scope, after.place(), id.as_str()));
    }
    writes.push(Write::put(scope.key(&Item::Message(&message.id)), &message));
    (message, writes)
}

/// A message that begins a conversation.
fn begun(
    scope: &CustomerScope,
    staff: &Staff,
    new: &StaffMessage,
    subject: Option<String>,
) -> (Message, Vec<Write>) {
    let id = ConversationId::generate();
    let message = Message::in_conversation(&id, Some(&staff.id), new.text.clone());
    let mut conversation = Conversation::begun(scope, id, subject, &message);
    new.applied_to(&mut conversation, &message);
    let mut writes = vec![
        assigned(staff, new),
        Write::check(scope.key(&Item::Profile), Condition::Present),
    ];
    writes.extend(conversation.writes(scope, &message));
    (message, writes)
}
