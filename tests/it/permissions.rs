//! What IAM lets the functions do: the roles of the template, enforced on the wire while everything is done
//! that the platform can do.

mod policy;

use std::collections::BTreeSet;

use portico_shared::aws::Aws;
use portico_shared::domain::stock::Stock;
use portico_shared::ids::OrgId;
use portico_shared::store::{Condition, Key, Store, StoreError, Update, Write, on_behalf_of};
use portico_tests::iam::policy::{Decision, Policy};
use portico_tests::iam::{Iam, Seen};
use portico_tests::{Account, Answer, World, root};

use crate::isolation::fixtures::Outcome::{Done, Refused};
use crate::isolation::fixtures::{Fixture, Who, fixtures};
use crate::isolation::names::Names;
use crate::isolation::scene::Scene;
use crate::{budgets, readme};

/// What is granted to roles for AWS itself: Lambda writes the logs, polls the stream and the queue, and puts
/// records that were given up into their queue. The local platform does that without asking.
const FOR_LAMBDA: &[&str] = &[
    "ChangesRole dynamodb:DescribeStream table/portico-table/stream/label",
    "ChangesRole dynamodb:GetRecords table/portico-table/stream/label",
    "ChangesRole dynamodb:GetShardIterator table/portico-table/stream/label",
    "ChangesRole dynamodb:ListStreams table/portico-table/stream/*",
    "ChangesRole logs:CreateLogStream log-group:ChangesLogs:*",
    "ChangesRole logs:PutLogEvents log-group:ChangesLogs:*",
    "ChangesRole sqs:SendMessage portico-changes-dead-letter-queue",
    "ClientDataRole logs:CreateLogStream log-group:ClientDataLogs:*",
    "ClientDataRole logs:PutLogEvents log-group:ClientDataLogs:*",
    "CrmRole logs:CreateLogStream log-group:CrmLogs:*",
    "CrmRole logs:PutLogEvents log-group:CrmLogs:*",
    "NotificationsRole logs:CreateLogStream log-group:NotificationsLogs:*",
    "NotificationsRole logs:PutLogEvents log-group:NotificationsLogs:*",
    "NotificationsRole sqs:DeleteMessage portico-jobs-queue",
    "NotificationsRole sqs:GetQueueAttributes portico-jobs-queue",
    "NotificationsRole sqs:ReceiveMessage portico-jobs-queue",
    "PrivacyRole logs:CreateLogStream log-group:PrivacyLogs:*",
    "PrivacyRole logs:PutLogEvents log-group:PrivacyLogs:*",
    "PrivacyRole sqs:DeleteMessage portico-privacy-queue",
    "PrivacyRole sqs:GetQueueAttributes portico-privacy-queue",
    "PrivacyRole sqs:ReceiveMessage portico-privacy-queue",
    "ProfileRole logs:CreateLogStream log-group:ProfileLogs:*",
    "ProfileRole logs:PutLogEvents log-group:ProfileLogs:*",
    "StorefrontRole logs:CreateLogStream log-group:StorefrontLogs:*",
    "StorefrontRole logs:PutLogEvents log-group:StorefrontLogs:*",
];

/// Operations that need nothing of the table, or nothing that is not kept warm; and those of challenges, since
/// the matrix shows them none that is good. The budgets do.
const KEPT_WARM: &[&str] = &[
    "GET /client-data/health",
    "GET /crm/health",
    "GET /crm/tickets/collections",
    "GET /profile/health",
    "GET /profile/{provider}",
    // By a browser that did not begin.
    "GET /profile/{provider}/redirect",
    "GET /profile/{provider}/url",
    "POST /profile/security/challenge/send",
    "POST /profile/security/challenge/verify",
    "GET /storefront/health",
    "GET /storefront/product/{idOrSlug}",
    "GET /storefront/products",
];

