//! What the customer has been told.

use axum::extract::State;
use jiff::Timestamp;
use portico_shared::domain::notification::{self, Notification};
use portico_shared::http::{
    App, Customer, Failure, Json, Page, PageParams, PageQuery, Path, Problem, Query, Routes,
};
use portico_shared::ids::NotificationId;
use portico_shared::operations;
use portico_shared::store::Collection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::lists::{self, Shown};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        list_notifications,
        read_notification,
        read_notifications
    )
}

/// An in-app notification.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "ntf_06f1…", "type": "order.placed", "title": "Order ORD-7K3M-9XQ2-AB4D is placed",
    "body": "Thank you! We will tell you when it is on its way.", "data": {"orderNumber": "ORD-7K3M-9XQ2-AB4D"},
    "read": false, "createdAt": "2026-05-04T09:30:00Z",
}))]
pub(crate) struct NotificationView {
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

/// Which notifications are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NotificationQuery {
    /// Only those that the customer has not seen.
    #[serde(default)]
    #[param(example = false)]
    unread: bool,
}

/// Notifications, newest first.
#[utoipa::path(
    get, path = "/client-data/notifications", tag = "client-data", security(("customer" = [])),
    params(PageQuery, NotificationQuery),
    responses((status = OK, body = Page<NotificationView>), (status = "4XX", body = Problem)),
)]
async fn list_notifications(
    State(app): State<App>,
    customer: Customer,
    params: PageParams,
    Query(query): Query<NotificationQuery>,
) -> Result<Json<Page<NotificationView>>, Failure> {
    let unread = |notification: &Notification| !notification.read;
    let shown = Shown {
        collection: Collection::Notifications,
        name: if query.unread {
            "notifications|unread"
        } else {
            "notifications"
        },
        filter: query.unread.then_some(&unread as _),
    };
    Ok(Json(lists::page(&app, &customer, &params, shown).await?))
}

/// Marks a notification as read. It stays so however often it is asked.
#[utoipa::path(
    put, path = "/client-data/notifications/{notificationId}/read", tag = "client-data", security(("customer" = [])),
    params(("notificationId" = String, Path, example = "ntf_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = NotificationView), (status = "4XX", body = Problem)),
)]
async fn read_notification(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<NotificationId>,
) -> Result<Json<NotificationView>, Failure> {
    let read = notification::mark_read(&app.store, &customer.scope, &id).await?;
    Ok(Json(read.into()))
}

/// How many notifications became read.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"read": 3}))]
struct MarkedRead {
    read: usize,
}

/// Marks all notifications as read that there are. Asked again, it does what was left.
#[utoipa::path(
    put, path = "/client-data/notifications/read", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = MarkedRead), (status = "4XX", body = Problem)),
)]
async fn read_notifications(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<MarkedRead>, Failure> {
    let read = notification::mark_all_read(&app.store, &customer.scope).await?;
    Ok(Json(MarkedRead { read }))
}
