//! Each function's own binary, from the start of its process to its first answer, with the services behind
//! TLS as AWS has them.

use std::collections::BTreeMap;
use std::ffi::OsString;
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
use crate::tls::{Authority, Front};
use crate::world::{ORG, World};
use crate::{Result, median, millis};

/// How the figures come about, for a reader of the table.
pub const METHOD: &str = "\
From the start of the process to its first answer at a stub of Lambda's Runtime API; *ready* is when it asks for its \
first event, *CPU* what it used until it answered. Medians of starts by turns. The services are the embedded ones behind TLS on loopback, with a certificate \
made for this run. The functions trust its authority alone (`AWS_CA_BUNDLE`), in place of Amazon's five roots. *naive* \
is what one writes on the first day: `aws_config::load_defaults`, default features, one GetItem, AWS-LC as it comes; \
it trusts what this machine trusts and that authority (`SSL_CERT_FILE`).";

/// How often each is started; the median counts.
const RUNS: usize = 25;
const NAIVE: &str = "naive";

/// One start.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Until it asked for its first event.
    pub initialised: Duration,
    /// Until the answer to it was here.
    pub answered: Duration,
    /// The CPU time that it used for it: less at the mercy of what else the machine does.
    pub cpu: Duration,
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
    /// How many times as long as the naive function's its first answer takes.
    pub ratio: f64,
}

/// What is started.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// The folder of the functions: `<name>/bootstrap` each, as `make build` makes them, or `<name>`.
    pub functions: PathBuf,
    /// The function that they are compared with.
    pub naive: PathBuf,
}

impl Binaries {
    fn of(&self, name: &str) -> PathBuf {
        let file = self.functions.join(name);
        match name {
            NAIVE => self.naive.clone(),
            _ if file.is_dir() => file.join("bootstrap"),
            _ => file,
        }
    }
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
pub async fn measure(
    binaries: &Binaries,
    platform: &Platform,
    world: &World,
) -> Result<Vec<Measured>> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let services = Services::start(platform, folder.path()).await?;
    let environment = environment(platform, &services).await?;
    // The storefront twice: what needs no catalogue, and the first look at a catalogue of 200 products.
    let names = [
        (NAIVE, NAIVE),
        ("profile", "profile"),
        ("client-data", "client-data"),
        ("storefront", "storefront"),
        (CATALOGUE, "storefront"),
        ("crm", "crm"),
        ("changes", "changes"),
        ("notifications", "notifications"),
    ];
    let mut subjects = names.map(|(name, binary)| Subject {
        name,
        binary: binaries.of(binary),
        starts: Vec::new(),
    });
    // The first round brings the binaries into memory and does not count.
    for round in 0..=RUNS {
        for subject in &mut subjects {
            let event = events::typical(subject.name, round, platform, world).await?;
            let start = start(&subject.binary, &environment, event, &log).await;
            let start = start.map_err(|error| {
                let logged = fs::read_to_string(&log).unwrap_or_default();
                format!("{}: {error}\n{logged}", subject.name)
            })?;
            if round > 0 {
                subject.starts.push(start);
            }
        }
    }
    let naive = subjects[0].typical()?.answered;
    subjects
        .iter()
        .map(|subject| subject.measured(naive))
        .collect()
}

impl Subject {
    fn typical(&self) -> Result<Start> {
        Ok(Start {
            initialised: median(self.starts.iter().map(|start| start.initialised).collect())?,
            answered: median(self.starts.iter().map(|start| start.answered).collect())?,
            cpu: median(self.starts.iter().map(|start| start.cpu).collect())?,
            peak: median(self.starts.iter().map(|start| start.peak).collect())?,
        })
    }

    fn measured(&self, naive: Duration) -> Result<Measured> {
        let typical = self.typical()?;
        Ok(Measured {
            name: self.name,
            size: fs::metadata(&self.binary)?.len(),
            typical,
            ratio: typical.answered.as_secs_f64() / naive.as_secs_f64(),
        })
    }
}

impl Measured {
    /// Whether it is what the others are compared with.
    pub fn is_naive(&self) -> bool {
        self.name == NAIVE
    }

    /// The functions, for Markdown.
    #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
    pub fn table(all: &[Self]) -> Table {
        let mut table = Table::new(&[
            "function",
            "binary MB",
            "ready ms",
            "first answer ms",
            "CPU ms",
            "× naive",
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
                figure(millis(typical.cpu)),
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
    environment: &BTreeMap<String, OsString>,
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
    let (cpu, peak) = (process.cpu_of_threads()?, process.memory()?.peak);
    succeeded(&answer.body)?;
    Ok(Start {
        initialised: answer.asked - started,
        answered: answer.answered - started,
        cpu,
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

/// The embedded services behind TLS.
struct Services {
    /// By the variable that names their endpoint.
    fronts: Vec<(String, Front)>,
    /// A file with the certificate of their authority.
    authority: PathBuf,
    /// The same, and what else this machine trusts.
    all_roots: PathBuf,
}

impl Services {
    async fn start(platform: &Platform, folder: &Path) -> Result<Self> {
        let authority = Authority::new()?;
        let (alone, among) = (folder.join("authority.pem"), folder.join("roots.pem"));
        authority.write_alone(&alone)?;
        authority.write_among_the_machines(&among)?;
        let mut fronts = Vec::new();
        for (variable, url) in platform.environment() {
            if variable.starts_with("AWS_ENDPOINT_URL_") {
                fronts.push((variable.clone(), authority.front(url).await?));
            }
        }
        Ok(Self {
            fronts,
            authority: alone,
            all_roots: among,
        })
    }
}

/// What `template.yaml` and Lambda put into the functions' environment, for the embedded services.
async fn environment(
    platform: &Platform,
    services: &Services,
) -> Result<BTreeMap<String, OsString>> {
    let mut environment: BTreeMap<String, OsString> = BTreeMap::new();
    for (name, value) in platform.environment() {
        environment.insert(name.clone(), value.into());
    }
    for (variable, front) in &services.fronts {
        environment.insert(variable.clone(), front.url().into());
    }
    for (name, value) in [
        ("PORTICO_TABLE", platform.table().await?.into()),
        ("PORTICO_KEYRING_SECRET", "portico/keyring".into()),
        (
            "PORTICO_JOBS_QUEUE_URL",
            platform.jobs_queue().await?.into(),
        ),
        ("PORTICO_MAIL_FROM", "bench@bench.example".into()),
        ("AWS_CA_BUNDLE", services.authority.clone().into()),
        // The naive function's: its roots, and the org's settings, which the others read first, too.
        ("SSL_CERT_FILE", services.all_roots.clone().into()),
        ("NAIVE_PK", format!("{ORG}#ORG").into()),
        ("NAIVE_SK", "CONFIG".into()),
    ] {
        environment.insert(name.to_owned(), value);
    }
    Ok(environment)
}
