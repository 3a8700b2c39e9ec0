//! Which customer it is that signs in: accounts at other companies, and whose they are here.
//!
//! An identity has two items, written together: a lock in the org, which names the customer, and its entry in the
//! customer's own list. All of a customer's are in one item, so that two that are removed at once cannot both
//! be "not the last".

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Identity, Once, Provider};
use crate::clock;
use crate::domain::account::{check_password, claim_login, find_customer};
use crate::domain::customer::{self, Customer, Verified};
use crate::error::{Code, Error, Refusal, Result};
use crate::ids::{CustomerId, OrgId};
use crate::store::{
    Condition, CustomerScope, Entity, Item, Key, Partition, Store, StoreError, Stored, Update,
    Write,
};

/// How often it is looked again when others change the same.
const ATTEMPTS: usize = 3;

/// The lock of an identity.
#[derive(Serialize, Deserialize)]
struct Owner {
    customer: CustomerId,
}

impl Entity for Owner {
    const TYPE: &'static str = "Identity";
}

/// An account at another company that a customer signs in with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Linked {
    /// The company.
    pub provider: Provider,
    /// Its id of the customer.
    pub subject: String,
    /// The e-mail address that it told.
    pub email: Option<String>,
    /// Since when.
    pub linked_at: Timestamp,
}

/// A customer's list, as stored. One account at each company.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Identities {
    /// The accounts.
    pub linked: Vec<Linked>,
}

impl Entity for Identities {
    const TYPE: &'static str = "Identities";
}

