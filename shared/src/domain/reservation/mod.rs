//! Bookable services: definitions, slots, and bookings.

mod book;
mod closed;
mod definition;
mod draft;
mod slots;
mod status;
mod taken;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Result};
use crate::ids::{CustomerId, DefinitionId, OrgId, ReservationId};
use crate::money::Money;
use crate::store::{Collection, Entity, Item, List, Partition, Shopper, Store, Stored};

pub use book::{Booked, Booking, Move, book, cancel, change, erase, set_status};
pub use definition::{
    Blocked, Definition, DefinitionStatus, Definitions, LocationType, OfficeHours, Service,
    TimeOfDay, WorkDay, save, stored,
};
pub use draft::Draft;
pub use slots::{Calendar, Free, Slot};
pub use status::ReservationStatus;
pub use taken::{CELL_MINUTES, Taken};

/// A booking, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// The id.
    pub id: ReservationId,
    /// The number that people speak of, such as `C0503UNLK`.
    pub number: String,
    /// What is booked.
    pub definition: DefinitionId,
    /// Its title at the time.
    pub title: String,
    /// The name of the service.
    pub service: String,
    /// What it costs.
    pub price: Money,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Until when its place stays taken: the buffer is part of what is freed, whatever it is by then.
    pub taken_until: Timestamp,
    /// What the clock at the venue shows when it begins.
    pub local_start: DateTime,
    /// The venue's time zone, IANA.
    pub timezone: String,
    /// Until when the customer may cancel or move it.
    pub cancel_by: Timestamp,
    /// How it stands.
    pub status: ReservationStatus,
    /// Where it takes place.
    pub venue: Option<String>,
    /// Where to meet online.
    pub meeting_link: Option<String>,
    /// What the customer noted.
    pub note: Option<String>,
    /// Of the request that made it, if that had an `Idempotency-Key`.
    pub fingerprint: Option<String>,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Entity for Reservation {
    const TYPE: &'static str = "Reservation";
}

/// Booking number → the booking and whose it is, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pointer {
    reservation: ReservationId,
    customer: CustomerId,
}

impl Entity for Pointer {
    const TYPE: &'static str = "ReservationPointer";
}

/// All of a customer's own bookings. One round trip for each megabyte, some two thousand.
pub async fn list(store: &Store, partition: &impl Partition) -> Result<Vec<Reservation>> {
    let all = List::of(Collection::Reservations);
    Ok(store.list(partition, all).await?.into_entities())
}

/// One of a customer's own bookings. One round trip.
///
/// # Errors
///
/// `not_found`.
pub async fn by_id(
    store: &Store,
    partition: &impl Partition,
    id: &ReservationId,
) -> Result<Stored<Reservation>> {
    store
        .find(&partition.key(&Item::Reservation(id)))
        .await?
        .ok_or(Code::NotFound.into())
}

/// The booking of a number, and whose it is: for staff. Two round trips.
///
/// # Errors
///
/// `not_found`.
pub async fn by_number(
    store: &Store,
    org: &OrgId,
    number: &str,
) -> Result<(Shopper, Stored<Reservation>)> {
    let number = number.to_ascii_uppercase();
    let pointer: Option<Stored<Pointer>> = store.find(&org.reservation_number_key(&number)).await?;
    let pointer = pointer.ok_or(Code::NotFound)?.entity;
    let owner = Shopper::proved(org, pointer.customer.as_str()).ok_or(Code::NotFound)?;
    let reservation = by_id(store, &owner, &pointer.reservation).await?;
    Ok((owner, reservation))
}
