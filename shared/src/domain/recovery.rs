//! What is mailed to an address, for whoever reads its mail: a link to set a new password with, and a link or
//! a code to sign in with. And the change of a password.
//!
//! Asking for one looks at no account: the same write is made for every address, and only `notifications`
//! finds out whether there is anybody to mail. So neither answer, cost nor time tells who has an account.

use super::account::{Login, prove_password, tries_from, unlock};
use super::admission::{self, Admitted};
use super::customer::{Customer, Verified};
use crate::auth::{
    Caller, Code, CodeKind, CodeOwner, KeyRing, Limit, Link, Password, hash_password, revoke_all,
};
use crate::clock;
use crate::error::{Code as ErrorCode, Error, Refusal, Result};
use crate::ids::{CustomerId, OrgId};
use crate::store::{
    AddressHash, Condition, CustomerScope, Found, Item, Partition, Store, StoreError, Update, Write,
};
use crate::text::normalize_email;

/// How often a code is issued anew while others for the same address are being issued.
const ATTEMPTS: usize = 3;
/// So many of a kind may be asked for from one network address within a quarter of an hour.
const MAX_SENDS_PER_IP: u32 = 100;

/// Sends a code or a link to an address, if there is an account. One round trip; one more for each further
/// one within a day.
///
/// # Errors
///
/// `validation_failed` for what is no e-mail address; `rate_limited` for the address within a minute and
/// after five within a day, and for `ip` after a hundred in a quarter of an hour; all of that whether or not
/// there is an account.
pub async fn send(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    kind: CodeKind,
    email: &str,
    ip: &str,
) -> Result<()> {
    let email = normalize_email(email);
    if email.len() > 254 || garde::rules::email::apply(&email, ()).is_err() {
        let refusal = Refusal::new(ErrorCode::ValidationFailed);
        return Err(refusal.at("email", "is not an e-mail address").into());
    }
    let owner = CodeOwner::Address(org.clone(), AddressHash::of(&email));
    let limit = Limit::in_window(org, kind.as_str(), ip, MAX_SENDS_PER_IP);
    let mut code = Code::new(ring, kind, email);
    let mut issue = code.issue(&owner);
    for _ in 0..ATTEMPTS {
        let reasons = match store.transact(vec![issue, limit.count()]).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Cancelled(reasons)) => reasons,
            Err(error) => return Err(error.into()),
        };
        let mut reasons = reasons.into_iter();
        let before = reasons.next().flatten();
        if reasons.next().flatten().is_some() {
            return Err(limit.reached().into());
        }
        let before = before.map(Found::read::<Code>).transpose()?.flatten();
        issue = match before {
            Some(before) => code.reissue(&owner, &before.entity)?,
            None => code.issue(&owner),
        };
    }
    Err(Refusal::new(ErrorCode::RateLimited).retry_after(1).into())
}

/// What is still to be delivered of a code or link: nothing if it was, if another one was issued since, or if
/// the address has no account.
pub async fn due(
    store: &Store,
    owner: &CodeOwner,
    kind: CodeKind,
    nonce: &str,
) -> Result<Option<Code>> {
    let key = owner.key(kind);
    let code = match owner {
        CodeOwner::Customer(_) => store.find::<Code>(&key).await?,
        CodeOwner::Address(org, address) => {
            let login = org.login_key(address);
            let (login, code) = store.get_both::<Login, Code>(&login, &key).await?;
            code.filter(|_| login.is_some_and(|login| login.entity.customer.is_some()))
        }
    };
    let code = code.map(|code| code.entity);
    Ok(code.filter(|code| code.nonce == nonce && code.is_due()))
}

