//! Messages, and what staff note for each other.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Party;
use crate::clock;
use crate::domain::file::{Attachment, AttachmentView, File};
use crate::error::{Code, Refusal, Result};
use crate::files::Files;
use crate::ids::{ConversationId, FileId, MessageId, OrgId, StaffId, ThreadId, TicketNumber};
use crate::store::{
    CustomerScope, Direction, Entity, Item, List, NOTED, Partition, Slice, Store, message_position,
    messages_of, note_position,
};

/// What became of a message, for who received it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    /// Not seen yet.
    Unread,
    /// Seen.
    Read,
    /// Put away.
    Archived,
}

/// A message, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The id.
    pub id: MessageId,
    /// The conversation that it belongs to, if it is not a ticket's.
    pub conversation: Option<ConversationId>,
    /// The ticket that it replies to.
    pub ticket: Option<TicketNumber>,
    /// Who wrote it.
    pub from: Party,
    /// Which member of staff that was.
    pub by: Option<StaffId>,
    /// What they wrote.
    pub text: String,
    /// Files of the customer's that go with it.
    pub attachments: Vec<Attachment>,
    /// What became of it.
    pub status: MessageStatus,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Entity for Message {
    const TYPE: &'static str = "Message";
}

impl Message {
    pub(super) fn in_conversation(id: &ConversationId, by: Option<&StaffId>, text: String) -> Self {
        let (thread, conversation) = (ThreadId::from(id), Some(id.clone()));
        let ticket = None;
        Self {
            conversation,
            ticket,
            ..Self::new(&thread, by, text)
        }
    }

    pub(super) fn on_ticket(number: &TicketNumber, by: Option<&StaffId>, text: String) -> Self {
        let (thread, ticket) = (ThreadId::from(number), Some(number.clone()));
        Self {
            ticket,
            ..Self::new(&thread, by, text)
        }
    }

    /// The message with files.
    pub(super) fn with(self, attachments: Vec<Attachment>) -> Self {
        Self {
            attachments,
            ..self
        }
    }

    fn new(thread: &ThreadId, by: Option<&StaffId>, text: String) -> Self {
        Self {
            id: MessageId::generate(thread),
            conversation: None,
            ticket: None,
            from: by.map_or(Party::Customer, |_| Party::Staff),
            by: by.cloned(),
            text,
            attachments: Vec::new(),
            status: MessageStatus::Unread,
            created_at: clock::now(),
        }
    }
}

/// What a member of staff noted, as stored. Kept outside of the customer's partition; a customer's function has no
/// way to its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// The id, at its place in the thread.
    pub id: MessageId,
    /// Who noted it.
    pub by: StaffId,
    /// What.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
}

impl Entity for Note {
    const TYPE: &'static str = "StaffNote";
}

impl Note {
    pub(super) fn new(thread: &ThreadId, by: &StaffId, text: String) -> Self {
        Self {
            id: MessageId::generate(thread),
            by: by.clone(),
            text,
            created_at: clock::now(),
        }
    }
}

