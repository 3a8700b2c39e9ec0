//! The operator's command line: creates orgs and staff, sets an org's configuration, imports
//! catalogues, seeds the demo. It calls the same rules as the functions do, on any table that the AWS
//! SDK reaches.

mod benefits;
mod catalogue;
mod customers;
pub mod demo;
mod error;
mod integration;
mod org;
mod reservations;
mod staff;
mod transactions;

use clap::{Args, Parser, Subcommand};
use portico_shared::aws::{Aws, Endpoints};
use portico_shared::ids::OrgId;
use portico_shared::store::Store;

pub use catalogue::Problems;
pub use error::Error;

/// Runs a Portico deployment: its orgs, their staff, their catalogues.
#[derive(Debug, Parser)]
#[command(
    name = "portico",
    version,
    after_help = "AWS is reached as its tools do it: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and \
                  AWS_SESSION_TOKEN (`aws configure export-credentials --format env` prints them), and \
                  AWS_ENDPOINT_URL_<SERVICE> for services elsewhere.\n\n\
                  Example: portico org create acme --name 'Acme Outfitters' --currency USD"
)]
pub struct Cli {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    noun: Noun,
}

/// Which table.
#[derive(Debug, Args)]
struct Target {
    /// Name of the table
    #[arg(long, global = true, env = "PORTICO_TABLE", default_value = "portico")]
    table: String,
    /// DynamoDB of a local platform, as `make dev` prints it; no credentials are needed
    #[arg(long, global = true, value_name = "URL")]
    local: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Noun {
    /// Create an org, change its settings, show them
    #[command(subcommand)]
    Org(org::Command),
    /// Create members of staff
    #[command(subcommand)]
    Staff(staff::Command),
    /// Set up an org's accounts with other companies: Stripe, PayPal, Google
    #[command(subcommand)]
    Integration(integration::Command),
    /// Copy a customer's account, erase it, count its dashboard anew
    #[command(subcommand)]
    Customers(customers::Command),
    /// Import benefit programmes
    #[command(subcommand)]
    Benefits(benefits::Command),
    /// Import a catalogue
    #[command(subcommand)]
    Catalogue(catalogue::Command),
    /// Import what can be booked, list it, say how bookings stand
    #[command(subcommand)]
    Reservations(reservations::Command),
    /// Record payments that were made elsewhere
    #[command(subcommand)]
    Transactions(transactions::Command),
    /// Seed two demo orgs, acme and globex; what is there already stays as it is
    #[command(after_help = "Example: portico demo --local http://127.0.0.1:8000")]
    Demo(demo::Command),
}

impl Cli {
    /// Does what the command says. The text is what goes to standard output.
    ///
    /// # Errors
    ///
    /// An [`Error`], whose text goes to standard error and whose exit code to the shell.
    pub async fn run(self) -> Result<String, Error> {
        let aws = self.target.aws()?;
        let store = Store::new(&aws, &self.target.table);
        match self.noun {
            Noun::Org(command) => command.run(&store).await,
            Noun::Staff(command) => command.run(&store).await,
            Noun::Integration(command) => command.run(&aws, &store).await,
            Noun::Customers(command) => command.run(&store).await,
            Noun::Benefits(command) => command.run(&store).await,
            Noun::Catalogue(command) => command.run(&store).await,
            Noun::Reservations(command) => command.run(&store).await,
            Noun::Transactions(command) => command.run(&store).await,
            Noun::Demo(command) => command.run(&aws, &self.target.table).await,
        }
    }
}

impl Target {
    fn aws(&self) -> Result<Aws, Error> {
        let from_env = Aws::from_env()?;
        if let Some(url) = &self.local {
            let is_url = url
                .strip_prefix("http://")
                .or_else(|| url.strip_prefix("https://"));
            if is_url.is_none_or(str::is_empty) {
                return Err(Error::Usage(format!(
                    "--local: {url:?} is no URL such as http://127.0.0.1:8000"
                )));
            }
            let endpoints = from_env.endpoints().clone();
            return Ok(Aws::local(Endpoints {
                dynamodb: Some(url.clone()),
                ..endpoints
            }));
        }
        if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
            return Err(Error::Usage(
                "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a local \
                 platform with --local URL"
                    .to_owned(),
            ));
        }
        Ok(from_env)
    }
}

/// An org id as an argument.
fn parse_org(text: &str) -> Result<OrgId, String> {
    text.parse().map_err(|_| {
        "an org id is 2 to 63 characters of a-z, 0-9 and -, not beginning with -".to_owned()
    })
}

/// A name of an org or a person as an argument.
fn parse_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 100 {
        return Err("a name has 1 to 100 characters".to_owned());
    }
    portico_shared::text::line(&text, &()).map_err(|error| format!("it {error}"))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        let arguments = ["portico"].iter().chain(arguments);
        Cli::try_parse_from(arguments)
            .expect_err("these arguments are wrong")
            .to_string()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
            let path = format!("{path} {}", command.get_name());
            if command.has_subcommands() {
                command
                    .get_subcommands()
                    .for_each(|sub| leaves(sub, &path, found));
            } else {
                found.push((path, command.clone().render_help().to_string()));
            }
        }
        let mut found = Vec::new();
        leaves(&Cli::command(), "", &mut found);
        assert_eq!(found.len(), 19);
        for (path, help) in found {
            assert!(help.contains(&format!("Example:{path}")), "{path}: {help}");
        }
    }

    #[test]
    fn a_wrong_argument_is_named() {
        assert!(refusal(&["org", "show", "Acme"]).contains("a-z, 0-9 and -"));
        assert!(
            refusal(&["org", "create", "acme", "--name", "A", "--currency", "ZZZ"])
                .contains("ISO 4217")
        );
        let origin = [
            "org",
            "set",
            "acme",
            "--allow-origin",
            "https://shop.example/",
        ];
        assert!(refusal(&origin).contains("no path"));
        assert!(refusal(&["org", "set", "acme"]).contains("required"));
        let staff = [
            "staff", "create", "acme", "--email", "x", "--name", "X", "--role", "Boss",
        ];
        let told = refusal(&staff);
        assert!(told.contains("e-mail") || told.contains("Boss"), "{told}");
        assert!(
            refusal(&[
                "org",
                "create",
                "acme",
                "--name",
                "a\u{202E}b",
                "--currency",
                "USD"
            ])
            .contains("direction")
        );
    }
}
