//! Setting the second factor up, switching it on and off.

use jiff::Timestamp;

use super::{Method, SecondFactor, Spent, State, backup_codes, mail_code, mailed, prove_code};
use crate::auth::{KeyRing, Password, Purpose, Totp};
use crate::clock;
use crate::domain::account::{self, Login};
use crate::domain::customer::{self, Customer};
use crate::error::{Code, Refusal, Result};
use crate::store::{
    Condition, CustomerScope, Item, Partition, Store, StoreError, Stored, Update, Write,
};
use crate::text::masked_email;

/// Where a customer's second factor is.
#[derive(Debug)]
pub struct Status {
    /// How far it is; none where nothing was set up.
    pub state: Option<State>,
    /// What makes the codes.
    pub method: Option<Method>,
    /// When it came to this state.
    pub since: Option<Timestamp>,
    /// How many backup codes are left.
    pub backup_codes_left: usize,
}

/// What a customer is told who sets a second factor up.
#[derive(Debug)]
pub enum Enrolment {
    /// What the authenticator app wants.
    Authenticator {
        /// The secret as people type it, in base32.
        secret: String,
        /// The same for a QR code.
        url: String,
    },
    /// Where the first code was mailed, all but hidden.
    Email(String),
}

/// What a customer shows to take away what protects them.
pub enum Proof {
    /// The password.
    Password(Password),
    /// A code of the second factor.
    Code(String),
}

/// Where the second factor is. One round trip.
pub async fn status(store: &Store, scope: &CustomerScope) -> Result<Status> {
    let factor = find(store, scope).await?.map(|factor| factor.entity);
    Ok(Status {
        state: factor.as_ref().map(|factor| factor.state),
        method: factor.as_ref().map(|factor| factor.method),
        since: factor.as_ref().map(|factor| factor.since),
        backup_codes_left: factor.map_or(0, |factor| factor.backup.len()),
    })
}

