//! Booking, moving and cancelling: the booking and the cells that it takes are one transaction.

use jiff::Timestamp;

use super::closed::{in_time, open};
use super::definition::Service;
use super::slots::{Calendar, Slot, minutes};
use super::taken::{self, Cells};
use super::{Pointer, Reservation, ReservationStatus, by_id, by_number};
use crate::auth::KeyRing;
use crate::clock;
use crate::domain::idempotency::IdempotencyKey;
use crate::error::{Code, Error, Refusal, Result};
use crate::ids::{OrgId, ReservationId, random16};
use crate::store::{
    Condition, CustomerScope, Found, Item, Partition, Store, StoreError, Stored, Update, Write,
};

/// How often a number that somebody has already is made up anew.
const ATTEMPTS: u32 = 5;

/// Where the writes stand in the transaction that books; the cells follow.
const RESERVATION: usize = 0;
const POINTER: usize = 1;

/// What a customer wants to book.
#[derive(Debug)]
pub struct Booking<'a> {
    /// Of what.
    pub calendar: &'a Calendar,
    /// Which of its services.
    pub service: &'a Service,
    /// When.
    pub slot: Slot,
    /// What the customer notes.
    pub note: Option<String>,
    /// The request's key and fingerprint, if it has one.
    pub idempotency: Option<(IdempotencyKey, String)>,
}

/// A booking that was made.
#[derive(Debug)]
pub struct Booked {
    /// The booking.
    pub reservation: Stored<Reservation>,
    /// Whether an earlier request with the same key made it.
    pub replayed: bool,
}

