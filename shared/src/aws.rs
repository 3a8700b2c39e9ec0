//! How the AWS clients are built: by hand from the environment that Lambda gives, so that a cold
//! start probes no profile files, no instance metadata and no single sign-on, and reads five trust
//! roots instead of the machine's hundred and more.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::error::{Error, Result};

/// The roots of Amazon Trust Services, which the certificates of every AWS endpoint lead to, as
/// published at <https://www.amazontrust.com/repository/>.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");
/// The variable that holds the ARN of the function's tenant role, where tenant isolation is on. Empty is off.
pub const TENANT_ROLE: &str = "PORTICO_TENANT_ROLE_ARN";

// How long calls may take, in one place. An attempt that got no answer within ATTEMPT is repeated, up to
// ATTEMPTS in all with growing, random pauses from BACKOFF on; all of that fits into CALL. A function that
// serves HTTP has 10 s (`template.yaml`), of which `deadline::MARGIN` is kept back: enough for one call
// that fails and the usual ones beside it. Whatever comes together worse than that ends at the deadline, and
// API Gateway's own limit of 30 s is never met.
//
// DynamoDB answers within some tens of milliseconds, SES within some hundreds.

/// How long one attempt of a call may take, with connecting.
pub const ATTEMPT: Duration = Duration::from_millis(1500);
/// How often a call is tried.
pub const ATTEMPTS: u32 = 3;
/// The longest pause before the second attempt; each later one is up to twice as long. The SDK draws
/// each at random (full jitter).
pub const BACKOFF: Duration = Duration::from_millis(100);
/// How long a call may take with all its attempts.
pub const CALL: Duration = Duration::from_secs(5);

const _: () = {
    let pauses = BACKOFF.as_millis() * ((1 << (ATTEMPTS - 1)) - 1);
    assert!(ATTEMPT.as_millis() * ATTEMPTS as u128 + pauses <= CALL.as_millis());
};
/// Within a region a connection takes a millisecond or two.
const CONNECT: Duration = Duration::from_secs(1);

/// Where the services answer. `None` is the region's own endpoint.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL_DYNAMODB`
    pub dynamodb: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`
    pub s3: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`
    pub sqs: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`
    pub sesv2: Option<String>,
    /// `AWS_ENDPOINT_URL_SNS`
    pub sns: Option<String>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`
    pub secrets_manager: Option<String>,
    /// `AWS_ENDPOINT_URL_STS`
    pub sts: Option<String>,
}

/// What every client of one process shares: region, credentials, endpoints, retries, connections, and
/// whether the table is reached by a tenant role.
#[derive(Debug, Clone)]
pub struct Aws {
    region: Region,
    credentials: SharedCredentialsProvider,
    endpoints: Endpoints,
    max_attempts: u32,
    http: SharedHttpClient,
    tenant_role: Option<String>,
}

impl Aws {
    /// From the variables that Lambda sets (`AWS_REGION`, `AWS_ACCESS_KEY_ID` …) and the standard
    /// `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>` and `AWS_CA_BUNDLE`, a file of the PEM
    /// certificates to trust instead of Amazon's own. An empty endpoint is none: `template.yaml` declares
    /// them without a value. [`TENANT_ROLE`] turns tenant isolation on.
    ///
    /// # Errors
    ///
    /// When the file of certificates cannot be read.
    pub fn from_env() -> Result<Self> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let endpoint = |service: &str| {
            variable(&format!("AWS_ENDPOINT_URL_{service}"))
                .or_else(|| variable("AWS_ENDPOINT_URL"))
        };
        let roots = match env::var_os("AWS_CA_BUNDLE") {
            Some(file) => certificates(Path::new(&file))?,
            None => AMAZON_ROOTS.to_vec(),
        };
        Ok(Self {
            region: Region::new(env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned())),
            credentials: SharedCredentialsProvider::new(
                EnvironmentVariableCredentialsProvider::new(),
            ),
            endpoints: Endpoints {
                dynamodb: endpoint("DYNAMODB"),
                s3: endpoint("S3"),
                sqs: endpoint("SQS"),
                sesv2: endpoint("SESV2"),
                sns: endpoint("SNS"),
                secrets_manager: endpoint("SECRETS_MANAGER"),
                sts: endpoint("STS"),
            },
            max_attempts: ATTEMPTS,
            tenant_role: variable(TENANT_ROLE),
            http: http_client(roots),
        })
    }

    /// For embedded services on this machine, which take any credentials.
    pub fn local(endpoints: Endpoints) -> Self {
        Self {
            region: Region::from_static("us-east-1"),
            credentials: SharedCredentialsProvider::new(Credentials::new(
                "local", "local", None, None, "local",
            )),
            endpoints,
            max_attempts: ATTEMPTS,
            http: http_client(AMAZON_ROOTS),
            tenant_role: None,
        }
    }

    /// With this access key id: services that look at who calls tell functions apart by it.
    #[must_use]
    pub fn with_access_key(mut self, id: &str) -> Self {
        let credentials = Credentials::new(id, "local", None, None, "local");
        self.credentials = SharedCredentialsProvider::new(credentials);
        self
    }

    /// With tenant isolation: the table is reached by sessions of this role, each for one org. The argument
    /// is the role's ARN.
    #[must_use]
    pub fn with_tenant_role(mut self, arn: impl Into<String>) -> Self {
        self.tenant_role = Some(arn.into());
        self
    }

    /// The ARN of the role that reaches the table, where tenant isolation is on.
    pub fn tenant_role(&self) -> Option<&str> {
        self.tenant_role.as_deref()
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

    /// The region.
    pub fn region(&self) -> &str {
        self.region.as_ref()
    }

    /// How often a call is tried.
    pub(crate) fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// The function's own credentials.
    pub(crate) fn credentials(&self) -> SharedCredentialsProvider {
        self.credentials.clone()
    }

    /// The value of a secret in Secrets Manager, by its name or ARN.
    ///
    /// # Errors
    ///
    /// Why it was not given.
    pub async fn secret(&self, id: &str) -> Result<String, String> {
        let config = self.sdk_config(self.endpoints.secrets_manager.as_ref());
        let secret = aws_sdk_secretsmanager::Client::new(&config)
            .get_secret_value()
            .secret_id(id)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        Ok(secret.secret_string().unwrap_or_default().to_owned())
    }

    /// The settings for one service's client.
    pub fn sdk_config(&self, endpoint: Option<&String>) -> SdkConfig {
        let retries = RetryConfig::standard()
            .with_max_attempts(self.max_attempts)
            .with_initial_backoff(BACKOFF);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL);
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(retries)
            .timeout_config(timeouts.build())
            // It watches streams that take long; no answer here is one, and every attempt has its timeout.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(url) = endpoint {
            config = config.endpoint_url(url);
        }
        config.build()
    }
}

