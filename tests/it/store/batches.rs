//! Many items in one call.

use portico_shared::store::{Key, Write, metered};

use super::{Bench, Difference, Thing, assert_refused};

async fn counts(bench: &Bench, keys: &[Key]) -> Vec<Option<i64>> {
    let things = bench
        .store
        .get_many::<Thing>(keys)
        .await
        .expect("the table answers");
    let count = |thing: Option<portico_shared::store::Stored<Thing>>| thing.map(|t| t.entity.count);
    things.into_iter().map(count).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn items_come_in_the_order_of_their_keys_a_hundred_a_call() {
    let bench = Bench::start().await;
    assert_eq!(counts(&bench, &[]).await, []);
    let mut expected = Vec::new();
    for nth in 0..210_usize {
        let there = (nth % 3 != 0).then_some(i64::try_from(nth).unwrap());
        if let Some(count) = there {
            bench.put(nth, &Thing::of(count, "")).await;
        }
        expected.push(there);
    }
    let keys: Vec<Key> = (0..210).rev().map(|nth| bench.key(nth)).collect();
    expected.reverse();
    let (found, usage) = metered(counts(&bench, &keys)).await;
    assert_eq!((found, usage.round_trips), (expected, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_items_of_two_types_come_in_one_call() {
    let bench = Bench::start().await;
    bench.put(1, &Thing::of(1, "")).await;
    let keys = [bench.key(0), bench.key(1)];
    let both = bench.store.get_both::<Thing, Thing>(&keys[0], &keys[1]);
    let (both, usage) = metered(both).await;
    let (none, one) = both.unwrap();
    assert!(none.is_none());
    assert_eq!((one.unwrap().entity.count, usage.round_trips), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_item_asked_for_twice_is_refused() {
    let bench = Bench::start().await;
    bench.put(0, &Thing::of(1, "")).await;
    let twice = [bench.key(0), bench.key(0)];
    assert_refused(bench.store.get_many::<Thing>(&twice).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_16_mb_is_left_out_and_asked_for_again() {
    let bench = Bench::start().await;
    let large = Thing::large(390_000);
    for nth in 0..50 {
        let thing = Thing {
            count: i64::try_from(nth).unwrap(),
            ..large.clone()
        };
        bench
            .store
            .write(Write::put(bench.key(nth), &thing))
            .await
            .unwrap();
    }
    let keys: Vec<Key> = (0..50).map(|nth| bench.key(nth)).collect();
    let (found, usage) = metered(counts(&bench, &keys)).await;
    assert_eq!(found, (0..50).map(Some).collect::<Vec<_>>());
    let calls = if bench.differs(Difference::BatchesUnlimited) {
        1
    } else {
        2
    };
    assert_eq!(usage.round_trips, calls);
}
