//! Ending all sessions of a customer at once.

use super::Session;
use crate::ids::SessionId;
use crate::store::{Collection, CustomerScope, Item, List, Partition, Store, StoreError, Write};

/// What `DynamoDB` takes in one transaction.
const MOST: usize = 100;

/// Makes `writes`, which are at most a few, and ends every session of the customer: in one transaction, so
/// that neither happens without the other. Two round trips.
///
/// Who has more open sessions than fit beside the writes loses the surplus first: whatever happens then, the
/// rest are ended with the writes or not at all.
pub async fn revoke_all(
    store: &Store,
    scope: &CustomerScope,
    mut writes: Vec<Write>,
) -> Result<(), StoreError> {
    let list = List::of(Collection::Sessions).consistent();
    let sessions = store.range::<Session>(&scope.pk(), list).await?;
    let ids = sessions.positions.iter().filter_map(|position| {
        let id: SessionId = position
            .strip_prefix(Collection::Sessions.prefix())?
            .parse()
            .ok()?;
        Some(Write::delete(scope.key(&Item::Session(&id))))
    });
    let mut deletes: Vec<Write> = ids.collect();
    while deletes.len() > MOST - writes.len() {
        let rest = deletes.split_off(MOST - writes.len());
        store.transact(deletes).await?;
        deletes = rest;
    }
    writes.extend(deletes);
    store.transact(writes).await
}
