//! What changed since the last apply though nobody applied anything.
//!
//! Three questions, kept apart. Is what was declared still so (`changed`)? Is what nobody declared
//! still as it was seen (`undeclared`)? What can't be told at all (`unverifiable`)? Only the first
//! is ever a difference of a plan.

mod settle;
mod walk;

pub use settle::{accepted, kept_apart, restored};

use super::compare::shown;
use super::equal::same;
use super::overlay::{Facts, facts};
use super::shape::Shape;
use super::{Context, Difference, diff};
use crate::model::{Address, Json, Recorded, Undeclared, Value};
use crate::schema::TypeName;
use std::borrow::Cow;
use walk::Walk;

/// Why what drifted can't be set back where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Irrevocable {
    /// The service decides it.
    Computed,
    /// It can't be changed in place.
    CreateOnly,
    /// Nothing of the type can be changed in place.
    NoUpdate,
    /// What stood there is known by its hash alone.
    Secret,
    /// It shows another resource, which stands for itself.
    Listed,
}

impl Irrevocable {
    /// Why, for people: `the service computes it`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Computed => "the service computes it",
            Self::CreateOnly => "it can't be changed in place",
            Self::NoUpdate => "nothing of this type can be changed in place",
            Self::Secret => "of what stood there only a hash is known",
            Self::Listed => "it is another resource, to be deleted where it belongs",
        }
    }
}

/// A path that isn't as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftedPath {
    /// Names and indices in the live properties; of what is gone, in those that were there. Of what
    /// was declared, in the declared ones.
    pub path: Vec<String>,
    /// What was declared, or seen; `None` where nothing was.
    pub before: Option<Value>,
    /// What is there; `None` where nothing is.
    pub after: Option<Value>,
    /// What was seen, as it is recorded.
    pub seen: Option<Json>,
    /// What is there, as it was read. Not to be shown: `after` is.
    pub live: Option<Json>,
    /// Why it can't be set back, if it can't.
    pub irrevocable: Option<Irrevocable>,
}

impl DriftedPath {
    /// For the record: what came in a secret's place as its hash.
    #[must_use]
    pub fn undeclared(&self, context: &Context<'_>) -> Undeclared {
        let secret = self.after.as_ref().is_some_and(Value::has_secrets);
        let live = self.live.as_ref().map(|live| match secret && !super::equal::is_hash(live) {
            true => context.secrets.hash(live),
            false => live.clone(),
        });
        Undeclared { path: self.path.clone(), seen: self.seen.clone(), live }
    }
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

/// A drifted path that somebody asked not to hear of.
#[derive(Debug, Clone, PartialEq)]
pub struct IgnoredPath {
    /// Whose.
    pub address: Address,
    /// Which, and how it drifted.
    pub path: DriftedPath,
    /// Whether it was declared.
    pub declared: bool,
    /// Why it is ignored, in the words of whoever asked.
    pub reason: String,
    /// Until which day.
    pub until: Option<String>,
}

/// A resource that isn't recorded and stands on one that is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Foreign {
    /// Ours, on which it stands.
    pub address: Address,
    /// Its type.
    pub type_name: TypeName,
    /// Its identifier.
    pub identifier: String,
    /// The evstack stack that made it, if its tags name one.
    pub stack: Option<String>,
}

impl Foreign {
    /// Whether it is another evstack stack's: told, and no drift of this one.
    #[must_use]
    pub fn is_of_another_stack(&self, stack: &str) -> bool {
        self.stack.as_deref().is_some_and(|other| other != stack)
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
    let mut listed = Vec::new();
    for (name, members) in facts(type_name).into_iter().flat_map(Facts::members) {
        listed.push(name);
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
    let mut found = compare(recorded, &seen, &there, context);
    for path in &mut found.undeclared {
        if path.path.first().is_some_and(|name| listed.contains(&name.as_str())) {
            path.irrevocable = Some(Irrevocable::Listed);
        }
    }
    found
}

fn compare(recorded: &Recorded, seen: &Json, live: &Json, context: &Context<'_>) -> Drifted {
    let declared = shown(&recorded.declared);
    let differences = diff(&declared, Some(&recorded.declared), live, context).differences;
    let mut walk = Walk {
        context,
        shape: Shape::new(context.resource_type),
        path: Vec::new(),
        counterparts: differences.iter().map(|difference| difference.live_path.clone()).collect(),
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
        seen: None,
        live: difference.before,
        irrevocable: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Options, Secrets};
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
            drain: None,
            place: String::new(),
            doubts: Default::default(),
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
    fn each_path_of_a_remade_table_is_told_once() {
        let table = |key: &str| {
            json!({
                "TableName": "t", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            })
        };
        let found = drifted("AWS::DynamoDB::Table", table("a"), table("a"), table("b"));
        assert_eq!(paths(&found.changed), ["AttributeDefinitions.0", "KeySchema.0.AttributeName"]);
        assert_eq!(paths(&found.undeclared), ["AttributeDefinitions.0"], "the other that came");
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
