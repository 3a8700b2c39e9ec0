//! What can be booked, as the operator defines it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil::{Date, DateTime, Weekday};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Calendar;
use crate::error::{Code, Result};
use crate::ids::{DefinitionId, OrgId};
use crate::money::Money;
use crate::store::{Direction, Entity, List, Store, Write, unmetered};

/// Something that can be booked, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// The id, derived from org and name.
    pub id: DefinitionId,
    /// What the operator knows it by.
    pub name: String,
    /// What customers read.
    pub title: String,
    /// What it is, at length.
    pub description: Option<String>,
    /// The operator's own word for its kind, such as `appointment`.
    pub kind: String,
    /// Whether it can be booked.
    pub status: DefinitionStatus,
    /// Where it takes place.
    pub venue: Option<String>,
    /// The URL of a picture.
    pub image: Option<String>,
    /// Whether a booking waits for its payment.
    pub payment_required: bool,
    /// The days of the week on which it is open.
    pub work_days: Vec<WorkDay>,
    /// The hours at which it is open on such a day.
    pub office_hours: OfficeHours,
    /// What can be had; at least one.
    pub services: Vec<Service>,
    /// How long a place stays taken after a booking, in minutes.
    pub buffer_minutes: u32,
    /// How many bookings may take place at once.
    pub capacity: u32,
    /// From one slot's beginning to the next one's, in minutes.
    pub step_minutes: u32,
    /// How long before its beginning a slot must be booked, in minutes.
    pub lead_minutes: u32,
    /// How many days ahead it can be booked.
    pub horizon_days: u32,
    /// How long before its beginning a booking may be cancelled or moved, in minutes.
    pub cancel_minutes: u32,
    /// Times at which it cannot be booked.
    pub blocked: Vec<Blocked>,
    /// Dates on which it is closed.
    pub closed_dates: Vec<Date>,
    /// Where to meet online.
    pub meeting_link: Option<String>,
}

impl Entity for Definition {
    const TYPE: &'static str = "ReservationDefinition";
}

impl Definition {
    /// Where bookings take place.
    pub fn location_type(&self) -> LocationType {
        LocationType::of(self.meeting_link.as_deref())
    }
}

/// Whether something can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DefinitionStatus {
    /// It can.
    #[default]
    Active,
    /// It cannot, and is not shown. Bookings stay.
    Inactive,
}

/// Where a booking takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LocationType {
    /// At the venue.
    Venue,
    /// Behind the meeting link.
    Online,
}

impl LocationType {
    /// Online if there is a link.
    pub fn of(meeting_link: Option<&str>) -> Self {
        meeting_link.map_or(Self::Venue, |_| Self::Online)
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkDay {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl From<Weekday> for WorkDay {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// When it is open: from one time of the day until another one of the same day, by the clock at the venue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfficeHours {
    /// When it opens, such as `09:00`.
    #[schema(value_type = String, example = "09:00")]
    pub start_time: TimeOfDay,
    /// When it closes; `24:00` is the end of the day.
    #[schema(value_type = String, example = "17:30")]
    pub end_time: TimeOfDay,
    /// The venue's time zone, IANA.
    #[schema(example = "Europe/Berlin")]
    pub timezone: String,
}

/// A time of the day in whole minutes, from `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// Minutes of a day.
    pub const DAY: u32 = 24 * 60;

    /// Minutes since midnight.
    pub fn minutes(self) -> u32 {
        self.0
    }
}

/// Why a piece of text is no [`TimeOfDay`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a time of the day from 00:00 to 24:00")]
pub struct InvalidTime;

impl FromStr for TimeOfDay {
    type Err = InvalidTime;

    fn from_str(text: &str) -> std::result::Result<Self, InvalidTime> {
        let number = |text: &str| {
            let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten()
        };
        let (hours, minutes) = text.split_once(':').ok_or(InvalidTime)?;
        match (number(hours), number(minutes)) {
            (Some(hours @ 0..24), Some(minutes @ 0..60)) => Ok(Self(hours * 60 + minutes)),
            (Some(24), Some(0)) => Ok(Self(Self::DAY)),
            _ => Err(InvalidTime),
        }
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidTime;

    fn try_from(text: String) -> std::result::Result<Self, InvalidTime> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> String {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Something that can be had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// What it is called; unique in its definition.
    pub name: String,
    /// How long it takes, in minutes.
    pub duration: u32,
    /// What it costs.
    pub price: Money,
}

/// A time at which nothing can be booked, by the clock at the venue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocked {
    /// From when on.
    pub start: DateTime,
    /// Until when.
    pub end: DateTime,
    /// Why, as customers may read it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Writes a definition, over the one of the same name if there is one. Functions that run see it within
/// seconds; bookings stay as they are.
pub async fn save(store: &Store, org: &OrgId, definition: &Definition) -> Result<()> {
    let put = Write::put(org.definition_key(&definition.id), definition);
    store.write(put).await?;
    Ok(())
}

/// All definitions of an org, past every cache.
pub async fn stored(store: &Store, org: &OrgId) -> Result<Vec<Definition>> {
    let list = List::prefixed("DEF#").direction(Direction::Ascending);
    let definitions = store.range(&org.definitions_pk(), list).await?;
    Ok(definitions.into_entities())
}

/// Definitions kept warm in the function, for some seconds each org's.
#[derive(Clone)]
pub struct Definitions {
    cache: Arc<Cache<OrgId, Looked>>,
}

/// When they were read, and what was there.
type Looked = (Instant, Arc<Vec<Arc<Calendar>>>);

/// How long a change may take to show.
const FRESH: Duration = Duration::from_secs(5);

impl Default for Definitions {
    fn default() -> Self {
        Self {
            cache: Arc::new(Cache::new(50)),
        }
    }
}

impl Definitions {
    /// All of an org's that can be booked, by title.
    pub async fn all(&self, store: &Store, org: &OrgId) -> Result<Arc<Vec<Arc<Calendar>>>> {
        if let Some((at, calendars)) = self.cache.get(org)
            && at.elapsed() < FRESH
        {
            return Ok(calendars);
        }
        // Rare, and large as a future: boxed, it does not weigh on every request.
        let definitions = Box::pin(unmetered(stored(store, org))).await?;
        let active = definitions
            .into_iter()
            .filter(|definition| definition.status == DefinitionStatus::Active);
        let mut calendars: Vec<_> = active.filter_map(Calendar::of).map(Arc::new).collect();
        calendars.sort_by(|a, b| a.definition.title.cmp(&b.definition.title));
        let calendars = Arc::new(calendars);
        self.cache
            .insert(org.clone(), (Instant::now(), calendars.clone()));
        Ok(calendars)
    }

    /// The one of this id, or of this name.
    ///
    /// # Errors
    ///
    /// `not_found` for one that there is not, or that cannot be booked.
    pub async fn get(&self, store: &Store, org: &OrgId, id: &str) -> Result<Arc<Calendar>> {
        let all = self.all(store, org).await?;
        let named = |calendar: &&Arc<Calendar>| {
            calendar.definition.id.as_str() == id || calendar.definition.name == id
        };
        all.iter().find(named).cloned().ok_or(Code::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_day_has_one_spelling() {
        for text in ["00:00", "09:05", "23:59", "24:00"] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), text);
        }
        for wrong in [
            "", "9:00", "24:01", "09:60", "+9:00", "09:00:00", "0900", "٠٩:00",
        ] {
            assert_eq!(wrong.parse::<TimeOfDay>(), Err(InvalidTime), "{wrong}");
        }
    }
}
