//! What a customer's benefits take off a price.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Benefits, DiscountRule, Program, ProgramId, ProgramStatus};
use crate::domain::catalogue::Catalogue;
use crate::domain::pricing::Line;
use crate::money::Money;

/// Why something is cheaper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiscountType {
    /// A benefit programme that the customer is enrolled in.
    Benefit,
}

/// Something taken off the sum of the lines, as stored with an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discount {
    /// Why.
    #[serde(rename = "type")]
    pub kind: DiscountType,
    /// The programme.
    pub program_id: ProgramId,
    /// What customers read.
    pub name: String,
    /// How much; above zero.
    pub amount: Money,
}

/// The programmes that take something off for a customer at this moment.
#[derive(Debug, Clone, Default)]
pub struct Entitlements(Vec<Program>);

impl Entitlements {
    /// Of the org's programmes those that are active and that the customer has an approved enrollment in,
    /// one that has not run out.
    pub fn of(programs: &[Program], benefits: &Benefits, now: Timestamp) -> Self {
        let entitled = |program: &&Program| {
            program.status == ProgramStatus::Active && benefits.is_entitled(&program.id, now)
        };
        Self(programs.iter().filter(entitled).cloned().collect())
    }

    /// The one discount that takes most off these lines; of equal ones that of the first id. Discounts do
    /// not add up: an org that offers two must not sell at the sum of both without having meant to.
    pub fn best(&self, catalogue: &Catalogue, lines: &[Line]) -> Option<Discount> {
        let discounts = self.0.iter().filter_map(|program| {
            let amount = taken_off(program, catalogue, lines)?;
            Some(Discount {
                kind: DiscountType::Benefit,
                program_id: program.id.clone(),
                name: program.name.clone(),
                amount,
            })
        });
        let rank = |discount: &Discount| {
            let id = std::cmp::Reverse(discount.program_id.clone());
            (discount.amount.minor(), id)
        };
        discounts.max_by_key(rank)
    }
}

/// What a programme takes off, in whole minor units: a percentage is taken of each line it covers and rounded
/// there, halves in the customer's favour; an amount is taken of their sum. Never more than they cost.
fn taken_off(program: &Program, catalogue: &Catalogue, lines: &[Line]) -> Option<Money> {
    let everything = program.categories.is_empty() && program.skus.is_empty();
    let covers = |line: &&Line| {
        everything
            || program.skus.contains(&line.sku)
            || catalogue
                .product(&line.product_id)
                .and_then(|product| product.category.as_ref())
                .is_some_and(|category| program.categories.contains(category))
    };
    // Priced lines are within bounds: pricing refuses a sum that is not.
    let totals: Vec<Money> = lines
        .iter()
        .filter(covers)
        .map(Line::total)
        .collect::<Result<_, _>>()
        .ok()?;
    let currency = totals.first()?.currency();
    let minor = match program.discount {
        DiscountRule::Percent(hundredths) => totals
            .iter()
            .map(|total| part(total.minor(), hundredths))
            .sum(),
        DiscountRule::Fixed(amount) if amount.currency() == currency => {
            let covered = totals.iter().map(|total| total.minor()).sum();
            amount.minor().min(covered)
        }
        // The org changed its currency since.
        DiscountRule::Fixed(_) => 0,
    };
    (minor > 0).then(|| Money::new(minor, currency))
}

/// So many hundredths of a percent of an amount, half a minor unit rounded up.
fn part(minor: i64, hundredths: u32) -> i64 {
    // At most 10^13 times 10^4: within an i64.
    (minor * i64::from(hundredths) + 5_000) / 10_000
}

#[cfg(test)]
mod tests;
