//! Typed identifiers. One tenant's product can never be passed where a customer is asked for.
//!
//! An id is a short prefix that tells what it names, and 128 bits in lower-case base32hex (RFC 4648
//! §7), whose alphabet keeps the order of the bytes: ids made from UUID v7 (RFC 9562) sort by the
//! time they were made, which is what makes "newest first" a plain key query.

mod desk;

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32HEX_NOPAD, Encoding};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use desk::{MessageId, ThreadId, TicketNumber};

/// Why a piece of text is not the id it was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed identifier")]
pub struct InvalidId;

/// Base32hex in lower case, without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE32HEX_NOPAD.encode(bytes).to_ascii_lowercase()
}

/// The bytes behind [`encode`], or nothing when the text is not exactly what `encode` would give.
pub(crate) fn decode(text: &str, encoding: &Encoding) -> Option<Vec<u8>> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    encoding.decode(text.to_ascii_uppercase().as_bytes()).ok()
}

/// 16 bytes from the operating system's generator.
pub(crate) fn random16() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system's random generator works");
    bytes
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new id that sorts after every earlier one.
            pub fn generate() -> Self {
                Self(format!(concat!($prefix, "_{}"), encode(uuid::Uuid::now_v7().as_bytes())))
            }

            /// The id that `seed` always gives: for what must be the same however often it is made.
            /// It carries no time, so it sorts anywhere.
            pub fn derived(seed: &[u8]) -> Self {
                let digest = Sha256::digest(seed);
                Self(format!(concat!($prefix, "_{}"), encode(&digest[..16])))
            }

            /// The id that `seed` always gives, at its place in time.
            pub fn derived_at(at: jiff::Timestamp, seed: &[u8]) -> Self {
                let digest = Sha256::digest(seed);
                let mut bytes = [0; 16];
                let millis = u64::try_from(at.as_millisecond()).unwrap_or(0).to_be_bytes();
                bytes[..6].copy_from_slice(&millis[2..]);
                bytes[6..].copy_from_slice(&digest[..10]);
                Self(format!(concat!($prefix, "_{}"), encode(&bytes)))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let body = text.strip_prefix(concat!($prefix, "_")).ok_or(InvalidId)?;
                match decode(body, &BASE32HEX_NOPAD) {
                    Some(bytes) if bytes.len() == 16 => Ok(Self(text.to_owned())),
                    _ => Err(InvalidId),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A customer of one org.
    CustomerId, "cus"
);
id!(
    /// A member of an org's staff.
    StaffId, "usr"
);
id!(
    /// An application for a benefit.
    EnrollmentId, "enr"
);
id!(
    /// A postal address in a customer's book.
    AddressId, "adr"
);
id!(
    /// A product of an org's catalogue.
    ProductId, "prd"
);
id!(
    /// A shopping cart.
    CartId, "crt"
);
id!(
    /// An order. Customers and staff speak of its *number* instead.
    OrderId, "ord"
);
id!(
    /// An in-app notification.
    NotificationId, "ntf"
);
id!(
    /// A conversation between a customer and staff.
    ConversationId, "cnv"
);
id!(
    /// A signed-in device: the family of one sign-in's refresh tokens.
    SessionId, "ses"
);
id!(
    /// Something that can be booked.
    DefinitionId, "rdf"
);
id!(
    /// A booking. Customers and staff speak of its *number* instead.
    ReservationId, "rsv"
);
id!(
    /// An entry of a customer's payment history.
    TransactionId, "txn"
);
id!(
    /// A sign-in that waits for a second factor.
    ChallengeId, "chl"
);
id!(
    /// A device that a customer trusts to need no second factor.
    TrustedDeviceId, "dev"
);
id!(
    /// A customer's file.
    FileId, "fil"
);

id!(
    /// A copy of an account.
    ExportId, "exp"
);

/// A tenant: 2 to 63 characters of `a-z`, `0-9` and `-`, the first one not a hyphen. Keys and IAM policies are
/// made of it, so it must never hold a separator (`#`), a wildcard (`*`, `?`) or a variable (`${`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrgId(String);

impl OrgId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrgId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (2..=63).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(inner) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId)
        }
    }
}

impl TryFrom<String> for OrgId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<OrgId> for String {
    fn from(id: OrgId) -> String {
        id.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_sort_later() {
        let ids: Vec<_> = (0..100).map(|_| OrderId::generate()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn an_id_is_read_back_only_in_the_exact_form_it_was_written() {
        let id = CartId::generate();
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        for wrong in [
            id.as_str().to_ascii_uppercase(),
            id.as_str().replace("crt_", "ord_"),
            format!("{id}0"),
            id.as_str()[..29].to_owned(),
            "crt_".to_owned(),
        ] {
            assert_eq!(wrong.parse::<CartId>(), Err(InvalidId), "{wrong}");
        }
    }

    #[test]
    fn a_derived_id_depends_on_its_seed_and_keeps_its_place_in_time() {
        let early = jiff::Timestamp::from_second(1_700_000_000).unwrap();
        let late = jiff::Timestamp::from_second(1_700_000_001).unwrap();
        assert_eq!(
            NotificationId::derived_at(early, b"a"),
            NotificationId::derived_at(early, b"a")
        );
        assert_ne!(
            NotificationId::derived_at(early, b"a"),
            NotificationId::derived_at(early, b"b")
        );
        assert!(NotificationId::derived_at(early, b"z") < NotificationId::derived_at(late, b"a"));
    }

    #[test]
    fn an_org_id_has_one_spelling() {
        assert!("acme".parse::<OrgId>().is_ok());
        assert!("acme-2".parse::<OrgId>().is_ok());
        for wrong in [
            "",
            "a",
            "-acme",
            "Acme",
            "acme#C",
            "acme.co",
            "ac me",
            "ac*",
            "acm?",
            "${aws:userid}",
            &"a".repeat(64),
        ] {
            assert_eq!(wrong.parse::<OrgId>(), Err(InvalidId), "{wrong}");
        }
    }
}
