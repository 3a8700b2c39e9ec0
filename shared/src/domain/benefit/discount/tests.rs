//! What a discount never does.

use std::collections::BTreeMap;

use iso_currency::Currency;
use proptest::prelude::*;

use super::*;
use crate::clock;
use crate::domain::benefit::{Audience, Enrollment, RowStatus};
use crate::domain::pricing::Priced;
use crate::domain::product::{InventoryPolicy, Product, ProductStatus, Variation};
use crate::ids::{EnrollmentId, ProductId};

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn product(sku: &str, category: &str) -> Product {
    Product {
        id: ProductId::derived(sku.as_bytes()),
        slug: sku.to_lowercase(),
        name: sku.to_owned(),
        description: String::new(),
        brand: None,
        category: Some(category.to_owned()),
        images: Vec::new(),
        attributes: BTreeMap::new(),
        variations: vec![Variation {
            sku: sku.to_owned(),
            options: BTreeMap::new(),
            price: usd(1),
            image: None,
        }],
        status: ProductStatus::Active,
        inventory_policy: InventoryPolicy::Continue,
        created_at: clock::now(),
        updated_at: clock::now(),
    }
}

fn catalogue() -> Catalogue {
    let products = vec![product("MUG", "Kitchen"), product("SOCKS", "Clothing")];
    Catalogue::new(1, products, Vec::new())
}

fn line(sku: &str, quantity: u32, minor: i64) -> Line {
    Line {
        sku: sku.to_owned(),
        product_id: ProductId::derived(sku.as_bytes()),
        name: sku.to_owned(),
        image: None,
        options: BTreeMap::new(),
        quantity,
        price: usd(minor),
        limited: false,
    }
}

fn program(id: &str, discount: DiscountRule) -> Program {
    Program {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        audience: Audience::Student,
        discount,
        requirements: None,
        status: ProgramStatus::Active,
        validity_days: None,
        evidence_required: false,
        categories: Vec::new(),
        skus: Vec::new(),
    }
}

fn enrollment(program: &Program, status: RowStatus, expires_at: Option<Timestamp>) -> Enrollment {
    Enrollment {
        id: EnrollmentId::generate(),
        program_id: program.id.clone(),
        program_name: program.name.clone(),
        status,
        evidence: Vec::new(),
        submitted_at: Timestamp::UNIX_EPOCH,
        decided_at: None,
        expires_at,
        reason: None,
    }
}

/// What the customer who is enrolled in all of these programmes gets.
fn entitled(programs: &[Program]) -> Entitlements {
    let enrollments = programs
        .iter()
        .map(|program| enrollment(program, RowStatus::Approved, None));
    let enrollments = enrollments.collect();
    Entitlements::of(programs, &Benefits { enrollments }, clock::now())
}

fn off(programs: &[Program], lines: &[Line]) -> Option<(String, i64)> {
    let best = entitled(programs).best(&catalogue(), lines);
    best.map(|discount| (discount.program_id.to_string(), discount.amount.minor()))
}

#[test]
fn a_percentage_is_taken_off_each_line_and_half_a_cent_goes_to_the_customer() {
    let ten = [program("ten", DiscountRule::Percent(1_000))];
    let one = |minor| off(&ten, &[line("MUG", 1, minor)]).map(|(_, minor)| minor);
    assert_eq!(one(2_500), Some(250));
    assert_eq!(one(1_004), Some(100));
    assert_eq!(one(1_005), Some(101));
    assert_eq!(one(4), None);
    // Of each line, not of each piece and not of the sum: 0.8 cents and 0.4 cents are 1 cent and none.
    let lines = [line("MUG", 2, 4), line("SOCKS", 1, 4)];
    assert_eq!(off(&ten, &lines), Some(("ten".to_owned(), 1)));
    let lines = [line("MUG", 1, 5), line("SOCKS", 1, 5)];
    assert_eq!(off(&ten, &lines), Some(("ten".to_owned(), 2)));
}

#[test]
fn what_a_currency_has_no_digits_for_is_not_taken_off() {
    let ten = program("ten", DiscountRule::Percent(1_000));
    let yen = |minor| {
        let price = Money::new(minor, Currency::JPY);
        let line = Line {
            price,
            ..line("MUG", 1, 0)
        };
        let best = entitled(std::slice::from_ref(&ten)).best(&catalogue(), &[line]);
        best.map(|discount| discount.amount)
    };
    assert_eq!(yen(1_004), Some(Money::new(100, Currency::JPY)));
    assert_eq!(yen(1_005), Some(Money::new(101, Currency::JPY)));
}

