//! Periods that lists are filtered by.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer};

/// From when on: a time (RFC 3339), or a date from its beginning on (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since(pub Timestamp);

/// Until when: a time (RFC 3339), or a date to its end (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until(pub Timestamp);

impl<'de> Deserialize<'de> for Since {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        moment(&String::deserialize(deserializer)?, midnight)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Until {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Times have whole milliseconds: this one is the date's last.
        let last = |date: Date| Some(midnight(date.tomorrow().ok()?)? - 1.millisecond());
        moment(&String::deserialize(deserializer)?, last)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

fn moment(text: &str, of_date: impl Fn(Date) -> Option<Timestamp>) -> Result<Timestamp, String> {
    // jiff would take the date of a date and time.
    let date = (text.len() == "2026-05-04".len()).then(|| text.parse().ok().and_then(of_date));
    let moment = date.flatten().or_else(|| text.parse().ok());
    moment.ok_or_else(|| {
        format!(
            "{text:?} is neither a date such as 2026-05-04 nor a time such as 2026-05-04T09:30:00Z"
        )
    })
}

fn midnight(date: Date) -> Option<Timestamp> {
    let midnight = date.to_datetime(Time::midnight()).to_zoned(TimeZone::UTC);
    midnight.ok().map(|midnight| midnight.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(text: &str) -> Option<String> {
        let read: Result<Since, _> = serde_json::from_value(text.into());
        read.ok().map(|since| since.0.to_string())
    }

    fn until(text: &str) -> Option<String> {
        let read: Result<Until, _> = serde_json::from_value(text.into());
        read.ok().map(|until| until.0.to_string())
    }

    #[test]
    fn a_date_is_all_of_it_and_a_time_is_itself() {
        assert_eq!(since("2026-05-04").as_deref(), Some("2026-05-04T00:00:00Z"));
        assert_eq!(
            until("2026-05-04").as_deref(),
            Some("2026-05-04T23:59:59.999Z")
        );
        let time = "2026-05-04T11:30:00+02:00";
        assert_eq!(since(time).as_deref(), Some("2026-05-04T09:30:00Z"));
        assert_eq!(until(time), since(time));
        for wrong in [
            "",
            "yesterday",
            "2026-02-30",
            "2026-05-04T09:30:00",
            "20260504",
            "1777887000",
        ] {
            assert_eq!((since(wrong), until(wrong)), (None, None), "{wrong}");
        }
    }
}
