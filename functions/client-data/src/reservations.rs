//! The customer's own bookings.

mod view;

use axum::extract::State;
use axum::response::IntoResponse;
use garde::Validate;
use http::StatusCode;
use jiff::Timestamp;
use portico_shared::clock;
use portico_shared::domain::reservation::{
    self, Booking, Calendar, Move, Reservation, ReservationStatus, Service, Slot,
};
use portico_shared::error::{Code, Refusal};
use portico_shared::http::{
    App, Body, Customer, Failure, Idempotent, IfMatch, Json, Page, PageParams, PageQuery, Patch,
    Path, Problem, Query, Routes, etag,
};
use portico_shared::ids::ReservationId;
use portico_shared::operations;
use portico_shared::store::{Direction, Partition};
use portico_shared::text::lines;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) use view::ReservationView;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        list_reservations,
        get_reservation,
        book_reservation,
        put_reservation,
        cancel_reservation,
    )
}

/// How many a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// Which bookings.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReservationQuery {
    /// Only those that are not over yet, or only those that are.
    #[param(inline)]
    when: Option<When>,
    /// Only bookings of these statuses, separated by commas.
    #[param(example = "confirmed,rescheduled")]
    status: Option<String>,
}

/// Before or behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum When {
    /// Not over yet.
    Upcoming,
    /// Over.
    Past,
}

impl ReservationQuery {
    fn statuses(&self) -> Result<Vec<ReservationStatus>, Refusal> {
        let names = self.status.as_deref().unwrap_or_default().split(',');
        let names = names.map(str::trim).filter(|name| !name.is_empty());
        let status = |name: &str| {
            let message = format!("{name:?} is not a booking's status");
            name.parse()
                .map_err(|_| Refusal::because(Code::InvalidQuery, message))
        };
        names.map(status).collect()
    }
}

/// A slot to book: `slot`, or `startTime` and `endTime`, as they were offered.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "definitionId": "bike-fitting", "service": "Standard fitting", "startTime": "2026-05-04T14:00:00Z",
    "endTime": "2026-05-04T15:00:00Z", "note": "I bring my own saddle.",
}))]
struct BookingInput {
    /// An id or a name. Also `reservationDefinitionId`.
    #[serde(alias = "reservationDefinitionId")]
    #[garde(length(max = 64))]
    definition_id: String,
    /// Which of its services; the one of the slot's length without. Also `serviceName`.
    #[serde(alias = "serviceName")]
    #[garde(inner(length(chars, max = 80)))]
    service: Option<String>,
    /// In place of `startTime` and `endTime`.
    #[garde(skip)]
    slot: Option<SlotInput>,
    /// When it begins.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_time: Option<Timestamp>,
    /// When it ends.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    end_time: Option<Timestamp>,
    /// Also `notes`.
    #[serde(alias = "notes")]
    #[garde(inner(length(chars, max = 1000), custom(lines)))]
    note: Option<String>,
}

/// When a booking begins and ends.
#[derive(Deserialize, ToSchema)]
struct SlotInput {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    end: Option<Timestamp>,
}

/// A beginning, and an end as far as it is given.
type Times = (Timestamp, Option<Timestamp>);

/// The times that a request names, whichever way it does.
fn times(
    slot: Option<&SlotInput>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Option<Times> {
    match (slot, start) {
        (Some(slot), _) => Some((slot.start, slot.end)),
        (None, Some(start)) => Some((start, end)),
        (None, None) => None,
    }
}

/// The service and the slot that a request means; the end must be the service's.
fn meant<'a>(
    calendar: &'a Calendar,
    name: Option<&str>,
    (start, end): Times,
) -> Result<(&'a Service, Slot), Refusal> {
    let length = end.map(|end| end.duration_since(start));
    let service = calendar.service(name, length)?;
    let slot = calendar.slot(service, start)?;
    if end.is_some_and(|end| end != slot.end) {
        let message = format!(
            "{} takes {} minutes: the slot ends at {}",
            service.name, service.duration, slot.end
        );
        return Err(Refusal::new(Code::SlotUnavailable).at("endTime", message));
    }
    Ok((service, slot))
}

