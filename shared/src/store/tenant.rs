//! Tenant isolation in IAM: which org work is for, and credentials that reach that org's items only.
//!
//! With isolation on, a function's own role reaches no items but the orgs' settings. For everything else it
//! assumes its tenant role with a session policy that allows the partitions of one org
//! (`dynamodb:LeadingKeys`). The org is the one that the work was bound to by [`on_behalf_of`], never the one
//! that a key names: a defect that builds another org's key is refused by IAM.

use std::future::Future;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::{ConfigBag, ResolveCachedIdentity, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::{IdentityFuture, SharedIdentityResolver};
use quick_cache::sync::Cache;
use serde_json::json;

use crate::aws::Aws;
use crate::ids::OrgId;

/// How many orgs' credentials one function instance keeps. One more costs a call to STS.
const ORGS: usize = 256;
/// Credentials are renewed so long before they expire: what is signed with them, a link to a file, is to be good
/// for as long as it says.
const LINK_TIME: Duration = Duration::from_mins(15);

tokio::task_local! {
    static ORG: Option<OrgId>;
}

/// Runs `work` for this org: what it does at the table is done with that org's credentials, if tenant
/// isolation is on. Without an org it can do nothing there. What `work` spawns is not bound.
pub async fn on_behalf_of<F: Future>(org: Option<OrgId>, work: F) -> F::Output {
    ORG.scope(org, work).await
}

/// What of an org its sessions reach.
#[derive(Debug)]
pub(crate) enum Reach {
    /// The items of its partitions.
    Items,
    /// Its objects in the bucket of this name.
    Objects(String),
}

/// The credentials of the org that the work is bound to, for the table or for the bucket.
///
/// For the SDK it takes the place of the identity cache, because that is asked before each call, in the task of
/// the call.
#[derive(Debug)]
pub(crate) struct TenantSessions {
    role: String,
    reach: Reach,
    sts: SdkConfig,
    sessions: Cache<OrgId, Credentials>,
}

impl TenantSessions {
    /// For this tenant role, assumed with the function's own credentials.
    pub(crate) fn new(aws: &Aws, role: &str, reach: Reach) -> Self {
        let mut sts = aws.sdk_config(aws.endpoints().sts.as_ref()).into_builder();
        // The provider panics without one; only `aws_config::load` sets it by itself.
        sts.set_time_source(Some(<_>::default()));
        Self {
            role: role.to_owned(),
            reach,
            sts: sts.build(),
            sessions: Cache::new(ORGS),
        }
    }

    /// Credentials that are good for a link's time.
    pub(crate) async fn credentials(&self) -> Result<Credentials, BoxError> {
        let Some(org) = ORG.try_with(Clone::clone).ok().flatten() else {
            tracing::error!("a call to the table that is not bound to an org");
            return Err("the call is not bound to an org".into());
        };
        let good_until = SystemTime::now() + LINK_TIME;
        let good = |session: &Credentials| session.expiry().is_none_or(|end| end > good_until);
        self.sessions.remove_if(&org, |session| !good(session));
        // Rare, and large as a future: boxed, it does not weigh on every call.
        let open = async { Ok::<_, BoxError>(Box::pin(self.open(&org)).await?) };
        self.sessions.get_or_insert_async(&org, open).await
    }

    async fn open(&self, org: &OrgId) -> Result<Credentials, CredentialsError> {
        let role = AssumeRoleProvider::builder(&self.role)
            .configure(&self.sts)
            .session_name(org.as_str())
            .policy(session_policy(org, &self.role, &self.reach))
            .build()
            .await;
        role.provide_credentials().await
    }
}

impl ResolveCachedIdentity for TenantSessions {
    fn resolve_cached_identity<'a>(
        &'a self,
        _own: SharedIdentityResolver,
        _components: &'a RuntimeComponents,
        _config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async { Ok(self.credentials().await?.into()) })
    }
}

/// What a session for an org may do at the most; what it may do is that and what the tenant role may.
///
/// Of the table, an operation without leading keys, such as a `Scan`, would pass `ForAllValues` and is stopped
/// by `Null`. Of the bucket it may list what is the org's own, and reach no object of another's. An org id is letters, digits and
/// hyphens, so it brings no wildcard and no policy variable with it.
fn session_policy(org: &OrgId, role: &str, reach: &Reach) -> String {
    let statements = match reach {
        Reach::Items => json!([{
            "Effect": "Allow",
            "Action": "dynamodb:*",
            "Resource": "*",
            "Condition": {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [format!("{org}#*")]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        }]),
        Reach::Objects(bucket) => {
            // `arn:aws:iam::…`, or another of AWS's partitions.
            let partition = role.split(':').nth(1).unwrap_or("aws");
            let bucket = format!("arn:{partition}:s3:::{bucket}");
            json!([{
                "Effect": "Allow",
                "Action": "s3:*",
                "Resource": format!("{bucket}/{org}/*"),
            }, {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
                "Resource": bucket,
                "Condition": {"StringLike": {"s3:prefix": format!("{org}/*")}},
            }])
        }
    };
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}
