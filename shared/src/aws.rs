//! How the AWS clients are built: by hand from the environment that Lambda gives, so that a cold
//! start probes no profile files, no instance metadata and no single sign-on.

use std::env;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

/// Where the services answer. `None` is the region's own endpoint.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL_DYNAMODB`
    pub dynamodb: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`
    pub sqs: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`
    pub sesv2: Option<String>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`
    pub secrets_manager: Option<String>,
}

/// What every client of one process shares: region, credentials, endpoints, retries.
#[derive(Debug, Clone)]
pub struct Aws {
    region: Region,
    credentials: SharedCredentialsProvider,
    endpoints: Endpoints,
    max_attempts: u32,
}

impl Aws {
    /// From the variables that Lambda sets (`AWS_REGION`, `AWS_ACCESS_KEY_ID` …) and the standard
    /// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`.
    pub fn from_env() -> Self {
        let endpoint = |service: &str| {
            env::var(format!("AWS_ENDPOINT_URL_{service}"))
                .or_else(|_| env::var("AWS_ENDPOINT_URL"))
                .ok()
        };
        Self {
            region: Region::new(env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned())),
            credentials: SharedCredentialsProvider::new(
                EnvironmentVariableCredentialsProvider::new(),
            ),
            endpoints: Endpoints {
                dynamodb: endpoint("DYNAMODB"),
                sqs: endpoint("SQS"),
                sesv2: endpoint("SESV2"),
                secrets_manager: endpoint("SECRETS_MANAGER"),
            },
            max_attempts: 3,
        }
    }

    /// For embedded services on this machine, which take any credentials.
    pub fn local(endpoints: Endpoints) -> Self {
        Self {
            region: Region::from_static("us-east-1"),
            credentials: SharedCredentialsProvider::new(Credentials::new(
                "local", "local", None, None, "local",
            )),
            endpoints,
            max_attempts: 3,
        }
    }

    /// How often a call is tried before its failure is answered; 1 is no second try.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The endpoints in use.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The settings for one service's client. An attempt may take two seconds and a call five:
    /// with API Gateway's 30 seconds above it, a request fails with an answer, not by being cut off.
    pub fn sdk_config(&self, endpoint: Option<&String>) -> SdkConfig {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(self.max_attempts))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(1))
                    .operation_attempt_timeout(Duration::from_secs(2))
                    .operation_timeout(Duration::from_secs(5))
                    .build(),
            );
        if let Some(url) = endpoint {
            config = config.endpoint_url(url);
        }
        config.build()
    }
}
