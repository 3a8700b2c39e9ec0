//! Copies of an account, and its erasure. What is asked for here is one item each; the table's stream hands the work
//! over to the `privacy` function.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::customer::Customer;
use super::{account, second_factor};
use crate::auth::{Code as OneTime, CodeKind, CodeOwner, KeyRing, Password, revoke_all};
use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::files::FilePath;
use crate::ids::{CustomerId, ExportId, OrgId};
use crate::store::{
    Condition, CustomerScope, Entity, Item, Partition, Store, StoreError, Stored, Update, Write,
};

/// A customer gets a copy of the account once in so many seconds: a day.
const BETWEEN_EXPORTS: i64 = 24 * 60 * 60;
/// For how long a copy can be downloaded: seven days.
pub const EXPORT_SECONDS: i64 = 7 * 24 * 60 * 60;
/// A copy that has been pending for so long is not made any more: its task came five times, a quarter of an hour
/// apart, and is in the dead-letter queue.
const GIVEN_UP: i64 = 2 * 60 * 60;

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportStatus {
    /// Being made.
    Pending,
    /// Ready to be downloaded.
    Ready,
    /// It could not be made; another one may be asked for.
    Failed,
}

/// The latest copy of the account that was asked for, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// The id.
    pub id: ExportId,
    /// How far it is.
    pub status: ExportStatus,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The same in Unix seconds, which conditions compare.
    pub requested: i64,
    /// When it was ready.
    pub ready_at: Option<Timestamp>,
    /// Its size in bytes, once it is ready.
    pub size: Option<u64>,
    /// Whom to tell that it is ready.
    pub tell: Option<Told>,
}

/// Where and how somebody is told something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The e-mail address.
    pub email: String,
    /// How they are addressed.
    pub name: Option<String>,
}

impl Entity for Export {
    const TYPE: &'static str = "Export";
}

impl Export {
    /// Where the copy is kept among the customer's objects.
    pub fn path(&self) -> FilePath {
        let path = format!("exports/{}.json", self.id);
        path.parse().expect("ids are of letters and digits")
    }

    /// How far it is by now: what has been pending for too long has failed.
    pub fn status_at(&self, now: Timestamp) -> ExportStatus {
        match self.status {
            ExportStatus::Pending if self.requested < now.as_second() - GIVEN_UP => {
                ExportStatus::Failed
            }
            status => status,
        }
    }

    /// Until when it can be downloaded, once it is ready.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let ready = self.ready_at?;
        ready
            .checked_add(jiff::SignedDuration::from_secs(EXPORT_SECONDS))
            .ok()
    }
}

/// That an account is being erased, or was, as stored. It stays, with nothing of the person in it once it is done:
/// whatever comes late finds that there is nobody to write to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Whom to confirm it to; forgotten when the mail was sent.
    pub tell: Option<Told>,
    /// When nothing was left to be erased.
    pub finished_at: Option<Timestamp>,
}

impl Entity for Erasure {
    const TYPE: &'static str = "Erasure";
}

/// The latest copy that was asked for.
pub async fn latest_export(store: &Store, scope: &CustomerScope) -> Result<Option<Export>> {
    let found = store.get::<Export>(&scope.key(&Item::Export)).await?;
    Ok(found.map(|found| found.entity))
}

