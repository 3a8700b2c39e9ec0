//! What pricing never does.

use proptest::prelude::*;

use super::*;
use crate::clock;
use crate::domain::product::{Product, ProductStatus, Variation};

const SKUS: [&str; 4] = ["A", "B", "C", "D"];

/// One product for each policy, and one with two skus.
fn catalogue() -> Catalogue {
    let product = |skus: &[(&str, i64)], inventory_policy| Product {
        id: ProductId::derived(skus[0].0.as_bytes()),
        slug: skus[0].0.to_lowercase(),
        name: skus[0].0.to_owned(),
        description: String::new(),
        brand: None,
        category: None,
        images: Vec::new(),
        attributes: BTreeMap::new(),
        variations: skus
            .iter()
            .map(|(sku, minor)| variation(sku, *minor))
            .collect(),
        status: ProductStatus::Active,
        inventory_policy,
        created_at: clock::now(),
        updated_at: clock::now(),
    };
    let products = vec![
        product(&[("A", 1250), ("B", 1)], InventoryPolicy::Clamp),
        product(&[("C", 999)], InventoryPolicy::Continue),
        product(&[("D", 100_000)], InventoryPolicy::Deny),
    ];
    Catalogue::new(1, products, Vec::new())
}

fn variation(sku: &str, minor: i64) -> Variation {
    let options = BTreeMap::from([("size".to_owned(), sku.to_owned())]);
    Variation {
        sku: sku.to_owned(),
        options,
        price: Money::new(minor, Currency::USD),
        image: None,
    }
}

fn wanted(sku: &str, quantity: u32, choice: Option<u8>) -> WantedLine {
    let options = choice.map(|choice| ("engraving".to_owned(), choice.to_string()));
    WantedLine {
        sku: sku.to_owned(),
        quantity,
        options: options.into_iter().collect(),
    }
}

fn any_line() -> impl Strategy<Value = WantedLine> {
    (
        0..SKUS.len(),
        1..=MAX_QUANTITY,
        proptest::option::of(0..2u8),
    )
        .prop_map(|(sku, quantity, choice)| wanted(SKUS[sku], quantity, choice))
}

proptest! {
    #[test]
    fn nothing_is_sold_above_stock_and_the_subtotal_is_the_sum_of_the_lines(
        lines in prop::collection::vec(any_line(), 0..12),
        stock in prop::array::uniform4(-5i64..20_000),
    ) {
        let available: BTreeMap<String, i64> = SKUS.map(str::to_owned).into_iter().zip(stock).collect();
        let catalogue = catalogue();
        let price = |lines| price(&catalogue, Currency::USD, &available, lines, Shortfall::Reduce).unwrap();
        let priced = price(lines.clone());

        let sum: i64 = priced.lines.iter().map(|line| line.total().unwrap().minor()).sum();
        prop_assert_eq!(priced.subtotal.minor(), sum);
        for sku in SKUS.into_iter().filter(|sku| *sku != "C") {
            let sold: i64 = priced.lines.iter().filter(|l| l.sku == sku).map(|l| i64::from(l.quantity)).sum();
            prop_assert!(sold <= available[sku].max(0), "{sku}: {sold}");
        }
        // What was priced, priced again, stays as it is, and says nothing more.
        let again = price(priced.lines.iter().map(Line::wanted).collect());
        prop_assert_eq!(&again.lines, &priced.lines);
        prop_assert_eq!(again.warnings, vec![]);
        // Nothing is left out in silence.
        if merge(lines).len() > priced.lines.len() {
            prop_assert!(!priced.warnings.is_empty());
        }
    }

    #[test]
    fn merging_loses_and_invents_no_pieces(lines in prop::collection::vec(any_line(), 0..12)) {
        let count = |lines: &[WantedLine], sku: &str, options: &BTreeMap<String, String>| {
            let same = lines.iter().filter(|line| line.sku == sku && line.options == *options);
            same.map(|line| u64::from(line.quantity)).sum::<u64>()
        };
        let merged = merge(lines.clone());
        for line in &merged {
            let asked = count(&lines, &line.sku, &line.options);
            prop_assert_eq!(u64::from(line.quantity), asked.min(u64::from(MAX_QUANTITY)));
            prop_assert_eq!(count(&merged, &line.sku, &line.options), u64::from(line.quantity));
        }
        for line in &lines {
            prop_assert!(merged.iter().any(|m| m.sku == line.sku && m.options == line.options));
        }
    }
}

#[test]
fn a_line_that_spells_its_variation_out_is_the_same_line_as_one_that_does_not() {
    let mut spelt = wanted("A", 2, None);
    spelt.options.insert("size".to_owned(), "A".to_owned());
    let stock = BTreeMap::from([("A".to_owned(), 100)]);
    let lines = vec![wanted("A", 1, None), spelt];
    let priced = price(
        &catalogue(),
        Currency::USD,
        &stock,
        lines,
        Shortfall::Refuse,
    )
    .unwrap();
    assert_eq!(priced.lines.len(), 1);
    assert_eq!(
        (priced.lines[0].quantity, priced.subtotal.minor()),
        (3, 3750)
    );
}
