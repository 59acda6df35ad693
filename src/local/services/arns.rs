//! What an ARN in a resource's properties leads to.

use super::Scope;
use super::resource::Context;
use super::resources::Resource;
use std::sync::Arc;

/// The six parts of an ARN, without `arn` itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// The rest, colons and slashes included.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads `arn:aws:sqs:us-east-1:000000000000:orders`.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let [partition, service, region, account] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let resource = parts.next().filter(|rest| !rest.is_empty())?;
        (!partition.is_empty() && !service.is_empty()).then_some(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }
}

/// Whether there is something behind an ARN.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// This.
    Here(Arc<Resource>),
    /// It would be in this cloud, and isn't.
    Missing,
    /// Another account's, or of a kind that this cloud can't tell.
    Unknown,
}

impl Found {
    pub(crate) fn is_missing(&self) -> bool {
        *self == Self::Missing
    }
}

/// Looks up what an ARN names. Default buses are always there and have no row: unknown.
pub(crate) fn find(context: &Context<'_>, text: &str) -> Found {
    let Some(arn) = Arn::parse(text) else { return Found::Unknown };
    if !arn.account.is_empty() && arn.account != context.scope.account {
        return Found::Unknown;
    }
    let region = if arn.region.is_empty() { &context.scope.region } else { arn.region };
    let scope = Scope { account: context.scope.account.clone(), region: region.to_owned() };
    let Some((type_name, identifier)) = row(context, &arn, text) else { return Found::Unknown };
    match context.resources.get(&scope, type_name, &identifier) {
        // A stream, a role with a path, an API destination's id: the whole ARN must be meant.
        Some(resource) => {
            let whole = match type_name {
                "AWS::DynamoDB::Table" if arn.resource.contains("/stream/") => Some("StreamArn"),
                "AWS::IAM::Role" | "AWS::Events::ApiDestination" => Some("Arn"),
                _ => None,
            };
            let meant = whole.is_none_or(|property| {
                resource.properties.get(property).and_then(|value| value.as_str()) == Some(text)
            });
            if meant { Found::Here(Arc::clone(resource)) } else { Found::Missing }
        }
        None => Found::Missing,
    }
}

/// The type and identifier that an ARN stands for.
fn row(context: &Context<'_>, arn: &Arn<'_>, text: &str) -> Option<(&'static str, String)> {
    let after = |prefix: &str| arn.resource.strip_prefix(prefix);
    let first = |rest: &str, end: char| rest.split(end).next().unwrap_or(rest).to_owned();
    Some(match arn.service {
        "sqs" => {
            let url = format!("{}/{}/{}", context.settings.base_url, arn.account, arn.resource);
            ("AWS::SQS::Queue", url)
        }
        "sns" if !arn.resource.contains(':') => ("AWS::SNS::Topic", text.to_owned()),
        "dynamodb" => ("AWS::DynamoDB::Table", first(after("table/")?, '/')),
        "kinesis" => ("AWS::Kinesis::Stream", first(after("stream/")?, '/')),
        "lambda" => ("AWS::Lambda::Function", first(after("function:")?, ':')),
        "states" => match after("stateMachine:") {
            Some(rest) => {
                let start = text.strip_suffix(rest)?;
                ("AWS::StepFunctions::StateMachine", format!("{start}{}", first(rest, ':')))
            }
            None => {
                after("activity:")?;
                ("AWS::StepFunctions::Activity", text.to_owned())
            }
        },
        "events" => match after("event-bus/") {
            Some("default") => return None,
            Some(name) => ("AWS::Events::EventBus", name.to_owned()),
            None => ("AWS::Events::ApiDestination", first(after("api-destination/")?, '/')),
        },
        "logs" => ("AWS::Logs::LogGroup", first(after("log-group:")?, ':')),
        "firehose" => ("AWS::KinesisFirehose::DeliveryStream", after("deliverystream/")?.to_owned()),
        "iam" => ("AWS::IAM::Role", after("role/")?.rsplit('/').next()?.to_owned()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn an_arn_has_six_parts() {
        let arn = Arn::parse("arn:aws:logs:us-east-1:000000000000:log-group:/a:*").expect("an ARN");
        assert_eq!((arn.service, arn.region, arn.resource), ("logs", "us-east-1", "log-group:/a:*"));
        for bad in ["", "arn", "arn:aws:sqs:us-east-1:0", "arn:aws:sqs:r:a:", "urn:a:b:c:d:e", "arn:::::x"] {
            assert_eq!(Arn::parse(bad), None, "{bad}");
        }
    }
}
