//! What can go wrong at the table, in terms that rules can act upon.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::value::Attributes;
use super::{Entity, Stored};

/// A failed store call.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The write's condition did not hold; nothing was written.
    #[error("the condition of the write did not hold")]
    ConditionFailed(Box<Found>),
    /// The conditions of some of a transaction's writes did not hold; nothing was written.
    #[error("the conditions of a transaction did not hold")]
    Cancelled(Vec<Option<Found>>),
    /// Another write to the same items is in flight; nothing was written.
    #[error("a concurrent transaction holds the items")]
    Contended,
    /// A partition of the table takes no more at this moment; nothing was written.
    #[error("the table is throttled")]
    Throttled,
    /// The table did not answer in time, or failed. A write may or may not have happened.
    #[error("the table is unavailable: {0}")]
    Unavailable(String),
    /// An item is not what the code takes it for: a defect, not an accident.
    #[error("{0}")]
    Corrupt(String),
}

/// The item that a failed condition met, if there was one.
#[derive(Debug, Default)]
pub struct Found(pub(super) Option<Attributes>);

impl Found {
    /// Whether there was no such item.
    pub fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// The item that stood in the way.
    pub fn read<T: Entity>(self) -> Result<Option<Stored<T>>, StoreError> {
        self.0.map(Stored::from_attributes).transpose()
    }
}

impl StoreError {
    /// A call that failed. Says the code of a service error, or what kept it from arriving; never an item's
    /// content.
    pub(super) fn unavailable<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Self {
        let code = error
            .as_service_error()
            .and_then(ProvideErrorMetadata::code);
        if code == Some("ValidationException") {
            // An item of more than 400 KB, an expression that is none: never right, however often it is tried.
            return Self::Corrupt("a call that DynamoDB refuses".to_owned());
        }
        let reason = match error {
            SdkError::TimeoutError(_) => "timed out",
            SdkError::DispatchFailure(_) => "no connection",
            SdkError::ServiceError(context) => context.err().code().unwrap_or("service error"),
            _ => "no usable answer",
        };
        Self::Unavailable(reason.to_owned())
    }
}