/// A message as customers and staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "msg_06f1…", "conversationId": "cnv_06f1…", "from": "staff", "text": "It leaves us today.", "attachments": [],
    "status": "unread", "createdAt": "2026-05-04T09:30:00Z",
}))]
pub struct MessageView {
    /// The id.
    pub id: String,
    /// The conversation, unless it is a comment on a ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// Who wrote it.
    pub from: Party,
    /// What they wrote.
    pub text: String,
    /// Files that go with it.
    pub attachments: Vec<AttachmentView>,
    /// What became of it, for who received it.
    pub status: MessageStatus,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl MessageView {
    /// A message of this customer's, its files with links. Makes no call.
    pub async fn of(message: Message, files: &Files, scope: &CustomerScope) -> Result<Self> {
        Ok(Self {
            id: message.id.to_string(),
            conversation_id: message.conversation.map(|id| id.to_string()),
            from: message.from,
            text: message.text,
            attachments: shown(&message.attachments, files, scope).await?,
            status: message.status,
            created_at: message.created_at,
        })
    }

    /// The same of several.
    pub async fn of_all(
        messages: impl IntoIterator<Item = Message>,
        files: &Files,
        scope: &CustomerScope,
    ) -> Result<Vec<Self>> {
        let mut views = Vec::new();
        for message in messages {
            views.push(Self::of(message, files, scope).await?);
        }
        Ok(views)
    }
}

/// Files with links. Makes no call.
pub(super) async fn shown(
    attachments: &[Attachment],
    files: &Files,
    scope: &CustomerScope,
) -> Result<Vec<AttachmentView>> {
    let mut views = Vec::new();
    for attachment in attachments {
        views.push(attachment.view(files, scope).await?);
    }
    Ok(views)
}

/// How many files go with a message.
pub const MOST_ATTACHMENTS: usize = 10;

/// Files that the customer has and names. One round trip; none for none.
///
/// # Errors
///
/// `validation_failed` for one that they have not.
pub async fn attachments(
    store: &Store,
    scope: &CustomerScope,
    ids: &[String],
) -> Result<Vec<Attachment>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let unknown = |at: usize| {
        let refusal = Refusal::new(Code::ValidationFailed);
        refusal.at(
            format!("attachments[{at}]"),
            "is none of the customer's files",
        )
    };
    let mut keys = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        let id: FileId = id.parse().map_err(|_| unknown(at))?;
        keys.push(scope.key(&Item::File(&id)));
    }
    // The service refuses the same key twice.
    let mut once = Vec::new();
    for key in &keys {
        if !once.contains(key) {
            once.push(key.clone());
        }
    }
    let found = store.get_many::<File>(&once).await?;
    let mut attachments = Vec::new();
    for key in once {
        let at = keys.iter().position(|one| *one == key).unwrap_or_default();
        let file = found.get(attachments.len()).and_then(Option::as_ref);
        attachments.push(Attachment::from(&file.ok_or_else(|| unknown(at))?.entity));
    }
    Ok(attachments)
}

/// Which part of a thread is asked for: the newest of it, or what is before or after a message.
#[derive(Debug, Clone)]
pub struct Window {
    /// Older than this one, newest first.
    pub before: Option<MessageId>,
    /// Newer than this one, oldest first.
    pub after: Option<MessageId>,
    /// How many at the most.
    pub limit: usize,
}

impl Window {
    /// The latest messages.
    pub fn latest(limit: usize) -> Self {
        Self {
            before: None,
            after: None,
            limit,
        }
    }

    /// Which way it is read.
    pub fn direction(&self) -> Direction {
        if self.after.is_some() {
            Direction::Ascending
        } else {
            Direction::Descending
        }
    }

    /// Where it begins. A message of another thread is no place in this one.
    fn start(&self, thread: &ThreadId) -> Result<Option<&MessageId>> {
        let start = match (&self.before, &self.after) {
            (Some(_), Some(_)) => {
                let message = "only one of before and after can be asked for";
                return Err(Refusal::because(Code::InvalidQuery, message).into());
            }
            (before, after) => before.as_ref().or(after.as_ref()),
        };
        if start.is_some_and(|start| start.thread() != *thread) {
            let message = "before and after must name a message of this thread";
            return Err(Refusal::because(Code::InvalidQuery, message).into());
        }
        Ok(start)
    }
}

/// A part of a thread. One round trip.
pub(super) async fn read(
    store: &Store,
    scope: &CustomerScope,
    thread: &ThreadId,
    window: &Window,
) -> Result<Slice<Message>> {
    let start = window.start(thread)?.map(message_position);
    let prefix = messages_of(thread);
    let list = List::prefixed(&prefix)
        .direction(window.direction())
        .limit(window.limit)
        .after(start.as_deref());
    Ok(store.range(&scope.pk(), list).await?)
}

/// The same part of what staff noted. One round trip.
pub(super) async fn read_notes(
    store: &Store,
    org: &OrgId,
    thread: &ThreadId,
    window: &Window,
) -> Result<Slice<Note>> {
    let start = window.start(thread)?.map(note_position);
    let list = List::prefixed(NOTED)
        .direction(window.direction())
        .limit(window.limit)
        .after(start.as_deref());
    Ok(store.range(&org.notes_pk(thread), list).await?)
}
