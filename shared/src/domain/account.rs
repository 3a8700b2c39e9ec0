//! Signing up, and proving who one is by a password.
//!
//! A way in (`Login`) is kept apart from the profile, under the hash of the e-mail address. Tries are counted
//! before the password is looked at, whether or not there is an account, so that an unknown address, a wrong
//! password and a locked account cost the same calls and get the same answer.

use serde::{Deserialize, Serialize};

use super::admission::{self, Admitted, SignedIn};
use super::customer::{self, Customer};
use super::staff::StaffMember;
use crate::auth::{
    Caller, CodeKind, Device, KeyRing, Limit, NewSession, Password, Role, SessionTokens,
    hash_password, needs_rehash, verify_password,
};
use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::ids::{CustomerId, OrgId, StaffId};
use crate::store::{
    AddressHash, Condition, CustomerScope, Entity, Item, Key, Partition, Store, StoreError, Update,
    Write,
};
use crate::text::normalize_email;

/// What passwords are tried as.
const SIGN_IN: &str = "signin";
/// So many wrong passwords for one address lock it for the rest of the window.
const MAX_TRIES: u32 = 10;
/// So many from one network address, for whatever accounts, stop it for the rest of the window.
const MAX_TRIES_PER_IP: u32 = 100;

/// A way in.
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
    /// That the customer has no second factor, so that nobody need look. Only the transaction that makes the
    /// customer says so at first, and the one that switches a second factor on takes it away: where it is
    /// missing, for whatever reason, somebody looks.
    #[serde(default)]
    pub(super) open: bool,
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

/// Makes an account and signs it in, in one transaction. A guest's record becomes the account's when the
/// guest is proved: it keeps its id, and with it the cart and the orders.
///
/// # Errors
///
/// `email_taken`; `validation_failed` when the guest has an account already.
pub async fn sign_up(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    new: NewCustomer,
    guest: Option<CustomerScope>,
    device: &Device,
) -> Result<SignedIn> {
    let email = normalize_email(&new.email);
    let password = Some(hash_password(new.password.clone()).await?);
    let made = guest.is_none();
    let scope = guest.unwrap_or_else(|| CustomerScope::proved(org.clone(), CustomerId::generate()));
    let session = NewSession::for_customer(ring, &scope)?.on(device);
    let login = Login {
        customer: Some(scope.customer().clone()),
        password,
        open: made,
        ..Login::default()
    };
    let writes = vec![
        Write::put(org.customer_login_key(&email), &login).when(Condition::Absent),
        record(&scope, email, new, made),
        session.write,
    ];
    match store.transact(writes).await {
        Ok(()) => Ok(SignedIn {
            scope,
            tokens: session.tokens,
        }),
        Err(StoreError::Cancelled(reasons)) if reasons.first().is_some_and(Option::is_some) => {
            Err(Code::EmailTaken.into())
        }
        Err(StoreError::Cancelled(_)) => Err(not_a_guest().into()),
        // The transaction that holds the address is another sign-up for it.
        Err(error) => Err(error.into()),
    }
}

/// What is answered to a token that is not a guest's, or not one's any more.
pub fn not_a_guest() -> Refusal {
    Refusal::new(Code::ValidationFailed).at("guestToken", "is not the token of a guest of this org")
}

/// The customer's record: made, or the guest's with what the sign-up says.
fn record(scope: &CustomerScope, email: String, new: NewCustomer, made: bool) -> Write {
    let (key, now) = (scope.key(&Item::Profile), clock::now());
    if made {
        let mut customer = Customer::new(scope.customer().clone(), email);
        customer.first_name = new.first_name;
        customer.last_name = new.last_name;
        customer.phone = new.phone;
        return Write::put(key, &customer).when(Condition::Absent);
    }
    let mut update = Update::of::<Customer>()
        .set("email", &email)
        .set("updatedAt", &now)
        .remove("guest");
    let members = [
        ("firstName", &new.first_name),
        ("lastName", &new.last_name),
        ("phone", &new.phone),
    ];
    for (member, value) in members {
        if let Some(value) = value {
            update = update.set(member, value);
        }
    }
    Write::update(key, update).when(Condition::eq("guest", &true))
}

/// Signs a customer in.
///
/// # Errors
///
/// `invalid_credentials` for an unknown address, a wrong password and a locked account alike;
/// `rate_limited` when too many passwords were wrong from the caller's network address.
pub async fn sign_in(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    email: &str,
    password: Password,
    caller: &Caller,
    trust: Option<&str>,
) -> Result<Admitted> {
    let login = customer_login(store, org, email, password, &caller.ip).await?;
    let customer = login.customer.ok_or(Code::InvalidCredentials)?;
    let scope = CustomerScope::proved(org.clone(), customer);
    if login.open {
        return admission::open(store, ring, scope, &caller.device)
            .await
            .map(Admitted::In);
    }
    admission::admit(store, ring, scope, caller, trust).await
}

/// Signs a member of staff in; as [`sign_in`].
pub async fn sign_in_staff(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    email: &str,
    password: Password,
    caller: &Caller,
) -> Result<SessionTokens> {
    let email = normalize_email(email);
    let (key, who) = (org.staff_login_key(&email), format!("staff|{email}"));
    let login = verified_login(store, org, key, &who, password, &caller.ip).await?;
    let staff = login.staff.ok_or(Code::InvalidCredentials)?;
    let session = NewSession::for_staff(ring, org, &staff, login.roles, login.customer)?;
    let session = session.on(&caller.device);
    store.write(session.write).await?;
    Ok(session.tokens)
}

