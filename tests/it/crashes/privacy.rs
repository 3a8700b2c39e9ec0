//! Copies and erasures that are cut off.

use lambda_http::{Context, LambdaEvent};
use portico_local::functions::{Parts, aws};
use portico_local::{EmbeddedAws, Function, Options, Template};

use portico_shared::auth::{Device, KeyRing, NewSession, Password};
use portico_shared::aws::Aws;
use portico_shared::clock;
use portico_shared::domain::account::{self, NewCustomer};
use portico_shared::domain::address::{Address, AddressType, PostalAddress};
use portico_shared::domain::oauth::{self, Identity, Provider};
use portico_shared::domain::privacy::{self, Erasure, ExportStatus};
use portico_shared::domain::reservation::{self, Booking, Calendar, Draft, Slot};
use portico_shared::error::Code;
use portico_shared::files::Files;
use portico_shared::ids::AddressId;
use portico_shared::money::parse_currency;
use portico_shared::store::{
    AnyItem, CustomerScope, Item, Partition as _, Span, Store, Update, Write,
};
use portico_tests::{Faults, Injection, Peer, root};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_is_cut_off_anywhere_has_begun_once_it_is_sent_again() {
    let (world, faults) = World::start_with_faults().await;
    let erase = async |token: &str| {
        let body = json!({"password": "correct horse battery"});
        let ask = world.post("/client-data/privacy/erasure", &body);
        ask.token(token).send().await
    };
    // No silence: looking at the password takes longer than the time that it would leave.
    for when in [When::Before, When::After] {
        let mut hit = 0;
        for nth in 1..MANY {
            let email = format!("erase-{when:?}-{nth}@example.com");
            let who = world.sign_up("acme", &email).await;
            faults.inject(Injection::of(Fault::INTERNAL).when(when).nth(nth));
            let status = erase(&who.token).await.status;
            let came = faults.heal();
            assert!(status == 202 || came, "{status} without a fault");
            erase(&who.token).await.expect(202);
            let refresh = json!({"refresh_token": who.refresh});
            let refresh = world.post("/profile/customer/refresh", &refresh);
            refresh.send().await.expect(401);
            let anew = world.sign_up("acme", &email).await;
            let profile = world.get("/client-data/profile").token(&anew.token);
            profile.send().await.expect(200);
            if !came {
                break;
            }
            hit += 1;
        }
        assert!(
            (6..MANY - 1).contains(&hit),
            "{hit} calls were made to fail"
        );
    }
}

/// The privacy function behind faults, and nothing that would take its work from it.
struct Worker {
    store: Store,
    ring: KeyRing,
    files: Files,
    faults: Faults,
    function: Function,
    embedded: EmbeddedAws,
}

impl Worker {
    /// An erasure settles in so many seconds.
    async fn settling_in(seconds: i64) -> Self {
        let options = Options::temporary(root().join("template.yaml"));
        let template = Template::load(&options.template).expect("the template is good");
        let embedded = EmbeddedAws::start(&options, &template).expect("the services start");
        let parts = Parts::connect(&embedded).await.expect("it connects");
        let (store, ring) = (parts.store.clone(), parts.ring.clone());
        let direct = aws(embedded.endpoints());
        let files = Files::new(&direct, &embedded.endpoints().bucket);
        let mut endpoints = direct.endpoints().clone();
        let faults = Faults::start(endpoints.dynamodb.expect("a table")).await;
        endpoints.dynamodb = Some(faults.url().to_owned());
        let bucket = endpoints.s3.expect("a bucket");
        endpoints.s3 = Some(faults.before_bucket(bucket).await);
        let parts = parts
            .with_aws(Aws::local(endpoints).with_max_attempts(1))
            .settling_in(seconds);
        let mut functions = parts.functions().expect("every function is there");
        Self {
            store,
            ring,
            files,
            faults,
            function: functions.remove("privacy").expect("it is there"),
            embedded,
        }
    }