/// What of a booking changes: its slot, its service, its note. What is left out stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "rsv_06f1…", "startTime": "2026-05-05T14:00:00Z", "endTime": "2026-05-05T15:00:00Z",
}))]
struct ReservationPatch {
    /// Which booking. Also `reservationId`.
    #[serde(alias = "reservationId")]
    #[garde(length(max = 64))]
    id: String,
    /// Another service of the same definition. Also `serviceName`.
    #[serde(alias = "serviceName")]
    #[garde(inner(length(chars, max = 80)))]
    service: Option<String>,
    /// In place of `startTime` and `endTime`.
    #[garde(skip)]
    slot: Option<SlotInput>,
    /// When it begins.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_time: Option<Timestamp>,
    /// When it ends.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    end_time: Option<Timestamp>,
    /// Null removes it. Also `notes`.
    #[serde(default, alias = "notes")]
    #[garde(inner(length(chars, max = 1000), custom(lines)))]
    #[schema(value_type = Option<String>)]
    note: Patch<String>,
}

/// The caller's own bookings, the latest first unless another order is asked for.
#[utoipa::path(
    get, path = "/client-data/reservations", tag = "client-data", security(("customer" = [])),
    params(ReservationQuery, PageQuery),
    responses((status = OK, body = Page<ReservationView>), (status = "4XX", body = Problem)),
)]
async fn list_reservations(
    State(app): State<App>,
    customer: Customer,
    Query(query): Query<ReservationQuery>,
    params: PageParams,
) -> Result<Json<Page<ReservationView>>, Failure> {
    let statuses = query.statuses()?;
    let pk = customer.scope.pk();
    let list = format!("{pk}|reservations|{statuses:?}|{:?}", query.when);
    let mut all = reservation::list(&app.store, &customer.scope).await?;
    let now = clock::now();
    all.retain(|reservation| {
        let over = reservation.end <= now;
        query.when.is_none_or(|when| over == (when == When::Past))
            && (statuses.is_empty() || statuses.contains(&reservation.status))
    });
    let mut all = views(all, &customer);
    if params.direction == Direction::Ascending {
        all.reverse();
    }
    let page_size = params.size_or(PAGE_SIZE);
    Ok(Json(params.page_of(
        &app,
        &customer.org.id,
        &list,
        page_size,
        all,
    )?))
}

/// Bookings as they are listed, the latest to begin first.
pub(crate) fn views(mut all: Vec<Reservation>, customer: &Customer) -> Vec<ReservationView> {
    all.sort_by(|a, b| (b.start, &b.id).cmp(&(a.start, &a.id)));
    let view = |reservation| ReservationView::of(reservation, customer);
    all.into_iter().map(view).collect()
}

/// One of the caller's own bookings, with its version as `ETag`.
#[utoipa::path(
    get, path = "/client-data/reservations/{reservationId}", tag = "client-data", security(("customer" = [])),
    params(("reservationId" = String, Path, example = "rsv_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = ReservationView), (status = "4XX", body = Problem)),
)]
async fn get_reservation(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<ReservationId>,
) -> Result<impl IntoResponse, Failure> {
    let stored = reservation::by_id(&app.store, &customer.scope, &id).await?;
    let view = ReservationView::of(stored.entity, &customer);
    Ok((etag(stored.version), Json(view)))
}

