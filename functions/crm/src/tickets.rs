//! The ticket desk.

use axum::extract::State;
use axum::response::IntoResponse;
use garde::Validate;
use jiff::Timestamp;
use portico_shared::domain::desk::{
    self, Category, Priority, Service, Ticket, TicketStatus, TicketView,
};
use portico_shared::domain::idempotency::Once;
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::files::Files;
use portico_shared::http::{
    App, Body, Failure, Idempotent, IfMatch, Json, Org, Page, PageParams, PageQuery, Patch, Path,
    Problem, Query, Routes, StaffMember, etag,
};
use portico_shared::ids::{StaffId, TicketNumber};
use portico_shared::operations;
use portico_shared::store::{CustomerScope, Stored};
use portico_shared::text::lines;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::messages::{DeskMessage, NoteView};
use crate::queues;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        ticket_collections,
        ticket_queue,
        get_ticket,
        update_ticket
    )
}

/// What tickets can be.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "categories": ["general", "order"], "priorities": ["low", "normal", "high", "urgent"],
    "statuses": ["open", "in-progress", "waiting-customer", "resolved", "closed"],
}))]
struct Collections {
    categories: [Category; 7],
    priorities: [Priority; 4],
    statuses: [TicketStatus; 5],
}

/// A ticket as the desk sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeskTicket {
    #[serde(flatten)]
    ticket: TicketView,
    /// Since when it has its status.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl DeskTicket {
    /// A ticket of this customer's, its files with links. Makes no call.
    async fn of(ticket: Ticket, files: &Files, scope: &CustomerScope) -> Result<Self> {
        Ok(Self {
            since: ticket.since,
            ticket: TicketView::of(ticket, files, scope).await?,
        })
    }
}

/// A ticket with everything that was written and noted.
#[derive(Serialize, ToSchema)]
struct DeskThread {
    #[serde(flatten)]
    ticket: DeskTicket,
    /// Comments and replies, oldest first; the latest two hundred.
    comments: Vec<DeskMessage>,
    /// What staff noted, oldest first; the latest two hundred.
    notes: Vec<NoteView>,
}

/// Which tickets are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TicketQueueQuery {
    /// Those that are this far; `open` unless it is said.
    #[param(inline, example = "open")]
    status: Option<TicketStatus>,
}

/// What changes about a ticket. What is left out stays.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[schema(example = json!({
    "number": "TKT-1SJ7-G4QX-M0RV", "status": "waiting-customer", "reply": "Could you send a photo?",
    "note": "The third one this week.", "priority": "high",
}))]
struct TicketUpdate {
    /// Which ticket.
    #[garde(length(max = 64))]
    number: String,
    #[garde(skip)]
    status: Option<TicketStatus>,
    /// Who is to solve it; null for nobody.
    #[serde(default)]
    #[garde(inner(length(max = 64)))]
    #[schema(value_type = Option<String>)]
    assignee: Patch<String>,
    #[garde(skip)]
    priority: Option<Priority>,
    #[garde(skip)]
    category: Option<Category>,
    /// What the customer is answered.
    #[garde(inner(length(chars, min = 1, max = 5000), custom(lines)))]
    reply: Option<String>,
    /// What no customer sees.
    #[garde(inner(length(chars, min = 1, max = 5000), custom(lines)))]
    note: Option<String>,
}

impl TicketUpdate {
    fn service(&self) -> Result<Service, Refusal> {
        Ok(Service {
            status: self.status,
            assignee: (assignee(&self.assignee, "assignee")?.as_change())
                .map(Option::<&StaffId>::cloned),
            priority: self.priority,
            category: self.category,
            reply: self.reply.clone(),
            note: self.note.clone(),
        })
    }
}

/// Whom something is given to. An id that is not well-formed is nobody's.
pub(crate) fn assignee(patch: &Patch<String>, member: &str) -> Result<Patch<StaffId>, Refusal> {
    let Patch::Value(id) = patch else {
        return Ok(match patch {
            Patch::Null => Patch::Null,
            _ => Patch::Absent,
        });
    };
    let nobody = |_| {
        let refusal = Refusal::new(Code::ValidationFailed);
        refusal.at(member, "is nobody of the org's staff")
    };
    id.parse().map(Patch::Value).map_err(nobody)
}

