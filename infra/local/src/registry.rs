//! The functions that the template's events are sent to.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use lambda_http::LambdaEvent;
use serde_json::Value;

/// A future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A function that takes a stream or queue event and answers with its JSON reply, or with the
/// error that fails the whole batch. The event's context says when it must be done.
pub type EventFn =
    Arc<dyn Fn(LambdaEvent<Value>) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// The code of one `AWS::Serverless::Function`.
#[derive(Clone)]
pub enum Function {
    /// Answers HTTP API events.
    Http(axum::Router),
    /// Answers stream and queue events.
    Events(EventFn),
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "Http",
            Self::Events(_) => "Events",
        })
    }
}

/// Functions by name, which is the folder of `CodeUri`: `profile` for `…/profile/bootstrap.zip`.
pub type Functions = BTreeMap<String, Function>;
