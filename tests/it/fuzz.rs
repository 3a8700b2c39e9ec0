//! Random requests at every route of the API document: whatever is sent, the answer is a success or a
//! complete problem, and the platform goes on.

mod shots;

use portico_tests::Answer;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::isolation::fixtures::fixtures;
use crate::isolation::scene::Scene;
use shots::shot;

/// How many requests each fixture gets.
const CASES: u32 = 80;

/// What is wrong with an answer, if anything is.
fn fault(answer: &Answer) -> Option<String> {
    let body = &answer.body;
    let text = |member: &str| body[member].as_str().is_some_and(|text| !text.is_empty());
    let said = body["status"] == answer.status && body["statusCode"] == answer.status;
    let whole = [
        "type",
        "title",
        "code",
        "detail",
        "requestId",
        "error",
        "message",
    ]
    .into_iter()
    .all(text);
    let content_type = answer.headers.get("content-type").map(String::as_str);
    let is_problem = said && whole && content_type == Some("application/problem+json");
    let is_good = match answer.status {
        204 => answer.bytes.is_empty(),
        302 => answer.bytes.is_empty() && answer.headers.contains_key("location"),
        200..=299 => body.is_object(),
        400..=499 => is_problem,
        _ => false,
    };
    (!is_good).then(|| {
        format!(
            "{} {}",
            answer.status,
            String::from_utf8_lossy(&answer.bytes)
        )
    })
}

#[test]
fn no_input_at_any_route_yields_anything_but_a_success_or_a_complete_problem() {
    let runtime = Runtime::new().expect("a runtime");
    let scene = runtime.block_on(Scene::set());
    for fixture in fixtures() {
        // One for each: a runner counts its cases over all its runs.
        let mut runner = TestRunner::new(Config {
            cases: CASES,
            max_shrink_iters: 200,
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&shot(), |shot| {
            let answer = runtime.block_on(async {
                let who = scene.who(&fixture);
                let names = scene.names(&fixture, who.map_or("", |who| &who.id)).await;
                shot.ask(&scene, &fixture, &names).send().await
            });
            fault(&answer).map_or(Ok(()), |fault| Err(TestCaseError::fail(fault)))
        });
        if let Err(error) = outcome {
            panic!("{}: {error}", fixture.operation());
        }
    }
    runtime.block_on(async {
        let profile = scene
            .world
            .get("/client-data/profile")
            .token(&scene.ann.token)
            .send()
            .await;
        assert_eq!(profile.expect(200)["sk"], scene.ann.id);
        scene
            .world
            .get("/storefront/products")
            .send()
            .await
            .expect(200);
        scene.world.get("/profile/whoami").send().await.expect(200);
        scene.rest().await;
    });
}

#[test]
fn a_failure_and_a_problem_that_lacks_something_are_faults() {
    let content_type = (
        "content-type".to_owned(),
        "application/problem+json".to_owned(),
    );
    let whole = json!({
        "type": "t", "title": "t", "status": 404, "code": "c", "detail": "d", "requestId": "r", "statusCode": 404,
        "error": "e", "message": "m",
    });
    let answer = |status: u16, body: &Value| Answer {
        status,
        headers: [content_type.clone()].into(),
        body: body.clone(),
        bytes: body.to_string().into_bytes(),
    };
    assert_eq!(fault(&answer(404, &whole)), None);
    for member in whole.as_object().expect("an object").keys() {
        let mut lacking = whole.clone();
        lacking.as_object_mut().expect("an object").remove(member);
        assert!(fault(&answer(404, &lacking)).is_some(), "{member}");
    }
    for (status, body) in [
        (500, &whole),
        (503, &whole),
        (302, &whole),
        (200, &Value::Null),
        (400, &whole),
    ] {
        assert!(fault(&answer(status, body)).is_some(), "{status}");
    }
}