/// Makes a secret for an authenticator app or mails a first code, in place of what was not switched on. Two
/// round trips; four with a mail.
///
/// # Errors
///
/// `second_factor_state` while a second factor is on; `rate_limited` within a minute after the last code, unless
/// that was used, and after twenty within a day.
pub async fn set_up(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    method: Method,
    issuer: &str,
) -> Result<Enrolment> {
    let email = customer::get(store, scope).await?.entity.email;
    let (org, whose) = (scope.org(), scope.customer().as_str());
    let (secret, enrolment) = match method {
        Method::Authenticator => {
            let totp = Totp::generate();
            let secret = ring.seal(org, Purpose::SecondFactor, whose, totp.as_bytes());
            let (text, url) = (totp.text(), totp.url(issuer, &email));
            (Some(secret), Enrolment::Authenticator { secret: text, url })
        }
        Method::Email => (None, Enrolment::Email(masked_email(&email))),
    };
    let factor = SecondFactor {
        state: State::Pending,
        method,
        secret,
        step: 0,
        backup: Vec::new(),
        since: clock::now(),
    };
    // An update counts the version on, a put would begin it anew: who read an earlier secret must not pass.
    let write = Write::update(scope.key(&Item::SecondFactor), Update::to(&factor)?);
    let write = write.when(Condition::Any(vec![
        Condition::Absent,
        Condition::eq("state", &State::Pending),
        Condition::eq("state", &State::Verified),
    ]));
    match store.write(write).await {
        Ok(_) if method == Method::Email => mail_code(store, ring, scope, &email).await?,
        Ok(_) => {}
        Err(StoreError::ConditionFailed(_)) => {
            return Err(wrong_state("the second factor is on").into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(enrolment)
}

/// Takes the first code, which shows that the app has the secret, or that the mail arrives. Two round trips;
/// three with a mailed code.
///
/// # Errors
///
/// `second_factor_state` where none was set up or one is on; `invalid_second_factor`.
pub async fn verify_setup(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    code: &str,
) -> Result<()> {
    let factor = find(store, scope).await?;
    let factor = factor.filter(|factor| !factor.entity.is_on());
    let factor = factor.ok_or_else(|| wrong_state("no second factor is being set up"))?;
    let spent = factor.entity.spent_by(store, ring, scope, code).await?;
    let verified = Update::of::<SecondFactor>().set("state", &State::Verified);
    let (verified, code) = match spent.ok_or(Code::InvalidSecondFactor)? {
        Spent::Step(step) => (verified.set("step", &step), None),
        Spent::Backup(left) => (verified.set("backup", &left), None),
        Spent::Mailed(code) => (verified, Some(mailed::spend(scope, &code))),
    };
    let verified = Write::update(scope.key(&Item::SecondFactor), verified);
    let verified = verified.when(Condition::eq("v", &factor.version));
    write_both(store, verified, code).await
}

/// Switches it on, and answers the backup codes, which are not to be had again. Three round trips: what was
/// set up, the login, and both in one transaction.
///
/// # Errors
///
/// `second_factor_state` unless a first code was taken.
pub async fn enable(store: &Store, scope: &CustomerScope) -> Result<Vec<String>> {
    let (factor, login) = with_login(store, scope).await?;
    let factor = factor.filter(|factor| factor.entity.state == State::Verified);
    let factor = factor.ok_or_else(|| wrong_state("no first code was taken"))?;
    let (codes, hashes) = backup_codes(scope);
    let on = Update::of::<SecondFactor>()
        .set("state", &State::On)
        .set("backup", &hashes)
        .set("since", &clock::now());
    let on = Write::update(scope.key(&Item::SecondFactor), on);
    let on = on.when(Condition::eq("v", &factor.version));
    let asked = login.map(|login| login.update(Update::of::<Login>().remove("open")));
    store
        .transact(std::iter::once(on).chain(asked).collect())
        .await?;
    Ok(codes)
}

/// Switches it off. Devices that were trusted are so no more, should it be switched on again.
///
/// # Errors
///
/// `second_factor_state` where it is not on; `invalid_credentials` or `invalid_second_factor`;
/// `rate_limited`.
pub async fn disable(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    proof: Proof,
    ip: &str,
) -> Result<()> {
    let Proved { factor, mailed, .. } = proved(store, ring, scope, proof, ip).await?;
    let (_, login) = with_login(store, scope).await?;
    let off = Write::delete(scope.key(&Item::SecondFactor));
    let off = off.when(Condition::eq("v", &factor.version));
    let open = login.map(|login| login.update(Update::of::<Login>().set("open", &true)));
    store
        .transact(std::iter::once(off).chain(open).chain(mailed).collect())
        .await?;
    Ok(())
}

/// Makes new backup codes in place of those that are left.
///
/// # Errors
///
/// As [`disable`]'s.
pub async fn renew_backup_codes(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    proof: Proof,
    ip: &str,
) -> Result<Vec<String>> {
    let Proved {
        factor,
        step,
        mailed,
    } = proved(store, ring, scope, proof, ip).await?;
    let (codes, hashes) = backup_codes(scope);
    let renewed = Update::of::<SecondFactor>()
        .set("backup", &hashes)
        .set("step", &step);
    let renewed = Write::update(scope.key(&Item::SecondFactor), renewed);
    let renewed = renewed.when(Condition::eq("v", &factor.version));
    write_both(store, renewed, mailed).await?;
    Ok(codes)
}

/// A write, together with the one that uses a mailed code up if there is one: alone it costs half.
async fn write_both(store: &Store, write: Write, mailed: Option<Write>) -> Result<()> {
    match mailed {
        Some(mailed) => store.transact(vec![write, mailed]).await?,
        None => drop(store.write(write).await?),
    }
    Ok(())
}

/// The second factor, which is on, of somebody who has shown that it may be changed.
struct Proved {
    factor: Stored<SecondFactor>,
    /// The last step of the clock that is over.
    step: u64,
    /// What uses the mailed code up that was shown.
    mailed: Option<Write>,
}

async fn proved(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    proof: Proof,
    ip: &str,
) -> Result<Proved> {
    match proof {
        Proof::Code(code) => {
            let (factor, spent) = prove_code(store, ring, scope, &code).await?;
            let (step, mailed) = match spent {
                Spent::Step(step) => (step, None),
                Spent::Backup(_) => (factor.entity.step, None),
                Spent::Mailed(code) => (factor.entity.step, Some(mailed::spend(scope, &code))),
            };
            Ok(Proved {
                factor,
                step,
                mailed,
            })
        }
        Proof::Password(password) => {
            let factor = find(store, scope).await?;
            let factor = factor.filter(|factor| factor.entity.is_on());
            let factor = factor.ok_or(Code::SecondFactorState)?;
            account::prove_password(store, scope, password, ip).await?;
            let step = factor.entity.step;
            Ok(Proved {
                factor,
                step,
                mailed: None,
            })
        }
    }
}

async fn find(store: &Store, scope: &CustomerScope) -> Result<Option<Stored<SecondFactor>>> {
    Ok(store.get(&scope.key(&Item::SecondFactor)).await?)
}

/// The second factor, and the customer's login if they have one.
async fn with_login<'a>(
    store: &Store,
    scope: &'a CustomerScope,
) -> Result<(Option<Stored<SecondFactor>>, Option<OwnLogin<'a>>)> {
    let (factor, profile) = (scope.key(&Item::SecondFactor), scope.key(&Item::Profile));
    let (factor, profile) = store
        .get_both::<SecondFactor, Customer>(&factor, &profile)
        .await?;
    let email = profile.ok_or(Code::NotFound)?.entity.email;
    let login = OwnLogin::find(store, scope, &email).await?;
    Ok((factor, login))
}

/// A login that is the customer's: a guest may have the address of somebody who has an account.
struct OwnLogin<'a> {
    scope: &'a CustomerScope,
    email: String,
}

impl<'a> OwnLogin<'a> {
    async fn find(
        store: &Store,
        scope: &'a CustomerScope,
        email: &str,
    ) -> Result<Option<OwnLogin<'a>>> {
        let owner = account::find_customer(store, scope.org(), email).await?;
        Ok((owner.as_ref() == Some(scope.customer())).then(|| Self {
            scope,
            email: email.to_owned(),
        }))
    }

    fn update(&self, update: Update) -> Write {
        let key = self.scope.org().customer_login_key(&self.email);
        Write::update(key, update).when(Condition::eq("customer", self.scope.customer()))
    }
}

fn wrong_state(why: &str) -> Refusal {
    Refusal::because(Code::SecondFactorState, why)
}
