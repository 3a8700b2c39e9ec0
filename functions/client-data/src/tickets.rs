//! The customer's support tickets.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use garde::Validate;
use http::{HeaderName, HeaderValue, StatusCode};
use portico_shared::domain::desk::{
    self, Amendment, Category, MessageView, NewTicket, Priority, Ticket, TicketStatus, TicketView,
};
use portico_shared::domain::file::{Attachment, Cabinet, Upload};
use portico_shared::domain::idempotency::Once;
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::files::Files;
use portico_shared::http::{
    App, Body, Customer, Failure, Form, Idempotent, IfMatch, Json, Page, PageParams, PageQuery,
    Path, Problem, Query, Routes, etag,
};
use portico_shared::ids::TicketNumber;
use portico_shared::operations;
use portico_shared::store::{Collection, CustomerScope, Stored};
use portico_shared::text::{line, lines};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::lists::{self, Shown};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        list_tickets,
        get_ticket,
        open_ticket,
        open_ticket_with_attachments,
        amend_ticket
    )
}

/// Which tickets are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TicketQuery {
    /// Only those that are this far.
    #[param(inline, example = "open")]
    status: Option<TicketStatus>,
}

/// A ticket with what was written to it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TicketThread {
    #[serde(flatten)]
    ticket: TicketView,
    /// Comments and replies, oldest first; the latest two hundred.
    comments: Vec<MessageView>,
    /// Whether there are older ones.
    has_earlier: bool,
}

/// What is to be solved.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[schema(example = json!({
    "subject": "The mug has a crack", "description": "It arrived like this.", "priority": "normal", "category": "order",
}))]
struct TicketInput {
    #[garde(length(chars, min = 1, max = 200), custom(line))]
    subject: String,
    #[garde(length(chars, min = 1, max = 5000), custom(lines))]
    description: String,
    #[serde(default)]
    #[garde(skip)]
    priority: Priority,
    #[serde(default)]
    #[garde(skip)]
    category: Category,
    /// Ids of files of one's own that show it.
    #[serde(default)]
    #[garde(length(max = desk::MOST_ATTACHMENTS), inner(length(max = 64)))]
    attachments: Vec<String>,
}

/// The same as texts of a form.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
struct TicketForm {
    #[garde(length(chars, min = 1, max = 200), custom(line))]
    subject: String,
    #[garde(length(chars, min = 1, max = 5000), custom(lines))]
    description: String,
    #[serde(default)]
    #[garde(skip)]
    priority: Priority,
    #[serde(default)]
    #[garde(skip)]
    category: Category,
    /// Up to ten files, each a part of its own.
    #[serde(skip_deserializing)]
    #[garde(skip)]
    #[schema(format = Binary)]
    files: Vec<String>,
}

/// What a customer can do with a ticket's status.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum CustomersStatus {
    /// Takes it up again, within 14 days.
    Open,
    /// Ends it.
    Closed,
}

/// A comment, another status, or both.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"number": "TKT-1SJ7-G4QX-M0RV", "comment": "Here is a photo.", "status": "open"}))]
struct TicketPatch {
    /// Which ticket.
    #[garde(length(max = 64))]
    number: String,
    #[garde(inner(length(chars, min = 1, max = 5000), custom(lines)))]
    comment: Option<String>,
    /// Ids of files of one's own that go with the comment.
    #[serde(default)]
    #[garde(length(max = desk::MOST_ATTACHMENTS), inner(length(max = 64)))]
    attachments: Vec<String>,
    #[garde(skip)]
    status: Option<CustomersStatus>,
    // What only staff change, and what nobody changes: refused by name rather than ignored.
    #[garde(skip)]
    #[schema(ignore)]
    assignee: Option<Value>,
    #[garde(skip)]
    #[schema(ignore)]
    priority: Option<Value>,
    #[garde(skip)]
    #[schema(ignore)]
    category: Option<Value>,
    #[garde(skip)]
    #[schema(ignore)]
    subject: Option<Value>,
    #[garde(skip)]
    #[schema(ignore)]
    description: Option<Value>,
}

