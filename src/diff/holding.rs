//! What of a declaration holds already for a resource that evstack never sent anything to: the
//! record of a thing that is taken over.

use super::compare;
use super::equal::declared;
use super::shape::Shape;
use super::{Context, Difference, DifferenceKind};
use crate::model::{Json, Value};
use serde_json::Map;

/// A declaration measured against a resource that somebody else made.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Holding {
    /// The part of the declaration that is so, or can't be told, secrets as hashes: stands for what
    /// was sent last. Against it a [`super::diff`] shows what differs, and removes nothing that was
    /// never declared.
    pub declared: Json,
    /// Paths of the declaration that no read shows: taken as they are declared. Write-only ones are
    /// sent again with the next update; the others can't be changed anyway.
    pub unverified: Vec<Vec<String>>,
}

/// Measures it. What is declared and unknown doesn't hold.
pub fn holding(desired: &Value, live: &Json, context: &Context<'_>) -> Holding {
    let differences = compare::run(desired, None, live, context).differences;
    let (unseen, differing): (Vec<Difference>, Vec<Difference>) =
        differences.into_iter().partition(is_unseen);
    let mut unverified: Vec<Vec<String>> = unseen.into_iter().map(|d| d.path).collect();
    unverified.dedup();
    let differing: Vec<&[String]> = differing.iter().map(|d| d.path.as_slice()).collect();
    let kept = keep(desired, &differing, &mut Vec::new(), context);
    Holding { declared: kept.unwrap_or_else(|| Json::Object(Map::new())), unverified }
}

/// Whether nobody can tell: a read never shows it, or doesn't show what can't be changed.
fn is_unseen(difference: &Difference) -> bool {
    let fixed = difference.forces_replacement && !difference.by_trigger;
    let known = difference.after.as_ref().is_some_and(Value::is_known);
    known && (difference.write_only || (fixed && difference.kind == DifferenceKind::Add))
}

/// The value without what differs. Items of a list keep their places, since that is what they are
/// compared by; an item of a set that differs anywhere is left out whole.
fn keep(
    value: &Value,
    differing: &[&[String]],
    path: &mut Vec<String>,
    context: &Context<'_>,
) -> Option<Json> {
    if differing.contains(&path.as_slice()) {
        return None;
    }
    if !differing.iter().any(|d| d.starts_with(path)) {
        return declared(value, context.secrets).or_else(|| keep_below(value, differing, path, context));
    }
    keep_below(value, differing, path, context)
}

fn keep_below(
    value: &Value,
    differing: &[&[String]],
    path: &mut Vec<String>,
    context: &Context<'_>,
) -> Option<Json> {
    match value {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (key, member) in members {
                path.push(key.clone());
                if let Some(json) = keep(member, differing, path, context) {
                    kept.insert(key.clone(), json);
                }
                path.pop();
            }
            Some(Json::Object(kept))
        }
        Value::Array(items) => {
            let shape = Shape::new(context.resource_type);
            let by_place = !shape.tags(path) && !shape.unordered(path);
            let mut kept = Vec::new();
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                let differs = differing.iter().any(|d| d.starts_with(path));
                if by_place {
                    kept.push(keep(item, differing, path, context).unwrap_or(Json::Null));
                } else if !differs {
                    kept.extend(declared(item, context.secrets));
                }
                path.pop();
            }
            while kept.last().is_some_and(Json::is_null) {
                kept.pop();
            }
            Some(Json::Array(kept))
        }
        // A secret that differs somewhere below is told as one thing.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use crate::model::{Address, Options, Secrets};
    use crate::schema::Catalogue;
    use serde_json::json;

    fn check(type_name: &str, desired: &Value, live: &Json) -> (Holding, Vec<String>) {
        let kind = Catalogue::bundled().get(type_name).expect("a known type");
        let (options, secrets) = (Options::default(), Secrets::new("salt"));
        let context = Context::new(&kind, &options, &secrets);
        let holding = holding(desired, live, &context);
        let left = diff(desired, Some(&holding.declared), live, &context).differences;
        (holding, left.into_iter().map(|d| d.path.join("/")).collect())
    }

    #[test]
    fn what_differs_is_not_held_and_nothing_undeclared_is() {
        let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
        let desired = json!({"QueueName": "q", "DelaySeconds": 5, "Tags": [tag("a", "1"), tag("b", "2")]});
        let live = json!({"QueueName": "q", "DelaySeconds": 0, "VisibilityTimeout": 60,
                          "Tags": [tag("c", "3"), tag("a", "1"), tag("b", "0")]});
        let (holding, left) = check("AWS::SQS::Queue", &Value::from(desired), &live);
        assert_eq!(holding.declared, json!({"QueueName": "q", "Tags": [tag("a", "1")]}));
        assert_eq!(holding.unverified, Vec::<Vec<String>>::new());
        assert_eq!(left, ["DelaySeconds", "Tags/1/Value"]);
    }

    #[test]
    fn what_no_read_shows_is_taken_as_declared() {
        let desired = Value::from(json!({
            "Name": "c", "AuthorizationType": "API_KEY",
            "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}},
        }));
        let live = json!({"Name": "c", "AuthorizationType": "API_KEY",
                          "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "k"}}});
        let (holding, left) = check("AWS::Events::Connection", &desired, &live);
        assert_eq!(holding.unverified, [["AuthParameters", "ApiKeyAuthParameters", "ApiKeyValue"]]);
        assert_eq!(left, [""; 0]);
        assert_eq!(Some(holding.declared), desired.to_json());
    }

    #[test]
    fn what_is_unknown_does_not_hold_and_secrets_are_hashed() {
        let mut desired = Value::from(json!({"TopicName": "t", "DisplayName": "hush"}));
        if let Value::Object(members) = &mut desired {
            members
                .insert("KmsMasterKeyId".into(), Value::unknown(Address::new("resource.key"), "Arn", "why"));
            members.insert("DisplayName".into(), Value::Sensitive(Box::new(Value::from(json!("hush")))));
        }
        let (holding, left) =
            check("AWS::SNS::Topic", &desired, &json!({"TopicName": "t", "DisplayName": "hush"}));
        let hash = Secrets::new("salt").hash(&json!("hush"));
        assert_eq!(holding.declared, json!({"TopicName": "t", "DisplayName": hash}));
        assert_eq!(left, ["KmsMasterKeyId"]);
    }
}
