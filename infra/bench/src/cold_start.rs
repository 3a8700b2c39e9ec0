//! Each function's own binary, from the start of its process to its first answer.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use crate::events::{self, CATALOGUE};
use crate::platform::Platform;
use crate::process::{Process, megabytes};
use crate::report::{Table, figure};
use crate::runtime_api::RuntimeApi;
use crate::world::{ORG, World};
use crate::{Result, median, millis};

/// How often each is started; the median counts.
const RUNS: usize = 15;
const HELLO: &str = "hello";

/// One start.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Until it asked for its first event.
    pub initialised: Duration,
    /// Until the answer to it was here.
    pub answered: Duration,
    /// The most memory that it held, in KiB.
    pub peak: u64,
}

/// A function's starts.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The name of its binary.
    pub name: &'static str,
    /// The size of its binary, in bytes.
    pub size: u64,
    /// The medians of its starts, each figure for itself.
    pub typical: Start,
    /// How many times as long as `hello`'s its first answer takes.
    pub ratio: f64,
}

struct Subject {
    name: &'static str,
    binary: PathBuf,
    starts: Vec<Start>,
}

/// Starts every function by turns, so that what else the machine does meets all of them alike.
///
/// # Errors
///
/// When a binary is missing or a function fails; then with what it logged.
pub async fn measure(binaries: &Path, platform: &Platform, world: &World) -> Result<Vec<Measured>> {
    let environment = environment(platform).await?;
    let log = tempfile::NamedTempFile::new()?;
    // The storefront twice: what needs no catalogue, and the first look at a catalogue of 200 products.
    let names = [
        (HELLO, HELLO),
        ("profile", "profile"),
        ("client-data", "client-data"),
        ("storefront", "storefront"),
        (CATALOGUE, "storefront"),
        ("changes", "changes"),
        ("notifications", "notifications"),
    ];
    let mut subjects = names.map(|(name, binary)| Subject {
        name,
        binary: binaries.join(binary),
        starts: Vec::new(),
    });
    // The first round brings the binaries into memory and does not count.
    for round in 0..=RUNS {
        for subject in &mut subjects {
            let event = events::typical(subject.name, round, platform, world).await?;
            let start = start(&subject.binary, &environment, event, log.path()).await;
            let start = start.map_err(|error| {
                let logged = fs::read_to_string(log.path()).unwrap_or_default();
                format!("{}: {error}\n{logged}", subject.name)
            })?;
            if round > 0 {
                subject.starts.push(start);
            }
        }
    }
    let hello = subjects[0].typical()?.answered;
    subjects
        .iter()
        .map(|subject| subject.measured(hello))
        .collect()
}

impl Subject {
    fn typical(&self) -> Result<Start> {
        Ok(Start {
            initialised: median(self.starts.iter().map(|start| start.initialised).collect())?,
            answered: median(self.starts.iter().map(|start| start.answered).collect())?,
            peak: median(self.starts.iter().map(|start| start.peak).collect())?,
        })
    }

    fn measured(&self, hello: Duration) -> Result<Measured> {
        let typical = self.typical()?;
        Ok(Measured {
            name: self.name,
            size: fs::metadata(&self.binary)?.len(),
            typical,
            ratio: typical.answered.as_secs_f64() / hello.as_secs_f64(),
        })
    }
}

impl Measured {
    /// Whether it is what the others are compared with.
    pub fn is_hello(&self) -> bool {
        self.name == HELLO
    }

    /// The functions, for Markdown.
    #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
    pub fn table(all: &[Self]) -> Table {
        let mut table = Table::new(&[
            "function",
            "binary MB",
            "initialised ms",
            "first answer ms",
            "× hello",
            "peak MB",
        ]);
        for Self {
            name,
            size,
            typical,
            ratio,
        } in all
        {
            table.row([
                (*name).to_owned(),
                figure(*size as f64 / 1e6),
                figure(millis(typical.initialised)),
                figure(millis(typical.answered)),
                figure(*ratio),
                figure(megabytes(typical.peak)),
            ]);
        }
        table
    }
}

/// Starts a function with an event waiting for it, and ends it when it has answered.
///
/// # Errors
///
/// When it does not answer, or with anything but success.
pub async fn start(
    binary: &Path,
    environment: &BTreeMap<String, String>,
    event: Bytes,
    log: &Path,
) -> Result<Start> {
    let mut api = RuntimeApi::start().await?;
    api.send(event);
    let log = File::create(log)?;
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(environment)
        .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let started = Instant::now();
    let mut process = Process::spawn(&mut command)?;
    let answer = tokio::select! {
        answer = api.answer() => answer?,
        ended = ended(&mut process) => return Err(ended),
    };
    let peak = process.memory()?.peak;
    succeeded(&answer.body)?;
    Ok(Start {
        initialised: answer.asked - started,
        answered: answer.answered - started,
        peak,
    })
}

/// Returns when the process ends before its time.
async fn ended(process: &mut Process) -> crate::Error {
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        match process.ended() {
            Ok(None) => {}
            Ok(Some(status)) => return format!("it ended with {status}").into(),
            Err(error) => return error.into(),
        }
    }
}

/// A 200, or a batch without failures.
fn succeeded(reply: &[u8]) -> Result<()> {
    let reply: Value = serde_json::from_slice(reply)?;
    let no_failures = reply["batchItemFailures"]
        .as_array()
        .is_some_and(Vec::is_empty);
    if reply["statusCode"] == 200 || no_failures {
        Ok(())
    } else {
        Err(format!("it answered {reply}").into())
    }
}

/// What `template.yaml` and Lambda put into the functions' environment, for the embedded services.
async fn environment(platform: &Platform) -> Result<BTreeMap<String, String>> {
    let mut environment = platform.environment().clone();
    for (name, value) in [
        ("PORTICO_TABLE", platform.table().await?),
        ("PORTICO_KEYRING_SECRET", "portico/keyring".to_owned()),
        ("PORTICO_JOBS_QUEUE_URL", platform.jobs_queue().await?),
        ("PORTICO_MAIL_FROM", "bench@bench.example".to_owned()),
        // The org's settings: what the functions read first, too.
        ("HELLO_PK", format!("{ORG}#ORG")),
        ("HELLO_SK", "CONFIG".to_owned()),
    ] {
        environment.insert(name.to_owned(), value);
    }
    Ok(environment)
}
