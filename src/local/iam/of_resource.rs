//! The policies that resources have of their own: where each type keeps them.

use crate::languages::iam_policy::{Policy, account_of};
use crate::local::services::Scope;
use crate::local::services::resources::{Resource, Resources};
use serde_json::Value as Json;

/// A resource's own policies, and the account that it belongs to where the ARN doesn't say.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) policies: Vec<(String, Policy)>,
    pub(super) owner: Option<String>,
}

/// A type whose rows carry policies of resources of a service.
struct Kept {
    /// The service in the resource's ARN.
    service: &'static str,
    type_name: &'static str,
    /// The property that names the resource, or the resources.
    names: &'static str,
    /// By what it names them.
    by: By,
    /// The property with the policy.
    policy: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum By {
    /// The ARN itself.
    Arn,
    /// The last part of the ARN: a queue's name, a bus's, a bucket's.
    Name,
    /// A URL that ends in account and name.
    Url,
    /// Nothing: it is for everything of the service in its account and region.
    All,
}

const fn kept(
    service: &'static str,
    type_name: &'static str,
    names: &'static str,
    by: By,
    policy: &'static str,
) -> Kept {
    Kept { service, type_name, names, by, policy }
}

/// CloudFormation's schemas of these types.
const KEPT: &[Kept] = &[
    kept("sqs", "AWS::SQS::QueueInlinePolicy", "Queue", By::Url, "PolicyDocument"),
    kept("sqs", "AWS::SQS::QueuePolicy", "Queues", By::Url, "PolicyDocument"),
    kept("sns", "AWS::SNS::TopicInlinePolicy", "TopicArn", By::Arn, "PolicyDocument"),
    kept("sns", "AWS::SNS::TopicPolicy", "Topics", By::Arn, "PolicyDocument"),
    kept("events", "AWS::Events::EventBus", "Name", By::Name, "Policy"),
    kept("s3", "AWS::S3::BucketPolicy", "Bucket", By::Name, "PolicyDocument"),
    kept("dynamodb", "AWS::DynamoDB::Table", "Arn", By::Arn, "ResourcePolicy"),
    kept("kinesis", "AWS::Kinesis::ResourcePolicy", "ResourceArn", By::Arn, "ResourcePolicy"),
    kept("logs", "AWS::Logs::ResourcePolicy", "", By::All, "PolicyDocument"),
    kept("kms", "AWS::KMS::Key", "Arn", By::Arn, "KeyPolicy"),
    kept("secretsmanager", "AWS::SecretsManager::ResourcePolicy", "SecretId", By::Arn, "ResourcePolicy"),
];

/// The policies of the resource with an ARN.
pub(super) fn policies(resources: &Resources, arn: &str) -> Found {
    let mut found = Found::default();
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &[_, _, service, region, account, name] = parts.as_slice() else { return found };
    if service == "s3" {
        let bucket = name.split('/').next().unwrap_or_default();
        let row = resources.all().find(|row| row.type_name == "AWS::S3::Bucket" && row.identifier == bucket);
        let Some(row) = row else { return found };
        found.owner = Some(row.scope.account.clone());
        collect(resources, &row.scope, service, arn, bucket, &mut found);
        return found;
    }
    if account_of(arn).is_some() {
        let scope = Scope { account: account.to_owned(), region: region.to_owned() };
        collect(resources, &scope, service, arn, name.rsplit('/').next().unwrap_or_default(), &mut found);
    }
    found
}

fn collect(resources: &Resources, scope: &Scope, service: &str, arn: &str, name: &str, found: &mut Found) {
    for kept in KEPT.iter().filter(|kept| kept.service == service) {
        for row in resources.of_type(scope, kept.type_name, None) {
            if !meant(kept, row, scope, arn, name) {
                continue;
            }
            let Some(policy) = row.properties.get(kept.policy) else { continue };
            // A table wraps it once more.
            let policy = policy.get("PolicyDocument").unwrap_or(policy);
            found.policies.push((format!("{} {}", kept.type_name, row.identifier), Policy::read(policy)));
        }
    }
}

fn meant(kept: &Kept, row: &Resource, scope: &Scope, arn: &str, name: &str) -> bool {
    let names = match row.properties.get(kept.names) {
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        Some(Json::String(name)) => vec![name.as_str()],
        _ => Vec::new(),
    };
    match kept.by {
        By::All => true,
        By::Name => names.contains(&name),
        // Tables and keys own what is under them: `…:table/t/index/i`.
        By::Arn => names.iter().any(|whole| {
            arn.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        }),
        By::Url => {
            let end = format!("/{}/{name}", scope.account);
            names.iter().any(|url| url.ends_with(&end) || *url == arn)
        }
    }
}
