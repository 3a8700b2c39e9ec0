//! A customer's payment history: what moved money, once and for good.
//!
//! An entry is never changed and never deleted. Whatever moves money writes it in the same transaction; a
//! reference, such as a provider's id of the payment, is recorded once for each type.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::account;
use crate::error::{Code, Error, Refusal, Result};
use crate::ids::{InvalidId, OrgId, TransactionId};
use crate::money::Money;
use crate::store::{
    Collection, Condition, Entity, Item, List, Partition, Shopper, Store, StoreError, Stored, Write,
};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$each])* $variant,)*
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::ALL.iter().find(|word| word.as_str() == text).copied().ok_or(InvalidId)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What moved.
    TransactionType {
        /// The customer paid.
        Payment = "payment",
        /// The customer was paid back.
        Refund = "refund",
        /// Money came into the customer's wallet.
        WalletCredit = "wallet_credit",
        /// Money went out of the customer's wallet.
        WalletDebit = "wallet_debit",
        /// The customer was paid out.
        Payout = "payout",
    }
}

words! {
    /// How far it got.
    TransactionStatus {
        /// Not settled yet.
        Pending = "pending",
        /// Settled.
        Succeeded = "succeeded",
        /// It came to nothing.
        Failed = "failed",
    }
}

words! {
    /// How it was paid.
    TransactionMethod {
        /// By card.
        Card = "card",
        /// By PayPal.
        Paypal = "paypal",
        /// By bank transfer.
        BankTransfer = "bank_transfer",
        /// In cash.
        Cash = "cash",
        /// From or to the wallet.
        Wallet = "wallet",
        /// Otherwise, outside the platform.
        Manual = "manual",
    }
}

/// An entry of the payment history, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// The id; sorts by time.
    pub id: TransactionId,
    /// What moved.
    pub kind: TransactionType,
    /// How much; never negative, the type tells the direction.
    pub amount: Money,
    /// How far it got.
    pub status: TransactionStatus,
    /// How it was paid.
    pub method: TransactionMethod,
    /// What it is known by elsewhere, such as an order's number or a provider's id. Once for each type.
    pub reference: String,
    /// What it was for, in words.
    pub description: Option<String>,
    /// When it happened.
    pub created_at: Timestamp,
}

impl Entity for Transaction {
    const TYPE: &'static str = "Transaction";
}

/// That a reference is recorded, and as what.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Recorded {
    transaction: TransactionId,
    amount: Money,
    method: TransactionMethod,
    status: TransactionStatus,
}

/// The type of the items that say what has been recorded.
pub const REFERENCE: &str = "TransactionReference";

impl Entity for Recorded {
    const TYPE: &'static str = REFERENCE;
}

impl Transaction {
    /// The id of what happened at this time under this reference.
    pub fn id_of(kind: TransactionType, reference: &str, at: Timestamp) -> TransactionId {
        TransactionId::derived_at(at, format!("{kind}|{reference}").as_bytes())
    }

    /// The writes that record it, to be part of the transaction that moves the money. The first is refused
    /// if the reference has been recorded.
    pub fn writes(&self, partition: &impl Partition) -> [Write; 2] {
        let recorded = Recorded {
            transaction: self.id.clone(),
            amount: self.amount,
            method: self.method,
            status: self.status,
        };
        let reference = format!("{}|{}", self.kind, self.reference);
        let reference = partition.key(&Item::TransactionReference(&reference));
        let entry = partition.key(&Item::Transaction(&self.id));
        [
            Write::put(reference, &recorded).when(Condition::Absent),
            Write::put(entry, self).when(Condition::Absent),
        ]
    }
}

/// Records what happened elsewhere, for the customer of an e-mail address: an operator's word. Two round
/// trips. Answers whether it is new; recording the same again changes nothing.
///
/// # Errors
///
/// `not_found` for an address without an account; `conflict` for a reference that was recorded with another
/// amount, method or status.
pub async fn record(
    store: &Store,
    org: &OrgId,
    email: &str,
    transaction: &Transaction,
) -> Result<bool> {
    let customer = account::find_customer(store, org, email).await?;
    let customer = customer.ok_or(Code::NotFound)?;
    let owner = Shopper::proved(org, customer.as_str()).ok_or(Code::NotFound)?;
    match store.transact(transaction.writes(&owner).into()).await {
        Ok(()) => Ok(true),
        Err(StoreError::Cancelled(reasons)) => {
            let found = reasons.into_iter().flatten().next().unwrap_or_default();
            let there: Option<Stored<Recorded>> = found.read()?;
            let there =
                there.ok_or_else(|| Error::Internal("nothing was in the way".to_owned()))?;
            let Recorded {
                amount,
                method,
                status,
                ..
            } = there.entity;
            if (amount, method, status)
                == (transaction.amount, transaction.method, transaction.status)
            {
                return Ok(false);
            }
            let (kind, reference) = (transaction.kind, &transaction.reference);
            let message =
                format!("the {kind} {reference} is recorded as {amount}, {method}, {status}");
            Err(Refusal::because(Code::Conflict, message).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// All of a customer's own payment history, newest first. One round trip for each megabyte, some four
/// thousand entries.
pub async fn list(store: &Store, partition: &impl Partition) -> Result<Vec<Transaction>> {
    let all = List::of(Collection::Transactions);
    Ok(store.list(partition, all).await?.into_entities())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_serialised_ones_and_are_read_back() {
        for word in TransactionType::ALL {
            assert_eq!(serde_json::to_string(word).unwrap(), format!("\"{word}\""));
            assert_eq!(word.as_str().parse(), Ok(*word));
        }
        for word in TransactionStatus::ALL {
            assert_eq!(serde_json::to_string(word).unwrap(), format!("\"{word}\""));
        }
        for word in TransactionMethod::ALL {
            assert_eq!(serde_json::to_string(word).unwrap(), format!("\"{word}\""));
        }
        assert_eq!("".parse::<TransactionMethod>(), Err(InvalidId));
    }
}
