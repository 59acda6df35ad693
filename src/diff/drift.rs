//! What changed since the last apply though nobody applied anything.
//!
//! Three questions, kept apart. Is what was declared still so (`changed`)? Is what nobody declared
//! still as it was seen (`undeclared`)? What can't be told at all (`unverifiable`)? Only the first
//! is ever a difference of a plan.

use super::compare::shown;
use super::equal::{is_empty, same};
use super::overlay::{Facts, facts};
use super::shape::Shape;
use super::{Context, Difference, diff};
use crate::model::{Address, Json, Recorded, Secrets, Value};
use crate::schema::TypeName;
use serde_json::Map;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A path that isn't as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftedPath {
    /// Names and indices in the live properties; of what is gone, in those that were there.
    pub path: Vec<String>,
    /// What was declared, or seen; `None` where nothing was.
    pub before: Option<Value>,
    /// What is there; `None` where nothing is.
    pub after: Option<Value>,
}

/// How one resource that is still there drifted.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use]
pub struct Drifted {
    /// What was declared, and isn't so any more.
    pub changed: Vec<DriftedPath>,
    /// What else changed, against what was seen.
    pub undeclared: Vec<DriftedPath>,
    /// Declared, and never shown by a read.
    pub unverifiable: Vec<Vec<String>>,
}

impl Drifted {
    /// Whether all that can be told is as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.undeclared.is_empty()
    }
}

/// One recorded resource that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDrift {
    /// Its name in the stack.
    pub address: Address,
    /// Its CloudFormation type.
    pub type_name: TypeName,
    /// Cloud Control's identifier.
    pub identifier: String,
    /// What became of it; `None` if it is gone.
    pub drifted: Option<Drifted>,
}

impl ResourceDrift {
    /// Whether it is as the last apply left it, as far as can be told.
    #[must_use]
    pub fn is_as_it_was(&self) -> bool {
        self.drifted.as_ref().is_some_and(Drifted::is_empty)
    }
}

/// Compares what was sent and seen last with what is there. `all` is everything that is recorded: a
/// list that shows other resources shows those too. Pure.
pub fn drift<'r>(
    recorded: &Recorded,
    live: &Json,
    context: &Context<'_>,
    all: impl Iterator<Item = &'r Recorded> + Clone,
) -> Drifted {
    let type_name = recorded.type_name.as_str();
    let (mut seen, mut there) = (Cow::Borrowed(&recorded.seen), Cow::Borrowed(live));
    for (name, members) in facts(type_name).into_iter().flat_map(Facts::members) {
        let ours: Vec<&Recorded> = all
            .clone()
            .filter(|other| other.type_name.as_str() == members.type_name)
            .filter(|other| other.declared[&members.of] == recorded.identifier)
            .collect();
        let is_ours = |item: &Json| {
            ours.iter().any(|other| {
                members.by.iter().all(|key| same(&other.declared[key], &item[key], context.secrets))
            })
        };
        for side in [&mut seen, &mut there] {
            if side[name].is_array()
                && let Some(items) = side.to_mut()[name].as_array_mut()
            {
                items.retain(|item| !is_ours(item));
            }
        }
    }
    compare(recorded, &seen, &there, context)
}

fn compare(recorded: &Recorded, seen: &Json, live: &Json, context: &Context<'_>) -> Drifted {
    let declared = shown(&recorded.declared);
    let differences = diff(&declared, Some(&recorded.declared), live, context).differences;
    let mut walk = Walk {
        context,
        shape: Shape::new(context.resource_type),
        path: Vec::new(),
        found: Drifted { changed: differences.into_iter().map(turned).collect(), ..Drifted::default() },
    };
    walk.at(Some(&recorded.declared), Some(seen), Some(live));
    walk.hidden(&recorded.declared);
    walk.found
}

/// A plan goes from what is there to what is wanted; a drift went the other way.
fn turned(difference: Difference) -> DriftedPath {
    let veil = |value: Value| if difference.sensitive { veiled(value) } else { value };
    DriftedPath {
        before: difference.after.map(veil),
        after: difference.before.as_ref().map(shown).map(veil),
        path: difference.path,
    }
}

