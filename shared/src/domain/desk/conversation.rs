//! Conversations: a customer and staff, message by message.

mod staff;

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::message::{self, Message, MessageStatus, Window};
use super::queue::{self, Place};
use super::ticket::made;
use super::{ATTEMPTS, Party, Priority, point};
use crate::domain::file::Attachment;
use crate::domain::idempotency::Once;
use crate::error::{Code, Refusal, Result};
use crate::ids::{ConversationId, CustomerId, MessageId, StaffId, ThreadId};
use crate::store::{
    Collection, Condition, CustomerScope, Entity, Item, List, Partition, Slice, Store, StoreError,
    Stored, Update, Write,
};

pub use staff::{StaffMessage, StaffThread, To, inbox, note, thread_for_staff, write};

/// The queues' name.
const KIND: &str = "conversations";
/// The operation that sending is, for its key.
const SEND: &str = "message";
/// How much of the last message a conversation shows, in characters.
const SHOWN: usize = 200;

/// How far a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConversationStatus {
    /// Staff are to answer.
    Open,
    /// The customer is to answer, if they like.
    Pending,
    /// It is over, until somebody writes again.
    Closed,
    /// Staff will come back to it.
    Snoozed,
}

impl ConversationStatus {
    /// The status as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Closed => "closed",
            Self::Snoozed => "snoozed",
        }
    }
}

/// The last message of a conversation, as far as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastMessage {
    /// The id.
    #[schema(value_type = String)]
    pub id: MessageId,
    /// Its first 200 characters.
    pub text: String,
    /// Who wrote it.
    pub from: Party,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<&Message> for LastMessage {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.clone(),
            text: message.text.chars().take(SHOWN).collect(),
            from: message.from,
            created_at: message.created_at,
        }
    }
}

/// A conversation without its messages, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// The id.
    pub id: ConversationId,
    /// Whose it is.
    pub author: CustomerId,
    /// What it is about, if anybody said.
    pub subject: Option<String>,
    /// What was written last.
    pub last_message: LastMessage,
    /// How many messages of staff's the customer has not read.
    pub unread: i64,
    /// How many messages the customer wrote since staff last did.
    pub unanswered: i64,
    /// How far it is.
    pub status: ConversationStatus,
    /// Since when it is that far: its place in the inbox.
    pub since: Timestamp,
    /// Who answers.
    pub assignee: Option<StaffId>,
    /// What staff sort it by.
    pub tags: Vec<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it began.
    pub created_at: Timestamp,
    /// When the last message came.
    pub updated_at: Timestamp,
}

impl Entity for Conversation {
    const TYPE: &'static str = "Conversation";
}

impl Conversation {
    /// One that begins with this message.
    fn begun(
        scope: &CustomerScope,
        id: ConversationId,
        subject: Option<String>,
        first: &Message,
    ) -> Self {
        let by_staff = first.from == Party::Staff;
        Self {
            id,
            author: scope.customer().clone(),
            subject,
            last_message: first.into(),
            unread: i64::from(by_staff),
            unanswered: i64::from(!by_staff),
            status: if by_staff {
                ConversationStatus::Pending
            } else {
                ConversationStatus::Open
            },
            since: first.created_at,
            assignee: None,
            tags: Vec::new(),
            priority: Priority::Normal,
            created_at: first.created_at,
            updated_at: first.created_at,
        }
    }

    /// Who takes part: the customer, and the member of staff who answers if there is one.
    pub fn parties(&self) -> Vec<String> {
        let assignee = self.assignee.iter().map(ToString::to_string);
        std::iter::once(self.author.to_string())
            .chain(assignee)
            .collect()
    }

    pub(super) fn place(&self) -> Place {
        Place {
            kind: KIND,
            status: self.status.as_str(),
            since: self.since,
        }
    }

    /// The condition that it is where it was. Who writes at the same moment and leaves it there is in nobody's way.
    fn is_in_its_place(&self) -> Condition {
        Condition::All(vec![
            Condition::eq("status", &self.status),
            Condition::eq("since", &self.since),
        ])
    }

    /// The writes that make it: its head, whose it is, its place in the inbox.
    fn writes(&self, scope: &CustomerScope, first: &Message) -> Vec<Write> {
        let id = self.id.as_str();
        vec![
            point(scope, id),
            Write::put(scope.key(&Item::Conversation(&self.id)), self).when(Condition::Absent),
            queue::enter(scope, self.place(), id),
            Write::put(scope.key(&Item::Message(&first.id)), first),
        ]
    }
}

/// The customer's conversations, the one that was written to last first. One round trip for each megabyte, some
/// fifteen hundred conversations.
pub async fn conversations(store: &Store, scope: &CustomerScope) -> Result<Vec<Conversation>> {
    let list = List::of(Collection::Conversations);
    Ok(latest_first(store.list(scope, list).await?.into_entities()))
}

/// Conversations in the order that they are listed in.
pub fn latest_first(mut all: Vec<Conversation>) -> Vec<Conversation> {
    all.sort_by_key(|conversation| Reverse(conversation.updated_at));
    all
}

/// A part of one of the customer's conversations. One round trip, unless there is nothing of it: then one more tells
/// whether there is such a conversation.
///
/// # Errors
///
/// `not_found`; `invalid_query` for a message of another conversation.
pub async fn thread(
    store: &Store,
    scope: &CustomerScope,
    conversation: &ConversationId,
    window: &Window,
) -> Result<Slice<Message>> {
    let slice = message::read(store, scope, &ThreadId::from(conversation), window).await?;
    if slice.items.is_empty() {
        let key = scope.key(&Item::Conversation(conversation));
        let head = store.find::<Conversation>(&key).await?;
        head.ok_or(Code::NotFound)?;
    }
    Ok(slice)
}

