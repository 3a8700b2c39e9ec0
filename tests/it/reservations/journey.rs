//! What is offered, booked, moved and cancelled, and what the customer is told of it.

use portico_tests::{Account, Answer, World, eventually};
use serde_json::{Value, json};

use super::{ALL, SLOTS, day, id};

/// Somebody who books at acme.
struct Booker {
    world: World,
    who: Account,
}

impl Booker {
    async fn new() -> Self {
        let world = World::start().await;
        let who = world.sign_up("acme", "books@example.com").await;
        Self { world, who }
    }

    async fn get(&self, path: &str) -> Value {
        self.world
            .get(path)
            .token(&self.who.token)
            .send()
            .await
            .expect(200)
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.world
            .post(path, &body)
            .token(&self.who.token)
            .send()
            .await
    }

    async fn put(&self, body: Value) -> Answer {
        self.world
            .put(ALL, &body)
            .token(&self.who.token)
            .send()
            .await
    }

    /// The demo's bike fitting in three days.
    async fn slots(&self) -> Vec<Value> {
        let wanted = json!({"definitionId": "bike-fitting", "date": day(3)});
        let answer = self.post(SLOTS, wanted).await.expect(200);
        answer["slots"].as_array().unwrap().clone()
    }

    /// Books the slot that begins at ten.
    async fn at_ten(&self) -> Value {
        let slot = &self.slots().await[2];
        let body = json!({
            "definitionId": "bike-fitting", "slot": {"start": slot["startTime"], "end": slot["endTime"]},
            "customer": {"email": "somebody.else@example.com"}, "notes": "I bring my saddle.",
        });
        let booked = self.post(ALL, body).await;
        assert_eq!(booked.headers["etag"], "\"1\"");
        booked.expect(201)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_booked_is_offered_and_slots_are_asked_for_in_both_published_forms() {
    let asker = Booker::new().await;
    let offered = asker.get("/client-data/reservations/definitions").await;
    let offered = offered["data"].as_array().unwrap();
    let names: Vec<_> = offered.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["bike-fitting", "trip-planning"]);
    let fitting = &offered[0];
    let hours = json!({"startTime": "09:00", "endTime": "17:00", "timezone": "America/Chicago"});
    assert_eq!(fitting["officeHours"], hours);
    let service = json!({"name": "Quick check", "duration": 30, "price": 35.0});
    assert_eq!(fitting["services"][1], service);

    let one = json!({"definitionId": "bike-fitting", "date": day(3)});
    let one = asker.post(SLOTS, one).await.expect(200);
    let other = json!({
        "reservationDefinitionId": fitting["id"], "serviceDate": day(3), "serviceName": "Standard fitting",
    });
    assert_eq!(one, asker.post(SLOTS, other).await.expect(200));
    let range = json!({"definitionId": "bike-fitting", "startDate": day(3), "endDate": day(3)});
    assert_eq!(one, asker.post(SLOTS, range).await.expect(200));
    let service = json!({"name": "Standard fitting", "duration": 60, "price": 90.0});
    assert_eq!(one["service"], service);
    assert_eq!(one["location"], "Acme Outfitters, 1 Main St, Springfield");
    // Eight hours, a slot each half hour, and the last one ends at five.
    let slots = one["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 15);
    assert_eq!(slots[0]["spotsAvailable"], 40);
    assert_eq!(slots[0]["businessTimezone"], "America/Chicago");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_is_booked_in_both_published_forms_and_has_a_place_less() {
    let asker = Booker::new().await;
    let slots = asker.slots().await;
    let booked = asker.at_ten().await;
    assert_eq!(booked["service"], "Standard fitting");
    assert_eq!(booked["status"], "confirmed");
    assert_eq!(booked["startTime"], slots[2]["startTime"]);
    assert_eq!(booked["endTime"], slots[2]["endTime"]);
    assert_eq!(booked["customer"], json!({"id": asker.who.id}));
    assert_eq!(booked["note"], "I bring my saddle.");
    let local = booked["localStartTime"].as_str().unwrap();
    assert_eq!(local[11..], *"10:00:00");
    let number = booked["name"].as_str().unwrap();
    assert_eq!(number.len(), 9);
    assert_eq!(number[..5], format!("C{}", local[5..10].replace('-', "")));

    let older = json!({
        "reservationDefinitionId": "bike-fitting", "service": "Quick check", "startTime": slots[4]["startTime"],
    });
    let short = asker.post(ALL, older).await.expect(201);
    assert_eq!(
        (&short["price"], &short["currency"]),
        (&json!(35.0), &json!("USD"))
    );

    // Ten to eleven and eleven to half past, each with a quarter of an hour behind it: what would meet them with
    // its own quarter has a place less, and what would meet both where they meet has two.
    let left = asker.slots().await;
    let left: Vec<_> = left
        .iter()
        .map(|one| one["spotsAvailable"].as_u64().unwrap())
        .collect();
    assert_eq!(left[..7], [39, 39, 38, 38, 38, 39, 40]);

    assert_eq!(asker.get(&format!("{ALL}/{}", id(&booked))).await, booked);
    let listed = asker.get(ALL).await;
    assert_eq!(
        (&listed["total"], &listed["data"]),
        (&json!(2), &json!([short, booked]))
    );
    let soonest = asker
        .get(&format!("{ALL}?when=upcoming&order=asc&ps=1"))
        .await;
    assert_eq!(
        (&soonest["data"], &soonest["hasNext"]),
        (&json!([booked]), &json!(true))
    );
    let next = soonest["next"].as_str().unwrap();
    let next = asker
        .get(&format!("{ALL}?when=upcoming&order=asc&ps=1&cursor={next}"))
        .await;
    assert_eq!(
        (&next["data"], &next["hasNext"]),
        (&json!([short]), &json!(false))
    );
    for none in ["when=past", "status=cancelled,no-show"] {
        assert_eq!(asker.get(&format!("{ALL}?{none}")).await["data"], json!([]));
    }
    for wrong in ["when=soon", "status=lost"] {
        let ask = asker
            .world
            .get(&format!("{ALL}?{wrong}"))
            .token(&asker.who.token);
        ask.send().await.expect_problem(400, "invalid_query");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_moved_and_cancelled_and_each_step_is_told_with_the_venues_time() {
    let asker = Booker::new().await;
    let slots = asker.slots().await;
    let booked = asker.at_ten().await;
    let to = &slots[8];
    let moved = json!({"id": booked["id"], "startTime": to["startTime"], "endTime": to["endTime"]});
    let moved = asker.put(moved).await;
    assert_eq!(moved.headers["etag"], "\"2\"");
    let moved = moved.expect(200);
    assert_eq!(
        (&moved["status"], &moved["startTime"]),
        (&json!("rescheduled"), &to["startTime"])
    );
    assert_eq!(moved["note"], "I bring my saddle.");
    let noted = asker
        .put(json!({"id": booked["id"], "note": null}))
        .await
        .expect(200);
    assert_eq!(
        (&noted["note"], &noted["startTime"]),
        (&Value::Null, &to["startTime"])
    );
    let shorter = json!({"id": booked["id"], "service": "Quick check"});
    let shorter = asker.put(shorter).await.expect(200);
    assert_eq!(
        (&shorter["price"], &shorter["startTime"]),
        (&json!(35.0), &to["startTime"])
    );
    assert_eq!(asker.slots().await[2]["spotsAvailable"], 40);

    let path = format!("{ALL}/{}", id(&booked));
    let cancel = asker.world.delete(&path).token(&asker.who.token);
    cancel.send().await.expect(204);
    let cancelled = asker.get(&format!("{ALL}?status=cancelled")).await;
    assert_eq!(cancelled["data"][0]["id"], booked["id"]);
    assert_eq!(asker.slots().await, slots);

    let told = eventually("all of it has been told", async || {
        let told = asker.get("/client-data/notifications").await;
        let told = told["data"].as_array().unwrap().iter();
        let about: Vec<_> = told
            .filter(|one| one["data"]["reservationId"] == booked["id"])
            .cloned()
            .collect();
        (about.len() == 3).then_some(about)
    })
    .await;
    let number = booked["name"].as_str().unwrap();
    let title = |what: &str| format!("Booking {number} is {what}");
    let titles: Vec<_> = told
        .iter()
        .map(|one| one["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [title("cancelled"), title("moved"), title("confirmed")]
    );
    let local: jiff::civil::DateTime = booked["localStartTime"].as_str().unwrap().parse().unwrap();
    let when = local
        .strftime("%A, %-d %B %Y at 10:00 (America/Chicago)")
        .to_string();
    assert_eq!(
        told[2]["body"],
        format!(
            "Bike fitting, Standard fitting: {when}. Where: Acme Outfitters, 1 Main St, Springfield."
        )
    );
    // By mail, to the address of the account and to no other.
    let outbox = eventually("all of it has been mailed", async || {
        let outbox = asker.world.get("/_local/outbox").send().await;
        let text = String::from_utf8_lossy(&outbox.bytes).into_owned();
        titles
            .iter()
            .all(|title| text.contains(title))
            .then_some(text)
    })
    .await;
    assert!(outbox.contains("books@example.com"));
    assert!(!outbox.contains("somebody.else@example.com"));
}
