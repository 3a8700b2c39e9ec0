//! A product as a file has it: typed, but held to no rule yet.

use std::collections::BTreeMap;
use std::fmt;

use portico_shared::domain::product::{InventoryPolicy, ProductStatus};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problems::Problems;

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A product of a JSON file, counted from 0.
    Product(usize),
    /// A product's variation in a JSON file, both counted from 0.
    Variation(usize, usize),
    /// A line of a CSV file, counted from 1.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product(product) => write!(f, "[{product}]"),
            Self::Variation(product, variation) => write!(f, "[{product}].variations[{variation}]"),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}

impl Place {
    /// A member or a column at this place.
    pub(super) fn field(self, name: &str) -> String {
        match self {
            Self::Line(line) => format!("line {line}, {name}"),
            json => format!("{json}.{name}"),
        }
    }
}

/// A product. What must be there and is `None` has been reported as missing.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) at: Place,
    pub(super) name: Option<String>,
    pub(super) slug: Option<String>,
    pub(super) description: String,
    pub(super) brand: Option<String>,
    pub(super) category: Option<String>,
    pub(super) images: Vec<String>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) status: ProductStatus,
    pub(super) inventory_policy: InventoryPolicy,
    pub(super) variations: Vec<DraftVariation>,
}

/// A variation; as for [`Draft`].
#[derive(Debug)]
pub(super) struct DraftVariation {
    pub(super) at: Place,
    pub(super) sku: Option<String>,
    pub(super) options: BTreeMap<String, String>,
    /// The number's exact text.
    pub(super) price: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) stock: Option<i64>,
    pub(super) image: Option<String>,
}

/// One of a few words, such as a status; its default where there is none.
pub(super) fn choice<T: DeserializeOwned + Default>(
    text: Option<String>,
    place: impl FnOnce() -> String,
    problems: &mut Problems,
) -> T {
    let Some(text) = text else {
        return T::default();
    };
    serde_json::from_value(Value::String(text)).unwrap_or_else(|error| {
        problems.add(place(), error);
        T::default()
    })
}

/// The name in an address that a name gives: its ASCII letters and digits, in lower case.
pub(super) fn slug_of(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words
        .map(str::to_ascii_lowercase)
        .collect::<Vec<_>>()
        .join("-")
}
