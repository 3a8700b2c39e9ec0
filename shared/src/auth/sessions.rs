//! A principal's open sessions: seeing them, and ending those that are not wanted any more.
//!
//! A session that was ended cannot be refreshed from that moment on. Its access token runs out by itself,
//! within [`super::ACCESS_TOKEN_SECONDS`].

use jiff::Timestamp;

use super::session::{Owner, Session};
use super::{Device, Principal};
use crate::clock;
use crate::error::{Code, Result};
use crate::ids::SessionId;
use crate::store::{Collection, Condition, List, Store, StoreError, Write};

/// DynamoDB takes so many writes in a transaction.
const AT_ONCE: usize = 100;

/// A session that can be refreshed.
#[derive(Debug, Clone)]
pub struct OpenSession {
    /// Its id.
    pub id: SessionId,
    /// What it was opened on.
    pub device: Option<Device>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The sessions of whoever asks, newest first. One round trip.
pub async fn open_sessions(store: &Store, principal: &Principal) -> Result<Vec<OpenSession>> {
    let (owner, current) = Owner::of(principal);
    let list = List::of(Collection::Sessions);
    let slice = store.range::<Session>(&owner.pk(), list).await?;
    let now = clock::unix_seconds();
    let sessions = slice.positions.iter().zip(slice.items);
    let sessions = sessions.filter_map(|(position, stored)| {
        let id: SessionId = position
            .strip_prefix(Collection::Sessions.prefix())?
            .parse()
            .ok()?;
        let current = id == *current;
        // DynamoDB may take two days to forget what has expired.
        stored.entity.is_open(now).then(|| OpenSession {
            id,
            current,
            last_used_at: stored.entity.last_used_at(),
            created_at: stored.entity.opened_at(),
            device: stored.entity.device().cloned(),
        })
    });
    Ok(sessions.collect())
}

/// Ends one session of whoever asks. One round trip.
///
/// # Errors
///
/// `not_found` when there is none of this id, or it is somebody else's.
pub async fn end_session(store: &Store, principal: &Principal, id: &SessionId) -> Result<()> {
    let (owner, _) = Owner::of(principal);
    let delete = Write::delete(owner.key(id)).when(Condition::Present);
    match store.write(delete).await {
        Ok(_) => Ok(()),
        Err(StoreError::ConditionFailed(_)) => Err(Code::NotFound.into()),
        Err(error) => Err(error.into()),
    }
}

/// Ends every session of whoever asks but the one that asks. Two round trips for up to a hundred.
pub async fn end_other_sessions(store: &Store, principal: &Principal) -> Result<()> {
    let (owner, current) = Owner::of(principal);
    let list = List::of(Collection::Sessions).consistent();
    let slice = store.range::<Session>(&owner.pk(), list).await?;
    let ids = slice.positions.iter();
    let ids = ids.filter_map(|position| {
        position
            .strip_prefix(Collection::Sessions.prefix())?
            .parse()
            .ok()
    });
    let others: Vec<SessionId> = ids.filter(|id| id != current).collect();
    for some in others.chunks(AT_ONCE) {
        let deletes = some.iter().map(|id| Write::delete(owner.key(id)));
        store.transact(deletes.collect()).await?;
    }
    Ok(())
}
