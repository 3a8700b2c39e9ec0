//! Limits on guessing that hold however many instances of a function are at work.
//!
//! A try is counted by one write before what it tries is looked at, and the write is refused once the limit
//! is reached. So of any number of parallel guesses no more are ever compared than the limit says.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::ids::OrgId;
use crate::store::{Condition, Entity, Key, Store, StoreError, Update, Write};

/// Tries are counted in windows, which follow the clock, of 15 minutes if nothing else is said.
const WINDOW_SECONDS: i64 = 15 * 60;
/// What a counter says once nothing may be tried any more.
const CLOSED: u32 = 1_000_000;

/// How often somebody tried.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Throttle {
    tries: u32,
}

impl Entity for Throttle {
    const TYPE: &'static str = "Throttle";
}

/// How often something may be tried, and until when that is counted.
#[derive(Debug, Clone)]
pub struct Limit {
    key: Key,
    most: u32,
    /// Unix seconds.
    ends: i64,
}

impl Limit {
    /// `most` tries in this quarter of an hour. `what` names the thing that is tried, `who` the account or
    /// the network address that is counted for.
    pub fn in_window(org: &OrgId, what: &str, who: &str, most: u32) -> Self {
        Self::within(WINDOW_SECONDS, org, what, who, most)
    }

    /// `most` in this minute.
    pub fn in_minute(org: &OrgId, what: &str, who: &str, most: u32) -> Self {
        Self::within(60, org, what, who, most)
    }

    fn within(seconds: i64, org: &OrgId, what: &str, who: &str, most: u32) -> Self {
        let window = clock::unix_seconds() / seconds;
        Self {
            key: org.throttle_key(what, &format!("{who}|{window}")),
            most,
            ends: (window + 1) * seconds,
        }
    }

    /// `most` tries until `ends` (Unix seconds) for a thing that is not there any more then.
    pub fn until(org: &OrgId, what: &str, who: &str, most: u32, ends: i64) -> Self {
        let key = org.throttle_key(what, who);
        Self { key, most, ends }
    }

    /// The write that counts one; it is refused at the limit. For a transaction: [`Limit::take`] makes it alone.
    pub fn count(&self) -> Write {
        // Not `set`: an item that merely has this `ttl` must not pass for the effect of this very write.
        let count = Update::of::<Throttle>()
            .add("tries", 1)
            .set_if_absent("ttl", &self.ends);
        let below = Condition::below("tries", &self.most);
        Write::update(self.key.clone(), count)
            .when(Condition::Any(vec![Condition::Lacks("tries"), below]))
    }

    /// Takes one try; there is none left when this answers nothing. One write unit.
    pub async fn take(&self, store: &Store) -> Result<Option<Try<'_>>, StoreError> {
        match store.update::<Throttle>(self.count()).await {
            Ok(counted) => Ok(Some(Try {
                limit: self,
                tries: counted.entity.tries,
            })),
            Err(StoreError::ConditionFailed(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The write after which nothing is left to take; it is refused when it was made before.
    pub fn close(&self) -> Write {
        let close = Update::of::<Throttle>()
            .set("tries", &CLOSED)
            .set_if_absent("ttl", &self.ends);
        Write::update(self.key.clone(), close).when(Condition::below("tries", &CLOSED))
    }

    /// The write that forgets what was counted.
    pub fn clear(&self) -> Write {
        Write::delete(self.key.clone())
    }

    /// What is answered where the limit may be told: 429, and when it is worth trying again.
    pub fn reached(&self) -> Refusal {
        let seconds = u32::try_from(self.ends - clock::unix_seconds()).unwrap_or(1);
        Refusal::new(Code::RateLimited).retry_after(seconds.max(1))
    }
}

/// A try that was counted.
#[derive(Debug)]
pub struct Try<'a> {
    limit: &'a Limit,
    tries: u32,
}

impl Try<'_> {
    /// The try was right: it is not counted after all. A tenth of the limit may stay counted, because
    /// nearly always that is all there was, and it saves the write.
    pub async fn give_back(&self, store: &Store) -> Result<(), StoreError> {
        if self.tries <= self.limit.most / 10 {
            return Ok(());
        }
        let uncount = Update::of::<Throttle>().add("tries", -1);
        let write =
            Write::update(self.limit.key.clone(), uncount).when(Condition::at_least("tries", &1));
        match store.write(write).await {
            Ok(_) | Err(StoreError::ConditionFailed(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
