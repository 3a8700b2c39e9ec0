//! What happens to bookings.

use portico_shared::domain::reservation::{Reservation, ReservationStatus};
use portico_shared::queue::Job;
use portico_shared::store::Change;
use serde_json::json;

use super::job;

/// `appointment.booked`, `.rescheduled`, `.cancelled`. The booking has no address of the customer's: who
/// delivers looks it up.
pub(super) fn reservation_job(change: &Change) -> Option<Job> {
    let reservation = change.after::<Reservation>()?.entity;
    let event = match change.before::<Reservation>().map(|before| before.entity) {
        None => "appointment.booked",
        Some(before)
            if before.status != reservation.status
                && reservation.status == ReservationStatus::Cancelled =>
        {
            "appointment.cancelled"
        }
        Some(before) if before.start != reservation.start => "appointment.rescheduled",
        Some(_) => return None,
    };
    let data = json!({
        "reservationId": reservation.id,
        "reservationNumber": reservation.number,
        "title": reservation.title,
        "service": reservation.service,
        "status": reservation.status,
        "startTime": reservation.start,
        "localStartTime": reservation.local_start,
        "timezone": reservation.timezone,
        "venue": reservation.venue,
        "meetingLink": reservation.meeting_link,
    });
    let at = reservation.updated_at;
    job(change, event.to_owned(), at, None, None, data)
}
