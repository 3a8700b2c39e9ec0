//! The state machine of an order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::InvalidId;

/// How far an order is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OrderStatus {
    /// Placed; stock is reserved.
    New,
    /// Being picked and packed.
    Processing,
    /// With the carrier; stock has left the shelf.
    Shipped,
    /// With the customer.
    Delivered,
    /// Closed after the time for returns.
    Completed,
    /// Paused.
    OnHold,
    /// Called off.
    Cancelled,
    /// Paid back.
    Refunded,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Processing,
        Self::Shipped,
        Self::Delivered,
        Self::Completed,
        Self::OnHold,
        Self::Cancelled,
        Self::Refunded,
    ];

    /// What it can become.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::New => &[Self::Processing, Self::OnHold, Self::Cancelled],
            Self::Processing => &[Self::Shipped, Self::OnHold, Self::Cancelled],
            Self::OnHold => &[Self::New, Self::Processing, Self::Cancelled],
            Self::Shipped => &[Self::Delivered, Self::Refunded],
            Self::Delivered => &[Self::Completed, Self::Refunded],
            Self::Completed => &[Self::Refunded],
            Self::Cancelled | Self::Refunded => &[],
        }
    }

    /// Whether it can become `to` in one step.
    pub fn can_become(self, to: Self) -> bool {
        self.next().contains(&to)
    }

    /// The status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Processing => "processing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Completed => "completed",
            Self::OnHold => "on-hold",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
        }
    }
}

impl FromStr for OrderStatus {
    type Err = InvalidId;

    fn from_str(name: &str) -> Result<Self, InvalidId> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == name)
            .ok_or(InvalidId)
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::OrderStatus;

    const ALL: [OrderStatus; 8] = OrderStatus::ALL;

    #[test]
    fn exactly_the_listed_steps_are_possible() {
        let mut steps = Vec::new();
        for from in ALL {
            steps.extend(
                ALL.into_iter()
                    .filter(|to| from.can_become(*to))
                    .map(|to| format!("{from}>{to}")),
            );
        }
        assert_eq!(
            steps.join(" "),
            "new>processing new>on-hold new>cancelled \
             processing>shipped processing>on-hold processing>cancelled \
             shipped>delivered shipped>refunded delivered>completed delivered>refunded completed>refunded \
             on-hold>new on-hold>processing on-hold>cancelled"
        );
    }

    #[test]
    fn the_name_is_the_serialised_one() {
        for status in ALL {
            assert_eq!(
                serde_json::to_string(&status).unwrap(),
                format!("\"{status}\"")
            );
        }
    }
}
