//! Keeping files: the objects, their items, and the room that they take.

use super::{Area, Attachment, File, FileUsage, Upload, content, name};
use crate::clock;
use crate::domain::customer::Customer;
use crate::domain::org::FileLimits;
use crate::error::{Code, Error, Refusal, Result};
use crate::files::{FilePath, Files};
use crate::ids::FileId;
use crate::store::{
    Condition, CustomerScope, Found, Item, Partition, Store, StoreError, Update, Write,
};

/// How many files a customer can have. All of them are read for a list of one area.
const MOST_FILES: u64 = 5_000;

/// Where the customer's files are kept, and how much room there is.
#[derive(Debug, Clone, Copy)]
pub struct Cabinet<'a> {
    /// The table.
    pub store: &'a Store,
    /// The bucket.
    pub files: &'a Files,
    /// Whose files.
    pub scope: &'a CustomerScope,
    /// How much room the org gives.
    pub limits: FileLimits,
}

/// Keeps files that came with a request for something else: a ticket's attachments, a benefit's evidence.
///
/// `others` makes the writes of what they are for, which happen with those of the files or not at all. The
/// answer is the attachments in the order of the uploads, to be kept in that item.
///
/// # Errors
///
/// As [`Cabinet::keep`]. When a condition of `others` does not hold, [`StoreError::Cancelled`] with the reasons
/// of those writes alone.
pub async fn attach(
    cabinet: Cabinet<'_>,
    area: Area,
    uploads: Vec<Upload>,
    others: impl Fn(&[Attachment]) -> Result<Vec<Write>>,
) -> Result<Vec<Attachment>> {
    let files =
        |files: &[File]| -> Vec<Attachment> { files.iter().map(Attachment::from).collect() };
    let kept = cabinet.keep(area, uploads, |kept| others(&files(kept)));
    Ok(files(&kept.await?))
}

