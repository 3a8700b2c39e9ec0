//! `portico transactions`.

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use jiff::Timestamp;
use portico_shared::clock;
use portico_shared::domain::transaction::{
    self, Transaction, TransactionMethod, TransactionStatus, TransactionType,
};
use portico_shared::error::Code;
use portico_shared::ids::OrgId;
use portico_shared::money::Money;
use portico_shared::store::Store;

use crate::error::Error;
use crate::org::existing;
use crate::staff::parse_email;
use crate::{parse_name, parse_org};

/// What can be done with the payment history.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Record what a customer paid, or was paid, outside the platform
    ///
    /// An entry stays for good. A reference is recorded once for each type: the same again changes nothing,
    /// and with another amount, method or status it is refused.
    #[command(
        after_help = "Example: portico transactions record acme --email ann@acme.example --type payment \
                      --amount 25.00 --method bank_transfer --reference ORD-7K3M-9XQ2-AB4D"
    )]
    Record {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The customer's e-mail address
        #[arg(long, value_parser = parse_email)]
        email: String,
        /// What moved
        #[arg(long = "type", value_parser = kinds())]
        kind: TransactionType,
        /// How much, in the org's currency; never negative, the type tells the direction
        #[arg(long)]
        amount: String,
        /// How it was paid
        #[arg(long, value_parser = methods())]
        method: TransactionMethod,
        /// What it is known by elsewhere, such as an order's number
        #[arg(long, value_parser = parse_name)]
        reference: String,
        /// How far it got
        #[arg(long, value_parser = statuses(), default_value = "succeeded")]
        status: TransactionStatus,
        /// What it was for, in words
        #[arg(long, value_parser = parse_name)]
        description: Option<String>,
        /// When it happened, such as 2026-05-04T09:30:00Z; now without
        #[arg(long)]
        at: Option<Timestamp>,
    },
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = TransactionType> {
    PossibleValuesParser::new(TransactionType::ALL.iter().map(|word| word.as_str()))
        .try_map(|word| word.parse::<TransactionType>())
}

fn methods() -> impl clap::builder::TypedValueParser<Value = TransactionMethod> {
    PossibleValuesParser::new(TransactionMethod::ALL.iter().map(|word| word.as_str()))
        .try_map(|word| word.parse::<TransactionMethod>())
}

fn statuses() -> impl clap::builder::TypedValueParser<Value = TransactionStatus> {
    PossibleValuesParser::new(TransactionStatus::ALL.iter().map(|word| word.as_str()))
        .try_map(|word| word.parse::<TransactionStatus>())
}

impl Command {
    pub(crate) async fn run(self, store: &Store) -> Result<String, Error> {
        let Self::Record {
            orgid,
            email,
            kind,
            amount,
            method,
            reference,
            status,
            description,
            at,
        } = self;
        let currency = existing(store, &orgid).await?.currency();
        let amount = Money::parse(&amount, currency)
            .map_err(|error| Error::Usage(format!("--amount: {amount:?}: {error}")))?;
        // Answers show milliseconds, and ids carry them.
        let at = at.map_or_else(clock::now, |at| {
            at.round(jiff::Unit::Millisecond).unwrap_or(at)
        });
        if at > clock::now() {
            return Err(Error::Usage(format!("--at: {at} is yet to come")));
        }
        let transaction = Transaction {
            id: Transaction::id_of(kind, &reference, at),
            kind,
            amount,
            status,
            method,
            reference,
            description,
            created_at: at,
        };
        let recorded = transaction::record(store, &orgid, &email, &transaction).await;
        let new = recorded.map_err(|error| match error.refusal().code {
            Code::NotFound => Error::Refused(format!("{email} is no customer of {orgid}")),
            _ => error.into(),
        })?;
        let Transaction {
            kind,
            reference,
            amount,
            ..
        } = transaction;
        Ok(if new {
            format!("Recorded the {kind} {reference}: {amount}.\n")
        } else {
            format!("The {kind} {reference} was recorded before; nothing is changed.\n")
        })
    }
}
