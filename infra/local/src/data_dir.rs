//! The folder with everything that outlives a start.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::StartError;

/// A folder that this process alone uses.
pub(crate) struct DataDir {
    path: PathBuf,
    /// Held, not read: the system lets go of it with the process, however that ends.
    _lock: File,
    /// Removes the folder when dropped.
    _temporary: Option<TempDir>,
}

impl DataDir {
    /// Creates the folder if need be; without a path, a temporary one. The same files are written
    /// either way, so that tests see what a developer sees.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, StartError> {
        let refuse = |path: &Path, source| StartError::Folder {
            path: path.to_owned(),
            source,
        };
        let temporary = match path {
            Some(path) => {
                fs::create_dir_all(path).map_err(|error| refuse(path, error))?;
                None
            }
            None => Some(
                TempDir::with_prefix("portico-")
                    .map_err(|error| refuse(&std::env::temp_dir(), error))?,
            ),
        };
        let path = temporary
            .as_ref()
            .map_or(path.unwrap_or(Path::new(".")), TempDir::path)
            .to_owned();
        let lock = File::create(path.join("lock")).map_err(|error| refuse(&path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StartError::FolderInUse(path)),
            Err(TryLockError::Error(error)) => return Err(refuse(&path, error)),
        }
        Ok(Self {
            path,
            _lock: lock,
            _temporary: temporary,
        })
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in it, created if need be.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf, StartError> {
        let path = self.path.join(name);
        match fs::create_dir_all(&path) {
            Ok(()) => Ok(path),
            Err(source) => Err(StartError::Folder { path, source }),
        }
    }
}

/// Replaces a file whole: a reader, or a start after a crash, sees the old or the new content. Only
/// the owner can read it.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(content)?;
    fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_user_at_a_time() {
        let folder = TempDir::new().unwrap();
        let first = DataDir::open(Some(folder.path())).unwrap();
        assert!(matches!(
            DataDir::open(Some(folder.path())),
            Err(StartError::FolderInUse(_))
        ));
        drop(first);
        assert!(DataDir::open(Some(folder.path())).is_ok());
    }

    #[test]
    fn a_temporary_folder_is_removed() {
        let data = DataDir::open(None).unwrap();
        let path = data.path.clone();
        assert!(path.join("lock").exists());
        drop(data);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_where_the_folder_should_be_is_refused() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("file");
        write_whole(&file, b"x").unwrap();
        let Err(error) = DataDir::open(Some(&file)) else {
            panic!("it was opened")
        };
        assert!(
            error
                .to_string()
                .starts_with("cannot write to the data folder"),
            "{error}"
        );
    }
}
