//! Customers' files: objects of one bucket, each under its owner's prefix.
//!
//! An object's key is `{org}/customers/{customer}/{area}/{leaf}`, and is built from a [`CustomerScope`] only. Nothing
//! in the bucket is public: an object leaves it through a link that the function signs, for a quarter of an
//! hour, and always as a download.

mod path;
mod s3;

use std::collections::BTreeMap;
use std::env;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Method, Request};
use jiff::Timestamp;

use self::s3::{Entry, Objects, S3, Unsigned, Versions, done, encoded, read};
use crate::aws::Aws;
use crate::clock;
use crate::error::{Error, Result};
use crate::outbound::Reply;
use crate::store::CustomerScope;

pub use path::{FilePath, InvalidPath};

/// How long a link is good for.
pub const LINK: Duration = Duration::from_mins(15);
/// How much of an object is read to tell what it is: where images keep their size, after the camera's notes.
const HEAD: usize = 128 * 1024;

/// How many objects a list names: as many as fit into the largest answer that is read, however long their keys.
const PAGE: (&str, &str) = ("max-keys", "250");

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
    s3: OnceLock<S3>,
}

impl Files {
    /// The bucket of this name. With tenant isolation, every call is made with the credentials of the org that it
    /// is bound to, which reach the objects of that org only: see [`crate::store::on_behalf_of`].
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> Self {
        Self(Arc::new(Bucket {
            aws: aws.clone(),
            name: bucket.into(),
            s3: OnceLock::new(),
        }))
    }

    /// The bucket named by `PORTICO_FILES_BUCKET`. Functions that keep no files have none.
    pub fn from_env(aws: &Aws) -> Self {
        Self::new(aws, env::var("PORTICO_FILES_BUCKET").unwrap_or_default())
    }

    fn s3(&self) -> &S3 {
        let Bucket { aws, name, s3 } = &*self.0;
        s3.get_or_init(|| S3::new(aws, name))
    }

    fn object(
        &self,
        method: Method,
        scope: &CustomerScope,
        path: &FilePath,
        query: &[(&str, &str)],
    ) -> Unsigned {
        let key = format!("{}{path}", prefix(scope));
        self.s3().request(method, &key, query)
    }

    /// Writes an object, in place of one that is there. Answers its `ETag`.
    pub async fn put(
        &self,
        scope: &CustomerScope,
        path: &FilePath,
        content_type: &str,
        content: Vec<u8>,
    ) -> Result<String> {
        let put = self.object(Method::PUT, scope, path, &[]);
        let put = put.header("content-type", content_type)?;
        let done = done(self.s3().send(put, content).await?)?;
        Ok(etag(&done))
    }

    /// Writes an object that the bucket's lifecycle deletes a week later. Answers its `ETag`.
    pub async fn put_for_a_week(
        &self,
        scope: &CustomerScope,
        path: &FilePath,
        content_type: &str,
        content: Vec<u8>,
    ) -> Result<String> {
        let put = self.object(Method::PUT, scope, path, &[]);
        let put = put.header("content-type", content_type)?;
        let put = put.header("x-amz-tagging", "kept=week")?;
        let done = done(self.s3().send(put, content).await?)?;
        Ok(etag(&done))
    }

    /// What an object is and begins with, if it is there.
    pub async fn peek(&self, scope: &CustomerScope, path: &FilePath) -> Result<Option<Peek>> {
        let get = self.object(Method::GET, scope, path, &[]);
        let get = get.header("range", format!("bytes=0-{}", HEAD - 1))?;
        let found = self.s3().send(get, Vec::new()).await?;
        // A role that may not list the bucket is not told what is missing.
        if matches!(
            s3::code(&found).as_deref(),
            Some("NoSuchKey" | "AccessDenied")
        ) {
            return Ok(None);
        }
        let found = done(found)?;
        Ok(Some(Peek {
            size: size(&found),
            content_type: found.header("content-type").unwrap_or_default().to_owned(),
            etag: etag(&found),
            head: found.body,
        }))
    }