impl TicketPatch {
    fn amendment(&self, attachments: Vec<Attachment>) -> Result<Amendment, Refusal> {
        let sent = |members: [(&'static str, &Option<Value>); 3], message, refusal: Refusal| {
            let there = members.into_iter().filter(|(_, value)| value.is_some());
            there.fold(refusal, |refusal, (name, _)| refusal.at(name, message))
        };
        let members = [
            ("assignee", &self.assignee),
            ("priority", &self.priority),
            ("category", &self.category),
        ];
        let refusal = sent(
            members,
            "is changed by staff",
            Refusal::new(Code::StaffOnly),
        );
        if !refusal.details.is_empty() {
            return Err(refusal);
        }
        let members = [
            ("subject", &self.subject),
            ("description", &self.description),
            ("", &None),
        ];
        let message = "stays as it was written; add a comment";
        let refusal = sent(members, message, Refusal::new(Code::ValidationFailed));
        if !refusal.details.is_empty() {
            return Err(refusal);
        }
        if self.comment.is_none() && self.status.is_none() {
            let refusal = Refusal::new(Code::ValidationFailed);
            return Err(refusal.at("comment", "is missing, and so is status"));
        }
        if self.comment.is_none() && !attachments.is_empty() {
            let refusal = Refusal::new(Code::ValidationFailed);
            return Err(refusal.at("attachments", "go with a comment"));
        }
        Ok(Amendment {
            comment: self.comment.clone(),
            attachments,
            status: self.status.map(|status| match status {
                CustomersStatus::Open => TicketStatus::Open,
                CustomersStatus::Closed => TicketStatus::Closed,
            }),
        })
    }
}

/// What makes a request one that is done once, if it has a key.
pub(crate) fn once(key: Option<Idempotent>, request: &impl Serialize) -> Result<Option<Once>> {
    key.map(|Idempotent(key)| Once::new(key, request))
        .transpose()
}

/// What was made, and whether by an earlier request.
pub(crate) fn created(body: impl Serialize, replayed: bool) -> Response {
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    if replayed {
        let name = HeaderName::from_static("idempotent-replayed");
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static("true"));
    }
    response
}

/// One's tickets, newest first.
#[utoipa::path(
    get, path = "/client-data/tickets", tag = "client-data", security(("customer" = [])),
    params(PageQuery, TicketQuery),
    responses((status = OK, body = Page<TicketView>), (status = "4XX", body = Problem)),
)]
async fn list_tickets(
    State(app): State<App>,
    customer: Customer,
    params: PageParams,
    Query(query): Query<TicketQuery>,
) -> Result<Json<Page<TicketView>>, Failure> {
    let filter = |ticket: &Ticket| query.status.is_none_or(|status| status == ticket.status);
    let name = query.status.map_or("", TicketStatus::as_str);
    let shown = Shown {
        collection: Collection::Tickets,
        name: &format!("tickets|{name}"),
        filter: query.status.is_some().then_some(&filter as _),
    };
    let mut page: Page<Ticket> = lists::page(&app, &customer, &params, shown).await?;
    let tickets = std::mem::take(&mut page.data);
    let data = views(tickets, &app.files, &customer.scope).await?;
    Ok(Json(page.showing(data)))
}

/// Tickets as they are listed.
pub(crate) async fn views(
    tickets: Vec<Ticket>,
    files: &Files,
    scope: &CustomerScope,
) -> Result<Vec<TicketView>> {
    let mut views = Vec::new();
    for ticket in tickets {
        views.push(TicketView::of(ticket, files, scope).await?);
    }
    Ok(views)
}

/// A ticket with its comments, and its version as `ETag`.
#[utoipa::path(
    get, path = "/client-data/tickets/{ticketNumber}", tag = "client-data", security(("customer" = [])),
    params(("ticketNumber" = String, Path, example = "TKT-1SJ7-G4QX-M0RV")),
    responses((status = OK, body = TicketThread), (status = "4XX", body = Problem)),
)]
async fn get_ticket(
    State(app): State<App>,
    customer: Customer,
    Path(number): Path<TicketNumber>,
) -> Result<impl IntoResponse, Failure> {
    let scope = &customer.scope;
    let (ticket, comments) = tokio::try_join!(
        desk::find(&app.store, scope, &number),
        desk::correspondence(&app.store, scope, &number),
    )?;
    let has_earlier = comments.more;
    let comments = comments.into_entities().into_iter().rev();
    let thread = TicketThread {
        ticket: TicketView::of(ticket.entity, &app.files, scope).await?,
        comments: MessageView::of_all(comments, &app.files, scope).await?,
        has_earlier,
    };
    Ok((etag(ticket.version), Json(thread)))
}

