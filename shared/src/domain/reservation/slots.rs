//! Which slots there are: pure rules, by the clock at the venue.
//!
//! The clock decides, and nothing else: a slot begins where the venue's clock shows a time of the grid, and
//! lies within office hours if the clock shows so at its beginning and its end. Times that the clock skips in
//! spring have no slot; times that it shows twice in autumn have two. Durations are real time.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::definition::{Definition, Service, TimeOfDay, WorkDay};
use super::taken::Taken;
use crate::clock;
use crate::error::{Code, Refusal};

/// A definition and its venue's time zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The definition.
    pub definition: Definition,
    zone: TimeZone,
}

/// A stretch of time that can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
}

/// A free slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// The slot.
    pub slot: Slot,
    /// How many more bookings it takes.
    pub spots: u32,
}

impl Calendar {
    /// The calendar of a definition; none if its time zone is unknown here.
    pub fn of(definition: Definition) -> Option<Self> {
        let zone = clock::zone(&definition.office_hours.timezone)?;
        Some(Self { definition, zone })
    }

    /// The service of this name, or where none is named the only one of this length, or the first one.
    ///
    /// # Errors
    ///
    /// `validation_failed` for a name that no service has; `slot_unavailable` for a length that none or more
    /// than one has.
    pub fn service(
        &self,
        name: Option<&str>,
        length: Option<SignedDuration>,
    ) -> Result<&Service, Refusal> {
        let services = &self.definition.services;
        let names = || {
            let names: Vec<_> = services.iter().map(|s| s.name.as_str()).collect();
            names.join(", ")
        };
        if let Some(name) = name {
            let found = services.iter().find(|service| service.name == name);
            let message = format!("is none of its services: {}", names());
            return found
                .ok_or_else(|| Refusal::new(Code::ValidationFailed).at("service", message));
        }
        let Some(length) = length else {
            return Ok(&services[0]);
        };
        let mut fitting = services.iter().filter(|s| minutes(s.duration) == length);
        match (fitting.next(), fitting.next()) {
            (Some(service), None) => Ok(service),
            (found, _) => {
                let what = if found.is_some() {
                    "several services take"
                } else {
                    "no service takes"
                };
                let message = format!("{what} this long; name one of {}", names());
                Err(Refusal::new(Code::SlotUnavailable).at("service", message))
            }
        }
    }

    /// The slot of a service that begins at this moment.
    ///
    /// # Errors
    ///
    /// `slot_unavailable` for a moment that is out of the calendar's range.
    pub fn slot(&self, service: &Service, start: Timestamp) -> Result<Slot, Refusal> {
        match start.checked_add(minutes(service.duration)) {
            Ok(end) => Ok(Slot { start, end }),
            Err(_) => Err(Refusal::new(Code::SlotUnavailable)),
        }
    }

    /// Until when a slot's place stays taken.
    pub fn taken_until(&self, slot: Slot) -> Timestamp {
        let buffer = minutes(self.definition.buffer_minutes);
        slot.end.checked_add(buffer).unwrap_or(Timestamp::MAX)
    }