/// Both sides, as they may be shown: what came in a secret's place is no less secret.
fn sides(seen: Option<&Json>, live: Option<&Json>) -> (Option<Value>, Option<Value>) {
    let before = seen.map(shown);
    let secret = before.as_ref().is_some_and(Value::has_secrets);
    let after = live.map(shown).map(|value| if secret { veiled(value) } else { value });
    (before, after)
}

fn veiled(value: Value) -> Value {
    match value {
        Value::Sensitive(_) => value,
        bare => Value::Sensitive(Box::new(bare)),
    }
}

struct Walk<'a> {
    context: &'a Context<'a>,
    shape: Shape<'a>,
    path: Vec<String>,
    found: Drifted,
}

impl Walk<'_> {
    /// What was declared here, what was seen here, what is here.
    fn at(&mut self, declared: Option<&Json>, seen: Option<&Json>, live: Option<&Json>) {
        let ignored = self.context.ignore_changes.iter().any(|p| p.covers(&self.path));
        if ignored || self.shape.write_only(&self.path) || self.volatile() {
            return;
        }
        let whole = self.shape.document(&self.path);
        match (declared, seen, live) {
            // What can't change was compared with nothing yet: the plan takes it as it was sent.
            (Some(_), Some(seen), Some(live))
                if self.shape.fixed(&self.path) && !same(seen, live, self.context.secrets) =>
            {
                let path = self.path.clone();
                let (before, after) = sides(Some(seen), Some(live));
                self.found.changed.push(DriftedPath { path, before, after });
            }
            (declared, Some(Json::Object(seen)), Some(Json::Object(live)))
                if !whole && declared.is_none_or(Json::is_object) =>
            {
                self.members(declared.and_then(Json::as_object), seen, live);
            }
            (declared, Some(Json::Array(seen)), Some(Json::Array(live))) if !whole => {
                let declared = declared.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
                self.items(declared, seen, live);
            }
            (None, seen, live) => self.compare(seen, live),
            // Declared: the diff has looked at it.
            (Some(_), ..) => {}
        }
    }

    fn members(
        &mut self,
        declared: Option<&Map<String, Json>>,
        seen: &Map<String, Json>,
        live: &Map<String, Json>,
    ) {
        let keys: BTreeSet<&String> = seen.keys().chain(live.keys()).collect();
        for key in keys {
            if self.shape.tags(&self.path) && key.starts_with("aws:") {
                continue;
            }
            self.path.push(key.clone());
            self.at(declared.and_then(|d| d.get(key)), seen.get(key), live.get(key));
            self.path.pop();
        }
    }

    /// Items are told apart by what they are: one that was seen and is there has not changed,
    /// wherever it stands; one that was declared is the diff's affair.
    fn items(&mut self, declared: &[Json], seen: &[Json], live: &[Json]) {
        let secrets = self.context.secrets;
        let is_declared = |item: &Json| declared.iter().any(|d| alike(d, item, secrets));
        let mut there: Vec<(usize, &Json)> = live.iter().enumerate().collect();
        let mut gone = Vec::new();
        for (index, item) in seen.iter().enumerate() {
            match there.iter().position(|(_, other)| same(item, other, secrets)) {
                Some(found) => {
                    there.remove(found);
                }
                None => gone.push((index, item)),
            }
        }
        let added = there.into_iter().filter(|(_, item)| !self.aws_tag(item) && !is_declared(item));
        let added: Vec<(usize, &Json)> = added.collect();
        let found = self.found.undeclared.len();
        for (index, item) in gone {
            if !is_declared(item) && !self.aws_tag(item) {
                self.item(index, Some(item), None);
            }
        }
        for (index, item) in added {
            self.item(index, None, Some(item));
        }
        // An item that takes the place of one with a secret may hold the new one.
        if seen.iter().any(|item| shown(item).has_secrets()) {
            for path in &mut self.found.undeclared[found..] {
                path.after = path.after.take().map(veiled);
            }
        }
    }

    fn item(&mut self, index: usize, seen: Option<&Json>, live: Option<&Json>) {
        self.path.push(index.to_string());
        self.compare(seen, live);
        self.path.pop();
    }

    fn compare(&mut self, seen: Option<&Json>, live: Option<&Json>) {
        let something = |json: Option<&Json>| json.map(|j| self.ours(j)).filter(|json| !is_empty(json));
        let (seen, live) = (something(seen), something(live));
        let equal = match (&seen, &live) {
            (Some(seen), Some(live)) => same(seen, live, self.context.secrets),
            (None, None) => true,
            _ => false,
        };
        if !equal {
            let (before, after) = sides(seen.as_ref(), live.as_ref());
            self.found.undeclared.push(DriftedPath { path: self.path.clone(), before, after });
        }
    }

    /// Without the tags that AWS itself sets.
    fn ours(&self, json: &Json) -> Json {
        match json {
            Json::Object(members) if self.shape.tags(&self.path) => {
                let ours = members.iter().filter(|(key, _)| !key.starts_with("aws:"));
                Json::Object(ours.map(|(key, value)| (key.clone(), value.clone())).collect())
            }
            Json::Array(items) if self.shape.tags(&self.path) => {
                Json::Array(items.iter().filter(|item| !self.aws_tag(item)).cloned().collect())
            }
            other => other.clone(),
        }
    }

    /// Tags that AWS itself sets are nobody's change.
    fn aws_tag(&self, item: &Json) -> bool {
        self.shape.tags(&self.path)
            && item.get("Key").and_then(Json::as_str).is_some_and(|key| key.starts_with("aws:"))
    }

    /// Computed, and another after each update, whoever made it: it says only that something else
    /// changed.
    fn volatile(&self) -> bool {
        self.path.len() == 1 && super::changes_with_updates(self.context.resource_type, &self.path[0])
    }

    /// Notes the declared paths that no read shows.
    fn hidden(&mut self, declared: &Json) {
        if self.shape.write_only(&self.path) {
            self.found.unverifiable.push(self.path.clone());
            return;
        }
        if !self.shape.hides_below(&self.path) {
            return;
        }
        let below: Vec<(String, &Json)> = match declared {
            Json::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
            Json::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
            _ => return,
        };
        for (key, value) in below {
            self.path.push(key);
            self.hidden(value);
            self.path.pop();
        }
    }
}

