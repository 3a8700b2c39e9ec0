//! Files in: `multipart/form-data`, or a body that is one file.

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, FromRequestParts, Request};
use garde::Validate;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use multer::{Constraints, Error as FormError, Multipart, SizeLimit};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::body::checked;
use super::{App, Customer, Failure, Query};
use crate::domain::file::{Area, Cabinet, FileDetail, Upload};
use crate::domain::idempotency::IdempotencyKey;
use crate::error::{Code, Error, Refusal, Result};

/// The largest body with files, in bytes. Lambda takes events of 6 MB, in which a body is Base64: four bytes for
/// three, and the head beside it.
pub const LARGEST: u64 = 4_500_000;
/// The longest text in a form, in bytes.
const LONGEST_TEXT: usize = 64 * 1024;
/// How many parts a form may have.
const MOST_PARTS: usize = 32;

/// A form with files.
///
/// # Errors
///
/// `unsupported_media_type` for what is no form, `body_too_large`, `invalid_body` for one that cannot be read.
#[derive(Debug, Default)]
pub struct Form {
    /// Texts by their names.
    texts: serde_json::Map<String, serde_json::Value>,
    /// Files by the names of their parts.
    files: Vec<(String, Upload)>,
}

impl Form {
    /// The texts as an input: parsed and validated as a JSON body of the same members would be. All members
    /// are texts.
    ///
    /// # Errors
    ///
    /// `invalid_body`, `validation_failed`.
    pub fn input<T>(&self) -> Result<T>
    where
        T: DeserializeOwned + Validate<Context = ()>,
    {
        let texts = serde_json::to_vec(&self.texts);
        checked(&texts.map_err(|error| Error::Internal(error.to_string()))?)
    }

    /// All files, in the order of their parts.
    ///
    /// # Errors
    ///
    /// `validation_failed` when there are more than `most`.
    pub fn into_files(self, most: usize) -> Result<Vec<Upload>> {
        if self.files.len() > most {
            let message = format!("there may be {most} files at the most");
            return Err(Refusal::new(Code::ValidationFailed)
                .at("files", message)
                .into());
        }
        Ok(self.files.into_iter().map(|(_, file)| file).collect())
    }
}

impl FromRequest<App> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let content_type = text(request.headers(), CONTENT_TYPE.as_str());
        let content_type = content_type.unwrap_or_default();
        let boundary = multer::parse_boundary(content_type).map_err(|error| refused(&error))?;
        let limits = SizeLimit::new().whole_stream(LARGEST);
        let limits = Constraints::new().size_limit(limits);
        let body = request.into_body().into_data_stream();
        let mut parts = Multipart::with_constraints(body, boundary, limits);
        let mut form = Self::default();
        let mut count = 0;
        while let Some(part) = parts.next_field().await.map_err(|error| refused(&error))? {
            count += 1;
            if count > MOST_PARTS {
                let message = format!("a form may have {MOST_PARTS} parts");
                return Err(Refusal::because(Code::InvalidBody, message).into());
            }
            let Some(name) = part.name().map(str::to_owned) else {
                let message = "a part of the form has no name";
                return Err(Refusal::because(Code::InvalidBody, message).into());
            };
            let is_file = part.file_name().is_some() || matches!(name.as_str(), "file" | "files");
            let file_name = part.file_name().map(str::to_owned);
            let media_type = text(part.headers(), CONTENT_TYPE.as_str()).map(str::to_owned);
            let content = part.bytes().await.map_err(|error| refused(&error))?;
            if is_file {
                let upload = Upload {
                    name: file_name,
                    media_type,
                    content: content.into(),
                    seed: None,
                };
                form.files.push((name, upload));
            } else {
                let value = read(&name, &content)?;
                form.texts.insert(name, value.into());
            }
        }
        Ok(form)
    }
}

fn read(name: &str, content: &[u8]) -> Result<String> {
    let wrong = |reason: &str| {
        let shown: String = name.chars().take(64).collect();
        Err(Refusal::new(Code::InvalidBody).at(shown, reason).into())
    };
    match str::from_utf8(content) {
        Ok(_) if content.len() > LONGEST_TEXT => wrong("is too long"),
        Ok(text) => Ok(text.to_owned()),
        Err(_) => wrong("is not UTF-8"),
    }
}

