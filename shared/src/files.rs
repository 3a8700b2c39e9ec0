//! Customers' files: objects of one bucket, each under its owner's prefix.
//!
//! An object's key is `{org}/customers/{customer}/{area}/{leaf}`, and is built from a [`CustomerScope`] only. Nothing
//! in the bucket is public: an object leaves it through a link that the function signs, for a quarter of an
//! hour, and always as a download.

mod path;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use jiff::Timestamp;

use crate::aws::Aws;
use crate::clock;
use crate::error::{Error, Result};
use crate::store::{CustomerScope, Reach, TenantSessions};

pub use path::{FilePath, InvalidPath};

/// How long a link is good for.
pub const LINK: Duration = Duration::from_mins(15);
/// How much of an object is read to tell what it is: where images keep their size, after the camera's notes.
const HEAD: usize = 128 * 1024;

/// What all keys of a customer's objects begin with.
fn prefix(scope: &CustomerScope) -> String {
    format!("{}/customers/{}/", scope.org(), scope.customer())
}

/// The beginning of an object, and what S3 knows of it.
#[derive(Debug, Clone)]
pub struct Peek {
    /// How many bytes it has.
    pub size: u64,
    /// What it was uploaded as.
    pub content_type: String,
    /// What tells its content from any other.
    pub etag: String,
    /// Its first bytes.
    pub head: Vec<u8>,
}

/// A request that somebody else may make, once or more often, until it expires.
#[derive(Debug, Clone)]
pub struct Link {
    /// The method.
    pub method: String,
    /// Where, with the signature.
    pub url: String,
    /// The headers that the signature holds the request to.
    pub headers: BTreeMap<String, String>,
    /// When it is good no more.
    pub expires_at: Timestamp,
}

/// The bucket. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files(Arc<Bucket>);

#[derive(Debug)]
struct Bucket {
    aws: Aws,
    name: String,
    /// Built when first used: most requests of a function do without.
    client: OnceLock<Client>,
}

impl Files {
    /// The bucket of this name. With tenant isolation, every call is made with the credentials of the org that it
    /// is bound to, which reach the objects of that org only: see [`crate::store::on_behalf_of`].
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> Self {
        Self(Arc::new(Bucket {
            aws: aws.clone(),
            name: bucket.into(),
            client: OnceLock::new(),
        }))
    }

    /// The bucket named by `PORTICO_FILES_BUCKET`. Functions that keep no files have none.
    pub fn from_env(aws: &Aws) -> Self {
        Self::new(aws, env::var("PORTICO_FILES_BUCKET").unwrap_or_default())
    }

    fn client(&self) -> &Client {
        let Bucket { aws, name, client } = &*self.0;
        client.get_or_init(|| {
            let endpoint = aws.endpoints().s3.as_ref();
            let mut config = Builder::from(&aws.sdk_config(endpoint))
                // Elsewhere than at AWS there is no name for each bucket.
                .force_path_style(endpoint.is_some())
                // TLS guards the way; a checksum of nothing would become part of each upload link.
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
            if let Some(role) = aws.tenant_role() {
                config = config.identity_cache(TenantSessions::new(
                    aws,
                    role,
                    Reach::Objects(name.clone()),
                ));
            }
            Client::from_conf(config.build())
        })
    }

    fn key(scope: &CustomerScope, path: &FilePath) -> String {
        format!("{}{path}", prefix(scope))
    }

    /// Writes an object, in place of one that is there. Answers its `ETag`.
    pub async fn put(
        &self,
        scope: &CustomerScope,
        path: &FilePath,
        content_type: &str,
        content: Vec<u8>,
    ) -> Result<String> {
        let put = self.client().put_object().bucket(&self.0.name);
        let put = put.key(Self::key(scope, path)).content_type(content_type);
        let done = put.body(ByteStream::from(content)).send().await;
        let done = done.map_err(|error| unavailable(&error))?;
        Ok(unquoted(done.e_tag))
    }

