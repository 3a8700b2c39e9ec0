//! What waits at the desk, by status.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ids::{CustomerId, OrgId};
use crate::store::{CustomerScope, Direction, Entity, Key, List, QUEUED, Store, Write};

/// One that waits, as stored: whose it is and what it is called. What it says is read from its head.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    author: CustomerId,
    of: String,
}

impl Entity for Entry {
    const TYPE: &'static str = "QueueEntry";
}

/// Where a thing stands: its status, and since when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) since: Timestamp,
}

/// The write that puts something into the queue of its status.
pub(super) fn enter(scope: &CustomerScope, place: Place, of: &str) -> Write {
    let entry = Entry {
        author: scope.customer().clone(),
        of: of.to_owned(),
    };
    let key = (scope.org()).desk_queue_key(place.kind, place.status, place.since, of);
    Write::put(key, &entry)
}

/// The write that takes it out again.
pub(super) fn leave(scope: &CustomerScope, place: Place, of: &str) -> Write {
    Write::delete((scope.org()).desk_queue_key(place.kind, place.status, place.since, of))
}

/// Which part of a queue is asked for.
#[derive(Debug, Clone)]
pub struct QueuePage {
    /// Which end first: ascending is what has waited longest.
    pub direction: Direction,
    /// How many to leave out first.
    pub skip: usize,
    /// How many at the most.
    pub limit: usize,
    /// The position that an earlier page ended at.
    pub after: Option<String>,
}

/// A part of a queue.
#[derive(Debug)]
pub struct Queued<T> {
    /// What waits, and whose it is.
    pub items: Vec<(CustomerScope, T)>,
    /// Where the next part begins, if there is more.
    pub next: Option<String>,
}

/// What waits in one status. Two round trips: the queue, and the heads.
pub(super) async fn read<T: Entity>(
    store: &Store,
    org: &OrgId,
    (kind, status): (&'static str, &'static str),
    page: &QueuePage,
    key: impl Fn(&CustomerScope, &str) -> Option<Key>,
) -> Result<Queued<T>> {
    let list = List::prefixed(QUEUED)
        .direction(page.direction)
        .limit(page.skip.saturating_add(page.limit))
        .after(page.after.as_deref());
    let slice = store
        .range::<Entry>(&org.desk_queue_pk(kind, status), list)
        .await?;
    let next = slice.positions.last().filter(|_| slice.more).cloned();
    let entries = slice.items.into_iter().skip(page.skip);
    let (scopes, keys): (Vec<CustomerScope>, Vec<Key>) = entries
        .filter_map(|entry| {
            let Entry { author, of } = entry.entity;
            let scope = CustomerScope::proved(org.clone(), author);
            let key = key(&scope, &of)?;
            Some((scope, key))
        })
        .unzip();
    let heads = store.get_many::<T>(&keys).await?;
    // One that an eventually consistent read does not show yet will be there on the next look.
    let items = scopes.into_iter().zip(heads);
    let items = items.filter_map(|(scope, head)| Some((scope, head?.entity)));
    let items = items.collect();
    Ok(Queued { items, next })
}
