//! The evaluator that the roles are held to.

use std::collections::BTreeMap;

use portico_tests::iam::policy::{Call, Decision, Policy};
use serde_json::{Value, json};

fn document(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn decide(statements: &Value, action: &str, resource: &str, keys: &[&str]) -> &'static str {
    let mut context = BTreeMap::new();
    if !keys.is_empty() {
        let keys = keys.iter().map(ToString::to_string).collect();
        context.insert("dynamodb:LeadingKeys".to_owned(), keys);
    }
    let call = Call {
        action: action.to_owned(),
        resource: resource.to_owned(),
        context,
    };
    let policy = Policy::parse(&document(statements)).expect("the policy is understood");
    match policy.decide(&call) {
        Decision::Allowed(_) => "allowed",
        Decision::Silent => "silent",
        Decision::Denied => "denied",
    }
}

#[test]
fn what_no_statement_names_is_not_allowed_and_a_denial_outweighs() {
    let statements = json!([
        {"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "arn:b/*"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:b/secret?"},
    ]);
    let asked = |action, resource| decide(&statements, action, resource, &[]);
    assert_eq!(asked("s3:GetObject", "arn:b/x"), "allowed");
    assert_eq!(asked("S3:getobject", "arn:b/x"), "allowed");
    assert_eq!(asked("s3:GetObject", "arn:B/x"), "silent");
    assert_eq!(asked("s3:GetObject", "arn:b"), "silent");
    assert_eq!(asked("s3:PutObjectAcl", "arn:b/x"), "silent");
    assert_eq!(asked("s3:DeleteObject", "arn:b/x"), "silent");
    assert_eq!(asked("s3:GetObject", "arn:b/secrets"), "denied");
    assert_eq!(asked("s3:GetObject", "arn:b/secret"), "allowed");
    assert_eq!(asked("s3:GetObject", "arn:b/a/secrets"), "allowed");
}

#[test]
fn every_leading_key_must_match_and_null_wants_that_there_are_some() {
    let like = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["acme#*"]}});
    let mut guarded = like.clone();
    guarded["Null"] = json!({"dynamodb:LeadingKeys": "false"});
    let asked = |condition: &Value, keys: &[&str]| {
        let statement =
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        decide(&statement, "dynamodb:GetItem", "table", keys)
    };
    assert_eq!(asked(&like, &["acme#ORG", "acme#C#1"]), "allowed");
    assert_eq!(asked(&like, &["acme#ORG", "globex#ORG"]), "silent");
    assert_eq!(asked(&like, &["acme-2#ORG"]), "silent");
    assert_eq!(asked(&like, &["xacme#ORG"]), "silent");
    assert_eq!(asked(&like, &["acme"]), "silent");
    assert_eq!(asked(&like, &[]), "allowed");
    assert_eq!(asked(&guarded, &[]), "silent");
    assert_eq!(asked(&guarded, &["acme#ORG"]), "allowed");
}

#[test]
fn string_equals_wants_the_value_to_be_there() {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"dynamodb:LeadingKeys": "acme"}}});
    let asked = |keys: &[&str]| decide(&statement, "dynamodb:GetItem", "table", keys);
    assert_eq!(asked(&["acme"]), "allowed");
    assert_eq!(asked(&["acme#"]), "silent");
    assert_eq!(asked(&[]), "silent");
}

#[test]
fn what_the_evaluator_does_not_know_is_an_error() {
    let statement = |member: &str, value: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        statement[member] = value;
        document(&statement)
    };
    assert!(Policy::parse(&statement("Sid", json!("Fine"))).is_ok());
    for (member, value, reason) in [
        (
            "Condition",
            json!({"IpAddress": {"aws:SourceIp": "::1"}}),
            "the condition operator IpAddress",
        ),
        ("NotAction", json!("s3:*"), "the policy member NotAction"),
        ("Effect", json!("Maybe"), "the effect \"Maybe\""),
        (
            "Resource",
            json!({"Ref": "Table"}),
            "{\"Ref\":\"Table\"} where texts should be",
        ),
        ("Action", json!([]), "[] where texts should be"),
    ] {
        assert_eq!(
            Policy::parse(&statement(member, value)).unwrap_err(),
            reason
        );
    }
    let old = json!({"Version": "2008-10-17", "Statement": []});
    assert_eq!(
        Policy::parse(&old).unwrap_err(),
        "the version \"2008-10-17\""
    );
}
