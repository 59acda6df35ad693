//! AWS::IAM::ManagedPolicy.

use super::{fault, no_such};
use crate::local::services::generic;
use crate::local::services::iam::entity::{self, Kind};
use crate::local::services::iam::{attachments, document};
use crate::local::services::members::{default, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

/// The handler.
pub(super) struct ManagedPolicy;

const RULES: &[generic::Rule] = &[
    ("PolicyArn", "arn:${Partition}:iam::${Account}:policy${Path|/}${ManagedPolicyName}"),
    ("PolicyId", "ANPA${upper:17}"),
    ("CreateDate", "${Now}"),
    ("UpdateDate", "${Now}"),
    ("DefaultVersionId", "v1"),
];

impl Handler for ManagedPolicy {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create_with(context, desired, RULES)?;
        default(&mut made, "Path", json!("/"));
        default(&mut made, "Description", json!(""));
        made.insert("IsAttachable".to_owned(), json!(true));
        made.insert("PermissionsBoundaryUsageCount".to_owned(), json!(0));
        check(context, &mut made).map_err(|refusal| fault(context, refusal))?;
        let attached = attach(context, &Properties::new(), &made);
        made.insert("AttachmentCount".to_owned(), json!(attached));
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        check(context, &mut next).map_err(|refusal| fault(context, refusal))?;
        if next.get("PolicyDocument") != stored.get("PolicyDocument") {
            let version =
                text(stored, "DefaultVersionId").and_then(|v| v.strip_prefix('v')?.parse::<u64>().ok());
            let version = version.unwrap_or(1).saturating_add(1);
            next.insert("DefaultVersionId".to_owned(), json!(format!("v{version}")));
            next.insert("UpdateDate".to_owned(), json!(context.now.rfc3339()));
        }
        let change = attach(context, stored, &next);
        let count = stored.get("AttachmentCount").and_then(Json::as_i64).unwrap_or(0);
        next.insert("AttachmentCount".to_owned(), json!(count.saturating_add(change).max(0)));
        Ok(next)
    }

    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let own: usize = Kind::ALL.iter().map(|kind| names(stored, *kind).len()).sum();
        let count = |name: &str| stored.get(name).and_then(Json::as_u64).unwrap_or(0);
        if count("AttachmentCount") > own as u64 || count("PermissionsBoundaryUsageCount") > 0 {
            let words = "Cannot delete a policy attached to entities.";
            let refusal = Refusal::new("DeleteConflict", 409, words);
            return Err(fault(context, refusal));
        }
        attach(context, stored, &Properties::new());
        Ok(())
    }
}

fn check(context: &Context<'_>, properties: &mut Properties) -> Result<(), Refusal> {
    entity::check_policy_name(text(properties, "ManagedPolicyName").unwrap_or_default())?;
    let document = document::parsed(properties.get("PolicyDocument").unwrap_or(&Json::Null))?;
    document::check_identity(&document)?;
    if document::size(&document) > document::MANAGED {
        let words = format!("Cannot exceed quota for PolicySize: {}", document::MANAGED);
        return Err(Refusal::new("LimitExceeded", 409, words));
    }
    properties.insert("PolicyDocument".to_owned(), document);
    for kind in Kind::ALL {
        for name in names(properties, kind) {
            if context.resources.get(context.scope, kind.type_name(), name).is_none() {
                return Err(no_such(kind, name));
            }
        }
    }
    Ok(())
}

/// The entities of a kind that the policy names.
fn names(properties: &Properties, kind: Kind) -> Vec<&str> {
    let list = properties.get(kind.list()).and_then(Json::as_array);
    list.into_iter().flatten().filter_map(Json::as_str).collect()
}

/// Puts the policy on the entities that it names now, and takes it off those that it named; by how
/// many there are more.
fn attach(context: &mut Context<'_>, before: &Properties, after: &Properties) -> i64 {
    let arn = text(after, "PolicyArn").or(text(before, "PolicyArn")).unwrap_or_default();
    let mut change = 0_i64;
    for kind in Kind::ALL {
        let (old, new) = (names(before, kind), names(after, kind));
        for name in new.iter().filter(|name| !old.contains(name)) {
            attachments::attach(context, kind, name, arn, true);
            change = change.saturating_add(1);
        }
        for name in old.iter().filter(|name| !new.contains(name)) {
            attachments::attach(context, kind, name, arn, false);
            change = change.saturating_sub(1);
        }
    }
    change
}
