//! The functions as they are deployed: the executables of `make build`, with the environment that
//! `template.yaml` declares, called by Lambda's own Runtime Interface Emulator and by `sam local`.
//!
//! Run by `make test-lambda`, which builds them first.

mod emulator;
mod sam;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener};

use portico_local::demo_events::ready;
use portico_tests::replay::{Invoke, all, every_event_is_answered, folder, function};
use portico_tests::{World, refused};
use serde_json::{Value, json};

use emulator::Emulator;

/// Every function of the template in a process of its own, which stays warm.
struct Deployed(BTreeMap<&'static str, Emulator>);

impl Deployed {
    async fn start(world: &World) -> Self {
        let mut functions = BTreeMap::new();
        for name in all().map(function).collect::<BTreeSet<_>>() {
            let environment = world.platform.aws().function_environment(name).unwrap();
            functions.insert(name, Emulator::start(name, &environment).await);
        }
        Self(functions)
    }
}

impl Invoke for Deployed {
    async fn invoke(&self, function: &str, event: &Value) -> Value {
        self.0[function].invoke(event).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_answered_by_the_executables_as_it_should_be() {
    let world = World::start().await;
    let deployed = Deployed::start(&world).await;
    every_event_is_answered(&world, &deployed).await;
}

/// For each function the events that together need all of its environment.
const DEMANDING: [&[&str]; 7] = [
    &["profile/user-signin", "profile/upload-file"],
    &["client-data/get-profile", "client-data/upload-file"],
    &["storefront/get-order"],
    &["crm/list-tickets"],
    &["changes/order-placed", "changes/export-requested"],
    &["notifications/order-placed"],
    &["privacy/export"],
];

/// What no event needs that a file can hold: links to what customers attached are signed without a call, a text
/// message wants a code that only the table knows, and a copy is made by the platform's own function before another
/// comes to it.
const BY_NO_EVENT: [(&str, &str); 6] = [
    ("crm", "AWS_ENDPOINT_URL_S3"),
    ("crm", "PORTICO_FILES_BUCKET"),
    ("notifications", "AWS_ENDPOINT_URL_SNS"),
    ("privacy", "AWS_ENDPOINT_URL_S3"),
    ("privacy", "AWS_ENDPOINT_URL_SQS"),
    ("privacy", "PORTICO_FILES_BUCKET"),
];

/// A service whose endpoint is not declared is not reached: `AWS_ENDPOINT_URL` leads nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_needs_every_variable_that_the_template_declares_for_it_and_no_other() {
    let world = World::start().await;
    let (_socket, nowhere) = refused();
    for files in DEMANDING {
        let name = function(files[0]);
        let declared = world.platform.aws().function_environment(name).unwrap();
        let mut whole = declared.clone();
        whole.insert("AWS_ENDPOINT_URL".to_owned(), nowhere.clone());
        for file in files {
            assert!(works(&world, file, &whole).await, "{file} with all of them");
        }
        // An empty one is declared for what this deployment has not switched on.
        for (variable, _) in declared.iter().filter(|(_, value)| !value.is_empty()) {
            let (mut without, mut other) = (whole.clone(), whole.clone());
            without.remove(variable);
            other.insert(variable.clone(), nowhere.clone());
            let mut unread = true;
            for file in files {
                unread = unread
                    && works(&world, file, &without).await
                    && works(&world, file, &other).await;
            }
            let expected = BY_NO_EVENT.contains(&(name, variable.as_str()));
            assert_eq!(unread, expected, "{name} does without {variable}");
        }
    }
}

/// As `template.yaml` declares endpoints for AWS itself.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_declared_empty_is_none() {
    let world = World::start().await;
    let aws = world.platform.aws();
    let mut environment = aws.function_environment("client-data").unwrap();
    let table = environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), String::new());
    environment.insert("AWS_ENDPOINT_URL".to_owned(), table.unwrap());
    assert!(works(&world, "client-data/get-profile", &environment).await);
}

/// Whether a function with this environment deals with an event; a mail must have the template's sender.
async fn works(world: &World, file: &str, environment: &BTreeMap<String, String>) -> bool {
    let event = ready(&folder(), file, world.platform.url()).await;
    // The platform's own functions have heard of the order as well: another version of it is another job.
    let event = event.unwrap().to_string().replace("|1\\\"", "|7\\\"");
    let event = serde_json::from_str(&event).unwrap();
    let emulator = Emulator::start(function(file), environment).await;
    let mails = || {
        let outbox = world.platform.outbox().newest_first();
        outbox
            .iter()
            .filter(|mail| mail.from == "no-reply@example.com")
            .count()
    };
    let before = mails();
    let reply = emulator.invoke(&event).await;
    let mailed = mails() > before;
    answered(&reply) && mailed == (function(file) == "notifications")
}

/// A success, of either kind of function.
fn answered(reply: &Value) -> bool {
    matches!(reply["statusCode"].as_u64(), Some(200 | 201))
        || *reply == json!({"batchItemFailures": []})
}

/// An address of loopback that was free a moment ago.
fn free_address() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
