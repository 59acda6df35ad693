//! Which IAM actions an API action needs, and which argument names its target.
//!
//! An action that isn't named here follows the rule of its service: the IAM
//! action is the API action's name in capitals, and the target is the first of
//! the service's arguments that is there. A service that isn't named here has
//! no known target.

use super::TargetShape as S;

/// Actions, and what they are on.
pub(super) struct Rule {
    actions: Actions,
    pub on: On,
}

enum Actions {
    Fixed(&'static [&'static str]),
    Derived(String),
}

/// Where a target is found.
pub(super) enum On {
    /// In the first of these arguments that is there.
    First(&'static [(&'static str, S)]),
    /// In each place that a path leads to, if any.
    Each(&'static str, S),
    /// `*`.
    Any,
    /// An ARN pattern.
    Arn(&'static str),
    /// The machine itself.
    Own,
    /// It isn't known.
    Nowhere,
}

impl Rule {
    pub(super) fn first(actions: &'static [&'static str], on: &'static [(&'static str, S)]) -> Self {
        Self { actions: Actions::Fixed(actions), on: On::First(on) }
    }

    pub(super) fn new(actions: &'static [&'static str], on: On) -> Self {
        Self { actions: Actions::Fixed(actions), on }
    }

    pub(super) fn actions(&self) -> Vec<String> {
        match &self.actions {
            Actions::Fixed(names) => names.iter().map(|name| (*name).to_owned()).collect(),
            Actions::Derived(name) => vec![name.clone()],
        }
    }
}

/// SDK services whose IAM prefix isn't their own name.
#[rustfmt::skip]
const PREFIXES: &[(&str, &str)] = &[
    ("apigatewayv2", "apigateway"), ("applicationautoscaling", "application-autoscaling"),
    ("bedrockagentruntime", "bedrock"), ("bedrockruntime", "bedrock"),
    ("cloudwatchlogs", "logs"), ("cognitoidentity", "cognito-identity"),
    ("cognitoidentityprovider", "cognito-idp"), ("costexplorer", "ce"),
    ("databasemigration", "dms"), ("docdb", "rds"), ("dynamodbstreams", "dynamodb"),
    ("efs", "elasticfilesystem"), ("elasticloadbalancingv2", "elasticloadbalancing"),
    ("elasticsearch", "es"), ("emr", "elasticmapreduce"), ("emrcontainers", "emr-containers"),
    ("emrserverless", "emr-serverless"), ("eventbridge", "events"), ("iotdataplane", "iot"),
    ("kinesisanalyticsv2", "kinesisanalytics"), ("lexruntimev2", "lex"), ("location", "geo"),
    ("neptune", "rds"), ("opensearch", "es"), ("pinpoint", "mobiletargeting"),
    ("pinpointsmsvoicev2", "sms-voice"), ("rdsdata", "rds-data"), ("redshiftdata", "redshift-data"),
    ("resourcegroupstaggingapi", "tag"), ("s3control", "s3"), ("sagemakerruntime", "sagemaker"),
    ("sesv2", "ses"), ("sfn", "states"), ("ssoadmin", "sso"), ("timestreamquery", "timestream"),
    ("timestreamwrite", "timestream"),
];

/// The IAM prefix of a service of the AWS SDK integrations.
pub(super) fn iam_prefix(service: &str) -> &str {
    PREFIXES.iter().find(|(name, _)| *name == service).map_or(service, |(_, prefix)| prefix)
}

/// For each service: the arguments that may name what an action is on.
#[rustfmt::skip]
const TARGETS: &[(&str, &[(&str, S)])] = &[
    ("bedrock", &[("ModelId", S::FoundationModel)]),
    ("comprehend", &[("EndpointArn", S::Arn)]),
    ("dynamodb", &[("TableName", S::Table), ("TableArn", S::Table)]),
    ("events", &[("EventBusName", S::EventBus), ("ConnectionArn", S::Connection)]),
    ("firehose", &[("DeliveryStreamName", S::DeliveryStream)]),
    ("glue", &[("JobName", S::GlueJob)]),
    ("kinesis", &[("StreamARN", S::Arn), ("StreamName", S::Stream)]),
    ("kms", &[("KeyId", S::Key)]),
    ("lambda", &[("FunctionName", S::Function)]),
    ("logs", &[("LogGroupName", S::LogGroup), ("LogGroupIdentifier", S::LogGroup)]),
    ("s3", &[("Bucket", S::Bucket)]),
    ("secretsmanager", &[("SecretId", S::Secret), ("Name", S::Secret)]),
    ("ses", &[("FromEmailAddressIdentityArn", S::Arn), ("FromEmailAddress", S::EmailIdentity),
              ("SourceArn", S::Arn), ("Source", S::EmailIdentity)]),
    ("sns", &[("TopicArn", S::Topic), ("TargetArn", S::Arn), ("PhoneNumber", S::Nothing)]),
    ("sqs", &[("QueueUrl", S::QueueUrl)]),
    ("ssm", &[("Name", S::Parameter), ("Names/*", S::Parameter)]),
    ("states", &[("StateMachineArn", S::StateMachine), ("ActivityArn", S::Arn), ("ExecutionArn", S::Arn)]),
];

