//! `portico customers`.

use clap::Subcommand;
use portico_shared::domain::{dashboard, privacy};
use portico_shared::error::Code;
use portico_shared::ids::{CustomerId, OrgId};
use portico_shared::store::Store;

use crate::error::Error;
use crate::parse_org;

/// What can be done for a customer.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a copy of all that a customer's account holds; the customer is told, and downloads it
    #[command(after_help = "Example: portico customers export acme cus_06f1k3q8c9s7r2m4v5n6p7t8w8")]
    Export(Customer),
    /// Erase a customer's account. Cannot be undone
    ///
    /// Orders are kept for the books, without name and address.
    #[command(after_help = "Example: portico customers erase acme cus_06f1k3q8c9s7r2m4v5n6p7t8w8")]
    Erase(Customer),
    /// Count a customer's dashboard anew, when changes of the table were lost on their way
    #[command(
        after_help = "Example: portico customers recount acme cus_06f1k3q8c9s7r2m4v5n6p7t8w8"
    )]
    Recount(Customer),
}

/// A customer.
#[derive(Debug, clap::Args)]
pub(crate) struct Customer {
    /// The org
    #[arg(value_parser = parse_org)]
    orgid: OrgId,
    /// The customer's id, such as `cus_06f1k3q8c9s7r2m4v5n6p7t8w8`
    #[arg(value_parser = parse_customer)]
    customer: CustomerId,
}

fn parse_customer(text: &str) -> Result<CustomerId, String> {
    text.parse()
        .map_err(|_| "a customer id is cus_ and 26 letters and digits".to_owned())
}

impl Command {
    pub(crate) async fn run(self, store: &Store) -> Result<String, Error> {
        let (Self::Export(who) | Self::Erase(who) | Self::Recount(who)) = &self;
        let Customer { orgid, customer } = who;
        let scope = privacy::operated(store, orgid, customer).await;
        let scope = scope.map_err(|error| match error.refusal().code {
            Code::NotFound => Error::Refused(format!("{orgid} has no customer {customer}")),
            _ => error.into(),
        })?;
        Ok(match self {
            Self::Export(_) => {
                let export = privacy::request_export(store, &scope).await;
                let export = export.map_err(|error| match error.refusal().code {
                    Code::RateLimited => {
                        Error::Refused(format!("{customer} got a copy less than a day ago"))
                    }
                    _ => error.into(),
                })?;
                format!("Making {} for {customer}.\n", export.id)
            }
            Self::Erase(_) => {
                privacy::begin_erasure(store, &scope).await?;
                format!("Erasing {customer}.\n")
            }
            Self::Recount(_) => {
                dashboard::recount(store, &scope).await?;
                format!("Counted the dashboard of {customer}.\n")
            }
        })
    }
}
