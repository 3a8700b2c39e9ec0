//! `portico`: see [`portico_cli`].

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use portico_cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(text) => {
            // Whoever closes the pipe has read enough.
            let _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("portico: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
