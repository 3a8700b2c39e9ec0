//! What a million calls of each operation cost on AWS, computed from what they are measured to take
//! (`docs/budgets.md`) and from public prices: `docs/costs.md`.

pub mod follows;
pub mod inputs;
pub mod model;
pub mod prices;
pub mod shop;
pub mod steps;

use std::fmt::Write as _;

use self::follows::{FOLLOWS, later};
use self::inputs::{Budget, Deployment};
use self::model::{
    ANSWER_BYTES, COLD_MS, COLD_ONE_IN, CPU_MS, EVENT_LOG_BYTES, HASH_MS, HASHING, LONG_ANSWERS,
    Money, REQUEST_LOG_BYTES, ROUND_TRIP_MS, VENDOR_MS, WHOLE_VCPU_MB, call,
};
use self::steps::STEPS;
use crate::Result;
use crate::report::Table;

const MILLION: f64 = 1e6;

/// `docs/costs.md`.
///
/// # Errors
///
/// When one of the two is not understood, or an operation that something is said of here has no budget.
pub fn document(budgets: &str, template: &str) -> Result<String> {
    let budgets = Budget::parse(budgets)?;
    let deployment = Deployment::parse(template)?;
    let known = |operation: &str, case: Option<&str>| {
        let same = |budget: &Budget| {
            budget.operation == operation && case.is_none_or(|case| budget.case == case)
        };
        if budgets.iter().any(same) {
            Ok(())
        } else {
            Err(format!(
                "docs/budgets.md has no row for {operation}, {case:?}"
            ))
        }
    };
    for (operation, case, _) in FOLLOWS {
        known(operation, Some(case))?;
    }
    let others = LONG_ANSWERS.iter().map(|(operation, _)| operation);
    for operation in HASHING.iter().chain(others) {
        known(operation, None)?;
    }

    let mut text = String::new();
    write!(
        text,
        "{INTRODUCTION}\n## Operations\n\n{OPERATIONS}\n{}",
        operations(&budgets, &deployment)?
    )?;
    write!(
        text,
        "\n## What follows\n\n{LATER}\n{}",
        steps(&deployment)?
    )?;
    write!(
        text,
        "\n## A month without requests\n\n{}",
        shop::idle(&deployment)
    )?;
    writeln!(
        text,
        "\nAWS's free tier covers ten alarms and a million requests of SQS a month. The key that the table is encrypted \
         with is\nmanaged by AWS and costs nothing by itself. Each GB that the table holds costs {} a month, \
         point-in-time recovery\nincluded; an empty bucket costs nothing.",
        dollars(shop::stored_gb())
    )?;
    write!(
        text,
        "\n## A shop\n\n{SHOP}\n{}\n{}",
        shop::mix(&budgets)?,
        shop::example(&budgets, &deployment)?
    )?;
    write!(
        text,
        "\n## The model\n\n{}\n## Prices\n\n{}",
        model_text(&deployment)?,
        price_table()
    )?;
    Ok(text)
}

const INTRODUCTION: &str = "# What it costs

Computed by `make costs` from [budgets.md](budgets.md), `template.yaml` and AWS's public prices; not measured on a bill.
`make check` fails when this file is not what they come to. All sums are US dollars without free tiers, savings plans
and taxes; the prices and every assumption are at the end.
";

const OPERATIONS: &str = "\
For a million calls. *Later* is what follows when the call has been answered: the stream, the job, the notification, the
mail.
";

const LATER: &str = "\
For a million each. Lambda's reads of the stream are free. Under load, one invocation takes up to a hundred changes or
ten jobs; here each has one of its own.
";

const SHOP: &str = "\
One org with 10,000 orders a month; one in forty visits ends with one.
";

/// A sum to the cent. What floating point makes of half a cent counts as half a cent.
fn dollars(usd: f64) -> String {
    format!("{:.2}", usd + 1e-9)
}

/// A whole number, with a comma between thousands.
fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Names a row of the budgets.
fn label(budget: &Budget) -> String {
    if budget.case.is_empty() {
        format!("`{}`", budget.operation)
    } else {
        format!("`{}` ({})", budget.operation, budget.case)
    }
}

