//! What can be booked, and when.

use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use jiff::civil::Date;
use portico_shared::clock;
use portico_shared::domain::reservation::{
    Calendar, Free, LocationType, OfficeHours, Service, Taken, WorkDay,
};
use portico_shared::error::{Code, Refusal};
use portico_shared::http::{App, Body, Customer, Failure, Json, Problem, Routes};
use portico_shared::money::Decimal;
use portico_shared::operations;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_definitions, available_slots)
}

/// The longest range of dates that slots are asked for, in days.
const RANGE: i32 = 31;

/// Everything that can be booked.
#[derive(Serialize, ToSchema)]
struct Definitions {
    data: Vec<DefinitionView>,
}

/// Something that can be booked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "rdf_06f1…", "name": "bike-fitting", "title": "Bike fitting", "description": null, "type": "appointment",
    "venue": "Acme Outfitters, 1 Main St, Springfield", "image": null, "meetingLink": null, "locationType": "venue",
    "paymentRequired": false, "workDays": ["monday", "tuesday"],
    "officeHours": {"startTime": "09:00", "endTime": "17:00", "timezone": "America/Chicago"},
    "services": [{"name": "Standard fitting", "duration": 60, "price": 90.0}], "currency": "USD", "capacity": 1,
    "stepMinutes": 30, "bufferMinutes": 15, "leadMinutes": 120, "horizonDays": 60, "cancelMinutes": 1440,
}))]
struct DefinitionView {
    id: String,
    /// What the operator knows it by; good in place of the id.
    name: String,
    title: String,
    description: Option<String>,
    /// The operator's word for its kind.
    #[serde(rename = "type")]
    kind: String,
    venue: Option<String>,
    image: Option<String>,
    meeting_link: Option<String>,
    location_type: LocationType,
    /// Whether a booking waits for its payment; it then needs an `Idempotency-Key`.
    payment_required: bool,
    work_days: Vec<WorkDay>,
    office_hours: OfficeHours,
    services: Vec<ServiceView>,
    /// ISO 4217.
    currency: &'static str,
    /// How many bookings may take place at once.
    capacity: u32,
    /// From one slot's beginning to the next one's.
    step_minutes: u32,
    /// How long a place stays taken after a booking.
    buffer_minutes: u32,
    /// How long before its beginning a slot must be booked.
    lead_minutes: u32,
    /// How many days ahead it can be booked.
    horizon_days: u32,
    /// How long before its beginning a booking may be cancelled or moved.
    cancel_minutes: u32,
}

/// Something that can be had.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"name": "Standard fitting", "duration": 60, "price": 90.0}))]
struct ServiceView {
    name: String,
    /// In minutes.
    duration: u32,
    price: Decimal,
}

impl From<&Service> for ServiceView {
    fn from(service: &Service) -> Self {
        Self {
            name: service.name.clone(),
            duration: service.duration,
            price: service.price.decimal(),
        }
    }
}

impl DefinitionView {
    fn of(calendar: &Calendar, currency: &'static str) -> Self {
        let definition = calendar.definition.clone();
        Self {
            location_type: definition.location_type(),
            id: definition.id.to_string(),
            name: definition.name,
            title: definition.title,
            description: definition.description,
            kind: definition.kind,
            venue: definition.venue,
            image: definition.image,
            meeting_link: definition.meeting_link,
            payment_required: definition.payment_required,
            work_days: definition.work_days,
            office_hours: definition.office_hours,
            services: definition.services.iter().map(ServiceView::from).collect(),
            currency,
            capacity: definition.capacity,
            step_minutes: definition.step_minutes,
            buffer_minutes: definition.buffer_minutes,
            lead_minutes: definition.lead_minutes,
            horizon_days: definition.horizon_days,
            cancel_minutes: definition.cancel_minutes,
        }
    }
}

/// For which dates, and of what. One `date`, or `startDate` and `endDate`.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"definitionId": "bike-fitting", "serviceName": "Standard fitting", "date": "2026-05-04"}))]
struct SlotsInput {
    /// An id or a name. Also `reservationDefinitionId`.
    #[serde(alias = "reservationDefinitionId")]
    #[garde(length(max = 64))]
    definition_id: String,
    /// Which of its services; the first one without. Also `service`.
    #[serde(alias = "service")]
    #[garde(inner(length(chars, max = 80)))]
    service_name: Option<String>,
    /// A date at the venue. Also `serviceDate`.
    #[serde(alias = "serviceDate")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<Date>,
    /// The first date of a range, of 31 days at the most. Also `from`.
    #[serde(alias = "from")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Date)]
    start_date: Option<Date>,
    /// Its last date. Also `to`.
    #[serde(alias = "to")]
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Date)]
    end_date: Option<Date>,
}

