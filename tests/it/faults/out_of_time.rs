//! A table that does not answer for longer than the function has: the answer comes before Lambda ends the
//! function, and what was being written happened once or not at all.

use std::time::Duration;

use portico_local::Template;
use portico_shared::aws::CALL;
use portico_shared::deadline::MARGIN;
use portico_tests::{Fault, Injection, When, World, root};

use super::{assert_retry_after, rename};

/// What a request that is to run out of time gets: some of it is spent before the table is silent.
const SHORT: Duration = Duration::from_millis(300).saturating_add(MARGIN);

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_takes_too_long_is_503_before_the_function_is_ended() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    faults.inject(
        Injection::of(Fault::Silence)
            .on("GetItem")
            .times(usize::MAX),
    );
    faults.hurry(SHORT);
    for origin in [None, Some("https://shop.acme.example")] {
        let mut ask = world.get("/client-data/profile").token(&ann.token);
        if let Some(origin) = origin {
            ask = ask.header("origin", origin);
        }
        let answer = ask.send().await;
        assert_retry_after(&answer, "2");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let problem = answer.expect_problem(503, "unavailable");
        assert_eq!(
            problem["detail"],
            "the request took too long; it may have taken effect"
        );
    }
    // An org that is not known yet is looked up for its origins as well: no second wait.
    let stranger = world
        .ask(&http::Method::GET, "/storefront/products")
        .org("globex");
    let answer = stranger
        .header("origin", "https://shop.example")
        .send()
        .await;
    answer.expect_problem(503, "unavailable");
    faults.heal();
    let ask = world.get("/client-data/profile").token(&ann.token);
    ask.send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_runs_out_of_time_happened_or_did_not_and_can_be_sent_again() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    for when in [When::Before, When::After] {
        let ask = world.get("/client-data/profile").token(&ann.token);
        let before = ask.send().await.expect(200);
        let name = format!("Anna{when:?}");
        let silence = Injection::of(Fault::Silence).on("UpdateItem");
        faults.inject(silence.when(when));
        faults.hurry(SHORT);
        let answer = rename(&world, &ann, &name).await;
        assert!(faults.heal());
        assert_retry_after(&answer, "2");
        answer.expect_problem(503, "unavailable");
        let ask = world.get("/client-data/profile").token(&ann.token);
        let seen = ask.send().await.expect(200)["firstName"].clone();
        match when {
            When::Before => assert_eq!(seen, before["firstName"]),
            When::After => assert_eq!(seen, name.as_str()),
        }
        let again = rename(&world, &ann, &name).await.expect(200);
        assert_eq!(again["firstName"], name.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_runs_out_of_time_is_placed_once_by_sending_it_again() {
    let (world, faults) = World::start_with_faults_and_retries().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    for when in [When::Before, When::After] {
        let before = world.stock("acme", "MUG-RED").await;
        let cart = world.cart(&ann, "MUG-RED", 1).await;
        let silence = Injection::of(Fault::Silence).on("TransactWriteItems");
        faults.inject(silence.when(when));
        faults.hurry(SHORT);
        let key = format!("{when:?}");
        let answer = world.checkout(&ann, &cart, &key).await;
        assert!(faults.heal());
        answer.expect_problem(503, "unavailable");
        let again = world.checkout(&ann, &cart, &key).await;
        let replayed = again.headers.contains_key("idempotent-replayed");
        assert_eq!(replayed, when == When::After);
        again.expect(201);
        let after = world.stock("acme", "MUG-RED").await;
        assert_eq!(after, (before.0 - 1, before.1 + 1), "{when:?}");
    }
}

#[test]
fn every_function_has_time_for_a_call_with_all_its_retries_and_none_outlasts_the_api() {
    let template = Template::load(&root().join("template.yaml")).expect("the template is good");
    let api = Duration::from_secs(30);
    let mut http = 0;
    for (name, timeout, serves_http) in template.timeouts() {
        assert!(timeout >= CALL + MARGIN, "{name}: {timeout:?}");
        if serves_http {
            http += 1;
            assert!(timeout < api, "{name}: {timeout:?}");
        }
    }
    assert_eq!(http, 4, "profile, client-data, storefront and crm");
}
