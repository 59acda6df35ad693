//! What is known before a resource is there, type by type.

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
        ("AWS::Events::Archive", "Arn", "ArchiveName=a", "arn:aws:events:eu-west-1:123456789012:archive/a"),
        ("AWS::Pipes::Pipe", "Arn", "Name=p", "arn:aws:pipes:eu-west-1:123456789012:pipe/p"),
        (
            "AWS::StepFunctions::StateMachine",
            "Arn",
            "StateMachineName=m",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:m",
        ),
        ("AWS::StepFunctions::StateMachine", "Name", "StateMachineName=m", "m"),
        ("AWS::StepFunctions::Activity", "Arn", "Name=a", "arn:aws:states:eu-west-1:123456789012:activity:a"),
        ("AWS::DynamoDB::Table", "Arn", "TableName=t", "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
        (
            "AWS::DynamoDB::GlobalTable",
            "Arn",
            "TableName=t",
            "arn:aws:dynamodb:eu-west-1:123456789012:table/t",
        ),
        ("AWS::SQS::Queue", "Arn", "QueueName=q.fifo", "arn:aws:sqs:eu-west-1:123456789012:q.fifo"),
        ("AWS::SQS::Queue", "QueueUrl", "QueueName=q", "https://sqs.eu-west-1.amazonaws.com/123456789012/q"),
        ("AWS::SQS::Queue", "QueueName", "QueueName=q", "q"),
        ("AWS::SNS::Topic", "TopicArn", "TopicName=t", "arn:aws:sns:eu-west-1:123456789012:t"),
        ("AWS::IAM::Role", "Arn", "RoleName=r", "arn:aws:iam::123456789012:role/r"),
        ("AWS::IAM::Role", "Arn", "RoleName=r Path=/a/b/", "arn:aws:iam::123456789012:role/a/b/r"),
        ("AWS::IAM::ManagedPolicy", "PolicyArn", "ManagedPolicyName=p", "arn:aws:iam::123456789012:policy/p"),
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
        ("AWS::CloudWatch::Alarm", "Arn", "AlarmName=a", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a"),
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
        ("AWS::SES::ConfigurationSet", "Name=c", "arn:aws:ses:eu-west-1:123456789012:configuration-set/c"),
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
        assert_eq!(identifier(&get(name), &AWS, &declaration(given)).known().as_deref(), expected, "{name}");
    }
}

#[test]
fn another_endpoint_is_in_urls_and_another_partition_in_arns() {
    let local = PlaceRef { base_url: Some("http://127.0.0.1:4566/"), ..AWS };
    let url = predict(&get("AWS::SQS::Queue"), &local, "QueueUrl", &declaration("QueueName=q"));
    assert_eq!(url, Prediction::Known("http://127.0.0.1:4566/123456789012/q".to_owned()));
    let china = PlaceRef { partition: "aws-cn", region: "cn-north-1", dns_suffix: "amazonaws.com.cn", ..AWS };
    let topic = predict(&get("AWS::SNS::Topic"), &china, "TopicArn", &declaration("TopicName=t"));
    assert_eq!(topic, Prediction::Known("arn:aws-cn:sns:cn-north-1:123456789012:t".to_owned()));
    let url = predict(&get("AWS::SQS::Queue"), &china, "QueueUrl", &declaration("QueueName=q"));
    assert_eq!(url, Prediction::Known("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q".to_owned()));
}

#[test]
fn what_the_service_invents_is_unknown_and_says_why() {
    let cases = [
        ("AWS::Events::Connection", "Arn", "Name=c", "EventBridge adds a random id to it"),
        ("AWS::Events::ApiDestination", "Arn", "Name=d", "EventBridge adds a random id to it"),
        ("AWS::SNS::Subscription", "Arn", "TopicArn=t", "SNS adds a random id to it"),
        ("AWS::KMS::Key", "Arn", "", "KMS invents the key's id"),
        ("AWS::DynamoDB::Table", "StreamArn", "TableName=t", "DynamoDB adds the moment of creation to it"),
        ("AWS::ApiGateway::RestApi", "RestApiId", "Name=a", "API Gateway invents it when the API is created"),
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
