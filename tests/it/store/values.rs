//! What is written is what is read.

use portico_shared::store::{Condition, Write};
use serde_json::{Map, Value, json};

use super::{Bench, Thing, assert_refused, met};

#[tokio::test(flavor = "multi_thread")]
async fn values_come_back_as_they_were_written() {
    let bench = Bench::start().await;
    let map = json!({
        "empty": "", "none": null, "yes": true, "list": [], "map": {}, "nested": [[1, "2", null, {"a": []}]],
        "largest": i64::MAX, "least": i64::MIN, "unsigned": u64::MAX, "tenth": 0.1, "negative": -2.5,
        "precise": 12_345_678_901_234_567_u64, "text": "Zo\u{eb} \u{1f600} \u{0} \" ' # : \\ \u{7f}\n",
    });
    let Value::Object(map) = map else {
        unreachable!()
    };
    let things = [
        Thing::default(),
        Thing {
            map,
            ..Thing::of(i64::MAX, "\u{e9}")
        },
        Thing {
            list: vec![
                String::new(),
                "b".to_owned(),
                "a".to_owned(),
                "b".to_owned(),
            ],
            maybe: Some(String::new()),
            map: Map::new(),
            ..Thing::of(i64::MIN, "")
        },
    ];
    for thing in things {
        bench.put(0, &thing).await;
        assert_eq!(bench.get(0).await.unwrap().entity, thing);
        let eventual = bench.store.get::<Thing>(&bench.key(0)).await.unwrap();
        assert_eq!(eventual.unwrap().entity, thing);
        let again = Write::put(bench.key(0), &thing).when(Condition::Absent);
        assert_eq!(met(bench.store.write(again).await).unwrap().entity, thing);
    }
    assert_eq!(bench.get(1).await, None);
    assert_eq!(
        bench.store.find::<Thing>(&bench.key(1)).await.unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_forgotten_carries_its_time_in_the_attribute_of_the_template() {
    let bench = Bench::start().await;
    let put = Write::put(bench.key(0), &Thing::of(1, "")).expiring(1_900_000_000);
    bench.store.write(put).await.unwrap();
    let items = bench.peer.items().await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["ttl"], json!({"N": "1900000000"}));
    let table = json!({"TableName": bench.peer.table});
    let described = bench.peer.call("DescribeTimeToLive", &table).await;
    let ttl = &described["TimeToLiveDescription"];
    assert_eq!(
        (&ttl["AttributeName"], &ttl["TimeToLiveStatus"]),
        (&json!("ttl"), &json!("ENABLED"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_more_than_400_kb_is_refused_and_leaves_what_was_there() {
    let bench = Bench::start().await;
    bench.put(0, &Thing::large(400_000)).await;
    let kept = bench.get(0).await;
    let larger = Thing::large(400 * 1024);
    assert_refused(bench.store.write(Write::put(bench.key(0), &larger)).await);
    let update = portico_shared::store::Update::to(&larger).unwrap();
    assert_refused(bench.store.write(Write::update(bench.key(0), update)).await);
    let transaction = vec![Write::put(bench.key(0), &larger)];
    assert_refused(bench.store.transact(transaction).await);
    assert_eq!(bench.get(0).await, kept);
}
