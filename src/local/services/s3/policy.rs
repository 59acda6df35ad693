//! A bucket's policy (Amazon S3 API Reference, PutBucketPolicy).

use super::refused;
use crate::local::services::members::{flag, object};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resource_policy::{self, Trouble};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// Whether a bucket may have a policy.
pub(super) fn check(
    context: &Context<'_>,
    name: &str,
    bucket: &Properties,
    policy: &Json,
) -> Result<(), Refusal> {
    let malformed = |words: &str| refused("MalformedPolicy", words);
    let document = resource_policy::document(policy)
        .ok_or_else(|| malformed("Policies must be valid JSON and the first byte must be '{'"))?;
    resource_policy::check(context, &document, "s3").map_err(|trouble| match trouble {
        Trouble::Malformed => malformed("Policy has invalid action"),
        Trouble::Principal => malformed("Invalid principal in policy"),
    })?;
    let blocks =
        object(bucket, "PublicAccessBlockConfiguration").is_some_and(|b| flag(b, "BlockPublicPolicy"));
    for statement in several(document.get("Statement")).into_iter().filter_map(Json::as_object) {
        let resources = several(statement.get("Resource").or(statement.get("NotResource")));
        if resources.is_empty() {
            return Err(malformed("Missing required field Resource"));
        }
        if !resources.iter().all(|resource| resource.as_str().is_some_and(|r| is_of(r, name))) {
            return Err(malformed("Policy has invalid resource"));
        }
        if blocks && is_public(statement) {
            return Err(Refusal::new(
                "AccessDenied",
                403,
                format!(
                    "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{name}\" \
                     because public policies are blocked by the BlockPublicPolicy block public access setting.",
                    context.scope.account
                ),
            ));
        }
    }
    Ok(())
}

/// Whether a resource is the bucket or something in it.
fn is_of(resource: &str, bucket: &str) -> bool {
    let path = resource.splitn(6, ':').nth(5).filter(|_| resource.starts_with("arn:"));
    path.and_then(|path| path.strip_prefix(bucket))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '*']))
}

/// Whether anybody is let in, without a condition.
fn is_public(statement: &Properties) -> bool {
    let everybody = match statement.get("Principal") {
        Some(Json::String(who)) => who == "*",
        Some(Json::Object(kinds)) => several(kinds.get("AWS")).into_iter().any(|who| who == "*"),
        _ => false,
    };
    everybody && statement.get("Effect").is_some_and(|e| e == "Allow") && !statement.contains_key("Condition")
}

fn several(value: Option<&Json>) -> Vec<&Json> {
    match value {
        Some(Json::Array(values)) => values.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}
