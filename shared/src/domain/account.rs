//! Signing up and signing in.
//!
//! A way in (`Login`) is kept apart from the profile, under the hash of the e-mail address. Failures are
//! counted there whether or not there is an account, so that an unknown address, a wrong password and a
//! locked account cost the same calls and get the same answer.

use serde::{Deserialize, Serialize};

use super::customer::Customer;
use super::staff::StaffMember;
use super::throttle::{PerIp, Throttle};
use crate::auth::{
    Caller, Device, KeyRing, NewSession, Password, Role, SessionTokens, hash_password,
    needs_rehash, verify_password,
};
use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::ids::{CustomerId, OrgId, StaffId};
use crate::store::{
    Condition, CustomerScope, Entity, Found, Item, Key, Partition, Store, StoreError, Update, Write,
};
use crate::text::normalize_email;

/// So many failures for one address lock it for the rest of the window.
const MAX_FAILURES: u32 = 10;
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// What failures to sign in are counted as.
pub(super) const SIGN_IN: &str = "signin";
/// How often counting a failure is tried while others are being counted.
const ATTEMPTS: usize = 4;

/// A way in, and the failures to use it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Login {
    #[serde(default)]
    pub(super) customer: Option<CustomerId>,
    #[serde(default)]
    staff: Option<StaffId>,
    /// What a staff session carries.
    #[serde(default)]
    roles: Vec<Role>,
    /// The PHC string of the password.
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    failures: u32,
    /// The window that the failures were counted in: Unix seconds divided by its length.
    #[serde(default)]
    window: i64,
}

impl Entity for Login {
    const TYPE: &'static str = "Login";
}

/// Who wants an account.
#[derive(Debug, Clone)]
pub struct NewCustomer {
    /// The e-mail address, in any spelling.
    pub email: String,
    /// The password.
    pub password: Password,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// E.164.
    pub phone: Option<String>,
}

/// A customer that has just been proved: by signing up or in.
#[derive(Debug)]
pub struct SignedIn {
    /// The customer.
    pub scope: CustomerScope,
    /// The opened session's tokens.
    pub tokens: SessionTokens,
}

/// Makes an account and signs it in, in one transaction.
///
/// # Errors
///
/// `email_taken`.
pub async fn sign_up(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    new: NewCustomer,
    device: &Device,
) -> Result<(SignedIn, Customer)> {
    let email = normalize_email(&new.email);
    let now = clock::now();
    let customer = Customer {
        id: CustomerId::generate(),
        email: email.clone(),
        first_name: new.first_name,
        last_name: new.last_name,
        phone: new.phone,
        language: None,
        timezone: None,
        about: None,
        verified_email: None,
        verified_phone: None,
        password_changed_at: None,
        avatar: None,
        created_at: now,
        updated_at: now,
    };
    let password = hash_password(new.password).await?;
    let scope = CustomerScope::proved(org.clone(), customer.id.clone());
    let session = NewSession::for_customer(ring, &scope)?.on(device);
    // The login may exist already, without an account: it counts failures to sign in with the address.
    let login = Update::of::<Login>()
        .set("customer", &customer.id)
        .set("password", &password)
        .remove("ttl");
    let writes = vec![
        Write::update(org.customer_login_key(&email), login).when(Condition::Lacks("customer")),
        Write::put(scope.key(&Item::Profile), &customer).when(Condition::Absent),
        session.write,
    ];
    match store.transact(writes).await {
        Ok(()) => Ok((
            SignedIn {
                scope,
                tokens: session.tokens,
            },
            customer,
        )),
        Err(StoreError::Cancelled(_)) => Err(Code::EmailTaken.into()),
        // The transaction that holds the address is another sign-up for it, or a failing sign-in.
        Err(error) => Err(error.into()),
    }
}

/// Signs a customer in.
///
/// # Errors
///
/// `invalid_credentials` for an unknown address, a wrong password and a locked account alike;
/// `rate_limited` when too many attempts failed from the caller's address.
pub async fn sign_in(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    email: &str,
    password: Password,
    caller: &Caller,
) -> Result<SignedIn> {
    let key = org.customer_login_key(&normalize_email(email));
    let login = verified_login(store, org, key, password, &caller.ip).await?;
    let customer = login.customer.ok_or(Code::InvalidCredentials)?;
    let scope = CustomerScope::proved(org.clone(), customer);
    let session = NewSession::for_customer(ring, &scope)?.on(&caller.device);
    store.write(session.write).await?;
    Ok(SignedIn {
        scope,
        tokens: session.tokens,
    })
}

/// Signs a member of staff in; as [`sign_in`].
pub async fn sign_in_staff(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    email: &str,
    password: Password,
    ip: &str,
) -> Result<SessionTokens> {
    let key = org.staff_login_key(&normalize_email(email));
    let login = verified_login(store, org, key, password, ip).await?;
    let staff = login.staff.ok_or(Code::InvalidCredentials)?;
    let session = NewSession::for_staff(ring, org, &staff, login.roles, login.customer)?;
    store.write(session.write).await?;
    Ok(session.tokens)
}

