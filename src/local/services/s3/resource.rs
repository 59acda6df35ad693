//! `AWS::S3::Bucket` and `AWS::S3::BucketPolicy`.

use super::{bucket, name, notification, policy, refused};
use crate::local::services::generic::{self, Rule};
use crate::local::services::members::{default, object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use crate::local::settings::Settings;
use crate::local::world::LOWER;
use serde_json::Value as Json;

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    match type_name {
        BUCKET => Some(&Bucket),
        POLICY => Some(&BucketPolicy),
        _ => None,
    }
}

const BUCKET: &str = "AWS::S3::Bucket";
const POLICY: &str = "AWS::S3::BucketPolicy";

const RULES: &[Rule] = &[
    ("Arn", "arn:${Partition}:s3:::${BucketName}"),
    ("DomainName", "${BucketName}.s3.amazonaws.com"),
    ("DualStackDomainName", "${BucketName}.s3.dualstack.${Region}.amazonaws.com"),
    ("RegionalDomainName", "${BucketName}.s3.${Region}.amazonaws.com"),
    ("WebsiteURL", "http://${BucketName}.s3-website-${Region}.amazonaws.com"),
];

struct Bucket;

impl Handler for Bucket {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        if let Some(name) = text(&desired, "BucketName") {
            check_name(context, name)?;
        }
        let prefix = text(&desired, "BucketNamePrefix").map(str::to_owned);
        if let Some(prefix) = prefix {
            let name = format!("{prefix}{}", context.rng.text(LOWER, 12));
            default(&mut desired, "BucketName", name);
        }
        check(context, &desired)?;
        let mut made = generic::create_with(context, desired, RULES)?;
        name_rules(context, &mut made);
        bucket::complete(&mut made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        check(context, &next)?;
        name_rules(context, &mut next);
        bucket::complete(&mut next);
        Ok(next)
    }

    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let name = text(stored, "BucketName").unwrap_or_default();
        context.resources.remove(context.scope, POLICY, name);
        Ok(())
    }
}

fn passed_on(refusal: Refusal, context: &mut Context<'_>) -> HandlerFault {
    refusal.passed_on("S3", context.rng)
}

/// A name is one, and nobody's yet: all accounts and regions share them.
fn check_name(context: &Context<'_>, name: &str) -> Result<(), HandlerFault> {
    if let Some(trouble) = name::trouble(name) {
        return Err(HandlerFault::new("InvalidRequest", trouble));
    }
    if context.resources.all().any(|other| other.type_name == BUCKET && other.identifier == name) {
        let words = format!("{name} already exists (Service: S3, Status Code: 0, Request ID: null)");
        return Err(HandlerFault {
            identifier: Some(name.to_owned()),
            ..HandlerFault::new("AlreadyExists", words)
        });
    }
    Ok(())
}

/// A bucket's ARN, in the partition of its region.
fn arn(region: &str, name: &str) -> String {
    format!("arn:{}:s3:::{name}", Settings::partition(region))
}

fn check(context: &mut Context<'_>, wanted: &Properties) -> Result<(), HandlerFault> {
    let name = text(wanted, "BucketName").unwrap_or_default();
    let arn = arn(&context.scope.region, name);
    let checked = bucket::check(wanted)
        .and_then(|()| notification::check(context, wanted, &arn))
        .and_then(|()| neighbours(context, wanted));
    checked.map_err(|refusal| passed_on(refusal, context))
}

/// Buckets that logs and replicas go to.
fn neighbours(context: &Context<'_>, wanted: &Properties) -> Result<(), Refusal> {
    let exists = |name: &str| context.resources.all().any(|r| r.type_name == BUCKET && r.identifier == name);
    let own = text(wanted, "BucketName");
    if let Some(logging) = object(wanted, "LoggingConfiguration")
        && let Some(target) = text(logging, "DestinationBucketName")
        && own != Some(target)
        && !exists(target)
    {
        return Err(refused("InvalidTargetBucketForLogging", "The target bucket for logging does not exist"));
    }
    for rule in object(wanted, "ReplicationConfiguration").into_iter().flat_map(|r| objects(r, "Rules")) {
        let target = object(rule, "Destination").and_then(|d| text(d, "Bucket")).unwrap_or_default();
        if !exists(target.strip_prefix(&arn(&context.scope.region, "")).unwrap_or(target)) {
            return Err(refused("InvalidRequest", "Destination bucket must exist."));
        }
    }
    Ok(())
}

/// S3 names the lifecycle rules that nobody named.
fn name_rules(context: &mut Context<'_>, bucket: &mut Properties) {
    let rules = bucket.get_mut("LifecycleConfiguration").map(|lifecycle| &mut lifecycle["Rules"]);
    for rule in rules.and_then(Json::as_array_mut).into_iter().flatten().filter_map(Json::as_object_mut) {
        if !rule.contains_key("Id") {
            rule.insert("Id".into(), Json::String(context.rng.text(LOWER, 48)));
        }
    }
}

struct BucketPolicy;

impl BucketPolicy {
    fn check(context: &mut Context<'_>, wanted: &Properties) -> Result<(), HandlerFault> {
        let name = text(wanted, "Bucket").unwrap_or_default().to_owned();
        let found = context.resources.get(context.scope, BUCKET, &name).cloned();
        let document = wanted.get("PolicyDocument").unwrap_or(&Json::Null);
        let checked = match found {
            Some(bucket) => policy::check(context, &name, &bucket.properties, document),
            None => Err(Refusal::new("NoSuchBucket", 404, "The specified bucket does not exist")),
        };
        checked.map_err(|refusal| passed_on(refusal, context))
    }
}

impl Handler for BucketPolicy {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        Self::check(context, &desired)?;
        let name = text(&desired, "Bucket").unwrap_or_default();
        if context.resources.get(context.scope, POLICY, name).is_some() {
            let words = format!("The bucket policy already exists on bucket {name}.");
            return Err(HandlerFault {
                identifier: Some(name.to_owned()),
                ..HandlerFault::new("AlreadyExists", words)
            });
        }
        generic::create(context, desired)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        Self::check(context, &wanted)?;
        generic::update(context, stored, wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_in_the_partition_of_its_region() {
        assert_eq!(arn("eu-west-1", "b"), "arn:aws:s3:::b");
        assert_eq!(arn("cn-north-1", "b"), "arn:aws-cn:s3:::b");
        assert_eq!(arn("us-gov-west-1", ""), "arn:aws-us-gov:s3:::");
    }
}
