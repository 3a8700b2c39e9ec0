//! The AWS services that the functions use, on loopback, by their real wire protocols.

mod dynamodb;
mod function_environment;
mod s3;
mod secrets;
mod ses;
mod sns;
mod sqs;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use dynoxide::Database;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use self::sqs::{Outgoing, Queue, Received, Sqs, md5_hex};
use crate::data_dir::DataDir;
use crate::error::StartError;
use crate::net::{self, Shutdown};
use crate::options::Options;
use crate::outbox::Outbox;
use crate::template::{KEY_RING, Template};

/// The region of everything here.
pub(crate) const REGION: &str = "us-east-1";
/// The account of everything here.
pub(crate) const ACCOUNT: &str = "000000000000";
/// Access key and secret key. S3 checks signatures with them, the others take any.
pub(crate) const CREDENTIAL: &str = "local";

/// Where the embedded services answer, and what they hold.
///
/// An S3 client must use path-style addresses.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `http://127.0.0.1:<port>`, like the others.
    pub dynamodb: String,
    /// S3.
    pub s3: String,
    /// SQS.
    pub sqs: String,
    /// SES, version 2 of its API.
    pub ses: String,
    /// SNS, for text messages.
    pub sns: String,
    /// Secrets Manager.
    pub secrets: String,
    /// Queue URLs by the template's logical id, for example `JobsQueue`.
    pub queue_urls: BTreeMap<String, String>,
    /// Name of the table.
    pub table: String,
    /// Name of the bucket.
    pub bucket: String,
    /// `SecretId` of the key ring.
    pub key_ring: String,
}

impl Endpoints {
    /// The variables that make any AWS client, and SAM, talk to these services.
    pub fn environment(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_S3", &self.s3),
            ("AWS_ENDPOINT_URL_SQS", &self.sqs),
            ("AWS_ENDPOINT_URL_SESV2", &self.ses),
            ("AWS_ENDPOINT_URL_SNS", &self.sns),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &self.secrets),
            ("PORTICO_TABLE", &self.table),
            ("PORTICO_KEYRING_SECRET", &self.key_ring),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", CREDENTIAL),
            ("AWS_SECRET_ACCESS_KEY", CREDENTIAL),
        ]
    }
}

/// The running services. Dropping it closes their ports.
pub struct EmbeddedAws {
    endpoints: Endpoints,
    database: Database,
    sqs: Arc<Sqs>,
    outbox: Outbox,
    template: Template,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    data: DataDir,
}

impl fmt::Debug for EmbeddedAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedAws")
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

impl EmbeddedAws {
    /// Opens the data folder, creates what the template names and is missing, and listens. To be
    /// called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`], when the folder, a port or a service cannot be had.
    pub fn start(options: &Options, template: &Template) -> Result<Self, StartError> {
        let data = DataDir::open(options.data_dir.as_deref())?;
        let listen = |offset: u16| -> Result<_, StartError> {
            let listener = net::bind(options.aws_port.map(|first| first.saturating_add(offset)))?;
            let url = net::url(&listener).map_err(|error| StartError::service("network", error))?;
            Ok((listener, url))
        };
        let (dynamodb_port, dynamodb) = listen(0)?;
        let (s3_port, s3) = listen(1)?;
        let (queue_port, queue_endpoint) = listen(2)?;
        let (mail_port, mail_endpoint) = listen(3)?;
        let (secret_port, secrets) = listen(4)?;
        let (message_port, sns) = listen(5)?;

        let database_file = data.file("dynamodb.sqlite");
        let database = dynamodb::open(&database_file, &template.table)?;
        let s3_service = s3::open(&data, &template.bucket)?;
        let s3_router = s3::router(s3_service, &template.cors);
        let sqs = Sqs::open(&data.file("sqs.sqlite"), &queue_endpoint, &template.queues);
        let sqs = Arc::new(sqs.map_err(|error| StartError::service("SQS", error))?);
        let outbox = Outbox::open(&data)?;
        let key_ring = secrets::key_ring(&data, &template.key_ring)?;

        let (stop, shutdown) = Shutdown::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(dynamodb::serve(
            dynamodb_port,
            database.clone(),
            shutdown.clone(),
        ));
        tasks.spawn(dynamodb::housekeeping(
            database.clone(),
            database_file,
            shutdown.clone(),
        ));
        tasks.spawn(net::serve_router(s3_port, s3_router, shutdown.clone()));
        tasks.spawn(net::serve_router(
            queue_port,
            sqs::router(Arc::clone(&sqs)),
            shutdown.clone(),
        ));
        tasks.spawn(net::serve_router(
            mail_port,
            ses::router(outbox.clone()),
            shutdown.clone(),
        ));
        tasks.spawn(net::serve_router(
            message_port,
            sns::router(outbox.clone()),
            shutdown.clone(),
        ));
        tasks.spawn(net::serve_router(
            secret_port,
            secrets::router(key_ring),
            shutdown,
        ));

        let queue_urls = sqs
            .queues()
            .iter()
            .map(|queue| (queue.spec.logical_id.clone(), queue.url.clone()))
            .collect();
        let endpoints = Endpoints {
            dynamodb,
            s3,
            sqs: queue_endpoint,
            ses: mail_endpoint,
            sns,
            secrets,
            queue_urls,
            table: template.table.name.clone(),
            bucket: template.bucket.clone(),
            key_ring: KEY_RING.to_owned(),
        };
        function_environment::write_for_sam(&data.file("sam-env.json"), template, &endpoints)?;
        Ok(Self {
            endpoints,
            database,
            sqs,
            outbox,
            template: template.clone(),
            stop,
            tasks,
            data,
        })
    }

    /// Where the services answer.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// What the template declares for a function's environment, with the values that lead here.
    ///
    /// # Errors
    ///
    /// When the template has no such function, or a variable refers to what is not served here.
    pub fn function_environment(&self, name: &str) -> Result<BTreeMap<String, String>, String> {
        let function = self.template.functions.get(name);
        let function = function.ok_or_else(|| format!("there is no function {name}"))?;
        function_environment::of(function, &self.template, &self.endpoints)
    }

    /// The database behind the DynamoDB endpoint.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What SES was given to send.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn sqs(&self) -> &Arc<Sqs> {
        &self.sqs
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// The folder with everything that outlives a start.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn data(&self) -> &DataDir {
        &self.data
    }

    /// Stops listening, lets open requests finish and closes the files.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        let stopped = async { while self.tasks.join_next().await.is_some() {} };
        // A client that never finishes its request must not hold the process.
        let _ = tokio::time::timeout(net::DRAIN * 2, stopped).await;
    }
}
