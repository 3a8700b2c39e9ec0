//! The keys of the desk: threads, queues, notes and devices.

use super::{HIDDEN, Item, Key, digest};
use crate::ids::{MessageId, OrgId, ThreadId};

/// What the sort keys of a queue's entries begin with.
pub(crate) const QUEUED: &str = "AT#";
/// What the sort keys of staff's notes begin with.
pub(crate) const NOTED: &str = "STAFFNOTE#";

/// A message's sort key: where a later read of its thread goes on.
pub(crate) fn message_position(id: &MessageId) -> String {
    Item::Message(id).sk()
}

/// A note's sort key.
pub(crate) fn note_position(id: &MessageId) -> String {
    format!("{NOTED}{id}")
}

/// What the sort keys of a thread's messages begin with.
pub(crate) fn messages_of(thread: &ThreadId) -> String {
    format!("{HIDDEN}MSG#msg_{}", thread.as_str())
}

impl OrgId {
    /// A ticket's number or a conversation's id → whose it is.
    pub(crate) fn desk_pointer_key(&self, of: &str) -> Key {
        Key {
            pk: format!("{self}#DESK#{of}"),
            sk: "OWNER".to_owned(),
        }
    }

    /// The partition of what waits at the desk in one status: `tickets`, `open`.
    pub(crate) fn desk_queue_pk(&self, kind: &str, status: &str) -> String {
        format!("{self}#QUEUE#{kind}#{status}")
    }

    /// One that waits there, since this time.
    pub(crate) fn desk_queue_key(
        &self,
        kind: &str,
        status: &str,
        since: jiff::Timestamp,
        of: &str,
    ) -> Key {
        Key {
            pk: self.desk_queue_pk(kind, status),
            // Milliseconds in 13 digits sort by time until the year 2286.
            sk: format!("{QUEUED}{:013}#{of}", since.as_millisecond()),
        }
    }

    /// The partition of what staff note about a thread. It is not the customer's: no read of a customer's
    /// partition comes upon a note.
    pub(crate) fn notes_pk(&self, thread: &ThreadId) -> String {
        format!("{self}#STAFFNOTES#{}", thread.as_str())
    }

    /// A note of staff's.
    pub(crate) fn note_key(&self, id: &MessageId) -> Key {
        Key {
            pk: self.notes_pk(&id.thread()),
            sk: note_position(id),
        }
    }

    /// A push token → the customer whose device has it.
    pub(crate) fn push_token_key(&self, token: &str) -> Key {
        Key {
            pk: format!("{self}#PUSHTOKEN#{}", digest(token)),
            sk: "OWNER".to_owned(),
        }
    }
}
