//! Conversations with the org's staff.

use axum::extract::State;
use axum::response::Response;
use garde::Validate;
use jiff::Timestamp;
use portico_shared::domain::desk::{
    self, Conversation, ConversationStatus, LastMessage, MessageStatus, MessageView, NewMessage,
    Priority, Window,
};
use portico_shared::error::Code;
use portico_shared::http::{
    App, Body, Customer, Failure, Idempotent, Json, Page, PageParams, PageQuery, Path, Problem,
    Query, Routes,
};
use portico_shared::ids::{ConversationId, MessageId};
use portico_shared::operations;
use portico_shared::store::Partition;
use portico_shared::text::{line, lines};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::tickets::{created, once};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        list_messages,
        list_conversations,
        send_message,
        mark_message
    )
}

/// How many a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// A conversation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "cnv_06f1…", "channel": "chat", "parties": ["cus_06f1…"], "contactId": "cus_06f1…", "subject": "My order",
    "lastMessage": {"id": "msg_06f1…", "text": "It leaves us today.", "from": "staff", "createdAt": "2026-05-04T09:30:00Z"},
    "unreadCount": 1, "status": "pending", "assignedTo": null, "tags": [], "priority": "normal",
    "createdAt": "2026-05-04T09:00:00Z", "updatedAt": "2026-05-04T09:30:00Z",
}))]
pub(crate) struct ConversationView {
    id: String,
    /// How it is held: always `chat`.
    channel: &'static str,
    /// Who takes part: the customer, and the member of staff who answers if there is one.
    parties: Vec<String>,
    /// The customer.
    contact_id: String,
    subject: Option<String>,
    last_message: LastMessage,
    /// How many messages of staff's are not read.
    unread_count: i64,
    status: ConversationStatus,
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

impl From<Conversation> for ConversationView {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id.to_string(),
            channel: "chat",
            parties: conversation.parties(),
            contact_id: conversation.author.to_string(),
            subject: conversation.subject,
            last_message: conversation.last_message,
            unread_count: conversation.unread,
            status: conversation.status,
            assigned_to: conversation.assignee.map(|assignee| assignee.to_string()),
            tags: conversation.tags,
            priority: conversation.priority,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

/// Which part of a conversation is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct ThreadQuery {
    /// Which conversation.
    #[param(example = "cnv_06f1k3q8c9s7r2m4v5n6p7t8w9")]
    conversation_id: String,
    /// The messages before this one, newest first.
    before: Option<String>,
    /// The messages after this one, oldest first.
    after: Option<String>,
}

/// A part of a conversation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Thread {
    data: Vec<MessageView>,
    /// Whether there are more, further the way that was asked for.
    has_next: bool,
}

/// A message to staff.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"text": "When will it come?", "subject": "My order"}))]
struct MessageInput {
    /// Which conversation; a new one without.
    #[garde(inner(length(max = 64)))]
    conversation_id: Option<String>,
    /// What a new conversation is about.
    #[garde(inner(length(chars, min = 1, max = 200), custom(line)))]
    subject: Option<String>,
    #[garde(length(chars, min = 1, max = 5000), custom(lines))]
    text: String,
    /// Ids of files of one's own that go with it.
    #[serde(default)]
    #[garde(length(max = desk::MOST_ATTACHMENTS), inner(length(max = 64)))]
    attachments: Vec<String>,
}

/// Messages of a conversation, newest first unless `after` is asked for.
#[utoipa::path(
    get, path = "/client-data/messages", tag = "client-data", security(("customer" = [])),
    params(ThreadQuery, ("pageSize" = Option<i64>, Query, description = "messages at the most, 1 to 200", example = 20)),
    responses((status = OK, body = Thread), (status = "4XX", body = Problem)),
)]
async fn list_messages(
    State(app): State<App>,
    customer: Customer,
    params: PageParams,
    Query(query): Query<ThreadQuery>,
) -> Result<Json<Thread>, Failure> {
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
    let slice = desk::thread(&app.store, &customer.scope, &conversation, &window).await?;
    Ok(Json(Thread {
        has_next: slice.more,
        data: MessageView::of_all(slice.into_entities(), &app.files, &customer.scope).await?,
    }))
}

