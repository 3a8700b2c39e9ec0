//! The stub of the Runtime API drives a function: one in shell, of the kind that AWS's tutorial for custom
//! runtimes has.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use portico_bench::cold_start::{self, Start};

/// Takes events and posts `$reply` for each that holds `$expected`, as `$outcome`.
const FUNCTION: &str = r#"#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while event=$(curl -sS -D "$0.head" "$api/next"); do
  id=$(sed -n 's/^lambda-runtime-aws-request-id: \([^[:space:]]*\).*/\1/ip' "$0.head")
  case "$event" in
    *"$expected"*) curl -sS --data-binary "$reply" "$api/$id/$outcome" ;;
    *) exit 3 ;;
  esac
done
"#;

const EVENT: &str = r#"{"rawPath": "/orders"}"#;

async fn start(outcome: &str, expected: &str, reply: &str) -> portico_bench::Result<Start> {
    let folder = tempfile::tempdir().unwrap();
    let function = folder.path().join("bootstrap");
    fs::write(&function, FUNCTION).unwrap();
    fs::set_permissions(&function, fs::Permissions::from_mode(0o700)).unwrap();
    let environment: BTreeMap<String, OsString> = [
        ("PATH", env::var_os("PATH").unwrap()),
        ("outcome", outcome.into()),
        ("expected", expected.into()),
        ("reply", reply.into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let log = folder.path().join("log");
    cold_start::start(&function, &environment, EVENT.into(), &log).await
}

#[tokio::test]
async fn a_function_is_started_given_an_event_and_answers_it() {
    let start = start("response", EVENT, r#"{"statusCode": 200}"#)
        .await
        .unwrap();
    assert!(start.initialised < start.answered);
    assert!(start.peak > 0);
}

#[tokio::test]
async fn a_batch_without_failures_is_a_success_and_one_with_failures_is_none() {
    start("response", EVENT, r#"{"batchItemFailures": []}"#)
        .await
        .unwrap();
    for reply in [
        r#"{"batchItemFailures": [{"itemIdentifier": "1"}]}"#,
        r#"{"statusCode": 503}"#,
    ] {
        let error = start("response", EVENT, reply).await.unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("it answered {"), "{error}");
    }
}

#[tokio::test]
async fn a_failure_that_a_function_reports_is_an_error() {
    let error = start("error", EVENT, "the item is not there")
        .await
        .unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("invocation/") && error.ends_with("/error: the item is not there"),
        "{error}"
    );
}

#[tokio::test]
async fn a_function_that_ends_before_it_answers_is_an_error() {
    let error = start("response", "another event", "").await.unwrap_err();
    assert_eq!(error.to_string(), "it ended with exit status: 3");
}
