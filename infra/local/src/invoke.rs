//! Running a function as Lambda does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_http::{Context, LambdaEvent};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Why an invocation has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvokeError {
    /// It was stopped.
    #[error("Task timed out after {0:?}")]
    TimedOut(Duration),
    /// A process of its own would have ended; here only its task does.
    #[error("Runtime exited: {0}")]
    Crashed(String),
}

/// What the function is told of an invocation that begins now.
pub(crate) fn context(request_id: &str, timeout: Duration) -> Context {
    let ends = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + timeout;
    let mut context = Context::default();
    request_id.clone_into(&mut context.request_id);
    context.deadline = u64::try_from(ends.as_millis()).unwrap_or(u64::MAX);
    context
}

/// A batch of records, as a function gets it.
pub(crate) fn event(records: &(impl Serialize + ?Sized), timeout: Duration) -> LambdaEvent<Value> {
    let id = Uuid::now_v7().to_string();
    LambdaEvent::new(json!({ "Records": records }), context(&id, timeout))
}

/// Runs to the end even when nobody waits for the result any more, but never longer than `timeout`.
pub(crate) async fn run<T: Send + 'static>(
    timeout: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, InvokeError> {
    match tokio::spawn(tokio::time::timeout(timeout, work)).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) => Err(InvokeError::TimedOut(timeout)),
        Err(error) => Err(InvokeError::Crashed(error.to_string())),
    }
}
