//! Postal addresses.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::AddressId;
use crate::store::Entity;
use crate::text::line;

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AddressType {
    /// Where bills go.
    Billing,
    /// Where goods go.
    #[default]
    Shipping,
    /// Home.
    Home,
    /// Work.
    Work,
    /// Anything else.
    Other,
}

/// The address itself. `address1`, `address2` and `zip` are accepted for `street1`, `street2` and
/// `postalCode`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "Ann Lee", "street1": "1 Main St", "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US"}))]
pub struct PostalAddress {
    /// Who lives or works there.
    #[garde(inner(length(chars, max = 120), custom(line)))]
    pub name: Option<String>,
    /// Street and house number.
    #[serde(alias = "address1")]
    #[garde(length(chars, min = 1, max = 200), custom(line))]
    pub street1: String,
    /// Floor, flat, company.
    #[serde(alias = "address2")]
    #[garde(inner(length(chars, max = 200), custom(line)))]
    pub street2: Option<String>,
    /// City.
    #[garde(length(chars, min = 1, max = 100), custom(line))]
    pub city: String,
    /// State, province or region.
    #[garde(inner(length(chars, max = 100), custom(line)))]
    pub state: Option<String>,
    /// Postal code.
    #[serde(alias = "zip")]
    #[garde(inner(length(chars, max = 20), custom(line)))]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2, in capitals.
    #[garde(custom(country_code))]
    pub country: String,
    /// E.164.
    #[garde(inner(length(chars, max = 20), custom(line)))]
    pub phone: Option<String>,
}

/// A validator for countries: two capital letters.
pub fn country_code<T: AsRef<str>, C>(country: &T, _: &C) -> garde::Result {
    let country = country.as_ref();
    if country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "is not an ISO 3166-1 alpha-2 code in capitals",
        ))
    }
}

/// An entry of a customer's address book, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// The id.
    pub id: AddressId,
    /// What it is for.
    #[serde(rename = "addressType")]
    pub kind: AddressType,
    /// The address.
    pub address: PostalAddress,
    /// When it was last made the primary one, in Unix milliseconds. The latest wins, so that making one
    /// address primary is one write and there is never a second.
    pub primary_since: Option<i64>,
}

impl Entity for Address {
    const TYPE: &'static str = "Address";
}
