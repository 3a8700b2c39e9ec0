//! Files as they are shown.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Area, Attachment, File};
use crate::error::Result;
use crate::files::Files;
use crate::store::CustomerScope;

/// A file in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "fil_06f1…", "path": "documents/fil_06f1…-lease.pdf", "name": "Lease.pdf", "type": "application/pdf",
    "size": 48213, "area": "documents", "width": null, "height": null, "createdAt": "2026-05-04T09:30:00Z",
}))]
pub struct FileView {
    id: String,
    /// Where it is among the customer's files: what it is downloaded and deleted by.
    path: String,
    /// Its name, as people read it.
    name: String,
    /// Its media type, by its content.
    #[serde(rename = "type")]
    kind: String,
    /// In bytes.
    size: u64,
    /// What it is for.
    area: Area,
    /// In pixels, of an image.
    width: Option<u32>,
    /// In pixels, of an image.
    height: Option<u32>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<File> for FileView {
    fn from(file: File) -> Self {
        Self {
            id: file.id.to_string(),
            path: file.path.to_string(),
            name: file.name,
            kind: file.media_type,
            size: file.size,
            area: file.area,
            width: file.width,
            height: file.height,
            created_at: file.created_at,
        }
    }
}

/// A file with a link to download it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "fil_06f1…", "path": "documents/fil_06f1…-lease.pdf", "name": "Lease.pdf", "type": "application/pdf",
    "size": 48213, "area": "documents", "width": null, "height": null, "createdAt": "2026-05-04T09:30:00Z",
    "url": "https://…", "expiresAt": "2026-05-04T09:45:00Z",
}))]
pub struct FileDetail {
    #[serde(flatten)]
    file: FileView,
    /// Where it can be downloaded for a while, without a token.
    url: String,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl File {
    /// The file with a link. Makes no call.
    pub async fn detail(self, files: &Files, scope: &CustomerScope) -> Result<FileDetail> {
        let link = files.download(scope, &self.path, &self.name, &self.media_type);
        let link = link.await?;
        Ok(FileDetail {
            file: self.into(),
            url: link.url,
            expires_at: link.expires_at,
        })
    }
}

/// An attachment as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "fil_06f1…", "name": "invoice.pdf", "type": "application/pdf", "size": 48213,
    "path": "tickets/fil_06f1…-invoice.pdf", "url": "https://…", "expiresAt": "2026-05-04T09:45:00Z",
}))]
pub struct AttachmentView {
    id: String,
    name: String,
    /// Its media type.
    #[serde(rename = "type")]
    kind: String,
    /// In bytes.
    size: u64,
    /// Where it is among the customer's files.
    path: String,
    /// Where it can be downloaded for a while, without a token.
    url: String,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl Attachment {
    /// The attachment with a link. Makes no call.
    pub async fn view(&self, files: &Files, scope: &CustomerScope) -> Result<AttachmentView> {
        let link = files.download(scope, &self.path, &self.name, &self.media_type);
        let link = link.await?;
        Ok(AttachmentView {
            id: self.id.to_string(),
            name: self.name.clone(),
            kind: self.media_type.clone(),
            size: self.size,
            path: self.path.to_string(),
            url: link.url,
            expires_at: link.expires_at,
        })
    }
}