/// Books a slot. One round trip.
///
/// # Errors
///
/// `slot_unavailable`, `day_unavailable` for what is no slot; `slot_taken`; `idempotency_key_reused`.
pub async fn book(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    booking: Booking<'_>,
) -> Result<Booked> {
    let id = match &booking.idempotency {
        Some((key, _)) => {
            let author = scope.customer().as_str();
            let seed = ring.idempotent_seed(scope.org(), "reservation", author, key.as_str());
            ReservationId::derived(&seed)
        }
        None => ReservationId::generate(),
    };
    let now = clock::now();
    if let Err(refusal) = booking.calendar.check(booking.slot, now) {
        // What was booked a while ago may be no slot any more.
        return match earlier(store, scope, &id, &booking).await? {
            Some(booked) => Ok(booked),
            None => Err(refusal.into()),
        };
    }
    for _ in 0..ATTEMPTS {
        let reservation = compose(&booking, &id, now);
        match store.transact(writes(scope, &booking, &reservation)).await {
            Ok(()) => {
                let reservation = Stored {
                    entity: reservation,
                    version: 1,
                };
                return Ok(Booked {
                    reservation,
                    replayed: false,
                });
            }
            Err(StoreError::Cancelled(mut reasons)) => {
                let mut found = |at: usize| reasons.get_mut(at).and_then(Option::take);
                if let Some(there) = found(RESERVATION) {
                    return replay(there, &booking);
                }
                if found(POINTER).is_none() {
                    return Err(Code::SlotTaken.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// What an earlier request with this key booked.
async fn earlier(
    store: &Store,
    scope: &CustomerScope,
    id: &ReservationId,
    booking: &Booking<'_>,
) -> Result<Option<Booked>> {
    if booking.idempotency.is_none() {
        return Ok(None);
    }
    let there = store
        .get_consistent(&scope.key(&Item::Reservation(id)))
        .await?;
    there.map(|there| same_request(there, booking)).transpose()
}

fn replay(found: Found, booking: &Booking<'_>) -> Result<Booked> {
    let there = found.read::<Reservation>()?;
    let there =
        there.ok_or_else(|| Error::Internal("a booking that is there and is not".to_owned()))?;
    same_request(there, booking)
}

fn same_request(there: Stored<Reservation>, booking: &Booking<'_>) -> Result<Booked> {
    let fingerprint = booking
        .idempotency
        .as_ref()
        .map(|(_, fingerprint)| fingerprint);
    if there.entity.fingerprint.as_ref() != fingerprint {
        return Err(Code::IdempotencyKeyReused.into());
    }
    Ok(Booked {
        reservation: there,
        replayed: true,
    })
}

fn compose(booking: &Booking<'_>, id: &ReservationId, now: Timestamp) -> Reservation {
    let Booking {
        calendar,
        service,
        slot,
        ..
    } = *booking;
    let definition = &calendar.definition;
    let local_start = calendar.local(slot.start);
    Reservation {
        id: id.clone(),
        number: number(local_start),
        definition: definition.id.clone(),
        title: definition.title.clone(),
        service: service.name.clone(),
        price: service.price,
        start: slot.start,
        end: slot.end,
        taken_until: calendar.taken_until(slot),
        local_start,
        timezone: definition.office_hours.timezone.clone(),
        cancel_by: cancel_by(calendar, slot),
        status: if definition.payment_required {
            ReservationStatus::Pending
        } else {
            ReservationStatus::Confirmed
        },
        venue: definition.venue.clone(),
        meeting_link: definition.meeting_link.clone(),
        note: booking.note.clone(),
        fingerprint: booking.idempotency.as_ref().map(|(_, print)| print.clone()),
        created_at: now,
        updated_at: now,
    }
}

/// A number that people can read out: the month and day that were booked, and twenty random bits.
fn number(local_start: jiff::civil::DateTime) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let random = random16();
    let letters = random[..4].iter();
    let letters: String = letters
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    format!(
        "C{:02}{:02}{letters}",
        local_start.month(),
        local_start.day()
    )
}

fn cancel_by(calendar: &Calendar, slot: Slot) -> Timestamp {
    let before = minutes(calendar.definition.cancel_minutes);
    slot.start.checked_sub(before).unwrap_or(Timestamp::MIN)
}

fn writes(scope: &CustomerScope, booking: &Booking<'_>, reservation: &Reservation) -> Vec<Write> {
    let pointer = Pointer {
        reservation: reservation.id.clone(),
        customer: scope.customer().clone(),
    };
    let org = scope.org();
    let number_key = org.reservation_number_key(&reservation.number);
    let mut writes = vec![
        Write::put(scope.key(&Item::Reservation(&reservation.id)), reservation)
            .when(Condition::Absent),
        Write::put(number_key, &pointer).when(Condition::Absent),
    ];
    let capacity = booking.calendar.definition.capacity;
    let cells = Some(cells_of(reservation));
    writes.extend(taken::writes(
        org,
        &reservation.definition,
        capacity,
        None,
        cells,
    ));
    writes
}

fn cells_of(reservation: &Reservation) -> Cells {
    taken::cells(reservation.start, reservation.taken_until)
}

/// What of a booking changes. What is none stays.
#[derive(Debug, Default)]
pub struct Move<'a> {
    /// Another slot of the same definition, and the service that is to take place there.
    pub to: Option<(&'a Calendar, &'a Service, Slot)>,
    /// Another note, or none any more.
    pub note: Option<Option<String>>,
    /// The version that the client saw.
    pub version: Option<u64>,
}

/// Moves a booking to another slot, or changes its note. One round trip; the booking was read before.
///
/// # Errors
///
/// `reservation_closed` for one that does not stand any more, or whose deadline has passed;
/// `precondition_failed`; as [`book`] for the new slot; `version_conflict`.
pub async fn change(
    store: &Store,
    scope: &CustomerScope,
    reservation: Stored<Reservation>,
    change: Move<'_>,
) -> Result<Stored<Reservation>> {
    let Stored {
        entity: before,
        version,
    } = reservation;
    if change.version.is_some_and(|seen| seen != version) {
        return Err(Code::PreconditionFailed.into());
    }
    let now = clock::now();
    open(&before)?;
    let mut after = before.clone();
    let mut writes = Vec::new();
    if let Some((calendar, service, slot)) = change.to
        && (slot.start != before.start || service.name != before.service)
    {
        in_time(&before, now)?;
        calendar.check(slot, now)?;
        after.service.clone_from(&service.name);
        after.price = service.price;
        (after.start, after.end) = (slot.start, slot.end);
        after.taken_until = calendar.taken_until(slot);
        after.local_start = calendar.local(slot.start);
        after
            .timezone
            .clone_from(&calendar.definition.office_hours.timezone);
        after.cancel_by = cancel_by(calendar, slot);
        if before.status != ReservationStatus::Pending {
            after.status = ReservationStatus::Rescheduled;
        }
        let (freed, taken) = (cells_of(&before), cells_of(&after));
        let capacity = calendar.definition.capacity;
        let (org, id) = (scope.org(), &before.definition);
        writes = taken::writes(org, id, capacity, Some(freed), Some(taken));
    }
    if let Some(note) = change.note {
        after.note = note;
    }
    if after == before {
        return Ok(Stored {
            entity: before,
            version,
        });
    }
    after.updated_at = now;
    let key = scope.key(&Item::Reservation(&after.id));
    let update = Write::update(key, Update::to(&after)?).when(Condition::eq("v", &version));
    if writes.is_empty() {
        // By itself a write costs half.
        return Ok(store.update(update).await?);
    }
    writes.insert(RESERVATION, update);
    match store.transact(writes).await {
        Ok(()) => Ok(Stored {
            entity: after,
            version: version + 1,
        }),
        Err(StoreError::Cancelled(reasons)) if reasons[RESERVATION].is_none() => {
            Err(Code::SlotTaken.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Cancels a booking of the customer's and frees its slot. One that is cancelled already stays so. Two round
/// trips.
///
/// # Errors
///
/// `not_found`; `reservation_closed` after the deadline, or for one that took place; `version_conflict`.
pub async fn cancel(store: &Store, scope: &CustomerScope, id: &ReservationId) -> Result<()> {
    let stored = by_id(store, scope, id).await?;
    if stored.entity.status == ReservationStatus::Cancelled {
        return Ok(());
    }
    open(&stored.entity)?;
    in_time(&stored.entity, clock::now())?;
    let to = ReservationStatus::Cancelled;
    store.transact(step(scope, &stored, to)).await?;
    Ok(())
}

/// The writes that delete a booking and its number, and free its slot if it stands: for the end of the account.
pub fn erase(scope: &CustomerScope, booking: &Stored<Reservation>) -> Vec<Write> {
    let (org, reservation) = (scope.org(), &booking.entity);
    let key = scope.key(&Item::Reservation(&reservation.id));
    let mut writes = vec![
        Write::delete(key).when(Condition::eq("v", &booking.version)),
        Write::delete(org.reservation_number_key(&reservation.number)),
    ];
    if reservation.status.stands() {
        let cells = Some(cells_of(reservation));
        let freed = taken::writes(org, &reservation.definition, 0, cells, None);
        writes.extend(freed);
    }
    writes
}

/// Staff's word on how a booking stands. Three round trips. Answers the booking as it was.
///
/// # Errors
///
/// `not_found`; `reservation_closed` for a step that there is not; `version_conflict`.
pub async fn set_status(
    store: &Store,
    org: &OrgId,
    number: &str,
    to: ReservationStatus,
) -> Result<Reservation> {
    let (owner, stored) = by_number(store, org, number).await?;
    let from = stored.entity.status;
    if from == to {
        return Ok(stored.entity);
    }
    if !from.next().contains(&to) || to == ReservationStatus::Rescheduled {
        let message = format!("a booking that is {from} cannot become {to}");
        return Err(Refusal::because(Code::ReservationClosed, message).into());
    }
    store.transact(step(&owner, &stored, to)).await?;
    Ok(stored.entity)
}

/// The writes that give a booking another status, and its slot back if it is called off.
fn step(owner: &impl Partition, stored: &Stored<Reservation>, to: ReservationStatus) -> Vec<Write> {
    let reservation = &stored.entity;
    let update = Update::of::<Reservation>()
        .set("status", &to)
        .set("updatedAt", &clock::now());
    let key = owner.key(&Item::Reservation(&reservation.id));
    let mut writes = vec![Write::update(key, update).when(Condition::eq("v", &stored.version))];
    if to == ReservationStatus::Cancelled {
        let (org, freed) = (owner.org(), Some(cells_of(reservation)));
        writes.extend(taken::writes(org, &reservation.definition, 0, freed, None));
    }
    writes
}
