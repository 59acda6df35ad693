//! The services. Each is a synchronous function of the world, a call and the time; none imports
//! another: what they share is the resources that exist ([`resources`]) and the world's task queue.

pub(crate) mod apigateway;
pub(crate) mod arns;
pub(crate) mod cloudcontrol;
pub(crate) mod dynamodb;
pub(crate) mod events;
pub(crate) mod generic;
pub(crate) mod iam;
pub(crate) mod logs;
pub(crate) mod members;
pub(crate) mod pipes;
pub(crate) mod refusal;
pub(crate) mod resource;
pub(crate) mod resource_policy;
pub(crate) mod resources;
pub(crate) mod s3;
pub(crate) mod scheduler;
pub(crate) mod schemas;
pub(crate) mod ses;
pub(crate) mod sns;
pub(crate) mod sqs;
pub(crate) mod stepfunctions;
pub(crate) mod sts;
pub(crate) mod various;

use super::auth::Trouble;
use super::fault::Fault;
use super::gateway::Call;
use super::iam::session_arn;
use super::protocol::{Input, Output};
use super::settings::Settings;
use super::store::AnyTable;
use super::world::World;
use resource::Handler;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a call acts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// Twelve digits.
    pub(crate) account: String,
    /// `us-east-1`.
    pub(crate) region: String,
}

/// Who calls, and where the call acts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Caller {
    pub(crate) scope: Scope,
    /// The principal.
    pub(crate) arn: String,
    /// As `GetCallerIdentity` has it.
    pub(crate) user_id: String,
    /// Whose credentials this cloud issued; any other caller is the account's root.
    pub(crate) session: Option<Arc<sts::Session>>,
}

/// An operation's function: the world, the operation's name, its input, who calls.
pub(crate) type Run = fn(&mut World, &str, &Input, &Caller) -> Result<Output, Fault>;

/// An AWS service that clients may ask for, whether this cloud has it or not.
#[derive(Debug)]
pub(crate) struct Service {
    /// For people.
    pub(crate) name: &'static str,
    /// `X-Amz-Target`'s prefix, or the service's shape name in RPC v2; empty where there is none.
    pub(crate) target: &'static str,
    /// In the credential scope.
    pub(crate) signing: &'static str,
    /// Of its XML; empty where it has none.
    pub(crate) namespace: &'static str,
    /// What answers it here.
    pub(crate) run: Option<Run>,
}

const fn absent(name: &'static str, target: &'static str, signing: &'static str) -> Service {
    Service { name, target, signing, namespace: "", run: None }
}

/// Every service whose name this cloud knows.
pub(crate) const KNOWN: &[Service] = &[
    Service {
        name: "Cloud Control",
        target: "CloudApiService",
        signing: "cloudcontrolapi",
        namespace: "",
        run: Some(cloudcontrol::call),
    },
    Service {
        name: "STS",
        target: "AWSSecurityTokenServiceV20110615",
        signing: "sts",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        run: Some(sts::call),
    },
    absent("EventBridge", "AWSEvents", "events"),
    absent("Step Functions", "AWSStepFunctions", "states"),
    Service { name: "SQS", target: "AmazonSQS", signing: "sqs", namespace: "", run: Some(sqs::call) },
    absent("SNS", "AmazonSimpleNotificationService", "sns"),
    absent("IAM", "AWSIdentityManagementV20100508", "iam"),
    absent("SES", "SimpleEmailService", "ses"),
    absent("CloudFormation", "CloudFormation_20100515", "cloudformation"),
    absent("DynamoDB", "DynamoDB_20120810", "dynamodb"),
    absent("DynamoDB Streams", "DynamoDBStreams_20120810", "dynamodb"),
    absent("CloudWatch Logs", "Logs_20140328", "logs"),
    absent("CloudWatch", "GraniteServiceVersion20100801", "monitoring"),
    absent("KMS", "TrentService", "kms"),
    absent("Systems Manager", "AmazonSSM", "ssm"),
    absent("Secrets Manager", "secretsmanager", "secretsmanager"),
    absent("Comprehend", "Comprehend_20171127", "comprehend"),
    absent("Translate", "AWSShineFrontendService_20170701", "translate"),
    absent("EventBridge Pipes", "Pipes", "pipes"),
    absent("EventBridge Scheduler", "AWSChronosService", "scheduler"),
    absent("EventBridge Schemas", "Schemas", "schemas"),
    absent("API Gateway", "BackplaneControlService", "apigateway"),
    absent("Lambda", "AWSGirApiService", "lambda"),
    absent("S3", "AmazonS3", "s3"),
    absent("EC2", "AmazonEC2", "ec2"),
];

/// All services' rows.
pub(crate) struct Services {
    pub(crate) resources: resources::Resources,
    pub(crate) cloudcontrol: cloudcontrol::State,
    pub(crate) sts: sts::State,
}