/// Asks for a copy of the account. While one is being made, that one is answered. One round trip.
///
/// # Errors
///
/// `rate_limited` when the last one was asked for less than a day ago, unless it failed.
pub async fn request_export(store: &Store, scope: &CustomerScope) -> Result<Export> {
    let now = clock::now();
    let export = Export {
        id: ExportId::generate(),
        status: ExportStatus::Pending,
        requested_at: now,
        requested: now.as_second(),
        ready_at: None,
        size: None,
        tell: None,
    };
    let due = now.as_second() - BETWEEN_EXPORTS;
    let given_up = Condition::All(vec![
        Condition::eq("status", &ExportStatus::Pending),
        Condition::below("requested", &(now.as_second() - GIVEN_UP)),
    ]);
    let write = Write::put(scope.key(&Item::Export), &export)
        .expiring(now.as_second() + EXPORT_SECONDS + BETWEEN_EXPORTS)
        .when(Condition::Any(vec![
            Condition::Absent,
            Condition::below("requested", &due),
            Condition::eq("status", &ExportStatus::Failed),
            given_up,
        ]));
    match store.write(write).await {
        Ok(_) => Ok(export),
        Err(StoreError::ConditionFailed(found)) => match found.read::<Export>()? {
            Some(Stored { entity, .. }) if entity.status == ExportStatus::Pending => Ok(entity),
            Some(Stored { entity, .. }) => {
                let wait = u32::try_from(entity.requested - due).unwrap_or(1).max(1);
                Err(Refusal::new(Code::RateLimited).retry_after(wait).into())
            }
            None => Err(Code::Conflict.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Notes that a copy could not be made, so that another one can be asked for. It is still tried again, as long as
/// its task comes again.
pub async fn export_failed(store: &Store, scope: &CustomerScope) -> Result<()> {
    let failed = Update::of::<Export>().set("status", &ExportStatus::Failed);
    let pending = Condition::eq("status", &ExportStatus::Pending);
    let write = Write::update(scope.key(&Item::Export), failed).when(pending);
    match store.write(write).await {
        Ok(_) | Err(StoreError::ConditionFailed(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What a customer shows before the account is erased.
pub enum Proof {
    /// The password.
    Password(Password),
    /// The code that was mailed: [`send_code`].
    Code(String),
    /// A code of the second factor.
    SecondFactor(String),
}

/// Mails a code to the profile's address, for whoever has no password. Two round trips.
///
/// # Errors
///
/// `rate_limited` within a minute after the last one and after five within a day; `not_found` where the account
/// is erased.
pub async fn send_code(store: &Store, ring: &KeyRing, scope: &CustomerScope) -> Result<()> {
    let owner = CodeOwner::Customer(scope.clone());
    let kind = CodeKind::EraseAccount;
    let (customer, before) = store
        .get_both::<Customer, OneTime>(&scope.key(&Item::Profile), &owner.key(kind))
        .await?;
    let email = customer.ok_or(Code::NotFound)?.entity.email;
    let before = before.map(|before| before.entity);
    OneTime::send(store, ring, &owner, kind, &email, before.as_ref()).await
}

/// Begins to erase the account of a customer who shows that they may. Sent again because the answer was lost, it
/// changes nothing: there is nothing left to be shown.
///
/// # Errors
///
/// As [`account::prove_password`]'s; `invalid_code`; `second_factor_state`, `invalid_second_factor`;
/// `rate_limited`.
pub async fn erase(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    proof: Proof,
    ip: &str,
) -> Result<()> {
    if erasure(store, scope).await?.is_some() {
        return Ok(());
    }
    let (mut to, mut spent) = (None, None);
    match proof {
        Proof::Password(password) => {
            account::prove_password(store, scope, password, ip).await?;
        }
        Proof::Code(digits) => {
            let owner = CodeOwner::Customer(scope.clone());
            let kind = CodeKind::EraseAccount;
            let code = OneTime::tried(store, ring, &owner, kind, &digits).await?;
            let code = code.ok_or(Code::InvalidCode)?;
            spent = Some(code.spend(&owner));
            to = Some(code.to);
        }
        Proof::SecondFactor(code) => {
            spent = Some(second_factor::spend(store, ring, scope, &code).await?);
        }
    }
    begin(store, scope, to, spent).await
}

/// Begins to erase the account, on an operator's word. Beginning again changes nothing.
pub async fn begin_erasure(store: &Store, scope: &CustomerScope) -> Result<()> {
    begin(store, scope, None, None).await
}

/// In one transaction the profile, the way in and every session are gone, so nobody signs in and nothing is ordered
/// any more; the address is free for a new account; and the work is announced. `to` is the address that a code
/// was sent to, `spent` what uses up the proof.
async fn begin(
    store: &Store,
    scope: &CustomerScope,
    to: Option<String>,
    spent: Option<Write>,
) -> Result<()> {
    let key = scope.key(&Item::Profile);
    let Some(profile) = store.get_consistent::<Customer>(&key).await? else {
        return Ok(());
    };
    let Stored {
        entity: customer,
        version,
    } = profile;
    if to.is_some_and(|to| to != customer.email) {
        return Err(Code::InvalidCode.into());
    }
    let erasure = Erasure {
        requested_at: clock::now(),
        tell: Some(Told {
            email: customer.email.clone(),
            name: customer.name(),
        }),
        finished_at: None,
    };
    let mut writes = account::close(store, scope, &customer.email).await?;
    writes.push(Write::delete(key).when(Condition::eq("v", &version)));
    writes.push(Write::put(scope.key(&Item::Erasure), &erasure).when(Condition::Absent));
    writes.extend(spent);
    Ok(revoke_all(store, scope, writes).await?)
}

/// The note of the account's erasure. Consistent, one read unit.
pub async fn erasure(store: &Store, scope: &CustomerScope) -> Result<Option<Erasure>> {
    let found = store
        .get_consistent::<Erasure>(&scope.key(&Item::Erasure))
        .await?;
    Ok(found.map(|found| found.entity))
}

/// The customer of this id, if there is one: for the operator's command line, which acts for customers. An account
/// that is being erased still counts, so that what was begun can be begun again.
///
/// # Errors
///
/// `not_found`.
pub async fn operated(store: &Store, org: &OrgId, id: &CustomerId) -> Result<CustomerScope> {
    let scope = CustomerScope::proved(org.clone(), id.clone());
    let (profile, erasure) = store
        .get_both::<Customer, Erasure>(&scope.key(&Item::Profile), &scope.key(&Item::Erasure))
        .await?;
    if profile.is_none() && erasure.is_none() {
        return Err(Code::NotFound.into());
    }
    Ok(scope)
}

/// Work for the `privacy` function, as its queue carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// The org.
    pub orgid: OrgId,
    /// Whose account.
    pub customer: CustomerId,
    /// What is to be done.
    pub kind: TaskKind,
}

/// What is to be done with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskKind {
    /// Make the copy that was asked for.
    Export,
    /// Erase it, or go on with that.
    Erase,
}

impl Task {
    /// For this customer.
    pub fn of(scope: &CustomerScope, kind: TaskKind) -> Self {
        Self {
            orgid: scope.org().clone(),
            customer: scope.customer().clone(),
            kind,
        }
    }

    /// Whose account it is. The queue is written by this deployment alone, so whom a task names counts as
    /// proved.
    pub fn scope(&self) -> CustomerScope {
        CustomerScope::proved(self.orgid.clone(), self.customer.clone())
    }
}
