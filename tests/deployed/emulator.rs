//! Lambda's Runtime Interface Emulator, which the SAM CLI carries, as a process of its own.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portico_tests::{eventually, root};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::net::TcpStream;

use super::free_address;

/// A function, waiting for events. Dropping it ends its processes.
pub(super) struct Emulator {
    process: Child,
    address: String,
    log: NamedTempFile,
    client: reqwest::Client,
}

impl Emulator {
    /// Starts the executable of a function with nothing in its environment but this and what Lambda sets.
    pub(super) async fn start(function: &str, environment: &BTreeMap<String, String>) -> Self {
        let (address, runtime_api) = (free_address(), free_address());
        let log = NamedTempFile::new().expect("a file for the log");
        let output =
            |log: &NamedTempFile| -> File { log.reopen().expect("the log can be written") };
        let mut command = Command::new(emulator());
        command
            .args(["--log-level", "error"])
            // Without both it listens on every interface.
            .args(["--runtime-interface-emulator-address", &address])
            .args(["--runtime-api-address", &runtime_api])
            .arg(executable(function))
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .stdin(Stdio::null())
            .stdout(output(&log))
            .stderr(output(&log));
        let emulator = Self {
            process: command.spawn().expect("the emulator starts"),
            address,
            log,
            client: (reqwest::Client::builder().no_proxy().build()).expect("a client"),
        };
        eventually("the emulator listens", async || {
            TcpStream::connect(&emulator.address).await.ok()
        })
        .await;
        emulator
    }

    /// What the function replies; text with the log, if it fails instead.
    pub(super) async fn invoke(&self, event: &Value) -> Value {
        let url = format!(
            "http://{}/2015-03-31/functions/function/invocations",
            self.address
        );
        let reply = self.client.post(url).body(event.to_string()).send().await;
        let reply = reply.unwrap_or_else(|error| panic!("{error}\n{}", self.logged()));
        let text = reply.text().await.expect("the reply is whole");
        serde_json::from_str(&text).unwrap_or_else(|_| format!("{text}\n{}", self.logged()).into())
    }

    fn logged(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap_or_default()
    }
}

impl Drop for Emulator {
    /// Asked to end, it ends the function's process too; killed, it would leave that behind.
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The executable of a function for this machine, out of the zip that is deployed.
fn executable(function: &str) -> PathBuf {
    let file = root().join(format!(
        "target/lambda/{}/{function}/bootstrap",
        architecture()
    ));
    assert!(file.exists(), "{}: run make build first", file.display());
    file
}

/// As Lambda calls it.
fn architecture() -> &'static str {
    if ARCH == "aarch64" { "arm64" } else { ARCH }
}

/// Where the SAM CLI has it.
fn emulator() -> PathBuf {
    let name = format!("samcli/local/rapid/aws-lambda-rie-{}", architecture());
    let pythons =
        fs::read_dir(root().join(".tools/sam/lib")).expect("the SAM CLI: make test-lambda");
    let mut files = pythons.map(|python| {
        python
            .expect("a folder")
            .path()
            .join("site-packages")
            .join(&name)
    });
    files
        .find(|file| file.exists())
        .expect("the SAM CLI brings the emulator")
}
