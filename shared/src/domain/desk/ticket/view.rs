//! A ticket as customers and staff see it.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Category, Ticket, TicketStatus};
use crate::domain::desk::Priority;
use crate::domain::desk::message::shown;
use crate::domain::file::AttachmentView;
use crate::error::Result;
use crate::files::Files;
use crate::store::CustomerScope;

/// A ticket, without what was written to it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "number": "TKT-1SJ7-G4QX-M0RV", "customer": "cus_06f1…", "subject": "The mug has a crack",
    "description": "It arrived like this.", "priority": "normal", "category": "order", "status": "open",
    "assignee": null, "attachments": [],
    "createdAt": "2026-05-04T09:30:00Z", "updatedAt": "2026-05-04T09:30:00Z",
}))]
pub struct TicketView {
    /// The number.
    pub number: String,
    /// Whose it is.
    pub customer: String,
    /// What it is about, in a line.
    pub subject: String,
    /// What it is about.
    pub description: String,
    /// How urgent it is.
    pub priority: Priority,
    /// What kind of thing it is about.
    pub category: Category,
    /// How far it is.
    pub status: TicketStatus,
    /// The member of staff who is to solve it.
    pub assignee: Option<String>,
    /// Files that show what it is about.
    pub attachments: Vec<AttachmentView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed or was replied to.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl TicketView {
    /// A ticket of this customer's, its files with links. Makes no call.
    pub async fn of(ticket: Ticket, files: &Files, scope: &CustomerScope) -> Result<Self> {
        Ok(Self {
            attachments: shown(&ticket.attachments, files, scope).await?,
            number: ticket.number.to_string(),
            customer: ticket.author.to_string(),
            subject: ticket.subject,
            description: ticket.description,
            priority: ticket.priority,
            category: ticket.category,
            status: ticket.status,
            assignee: ticket.assignee.map(|assignee| assignee.to_string()),
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
        })
    }
}