/// Opens a ticket. Sent again with the same `Idempotency-Key` within a week, it answers the ticket that there is.
#[utoipa::path(
    post, path = "/client-data/tickets", tag = "client-data", security(("customer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters of the client's choice", example = "7f8b2c1e")),
    request_body = TicketInput,
    responses((status = CREATED, body = TicketView), (status = "4XX", body = Problem)),
)]
async fn open_ticket(
    State(app): State<App>,
    customer: Customer,
    key: Option<Idempotent>,
    Body(input): Body<TicketInput>,
) -> Result<Response, Failure> {
    let once = once(key, &input)?;
    let named = desk::attachments(&app.store, &customer.scope, &input.attachments);
    let new = NewTicket {
        attachments: named.await?,
        subject: input.subject,
        description: input.description,
        priority: input.priority,
        category: input.category,
    };
    opened(&app, &customer, &new, &[], once.as_ref()).await
}

/// Opens a ticket with files, up to ten and 4.5 MB together. Sent again with the same `Idempotency-Key` within a week,
/// it answers the ticket that there is.
#[utoipa::path(
    post, path = "/client-data/tickets/with-attachments", tag = "client-data", security(("customer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters of the client's choice", example = "7f8b2c1e")),
    request_body(content = TicketForm, content_type = "multipart/form-data"),
    responses((status = CREATED, body = TicketView), (status = "4XX", body = Problem)),
)]
async fn open_ticket_with_attachments(
    State(app): State<App>,
    customer: Customer,
    key: Option<Idempotent>,
    form: Form,
) -> Result<Response, Failure> {
    let mut input: TicketForm = form.input()?;
    let files = form.into_files(desk::MOST_ATTACHMENTS)?;
    // What tells the request from another with the same key.
    let told = |file: &Upload| format!("{} {:?}", file.content.len(), file.name);
    input.files = files.iter().map(told).collect();
    let once = once(key, &input)?;
    let new = NewTicket {
        subject: input.subject,
        description: input.description,
        priority: input.priority,
        category: input.category,
        attachments: Vec::new(),
    };
    opened(&app, &customer, &new, &files, once.as_ref()).await
}

async fn opened(
    app: &App,
    customer: &Customer,
    new: &NewTicket,
    files: &[Upload],
    once: Option<&Once>,
) -> Result<Response, Failure> {
    let cabinet = Cabinet {
        store: &app.store,
        files: &app.files,
        scope: &customer.scope,
        limits: customer.org.config.files,
    };
    let opened = desk::open(cabinet, new, files, once).await?;
    let Stored { entity, version } = opened.ticket;
    let view = TicketView::of(entity, &app.files, &customer.scope).await?;
    let response = created(view, opened.replayed);
    Ok((etag(version), response).into_response())
}

/// Comments on a ticket, ends it, or takes it up again within 14 days. With `If-Match`, only the version that the
/// client saw; sent again with the same `Idempotency-Key`, nothing is done twice. A comment on a ticket that waits for
/// the customer takes it back to staff.
#[utoipa::path(
    put, path = "/client-data/tickets", tag = "client-data", security(("customer" = [])),
    params(
        ("If-Match" = Option<String>, Header, description = "the ETag of the version to change"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters of the client's choice", example = "7f8b2c1e"),
    ),
    request_body = TicketPatch,
    responses((status = OK, body = TicketView), (status = "4XX", body = Problem)),
)]
async fn amend_ticket(
    State(app): State<App>,
    customer: Customer,
    IfMatch(version): IfMatch,
    key: Option<Idempotent>,
    Body(patch): Body<TicketPatch>,
) -> Result<impl IntoResponse, Failure> {
    let once = once(key, &patch)?;
    let named = desk::attachments(&app.store, &customer.scope, &patch.attachments).await?;
    let amendment = (patch.amendment(named)).map_err(portico_shared::error::Error::from)?;
    let number: TicketNumber = patch.number.parse().map_err(|_| Code::NotFound)?;
    let amended = desk::amend(
        &app.store,
        &customer.scope,
        &number,
        &amendment,
        version,
        once.as_ref(),
    )
    .await?;
    let view = TicketView::of(amended.entity, &app.files, &customer.scope).await?;
    Ok((etag(amended.version), Json(view)))
}
