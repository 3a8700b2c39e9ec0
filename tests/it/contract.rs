//! The API document: complete, checked in, and what the platform really answers.

mod schema;

use std::collections::{BTreeMap, BTreeSet};

use portico_local::openapi::document;
use portico_shared::error::Code;
use portico_tests::root;
use serde_json::Value;

use crate::isolation::fixtures::{Fixture, Outcome, fixtures};
use crate::isolation::scene::Scene;
use schema::Document;

fn generated() -> Document {
    Document(serde_json::to_value(document()).expect("the document is JSON"))
}

/// The operations, by `GET /path`.
fn operations(document: &Document) -> BTreeMap<String, &Value> {
    let mut operations = BTreeMap::new();
    for (path, methods) in document.0["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            operations.insert(format!("{} {path}", method.to_uppercase()), operation);
        }
    }
    operations
}

/// The schemas of an operation's answers of one kind, by status.
fn answers<'a>(operation: &'a Value, kind: char, content_type: &str) -> Vec<(&'a str, &'a Value)> {
    let responses = operation["responses"].as_object().expect("responses");
    let of_kind = responses
        .iter()
        .filter(|(status, _)| status.starts_with(kind));
    let schema = of_kind
        .map(|(status, answer)| (status.as_str(), &answer["content"][content_type]["schema"]));
    schema.filter(|(_, schema)| schema.is_object()).collect()
}

/// Whether an example shows what the schema looks like, at the top or in the parts that make it up.
fn shows_an_example(document: &Document, schema: &Value) -> bool {
    let schema = document.resolve(schema);
    let parts = schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values());
    let parts = parts.chain(schema["allOf"].as_array().into_iter().flatten());
    let mut parts = parts.chain(schema["items"].is_object().then_some(&schema["items"]));
    !schema["example"].is_null()
        || !schema["examples"].is_null()
        || parts.any(|part| shows_an_example(document, part))
}