/// Whether a live item is (perhaps with more in it, or with other values) the declared one.
fn alike(declared: &Json, item: &Json, secrets: &Secrets) -> bool {
    match (declared, item) {
        (Json::Object(declared), Json::Object(item)) => {
            let named = super::arrays::NAMES.iter().find(|name| declared.contains_key(**name));
            match named {
                Some(name) => declared.get(*name) == item.get(*name),
                None => declared.iter().all(|(k, d)| item.get(k).is_some_and(|i| alike(d, i, secrets))),
            }
        }
        _ => same(declared, item, secrets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Options;
    use crate::schema::Catalogue;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn drifted(type_name: &str, declared: Json, seen: Json, live: Json) -> Drifted {
        let resource_type = Catalogue::bundled().get(type_name).expect("a type");
        let recorded = Recorded {
            address: Address::new("a.b"),
            type_name: TypeName::new(type_name),
            identifier: "x".into(),
            declared,
            seen,
            dependencies: Vec::new(),
            predicted: BTreeMap::new(),
            protection: Default::default(),
            retain_on_delete: false,
            place: String::new(),
        };
        let (options, secrets) = (Options::default(), Secrets::new("salt"));
        drift(&recorded, &live, &Context::new(&resource_type, &options, &secrets), std::iter::empty())
    }

    fn paths(found: &[DriftedPath]) -> Vec<String> {
        found.iter().map(|p| p.path.join(".")).collect()
    }

    const QUEUE: &str = "AWS::SQS::Queue";

    #[test]
    fn declared_and_undeclared_changes_are_told_apart() {
        let seen = json!({"DelaySeconds": 5, "VisibilityTimeout": 30, "QueueUrl": "u", "Tags": []});
        let live = json!({"DelaySeconds": 6, "VisibilityTimeout": 45, "QueueUrl": "u", "Tags": []});
        let found = drifted(QUEUE, json!({"DelaySeconds": 5}), seen.clone(), live);
        assert_eq!(paths(&found.changed), ["DelaySeconds"]);
        assert_eq!(found.changed[0].before, Some(Value::from(json!(5))));
        assert_eq!(found.changed[0].after, Some(Value::from(json!(6))));
        assert_eq!(paths(&found.undeclared), ["VisibilityTimeout"]);
        assert!(drifted(QUEUE, json!({"DelaySeconds": 5}), seen.clone(), seen).is_empty());
    }

    #[test]
    fn tags_in_another_order_and_those_of_aws_are_no_drift() {
        let tag = |key: &str| json!({"Key": key, "Value": "1"});
        let seen = json!({"Tags": [tag("a"), tag("b")]});
        let live = json!({"Tags": [tag("aws:cloudformation:stack"), tag("b"), tag("a")]});
        assert!(drifted(QUEUE, json!({"Tags": [tag("a")]}), seen.clone(), live).is_empty());
        let live = json!({"Tags": [tag("a"), tag("b"), tag("c")]});
        let found = drifted(QUEUE, json!({"Tags": [tag("a")]}), seen, live);
        assert!(found.changed.is_empty());
        assert_eq!(paths(&found.undeclared), ["Tags.2"]);
    }

    #[test]
    fn tags_in_a_mapping_are_looked_at_one_by_one() {
        let kind = "AWS::ApiGatewayV2::Api";
        let live = json!({"Tags": {"a": "1", "aws:cloudformation:stack-name": "x"}});
        assert!(drifted(kind, json!({}), json!({"Tags": {"a": "1"}}), live.clone()).is_empty());
        let found = drifted(kind, json!({}), json!({}), live);
        assert_eq!(paths(&found.undeclared), ["Tags"], "with one of somebody's own");
        let live = json!({"Tags": {"aws:cloudformation:stack-name": "x"}});
        assert!(drifted(kind, json!({}), json!({}), live).is_empty());
    }

    #[test]
    fn another_resource_under_the_same_identifier_is_seen() {
        let seen = json!({"QueueName": "q", "FifoQueue": false});
        let live = json!({"QueueName": "q", "FifoQueue": true});
        let found = drifted(QUEUE, json!({"QueueName": "q", "FifoQueue": false}), seen, live);
        assert_eq!(paths(&found.changed), ["FifoQueue"]);
    }

    #[test]
    fn what_a_read_hides_cannot_be_verified() {
        let declared = json!({"Name": "p", "SourceParameters": {"SqsQueueParameters": {"BatchSize": 1}}});
        let seen = json!({"Name": "p"});
        let found = drifted("AWS::Pipes::Pipe", declared, seen.clone(), seen);
        assert!(found.is_empty());
        assert_eq!(found.unverifiable, [["SourceParameters"]]);
    }

    #[test]
    fn a_secret_is_compared_and_never_shown() {
        let hash = |value: &str| Secrets::new("salt").hash(&json!(value));
        let was = |value: &str| json!({"Description": hash(value)});
        let kind = "AWS::Events::EventBus";
        assert!(drifted(kind, was("a"), was("a"), json!({"Description": "a"})).is_empty());
        let found = drifted(kind, was("a"), was("a"), json!({"Description": "b"}));
        assert_eq!(paths(&found.changed), ["Description"]);
        assert!(found.changed[0].after.as_ref().is_some_and(Value::has_secrets));
        // Also where it can't change in place, and in a list.
        let fixed = |value: Json| json!({"Name": value});
        let found = drifted(kind, fixed(hash("a")), fixed(hash("a")), fixed(json!("b")));
        assert_eq!(paths(&found.changed), ["Name"]);
        assert!(found.changed[0].after.as_ref().is_some_and(Value::has_secrets));
        let tag = |value: Json| json!({"Tags": [{"Key": "k", "Value": value}]});
        let found = drifted(kind, json!({}), tag(hash("a")), tag(json!("b")));
        assert!(found.undeclared.iter().filter_map(|p| p.after.as_ref()).all(Value::has_secrets));
        assert!(!found.undeclared.is_empty());
        let found = drifted(kind, json!({}), was("a"), json!({"Description": "b"}));
        assert_eq!(paths(&found.undeclared), ["Description"]);
        assert!(found.undeclared[0].after.as_ref().is_some_and(Value::has_secrets));
    }
}
