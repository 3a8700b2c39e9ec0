//! Paths and queries.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::Failure;
use crate::error::{Code, Refusal, Result};

/// The parameters of the path. One that is not even well-formed names nothing: `not_found`, in the very
/// words of a well-formed one that names nothing of the caller's.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        // RawPathParams refuses what is not UTF-8 once decoded; the typed extractor does the rest.
        RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Code::NotFound)?;
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Code::NotFound.into()),
        }
    }
}

/// The query. Parameters that the operation does not know are ignored.
///
/// # Errors
///
/// `invalid_query` for a value that cannot be read.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        match serde_urlencoded::from_str(query) {
            Ok(value) => Ok(Self(value)),
            Err(error) => {
                let message = format!("the query cannot be read: {error}");
                Err(Refusal::because(Code::InvalidQuery, message).into())
            }
        }
    }
}