/// Holds a customer who is signed in to their password, and answers their address. A wrong one counts as at
/// sign-in.
///
/// # Errors
///
/// As [`sign_in`]'s; also for a customer without a password.
pub async fn prove_password(
    store: &Store,
    scope: &CustomerScope,
    password: Password,
    ip: &str,
) -> Result<String> {
    let email = customer::get(store, scope).await?.entity.email;
    let login = customer_login(store, scope.org(), &email, password, ip).await?;
    // A guest may have the address of somebody who has an account.
    if login.customer.as_ref() == Some(scope.customer()) {
        Ok(email)
    } else {
        Err(Code::InvalidCredentials.into())
    }
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
    let login = Login {
        staff: Some(member.id.clone()),
        roles: member.roles.clone(),
        customer: member.customer.clone(),
        password: Some(hash_password(password).await?),
        open: false,
    };
    let writes = vec![
        Write::put(org.staff_login_key(&member.email), &login).when(Condition::Absent),
        Write::put(org.staff_key(&member.id), member).when(Condition::Absent),
    ];
    match store.transact(writes).await {
        Err(StoreError::Cancelled(_)) => Err(Code::EmailTaken.into()),
        other => Ok(other?),
    }
}

/// The customer behind an address, if there is one. For the operator's command line, which links staff
/// to their own customer record, and for staff who look a customer up.
pub async fn find_customer(store: &Store, org: &OrgId, email: &str) -> Result<Option<CustomerId>> {
    let login = store
        .get::<Login>(&org.customer_login_key(&normalize_email(email)))
        .await?;
    Ok(login.and_then(|login| login.entity.customer))
}

/// The writes that end a customer's way in, and what was mailed to get in with: the address is free for a new
/// account. None where the address is somebody else's way in: a guest may have given it.
pub(super) async fn close(store: &Store, scope: &CustomerScope, email: &str) -> Result<Vec<Write>> {
    let (org, address) = (scope.org(), AddressHash::of(email));
    if find_customer(store, org, email).await?.as_ref() != Some(scope.customer()) {
        return Ok(Vec::new());
    }
    let own = Condition::eq("customer", scope.customer());
    let login = Write::delete(org.login_key(&address)).when(own);
    let codes = CodeKind::TO_ADDRESSES.into_iter();
    let codes = codes.map(|kind| Write::delete(org.login_code_key(&address, kind.as_str())));
    Ok(std::iter::once(login).chain(codes).collect())
}

/// A write that gives an address to a new customer, who signs in without a password, unless it is somebody's.
pub(super) fn claim_login(org: &OrgId, email: &str, customer: &CustomerId) -> Write {
    let login = Login {
        customer: Some(customer.clone()),
        open: true,
        ..Login::default()
    };
    Write::put(org.customer_login_key(email), &login).when(Condition::Absent)
}

/// A write that holds a transaction to the customer having a password for an address.
pub(super) fn check_password(scope: &CustomerScope, email: &str) -> Write {
    // Every PHC string begins with a dollar sign. A guest may have the address of somebody who has an account.
    let there = Condition::All(vec![
        Condition::at_least("password", &"$"),
        Condition::eq("customer", scope.customer()),
    ]);
    Write::check(scope.org().customer_login_key(email), there)
}

/// A write that forgets the wrong passwords for an address.
pub(super) fn unlock(org: &OrgId, email: &str) -> Write {
    tries(org, &who(email)).clear()
}

/// What is tried from a network address in the place of a password counts as one does.
pub(super) fn tries_from(org: &OrgId, ip: &str) -> Limit {
    Limit::in_window(org, "signin-from", ip, MAX_TRIES_PER_IP)
}

fn tries(org: &OrgId, who: &str) -> Limit {
    Limit::in_window(org, SIGN_IN, who, MAX_TRIES)
}

fn who(email: &str) -> String {
    format!("customer|{email}")
}

async fn customer_login(
    store: &Store,
    org: &OrgId,
    email: &str,
    password: Password,
    ip: &str,
) -> Result<Login> {
    let email = normalize_email(email);
    let (key, who) = (org.customer_login_key(&email), who(&email));
    verified_login(store, org, key, &who, password, ip).await
}

/// The login of `key`, if the password is right and the try is within both limits. Three calls at once,
/// and one for each limit that the try does not count against after all.
async fn verified_login(
    store: &Store,
    org: &OrgId,
    key: Key,
    who: &str,
    password: Password,
    ip: &str,
) -> Result<Login> {
    let for_account = tries(org, who);
    let from_address = tries_from(org, ip);
    // Boxed: each is large, and every sign-in's future would be three times as large.
    let (login, account, address) = tokio::try_join!(
        Box::pin(store.get::<Login>(&key)),
        Box::pin(for_account.take(store)),
        Box::pin(from_address.take(store))
    )?;
    let Some(address) = address else {
        // Who may not try must not lock others out.
        if let Some(account) = account {
            account.give_back(store).await?;
        }
        return Err(from_address.reached().into());
    };
    let login = login.map(|stored| stored.entity).unwrap_or_default();
    // Also where there is no account or no try left, or it would show.
    let right = verify_password(password.clone(), login.password.clone()).await?;
    let (true, Some(account)) = (right, account) else {
        return Err(Code::InvalidCredentials.into());
    };
    tokio::try_join!(
        Box::pin(account.give_back(store)),
        Box::pin(address.give_back(store))
    )?;
    if login.password.as_deref().is_some_and(needs_rehash) {
        let update = Update::of::<Login>().set("password", &hash_password(password).await?);
        store
            .write(Write::update(key, update).when(Condition::Present))
            .await?;
    }
    Ok(login)
}
