//! `make bench` and `make costs`: measures, or computes, and prints Markdown.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand, ValueEnum};
use portico_bench::cold_start::{self, Binaries, Measured};
use portico_bench::platform::Platform;
use portico_bench::process::megabytes;
use portico_bench::report::{Aim, Bound, Table, figure};
use portico_bench::serving::{ALL, Phase, REQUESTS, Serving};
use portico_bench::startup::starts;
use portico_bench::wait::Waits;
use portico_bench::world::{ORDERS, ORDERS_EACH, PRODUCTS, SHOPPERS, World};
use portico_bench::{Result, costs, function, micros, millis, sign_in, slots};

/// Measures the local platform and the functions, and prints Markdown.
///
/// To be run where template.yaml is.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// What to measure; everything if nothing is named
    parts: Vec<Part>,

    /// Folder of the functions' executables, as <name>/bootstrap or <name>; else the folder of this binary
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,

    /// The function that cold starts are compared with; else beside this binary
    #[arg(long, value_name = "FILE")]
    naive: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Print docs/costs.md, from docs/budgets.md, template.yaml and AWS's prices
    Costs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The platform: start-up, memory, load over HTTP
    Serving,
    /// A request's CPU time in the function, apart from the services below it
    Function,
    /// How long a sign-in takes
    SignIn,
    /// The free slots of a month with many bookings
    Slots,
    /// Each function's process, from its start to its first answer
    ColdStart,
}

/// One thread: the load generator must not take more of the machine than that.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Costs) => print_costs().map(|()| 0),
        None => bench(&arguments).await,
    };
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("portico-bench: {failed} requests failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("portico-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print_costs() -> Result<()> {
    let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let document = costs::document(&read("docs/budgets.md")?, &read("template.yaml")?)?;
    print!("{document}");
    Ok(())
}

/// Answers how many requests failed.
async fn bench(arguments: &Arguments) -> Result<usize> {
    let wanted = |part| arguments.parts.is_empty() || arguments.parts.contains(&part);
    let started = Instant::now();
    let driver = env::current_exe()?;
    let beside = driver.parent().ok_or("this binary is in no folder")?;
    let local = beside.join("portico-local");
    let (functions, naive) = (arguments.functions.as_ref(), arguments.naive.as_ref());
    let binaries = Binaries {
        functions: functions.map_or_else(|| beside.to_owned(), Clone::clone),
        naive: naive.map_or_else(|| beside.join("naive"), Clone::clone),
    };
    let mut aims = Vec::new();
    let mut failed = 0;

    println!("# Bench\n\n{}\n", machine());
    if wanted(Part::Serving) {
        serve_starts(&local).await?;
    }
    let data = tempfile::tempdir()?;
    let platform = Platform::start(&local, data.path())?;
    let before = platform.process.memory()?;
    let world = World::make(&platform).await?;
    // The functions first: they are measured against services that have not been under load yet.
    if wanted(Part::ColdStart) {
        cold_starts(&binaries, &platform, &world, &mut aims).await?;
    }
    if wanted(Part::Function) {
        requests(&platform, &world, &mut aims).await?;
    }
    if wanted(Part::SignIn) {
        sign_ins(&platform, &world, &mut aims).await?;
    }
    if wanted(Part::Slots) {
        free_slots(&platform, &world, &mut aims).await?;
    }
    if wanted(Part::Serving) {
        let serving = Serving::measure(&platform, &world, before).await?;
        served(&serving, &mut aims);
        failed = serving.failed();
    }
    platform.process.stop()?;
    println!("## Aims\n\n{}", Aim::table(&aims));
    println!("Measured in {:.0} s.", started.elapsed().as_secs_f64());
    Ok(failed)
}

/// What the figures depend on.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(env::consts::ARCH, |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split(' ').take(2).collect();
    format!(
        "{cores} cores ({model}), which the load generator shares; load average at the start {} (1 min), \
         {} (5 min).",
        load.first().unwrap_or(&"?"),
        load.get(1).unwrap_or(&"?"),
    )
}

async fn serve_starts(local: &Path) -> Result<()> {
    let starts = starts(local).await?;
    let mut table = Table::new(&["local platform, process start to first answer", "ms"]);
    table.row([
        "in an empty folder, demo data made".to_owned(),
        figure(millis(starts.fresh)),
    ]);
    table.row([
        "in the same folder again".to_owned(),
        figure(millis(starts.again)),
    ]);
    println!("## Start-up\n\n{table}");
    Ok(())
}