    /// Writes an object that the bucket's lifecycle deletes a week later. Answers its `ETag`.
    pub async fn put_for_a_week(
        &self,
        scope: &CustomerScope,
        path: &FilePath,
        content_type: &str,
        content: Vec<u8>,
    ) -> Result<String> {
        let put = self.client().put_object().bucket(&self.0.name);
        let put = put.key(Self::key(scope, path)).content_type(content_type);
        let put = put.tagging("kept=week").body(ByteStream::from(content));
        let done = put.send().await.map_err(|error| unavailable(&error))?;
        Ok(unquoted(done.e_tag))
    }

    /// What an object is and begins with, if it is there.
    pub async fn peek(&self, scope: &CustomerScope, path: &FilePath) -> Result<Option<Peek>> {
        let get = self.client().get_object().bucket(&self.0.name);
        let get = get.key(Self::key(scope, path));
        let found = match get.range(format!("bytes=0-{}", HEAD - 1)).send().await {
            Ok(found) => found,
            Err(error) => {
                return match error.as_service_error().and_then(|error| error.code()) {
                    // A role that may not list the bucket is not told what is missing.
                    Some("NoSuchKey" | "AccessDenied") => Ok(None),
                    _ => Err(unavailable(&error)),
                };
            }
        };
        let (size, content_type) = (size(&found), found.content_type);
        let etag = unquoted(found.e_tag);
        let head = found.body.collect().await;
        let head = head.map_err(|_| Error::Unavailable("S3 stopped in an object".to_owned()))?;
        Ok(Some(Peek {
            size,
            content_type: content_type.unwrap_or_default(),
            etag,
            head: head.to_vec(),
        }))
    }

    /// Deletes an object; one that is not there is deleted already.
    pub async fn delete(&self, scope: &CustomerScope, path: &FilePath) -> Result<()> {
        let delete = self.client().delete_object().bucket(&self.0.name);
        let done = delete.key(Self::key(scope, path)).send().await;
        done.map(|_| ()).map_err(|error| unavailable(&error))
    }

    /// Deletes every object of the customer's, those that no item names too. Answers how many there were.
    ///
    /// Two calls for each thousand. Needs `s3:ListBucket` beside `s3:DeleteObject`.
    pub async fn delete_all(&self, scope: &CustomerScope) -> Result<usize> {
        let mut count = 0;
        loop {
            // Each round begins anew: what was there is gone.
            let list = self.client().list_objects_v2().bucket(&self.0.name);
            let page = list.prefix(prefix(scope)).send().await;
            let page = page.map_err(|error| unavailable(&error))?;
            let keys = page.contents.unwrap_or_default().into_iter();
            let keys: Vec<_> = keys
                .filter_map(|object| ObjectIdentifier::builder().key(object.key?).build().ok())
                .collect();
            if keys.is_empty() {
                return Ok(count);
            }
            let found = keys.len();
            self.delete_objects(keys).await?;
            count += found;
        }
    }

    /// Deletes every object of the customer's for good, with its earlier versions.
    ///
    /// Needs `s3:ListBucketVersions` and `s3:DeleteObjectVersion` beside what [`Files::delete_all`] does.
    pub async fn erase_all(&self, scope: &CustomerScope) -> Result<()> {
        self.delete_all(scope).await?;
        loop {
            // Each round begins anew, as above.
            let list = self.client().list_object_versions().bucket(&self.0.name);
            let page = match list.prefix(prefix(scope)).send().await {
                Ok(page) => page,
                // Elsewhere than at AWS there may be no versions.
                Err(error) => {
                    return match error.as_service_error().and_then(|error| error.code()) {
                        Some("NotImplemented") => Ok(()),
                        _ => Err(unavailable(&error)),
                    };
                }
            };
            let versions = page.versions.unwrap_or_default().into_iter();
            let versions = versions.map(|version| (version.key, version.version_id));
            let markers = page.delete_markers.unwrap_or_default().into_iter();
            let markers = markers.map(|marker| (marker.key, marker.version_id));
            let objects = versions.chain(markers).filter_map(|(key, version)| {
                let object = ObjectIdentifier::builder()
                    .key(key?)
                    .set_version_id(version);
                object.build().ok()
            });
            let objects: Vec<_> = objects.collect();
            if objects.is_empty() {
                return Ok(());
            }
            self.delete_objects(objects).await?;
        }
    }

