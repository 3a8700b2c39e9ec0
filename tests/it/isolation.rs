//! The isolation matrix: every operation of the API document, asked for by everybody who should not
//! get what they ask for. An operation without a fixture fails, and so does one that is public and not
//! in the list of those that are public by design.

mod cases;
pub(crate) mod fixtures;
mod forge;
pub(crate) mod names;
pub(crate) mod scene;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};

use portico_local::openapi::document;
use portico_tests::{Answer, root};

use cases::{ANOTHER, Access, Case, Token, cases};
use fixtures::Outcome::{Done, Refused};
use fixtures::{Fixture, fixtures};
use forge::Forge;
use names::Names;
use scene::Scene;

/// Every operation of the document, as `GET /path`, and who may use it.
pub(crate) fn operations() -> BTreeMap<String, Access> {
    let document = serde_json::to_value(document()).expect("the document is JSON");
    let mut operations = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let name = format!("{} {path}", method.to_uppercase());
            operations.insert(name, Access::of(&operation["security"]));
        }
    }
    operations
}

async fn send(scene: &Scene, fixture: &Fixture, names: &Names, case: &Case) -> Answer {
    let mut ask = scene.request(fixture, names);
    if let Some(org) = case.org {
        ask = ask.org(org);
    }
    if let Some(authorization) = &case.authorization {
        ask = ask.header("authorization", authorization);
    }
    ask.send().await
}

/// What an answer tells, but for what differs from one request to the next.
fn told(answer: &Answer) -> (u16, String, BTreeMap<&str, &str>) {
    let (status, body) = answer.anonymous();
    let passing = ["date", "x-request-id", "apigw-requestid", "server-timing"];
    let headers = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    (
        status,
        body,
        headers
            .filter(|(name, _)| !passing.contains(name))
            .collect(),
    )
}

/// What is wrong with one answer, if anything is.
async fn fault(scene: &Scene, fixture: &Fixture, access: Access, case: &Case) -> Option<String> {
    let names = scene.names(fixture, &case.id).await;
    let answer = send(scene, fixture, &names, case).await;
    let expected = (case.expected)(fixture, access);
    let body = String::from_utf8_lossy(&answer.bytes).into_owned();
    match expected {
        Done(status) if answer.status != status => {
            return Some(format!("{} instead of {status}: {body}", answer.status));
        }
        Done(_) if access.is_staffs() && case.org == Some("acme") => return None,
        Done(_) if access.token != Token::Ignored && body.contains(&scene.ann.id) => {
            return Some(format!("tells of Ann: {body}"));
        }
        Done(_) => return None,
        Refused(code)
            if (answer.status, answer.body["code"].as_str())
                != (code.status(), Some(code.as_str())) =>
        {
            return Some(format!("{} instead of {code:?}: {body}", answer.status));
        }
        Refused(_) => {}
    }
    // Whoever is refused is not told whether what they named is there.
    let mut unknown = vec![scene.missing(fixture)];
    if case.name == ANOTHER {
        unknown.push(scene.malformed());
    }
    for unknown in unknown {
        let fresh = names.fresh.clone();
        let missing = send(scene, fixture, &Names { fresh, ..unknown }, case).await;
        if told(&missing) != told(&answer) {
            return Some(format!(
                "{:?} is told from missing {:?}",
                told(&answer),
                told(&missing)
            ));
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_at_anything_that_is_not_theirs_through_any_operation() {
    let scene = Scene::set().await;
    let operations = operations();
    let before = scene.snapshot().await;

    let mut faults = Vec::new();
    let cases = cases(&scene);
    for fixture in fixtures() {
        let operation = fixture.operation();
        let Some(access) = operations.get(&operation) else {
            panic!("{operation} has a fixture and is not in the API document");
        };
        for case in &cases {
            if let Some(fault) = fault(&scene, &fixture, *access, case).await {
                faults.push(format!(
                    "{operation} {:?}, by {}: {fault}",
                    fixture.whose, case.name
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );

    let after = scene.snapshot().await;
    assert_eq!(after, before, "somebody else changed what is Ann's");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_passes_with_a_token_that_has_nothing_wrong() {
    let scene = Scene::set().await;
    let token = Forge::new(&scene).good();
    let profile = scene
        .world
        .get("/client-data/profile")
        .token(&token)
        .send()
        .await;
    assert_eq!(profile.expect(200)["sk"], scene.ann.id);
}

#[test]
fn every_operation_of_the_document_is_in_the_matrix() {
    let covered: BTreeSet<String> = fixtures().iter().map(Fixture::operation).collect();
    let documented: BTreeSet<String> = operations().into_keys().collect();
    let uncovered: Vec<_> = documented.difference(&covered).collect();
    assert!(
        uncovered.is_empty(),
        "no fixture in tests/it/isolation/fixtures.rs for {uncovered:?}"
    );
    let gone: Vec<_> = covered.difference(&documented).collect();
    assert!(
        gone.is_empty(),
        "fixtures of operations that are not in the document: {gone:?}"
    );
}

#[test]
fn only_the_operations_that_are_public_by_design_need_no_token() {
    let listed = std::fs::read_to_string(root().join("tests/public-operations.txt"));
    let listed = listed.expect("the list is there");
    let public = operations()
        .into_iter()
        .filter(|(_, access)| access.token != Token::Required);
    let public: String = public.map(|(name, _)| name + "\n").collect();
    assert_eq!(
        listed, public,
        "tests/public-operations.txt against the API document"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_number_opens_nothing_without_the_e_mail_address_that_belongs_to_it() {
    let scene = Scene::set().await;
    let path = |email: &str, number: &str| format!("/storefront/order/email/{email}/{number}");
    let get = async |email: &str, number: &str| scene.world.get(&path(email, number)).send().await;
    let number = scene.anns.number.as_str();
    assert_eq!(get("ann@acme.example", number).await.status, 200);
    assert_eq!(get("ANN@acme.example", number).await.status, 200);
    let missing = get("ann@acme.example", "ORD-ZZZZ-ZZZZ-ZZZZ").await;
    missing.clone().expect_problem(404, "not_found");
    for email in [
        "bob@acme.example",
        "ann@globex.example",
        "ann",
        "%20",
        "ann@acme.example%00",
    ] {
        assert_eq!(told(&get(email, number).await), told(&missing), "{email}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_on_a_customers_routes_see_the_customer_they_also_are_and_nobody_else() {
    use portico_shared::auth::{Claims, Kind, Role};
    let scene = Scene::set().await;
    let sid = portico_shared::ids::SessionId::generate();
    let sub = scene.owner.id.clone();
    let mut claims = Claims::new("acme".parse().unwrap(), sub, Kind::Staff, sid, 60);
    claims.roles = vec![Role::Owner];
    claims.cus = Some(scene.bob.id.parse().unwrap());
    let token = claims.sign(&scene.ring).unwrap();
    let get = async |path: &str| scene.world.get(path).token(&token).send().await;
    assert_eq!(
        get("/client-data/profile").await.expect(200)["sk"],
        scene.bob.id
    );
    let path = format!("/client-data/orders/{}", scene.anns.order);
    get(&path).await.expect_problem(404, "not_found");
    let path = format!("/storefront/orders/get/{}", scene.ann.id);
    get(&path).await.expect_problem(404, "not_found");
}
