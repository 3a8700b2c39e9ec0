//! `portico integration`.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::{ArgGroup, Subcommand};
use portico_shared::auth::KeyRing;
use portico_shared::aws::Aws;
use portico_shared::domain::integration::{self, Settings, Vendor};
use portico_shared::ids::OrgId;
use portico_shared::store::Store;

use crate::error::Error;
use crate::org::existing;
use crate::parse_org;

/// What can be done with integrations.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set an org's account with a vendor; it replaces an earlier one
    ///
    /// The settings are a JSON object, from a file or from standard input, never from an argument, which
    /// other users of the machine could read. They are kept sealed, and only shown in part.
    ///
    /// stripe: secretKey, publishableKey and webhookSecret (optional). paypal: clientId, clientSecret, mode
    /// (sandbox or live), webhookId (optional). google-places: apiKey. oauth-google, oauth-github and
    /// oauth-facebook: clientId, clientSecret.
    #[command(
        after_help = "Example: portico integration set acme stripe --settings-file stripe.json"
    )]
    #[command(group(ArgGroup::new("settings").required(true)))]
    Set {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The vendor
        #[arg(value_parser = parse_vendor)]
        vendor: Vendor,
        /// Read the settings from this file
        #[arg(long, group = "settings", value_name = "FILE")]
        settings_file: Option<PathBuf>,
        /// Read the settings from standard input
        #[arg(long, group = "settings")]
        settings_stdin: bool,
    },
    /// Print an org's integrations as JSON, their secrets cut short
    #[command(after_help = "Example: portico integration list acme")]
    List {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
    },
    /// Remove an org's account with a vendor
    #[command(after_help = "Example: portico integration remove acme stripe")]
    Remove {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The vendor
        #[arg(value_parser = parse_vendor)]
        vendor: Vendor,
    },
    /// Seal an org's integrations anew under the key ring's current key
    ///
    /// Before a key is taken out of the ring: what is still sealed under it would be lost.
    #[command(after_help = "Example: portico integration reseal acme")]
    Reseal {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
    },
}

impl Command {
    pub(crate) async fn run(self, aws: &Aws, store: &Store) -> Result<String, Error> {
        match self {
            Self::Set {
                orgid,
                vendor,
                settings_file,
                settings_stdin: _,
            } => {
                let settings = Settings::parse(vendor, &read(settings_file)?)?;
                existing(store, &orgid).await?;
                integration::save(store, &ring(aws).await?, &orgid, &settings).await?;
                Ok(format!(
                    "Set {vendor} for {orgid}; functions that run see it within seconds.\n"
                ))
            }
            Self::List { orgid } => {
                existing(store, &orgid).await?;
                let all = integration::list(store, &ring(aws).await?, &orgid).await?;
                let json = serde_json::to_string_pretty(&all);
                Ok(json.map_err(|error| Error::Refused(error.to_string()))? + "\n")
            }
            Self::Remove { orgid, vendor } => {
                existing(store, &orgid).await?;
                integration::remove(store, &orgid, vendor).await?;
                Ok(format!("Removed {vendor} from {orgid}.\n"))
            }
            Self::Reseal { orgid } => {
                existing(store, &orgid).await?;
                let done = integration::reseal(store, &ring(aws).await?, &orgid).await?;
                if done.is_empty() {
                    return Ok(format!("All of {orgid} is sealed under the current key.\n"));
                }
                Ok(format!("Sealed anew for {orgid}: {}.\n", done.join(", ")))
            }
        }
    }
}

async fn ring(aws: &Aws) -> Result<KeyRing, Error> {
    if aws.endpoints().dynamodb.is_some() && aws.endpoints().secrets_manager.is_none() {
        return Err(Error::Usage(
            "integrations are sealed with the platform's key ring: set AWS_ENDPOINT_URL_SECRETS_MANAGER, too, as \
             `make dev` prints it"
                .to_owned(),
        ));
    }
    Ok(KeyRing::from_secrets_manager(aws).await?)
}

fn parse_vendor(text: &str) -> Result<Vendor, String> {
    text.parse().map_err(|_| {
        let names: Vec<_> = Vendor::ALL.iter().map(|vendor| vendor.as_str()).collect();
        format!("a vendor is one of {}", names.join(", "))
    })
}

/// Longer settings are none.
const LONGEST: u64 = 16 * 1024;

fn read(file: Option<PathBuf>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = match &file {
        Some(path) => File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)),
        None => io::stdin().take(LONGEST).read_to_end(&mut bytes),
    };
    match (read, file) {
        (Ok(_), _) => Ok(bytes),
        (Err(source), Some(path)) => Err(Error::File { path, source }),
        (Err(error), None) => Err(Error::Usage(format!("standard input: {error}"))),
    }
}
