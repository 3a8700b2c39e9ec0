//! The operator's command line against the platform that runs: what it writes, the API shows.

mod catalogue;
mod customers;
mod integrations;

use std::env;
use std::process::Command;

use clap::Parser as _;
use http::Method;
use portico_cli::{Cli, Error};
use portico_tests::World;
use serde_json::{Value, json};

/// Runs `portico` with these arguments on the platform's table.
pub(crate) async fn portico(world: &World, arguments: &[&str]) -> Result<String, Error> {
    let endpoints = world.platform.aws().endpoints();
    run(&endpoints.dynamodb, &endpoints.table, arguments).await
}

async fn run(dynamodb: &str, table: &str, arguments: &[&str]) -> Result<String, Error> {
    let whole = ["portico", "--local", dynamodb, "--table", table];
    let cli = Cli::try_parse_from(whole.iter().chain(arguments));
    cli.unwrap_or_else(|error| panic!("{error}")).run().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_is_created_shown_and_changed_and_the_api_knows_it() {
    let world = World::start().await;
    let create = [
        "org",
        "create",
        "initech",
        "--name",
        "Initech",
        "--currency",
        "eur",
        "--allow-origin",
        "https://initech.example",
    ];
    assert_eq!(
        portico(&world, &create).await.unwrap(),
        "Created initech.\n"
    );
    let again = portico(&world, &create).await.unwrap_err();
    assert_eq!(
        (again.to_string().as_str(), again.exit_code()),
        ("the org initech exists already", 1)
    );

    let ask = world
        .ask(&Method::GET, "/storefront/products")
        .org("initech");
    let answer = ask.header("origin", "https://initech.example").send().await;
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "https://initech.example"
    );
    assert_eq!(answer.expect(200)["total"], 0);

    let shown = async || -> Value {
        let text = portico(&world, &["org", "show", "initech"]).await.unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let mut config = json!({"name": "Initech", "currency": "EUR", "allowedOrigins": ["https://initech.example"],
        "returnOrigins": [], "portalUrl": null, "files": {"quotaBytes": 1_000_000_000, "maxBytes": 250_000_000}});
    assert_eq!(shown().await, config);
    let set = portico(
        &world,
        &["org", "set", "initech", "--name", "Initech & Sons"],
    )
    .await
    .unwrap();
    assert_eq!(
        set,
        "Changed initech; functions that run see it within seconds.\n"
    );
    config["name"] = json!("Initech & Sons");
    assert_eq!(shown().await, config);
    portico(
        &world,
        &[
            "org",
            "set",
            "initech",
            "--allow-no-origin",
            "--currency",
            "JPY",
            "--file-quota",
            "5000",
            "--return-origin",
            "https://shop.initech.example",
            "--return-origin",
            "com.initech.app:",
        ],
    )
    .await
    .unwrap();
    config["allowedOrigins"] = json!([]);
    config["currency"] = json!("JPY");
    config["files"]["quotaBytes"] = json!(5000);
    config["returnOrigins"] = json!(["https://shop.initech.example", "com.initech.app:"]);
    assert_eq!(shown().await, config);
    let none = ["org", "set", "initech", "--no-return-origin"];
    portico(&world, &none).await.unwrap();
    config["returnOrigins"] = json!([]);
    assert_eq!(shown().await, config);

    for command in ["show", "set"] {
        let mut arguments = vec!["org", command, "hooli"];
        if command == "set" {
            arguments.extend(["--name", "Hooli"]);
        }
        let missing = portico(&world, &arguments).await.unwrap_err();
        assert_eq!(
            missing.to_string(),
            "There is no such org: hooli; portico org create makes it"
        );
        assert_eq!(missing.exit_code(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_or_a_platform_that_is_not_there_is_told_in_one_line() {
    let world = World::start().await;
    let endpoints = world.platform.aws().endpoints();
    let wrong = run(&endpoints.dynamodb, "another", &["org", "show", "acme"])
        .await
        .unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "there is no such table here: see --table and AWS_REGION"
    );
    let wrong = run("localhost:8000", "portico", &["org", "show", "acme"])
        .await
        .unwrap_err();
    assert_eq!(wrong.exit_code(), 2);
    assert_eq!(
        wrong.to_string(),
        "--local: \"localhost:8000\" is no URL such as http://127.0.0.1:8000"
    );
    let (_socket, nobody) = portico_tests::refused();
    let wrong = run(&nobody, "portico", &["org", "show", "acme"])
        .await
        .unwrap_err();
    assert_eq!(wrong.to_string(), "the table is unavailable: no connection");
    assert_eq!(wrong.exit_code(), 1);
}

/// Where the process that plays `portico staff create` finds the table.
const TABLE: &str = "PORTICO_TEST_TABLE";

/// Passwords come from the environment, and a process that runs threads may not change its own: the
/// command runs in a process that the test starts from itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_member_of_staff_signs_in_and_moves_orders() {
    const NAME: &str = "operator::a_new_member_of_staff_signs_in_and_moves_orders";
    let create = [
        "staff",
        "create",
        "acme",
        "--email",
        " Uma@Acme.Example",
        "--name",
        "Uma Urban",
        "--role",
        "User",
        "--role",
        "User",
    ];
    if let Ok(table) = env::var(TABLE) {
        let (dynamodb, table) = table.split_once('|').unwrap();
        match run(dynamodb, table, &create).await {
            Ok(text) => eprint!("{text}"),
            Err(error) => panic!("refused: {error}"),
        }
        return;
    }
    let world = World::start().await;
    let endpoints = world.platform.aws().endpoints();
    let staff_create = async |password: &str| {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", NAME, "--nocapture"])
            .env("PORTICO_PASSWORD", password);
        command.env(TABLE, format!("{}|{}", endpoints.dynamodb, endpoints.table));
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (created, told) = staff_create("short").await;
    assert!(
        !created && told.contains("refused: a password has 8 to 128 characters"),
        "{told}"
    );
    let (created, told) = staff_create("uma's own password").await;
    assert!(created, "{told}");
    assert!(
        told.starts_with("Created uma@acme.example (usr_") && told.ends_with(").\n"),
        "{told}"
    );
    let (created, told) = staff_create("another password").await;
    assert!(!created, "{told}");
    assert!(
        told.contains("refused: uma@acme.example is a member of acme's staff already"),
        "{told}"
    );

    let sign_in = async |org: &str, password: &str| {
        let body = json!({"email": "UMA@acme.example", "password": password});
        world
            .ask(&Method::POST, "/profile/user/signin")
            .org(org)
            .json(&body)
            .send()
            .await
    };
    let session = sign_in("acme", "uma's own password").await.expect(200);
    assert_eq!(session["user"]["roles"], json!(["User"]));
    sign_in("acme", "another password")
        .await
        .expect_problem(401, "invalid_credentials");
    sign_in("globex", "uma's own password")
        .await
        .expect_problem(401, "invalid_credentials");
    let token = session["token"].as_str().unwrap();
    let who = world
        .get("/profile/whoami")
        .token(token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&who["user"]["name"], &who["user"]["email"]),
        (&json!("Uma Urban"), &json!("uma@acme.example"))
    );

    let bob = world.customer("acme", "bob@acme.example").await;
    let cart = world.cart(&bob, "MUG-BLUE", 1).await;
    let order = world.checkout(&bob, &cart, "1").await.expect(201);
    let path = format!(
        "/storefront/order/process/{}",
        order["orderNumber"].as_str().unwrap()
    );
    let moved = world
        .post(&path, &json!({}))
        .token(token)
        .send()
        .await
        .expect(200);
    assert_eq!(moved["status"], "processing");
}