    async fn delete_objects(&self, objects: Vec<ObjectIdentifier>) -> Result<()> {
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true);
        let delete = delete.build();
        let delete = delete.map_err(|error| Error::Internal(error.to_string()))?;
        let request = self.client().delete_objects().bucket(&self.0.name);
        let done = request.delete(delete).send().await;
        let done = done.map_err(|error| unavailable(&error))?;
        if done.errors().is_empty() {
            Ok(())
        } else {
            Err(Error::Unavailable("S3 kept some objects".to_owned()))
        }
    }

    /// A link to download an object under a name. Browsers save it and never show it: what a customer
    /// uploaded is no page of this origin. Nothing is asked of S3.
    pub async fn download(
        &self,
        scope: &CustomerScope,
        path: &FilePath,
        name: &str,
        content_type: &str,
    ) -> Result<Link> {
        let get = self.client().get_object().bucket(&self.0.name);
        let get = get
            .key(Self::key(scope, path))
            .response_content_type(content_type)
            .response_content_disposition(attachment(name));
        let signed = get.presigned(for_a_while()?).await;
        Ok(link(&signed.map_err(|error| unavailable(&error))?))
    }

    /// A link to upload an object of exactly this size and type, once. Nothing is asked of S3.
    pub async fn upload(
        &self,
        scope: &CustomerScope,
        path: &FilePath,
        content_type: &str,
        size: u64,
    ) -> Result<Link> {
        let size = i64::try_from(size).map_err(|error| Error::Internal(error.to_string()))?;
        let put = self.client().put_object().bucket(&self.0.name);
        let put = put
            .key(Self::key(scope, path))
            .content_type(content_type)
            .content_length(size)
            // What was looked at when the upload was completed is not replaced through the same link.
            .if_none_match("*");
        let signed = put.presigned(for_a_while()?).await;
        Ok(link(&signed.map_err(|error| unavailable(&error))?))
    }
}

fn for_a_while() -> Result<PresigningConfig> {
    PresigningConfig::expires_in(LINK).map_err(|error| Error::Internal(error.to_string()))
}

fn link(signed: &PresignedRequest) -> Link {
    // Clients set these by themselves, and browsers let nobody else.
    let own = |name: &str| matches!(name, "host" | "content-length");
    let headers = signed.headers().filter(|(name, _)| !own(name));
    Link {
        method: signed.method().to_owned(),
        url: signed.uri().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        expires_at: clock::now() + LINK,
    }
}

/// RFC 6266: the name for whoever reads ASCII only, and the name itself.
fn attachment(name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ';
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') {
            whole.push(char::from(byte));
        } else {
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
}

/// The size of the whole of which a part was read: `bytes 0-99/1234`.
fn size(part: &GetObjectOutput) -> u64 {
    let whole = part
        .content_range()
        .and_then(|range| range.rsplit('/').next());
    let read = || {
        part.content_length()
            .and_then(|length| u64::try_from(length).ok())
    };
    let whole = whole.and_then(|size| size.parse().ok());
    whole.or_else(read).unwrap_or(0)
}

fn unquoted(etag: Option<String>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// A call that failed, by its code; never with the key, which has a name that a person gave.
fn unavailable<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Error {
    let reason = match error {
        SdkError::TimeoutError(_) => "timed out",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ServiceError(context) => context.err().code().unwrap_or("service error"),
        SdkError::ConstructionFailure(_) => "a request that cannot be made",
        _ => "no usable answer",
    };
    Error::Unavailable(format!("S3: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_the_header_that_it_stands_in() {
        assert_eq!(
            attachment("a\"; x=\r\nSet-Cookie: ü%.pdf"),
            "attachment; filename=\"a_; x=__Set-Cookie: __.pdf\"; \
             filename*=UTF-8''a%22%3B%20x%3D%0D%0ASet-Cookie%3A%20%C3%BC%25.pdf"
        );
    }
}
