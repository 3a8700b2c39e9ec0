//! Which code serves which function, and what goes with it: the API document and the demo sign-ins.

use lambda_http::LambdaEvent;
use portico_changes::Changes;
use portico_cli::demo;
use portico_notifications::Notifications;
use portico_privacy::Privacy;
use portico_shared::auth::KeyRing;
use portico_shared::aws::{Aws, Endpoints as AwsEndpoints};
use portico_shared::files::Files;
use portico_shared::http::{App, Edge};
use portico_shared::queue::Queue;
use portico_shared::store::Store;
use portico_shared::vendors::Vendors;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::aws::{EmbeddedAws, Endpoints};
use crate::registry::{EventFn, Function, Functions};

/// Where mail comes from here.
const MAIL_FROM: &str = "portico@localhost.example";

/// What the functions are built from: clients of the embedded services and the key ring.
#[derive(Clone)]
pub struct Parts {
    /// The clients' settings.
    pub aws: Aws,
    /// The table.
    pub store: Store,
    /// The keys.
    pub ring: KeyRing,
    edge: Edge,
    vendors: Vendors,
    endpoints: Endpoints,
    settles: Option<i64>,
}

/// The clients' settings for the embedded services.
pub fn aws(endpoints: &Endpoints) -> Aws {
    Aws::local(AwsEndpoints {
        dynamodb: Some(endpoints.dynamodb.clone()),
        s3: Some(endpoints.s3.clone()),
        sqs: Some(endpoints.sqs.clone()),
        sesv2: Some(endpoints.ses.clone()),
        sns: Some(endpoints.sns.clone()),
        secrets_manager: Some(endpoints.secrets.clone()),
        sts: None,
    })
}

impl Parts {
    /// Connects to the embedded services as a function does to AWS.
    ///
    /// # Errors
    ///
    /// A line that says what could not be had.
    pub async fn connect(embedded: &EmbeddedAws) -> Result<Self, String> {
        let endpoints = embedded.endpoints();
        let aws = aws(endpoints);
        let ring = KeyRing::from_secrets_manager(&aws)
            .await
            .map_err(|error| error.to_string())?;
        let store = Store::new(&aws, &endpoints.table);
        Ok(Self {
            aws,
            store,
            ring,
            edge: Edge::default(),
            vendors: Vendors::default(),
            endpoints: endpoints.clone(),
            settles: None,
        })
    }

    /// The same with other clients: a test puts faults between the functions and the table.
    #[must_use]
    pub fn with_aws(self, aws: Aws) -> Self {
        let store = Store::new(&aws, &self.endpoints.table);
        Self { aws, store, ..self }
    }

    /// The same behind an edge: a test goes around it.
    #[must_use]
    pub fn behind(self, edge: Edge) -> Self {
        Self { edge, ..self }
    }

    /// The same with vendors that answer elsewhere: a test plays them.
    #[must_use]
    pub fn with_vendors(self, vendors: Vendors) -> Self {
        Self { vendors, ..self }
    }

    /// Where the embedded services answer.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The same on another table, which these clients reach.
    #[must_use]
    pub fn with_table(mut self, aws: Aws, table: String) -> Self {
        self.endpoints.table = table;
        self.with_aws(aws)
    }

    /// Loads the demo data, unless the table has it.
    ///
    /// # Errors
    ///
    /// A line that says what could not be loaded.
    pub async fn seed_once(&self) -> Result<(), String> {
        let there = demo::is_seeded(&self.store).await;
        if there.map_err(|error| error.to_string())? {
            return Ok(());
        }
        let seeded = Box::pin(demo::seed(&self.aws, &self.endpoints.table, &self.ring)).await;
        seeded.map_err(|error| error.to_string())
    }

    /// The state of an HTTP function. Every one has its own, as every Lambda function does.
    pub fn app(&self) -> App {
        let (edge, store) = (self.edge.clone(), self.store.clone());
        let files = Files::new(&self.aws, &self.endpoints.bucket);
        App::behind(edge, store, files, self.ring.clone(), true).with_vendors(self.vendors.clone())
    }

    /// The consumer of the table's stream.
    ///
    /// # Errors
    ///
    /// When the template has no queue for jobs.
    pub fn changes(&self) -> Result<Changes, String> {
        let (jobs, privacy) = (self.queue("JobsQueue")?, self.queue("PrivacyQueue")?);
        Ok(Changes::new(self.store.clone(), jobs, privacy))
    }

    fn queue(&self, name: &str) -> Result<Queue, String> {
        let url = self.endpoints.queue_urls.get(name);
        let url = url.ok_or_else(|| format!("the template has no {name}"))?;
        Ok(Queue::new(&self.aws, url))
    }

    /// The worker on whole accounts.
    ///
    /// # Errors
    ///
    /// When the template has no queue for it.
    pub fn privacy(&self) -> Result<Privacy, String> {
        let files = Files::new(&self.aws, &self.endpoints.bucket);
        let queue = self.queue("PrivacyQueue")?;
        let privacy = Privacy::new(self.store.clone(), files, queue, self.ring.clone())
            .with_vendors(self.vendors.clone());
        Ok(match self.settles {
            Some(seconds) => privacy.settling_in(seconds),
            None => privacy,
        })
    }

    /// The same with erasures that settle in so many seconds: see [`Privacy::settling_in`].
    #[must_use]
    pub fn settling_in(self, seconds: i64) -> Self {
        Self {
            settles: Some(seconds),
            ..self
        }
    }

    /// The consumer of the job queue.
    pub fn notifications(&self) -> Notifications {
        Notifications::new(&self.aws, self.store.clone(), self.ring.clone(), MAIL_FROM)
    }

    /// Every function, by its name in the template.
    ///
    /// # Errors
    ///
    /// A line that says which function could not be built.
    pub fn functions(&self) -> Result<Functions, String> {
        let (changes, notifications) = (self.changes()?, self.notifications());
        let stream = events(move |event| {
            let changes = changes.clone();
            async move { changes.handle(event).await }
        });
        let jobs = events(move |event| {
            let notifications = notifications.clone();
            async move { notifications.handle(event).await }
        });
        let privacy = self.privacy()?;
        let tasks = events(move |event| {
            let privacy = privacy.clone();
            async move { privacy.handle(event).await }
        });
        Ok(Functions::from([
            (
                "profile".to_owned(),
                Function::Http(portico_profile::router(self.app())),
            ),
            (
                "client-data".to_owned(),
                Function::Http(portico_client_data::router(self.app())),
            ),
            (
                "storefront".to_owned(),
                Function::Http(portico_storefront::router(self.app())),
            ),
            (
                "crm".to_owned(),
                Function::Http(portico_crm::router(self.app())),
            ),
            ("changes".to_owned(), Function::Events(stream)),
            ("notifications".to_owned(), Function::Events(jobs)),
            ("privacy".to_owned(), Function::Events(tasks)),
        ]))
    }
}

/// A function that takes events, behind the JSON that Lambda hands it.
fn events<E, R, F>(handle: impl Fn(LambdaEvent<E>) -> F + Send + Sync + 'static) -> EventFn
where
    E: DeserializeOwned,
    R: Serialize,
    F: Future<Output = R> + Send + 'static,
{
    std::sync::Arc::new(move |event: LambdaEvent<Value>| {
        let LambdaEvent { payload, context } = event;
        let handled = serde_json::from_value(payload)
            .map(|payload| handle(LambdaEvent::new(payload, context)));
        Box::pin(async move {
            let response = handled.map_err(|error| error.to_string())?.await;
            serde_json::to_value(response).map_err(|error| error.to_string())
        })
    })
}
