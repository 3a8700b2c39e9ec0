//! What was written and noted, as the desk sees it.

use jiff::Timestamp;
use portico_shared::domain::desk::{Message, MessageView, Note};
use portico_shared::error::Result;
use portico_shared::files::Files;
use portico_shared::store::CustomerScope;
use serde::Serialize;
use utoipa::ToSchema;

/// A message, whoever wrote it.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "msg_06f1…", "conversationId": "cnv_06f1…", "from": "staff", "by": "usr_06f1…", "text": "It leaves us today.",
    "attachments": [], "status": "unread", "createdAt": "2026-05-04T09:30:00Z",
}))]
pub(crate) struct DeskMessage {
    #[serde(flatten)]
    message: MessageView,
    /// Which member of staff wrote it, if one did.
    by: Option<String>,
}

impl DeskMessage {
    /// A message of this customer's, its files with links. Makes no call.
    pub(crate) async fn of(message: Message, files: &Files, scope: &CustomerScope) -> Result<Self> {
        Ok(Self {
            by: message.by.as_ref().map(ToString::to_string),
            message: MessageView::of(message, files, scope).await?,
        })
    }

    /// The same of several.
    pub(crate) async fn of_all(
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

    pub(crate) fn id(&self) -> &str {
        &self.message.id
    }
}

/// What staff noted for each other.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoteView {
    pub(crate) id: String,
    /// Who noted it.
    by: String,
    text: String,
    /// Always: no customer sees it.
    is_internal_note: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self {
            id: note.id.to_string(),
            by: note.by.to_string(),
            text: note.text,
            is_internal_note: true,
            created_at: note.created_at,
        }
    }
}
