//! Who has which policy: the two sides of an attachment are kept in step, whichever made it.

use super::entity::{Kind, managed};
use crate::local::services::resource::Context;
use crate::local::services::resources::{Properties, Resource};
use serde_json::{Value as Json, json};

/// Changes a row's properties, if it is there.
fn change(context: &mut Context<'_>, type_name: &str, identifier: &str, how: impl FnOnce(&mut Properties)) {
    if let Some(row) = context.resources.get(context.scope, type_name, identifier) {
        let mut row: Resource = (**row).clone();
        how(&mut row.properties);
        context.resources.put(row);
    }
}

/// Counts what an entity's own list attaches and what it no longer does.
pub(super) fn count(context: &mut Context<'_>, before: &Properties, after: &Properties) {
    let of = |properties: &Properties| managed(properties).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let (before_arns, after_arns) = (of(before), of(after));
    for arn in after_arns.iter().filter(|arn| !before_arns.contains(arn)) {
        add(context, arn, "AttachmentCount", 1);
    }
    for arn in before_arns.iter().filter(|arn| !after_arns.contains(arn)) {
        add(context, arn, "AttachmentCount", -1);
    }
    let boundary = |properties: &Properties| {
        properties.get("PermissionsBoundary").and_then(Json::as_str).map(str::to_owned)
    };
    let (old, new) = (boundary(before), boundary(after));
    if old != new {
        if let Some(old) = old {
            add(context, &old, "PermissionsBoundaryUsageCount", -1);
        }
        if let Some(new) = new {
            add(context, &new, "PermissionsBoundaryUsageCount", 1);
        }
    }
}

fn add(context: &mut Context<'_>, policy: &str, counter: &str, by: i64) {
    change(context, "AWS::IAM::ManagedPolicy", policy, |properties| {
        let count = properties.get(counter).and_then(Json::as_i64).unwrap_or(0);
        properties.insert(counter.to_owned(), json!(count.saturating_add(by).max(0)));
    });
}

/// Puts a managed policy on an entity, or takes it off.
pub(super) fn attach(context: &mut Context<'_>, kind: Kind, name: &str, arn: &str, on: bool) {
    change(context, kind.type_name(), name, |properties| {
        let list = properties.entry("ManagedPolicyArns").or_insert_with(|| json!([]));
        if let Json::Array(arns) = list {
            arns.retain(|other| other != arn);
            if on {
                arns.push(json!(arn));
            }
            if arns.is_empty() {
                properties.shift_remove("ManagedPolicyArns");
            }
        }
    });
}

/// Puts an inline policy on an entity, or takes it off (`None`).
pub(super) fn put_inline(
    context: &mut Context<'_>,
    kind: Kind,
    name: &str,
    policy: &str,
    document: Option<&Json>,
) {
    change(context, kind.type_name(), name, |properties| {
        let list = properties.entry("Policies").or_insert_with(|| json!([]));
        if let Json::Array(policies) = list {
            policies.retain(|other| other["PolicyName"] != policy);
            if let Some(document) = document {
                policies.push(json!({"PolicyName": policy, "PolicyDocument": document}));
            }
            if policies.is_empty() {
                properties.shift_remove("Policies");
            }
        }
    });
}

/// The managed policies that name the entity in their own lists.
pub(super) fn by_others(context: &Context<'_>, kind: Kind, name: &str) -> bool {
    context.resources.of_type(context.scope, "AWS::IAM::ManagedPolicy", None).any(|policy| {
        let names = policy.properties.get(kind.list()).and_then(Json::as_array);
        names.is_some_and(|names| names.iter().any(|other| other == name))
    })
}
