//! A bucket's settings: which of them fit together, and what a read shows of a bucket about which
//! nothing was said (Amazon S3 API Reference; reads of `AWS::S3::Bucket` as clients of Cloud Control
//! have recorded them).

use super::{lifecycle, refused};
use crate::local::services::members::{default, flag, has, object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

/// Whether a bucket may be set up so.
pub(super) fn check(bucket: &Properties) -> Result<(), Refusal> {
    access(bucket)?;
    let versioned = versioning(bucket) == Some("Enabled") || flag(bucket, "ObjectLockEnabled");
    if has(bucket, "ReplicationConfiguration") && !versioned {
        return Err(refused(
            "InvalidRequest",
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
        ));
    }
    if flag(bucket, "ObjectLockEnabled") && versioning(bucket) == Some("Suspended") {
        return Err(refused(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        ));
    }
    if has(bucket, "ObjectLockConfiguration") && !flag(bucket, "ObjectLockEnabled") {
        return Err(refused("InvalidRequest", "Object Lock configuration does not exist for this bucket"));
    }
    match object(bucket, "LifecycleConfiguration") {
        Some(configuration) => lifecycle::check(configuration),
        None => Ok(()),
    }
}

fn versioning(bucket: &Properties) -> Option<&str> {
    object(bucket, "VersioningConfiguration").and_then(|versioning| text(versioning, "Status"))
}

/// Access control lists need to be switched on, and public ones to be let through.
fn access(bucket: &Properties) -> Result<(), Refusal> {
    let list = text(bucket, "AccessControl").unwrap_or("Private");
    if list == "Private" {
        return Ok(());
    }
    let ownership = object(bucket, "OwnershipControls")
        .and_then(|controls| objects(controls, "Rules").find_map(|rule| text(rule, "ObjectOwnership")));
    if ownership.unwrap_or("BucketOwnerEnforced") == "BucketOwnerEnforced" {
        return Err(refused(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        ));
    }
    let blocked = match object(bucket, "PublicAccessBlockConfiguration") {
        Some(block) => flag(block, "BlockPublicAcls"),
        None => true,
    };
    if blocked && ["PublicRead", "PublicReadWrite", "AuthenticatedRead"].contains(&list) {
        return Err(refused(
            "InvalidBucketAclWithBlockPublicAccessError",
            "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
        ));
    }
    Ok(())
}

/// Adds what a read shows beyond what was asked for.
pub(super) fn complete(bucket: &mut Properties) {
    default(bucket, "AbacStatus", "Disabled");
    let nothing_said = !has(bucket, "PublicAccessBlockConfiguration");
    default(bucket, "PublicAccessBlockConfiguration", json!({}));
    if let Some(Json::Object(block)) = bucket.get_mut("PublicAccessBlockConfiguration") {
        for name in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            default(block, name, nothing_said);
        }
    }
    default(bucket, "OwnershipControls", json!({"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}));
    let own_keys = json!({"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}});
    default(bucket, "BucketEncryption", json!({ "ServerSideEncryptionConfiguration": [own_keys] }));
    let rules = bucket.get_mut("BucketEncryption").map(|e| &mut e["ServerSideEncryptionConfiguration"]);
    for rule in rules.and_then(Json::as_array_mut).into_iter().flatten().filter_map(Json::as_object_mut) {
        default(rule, "BucketKeyEnabled", false);
        default(rule, "BlockedEncryptionTypes", json!({"EncryptionType": ["SSE-C"]}));
    }
    if flag(bucket, "ObjectLockEnabled") {
        default(bucket, "VersioningConfiguration", json!({"Status": "Enabled"}));
    }
    if let Some(Json::Object(lifecycle)) = bucket.get_mut("LifecycleConfiguration") {
        default(lifecycle, "TransitionDefaultMinimumObjectSize", "all_storage_classes_128K");
    }
    if let Some(Json::Object(notification)) = bucket.get_mut("NotificationConfiguration")
        && let Some(Json::Object(events)) = notification.get_mut("EventBridgeConfiguration")
    {
        default(events, "EventBridgeEnabled", true);
    }
}