/// Every schema in a piece of the document, with where it is.
fn each<'a>(value: &'a Value, at: &str, visit: &mut impl FnMut(&'a Value, &str)) {
    visit(value, at);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                each(member, &format!("{at}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each(item, &format!("{at}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_operation_has_an_id_of_its_own_a_summary_and_its_trees_tag() {
    let document = generated();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(
            !id.is_empty() && ids.insert(id),
            "{name}: the id {id:?} is missing or taken"
        );
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(summary.len() > 5, "{name} has no summary");
        let tree = name.split('/').nth(1).unwrap_or_default();
        assert_eq!(operation["tags"], serde_json::json!([tree]), "{name}");
    }
    assert!(ids.len() > 30, "only {} operations", ids.len());
}

#[test]
fn every_operation_shows_an_example_of_what_it_answers_and_of_what_it_takes() {
    let document = generated();
    for (name, operation) in operations(&document) {
        let successes = operation["responses"]
            .as_object()
            .expect("responses")
            .keys();
        assert!(
            successes
                .filter(|status| status.starts_with(['2', '3']))
                .count()
                > 0,
            "{name} never succeeds"
        );
        for (status, schema) in answers(operation, '2', "application/json") {
            assert!(
                shows_an_example(&document, schema),
                "{name}: no example of {status}"
            );
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert!(
            body.is_null() || shows_an_example(&document, body),
            "{name}: no example of the body"
        );
    }
}

#[test]
fn every_operation_says_that_it_may_be_refused_with_a_problem() {
    let document = generated();
    for (name, operation) in operations(&document) {
        let refusals = answers(operation, '4', "application/problem+json");
        let problem = &document.0["components"]["schemas"]["Problem"];
        assert_eq!(refusals.len(), 1, "{name}");
        assert_eq!(document.resolve(refusals[0].1), problem, "{name}");
    }
}

#[test]
fn every_response_is_described_and_every_reference_leads_somewhere() {
    let document = generated();
    for (name, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(
                !description.is_empty(),
                "{name}: {status} has no description"
            );
        }
    }
    each(&document.0, "", &mut |value, at| {
        if let Some(reference) = value["$ref"].as_str() {
            let target = reference
                .strip_prefix('#')
                .and_then(|path| document.0.pointer(path));
            assert!(target.is_some(), "{at}: {reference} leads nowhere");
        }
    });
}

#[test]
fn every_example_is_an_example_of_its_schema() {
    let document = generated();
    let mut seen = 0;
    let mut faults = Vec::new();
    each(&document.0, "", &mut |value, at| {
        let is_schema = ["type", "allOf", "oneOf"]
            .iter()
            .any(|member| !value[member].is_null());
        if is_schema && !value["example"].is_null() {
            seen += 1;
            faults.extend(document.faults(value, &value["example"], at));
        }
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 20, "only {seen} examples");
}

#[test]
fn the_checked_in_document_is_the_generated_one() {
    let path = root().join("docs/openapi.json");
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    let checked_in: Value = serde_json::from_str(&checked_in).unwrap_or_default();
    assert!(
        checked_in == generated().0,
        "docs/openapi.json is not what the code says: run `make openapi`"
    );
}

#[test]
fn every_error_code_has_its_line_in_the_docs_and_every_line_its_code() {
    let docs = std::fs::read_to_string(root().join("docs/errors.md")).expect("the docs are there");
    let mut documented = BTreeMap::new();
    for line in docs.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [code, status, meaning, what_to_do] = cells[..] else {
            panic!("not four cells: {line}");
        };
        assert!(
            meaning.len() > 10 && what_to_do.len() > 5,
            "says too little: {line}"
        );
        let status: u16 = status.parse().expect("a status");
        let before = documented.insert(code.trim_matches('`').to_owned(), status);
        assert_eq!(before, None, "{code} has two lines");
    }
    let codes = Code::ALL
        .iter()
        .map(|code| (code.as_str().to_owned(), code.status()))
        .collect();
    assert_eq!(documented, codes, "docs/errors.md against Code::ALL");
}

/// Sends a fixture for whoever may, and tells where the answer is not what the document says.
async fn contradictions(
    scene: &Scene,
    document: &Document,
    fixture: &Fixture,
    operation: &Value,
) -> Vec<String> {
    let who = scene.who(fixture);
    let names = scene.names(fixture, who.map_or("", |who| &who.id)).await;
    let mut ask = scene.request(fixture, &names).org("acme");
    if let Some(who) = who {
        ask = ask.token(&who.token);
    }
    let answer = ask.send().await;
    let shown = String::from_utf8_lossy(&answer.bytes).into_owned();
    let (status, described) = match fixture.happy {
        Outcome::Done(status) => (status, status.to_string()),
        Outcome::Refused(code) => (code.status(), "4XX".to_owned()),
    };
    if answer.status != status {
        return vec![format!("{} instead of {status}: {shown}", answer.status)];
    }
    let response = &operation["responses"][&described];
    let Some(content) = response["content"].as_object() else {
        let empty = response.is_object() && answer.bytes.is_empty();
        return if empty {
            Vec::new()
        } else {
            vec![format!("{status} is not in the document: {shown}")]
        };
    };
    let content_type = answer
        .headers
        .get("content-type")
        .map(String::as_str)
        .unwrap_or_default();
    match content.get(content_type) {
        Some(media) => document.faults(&media["schema"], &answer.body, ""),
        None => vec![format!("{content_type:?} is not in the document")],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_operation_takes_and_answers_is_what_the_document_says() {
    let scene = Scene::set().await;
    let document = generated();
    let operations = operations(&document);
    let mut faults = Vec::new();
    for fixture in fixtures() {
        let name = fixture.operation();
        let operation = operations
            .get(&name)
            .expect("the operation is in the document");
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let sent = fixture.body.map(|sent| sent(&scene.anns));
        assert_eq!(
            sent.is_some(),
            !body.is_null(),
            "{name}: its body and the document's"
        );
        let taken = sent.map(|sent| document.faults(body, &sent, "the body"));
        let answered = contradictions(&scene, &document, &fixture, operation).await;
        let all = taken.into_iter().flatten().chain(answered);
        faults.extend(all.map(|fault| format!("{name} {:?}: {fault}", fixture.whose)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
