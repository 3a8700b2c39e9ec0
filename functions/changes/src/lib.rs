//! The table's stream is the outbox: what was written is announced from here, and nothing is written
//! twice to be announced.
//!
//! Every record may come more than once. What is done about it is the same each time: the dashboard is
//! made anew from what there is, and a job carries the id of its event.

mod devices;
mod events;

use std::collections::HashSet;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use devices::Devices;
use lambda_runtime::LambdaEvent;
use portico_shared::aws::Aws;
use portico_shared::deadline::Deadline;
use portico_shared::domain::dashboard;
use portico_shared::error::{Error, Result};
use portico_shared::queue::{Job, Queue};
use portico_shared::store::{Change, CustomerScope, Store, on_behalf_of};

/// The function's state.
#[derive(Clone)]
pub struct Changes {
    store: Store,
    queue: Queue,
}

impl Changes {
    /// With this table and this queue.
    pub fn new(store: Store, queue: Queue) -> Self {
        Self { store, queue }
    }

    /// From the environment that `template.yaml` sets.
    pub fn from_env() -> Result<Self> {
        let aws = Aws::from_env()?;
        Ok(Self::new(Store::from_env(&aws), Queue::from_env(&aws)?))
    }

    /// Handles a batch of records. Those from the first that failed on come again, and so do those that
    /// the invocation leaves no time for.
    pub async fn handle(&self, event: LambdaEvent<Event>) -> DynamoDbEventResponse {
        let deadline = Deadline::of_invocation(event.context.deadline);
        let mut response = DynamoDbEventResponse::default();
        if let Some((sequence, error)) = self.first_failure(event.payload, deadline).await {
            tracing::error!(%error, "stream batch failed");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(sequence);
            response.batch_item_failures.push(failure);
        }
        response
    }

    async fn first_failure(&self, event: Event, deadline: Deadline) -> Option<(String, Error)> {
        let mut jobs: Vec<Job> = Vec::new();
        // Where each customer was first heard of: their dashboard is made anew once for the batch.
        let mut customers: Vec<(CustomerScope, usize)> = Vec::new();
        let mut known = HashSet::new();
        let mut devices = Devices::default();
        let mut sequences = Vec::new();
        for (place, record) in event.records.into_iter().enumerate() {
            sequences.push(record.change.sequence_number.clone().unwrap_or_default());
            let Some(change) = change_of(record) else {
                continue;
            };
            jobs.extend(events::jobs(&change));
            if devices::opens_session(&change) {
                let noted = devices.job(&self.store, &change, place);
                match deadline.begin(Box::pin(noted)).await {
                    Ok(job) => jobs.extend(job),
                    Err(error) => return Some((sequences.swap_remove(0), error)),
                }
            }
            if let Some(customer) = change.customer()
                && events::moves_dashboard(&change)
                && known.insert(customer.clone())
            {
                customers.push((customer.clone(), place));
            }
        }
        if let Err(error) = deadline.begin(self.queue.send(&jobs)).await {
            let first = sequences.into_iter().next();
            return first.map(|sequence| (sequence, error));
        }
        // In the order of the stream, so that what is done when the time is over need not come again.
        let mut failed: Option<(usize, Error)> = None;
        for (customer, place) in customers {
            let org = Some(customer.org().clone());
            let recomputed = on_behalf_of(org, dashboard::recompute(&self.store, &customer));
            if let Err(error) = deadline.begin(Box::pin(recomputed)).await {
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