    /// Deletes an object; one that is not there is deleted already.
    pub async fn delete(&self, scope: &CustomerScope, path: &FilePath) -> Result<()> {
        let delete = self.object(Method::DELETE, scope, path, &[]);
        done(self.s3().send(delete, Vec::new()).await?).map(|_| ())
    }

    /// Deletes every object of the customer's, those that no item names too. Answers how many there were.
    ///
    /// Two calls for each 250. Needs `s3:ListBucket` beside `s3:DeleteObject`.
    pub async fn delete_all(&self, scope: &CustomerScope) -> Result<usize> {
        let mut count = 0;
        loop {
            // Each round begins anew: what was there is gone.
            let query = [("list-type", "2"), PAGE, ("prefix", &prefix(scope))];
            let list = self.s3().request(Method::GET, "", &query);
            let page = done(self.s3().send(list, Vec::new()).await?)?;
            let found = read::<Objects>(&page)?.objects;
            if found.is_empty() {
                return Ok(count);
            }
            count += found.len();
            self.delete_objects(found).await?;
        }
    }

    /// Deletes every object of the customer's for good, with its earlier versions.
    ///
    /// Needs `s3:ListBucketVersions` and `s3:DeleteObjectVersion` beside what [`Files::delete_all`] does.
    pub async fn erase_all(&self, scope: &CustomerScope) -> Result<()> {
        self.delete_all(scope).await?;
        loop {
            // Each round begins anew, as above.
            let query = [("versions", ""), PAGE, ("prefix", &prefix(scope))];
            let list = self.s3().request(Method::GET, "", &query);
            let page = self.s3().send(list, Vec::new()).await?;
            // Elsewhere than at AWS there may be no versions.
            if s3::code(&page).as_deref() == Some("NotImplemented") {
                return Ok(());
            }
            let Versions { versions, markers } = read(&done(page)?)?;
            let objects: Vec<Entry> = versions.into_iter().chain(markers).collect();
            if objects.is_empty() {
                return Ok(());
            }
            self.delete_objects(objects).await?;
        }
    }

    async fn delete_objects(&self, objects: Vec<Entry>) -> Result<()> {
        let request = self.s3().request(Method::POST, "", &[("delete", "")]);
        let (request, body) = s3::deletion(request, objects)?;
        if s3::all_deleted(&done(self.s3().send(request, body).await?)?)? {
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
        let query = [
            ("response-content-disposition", attachment(name)),
            ("response-content-type", content_type.to_owned()),
        ];
        let query = query
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let get = self.object(Method::GET, scope, path, &query);
        Ok(link(&self.s3().sign(get).await?))
    }

    /// A link to upload an object of exactly this size and type, once. Nothing is asked of S3.
    pub async fn upload(
        &self,
        scope: &CustomerScope,
        path: &FilePath,
        content_type: &str,
        size: u64,
    ) -> Result<Link> {
        let put = self.object(Method::PUT, scope, path, &[]);
        let put = put.header("content-type", content_type)?;
        let put = put.header("content-length", size.to_string())?;
        // What was looked at when the upload was completed is not replaced through the same link.
        let put = put.header("if-none-match", "*")?;
        Ok(link(&self.s3().sign(put).await?))
    }
}

fn link(signed: &Request<()>) -> Link {
    // Clients set this one by themselves, and browsers let nobody else.
    let headers = signed.headers().iter();
    let headers = headers.filter(|(name, _)| *name != http::header::CONTENT_LENGTH);
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    Link {
        method: signed.method().to_string(),
        url: signed.uri().to_string(),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value)))
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
    let whole = encoded(name);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
}

/// The size of the whole of which a part was read: `bytes 0-99/1234`. An empty object has no part.
fn size(part: &Reply) -> u64 {
    let range = part.header("content-range").unwrap_or_default();
    let whole = range.rsplit('/').next().and_then(|size| size.parse().ok());
    whole.unwrap_or(part.body.len() as u64)
}

/// Without its quotes.
fn etag(reply: &Reply) -> String {
    let etag = reply.header("etag").unwrap_or_default();
    etag.trim_matches('"').to_owned()
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