impl Cabinet<'_> {
    /// Keeps files, with other writes in the same transaction.
    ///
    /// # Errors
    ///
    /// `validation_failed` for an empty file, `file_too_large`, `unsupported_media_type`, `content_mismatch`,
    /// `quota_exceeded`. Nothing is kept then.
    pub async fn keep(
        self,
        area: Area,
        uploads: Vec<Upload>,
        others: impl Fn(&[File]) -> Result<Vec<Write>>,
    ) -> Result<Vec<File>> {
        let mut files = Vec::new();
        let mut contents = Vec::new();
        for upload in uploads {
            files.push(self.looked_at(area, &upload)?);
            contents.push(upload.content);
        }
        if files.is_empty() {
            // What it is for may do without.
            self.store.transact(others(&files)?).await?;
            return Ok(files);
        }
        for (at, content) in contents.into_iter().enumerate() {
            let file = &files[at];
            let put = self
                .files
                .put(self.scope, &file.path, &file.media_type, content);
            match put.await {
                Ok(etag) => files[at].etag = etag,
                Err(error) => {
                    self.forget(&files[..at]).await;
                    return Err(error);
                }
            }
        }
        let recorded = match others(&files) {
            Ok(others) => self.record(&files, others).await,
            Err(error) => Err(error),
        };
        match recorded {
            Ok(()) => Ok(files),
            Err(Error::Refused(Refusal {
                code: Code::Conflict,
                ..
            })) => self.kept_before(&files).await,
            // A failure that leaves open what happened may have made the files visible.
            Err(error @ Error::Store(StoreError::Unavailable(_))) => Err(error),
            Err(error) => {
                self.forget(&files).await;
                Err(error)
            }
        }
    }

    /// The files that were kept when they were sent for the first time.
    async fn kept_before(self, files: &[File]) -> Result<Vec<File>> {
        let mut before = Vec::new();
        for file in files {
            let key = self.scope.key(&Item::File(&file.id));
            let found = self.store.get_consistent::<File>(&key).await?;
            before.push(found.ok_or(Code::Conflict)?.entity);
        }
        Ok(before)
    }

    /// What an upload is found to be.
    fn looked_at(self, area: Area, upload: &Upload) -> Result<File> {
        let size = upload.content.len() as u64;
        self.fits(size)?;
        let declared = content::declared(area, upload.media_type.as_deref())?;
        let found = content::look(area, declared, &upload.content, true)?;
        let id = upload.seed.map_or_else(FileId::generate, |seed| {
            // The same content in the same place: what is sent again overwrites nothing else.
            FileId::derived(&[&seed, area.as_str().as_bytes(), b"\n", &upload.content].concat())
        });
        let name = name::shown(upload.name.as_deref().unwrap_or_default());
        Ok(File {
            path: path(area, &id, &name)?,
            id,
            area,
            name,
            media_type: found.media_type.to_owned(),
            size,
            etag: String::new(),
            width: found.pixels.map(|(width, _)| width),
            height: found.pixels.map(|(_, height)| height),
            created_at: clock::now(),
        })
    }

    /// Whether a file of this size may be kept at all.
    pub(super) fn fits(self, size: u64) -> Result<()> {
        if size == 0 {
            let refusal = Refusal::new(Code::ValidationFailed);
            return Err(refusal.at("file", "is empty").into());
        }
        let most = self.limits.max_bytes.min(self.limits.quota_bytes);
        if size > most {
            let message = format!("a file may have {most} bytes at the most");
            return Err(Refusal::because(Code::FileTooLarge, message).into());
        }
        Ok(())
    }

    /// The items of files whose objects are there, and other writes, in one transaction.
    async fn record(self, files: &[File], others: Vec<Write>) -> Result<()> {
        let size = files.iter().map(|file| file.size).sum();
        let count = files.len() as u64;
        let mut writes: Vec<Write> = files.iter().map(|file| self.put(file)).collect();
        writes.extend(files.last().and_then(|file| self.portrait(file)));
        let own = writes.len();
        writes.extend(others);
        self.within_quota(size, count, writes, own).await
    }

    pub(super) fn put(self, file: &File) -> Write {
        let key = self.scope.key(&Item::File(&file.id));
        Write::put(key, file).when(Condition::Absent)
    }

    /// Makes a file the customer's portrait, if it is of that area.
    pub(super) fn portrait(self, file: &File) -> Option<Write> {
        let update = Update::of::<Customer>()
            .set("avatar", &Attachment::from(file))
            .set("updatedAt", &file.created_at);
        let write = Write::update(self.scope.key(&Item::Profile), update);
        (file.area == Area::Avatar).then(|| write.when(Condition::Present))
    }

    /// Takes room and makes the writes, the first `own` of which are of this module, or neither.
    ///
    /// # Errors
    ///
    /// `quota_exceeded`; [`StoreError::Cancelled`] for a condition of the other writes; `conflict` for one of its own.
    pub(super) async fn within_quota(
        self,
        size: u64,
        count: u64,
        writes: Vec<Write>,
        own: usize,
    ) -> Result<()> {
        let mut writes = writes;
        writes.insert(0, self.take(size, count)?);
        let mut tried = self.store.transact(writes.clone()).await;
        if is_full(&tried) && self.sweep().await? {
            tried = self.store.transact(writes).await;
        }
        let full = is_full(&tried);
        let Err(StoreError::Cancelled(mut reasons)) = tried else {
            return Ok(tried?);
        };
        let others = reasons.split_off((1 + own).min(reasons.len()));
        let failed = |reasons: &[Option<Found>]| reasons.iter().any(Option::is_some);
        if failed(&reasons[1..]) {
            return Err(Code::Conflict.into());
        }
        if full {
            let quota = self.limits.quota_bytes;
            let message = format!("a customer's files may have {quota} bytes and be {MOST_FILES}");
            return Err(Refusal::because(Code::QuotaExceeded, message).into());
        }
        Err(StoreError::Cancelled(others).into())
    }

    /// Counts room as taken, as long as there is enough.
    fn take(self, size: u64, count: u64) -> Result<Write> {
        let limit = |most: u64, more: u64| (most + 1).saturating_sub(more);
        let (bytes, files) = (signed(size)?, signed(count)?);
        let update = Update::of::<FileUsage>()
            .add("bytes", bytes)
            .add("files", files);
        let room = Condition::All(vec![
            Condition::below("bytes", &limit(self.limits.quota_bytes, size)),
            Condition::below("files", &limit(MOST_FILES, count)),
        ]);
        let alone = size <= self.limits.quota_bytes && count <= MOST_FILES;
        let enough = if alone {
            Condition::Any(vec![Condition::Absent, room])
        } else {
            room
        };
        Ok(Write::update(self.scope.key(&Item::FileUsage), update).when(enough))
    }

    /// Counts room as free again.
    pub(super) fn give_back(self, size: u64) -> Result<Write> {
        let update = Update::of::<FileUsage>()
            .add("bytes", -signed(size)?)
            .add("files", -1);
        Ok(Write::update(self.scope.key(&Item::FileUsage), update))
    }

    /// Deletes objects that no item names. What fails leaves them, which costs their room and nothing else.
    async fn forget(self, files: &[File]) {
        for file in files {
            if let Err(error) = self.files.delete(self.scope, &file.path).await {
                tracing::warn!(%error, "an object without an item is left");
            }
        }
    }
}

/// Whether a transaction was refused for want of room, which its first write is about.
fn is_full(tried: &Result<(), StoreError>) -> bool {
    matches!(tried, Err(StoreError::Cancelled(reasons)) if matches!(reasons.first(), Some(Some(_))))
}

fn signed(size: u64) -> Result<i64> {
    i64::try_from(size).map_err(|error| Error::Internal(error.to_string()))
}

/// Where a file of this name is.
pub(super) fn path(area: Area, id: &FileId, shown: &str) -> Result<FilePath> {
    let path = format!("{}/{id}-{}", area.as_str(), name::safe(shown));
    path.parse()
        .map_err(|_| Error::Internal("a file's path is none".to_owned()))
}
