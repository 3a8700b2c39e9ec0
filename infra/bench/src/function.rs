//! What a request costs a function apart from the services below it: the function runs in this process,
//! the services in another, and this process's CPU time is counted.
//!
//! As in Lambda there is one thread and one request at a time, from the event's JSON to the reply's; the
//! SDK's work and a log line are part of it. What the network takes is told apart: the very bytes that the
//! request exchanges with the table are recorded once, and exchanged again over a bare socket.

use std::fs::File;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _};
use portico_shared::auth::{KeyRing, Principal};
use portico_shared::aws::{Aws, Endpoints};
use portico_shared::domain::customer;
use portico_shared::files::Files;
use portico_shared::http::App;
use portico_shared::store::{CustomerScope, Store};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::events::http_event;
use crate::platform::Platform;
use crate::process::{Cpu, own_cpu};
use crate::report::{Table, figure};
use crate::wire::{Recorder, Repeater};
use crate::world::{World, org_id};
use crate::{Result, micros};

/// How the figures come about, for a reader of the table.
pub const METHOD: &str = "\
CPU time of one thread, from the event's JSON to the reply's: API Gateway's event is parsed, the request routed, its \
token verified, the table asked through the SDK, the answer written, a line logged. The services run in another \
process, over plain HTTP. *User* and *system* are Linux's account of it (times(2)). *Network* is the CPU time of \
exchanging the very same bytes with the table, recorded once, over a bare socket on the same kind of thread: writing, \
waiting, reading, and nothing else. *Outside* is what is left without it: the function's own work and the SDK's. \
Encryption is in neither.";

/// By turns, so that what else the machine does meets both alike.
const TURNS: u32 = 5;
/// Enough that the hundredths of a second that Linux counts in are, over all turns, a percent.
const TURN: Duration = Duration::from_millis(250);
const BATCH: u32 = 100;
const PATIENCE: Duration = Duration::from_secs(20);

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
    pub cpu: Cpu,
    /// The part of it that the same bytes take on a bare socket.
    pub network: Duration,
}

impl Cost {
    /// What the function and the SDK do themselves.
    pub fn outside(&self) -> Duration {
        self.cpu.total().saturating_sub(self.network)
    }
}

/// Measures the GETs, and what they are made of.
///
/// # Errors
///
/// When a request fails.
pub async fn measure(platform: &Platform, world: &World) -> Result<Vec<Cost>> {
    log_to_nowhere()?;
    let recorder = Recorder::start(&platform.dynamodb()?).await?;
    let through_it = Aws::local(Endpoints {
        dynamodb: Some(recorder.url().to_owned()),
        ..Endpoints::default()
    });
    let ring = platform.ring().await?;
    let direct = Functions::new(&platform.store().await?, &ring);
    let aside = Functions::new(&Store::new(&through_it, platform.table().await?), &ring);

    let mut costs = Vec::new();
    for get in &GETS {
        let event = http_event(get.path, get.query, &world.reader).to_string();
        let run =
            async |functions: &Functions| invoke(functions.of(get.path), event.as_bytes()).await;
        // The first finds nothing kept warm, and no connection.
        run(&aside).await?;
        recorder.take();
        run(&aside).await?;
        let mut network = network(platform, recorder.take()).await?;
        let (cpu, network) = by_turns(async || run(&direct).await, network.as_mut()).await?;
        costs.push(Cost {
            what: get.what,
            how: get.how,
            is_aim: get.is_aim,
            cpu,
            network,
        });
    }
    let org = org_id()?;
    let token = &world.reader.token;
    let verify = || Principal::verify(&ring, &org, token);
    let (cpu, network) = by_turns(async || Ok(verify().map(drop)?), None).await?;
    costs.push(Cost {
        what: "the token alone",
        how: "verified, no call",
        is_aim: false,
        cpu,
        network,
    });
    let Principal::Customer(scope, _) = verify()? else {
        return Err("the reader is no customer".into());
    };
    let read = async |store: &Store, scope: &CustomerScope| {
        Ok(customer::get(store, scope).await.map(drop)?)
    };
    read(&aside.store, &scope).await?;
    let mut network = self::network(platform, recorder.take()).await?;
    let (cpu, network) =
        by_turns(async || read(&direct.store, &scope).await, network.as_mut()).await?;
    costs.push(Cost {
        what: "the profile's GetItem alone",
        how: "through the SDK",
        is_aim: false,
        cpu,
        network,
    });
    Ok(costs)
}

struct Get {
    what: &'static str,
    path: &'static str,
    query: &'static str,
    how: &'static str,
    is_aim: bool,
}

