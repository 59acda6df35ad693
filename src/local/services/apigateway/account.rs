//! What belongs to the account rather than to one API: its role for logs, API keys, usage plans.

use super::{Place, bad_request, conflict, not_found, rest_api};
use crate::local::services::members::{default, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::json;

/// Shortest value of an API key that a caller gives.
const SHORTEST_KEY: usize = 20;

/// Whether the account has given API Gateway a role to write logs with.
pub(super) fn may_log(place: Place<'_>) -> bool {
    let mut accounts = place.resources.of_type(place.scope, "AWS::ApiGateway::Account", None);
    accounts
        .any(|account| text(&account.properties, "CloudWatchRoleArn").is_some_and(|role| !role.is_empty()))
}

/// Whether the role for logs is one.
pub(super) fn check_account(place: Place<'_>, wanted: &Properties) -> Result<(), Refusal> {
    let Some(arn) = text(wanted, "CloudWatchRoleArn").filter(|arn| !arn.is_empty()) else { return Ok(()) };
    let pieces: Vec<&str> = arn.splitn(6, ':').collect();
    let known = match pieces.as_slice() {
        ["arn", _, "iam", _, account, path] => match path.strip_prefix("role/") {
            Some(path) if *account == place.scope.account => {
                let name = path.rsplit('/').next().unwrap_or(path);
                place.resources.get(place.scope, "AWS::IAM::Role", name).is_some()
            }
            Some(_) => true,
            None => false,
        },
        _ => return Err(bad_request(format!("Invalid ARN specified in the request: {arn}"))),
    };
    if known {
        Ok(())
    } else {
        Err(bad_request("The role ARN does not have required permissions set to API Gateway"))
    }
}

/// Whether an API key may be made so.
pub(super) fn check_key(place: Place<'_>, wanted: &Properties) -> Result<(), Refusal> {
    if let Some(value) = text(wanted, "Value") {
        if value.len() < SHORTEST_KEY {
            return Err(bad_request(format!("API Key value should be at least {SHORTEST_KEY} characters")));
        }
        let mut keys = place.resources.of_type(place.scope, "AWS::ApiGateway::ApiKey", None);
        if keys.any(|key| text(&key.properties, "Value") == Some(value)) {
            return Err(conflict("API Key already exists"));
        }
    }
    for stage in objects(wanted, "StageKeys") {
        known_stage(place, text(stage, "RestApiId"), text(stage, "StageName"))?;
    }
    Ok(())
}

/// Whether a usage plan's stages are there.
pub(super) fn check_plan(place: Place<'_>, wanted: &Properties) -> Result<(), Refusal> {
    objects(wanted, "ApiStages").try_for_each(|s| known_stage(place, text(s, "ApiId"), text(s, "Stage")))
}

fn known_stage(place: Place<'_>, api: Option<&str>, stage: Option<&str>) -> Result<(), Refusal> {
    let (api, stage) = (api.unwrap_or_default(), stage.unwrap_or_default());
    if rest_api::has_stage(place, api, stage) {
        return Ok(());
    }
    Err(not_found(format!("API Stage not found: {api}:{stage}")))
}

/// What a usage plan shows beyond what was asked for.
pub(super) fn complete_plan(plan: &mut Properties) {
    default(plan, "ApiStages", json!([]));
    if let Some(quota) = plan.get_mut("Quota").and_then(|q| q.as_object_mut()) {
        default(quota, "Offset", 0);
    }
}
