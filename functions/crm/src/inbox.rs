//! The inbox: conversations with the org's customers.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use garde::Validate;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use portico_shared::domain::desk::{
    self, Conversation, ConversationStatus, LastMessage, Priority, StaffMessage, To, Window,
};
use portico_shared::domain::idempotency::Once;
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::http::{
    App, Body, Failure, Idempotent, Json, Page, PageParams, PageQuery, Patch, Problem, Query,
    Routes, StaffMember,
};
use portico_shared::ids::{ConversationId, MessageId, StaffId};
use portico_shared::operations;
use portico_shared::text::{line, lines};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::messages::{DeskMessage, NoteView};
use crate::queues;
use crate::tickets::assignee;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_inbox, read_conversation, create_message)
}

/// How many messages a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// A conversation as the desk sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "cnv_06f1…", "channel": "chat", "parties": ["cus_06f1…"], "contactId": "cus_06f1…", "subject": "My order",
    "lastMessage": {"id": "msg_06f1…", "text": "When will it come?", "from": "customer", "createdAt": "2026-05-04T09:30:00Z"},
    "unansweredCount": 1, "status": "open", "since": "2026-05-04T09:30:00Z", "assignedTo": null, "tags": [],
    "priority": "normal", "createdAt": "2026-05-04T09:30:00Z", "updatedAt": "2026-05-04T09:30:00Z",
}))]
struct InboxConversation {
    id: String,
    /// How it is held: always `chat`.
    channel: &'static str,
    /// Who takes part: the customer, and the member of staff who answers if there is one.
    parties: Vec<String>,
    /// The customer.
    contact_id: String,
    subject: Option<String>,
    last_message: LastMessage,
    /// How many messages the customer wrote since staff last did.
    unanswered_count: i64,
    status: ConversationStatus,
    /// Since when it has its status.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The member of staff who answers.
    assigned_to: Option<String>,
    tags: Vec<String>,
    priority: Priority,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the last message came.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Conversation> for InboxConversation {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id.to_string(),
            channel: "chat",
            parties: conversation.parties(),
            contact_id: conversation.author.to_string(),
            subject: conversation.subject,
            last_message: conversation.last_message,
            unanswered_count: conversation.unanswered,
            status: conversation.status,
            since: conversation.since,
            assigned_to: conversation.assignee.map(|assignee| assignee.to_string()),
            tags: conversation.tags,
            priority: conversation.priority,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

/// Which conversations are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InboxQuery {
    /// Those that are this far; `open` unless it is said.
    #[param(inline, example = "open")]
    status: Option<ConversationStatus>,
}

/// Which part of a conversation is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct InboxThreadQuery {
    /// Which conversation.
    #[param(example = "cnv_06f1k3q8c9s7r2m4v5n6p7t8w9")]
    conversation_id: String,
    /// What was written before this one, newest first.
    before: Option<String>,
    /// What was written after this one, oldest first.
    after: Option<String>,
}

/// A message, or a note that no customer sees.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!({
    "id": "msg_06f1…", "by": "usr_06f1…", "text": "The third one this week.", "isInternalNote": true,
    "createdAt": "2026-05-04T09:30:00Z",
}))]
enum Written {
    Message(DeskMessage),
    Note(NoteView),
}

impl Written {
    fn id(&self) -> &str {
        match self {
            Self::Message(message) => message.id(),
            Self::Note(note) => &note.id,
        }
    }
}

/// A part of a conversation, with what staff noted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InboxThread {
    data: Vec<Written>,
    /// Whether there are more, further the way that was asked for.
    has_next: bool,
}

/// A message to a customer, or a note for staff.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"conversationId": "cnv_06f1k3q8c9s7r2m4v5n6p7t8w9", "text": "It leaves us today.", "isInternalNote": false}))]
struct ChatMessage {
    /// Which conversation.
    #[garde(inner(length(max = 64)))]
    conversation_id: Option<String>,
    /// Without a conversation: with whom a new one begins.
    #[garde(inner(length(max = 64)))]
    contact_id: Option<String>,
    /// What a new conversation is about.
    #[garde(inner(length(chars, min = 1, max = 200), custom(line)))]
    subject: Option<String>,
    #[garde(length(chars, min = 1, max = 5000), custom(lines))]
    text: String,
    /// Whether it is for staff alone; then nothing else of the conversation changes.
    #[serde(default)]
    #[garde(skip)]
    is_internal_note: bool,
    /// How far the conversation is then; `pending` unless it is said.
    #[garde(skip)]
    status: Option<ConversationStatus>,
    /// Who answers; null for nobody.
    #[serde(default)]
    #[garde(inner(length(max = 64)))]
    #[schema(value_type = Option<String>)]
    assigned_to: Patch<String>,
    #[garde(inner(
        length(max = 20),
        inner(length(chars, min = 1, max = 50), custom(line))
    ))]
    tags: Option<Vec<String>>,
    #[garde(skip)]
    priority: Option<Priority>,
}