impl SlotsInput {
    /// The dates from and through, and whether it is one that somebody chose.
    fn dates(&self) -> Result<((Date, Date), bool), Refusal> {
        let refused =
            |member, message: &str| Refusal::new(Code::ValidationFailed).at(member, message);
        match (self.date, self.start_date, self.end_date) {
            (Some(date), None, None) => Ok(((date, date), true)),
            (None, Some(from), Some(to)) if to < from => {
                Err(refused("endDate", "is before the start date"))
            }
            (None, Some(from), Some(to)) => {
                let days = from.until(to).map_or(RANGE, |span| span.get_days());
                if days < RANGE {
                    Ok(((from, to), false))
                } else {
                    Err(refused("endDate", "is more than 31 days on"))
                }
            }
            _ => Err(refused(
                "date",
                "must be given, or else both startDate and endDate",
            )),
        }
    }
}

/// The free slots of a service.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "service": {"name": "Standard fitting", "duration": 60, "price": 90.0},
    "location": "Acme Outfitters, 1 Main St, Springfield",
    "slots": [{
        "startTime": "2026-05-04T14:00:00Z", "endTime": "2026-05-04T15:00:00Z", "spotsAvailable": 1,
        "businessTimezone": "America/Chicago",
    }],
}))]
struct AvailableSlots {
    service: ServiceView,
    /// The venue, or the link where to meet.
    location: Option<String>,
    /// By time.
    slots: Vec<SlotView>,
}

/// A free slot: what a booking names, to the second.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SlotView {
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end_time: Timestamp,
    /// How many more bookings it takes.
    spots_available: u32,
    /// IANA.
    business_timezone: String,
}

/// Everything that can be booked, by title.
#[utoipa::path(
    get, path = "/client-data/reservations/definitions", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = Definitions), (status = "4XX", body = Problem)),
)]
async fn list_definitions(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<Definitions>, Failure> {
    let org = &customer.org;
    let calendars = app.definitions.all(&app.store, &org.id).await?;
    let currency = org.currency().code();
    let data = calendars.iter();
    let data = data.map(|calendar| DefinitionView::of(calendar, currency));
    Ok(Json(Definitions {
        data: data.collect(),
    }))
}

/// The free slots on a date, or on each open day of a range.
#[utoipa::path(
    post, path = "/client-data/reservations/available-slots", tag = "client-data", security(("customer" = [])),
    request_body = SlotsInput,
    responses((status = OK, body = AvailableSlots), (status = "4XX", body = Problem)),
)]
async fn available_slots(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<SlotsInput>,
) -> Result<Json<AvailableSlots>, Failure> {
    let org = &customer.org.id;
    let (dates, chosen) = input.dates()?;
    let calendar = app
        .definitions
        .get(&app.store, org, &input.definition_id)
        .await?;
    let service = calendar.service(input.service_name.as_deref(), None)?;
    let now = clock::now();
    if chosen {
        calendar.check_date(dates.0, now)?;
    }
    let dates = calendar.within_horizon(dates, now);
    let free = if dates.0 <= dates.1 {
        let definition = &calendar.definition.id;
        let moments = calendar.moments(dates.0, dates.1);
        let taken = Taken::read(&app.store, org, definition, moments).await?;
        calendar.free(service, dates, &taken, now)
    } else {
        Vec::new()
    };
    let definition = &calendar.definition;
    let zone = &definition.office_hours.timezone;
    let slot = |free: Free| SlotView {
        start_time: free.slot.start,
        end_time: free.slot.end,
        spots_available: free.spots,
        business_timezone: zone.clone(),
    };
    let location = definition.venue.as_ref();
    let location = location.or(definition.meeting_link.as_ref()).cloned();
    Ok(Json(AvailableSlots {
        service: service.into(),
        location,
        slots: free.into_iter().map(slot).collect(),
    }))
}
