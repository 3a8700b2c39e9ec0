//! What the template declares for a function's environment, filled in for the embedded services.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::Endpoints;
use crate::data_dir::write_whole;
use crate::error::StartError;
use crate::template::{FunctionSpec, Setting, Template};

/// The name by which a container reaches this machine.
const HOST: &str = "host.docker.internal";

/// Every declared variable by its name.
pub(super) fn of(
    function: &FunctionSpec,
    template: &Template,
    endpoints: &Endpoints,
) -> Result<BTreeMap<String, String>, String> {
    let here: BTreeMap<_, _> = endpoints.environment().into_iter().collect();
    let mut environment = BTreeMap::new();
    for (name, setting) in &function.environment {
        let value = match setting {
            Setting::Ref(id) => (template.refs.get(id))
                .or_else(|| endpoints.queue_urls.get(id))
                .ok_or_else(|| format!("{name} refers to {id}, which is not served here"))?
                .clone(),
            Setting::Text(text) => match here.get(name.as_str()) {
                Some(endpoint) if text.is_empty() => (*endpoint).to_owned(),
                _ => text.clone(),
            },
        };
        environment.insert(name.clone(), value);
    }
    Ok(environment)
}

/// Writes the file that `sam local invoke --env-vars` takes: functions by logical id, for containers.
pub(super) fn write_for_sam(
    file: &Path,
    template: &Template,
    endpoints: &Endpoints,
) -> Result<(), StartError> {
    let mut functions = BTreeMap::new();
    for (name, function) in &template.functions {
        let mut environment = of(function, template, endpoints)
            .map_err(|reason| StartError::service("environment", format!("{name}: {reason}")))?;
        for value in environment.values_mut() {
            *value = value.replace("//127.0.0.1:", &format!("//{HOST}:"));
        }
        functions.insert(&function.logical_id, environment);
    }
    let json = serde_json::to_value(functions).map(|functions: Value| format!("{functions:#}\n"));
    let json = json.map_err(|error| StartError::service("environment", error))?;
    write_whole(file, json.as_bytes()).map_err(|source| StartError::Folder {
        path: file.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints() -> Endpoints {
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        Endpoints {
            dynamodb: at(1),
            s3: at(2),
            sqs: at(3),
            ses: at(4),
            sns: at(6),
            secrets: at(5),
            queue_urls: BTreeMap::from([("Jobs".to_owned(), format!("{}/0/jobs", at(3)))]),
            table: "portico-table".to_owned(),
            bucket: "portico-bucket".to_owned(),
            key_ring: "portico/keyring".to_owned(),
        }
    }

    /// A template with one function that has these variables.
    fn template(variables: &str) -> Template {
        let text = format!(
            r#"
Conditions:
  Never: !Equals [a, b]
Resources:
  Toy: {{ Type: "AWS::Serverless::Function", Properties: {{ CodeUri: toy/bootstrap.zip, Environment: {{ Variables: {variables} }} }} }}
  Table: {{ Type: "AWS::DynamoDB::Table", Properties: {{ AttributeDefinitions: [], KeySchema: [] }} }}
  Bucket: {{ Type: "AWS::S3::Bucket" }}
  Ring: {{ Type: "AWS::SecretsManager::Secret", Properties: {{ GenerateSecretString: {{ SecretStringTemplate: "{{}}", GenerateStringKey: k }} }} }}
  Jobs: {{ Type: "AWS::SQS::Queue" }}
"#
        );
        Template::parse(&text).unwrap()
    }

    #[test]
    fn declared_variables_lead_to_the_embedded_services() {
        let template = template(
            "{ TABLE: !Ref Table, RING: !Ref Ring, QUEUE: !Ref Jobs, OFF: !If [Never, b, !Ref AWS::NoValue],\n\
             AWS_ENDPOINT_URL_SQS: '', AWS_ENDPOINT_URL_S3: 'http://elsewhere', EMPTY: '' }",
        );
        let environment = of(&template.functions["toy"], &template, &endpoints()).unwrap();
        let expected = [
            ("AWS_ENDPOINT_URL_S3", "http://elsewhere"),
            ("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:3"),
            ("EMPTY", ""),
            ("QUEUE", "http://127.0.0.1:3/0/jobs"),
            ("RING", "portico/keyring"),
            ("TABLE", "portico-table"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(environment, BTreeMap::from(expected));
    }

    #[test]
    fn a_reference_to_what_is_not_served_here_is_named() {
        let template = template("{ TOPIC: !Ref Topic }");
        let error = of(&template.functions["toy"], &template, &endpoints()).unwrap_err();
        assert_eq!(error, "TOPIC refers to Topic, which is not served here");
    }

    #[test]
    fn sam_is_told_how_a_container_reaches_this_machine() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("sam-env.json");
        let template = template("{ QUEUE: !Ref Jobs, AWS_ENDPOINT_URL_SQS: '' }");
        write_for_sam(&file, &template, &endpoints()).unwrap();
        let written: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        assert_eq!(
            written,
            serde_json::json!({"Toy": {
                "AWS_ENDPOINT_URL_SQS": "http://host.docker.internal:3",
                "QUEUE": "http://host.docker.internal:3/0/jobs",
            }})
        );
    }
}
