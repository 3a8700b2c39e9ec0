//! Running a function as Lambda does.

use std::time::Duration;

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
