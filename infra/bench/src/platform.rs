//! The local platform as a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use portico_shared::auth::KeyRing;
use portico_shared::aws::{Aws, Endpoints};
use portico_shared::store::Store;
use serde_json::{Value, json};

use crate::Result;
use crate::http::{Ask, ask_once, call_aws};
use crate::process::Process;

/// The last line that it prints once it serves.
const LAST: &str = "AWS_SECRET_ACCESS_KEY";

/// A running `portico-local`, on any free ports.
#[derive(Debug)]
pub struct Platform {
    /// The process.
    pub process: Process,
    address: String,
    environment: BTreeMap<String, String>,
    /// Kept open: it may print more.
    _stdout: BufReader<ChildStdout>,
}

impl Platform {
    /// Starts `binary` with its data in `data`, and waits until it says that it serves. The working
    /// directory must have its `template.yaml`.
    ///
    /// # Errors
    ///
    /// When it ends instead; its own line about that goes to standard error.
    pub fn start(binary: &Path, data: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["--port", "0", "--data-dir"]).arg(data);
        command
            .env_remove("AWS_PORT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = Process::spawn(&mut command)?;
        let mut stdout = BufReader::new(process.stdout().ok_or("standard output is not piped")?);
        let mut address = None;
        let mut environment = BTreeMap::new();
        while !environment.contains_key(LAST) {
            let mut line = String::new();
            if stdout.read_line(&mut line)? == 0 {
                return Err("portico-local ended before it served".into());
            }
            let line = line.trim_end();
            if let Some(url) = line.strip_prefix("API ") {
                address = Some(url.trim().trim_start_matches("http://").to_owned());
            } else if let Some((name, value)) = line.split_once('=')
                && name.starts_with("AWS_")
            {
                environment.insert(name.to_owned(), value.to_owned());
            }
        }
        let address = address.ok_or("portico-local did not say where it serves")?;
        Ok(Self {
            process,
            address,
            environment,
            _stdout: stdout,
        })
    }

    /// `127.0.0.1:<port>` of the HTTP API.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The variables that it prints, for AWS clients.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    fn endpoint(&self, service: &str) -> Option<String> {
        self.environment
            .get(&format!("AWS_ENDPOINT_URL_{service}"))
            .cloned()
    }

    /// Where its DynamoDB answers.
    ///
    /// # Errors
    ///
    /// When it did not say.
    pub fn dynamodb(&self) -> Result<String> {
        let url = self.endpoint("DYNAMODB");
        url.ok_or_else(|| "DynamoDB has no endpoint".into())
    }

    /// Clients' settings for its embedded services.
    pub fn aws(&self) -> Aws {
        Aws::local(Endpoints {
            dynamodb: self.endpoint("DYNAMODB"),
            s3: self.endpoint("S3"),
            sqs: self.endpoint("SQS"),
            sesv2: self.endpoint("SESV2"),
            sns: self.endpoint("SNS"),
            secrets_manager: self.endpoint("SECRETS_MANAGER"),
            sts: None,
        })
    }

    /// Its table.
    ///
    /// # Errors
    ///
    /// When it does not say which.
    pub async fn store(&self) -> Result<Store> {
        Ok(Store::new(&self.aws(), self.table().await?))
    }

    /// Its keys.
    ///
    /// # Errors
    ///
    /// When it does not give them.
    pub async fn ring(&self) -> Result<KeyRing> {
        Ok(KeyRing::from_secrets_manager(&self.aws()).await?)
    }

    async fn status(&self) -> Result<Value> {
        ask_once(&self.address, &Ask::get("/_local/status")).await
    }

    /// The name of its table.
    ///
    /// # Errors
    ///
    /// When it does not say.
    pub async fn table(&self) -> Result<String> {
        let status = self.status().await?;
        Ok(status["table"]
            .as_str()
            .ok_or("the status names no table")?
            .to_owned())
    }

    /// What is stored under a partition key and a sort key that begins with `prefix`: the first one,
    /// as DynamoDB writes it on the wire.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn item(&self, pk: &str, prefix: &str) -> Result<Value> {
        let url = self.dynamodb()?;
        let input = json!({
            "TableName": self.table().await?,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":sk": {"S": prefix}},
            "Limit": 1,
        });
        let mut found = call_aws(&url, "DynamoDB_20120810.Query", &input).await?;
        let item = found["Items"][0].take();
        if item.is_null() {
            return Err(format!("nothing is stored under {pk} {prefix}").into());
        }
        Ok(item)
    }

    /// Puts items into the table, as DynamoDB writes them on the wire.
    ///
    /// # Errors
    ///
    /// When it does not take them.
    pub async fn put_items(&self, items: &[Value]) -> Result<()> {
        let (url, table) = (self.dynamodb()?, self.table().await?);
        for part in items.chunks(25) {
            let puts = part
                .iter()
                .map(|item| json!({"PutRequest": {"Item": item}}));
            let input = json!({"RequestItems": {&table: puts.collect::<Vec<_>>()}});
            call_aws(&url, "DynamoDB_20120810.BatchWriteItem", &input).await?;
        }
        Ok(())
    }

    /// The URL of the queue of notification jobs: `JobsQueue` in the template.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn jobs_queue(&self) -> Result<String> {
        let url = self.endpoint("SQS").ok_or("SQS has no endpoint")?;
        let input = json!({ "QueueName": "portico-jobs-queue" });
        let output = call_aws(&url, "AmazonSQS.GetQueueUrl", &input).await?;
        Ok(output["QueueUrl"]
            .as_str()
            .ok_or("the queue has no URL")?
            .to_owned())
    }

    /// Waits until the functions behind the stream and the queue have done all that there is to do.
    ///
    /// # Errors
    ///
    /// When they have not after a minute.
    pub async fn settled(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let status = self.status().await?;
            let all = |member: &str| status[member].as_object().cloned().unwrap_or_default();
            let streams = all("streams").values().all(|lag| lag["records"] == 0);
            let queues = all("queues")
                .values()
                .all(|depth| depth["visible"] == 0 && depth["inFlight"] == 0);
            if streams && queues {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(
                    format!("the functions in the background do not get done: {status}").into(),
                );
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