    /// Somebody with an address, a booking, an object in the bucket, and an account elsewhere.
    async fn somebody(&self, email: &str) -> CustomerScope {
        let new = NewCustomer {
            email: email.to_owned(),
            password: serde_json::from_value::<Password>(json!("correct horse battery")).unwrap(),
            first_name: Some("Zephyrine".to_owned()),
            last_name: None,
            phone: None,
        };
        let org = "acme".parse().unwrap();
        let device = Device::of("");
        let signed_in = account::sign_up(&self.store, &self.ring, &org, new, None, &device);
        let signed_in = signed_in.await.unwrap();
        let address: PostalAddress =
            serde_json::from_value(json!({"street1": "1 Main St", "city": "X", "country": "US"}))
                .unwrap();
        let address = Address {
            id: AddressId::generate(),
            kind: AddressType::Home,
            address,
            primary_since: None,
        };
        let key = signed_in.scope.key(&Item::Address(&address.id));
        self.store.write(Write::put(key, &address)).await.unwrap();
        self.booking(&signed_in.scope).await;
        let path = "documents/a.txt".parse().unwrap();
        let put = self
            .files
            .put(&signed_in.scope, &path, "text/plain", b"a".to_vec());
        put.await.unwrap();
        let identity = Identity {
            provider: Provider::Google,
            subject: email.to_owned(),
            email: None,
            email_verified: false,
            first_name: None,
            last_name: None,
        };
        let linked = oauth::link(&self.store, &signed_in.scope, &identity, None);
        linked.await.unwrap();
        signed_in.scope
    }

    /// All book the same hour.
    async fn booking(&self, who: &CustomerScope) {
        let draft: Draft = serde_json::from_value(json!({
            "name": "leg", "title": "Leg", "stepMinutes": 60, "horizonDays": 60, "capacity": 100,
            "workDays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
            "officeHours": {"startTime": "00:00", "endTime": "24:00", "timezone": "UTC"},
            "services": [{"name": "Hour", "duration": 60, "price": 40}],
        }))
        .unwrap();
        let definition = draft
            .check(who.org(), parse_currency("USD").unwrap())
            .unwrap();
        let service = definition.services[0].clone();
        let hour = clock::unix_seconds() / 3600 + 48;
        let at = |hour: i64| jiff::Timestamp::from_second(hour * 3600).unwrap();
        let booking = Booking {
            calendar: &Calendar::of(definition).unwrap(),
            service: &service,
            slot: Slot {
                start: at(hour),
                end: at(hour + 1),
            },
            note: None,
            idempotency: None,
        };
        let booked = reservation::book(&self.store, &self.ring, who, booking);
        booked.await.unwrap();
    }

    /// How many bookings the table counts, whenever they are.
    async fn booked(&self) -> u32 {
        let endpoints = self.embedded.endpoints();
        let table = Peer::at(&endpoints.dynamodb, &endpoints.table)
            .items()
            .await;
        let taken = table.iter().filter(|item| item["type"]["S"] == "Taken");
        let cells = taken.flat_map(|item| item.as_object().unwrap());
        let cells = cells.filter(|(name, _)| name.parse::<u32>().is_ok());
        let counts = cells.map(|(_, count)| count["N"].as_str().unwrap().parse::<u32>().unwrap());
        // Twelve cells are an hour.
        counts.sum::<u32>() / 12
    }

    /// Whether the task was done.
    async fn work(&self, who: &CustomerScope, kind: &str) -> bool {
        let Function::Events(function) = &self.function else {
            panic!("it takes events");
        };
        let body = json!({"orgid": "acme", "customer": who.customer(), "kind": kind}).to_string();
        let records = json!({"Records": [{"messageId": "1", "body": body}]});
        let reply = function(LambdaEvent::new(records, Context::default()))
            .await
            .unwrap();
        reply["batchItemFailures"] == json!([])
    }

    async fn left(&self, who: &CustomerScope) -> Vec<AnyItem> {
        self.store
            .pages(who, Span::everything().consistent())
            .await
            .unwrap()
    }

