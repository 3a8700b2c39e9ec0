//! The second factor of signing in: an authenticator app or codes by mail, and backup codes for the day it
//! is lost.
//!
//! It is set up, verified with a first code, and switched on; only then is it asked for. Every code is good
//! once: the step of the clock that was used last is kept, and a backup code is taken off its list, under
//! the version that was read; a mailed code is used up.

mod challenge;
mod mailed;
mod settings;
mod trusted;

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::auth::{Code, KeyRing, Limit, Purpose, Totp};
use crate::clock;
use crate::error::{Code as ErrorCode, Result};
use crate::ids::encode;
use crate::store::{
    Condition, CustomerScope, Entity, Item, Partition, Store, Stored, Update, Write,
};

pub use challenge::{CHALLENGE_SECONDS, Challenge, Verified, send_again, verify};
pub(super) use mailed::send as mail_code;
pub use settings::{
    Enrolment, Proof, Status, disable, enable, renew_backup_codes, set_up, status, verify_setup,
};
pub use trusted::TrustedDevice;

/// So many wrong codes of one customer in a quarter of an hour, in whatever challenges.
const MAX_TRIES: u32 = 10;
/// How many backup codes there are.
const BACKUP_CODES: usize = 10;

/// What makes the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// An authenticator app (TOTP).
    Authenticator,
    /// Codes that are mailed to the profile's address.
    Email,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The app was told the secret.
    Pending,
    /// The app has shown a right code.
    Verified,
    /// It is asked for.
    On,
}

/// A customer's second factor, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactor {
    state: State,
    method: Method,
    /// What the app shares with the server, sealed; none where codes are mailed.
    secret: Option<String>,
    /// The last step of the clock whose code was used.
    step: u64,
    /// The backup codes that are left, hashed. They have 80 random bits: no hash of them can be searched.
    backup: Vec<String>,
    /// When it came to this state.
    since: Timestamp,
}

impl Entity for SecondFactor {
    const TYPE: &'static str = "SecondFactor";
}

impl SecondFactor {
    /// Whether it is asked for.
    pub fn is_on(&self) -> bool {
        self.state == State::On
    }

    /// Whether its codes are mailed.
    pub fn is_by_mail(&self) -> bool {
        self.method == Method::Email
    }

    /// What a code spends, if it is right. No call, but for six digits that may have been mailed: their try
    /// is counted.
    async fn spent_by(
        &self,
        store: &Store,
        ring: &KeyRing,
        scope: &CustomerScope,
        code: &str,
    ) -> Result<Option<Spent>> {
        let code: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let code = code.to_ascii_lowercase();
        if code.len() == 6 {
            let Some(secret) = &self.secret else {
                let mailed = mailed::tried(store, ring, scope, &code).await?;
                return Ok(mailed.map(Spent::Mailed));
            };
            let whose = scope.customer().as_str();
            let secret = ring.open(scope.org(), Purpose::SecondFactor, whose, secret)?;
            let step = Totp::from_bytes(secret).accepts(&code, clock::unix_seconds(), self.step);
            return Ok(step.map(Spent::Step));
        }
        let hash = hashed(scope, &code);
        let mut left = self.backup.clone();
        left.retain(|other| *other != hash);
        Ok((left.len() < self.backup.len()).then_some(Spent::Backup(left)))
    }
}

/// What a right code leaves.
enum Spent {
    /// Steps of the clock up to this one are over.
    Step(u64),
    /// These backup codes are left.
    Backup(Vec<String>),
    /// This code, which was mailed, is used up.
    Mailed(Code),
}

impl Spent {
    /// The write that spends the code. It is refused if that was spent, or the second factor is another one.
    fn write(&self, scope: &CustomerScope, read: &Stored<SecondFactor>) -> Write {
        let update = Update::of::<SecondFactor>();
        let update = match self {
            Self::Step(step) => update.set("step", step),
            Self::Backup(left) => update.set("backup", left),
            Self::Mailed(code) => return mailed::spend(scope, code),
        };
        let write = Write::update(scope.key(&Item::SecondFactor), update);
        write.when(Condition::eq("v", &read.version))
    }
}

/// A backup code is salted with whose it is: equal codes of two customers have two hashes.
fn hashed(scope: &CustomerScope, code: &str) -> String {
    let digest = Sha256::digest(format!("{}\n{code}", scope.customer()));
    encode(&digest[..20])
}

/// New backup codes: as they are shown, and as they are stored.
fn backup_codes(scope: &CustomerScope) -> (Vec<String>, Vec<String>) {
    let one = |_| {
        let mut random = [0; 10];
        getrandom::fill(&mut random).expect("the operating system's random generator works");
        let code = BASE32_NOPAD.encode(&random).to_ascii_lowercase();
        let parts = [&code[..4], &code[4..8], &code[8..12], &code[12..]];
        (parts.join("-"), hashed(scope, &code))
    };
    (0..BACKUP_CODES).map(one).unzip()
}

/// Holds a customer whose second factor is on to a code, and answers the write that spends it.
///
/// # Errors
///
/// `second_factor_state` where it is not on, `rate_limited`, `invalid_second_factor`.
pub(super) async fn spend(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    code: &str,
) -> Result<Write> {
    let (factor, spent) = prove_code(store, ring, scope, code).await?;
    Ok(spent.write(scope, &factor))
}

/// Holds a customer whose second factor is on to a code. The try is counted before the code is looked at.
/// The code is spent by a write of the caller's, on the condition that the version is still this one.
///
/// # Errors
///
/// `second_factor_state` where it is not on, `rate_limited`, `invalid_second_factor`.
async fn prove_code(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    code: &str,
) -> Result<(Stored<SecondFactor>, Spent)> {
    let key = scope.key(&Item::SecondFactor);
    let limit = Limit::in_window(
        scope.org(),
        "second-factor",
        scope.customer().as_str(),
        MAX_TRIES,
    );
    let (factor, taken) = tokio::try_join!(
        Box::pin(store.get::<SecondFactor>(&key)),
        Box::pin(limit.take(store))
    )?;
    let factor = factor.filter(|factor| factor.entity.is_on());
    let factor = factor.ok_or(ErrorCode::SecondFactorState)?;
    let taken = taken.ok_or_else(|| limit.reached())?;
    let spent = factor.entity.spent_by(store, ring, scope, code).await?;
    let spent = spent.ok_or(ErrorCode::InvalidSecondFactor)?;
    taken.give_back(store).await?;
    Ok((factor, spent))
}
