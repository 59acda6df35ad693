//! A task's `Resource`: what it calls, and whether it waits.
//!
//! Source: Step Functions Developer Guide, "Integrating services" (optimized
//! integrations and their patterns) and "AWS SDK service integrations".

use crate::languages::is_opaque;

/// What a task calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// An optimized integration: `arn:aws:states:::sqs:sendMessage`.
    Optimized {
        /// As in the ARN: `sqs`.
        service: String,
        /// As in the ARN, without its pattern: `sendMessage`.
        action: String,
        /// Whether and how it waits.
        integration: Integration,
    },
    /// Any API action: `arn:aws:states:::aws-sdk:translate:translateText`.
    Sdk {
        /// As in the ARN: `sfn`, `sesv2`.
        service: String,
        /// As in the ARN, without its pattern: `sendEmail`.
        action: String,
        /// Whether it waits for a token; an SDK call can't `.sync`.
        integration: Integration,
    },
    /// A Lambda function's own ARN.
    Function(String),
    /// An activity's ARN.
    Activity(String),
    /// A stack expression: what it calls is known once it is filled in.
    Opaque(String),
}

/// How long a task waits for what it called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Integration {
    /// For the answer to the request.
    RequestResponse,
    /// For the job to end (`.sync`).
    Sync,
    /// For the job to end, with its output as JSON (`.sync:2`).
    Sync2,
    /// For somebody to send the token back (`.waitForTaskToken`).
    WaitForTaskToken,
}

const ANSWER: &[Integration] = &[Integration::RequestResponse];
const JOB: &[Integration] = &[Integration::RequestResponse, Integration::Sync];
const TOKEN: &[Integration] = &[Integration::RequestResponse, Integration::WaitForTaskToken];
const JOB_OR_TOKEN: &[Integration] =
    &[Integration::RequestResponse, Integration::Sync, Integration::WaitForTaskToken];

/// The optimized integrations: service, actions, and the patterns they allow.
#[rustfmt::skip]
const OPTIMIZED: &[(&str, &[&str], &[Integration])] = &[
    ("apigateway", &["invoke"], TOKEN),
    ("athena", &["startQueryExecution"], JOB),
    ("athena", &["stopQueryExecution", "getQueryExecution", "getQueryResults"], ANSWER),
    ("batch", &["submitJob"], JOB),
    ("bedrock", &["invokeModel"], ANSWER),
    ("bedrock", &["createModelCustomizationJob"], JOB),
    ("codebuild", &["startBuild", "startBuildBatch", "retryBuildBatch"], JOB),
    ("codebuild", &["stopBuild", "batchDeleteBuilds", "batchGetReports", "stopBuildBatch", "deleteBuildBatch"], ANSWER),
    ("databrew", &["startJobRun"], JOB),
    ("dynamodb", &["getItem", "putItem", "deleteItem", "updateItem"], ANSWER),
    ("ecs", &["runTask"], JOB_OR_TOKEN),
    ("eks", &["createCluster", "deleteCluster", "createNodegroup", "deleteNodegroup", "createFargateProfile", "deleteFargateProfile", "runJob"], JOB),
    ("eks", &["call"], ANSWER),
    ("elasticmapreduce", &["createCluster", "terminateCluster", "addStep"], JOB),
    ("elasticmapreduce", &["setClusterTerminationProtection", "cancelStep", "modifyInstanceFleetByName", "modifyInstanceGroupByName"], ANSWER),
    ("emr-containers", &["deleteVirtualCluster", "startJobRun"], JOB),
    ("emr-containers", &["createVirtualCluster"], ANSWER),
    ("emr-serverless", &["createApplication", "startJobRun", "cancelJobRun"], JOB),
    ("emr-serverless", &["startApplication", "stopApplication", "deleteApplication"], JOB),
    ("events", &["putEvents"], TOKEN),
    ("glue", &["startJobRun"], JOB),
    ("http", &["invoke"], ANSWER),
    ("lambda", &["invoke"], TOKEN),
    ("mediaconvert", &["createJob"], JOB),
    ("sagemaker", &["createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"], ANSWER),
    ("sagemaker", &["createHyperParameterTuningJob", "createLabelingJob", "createProcessingJob", "createTrainingJob", "createTransformJob"], JOB),
    ("sns", &["publish"], TOKEN),
    ("sqs", &["sendMessage"], TOKEN),
];

