//! All or nothing.

use portico_shared::aws::{Aws, Endpoints};
use portico_shared::store::{Condition, Store, StoreError, Update, Write};
use portico_tests::{Fault, Faults, Injection, When};

use super::{Bench, Difference, Thing, assert_refused};

fn add() -> Update {
    Update::of::<Thing>().add("count", 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_transaction_happens() {
    let bench = Bench::start().await;
    for nth in 0..3 {
        bench.put(nth, &Thing::of(1, "")).await;
    }
    let writes = vec![
        Write::put(bench.key(3), &Thing::of(7, "")).when(Condition::Absent),
        Write::update(bench.key(0), add()).when(Condition::eq("count", &1)),
        Write::delete(bench.key(1)).when(Condition::Present),
        Write::check(bench.key(2), Condition::eq("count", &1)),
        Write::update(bench.key(4), add()),
    ];
    bench.store.transact(writes).await.unwrap();
    let mut counts = Vec::new();
    for nth in 0..5 {
        counts.push(
            bench
                .get(nth)
                .await
                .map(|thing| (thing.entity.count, thing.version)),
        );
    }
    let expected = [Some((2, 2)), None, Some((1, 1)), Some((7, 1)), Some((1, 1))];
    assert_eq!(counts, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_cancelled_transaction_happens_and_each_write_is_told_what_it_met() {
    let bench = Bench::start().await;
    for nth in 0..3 {
        bench
            .put(nth, &Thing::of(i64::try_from(nth).unwrap(), ""))
            .await;
    }
    let before = bench.peer.items().await;
    let writes = vec![
        Write::put(bench.key(8), &Thing::of(8, "")),
        Write::update(bench.key(0), add()).when(Condition::eq("count", &5)),
        Write::delete(bench.key(9)).when(Condition::Present),
        Write::delete(bench.key(1)),
        Write::check(bench.key(2), Condition::Absent),
    ];
    let Err(StoreError::Cancelled(reasons)) = bench.store.transact(writes).await else {
        panic!("the conditions do not hold");
    };
    let met = reasons.into_iter().map(|reason| {
        let found = reason.map(|found| found.read::<Thing>().expect("a thing"));
        found.map(|thing| thing.map(|thing| thing.entity.count))
    });
    let expected = [None, Some(Some(0)), Some(None), None, Some(Some(2))];
    assert_eq!(met.collect::<Vec<_>>(), expected);
    assert_eq!(bench.peer.items().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_has_up_to_a_hundred_writes_of_a_hundred_items() {
    let bench = Bench::start().await;
    let puts = |count: usize| (0..count).map(|nth| Write::put(bench.key(nth), &Thing::default()));
    assert_refused(bench.store.transact(puts(101).collect()).await);
    let twice = vec![
        Write::update(bench.key(0), add()),
        Write::delete(bench.key(0)),
    ];
    assert_refused(bench.store.transact(twice).await);
    assert_eq!(bench.peer.items().await.len(), 0);
    bench.store.transact(puts(100).collect()).await.unwrap();
    assert_eq!(bench.peer.items().await.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_sent_again_under_its_token_happens_once() {
    let bench = Bench::start().await;
    let faults = Faults::start(bench.peer.url.clone()).await;
    let endpoints = Endpoints {
        dynamodb: Some(faults.url().to_owned()),
        ..Endpoints::default()
    };
    let store = Store::new(&Aws::local(endpoints), &bench.peer.table);
    let lost = Injection::of(Fault::INTERNAL).when(When::After);
    faults.inject(lost.on("TransactWriteItems"));
    store
        .transact(vec![Write::update(bench.key(0), add())])
        .await
        .unwrap();
    let tokens: Vec<_> = faults
        .calls("TransactWriteItems")
        .into_iter()
        .map(|call| call.token)
        .collect();
    assert_eq!((tokens.len(), tokens[0].is_some()), (2, true));
    assert_eq!(tokens[0], tokens[1]);
    let times = if bench.differs(Difference::TokensForgotten) {
        2
    } else {
        1
    };
    assert_eq!(bench.get(0).await.unwrap().entity.count, times);
    // The same again, as a call of its own, is another transaction.
    store
        .transact(vec![Write::update(bench.key(0), add())])
        .await
        .unwrap();
    assert_eq!(bench.get(0).await.unwrap().entity.count, times + 1);
}
