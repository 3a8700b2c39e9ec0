//! Signing in with another company.
//!
//! Nothing is stored while somebody is at the provider: what must come back unaltered travels as the state,
//! sealed under the org's key. Of what is good once, a mark is kept when it was used, until it is out of date.

mod flow;
mod identities;

use serde::{Deserialize, Serialize};

pub use flow::{BROWSER_SECONDS, Begun, Browser, Flow, SignIn, exchange};
pub use identities::{Identities, Linked, link, linked, sign_in, unlink, unlink_all};

use super::integration::Vendor;
use crate::ids::{OrgId, encode, random16};
use crate::store::{Condition, Entity, Key, Write};
pub use crate::vendors::oauth::{Identity, Provider};

impl From<Provider> for Vendor {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Google => Self::OAuthGoogle,
            Provider::Github => Self::OAuthGithub,
            Provider::Facebook => Self::OAuthFacebook,
        }
    }
}

/// Something that is good once, as it is used.
#[derive(Debug, Clone)]
pub struct Once {
    key: Key,
    until: i64,
}

/// The mark of it.
#[derive(Serialize, Deserialize)]
struct Used {
    /// Whose use it is: the same write, sent again, is told from another's.
    by: String,
}

impl Entity for Used {
    const TYPE: &'static str = "Used";
}

/// Clocks differ: a mark outlives what it marks by so many seconds.
const SPARE_SECONDS: i64 = 5 * 60;

impl Once {
    /// What is called `id` among those of its kind, and good until then (Unix seconds).
    fn new(org: &OrgId, kind: &str, id: &str, until: i64) -> Self {
        Self {
            key: org.used_key(kind, id),
            until,
        }
    }

    /// An ID token, by itself: it is taken ten minutes long at the most.
    pub fn id_token(org: &OrgId, token: &str) -> Self {
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        Self::new(
            org,
            "id-token",
            signed,
            crate::clock::unix_seconds() + 10 * 60,
        )
    }

    /// The write that uses it, or fails because it was used.
    fn used(&self) -> Write {
        let mark = Used {
            by: encode(&random16()),
        };
        let mark = Write::put(self.key.clone(), &mark).when(Condition::Absent);
        mark.expiring(self.until + SPARE_SECONDS)
    }
}