/// Conversations, the one that was written to last first.
#[utoipa::path(
    get, path = "/client-data/conversations", tag = "client-data", security(("customer" = [])),
    params(PageQuery),
    responses((status = OK, body = Page<ConversationView>), (status = "4XX", body = Problem)),
)]
async fn list_conversations(
    State(app): State<App>,
    customer: Customer,
    params: PageParams,
) -> Result<Json<Page<ConversationView>>, Failure> {
    let page_size = params.size_or(PAGE_SIZE);
    let list = format!("{}|conversations", customer.scope.pk());
    // The order is by the last message and not the table's: a cursor is a count.
    let skip = match params.position(&app, &customer.org.id, &list)? {
        Some(count) => count.parse().map_err(|_| Code::InvalidCursor)?,
        None => params.skip(page_size),
    };
    let mut all = desk::conversations(&app.store, &customer.scope).await?;
    if params.direction == portico_shared::store::Direction::Ascending {
        all.reverse();
    }
    let total = all.len();
    let data = all.into_iter().skip(skip).take(page_size);
    let data: Vec<_> = data.map(ConversationView::from).collect();
    let end = skip + data.len();
    let has_next = end < total;
    Ok(Json(Page {
        total: Some(total),
        page: params.page,
        page_size,
        has_next,
        next: has_next.then(|| params.cursor(&app, &customer.org.id, &list, &end.to_string())),
        data,
    }))
}

/// Writes to staff, in a conversation or a new one. Sent again with the same `Idempotency-Key` within a week, it
/// answers the message that there is.
#[utoipa::path(
    post, path = "/client-data/messages", tag = "client-data", security(("customer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters of the client's choice", example = "7f8b2c1e")),
    request_body = MessageInput,
    responses((status = CREATED, body = MessageView), (status = "4XX", body = Problem)),
)]
async fn send_message(
    State(app): State<App>,
    customer: Customer,
    key: Option<Idempotent>,
    Body(input): Body<MessageInput>,
) -> Result<Response, Failure> {
    let scope = &customer.scope;
    let once = once(key, &input)?;
    let conversation = input.conversation_id.as_deref().map(str::parse).transpose();
    let new = NewMessage {
        conversation: conversation.map_err(|_| Code::NotFound)?,
        subject: input.subject,
        text: input.text,
        attachments: desk::attachments(&app.store, scope, &input.attachments).await?,
    };
    let sent = desk::send(&app.store, scope, new, once.as_ref()).await?;
    let view = MessageView::of(sent.message, &app.files, scope).await?;
    Ok(created(view, sent.replayed))
}

/// What a recipient does with a message.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mark {
    Read,
    Archived,
}

/// Marks a message of staff's as read, or puts it away: from unread to read to archived, and not back.
#[utoipa::path(
    put, path = "/client-data/messages/{messageId}/status/{status}", tag = "client-data", security(("customer" = [])),
    params(
        ("messageId" = String, Path, example = "msg_06f1k3q8c9s7r2m4v5n6p7t8w906f1k3q8c9s7r2m4v5n6p7t8w9"),
        ("status" = String, Path, description = "`read` or `archived`", example = "read"),
    ),
    responses((status = OK, body = MessageView), (status = "4XX", body = Problem)),
)]
async fn mark_message(
    State(app): State<App>,
    customer: Customer,
    Path((id, mark)): Path<(MessageId, Mark)>,
) -> Result<Json<MessageView>, Failure> {
    let status = match mark {
        Mark::Read => MessageStatus::Read,
        Mark::Archived => MessageStatus::Archived,
    };
    let message = desk::mark(&app.store, &customer.scope, &id, status).await?;
    let view = MessageView::of(message, &app.files, &customer.scope);
    Ok(Json(view.await?))
}
