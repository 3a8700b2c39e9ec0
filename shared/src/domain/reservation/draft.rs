//! A definition as an operator writes it, and what is refused of it.

use std::collections::BTreeSet;

use garde::Validate;
use iso_currency::Currency;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use super::definition::{
    Blocked, Definition, DefinitionStatus, OfficeHours, Service, TimeOfDay, WorkDay,
};
use super::taken::CELL_MINUTES;
use crate::clock;
use crate::ids::{DefinitionId, OrgId};
use crate::money::Money;
use crate::text::{line, lines};

/// A definition that is held to no rule yet.
#[derive(Debug, Clone, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Draft {
    #[garde(custom(plain))]
    name: String,
    #[garde(length(chars, min = 1, max = 120), custom(line))]
    title: String,
    #[serde(default)]
    #[garde(inner(length(chars, max = 2000), custom(lines)))]
    description: Option<String>,
    #[serde(rename = "type", default = "appointment")]
    #[garde(length(chars, min = 1, max = 40), custom(line))]
    kind: String,
    #[serde(default)]
    #[garde(skip)]
    status: DefinitionStatus,
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 200), custom(line)))]
    venue: Option<String>,
    #[serde(default)]
    #[garde(inner(custom(url)))]
    image: Option<String>,
    #[serde(default)]
    #[garde(skip)]
    payment_required: bool,
    #[garde(length(min = 1, max = 7))]
    work_days: Vec<WorkDay>,
    #[garde(skip)]
    office_hours: OfficeHours,
    #[garde(length(min = 1, max = 50), dive)]
    services: Vec<ServiceDraft>,
    #[serde(default)]
    #[garde(range(max = 720))]
    buffer_minutes: u32,
    #[serde(default = "one")]
    #[garde(range(min = 1, max = 1000))]
    capacity: u32,
    #[garde(range(min = CELL_MINUTES, max = TimeOfDay::DAY))]
    step_minutes: u32,
    #[serde(default)]
    #[garde(range(max = 525_600))]
    lead_minutes: u32,
    #[serde(default = "two_months")]
    #[garde(range(min = 1, max = 730))]
    horizon_days: u32,
    #[serde(default)]
    #[garde(range(max = 525_600))]
    cancel_minutes: u32,
    #[serde(default)]
    #[garde(length(max = 500))]
    blocked: Vec<Blocked>,
    #[serde(default)]
    #[garde(length(max = 500))]
    closed_dates: Vec<Date>,
    #[serde(default)]
    #[garde(inner(custom(url)))]
    meeting_link: Option<String>,
}

/// A service of a [`Draft`].
#[derive(Debug, Clone, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct ServiceDraft {
    #[garde(length(chars, min = 1, max = 80), custom(line))]
    name: String,
    #[garde(range(min = CELL_MINUTES, max = TimeOfDay::DAY))]
    duration: u32,
    /// A number or a text.
    #[garde(skip)]
    price: Value,
}

fn appointment() -> String {
    "appointment".to_owned()
}

fn one() -> u32 {
    1
}

fn two_months() -> u32 {
    60
}

fn plain<C>(name: &str, _: &C) -> garde::Result {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=60).contains(&name.len()) && name.bytes().all(inner) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "has other than 1 to 60 of a-z, 0-9 and -",
        ))
    }
}

fn url<T: AsRef<str>, C>(url: &T, _: &C) -> garde::Result {
    let url = url.as_ref();
    let rest = url.strip_prefix("https://").unwrap_or_default();
    if !rest.is_empty() && url.len() <= 500 && url.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "is not an https:// URL of up to 500 characters",
        ))
    }
}

