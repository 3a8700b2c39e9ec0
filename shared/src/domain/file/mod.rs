//! A customer's files: objects in S3, each with an item in the table that says what it is, and a count of the
//! room that they take.
//!
//! The object is written first and the items after it, in one transaction with the count and with whatever the
//! file is for. What fails in between leaves an object that nothing names, never a file that is not there.

mod cabinet;
mod content;
mod name;
mod shelf;
mod upload;
mod view;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::files::FilePath;
use crate::ids::FileId;
use crate::store::Entity;

pub use cabinet::{Cabinet, attach};
pub use shelf::{delete, get, list};
pub use upload::{Announced, Reservation, complete, release, reserve};
pub use view::{AttachmentView, FileDetail, FileView};

/// What a file is for. It decides which types are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// The portrait: images.
    Avatar,
    /// Whatever the customer keeps: images, PDF, text, Office documents.
    #[default]
    Documents,
    /// What proves who somebody is: images, PDF.
    Identity,
    /// Attachments of support tickets and messages: as documents, and zip archives.
    Tickets,
    /// Evidence for benefits: images, PDF.
    Benefits,
}

impl Area {
    /// The area as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Documents => "documents",
            Self::Identity => "identity",
            Self::Tickets => "tickets",
            Self::Benefits => "benefits",
        }
    }
}

/// A file that came with a request, as its sender describes it.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// Its name.
    pub name: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its content.
    pub content: Vec<u8>,
    /// What makes it the same file if it is sent again; without, every sending is a file of its own.
    pub seed: Option<[u8; 32]>,
}

/// A file, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// The id.
    pub id: FileId,
    /// Where it is among the customer's files.
    pub path: FilePath,
    /// What it is for.
    pub area: Area,
    /// Its name, as people read it.
    pub name: String,
    /// What it was found to be.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// What tells its content from any other.
    pub etag: String,
    /// In pixels, of an image.
    pub width: Option<u32>,
    /// In pixels, of an image.
    pub height: Option<u32>,
    /// When it came.
    pub created_at: Timestamp,
}

impl Entity for File {
    const TYPE: &'static str = "File";
}

/// How much room a customer's files take, those on their way among them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileUsage {
    /// All sizes together.
    pub bytes: u64,
    /// How many there are.
    pub files: u64,
}

impl Entity for FileUsage {
    const TYPE: &'static str = "FileUsage";
}

/// A file as part of something else, such as a ticket: kept in that item, and shown with a link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The file's id.
    pub id: FileId,
    /// Its name, as people read it.
    pub name: String,
    /// What it was found to be.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// Where it is among the customer's files.
    pub path: FilePath,
}

impl From<&File> for Attachment {
    fn from(file: &File) -> Self {
        Self {
            id: file.id.clone(),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
            path: file.path.clone(),
        }
    }
}
