//! Bookings that are cut off anywhere.

use std::cell::RefCell;

use jiff::Timestamp;
use portico_tests::{Account, World};
use serde_json::{Value, json};

use super::at_every_call;
use crate::reservations::{Taken, free, open_always, taken};

const ALL: &str = "/client-data/reservations";

/// Who books a chair of which there is one, and when it is free: one slot after the other.
async fn scene(world: &World) -> (Account, Vec<Timestamp>) {
    open_always(world, "chair", &json!({"capacity": 1})).await;
    let who = world.customer("acme", "bob@acme.example").await;
    let slots = free(world, &who, "chair", "Hour").await;
    (who, slots)
}

async fn book(world: &World, who: &Account, key: &str, start: &Value) -> portico_tests::Answer {
    let body = json!({"definitionId": "chair", "service": "Hour", "slot": {"start": start}});
    let ask = world.post(ALL, &body).token(&who.token);
    ask.header("idempotency-key", key).send().await
}

/// Which cells have been taken since.
async fn taken_since(world: &World, before: &RefCell<Taken>) -> usize {
    let after = taken(world, "chair").await;
    let before = before.borrow();
    after
        .iter()
        .filter(|(cell, _)| !before.contains_key(cell))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_is_cut_off_anywhere_takes_its_slot_once_when_it_is_sent_again() {
    let (world, faults) = World::start_with_faults().await;
    let (bob, slots) = scene(&world).await;
    let (slots, before) = (RefCell::new(slots), RefCell::new(Taken::new()));
    at_every_call(
        &faults,
        async |name| {
            let start = slots.borrow_mut().remove(0);
            // A look at what can be booked that is not the request's own must not take the fault.
            world
                .get("/client-data/reservations/definitions")
                .token(&bob.token)
                .send()
                .await
                .expect(200);
            *before.borrow_mut() = taken(&world, "chair").await;
            json!({"key": name, "start": start})
        },
        async |made| {
            book(&world, &bob, made["key"].as_str().unwrap(), &made["start"])
                .await
                .status
        },
        async |made, _| {
            let key = made["key"].as_str().unwrap();
            let first = book(&world, &bob, key, &made["start"]).await.expect(201);
            let again = book(&world, &bob, key, &made["start"]).await.expect(201);
            assert_eq!(first, again);
            assert_eq!(taken_since(&world, &before).await, 12);
            let all = world
                .get(&format!("{ALL}?ps=200"))
                .token(&bob.token)
                .send()
                .await
                .expect(200);
            let same = all["data"].as_array().unwrap().iter();
            assert_eq!(
                same.filter(|one| one["startTime"] == made["start"]).count(),
                1
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_cut_off_anywhere_has_one_slot_before_and_after() {
    let (world, faults) = World::start_with_faults().await;
    let (bob, slots) = scene(&world).await;
    let (slots, before) = (RefCell::new(slots), RefCell::new(Taken::new()));
    let change = async |made: &Value| {
        let body = json!({"id": made["id"], "slot": {"start": made["to"]}});
        world.put(ALL, &body).token(&bob.token).send().await
    };
    at_every_call(
        &faults,
        async |name| {
            *before.borrow_mut() = taken(&world, "chair").await;
            let from = slots.borrow_mut().remove(0);
            let to = slots.borrow_mut().remove(0);
            let booked = book(&world, &bob, &name, &json!(from)).await.expect(201);
            json!({"id": booked["id"], "from": from, "to": to})
        },
        async |made| change(made).await.status,
        async |made, _| {
            assert_eq!(taken_since(&world, &before).await, 12);
            let moved = change(made).await.expect(200);
            assert_eq!(
                (&moved["startTime"], &moved["status"]),
                (&made["to"], &json!("rescheduled"))
            );
            assert_eq!(taken_since(&world, &before).await, 12);
            // What it had is free again.
            book(
                &world,
                &bob,
                &format!("after-{}", made["id"]),
                &made["from"],
            )
            .await
            .expect(201);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_is_cut_off_anywhere_frees_the_slot_once() {
    let (world, faults) = World::start_with_faults().await;
    let (bob, slots) = scene(&world).await;
    let (slots, before) = (RefCell::new(slots), RefCell::new(Taken::new()));
    let cancel = async |made: &Value| {
        let path = format!("{ALL}/{}", made["id"].as_str().unwrap());
        world.delete(&path).token(&bob.token).send().await
    };
    at_every_call(
        &faults,
        async |name| {
            *before.borrow_mut() = taken(&world, "chair").await;
            let start = slots.borrow_mut().remove(0);
            book(&world, &bob, &name, &json!(start)).await.expect(201)
        },
        async |made| cancel(made).await.status,
        async |made, _| {
            cancel(made).await.expect(204);
            cancel(made).await.expect(204);
            assert_eq!(taken(&world, "chair").await, *before.borrow());
            let path = format!("{ALL}/{}", made["id"].as_str().unwrap());
            let one = world.get(&path).token(&bob.token).send().await.expect(200);
            assert_eq!(one["status"], "cancelled");
        },
    )
    .await;
}