/// Does everything there is: every operation at its price, the journey of README, and the matrix' fixtures.
async fn do_everything(world: World) -> Scene {
    let measured = budgets::measured(&world).await.render();
    let budgets = std::fs::read_to_string(root().join("docs/budgets.md")).expect("the budgets");
    // While the budgets are being written anew, their own test says what they are.
    let updating = std::env::var_os("UPDATE_BUDGETS").is_some();
    assert!(
        updating || budgets.contains(&measured),
        "the costs are others:\n{measured}"
    );
    readme::follow(&world).await;
    let scene = Scene::set_in(world).await;
    for fixture in fixtures() {
        let names = prepare(&scene, &fixture, "acme").await;
        perform(&scene, &fixture, "acme", &names).await;
    }
    scene.rest().await;
    scene
}

/// Whoever may make a fixture's request in an org, if it takes somebody.
fn asker<'a>(scene: &'a Scene, fixture: &Fixture, org: &str) -> Option<&'a Account> {
    let home = org == "acme";
    match fixture.who {
        Who::Anybody => None,
        Who::Ann if home => Some(&scene.ann),
        Who::Ann => Some(&scene.namesake),
        Who::Staff if home => Some(&scene.owner),
        Who::Staff => Some(&scene.rival),
    }
}

/// The names for such a request. Some are made by requests of their own.
async fn prepare(scene: &Scene, fixture: &Fixture, org: &str) -> Names {
    let who = asker(scene, fixture, org);
    let id = who.map_or(&scene.ann.id, |who| &who.id);
    scene.names(fixture, id).await
}

/// Makes a fixture's request in an org, as whoever may there, and holds it to its outcome.
async fn perform(scene: &Scene, fixture: &Fixture, org: &str, names: &Names) {
    let mut ask = scene.request(fixture, names).org(org);
    if let Some(who) = asker(scene, fixture, org) {
        ask = ask.token(&who.token);
    }
    let answer = ask.send().await;
    let expected = if org == "acme" {
        fixture.happy
    } else {
        fixture.elsewhere
    };
    let told = (answer.status, answer.body["code"].as_str());
    let as_expected = match expected {
        Done(status) => answer.status == status,
        Refused(code) => told == (code.status(), Some(code.as_str())),
    };
    assert!(as_expected, "{} in {org}: {told:?}", fixture.operation());
}

fn assert_nothing_denied(iam: &Iam) {
    let seen = iam.seen();
    let denied: Vec<_> = seen.iter().filter(|seen| !seen.allowed).collect();
    assert!(denied.is_empty(), "{denied:#?}");
}

/// What nobody made use of. The bucket here has no versions that could be deleted.
fn unused(iam: &Iam) -> BTreeSet<String> {
    let mut unused = iam.unused();
    unused.retain(|grant| !grant.contains(" s3:DeleteObjectVersion "));
    unused
}

