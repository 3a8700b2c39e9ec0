//! The time, as everything that is stored or answered writes it.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Unit};

/// Now, in UTC, cut to whole milliseconds: what RFC 3339 answers show and what ids carry.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}

/// Whole seconds since the Unix epoch: the unit of token claims (RFC 7519 §2, `NumericDate`) and of
/// the table's time-to-live attribute.
pub fn unix_seconds() -> i64 {
    Timestamp::now().as_second()
}

/// The time zone of an IANA name, by the rules that are compiled in: the same on every machine, also where
/// there is no time zone database.
pub fn zone(name: &str) -> Option<TimeZone> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(name).ok()
}