/// What a customer writes.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Where; a new conversation if there is none.
    pub conversation: Option<ConversationId>,
    /// What a new conversation is about.
    pub subject: Option<String>,
    /// What they write.
    pub text: String,
    /// Files of theirs that go with it.
    pub attachments: Vec<Attachment>,
}

/// A message that was sent.
#[derive(Debug)]
pub struct Sent {
    /// The message.
    pub message: Message,
    /// Whether an earlier request with the same key sent it.
    pub replayed: bool,
}

/// Sends a customer's message. One round trip; two where staff were not the ones to answer.
///
/// # Errors
///
/// `not_found` for a conversation that is not the customer's; `idempotency_key_reused`; `conflict` while others keep
/// writing there.
pub async fn send(
    store: &Store,
    scope: &CustomerScope,
    new: NewMessage,
    once: Option<&Once>,
) -> Result<Sent> {
    let mut known: Option<Stored<Conversation>> = None;
    for _ in 0..ATTEMPTS {
        let id = new.conversation.clone();
        let id = id.unwrap_or_else(ConversationId::generate);
        let message = Message::in_conversation(&id, None, new.text.clone());
        let message = message.with(new.attachments.clone());
        let mut writes = if new.conversation.is_some() {
            let mut writes = heard(scope, &id, &message, known.as_ref());
            writes.push(Write::put(scope.key(&Item::Message(&message.id)), &message));
            writes
        } else {
            let subject = new.subject.clone();
            Conversation::begun(scope, id, subject, &message).writes(scope, &message)
        };
        writes.extend(once.map(|once| once.write(scope, SEND, message.id.as_str())));
        match store.transact(writes).await {
            Ok(()) => {
                let replayed = false;
                return Ok(Sent { message, replayed });
            }
            Err(StoreError::Cancelled(mut reasons)) => {
                if let Some(sent) = made(once, reasons.pop().flatten())? {
                    let id = sent.parse().map_err(|_| Code::NotFound)?;
                    let message = received(store, scope, &id).await?;
                    let replayed = true;
                    return Ok(Sent { message, replayed });
                }
                let head = reasons.into_iter().next().flatten();
                if let Some(found) = head.filter(|_| new.conversation.is_some()) {
                    known = Some(found.read()?.ok_or(Code::NotFound)?);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// The writes by which a conversation takes a customer's message. Most wait for staff already; one that does not is
/// known by then, and becomes one that does.
fn heard(
    scope: &CustomerScope,
    id: &ConversationId,
    message: &Message,
    known: Option<&Stored<Conversation>>,
) -> Vec<Write> {
    let key = scope.key(&Item::Conversation(id));
    let update = Update::of::<Conversation>()
        .set("lastMessage", &LastMessage::from(message))
        .set("updatedAt", &message.created_at)
        .add("unanswered", 1);
    let open = Condition::eq("status", &ConversationStatus::Open);
    let Some(known) = known.filter(|known| known.entity.status != ConversationStatus::Open) else {
        return vec![Write::update(key, update).when(open)];
    };
    let (status, since) = (ConversationStatus::Open, message.created_at);
    let place = Place {
        status: status.as_str(),
        since,
        ..known.entity.place()
    };
    let update = update.set("status", &status).set("since", &since);
    vec![
        Write::update(key, update).when(known.entity.is_in_its_place()),
        queue::leave(scope, known.entity.place(), id.as_str()),
        queue::enter(scope, place, id.as_str()),
    ]
}

async fn received(store: &Store, scope: &CustomerScope, id: &MessageId) -> Result<Message> {
    let key = scope.key(&Item::Message(id));
    let message = store.get_consistent::<Message>(&key).await?;
    Ok(message.ok_or(Code::NotFound)?.entity)
}

/// Says what became of a message that the customer received. Two round trips: the message, and the write; one where
/// that is so already.
///
/// # Errors
///
/// `not_found`; `recipient_required` for a message of the customer's own; `illegal_transition` on a way back;
/// `conflict` while others keep changing it.
pub async fn mark(
    store: &Store,
    scope: &CustomerScope,
    id: &MessageId,
    status: MessageStatus,
) -> Result<Message> {
    let key = scope.key(&Item::Message(id));
    for attempt in 0..ATTEMPTS {
        let message = match attempt {
            0 => store.find::<Message>(&key).await?,
            _ => store.get_consistent(&key).await?,
        };
        let mut message = message.ok_or(Code::NotFound)?.entity;
        let conversation = message.conversation.clone().ok_or(Code::NotFound)?;
        if message.from == Party::Customer {
            return Err(Code::RecipientRequired.into());
        }
        if message.status == status {
            return Ok(message);
        }
        if message.status > status {
            let text = "a message goes from unread to read to archived, and not back";
            return Err(Refusal::because(Code::IllegalTransition, text).into());
        }
        let update = Update::of::<Message>().set("status", &status);
        let as_it_was = Condition::eq("status", &message.status);
        let marked = Write::update(key.clone(), update).when(as_it_was);
        let written = if message.status == MessageStatus::Unread {
            let head = scope.key(&Item::Conversation(&conversation));
            let one_less = Update::of::<Conversation>().add("unread", -1);
            let one_less = Write::update(head, one_less).when(Condition::Present);
            store.transact(vec![marked, one_less]).await
        } else {
            store.write(marked).await.map(|_| ())
        };
        match written {
            Ok(()) => {
                message.status = status;
                return Ok(message);
            }
            Err(StoreError::Cancelled(_) | StoreError::ConditionFailed(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}