/// One file: the part `file` of a form, or the whole body.
///
/// Of a body that is no form, `Content-Type` is the file's type and `?name=` its name. `area` is a part of the form
/// or of the query.
///
/// # Errors
///
/// As [`Form`]; `validation_failed` for a form with no such part, or several.
#[derive(Debug)]
pub struct OneFile {
    /// The file.
    pub upload: Upload,
    /// What it is for.
    pub area: Area,
    /// The `Idempotency-Key`, if there is one.
    pub key: Option<IdempotencyKey>,
}

impl Customer {
    /// Where the customer's files are kept.
    pub fn cabinet<'a>(&'a self, app: &'a App) -> Cabinet<'a> {
        Cabinet {
            store: &app.store,
            files: &app.files,
            scope: &self.scope,
            limits: self.org.config.files,
        }
    }
}

/// Keeps one file, and answers it with a link. Under the same `Idempotency-Key` the same file is the one that was
/// kept before.
///
/// # Errors
///
/// As [`Cabinet::keep`].
pub async fn filed(app: &App, customer: &Customer, file: OneFile) -> Result<FileDetail> {
    let author = customer.scope.customer().as_str();
    let seed = |key: &IdempotencyKey| {
        app.ring
            .idempotent_seed(&customer.org.id, "file", author, key.as_str())
    };
    let upload = Upload {
        seed: file.key.as_ref().map(seed),
        ..file.upload
    };
    let kept = customer
        .cabinet(app)
        .keep(file.area, vec![upload], |_| Ok(Vec::new()));
    let kept = kept.await?.pop();
    let kept = kept.ok_or_else(|| Error::Internal("a file that was not kept".to_owned()))?;
    kept.detail(&app.files, &customer.scope).await
}

#[derive(Debug, Default, Deserialize, Validate)]
struct About {
    #[garde(skip)]
    area: Option<Area>,
    #[garde(skip)]
    name: Option<String>,
}

impl FromRequest<App> for OneFile {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let about = Query::<About>::from_request_parts(&mut parts, app).await?;
        let Query(About { area, name }) = about;
        let key = text(&parts.headers, "idempotency-key").map(str::parse);
        let key = key.transpose().map_err(Error::from)?;
        let media_type = text(&parts.headers, CONTENT_TYPE.as_str()).map(str::to_owned);
        let form = media_type.as_deref().unwrap_or_default();
        if !form.to_ascii_lowercase().starts_with("multipart/") {
            let content = whole(body).await?;
            let upload = Upload {
                name,
                media_type,
                content,
                seed: None,
            };
            let area = area.unwrap_or_default();
            return Ok(Self { upload, area, key });
        }
        let form = Form::from_request(Request::from_parts(parts, body), app).await?;
        let about: About = form.input()?;
        let mut files = form.files.into_iter();
        let file = files.find(|(name, _)| matches!(name.as_str(), "file" | "files"));
        let (Some((_, upload)), None) = (file, files.next()) else {
            let refusal = Refusal::new(Code::ValidationFailed);
            return Err(refusal
                .at("file", "must be there once, and no other file")
                .into());
        };
        Ok(Self {
            upload: Upload {
                name: about.name.or(name).or(upload.name),
                ..upload
            },
            area: about.area.or(area).unwrap_or_default(),
            key,
        })
    }
}

async fn whole(body: HttpBody) -> Result<Vec<u8>> {
    let most = usize::try_from(LARGEST).unwrap_or(usize::MAX);
    let whole = Limited::new(body, most).collect().await;
    Ok(whole.map_err(|_| too_large())?.to_bytes().into())
}

fn too_large() -> Refusal {
    let message = format!(
        "a body with files may have {LARGEST} bytes; larger files go through POST /client-data/files/presign"
    );
    Refusal::because(Code::BodyTooLarge, message)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn refused(error: &FormError) -> Refusal {
    match error {
        FormError::StreamSizeExceeded { .. } | FormError::FieldSizeExceeded { .. } => too_large(),
        FormError::NoMultipart | FormError::DecodeContentType(_) => {
            let message = "the body must be sent as multipart/form-data";
            Refusal::because(Code::UnsupportedMediaType, message)
        }
        FormError::NoBoundary => {
            let message = "the Content-Type names no boundary";
            Refusal::because(Code::InvalidBody, message)
        }
        FormError::IncompleteStream | FormError::IncompleteFieldData { .. } => {
            let message = "the form ends before its closing boundary, or has another one";
            Refusal::because(Code::InvalidBody, message)
        }
        _ => Refusal::because(Code::InvalidBody, "the form cannot be read"),
    }
}
