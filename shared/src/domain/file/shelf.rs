//! The files that are there: one, a list of them, and one less.

use super::{Area, Cabinet, File, Reservation, release};
use crate::clock;
use crate::domain::customer::{self, Customer};
use crate::error::{Code, Result};
use crate::files::FilePath;
use crate::ids::FileId;
use crate::store::{
    Condition, CustomerScope, Item, List, Partition, Slice, Store, StoreError, Update, Write,
};

/// How long an id is as text.
const ID: usize = 30;

/// The id that a path names; none if it is no path of this module's.
fn id(path: &FilePath) -> Option<FileId> {
    path.parts().1.get(..ID)?.parse().ok()
}

/// The file of this path.
///
/// # Errors
///
/// `not_found`.
pub async fn get(store: &Store, scope: &CustomerScope, path: &FilePath) -> Result<File> {
    let id = id(path).ok_or(Code::NotFound)?;
    let found = store.find::<File>(&scope.key(&Item::File(&id))).await?;
    let file = found.map(|found| found.entity);
    let named = file.filter(|file| file.path == *path);
    named.ok_or(Code::NotFound.into())
}

/// A part of the customer's files, by the time they came. One round trip; for one area, one for each megabyte of
/// files, some three thousand.
pub async fn list(
    store: &Store,
    scope: &CustomerScope,
    area: Option<Area>,
    list: List<'_>,
) -> Result<Slice<File>> {
    let Some(area) = area else {
        return Ok(store.list(scope, list).await?);
    };
    let limit = list.wanted();
    let mut slice: Slice<File> = store.list(scope, list.limit(usize::MAX)).await?;
    let both = slice.items.into_iter().zip(slice.positions);
    let mut kept = both.filter(|(file, _)| file.entity.area == area);
    (slice.items, slice.positions) = kept.by_ref().take(limit).unzip();
    slice.more = kept.next().is_some();
    Ok(slice)
}

/// Deletes a file, or gives up one on its way.
///
/// The object goes first: when the rest fails, the file is still in the list, and deleting it again finishes.
///
/// # Errors
///
/// `not_found`.
pub async fn delete(cabinet: Cabinet<'_>, path: &FilePath) -> Result<()> {
    let Cabinet {
        store,
        files,
        scope,
        ..
    } = cabinet;
    let id = id(path).ok_or(Code::NotFound)?;
    let file = match get(store, scope, path).await {
        Ok(file) => file,
        Err(error) => {
            let key = scope.key(&Item::Upload(&id));
            let upload = store.get_consistent::<Reservation>(&key).await?;
            let upload = upload.filter(|found| found.entity.path == *path);
            let upload = upload.ok_or(error)?;
            return release(cabinet, &upload.entity).await;
        }
    };
    let portrait = match file.area {
        Area::Avatar => without_portrait(store, scope, &file).await?,
        _ => None,
    };
    files.delete(scope, path).await?;
    let gone = Write::delete(scope.key(&Item::File(&id))).when(Condition::Present);
    let writes = [Some(gone), Some(cabinet.give_back(file.size)?), portrait];
    match store.transact(writes.into_iter().flatten().collect()).await {
        Err(StoreError::Cancelled(reasons)) if matches!(reasons.first(), Some(Some(_))) => {
            Err(Code::NotFound.into())
        }
        done => Ok(done?),
    }
}

/// Takes the file off the profile, if it is the portrait there.
async fn without_portrait(
    store: &Store,
    scope: &CustomerScope,
    file: &File,
) -> Result<Option<Write>> {
    let profile = customer::get(store, scope).await?;
    let avatar = profile.entity.avatar.as_ref();
    if avatar.is_none_or(|avatar| avatar.id != file.id) {
        return Ok(None);
    }
    let update = Update::of::<Customer>()
        .set("avatar", &None::<()>)
        .set("updatedAt", &clock::now());
    let write = Write::update(scope.key(&Item::Profile), update);
    Ok(Some(write.when(Condition::eq("v", &profile.version))))
}