impl ChatMessage {
    fn to(&self) -> Result<To, Refusal> {
        match (&self.conversation_id, &self.contact_id) {
            (Some(id), None) => {
                let id = id.parse().map_err(|_| Refusal::new(Code::NotFound))?;
                Ok(To::Conversation(id))
            }
            (None, Some(id)) => {
                let id = id.parse().map_err(|_| Refusal::new(Code::NotFound))?;
                Ok(To::Customer(id, self.subject.clone()))
            }
            _ => {
                let refusal = Refusal::new(Code::ValidationFailed);
                let message = "either it or contactId must be there";
                Err(refusal.at("conversationId", message))
            }
        }
    }
}

/// Conversations in one status, the one that came into it last first; with `order=asc`, what has waited longest.
#[utoipa::path(
    get, path = "/crm/inbox/conversations", tag = "crm", security(("staff" = [])),
    params(PageQuery, InboxQuery),
    responses((status = OK, body = Page<InboxConversation>), (status = "4XX", body = Problem)),
)]
async fn list_inbox(
    State(app): State<App>,
    member: StaffMember,
    params: PageParams,
    Query(query): Query<InboxQuery>,
) -> Result<Json<Page<InboxConversation>>, Failure> {
    member.must_serve_customers()?;
    let status = query.status.unwrap_or(ConversationStatus::Open);
    let list = format!("conversations|{}", status.as_str());
    let queued = queues::page(&app, &member.org, &params, &list, async |page| {
        desk::inbox(&app.store, &member.org.id, status, &page).await
    });
    let mut page = queued.await?;
    let data = std::mem::take(&mut page.data).into_iter();
    let data = data.map(|(_, conversation)| conversation.into()).collect();
    Ok(Json(page.showing(data)))
}

/// What was written and noted in a conversation, newest first unless `after` is asked for.
#[utoipa::path(
    get, path = "/crm/inbox/messages", tag = "crm", security(("staff" = [])),
    params(InboxThreadQuery, ("pageSize" = Option<i64>, Query, description = "messages at the most, 1 to 200", example = 20)),
    responses((status = OK, body = InboxThread), (status = "4XX", body = Problem)),
)]
async fn read_conversation(
    State(app): State<App>,
    member: StaffMember,
    params: PageParams,
    Query(query): Query<InboxThreadQuery>,
) -> Result<Json<InboxThread>, Failure> {
    member.must_serve_customers()?;
    let conversation: ConversationId = query.conversation_id.parse().map_err(|_| Code::NotFound)?;
    let message = |id: Option<String>| {
        let id: Option<Result<MessageId, _>> = id.map(|id| id.parse());
        id.transpose().map_err(|_| Code::InvalidQuery)
    };
    let window = Window {
        before: message(query.before)?,
        after: message(query.after)?,
        limit: params.size_or(PAGE_SIZE),
    };
    let read = desk::thread_for_staff(&app.store, &member.staff, &conversation, &window);
    let read = read.await?;
    let has_next = read.more;
    let messages = DeskMessage::of_all(read.messages, &app.files, &read.scope).await?;
    let notes = read.notes.into_iter().map(NoteView::from);
    let mut data: Vec<Written> = (messages.into_iter().map(Written::Message))
        .chain(notes.map(Written::Note))
        .collect();
    data.sort_by(|one, other| one.id().cmp(other.id()));
    if window.direction() == portico_shared::store::Direction::Descending {
        data.reverse();
    }
    Ok(Json(InboxThread { data, has_next }))
}

/// Writes to a customer, in a conversation or a new one, or notes something for staff. Sent again with the same
/// `Idempotency-Key` within a week, a message is not sent twice.
#[utoipa::path(
    post, path = "/crm/chat-message/create", tag = "crm", security(("staff" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters of the client's choice", example = "7f8b2c1e")),
    request_body = ChatMessage,
    responses((status = CREATED, body = Written), (status = "4XX", body = Problem)),
)]
async fn create_message(
    State(app): State<App>,
    member: StaffMember,
    key: Option<Idempotent>,
    Body(input): Body<ChatMessage>,
) -> Result<Response, Failure> {
    member.must_serve_customers()?;
    let once = key
        .map(|Idempotent(key)| Once::new(key, &input))
        .transpose()?;
    let to = input.to().map_err(portico_shared::error::Error::from)?;
    if input.is_internal_note {
        let To::Conversation(conversation) = to else {
            let refusal = Refusal::new(Code::ValidationFailed);
            let refusal = refusal.at("conversationId", "a note belongs to a conversation");
            return Err(portico_shared::error::Error::from(refusal).into());
        };
        let (store, staff) = (&app.store, &member.staff);
        let note = desk::note(store, staff, &conversation, input.text, once.as_ref()).await?;
        return Ok((StatusCode::CREATED, Json(NoteView::from(note))).into_response());
    }
    let assignee = assignee(&input.assigned_to, "assignedTo");
    let assignee = assignee.map_err(portico_shared::error::Error::from)?;
    let new = StaffMessage {
        to,
        text: input.text,
        status: input.status,
        assignee: assignee.as_change().map(Option::<&StaffId>::cloned),
        tags: input.tags,
        priority: input.priority,
    };
    let (scope, sent) = desk::write(&app.store, &member.staff, &new, once.as_ref()).await?;
    let view = Json(DeskMessage::of(sent.message, &app.files, &scope).await?);
    let mut response = (StatusCode::CREATED, view).into_response();
    if sent.replayed {
        let name = HeaderName::from_static("idempotent-replayed");
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static("true"));
    }
    Ok(response)
}