impl Services {
    pub(crate) fn new() -> Self {
        Self {
            resources: resources::Resources::new(),
            cloudcontrol: cloudcontrol::State::new(),
            sts: sts::State::new(),
        }
    }

    /// Every table, for loading and committing.
    pub(crate) fn tables(&mut self) -> Vec<&mut dyn AnyTable> {
        let mut tables = self.resources.tables();
        tables.extend(self.cloudcontrol.tables());
        tables.push(self.sts.table());
        tables
    }

    /// Rebuilds what follows from the rows.
    pub(crate) fn loaded(&mut self) {
        self.cloudcontrol.loaded();
        self.sts.loaded();
    }
}

/// What a task does, by service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Work {
    /// A Cloud Control request goes on.
    CloudControl(cloudcontrol::Work),
}

impl Work {
    /// Of the request that it is for.
    pub(crate) fn token(&self) -> &str {
        match self {
            Self::CloudControl(work) => work.token(),
        }
    }
}

/// Ends the request whose task broke off in the middle.
pub(crate) fn broke_off(world: &mut World, token: &str) {
    cloudcontrol::broke_off(world, token);
}

/// Does a task that is due.
pub(crate) fn run(world: &mut World, work: Work) {
    match work {
        Work::CloudControl(work) => cloudcontrol::run(world, work),
    }
}

/// Answers a call.
pub(crate) fn call(world: &mut World, call: &Call) -> Result<Output, Fault> {
    let Some(run) = call.service.run else {
        return Err(Fault::unsupported(call.service.name, &call.operation));
    };
    let caller = caller(world, call).map_err(|trouble| trouble.fault(call.protocol))?;
    let answer = run(world, &call.operation, &call.input, &caller);
    // Names of operations that don't exist would fill the memory.
    let exists = |fault: &Fault| fault.code != "UnknownOperationException" && fault.status != 501;
    if answer.as_ref().err().is_none_or(exists) {
        world.counts.add_call(call.service.signing, &call.operation);
    }
    answer
}

/// Who calls. A key with a proof is one from here: it is a session or nobody.
fn caller(world: &World, call: &Call) -> Result<Caller, Trouble> {
    let partition = Settings::partition(&call.region);
    let Some(proof) = &call.proof else {
        let own_account = call.access_key.len() == 12 && call.access_key.bytes().all(|b| b.is_ascii_digit());
        let account = if own_account { call.access_key.clone() } else { world.settings.account.clone() };
        return Ok(Caller {
            arn: format!("arn:{partition}:iam::{account}:root"),
            user_id: account.clone(),
            scope: Scope { account, region: call.region.clone() },
            session: None,
        });
    };
    let session = world.services.sts.get(&call.access_key).ok_or(Trouble::UnknownKey)?;
    if proof.token.as_deref() != Some(session.token.as_str()) {
        return Err(Trouble::UnknownKey);
    }
    if !proof.holds(&session.secret) {
        return Err(Trouble::mismatch());
    }
    if session.expires <= world.now {
        return Err(Trouble::Expired);
    }
    let account = session.account.clone();
    let (arn, user_id) = match &session.identity {
        sts::Identity::Root => (format!("arn:{partition}:iam::{account}:root"), account.clone()),
        sts::Identity::Role { arn, id, name } => (session_arn(arn, name), format!("{id}:{name}")),
    };
    let scope = Scope { account, region: call.region.clone() };
    Ok(Caller { arn, user_id, scope, session: Some(Arc::clone(session)) })
}

/// Who makes, reads, changes and deletes resources of a type: the service's own handler where it has
/// one, else the handler that the schema alone drives.
pub(crate) fn handler(type_name: &str) -> &'static dyn Handler {
    typed(type_name).unwrap_or(&generic::Generic)
}

/// The service's own handler, for a type of which more is known than its schema.
pub(crate) fn typed(type_name: &str) -> Option<&'static dyn Handler> {
    let service = type_name.split("::").nth(1).unwrap_or("");
    match service {
        "ApiGateway" | "ApiGatewayV2" => apigateway::resource::handler(type_name),
        "DynamoDB" => dynamodb::resource::handler(type_name),
        "Events" => events::resource::handler(type_name),
        "EventSchemas" => schemas::resource::handler(type_name),
        "IAM" => iam::resource::handler(type_name),
        "Logs" => logs::resource::handler(type_name),
        "Pipes" => pipes::resource::handler(type_name),
        "S3" => s3::resource::handler(type_name),
        "Scheduler" => scheduler::resource::handler(type_name),
        "SES" => ses::resource::handler(type_name),
        "SNS" => sns::resource::handler(type_name),
        "SQS" => sqs::resource::handler(type_name),
        "StepFunctions" => stepfunctions::resource::handler(type_name),
        _ => various::resource::handler(type_name),
    }
}
