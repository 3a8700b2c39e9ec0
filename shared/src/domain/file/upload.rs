//! Uploads that go past the function, straight to S3: room is kept when a link is given out, and the file is there
//! once somebody has looked at what arrived.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::cabinet::path;
use super::{Area, Cabinet, File, content, name};
use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::files::{FilePath, Link};
use crate::ids::FileId;
use crate::store::{Collection, Condition, Entity, Item, List, Partition, StoreError, Write};

/// How long room is kept. A link is good for a quarter of it; the rest is for the bytes to arrive.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// What somebody is about to upload.
#[derive(Debug, Clone)]
pub struct Announced {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// What it is for.
    pub area: Area,
}

/// Room that is kept for a file on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// What the file's id will be.
    pub id: FileId,
    /// Where it will be.
    pub path: FilePath,
    /// What it is for.
    pub area: Area,
    /// Its name, as people read it.
    pub name: String,
    /// What it was announced as.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// Until when the room is kept.
    pub expires_at: Timestamp,
}

impl Entity for Reservation {
    const TYPE: &'static str = "Upload";
}

/// Keeps room for a file, and answers how to upload it.
///
/// # Errors
///
/// `validation_failed` for an empty file or one of no type, `file_too_large`, `unsupported_media_type`,
/// `quota_exceeded`.
pub async fn reserve(cabinet: Cabinet<'_>, announced: Announced) -> Result<(Reservation, Link)> {
    let Announced { area, size, .. } = announced;
    cabinet.fits(size)?;
    let Some(media_type) = content::declared(area, Some(&announced.media_type))? else {
        let refusal = Refusal::new(Code::ValidationFailed);
        return Err(refusal.at("type", "must say what the file is").into());
    };
    let (id, name) = (FileId::generate(), name::shown(&announced.name));
    let reservation = Reservation {
        path: path(area, &id, &name)?,
        id,
        area,
        name,
        media_type: media_type.to_owned(),
        size,
        expires_at: clock::now() + KEPT,
    };
    let (files, scope) = (cabinet.files, cabinet.scope);
    let link = files
        .upload(scope, &reservation.path, media_type, size)
        .await?;
    let key = scope.key(&Item::Upload(&reservation.id));
    let put = Write::put(key, &reservation).when(Condition::Absent);
    cabinet.within_quota(size, 1, vec![put], 1).await?;
    Ok((reservation, link))
}

/// Makes a file of what was uploaded, once it has been looked at. Done again, it answers the same file.
///
/// # Errors
///
/// `not_found` for an upload that was never announced or whose room is given back, `upload_incomplete` while
/// nothing has arrived, `content_mismatch` for what is not as announced. That is deleted, and its room given back.
pub async fn complete(cabinet: Cabinet<'_>, id: &FileId) -> Result<File> {
    let Cabinet {
        store,
        files,
        scope,
        ..
    } = cabinet;
    let (file_key, upload_key) = (scope.key(&Item::File(id)), scope.key(&Item::Upload(id)));
    let (file, reservation) = store
        .get_both::<File, Reservation>(&file_key, &upload_key)
        .await?;
    if let Some(file) = file {
        return Ok(file.entity);
    }
    let reservation = match reservation {
        Some(found) => found.entity,
        // Announced a moment ago, perhaps.
        None => match store.get_consistent::<Reservation>(&upload_key).await? {
            Some(found) => found.entity,
            None => return Err(Code::NotFound.into()),
        },
    };
    let Some(peek) = files.peek(scope, &reservation.path).await? else {
        return Err(Code::UploadIncomplete.into());
    };
    let declared = content::declared(reservation.area, Some(&reservation.media_type))?;
    let whole = peek.head.len() as u64 == peek.size;
    let found = content::look(reservation.area, declared, &peek.head, whole);
    let announced = peek.size == reservation.size && peek.content_type == reservation.media_type;
    let found = match found {
        Ok(found) if announced => found,
        other => {
            release(cabinet, &reservation).await?;
            other?;
            return Err(Code::UploadIncomplete.into());
        }
    };
    let file = File {
        id: reservation.id,
        path: reservation.path,
        area: reservation.area,
        name: reservation.name,
        media_type: found.media_type.to_owned(),
        size: peek.size,
        etag: peek.etag,
        width: found.pixels.map(|(width, _)| width),
        height: found.pixels.map(|(_, height)| height),
        created_at: clock::now(),
    };
    // The room is the file's now; the count stays.
    let gone = Write::delete(upload_key).when(Condition::Present);
    let writes = [
        Some(gone),
        Some(cabinet.put(&file)),
        cabinet.portrait(&file),
    ];
    let writes = writes.into_iter().flatten().collect();
    match store.transact(writes).await {
        Ok(()) => Ok(file),
        // Completed by somebody else meanwhile, or the room was given back.
        Err(StoreError::Cancelled(_)) => {
            let file = store.get_consistent::<File>(&file_key).await?;
            Ok(file.ok_or(Code::NotFound)?.entity)
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives the room of an upload back, and deletes what of it has arrived. Done once, however often it is asked for.
pub async fn release(cabinet: Cabinet<'_>, reservation: &Reservation) -> Result<()> {
    let key = cabinet.scope.key(&Item::Upload(&reservation.id));
    let gone = Write::delete(key).when(Condition::Present);
    let writes = vec![gone, cabinet.give_back(reservation.size)?];
    // The item first: an upload that is completed at this moment keeps its object.
    match cabinet.store.transact(writes).await {
        Ok(()) => cabinet.files.delete(cabinet.scope, &reservation.path).await,
        Err(StoreError::Cancelled(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Cabinet<'_> {
    /// Gives the room of expired uploads back, and tells whether there was any.
    pub(super) async fn sweep(self) -> Result<bool> {
        let list = List::of(Collection::Uploads).consistent();
        let uploads = self.store.list::<Reservation>(self.scope, list).await?;
        let now = clock::now();
        let mut freed = false;
        for reservation in uploads.into_entities() {
            if reservation.expires_at < now {
                release(self, &reservation).await?;
                freed = true;
            }
        }
        Ok(freed)
    }
}