/// `startExecution` alone has both forms of `.sync`.
const START_EXECUTION: &[Integration] =
    &[Integration::RequestResponse, Integration::Sync, Integration::Sync2, Integration::WaitForTaskToken];

impl Integration {
    /// As it ends a `Resource`; nothing for a plain request.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::RequestResponse => "",
            Self::Sync => ".sync",
            Self::Sync2 => ".sync:2",
            Self::WaitForTaskToken => ".waitForTaskToken",
        }
    }

    /// `sendMessage.waitForTaskToken` → the action and how it waits.
    fn split(text: &str) -> Option<(&str, Self)> {
        match text.split_once('.') {
            None => Some((text, Self::RequestResponse)),
            Some((action, "sync")) => Some((action, Self::Sync)),
            Some((action, "sync:2")) => Some((action, Self::Sync2)),
            Some((action, "waitForTaskToken")) => Some((action, Self::WaitForTaskToken)),
            Some(_) => None,
        }
    }
}

impl Resource {
    /// Reads a `Resource`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((partition, rest)) = text.split_once(":states:::")
            && partition.starts_with("arn:")
        {
            return Self::integration(text, rest);
        }
        if is_opaque(text) {
            return Ok(Self::Opaque(text.to_owned()));
        }
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            ["arn", _, "lambda", _, _, "function", _] | ["arn", _, "lambda", _, _, "function", _, _] => {
                Ok(Self::Function(text.to_owned()))
            }
            ["arn", _, "states", _, _, "activity", _] => Ok(Self::Activity(text.to_owned())),
            _ => Err(format!("`{text}` isn't the ARN of an integration, a function or an activity")),
        }
    }

    fn integration(text: &str, rest: &str) -> Result<Self, String> {
        if is_opaque(rest) {
            return Ok(Self::Opaque(text.to_owned()));
        }
        let unknown = || format!("`{rest}` isn't an integration of Step Functions");
        if let Some(call) = rest.strip_prefix("aws-sdk:") {
            let (service, action) = call.split_once(':').ok_or_else(unknown)?;
            let (action, integration) = Integration::split(action).ok_or_else(unknown)?;
            if matches!(integration, Integration::Sync | Integration::Sync2) {
                return Err(format!("`{rest}` can't wait for a job: `.sync` is for optimized integrations"));
            }
            let named = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
            if !named(service) || !named(action) || !action.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Err(unknown());
            }
            return Ok(Self::Sdk { service: service.to_owned(), action: action.to_owned(), integration });
        }
        let (service, action) = rest.split_once(':').ok_or_else(unknown)?;
        let (action, integration) = Integration::split(action).ok_or_else(unknown)?;
        let allowed = allowed(service, action).ok_or_else(unknown)?;
        if !allowed.contains(&integration) {
            return Err(format!("`{service}:{action}` has no `{}`", integration.suffix()));
        }
        Ok(Self::Optimized { service: service.to_owned(), action: action.to_owned(), integration })
    }

    /// Only what a task may call.
    pub(super) fn called(self) -> Result<Self, String> {
        match self {
            Self::Optimized { service, action, .. } if service == "s3" => Err(format!(
                "`s3:{action}` is for what a distributed map reads and writes; a task calls `aws-sdk:s3:{action}`"
            )),
            other => Ok(other),
        }
    }

    /// Whether and how it waits; a function and an activity are waited for
    /// as a request is.
    #[must_use]
    pub fn waits(&self) -> Integration {
        match self {
            Self::Optimized { integration, .. } | Self::Sdk { integration, .. } => *integration,
            Self::Function(_) | Self::Activity(_) | Self::Opaque(_) => Integration::RequestResponse,
        }
    }
}

/// The optimized integrations that a task may call, as service and action.
pub fn optimized() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    let listed =
        OPTIMIZED.iter().flat_map(|(service, actions, _)| actions.iter().map(|action| (*service, *action)));
    listed.chain([("states", "startExecution")])
}

fn allowed(service: &str, action: &str) -> Option<&'static [Integration]> {
    match (service, action) {
        ("states", "startExecution") => return Some(START_EXECUTION),
        // What a distributed map reads and writes; not calls of a task.
        ("s3", "getObject" | "listObjectsV2" | "putObject") => return Some(ANSWER),
        _ => {}
    }
    OPTIMIZED
        .iter()
        .find(|(known, actions, _)| *known == service && actions.contains(&action))
        .map(|(_, _, patterns)| *patterns)
}
