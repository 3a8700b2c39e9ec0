//! What a cart's lines cost and how many of each can be had: one pure function for carts, merges and
//! checkouts, so that they never disagree. A client's prices are never looked at.

use std::collections::BTreeMap;

use garde::Validate;
use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::benefit::{Discount, Entitlements};
use super::catalogue::Catalogue;
use super::product::InventoryPolicy;
use crate::error::{Code, Refusal, Result};
use crate::ids::ProductId;
use crate::money::{Money, MoneyError};
use crate::text::line;

/// The most pieces that one line may have.
pub const MAX_QUANTITY: u32 = 9_999;
/// The most lines that a cart may have: with its other writes, an order's transaction must stay within
/// the hundred items that `DynamoDB` takes.
pub const MAX_LINES: usize = 80;

/// What a shopper asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"sku": "MUG-BLUE", "quantity": 2}))]
pub struct WantedLine {
    /// The sku.
    #[garde(length(chars, min = 1, max = 100), custom(line))]
    pub sku: String,
    /// How many.
    #[garde(range(min = 1, max = MAX_QUANTITY))]
    #[schema(minimum = 1, maximum = 9999)]
    pub quantity: u32,
    /// Choices that the sku does not tell, such as an engraving. Lines that differ in them stay apart.
    #[serde(default)]
    #[garde(custom(few_short_options))]
    pub options: BTreeMap<String, String>,
}

fn few_short_options<C>(options: &BTreeMap<String, String>, context: &C) -> garde::Result {
    if options.len() > 10 {
        return Err(garde::Error::new("more than 10 options"));
    }
    for text in options.iter().flat_map(|(name, value)| [name, value]) {
        line(text, context)?;
        if text.chars().count() > 200 {
            return Err(garde::Error::new("an option is longer than 200 characters"));
        }
    }
    Ok(())
}

/// A line as the server prices it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The sku.
    pub sku: String,
    /// The product.
    pub product_id: ProductId,
    /// The product's name.
    pub name: String,
    /// A picture's URL.
    pub image: Option<String>,
    /// The variation's options and the shopper's choices.
    pub options: BTreeMap<String, String>,
    /// How many.
    pub quantity: u32,
    /// What one piece costs.
    pub price: Money,
    /// Whether stock limits how many can be sold.
    pub limited: bool,
}

impl Line {
    /// What the line asks for, to be priced anew.
    pub fn wanted(&self) -> WantedLine {
        WantedLine {
            sku: self.sku.clone(),
            quantity: self.quantity,
            options: self.options.clone(),
        }
    }

    /// What the line costs.
    pub fn total(&self) -> Result<Money> {
        Ok(self.price.times(self.quantity).map_err(too_large)?)
    }
}

/// Something that the shopper did not ask for but should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"sku": "MUG-BLUE", "code": "quantity_reduced", "message": "only 3 are left"}))]
pub struct Warning {
    /// The sku it is about.
    pub sku: String,
    /// What it is.
    pub code: WarningCode,
    /// For people.
    pub message: String,
}

/// What a warning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// Fewer pieces than asked for.
    QuantityReduced,
    /// None at all: the line was left out.
    OutOfStock,
    /// No longer in the catalogue: the line was left out.
    NoLongerSold,
}

/// Priced lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Priced {
    /// The lines that can be had.
    pub lines: Vec<Line>,
    /// Their sum.
    pub subtotal: Money,
    /// What is taken off the sum; see [`Priced::discounted`].
    pub discounts: Vec<Discount>,
    /// What became of the others.
    pub warnings: Vec<Warning>,
}

impl Priced {
    /// With what a shopper's benefits take off.
    #[must_use]
    pub fn discounted(self, catalogue: &Catalogue, entitlements: &Entitlements) -> Self {
        let discounts = entitlements.best(catalogue, &self.lines);
        Self {
            discounts: discounts.into_iter().collect(),
            ..self
        }
    }

    /// What is to be paid: the sum less what is taken off it, never below zero.
    pub fn total(&self) -> Money {
        let off: i64 = self.discounts.iter().map(|d| d.amount.minor()).sum();
        let left = self.subtotal.minor().saturating_sub(off).max(0);
        Money::new(left, self.subtotal.currency())
    }
}

/// What to do about a line that cannot be had as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// Refuse a sku that is not in the catalogue, and one whose product's policy is to deny: the client
    /// asks for it now.
    Refuse,
    /// Take what there is and warn: it could be had when the line was made.
    Reduce,
}

