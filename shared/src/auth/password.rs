//! Passwords: Argon2id (RFC 9106) at OWASP's parameters.

use std::future::Future;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::ids::random16;

/// What a hash costs who makes it, and who guesses: Argon2id in one lane.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
}

/// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, 2 iterations, 1 lane.
const OWASP: Cost = Cost {
    memory: 19 * 1024,
    passes: 2,
};

tokio::task_local! {
    static COST: Cost;
}

/// Runs `work` with hashes of another cost than OWASP's. For tests that want thousands of sign-ins.
pub async fn at_cost<F: Future>(cost: Cost, work: F) -> F::Output {
    COST.scope(cost, work).await
}

impl Cost {
    fn today() -> Self {
        COST.try_with(|cost| *cost).unwrap_or(OWASP)
    }

    /// What PHC strings of this cost begin with.
    fn prefix(self) -> String {
        let Self { memory, passes } = self;
        format!("$argon2id$v=19$m={memory},t={passes},p=1$")
    }

    fn argon2(self) -> Argon2<'static> {
        let params = Params::new(self.memory, self.passes, 1, None);
        let params = params.expect("the parameters are within Argon2's bounds");
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    }
}

/// Hashing keeps a core busy and 19 MiB filled. More at once than there are cores would only wait for
/// each other, with their memory taken.
static CORES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, usize::from)));

/// The memory of hashes that are done, for those to come: blocks of this size, taken and given back again
/// and again, fragment a heap until it is many times as large as what is used.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// Verified against, behind today's parameters, when there is no account, so that an unknown address costs
/// what a wrong password costs. Salt and hash of a password that nobody knows.
const NOBODY: &str = "cG9ydGljby1ub2JvZHkhIQ$9bJyJ0m5y9OEdTz5TQ0rB0nYf6gMBqM3X1vGzj4JXyE";

/// A password on its way in. It never shows itself.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
pub struct Password(String);

impl Password {
    /// For command lines and demo data.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password as text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A PHC string that [`verify_password`] understands. Takes about 15 ms of one core.
pub async fn hash_password(password: Password) -> Result<String> {
    let cost = Cost::today();
    blocking(move || {
        let salt = random16();
        let argon2 = cost.argon2();
        let output = compute(&argon2, &password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
        let (salt, output) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&output));
        Ok(format!("{}{salt}${output}", cost.prefix()))
    })
    .await?
}

/// Whether the password is the one behind `hash`. Without a hash the same work is done, in vain.
pub async fn verify_password(password: Password, hash: Option<String>) -> Result<bool> {
    let known = hash.is_some();
    let text = hash.unwrap_or_else(|| Cost::today().prefix() + NOBODY);
    blocking(move || {
        let malformed = || Error::Internal("a stored password hash that is none".to_owned());
        let parsed = PasswordHash::new(&text).map_err(|_| malformed())?;
        let (Some(salt), Some(expected)) = (parsed.salt, parsed.hash) else {
            return Err(malformed());
        };
        let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).map_err(|_| malformed())?;
        let version = parsed.version.unwrap_or(Version::V0x13.into());
        let version = Version::try_from(version).map_err(|_| malformed())?;
        let params = Params::try_from(&parsed).map_err(|_| malformed())?;
        let argon2 = Argon2::new(algorithm, version, params);
        let output = compute(&argon2, &password, salt.as_ref(), expected.len())?;
        Ok(bool::from(output.ct_eq(expected.as_bytes())) && known)
    })
    .await?
}

/// Whether `hash` was made with other parameters than today's and should be made anew at the next
/// sign-in.
pub fn needs_rehash(hash: &str) -> bool {
    !hash.starts_with(&Cost::today().prefix())
}

fn compute(
    argon2: &Argon2<'_>,
    password: &Password,
    salt: &[u8],
    length: usize,
) -> Result<Vec<u8>> {
    let pool = || MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory = pool().pop().unwrap_or_default();
    memory.resize(argon2.params().block_count(), Block::new());
    let mut output = vec![0; length];
    let done = argon2.hash_password_into_with_memory(
        password.0.as_bytes(),
        salt,
        &mut output,
        &mut memory,
    );
    pool().push(memory);
    done.map_err(|error| Error::Internal(format!("argon2: {error}")))?;
    Ok(output)
}

/// Runs beside the other requests of the process, when a core is free for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let stopped =
        |error: &dyn std::fmt::Display| Error::Internal(format!("hashing stopped: {error}"));
    let _core = CORES.acquire().await.map_err(|error| stopped(&error))?;
    spawn_blocking(work).await.map_err(|error| stopped(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let hash = hash_password(Password::new("correct horse")).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(!needs_rehash(&hash));
        assert!(
            verify_password(Password::new("correct horse"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !verify_password(Password::new("correct Horse"), Some(hash))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn nobodys_hash_is_a_real_one_of_todays_parameters_and_never_verifies() {
        let nobodys = OWASP.prefix() + NOBODY;
        assert!(!needs_rehash(&nobodys));
        assert!(PasswordHash::new(&nobodys).is_ok());
        assert!(!verify_password(Password::new(""), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_that_the_library_made_with_other_parameters_still_verifies() {
        let foreign = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(4096, 3, 1, None).unwrap(),
        );
        let hash = argon2::PasswordHasher::hash_password(&foreign, b"secret")
            .unwrap()
            .to_string();
        assert!(needs_rehash(&hash), "{hash}");
        assert!(
            verify_password(Password::new("secret"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !verify_password(Password::new("Secret"), Some(hash))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn the_library_reads_what_is_written_here() {
        let hash = hash_password(Password::new("secret")).await.unwrap();
        let parsed = PasswordHash::new(&hash).unwrap();
        let verified =
            argon2::PasswordVerifier::verify_password(&OWASP.argon2(), b"secret", &parsed);
        assert!(verified.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_at_once_take_no_more_memory_than_there_are_cores() {
        let hash = hash_password(Password::new("secret")).await.unwrap();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..32 {
            all.spawn(verify_password(Password::new("secret"), Some(hash.clone())));
        }
        assert!(
            all.join_all()
                .await
                .into_iter()
                .all(|verified| verified.unwrap())
        );
        let cores = available_parallelism().unwrap().get();
        assert!(MEMORY.lock().unwrap().len() <= cores);
    }

    #[test]
    fn weaker_parameters_are_noticed() {
        assert!(needs_rehash(
            "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA"
        ));
        assert!(needs_rehash("$2b$12$abcdefghijklmnopqrstuv"));
    }

    #[test]
    fn a_password_never_shows_itself() {
        assert_eq!(format!("{:?}", Password::new("secret")), "Password(…)");
    }
}
