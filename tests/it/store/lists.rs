//! Lists: which items, in which order, and where the next part begins.

use portico_shared::ids::{CartId, OrderId, ProductId};
use portico_shared::store::{
    Collection, Direction, Item, List, Partition as _, Slice, Write, metered,
};

use super::{Bench, Thing, id, shopper};

const ALL: List<'_> = List::of(Collection::Addresses);

impl Bench {
    async fn list(&self, list: List<'_>) -> Slice<Thing> {
        let slice = self.store.list::<Thing>(&self.shopper, list).await;
        slice.expect("the table answers")
    }

    async fn fill(&self, count: usize, bytes: usize) {
        for nth in 0..count {
            let thing = Thing {
                count: i64::try_from(nth).unwrap(),
                ..Thing::large(bytes)
            };
            self.put(nth, &thing).await;
        }
    }
}

fn counts(slice: &Slice<Thing>) -> Vec<i64> {
    slice
        .items
        .iter()
        .map(|stored| stored.entity.count)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_the_items_of_its_prefix_and_partition_in_the_order_of_their_bytes() {
    let bench = Bench::start().await;
    bench.fill(3, 0).await;
    let thing = Thing::of(99, "");
    let order = OrderId::generate();
    let others = [
        bench.shopper.key(&Item::Profile),
        bench.shopper.key(&Item::Cart(&CartId::generate())),
        bench.shopper.key(&Item::Wish(&ProductId::generate())),
        bench.shopper.key(&Item::Order(&order)),
        shopper().key(&Item::Address(&id(1))),
    ];
    for key in others {
        bench.store.write(Write::put(key, &thing)).await.unwrap();
    }
    // One prefix begins like another's: an order is not a row of the list of orders.
    let rows = bench.list(List::of(Collection::OrderRows)).await;
    assert_eq!(counts(&rows), [] as [i64; 0]);
    assert_eq!(counts(&bench.list(ALL).await), [2, 1, 0]);
    assert_eq!(
        counts(&bench.list(ALL.direction(Direction::Ascending)).await),
        [0, 1, 2]
    );
    assert_eq!(counts(&bench.list(ALL.consistent()).await), [2, 1, 0]);
    let keys: Vec<String> = (0..3)
        .rev()
        .map(|nth| format!("ADDR#{}", id(nth)))
        .collect();
    assert_eq!(bench.list(ALL).await.positions, keys);

    // Digits come before letters; ids say nothing else about their order.
    let ids = [
        "crt_00000000000000000000000000",
        "crt_9g000000000000000000000000",
        "crt_v0000000000000000000000000",
    ];
    let shopper = shopper();
    for (count, id) in ids.iter().enumerate().rev() {
        let key = shopper.key(&Item::Cart(&id.parse().expect(id)));
        let thing = Thing::of(i64::try_from(count).unwrap(), "");
        bench.store.write(Write::put(key, &thing)).await.unwrap();
    }
    let carts = List::of(Collection::Carts).direction(Direction::Ascending);
    let carts = bench.store.list::<Thing>(&shopper, carts).await.unwrap();
    assert_eq!(counts(&carts), [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_list_join_without_gap_or_overlap_in_both_directions() {
    let bench = Bench::start().await;
    bench.fill(7, 0).await;
    for direction in [Direction::Ascending, Direction::Descending] {
        let whole = counts(&bench.list(ALL.direction(direction)).await);
        for limit in 1..=8 {
            let (mut joined, mut after, mut parts) = (Vec::new(), None::<String>, 0);
            loop {
                let part = ALL
                    .direction(direction)
                    .limit(limit)
                    .after(after.as_deref());
                let part = bench.list(part).await;
                joined.extend(counts(&part));
                parts += 1;
                assert_eq!(part.items.len(), part.positions.len());
                if !part.more {
                    break;
                }
                assert_eq!(part.items.len(), limit);
                after = part.positions.last().cloned();
            }
            assert_eq!(joined, whole);
            assert_eq!(
                parts,
                7_usize.div_ceil(limit),
                "a part behind the end is no part"
            );
        }
    }
    // What the position names may be gone.
    let part = bench.list(ALL.limit(3)).await;
    let at = part.positions.last().unwrap();
    bench
        .store
        .write(Write::delete(bench.key(4)))
        .await
        .unwrap();
    assert_eq!(counts(&bench.list(ALL.after(Some(at))).await), [3, 2, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_more_than_a_megabyte_comes_whole_in_several_calls() {
    let bench = Bench::start().await;
    bench.fill(8, 300_000).await;
    let (slice, usage) = metered(Box::pin(bench.list(ALL))).await;
    assert_eq!(counts(&slice), [7, 6, 5, 4, 3, 2, 1, 0]);
    // Whether the item that passes the megabyte still belongs to a call is not documented.
    assert!(!slice.more);
    assert!((2..=3).contains(&usage.round_trips), "{usage:?}");
    let part = bench.list(ALL.limit(6)).await;
    assert_eq!((counts(&part).len(), part.more), (6, true));
    let rest = bench
        .list(ALL.after(part.positions.last().map(String::as_str)))
        .await;
    assert_eq!((counts(&rest), rest.more), (vec![1, 0], false));
}