async fn cold_starts(
    binaries: &Binaries,
    platform: &Platform,
    world: &World,
    aims: &mut Vec<Aim>,
) -> Result<()> {
    let measured = cold_start::measure(binaries, platform, world).await?;
    println!(
        "## Cold starts\n\n{}\n\n{}",
        cold_start::METHOD,
        Measured::table(&measured)
    );
    let ours = || measured.iter().filter(|measured| !measured.is_naive());
    aims.extend(ours().map(|measured| Aim {
        what: format!(
            "cold start of {}, times the naive function's",
            measured.name
        ),
        measured: measured.ratio,
        bound: Bound::AtMost(0.5),
    }));
    aims.extend(ours().map(|measured| Aim {
        what: format!("resident MB of {} at its first answer", measured.name),
        measured: megabytes(measured.typical.peak),
        bound: Bound::AtMost(25.0),
    }));
    Ok(())
}

async fn requests(platform: &Platform, world: &World, aims: &mut Vec<Aim>) -> Result<()> {
    let costs = function::measure(platform, world).await?;
    println!(
        "## CPU of a request in the function\n\n{}\n\n{}",
        function::METHOD,
        function::table(&costs)
    );
    aims.extend(costs.iter().filter(|cost| cost.is_aim).map(|cost| Aim {
        what: format!("{}, CPU µs outside the network", cost.what),
        measured: micros(cost.outside()),
        bound: Bound::AtMost(100.0),
    }));
    Ok(())
}

async fn sign_ins(platform: &Platform, world: &World, aims: &mut Vec<Aim>) -> Result<()> {
    let waits = sign_in::measure(platform, world).await?;
    let mut table = Table::new(&["POST …/signin", "ms"]);
    waits_in(&mut table, waits);
    println!(
        "## Sign-in\n\nA password is hashed, a session opened: in this process from the event's JSON to the reply's, \
         with the table over HTTP.\n\n{table}"
    );
    aims.push(Aim {
        what: "a sign-in, p50 ms".to_owned(),
        measured: millis(waits.half),
        bound: Bound::AtMost(25.0),
    });
    Ok(())
}

fn waits_in(table: &mut Table, Waits { half, slowest }: Waits) {
    for (what, took) in [("half of them", half), ("99 of 100", slowest)] {
        table.row([format!("the request, {what}"), figure(millis(took))]);
    }
}

async fn free_slots(platform: &Platform, world: &World, aims: &mut Vec<Aim>) -> Result<()> {
    let measured = slots::measure(platform, world).await?;
    let (days, bookings) = (slots::DAYS, slots::BOOKINGS);
    let mut table = Table::new(&["POST …/available-slots", "ms"]);
    waits_in(&mut table, measured.waits);
    let rules = "the rules alone, half of them".to_owned();
    table.row([rules, figure(millis(measured.rules))]);
    println!(
        "## Free slots\n\n{days} days with {bookings} bookings, of which {} slots are free: in this process from the \
         event's JSON to the reply's, one Query over HTTP among it.\n\n{table}",
        measured.free
    );
    aims.push(Aim {
        what: format!("free slots of {days} days with {bookings} bookings, p50 ms"),
        measured: millis(measured.waits.half),
        bound: Bound::AtMost(10.0),
    });
    Ok(())
}

fn served(serving: &Serving, aims: &mut Vec<Aim>) {
    println!(
        "## Load\n\nOver HTTP, everything embedded in one process: an org of {PRODUCTS} products, {SHOPPERS} \
         customers who fill carts and sign in, one who reads a page of {ORDERS} orders, and for orders a \
         customer each {ORDERS_EACH}. CPU is that of the whole process for each \
         request, stream and queue included.\n\n{}",
        serving.table()
    );
    let mut table = Table::new(&["memory of the local platform", "resident MB", "peak MB"]);
    for (when, memory) in [
        ("at start".to_owned(), serving.before),
        (
            format!("after {} requests", serving.requests),
            serving.after,
        ),
    ] {
        table.row([
            when,
            figure(memory.resident_megabytes()),
            figure(memory.peak_megabytes()),
        ]);
    }
    println!("## Memory\n\n{table}");

    // Its work is its own: what is measured is how long one waits alone.
    let alone = |phase: &&Phase| phase.clients == 1 && phase.operation == ALL;
    if let Some(phase) = serving.phases.iter().find(alone) {
        aims.push(Aim {
            what: format!("{ALL}, p50 ms, 1 client"),
            measured: millis(phase.load.percentile(50)),
            bound: Bound::AtMost(50.0),
        });
    }
    let lists = |phase: &&Phase| {
        phase.clients == 16 && phase.operation.starts_with("GET") && phase.operation != ALL
    };
    for phase in serving.phases.iter().filter(lists) {
        aims.push(Aim {
            what: format!("{} a second, 16 clients", phase.operation),
            measured: phase.load.rate(),
            bound: Bound::AtLeast(1500.0),
        });
        aims.push(Aim {
            what: format!("{}, p99 ms, 16 clients", phase.operation),
            measured: millis(phase.load.percentile(99)),
            bound: Bound::AtMost(30.0),
        });
    }
    aims.push(Aim {
        what: format!("resident MB of the local platform after {REQUESTS} requests"),
        measured: serving.after.resident_megabytes(),
        bound: Bound::AtMost(150.0),
    });
}
