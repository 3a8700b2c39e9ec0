//! The customer's profile.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::account;
use super::file::Attachment;
use crate::clock;
use crate::error::{Code, Result};
use crate::ids::{CustomerId, OrgId};
use crate::store::{CustomerScope, Entity, Item, Partition, Store, Stored};
use crate::text::full_name;

/// A customer, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The id.
    pub id: CustomerId,
    /// The e-mail address, normalised; what the customer signs in with.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// E.164, such as `+14155550123`.
    pub phone: Option<String>,
    /// BCP 47, such as `en` or `pt-BR`.
    pub language: Option<String>,
    /// IANA, such as `Europe/Berlin`.
    pub timezone: Option<String>,
    /// A few words about themselves.
    pub about: Option<String>,
    /// The e-mail address that the customer showed to be theirs: it is verified as long as it is `email`.
    #[serde(default)]
    pub verified_email: Option<Verified>,
    /// The same for the telephone number.
    #[serde(default)]
    pub verified_phone: Option<Verified>,
    /// When the password was last reset or changed.
    #[serde(default)]
    pub password_changed_at: Option<Timestamp>,
    /// The portrait: the file that came last into its area.
    #[serde(default)]
    pub avatar: Option<Attachment>,
    /// Whether it is a guest's: a record without a way in, reached by its token alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
}

/// What a customer showed to be theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// The e-mail address or telephone number.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

impl Entity for Customer {
    const TYPE: &'static str = "Customer";
}

impl Customer {
    /// A customer of whom nothing is known but an address.
    pub fn new(id: CustomerId, email: String) -> Self {
        let now = clock::now();
        Self {
            id,
            email,
            first_name: None,
            last_name: None,
            phone: None,
            language: None,
            timezone: None,
            about: None,
            verified_email: None,
            verified_phone: None,
            password_changed_at: None,
            avatar: None,
            guest: false,
            created_at: now,
            updated_at: now,
        }
    }

    /// Given and family name, as far as they are known.
    pub fn name(&self) -> Option<String> {
        full_name(self.first_name.as_deref(), self.last_name.as_deref())
    }
}

/// A customer of an org by id or e-mail address, for staff of that org who may see customers. One round trip
/// by id, two by address.
///
/// # Errors
///
/// `not_found`.
pub async fn look_up(
    store: &Store,
    org: &OrgId,
    id_or_email: &str,
) -> Result<(CustomerScope, Customer)> {
    let id = match id_or_email.parse() {
        Ok(id) => Some(id),
        Err(_) => account::find_customer(store, org, id_or_email).await?,
    };
    let scope = CustomerScope::proved(org.clone(), id.ok_or(Code::NotFound)?);
    let customer = get(store, &scope).await?.entity;
    Ok((scope, customer))
}

/// The profile of the customer in scope.
pub async fn get(store: &Store, scope: &CustomerScope) -> Result<Stored<Customer>> {
    store
        .get(&scope.key(&Item::Profile))
        .await?
        .ok_or(Code::NotFound.into())
}