/// Actions that IAM knows no resource for, so that they are allowed on `*`.
/// A `*` at the end stands for any rest.
#[rustfmt::skip]
const RESOURCELESS: &[&str] = &[
    "cloudwatch:getMetricData", "cloudwatch:getMetricStatistics", "cloudwatch:putMetricData",
    "comprehend:batchDetect*", "comprehend:containsPiiEntities", "comprehend:detectDominantLanguage",
    "comprehend:detectKeyPhrases", "comprehend:detectPiiEntities", "comprehend:detectSentiment",
    "comprehend:detectSyntax", "comprehend:detectTargetedSentiment", "comprehend:detectToxicContent",
    "dynamodb:listTables", "ec2:describe*", "kms:generateRandom", "kms:listAliases", "kms:listKeys",
    "lambda:listFunctions", "polly:synthesizeSpeech",
    "rekognition:compareFaces", "rekognition:detectFaces", "rekognition:detectLabels",
    "rekognition:detectModerationLabels", "rekognition:detectText", "rekognition:recognizeCelebrities",
    "sns:listTopics", "sqs:listQueues", "states:listActivities", "states:listStateMachines",
    // The token names the execution, and nothing else does.
    "states:sendTaskFailure", "states:sendTaskHeartbeat", "states:sendTaskSuccess",
    "sts:getCallerIdentity",
    "textract:analyzeDocument", "textract:analyzeExpense", "textract:analyzeID",
    "textract:detectDocumentText", "textract:get*", "textract:start*",
    "translate:translateDocument", "translate:translateText",
];

const TABLE: &[(&str, S)] = &[("TableName", S::Table)];
const OBJECT: &[(&str, S)] = &[("Bucket", S::Object)];
const BUCKET: &[(&str, S)] = &[("Bucket", S::Bucket)];

