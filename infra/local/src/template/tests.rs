use serde_json::json;

use super::*;

const WHOLE: &str = r#"
Parameters:
  From: { Type: String, Default: no-reply@example.com }
  Acl: { Type: String, Default: "" }
Conditions:
  HasAcl: !Not [!Equals [!Ref Acl, ""]]
  Never: !Equals [a, b]
Globals:
  Function: { Timeout: 10, Environment: { Variables: { TABLE: !Ref Table, URL: "" } } }
Resources:
  ProfileFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/current/profile/bootstrap.zip
      Role: !GetAtt Role.Arn
      Environment: { Variables: { URL: here, FROM: !Ref From, CHOSEN: !If [Never, !Ref From, !Ref AWS::NoValue] } }
      Events:
        Root: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: ANY, Path: /profile } }
        Tree: { Type: HttpApi, Properties: { Method: get, Path: "/profile/{proxy+}" } }
  ChangesFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: changes/bootstrap.zip
      Timeout: 60
      Events:
        Stream:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            FunctionResponseTypes: [ReportBatchItemFailures]
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 10
            DestinationConfig: { OnFailure: { Destination: !GetAtt Dead.Arn } }
            FilterCriteria:
              Filters: [{ Pattern: '{"eventName":["INSERT"]}' }]
        Jobs: { Type: SQS, Properties: { Queue: !GetAtt JobsQueue.Arn, BatchSize: 5 } }
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_IMAGE }
      TimeToLiveSpecification: { AttributeName: ttl, Enabled: true }
  Bucket: { Type: "AWS::S3::Bucket" }
  Ring:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString: { SecretStringTemplate: '{"current":"k1"}', GenerateStringKey: k1, PasswordLength: 64 }
  OriginSecret: { Type: "AWS::SecretsManager::Secret", Condition: HasAcl }
  JobsQueue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 180
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5 }
  Dead: { Type: "AWS::SQS::Queue" }
  Alarm: { Type: "AWS::CloudWatch::Alarm", Properties: { Threshold: !If [HasAcl, 1, 2] } }
"#;

#[test]
fn a_whole_template_is_read() {
    let template = Template::parse(WHOLE).unwrap();
    assert_eq!(
        template.functions["profile"].timeout,
        Duration::from_secs(10)
    );
    assert_eq!(
        template.functions["changes"].timeout,
        Duration::from_mins(1)
    );
    assert_eq!(template.functions["changes"].logical_id, "ChangesFunction");
    let (text, reference) = (
        |text: &str| Setting::Text(text.to_owned()),
        |id: &str| Setting::Ref(id.to_owned()),
    );
    let environment = [
        ("FROM", reference("From")),
        ("TABLE", reference("Table")),
        ("URL", text("here")),
    ];
    let environment = environment.map(|(name, setting)| (name.to_owned(), setting));
    assert_eq!(
        template.functions["profile"].environment,
        BTreeMap::from(environment)
    );
    let refs = [
        ("Acl", ""),
        ("Bucket", "portico-bucket"),
        ("From", "no-reply@example.com"),
        ("Ring", "portico/keyring"),
        ("Table", "portico-table"),
    ];
    let refs = refs.map(|(id, value)| (id.to_owned(), value.to_owned()));
    assert_eq!(template.refs, BTreeMap::from(refs));
    let routes: Vec<_> = template
        .routes
        .iter()
        .map(|route| (route.method.as_deref(), route.path.as_str()))
        .collect();
    assert_eq!(
        routes,
        [(None, "/profile"), (Some("GET"), "/profile/{proxy+}")]
    );
    let stream = &template.streams[0];
    assert_eq!(
        (stream.batch_size, stream.max_retries, stream.bisect),
        (100, Some(10), true)
    );
    assert_eq!(
        (stream.on_failure.as_deref(), stream.report_item_failures),
        (Some("Dead"), true)
    );
    let source = &template.queue_sources[0];
    assert_eq!(
        (
            source.queue.as_str(),
            source.batch_size,
            source.report_item_failures
        ),
        ("JobsQueue", 5, false)
    );
    assert_eq!(
        template.table.create["StreamSpecification"],
        json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" })
    );
    assert_eq!(template.table.ttl_attribute.as_deref(), Some("ttl"));
    assert_eq!(
        (template.table.name.as_str(), template.bucket.as_str()),
        ("portico-table", "portico-bucket")
    );
    let jobs = template
        .queues
        .iter()
        .find(|queue| queue.logical_id == "JobsQueue")
        .unwrap();
    assert_eq!(jobs.visibility, Duration::from_mins(3));
    assert_eq!(jobs.redrive.as_ref().unwrap().max_receives, 5);
    assert_eq!(
        (template.key_ring.key.as_str(), template.key_ring.length),
        ("k1", 64)
    );
}

