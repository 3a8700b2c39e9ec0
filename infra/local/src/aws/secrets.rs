//! Secrets Manager with one secret, the key ring, made as the template says.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::{ACCOUNT, REGION};
use crate::data_dir::{DataDir, write_whole};
use crate::error::StartError;
use crate::template::{KEY_RING, SecretSpec};

const FILE: &str = "keyring.json";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The secret's value. It is made once and kept, so that tokens stay good over a restart.
pub(super) fn key_ring(data: &DataDir, spec: &SecretSpec) -> Result<Arc<str>, StartError> {
    let path = data.file(FILE);
    match fs::read_to_string(&path) {
        Ok(value) => return Ok(value.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(source) => return Err(StartError::Folder { path, source }),
    }
    let mut random = vec![0; spec.length];
    getrandom::fill(&mut random).map_err(|error| StartError::service("Secrets Manager", error))?;
    // 64 letters, so each is exactly six of the eight random bits.
    let password: String = random
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 64)]))
        .collect();
    let mut value = spec.template.clone();
    value.insert(spec.key.clone(), Value::String(password));
    let value = Value::Object(value).to_string();
    write_whole(&path, value.as_bytes()).map_err(|source| StartError::Folder { path, source })?;
    Ok(value.into())
}

/// The endpoint.
pub(super) fn router(value: Arc<str>) -> Router {
    Router::new().route("/", post(handle)).with_state(value)
}

async fn handle(State(value): State<Arc<str>>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if operation != "secretsmanager.GetSecretValue" {
        return refuse(
            "UnknownOperationException",
            &format!("The local Secrets Manager has no {operation:?}."),
        );
    }
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return refuse("SerializationException", "The body is no JSON.");
    };
    let arn = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{KEY_RING}-local1");
    match request["SecretId"].as_str() {
        Some(id) if id == KEY_RING || id == arn => answer(
            StatusCode::OK,
            &json!({
                "ARN": arn,
                "Name": KEY_RING,
                "SecretString": &*value,
                "VersionId": "00000000-0000-0000-0000-000000000001",
                "VersionStages": ["AWSCURRENT"],
            }),
        ),
        Some(_) => refuse(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        ),
        None => refuse("InvalidParameterException", "SecretId is missing."),
    }
}

fn refuse(code: &str, message: &str) -> Response {
    answer(
        StatusCode::BAD_REQUEST,
        &json!({ "__type": code, "Message": message }),
    )
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/x-amz-json-1.1")],
        body.to_string(),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_ring_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let data = DataDir::open(Some(folder.path())).unwrap();
        let template = json!({ "current": "k1" }).as_object().unwrap().clone();
        let spec = SecretSpec {
            template,
            key: "k1".to_owned(),
            length: 64,
        };
        let first = key_ring(&data, &spec).unwrap();
        let value: Value = serde_json::from_str(&first).unwrap();
        assert_eq!(value["current"], "k1");
        assert_eq!(value["k1"].as_str().unwrap().len(), 64);
        assert_eq!(key_ring(&data, &spec).unwrap(), first);
        assert_eq!(
            fs::metadata(data.file(FILE)).unwrap().permissions().mode() & 0o777,
            0o600
        );

        let other = DataDir::open(None).unwrap();
        assert_ne!(key_ring(&other, &spec).unwrap(), first);
    }
}
