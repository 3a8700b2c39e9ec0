//! The local platform under load: everything embedded, over HTTP, from a client in another process.

use std::sync::Arc;
use std::time::Duration;

use crate::http::Ask;
use crate::load::{Bounds, Load, run};
use crate::platform::Platform;
use crate::process::Memory;
use crate::report::{Table, figure};
use crate::world::World;
use crate::{Result, micros, millis};

/// Everything at once, of somebody with many orders.
pub const ALL: &str = "GET /client-data/all, 1,000 orders";

/// How many requests the platform has answered when its memory is looked at again.
pub const REQUESTS: usize = 100_000;

const CLIENTS: [usize; 2] = [1, 16];
const READS: Bounds = Bounds {
    requests: 10_000,
    time: Duration::from_secs(6),
};
const WRITES: Bounds = Bounds {
    requests: 3_000,
    time: Duration::from_secs(6),
};
const WARM_UP: Bounds = Bounds {
    requests: 200,
    time: Duration::from_secs(2),
};
const FILL: Duration = Duration::from_secs(150);

/// One operation at one concurrency.
#[derive(Debug)]
pub struct Phase {
    /// The operation.
    pub operation: &'static str,
    /// How many clients asked at once.
    pub clients: usize,
    /// What came of it.
    pub load: Load,
    /// CPU time of the whole process for each request: the gateway, the function, the embedded
    /// services, and what the stream and the queue made of it until they were done.
    pub cpu: Duration,
    /// The memory of the process then.
    pub memory: Memory,
}

/// All operations at each concurrency, and memory before and after.
#[derive(Debug)]
pub struct Serving {
    /// In the order that they ran.
    pub phases: Vec<Phase>,
    /// Before the first request of the load.
    pub before: Memory,
    /// After `requests` requests.
    pub after: Memory,
    /// How many requests there were in all, those that prepared and warmed up included.
    pub requests: usize,
}

impl Serving {
    /// Measures it.
    ///
    /// # Errors
    ///
    /// When the platform stops answering. Requests that fail are counted.
    pub async fn measure(platform: &Platform, world: &World, before: Memory) -> Result<Self> {
        let reads = [
            (
                "GET /storefront/products?ps=20",
                world.read("/storefront/products?ps=20")?,
            ),
            (
                "GET /client-data/profile",
                world.read("/client-data/profile")?,
            ),
            (
                "GET /client-data/orders",
                world.read("/client-data/orders")?,
            ),
        ];
        let mut bench = Bench {
            platform,
            phases: Vec::new(),
            requests: 0,
        };
        for (operation, ask) in &reads {
            bench
                .both(operation, &Arc::from([ask.clone()]), READS)
                .await?;
        }
        bench
            .both(ALL, &Arc::from([world.everything()?]), WRITES)
            .await?;
        bench
            .both(
                "POST /storefront/cart/update",
                &world.cart_updates(platform).await?,
                WRITES,
            )
            .await?;
        bench
            .both("POST /profile/customer/signin", &world.sign_ins()?, WRITES)
            .await?;
        for clients in CLIENTS {
            // A cart is ordered once: there are as many as can be needed.
            let count = WARM_UP.requests + WRITES.requests;
            let asks = World::checkouts(platform, count).await?;
            bench.requests += count;
            platform.settled().await?;
            let (first, rest) = asks.split_at(WARM_UP.requests);
            bench.warm_up(&Arc::from(first), clients).await?;
            bench
                .phase(
                    "POST /storefront/checkout-cart",
                    &Arc::from(rest),
                    clients,
                    WRITES,
                )
                .await?;
        }
        let mixed: Arc<[Ask]> = reads.into_iter().map(|(_, ask)| ask).collect();
        let missing = Bounds {
            requests: REQUESTS.saturating_sub(bench.requests),
            time: FILL,
        };
        if missing.requests > 0 {
            bench
                .phase("the three GETs in turn", &mixed, 16, missing)
                .await?;
        }
        let (phases, requests) = (bench.phases, bench.requests);
        Ok(Self {
            phases,
            before,
            after: platform.process.memory()?,
            requests,
        })
    }

    /// How many requests failed.
    pub fn failed(&self) -> usize {
        self.phases.iter().map(|phase| phase.load.failed()).sum()
    }

    /// The phases, for Markdown.
    pub fn table(&self) -> Table {
        let mut table = Table::new(&[
            "operation",
            "clients",
            "requests",
            "failed",
            "per second",
            "p50 ms",
            "p99 ms",
            "CPU µs",
            "resident MB",
        ]);
        for Phase {
            operation,
            clients,
            load,
            cpu,
            memory,
        } in &self.phases
        {
            table.row([
                (*operation).to_owned(),
                clients.to_string(),
                load.requests().to_string(),
                load.failed().to_string(),
                figure(load.rate()),
                figure(millis(load.percentile(50))),
                figure(millis(load.percentile(99))),
                figure(micros(*cpu)),
                figure(memory.resident_megabytes()),
            ]);
        }
        table
    }
}

struct Bench<'a> {
    platform: &'a Platform,
    phases: Vec<Phase>,
    requests: usize,
}

impl Bench<'_> {
    async fn both(
        &mut self,
        operation: &'static str,
        asks: &Arc<[Ask]>,
        bounds: Bounds,
    ) -> Result<()> {
        for clients in CLIENTS {
            self.warm_up(asks, clients).await?;
            self.phase(operation, asks, clients, bounds).await?;
        }
        Ok(())
    }

    async fn warm_up(&mut self, asks: &Arc<[Ask]>, clients: usize) -> Result<()> {
        let load = run(self.platform.address(), asks, clients, WARM_UP).await?;
        self.requests += load.requests();
        self.platform.settled().await?;
        if load.failed() == 0 {
            Ok(())
        } else {
            Err(format!(
                "requests fail before anything is measured: {:?}",
                load.failures
            )
            .into())
        }
    }

    async fn phase(
        &mut self,
        operation: &'static str,
        asks: &Arc<[Ask]>,
        clients: usize,
        bounds: Bounds,
    ) -> Result<()> {
        eprintln!("portico-bench: {operation}, {clients} clients");
        let before = self.platform.process.cpu()?;
        let load = run(self.platform.address(), asks, clients, bounds).await?;
        self.platform.settled().await?;
        let cpu = self.platform.process.cpu()?.saturating_sub(before);
        let cpu = cpu / u32::try_from(load.requests().max(1))?;
        self.requests += load.requests();
        self.phases.push(Phase {
            operation,
            clients,
            load,
            cpu,
            memory: self.platform.process.memory()?,
        });
        Ok(())
    }
}
