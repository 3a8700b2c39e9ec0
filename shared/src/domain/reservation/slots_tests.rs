//! Slots on days when the clock changes, and what holds on every day.

use iso_currency::Currency;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

use super::super::Draft;
use super::*;
use crate::error::Code;
use crate::money::Money;

/// A calendar that is open on every day of the week, without a word about anything else.
fn calendar(zone: &str, hours: (&str, &str), step: u32, duration: u32) -> Calendar {
    changed(zone, hours, step, duration, &json!({}))
}

fn changed(
    zone: &str,
    hours: (&str, &str),
    step: u32,
    duration: u32,
    change: &serde_json::Value,
) -> Calendar {
    let mut draft = json!({
        "name": "chair", "title": "Chair", "horizonDays": 730, "stepMinutes": step,
        "workDays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "officeHours": {"startTime": hours.0, "endTime": hours.1, "timezone": zone},
        "services": [{"name": "Cut", "duration": duration, "price": 40}],
    });
    let members = draft.as_object_mut().unwrap();
    members.extend(change.as_object().unwrap().clone());
    let draft: Draft = serde_json::from_value(draft).unwrap();
    let org = "acme".parse().unwrap();
    Calendar::of(draft.check(&org, Currency::USD).unwrap()).unwrap()
}

/// The beginnings of a day's slots, in UTC and as the clock shows them.
fn shown(calendar: &Calendar, day: Date) -> Vec<String> {
    let service = &calendar.definition.services[0];
    let slots = calendar.slots(day, service);
    let slots = slots.map(|slot| {
        let local = calendar.local(slot.start).strftime("%H:%M");
        format!("{} {local}", slot.start.strftime("%d %H:%MZ"))
    });
    slots.collect()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The reason why a slot of the first service is refused.
fn refusal(calendar: &Calendar, start: &str, now: &str) -> (Code, String) {
    let service = &calendar.definition.services[0];
    let slot = calendar.slot(service, moment(start)).unwrap();
    let refusal = calendar.check(slot, moment(now)).unwrap_err();
    let told = refusal.details.first().map(|detail| detail.message.clone());
    (refusal.code, told.unwrap_or(refusal.message))
}

#[test]
fn where_the_clock_skips_an_hour_its_times_have_no_slot() {
    // Berlin, 29 March 2026: 01:59 is followed by 03:00.
    let berlin = calendar("Europe/Berlin", ("00:00", "05:00"), 30, 30);
    assert_eq!(
        shown(&berlin, date(2026, 3, 29)),
        [
            "28 23:00Z 00:00",
            "28 23:30Z 00:30",
            "29 00:00Z 01:00",
            "29 00:30Z 01:30",
            "29 01:00Z 03:00",
            "29 01:30Z 03:30",
            "29 02:00Z 04:00",
            "29 02:30Z 04:30",
        ]
    );
    // An hour that begins before the change ends an hour later, whatever the clock shows then.
    let hours = calendar("Europe/Berlin", ("00:00", "05:00"), 60, 60);
    let service = &hours.definition.services[0];
    let slots: Vec<_> = hours.slots(date(2026, 3, 29), service).collect();
    assert_eq!(slots.len(), 4);
    assert_eq!(slots[1].end, moment("2026-03-29T01:00:00Z"));
    assert_eq!(hours.local(slots[1].end).to_string(), "2026-03-29T03:00:00");
}

#[test]
fn where_the_clock_shows_an_hour_twice_its_times_have_two_slots() {
    // New York, 1 November 2026: 01:59 daylight time is followed by 01:00 standard time.
    let new_york = calendar("America/New_York", ("00:30", "03:00"), 30, 30);
    assert_eq!(
        shown(&new_york, date(2026, 11, 1)),
        [
            "01 04:30Z 00:30",
            "01 05:00Z 01:00",
            "01 05:30Z 01:30",
            "01 06:00Z 01:00",
            "01 06:30Z 01:30",
            "01 07:00Z 02:00",
            "01 07:30Z 02:30",
        ]
    );
}

#[test]
fn half_an_hour_of_change_moves_no_slot_off_the_grid() {
    // Lord Howe: on 4 October 2026 01:59 is followed by 02:30, on 5 April 2026 01:59 by 01:30.
    let island = calendar("Australia/Lord_Howe", ("01:00", "04:00"), 60, 30);
    assert_eq!(
        shown(&island, date(2026, 10, 4)),
        ["03 14:30Z 01:00", "03 16:00Z 03:00"]
    );
    let island = calendar("Australia/Lord_Howe", ("01:00", "03:00"), 30, 30);
    assert_eq!(
        shown(&island, date(2026, 4, 5)),
        [
            "04 14:00Z 01:00",
            "04 14:30Z 01:30",
            "04 15:00Z 01:30",
            "04 15:30Z 02:00",
            "04 16:00Z 02:30"
        ]
    );
}

#[test]
fn what_is_closed_blocked_past_or_too_far_ahead_has_no_slots() {
    let rules = json!({
        "workDays": ["monday", "tuesday"], "closedDates": ["2026-05-05"], "leadMinutes": 120, "horizonDays": 14,
        "blocked": [{"start": "2026-05-04T10:00", "end": "2026-05-04T11:30", "reason": "staff meeting"}],
    });
    let calendar = changed("Europe/Berlin", ("09:00", "13:00"), 60, 60, &rules);
    let service = &calendar.definition.services[0];
    let free = |from, to, now: &str| -> Vec<String> {
        let now = moment(now);
        let free = calendar.free(service, (from, to), &Taken::default(), now);
        let shown = free.iter().map(|free| calendar.local(free.slot.start));
        shown
            .map(|local| local.strftime("%d %H").to_string())
            .collect()
    };
    let (from, to) = (date(2026, 5, 1), date(2026, 5, 31));
    // Sunday the 3rd: two Mondays and a Tuesday within a fortnight. 11:30 is no time of the grid.
    let all = [
        "04 09", "04 12", "11 09", "11 10", "11 11", "11 12", "12 09", "12 10", "12 11", "12 12",
    ];
    assert_eq!(free(from, to, "2026-05-03T10:00:00Z"), all);
    // Monday at 08:00 in Berlin: two hours of lead.
    assert_eq!(
        free(from, to, "2026-05-04T06:00:00Z")[..2],
        ["04 12", "11 09"]
    );
    assert_eq!(free(to, from, "2026-05-03T10:00:00Z"), [""; 0]);

    let now = "2026-05-03T10:00:00Z";
    for (start, code, why) in [
        ("2026-05-03T09:00:00Z", Code::SlotUnavailable, "is past"),
        (
            "2026-05-03T11:00:00Z",
            Code::SlotUnavailable,
            "must be booked at least 2 hours before it begins",
        ),
        (
            "2026-05-18T07:00:00Z",
            Code::SlotUnavailable,
            "can be booked up to 14 days ahead",
        ),
        (
            "2026-05-06T07:00:00Z",
            Code::DayUnavailable,
            "Chair is closed on Wednesdays. Please choose another day.",
        ),
        (
            "2026-05-05T07:00:00Z",
            Code::DayUnavailable,
            "Chair is closed on Tuesday, 5 May 2026. Please choose another day.",
        ),
        // Nine o'clock in another zone.
        (
            "2026-05-04T09:00:00-04:00",
            Code::SlotUnavailable,
            "is 15:00 in Europe/Berlin, and the slot is not within 09:00 to 13:00 there",
        ),
        (
            "2026-05-04T07:30:00Z",
            Code::SlotUnavailable,
            "is 09:30 in Europe/Berlin, where slots begin every 60 minutes from 09:00 on",
        ),
        (
            "2026-05-04T07:00:00.001Z",
            Code::SlotUnavailable,
            "is 09:00 in Europe/Berlin, where slots begin every 60 minutes from 09:00 on",
        ),
        (
            "2026-05-04T08:00:00Z",
            Code::SlotUnavailable,
            "cannot be booked: staff meeting",
        ),
    ] {
        assert_eq!(
            refusal(&calendar, start, now),
            (code, why.to_owned()),
            "{start}"
        );
    }
    let slot = calendar
        .slot(service, moment("2026-05-04T09:00:00+02:00"))
        .unwrap();
    assert_eq!(calendar.check(slot, moment(now)), Ok(()));
}

#[test]
fn a_place_stays_taken_for_the_buffer_and_as_many_as_the_capacity_may_overlap() {
    let rules = json!({"bufferMinutes": 15, "capacity": 2});
    let calendar = changed("UTC", ("09:00", "12:00"), 15, 45, &rules);
    let service = &calendar.definition.services[0];
    let mut taken = Taken::default();
    let mut book = |start: &str| {
        let slot = calendar.slot(service, moment(start)).unwrap();
        taken.add(slot.start, calendar.taken_until(slot));
        let day = date(2026, 5, 4);
        let free = calendar.free(service, (day, day), &taken, moment("2026-05-01T00:00:00Z"));
        let shown = free
            .iter()
            .map(|free| format!("{} {}", free.slot.start.strftime("%H:%M"), free.spots));
        shown.collect::<Vec<_>>()
    };
    // 10:00 to 11:00 with its buffer: what would reach into that has one place left.
    let one = book("2026-05-04T10:00:00Z");
    assert_eq!(
        one,
        [
            "09:00 2", "09:15 1", "09:30 1", "09:45 1", "10:00 1", "10:15 1", "10:30 1", "10:45 1",
            "11:00 2", "11:15 2"
        ]
    );
    let two = book("2026-05-04T10:30:00Z");
    // Both have 10:30 to 11:00: whatever would meet that is gone.
    assert_eq!(two, ["09:00 2", "09:15 1", "09:30 1", "11:00 1", "11:15 1"]);
}

#[test]
fn a_day_of_24_hours_ends_at_midnight_and_a_service_may_take_all_of_it() {
    let hall = calendar("Europe/Berlin", ("00:00", "24:00"), 1440, 1440);
    assert_eq!(shown(&hall, date(2026, 5, 4)), ["03 22:00Z 00:00"]);
    // In spring a day has only 23 hours, which is less than the service takes.
    assert_eq!(shown(&hall, date(2026, 3, 29)), [""; 0]);
}

#[test]
fn a_service_is_meant_by_its_name_or_by_its_length() {
    let two = json!({"services": [
        {"name": "Cut", "duration": 30, "price": "40.00"}, {"name": "Colour", "duration": 90, "price": 80.0},
        {"name": "Shave", "duration": 30, "price": 10},
    ]});
    let calendar = changed("UTC", ("09:00", "12:00"), 15, 45, &two);
    let name = |name, length: Option<u32>| {
        let found = calendar.service(name, length.map(minutes));
        found
            .map(|service| service.name.clone())
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(name(Some("Shave"), Some(90)), Ok("Shave".to_owned()));
    assert_eq!(name(None, Some(90)), Ok("Colour".to_owned()));
    assert_eq!(name(None, None), Ok("Cut".to_owned()));
    assert_eq!(name(None, Some(30)), Err(Code::SlotUnavailable));
    assert_eq!(name(None, Some(45)), Err(Code::SlotUnavailable));
    assert_eq!(name(Some("cut"), None), Err(Code::ValidationFailed));
    assert_eq!(
        calendar.definition.services[1].price,
        Money::new(8000, Currency::USD)
    );
}

const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "UTC",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "America/St_Johns",
    "Pacific/Apia",
];

proptest! {
    #[test]
    fn every_slot_lies_in_office_hours_on_the_grid_and_takes_as_long_as_it_takes(
        zone in 0..ZONES.len(), opens in 0_u32..280, open_for in 1_u32..280, step in 1_u32..50, duration in 1_u32..60,
        buffer in 0_u32..12, day in 0_i64..730, lead in 0_u32..500,
    ) {
        let closes = (opens + open_for).min(288);
        let duration = duration.min(closes - opens);
        let time = |fives: u32| format!("{:02}:{:02}", fives * 5 / 60, fives * 5 % 60);
        let rules = json!({"bufferMinutes": buffer * 5, "leadMinutes": lead});
        let hours = (time(opens), time(closes));
        let calendar = changed(ZONES[zone], (&hours.0, &hours.1), step * 5, duration * 5, &rules);
        let service = &calendar.definition.services[0];
        let now = moment("2026-01-01T12:34:56Z");
        let today = calendar.local(now).date();
        let day = today.checked_add(day.days()).unwrap();
        let free = calendar.free(service, (day, day), &Taken::default(), now);
        for pair in free.windows(2) {
            prop_assert!(pair[0].slot.start < pair[1].slot.start);
        }
        for Free { slot, spots } in free {
            prop_assert_eq!(spots, 1);
            prop_assert_eq!(slot.end.duration_since(slot.start), minutes(duration * 5));
            prop_assert!(slot.start >= now + minutes(lead));
            let (start, end) = (calendar.local(slot.start), calendar.local(slot.end));
            prop_assert_eq!(start.date(), day);
            let begins = minute_of(start);
            prop_assert!(begins >= opens * 5 && (begins - opens * 5).is_multiple_of(step * 5), "{}", start);
            let ends = if end.date() == day { minute_of(end) } else { 24 * 60 + minute_of(end) };
            prop_assert!(ends <= closes * 5, "{} to {}", start, end);
            prop_assert_eq!(calendar.check(slot, now), Ok(()));
        }
    }

    #[test]
    fn whatever_is_offered_and_booked_no_more_than_the_capacity_take_place_at_once(
        capacity in 1_u32..4, buffer in 0_u32..4, choices in prop::collection::vec(0_usize..1000, 1..40),
        day in 0_i64..3,
    ) {
        let rules = json!({"bufferMinutes": buffer * 5, "capacity": capacity, "services": [
            {"name": "Short", "duration": 20, "price": 1}, {"name": "Long", "duration": 75, "price": 1},
        ]});
        // The night of the change, with the hour that comes twice.
        let calendar = changed("America/New_York", ("00:00", "06:00"), 25, 45, &rules);
        let day = date(2026, 10, 31).checked_add(day.days()).unwrap();
        let (mut taken, mut booked) = (Taken::default(), Vec::new());
        for choice in choices {
            let service = &calendar.definition.services[choice % 2];
            let free = calendar.free(service, (day, day), &taken, moment("2026-10-01T00:00:00Z"));
            if free.is_empty() {
                continue;
            }
            let slot = free[choice / 2 % free.len()].slot;
            taken.add(slot.start, calendar.taken_until(slot));
            booked.push((slot.start, calendar.taken_until(slot)));
        }
        for (moment, _) in &booked {
            let at_once = booked.iter().filter(|(start, end)| start <= moment && moment < end);
            prop_assert!(at_once.count() <= usize::try_from(capacity).unwrap());
        }
    }
}
