//! What calls consume, in the units that are paid for.

use portico_local::BoxFuture;
use portico_shared::store::{Collection, Condition, List, Update, Write, metered};

use super::{Bench, Difference, Thing};

/// What is beside an item's text: key, type, version and the names of its attributes.
const REST: usize = 200;

/// Bytes of text that make an item of not quite so many kilobytes.
fn kilobytes(count: usize) -> Thing {
    Thing::large(count * 1024 - REST)
}

/// Round trips, read units and write units of a call.
fn cost<'a>(call: impl Future<Output: Send> + Send + 'a) -> BoxFuture<'a, (u64, f64, f64)> {
    Box::pin(async move {
        let (_, usage) = metered(call).await;
        (usage.round_trips, usage.read_units, usage.write_units)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_cost_half_a_unit_for_4_kb_and_twice_that_when_they_are_consistent() {
    let bench = Bench::start().await;
    bench.put(0, &kilobytes(4)).await;
    bench.put(1, &kilobytes(5)).await;
    let (store, keys) = (&bench.store, [bench.key(0), bench.key(1), bench.key(2)]);
    if bench.differs(Difference::ReadsMadeUp) {
        assert_eq!(cost(store.get::<Thing>(&keys[1])).await, (1, 0.5, 0.0));
        return;
    }
    assert_eq!(cost(store.get::<Thing>(&keys[0])).await, (1, 0.5, 0.0));
    assert_eq!(
        cost(store.get_consistent::<Thing>(&keys[0])).await,
        (1, 1.0, 0.0)
    );
    assert_eq!(cost(store.get::<Thing>(&keys[1])).await, (1, 1.0, 0.0));
    assert_eq!(
        cost(store.get_consistent::<Thing>(&keys[1])).await,
        (1, 2.0, 0.0)
    );
    // What is not there is read all the same.
    assert_eq!(cost(store.get::<Thing>(&keys[2])).await, (1, 0.5, 0.0));
    assert_eq!(cost(store.find::<Thing>(&keys[2])).await, (2, 1.5, 0.0));
    // Each item of a batch is rounded up, a list only as a whole.
    assert_eq!(cost(store.get_many::<Thing>(&keys)).await, (1, 2.0, 0.0));
    let list = List::of(Collection::Addresses);
    assert_eq!(
        cost(store.list::<Thing>(&bench.shopper, list)).await,
        (1, 1.5, 0.0)
    );
    let list = list.consistent();
    assert_eq!(
        cost(store.list::<Thing>(&bench.shopper, list)).await,
        (1, 3.0, 0.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_cost_a_unit_for_a_kilobyte_and_twice_that_in_a_transaction() {
    let bench = Bench::start().await;
    let store = &bench.store;
    let put = |kb| Write::put(bench.key(0), &kilobytes(kb));
    assert_eq!(cost(store.write(put(1))).await, (1, 0.0, 1.0));
    if bench.differs(Difference::WritesMadeUp) {
        assert_eq!(cost(store.write(put(4))).await, (1, 0.0, 1.0));
        return;
    }
    assert_eq!(cost(store.write(put(4))).await, (1, 0.0, 4.0));
    // The larger of what was and what is.
    assert_eq!(cost(store.write(put(1))).await, (1, 0.0, 4.0));
    assert_eq!(cost(store.write(put(3))).await, (1, 0.0, 3.0));
    let update = || Write::update(bench.key(0), Update::of::<Thing>().add("count", 1));
    assert_eq!(cost(store.write(update())).await, (1, 0.0, 3.0));
    let refused = || update().when(Condition::Absent);
    assert_eq!(cost(store.write(refused())).await, (1, 0.0, 1.0));
    let writes = vec![update(), Write::put(bench.key(1), &kilobytes(2))];
    assert_eq!(cost(store.transact(writes)).await, (1, 0.0, 10.0));
    assert_eq!(
        cost(store.write(Write::delete(bench.key(0)))).await,
        (1, 0.0, 3.0)
    );
}
