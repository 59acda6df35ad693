//! To which ARNs an action of a handler can be limited.
//!
//! `actions.txt` says for some types which actions act on the kind of resource that the type is, by
//! AWS's Service Authorization Reference (made by `schemas/actions.py`). What a handler does with them,
//! it does to its own resource. Where that one's ARN isn't known before the apply, nothing is limited.

use super::PermissionContext;
use crate::model::Value;
use crate::schema::{Declared, Prediction, ResourceType, predict};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

/// What an action is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum On {
    /// `*`
    Everything,
    /// These ARNs.
    Arns(Vec<String>),
}

/// Type → the actions that can be limited to its ARN, in lower case.
static ACTIONS: LazyLock<HashMap<&'static str, HashSet<String>>> = LazyLock::new(|| {
    let lines = include_str!("actions.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?, words.map(str::to_ascii_lowercase).collect()))
        })
        .collect()
});

/// Whether an action of a type's handler can be limited to the type's ARN.
pub(super) fn is_limited(type_name: &str, action: &str) -> bool {
    ACTIONS.get(type_name).is_some_and(|actions| actions.contains(&action.to_ascii_lowercase()))
}

/// The ARNs of a resource, with what belongs to it; `None` where they aren't known.
pub(super) fn arns(
    resource_type: &ResourceType,
    properties: Option<&Value>,
    computed: Option<&BTreeMap<String, Value>>,
    identifier: Option<&str>,
    context: &PermissionContext<'_>,
) -> Option<Vec<String>> {
    let type_name = resource_type.name.as_str();
    if !ACTIONS.contains_key(type_name) {
        return None;
    }
    // A secret name would show in the ARN.
    let known = |property: &str| match properties?.get(property)? {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    };
    let arn = match type_name {
        "AWS::SNS::TopicInlinePolicy" | "AWS::SNS::Subscription" => known("TopicArn")?.to_owned(),
        "AWS::SQS::QueueInlinePolicy" => queue_arn(known("Queue")?, context)?,
        _ => {
            let of_computed = || {
                let name = resource_type.arn_property()?;
                match computed?.get(name)? {
                    Value::String(arn) => Some(arn.clone()),
                    _ => None,
                }
            };
            let of_identifier = || identifier.filter(|text| text.starts_with("arn:")).map(str::to_owned);
            let predicted = || {
                let get = |property: &str| match properties.and_then(|all| all.get(property)) {
                    None | Some(Value::Null) => Declared::Absent,
                    Some(Value::String(text)) => Declared::Known(text.clone()),
                    Some(_) => Declared::Unknown,
                };
                match predict::arn(resource_type, &context.place.for_prediction(), &get) {
                    Prediction::Known(arn) => Some(arn),
                    Prediction::Unknown(_) => None,
                }
            };
            of_computed().or_else(of_identifier).or_else(predicted)?
        }
    };
    if !arn.starts_with("arn:") || (arn.contains(['*', '?', '$']) && !arn.ends_with(":*")) {
        return None;
    }
    Some(match type_name {
        // A table's indexes.
        "AWS::DynamoDB::Table" => vec![format!("{arn}/*"), arn],
        // Some actions want a log group's ARN with `:*`, some without.
        "AWS::Logs::LogGroup" => {
            let bare = arn.strip_suffix(":*").unwrap_or(&arn).to_owned();
            vec![format!("{bare}:*"), bare]
        }
        _ => vec![arn],
    })
}

/// A queue's URL ends in its account and its name.
fn queue_arn(url: &str, context: &PermissionContext<'_>) -> Option<String> {
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next()?, parts.next()?);
    let place = context.place;
    (account == place.account)
        .then(|| format!("arn:{}:sqs:{}:{account}:{name}", place.partition, place.region))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;

    #[test]
    fn the_actions_are_those_of_the_handlers() {
        let catalogue = Catalogue::bundled();
        for (type_name, actions) in ACTIONS.iter() {
            let resource_type = catalogue.get(type_name).expect("a type");
            let handlers = &resource_type.handlers;
            let all = [&handlers.create, &handlers.read, &handlers.update, &handlers.delete, &handlers.list];
            let listed: HashSet<String> = all
                .into_iter()
                .flatten()
                .flat_map(|h| &h.permissions)
                .map(|a| a.to_ascii_lowercase())
                .collect();
            assert!(!actions.is_empty() && actions.is_subset(&listed), "{type_name}");
        }
        assert!(is_limited("AWS::SQS::Queue", "sqs:CreateQueue"));
        assert!(!is_limited("AWS::SQS::Queue", "sqs:ListQueues"));
    }
}