#[test]
fn of_several_the_one_that_takes_most_off_counts_alone() {
    let programs = [
        program("b-fixed", DiscountRule::Fixed(usd(300))),
        program("a-percent", DiscountRule::Percent(1_000)),
    ];
    let best = |minor| off(&programs, &[line("MUG", 1, minor)]);
    assert_eq!(best(2_000), Some(("b-fixed".to_owned(), 300)));
    assert_eq!(best(5_000), Some(("a-percent".to_owned(), 500)));
    assert_eq!(best(3_000), Some(("a-percent".to_owned(), 300)));
}

#[test]
fn only_the_lines_that_a_programme_covers_are_cheaper() {
    let mut kitchen = program("kitchen", DiscountRule::Percent(5_000));
    kitchen.categories = vec!["Kitchen".to_owned()];
    let lines = [line("MUG", 2, 1_000), line("SOCKS", 1, 9_000)];
    let amount = |program: &Program| off(std::slice::from_ref(program), &lines).map(|(_, m)| m);
    assert_eq!(amount(&kitchen), Some(1_000));
    kitchen.categories.clear();
    kitchen.skus = vec!["SOCKS".to_owned()];
    assert_eq!(amount(&kitchen), Some(4_500));
    kitchen.skus = vec!["LAMP".to_owned()];
    assert_eq!(amount(&kitchen), None);
    // An amount is for what it covers, and never more than that costs.
    kitchen.discount = DiscountRule::Fixed(usd(50_000));
    kitchen.skus = vec!["MUG".to_owned()];
    assert_eq!(amount(&kitchen), Some(2_000));
}

#[test]
fn nothing_is_taken_off_unless_the_enrollment_is_approved_in_time_and_the_programme_active() {
    let now = clock::now();
    let ten = program("ten", DiscountRule::Percent(1_000));
    let gets = |program: &Program, enrollment: Enrollment| {
        let enrollments = vec![enrollment];
        let programs = std::slice::from_ref(program);
        let entitlements = Entitlements::of(programs, &Benefits { enrollments }, now);
        entitlements
            .best(&catalogue(), &[line("MUG", 1, 1_000)])
            .is_some()
    };
    let hour = jiff::SignedDuration::from_hours(1);
    assert!(gets(&ten, enrollment(&ten, RowStatus::Approved, None)));
    assert!(gets(
        &ten,
        enrollment(&ten, RowStatus::Approved, Some(now + hour))
    ));
    assert!(!gets(
        &ten,
        enrollment(&ten, RowStatus::Approved, Some(now))
    ));
    for status in [RowStatus::Pending, RowStatus::Rejected, RowStatus::Revoked] {
        assert!(!gets(&ten, enrollment(&ten, status, None)), "{status:?}");
    }
    for status in [ProgramStatus::Draft, ProgramStatus::Archived] {
        let program = Program {
            status,
            ..ten.clone()
        };
        assert!(!gets(&program, enrollment(&ten, RowStatus::Approved, None)));
    }
    let other = program("other", DiscountRule::Percent(1_000));
    assert!(!gets(&ten, enrollment(&other, RowStatus::Approved, None)));
    // What is in another currency than the cart has no effect.
    let euros = DiscountRule::Fixed(Money::new(100, Currency::EUR));
    let euros = program("euros", euros);
    assert!(!gets(&euros, enrollment(&euros, RowStatus::Approved, None)));
}

fn any_rule() -> impl Strategy<Value = DiscountRule> {
    prop_oneof![
        (1..=10_000_u32).prop_map(DiscountRule::Percent),
        (1..=1_000_000_i64).prop_map(|minor| DiscountRule::Fixed(usd(minor))),
    ]
}

proptest! {
    #[test]
    fn a_total_is_never_below_zero_and_never_above_the_sum(
        rules in prop::collection::vec(any_rule(), 0..4),
        mugs in 1..100_u32, socks in 1..100_u32, mug in 0..1_000_000_i64, sock in 0..1_000_000_i64,
    ) {
        let programs: Vec<Program> = rules
            .into_iter()
            .enumerate()
            .map(|(n, rule)| program(&format!("p{n}"), rule))
            .collect();
        let lines = vec![line("MUG", mugs, mug), line("SOCKS", socks, sock)];
        let subtotal = usd(i64::from(mugs) * mug + i64::from(socks) * sock);
        let priced = Priced { lines, subtotal, discounts: Vec::new(), warnings: Vec::new() };
        let priced = priced.discounted(&catalogue(), &entitled(&programs));
        let total = priced.total();
        prop_assert!((0..=subtotal.minor()).contains(&total.minor()));
        let off: i64 = priced.discounts.iter().map(|discount| discount.amount.minor()).sum();
        prop_assert_eq!(total.minor() + off, subtotal.minor());
        prop_assert!(priced.discounts.len() <= 1);
        prop_assert!(priced.discounts.iter().all(|discount| discount.amount.minor() > 0));
    }
}
