//! Challenges that are guessed at, mixed up, and answered all at once.

use portico_tests::World;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::post;
use super::second_factor::{Secured, TREE, VERIFY, answer};

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_answers_at_once_five_are_looked_at_and_of_equal_ones_one_passes() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let at_once = async |token: &str, codes: Vec<String>| {
        let mut answers = JoinSet::new();
        for code in codes {
            let body = json!({"challengeToken": token, "code": code});
            answers.spawn(world.post(VERIFY, &body).send());
        }
        let answers = answers.join_all().await;
        let count = |code: &str| answers.iter().filter(|a| a.body["code"] == code).count();
        let passed = answers.iter().filter(|answer| answer.status == 200).count();
        (
            passed,
            count("invalid_second_factor"),
            count("invalid_challenge"),
            count("rate_limited"),
        )
    };
    let challenge = fay.challenge(&world).await;
    let wrong = (0..20).map(|n| format!("nonsense{n}")).collect();
    // Those that found no try left in the challenge were not told more than that.
    assert_eq!(at_once(&challenge, wrong).await, (0, 5, 15, 0));
    answer(&world, &challenge, &fay.backup[0])
        .await
        .expect_problem(401, "invalid_challenge");

    // Another customer: the first one's tries in this quarter of an hour are used up by now.
    let fay = Secured::new(&world, "fay2@example.com").await;
    let challenge = fay.challenge(&world).await;
    let (passed, wrong, over, _) = at_once(&challenge, vec![fay.backup[0].clone(); 5]).await;
    assert_eq!((passed, wrong + over), (1, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_wrong_codes_in_whatever_challenges_are_the_end_of_it_for_a_quarter_of_an_hour() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    for _ in 0..2 {
        let challenge = fay.challenge(&world).await;
        for _ in 0..5 {
            answer(&world, &challenge, "nonsense")
                .await
                .expect_problem(401, "invalid_second_factor");
        }
    }
    let challenge = fay.challenge(&world).await;
    let limited = answer(&world, &challenge, &fay.backup[0]).await;
    assert!(limited.headers.contains_key("retry-after"));
    limited.expect_problem(429, "rate_limited");
    let code = json!({"code": fay.backup[0]});
    let limited = post(&world, &fay.account, &format!("{TREE}/disable"), &code).await;
    limited.expect_problem(429, "rate_limited");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_opens_nothing_but_itself_and_nothing_else_opens_it() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let token = fay.challenge(&world).await;
    let profile = world.get("/client-data/profile").token(&token).send().await;
    profile.expect_problem(401, "invalid_token");
    let refresh = json!({"refresh_token": token});
    let refresh = world
        .post("/profile/customer/refresh", &refresh)
        .send()
        .await;
    refresh.expect_problem(401, "invalid_refresh_token");
    let code = &fay.backup[0];
    let cut = &token[..token.len() - 1];
    let account = &fay.account;
    for wrong in [cut, &account.token, &account.refresh, "", "x"] {
        answer(&world, wrong, code)
            .await
            .expect_problem(401, "invalid_challenge");
    }
    let elsewhere = world.ask(&http::Method::POST, VERIFY).org("globex");
    let body = json!({"challengeToken": token, "code": code});
    elsewhere
        .json(&body)
        .send()
        .await
        .expect_problem(401, "invalid_challenge");
    // Somebody else's code is no good, and their challenge asks for their own.
    let gil = Secured::new(&world, "gil@example.com").await;
    answer(&world, &token, &gil.backup[0])
        .await
        .expect_problem(401, "invalid_second_factor");
    answer(&world, &token, code).await.expect(200);

    let send = async |token: &str, method: Value| {
        let body = json!({"challengeToken": token, "method": method});
        world
            .post("/profile/security/challenge/send", &body)
            .send()
            .await
    };
    send(&token, Value::Null)
        .await
        .expect_problem(409, "code_not_sendable");
    send("x", Value::Null)
        .await
        .expect_problem(401, "invalid_challenge");
    send(&token, json!("pigeon"))
        .await
        .expect_problem(400, "invalid_body");
}
