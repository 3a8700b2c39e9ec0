//! What is said about bookings: when, by the clock at the venue.

use jiff::civil::DateTime;
use serde_json::Value;

/// The title and the text of an event, if it has any.
pub(super) fn message(kind: &str, data: &Value) -> Option<(String, String)> {
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    let local: DateTime = text("localStartTime").parse().ok()?;
    let when = format!(
        "{} ({})",
        local.strftime("%A, %-d %B %Y at %H:%M"),
        text("timezone")
    );
    let number = text("reservationNumber");
    let what = format!("{}, {}", text("title"), text("service"));
    let place = match (text("venue"), text("meetingLink")) {
        ("", "") => String::new(),
        ("", link) => format!(" Where to meet: {link}"),
        (venue, _) => format!(" Where: {venue}."),
    };
    Some(match kind {
        "appointment.booked" if text("status") == "pending" => (
            format!("Booking {number} waits for its payment"),
            format!("{what}: {when}. We hold the time for you.{place}"),
        ),
        "appointment.booked" => (
            format!("Booking {number} is confirmed"),
            format!("{what}: {when}.{place}"),
        ),
        "appointment.rescheduled" => (
            format!("Booking {number} is moved"),
            format!("{what} is now on {when}.{place}"),
        ),
        "appointment.cancelled" => (
            format!("Booking {number} is cancelled"),
            format!("{what} on {when} will not take place."),
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bookings_are_told_with_the_time_that_the_clock_at_the_venue_shows() {
        let mut data = json!({
            "reservationNumber": "C0504UNLK", "title": "Bike fitting", "service": "Standard", "status": "confirmed",
            "localStartTime": "2026-05-04T09:00:00", "timezone": "America/Chicago", "venue": "1 Main St",
            "meetingLink": null,
        });
        let told = |kind, data: &Value| {
            message(kind, data).map(|(title, body)| format!("{title}. {body}"))
        };
        assert_eq!(
            told("appointment.booked", &data).as_deref(),
            Some(
                "Booking C0504UNLK is confirmed. Bike fitting, Standard: Monday, 4 May 2026 at 09:00 \
                  (America/Chicago). Where: 1 Main St."
            )
        );
        assert_eq!(
            told("appointment.rescheduled", &data).as_deref(),
            Some(
                "Booking C0504UNLK is moved. Bike fitting, Standard is now on Monday, 4 May 2026 at 09:00 \
                  (America/Chicago). Where: 1 Main St."
            )
        );
        assert_eq!(
            told("appointment.cancelled", &data).as_deref(),
            Some(
                "Booking C0504UNLK is cancelled. Bike fitting, Standard on Monday, 4 May 2026 at 09:00 \
                  (America/Chicago) will not take place."
            )
        );
        data["status"] = json!("pending");
        let pending = told("appointment.booked", &data).unwrap();
        assert!(
            pending.starts_with("Booking C0504UNLK waits for its payment."),
            "{pending}"
        );
        assert_eq!(told("appointment.reminded", &data), None);
    }
}
