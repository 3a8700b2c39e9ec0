//! What AWS charges: the public prices that the costs are computed with, and nothing of free tiers.

/// The region of the prices, and of the functions' processor.
pub const WHERE: &str = "us-east-1, arm64";
/// When they were last known to be so; AWS changes them now and then.
pub const AS_OF: &str = "August 2025";

/// One price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Of what.
    pub what: &'static str,
    /// US dollars for `count` of it.
    pub usd: f64,
    /// How many cost that.
    pub count: f64,
    /// The unit, as AWS names it.
    pub unit: &'static str,
    /// Where AWS says so.
    pub page: &'static str,
}

impl Price {
    /// US dollars for so many.
    pub fn of(&self, number: f64) -> f64 {
        number * self.usd / self.count
    }
}

const MILLION: f64 = 1e6;
const API_PAGE: &str = "https://aws.amazon.com/api-gateway/pricing/";
const LAMBDA_PAGE: &str = "https://aws.amazon.com/lambda/pricing/";
const TABLE_PAGE: &str = "https://aws.amazon.com/dynamodb/pricing/on-demand/";
const CLOUDWATCH_PAGE: &str = "https://aws.amazon.com/cloudwatch/pricing/";

/// A request of an HTTP API. Each 512 KB begun is one; no request or answer here has more.
pub const API_REQUEST: Price = Price {
    what: "HTTP API",
    usd: 1.00,
    count: MILLION,
    unit: "requests of up to 512 KB",
    page: API_PAGE,
};
/// An invocation.
pub const LAMBDA_REQUEST: Price = Price {
    what: "Lambda, requests",
    usd: 0.20,
    count: MILLION,
    unit: "invocations",
    page: LAMBDA_PAGE,
};
/// A second of a function that has 1,024 MB, charged by the millisecond begun.
pub const LAMBDA_TIME: Price = Price {
    what: "Lambda, time",
    usd: 13.3334,
    count: MILLION,
    unit: "GB-seconds",
    page: LAMBDA_PAGE,
};
/// A read request unit on demand.
pub const TABLE_READ: Price = Price {
    what: "DynamoDB, reads",
    usd: 0.125,
    count: MILLION,
    unit: "read request units",
    page: TABLE_PAGE,
};
/// A write request unit on demand.
pub const TABLE_WRITE: Price = Price {
    what: "DynamoDB, writes",
    usd: 0.625,
    count: MILLION,
    unit: "write request units",
    page: TABLE_PAGE,
};
/// What the table holds.
pub const TABLE_STORAGE: Price = Price {
    what: "DynamoDB, storage",
    usd: 0.25,
    count: 1.0,
    unit: "GB-month",
    page: TABLE_PAGE,
};
/// Point-in-time recovery of what the table holds.
pub const TABLE_RECOVERY: Price = Price {
    what: "DynamoDB, point-in-time recovery",
    usd: 0.20,
    count: 1.0,
    unit: "GB-month",
    page: TABLE_PAGE,
};
/// A request of a standard queue; a batch is one.
pub const QUEUE_REQUEST: Price = Price {
    what: "SQS",
    usd: 0.40,
    count: MILLION,
    unit: "requests of up to 64 KB",
    page: "https://aws.amazon.com/sqs/pricing/",
};
/// A mail to one recipient.
pub const MAIL: Price = Price {
    what: "SES",
    usd: 0.10,
    count: 1000.0,
    unit: "mails",
    page: "https://aws.amazon.com/ses/pricing/",
};
/// Log lines taken in.
pub const LOGS: Price = Price {
    what: "CloudWatch, logs",
    usd: 0.50,
    count: 1.0,
    unit: "GB taken in",
    page: CLOUDWATCH_PAGE,
};
/// An alarm on one metric.
pub const ALARM: Price = Price {
    what: "CloudWatch, alarms",
    usd: 0.10,
    count: 1.0,
    unit: "alarm-month",
    page: CLOUDWATCH_PAGE,
};
/// Answers on their way out to the internet.
pub const DATA_OUT: Price = Price {
    what: "data out",
    usd: 0.09,
    count: 1.0,
    unit: "GB",
    page: "https://aws.amazon.com/ec2/pricing/on-demand/",
};
/// A secret.
pub const SECRET: Price = Price {
    what: "Secrets Manager",
    usd: 0.40,
    count: 1.0,
    unit: "secret-month",
    page: "https://aws.amazon.com/secrets-manager/pricing/",
};
/// A call of KMS; a key that AWS manages costs nothing else.
pub const KEY_CALL: Price = Price {
    what: "KMS",
    usd: 0.03,
    count: 10_000.0,
    unit: "calls",
    page: "https://aws.amazon.com/kms/pricing/",
};

/// All of them.
pub const ALL: [Price; 14] = [
    API_REQUEST,
    LAMBDA_REQUEST,
    LAMBDA_TIME,
    TABLE_READ,
    TABLE_WRITE,
    TABLE_STORAGE,
    TABLE_RECOVERY,
    QUEUE_REQUEST,
    MAIL,
    LOGS,
    ALARM,
    DATA_OUT,
    SECRET,
    KEY_CALL,
];
