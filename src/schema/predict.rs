//! What computed properties will be, before the resource is there.
//!
//! Most are decided by account, region and name. What is decided by nothing that is known says
//! why. Better unknown than false: a plan is a promise. So the ARN templates of the service
//! authorization reference are believed only where every variable is a property that can't change,
//! and where the schema's own pattern agrees; where the reference is imprecise or silent,
//! [`SHAPES`] and [`REASONS`] have the last word.

use super::known_shapes::{CASE_FOLDING, REASONS, SHAPES};
use super::{ResourceType, pattern};
use std::borrow::Cow;

/// Where a resource will be.
#[derive(Debug, Clone, Copy)]
pub struct PlaceRef<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// `us-east-1`.
    pub region: &'a str,
    /// Twelve digits.
    pub account: &'a str,
    /// `amazonaws.com`.
    pub dns_suffix: &'a str,
    /// Base URL that all services' URLs carry (the local cloud); none on AWS.
    pub base_url: Option<&'a str>,
}

/// What the declaration says of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declared {
    /// It is this text (numbers and booleans as text).
    Known(String),
    /// It is declared, but what it will be isn't known yet.
    Unknown,
    /// It isn't declared.
    Absent,
}

impl From<Option<String>> for Declared {
    /// For callers whose properties are all known.
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Absent, Self::Known)
    }
}

/// What a property will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prediction {
    /// Exactly this.
    Known(String),
    /// Not known before the resource is there, and why, for people: lowercase unless a name begins
    /// it, no full stop.
    Unknown(Cow<'static, str>),
}