/// Creates a member of staff. For the operator's command line.
///
/// # Errors
///
/// `email_taken`.
pub async fn create_staff(
    store: &Store,
    org: &OrgId,
    member: &StaffMember,
    password: Password,
) -> Result<()> {
    let login = Update::of::<Login>()
        .set("staff", &member.id)
        .set("roles", &member.roles)
        .set("password", &hash_password(password).await?)
        .set_or_remove("customer", member.customer.as_ref())
        .remove("ttl");
    let writes = vec![
        Write::update(org.staff_login_key(&member.email), login).when(Condition::Lacks("staff")),
        Write::put(org.staff_key(&member.id), member).when(Condition::Absent),
    ];
    match store.transact(writes).await {
        Err(StoreError::Cancelled(_)) => Err(Code::EmailTaken.into()),
        other => Ok(other?),
    }
}

/// The customer behind an address, if there is one. For the operator's command line, which links staff
/// to their own customer record; no route answers it.
pub async fn find_customer(store: &Store, org: &OrgId, email: &str) -> Result<Option<CustomerId>> {
    let login = store
        .get::<Login>(&org.customer_login_key(&normalize_email(email)))
        .await?;
    Ok(login.and_then(|login| login.entity.customer))
}

/// A write that gives an address to a customer who signs in without a password, unless it is somebody's.
pub(super) fn claim_login(org: &OrgId, email: &str, customer: &CustomerId) -> Write {
    // The login may exist already, without an account, as at sign-up.
    let login = Update::of::<Login>()
        .set("customer", customer)
        .remove("ttl");
    Write::update(org.customer_login_key(email), login).when(Condition::Lacks("customer"))
}

/// A write that holds a transaction to there being a password for an address.
pub(super) fn check_password(org: &OrgId, email: &str) -> Write {
    // Every PHC string begins with a dollar sign.
    let there = Condition::at_least("password", &"$");
    Write::check(org.customer_login_key(email), there)
}

/// Opens a session of a customer who was proved in another way than by a password.
pub async fn open_session(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    device: &Device,
) -> Result<SessionTokens> {
    let session = NewSession::for_customer(ring, scope)?.on(device);
    store.write(session.write).await?;
    Ok(session.tokens)
}

pub(super) async fn verified_login(
    store: &Store,
    org: &OrgId,
    key: Key,
    password: Password,
    ip: &str,
) -> Result<Login> {
    let attempt = Attempt::now(org, key, ip);
    let (login, throttle) = store
        .get_both::<Login, Throttle>(&attempt.login, &attempt.ip.key)
        .await?;
    attempt.ip.admit(throttle.as_ref())?;
    let login = login.map(|stored| stored.entity).unwrap_or_default();
    let locked = login.window == attempt.ip.window && login.failures >= MAX_FAILURES;
    let right = verify_password(password.clone(), login.password.clone()).await?;
    if !right || locked {
        attempt.record_failure(store, login).await?;
        return Err(Code::InvalidCredentials.into());
    }
    if login.password.as_deref().is_some_and(needs_rehash) {
        let update = Update::of::<Login>().set("password", &hash_password(password).await?);
        store
            .write(Write::update(attempt.login, update).when(Condition::Present))
            .await?;
    }
    Ok(login)
}

/// An attempt to sign in, and the window of time that its failure would count in.
struct Attempt {
    login: Key,
    ip: PerIp,
}

impl Attempt {
    fn now(org: &OrgId, login: Key, ip: &str) -> Self {
        let ip = PerIp::now(org, SIGN_IN, ip);
        Self { login, ip }
    }

    /// Counts a failure for the account and for where it came from, in one transaction, before anything
    /// is answered: an attempt that could not be counted is not told its outcome.
    async fn record_failure(&self, store: &Store, mut login: Login) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let writes = vec![self.count(&login), self.ip.count()];
            match store.transact(writes).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Cancelled(reasons)) => {
                    let mut reasons = reasons.into_iter();
                    let changed = reasons.next().flatten();
                    if reasons.next().flatten().is_some() {
                        return Err(self.ip.limited().into());
                    }
                    // Another attempt, or a sign-up, came in between: count on from what it left.
                    let now = changed.map(Found::read::<Login>).transpose()?.flatten();
                    login = now.map(|stored| stored.entity).unwrap_or_default();
                }
                // Other attempts for the same account are being counted at this moment.
                Err(StoreError::Contended) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::new(Code::RateLimited).retry_after(1).into())
    }

    /// Within a window failures add up; the first one of a new window starts anew. Where there is no
    /// account, the count is all there is, and is forgotten a day later.
    fn count(&self, login: &Login) -> Write {
        let mut conditions = Vec::new();
        let mut update = Update::of::<Login>();
        if login.window == self.ip.window {
            update = update.add("failures", 1);
            conditions.push(Condition::eq("window", &self.ip.window));
        } else {
            update = update.set("failures", &1).set("window", &self.ip.window);
            let before = Condition::below("window", &self.ip.window);
            conditions.push(Condition::Any(vec![Condition::Lacks("window"), before]));
        }
        if login.customer.is_none() && login.staff.is_none() {
            update = update.set("ttl", &(self.ip.ends() + DAY_SECONDS));
            conditions.extend([Condition::Lacks("customer"), Condition::Lacks("staff")]);
        }
        Write::update(self.login.clone(), update).when(Condition::All(conditions))
    }
}
