//! Money: whole minor units and their currency. No floating point ever takes part in a sum.

use std::fmt;
use std::str::FromStr;

use iso_currency::Currency;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest amount accepted, in minor units: far above any price, and small enough that a
/// hundred thousand of them still add up within an `i64` and that JSON numbers hold it exactly.
pub const MAX_MINOR: i64 = 10_000_000_000_000;

/// Why an amount was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number, or one with more digits after the point than the currency has.
    #[error("not an amount in this currency")]
    NotAnAmount,
    /// Beyond [`MAX_MINOR`], or the sum or product would be.
    #[error("the amount is too large")]
    TooLarge,
    /// Two amounts in different currencies were combined.
    #[error("the amounts are in different currencies")]
    CurrencyMismatch,
    /// Not an ISO 4217 code.
    #[error("not an ISO 4217 currency code")]
    UnknownCurrency,
}

/// An amount: minor units (cents, say) of an ISO 4217 currency.
///
/// Stored as `"1999 USD"`; on the wire it is the decimal number [`Decimal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// `minor` minor units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Reads a plain decimal number such as `19.99`: no sign, no exponent, no more digits after the
    /// point than the currency has.
    pub fn parse(decimal: &str, currency: Currency) -> Result<Self, MoneyError> {
        let digits = exponent(currency);
        let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
        let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let fraction = fraction.trim_end_matches('0');
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > digits
        {
            return Err(MoneyError::NotAnAmount);
        }
        let minor = format!("{whole}{fraction:0<digits$}");
        let minor: i64 = minor.parse().map_err(|_| MoneyError::TooLarge)?;
        if minor > MAX_MINOR {
            Err(MoneyError::TooLarge)
        } else {
            Ok(Self::new(minor, currency))
        }
    }

    /// The sum of two amounts of one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        bounded(self.minor.checked_add(other.minor), self.currency)
    }

    /// The price of `quantity` pieces.
    pub fn times(self, quantity: u32) -> Result<Self, MoneyError> {
        bounded(self.minor.checked_mul(i64::from(quantity)), self.currency)
    }

    /// The decimal number that goes over the wire.
    pub fn decimal(self) -> Decimal {
        let digits = i32::try_from(exponent(self.currency)).unwrap_or(2);
        // Exact to the last digit: MAX_MINOR is far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        Decimal(self.minor as f64 / 10f64.powi(digits))
    }
}

/// How many digits the currency has after the point.
fn exponent(currency: Currency) -> usize {
    currency.exponent().map_or(2, usize::from)
}

fn bounded(minor: Option<i64>, currency: Currency) -> Result<Money, MoneyError> {
    match minor {
        Some(minor) if minor.abs() <= MAX_MINOR => Ok(Money::new(minor, currency)),
        _ => Err(MoneyError::TooLarge),
    }
}

/// For people: `19.99 USD`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = exponent(self.currency);
        write!(f, "{:.digits$} {}", self.decimal().0, self.currency.code())
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} {}", self.minor, self.currency.code()))
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (minor, code) = text.split_once(' ').ok_or(MoneyError::NotAnAmount)?;
        let minor = minor.parse().map_err(|_| MoneyError::NotAnAmount)?;
        Ok(Self::new(minor, parse_currency(code)?))
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The currency behind an ISO 4217 code in capitals.
pub fn parse_currency(code: &str) -> Result<Currency, MoneyError> {
    Currency::from_code(code).ok_or(MoneyError::UnknownCurrency)
}

/// A decimal number of whole currency units, as answers show amounts: `19.99`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(example = 19.99)]
pub struct Decimal(f64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        let usd = |text| Money::parse(text, Currency::USD).map(Money::minor);
        assert_eq!(usd("19.99"), Ok(1999));
        assert_eq!(usd("19.9"), Ok(1990));
        assert_eq!(usd("19"), Ok(1900));
        assert_eq!(usd("19.9900"), Ok(1999));
        assert_eq!(
            Money::parse("500", Currency::JPY).map(Money::minor),
            Ok(500)
        );
        assert_eq!(
            Money::parse("1.234", Currency::KWD).map(Money::minor),
            Ok(1234)
        );
        for wrong in [
            "", ".5", "-1", "+1", "1e3", "19.999", "1,5", "NaN", " 1", "1.2.3", "٣",
        ] {
            assert_eq!(usd(wrong), Err(MoneyError::NotAnAmount), "{wrong}");
        }
        assert_eq!(usd("100000000000.01"), Err(MoneyError::TooLarge));
        assert_eq!(usd("99999999999999999999999"), Err(MoneyError::TooLarge));
    }

    #[test]
    fn sums_stay_in_one_currency_and_in_bounds() {
        let one = Money::new(1, Currency::USD);
        assert_eq!(
            one.plus(Money::new(1, Currency::EUR)),
            Err(MoneyError::CurrencyMismatch)
        );
        assert_eq!(
            Money::new(MAX_MINOR, Currency::USD).plus(one),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(
            Money::new(MAX_MINOR, Currency::USD).times(2),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(Money::new(1999, Currency::USD).to_string(), "19.99 USD");
    }

    proptest! {
        #[test]
        fn what_goes_over_the_wire_comes_back_unchanged(minor in 0..=MAX_MINOR) {
            for currency in [Currency::USD, Currency::JPY, Currency::KWD] {
                let money = Money::new(minor, currency);
                let wire = serde_json::to_string(&money.decimal()).unwrap();
                let wire = wire.strip_suffix(".0").unwrap_or(&wire);
                // Beyond 10^16 whole units serde_json would switch to an exponent; the bound is below.
                prop_assert_eq!(Money::parse(wire, currency), Ok(money));
                prop_assert_eq!(serde_json::to_string(&money).unwrap().trim_matches('"').parse(), Ok(money));
            }
        }
    }
}
