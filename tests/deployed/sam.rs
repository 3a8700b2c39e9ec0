//! `make invoke` and `make start-api`: in Lambda's own image, in a container.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portico_tests::replay::function;
use portico_tests::{World, root};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{DEMANDING, answered, free_address};

/// The script behind both, on the embedded AWS of a world.
fn local(world: &World, command: &str) -> Command {
    let port = world.platform.url().rsplit(':').next().expect("a port");
    let mut local = Command::new(root().join("infra/lambda/local.sh"));
    local
        .arg(command)
        .env("PORT", port)
        .env("DATA_DIR", world.platform.aws().data_dir())
        .stdin(Stdio::null());
    local
}

#[tokio::test(flavor = "multi_thread")]
async fn make_invoke_has_an_event_answered_by_every_function() {
    let world = World::start().await;
    for file in DEMANDING.map(|files| files[0]) {
        let mut invoke = local(&world, "invoke");
        let name = file.split_once('/').expect("a file is in a folder").1;
        invoke.env("F", function(file)).env("E", name);
        let output = tokio::task::spawn_blocking(move || invoke.output());
        let output = output.await.unwrap().expect("bash runs");
        let (said, reply) = (
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout),
        );
        assert!(output.status.success(), "{file}: {said}");
        let reply: Value =
            serde_json::from_str(&reply).unwrap_or_else(|_| panic!("{file}: {reply}\n{said}"));
        assert!(answered(&reply), "{file}: {reply}\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn make_start_api_serves_the_routes_of_the_template() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let api = Api::start(&world).await;
    let get = async |path: &str, token: Option<&str>| -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut ask = client
            .get(format!("http://{}{path}", api.address))
            .header("orgid", "acme");
        if let Some(token) = token {
            ask = ask.bearer_auth(token);
        }
        let answer = ask.send().await.expect("SAM answers");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    };
    assert_eq!(
        get("/profile/health", None).await,
        (200, json!({"status": "ok"}))
    );
    let (status, me) = get("/api/client-data/profile", Some(&ann.token)).await;
    assert_eq!((status, &me["email"]), (200, &json!("ann@acme.example")));
    let (status, products) = get("/storefront/products?ps=2&s=price", None).await;
    assert_eq!(
        (status, products["data"].as_array().map(Vec::len)),
        (200, Some(2))
    );
    let (status, problem) = get("/client-data/profile", None).await;
    assert_eq!(
        (status, &problem["code"]),
        (401, &json!("missing_authorization"))
    );
}

/// `make start-api`, and all that it starts.
struct Api {
    process: Child,
    address: String,
}

impl Api {
    async fn start(world: &World) -> Self {
        let address = free_address();
        let port = address.rsplit(':').next().expect("a port");
        let mut command = local(world, "start-api");
        command.env("API_PORT", port).process_group(0);
        let mut api = Self {
            process: command.spawn().expect("bash runs"),
            address: address.clone(),
        };
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(&address).await.is_err() {
            let ended = api.process.try_wait().expect("it is our own process");
            assert_eq!(ended, None, "make start-api ended");
            assert!(Instant::now() < deadline, "make start-api does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        api
    }
}

impl Drop for Api {
    /// As Ctrl-C does: all processes of the group are told, and SAM removes its containers.
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-INT", "--", &group]).status();
        let _ = self.process.wait();
    }
}
