//! Bookings that can no longer be changed, and what is said of them.

use jiff::Timestamp;

use super::Reservation;
use super::slots::span;
use crate::error::{Code, Refusal, Result};

/// Whether a booking stands, so that it can be changed.
pub(super) fn open(reservation: &Reservation) -> Result<()> {
    if reservation.status.stands() {
        return Ok(());
    }
    let message = format!("the booking is {}", reservation.status);
    Err(Refusal::because(Code::ReservationClosed, message).into())
}

/// Whether it may still be moved or cancelled.
pub(super) fn in_time(reservation: &Reservation, now: Timestamp) -> Result<()> {
    if now <= reservation.cancel_by {
        return Ok(());
    }
    let ahead = reservation.start.duration_since(reservation.cancel_by);
    let ahead = u32::try_from(ahead.as_mins()).unwrap_or(0);
    let message = if ahead == 0 {
        "the booking has begun, and can no longer be moved or cancelled".to_owned()
    } else {
        let ahead = span(ahead);
        format!("a booking can be moved or cancelled until {ahead} before it begins")
    };
    Err(Refusal::because(Code::ReservationClosed, message).into())
}
