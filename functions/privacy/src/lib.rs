//! The work on whole accounts: copies of them, and their erasure.
//!
//! A task may come more than once, and the function may stop anywhere in it. A copy is made anew; an erasure goes
//! on with what is still there. Neither needs to remember how far it was.

mod erasure;
mod export;

use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::LambdaEvent;
use portico_shared::auth::{ACCESS_TOKEN_SECONDS, KeyRing};
use portico_shared::aws::Aws;
use portico_shared::deadline::Deadline;
use portico_shared::domain::integration::Integrations;
use portico_shared::domain::privacy::{self, Task, TaskKind};
use portico_shared::error::{Error, Result};
use portico_shared::files::Files;
use portico_shared::queue::Queue;
use portico_shared::store::{Store, on_behalf_of};
use portico_shared::vendors::Vendors;

/// With less time than this left, an invocation hands its task on to the next one.
const HAND_OVER: Duration = Duration::from_mins(1);
/// After the last access token has expired, a request that it began may still be at work.
const AFTERMATH: i64 = 60;
/// SQS keeps a message back for 15 minutes at the most.
const LONGEST_DELAY: i64 = 15 * 60;

/// The function's state.
#[derive(Clone)]
pub struct Privacy {
    store: Store,
    files: Files,
    queue: Queue,
    ring: KeyRing,
    integrations: Integrations,
    vendors: Vendors,
    /// So many seconds after an erasure was asked for nothing writes for the customer any more.
    settles: i64,
}

/// What is left of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing.
    Nothing,
    /// It goes on, in so many seconds.
    More(i64),
}

impl Privacy {
    /// With this table, this bucket, the queue that its own tasks come from, and these keys.
    pub fn new(store: Store, files: Files, queue: Queue, ring: KeyRing) -> Self {
        Self {
            store,
            files,
            queue,
            ring,
            integrations: Integrations::default(),
            vendors: Vendors::default(),
            settles: ACCESS_TOKEN_SECONDS + AFTERMATH,
        }
    }

    /// The same where an erasure settles in so many seconds: a test does not wait for half an hour.
    #[must_use]
    pub fn settling_in(self, seconds: i64) -> Self {
        Self {
            settles: seconds,
            ..self
        }
    }

    /// The same with vendors that answer elsewhere: a test plays them.
    #[must_use]
    pub fn with_vendors(self, vendors: Vendors) -> Self {
        Self { vendors, ..self }
    }

    /// From the environment that `template.yaml` sets: `PORTICO_TABLE`, `PORTICO_FILES_BUCKET`,
    /// `PORTICO_PRIVACY_QUEUE_URL`, `PORTICO_KEYRING_SECRET`. Reads the key ring.
    pub async fn from_env() -> Result<Self> {
        let aws = Aws::from_env()?;
        let queue = Queue::named_by(&aws, "PORTICO_PRIVACY_QUEUE_URL")?;
        let ring = KeyRing::from_secrets_manager(&aws).await;
        let ring = ring.map_err(|error| Error::Internal(error.to_string()))?;
        let (store, files) = (Store::from_env(&aws), Files::from_env(&aws));
        Ok(Self::new(store, files, queue, ring))
    }

    /// Handles a batch of tasks. Those that failed come again.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
        let deadline = Deadline::of_invocation(event.context.deadline);
        let mut response = SqsBatchResponse::default();
        for message in event.payload.records {
            let body = message.body.as_deref().unwrap_or_default();
            let handled = Box::pin(self.handle_one(body, deadline));
            if let Err(error) = deadline.begin(handled).await {
                tracing::error!(%error, message_id = message.message_id, "task failed");
                response.add_failure(message.message_id.unwrap_or_default());
            }
        }
        response
    }

    async fn handle_one(&self, body: &str, deadline: Deadline) -> Result<()> {
        let task: Task = serde_json::from_str(body)
            .map_err(|error| Error::Internal(format!("a task that cannot be read: {error}")))?;
        let work = Box::pin(self.work(&task, deadline));
        match on_behalf_of(Some(task.orgid.clone()), work).await? {
            Left::Nothing => Ok(()),
            Left::More(seconds) => {
                let seconds = i32::try_from(seconds.clamp(0, LONGEST_DELAY)).unwrap_or(0);
                self.queue.send_later(&[task], seconds).await
            }
        }
    }

    async fn work(&self, task: &Task, deadline: Deadline) -> Result<Left> {
        let scope = task.scope();
        match task.kind {
            TaskKind::Export => {
                let made = export::make(self, &scope).await;
                if made.is_err() {
                    privacy::export_failed(&self.store, &scope).await?;
                }
                made.map(|()| Left::Nothing)
            }
            TaskKind::Erase => erasure::go_on(self, &scope, deadline).await,
        }
    }
}
