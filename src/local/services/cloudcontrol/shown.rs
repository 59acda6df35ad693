//! What a read shows of a resource: what its handler shows, and what AWS's own habits and other
//! people make of it. The same resource is shown the same way until it changes, to readers and to
//! patches alike.

use super::spelling::respell;
use crate::local::profile::Misbehaviour;
use crate::local::services::handler;
use crate::local::services::resources::{Properties, Resource};
use crate::local::world::{Rng, World};
use crate::schema::ResourceType;
use serde_json::{Value as Json, json};

/// A tag that somebody else's tool has put on: keys of this prefix are AWS's own.
const SYSTEM_TAG: (&str, &str) = ("aws:cloudformation:stack-name", "somebody-elses");

/// A table's arrays that no schema marks as unordered, and that come back in another order.
const TABLE_ARRAYS: [&str; 3] = ["AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"];

/// The model.
pub(super) fn shown(world: &World, kind: &ResourceType, resource: &Resource) -> Properties {
    let mut shown = handler(&resource.type_name).read(kind, &resource.properties);
    let (profile, seed) = (&world.profile, world.settings.seed);
    let name = |what: &str, request: &str| format!("{what} {} {request}", resource.identifier);
    let order = name("order", &resource.changed.request);
    if profile.reordered.holds(seed, &order) {
        let mut rng = Rng::named(seed, &order);
        let mut reordered = false;
        let mut path = Vec::new();
        for (property, value) in &mut shown {
            path.push(property.clone());
            reordered |= shuffle(kind, &mut path, value, &mut rng);
            path.pop();
        }
        if reordered {
            world.counts.add(Misbehaviour::Reordered);
        }
    }
    let spelling = name("spelling", &resource.changed.request);
    if profile.respelled.holds(seed, &spelling) {
        let mut rng = Rng::named(seed, &spelling);
        if respell(kind, &mut shown, &mut rng) {
            world.counts.add(Misbehaviour::Respelled);
        }
    }
    if profile.system_tags.holds(seed, &name("tags", &resource.created.request)) && tag(kind, &mut shown) {
        world.counts.add(Misbehaviour::SystemTag);
    }
    shown
}

/// Takes away what [`shown`] added and no handler may get to see.
pub(super) fn without_system_tags(kind: &ResourceType, live: &Json, wanted: &mut Json) {
    let Some(property) = kind.tagging.property.as_deref() else { return };
    let added = |tags: &Json| match tags {
        Json::Array(tags) => tags.iter().any(is_system),
        Json::Object(tags) => tags.contains_key(SYSTEM_TAG.0),
        _ => false,
    };
    if !live.get(property).is_some_and(added) {
        return;
    }
    let Some(tags) = wanted.get_mut(property) else { return };
    let empty = match tags {
        Json::Array(tags) => {
            tags.retain(|tag| !is_system(tag));
            tags.is_empty()
        }
        Json::Object(tags) => {
            tags.shift_remove(SYSTEM_TAG.0);
            tags.is_empty()
        }
        _ => false,
    };
    if empty && let Json::Object(wanted) = wanted {
        wanted.shift_remove(property);
    }
}

fn is_system(tag: &Json) -> bool {
    tag["Key"] == SYSTEM_TAG.0
}

/// Adds the tag where the type takes those of CloudFormation, in the form that its schema has; false
/// where it takes none.
fn tag(kind: &ResourceType, shown: &mut Properties) -> bool {
    let Some(property) = kind.tagging.property.as_deref() else { return false };
    let hidden = [property];
    if !kind.tagging.system_tags || !kind.tagging.updatable || kind.is_write_only(&hidden) {
        return false;
    }
    let Some(schema) = kind.property(&[property]) else { return false };
    let (key, value) = SYSTEM_TAG;
    let array = schema["type"] == "array" && kind.property(&[property, "*", "Key"]).is_some();
    let map = schema["type"] == "object" && schema.get("properties").is_none();
    let empty = if array { json!([]) } else { json!({}) };
    match shown.entry(property).or_insert(empty) {
        Json::Array(tags) if array => {
            tags.insert(0, json!({ "Key": key, "Value": value }));
            true
        }
        Json::Object(tags) if map => {
            tags.insert(key.to_owned(), json!(value));
            true
        }
        tags => {
            if tags.as_object().is_some_and(serde_json::Map::is_empty) {
                shown.shift_remove(property);
            }
            false
        }
    }
}

/// Brings every unordered array at or below `path` into another order; whether there was one. The
/// JSON reader bounds how deep a model goes.
fn shuffle(kind: &ResourceType, path: &mut Vec<String>, value: &mut Json, rng: &mut Rng) -> bool {
    let mut any = false;
    match value {
        Json::Object(members) => {
            for (name, below) in members {
                path.push(name.clone());
                any |= shuffle(kind, path, below, rng);
                path.pop();
            }
        }
        Json::Array(items) => {
            path.push("*".to_owned());
            for item in items.iter_mut() {
                any |= shuffle(kind, path, item, rng);
            }
            path.pop();
            let table = kind.name.as_str() == "AWS::DynamoDB::Table"
                && matches!(path.as_slice(), [top] if TABLE_ARRAYS.contains(&top.as_str()));
            if items.len() > 1 && (table || kind.is_unordered(path)) {
                any = true;
                let before = items.clone();
                for last in (1..items.len()).rev() {
                    items.swap(last, rng.below(last + 1));
                }
                if *items == before {
                    items.rotate_left(1);
                }
            }
        }
        _ => {}
    }
    any
}
