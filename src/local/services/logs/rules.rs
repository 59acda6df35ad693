//! What CloudWatch Logs' API checks. Measured words are from badmintoncryer/cdk-preflight, September
//! 2026; the others from the API Reference and public issues.

use crate::local::iam::{self, Verdict};
use crate::local::services::arns::{self, Arn, Found};
use crate::local::services::members::{objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::{Properties, Resource};
use crate::local::settings::Settings;
use serde_json::Value as Json;
use std::sync::Arc;

/// At most this many (CloudWatch Logs quotas).
const METRIC_FILTERS: usize = 100;
const SUBSCRIPTION_FILTERS: usize = 2;
const RESOURCE_POLICIES: usize = 10;

fn invalid(words: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", 400, words)
}

fn limit() -> Refusal {
    Refusal::new("LimitExceededException", 400, "Resource limit exceeded.")
}

/// The group that a stream or a filter is of.
pub(super) fn group(context: &Context<'_>, name: &str) -> Result<Arc<Resource>, Refusal> {
    let group = context.resources.get(context.scope, "AWS::Logs::LogGroup", name).map(Arc::clone);
    group.ok_or_else(|| {
        Refusal::new("ResourceNotFoundException", 400, "The specified log group does not exist.")
    })
}

/// CreateLogGroup.
pub(super) fn check_group(context: &Context<'_>, properties: &Properties) -> Result<(), Refusal> {
    let name = text(properties, "LogGroupName").unwrap_or_default();
    if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws/")) {
        return Err(invalid("Log groups starting with AWS/ are reserved for AWS."));
    }
    if let Some(key) = text(properties, "KmsKeyId")
        && let Some(id) = Arn::parse(key)
            .filter(|arn| arn.account == context.scope.account)
            .and_then(|arn| arn.resource.strip_prefix("key/"))
        && context.resources.get(context.scope, "AWS::KMS::Key", id).is_none()
    {
        let arn = text(properties, "Arn").unwrap_or_default().trim_end_matches(":*");
        return Err(invalid(format!(
            "The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
        )));
    }
    Ok(())
}

/// What metric and subscription filters have in common; a group may have no more than `most`, and a
/// `fresh` one adds to them.
fn check_filter(
    context: &Context<'_>,
    properties: &Properties,
    most: usize,
    fresh: bool,
) -> Result<(), Refusal> {
    let pattern = text(properties, "FilterPattern").unwrap_or_default().trim();
    if pattern.starts_with('[') && !pattern.ends_with(']') {
        return Err(invalid("If a filter pattern starts with '[' it must end with ']'"));
    }
    let name = text(properties, "LogGroupName").unwrap_or_default();
    let group = group(context, name)?;
    if text(&group.properties, "LogGroupClass") == Some("INFREQUENT_ACCESS") {
        return Err(invalid("This operation is only supported on the Standard log class."));
    }
    let others = context
        .resources
        .of_type(context.scope, context.kind.name.as_str(), None)
        .filter(|row| text(&row.properties, "LogGroupName") == Some(name))
        .count();
    if fresh && others >= most { Err(limit()) } else { Ok(()) }
}

/// PutMetricFilter.
pub(super) fn check_metric(
    context: &Context<'_>,
    properties: &Properties,
    fresh: bool,
) -> Result<(), Refusal> {
    check_filter(context, properties, METRIC_FILTERS, fresh)?;
    for metric in objects(properties, "MetricTransformations") {
        if text(metric, "MetricNamespace").is_some_and(|space| space.starts_with("AWS/")) {
            return Err(invalid("Metric namespaces starting with AWS/ are reserved for AWS."));
        }
        let dimensions = metric.get("Dimensions").and_then(Json::as_array);
        if dimensions.is_some_and(|all| !all.is_empty()) && metric.contains_key("DefaultValue") {
            let words = "Invalid metric transformation: dimensions and default value are mutually exclusive properties";
            return Err(invalid(words));
        }
    }
    Ok(())
}

