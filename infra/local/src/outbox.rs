//! What would have been sent, kept for a person to read.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, fs};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::data_dir::{DataDir, write_whole};
use crate::error::StartError;

/// So many are kept; the oldest go first.
const MOST: usize = 1_000;

/// How something was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// By mail.
    #[default]
    Mail,
    /// As a text message, which has one recipient and a text, and nothing else.
    Sms,
}

/// A mail as SES was given it, or a text message as SNS was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Which of the two.
    #[serde(default)]
    pub channel: Channel,
    /// The `MessageId` that SES answered; ids sort by time.
    pub id: String,
    /// When it was sent.
    pub time: Timestamp,
    /// `name@domain` or `Display Name <name@domain>`, like the other addresses.
    pub from: String,
    /// To.
    pub to: Vec<String>,
    /// Copies.
    pub cc: Vec<String>,
    /// Blind copies.
    pub bcc: Vec<String>,
    /// Where an answer goes, if not to `from`.
    pub reply_to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Plain text, if there is any.
    pub text: Option<String>,
    /// HTML, if there is any.
    pub html: Option<String>,
}

/// The newest mails, each also a JSON file in the data folder.
#[derive(Clone)]
pub struct Outbox {
    folder: PathBuf,
    /// Oldest first.
    mails: Arc<Mutex<VecDeque<Arc<Mail>>>>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("mails", &self.mails().len())
            .finish_non_exhaustive()
    }
}

impl Outbox {
    /// Reads what earlier starts kept.
    pub(crate) fn open(data: &DataDir) -> Result<Self, StartError> {
        let folder = data.folder("outbox")?;
        let mails = read(&folder).map_err(|source| StartError::Folder {
            path: folder.clone(),
            source,
        })?;
        Ok(Self {
            folder,
            mails: Arc::new(Mutex::new(mails)),
        })
    }

    /// Keeps a mail and gives it its id.
    pub(crate) fn add(&self, mut mail: Mail) -> io::Result<String> {
        let id = Uuid::now_v7().to_string();
        mail.id.clone_from(&id);
        write_whole(&self.file(&id), &serde_json::to_vec_pretty(&mail)?)?;
        let mut mails = self.mails();
        mails.push_back(Arc::new(mail));
        while mails.len() > MOST {
            if let Some(oldest) = mails.pop_front() {
                fs::remove_file(self.file(&oldest.id))?;
            }
        }
        Ok(id)
    }

    /// Newest first.
    pub fn newest_first(&self) -> Vec<Arc<Mail>> {
        self.mails().iter().rev().cloned().collect()
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    fn mails(&self) -> MutexGuard<'_, VecDeque<Arc<Mail>>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(folder: &PathBuf) -> io::Result<VecDeque<Arc<Mail>>> {
    let mut mails = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // A half-written file of a crash has another ending.
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            match serde_json::from_slice::<Mail>(&fs::read(&path)?) {
                Ok(mail) => mails.push(Arc::new(mail)),
                Err(error) => tracing::warn!(path = %path.display(), %error, "not a mail"),
            }
        }
    }
    mails.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(mails.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn mail(subject: &str) -> Mail {
        Mail {
            channel: Channel::Mail,
            id: String::new(),
            time: Timestamp::UNIX_EPOCH,
            from: "a@b.c".to_owned(),
            to: vec!["d@e.f".to_owned()],
            cc: vec![],
            bcc: vec![],
            reply_to: vec![],
            subject: subject.to_owned(),
            text: Some("text".to_owned()),
            html: None,
        }
    }

    #[test]
    fn mails_outlive_the_process_newest_first() {
        let folder = tempfile::TempDir::new().unwrap();
        let data = DataDir::open(Some(folder.path())).unwrap();
        let outbox = Outbox::open(&data).unwrap();
        for subject in ["one", "two", "three"] {
            outbox.add(mail(subject)).unwrap();
        }
        fs::write(folder.path().join("outbox/half.new"), b"{\"id\":").unwrap();
        let again = Outbox::open(&data).unwrap();
        assert_eq!(again.newest_first(), outbox.newest_first());
        let subjects: Vec<_> = again
            .newest_first()
            .iter()
            .map(|mail| mail.subject.clone())
            .collect();
        assert_eq!(subjects, ["three", "two", "one"]);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let data = DataDir::open(None).unwrap();
        let outbox = Outbox::open(&data).unwrap();
        for number in 0..=MOST {
            outbox.add(mail(&number.to_string())).unwrap();
        }
        let mails = outbox.newest_first();
        assert_eq!((mails.len(), mails[MOST - 1].subject.as_str()), (MOST, "1"));
        assert_eq!(fs::read_dir(data.file("outbox")).unwrap().count(), MOST);
    }
}
