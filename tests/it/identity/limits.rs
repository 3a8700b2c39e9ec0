//! Limits on guessing, when everything is tried at the same moment.

use portico_local::functions::Parts;
use portico_shared::auth::{Caller, Cost, Device, Limit, Password, at_cost};
use portico_shared::domain::account::{self, NewCustomer};
use portico_shared::ids::OrgId;
use portico_tests::World;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{PASSWORD, sign_in};

async fn attempt(world: &World, email: &str, password: &str) -> u16 {
    let body = json!({"email": email, "password": password});
    let answer = world.post("/profile/customer/signin", &body).send().await;
    answer.status
}

/// The counters that say `tries`.
async fn counters(world: &World, tries: &str) -> usize {
    let table = world.table().await;
    let counters = table.iter().filter(|item| item["type"]["S"] == "Throttle");
    counters.filter(|item| item["tries"]["N"] == tries).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_any_number_of_parallel_tries_as_many_are_granted_as_the_limit_says() {
    let world = World::start().await;
    let store = world.peer().store();
    let org: OrgId = "acme".parse().unwrap();
    let mut tries = JoinSet::new();
    for _ in 0..60 {
        let (store, limit) = (store.clone(), Limit::in_window(&org, "test", "one", 10));
        tries.spawn(async move { limit.take(&store).await.map(|taken| taken.is_some()) });
    }
    let tries = tries.join_all().await;
    let granted = tries
        .iter()
        .filter(|taken| matches!(taken, Ok(true)))
        .count();
    // On a machine that is too slow for so many, a call may fail: then nobody is told that it was granted.
    let failed = tries.iter().filter(|taken| taken.is_err()).count();
    assert!(
        (10 - failed.min(10)..=10).contains(&granted),
        "{granted}, {failed} failed"
    );
    let limit = Limit::in_window(&org, "test", "one", 10);
    assert!(limit.take(&store).await.unwrap().is_none());
    let other = Limit::in_window(&org, "test", "other", 10);
    assert!(other.take(&store).await.unwrap().is_some());
    let elsewhere = Limit::in_window(&"globex".parse().unwrap(), "test", "one", 10);
    assert!(elsewhere.take(&store).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_wrong_passwords_at_once_are_ten_tries_and_the_right_one_is_too_late() {
    let world = World::start().await;
    let email = "bob@acme.example";
    let mut guesses = JoinSet::new();
    for n in 0..50 {
        let body = json!({"email": email, "password": format!("wrong password {n}")});
        guesses.spawn(world.post("/profile/customer/signin", &body).send());
    }
    let answers: Vec<u16> = guesses
        .join_all()
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    // 503 where the machine is too slow for so many: that tells nothing of the password.
    assert!(
        answers.iter().all(|status| matches!(status, 401 | 503)),
        "{answers:?}"
    );
    assert_eq!(attempt(&world, email, "portico-demo-pass").await, 401);
    assert_eq!(counters(&world, "10").await, 1, "the account's");
    assert_eq!(
        attempt(&world, "ann@acme.example", "portico-demo-pass").await,
        200
    );
}

/// Before tries were counted first, the right one among any number of parallel guesses always passed.
#[tokio::test]
async fn the_right_password_behind_fifty_wrong_ones_at_once_does_not_pass_time_after_time() {
    let world = World::start().await;
    let Parts { store, ring, .. } = Parts::connect(world.platform.aws()).await.unwrap();
    let org: OrgId = "acme".parse().unwrap();
    let cheap = Cost {
        memory: 64,
        passes: 1,
    };
    let mut passed = 0;
    for round in 0..10 {
        let email = format!("round{round}@example.com");
        let new = NewCustomer {
            email: email.clone(),
            password: Password::new(PASSWORD),
            first_name: None,
            last_name: None,
            phone: None,
        };
        let device = Device::of("");
        at_cost(
            cheap,
            account::sign_up(&store, &ring, &org, new, None, &device),
        )
        .await
        .unwrap();
        let mut guesses = JoinSet::new();
        for n in 0..=50 {
            let (store, ring, org, email) =
                (store.clone(), ring.clone(), org.clone(), email.clone());
            let caller = Caller {
                ip: format!("{round}.{n}"),
                device: device.clone(),
            };
            let password = if n == 50 {
                PASSWORD.to_owned()
            } else {
                format!("wrong {n}")
            };
            guesses.spawn(at_cost(cheap, async move {
                let password = Password::new(password);
                account::sign_in(&store, &ring, &org, &email, password, &caller, None)
                    .await
                    .is_ok()
            }));
        }
        passed += guesses
            .join_all()
            .await
            .into_iter()
            .filter(|right| *right)
            .count();
    }
    assert!(passed < 10, "the limit never mattered");
}

#[tokio::test(flavor = "multi_thread")]
async fn right_passwords_do_not_use_the_tries_up() {
    let world = World::start().await;
    let email = "eve@example.com";
    world.sign_up("acme", email).await;
    for _ in 0..25 {
        sign_in(&world, email).await.expect(200);
    }
    // One may stay counted.
    for n in 1..10 {
        assert_eq!(attempt(&world, email, "wrong password").await, 401);
        if n < 9 {
            sign_in(&world, email).await.expect(200);
        }
    }
    sign_in(&world, email)
        .await
        .expect_problem(401, "invalid_credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_kept_out_by_address_locks_nobody_else_out() {
    let world = World::start().await;
    for n in 0..100 {
        assert_eq!(
            attempt(&world, &format!("nobody{n}@acme.example"), "wrong").await,
            401
        );
    }
    for _ in 0..20 {
        assert_eq!(attempt(&world, "ann@acme.example", "wrong").await, 429);
    }
    let table = world.table().await;
    let counters = table.iter().filter(|item| item["type"]["S"] == "Throttle");
    let tries: Vec<_> = counters.map(|item| item["tries"]["N"].clone()).collect();
    let at_least = |least: u32| {
        let number = |value: &Value| value.as_str().unwrap().parse::<u32>().unwrap();
        tries.iter().filter(|tries| number(tries) >= least).count()
    };
    assert_eq!((at_least(100), at_least(2)), (1, 1), "{tries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_a_wrong_password_and_a_locked_account_cost_the_same_calls() {
    let world = World::start().await;
    let ask = async |email: &str| {
        let body = json!({"email": email, "password": "wrong password"});
        let answer = world.post("/profile/customer/signin", &body).send().await;
        (answer.anonymous(), answer.cost())
    };
    let wrong = ask("ann@acme.example").await;
    let unknown = ask("nobody@acme.example").await;
    for _ in 0..10 {
        ask("bob@acme.example").await;
    }
    let locked = ask("bob@acme.example").await;
    assert_eq!(wrong.0.0, 401);
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, locked);
    assert_eq!(wrong.1, (3.0, 0.5, 2.0));
}