fn certificates(file: &Path) -> Result<Vec<u8>> {
    let wrong = |reason: &dyn Display| {
        Error::Internal(format!("AWS_CA_BUNDLE, {}: {reason}", file.display()))
    };
    let pem = fs::read(file).map_err(|error| wrong(&error))?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(begin.len()).any(|window| window == begin) {
        return Err(wrong(&"it has no PEM certificate"));
    }
    Ok(pem)
}

/// One pool of connections for all clients. The SDK's own would read the machine's roots, and read
/// them twice for each client.
fn http_client(roots: impl Into<Vec<u8>>) -> SharedHttpClient {
    let trust = TrustStore::empty().with_pem_certificate(roots);
    let context = TlsContext::builder().with_trust_store(trust).build();
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT);
    let connector = Connector::builder()
        .connector_settings(settings.build())
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context.expect("a trust store is all there is to it"))
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use data_encoding::{BASE64, HEXUPPER};
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// The fingerprints that <https://www.amazontrust.com/repository/> names.
    #[test]
    fn the_roots_are_the_five_of_amazon_trust_services() {
        let pem = str::from_utf8(AMAZON_ROOTS).unwrap();
        let mut found = Vec::new();
        for certificate in pem.split("-----BEGIN CERTIFICATE-----").skip(1) {
            let (body, _) = certificate.split_once("-----END CERTIFICATE-----").unwrap();
            let body: String = body.split_whitespace().collect();
            let der = BASE64.decode(body.as_bytes()).unwrap();
            found.push(HEXUPPER.encode(&Sha256::digest(der)));
        }
        assert_eq!(
            found,
            [
                "8ECDE6884F3D87B1125BA31AC3FCB13D7016DE7F57CC904FE1CB97C6AE98196E",
                "1BA5B2AA8C65401A82960118F80BEC4F62304D83CEC4713A19C39C011EA46DB4",
                "18CE6CFE7BF14E60B2E347B8DFE868CB31D02EBB3ADA271569F50343B46DB3A4",
                "E35D28419ED02025CFA69038CD623962458DA5C695FBDEA3C22B0BFB25897092",
                "568D6905A2C88708A4B3025190EDCFEDB1974A606A13C6E5290FCB2AE63EDAB5",
            ]
        );
    }

    #[test]
    fn a_bundle_without_a_certificate_is_refused_by_its_name() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let told = |file: &Path| certificates(file).unwrap_err().to_string();
        file.write_all(b"no certificate\n").unwrap();
        let name = file.path().display().to_string();
        assert_eq!(
            told(file.path()),
            format!("AWS_CA_BUNDLE, {name}: it has no PEM certificate")
        );
        file.write_all(AMAZON_ROOTS).unwrap();
        assert!(certificates(file.path()).is_ok());
        let missing = told(Path::new("/nowhere/ca.pem"));
        assert_eq!(
            missing,
            "AWS_CA_BUNDLE, /nowhere/ca.pem: No such file or directory (os error 2)"
        );
    }
}
