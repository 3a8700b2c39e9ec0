//! S3's REST API, as far as customers' files need it: requests that the SDK's own signer signs, sent as those to
//! other services are. The SDK's client for S3 would be a fifth of every function that keeps files.
//!
//! Every request is signed the way a link is, in its query, and holds for whoever has it until it expires.

use std::fmt::Write as _;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::LINK;
use crate::aws::Aws;
use crate::error::{Error, Result};
use crate::outbound::{Http, Reply};
use crate::store::{Reach, TenantSessions};

/// What stands in a URL as it is (RFC 3986 §2.3), and with it the `/` of a key.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const KEY: &AsciiSet = &UNRESERVED.remove(b'/');

/// Text as it stands in a URL, or in an extended header parameter (RFC 8187).
pub(super) fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, UNRESERVED)
}

/// The bucket as a service.
#[derive(Debug)]
pub(super) struct S3 {
    http: Http,
    /// What the keys of objects are appended to.
    url: String,
    region: String,
    caller: Caller,
}

/// Whose credentials a request is signed with.
#[derive(Debug)]
enum Caller {
    Function(SharedCredentialsProvider),
    /// The org that the work is bound to.
    Tenant(Box<TenantSessions>),
}

impl S3 {
    pub(super) fn new(aws: &Aws, bucket: &str) -> Self {
        let region = aws.region().to_owned();
        let endpoint = aws.endpoints().s3.as_deref();
        let url = if let Some(endpoint) = endpoint {
            // Elsewhere than at AWS there is no name for each bucket.
            format!("{}/{bucket}/", endpoint.trim_end_matches('/'))
        } else {
            let china = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://{bucket}.s3.{region}.amazonaws.com{china}/")
        };
        let reach = || Reach::Objects(bucket.to_owned());
        let http = match endpoint {
            Some(endpoint) if endpoint.starts_with("http:") => Http::without_tls(),
            _ => Http::default(),
        };
        Self {
            http: http.with_attempts(aws.max_attempts()),
            url,
            region,
            caller: match aws.tenant_role() {
                Some(role) => Caller::Tenant(Box::new(TenantSessions::new(aws, role, reach()))),
                None => Caller::Function(aws.credentials()),
            },
        }
    }

    /// A request about an object, or about the bucket if the key is empty; not signed yet.
    pub(super) fn request(&self, method: Method, key: &str, query: &[(&str, &str)]) -> Unsigned {
        let mut url = format!("{}{}", self.url, utf8_percent_encode(key, KEY));
        for (at, (name, value)) in query.iter().enumerate() {
            let separator = if at == 0 { '?' } else { '&' };
            let _ = write!(url, "{separator}{}={}", encoded(name), encoded(value));
        }
        Unsigned {
            method,
            url,
            headers: HeaderMap::new(),
        }
    }

    /// Signs a request for a quarter of an hour.
    pub(super) async fn sign(&self, request: Unsigned) -> Result<Request<()>> {
        let Unsigned {
            method,
            url,
            headers,
        } = request;
        let credentials: Credentials = match &self.caller {
            Caller::Function(provider) => {
                let given = provider.provide_credentials().await;
                given.map_err(|_| Error::Unavailable("S3: no credentials".to_owned()))?
            }
            Caller::Tenant(sessions) => {
                let given = sessions.credentials().await;
                given.map_err(|_| Error::Unavailable("S3: no credentials of the org".to_owned()))?
            }
        };
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(LINK);
        // As S3 wants it: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build();
        let params = params.map_err(unsignable)?.into();
        let named = headers.iter().map(|(name, value)| {
            let value = value.to_str().unwrap_or_default();
            (name.as_str(), value)
        });
        let signable =
            SignableRequest::new(method.as_str(), &url, named, SignableBody::UnsignedPayload);
        let signed = sign(signable.map_err(unsignable)?, &params).map_err(unsignable)?;
        let (instructions, _) = signed.into_parts();
        let mut request = Request::builder().method(method).uri(&url).body(());
        if let Ok(request) = &mut request {
            *request.headers_mut() = headers;
            instructions.apply_to_request_http1x(request);
        }
        request.map_err(unsignable)
    }

    /// Signs a request and sends it, again if need be: each of them comes to the same when it is done twice.
    pub(super) async fn send(&self, request: Unsigned, body: Vec<u8>) -> Result<Reply> {
        let (parts, ()) = self.sign(request).await?.into_parts();
        let client = self.http.client()?;
        let request = client.request(parts.method, parts.uri.to_string());
        let request = request.headers(parts.headers).body(body);
        self.http.send("S3", request, true).await
    }
}

/// A request that is not signed yet.
#[derive(Debug)]
pub(super) struct Unsigned {
    method: Method,
    url: String,
    headers: HeaderMap,
}

impl Unsigned {
    /// With a header, which the signature covers.
    pub(super) fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Result<Self> {
        let value = HeaderValue::from_str(value.as_ref()).map_err(unsignable)?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }
}

fn unsignable(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("a request to S3 that cannot be made: {error}"))
}

/// The answer of a call that was done.
pub(super) fn done(reply: Reply) -> Result<Reply> {
    if reply.status.is_success() {
        return Ok(reply);
    }
    // Never with the key, which has a name that a person gave.
    let code = code(&reply).unwrap_or_else(|| reply.status.as_u16().to_string());
    Err(Error::Unavailable(format!("S3: {code}")))
}

/// What S3 says it is that went wrong: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
pub(super) fn code(reply: &Reply) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Failure {
        code: String,
    }
    Some(read::<Failure>(reply).ok()?.code)
}

pub(super) fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T> {
    let unreadable = || Error::Unavailable("S3: an answer that cannot be read".to_owned());
    let text = str::from_utf8(&reply.body).map_err(|_| unreadable())?;
    quick_xml::de::from_str(text).map_err(|_| unreadable())
}

/// An object, or one version of it, in a list and to be deleted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

/// A page of `ListObjectsV2`.
#[derive(Debug, Deserialize)]
pub(super) struct Objects {
    #[serde(rename = "Contents", default)]
    pub(super) objects: Vec<Entry>,
}

/// A page of `ListObjectVersions`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Versions {
    #[serde(rename = "Version", default)]
    pub(super) versions: Vec<Entry>,
    #[serde(rename = "DeleteMarker", default)]
    pub(super) markers: Vec<Entry>,
}

/// The body of `DeleteObjects`, and the headers that go with it.
pub(super) fn deletion(request: Unsigned, objects: Vec<Entry>) -> Result<(Unsigned, Vec<u8>)> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Delete {
        quiet: bool,
        object: Vec<Entry>,
    }
    let delete = Delete {
        quiet: true,
        object: objects,
    };
    let body = quick_xml::se::to_string(&delete).map_err(unsignable)?;
    let checksum = BASE64.encode(&Sha256::digest(&body));
    let request = request.header("x-amz-checksum-sha256", checksum)?;
    let request = request.header("content-type", "application/xml")?;
    Ok((request, body.into_bytes()))
}

/// Whether the answer of `DeleteObjects` names no object that was kept.
pub(super) fn all_deleted(reply: &Reply) -> Result<bool> {
    #[derive(Deserialize)]
    struct Deleted {
        #[serde(rename = "Error", default)]
        errors: Vec<serde::de::IgnoredAny>,
    }
    Ok(read::<Deleted>(reply)?.errors.is_empty())
}
