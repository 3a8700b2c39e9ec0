//! Serves the platform on this machine until it is stopped.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use portico_cli::demo;
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_local::{EmbeddedAws, Options, Platform, StartError, Template, demo_events, forward};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged unless `RUST_LOG` says otherwise.
const LOG_FILTER: &str = "warn,dynoxide=off,s3s=error";

/// The whole platform on 127.0.0.1: the HTTP API with its functions, and the AWS services below.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port of the HTTP API.
    #[arg(long, env = "PORT", default_value_t = 3000)]
    port: u16,
    /// First of six ports for DynamoDB, S3, SQS, SES, Secrets Manager and SNS; any free ones if absent.
    #[arg(long, env = "AWS_PORT")]
    aws_port: Option<u16>,
    /// Folder for everything that outlives a start.
    #[arg(long, env = "DATA_DIR", default_value = ".data")]
    data_dir: PathBuf,
    /// The SAM template.
    #[arg(long, default_value = "template.yaml")]
    template: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the OpenAPI document of all trees and serve nothing.
    Openapi,
    /// Print an event of `events/` that a function can answer: what it names is made in the platform that
    /// runs on `PORT`.
    Event {
        /// For example client-data/get-profile.
        name: String,
    },
    /// Run a command; while it runs, the embedded services of the platform in `DATA_DIR` can be reached at
    /// another address of this machine too.
    Forward {
        /// For example that of Docker's bridge.
        address: IpAddr,
        /// With its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| LOG_FILTER.to_owned());
    match filter.parse::<Targets>() {
        Ok(filter) => tracing_subscriber::registry()
            .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
            .with(filter)
            .init(),
        Err(error) => {
            eprintln!("portico-local: RUST_LOG: {error}");
            return ExitCode::FAILURE;
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(run(arguments)))
    {
        Ok(code) => code,
        Err(reason) => {
            eprintln!("portico-local: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut arguments: Arguments) -> Result<ExitCode, String> {
    match arguments.command.take() {
        None => serve(arguments).await?,
        Some(Command::Openapi) => {
            let json = document().to_pretty_json();
            println!("{}", json.map_err(|error| error.to_string())?);
        }
        Some(Command::Event { name }) => {
            let url = format!("http://127.0.0.1:{}", arguments.port);
            let event = demo_events::ready(Path::new("events"), &name, &url).await?;
            println!("{event:#}");
        }
        Some(Command::Forward { address, command }) => {
            let sam_env = arguments.data_dir.join("sam-env.json");
            let code = forward::while_running(&sam_env, address, &command).await?;
            return Ok(ExitCode::from(code));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(arguments: Arguments) -> Result<(), String> {
    let options = Options {
        port: Some(arguments.port),
        aws_port: arguments.aws_port,
        data_dir: Some(arguments.data_dir),
        template: arguments.template,
    };
    let line = |error: StartError| error.to_string();
    let template = Template::load(&options.template).map_err(line)?;
    let aws = EmbeddedAws::start(&options, &template).map_err(line)?;
    let parts = Parts::connect(&aws).await?;
    parts.seed_once().await?;
    let functions = parts.functions()?;
    let platform = Platform::start(aws, functions, document(), &options).map_err(line)?;
    // Before anybody is told that the platform runs: what starts it may end it at once.
    let terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    print(&platform);
    stopped(terminate).await?;
    platform.shutdown().await;
    Ok(())
}

/// What a newcomer needs first; the last lines are for a shell to evaluate.
fn print(platform: &Platform) {
    let url = platform.url();
    println!("API      {url}");
    for (place, sign_in) in demo::SIGN_INS.iter().enumerate() {
        println!("{:<8} {sign_in}", if place == 0 { "sign in" } else { "" });
    }
    println!("try      curl -H 'orgid: acme' '{url}/storefront/products?ps=2'");
    println!("docs     {url}/docs");
    println!("outbox   {url}/_local/outbox");
    println!();
    for (name, value) in platform.aws().endpoints().environment() {
        println!("{name}={value}");
    }
}

/// Returns on Ctrl-C or SIGTERM.
async fn stopped(mut terminate: Signal) -> Result<(), String> {
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|error| error.to_string()),
        _ = terminate.recv() => Ok(()),
    }
}