/// PutSubscriptionFilter sends a message to the destination, to see whether it comes there.
pub(super) fn check_subscription(
    context: &Context<'_>,
    properties: &Properties,
    fresh: bool,
) -> Result<(), Refusal> {
    let destination = text(properties, "DestinationArn").unwrap_or_default();
    let vendor = Arn::parse(destination).map_or("", |arn| arn.service);
    let role = text(properties, "RoleArn");
    match (vendor, role) {
        ("lambda", Some(_)) => {
            return Err(invalid("destinationArn for vendor lambda cannot be used with roleArn"));
        }
        ("kinesis" | "firehose", None) => {
            return Err(invalid(format!(
                "destinationArn for vendor {vendor} cannot be used without roleArn"
            )));
        }
        ("lambda" | "kinesis" | "firehose" | "logs", _) => {}
        _ => {
            return Err(invalid(format!(
                "PutSubscriptionFilter operation cannot work with destinationArn for vendor {vendor}"
            )));
        }
    }
    check_filter(context, properties, SUBSCRIPTION_FILTERS, fresh)?;
    let found = arns::find(context, destination);
    match vendor {
        "lambda" => {
            let allowed = match &found {
                Found::Here(function) => logs_may_invoke(context, destination, &function.identifier),
                Found::Missing => false,
                Found::Unknown => true,
            };
            if !allowed {
                return Err(invalid(
                    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
                ));
            }
        }
        "kinesis" | "firehose" => {
            let name = text(properties, "LogGroupName").unwrap_or_default();
            if found.is_missing() || !delivers(context, role.unwrap_or_default(), vendor, destination, name) {
                let (stream, given) =
                    if vendor == "kinesis" { ("Kinesis", "kinesis") } else { ("Firehose", "Firehose") };
                return Err(invalid(format!(
                    "Could not deliver test message to specified {stream} stream. Check if the given {given} stream is in ACTIVE state."
                )));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether a function's own policy lets CloudWatch Logs call it.
fn logs_may_invoke(context: &Context<'_>, arn: &str, name: &str) -> bool {
    context.resources.of_type(context.scope, "AWS::Lambda::Permission", None).any(|row| {
        let of = |property: &str| text(&row.properties, property).unwrap_or_default();
        let principal = of("Principal");
        [name, arn].contains(&of("FunctionName"))
            && principal.starts_with("logs.")
            && principal.contains(".amazonaws.com")
    })
}

/// A group's ARN as the source of a call, in the partition of its region.
fn group_arn(region: &str, account: &str, group: &str) -> String {
    format!("arn:{}:logs:{region}:{account}:log-group:{group}:*", Settings::partition(region))
}

/// Whether the role that is given can be taken and can put a record there.
fn delivers(context: &Context<'_>, role: &str, vendor: &str, destination: &str, group: &str) -> bool {
    if Arn::parse(role).is_some_and(|arn| arn.account != context.scope.account) {
        return true;
    }
    let (region, account) = (&context.scope.region, &context.scope.account);
    let source = group_arn(region, account, group);
    let keys = [("aws:SourceArn", source.as_str()), ("aws:SourceAccount", account.as_str())];
    let action = if vendor == "kinesis" { "kinesis:PutRecord" } else { "firehose:PutRecord" };
    // The service was told apart by region once, and may be still.
    let regional = format!("logs.{region}.amazonaws.com");
    let role = iam::assume(context, role, "logs.amazonaws.com", &keys)
        .or_else(|_| iam::assume(context, role, &regional, &keys));
    role.is_ok_and(|role| iam::may(context, &role, action, destination, &[]) != Verdict::Denied)
}

/// PutResourcePolicy.
pub(super) fn check_policy(context: &Context<'_>, document: &Json, fresh: bool) -> Result<(), Refusal> {
    let parsed = match document {
        Json::String(text) => serde_json::from_str(text).unwrap_or(Json::Null),
        other => other.clone(),
    };
    if !is_policy(&parsed) {
        return Err(invalid(
            "Error occurred while parsing accessPolicy. Please check if the accessPolicy has been constructed correctly using IAM grammar.",
        ));
    }
    let there = context.resources.of_type(context.scope, "AWS::Logs::ResourcePolicy", None).count();
    if fresh && there >= RESOURCE_POLICIES { Err(limit()) } else { Ok(()) }
}

/// Statements with an effect, a principal and actions.
fn is_policy(document: &Json) -> bool {
    let statements: Vec<&Json> = match document.get("Statement") {
        Some(Json::Array(all)) => all.iter().collect(),
        Some(one @ Json::Object(_)) => vec![one],
        _ => return false,
    };
    let has = |statement: &Json, one: &str, other: &str| {
        statement.get(one).is_some() || statement.get(other).is_some()
    };
    let sound = |statement: &&Json| {
        statement["Effect"].as_str().is_some_and(|effect| effect == "Allow" || effect == "Deny")
            && has(statement, "Principal", "NotPrincipal")
            && has(statement, "Action", "NotAction")
    };
    !statements.is_empty() && statements.iter().all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_in_the_partition_of_its_region() {
        let of = |region| group_arn(region, "111122223333", "g");
        assert_eq!(of("us-east-1"), "arn:aws:logs:us-east-1:111122223333:log-group:g:*");
        assert_eq!(of("cn-north-1"), "arn:aws-cn:logs:cn-north-1:111122223333:log-group:g:*");
    }
}