    /// Does a task with a fault at its nth call, for every n, and then once more without.
    async fn at_every_call(
        &self,
        kind: &str,
        prepare: impl AsyncFn(&CustomerScope),
        check: impl AsyncFn(&CustomerScope),
    ) {
        for when in [When::Before, When::After] {
            let mut hit = 0;
            for nth in 1..MANY {
                let who = self
                    .somebody(&format!("{kind}-{when:?}-{nth}@example.com"))
                    .await;
                prepare(&who).await;
                self.faults
                    .inject(Injection::of(Fault::INTERNAL).when(when).nth(nth));
                let done = self.work(&who, kind).await;
                let came = self.faults.heal();
                assert_eq!(done, !came, "{kind} {when:?} {nth}");
                let pending = privacy::latest_export(&self.store, &who).await.unwrap();
                let pending = pending.map(|export| export.status);
                assert_ne!(pending, Some(ExportStatus::Pending), "{when:?} {nth}");
                assert!(self.work(&who, kind).await);
                check(&who).await;
                if !came {
                    break;
                }
                hit += 1;
            }
            assert!(
                (3..MANY - 1).contains(&hit),
                "{hit} calls were made to fail"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_stops_anywhere_goes_on_and_ends() {
    let worker = Worker::settling_in(0).await;
    worker
        .at_every_call(
            "erase",
            async |who| privacy::begin_erasure(&worker.store, who).await.unwrap(),
            async |who| {
                let left = worker.left(who).await;
                let kinds: Vec<&str> = left.iter().map(AnyItem::kind).collect();
                assert_eq!(kinds, ["Erasure", "Dashboard"]);
                let erasure = privacy::erasure(&worker.store, who).await.unwrap().unwrap();
                assert!(erasure.finished_at.is_some());
                assert_eq!(worker.booked().await, 0);
                let path = "documents/a.txt".parse().unwrap();
                assert!(worker.files.peek(who, &path).await.unwrap().is_none());
            },
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_stops_anywhere_is_made_when_the_task_comes_again() {
    let worker = Worker::settling_in(0).await;
    worker
        .at_every_call(
            "export",
            async |who| {
                privacy::request_export(&worker.store, who).await.unwrap();
            },
            async |who| {
                let export = privacy::latest_export(&worker.store, who)
                    .await
                    .unwrap()
                    .unwrap();
                assert_eq!(export.status, ExportStatus::Ready);
                assert!(export.size.unwrap() > 100);
            },
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_fails_says_so_and_another_one_can_be_asked_for() {
    let worker = Worker::settling_in(0).await;
    let who = worker.somebody("failed@example.com").await;
    let first = privacy::request_export(&worker.store, &who).await.unwrap();
    worker
        .faults
        .inject(Injection::of(Fault::INTERNAL).on("PutObject"));
    assert!(!worker.work(&who, "export").await);
    assert!(worker.faults.heal());
    let latest = async || {
        let latest = privacy::latest_export(&worker.store, &who).await;
        latest.unwrap().unwrap()
    };
    assert_eq!(latest().await.status, ExportStatus::Failed);
    let second = privacy::request_export(&worker.store, &who).await.unwrap();
    assert_ne!(first.id, second.id);
    // The task of the first may come again too.
    for _ in 0..2 {
        assert!(worker.work(&who, "export").await);
    }
    assert_eq!(
        (latest().await.id, latest().await.status),
        (second.id, ExportStatus::Ready)
    );
    let refused = privacy::request_export(&worker.store, &who)
        .await
        .unwrap_err();
    assert_eq!(refused.refusal().code, Code::RateLimited);

    // One that was never heard of again has failed as well.
    let other = worker.somebody("lost@example.com").await;
    privacy::request_export(&worker.store, &other)
        .await
        .unwrap();
    let key = other.key(&Item::Export);
    let long_ago = clock::unix_seconds() - 3 * 60 * 60;
    let aged = Update::of::<privacy::Export>().set("requested", &long_ago);
    worker.store.write(Write::update(key, aged)).await.unwrap();
    let lost = privacy::latest_export(&worker.store, &other)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(lost.status_at(clock::now()), ExportStatus::Failed);
    let again = privacy::request_export(&worker.store, &other)
        .await
        .unwrap();
    assert_ne!(again.id, lost.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_being_opened_has_the_erasure_look_once_more() {
    let worker = Worker::settling_in(600).await;
    let who = worker.somebody("racing@example.com").await;
    privacy::begin_erasure(&worker.store, &who).await.unwrap();
    let session = NewSession::for_customer(&worker.ring, &who).unwrap();
    worker.store.write(session.write).await.unwrap();
    let hour_ago = clock::now() - jiff::SignedDuration::from_hours(1);
    let begun = Update::of::<Erasure>().set("requestedAt", &hour_ago);
    let key = who.key(&Item::Erasure);
    worker.store.write(Write::update(key, begun)).await.unwrap();
    let finished = async || {
        assert!(worker.work(&who, "erase").await);
        let erasure = privacy::erasure(&worker.store, &who).await.unwrap();
        erasure.unwrap().finished_at.is_some()
    };
    assert!(!finished().await, "its tokens have not expired");
    assert!(finished().await);
}