    /// What the clock at the venue shows.
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }

    /// The slots of a service on a date, by time. Whether they are still free is not looked at.
    pub fn slots<'a>(
        &'a self,
        date: Date,
        service: &'a Service,
    ) -> impl Iterator<Item = Slot> + 'a {
        let open = self.closed(date).is_none();
        let mut starts: Vec<_> = open
            .then(|| self.starts(date))
            .into_iter()
            .flatten()
            .collect();
        // Where an hour comes twice, its times come twice, one hour after the other.
        starts.sort_unstable();
        let slots = starts
            .into_iter()
            .filter_map(|start| self.slot(service, start).ok());
        slots.filter(|slot| self.ends_in_hours(*slot) && self.blocked(*slot).is_none())
    }

    /// The free slots from a date through another one. Dates on which it is not open have none.
    pub fn free(
        &self,
        service: &Service,
        dates: (Date, Date),
        taken: &Taken,
        now: Timestamp,
    ) -> Vec<Free> {
        let earliest = self.earliest(now);
        let (from, to) = self.within_horizon(dates, now);
        let days = from.series(1.day()).take_while(|date| *date <= to);
        let slots = days.flat_map(|date| self.slots(date, service));
        let slots = slots.filter(|slot| slot.start >= earliest);
        let free = slots.map(|slot| {
            let most = taken.most(slot.start, self.taken_until(slot));
            Free {
                slot,
                spots: self.definition.capacity.saturating_sub(most),
            }
        });
        free.filter(|free| free.spots > 0).collect()
    }

    /// The dates of a range that can be booked at all: not past, and not too far ahead.
    pub fn within_horizon(&self, (from, to): (Date, Date), now: Timestamp) -> (Date, Date) {
        let today = self.local(now).date();
        (from.max(today), to.min(self.horizon(today)))
    }

    /// The moments at which a date begins and ends at the venue, or a little earlier and later.
    pub fn moments(&self, from: Date, to: Date) -> (Timestamp, Timestamp) {
        let midnight = |date: Date| {
            let midnight = self
                .zone
                .to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
            midnight.compatible()
        };
        let end = to.tomorrow().and_then(midnight);
        (
            midnight(from).unwrap_or(Timestamp::MIN),
            end.unwrap_or(Timestamp::MAX),
        )
    }

    /// Refuses a date on which nothing can be booked, in words for the person who chose it.
    ///
    /// # Errors
    ///
    /// `day_unavailable`.
    pub fn check_date(&self, date: Date, now: Timestamp) -> Result<(), Refusal> {
        let today = self.local(now).date();
        let title = &self.definition.title;
        let day = date.strftime("%A, %-d %B %Y");
        let message = if date < today {
            format!("{day} is past. Please choose another day.")
        } else if date > self.horizon(today) {
            let days = self.definition.horizon_days;
            format!("{title} can be booked up to {days} days ahead. Please choose an earlier day.")
        } else if let Some(why) = self.closed(date) {
            format!("{title} is closed {why}. Please choose another day.")
        } else {
            return Ok(());
        };
        Err(Refusal::because(Code::DayUnavailable, message))
    }

    /// Refuses what is no slot of the calendar, and says why not.
    ///
    /// # Errors
    ///
    /// `slot_unavailable`; `day_unavailable` for a day on which it is closed.
    pub fn check(&self, slot: Slot, now: Timestamp) -> Result<(), Refusal> {
        let refused =
            |message: String| Err(Refusal::new(Code::SlotUnavailable).at("startTime", message));
        let definition = &self.definition;
        if slot.start <= now {
            return refused("is past".to_owned());
        }
        if slot.start < self.earliest(now) {
            let lead = span(definition.lead_minutes);
            return refused(format!("must be booked at least {lead} before it begins"));
        }
        let local = self.local(slot.start);
        let today = self.local(now).date();
        if local.date() > self.horizon(today) {
            let days = definition.horizon_days;
            return refused(format!("can be booked up to {days} days ahead"));
        }
        self.check_date(local.date(), now)?;
        let hours = &definition.office_hours;
        let (from, to, zone) = (hours.start_time, hours.end_time, &hours.timezone);
        let shown = local.strftime("%H:%M");
        let minute = minute_of(local);
        if minute < from.minutes() || minute >= to.minutes() || !self.ends_in_hours(slot) {
            return refused(format!(
                "is {shown} in {zone}, and the slot is not within {from} to {to} there"
            ));
        }
        let on_grid = (minute - from.minutes()).is_multiple_of(definition.step_minutes);
        if !on_grid || local.second() != 0 || local.subsec_nanosecond() != 0 {
            let step = definition.step_minutes;
            return refused(format!(
                "is {shown} in {zone}, where slots begin every {step} minutes from {from} on"
            ));
        }
        if let Some(why) = self.blocked(slot) {
            return refused(format!("cannot be booked: {why}"));
        }
        Ok(())
    }

    /// Every moment of a date at which the clock shows a time of the grid.
    fn starts(&self, date: Date) -> impl Iterator<Item = Timestamp> {
        let hours = &self.definition.office_hours;
        let step = usize::try_from(self.definition.step_minutes).unwrap_or(usize::MAX);
        let minutes = (hours.start_time.minutes()..hours.end_time.minutes()).step_by(step.max(1));
        let shown = minutes.filter_map(move |minute| at_minute(date, minute));
        shown
            .flat_map(|shown| {
                let at = |offset: jiff::tz::Offset| offset.to_timestamp(shown).ok();
                match self.zone.to_ambiguous_timestamp(shown).offset() {
                    AmbiguousOffset::Unambiguous { offset } => [at(offset), None],
                    AmbiguousOffset::Gap { .. } => [None, None],
                    AmbiguousOffset::Fold { before, after } => [at(before), at(after)],
                }
            })
            .flatten()
    }

    /// Whether the clock shows an office hour of the same day when the slot ends.
    fn ends_in_hours(&self, slot: Slot) -> bool {
        let (start, end) = (self.local(slot.start), self.local(slot.end));
        let closes = self.definition.office_hours.end_time.minutes();
        if end.date() == start.date() {
            minute_of(end) <= closes
        } else {
            let midnight = end.time() == Time::midnight();
            closes == TimeOfDay::DAY && midnight && start.date().tomorrow().ok() == Some(end.date())
        }
    }

    /// Why it is closed on a date, if it is.
    fn closed(&self, date: Date) -> Option<String> {
        let weekday = WorkDay::from(date.weekday());
        if !self.definition.work_days.contains(&weekday) {
            return Some(date.strftime("on %As").to_string());
        }
        let closed = self.definition.closed_dates.contains(&date);
        closed.then(|| date.strftime("on %A, %-d %B %Y").to_string())
    }

    /// Why a slot cannot be booked, if a blocked time meets it.
    fn blocked(&self, slot: Slot) -> Option<&str> {
        let moment = |shown: DateTime| self.zone.to_ambiguous_timestamp(shown).compatible().ok();
        let blocked = self.definition.blocked.iter().find(|blocked| {
            moment(blocked.start).is_some_and(|start| start < slot.end)
                && moment(blocked.end).is_some_and(|end| end > slot.start)
        });
        blocked.map(|blocked| blocked.reason.as_deref().unwrap_or("this time is blocked"))
    }

    fn earliest(&self, now: Timestamp) -> Timestamp {
        let lead = minutes(self.definition.lead_minutes);
        now.checked_add(lead).unwrap_or(Timestamp::MAX)
    }

    fn horizon(&self, today: Date) -> Date {
        let days = i64::from(self.definition.horizon_days);
        today.checked_add(days.days()).unwrap_or(Date::MAX)
    }
}

/// Minutes as a duration.
pub(super) fn minutes(minutes: u32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(minutes))
}

/// For people: `45 minutes`, `2 hours`, `3 days`.
pub(super) fn span(minutes: u32) -> String {
    let (number, unit) = match minutes {
        days if days.is_multiple_of(TimeOfDay::DAY) => (days / TimeOfDay::DAY, "day"),
        hours if hours.is_multiple_of(60) => (hours / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

fn minute_of(shown: DateTime) -> u32 {
    let part = |part: i8| u32::try_from(part).unwrap_or(0);
    part(shown.hour()) * 60 + part(shown.minute())
}

fn at_minute(date: Date, minute: u32) -> Option<DateTime> {
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    Some(date.to_datetime(Time::new(hour, minute, 0, 0).ok()?))
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
