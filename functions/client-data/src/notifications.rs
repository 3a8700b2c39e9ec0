//! What the customer has been told.

use axum::extract::State;
use jiff::Timestamp;
use portico_shared::domain::notification::Notification;
use portico_shared::http::{
    App, Customer, Failure, Json, Page, PageParams, PageQuery, Problem, Routes,
};
use portico_shared::operations;
use portico_shared::store::{Collection, List, Partition};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_notifications)
}

/// How many a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// An in-app notification.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "ntf_06f1…", "type": "order.placed", "title": "Order ORD-7K3M-9XQ2-AB4D is placed",
    "body": "Thank you! We will tell you when it is on its way.", "data": {"orderNumber": "ORD-7K3M-9XQ2-AB4D"},
    "read": false, "createdAt": "2026-05-04T09:30:00Z",
}))]
struct NotificationView {
    id: String,
    /// The event that it tells of.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    body: String,
    /// What it is about.
    #[schema(value_type = Object)]
    data: serde_json::Value,
    read: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Notification> for NotificationView {
    fn from(notification: Notification) -> Self {
        Self {
            id: notification.id.to_string(),
            kind: notification.event,
            title: notification.title,
            body: notification.body,
            data: notification.data,
            read: notification.read,
            created_at: notification.created_at,
        }
    }
}

/// Notifications, newest first.
#[utoipa::path(
    get, path = "/client-data/notifications", tag = "client-data", security(("customer" = [])),
    params(PageQuery),
    responses((status = OK, body = Page<NotificationView>), (status = "4XX", body = Problem)),
)]
async fn list_notifications(
    State(app): State<App>,
    customer: Customer,
    params: PageParams,
) -> Result<Json<Page<NotificationView>>, Failure> {
    let Customer { org, scope } = customer;
    let page_size = params.size_or(PAGE_SIZE);
    let list = format!("{}|notifications", scope.pk());
    let after = params.position(&app, &org.id, &list)?;
    let skip = if after.is_some() {
        0
    } else {
        params.skip(page_size)
    };
    let slice = app
        .store
        .list::<Notification>(
            &scope,
            List::of(Collection::Notifications)
                .direction(params.direction)
                .limit(skip + page_size)
                .after(after.as_deref()),
        )
        .await?;
    let next = slice.positions.last().filter(|_| slice.more);
    Ok(Json(Page {
        total: None,
        page: params.page,
        page_size,
        has_next: slice.more,
        next: next.map(|position| params.cursor(&app, &org.id, &list, position)),
        data: slice
            .items
            .into_iter()
            .skip(skip)
            .map(|stored| stored.entity.into())
            .collect(),
    }))
}
