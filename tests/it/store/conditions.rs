//! Conditions, and the items that they meet when they do not hold.

use portico_shared::store::{Condition, Key, StoreError, Update, Write};

use super::{Bench, Difference, Thing, met};

/// Each condition, and whether it holds of `there` and of no item.
fn conditions() -> Vec<(Condition, bool, bool)> {
    let eq = |count: i64| Condition::eq("count", &count);
    vec![
        (Condition::Absent, false, true),
        (Condition::Present, true, false),
        (Condition::Lacks("count"), false, true),
        (Condition::Lacks("other"), true, true),
        (eq(10), true, false),
        (eq(9), false, false),
        // A number is not the text of it.
        (Condition::eq("count", &"10"), false, false),
        // Numbers compare as numbers: "10" comes before "9".
        (Condition::at_least("count", &9), true, false),
        (Condition::at_least("count", &10), true, false),
        (Condition::at_least("count", &11), false, false),
        (Condition::below("count", &9), false, false),
        (Condition::below("count", &11), true, false),
        // Text compares by its bytes in UTF-8: upper case before lower, ASCII before the rest.
        (Condition::at_least("text", &"Z"), true, false),
        (Condition::below("text", &"\u{e9}"), true, false),
        (Condition::below("text", &"b"), false, false),
        (
            Condition::All(vec![Condition::Present, eq(10)]),
            true,
            false,
        ),
        (
            Condition::All(vec![Condition::Present, eq(9)]),
            false,
            false,
        ),
        (Condition::Any(vec![Condition::Absent, eq(10)]), true, true),
        (Condition::Any(vec![Condition::Absent, eq(9)]), false, true),
        (
            Condition::All(vec![
                Condition::Lacks("other"),
                Condition::Any(vec![eq(9), Condition::below("count", &11)]),
            ]),
            true,
            false,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_another_type_is_neither_more_nor_less() {
    let bench = Bench::start().await;
    bench.put(0, &Thing::of(10, "b")).await;
    let before = bench.get(0).await;
    for condition in [
        Condition::below("text", &11),
        Condition::at_least("text", &11),
    ] {
        let outcome = bench
            .store
            .write(Write::delete(bench.key(0)).when(condition))
            .await;
        if bench.differs(Difference::TypesCompared) {
            assert!(matches!(outcome, Err(StoreError::Unavailable(_))));
        } else {
            assert_eq!(met(outcome), before);
        }
        assert_eq!(bench.get(0).await, before);
    }
}

fn writes(key: &Key) -> [Write; 3] {
    let changed = Thing::of(11, "changed");
    [
        Write::put(key.clone(), &changed),
        Write::update(key.clone(), Update::of::<Thing>().set("count", &11)),
        Write::delete(key.clone()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_happens_exactly_when_its_condition_holds_and_tells_what_it_met() {
    let bench = Bench::start().await;
    let there = Thing::of(10, "b");
    for (condition, of_item, of_none) in conditions() {
        for kind in 0..3 {
            for (exists, holds) in [(true, of_item), (false, of_none)] {
                let key = bench.key(0);
                bench.store.write(Write::delete(key.clone())).await.unwrap();
                if exists {
                    bench.put(0, &there).await;
                }
                let before = bench.get(0).await;
                let [put, update, delete] = writes(&key);
                let write = [put, update, delete].into_iter().nth(kind).unwrap();
                let outcome = bench.store.write(write.when(condition.clone())).await;
                let what = format!("{condition:?}, {kind}, {exists}");
                if holds {
                    outcome.expect(&what);
                    let count = bench.get(0).await.map(|thing| thing.entity.count);
                    assert_eq!(count, (kind < 2).then_some(11), "{what}");
                } else {
                    assert_eq!(met(outcome), before, "{what}");
                    assert_eq!(bench.get(0).await, before, "{what}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_alone_holds_or_is_refused_like_a_transaction_of_one() {
    let bench = Bench::start().await;
    bench.put(0, &Thing::of(1, "")).await;
    let check = |count: i64| Write::check(bench.key(0), Condition::eq("count", &count));
    bench.store.write(check(1)).await.unwrap();
    let refused = bench.store.write(check(2)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the conditions of a transaction did not hold"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_makes_the_item_and_counts_its_version() {
    let bench = Bench::start().await;
    let made = bench
        .update(0, Update::of::<Thing>().set("text", &"a"))
        .await;
    assert_eq!((made.version, made.entity), (1, Thing::of(0, "a")));
    let counted = bench.update(0, Update::of::<Thing>().add("count", 5)).await;
    assert_eq!((counted.version, counted.entity.count), (2, 5));
    let counted = bench
        .update(0, Update::of::<Thing>().add("count", -7))
        .await;
    assert_eq!((counted.version, counted.entity.count), (3, -2));
    let kept = Update::of::<Thing>()
        .set_if_absent("text", &"b")
        .set_if_absent("maybe", &"c");
    let kept = bench.update(0, kept).await.entity;
    assert_eq!(
        (kept.text.as_str(), kept.maybe.as_deref()),
        ("a", Some("c"))
    );
    let removed = Update::of::<Thing>()
        .remove("maybe")
        .remove("neverThere")
        .set("text", &"");
    let removed = bench.update(0, removed).await;
    assert_eq!((removed.version, removed.entity), (5, Thing::of(-2, "")));
    // What is less another attribute, absent or there; both sides are read as they were before.
    let rest = Update::of::<Thing>()
        .set_difference("total", 10, "count")
        .add("count", 3);
    let rest = bench.update(0, rest).await.entity;
    assert_eq!((rest.total, rest.count), (12, 1));
    let rest = bench
        .update(
            1,
            Update::of::<Thing>().set_difference("total", 10, "count"),
        )
        .await;
    assert_eq!(rest.entity.total, 10);
    let whole = Thing {
        maybe: None,
        ..Thing::of(4, "whole")
    };
    let replaced = bench.update(0, Update::to(&whole).unwrap()).await;
    assert_eq!((replaced.version, replaced.entity), (7, whole));
}
