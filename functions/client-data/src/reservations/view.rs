//! What is shown of a booking.

use jiff::Timestamp;
use jiff::civil::DateTime;
use portico_shared::domain::reservation::{LocationType, Reservation, ReservationStatus};
use portico_shared::http::Customer;
use portico_shared::money::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

/// A booking.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "rsv_06f1…", "name": "C0504UNLK", "definitionId": "rdf_06f1…", "title": "Bike fitting",
    "service": "Standard fitting", "startTime": "2026-05-04T14:00:00Z", "endTime": "2026-05-04T15:00:00Z",
    "localStartTime": "2026-05-04T09:00:00", "timezone": "America/Chicago", "status": "confirmed", "price": 90.0,
    "currency": "USD", "note": null, "venue": "Acme Outfitters, 1 Main St, Springfield", "meetingLink": null,
    "locationType": "venue", "customer": {"id": "cus_06f1…"}, "cancelBy": "2026-05-03T14:00:00Z",
    "createdAt": "2026-05-01T09:30:00Z", "updatedAt": "2026-05-01T09:30:00Z",
}))]
pub(crate) struct ReservationView {
    id: String,
    /// The number that people speak of.
    name: String,
    definition_id: String,
    title: String,
    service: String,
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end_time: Timestamp,
    /// What the clock at the venue shows when it begins.
    #[schema(value_type = String)]
    local_start_time: DateTime,
    /// The venue's, IANA.
    timezone: String,
    status: ReservationStatus,
    price: Decimal,
    /// ISO 4217.
    currency: &'static str,
    note: Option<String>,
    venue: Option<String>,
    meeting_link: Option<String>,
    location_type: LocationType,
    customer: CustomerView,
    /// Until when it may be cancelled or moved.
    #[schema(value_type = String, format = DateTime)]
    cancel_by: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Whose a booking is.
#[derive(Serialize, ToSchema)]
struct CustomerView {
    id: String,
}

impl ReservationView {
    pub(super) fn of(reservation: Reservation, customer: &Customer) -> Self {
        Self {
            id: reservation.id.to_string(),
            name: reservation.number,
            definition_id: reservation.definition.to_string(),
            title: reservation.title,
            service: reservation.service,
            start_time: reservation.start,
            end_time: reservation.end,
            local_start_time: reservation.local_start,
            timezone: reservation.timezone,
            status: reservation.status,
            price: reservation.price.decimal(),
            currency: reservation.price.currency().code(),
            note: reservation.note,
            location_type: LocationType::of(reservation.meeting_link.as_deref()),
            venue: reservation.venue,
            meeting_link: reservation.meeting_link,
            customer: CustomerView {
                id: customer.scope.customer().to_string(),
            },
            cancel_by: reservation.cancel_by,
            created_at: reservation.created_at,
            updated_at: reservation.updated_at,
        }
    }
}
