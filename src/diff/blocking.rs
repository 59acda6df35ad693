//! What nobody declared and would keep an update from being accepted.
//!
//! UpdateResource holds the whole patched model against the type's schema, with what the read added.
//! A read may add what the schema itself refuses: an empty list where items are wanted, an item
//! beside the declared ones where there is room for these alone, another of two alternatives. Only
//! what stands in the way goes, and only where the model is better without it.

use crate::model::Json;
use crate::schema::validate::{Mode, no_holes, validate};
use crate::schema::{PropertyPath, ResourceType};

/// How often the model is looked at again.
const ROUNDS: usize = 8;

/// What to do about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cleaning {
    /// This goes.
    Remove(Vec<String>),
    /// This becomes what is declared, and nothing else.
    Replace(Vec<String>, Json),
}

/// What must be done to the patched model (`target`) beside the patch.
pub(super) fn cleanings(kind: &ResourceType, desired: &Json, target: &Json) -> Vec<Cleaning> {
    let (mut target, mut found) = (target.clone(), Vec::new());
    let mut wrong = pointers(kind, &target);
    for _ in 0..ROUNDS {
        let better = wrong.iter().find_map(|pointer| {
            let cleaning = cleaning(kind, desired, &target, pointer)?;
            let mut cleaned = target.clone();
            cleaning.apply(&mut cleaned)?;
            let left = pointers(kind, &cleaned);
            (left.len() < wrong.len()).then_some((cleaning, cleaned, left))
        });
        let Some((cleaning, cleaned, left)) = better else { break };
        found.push(cleaning);
        (target, wrong) = (cleaned, left);
    }
    found
}

/// Which of the hidden values the patched model (`target`) must have to be accepted, by their number.
/// Each is a place and what is declared there.
pub(super) fn needed(kind: &ResourceType, target: &Json, hidden: &[(Vec<String>, Json)]) -> Vec<usize> {
    let (mut target, mut found) = (target.clone(), Vec::new());
    let mut wrong = pointers(kind, &target).len();
    for (number, (path, value)) in hidden.iter().enumerate() {
        if wrong == 0 {
            break;
        }
        let mut with = target.clone();
        if Cleaning::Replace(path.clone(), value.clone()).apply(&mut with).is_none() {
            continue;
        }
        let left = pointers(kind, &with).len();
        if left < wrong {
            found.push(number);
            (target, wrong) = (with, left);
        }
    }
    found
}

/// Where something is wrong.
fn pointers(kind: &ResourceType, model: &Json) -> Vec<Vec<String>> {
    let names = |pointer: &str| -> Vec<String> {
        pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
    };
    let violations = validate(kind, model, Mode::Registry, &no_holes);
    violations.iter().map(|violation| names(&violation.pointer)).collect()
}

fn cleaning(kind: &ResourceType, desired: &Json, target: &Json, at: &[String]) -> Option<Cleaning> {
    let there = lookup(target, at)?;
    if there.as_array().is_some_and(Vec::is_empty) && lookup(desired, at).is_none() && !is_fixed(kind, at) {
        return Some(Cleaning::Remove(at.to_vec()));
    }
    // The lowest declared place that it is in; items stand at other places than declared.
    let mut declared = 0;
    let mut node = desired;
    for name in at {
        let Json::Object(members) = node else { break };
        let Some(below) = members.get(name) else { break };
        (node, declared) = (below, declared + 1);
    }
    let place = &at[..declared];
    if place.is_empty() || lookup(target, place) == Some(node) || is_fixed(kind, place) {
        return None;
    }
    Some(Cleaning::Replace(place.to_vec(), node.clone()))
}

/// Whether something at, above or below it can't be written.
fn is_fixed(kind: &ResourceType, path: &[String]) -> bool {
    let touches = |one: &PropertyPath| {
        one.covers(path) || one.names().iter().zip(path).all(|(n, at)| n == "*" || n == at)
    };
    kind.create_only.iter().chain(&kind.read_only).any(touches)
}

impl Cleaning {
    fn apply(&self, model: &mut Json) -> Option<()> {
        let (Self::Remove(path) | Self::Replace(path, _)) = self;
        let (last, parents) = path.split_last()?;
        let parent = parents.iter().try_fold(model, |node, name| match node {
            Json::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
            Json::Object(members) => members.get_mut(name),
            _ => None,
        })?;
        match (self, parent) {
            (Self::Remove(_), Json::Object(members)) => drop(members.shift_remove(last)),
            (Self::Replace(_, value), Json::Object(members)) => {
                members.insert(last.clone(), value.clone());
            }
            _ => return None,
        }
        Some(())
    }
}

fn lookup<'j>(json: &'j Json, path: &[String]) -> Option<&'j Json> {
    path.iter().try_fold(json, |json, name| match json {
        Json::Object(members) => members.get(name),
        Json::Array(items) => name.parse::<usize>().ok().and_then(|i| items.get(i)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;
    use serde_json::json;

    fn found(type_name: &str, desired: Json, target: Json) -> Vec<Cleaning> {
        let kind = Catalogue::bundled().get(type_name).expect("a known type");
        cleanings(&kind, &desired, &target)
    }

    #[test]
    fn an_empty_list_goes_where_items_are_wanted() {
        let kind = Catalogue::bundled().get("AWS::Lambda::EventSourceMapping").expect("a known type");
        let ours = json!({"FunctionName": "f", "Queues": ["q"]});
        let mut target = ours.clone();
        target["Topics"] = json!([]);
        target["FilterCriteria"] = json!({"Filters": []});
        let wrong: Vec<Cleaning> = pointers(&kind, &target).into_iter().map(Cleaning::Remove).collect();
        assert!(wrong.contains(&Cleaning::Remove(vec!["Topics".to_owned()])), "{wrong:?}");
        assert_eq!(cleanings(&kind, &ours, &target), wrong);
    }

    #[test]
    fn a_foreign_item_goes_where_there_is_room_for_ours_alone() {
        let ours = json!({"AgentId": "ABCDEFGHIJ", "AgentAliasName": "a",
            "RoutingConfiguration": [{"AgentVersion": "2"}]});
        let mut target = ours.clone();
        target["RoutingConfiguration"] = json!([{"AgentVersion": "1"}, {"AgentVersion": "2"}]);
        let cleanings = found("AWS::Bedrock::AgentAlias", ours, target);
        let place = vec!["RoutingConfiguration".to_owned()];
        assert_eq!(cleanings, [Cleaning::Replace(place, json!([{"AgentVersion": "2"}]))]);
    }

    #[test]
    fn a_model_that_is_right_is_left_alone() {
        let target = json!({"QueueName": "q", "DelaySeconds": 3, "VisibilityTimeout": 30});
        assert_eq!(found("AWS::SQS::Queue", json!({"QueueName": "q", "DelaySeconds": 3}), target), []);
    }
}
