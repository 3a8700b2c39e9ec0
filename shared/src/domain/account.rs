//! Signing up and signing in.
//!
//! A way in (`Login`) is kept apart from the profile, under the hash of the e-mail address. Failures are
//! counted there whether or not there is an account, so that an unknown address, a wrong password and a
//! locked account cost the same calls and get the same answer.

use serde::{Deserialize, Serialize};

use super::customer::Customer;
use super::staff::StaffMember;
use crate::auth::{
    KeyRing, NewSession, Password, Role, SessionTokens, hash_password, needs_rehash,
    verify_password,
};
use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::ids::{CustomerId, OrgId, StaffId};
use crate::store::{
    Condition, CustomerScope, Entity, Item, Key, Partition, Store, StoreError, Update, Write,
};
use crate::text::normalize_email;

/// So many failures for one address lock it for the rest of the window.
const MAX_FAILURES: u32 = 10;
/// So many failures from one network address, for whatever accounts, stop it for the rest of the window.
const MAX_FAILURES_PER_IP: u32 = 100;
/// Failures are counted in windows of 15 minutes.
const WINDOW_SECONDS: i64 = 15 * 60;
/// How often counting a failure is tried while others are being counted.
const ATTEMPTS: usize = 4;

/// A way in, and the failures to use it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    #[serde(default)]
    customer: Option<CustomerId>,
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

/// Failures from one network address.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Throttle {
    failures: u32,
}

impl Entity for Throttle {
    const TYPE: &'static str = "Throttle";
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
        created_at: now,
        updated_at: now,
    };
    let password = hash_password(new.password).await?;
    let scope = CustomerScope::proved(org.clone(), customer.id.clone());
    let session = NewSession::for_customer(ring, &scope)?;
    // The login may exist already, without an account: it counts failures to sign in with the address.
    let login = Update::of::<Login>()
        .set("customer", &customer.id)
        .set("password", &password);
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
/// `rate_limited` when too many attempts failed from `ip`.
pub async fn sign_in(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    email: &str,
    password: Password,
    ip: &str,
) -> Result<SignedIn> {
    let key = org.customer_login_key(&normalize_email(email));
    let login = verified_login(store, org, key, password, ip).await?;
    let customer = login.customer.ok_or(Code::InvalidCredentials)?;
    let scope = CustomerScope::proved(org.clone(), customer);
    let session = NewSession::for_customer(ring, &scope)?;
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
        .set_or_remove("customer", member.customer.as_ref());
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

async fn verified_login(
    store: &Store,
    org: &OrgId,
    key: Key,
    password: Password,
    ip: &str,
) -> Result<Login> {
    let login = store
        .get::<Login>(&key)
        .await?
        .map(|stored| stored.entity)
        .unwrap_or_default();
    let window = clock::unix_seconds() / WINDOW_SECONDS;
    let locked = login.window == window && login.failures >= MAX_FAILURES;
    let right = verify_password(password.clone(), login.password.clone()).await?;
    if !right || locked {
        record_failure(store, org, &key, &login, ip, window).await?;
        return Err(Code::InvalidCredentials.into());
    }
    if login.password.as_deref().is_some_and(needs_rehash) {
        let update = Update::of::<Login>().set("password", &hash_password(password).await?);
        store
            .write(Write::update(key, update).when(Condition::Present))
            .await?;
    }
    Ok(login)
}

/// Counts a failure for the address and for where it came from, in one transaction, before anything is
/// answered: an attempt that could not be counted is not told its outcome.
async fn record_failure(
    store: &Store,
    org: &OrgId,
    key: &Key,
    login: &Login,
    ip: &str,
    window: i64,
) -> Result<()> {
    let ends = (window + 1) * WINDOW_SECONDS;
    let throttle = org.throttle_key("signin", &format!("{ip}|{window}"));
    let mut window_known = login.window == window;
    for _ in 0..ATTEMPTS {
        let writes = vec![
            count_for_login(key.clone(), window, window_known),
            Write::update(
                throttle.clone(),
                Update::of::<Throttle>()
                    .add("failures", 1)
                    .set("ttl", &ends),
            )
            .when(Condition::Any(vec![
                Condition::Lacks("failures"),
                Condition::below("failures", &MAX_FAILURES_PER_IP),
            ])),
        ];
        match store.transact(writes).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Cancelled(reasons)) if reasons.get(1).is_some_and(Option::is_some) => {
                let seconds = u32::try_from(ends - clock::unix_seconds())
                    .unwrap_or(1)
                    .max(1);
                return Err(Refusal::new(Code::RateLimited).retry_after(seconds).into());
            }
            // Another attempt opened the window meanwhile.
            Err(StoreError::Cancelled(_)) => window_known = !window_known,
            // Other attempts for the same address are being counted at this moment.
            Err(StoreError::Contended) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::RateLimited).retry_after(1).into())
}

/// Within a window failures add up; the first one of a new window starts anew.
fn count_for_login(key: Key, window: i64, window_known: bool) -> Write {
    let update = Update::of::<Login>();
    if window_known {
        Write::update(key, update.add("failures", 1)).when(Condition::eq("window", &window))
    } else {
        let update = update.set("failures", &1).set("window", &window);
        Write::update(key, update).when(Condition::Any(vec![
            Condition::Lacks("window"),
            Condition::below("window", &window),
        ]))
    }
}