/// Whether a link that resets a password can still be used. One round trip, none for an invention.
pub async fn is_reset_link(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    token: &str,
) -> Result<bool> {
    match open_link(store, ring, org, CodeKind::ResetPassword, token).await {
        Ok(_) => Ok(true),
        Err(error) if error.refusal().code == ErrorCode::InvalidCode => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sets a new password, ends every session and unlocks the account. Three round trips.
///
/// # Errors
///
/// `invalid_code`; `validation_failed` for the account's e-mail address as its password.
pub async fn reset_password(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    token: &str,
    password: Password,
) -> Result<()> {
    let (owner, code, customer) =
        open_link(store, ring, org, CodeKind::ResetPassword, token).await?;
    let scope = CustomerScope::proved(org.clone(), customer);
    let spend = code.spend(&owner);
    let done = replace_password(store, &scope, &code.to, password, "password", spend);
    done.await.map_err(not_good)
}

/// Changes a customer's password and ends every session. A link that would reset it is good no more: whoever
/// has it may be why the password is changed. Four round trips.
///
/// # Errors
///
/// `wrong_password`, also while the account is locked: it counts as one at sign-in; `rate_limited` when too many
/// were wrong from `ip`; `validation_failed` for the account's e-mail address as its password.
pub async fn change_password(
    store: &Store,
    scope: &CustomerScope,
    current: Password,
    new: Password,
    ip: &str,
) -> Result<()> {
    let proved = prove_password(store, scope, current, ip).await;
    let email = proved.map_err(|error| match error.refusal().code {
        ErrorCode::InvalidCredentials => ErrorCode::WrongPassword.into(),
        _ => error,
    })?;
    let owner = CodeOwner::Address(scope.org().clone(), AddressHash::of(&email));
    let link = Write::delete(owner.key(CodeKind::ResetPassword));
    replace_password(store, scope, &email, new, "newPassword", link).await
}

/// Lets in whoever was mailed a link, and holds the address for verified. Three round trips.
///
/// # Errors
///
/// `invalid_code`.
pub async fn sign_in_by_link(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    token: &str,
    caller: &Caller,
    trust: Option<&str>,
) -> Result<Admitted> {
    let (owner, code, customer) = open_link(store, ring, org, CodeKind::SignInLink, token).await?;
    redeem(store, ring, &owner, &code, customer, caller, trust).await
}

/// The same for a code. A wrong one takes two round trips, whether or not there is an account and whatever is wrong.
///
/// # Errors
///
/// `invalid_code`; `rate_limited` when too many codes and passwords were wrong from the caller's network address.
pub async fn sign_in_by_code(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    email: &str,
    digits: &str,
    caller: &Caller,
    trust: Option<&str>,
) -> Result<Admitted> {
    let address = AddressHash::of(&normalize_email(email));
    let owner = CodeOwner::Address(org.clone(), address);
    let (limit, key) = (tries_from(org, &caller.ip), org.login_key(&address));
    let (login, taken) = tokio::try_join!(
        Box::pin(store.get::<Login>(&key)),
        Box::pin(limit.take(store))
    )?;
    // Before the code is counted: who may not try must not use up another's tries.
    let taken = taken.ok_or_else(|| limit.reached())?;
    let customer = login.and_then(|login| login.entity.customer);
    let code = Code::tried(store, ring, &owner, CodeKind::SignInCode, digits).await?;
    let (code, customer) = code.zip(customer).ok_or(ErrorCode::InvalidCode)?;
    taken.give_back(store).await?;
    redeem(store, ring, &owner, &code, customer, caller, trust).await
}

/// What a link's token leads to, while it can be used and its address has an account.
async fn open_link(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    kind: CodeKind,
    token: &str,
) -> Result<(CodeOwner, Code, CustomerId)> {
    let link = Link::parse(ring, org, kind, token).ok_or(ErrorCode::InvalidCode)?;
    let CodeOwner::Address(_, address) = &link.owner else {
        return Err(ErrorCode::InvalidCode.into());
    };
    let (login, code) = store
        .get_both::<Login, Code>(&org.login_key(address), &link.owner.key(kind))
        .await?;
    let code = code.map(|code| code.entity);
    let code = code.filter(|code| code.nonce == link.nonce && code.is_open());
    let customer = login.and_then(|login| login.entity.customer);
    let (code, customer) = code.zip(customer).ok_or(ErrorCode::InvalidCode)?;
    Ok((link.owner, code, customer))
}

/// Lets in the owner of a code or link, which is used up by it, as long as its address is the account's.
async fn redeem(
    store: &Store,
    ring: &KeyRing,
    owner: &CodeOwner,
    code: &Code,
    customer: CustomerId,
    caller: &Caller,
    trust: Option<&str>,
) -> Result<Admitted> {
    let scope = CustomerScope::proved(owner.org().clone(), customer);
    let verified = Verified {
        address: code.to.clone(),
        at: clock::now(),
    };
    let verify = Update::of::<Customer>().set("verifiedEmail", &verified);
    let proof = vec![
        code.spend(owner),
        Write::update(scope.key(&Item::Profile), verify).when(Condition::eq("email", &code.to)),
    ];
    admission::admit_once(store, ring, scope, caller, trust, proof)
        .await
        .map_err(not_good)
}

/// Writes a new password, together with the end of the link that allows it, and ends every session. Wrong ones that
/// were counted were somebody's who did not know the old one.
async fn replace_password(
    store: &Store,
    scope: &CustomerScope,
    email: &str,
    password: Password,
    member: &'static str,
    link: Write,
) -> Result<()> {
    if password.expose().eq_ignore_ascii_case(email) {
        let refusal = Refusal::new(ErrorCode::ValidationFailed);
        return Err(refusal.at(member, "must not be the e-mail address").into());
    }
    let login = Update::of::<Login>().set("password", &hash_password(password).await?);
    let changed = Update::of::<Customer>().set("passwordChangedAt", &clock::now());
    let writes = vec![
        Write::update(scope.org().customer_login_key(email), login)
            .when(Condition::eq("customer", scope.customer())),
        Write::update(scope.key(&Item::Profile), changed).when(Condition::eq("email", &email)),
        unlock(scope.org(), email),
        link,
    ];
    Ok(revoke_all(store, scope, writes).await?)
}

/// A code whose conditions did not hold any more: it was used at the same moment, or the account's address
/// was changed.
fn not_good(error: Error) -> Error {
    match error {
        Error::Store(StoreError::Cancelled(_)) => ErrorCode::InvalidCode.into(),
        other => other,
    }
}
