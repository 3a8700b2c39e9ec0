use super::follows::later;
use super::inputs::{Budget, Deployment};
use super::model::{billed_ms, call};
use super::*;

const BUDGETS: &str = include_str!("../../../../docs/budgets.md");
const TEMPLATE: &str = include_str!("../../../../template.yaml");

const SMALL: &str = "
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      MemorySize: 512
      Events: { Root: { Type: HttpApi, Properties: { Path: /storefront } } }
  Profile:
    Type: AWS::Serverless::Function
    Properties:
      MemorySize: 1769
      Events: { Root: { Type: HttpApi, Properties: { Path: /profile } } }
  Changes:
    Type: AWS::Serverless::Function
    Properties: { MemorySize: 512, Events: { Stream: { Type: DynamoDB } } }
  Notifications:
    Type: AWS::Serverless::Function
    Properties: { MemorySize: 512, Events: { Jobs: { Type: SQS } } }
";

fn budget(operation: &str, case: &str, round_trips: f64, reads: f64, writes: f64) -> Budget {
    Budget {
        operation: operation.to_owned(),
        case: case.to_owned(),
        round_trips,
        reads,
        writes,
    }
}

/// US dollars for a million, to the hundredth of a cent.
fn per_million(usd: f64) -> String {
    format!("{:.4}", usd * 1e6)
}

#[test]
fn an_invocations_time_is_cpu_by_memory_and_round_trips_and_a_share_of_a_cold_start() {
    // 0.5 ms × 1769 / 512 = 1.73 ms, begun 2; and 1 for the cold start.
    assert_eq!(billed_ms(512, 0.0, 0.0).to_string(), "3");
    // 1.73 + 2 × 4 = 9.73.
    assert_eq!(billed_ms(512, 2.0, 0.0).to_string(), "11");
    // 0.5 + 20 + 4 = 24.5, on a whole vCPU; more memory makes one thread no faster.
    assert_eq!(billed_ms(1769, 1.0, 1.0).to_string(), "26");
    assert_eq!(billed_ms(3538, 1.0, 1.0).to_string(), "26");
}

#[test]
fn a_call_is_charged_for_api_invocation_time_units_logs_and_data() {
    let deployment = Deployment::parse(SMALL).unwrap();
    let checkout = budget("POST /storefront/checkout-cart", "one line", 2.0, 0.5, 10.0);
    let money = call(&checkout, &deployment).unwrap();
    assert_eq!(per_million(money.api), "1.0000");
    // 0.20 + 0.011 s × 0.5 GB × 13.3334
    assert_eq!(per_million(money.lambda), "0.2733");
    // 0.5 × 0.125 + 10 × 0.625
    assert_eq!(per_million(money.table), "6.3125");
    // 1.2 GB × 0.50 + 1 GB × 0.09
    assert_eq!(per_million(money.logs_and_data), "0.6900");
    assert_eq!(per_million(money.total()), "8.2758");

    let sign_in = budget("POST /profile/customer/signin", "", 2.0, 1.0, 1.0);
    // 0.20 + 0.030 s × 1769 / 1024 GB × 13.3334
    assert_eq!(
        per_million(call(&sign_in, &deployment).unwrap().lambda),
        "0.8910"
    );
    let nowhere = budget("GET /nowhere", "", 0.0, 0.0, 0.0);
    assert!(call(&nowhere, &deployment).is_err());
}

#[test]
fn an_order_causes_two_visits_of_the_dashboard_a_job_and_a_mail() {
    let deployment = Deployment::parse(SMALL).unwrap();
    let checkout = budget("POST /storefront/checkout-cart", "one line", 2.0, 0.5, 10.0);
    let money = later(&checkout, &deployment).unwrap();
    assert_eq!(per_million(money.api), "0.0000");
    // Four invocations of 19, 19, 15 and 3 ms: 0.80 + 0.056 s × 0.5 GB × 13.3334
    assert_eq!(per_million(money.lambda), "1.1733");
    // 7.5 read and 4 write units.
    assert_eq!(per_million(money.table), "3.4375");
    // Sent, received, deleted.
    assert_eq!(per_million(money.queue), "1.2000");
    assert_eq!(per_million(money.mail), "100.0000");
    assert_eq!(per_million(money.logs_and_data), "1.0000");

    let again = budget(
        "POST /storefront/checkout-cart",
        "sent again",
        3.0,
        2.5,
        0.0,
    );
    assert_eq!(later(&again, &deployment).unwrap(), Money::default());
}

#[test]
fn sums_are_rounded_to_cents_and_counts_have_commas() {
    assert_eq!(
        [0.625, 0.004, 105.6].map(dollars),
        ["0.63", "0.00", "105.60"]
    );
    assert_eq!(
        [7.0, 999.0, 1_000.0, 2_845_000.0].map(count),
        ["7", "999", "1,000", "2,845,000"]
    );
}

#[test]
fn every_operation_with_a_budget_has_its_line_and_there_are_no_others() {
    let budgets = Budget::parse(BUDGETS).unwrap();
    let document = document(BUDGETS, TEMPLATE).unwrap();
    let (_, rest) = document.split_once("## Operations\n").unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    let named: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split(" |").next().unwrap()[2..].trim_end())
        .collect();
    let expected: Vec<String> = budgets.iter().map(label).collect();
    assert_eq!(named, expected);

    let new = "| `POST /storefront/gift-cards` | | 1 | 0 | 2 |\n\n## Reasons";
    let more = BUDGETS.replacen("\n## Reasons", new, 1);
    let document = self::document(&more, TEMPLATE).unwrap();
    assert!(
        document.contains("| `POST /storefront/gift-cards` "),
        "{document}"
    );
}

#[test]
fn an_operation_that_lost_its_budget_but_is_spoken_of_is_refused() {
    let renamed = BUDGETS.replace("/storefront/order/ship/", "/storefront/order/send/");
    let error = document(&renamed, TEMPLATE).unwrap_err().to_string();
    assert!(
        error.contains("POST /storefront/order/ship/{orderNumber}"),
        "{error}"
    );
}
