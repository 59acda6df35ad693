//! Resources of any bundled type and changes of them, by a seed: no clock, no other randomness.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod edit;
pub mod needs;

use evstack::schema::sample::{Extent, Place, Sampler};
use evstack::schema::validate::{Mode, no_holes, validate};
use evstack::schema::{PropertyPath, ResourceType};
use serde_json::{Map, Value as Json};

/// Where the resources are: as the local cloud is unless told otherwise.
pub const PLACE: Place<'static> = Place { partition: "aws", region: "us-east-1", account: "000000000000" };

/// Random numbers of a seed (Marsaglia's xorshift64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The same seed and salt give the same numbers.
    pub fn new(seed: u64, salt: &str) -> Self {
        // FNV-1a: each type its own numbers.
        let salted = salt.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(salted | 1)
    }

    /// `0 ≤ n < bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % bound.max(1) as u64).unwrap_or(0)
    }
}

/// What a caller may send to create one, with what it takes to list it again.
pub fn resource(kind: &ResourceType, extent: Extent, random: &mut Random) -> Option<Map<String, Json>> {
    let mut choose = |bound| random.below(bound);
    let mut made = Sampler::new(kind, PLACE, extent, &mut choose).resource()?;
    let listed = kind.handlers.list.iter().flat_map(|list| list.required());
    for name in listed.filter(|name| kind.has_property(name) && !kind.is_read_only(&[*name])) {
        if !made.contains_key(name) {
            let path = PropertyPath::from_names([name]);
            let Some(value) = Sampler::new(kind, PLACE, extent, &mut choose).property(&path) else {
                continue;
            };
            let mut with = made.clone();
            with.insert(name.to_owned(), value);
            if validate(kind, &Json::Object(with.clone()), Mode::Registry, &no_holes).is_empty() {
                made = with;
            }
        }
    }
    Some(made)
}

/// What a read may show of a model: nothing that is write-only.
pub fn visible(kind: &ResourceType, model: &Map<String, Json>) -> Map<String, Json> {
    let mut shown = Json::Object(model.clone());
    for path in &kind.write_only {
        hide(&mut shown, path.names());
    }
    match shown {
        Json::Object(shown) => shown,
        _ => Map::new(),
    }
}

/// Takes away what lies at a path, and an object that is thereby empty: no read handler knows of it.
fn hide(node: &mut Json, path: &[String]) {
    match (node, path) {
        (Json::Object(members), [last]) if last == "*" => members.clear(),
        (Json::Object(members), [last]) => {
            members.shift_remove(last);
        }
        (Json::Object(members), [first, rest @ ..]) if first == "*" => {
            members.values_mut().for_each(|below| hide(below, rest));
        }
        (Json::Object(members), [first, rest @ ..]) => {
            let is_empty = |node: &Json| node.as_object().is_some_and(Map::is_empty);
            if let Some(below) = members.get_mut(first).filter(|below| !is_empty(below)) {
                hide(below, rest);
                if is_empty(below) {
                    members.shift_remove(first);
                }
            }
        }
        (Json::Array(items), [first]) if first == "*" => items.clear(),
        (Json::Array(items), [first, rest @ ..]) => {
            let rest = if first == "*" { rest } else { path };
            items.iter_mut().for_each(|below| hide(below, rest));
        }
        _ => {}
    }
}

/// Whether `live` has everything that `declared` says: objects may have more, all else is equal.
/// Where it isn't so.
pub fn lacks(declared: &Json, live: Option<&Json>, at: &str) -> Option<String> {
    match (declared, live) {
        (Json::Object(members), Some(Json::Object(others))) => {
            members.iter().find_map(|(key, value)| lacks(value, others.get(key), &format!("{at}/{key}")))
        }
        (Json::Array(items), Some(Json::Array(others))) if items.len() == others.len() => {
            let both = items.iter().zip(others).enumerate();
            both.into_iter().find_map(|(i, (item, other))| lacks(item, Some(other), &format!("{at}/{i}")))
        }
        (value, Some(other)) if value == other => None,
        (value, live) => Some(format!("{at} is {}, not {value}", live.unwrap_or(&Json::Null))),
    }
}

/// Types whose handlers know more than the schema does: a random resource of one is refused.
pub fn is_typed(type_name: &str) -> bool {
    const SERVICES: [&str; 16] = [
        "ApiGateway",
        "ApiGatewayV2",
        "DynamoDB",
        "Events",
        "EventSchemas",
        "IAM",
        "KMS",
        "Lambda",
        "Logs",
        "Pipes",
        "S3",
        "Scheduler",
        "SecretsManager",
        "SNS",
        "SQS",
        "StepFunctions",
    ];
    type_name.split("::").nth(1).is_some_and(|service| SERVICES.contains(&service) || service == "SES")
}
