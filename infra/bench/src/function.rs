//! What a request costs a function apart from the services below it: the function runs in this process,
//! the services in another, and this process's CPU time is counted.
//!
//! As in Lambda there is one thread and one request at a time, from the event's JSON to the reply's; the
//! SDK's work and a log line are part of it.

use std::fs::File;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _};
use portico_shared::auth::Principal;
use portico_shared::domain::customer;
use portico_shared::http::App;

use crate::events::http_event;
use crate::platform::Platform;
use crate::process::own_cpu;
use crate::report::{Table, figure};
use crate::world::{World, org_id};
use crate::{Result, micros};

/// Enough that the hundredths of a second that Linux counts in are a percent.
const ENOUGH: Duration = Duration::from_secs(1);
const BATCH: u32 = 500;

/// The CPU time of one request.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Of what.
    pub what: &'static str,
    /// What it takes.
    pub how: &'static str,
    /// Whether it is a GET that the aim is about.
    pub is_aim: bool,
    /// The mean over the requests.
    pub cpu: Duration,
}

/// Measures the GETs, and what they are made of.
///
/// # Errors
///
/// When a request fails.
pub async fn measure(platform: &Platform, world: &World) -> Result<Vec<Cost>> {
    log_to_nowhere()?;
    let (store, ring) = (platform.store().await?, platform.ring().await?);
    // Each function has a state of its own, as every Lambda function does.
    let app = || App::new(store.clone(), ring.clone(), false);
    let client_data = portico_client_data::router(app());
    let storefront = portico_storefront::router(app());
    let gets = [
        ("GET /client-data/profile", "one GetItem", &client_data, ""),
        (
            "GET /client-data/orders",
            "one Query of 20 rows",
            &client_data,
            "",
        ),
        (
            "GET /storefront/products",
            "warm catalogue, no call",
            &storefront,
            "ps=20",
        ),
        (
            "GET /client-data/health",
            "no token, no call",
            &client_data,
            "",
        ),
    ];
    let mut costs = Vec::new();
    for (operation, how, router, query) in gets {
        let path = operation.trim_start_matches("GET ");
        let event = http_event(path, query, &world.reader).to_string();
        costs.push(Cost {
            what: operation,
            how,
            is_aim: !path.ends_with("/health"),
            cpu: mean(async || invoke(router, event.as_bytes()).await).await?,
        });
    }
    let (org, token) = (org_id()?, &world.reader.token);
    costs.push(Cost {
        what: "the token alone",
        how: "verified, no call",
        is_aim: false,
        cpu: mean(async || Ok(Principal::verify(&ring, &org, token).map(drop)?)).await?,
    });
    let Principal::Customer(scope, _) = Principal::verify(&ring, &org, token)? else {
        return Err("the reader is no customer".into());
    };
    costs.push(Cost {
        what: "the profile's GetItem alone",
        how: "through the SDK",
        is_aim: false,
        cpu: mean(async || Ok(customer::get(&store, &scope).await.map(drop)?)).await?,
    });
    Ok(costs)
}

/// The costs, for Markdown.
pub fn table(costs: &[Cost]) -> Table {
    let mut table = Table::new(&["what", "CPU µs"]);
    for cost in costs {
        table.row([
            format!("{}: {}", cost.what, cost.how),
            figure(micros(cost.cpu)),
        ]);
    }
    table
}

async fn mean(work: impl AsyncFn() -> Result<()>) -> Result<Duration> {
    // The first batch warms up and does not count.
    let (mut done, mut before, mut used) = (0, Duration::ZERO, Duration::ZERO);
    while used < ENOUGH {
        for _ in 0..BATCH {
            work().await?;
        }
        if before.is_zero() {
            before = own_cpu()?;
        } else {
            done += BATCH;
            used = own_cpu()?.saturating_sub(before);
        }
    }
    Ok(used / done)
}

/// JSON in, JSON out: what the Lambda runtime does with an invocation, without its HTTP.
async fn invoke(router: &Router, event: &[u8]) -> Result<()> {
    let payload: LambdaRequest = serde_json::from_slice(event)?;
    let event = LambdaEvent::new(payload, Context::default());
    let reply = match Adapter::from(router.clone()).call(event).await {
        Ok(reply) => serde_json::to_vec(&reply)?,
        Err(never) => match never {},
    };
    if reply.starts_with(br#"{"statusCode":200,"#) {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&reply).into_owned().into())
    }
}

/// The functions' own log lines, written where nobody reads them: standard output has the tables.
fn log_to_nowhere() -> Result<()> {
    let nowhere = Mutex::new(File::create("/dev/null")?);
    let log = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false);
    log.with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_writer(nowhere)
        .try_init()
}
