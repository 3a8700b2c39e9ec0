//! Products and their variations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::ProductId;
use crate::money::Money;
use crate::store::Entity;

/// Whether shoppers see a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProductStatus {
    /// Not yet.
    Draft,
    /// Yes.
    #[default]
    Active,
    /// No longer.
    Archived,
}

/// What happens when more is wanted than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InventoryPolicy {
    /// A cart takes what there is and says so.
    #[default]
    Clamp,
    /// A cart refuses.
    Deny,
    /// It is sold all the same; stock goes below zero and is owed.
    Continue,
}

/// A product, as stored. Each thing that can be bought is a variation with a sku of its own; a product
/// that comes in one form has one variation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// The id, derived from the org and the product's first sku.
    pub id: ProductId,
    /// The name in the product's address: lower-case letters, digits and hyphens.
    pub slug: String,
    /// The name.
    pub name: String,
    /// The description, plain text.
    pub description: String,
    /// Brand.
    pub brand: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// URLs.
    pub images: Vec<String>,
    /// Free facts, such as `material: cotton`.
    pub attributes: BTreeMap<String, String>,
    /// What can be bought; at least one.
    pub variations: Vec<Variation>,
    /// Whether shoppers see it.
    pub status: ProductStatus,
    /// What happens when stock runs out.
    pub inventory_policy: InventoryPolicy,
    /// When it was first imported.
    pub created_at: Timestamp,
    /// When it was last imported.
    pub updated_at: Timestamp,
}

impl Entity for Product {
    const TYPE: &'static str = "Product";
}

/// One form of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variation {
    /// The stock-keeping unit, unique in the org.
    pub sku: String,
    /// What makes it different, such as `size: L`.
    pub options: BTreeMap<String, String>,
    /// What one piece costs.
    pub price: Money,
    /// A URL, when it looks different.
    pub image: Option<String>,
}

impl Product {
    /// The cheapest variation, the first of several: what lists show.
    pub fn cheapest(&self) -> Option<&Variation> {
        let variations = self.variations.iter();
        variations.min_by_key(|variation| variation.price.minor())
    }

    /// Its price, which lists sort by.
    pub fn price(&self) -> Option<Money> {
        self.cheapest().map(|variation| variation.price)
    }
}
