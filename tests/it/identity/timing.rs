//! Whether time tells an unknown address, a wrong password and a locked account from each other.
//!
//! Sign-ins of all three kinds are made in turn, so that whatever slows the machine down slows all of them
//! down. Five of each are taken together as the quickest of them, which is what an attacker would do against
//! noise, and these are compared by rank: the probability that one of the first kind took longer than one of
//! the second (the Mann-Whitney statistic over the product of the numbers). It is a half when the clock tells
//! nothing. For 150 of each, chance alone moves it by 0.033 (one standard deviation). It may be off by 0.2,
//! six of these, or the medians may differ by a fifth of what the hash takes. A sign-in without the hash is
//! measured beside them and must be told apart, or the measurement is void: a machine that is busy with other
//! things hides any difference. One of three measurements must do.

use std::time::{Duration, Instant};

use portico_local::functions::Parts;
use portico_shared::auth::{Caller, Cost, Device, KeyRing, Password, at_cost};
use portico_shared::domain::account::{self, NewCustomer};
use portico_shared::error::Code;
use portico_shared::ids::OrgId;
use portico_shared::store::Store;
use portico_tests::World;

/// Half of OWASP's for the first measurement, which is enough unless the machine is very busy: then the whole
/// of it is measured.
const REDUCED: Cost = Cost {
    memory: 10 * 1024,
    passes: 2,
};
const WHOLE: Cost = Cost {
    memory: 19 * 1024,
    passes: 2,
};
/// As good as no hash.
const SKIPPED: Cost = Cost {
    memory: 8,
    passes: 1,
};
const SAMPLES: u32 = 750;
/// Each address is tried so often, and the quickest counts; ten tries would lock it.
const GROUP: u32 = 5;
const LOCKED: u32 = 10;
const TOLERANCE: f64 = 0.2;

struct Bench {
    store: Store,
    ring: KeyRing,
    org: OrgId,
    run: u32,
    asked: u32,
}

impl Bench {
    /// How long it takes to refuse somebody, from a network address of their own.
    async fn refuse(&mut self, email: &str) -> Duration {
        self.asked += 1;
        let caller = Caller {
            ip: format!("{}-{}", self.run, self.asked),
            device: Device::of(""),
        };
        let (store, ring, org) = (&self.store, &self.ring, &self.org);
        let password = Password::new("wrong password");
        let begun = Instant::now();
        let answer = account::sign_in(store, ring, org, email, password, &caller, None).await;
        let took = begun.elapsed();
        assert_eq!(answer.unwrap_err().refusal().code, Code::InvalidCredentials);
        took
    }

    async fn sign_up(&self, email: String) {
        let new = NewCustomer {
            email,
            password: Password::new("correct horse battery"),
            first_name: None,
            last_name: None,
            phone: None,
        };
        let device = Device::of("");
        account::sign_up(&self.store, &self.ring, &self.org, new, None, &device)
            .await
            .unwrap();
    }

    /// Times of refusing an unknown address, a wrong password, a locked account, and an unknown address
    /// without the hash.
    async fn measure(&mut self) -> [Vec<Duration>; 4] {
        let run = self.run;
        let known = |n: u32| format!("known{n}-{run}@example.com");
        let locked = |n: u32| format!("locked{}-{run}@example.com", n % LOCKED);
        for n in 0..SAMPLES / GROUP {
            self.sign_up(known(n)).await;
        }
        for n in 0..LOCKED {
            self.sign_up(locked(n)).await;
            for _ in 0..10 {
                self.refuse(&locked(n)).await;
            }
        }
        let mut times = [const { Vec::new() }; 4];
        for sample in 0..SAMPLES {
            // Every kind comes first, second … as often as the others.
            for turn in 0..4 {
                let kind = (sample + turn) % 4;
                let took = match kind {
                    0 => {
                        self.refuse(&format!("unknown{}-{run}@example.com", sample / GROUP))
                            .await
                    }
                    1 => self.refuse(&known(sample / GROUP)).await,
                    2 => self.refuse(&locked(sample)).await,
                    _ => {
                        let email = format!("skipped{}-{run}@example.com", sample / GROUP);
                        at_cost(SKIPPED, self.refuse(&email)).await
                    }
                };
                times[kind as usize].push(took);
            }
        }
        times.map(|times| quickest(&times))
    }
}

/// The quickest of each five.
fn quickest(times: &[Duration]) -> Vec<Duration> {
    let fives = times.chunks(GROUP as usize);
    fives
        .filter_map(|five| five.iter().min().copied())
        .collect()
}

fn median(times: &[Duration]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2].as_secs_f64()
}

/// The probability that one of `ones` took longer than one of `others`; ties count half.
fn superiority(ones: &[Duration], others: &[Duration]) -> f64 {
    let mut sorted = others.to_vec();
    sorted.sort_unstable();
    let wins = ones.iter().map(|one| {
        let (below, not_above) = (
            sorted.partition_point(|other| other < one),
            sorted.partition_point(|other| other <= one),
        );
        below + not_above
    });
    #[allow(clippy::cast_precision_loss)] // millions at the most
    let (wins, pairs) = (
        wins.sum::<usize>() as f64,
        (ones.len() * others.len()) as f64,
    );
    wins / 2.0 / pairs
}

#[tokio::test]
async fn time_does_not_tell_an_unknown_address_from_a_wrong_password_or_a_locked_account() {
    let world = World::start().await;
    let Parts { store, ring, .. } = Parts::connect(world.platform.aws()).await.unwrap();
    let org = "acme".parse().unwrap();
    let mut bench = Bench {
        store,
        ring,
        org,
        run: 0,
        asked: 0,
    };
    let mut seen = Vec::new();
    for cost in [REDUCED, WHOLE, WHOLE] {
        let [unknown, wrong, locked, skipped] = Box::pin(at_cost(cost, bench.measure())).await;
        let told = [(&unknown, &wrong), (&locked, &wrong), (&unknown, &locked)];
        let hash = median(&wrong) - median(&skipped);
        let equal = |(one, other): (&Vec<_>, &Vec<_>)| {
            (superiority(one, other) - 0.5).abs() <= TOLERANCE
                || (median(one) - median(other)).abs() < hash / 5.0
        };
        let all_equal = told.iter().all(|pair| equal(*pair));
        let told = told.map(|(one, other)| superiority(one, other));
        let control = superiority(&wrong, &skipped);
        println!("{told:.3?}, without the hash {control:.3}, which takes {hash:.4} s");
        if all_equal && control > 0.5 + TOLERANCE {
            return;
        }
        seen.push((told, control));
        bench.run += 1;
    }
    panic!("three times in a row, time told them apart, or nothing at all: {seen:?}");
}

#[test]
fn ranks_tell_equal_from_longer() {
    let times = |from: u64| {
        (from..from + 100)
            .map(Duration::from_millis)
            .collect::<Vec<_>>()
    };
    assert!((superiority(&times(0), &times(0)) - 0.5).abs() < 1e-9);
    assert!((superiority(&times(100), &times(0)) - 1.0).abs() < 1e-9);
    assert!(superiority(&times(0), &times(100)) < 1e-9);
}