const GETS: [Get; 5] = [
    Get {
        what: "GET /client-data/profile",
        path: "/client-data/profile",
        query: "",
        how: "one GetItem",
        is_aim: true,
    },
    Get {
        what: "GET /client-data/addresses",
        path: "/client-data/addresses",
        query: "",
        how: "one Query of 3 items",
        is_aim: true,
    },
    Get {
        what: "GET /client-data/orders",
        path: "/client-data/orders",
        query: "",
        how: "one Query of 20 rows",
        is_aim: true,
    },
    Get {
        what: "GET /storefront/products",
        path: "/storefront/products",
        query: "ps=20",
        how: "20 of a warm catalogue, no call",
        is_aim: true,
    },
    Get {
        what: "GET /client-data/health",
        path: "/client-data/health",
        query: "",
        how: "no token, no call",
        is_aim: false,
    },
];

/// The functions that serve them, on one table.
struct Functions {
    store: Store,
    client_data: Router,
    storefront: Router,
}

impl Functions {
    fn new(store: &Store, ring: &KeyRing) -> Self {
        // None of what is measured touches a file.
        let files = Files::new(&Aws::local(Endpoints::default()), "none");
        // Each has a state of its own, as every Lambda function does.
        let app = || App::new(store.clone(), files.clone(), ring.clone(), false);
        Self {
            store: store.clone(),
            client_data: portico_client_data::router(app()),
            storefront: portico_storefront::router(app()),
        }
    }

    fn of(&self, path: &str) -> &Router {
        if path.starts_with("/storefront") {
            &self.storefront
        } else {
            &self.client_data
        }
    }
}

/// The costs, for Markdown.
pub fn table(costs: &[Cost]) -> Table {
    let heads = ["CPU µs of", "all", "user", "system", "network", "outside"];
    let mut table = Table::new(&heads);
    for cost in costs {
        let spent = [
            cost.cpu.total(),
            cost.cpu.user,
            cost.cpu.system,
            cost.network,
            cost.outside(),
        ];
        let name = format!("{}: {}", cost.what, cost.how);
        table.row(
            [name]
                .into_iter()
                .chain(spent.map(|spent| figure(micros(spent)))),
        );
    }
    table
}

/// The request again on a bare socket, if there was one.
async fn network(platform: &Platform, request: Vec<u8>) -> Result<Option<Repeater>> {
    let calls = request.windows(4).filter(|four| four == b"POST").count();
    match calls {
        0 => Ok(None),
        1 => Ok(Some(Repeater::open(&platform.dynamodb()?, request).await?)),
        calls => Err(format!("a GET that is to make one call makes {calls}").into()),
    }
}

/// The mean CPU time of `work`, and of what it exchanges.
async fn by_turns(
    work: impl AsyncFn() -> Result<()>,
    mut network: Option<&mut Repeater>,
) -> Result<(Cpu, Duration)> {
    let (mut all, mut bare) = (Mean::default(), Mean::default());
    for turn in 0..=TURNS {
        if turn == 1 {
            // The first turn warmed up and does not count.
            (all, bare) = (Mean::default(), Mean::default());
        }
        all.turn(&work).await?;
        if let Some(repeater) = &mut network {
            bare.turn(async || repeater.repeat().await).await?;
        }
    }
    Ok((all.each(), bare.each().total()))
}

#[derive(Default)]
struct Mean {
    times: u32,
    cpu: Cpu,
}

impl Mean {
    async fn turn(&mut self, mut work: impl AsyncFnMut() -> Result<()>) -> Result<()> {
        let before = own_cpu()?;
        let mut used = Cpu::default();
        while used.total() < TURN {
            let batch = async {
                for _ in 0..BATCH {
                    work().await?;
                }
                Ok::<_, crate::Error>(())
            };
            // Nothing else ends the wait for a service that is silent.
            let late = |_| format!("{BATCH} requests take more than {PATIENCE:?}");
            tokio::time::timeout(PATIENCE, batch)
                .await
                .map_err(late)??;
            self.times += BATCH;
            used = own_cpu()?.since(before);
        }
        self.cpu = self.cpu.and(used);
        Ok(())
    }

    fn each(&self) -> Cpu {
        let times = self.times.max(1);
        Cpu {
            user: self.cpu.user / times,
            system: self.cpu.system / times,
        }
    }
}

/// JSON in, JSON out: what the Lambda runtime does with an invocation, without its HTTP.
pub(crate) async fn invoke(router: &Router, event: &[u8]) -> Result<()> {
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
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
    tracing_subscriber::registry()
        .with(lines.with_target(false).with_writer(nowhere))
        .with(Targets::new().with_default(LevelFilter::INFO))
        .try_init()?;
    Ok(())
}
