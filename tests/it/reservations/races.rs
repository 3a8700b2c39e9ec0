//! Those who want the same slot at the same moment, and what is left when all is undone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use portico_tests::{Account, Answer, World};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{ALL, Taken, book, free, id, open_always, taken};

/// Books these slots, all at the same moment.
async fn at_once(
    world: &Arc<World>,
    who: &Account,
    name: &str,
    slots: Vec<Timestamp>,
) -> Vec<Answer> {
    let mut asks = JoinSet::new();
    for slot in slots {
        let (world, who, name) = (world.clone(), who.clone(), name.to_owned());
        asks.spawn(async move {
            loop {
                let answer = book(&world, &who, &name, "Hour", slot).await;
                if answer.body["code"] != "conflict" {
                    return answer;
                }
            }
        });
    }
    asks.join_all().await
}

/// Asks again as long as the answer is that others are at the same thing.
async fn patiently(ask: impl AsyncFn() -> Answer) -> Answer {
    loop {
        let answer = ask().await;
        if answer.body["code"] != "conflict" {
            return answer;
        }
        assert_eq!(answer.headers["retry-after"], "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_book_a_slot_with_three_places_three_have_it() {
    let world = Arc::new(World::start().await);
    open_always(&world, "table", &json!({"capacity": 3, "bufferMinutes": 5})).await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let slot = free(&world, &bob, "table", "Hour").await[0];
    let answers = at_once(&world, &bob, "table", vec![slot; 50]).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 3);
    for answer in lost {
        answer.expect_problem(409, "slot_taken");
    }
    let numbers: BTreeSet<_> = won.iter().map(|one| one.body["name"].to_string()).collect();
    assert_eq!(numbers.len(), 3);
    // An hour and its buffer are thirteen cells, and each is full.
    assert_eq!(
        taken(&world, "table")
            .await
            .into_values()
            .collect::<Vec<_>>(),
        [3; 13]
    );
    assert!(!free(&world, &bob, "table", "Hour").await.contains(&slot));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_services_that_overlap_one_is_booked_wherever_they_begin() {
    let world = Arc::new(World::start().await);
    let rules = json!({"stepMinutes": 15, "services": [
        {"name": "Hour", "duration": 60, "price": 40}, {"name": "Half", "duration": 30, "price": 25},
    ]});
    open_always(&world, "chair", &rules).await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let slots = free(&world, &bob, "chair", "Hour").await;
    // Begin at 05:30, 05:45, 06:00 and 06:15, across the border of two of the table's items.
    let first = slots
        .iter()
        .position(|slot| slot.to_string().ends_with("T05:30:00Z"))
        .unwrap();
    let answers = at_once(&world, &bob, "chair", slots[first..first + 4].to_vec()).await;
    let won: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    let [won] = won.as_slice() else {
        panic!("{answers:?}")
    };
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer.body["code"] == "slot_taken")
            .count(),
        3
    );
    // What begins before and reaches into it, or begins in it and is over sooner, is taken as well.
    let start: Timestamp = won.body["startTime"].as_str().unwrap().parse().unwrap();
    let at = slots.iter().position(|slot| *slot == start).unwrap();
    book(&world, &bob, "chair", "Half", slots[at - 1])
        .await
        .expect_problem(409, "slot_taken");
    book(&world, &bob, "chair", "Half", slots[at + 2])
        .await
        .expect_problem(409, "slot_taken");
    book(&world, &bob, "chair", "Half", slots[at - 2])
        .await
        .expect(201);
    book(&world, &bob, "chair", "Half", slots[at + 4])
        .await
        .expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_move_to_a_slot_one_has_it_and_the_other_keeps_what_it_had() {
    let world = World::start().await;
    open_always(&world, "chair", &json!({"capacity": 1})).await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let slots = free(&world, &bob, "chair", "Hour").await;
    let one = book(&world, &bob, "chair", "Hour", slots[0])
        .await
        .expect(201);
    let two = book(&world, &bob, "chair", "Hour", slots[1])
        .await
        .expect(201);
    let change = async |booking: &Value, to: Timestamp| {
        let body = json!({"id": booking["id"], "slot": {"start": to}});
        patiently(async || world.put(ALL, &body).token(&bob.token).send().await).await
    };
    let (a, b) = tokio::join!(change(&one, slots[4]), change(&two, slots[4]));
    let first_won = a.status == 200;
    let (won, lost) = if first_won { (a, b) } else { (b, a) };
    assert_eq!(won.expect(200)["startTime"], json!(slots[4]));
    lost.expect_problem(409, "slot_taken");
    let (loser, kept, left) = if first_won {
        (&two, slots[1], slots[0])
    } else {
        (&one, slots[0], slots[1])
    };
    let path = format!("{ALL}/{}", id(loser));
    let loser = world.get(&path).token(&bob.token).send().await.expect(200);
    assert_eq!(
        (&loser["startTime"], &loser["status"]),
        (&json!(kept), &json!("confirmed"))
    );
    book(&world, &bob, "chair", "Hour", left).await.expect(201);
    // Of two moves of one booking, the one that saw the other's is refused or comes after it: it has one slot.
    let (a, b) = tokio::join!(change(&one, slots[7]), change(&one, slots[8]));
    assert!(a.status == 200 || b.status == 200, "{a:?} {b:?}");
    assert_eq!(taken(&world, "chair").await.len(), 3 * 12);
}

/// Something that a customer does.
#[derive(Debug, Clone, Copy)]
enum Act {
    Book(usize, bool),
    Move(usize, usize),
    Cancel(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0_usize..24, any::<bool>()).prop_map(|(slot, short)| Act::Book(slot, short)),
        2 => (any::<usize>(), 0_usize..24).prop_map(|(which, slot)| Act::Move(which, slot)),
        1 => any::<usize>().prop_map(Act::Cancel),
    ];
    prop::collection::vec(act, 40)
}