impl Prediction {
    /// The value, if it is known.
    #[must_use]
    pub fn known(self) -> Option<String> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

/// What the property (`Arn`, `QueueUrl`, `TableName`) will be. `get` tells what the declaration
/// says of a top property.
#[must_use]
pub fn predict(
    resource: &ResourceType,
    place: &PlaceRef<'_>,
    property: &str,
    get: &dyn Fn(&str) -> Declared,
) -> Prediction {
    let path: Vec<&str> = property.split('.').collect();
    if !resource.is_read_only(&path) {
        return match get(property) {
            Declared::Known(value) => Prediction::Known(value),
            Declared::Unknown => unknown("what it is set to is not known yet"),
            Declared::Absent => unknown("it is not set, and the service decides it"),
        };
    }
    let type_name = resource.name.as_str();
    if let Some((_, _, shape)) = SHAPES.iter().find(|(t, p, _)| *t == type_name && *p == property) {
        return fill(resource, place, shape, get);
    }
    if let Some((_, _, reason)) = REASONS.iter().find(|(t, p, _)| *t == type_name && *p == property) {
        return unknown(reason);
    }
    if resource.arn_property() == Some(property) {
        return arn(resource, place, get);
    }
    unknown("the service decides it")
}

/// What the resource's ARN will be, also where no property shows it.
#[must_use]
pub fn arn(resource: &ResourceType, place: &PlaceRef<'_>, get: &dyn Fn(&str) -> Declared) -> Prediction {
    let type_name = resource.name.as_str();
    let property = resource.arn_property().unwrap_or("");
    // A type without such a property has its shape under the empty name.
    if let Some((_, _, shape)) = SHAPES.iter().find(|(t, p, _)| *t == type_name && *p == property) {
        return fill(resource, place, shape, get);
    }
    if let Some((_, _, reason)) = REASONS.iter().find(|(t, p, _)| *t == type_name && *p == property) {
        return unknown(reason);
    }
    let Some(template) = &resource.arn_template else {
        return unknown("the service decides it");
    };
    let filled = fill_template(resource, place, template, get);
    if let Prediction::Known(arn) = &filled {
        let expected = resource.property(&[property]).and_then(|p| p["pattern"].as_str());
        if expected.is_some_and(|expected| pattern::matches(expected, arn) == Some(false)) {
            return unknown("the service puts something of its own into it");
        }
        let folds = CASE_FOLDING.contains(&resource.name.service());
        if folds && arn.bytes().any(|b| b.is_ascii_uppercase()) {
            return unknown("the service may write the name in small letters");
        }
    }
    filled
}

/// What Cloud Control's identifier will be: the primary identifier's values joined with `|`.
#[must_use]
pub fn identifier(
    resource: &ResourceType,
    place: &PlaceRef<'_>,
    get: &dyn Fn(&str) -> Declared,
) -> Prediction {
    let mut values = Vec::new();
    for path in &resource.primary_identifier {
        match predict(resource, place, &path.to_string(), get) {
            Prediction::Known(value) => values.push(value),
            unknown @ Prediction::Unknown(_) => return unknown,
        }
    }
    Prediction::Known(values.join("|"))
}

/// The shape of the resource's ARN, `${…}` for what it is made of; `None` if nothing known decides
/// it.
#[must_use]
pub fn arn_shape(resource: &ResourceType) -> Option<&str> {
    let type_name = resource.name.as_str();
    let property = resource.arn_property().unwrap_or("");
    let here = |(t, p): (&str, &str)| t == type_name && p == property;
    if let Some((_, _, shape)) = SHAPES.iter().find(|(t, p, _)| here((t, p))) {
        return Some(shape);
    }
    if REASONS.iter().any(|(t, p, _)| here((t, p))) {
        return None;
    }
    resource.arn_template.as_deref()
}

/// Fills one of our own shapes: `${Name}` is a property, `${Path:-/}` has a default where it isn't
/// declared; `${Bus/}`, `${ServiceUrl:sqs}` and the like are said in `known_shapes`.
fn fill(
    resource: &ResourceType,
    place: &PlaceRef<'_>,
    shape: &'static str,
    get: &dyn Fn(&str) -> Declared,
) -> Prediction {
    substitute(shape, &mut |variable| {
        if let Some(value) = of_place(place, variable) {
            return Ok(value);
        }
        if let Some(service) = variable.strip_prefix("ServiceUrl:") {
            return Ok(match place.base_url {
                Some(base) => base.trim_end_matches('/').to_owned(),
                None => format!("https://{service}.{}.{}", place.region, place.dns_suffix),
            });
        }
        match variable {
            "RuleOnBus" => return rule_on_bus(get),
            "WithoutSlash:Name" => {
                return declared(get, "Name", None).map(|name| name.trim_start_matches('/').to_owned());
            }
            _ => {}
        }
        let (property, default) = variable.split_once(":-").map_or((variable, None), |(p, d)| (p, Some(d)));
        debug_assert!(resource.has_property(property), "{} has no {property}", resource.name);
        declared(get, property, default)
    })
}

/// `<bus>/<name>`, or `<name>` on the default bus. The bus may be given by its ARN.
fn rule_on_bus(get: &dyn Fn(&str) -> Declared) -> Result<String, Cow<'static, str>> {
    let name = declared(get, "Name", None)?;
    let bus = declared(get, "EventBusName", Some("default"))?;
    let bus = bus.split_once(":event-bus/").map_or(&*bus, |(_, name)| name);
    Ok(if bus == "default" { name } else { format!("{bus}/{name}") })
}

/// Fills a template of the reference. Its variables are the reference's own names; a property is
/// meant if it has that name, or is the resource's `Name`, and forces replacement when it changes.
fn fill_template(
    resource: &ResourceType,
    place: &PlaceRef<'_>,
    template: &str,
    get: &dyn Fn(&str) -> Declared,
) -> Prediction {
    substitute(template, &mut |variable| {
        if let Some(value) = of_place(place, variable) {
            return Ok(value);
        }
        let fixed = |property: &str| {
            resource.has_property(property)
                && !resource.is_read_only(&[property])
                && (resource.is_create_only(&[property])
                    || resource.primary_identifier.iter().any(|p| p.matches(&[property])))
        };
        let own = resource.name.resource();
        let stem = variable.strip_suffix("Name");
        let property = if fixed(variable) {
            variable.to_owned()
        } else if stem.is_some_and(|stem| own.ends_with(stem)) && fixed("Name") {
            "Name".to_owned()
        } else if variable == "Name" && fixed(&format!("{own}Name")) {
            format!("{own}Name")
        } else {
            return Err("the service decides it".into());
        };
        declared(get, &property, None)
    })
}

fn of_place(place: &PlaceRef<'_>, variable: &str) -> Option<String> {
    Some(match variable {
        "Partition" => place.partition.to_owned(),
        "Region" => place.region.to_owned(),
        "Account" => place.account.to_owned(),
        "DnsSuffix" => place.dns_suffix.to_owned(),
        _ => return None,
    })
}

