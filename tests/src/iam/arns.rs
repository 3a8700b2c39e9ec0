//! Names of resources, as policies have them.

pub(super) const REGION: &str = "us-east-1";
pub(super) const ACCOUNT: &str = "000000000000";

pub(super) fn arn(service: &str, what: &str) -> String {
    let region = if service == "iam" { "" } else { REGION };
    format!("arn:aws:{service}:{region}:{ACCOUNT}:{what}")
}

pub(super) fn queue_arn(url: &str) -> String {
    arn("sqs", url.rsplit('/').next().unwrap_or(url))
}

/// The names of buckets are everybody's.
pub(super) fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// Secrets Manager adds six letters to a secret's name.
pub(super) fn secret_arn(id: &str) -> String {
    arn("secretsmanager", &format!("secret:{id}-AbCdEf"))
}
