//! The table's stream is the outbox: what was written is announced from here, and nothing is written
//! twice to be announced.
//!
//! Every record may come more than once. What is done about it is the same each time: what it touched on the
//! dashboard is counted anew from what there is, and a job carries the id of its event.

mod devices;
mod events;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use devices::Devices;
use lambda_runtime::LambdaEvent;
use portico_shared::aws::Aws;
use portico_shared::deadline::Deadline;
use portico_shared::domain::dashboard::{self, Touched};
use portico_shared::domain::privacy::Task;
use portico_shared::error::{Error, Result};
use portico_shared::queue::{Job, Queue};
use portico_shared::store::{Change, CustomerScope, Store, on_behalf_of};

/// The function's state.
#[derive(Clone)]
pub struct Changes {
    store: Store,
    jobs: Queue,
    privacy: Queue,
}

impl Changes {
    /// With this table, and these queues for notifications and for the work on whole accounts.
    pub fn new(store: Store, jobs: Queue, privacy: Queue) -> Self {
        Self {
            store,
            jobs,
            privacy,
        }
    }

    /// From the environment that `template.yaml` sets.
    pub fn from_env() -> Result<Self> {
        let aws = Aws::from_env()?;
        let privacy = Queue::named_by(&aws, "PORTICO_PRIVACY_QUEUE_URL")?;
        Ok(Self::new(
            Store::from_env(&aws),
            Queue::from_env(&aws)?,
            privacy,
        ))
    }

    /// Handles a batch of records. Those from the first that failed on come again, and so do those that
    /// the invocation leaves no time for.
    pub async fn handle(&self, event: LambdaEvent<Event>) -> DynamoDbEventResponse {
        let deadline = Deadline::of_invocation(event.context.deadline);
        let mut response = DynamoDbEventResponse::default();
        let failure = Box::pin(self.first_failure(event.payload, deadline)).await;
        if let Some((sequence, error)) = failure {
            tracing::error!(%error, "stream batch failed");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(sequence);
            response.batch_item_failures.push(failure);
        }
        response
    }

    async fn first_failure(&self, event: Event, deadline: Deadline) -> Option<(String, Error)> {
        let mut jobs: Vec<Job> = Vec::new();
        let mut tasks: Vec<Task> = Vec::new();
        // A customer's dashboard is written once for the batch, where they were first heard of.
        let mut dashboards: Vec<(CustomerScope, Vec<Touched>, usize)> = Vec::new();
        let mut devices = Devices::default();
        let mut sequences = Vec::new();
        for (place, record) in event.records.into_iter().enumerate() {
            sequences.push(record.change.sequence_number.clone().unwrap_or_default());
            let Some(change) = change_of(record) else {
                continue;
            };
            jobs.extend(events::jobs(&change));
            tasks.extend(events::privacy::task(&change));
            if devices::opens_session(&change) {
                let noted = devices.job(&self.store, &change, place);
                match deadline.begin(Box::pin(noted)).await {
                    Ok(job) => jobs.extend(job),
                    Err(error) => return Some((sequences.swap_remove(0), error)),
                }
            }
            let Some((customer, row)) = change.customer().zip(dashboard::touched(&change)) else {
                continue;
            };
            match dashboards.iter_mut().find(|(known, ..)| known == customer) {
                Some((_, rows, _)) => rows.push(row),
                None => dashboards.push((customer.clone(), vec![row], place)),
            }
        }
        let send = async {
            self.jobs.send(&jobs).await?;
            self.privacy.send(&tasks).await
        };
        if let Err(error) = deadline.begin(Box::pin(send)).await {
            let first = sequences.into_iter().next();
            return first.map(|sequence| (sequence, error));
        }
        // In the order of the stream, so that what is done when the time is over need not come again.
        let mut failed: Option<(usize, Error)> = None;
        for (customer, rows, place) in dashboards {
            let org = Some(customer.org().clone());
            let refreshed = on_behalf_of(org, dashboard::refresh(&self.store, &customer, &rows));
            if let Err(error) = deadline.begin(Box::pin(refreshed)).await {
                failed.get_or_insert((place, error));
            }
        }
        for (customer, devices, place) in devices.changed() {
            let org = Some(customer.org().clone());
            let saved = on_behalf_of(org, devices.save(&self.store, &customer));
            if let Err(error) = deadline.begin(Box::pin(saved)).await {
                failed = failed
                    .filter(|(first, _)| *first < place)
                    .or(Some((place, error)));
            }
        }
        failed.map(|(place, error)| (sequences.swap_remove(place), error))
    }
}

fn change_of(record: EventRecord) -> Option<Change> {
    let change = record.change;
    Change::of(change.keys, change.old_image, change.new_image)
}
