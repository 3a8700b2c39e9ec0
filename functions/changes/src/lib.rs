//! The table's stream is the outbox: what was written is announced from here, and nothing is written
//! twice to be announced.
//!
//! Every record may come more than once. What is done about it is the same each time: the dashboard is
//! made anew from what there is, and a job carries the id of its event.

mod events;

use std::collections::HashMap;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use portico_shared::aws::Aws;
use portico_shared::domain::dashboard;
use portico_shared::error::Result;
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

    /// Handles a batch of records. Those from the first that failed on come again.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        if let Some((sequence, error)) = self.first_failure(event).await {
            tracing::error!(%error, "stream batch failed");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(sequence);
            response.batch_item_failures.push(failure);
        }
        response
    }

    async fn first_failure(&self, event: Event) -> Option<(String, portico_shared::error::Error)> {
        let mut jobs: Vec<Job> = Vec::new();
        // Where each customer was first heard of: their dashboard is made anew once for the batch.
        let mut customers: HashMap<CustomerScope, String> = HashMap::new();
        let mut first = None;
        for record in event.records {
            let sequence = record.change.sequence_number.clone().unwrap_or_default();
            first.get_or_insert_with(|| sequence.clone());
            let Some(change) = change_of(record) else {
                continue;
            };
            jobs.extend(events::jobs(&change));
            if let Some(customer) = change.customer()
                && events::moves_dashboard(&change)
            {
                customers.entry(customer.clone()).or_insert(sequence);
            }
        }
        if let Err(error) = self.queue.send(&jobs).await {
            return first.map(|sequence| (sequence, error));
        }
        let mut failed = Vec::new();
        for (customer, sequence) in customers {
            let org = Some(customer.org().clone());
            let made = on_behalf_of(org, dashboard::recompute(&self.store, &customer)).await;
            if let Err(error) = made {
                failed.push((sequence, error));
            }
        }
        // Sequence numbers are numbers of up to 40 digits without leading zeros.
        failed
            .into_iter()
            .min_by_key(|(sequence, _)| (sequence.len(), sequence.clone()))
    }
}

fn change_of(record: EventRecord) -> Option<Change> {
    let change = record.change;
    Change::of(change.keys, change.old_image, change.new_image)
}