/// What is broken, how, and a part of the one line about it.
const BROKEN: &[(&str, &str, &str)] = &[
    ("Resources:", "Resources: [", "line"),
    ("Resources:", "Resource:", "missing field `Resources`"),
    (
        "Type: AWS::DynamoDB::Table",
        "Type: AWS::DynamoDB::Tables",
        "there is no AWS::DynamoDB::Table",
    ),
    (
        "CodeUri: target/lambda/current/profile/bootstrap.zip",
        "CodeUri: functions/profile",
        "ProfileFunction: CodeUri must be <folder>/<function>/bootstrap.zip",
    ),
    (
        "URL: here",
        "URL: !Sub here",
        "ProfileFunction: Environment.URL must be text or !Ref",
    ),
    (
        "URL: \"\"",
        "URL: []",
        "Globals.Function: Environment.URL must be text",
    ),
    (
        "CodeUri: changes/",
        "CodeUri: profile/",
        "ProfileFunction: another function is called profile",
    ),
    (
        "Type: SQS,",
        "Type: Kinesis,",
        "ChangesFunction: Events.Jobs: the local platform knows no Kinesis events",
    ),
    (
        "BatchSize: 5",
        "BatchSize: 11",
        "Events.Jobs: BatchSize must be 1 to 10, not 11",
    ),
    (
        "BatchSize: 5",
        "BatchSize: many",
        "Events.Jobs: invalid type",
    ),
    (
        "Queue: !GetAtt JobsQueue.Arn",
        "Queue: !GetAtt Missing.Arn",
        "changes points to Missing",
    ),
    (
        "Stream: !GetAtt Table.StreamArn",
        "Stream: table",
        "Stream must be !GetAtt",
    ),
    (
        "\"eventName\":[\"INSERT\"]",
        "\"eventName\":[{\"prefix\":\"I\"}]",
        "Events.Stream: ",
    ),
    (
        "/profile/{proxy+}",
        "/profile/{proxy+}/x",
        "the greedy variable must end the path",
    ),
    ("Path: /profile }", "Path: profile }", "belong together"),
    (
        "maxReceiveCount: 5",
        "maxReceiveCount: 0",
        "JobsQueue: maxReceiveCount must be at least 1",
    ),
    (
        "Dead: { Type: \"AWS::SQS::Queue\" }",
        "Dead: { Type: \"AWS::SQS::Queue\", Properties: { FifoQueue: true } }",
        "Dead: the local platform serves no FIFO",
    ),
    (
        "'{\"current\":\"k1\"}'",
        "'k1'",
        "Ring: SecretStringTemplate must be a JSON object",
    ),
    (
        "Condition: HasAcl",
        "Condition: HasACL",
        "OriginSecret: there is no condition HasACL",
    ),
    (
        "Alarm: { Type: \"AWS::CloudWatch::Alarm\"",
        "Alarm: { Type: \"AWS::S3::Bucket\"",
        "Bucket: the local platform serves one of its kind",
    ),
];

#[test]
fn a_broken_template_gives_one_line_that_names_the_fault() {
    for (find, replace, expected) in BROKEN {
        assert!(WHOLE.contains(find), "{find} is in the template");
        let error = Template::parse(&WHOLE.replacen(find, replace, 1)).expect_err(replace);
        assert!(error.contains(expected), "{replace}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Template::load(Path::new("no/such.yaml"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("no/such.yaml: "), "{error}");
}
