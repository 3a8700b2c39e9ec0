//! Which notifications the customer wants by mail, push and text message.

use axum::extract::State;
use axum::response::IntoResponse;
use garde::Validate;
use portico_shared::domain::preferences::{self, Channels, Preferences};
use portico_shared::error::{Code, Result};
use portico_shared::http::{App, Body, Customer, Failure, IfMatch, Json, Problem, Routes, etag};
use portico_shared::operations;
use portico_shared::store::{Condition, Item, Partition, StoreError, Update, Write};
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, get_preferences, put_preferences)
}

/// What of the preferences changes: a group that is there is set whole, the others stay.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"messages": {"mail": false, "push": true, "sms": false}}))]
struct PreferencesPatch {
    #[garde(skip)]
    orders: Option<Channels>,
    #[garde(skip)]
    tickets: Option<Channels>,
    #[garde(skip)]
    messages: Option<Channels>,
    #[garde(skip)]
    appointments: Option<Channels>,
    #[garde(skip)]
    benefits: Option<Channels>,
}

/// What the customer chose, or what is usual, with its version as `ETag`. What concerns the account itself, such as
/// codes, comes whatever is chosen here.
#[utoipa::path(
    get, path = "/client-data/notifications/preferences", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = Preferences), (status = "4XX", body = Problem)),
)]
async fn get_preferences(
    State(app): State<App>,
    customer: Customer,
) -> Result<impl IntoResponse, Failure> {
    let stored = preferences::get(&app.store, &customer.scope).await?;
    Ok((etag(stored.version), Json(stored.entity)))
}

/// Changes the groups that are sent and leaves the rest. With `If-Match`, only the version that the client saw.
#[utoipa::path(
    put, path = "/client-data/notifications/preferences", tag = "client-data", security(("customer" = [])),
    params(("If-Match" = Option<String>, Header, description = "the ETag of the version to change")),
    request_body = PreferencesPatch,
    responses((status = OK, body = Preferences), (status = "4XX", body = Problem)),
)]
async fn put_preferences(
    State(app): State<App>,
    customer: Customer,
    IfMatch(version): IfMatch,
    Body(patch): Body<PreferencesPatch>,
) -> Result<impl IntoResponse, Failure> {
    let groups = [
        ("orders", patch.orders),
        ("tickets", patch.tickets),
        ("messages", patch.messages),
        ("appointments", patch.appointments),
        ("benefits", patch.benefits),
    ];
    let mut update = Update::of::<Preferences>();
    for (group, channels) in groups {
        if let Some(channels) = channels {
            update = update.set(group, &channels);
        }
    }
    let mut write = Write::update(customer.scope.key(&Item::Preferences), update);
    write = match version {
        // Nothing was chosen when the client looked.
        Some(0) => write.when(Condition::Absent),
        Some(version) => write.when(Condition::eq("v", &version)),
        None => write,
    };
    match app.store.update::<Preferences>(write).await {
        Ok(stored) => Ok((etag(stored.version), Json(stored.entity))),
        Err(StoreError::ConditionFailed(_)) => Err(Code::PreconditionFailed.into()),
        Err(error) => Err(error.into()),
    }
}
