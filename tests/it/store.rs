//! What the product relies on `DynamoDB` for, over the wire: against the embedded one, and with
//! `make test-peers` against others.
//!
//! Each test says what AWS documents. Where an implementation does something else, [`DIFFERENCES`] says so
//! and the test holds it to just that: a difference that goes away is noticed too. `docs/emulation.md` says
//! what of the product depends on it.

mod batches;
mod conditions;
mod costs;
mod lists;
mod transactions;
mod values;

use portico_local::{EmbeddedAws, Options, Template};
use portico_shared::ids::{AddressId, CustomerId};
use portico_shared::queue::{Job, Recipient};
use portico_shared::store::{
    Entity, Item, Key, Partition as _, Shopper, Store, StoreError, Stored, Update, Write,
};
use portico_tests::{Peer, root};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A way to differ from AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    /// A transaction that is sent again under its token happens again.
    TokensForgotten,
    /// More and less of two types is an error of the service.
    TypesCompared,
    /// What a read is said to consume does not depend on what it reads.
    ReadsMadeUp,
    /// What a write is said to consume does not depend on what it writes.
    WritesMadeUp,
    /// A batch may be of any size.
    BatchesUnlimited,
}

/// Which implementation differs how.
const DIFFERENCES: &[(&str, Difference)] = &[
    ("moto", Difference::TokensForgotten),
    ("moto", Difference::TypesCompared),
    ("moto", Difference::ReadsMadeUp),
    ("moto", Difference::WritesMadeUp),
    ("ministack", Difference::ReadsMadeUp),
    ("ministack", Difference::BatchesUnlimited),
];

/// A table of the template's definition, for one test.
struct Bench {
    peer: Peer,
    store: Store,
    shopper: Shopper,
    name: String,
    /// Serves the table unless a peer does.
    _embedded: Option<EmbeddedAws>,
}

impl Bench {
    async fn start() -> Self {
        let options = Options::temporary(root().join("template.yaml"));
        let template = Template::load(&options.template).expect("the template is good");
        let chosen = Peer::chosen(&template).await;
        let embedded = chosen
            .is_none()
            .then(|| EmbeddedAws::start(&options, &template).expect("the embedded services start"));
        let own = || {
            let endpoints = embedded.as_ref().expect("there is one").endpoints();
            Peer::at(&endpoints.dynamodb, &endpoints.table)
        };
        let peer = chosen.unwrap_or_else(own);
        Self {
            store: peer.store(),
            peer,
            shopper: shopper(),
            name: Peer::name(),
            _embedded: embedded,
        }
    }

    fn differs(&self, how: Difference) -> bool {
        DIFFERENCES.contains(&(self.name.as_str(), how))
    }

    /// The nth key of the shopper's addresses.
    fn key(&self, nth: usize) -> Key {
        self.shopper.key(&Item::Address(&id(nth)))
    }

    async fn put(&self, nth: usize, thing: &Thing) {
        let put = Write::put(self.key(nth), thing);
        self.store.write(put).await.expect("it is written");
    }

    async fn get(&self, nth: usize) -> Option<Stored<Thing>> {
        let got = self.store.get_consistent(&self.key(nth)).await;
        got.expect("the table answers")
    }

    async fn update(&self, nth: usize, update: Update) -> Stored<Thing> {
        let write = Write::update(self.key(nth), update);
        let updated = self.store.update(write).await.expect("it is updated");
        assert_eq!(self.get(nth).await.as_ref(), Some(&updated));
        updated
    }
}

/// Somebody's partition. A job says whose it is, as the queue's consumer takes it.
fn shopper() -> Shopper {
    let job = Job {
        id: String::new(),
        orgid: "acme".parse().expect("an org id"),
        kind: String::new(),
        at: jiff(0),
        recipient: Recipient {
            author: CustomerId::generate().to_string(),
            email: None,
            phone: None,
            name: None,
        },
        channels: Vec::new(),
        data: Value::Null,
    };
    job.shopper().expect("a customer")
}

/// Ids that sort by their number.
fn id(nth: usize) -> AddressId {
    AddressId::derived_at(jiff(nth), b"")
}

fn jiff<T: serde::de::DeserializeOwned>(millis: usize) -> T {
    let at = format!(
        "\"2026-01-01T00:{:02}:{:02}.{:03}Z\"",
        millis / 60_000,
        millis / 1000 % 60,
        millis % 1000
    );
    serde_json::from_str(&at).expect("a time")
}

/// Something of everything that entities are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Thing {
    text: String,
    count: i64,
    total: i64,
    list: Vec<String>,
    map: Map<String, Value>,
    maybe: Option<String>,
}

impl Entity for Thing {
    const TYPE: &'static str = "Thing";
}

impl Thing {
    fn of(count: i64, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            count,
            ..Self::default()
        }
    }

    /// So many bytes of text.
    fn large(bytes: usize) -> Self {
        Self::of(0, &"x".repeat(bytes))
    }
}

/// What a failed condition met.
#[track_caller]
fn met(outcome: Result<impl Sized, StoreError>) -> Option<Stored<Thing>> {
    match outcome {
        Err(StoreError::ConditionFailed(found)) => found.read().expect("a thing"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the condition held"),
    }
}

#[track_caller]
fn assert_refused(outcome: Result<impl Sized, StoreError>) {
    let error = outcome.err().expect("the call is refused");
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
}