impl Draft {
    /// What the operator knows it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The definition, or everything that is wrong with it: members and reasons.
    ///
    /// # Errors
    ///
    /// As said.
    pub fn check(
        self,
        org: &OrgId,
        currency: Currency,
    ) -> Result<Definition, Vec<(String, String)>> {
        let mut wrong: Vec<(String, String)> = Vec::new();
        if let Err(report) = self.validate() {
            let told = |(path, error): &(garde::Path, garde::Error)| {
                (camel_case(&path.to_string()), error.to_string())
            };
            wrong.extend(report.iter().map(told));
        }
        self.times(&mut wrong);
        let mut names = BTreeSet::new();
        let mut services = Vec::new();
        for (at, service) in self.services.iter().enumerate() {
            if !names.insert(service.name.to_lowercase()) {
                let reason = format!("{:?} is there twice", service.name);
                wrong.push((format!("services[{at}].name"), reason));
            }
            match price(&service.price, currency) {
                Ok(price) => services.push(Service {
                    name: service.name.clone(),
                    duration: service.duration,
                    price,
                }),
                Err(reason) => wrong.push((format!("services[{at}].price"), reason)),
            }
        }
        if wrong.is_empty() {
            Ok(self.into_definition(org, services))
        } else {
            Err(wrong)
        }
    }

    /// The rules that the members must keep together.
    fn times(&self, wrong: &mut Vec<(String, String)>) {
        let mut add = |member: &str, reason: String| wrong.push((member.to_owned(), reason));
        let hours = &self.office_hours;
        if clock::zone(&hours.timezone).is_none() {
            let reason = format!(
                "{:?} is not an IANA time zone such as Europe/Berlin",
                hours.timezone
            );
            add("officeHours.timezone", reason);
        }
        if hours.end_time <= hours.start_time {
            add(
                "officeHours.endTime",
                format!("is not after {}", hours.start_time),
            );
        }
        let (start, end) = (hours.start_time.minutes(), hours.end_time.minutes());
        let fives = [
            ("officeHours.startTime".to_owned(), start),
            ("officeHours.endTime".to_owned(), end),
            ("stepMinutes".to_owned(), self.step_minutes),
            ("bufferMinutes".to_owned(), self.buffer_minutes),
        ];
        let durations = self.services.iter().enumerate();
        let durations =
            durations.map(|(at, service)| (format!("services[{at}].duration"), service.duration));
        for (member, minutes) in fives.into_iter().chain(durations) {
            if minutes % CELL_MINUTES != 0 {
                add(
                    &member,
                    format!("is not a multiple of {CELL_MINUTES} minutes"),
                );
            }
        }
        for (at, service) in self.services.iter().enumerate() {
            if service.duration > end.saturating_sub(start) {
                let reason = "is longer than the office hours".to_owned();
                add(&format!("services[{at}].duration"), reason);
            }
        }
        for (at, blocked) in self.blocked.iter().enumerate() {
            if blocked.end <= blocked.start {
                add(
                    &format!("blocked[{at}].end"),
                    "is not after the start".to_owned(),
                );
            }
            if let Some(reason) = &blocked.reason
                && (line(reason, &()).is_err() || reason.chars().count() > 120)
            {
                add(
                    &format!("blocked[{at}].reason"),
                    "is not a line of up to 120 characters".to_owned(),
                );
            }
        }
    }

    fn into_definition(self, org: &OrgId, services: Vec<Service>) -> Definition {
        Definition {
            id: DefinitionId::derived(format!("{org}|{}", self.name).as_bytes()),
            name: self.name,
            title: self.title,
            description: self.description,
            kind: self.kind,
            status: self.status,
            venue: self.venue,
            image: self.image,
            payment_required: self.payment_required,
            work_days: self.work_days,
            office_hours: self.office_hours,
            services,
            buffer_minutes: self.buffer_minutes,
            capacity: self.capacity,
            step_minutes: self.step_minutes,
            lead_minutes: self.lead_minutes,
            horizon_days: self.horizon_days,
            cancel_minutes: self.cancel_minutes,
            blocked: self.blocked,
            closed_dates: self.closed_dates,
            meeting_link: self.meeting_link,
        }
    }
}

fn price(value: &Value, currency: Currency) -> Result<Money, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Err("is not a number or a text".to_owned()),
    };
    // A number such as 40.0 is written by some programs for 40.
    let text = text.strip_suffix(".0").unwrap_or(&text);
    Money::parse(text, currency).map_err(|error| format!("{text:?} is {error}"))
}

/// Members are named in snake case inside and in camel case outside.
fn camel_case(path: &str) -> String {
    let mut parts = path.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut out, part| {
        let mut letters = part.chars();
        out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(letters.as_str());
        out
    })
}
