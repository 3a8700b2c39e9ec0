//! `portico integration`: what it keeps, what it shows of it, and that the table tells nothing.

use std::env;
use std::process::{Command, Stdio};

use portico_shared::auth::KeyRing;
use portico_shared::domain::integration::{self, Integrations, Settings, Vendor};
use portico_shared::ids::OrgId;
use portico_tests::World;
use serde_json::{Value, json};

const SECRET: &str = "sk_test_51HxJ2eZvKYlo2CqW8tN1234";

/// Where the process that plays `portico` finds the table, and its arguments, one a line.
const TABLE: &str = "PORTICO_TEST_TABLE";
const ARGUMENTS: &str = "PORTICO_TEST_ARGUMENTS";

/// The test that plays `portico` too: the key ring's place is in the environment, and a process that runs
/// threads may not change its own.
const NAME: &str = "operator::integrations::an_integration_is_set_listed_in_part_and_removed_and_the_table_does_not_tell_it";

/// Plays `portico`, if this process was started for it.
async fn plays_portico() -> bool {
    let (Ok(table), Ok(arguments)) = (env::var(TABLE), env::var(ARGUMENTS)) else {
        return false;
    };
    let (dynamodb, table) = table.split_once('|').unwrap();
    let arguments: Vec<_> = arguments.lines().collect();
    match super::run(dynamodb, table, &arguments).await {
        Ok(text) => eprint!("{text}"),
        Err(error) => eprint!("refused: {error}"),
    }
    true
}

/// What `portico integration` says, given this on standard input.
async fn said(world: &World, arguments: &[&str], stdin: &Value) -> String {
    let endpoints = world.platform.aws().endpoints();
    let input = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(input.path(), stdin.to_string()).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", NAME, "--nocapture"])
        .env(TABLE, format!("{}|{}", endpoints.dynamodb, endpoints.table))
        .env(ARGUMENTS, [&["integration"], arguments].concat().join("\n"))
        .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &endpoints.secrets)
        .env("PORTICO_KEYRING_SECRET", &endpoints.key_ring)
        .stdin(Stdio::from(input.reopen().unwrap()));
    let output = tokio::task::spawn_blocking(move || command.output());
    String::from_utf8(output.await.unwrap().unwrap().stderr).unwrap()
}

fn acme() -> OrgId {
    "acme".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_is_set_listed_in_part_and_removed_and_the_table_does_not_tell_it() {
    if plays_portico().await {
        return;
    }
    let world = World::start().await;
    let set = ["set", "acme", "stripe", "--settings-stdin"];
    let settings = json!({"secretKey": SECRET, "webhookSecret": "whsec_0123456789abcdef"});
    assert_eq!(
        said(&world, &set, &settings).await,
        "Set stripe for acme; functions that run see it within seconds.\n"
    );
    let listed = said(&world, &["list", "acme"], &Value::Null).await;
    let mut listed: Value = serde_json::from_str(&listed).unwrap();
    assert!(listed[0]["updatedAt"].take().is_string());
    let shown = json!({"secretKey": "sk_test_…1234", "webhookSecret": "whsec_…cdef"});
    let expected = json!([{"vendor": "stripe", "settings": shown, "updatedAt": null}]);
    assert_eq!(listed, expected);
    let table = world.table_at_rest().await;
    assert!(!json!(table).to_string().contains(SECRET));

    let wrong = json!({"secretKey": "pk_test_51HxJ2eZvKYlo2CqW8tN"});
    assert_eq!(
        said(&world, &set, &wrong).await,
        "refused: the settings are wrong: secretKey: begins with sk_test_ or sk_live_ or rk_test_ or rk_live_"
    );
    assert_eq!(world.table_at_rest().await, table);
    let nobody = ["set", "hooli", "stripe", "--settings-stdin"];
    let told = said(&world, &nobody, &settings).await;
    assert!(
        told.starts_with("refused: There is no such org: hooli"),
        "{told}"
    );

    let remove = ["remove", "acme", "stripe"];
    assert_eq!(
        said(&world, &remove, &Value::Null).await,
        "Removed stripe from acme.\n"
    );
    assert_eq!(
        said(&world, &remove, &Value::Null).await,
        "refused: acme has no integration stripe"
    );
    assert_eq!(said(&world, &["list", "acme"], &Value::Null).await, "[]\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_ring_was_rotated_a_reseal_frees_the_old_key() {
    const OLD: &str = r#""k1":"0123456789abcdef0123456789abcdef""#;
    const NEW: &str = r#""k2":"fedcba9876543210fedcba9876543210""#;
    let ring = |current: &str, keys: &str| {
        KeyRing::parse(&format!(r#"{{"current":"{current}",{keys}}}"#)).unwrap()
    };
    let world = World::start().await;
    let store = world.peer().store();
    let (before, both) = (ring("k1", OLD), ring("k2", &format!("{OLD},{NEW}")));
    let after = ring("k2", NEW);
    let json = json!({"apiKey": "AIzaSyD-0123456789abcdef"}).to_string();
    let settings = Settings::parse(Vendor::GooglePlaces, json.as_bytes()).unwrap();
    integration::save(&store, &before, &acme(), &settings)
        .await
        .unwrap();
    // A fresh cache each time, as a function that starts has.
    let read = async |ring: &KeyRing| {
        let found = Integrations::default();
        let found = found.get(&store, ring, &acme(), Vendor::GooglePlaces).await;
        found.map(|settings| (*settings).clone())
    };
    assert_eq!(read(&both).await.unwrap(), settings);
    assert!(read(&after).await.is_err(), "it needs the old key");
    let resealed = integration::reseal(&store, &both, &acme()).await;
    assert_eq!(resealed.unwrap(), ["google-places"]);
    assert_eq!(read(&after).await.unwrap(), settings);
    let again = integration::reseal(&store, &both, &acme()).await;
    assert_eq!(again.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_is_its_orgs_alone() {
    let world = World::start().await;
    let (store, globex) = (world.peer().store(), "globex".parse::<OrgId>().unwrap());
    let ring = KeyRing::parse(r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#);
    let ring = ring.unwrap();
    let json = json!({ "secretKey": SECRET }).to_string();
    let settings = Settings::parse(Vendor::Stripe, json.as_bytes()).unwrap();
    integration::save(&store, &ring, &acme(), &settings)
        .await
        .unwrap();
    let of_globex = Integrations::default();
    let none = of_globex.stripe(&store, &ring, &globex).await.unwrap_err();
    assert_eq!(none.refusal().code.as_str(), "integration_not_configured");
    let found = Integrations::default().stripe(&store, &ring, &acme()).await;
    assert_eq!(found.unwrap().secret_key.reveal(), SECRET);
}
