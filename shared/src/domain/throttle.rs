//! How often one network address may do what could be abused, whatever accounts it names.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::error::{Code, Refusal};
use crate::ids::OrgId;
use crate::store::{Condition, Entity, Key, Stored, Update, Write};

/// So many in a window; then the address is kept out for the rest of it.
const MAX: u32 = 100;
/// A window is 15 minutes.
const WINDOW_SECONDS: i64 = 15 * 60;

/// What one network address did in a window.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Throttle {
    failures: u32,
}

impl Entity for Throttle {
    const TYPE: &'static str = "Throttle";
}

/// A network address in the window of this moment.
pub(super) struct PerIp {
    /// Where it is counted.
    pub(super) key: Key,
    /// Unix seconds divided by the window's length.
    pub(super) window: i64,
}

impl PerIp {
    /// Counts for `what` alone, such as failures to sign in.
    pub(super) fn now(org: &OrgId, what: &str, ip: &str) -> Self {
        let window = clock::unix_seconds() / WINDOW_SECONDS;
        Self {
            key: org.throttle_key(what, &format!("{ip}|{window}")),
            window,
        }
    }

    /// When the window ends, in Unix seconds.
    pub(super) fn ends(&self) -> i64 {
        (self.window + 1) * WINDOW_SECONDS
    }

    /// Lets in who is below the limit.
    pub(super) fn admit(&self, found: Option<&Stored<Throttle>>) -> Result<(), Refusal> {
        if found.is_some_and(|throttle| throttle.entity.failures >= MAX) {
            return Err(self.limited());
        }
        Ok(())
    }

    /// Counts one more. The condition fails at the limit.
    pub(super) fn count(&self) -> Write {
        let counted = Update::of::<Throttle>()
            .add("failures", 1)
            .set("ttl", &self.ends());
        let below = Condition::below("failures", &MAX);
        Write::update(self.key.clone(), counted)
            .when(Condition::Any(vec![Condition::Lacks("failures"), below]))
    }

    /// What is said at the limit.
    pub(super) fn limited(&self) -> Refusal {
        let seconds = u32::try_from(self.ends() - clock::unix_seconds()).unwrap_or(1);
        Refusal::new(Code::RateLimited).retry_after(seconds.max(1))
    }
}