/// What the bookings that stand should take: an hour or half of one, and ten minutes after.
fn expected(standing: &BTreeMap<String, (Timestamp, bool)>) -> Taken {
    let mut expected = Taken::new();
    for (start, short) in standing.values() {
        let first = start.as_second() / 300;
        for cell in first..first + if *short { 8 } else { 14 } {
            *expected.entry(cell).or_default() += 1;
        }
    }
    expected
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_booked_moved_and_cancelled_the_capacity_holds_and_all_comes_back() {
    const CAPACITY: u32 = 2;
    let world = World::start().await;
    open_always(
        &world,
        "court",
        &json!({"capacity": CAPACITY, "bufferMinutes": 10, "stepMinutes": 20}),
    )
    .await;
    let who: Vec<Account> = vec![
        world.customer("acme", "ann@acme.example").await,
        world.customer("acme", "bob@acme.example").await,
    ];
    let slots = free(&world, &who[0], "court", "Hour").await;
    let mut runner = TestRunner::deterministic();
    for round in 0..3 {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        // By booking: when it begins, whether it is short, and whose it is.
        let mut standing: BTreeMap<String, (Timestamp, bool)> = BTreeMap::new();
        let mut owner: BTreeMap<String, usize> = BTreeMap::new();
        for (turn, act) in acts.into_iter().enumerate() {
            let asker = turn % 2;
            let pick = |which: usize| standing.keys().nth(which % standing.len().max(1)).cloned();
            let fits = |without: Option<&String>, start: Timestamp, short: bool| {
                let mut then = standing.clone();
                if let Some(without) = without {
                    then.remove(without);
                }
                then.insert("new".to_owned(), (start, short));
                expected(&then).into_values().all(|count| count <= CAPACITY)
            };
            match act {
                Act::Book(slot, short) => {
                    let service = if short { "Half" } else { "Hour" };
                    let answer = book(&world, &who[asker], "court", service, slots[slot]).await;
                    assert_eq!(
                        answer.status,
                        if fits(None, slots[slot], short) {
                            201
                        } else {
                            409
                        },
                        "{act:?}"
                    );
                    if answer.status == 201 {
                        owner.insert(id(&answer.body).to_owned(), asker);
                        standing.insert(id(&answer.body).to_owned(), (slots[slot], short));
                    }
                }
                Act::Move(which, slot) => {
                    let Some(booking) = pick(which) else { continue };
                    let short = standing[&booking].1;
                    let body = json!({"id": booking, "slot": {"start": slots[slot]}});
                    let token = &who[owner[&booking]].token;
                    let answer = world.put(ALL, &body).token(token).send().await;
                    let fits = fits(Some(&booking), slots[slot], short);
                    assert_eq!(
                        answer.status,
                        if fits { 200 } else { 409 },
                        "{act:?} {}",
                        answer.body
                    );
                    if fits {
                        standing.insert(booking, (slots[slot], short));
                    }
                }
                Act::Cancel(which) => {
                    let Some(booking) = pick(which) else { continue };
                    let path = format!("{ALL}/{booking}");
                    let token = &who[owner[&booking]].token;
                    world.delete(&path).token(token).send().await.expect(204);
                    standing.remove(&booking);
                }
            }
        }
        assert!(standing.len() > 3, "round {round} came to nothing");
        assert_eq!(taken(&world, "court").await, expected(&standing));
        for booking in standing.keys() {
            let path = format!("{ALL}/{booking}");
            world
                .delete(&path)
                .token(&who[owner[booking]].token)
                .send()
                .await
                .expect(204);
        }
        assert_eq!(taken(&world, "court").await, Taken::new());
        assert_eq!(free(&world, &who[0], "court", "Hour").await, slots);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_of_a_whole_day_takes_every_five_minutes_of_it() {
    let world = World::start().await;
    let rules =
        json!({"stepMinutes": 1440, "services": [{"name": "Day", "duration": 1440, "price": 400}]});
    open_always(&world, "hall", &rules).await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let days = free(&world, &bob, "hall", "Day").await;
    assert_eq!(days.len(), 3);
    book(&world, &bob, "hall", "Day", days[1]).await.expect(201);
    book(&world, &bob, "hall", "Day", days[1])
        .await
        .expect_problem(409, "slot_taken");
    assert_eq!(
        taken(&world, "hall")
            .await
            .into_values()
            .collect::<Vec<_>>(),
        [1; 288]
    );
    assert_eq!(free(&world, &bob, "hall", "Day").await, [days[0], days[2]]);
    // Its neighbours are not its own.
    book(&world, &bob, "hall", "Day", days[2]).await.expect(201);
}
