//! Bookings over HTTP: what is offered, booked, moved, cancelled and told.

mod journey;
mod operator;
mod races;
mod refusals;

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _};
use portico_shared::ids::DefinitionId;
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use crate::operator::portico;

const ALL: &str = "/client-data/reservations";
const SLOTS: &str = "/client-data/reservations/available-slots";

/// How many bookings have each five minutes, counted from 1970.
pub(crate) type Taken = BTreeMap<i64, u32>;

/// Imports a definition for acme that is open day and night, with these members of its own.
pub(crate) async fn open_always(world: &World, name: &str, change: &Value) {
    let mut definition = json!({
        "name": name, "title": format!("The {name}"), "stepMinutes": 60, "horizonDays": 60,
        "workDays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "officeHours": {"startTime": "00:00", "endTime": "24:00", "timezone": "UTC"},
        "services": [{"name": "Hour", "duration": 60, "price": 40}, {"name": "Half", "duration": 30, "price": 25}],
    });
    let members = definition.as_object_mut().unwrap();
    members.extend(change.as_object().unwrap().clone());
    import(world, &json!([definition])).await.unwrap();
}

async fn import(world: &World, definitions: &Value) -> Result<String, portico_cli::Error> {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("definitions.json");
    std::fs::write(&file, definitions.to_string()).unwrap();
    portico(
        world,
        &["reservations", "import", "acme", file.to_str().unwrap()],
    )
    .await
}

/// The date in some days.
fn day(ahead: i64) -> String {
    let then = Timestamp::now() + (24 * ahead).hours();
    then.strftime("%Y-%m-%d").to_string()
}

/// The beginnings of the free slots of the next days.
pub(crate) async fn free(
    world: &World,
    who: &Account,
    name: &str,
    service: &str,
) -> Vec<Timestamp> {
    let wanted = json!({
        "definitionId": name, "serviceName": service, "startDate": day(1), "endDate": day(3),
    });
    let answer = world
        .post(SLOTS, &wanted)
        .token(&who.token)
        .send()
        .await
        .expect(200);
    let slots = answer["slots"].as_array().unwrap().iter();
    slots
        .map(|slot| slot["startTime"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// What is taken of a definition, as the table has it.
pub(crate) async fn taken(world: &World, name: &str) -> Taken {
    let pk = format!(
        "acme#SLOTS#{}",
        DefinitionId::derived(format!("acme|{name}").as_bytes())
    );
    let items = world.table().await;
    let mut taken = Taken::new();
    for item in items.iter().filter(|item| item["pk"]["S"] == pk.as_str()) {
        let number = |value: &Value| value["N"].as_str().unwrap().parse::<i64>().unwrap();
        for (cell, count) in item.as_object().unwrap() {
            if let Ok(cell) = cell.parse::<i64>()
                && number(count) != 0
            {
                let count = u32::try_from(number(count)).expect("no cell is freed twice");
                taken.insert(number(&item["first"]) + cell, count);
            }
        }
    }
    taken
}

async fn book(world: &World, who: &Account, name: &str, service: &str, start: Timestamp) -> Answer {
    let body = json!({"definitionId": name, "service": service, "slot": {"start": start}});
    world.post(ALL, &body).token(&who.token).send().await
}

fn id(booking: &Value) -> &str {
    booking["id"].as_str().expect("a booking has an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_again_is_the_same_booking_and_another_request_with_it_is_refused() {
    let world = World::start().await;
    open_always(&world, "chair", &json!({"paymentRequired": true})).await;
    let (ann, bob) = (
        world.customer("acme", "ann@acme.example").await,
        world.customer("acme", "bob@acme.example").await,
    );
    let slots = free(&world, &bob, "chair", "Hour").await;
    let book = async |who: &Account, key: &str, start: Timestamp| {
        let body = json!({"definitionId": "chair", "service": "Hour", "slot": {"start": start}});
        world
            .post(ALL, &body)
            .token(&who.token)
            .header("idempotency-key", key)
            .send()
            .await
    };
    let first = book(&bob, "one", slots[0]).await.expect(201);
    assert_eq!(first["status"], "pending");
    assert_eq!(book(&bob, "one", slots[0]).await.expect(201), first);
    book(&bob, "one", slots[1])
        .await
        .expect_problem(422, "idempotency_key_reused");
    // Another intention, or another customer's, meets the booking and not its record.
    book(&bob, "two", slots[0])
        .await
        .expect_problem(409, "slot_taken");
    book(&ann, "one", slots[0])
        .await
        .expect_problem(409, "slot_taken");
    // What was moved in the meantime is still what was booked.
    let moved = json!({"id": first["id"], "slot": {"start": slots[5]}});
    let moved = world
        .put(ALL, &moved)
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (
            &moved["status"],
            book(&bob, "one", slots[0]).await.expect(201)
        ),
        (&json!("pending"), moved.clone())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_its_deadline_a_booking_is_neither_moved_nor_cancelled_but_its_note_may_change() {
    let world = World::start().await;
    open_always(&world, "chair", &json!({"cancelMinutes": 57600})).await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let slots = free(&world, &bob, "chair", "Hour").await;
    let booked = book(&world, &bob, "chair", "Hour", slots[0])
        .await
        .expect(201);
    let start: Timestamp = booked["startTime"].as_str().unwrap().parse().unwrap();
    assert_eq!(booked["cancelBy"], json!(start - (40 * 24).hours()));
    let path = format!("{ALL}/{}", id(&booked));
    let problem = world
        .delete(&path)
        .token(&bob.token)
        .send()
        .await
        .expect_problem(409, "reservation_closed");
    assert_eq!(
        problem["message"],
        "a booking can be moved or cancelled until 40 days before it begins"
    );
    let put = async |body: Value| world.put(ALL, &body).token(&bob.token).send().await;
    put(json!({"id": booked["id"], "slot": {"start": slots[1]}}))
        .await
        .expect_problem(409, "reservation_closed");
    assert_eq!(
        put(json!({"id": booked["id"], "note": "Late."}))
            .await
            .expect(200)["note"],
        "Late."
    );
}