fn for_lambda() -> BTreeSet<String> {
    FOR_LAMBDA.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_allow_all_that_the_functions_do_and_nothing_else() {
    let (world, iam) = World::start_with_iam(false).await;
    Box::pin(do_everything(world)).await;
    assert_nothing_denied(&iam);
    assert_eq!(unused(&iam), for_lambda(), "granted and not used");
    assert_eq!(iam.sessions().len(), 0, "isolation is off");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tenant_isolation_everything_works_for_the_same_price_and_nothing_else_is_granted() {
    let (world, iam) = World::start_with_iam(true).await;
    let _scene = Box::pin(do_everything(world)).await;
    assert_nothing_denied(&iam);
    assert_eq!(unused(&iam), for_lambda(), "granted and not used");
    for seen in iam.seen() {
        assert_within_its_org(&seen);
    }
    for session in iam.sessions() {
        assert!(session.policy.is_some(), "{session:?}");
    }
}

/// Whatever asks for items does so with its own org's session; only the orgs' settings are read without one.
fn assert_within_its_org(seen: &Seen) {
    let items = seen.call.action.starts_with("dynamodb:");
    let keys = seen.call.leading_keys();
    if seen.call.action.starts_with("s3:") {
        let org = seen
            .org
            .as_deref()
            .expect("files are reached with a session");
        let object = seen
            .call
            .resource
            .strip_prefix("arn:aws:s3:::portico-files-bucket/");
        let listed = || {
            seen.call
                .context
                .get("s3:prefix")?
                .first()
                .map(String::as_str)
        };
        let own = object.or_else(listed);
        let own = own.is_some_and(|key| key.starts_with(&format!("{org}/customers/")));
        assert!(own, "{seen:?}");
    }
    assert_eq!(items, !keys.is_empty(), "{seen:?}");
    let belongs = |key: &String| match &seen.org {
        Some(org) => key.starts_with(&format!("{org}#")),
        None => seen.call.action == "dynamodb:GetItem" && key.ends_with("#ORG"),
    };
    assert!(keys.iter().all(belongs), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_could_reach_another_org_in_place_of_its_own() {
    let (world, iam) = World::start_with_iam(true).await;
    let scene = Scene::set_in(world).await;
    // They work on what came before beside the requests that come after.
    let events = [
        "ChangesFunction",
        "NotificationsFunction",
        "PrivacyFunction",
    ];
    let mut reached = Vec::new();
    for org in ["acme", "globex"] {
        for fixture in fixtures() {
            let names = prepare(&scene, &fixture, org).await;
            let before = iam.seen().len();
            perform(&scene, &fixture, org, &names).await;
            let of_request = iam.seen().split_off(before).into_iter();
            let of_request = of_request.filter(|seen| !events.contains(&seen.function.as_str()));
            reached.extend(of_request.map(|seen| (fixture.operation(), org, seen)));
        }
    }
    let policies = |org: &str| -> Vec<Policy> {
        let sessions = iam.sessions().into_iter();
        let of_org = sessions.filter(|session| session.name == org);
        let policies = of_org.map(|session| session.policy.expect("a session has a policy"));
        policies.collect()
    };
    let (acme, globex) = (policies("acme"), policies("globex"));
    let mut operations = BTreeSet::new();
    for (operation, org, seen) in &reached {
        let told = format!("{operation} in {org}: {seen:?}");
        let prefix = format!("{org}#");
        let mut keys = seen.call.leading_keys().iter();
        assert!(keys.all(|key| key.starts_with(&prefix)), "{told}");
        let (own, others) = if *org == "acme" {
            (&acme, &globex)
        } else {
            (&globex, &acme)
        };
        if seen.org.is_some() {
            assert_eq!(seen.org.as_deref(), Some(*org), "{told}");
            let mut own = own.iter();
            assert!(
                own.any(|policy| matches!(policy.decide(&seen.call), Decision::Allowed(_))),
                "{told}"
            );
            operations.insert(operation);
        }
        for policy in others {
            assert_eq!(policy.decide(&seen.call), Decision::Silent, "{told}");
        }
    }
    let missing = crate::isolation::operations().into_keys();
    let missing: Vec<_> = missing
        .filter(|name| !operations.contains(name) && !KEPT_WARM.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "reached no items: {missing:?}");
}

fn org(id: &str) -> OrgId {
    id.parse().expect("an org id")
}

fn store(world: &World, iam: &Iam) -> Store {
    store_of(world, &iam.aws("storefront"))
}

fn store_of(world: &World, aws: &Aws) -> Store {
    Store::new(aws, &world.platform.aws().endpoints().table)
}

fn stock_of(id: &str) -> Key {
    org(id).stock_key("MUG-BLUE")
}

#[track_caller]
fn assert_denied<T>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Unavailable(reason)) => assert_eq!(reason, "AccessDeniedException"),
        Err(other) => panic!("failed otherwise: {other}"),
        Ok(_) => panic!("was allowed"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_for_one_org_cannot_touch_another_whatever_key_it_builds() {
    let (world, iam) = World::start_with_iam(true).await;
    let store = store(&world, &iam);
    let before = world.table_at_rest().await;
    let (own, foreign) = (stock_of("acme"), stock_of("globex"));
    let set = |key: &Key| Write::update(key.clone(), Update::of::<Stock>().set("available", &0));
    let check = |key: &Key| Write::check(key.clone(), Condition::Present);
    on_behalf_of(Some(org("acme")), async {
        let there = store
            .get::<Stock>(&own)
            .await
            .expect("one's own is allowed");
        assert!(there.is_some());
        assert_denied(store.get::<Stock>(&foreign).await);
        assert_denied(
            store
                .get_many::<Stock>(&[own.clone(), foreign.clone()])
                .await,
        );
        assert_denied(store.write(set(&foreign)).await);
        assert_denied(store.write(Write::delete(foreign.clone())).await);
        assert_denied(store.transact(vec![check(&own), check(&foreign)]).await);
        assert_denied(store.transact(vec![set(&own), set(&foreign)]).await);
        let catalogue = portico_shared::domain::catalogue::stored(&store, &org("globex")).await;
        assert!(catalogue.is_err(), "a list of another org's");
    })
    .await;
    assert_eq!(world.table_at_rest().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_isolation_a_function_reaches_no_items_by_itself_and_assumes_no_role_but_its_own() {
    let (world, iam) = World::start_with_iam(true).await;
    let aws = iam.aws("storefront");
    let by_itself = Aws::local(aws.endpoints().clone()).with_access_key("StorefrontFunction");
    let by_itself = store_of(&world, &by_itself);
    assert_denied(by_itself.get::<Stock>(&stock_of("acme")).await);
    let role = aws.tenant_role().expect("the template names one");
    let others = store_of(&world, &iam.aws("profile").with_tenant_role(role));
    let acme = Some(org("acme"));
    let read = on_behalf_of(acme, others.get::<Stock>(&stock_of("acme"))).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let mut sessions = iam.sessions().into_iter();
    assert!(
        !sessions.any(|session| session.role == role && session.function != "StorefrontFunction")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn work_for_no_org_does_not_get_as_far_as_the_table() {
    let (world, iam) = World::start_with_iam(true).await;
    let store = store(&world, &iam);
    let asked = || {
        let seen = iam.seen().into_iter();
        seen.filter(|seen| seen.function == "StorefrontFunction")
            .count()
    };
    let before = asked();
    assert!(store.get::<Stock>(&stock_of("acme")).await.is_err());
    let nobody = on_behalf_of(None, store.get::<Stock>(&stock_of("acme"))).await;
    assert!(nobody.is_err());
    assert_eq!(asked(), before);
    assert!(
        !iam.sessions()
            .iter()
            .any(|session| session.function == "StorefrontFunction")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_org_is_unknown_without_asking_sts() {
    let (world, iam) = World::start_with_iam(true).await;
    let ask = world
        .ask(&http::Method::GET, "/storefront/products")
        .org("initech");
    ask.send().await.expect_problem(404, "unknown_org");
    assert!(
        !iam.sessions()
            .iter()
            .any(|session| session.name == "initech")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_opened_once_and_renewed_before_it_expires() {
    let (world, iam) = World::start_with_iam(true).await;
    let store = store(&world, &iam);
    let opened = || {
        let sessions = iam.sessions().into_iter();
        sessions
            .filter(|session| session.function == "StorefrontFunction")
            .count()
    };
    let read = async |id: &str| {
        let read = on_behalf_of(Some(org(id)), store.get::<Stock>(&stock_of(id))).await;
        assert!(read.is_ok(), "{read:?}");
    };
    for _ in 0..3 {
        read("acme").await;
    }
    assert_eq!(opened(), 1, "an hour is not over yet");
    // Less than the SDK leaves of a session's time: every call finds it about to expire.
    iam.sessions_last(5);
    for _ in 0..3 {
        read("globex").await;
    }
    assert_eq!(opened(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sts_a_request_fails_as_one_that_may_be_tried_again() {
    let (world, iam) = World::start_with_iam(true).await;
    iam.sts_fails(true);
    let ask = async || -> Answer { world.get("/storefront/products").send().await };
    let problem = ask().await;
    assert!(problem.headers.contains_key("retry-after"));
    problem.expect_problem(503, "unavailable");
    iam.sts_fails(false);
    ask().await.expect(200);
}