fn operations(budgets: &[Budget], deployment: &Deployment) -> Result<Table> {
    let mut table = Table::new(&[
        "operation",
        "API",
        "Lambda",
        "table",
        "logs, data",
        "call",
        "later",
        "in all",
    ]);
    for budget in budgets {
        let call = call(budget, deployment)?;
        let later = later(budget, deployment)?.total();
        let sums = [
            call.api,
            call.lambda,
            call.table,
            call.logs_and_data,
            call.total(),
            later,
            call.total() + later,
        ];
        let sums = sums.map(|usd| dollars(usd * MILLION));
        table.row([label(budget)].into_iter().chain(sums));
    }
    Ok(table)
}

fn steps(deployment: &Deployment) -> Result<Table> {
    let mut table = Table::new(&["step", "Lambda", "table", "queue", "mail", "logs", "in all"]);
    let mut add = |what: &str, money: &Money| {
        let Money {
            lambda,
            table: units,
            queue,
            mail,
            logs_and_data,
            ..
        } = *money;
        let sums = [lambda, units, queue, mail, logs_and_data, money.total()];
        let sums = sums.map(|usd| dollars(usd * MILLION));
        table.row([what.to_owned()].into_iter().chain(sums));
    };
    for step in STEPS {
        add(step.what, &step.money(deployment)?);
    }
    Ok(table)
}

fn model_text(deployment: &Deployment) -> Result<String> {
    let mut text = String::new();
    for tree in ["profile", "client-data", "storefront", "crm"] {
        let memory = deployment.memory("Path", &format!("/{tree}"))?;
        writeln!(text, "- {tree} has {memory} MB.")?;
    }
    for (name, source) in [("changes", "DynamoDB"), ("notifications", "SQS")] {
        writeln!(
            text,
            "- {name} has {} MB.",
            deployment.memory("Type", source)?
        )?;
    }
    let answers: Vec<String> = LONG_ANSWERS
        .iter()
        .map(|(operation, bytes)| format!("`{operation}` {}", count(*bytes)))
        .collect();
    let hashing: Vec<String> = HASHING
        .iter()
        .map(|operation| format!("`{operation}`"))
        .collect();
    write!(
        text,
        "- An invocation takes {CPU_MS} ms of a whole vCPU and {ROUND_TRIP_MS} ms for each round trip; Lambda gives a whole \
         vCPU with {} MB and\n  a share of it with less. Begun milliseconds are charged.\n\
         - Stripe, PayPal and Google answer a call in {VENDOR_MS} ms. What they charge themselves is not here.\n\
         - A password is {HASH_MS} ms more of a whole vCPU, in\n  {}.\n\
         - One invocation in {COLD_ONE_IN} starts an instance, for which {COLD_MS} ms are charged.\n\
         - A request leaves {} bytes in the logs, an invocation by stream or queue {}.\n\
         - An answer has {} bytes; pages have more:\n  {}.\n\
         - A GB of logs or data is 10⁹ bytes; a month has 30 days.\n\
         - A dashboard is that of a customer with five delivered orders: two or four read units and one write unit.\n",
        count(WHOLE_VCPU_MB),
        hashing.join(", "),
        count(REQUEST_LOG_BYTES),
        count(EVENT_LOG_BYTES),
        count(ANSWER_BYTES),
        answers.join(", "),
    )?;
    Ok(text)
}

fn price_table() -> String {
    let head = format!(
        "For {}, as of {}.\n\n| what | US$ | for | AWS's page |\n|:--|--:|:--|:--|\n",
        prices::WHERE,
        prices::AS_OF
    );
    let rows = prices::ALL.iter().map(|price| {
        // A count of one needs no number.
        let number = match price.count {
            1.0 => String::new(),
            many => format!("{} ", count(many)),
        };
        format!(
            "| {} | {} | {number}{} | <{}> |\n",
            price.what, price.usd, price.unit, price.page
        )
    });
    head + &rows.collect::<String>()
}

#[cfg(test)]
mod tests;
