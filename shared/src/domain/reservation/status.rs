//! The state machine of a booking.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::InvalidId;

/// How a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReservationStatus {
    /// Waits for its payment; its slot is held.
    Pending,
    /// Stands.
    Confirmed,
    /// Stands, at another time than it was booked for.
    Rescheduled,
    /// Called off; its slot is free.
    Cancelled,
    /// The customer did not come.
    NoShow,
    /// It took place.
    Completed,
}

impl ReservationStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Confirmed,
        Self::Rescheduled,
        Self::Cancelled,
        Self::NoShow,
        Self::Completed,
    ];

    /// What it can become. A pending one that is moved stays pending.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::Confirmed, Self::Cancelled],
            Self::Confirmed | Self::Rescheduled => &[
                Self::Rescheduled,
                Self::Cancelled,
                Self::NoShow,
                Self::Completed,
            ],
            Self::Cancelled | Self::NoShow | Self::Completed => &[],
        }
    }

    /// Whether it takes its slot, and may still be moved.
    pub const fn stands(self) -> bool {
        !self.next().is_empty()
    }

    /// The status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Rescheduled => "rescheduled",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no-show",
            Self::Completed => "completed",
        }
    }
}

impl FromStr for ReservationStatus {
    type Err = InvalidId;

    fn from_str(name: &str) -> Result<Self, InvalidId> {
        let known = Self::ALL.into_iter().find(|status| status.as_str() == name);
        known.ok_or(InvalidId)
    }
}

impl fmt::Display for ReservationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::ReservationStatus;

    #[test]
    fn exactly_the_listed_steps_are_possible() {
        let all = ReservationStatus::ALL.into_iter();
        let steps = all.flat_map(|from| from.next().iter().map(move |to| format!("{from}>{to}")));
        assert_eq!(
            steps.collect::<Vec<_>>().join(" "),
            "pending>confirmed pending>cancelled \
             confirmed>rescheduled confirmed>cancelled confirmed>no-show confirmed>completed \
             rescheduled>rescheduled rescheduled>cancelled rescheduled>no-show rescheduled>completed"
        );
    }

    #[test]
    fn the_name_is_the_serialised_one() {
        for status in ReservationStatus::ALL {
            assert_eq!(
                serde_json::to_string(&status).unwrap(),
                format!("\"{status}\"")
            );
            assert_eq!(status.as_str().parse(), Ok(status));
        }
    }
}
