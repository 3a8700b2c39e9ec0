//! Saved products.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ProductId;
use crate::store::Entity;

/// A saved product, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wish {
    /// The product.
    pub product_id: ProductId,
    /// Since when.
    pub added_at: Timestamp,
}

impl Entity for Wish {
    const TYPE: &'static str = "Wish";
}
