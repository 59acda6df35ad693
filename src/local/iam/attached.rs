//! The policies that a role has: within itself, attached to it, and its boundary.

use super::{Own, aws_managed};
use crate::languages::iam_policy::{Policy, account_of};
use crate::local::services::Scope;
use crate::local::services::resources::{Resource, Resources};
use serde_json::Value as Json;

/// All of a role's policies.
pub(super) fn of_role(resources: &Resources, role: &Resource) -> Own {
    let mut own = Own::default();
    let name = role.identifier.as_str();
    for inline in list(&role.properties, "Policies") {
        own.identity.extend(named(inline));
    }
    // Resources of their own that belong to the role.
    for inline in resources.of_type(&role.scope, "AWS::IAM::RolePolicy", None) {
        if text(&inline.properties, "RoleName") == Some(name) {
            own.identity.extend(named(&Json::Object(inline.properties.clone())));
        }
    }
    for inline in resources.of_type(&role.scope, "AWS::IAM::Policy", None) {
        if names_role(&inline.properties, name) {
            own.identity.extend(named(&Json::Object(inline.properties.clone())));
        }
    }
    let mut attached: Vec<String> =
        list(&role.properties, "ManagedPolicyArns").filter_map(Json::as_str).map(str::to_owned).collect();
    for managed in resources.of_type(&role.scope, "AWS::IAM::ManagedPolicy", None) {
        if names_role(&managed.properties, name) {
            attached.push(managed.identifier.clone());
        }
    }
    attached.sort();
    attached.dedup();
    for arn in attached {
        match managed(resources, &arn) {
            Some(policy) => own.identity.push((arn, policy)),
            None => own.unknown = true,
        }
    }
    if let Some(arn) = text(&role.properties, "PermissionsBoundary") {
        match managed(resources, arn) {
            Some(policy) => own.boundary = Some((arn.to_owned(), policy)),
            None => own.unknown_boundary = true,
        }
    }
    own
}

/// The text of a managed policy: a customer's, or one of AWS's own that is known here.
pub(super) fn managed(resources: &Resources, arn: &str) -> Option<Policy> {
    let account = account_of(arn)?;
    if account == "aws" {
        return aws_managed::policy(arn);
    }
    let scope = Scope { account: account.to_owned(), region: String::new() };
    let row = resources.get(&scope, "AWS::IAM::ManagedPolicy", arn)?;
    row.properties.get("PolicyDocument").map(Policy::read)
}

/// `{"PolicyName": …, "PolicyDocument": …}`
fn named(inline: &Json) -> Option<(String, Policy)> {
    let name = inline.get("PolicyName").and_then(Json::as_str).unwrap_or_default();
    Some((name.to_owned(), Policy::read(inline.get("PolicyDocument")?)))
}

fn names_role(properties: &serde_json::Map<String, Json>, role: &str) -> bool {
    list(properties, "Roles").any(|name| name == role)
}

fn list<'a>(properties: &'a serde_json::Map<String, Json>, name: &str) -> impl Iterator<Item = &'a Json> {
    properties.get(name).and_then(Json::as_array).into_iter().flatten()
}

fn text<'a>(properties: &'a serde_json::Map<String, Json>, name: &str) -> Option<&'a str> {
    properties.get(name).and_then(Json::as_str)
}