/// Books a slot. What waits for its payment needs an `Idempotency-Key`; anything else may have one. The same
/// key again answers the same booking.
#[utoipa::path(
    post, path = "/client-data/reservations", tag = "client-data", security(("customer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = BookingInput,
    responses((status = CREATED, body = ReservationView), (status = "4XX", body = Problem)),
)]
async fn book_reservation(
    State(app): State<App>,
    customer: Customer,
    key: Option<Idempotent>,
    Body(input): Body<BookingInput>,
) -> Result<impl IntoResponse, Failure> {
    let missing = || Refusal::new(Code::ValidationFailed).at("startTime", "is missing");
    let times = times(input.slot.as_ref(), input.start_time, input.end_time);
    let times = times.ok_or_else(missing)?;
    let calendar = app
        .definitions
        .get(&app.store, &customer.org.id, &input.definition_id)
        .await?;
    if calendar.definition.payment_required && key.is_none() {
        return Err(Code::IdempotencyKeyRequired.into());
    }
    let (service, slot) = meant(&calendar, input.service.as_deref(), times)?;
    let idempotency = key.map(|Idempotent(key)| {
        let request = (
            &calendar.definition.id,
            &service.name,
            slot.start,
            &input.note,
        );
        let fingerprint = key.fingerprint(&request);
        fingerprint.map(|fingerprint| (key, fingerprint))
    });
    let booking = Booking {
        calendar: &calendar,
        service,
        slot,
        note: input.note.filter(|note| !note.is_empty()),
        idempotency: idempotency.transpose()?,
    };
    let booked = reservation::book(&app.store, &app.ring, &customer.scope, booking).await?;
    let stored = booked.reservation;
    let view = ReservationView::of(stored.entity, &customer);
    Ok((StatusCode::CREATED, etag(stored.version), Json(view)))
}

/// Moves a booking to another slot, frees the old one, or changes its note. With `If-Match`, only the version
/// that the client saw.
#[utoipa::path(
    put, path = "/client-data/reservations", tag = "client-data", security(("customer" = [])),
    params(("If-Match" = Option<String>, Header, description = "the ETag of the version to change")),
    request_body = ReservationPatch,
    responses((status = OK, body = ReservationView), (status = "4XX", body = Problem)),
)]
async fn put_reservation(
    State(app): State<App>,
    customer: Customer,
    IfMatch(version): IfMatch,
    Body(patch): Body<ReservationPatch>,
) -> Result<impl IntoResponse, Failure> {
    let id: ReservationId = patch.id.parse().map_err(|_| Code::NotFound)?;
    let stored = reservation::by_id(&app.store, &customer.scope, &id).await?;
    let (calendar, name);
    let mut to = None;
    let times = times(patch.slot.as_ref(), patch.start_time, patch.end_time);
    if patch.service.is_some() || times.is_some() {
        let definition = stored.entity.definition.as_str();
        let all = app.definitions.all(&app.store, &customer.org.id).await?;
        let found = all
            .iter()
            .find(|one| one.definition.id.as_str() == definition);
        let message = "what is booked is no longer offered";
        let gone = || Refusal::because(Code::ReservationClosed, message);
        calendar = found.cloned().ok_or_else(gone)?;
        name = patch
            .service
            .unwrap_or_else(|| stored.entity.service.clone());
        let times = times.unwrap_or((stored.entity.start, None));
        let (service, slot) = meant(&calendar, Some(&name), times)?;
        to = Some((&*calendar, service, slot));
    }
    let note = patch.note.as_change().map(Option::<&String>::cloned);
    let change = Move { to, note, version };
    let stored = reservation::change(&app.store, &customer.scope, stored, change).await?;
    let view = ReservationView::of(stored.entity, &customer);
    Ok((etag(stored.version), Json(view)))
}

/// Cancels a booking and frees its slot. Cancelling one that is cancelled changes nothing.
#[utoipa::path(
    delete, path = "/client-data/reservations/{reservationId}", tag = "client-data", security(("customer" = [])),
    params(("reservationId" = String, Path, example = "rsv_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn cancel_reservation(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<ReservationId>,
) -> Result<StatusCode, Failure> {
    reservation::cancel(&app.store, &customer.scope, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