fn declared(
    get: &dyn Fn(&str) -> Declared,
    property: &str,
    default: Option<&str>,
) -> Result<String, Cow<'static, str>> {
    match (get(property), default) {
        (Declared::Known(value), _) => Ok(value),
        (Declared::Absent, Some(default)) => Ok(default.to_owned()),
        (Declared::Absent, None) => Err(format!("it contains {property}, which the service makes up").into()),
        (Declared::Unknown, _) => Err(format!("it contains {property}, which is not known yet").into()),
    }
}

fn substitute(
    template: &str,
    value: &mut dyn FnMut(&str) -> Result<String, Cow<'static, str>>,
) -> Prediction {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((variable, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        match value(variable) {
            Ok(value) => filled.push_str(&value),
            Err(reason) => return Prediction::Unknown(reason),
        }
        rest = after;
    }
    filled.push_str(rest);
    Prediction::Known(filled)
}

fn unknown(reason: &'static str) -> Prediction {
    Prediction::Unknown(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;

    const AWS: PlaceRef<'_> = PlaceRef {
        partition: "aws",
        region: "eu-west-1",
        account: "123456789012",
        dns_suffix: "amazonaws.com",
        base_url: None,
    };

    fn get(name: &str) -> std::sync::Arc<ResourceType> {
        Catalogue::bundled().get(name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// `Name=a Path=?`: declared, declared but unknown.
    fn declaration(text: &'static str) -> impl Fn(&str) -> Declared {
        move |property| {
            let given =
                text.split(' ').find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == property));
            match given {
                Some((_, "?")) => Declared::Unknown,
                Some((_, value)) => Declared::Known(value.to_owned()),
                None => Declared::Absent,
            }
        }
    }

    #[test]
    fn names_account_and_region_decide_most() {
        let cases = [
            (
                "AWS::Events::EventBus",
                "Arn",
                "Name=central",
                "arn:aws:events:eu-west-1:123456789012:event-bus/central",
            ),
            ("AWS::Events::Rule", "Arn", "Name=a", "arn:aws:events:eu-west-1:123456789012:rule/a"),
            (
                "AWS::Events::Rule",
                "Arn",
                "Name=a EventBusName=default",
                "arn:aws:events:eu-west-1:123456789012:rule/a",
            ),
            (
                "AWS::Events::Rule",
                "Arn",
                "Name=a EventBusName=central",
                "arn:aws:events:eu-west-1:123456789012:rule/central/a",
            ),
            (
                "AWS::Events::Rule",
                "Arn",
                "Name=a EventBusName=arn:aws:events:eu-west-1:123456789012:event-bus/central",
                "arn:aws:events:eu-west-1:123456789012:rule/central/a",
            ),
            (
                "AWS::Events::Archive",
                "Arn",
                "ArchiveName=a",
                "arn:aws:events:eu-west-1:123456789012:archive/a",
            ),
            ("AWS::Pipes::Pipe", "Arn", "Name=p", "arn:aws:pipes:eu-west-1:123456789012:pipe/p"),
            (
                "AWS::StepFunctions::StateMachine",
                "Arn",
                "StateMachineName=m",
                "arn:aws:states:eu-west-1:123456789012:stateMachine:m",
            ),
            ("AWS::StepFunctions::StateMachine", "Name", "StateMachineName=m", "m"),
            (
                "AWS::StepFunctions::Activity",
                "Arn",
                "Name=a",
                "arn:aws:states:eu-west-1:123456789012:activity:a",
            ),
            ("AWS::DynamoDB::Table", "Arn", "TableName=t", "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
            (
                "AWS::DynamoDB::GlobalTable",
                "Arn",
                "TableName=t",
                "arn:aws:dynamodb:eu-west-1:123456789012:table/t",
            ),
            ("AWS::SQS::Queue", "Arn", "QueueName=q.fifo", "arn:aws:sqs:eu-west-1:123456789012:q.fifo"),
            (
                "AWS::SQS::Queue",
                "QueueUrl",
                "QueueName=q",
                "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
            ),
            ("AWS::SQS::Queue", "QueueName", "QueueName=q", "q"),
            ("AWS::SNS::Topic", "TopicArn", "TopicName=t", "arn:aws:sns:eu-west-1:123456789012:t"),
            ("AWS::IAM::Role", "Arn", "RoleName=r", "arn:aws:iam::123456789012:role/r"),
            ("AWS::IAM::Role", "Arn", "RoleName=r Path=/a/b/", "arn:aws:iam::123456789012:role/a/b/r"),
            (
                "AWS::IAM::ManagedPolicy",
                "PolicyArn",
                "ManagedPolicyName=p",
                "arn:aws:iam::123456789012:policy/p",
            ),
            (
                "AWS::Logs::LogGroup",
                "Arn",
                "LogGroupName=/aws/states/m",
                "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/states/m:*",
            ),
            (
                "AWS::EventSchemas::Registry",
                "RegistryArn",
                "RegistryName=r",
                "arn:aws:schemas:eu-west-1:123456789012:registry/r",
            ),
            (
                "AWS::EventSchemas::Schema",
                "SchemaArn",
                "RegistryName=r SchemaName=reviews@NewReview",
                "arn:aws:schemas:eu-west-1:123456789012:schema/r/reviews@NewReview",
            ),
            (
                "AWS::Scheduler::Schedule",
                "Arn",
                "Name=s",
                "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/s",
            ),
            (
                "AWS::Scheduler::Schedule",
                "Arn",
                "Name=s GroupName=g",
                "arn:aws:scheduler:eu-west-1:123456789012:schedule/g/s",
            ),
            (
                "AWS::Scheduler::ScheduleGroup",
                "Arn",
                "Name=g",
                "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/g",
            ),
            ("AWS::S3::Bucket", "Arn", "BucketName=b", "arn:aws:s3:::b"),
            ("AWS::S3::Bucket", "RegionalDomainName", "BucketName=b", "b.s3.eu-west-1.amazonaws.com"),
            (
                "AWS::Lambda::Function",
                "Arn",
                "FunctionName=f",
                "arn:aws:lambda:eu-west-1:123456789012:function:f",
            ),
            ("AWS::Kinesis::Stream", "Arn", "Name=s", "arn:aws:kinesis:eu-west-1:123456789012:stream/s"),
            (
                "AWS::CloudWatch::Alarm",
                "Arn",
                "AlarmName=a",
                "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a",
            ),
        ];
        for (name, property, given, expected) in cases {
            let predicted = predict(&get(name), &AWS, property, &declaration(given));
            assert_eq!(predicted, Prediction::Known(expected.to_owned()), "{name}.{property} with {given}");
        }
    }

    #[test]
    fn arns_that_no_property_shows() {
        let cases = [
            (
                "AWS::SES::EmailIdentity",
                "EmailIdentity=a@example.com",
                "arn:aws:ses:eu-west-1:123456789012:identity/a@example.com",
            ),
            (
                "AWS::SES::ConfigurationSet",
                "Name=c",
                "arn:aws:ses:eu-west-1:123456789012:configuration-set/c",
            ),
            ("AWS::KMS::Alias", "AliasName=alias/a", "arn:aws:kms:eu-west-1:123456789012:alias/a"),
            ("AWS::SSM::Parameter", "Name=/a/b", "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b"),
            ("AWS::SQS::Queue", "QueueName=q", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ];
        for (name, given, expected) in cases {
            assert_eq!(
                arn(&get(name), &AWS, &declaration(given)),
                Prediction::Known(expected.to_owned()),
                "{name}"
            );
        }
    }

    #[test]
    fn identifiers() {
        let cases = [
            ("AWS::SQS::Queue", "QueueName=q", Some("https://sqs.eu-west-1.amazonaws.com/123456789012/q")),
            ("AWS::Events::Rule", "Name=a", Some("arn:aws:events:eu-west-1:123456789012:rule/a")),
            ("AWS::ApiGateway::Stage", "RestApiId=a StageName=live", Some("a|live")),
            ("AWS::ApiGateway::Stage", "RestApiId=? StageName=live", None),
            ("AWS::ApiGateway::RestApi", "Name=a", None),
        ];
        for (name, given, expected) in cases {
            assert_eq!(
                identifier(&get(name), &AWS, &declaration(given)).known().as_deref(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn another_endpoint_is_in_urls_and_another_partition_in_arns() {
        let local = PlaceRef { base_url: Some("http://127.0.0.1:4566/"), ..AWS };
        let url = predict(&get("AWS::SQS::Queue"), &local, "QueueUrl", &declaration("QueueName=q"));
        assert_eq!(url, Prediction::Known("http://127.0.0.1:4566/123456789012/q".to_owned()));
        let china =
            PlaceRef { partition: "aws-cn", region: "cn-north-1", dns_suffix: "amazonaws.com.cn", ..AWS };
        let topic = predict(&get("AWS::SNS::Topic"), &china, "TopicArn", &declaration("TopicName=t"));
        assert_eq!(topic, Prediction::Known("arn:aws-cn:sns:cn-north-1:123456789012:t".to_owned()));
        let url = predict(&get("AWS::SQS::Queue"), &china, "QueueUrl", &declaration("QueueName=q"));
        assert_eq!(
            url,
            Prediction::Known("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q".to_owned())
        );
    }

    #[test]
    fn what_the_service_invents_is_unknown_and_says_why() {
        let cases = [
            ("AWS::Events::Connection", "Arn", "Name=c", "EventBridge adds a random id to it"),
            ("AWS::Events::ApiDestination", "Arn", "Name=d", "EventBridge adds a random id to it"),
            ("AWS::SNS::Subscription", "Arn", "TopicArn=t", "SNS adds a random id to it"),
            ("AWS::KMS::Key", "Arn", "", "KMS invents the key's id"),
            (
                "AWS::DynamoDB::Table",
                "StreamArn",
                "TableName=t",
                "DynamoDB adds the moment of creation to it",
            ),
            (
                "AWS::ApiGateway::RestApi",
                "RestApiId",
                "Name=a",
                "API Gateway invents it when the API is created",
            ),
            ("AWS::ApiGatewayV2::Api", "ApiId", "Name=a", "API Gateway invents it when the API is created"),
            (
                "AWS::EventSchemas::Discoverer",
                "DiscovererArn",
                "SourceArn=s",
                "the schema registry invents its id",
            ),
            ("AWS::Pipes::Pipe", "CreationTime", "Name=p", "the service decides it"),
            ("AWS::SQS::Queue", "Arn", "", "it contains QueueName, which the service makes up"),
            ("AWS::SQS::Queue", "Arn", "QueueName=?", "it contains QueueName, which is not known yet"),
            (
                "AWS::Events::Rule",
                "Arn",
                "Name=a EventBusName=?",
                "it contains EventBusName, which is not known yet",
            ),
            ("AWS::IAM::Role", "Arn", "RoleName=r Path=?", "it contains Path, which is not known yet"),
            ("AWS::DynamoDB::Table", "TableName", "", "it is not set, and the service decides it"),
        ];
        for (name, property, given, reason) in cases {
            let predicted = predict(&get(name), &AWS, property, &declaration(given));
            assert_eq!(predicted, unknown(reason), "{name}.{property} with {given}");
        }
    }

    #[test]
    fn a_name_that_a_service_may_fold_is_not_promised() {
        let small = predict(
            &get("AWS::Redshift::ClusterParameterGroup"),
            &AWS,
            "ParameterGroupName",
            &declaration("ParameterGroupName=a"),
        );
        assert_eq!(small, Prediction::Known("a".to_owned()));
        let folded = arn(&get("AWS::ElastiCache::User"), &AWS, &declaration("UserId=Ann"));
        assert!(matches!(folded, Prediction::Unknown(_)), "{folded:?}");
    }

    #[test]
    fn every_exception_names_a_property_that_is_there() {
        for (name, property) in SHAPES.iter().chain(REASONS).map(|(name, property, _)| (name, property)) {
            let resource = get(name);
            let computed = property.is_empty() || resource.is_read_only(&[*property]);
            assert!(computed, "{name}.{property} is not computed");
        }
    }

    #[test]
    fn hundreds_of_arns_follow_from_a_name() {
        let catalogue = Catalogue::bundled();
        let known = catalogue.type_names().filter(|name| {
            let named = |_: &str| Declared::Known("a".to_owned());
            matches!(arn(&get(name), &AWS, &named), Prediction::Known(_))
        });
        assert!(known.count() > 250);
    }
}