/// What categories, priorities and statuses there are.
#[utoipa::path(
    get, path = "/crm/tickets/collections", tag = "crm",
    responses((status = OK, body = Collections), (status = "4XX", body = Problem)),
)]
async fn ticket_collections(_: Org) -> Json<Collections> {
    Json(Collections {
        categories: Category::ALL,
        priorities: [
            Priority::Low,
            Priority::Normal,
            Priority::High,
            Priority::Urgent,
        ],
        statuses: TicketStatus::ALL,
    })
}

/// Tickets in one status, the one that came into it last first; with `order=asc`, what has waited longest.
#[utoipa::path(
    get, path = "/crm/tickets", tag = "crm", security(("staff" = [])),
    params(PageQuery, TicketQueueQuery),
    responses((status = OK, body = Page<DeskTicket>), (status = "4XX", body = Problem)),
)]
async fn ticket_queue(
    State(app): State<App>,
    member: StaffMember,
    params: PageParams,
    Query(query): Query<TicketQueueQuery>,
) -> Result<Json<Page<DeskTicket>>, Failure> {
    member.must_serve_customers()?;
    let status = query.status.unwrap_or(TicketStatus::Open);
    let list = format!("tickets|{}", status.as_str());
    let queued = queues::page(&app, &member.org, &params, &list, async |page| {
        desk::queue(&app.store, &member.org.id, status, &page).await
    });
    let mut page = queued.await?;
    let mut data = Vec::new();
    for (scope, ticket) in std::mem::take(&mut page.data) {
        data.push(DeskTicket::of(ticket, &app.files, &scope).await?);
    }
    Ok(Json(page.showing(data)))
}

/// A ticket with its comments and what staff noted, and its version as `ETag`.
#[utoipa::path(
    get, path = "/crm/tickets/get/{ticketNumber}", tag = "crm", security(("staff" = [])),
    params(("ticketNumber" = String, Path, example = "TKT-1SJ7-G4QX-M0RV")),
    responses((status = OK, body = DeskThread), (status = "4XX", body = Problem)),
)]
async fn get_ticket(
    State(app): State<App>,
    member: StaffMember,
    Path(number): Path<TicketNumber>,
) -> Result<impl IntoResponse, Failure> {
    member.must_serve_customers()?;
    let (scope, ticket) = desk::get(&app.store, &member.staff, &number).await?;
    let (comments, notes) = tokio::try_join!(
        desk::correspondence(&app.store, &scope, &number),
        desk::notes(&app.store, &member.staff, &number),
    )?;
    let comments = comments.into_entities().into_iter().rev();
    let notes = notes.into_entities().into_iter().rev();
    let thread = DeskThread {
        ticket: DeskTicket::of(ticket.entity, &app.files, &scope).await?,
        comments: DeskMessage::of_all(comments, &app.files, &scope).await?,
        notes: notes.map(NoteView::from).collect(),
    };
    Ok((etag(ticket.version), Json(thread)))
}

/// Moves a ticket along, gives it to somebody, answers its customer, notes something. With `If-Match`, only the version
/// that the client saw; sent again with the same `Idempotency-Key`, nothing is done twice.
#[utoipa::path(
    post, path = "/crm/tickets/update", tag = "crm", security(("staff" = [])),
    params(
        ("If-Match" = Option<String>, Header, description = "the ETag of the version to change"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters of the client's choice", example = "7f8b2c1e"),
    ),
    request_body = TicketUpdate,
    responses((status = OK, body = DeskTicket), (status = "4XX", body = Problem)),
)]
async fn update_ticket(
    State(app): State<App>,
    member: StaffMember,
    IfMatch(version): IfMatch,
    key: Option<Idempotent>,
    Body(input): Body<TicketUpdate>,
) -> Result<impl IntoResponse, Failure> {
    member.must_serve_customers()?;
    let number: TicketNumber = input.number.parse().map_err(|_| Code::NotFound)?;
    let once = key
        .map(|Idempotent(key)| Once::new(key, &input))
        .transpose()?;
    let service = input
        .service()
        .map_err(portico_shared::error::Error::from)?;
    let (store, staff) = (&app.store, &member.staff);
    let served = desk::serve(store, staff, &number, &service, version, once.as_ref());
    let (scope, Stored { entity, version }) = served.await?;
    let view = DeskTicket::of(entity, &app.files, &scope).await?;
    Ok((etag(version), Json(view)))
}