/// Lines of the same sku and the same choices become one.
pub fn merge(lines: impl IntoIterator<Item = WantedLine>) -> Vec<WantedLine> {
    let mut merged: Vec<WantedLine> = Vec::new();
    for line in lines {
        match merged
            .iter_mut()
            .find(|other| other.sku == line.sku && other.options == line.options)
        {
            Some(other) => {
                other.quantity = other
                    .quantity
                    .saturating_add(line.quantity)
                    .min(MAX_QUANTITY);
            }
            None => merged.push(line),
        }
    }
    merged
}

/// Prices lines from the catalogue and holds them to `available` pieces per sku.
pub fn price(
    catalogue: &Catalogue,
    currency: Currency,
    available: &BTreeMap<String, i64>,
    wanted: Vec<WantedLine>,
    shortfall: Shortfall,
) -> Result<Priced> {
    let mut priced = Priced {
        lines: Vec::new(),
        subtotal: Money::zero(currency),
        discounts: Vec::new(),
        warnings: Vec::new(),
    };
    let mut left = available.clone();
    for wanted in complete(catalogue, wanted, shortfall, &mut priced.warnings)? {
        let Some((product, variation)) = catalogue.sku(&wanted.sku) else {
            continue;
        };
        let limited = product.inventory_policy != InventoryPolicy::Continue;
        let left = left.entry(wanted.sku.clone()).or_insert(0);
        let possible = u32::try_from((*left).max(0)).unwrap_or(u32::MAX);
        let quantity = if limited {
            wanted.quantity.min(possible)
        } else {
            wanted.quantity
        };
        if quantity < wanted.quantity {
            if product.inventory_policy == InventoryPolicy::Deny && shortfall == Shortfall::Refuse {
                return Err(out_of_stock([(wanted.sku.as_str(), i64::from(possible))]).into());
            }
            priced.warnings.push(shortage(&wanted.sku, quantity));
        }
        *left -= i64::from(quantity);
        if quantity == 0 {
            continue;
        }
        let line = Line {
            sku: wanted.sku,
            product_id: product.id.clone(),
            name: product.name.clone(),
            image: variation
                .image
                .clone()
                .or_else(|| product.images.first().cloned()),
            options: wanted.options,
            quantity,
            price: variation.price,
            limited,
        };
        priced.subtotal = priced.subtotal.plus(line.total()?).map_err(too_large)?;
        priced.lines.push(line);
    }
    Ok(priced)
}

/// Fills in what the sku itself tells, then merges: a line that spells its variation's options out is
/// the same line as one that does not.
fn complete(
    catalogue: &Catalogue,
    wanted: Vec<WantedLine>,
    shortfall: Shortfall,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<WantedLine>> {
    let mut lines = Vec::with_capacity(wanted.len());
    let mut missing = Refusal::new(Code::UnknownSku);
    for (position, mut line) in wanted.into_iter().enumerate() {
        match catalogue.sku(&line.sku) {
            Some((_, variation)) => {
                line.options.extend(variation.options.clone());
                lines.push(line);
            }
            None if shortfall == Shortfall::Refuse => {
                let message = format!("there is no sku {:?}", line.sku);
                missing = missing.at(format!("productItems[{position}].sku"), message);
            }
            None => warnings.push(Warning {
                sku: line.sku,
                code: WarningCode::NoLongerSold,
                message: "it is no longer sold".to_owned(),
            }),
        }
    }
    if missing.details.is_empty() {
        Ok(merge(lines))
    } else {
        Err(missing.into())
    }
}

fn shortage(sku: &str, quantity: u32) -> Warning {
    let (code, message) = match quantity {
        0 => (WarningCode::OutOfStock, "it is out of stock".to_owned()),
        1 => (WarningCode::QuantityReduced, "only 1 is left".to_owned()),
        n => (WarningCode::QuantityReduced, format!("only {n} are left")),
    };
    Warning {
        sku: sku.to_owned(),
        code,
        message,
    }
}

/// The refusal that names each sku there is not enough of, and how many there are.
pub fn out_of_stock<'a>(skus: impl IntoIterator<Item = (&'a str, i64)>) -> Refusal {
    let skus = skus.into_iter();
    skus.fold(
        Refusal::new(Code::OutOfStock),
        |refusal, (sku, available)| refusal.at(sku, format!("{} of {sku} left", available.max(0))),
    )
}

fn too_large(error: MoneyError) -> Refusal {
    Refusal::because(Code::ValidationFailed, error.to_string())
}

#[cfg(test)]
mod tests;
