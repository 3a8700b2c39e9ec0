//! Text that must not be told: keys of other companies' services.

use std::fmt;

use serde::{Deserialize, Serializer};

/// A secret. It shows itself to nobody: `Debug` leaves it out and it is not `Serialize`. What seals it
/// says so member by member, with `#[serde(serialize_with = "revealed")]`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// How much of a secret's end is shown.
const END: usize = 4;
/// A secret that is shorter than this shows nothing of itself.
const SHORT: usize = 16;

impl Secret {
    /// Takes the text for a secret from now on.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Enough to tell one key from another: what it begins with up to its last underscore, such as
    /// `sk_test_`, and its last four characters. `sk_test_…f3Qz`
    pub fn redacted(&self) -> String {
        if self.0.len() < SHORT || !self.0.is_ascii() {
            return "…".to_owned();
        }
        // A prefix says what kind of key it is. An underscore further on is part of the secret.
        let prefix = self.0[..SHORT / 2].rfind('_').map_or(0, |at| at + 1);
        let end = self.0.len() - END;
        format!("{}…{}", &self.0[..prefix], &self.0[end..])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Writes a secret out, into what is sealed.
pub fn revealed<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&secret.0)
}

/// Writes a secret out, if there is one, into what is sealed.
#[allow(clippy::ref_option)] // serde calls it so
pub fn revealed_if_any<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => to.serialize_some(&secret.0),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_its_kind_and_its_end_and_a_short_one_nothing() {
        for (secret, shown) in [
            ("sk_test_51HxJ2eZvKYlo2C1234", "sk_test_…1234"),
            ("whsec_0123456789abcdef", "whsec_…cdef"),
            ("AIzaSyD-0123456789abcdefghijk", "…hijk"),
            ("0123456789_abcdef", "…cdef"),
            ("sk_test_1234", "…"),
            ("schlüssel_schlüssel", "…"),
            ("", "…"),
        ] {
            assert_eq!(Secret::new(secret).redacted(), shown, "{secret}");
        }
        assert_eq!(format!("{:?}", Secret::new("sk_test_1")), "Secret(…)");
    }
}
