//! What is no slot.

use jiff::ToSpan as _;
use jiff::civil::Date;
use portico_tests::{Account, Answer, World, assert_unchanged};
use serde_json::{Value, json};

use super::{ALL, SLOTS, book, day, free, open_always};

/// A place that is open in the morning, by a clock that is five hours and three quarters ahead of UTC, and closed
/// in four days.
async fn stupa(world: &World) -> Account {
    let rules = json!({
        "officeHours": {"startTime": "09:00", "endTime": "12:00", "timezone": "Asia/Kathmandu"}, "stepMinutes": 30,
        "leadMinutes": 60, "horizonDays": 20, "closedDates": [day(4)],
    });
    open_always(world, "stupa", &rules).await;
    world.customer("acme", "bob@acme.example").await
}

async fn post(world: &World, who: &Account, path: &str, body: Value) -> Answer {
    world.post(path, &body).token(&who.token).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_off_the_grid_or_out_of_hours_is_neither_booked_nor_moved_to() {
    let world = World::start().await;
    let who = stupa(&world).await;
    let slots = free(&world, &who, "stupa", "Hour").await;
    let booked = book(&world, &who, "stupa", "Hour", slots[0])
        .await
        .expect(201);
    let before = world.table_at_rest().await;
    let at = |ahead: i64, time: &str| format!("{}T{time}", day(ahead));
    for (start, why) in [
        (at(-1, "09:00:00+05:45"), "is past"),
        (
            at(2, "09:15:00+05:45"),
            "is 09:15 in Asia/Kathmandu, where slots begin every 30 minutes from 09:00 on",
        ),
        (
            at(2, "09:00:00Z"),
            "is 14:45 in Asia/Kathmandu, and the slot is not within 09:00 to 12:00 there",
        ),
        (
            at(2, "11:30:00+05:45"),
            "is 11:30 in Asia/Kathmandu, and the slot is not within 09:00 to 12:00 there",
        ),
        (
            at(30, "09:00:00+05:45"),
            "can be booked up to 20 days ahead",
        ),
    ] {
        let body = json!({"definitionId": "stupa", "service": "Hour", "startTime": start});
        let refused = post(&world, &who, ALL, body).await;
        let problem = refused.expect_problem(422, "slot_unavailable");
        assert_eq!(problem["details"][0]["field"], "startTime");
        assert_eq!(problem["details"][0]["message"], why);
        let body = json!({"id": booked["id"], "startTime": start});
        let refused = world.put(ALL, &body).token(&who.token).send().await;
        let problem = refused.expect_problem(422, "slot_unavailable");
        assert_eq!(problem["details"][0]["message"], why);
    }
    let end = slots[2] + 45.minutes();
    let wrong = json!({"definitionId": "stupa", "service": "Hour", "slot": {"start": slots[2], "end": end}});
    let problem = post(&world, &who, ALL, wrong)
        .await
        .expect_problem(422, "slot_unavailable");
    assert_eq!(problem["details"][0]["field"], "endTime");
    let wrong = json!({"definitionId": "stupa", "slot": {"start": slots[2], "end": end}});
    let problem = post(&world, &who, ALL, wrong)
        .await
        .expect_problem(422, "slot_unavailable");
    let message = "no service takes this long; name one of Hour, Half";
    assert_eq!(problem["details"][0]["message"], message);
    assert_unchanged(&before, &world.table_at_rest().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_day_is_refused_in_words_for_the_person_who_chose_it() {
    let world = World::start().await;
    let who = stupa(&world).await;
    let date: Date = day(4).parse().unwrap();
    let words = "The stupa is closed on %A, %-d %B %Y. Please choose another day.";
    let words = date.strftime(words).to_string();
    let start = format!("{date}T09:00:00+05:45");
    let booking = json!({"definitionId": "stupa", "service": "Hour", "startTime": start});
    let slots = json!({"definitionId": "stupa", "date": date});
    for (path, body) in [(ALL, booking), (SLOTS, slots)] {
        let problem = post(&world, &who, path, body)
            .await
            .expect_problem(400, "day_unavailable");
        assert_eq!(problem["message"], words.as_str());
    }
    // In a range it is left out.
    let range = json!({"definitionId": "stupa", "startDate": day(3), "endDate": day(5)});
    let slots = post(&world, &who, SLOTS, range).await.expect(200);
    assert_eq!(slots["slots"].as_array().unwrap().len(), 2 * 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_incomplete_or_makes_no_sense_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let who = stupa(&world).await;
    let slots = free(&world, &who, "stupa", "Hour").await;
    let booked = book(&world, &who, "stupa", "Hour", slots[0])
        .await
        .expect(201);
    let before = world.table_at_rest().await;
    let start = slots[2];
    for (path, body, status, code) in [
        (
            ALL,
            json!({"definitionId": "stupa", "service": "Hour"}),
            422,
            "validation_failed",
        ),
        (
            ALL,
            json!({"definitionId": "stupa", "service": "Massage", "startTime": start}),
            422,
            "validation_failed",
        ),
        (
            ALL,
            json!({"definitionId": "stupa", "startTime": "2026-05-04T09:00:00"}),
            400,
            "invalid_body",
        ),
        (
            ALL,
            json!({"definitionId": "stupa", "startTime": "tomorrow"}),
            400,
            "invalid_body",
        ),
        (
            ALL,
            json!({"definitionId": "temple", "startTime": start}),
            404,
            "not_found",
        ),
        (ALL, json!({"startTime": start}), 400, "invalid_body"),
        (
            ALL,
            json!({"definitionId": "trip-planning", "startTime": start}),
            400,
            "idempotency_key_required",
        ),
        (
            SLOTS,
            json!({"definitionId": "stupa"}),
            422,
            "validation_failed",
        ),
        (
            SLOTS,
            json!({"definitionId": "stupa", "startDate": day(2), "endDate": day(1)}),
            422,
            "validation_failed",
        ),
        (
            SLOTS,
            json!({"definitionId": "stupa", "startDate": day(1), "endDate": day(32)}),
            422,
            "validation_failed",
        ),
        (
            SLOTS,
            json!({"definitionId": "stupa", "date": "2026-02-30"}),
            400,
            "invalid_body",
        ),
        (
            SLOTS,
            json!({"definitionId": "stupa", "date": day(-1)}),
            400,
            "day_unavailable",
        ),
        (
            SLOTS,
            json!({"definitionId": "stupa", "date": "9999-12-31"}),
            400,
            "day_unavailable",
        ),
    ] {
        post(&world, &who, path, body)
            .await
            .expect_problem(status, code);
    }
    let put = async |body: Value| world.put(ALL, &body).token(&who.token).send().await;
    put(json!({"id": "nonsense", "note": "x"}))
        .await
        .expect_problem(404, "not_found");
    let stale = world
        .put(ALL, &json!({"id": booked["id"], "note": "x"}))
        .token(&who.token);
    let stale = stale.header("if-match", "\"7\"").send().await;
    stale.expect_problem(412, "precondition_failed");
    assert_unchanged(&before, &world.table_at_rest().await);
}
