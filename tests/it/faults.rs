//! What the network and the table can do to a request, and what its sender gets: with the retries of
//! production, against the whole platform.

mod batches;
mod lost_answers;
mod out_of_time;

use portico_tests::{Account, Answer, Call, Fault, Faults, Injection, When, World};
use serde_json::json;

/// Whatever passes by itself. What has no answer costs an attempt's whole time.
const PASSING: [Fault; 8] = [
    Fault::INTERNAL,
    Fault::Error(503, "ServiceUnavailable"),
    Fault::Error(400, "ThrottlingException"),
    Fault::Error(400, "ProvisionedThroughputExceededException"),
    Fault::Reset,
    Fault::Truncated,
    Fault::Silence,
    Fault::Stalled,
];

async fn rename(world: &World, who: &Account, name: &str) -> Answer {
    let ask = world.put("/client-data/profile", &json!({ "firstName": name }));
    ask.token(&who.token).send().await
}

fn tokens(faults: &Faults) -> Vec<Option<String>> {
    let calls = faults.calls("TransactWriteItems").into_iter();
    calls.map(|Call { token, .. }| token).collect()
}

#[track_caller]
fn assert_retry_after(answer: &Answer, seconds: &str) {
    let header = answer.headers.get("retry-after").map(String::as_str);
    assert_eq!(header, Some(seconds), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_passes_is_not_seen_by_who_asks() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    for fault in PASSING {
        faults.inject(Injection::of(fault).on("GetItem"));
        let profile = world.get("/client-data/profile").token(&ann.token);
        assert_eq!(profile.send().await.status, 200, "reading, {fault:?}");
        assert!(faults.heal(), "reading, {fault:?}");

        faults.inject(Injection::of(fault).on("UpdateItem"));
        let name = format!("{fault:?}");
        let renamed = rename(&world, &ann, &name).await.expect(200);
        assert_eq!(renamed["firstName"], name.as_str());
        assert_eq!(faults.calls("UpdateItem").len(), 2, "writing, {fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_late_is_waited_for_and_nothing_is_asked_twice() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let late = |operation| Injection::of(Fault::Late).when(When::After).on(operation);
    faults.inject(late("UpdateItem"));
    let renamed = rename(&world, &ann, "Anna").await.expect(200);
    assert_eq!(renamed["firstName"], "Anna");
    assert_eq!(faults.calls("UpdateItem").len(), 1);

    faults.inject(late("GetItem"));
    let profile = world.get("/client-data/profile").token(&ann.token);
    assert_eq!(profile.send().await.expect(200)["firstName"], "Anna");
    assert_eq!(faults.calls("GetItem").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_stays_is_503_with_retry_after_and_not_tried_for_ever() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    for (fault, tries) in [
        (Fault::INTERNAL, 3),
        (Fault::Error(400, "ThrottlingException"), 3),
        (
            Fault::Error(400, "ProvisionedThroughputExceededException"),
            3,
        ),
        (Fault::Reset, 3),
        (Fault::Truncated, 3),
        (Fault::Silence, 3),
        // The SDK takes a whole answer for an answer, readable or not.
        (Fault::Garbage, 1),
        // Credentials of the environment are never renewed: to try again is of no use.
        (Fault::Error(400, "ExpiredTokenException"), 1),
        (Fault::Error(400, "UnrecognizedClientException"), 1),
        (Fault::Error(400, "AccessDeniedException"), 1),
    ] {
        for operation in ["GetItem", "UpdateItem"] {
            faults.inject(Injection::of(fault).on(operation).times(usize::MAX));
            let answer = if operation == "GetItem" {
                let ask = world.get("/client-data/profile").token(&ann.token);
                ask.send().await
            } else {
                rename(&world, &ann, "Nobody").await
            };
            assert_eq!(
                faults.calls(operation).len(),
                tries,
                "{operation}, {fault:?}"
            );
            assert_retry_after(&answer, "2");
            answer.expect_problem(503, "unavailable");
        }
    }
    faults.heal();
    let profile = world.get("/client-data/profile").token(&ann.token);
    assert_ne!(profile.send().await.expect(200)["firstName"], "Nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_meets_another_transaction_is_tried_again() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let single = Fault::Error(400, "TransactionConflictException");
    faults.inject(Injection::of(single).on("UpdateItem").times(3));
    assert_eq!(
        rename(&world, &ann, "Anna").await.expect(200)["firstName"],
        "Anna"
    );
    assert_eq!(faults.calls("UpdateItem").len(), 4);

    let before = world.stock("acme", "MUG-RED").await;
    let cart = world.cart(&ann, "MUG-RED", 1).await;
    for reason in ["TransactionConflict", "ThrottlingError"] {
        let key = format!("meets-{reason}");
        let fault = Injection::of(Fault::Cancelled(reason)).on("TransactWriteItems");
        faults.inject(fault.times(usize::MAX));
        let answer = world.checkout(&ann, &cart, &key).await;
        // Each is a transaction of its own: the one before it is known to have ended.
        let mut sent = tokens(&faults);
        sent.sort();
        sent.dedup();
        assert_eq!((sent.len(), sent[0].is_some()), (5, true), "{reason}");
        if reason == "TransactionConflict" {
            assert_retry_after(&answer, "1");
            answer.expect_problem(409, "conflict");
        } else {
            assert_retry_after(&answer, "2");
            answer.expect_problem(503, "unavailable");
        }
    }
    let fault = Injection::of(Fault::Cancelled("TransactionConflict"));
    faults.inject(fault.on("TransactWriteItems").times(3));
    world.checkout(&ann, &cart, "meets-3").await.expect(201);
    let after = world.stock("acme", "MUG-RED").await;
    assert_eq!(after, (before.0 - 1, before.1 + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_keeps_meeting_others_is_a_conflict_and_changes_nothing() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let conflict = Fault::Error(400, "TransactionConflictException");
    faults.inject(Injection::of(conflict).on("UpdateItem").times(usize::MAX));
    let answer = rename(&world, &ann, "Nobody").await;
    assert_eq!(faults.calls("UpdateItem").len(), 5);
    assert_retry_after(&answer, "1");
    answer.expect_problem(409, "conflict");
    faults.heal();
    let profile = world.get("/client-data/profile").token(&ann.token);
    assert_ne!(profile.send().await.expect(200)["firstName"], "Nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_answer_is_lost_is_sent_again_under_the_same_token() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    for (nth, fault) in [
        Fault::INTERNAL,
        Fault::Reset,
        Fault::Silence,
        // An attempt that is still at work refuses the next one of the same token.
        Fault::Error(400, "TransactionInProgressException"),
    ]
    .into_iter()
    .enumerate()
    {
        let before = world.stock("acme", "MUG-RED").await;
        let cart = world.cart(&ann, "MUG-RED", 1).await;
        let lost = Injection::of(fault).when(When::After);
        faults.inject(lost.on("TransactWriteItems"));
        let placed = world.checkout(&ann, &cart, &format!("lost-{nth}")).await;
        assert!(
            !placed.headers.contains_key("idempotent-replayed"),
            "{fault:?}"
        );
        placed.expect(201);
        let sent = tokens(&faults);
        assert_eq!((sent.len(), sent[0].is_some()), (2, true), "{fault:?}");
        assert_eq!(sent[0], sent[1], "{fault:?}");
        let after = world.stock("acme", "MUG-RED").await;
        assert_eq!(after, (before.0 - 1, before.1 + 1), "{fault:?}");
    }
    // It may yet take effect, so nobody is told that it did not.
    let cart = world.cart(&ann, "MUG-RED", 1).await;
    let fault = Injection::of(Fault::Error(400, "TransactionInProgressException"));
    faults.inject(fault.on("TransactWriteItems").times(usize::MAX));
    let answer = world.checkout(&ann, &cart, "in-progress").await;
    assert_retry_after(&answer, "2");
    answer.expect_problem(503, "unavailable");
}