/// The rules of an API action; `service` is an IAM prefix.
#[rustfmt::skip]
pub(super) fn rules(service: &str, action: &str) -> Vec<Rule> {
    let rule = |actions, on| vec![Rule::first(actions, on)];
    match (service, action) {
        ("apigateway", "invoke") => rule(&["execute-api:Invoke"], &[("ApiEndpoint", S::ApiEndpoint)]),
        ("batch", "submitJob") => vec![Rule::new(&["batch:SubmitJob"], On::Any)],
        ("dynamodb", "batchGetItem") => vec![Rule::new(&["dynamodb:BatchGetItem"], On::Each("RequestItems/@key", S::Table))],
        ("dynamodb", "batchWriteItem") => vec![Rule::new(&["dynamodb:BatchWriteItem"], On::Each("RequestItems/@key", S::Table))],
        ("dynamodb", "transactGetItems") => vec![Rule::new(&["dynamodb:GetItem"], On::Each("TransactItems/*/Get/TableName", S::Table))],
        ("dynamodb", "transactWriteItems") => vec![
            Rule::new(&["dynamodb:PutItem"], On::Each("TransactItems/*/Put/TableName", S::Table)),
            Rule::new(&["dynamodb:UpdateItem"], On::Each("TransactItems/*/Update/TableName", S::Table)),
            Rule::new(&["dynamodb:DeleteItem"], On::Each("TransactItems/*/Delete/TableName", S::Table)),
            Rule::new(&["dynamodb:ConditionCheckItem"], On::Each("TransactItems/*/ConditionCheck/TableName", S::Table)),
        ],
        ("dynamodb", "getItem" | "putItem" | "updateItem" | "deleteItem") => derived(service, action, On::First(TABLE)),
        ("ecs", "runTask") => vec![
            Rule::first(&["ecs:RunTask"], &[("TaskDefinition", S::TaskDefinition)]),
            Rule::new(&["iam:PassRole"], On::Nowhere),
        ],
        ("events", "putEvents") => rule(&["events:PutEvents"], &[("Entries/*/EventBusName", S::EventBus)]),
        ("http", "invoke") => vec![
            Rule::new(&["states:InvokeHTTPEndpoint"], On::Own),
            Rule::first(&["events:RetrieveConnectionCredentials"], &[("Authentication/ConnectionArn", S::Connection), ("InvocationConfig/ConnectionArn", S::Connection)]),
            Rule::new(&["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], On::Arn("arn:${Partition}:secretsmanager:${Region}:${Account}:secret:events!connection/*")),
        ],
        ("lambda", "invoke") => rule(&["lambda:InvokeFunction"], &[("FunctionName", S::Function)]),
        ("s3", "copyObject") => vec![
            Rule::first(&["s3:PutObject"], OBJECT),
            Rule::first(&["s3:GetObject"], &[("CopySource", S::Bucket)]),
        ],
        ("s3", "getObject" | "putObject" | "deleteObject" | "getObjectTagging" | "putObjectTagging" | "getObjectAttributes" | "restoreObject" | "abortMultipartUpload") => derived(service, action, On::First(OBJECT)),
        ("s3", "headObject" | "selectObjectContent") => rule(&["s3:GetObject"], OBJECT),
        ("s3", "deleteObjects") => rule(&["s3:DeleteObject"], OBJECT),
        ("s3", "createMultipartUpload" | "uploadPart" | "completeMultipartUpload") => rule(&["s3:PutObject"], OBJECT),
        ("s3", "listParts") => rule(&["s3:ListMultipartUploadParts"], OBJECT),
        ("s3", "listObjects" | "listObjectsV2" | "headBucket") => rule(&["s3:ListBucket"], BUCKET),
        ("s3", "listObjectVersions") => rule(&["s3:ListBucketVersions"], BUCKET),
        ("s3", "listBuckets") => vec![Rule::new(&["s3:ListAllMyBuckets"], On::Any)],
        ("sns", "publishBatch") => rule(&["sns:Publish"], &[("TopicArn", S::Topic)]),
        ("sqs", "sendMessageBatch") => rule(&["sqs:SendMessage"], &[("QueueUrl", S::QueueUrl)]),
        ("sqs", "deleteMessageBatch") => rule(&["sqs:DeleteMessage"], &[("QueueUrl", S::QueueUrl)]),
        ("sqs", "changeMessageVisibilityBatch") => rule(&["sqs:ChangeMessageVisibility"], &[("QueueUrl", S::QueueUrl)]),
        ("ssm", "getParameters") => rule(&["ssm:GetParameters"], &[("Names/*", S::Parameter)]),
        _ => derived(service, action, by_service(service, action)),
    }
}

fn by_service(service: &str, action: &str) -> On {
    let api = format!("{service}:{action}");
    let resourceless = RESOURCELESS.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => api.starts_with(start),
        None => api == *known,
    });
    if resourceless {
        return On::Any;
    }
    TARGETS.iter().find(|(known, _)| *known == service).map_or(On::Nowhere, |(_, targets)| On::First(targets))
}

/// The rule whose action is the API action's name in capitals.
fn derived(service: &str, action: &str, on: On) -> Vec<Rule> {
    let mut name = action.chars();
    let capital = name.next().map(|first| first.to_ascii_uppercase()).into_iter();
    let name: String = capital.chain(name).collect();
    vec![Rule { actions: Actions::Derived(format!("{service}:{name}")), on }]
}

/// `EventBridge` tells Step Functions of a job's end through a rule that Step
/// Functions makes in the account, as the machine's role.
const WATCH: &[&str] = &["events:PutTargets", "events:PutRule", "events:DescribeRule"];

/// What `.sync` needs besides the call itself.
#[rustfmt::skip]
pub(super) fn wait_rules(service: &str, action: &str) -> Vec<Rule> {
    match (service, action) {
        ("states", "startExecution") => vec![
            Rule::first(&["states:DescribeExecution", "states:StopExecution"], &[("StateMachineArn", S::ExecutionsOf)]),
            Rule::new(WATCH, On::Arn("arn:${Partition}:events:${Region}:${Account}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")),
        ],
        ("batch", "submitJob") => vec![
            Rule::new(&["batch:DescribeJobs", "batch:TerminateJob"], On::Any),
            Rule::new(WATCH, On::Arn("arn:${Partition}:events:${Region}:${Account}:rule/StepFunctionsGetEventsForBatchJobsRule")),
        ],
        ("ecs", "runTask") => vec![
            Rule::new(&["ecs:StopTask", "ecs:DescribeTasks"], On::Any),
            Rule::new(WATCH, On::Arn("arn:${Partition}:events:${Region}:${Account}:rule/StepFunctionsGetEventsForECSTaskRule")),
        ],
        ("glue", "startJobRun") => vec![
            Rule::first(&["glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"], &[("JobName", S::GlueJob)]),
        ],
        ("codebuild", _) => vec![
            Rule::new(&["codebuild:StopBuild", "codebuild:BatchGetBuilds"], On::Nowhere),
            Rule::new(WATCH, On::Arn("arn:${Partition}:events:${Region}:${Account}:rule/StepFunctionsGetEventForCodeBuildStartBuildRule")),
        ],
        // What a service without a row needs to wait isn't known, nor guessed.
        _ => Vec::new(),
    }
}
