//! The job queue: each job becomes an in-app record and a mail. One-time codes and links become a mail or a
//! text message, and no record.
//!
//! A job may come more than once, and a function may stop anywhere in it. The record's id is derived from
//! the event, so there is one; the record says how far mail got, so a job that comes again goes on there.

mod codes;
mod mail;
mod messages;
mod recipient;
mod sms;

use std::env;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::LambdaEvent;
use portico_shared::auth::KeyRing;
use portico_shared::aws::Aws;
use portico_shared::clock;
use portico_shared::deadline::Deadline;
use portico_shared::domain::notification::{Delivery, KEPT_SECONDS, Notification};
use portico_shared::domain::org::OrgConfigs;
use portico_shared::domain::privacy::{self, Erasure, Told};
use portico_shared::error::{Error, Result};
use portico_shared::ids::NotificationId;
use portico_shared::queue::Job;
use portico_shared::store::{
    Condition, CustomerScope, Item, Key, Partition, Shopper, Store, StoreError, Update, Write,
    on_behalf_of,
};

use mail::Mailer;
use messages::{ERASED, Message};
use sms::Texter;

/// The function's state.
#[derive(Clone)]
pub struct Notifications {
    store: Store,
    mailer: Mailer,
    texter: Texter,
    ring: KeyRing,
    orgs: OrgConfigs,
}

impl Notifications {
    /// With this table, these keys, and mail from this address.
    pub fn new(aws: &Aws, store: Store, ring: KeyRing, mail_from: impl Into<String>) -> Self {
        Self {
            store,
            ring,
            mailer: Mailer::new(aws, mail_from.into()),
            texter: Texter::new(aws),
            orgs: OrgConfigs::default(),
        }
    }

    /// From the environment that `template.yaml` sets: `PORTICO_TABLE`, `PORTICO_KEYRING_SECRET`,
    /// `PORTICO_MAIL_FROM`. Reads the key ring, and opens the connection to the table.
    pub async fn from_env() -> Result<Self> {
        let aws = Aws::from_env()?;
        let from = env::var("PORTICO_MAIL_FROM");
        let from = from.map_err(|_| Error::Internal("PORTICO_MAIL_FROM is not set".to_owned()))?;
        let store = Store::from_env(&aws);
        let (ring, ()) = tokio::join!(KeyRing::from_secrets_manager(&aws), store.connect());
        let ring = ring.map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self::new(&aws, store, ring, from))
    }

    /// Handles a batch of jobs. Those that failed come again, and so do those that the invocation leaves
    /// no time for.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
        let deadline = Deadline::of_invocation(event.context.deadline);
        let mut response = SqsBatchResponse::default();
        for message in event.payload.records {
            let body = message.body.as_deref().unwrap_or_default();
            let handled = Box::pin(self.handle_one(body));
            if let Err(error) = deadline.begin(handled).await {
                tracing::error!(%error, message_id = message.message_id, "job failed");
                response.add_failure(message.message_id.unwrap_or_default());
            }
        }
        response
    }

    async fn handle_one(&self, body: &str) -> Result<()> {
        let job: Job = serde_json::from_str(body)
            .map_err(|error| Error::Internal(format!("a job that cannot be read: {error}")))?;
        // A job's future is large; boxed, the batch's is not.
        Box::pin(on_behalf_of(Some(job.orgid.clone()), self.tell(job))).await
    }

    async fn tell(&self, job: Job) -> Result<()> {
        if job.kind == "code.sent" {
            return self.deliver_code(&job).await;
        }
        let shopper = job
            .shopper()
            .ok_or_else(|| Error::Internal("a job for nobody".to_owned()))?;
        let org = self.orgs.get(&self.store, &job.orgid).await?;
        if let Shopper::Customer(customer) = &shopper
            && job.kind == ERASED
        {
            return self.confirm_erasure(job, customer, &org.name).await;
        }
        let Some(job) = recipient::addressed(&self.store, &shopper, job).await? else {
            return Ok(());
        };
        let Some(message) = Message::of(&job, &org.name) else {
            return Ok(());
        };

        let notification = record(&job, &message);
        let key = shopper.key(&Item::Notification(&notification.id));
        if self.claim(&key, &notification).await? == Delivery::Pending
            && let Some(email) = &job.recipient.email
        {
            self.mailer.send(email, &message).await?;
            let sent = Update::of::<Notification>().set("mail", &Delivery::Sent);
            self.store
                .write(Write::update(key, sent).when(Condition::Present))
                .await?;
        }
        Ok(())
    }

    /// Tells somebody that they are erased. Once it is sent, the address is forgotten.
    async fn confirm_erasure(
        &self,
        mut job: Job,
        customer: &CustomerScope,
        org: &str,
    ) -> Result<()> {
        let erasure = privacy::erasure(&self.store, customer).await?;
        let Some(told) = erasure.and_then(|erasure| erasure.tell) else {
            return Ok(());
        };
        job.recipient.name = told.name;
        if let Some(message) = Message::of(&job, org) {
            self.mailer.send(&told.email, &message).await?;
        }
        let forget = Update::of::<Erasure>().set("tell", &None::<Told>);
        let forget = Write::update(customer.key(&Item::Erasure), forget);
        self.store.write(forget.when(Condition::Present)).await?;
        Ok(())
    }

    /// Writes the record unless it is there, and tells how far its mail is.
    async fn claim(&self, key: &Key, notification: &Notification) -> Result<Delivery> {
        let write =
            Write::put(key.clone(), notification).expiring(clock::unix_seconds() + KEPT_SECONDS);
        match self.store.write(write.when(Condition::Absent)).await {
            Ok(_) => Ok(notification.mail),
            Err(StoreError::ConditionFailed(found)) => {
                let there = found.read::<Notification>()?;
                Ok(there.map_or(notification.mail, |there| there.entity.mail))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn record(job: &Job, message: &Message) -> Notification {
    Notification {
        id: NotificationId::derived_at(job.at, job.id.as_bytes()),
        event: job.kind.clone(),
        title: message.title.clone(),
        body: message.body.clone(),
        data: job.data.clone(),
        read: false,
        created_at: job.at,
        mail: if job.recipient.email.is_some() {
            Delivery::Pending
        } else {
            Delivery::None
        },
    }
}
