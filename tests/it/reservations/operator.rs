//! The operator's side: what can be booked, and how bookings stand.

use jiff::{Timestamp, ToSpan as _};
use portico_local::functions::Parts;
use portico_shared::auth::Principal;
use portico_shared::domain::reservation::Reservation;
use portico_shared::store::{Item, Partition as _, Update, Write};
use portico_tests::{World, eventually};
use serde_json::{Value, json};

use super::{ALL, Taken, book, free, id, import, open_always, taken};
use crate::operator::portico;

#[tokio::test(flavor = "multi_thread")]
async fn an_import_names_everything_that_is_wrong_and_writes_nothing() {
    let world = World::start().await;
    let before = world.table_at_rest().await;
    let good = json!({
        "name": "chair", "title": "Chair", "workDays": ["monday"], "stepMinutes": 30,
        "officeHours": {"startTime": "09:00", "endTime": "17:00", "timezone": "Europe/Berlin"},
        "services": [{"name": "Cut", "duration": 30, "price": 40}],
    });
    let with = |change: Value| {
        let mut definition = good.clone();
        definition
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        definition
    };
    let wrong = json!([
        good,
        with(
            json!({"name": "Chair 2", "title": "", "capacity": 0, "bufferMinutes": 7, "image": "http://x"})
        ),
        with(json!({"name": "a", "workDays": ["funday"]})),
        with(
            json!({"name": "b", "officeHours": {"startTime": "9:00", "endTime": "17:00", "timezone": "UTC"}})
        ),
        with(
            json!({"name": "c", "officeHours": {"startTime": "17:00", "endTime": "09:00", "timezone": "Mars/Base"}})
        ),
        with(json!({"name": "d", "services": [
            {"name": "Cut", "duration": 33, "price": 1.234}, {"name": "cut", "duration": 600, "price": "1"},
        ]})),
        with(json!({"name": "e", "capacityy": 3})),
        with(
            json!({"name": "f", "blocked": [{"start": "2026-05-04T12:00", "end": "2026-05-04T11:00"}]})
        ),
        with(json!({"name": "f", "closedDates": ["2026-02-30"]})),
        with(json!({"name": "chair"})),
        7,
    ]);
    let told = import(&world, &wrong).await.unwrap_err().to_string();
    let lines: Vec<_> = told
        .lines()
        .skip(1)
        .map(|line| line.split_once("definitions.json: ").unwrap().1)
        .collect();
    assert_eq!(
        lines,
        [
            "[1].capacity: lower than 1",
            "[1].image: is not an https:// URL of up to 500 characters",
            "[1].name: has other than 1 to 60 of a-z, 0-9 and -",
            "[1].title: length is lower than 1",
            "[1].bufferMinutes: is not a multiple of 5 minutes",
            "[2].workDays[0]: unknown variant `funday`, expected one of `monday`, `tuesday`, `wednesday`, `thursday`, `friday`, `saturday`, `sunday`",
            "[3].officeHours.startTime: is not a time of the day from 00:00 to 24:00",
            "[4].officeHours.timezone: \"Mars/Base\" is not an IANA time zone such as Europe/Berlin",
            "[4].officeHours.endTime: is not after 17:00",
            "[4].services[0].duration: is longer than the office hours",
            "[5].services[0].duration: is not a multiple of 5 minutes",
            "[5].services[1].duration: is longer than the office hours",
            "[5].services[0].price: \"1.234\" is not an amount in this currency",
            "[5].services[1].name: \"cut\" is there twice",
            "[6].capacityy: unknown field `capacityy`, expected one of `name`, `title`, `description`, `type`, `status`, `venue`, `image`, `paymentRequired`, `workDays`, `officeHours`, `services`, `bufferMinutes`, `capacity`, `stepMinutes`, `leadMinutes`, `horizonDays`, `cancelMinutes`, `blocked`, `closedDates`, `meetingLink`",
            "[7].blocked[0].end: is not after the start",
            "[8].closedDates[0]: parsed date is not valid: parameter 'day' for `2026-02` is invalid, must be in range `1..=28`",
            "[9].name: is there twice",
            "[10]: invalid type: integer `7`, expected struct Draft",
        ]
    );
    assert!(
        told.starts_with("nothing was imported: 19 errors"),
        "{told}"
    );
    let array = import(&world, &json!({})).await.unwrap_err().to_string();
    assert!(
        array.ends_with("line 1: is not an array of definitions"),
        "{array}"
    );
    portico_tests::assert_unchanged(&before, &world.table_at_rest().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_shows_within_seconds_replaces_by_name_and_leaves_bookings_their_time() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let get = async |path: &str| world.get(path).token(&bob.token).send().await.expect(200);
    assert_eq!(
        get("/client-data/reservations/definitions").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    open_always(&world, "chair", &json!({"bufferMinutes": 60})).await;
    eventually("the function sees it", async || {
        let shown = get("/client-data/reservations/definitions").await;
        (shown["data"].as_array().unwrap().len() == 3).then_some(())
    })
    .await;
    let listed = portico(&world, &["reservations", "list", "acme"])
        .await
        .unwrap();
    assert!(listed.contains("chair  The chair  Active  00:00 to 24:00 UTC, 1 at once: Hour (60 min, 40.00 USD), Half (30 min, 25.00 USD)"), "{listed}");
    assert_eq!(
        portico(&world, &["reservations", "list", "globex"])
            .await
            .unwrap(),
        "globex has nothing that can be booked.\n"
    );

    let slots = free(&world, &bob, "chair", "Hour").await;
    let booked = book(&world, &bob, "chair", "Hour", slots[0])
        .await
        .expect(201);
    // Another grid, no buffer: what is booked keeps what it took, to the minute.
    open_always(&world, "chair", &json!({"stepMinutes": 20})).await;
    let slots = eventually("the grid is another", async || {
        let now = free(&world, &bob, "chair", "Half").await;
        (now[1] - now[0])
            .compare(20.minutes())
            .unwrap()
            .is_eq()
            .then_some(now)
    })
    .await;
    let start: Timestamp = booked["startTime"].as_str().unwrap().parse().unwrap();
    assert!(
        slots
            .iter()
            .all(|slot| *slot + 30.minutes() <= start || *slot >= start + 2.hours()),
        "{slots:?}"
    );
    world
        .delete(&format!("{ALL}/{}", id(&booked)))
        .token(&bob.token)
        .send()
        .await
        .expect(204);
    assert_eq!(taken(&world, "chair").await, Taken::new());

    open_always(&world, "chair", &json!({"status": "inactive"})).await;
    eventually("it can no longer be booked", async || {
        (book(&world, &bob, "chair", "Half", slots[0]).await.status == 404).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_say_how_a_booking_stands_and_only_steps_that_there_are() {
    let world = World::start().await;
    open_always(
        &world,
        "chair",
        &json!({"paymentRequired": true, "capacity": 3}),
    )
    .await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let slot = free(&world, &bob, "chair", "Hour").await[0];
    let booking = async |key: &str| {
        let body = json!({"definitionId": "chair", "service": "Hour", "slot": {"start": slot}});
        let ask = world
            .post(ALL, &body)
            .token(&bob.token)
            .header("idempotency-key", key);
        ask.send().await.expect(201)
    };
    let status = async |number: &str, to: &str| {
        let set = portico(&world, &["reservations", "status", "acme", number, to]).await;
        set.map_err(|error| error.to_string())
    };
    let (came, missed) = (booking("one").await, booking("two").await);
    let number = came["name"].as_str().unwrap();
    assert_eq!(
        status(number, "completed").await.unwrap_err(),
        "a booking that is pending cannot become completed"
    );
    assert_eq!(
        status(&number.to_lowercase(), "confirmed").await.unwrap(),
        format!("{number} was pending, and is confirmed.\n")
    );
    assert_eq!(
        status(number, "completed").await.unwrap(),
        format!("{number} was confirmed, and is completed.\n")
    );
    assert_eq!(
        status(number, "completed").await.unwrap(),
        format!("{number} was completed, and is completed.\n")
    );
    assert_eq!(
        status(number, "no-show").await.unwrap_err(),
        "a booking that is completed cannot become no-show"
    );
    let number = missed["name"].as_str().unwrap();
    status(number, "cancelled").await.unwrap();
    assert_eq!(
        taken(&world, "chair")
            .await
            .into_values()
            .collect::<Vec<_>>(),
        [1; 12]
    );
    assert_eq!(
        status("C0000ZZZZ", "completed").await.unwrap_err(),
        "There is no booking C0000ZZZZ"
    );
    let elsewhere = portico(
        &world,
        &["reservations", "status", "globex", number, "completed"],
    )
    .await;
    assert_eq!(
        elsewhere.unwrap_err().to_string(),
        format!("There is no booking {number}")
    );

    let path = format!("{ALL}/{}", id(&came));
    assert_eq!(
        world.get(&path).token(&bob.token).send().await.expect(200)["status"],
        "completed"
    );
    let problem = world
        .delete(&path)
        .token(&bob.token)
        .send()
        .await
        .expect_problem(409, "reservation_closed");
    assert_eq!(problem["message"], "the booking is completed");
    let note = json!({"id": came["id"], "note": "x"});
    world
        .put(ALL, &note)
        .token(&bob.token)
        .send()
        .await
        .expect_problem(409, "reservation_closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_has_begun_is_neither_moved_nor_cancelled_and_one_that_is_over_is_past() {
    let world = World::start().await;
    open_always(&world, "chair", &json!({})).await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let slots = free(&world, &bob, "chair", "Hour").await;
    let booked = book(&world, &bob, "chair", "Hour", slots[0])
        .await
        .expect(201);

    // As the table would have it a day after it took place.
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let org = "acme".parse().unwrap();
    let Principal::Customer(scope, _) = Principal::verify(&parts.ring, &org, &bob.token).unwrap()
    else {
        panic!("Bob is a customer")
    };
    let start = Timestamp::now() - 25.hours();
    let update = Update::of::<Reservation>()
        .set("start", &start)
        .set("end", &(start + 1.hour()))
        .set("cancelBy", &start);
    let reservation = id(&booked).parse().unwrap();
    let write = Write::update(scope.key(&Item::Reservation(&reservation)), update);
    world.peer().store().write(write).await.unwrap();

    let listed = async |query: &str| {
        let answer = world
            .get(&format!("{ALL}?{query}"))
            .token(&bob.token)
            .send()
            .await
            .expect(200);
        answer["total"].clone()
    };
    assert_eq!(
        (listed("when=past").await, listed("when=upcoming").await),
        (json!(1), json!(0))
    );
    let path = format!("{ALL}/{}", id(&booked));
    let problem = world
        .delete(&path)
        .token(&bob.token)
        .send()
        .await
        .expect_problem(409, "reservation_closed");
    assert_eq!(
        problem["message"],
        "the booking has begun, and can no longer be moved or cancelled"
    );
    let change = json!({"id": booked["id"], "slot": {"start": slots[1]}});
    world
        .put(ALL, &change)
        .token(&bob.token)
        .send()
        .await
        .expect_problem(409, "reservation_closed");
}