/// The customer who signs in with an identity: the one whom it is linked to; or else the one with its e-mail
/// address, if both the provider and this service know that the address is theirs; or else a new one.
///
/// What is good `once` is used in the same write. A customer who is known costs one read, and that write.
///
/// # Errors
///
/// `invalid_state` for what was used; `account_exists`; `email_unverified` when there is no address to make an
/// account of.
pub async fn sign_in(
    store: &Store,
    org: &OrgId,
    identity: &Identity,
    once: Option<&Once>,
) -> Result<CustomerScope> {
    let lock = lock_key(org, identity);
    let mut found = store.find::<Owner>(&lock).await?;
    for _ in 0..ATTEMPTS {
        if let Some(owner) = found {
            if let Some(once) = once {
                store.write(once.used()).await.map_err(spent)?;
            }
            return Ok(CustomerScope::proved(org.clone(), owner.entity.customer));
        }
        let Some((scope, mut writes)) = admit(store, org, identity).await? else {
            found = store.get_consistent(&lock).await?;
            continue;
        };
        // Last: the reasons of what comes before are others' doing.
        writes.extend(once.map(Once::used));
        match store.transact(writes).await {
            Ok(()) => return Ok(scope),
            Err(StoreError::Cancelled(reasons)) => {
                if once.is_some() && reasons.last().is_some_and(Option::is_some) {
                    return Err(Code::InvalidState.into());
                }
                // Another sign-in with it, or a sign-up with its address, came first.
                found = store.get_consistent(&lock).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

fn spent(error: StoreError) -> Error {
    match error {
        StoreError::ConditionFailed(_) => Code::InvalidState.into(),
        error => error.into(),
    }
}

fn contended() -> Error {
    StoreError::Contended.into()
}

/// Whom an unknown identity is to belong to, and what makes it so; nothing if it has come to belong to somebody.
async fn admit(
    store: &Store,
    org: &OrgId,
    identity: &Identity,
) -> Result<Option<(CustomerScope, Vec<Write>)>> {
    let email = identity.email.as_deref().ok_or(Code::EmailUnverified)?;
    let Some(customer) = find_customer(store, org, email).await? else {
        return newcomer(org, identity, email).map(Some);
    };
    let scope = CustomerScope::proved(org.clone(), customer);
    let profile = customer::get(store, &scope).await?.entity;
    // Whoever signed up here with somebody else's address must not be joined by its owner, and whoever tells
    // a provider somebody else's address must not get at the account of its owner.
    let verified = profile.verified_email;
    let Some(verified) = verified.filter(|it| it.address == email && identity.email_verified)
    else {
        return Err(Code::AccountExists.into());
    };
    let proved = Condition::All(vec![
        Condition::eq("email", &email),
        Condition::eq("verifiedEmail", &verified),
    ]);
    let Some(mut writes) = link_writes(store, &scope, identity).await? else {
        return Ok(None);
    };
    writes.push(Write::check(scope.key(&Item::Profile), proved));
    Ok(Some((scope, writes)))
}

fn newcomer(org: &OrgId, identity: &Identity, email: &str) -> Result<(CustomerScope, Vec<Write>)> {
    // Facebook says of no address that it is verified. An account may be made of it, which counts as
    // unverified; what a provider says is *not* verified makes none.
    if !identity.email_verified && identity.provider != Provider::Facebook {
        return Err(Code::EmailUnverified.into());
    }
    let mut customer = Customer::new(CustomerId::generate(), email.to_owned());
    customer.first_name.clone_from(&identity.first_name);
    customer.last_name.clone_from(&identity.last_name);
    customer.verified_email = identity.email_verified.then(|| Verified {
        address: email.to_owned(),
        at: customer.created_at,
    });
    let scope = CustomerScope::proved(org.clone(), customer.id.clone());
    let identities = Identities {
        linked: vec![entry(identity)],
    };
    let writes = vec![
        lock(&scope, identity),
        Write::put(scope.key(&Item::Identities), &identities).when(Condition::Absent),
        Write::put(scope.key(&Item::Profile), &customer).when(Condition::Absent),
        claim_login(org, email, &customer.id),
    ];
    Ok((scope, writes))
}

/// The customer's identities.
pub async fn linked(store: &Store, scope: &CustomerScope) -> Result<Vec<Linked>> {
    let found = store.get::<Identities>(&list_key(scope)).await?;
    Ok(found.map(|found| found.entity.linked).unwrap_or_default())
}

/// Links an identity to the customer who proved it. Linking it again changes nothing.
///
/// # Errors
///
/// `identity_taken` when it is another customer's, or the customer has another one at this provider;
/// `invalid_state` for what was used.
pub async fn link(
    store: &Store,
    scope: &CustomerScope,
    identity: &Identity,
    once: Option<&Once>,
) -> Result<()> {
    let lock = lock_key(scope.org(), identity);
    for _ in 0..ATTEMPTS {
        if let Some(owner) = store.get_consistent::<Owner>(&lock).await? {
            if owner.entity.customer == *scope.customer() {
                return Ok(());
            }
            let message = "this account is linked to another customer";
            return Err(Refusal::because(Code::IdentityTaken, message).into());
        }
        let Some(mut writes) = link_writes(store, scope, identity).await? else {
            continue;
        };
        writes.extend(once.map(Once::used));
        match store.transact(writes).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Cancelled(reasons)) => {
                if once.is_some() && reasons.last().is_some_and(Option::is_some) {
                    return Err(Code::InvalidState.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

/// The writes that link an identity which nobody has to a customer; nothing if it was linked a moment ago.
async fn link_writes(
    store: &Store,
    scope: &CustomerScope,
    identity: &Identity,
) -> Result<Option<Vec<Write>>> {
    let found = store.get_consistent::<Identities>(&list_key(scope)).await?;
    let version = found.as_ref().map(|found| found.version);
    let mut identities = found.map(|found| found.entity).unwrap_or_default();
    let mut others = identities.linked.iter();
    if let Some(other) = others.find(|other| other.provider == identity.provider) {
        if other.subject == identity.subject {
            return Ok(None);
        }
        let message = format!("another account at {} is linked already", identity.provider);
        return Err(Refusal::because(Code::IdentityTaken, message).into());
    }
    identities.linked.push(entry(identity));
    Ok(Some(vec![
        lock(scope, identity),
        changed(scope, &identities, version)?,
    ]))
}

/// Unlinks what the customer has at a provider, if anything.
///
/// # Errors
///
/// `last_way_in` when the customer has no password and no other identity.
pub async fn unlink(store: &Store, scope: &CustomerScope, provider: Provider) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let (profile, found) = store
            .get_both::<Customer, Identities>(&scope.key(&Item::Profile), &list_key(scope))
            .await?;
        let (Some(profile), Some(found)) = (profile, found) else {
            return Ok(());
        };
        let mut identities = found.entity;
        let mut linked = identities.linked.iter();
        let Some(at) = linked.position(|linked| linked.provider == provider) else {
            return Ok(());
        };
        let gone = identities.linked.remove(at);
        let lock = scope.org().identity_key(provider.as_str(), &gone.subject);
        let own = Condition::eq("customer", scope.customer());
        let mut writes = vec![
            changed(scope, &identities, Some(found.version))?,
            Write::delete(lock).when(own),
        ];
        if identities.linked.is_empty() {
            writes.push(check_password(scope, &profile.entity.email));
        }
        match store.transact(writes).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Cancelled(reasons)) => {
                if identities.linked.is_empty() && reasons.last().is_some_and(Option::is_some) {
                    return Err(Code::LastWayIn.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

/// The writes that unlink everything, for the end of the account.
pub fn unlink_all(scope: &CustomerScope, identities: &Stored<Identities>) -> Vec<Write> {
    let own = Condition::Any(vec![
        Condition::Absent,
        Condition::eq("customer", scope.customer()),
    ]);
    let lock = |linked: &Linked| {
        let key = scope
            .org()
            .identity_key(linked.provider.as_str(), &linked.subject);
        Write::delete(key).when(own.clone())
    };
    let list = Write::delete(list_key(scope)).when(Condition::eq("v", &identities.version));
    let locks = identities.entity.linked.iter().map(lock);
    locks.chain(std::iter::once(list)).collect()
}

fn entry(identity: &Identity) -> Linked {
    Linked {
        provider: identity.provider,
        subject: identity.subject.clone(),
        email: identity.email.clone(),
        linked_at: clock::now(),
    }
}

fn lock_key(org: &OrgId, identity: &Identity) -> Key {
    org.identity_key(identity.provider.as_str(), &identity.subject)
}

fn list_key(scope: &CustomerScope) -> Key {
    scope.key(&Item::Identities)
}

fn lock(scope: &CustomerScope, identity: &Identity) -> Write {
    let owner = Owner {
        customer: scope.customer().clone(),
    };
    Write::put(lock_key(scope.org(), identity), &owner).when(Condition::Absent)
}

/// The list as it is to be, if it is still what was read.
fn changed(scope: &CustomerScope, identities: &Identities, version: Option<u64>) -> Result<Write> {
    let write = Write::update(list_key(scope), Update::to(identities)?);
    Ok(write.when(match version {
        Some(version) => Condition::eq("v", &version),
        None => Condition::Absent,
    }))
}
