//! A change of one property that can be changed, and what there is to see after it.

use super::{PLACE, Random};
use evstack::schema::sample::{Extent, Sampler};
use evstack::schema::validate::{Mode, no_holes, validate};
use evstack::schema::{PropertyPath, ResourceType};
use serde_json::{Map, Value as Json, json};

/// How often another value is tried for each property.
const TRIES: usize = 6;

/// A valid change.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The top property.
    pub property: String,
    /// What is declared after it: the properties declared before, and the new value.
    pub declared: Map<String, Json>,
    /// The whole model after it, with what no read shows.
    pub wanted: Map<String, Json>,
    /// RFC 6902. It adds again what no read shows: what is left out of an update is gone.
    pub patch: Json,
}

/// What an update may change as a whole: top properties, and members of those of which another part
/// is fixed.
pub fn updatable(kind: &ResourceType, live: &Map<String, Json>) -> Vec<Vec<String>> {
    let fixed = [&kind.create_only, &kind.conditional_create_only, &kind.read_only, &kind.primary_identifier];
    let touched = |path: &[String]| {
        fixed.iter().any(|paths| paths.iter().any(|one| one.covers(path) || one.names().starts_with(path)))
    };
    let mut found = Vec::new();
    for (name, _) in kind.properties() {
        let top = vec![name.to_owned()];
        if !touched(&top) {
            found.push(top);
            continue;
        }
        let members = kind.property(&top).and_then(|schema| schema["properties"].as_object());
        let members = members.filter(|_| live.get(name).is_some_and(Json::is_object));
        for (member, _) in members.into_iter().flatten() {
            let path = vec![name.to_owned(), member.clone()];
            if !touched(&path) {
                found.push(path);
            }
        }
    }
    found
}

/// A change of what a read shows as `live` and was declared as `declared`; of a property that a
/// read shows, if there is one, and of none that is `fixed`. `None` where nothing can be changed.
pub fn edit(
    kind: &ResourceType,
    live: &Map<String, Json>,
    declared: &Map<String, Json>,
    random: &mut Random,
    fixed: &dyn Fn(&str) -> bool,
) -> Option<Edit> {
    let mut paths = updatable(kind, live);
    paths.retain(|path| !fixed(&path[0]));
    let first = random.below(paths.len());
    paths.rotate_left(first);
    paths.sort_by_key(|path| kind.is_write_only(path));
    paths.into_iter().find_map(|path| change(kind, live, declared, &path, random))
}

/// A change of one property.
pub fn change(
    kind: &ResourceType,
    live: &Map<String, Json>,
    declared: &Map<String, Json>,
    path: &[String],
    random: &mut Random,
) -> Option<Edit> {
    (0..TRIES).find_map(|attempt| {
        let extent = if attempt % 2 == 0 { Extent::Some } else { Extent::Least };
        let place = PropertyPath::from_names(path);
        let value = Sampler::new(kind, PLACE, extent, &mut |bound| random.below(bound)).property(&place)?;
        with(kind, live, declared, path, &value)
    })
}

/// The change to this value, if it is one and valid.
pub fn with(
    kind: &ResourceType,
    live: &Map<String, Json>,
    declared: &Map<String, Json>,
    path: &[String],
    value: &Json,
) -> Option<Edit> {
    let at = path.iter().fold(String::new(), |at, name| pointer(&at, name));
    let (mut declared, mut wanted) = (Json::Object(declared.clone()), Json::Object(live.clone()));
    let parent = at.rfind('/').map_or("", |end| &at[..end]);
    let is_there = wanted.pointer(parent).is_some();
    if !is_there || wanted.pointer(&at) == Some(value) || declared.pointer(&at) == Some(value) {
        return None;
    }
    set(&mut declared, path, value);
    set(&mut wanted, path, value);
    let mut patch = vec![json!({"op": "add", "path": at, "value": value})];
    again(kind, &declared, &mut wanted, &mut Vec::new(), "", &mut patch);
    let valid = validate(kind, &wanted, Mode::Registry, &no_holes).is_empty();
    let (Json::Object(declared), Json::Object(wanted)) = (declared, wanted) else { return None };
    let property = path.first()?.clone();
    valid.then(|| Edit { property, declared, wanted, patch: Json::Array(patch) })
}

fn set(model: &mut Json, path: &[String], value: &Json) {
    match path {
        [] => *model = value.clone(),
        [first, rest @ ..] => {
            if !model.is_object() {
                *model = json!({});
            }
            set(&mut model[first.as_str()], rest, value);
        }
    }
}

fn pointer(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The value without those parts that can't be sent in an update; `None` if nothing is left of it.
fn sendable(kind: &ResourceType, value: &Json, path: &[String]) -> Option<Json> {
    if kind.is_create_only(path) || kind.is_read_only(path) {
        return None;
    }
    let mut sent = value.clone();
    for fixed in kind.create_only.iter().filter(|fixed| fixed.names().starts_with(path)) {
        super::hide(&mut sent, &fixed.names()[path.len()..]);
    }
    (sent == *value || sent != json!({})).then_some(sent)
}

/// Adds what was declared and isn't in `wanted`, unless a change of it is refused.
fn again(
    kind: &ResourceType,
    declared: &Json,
    wanted: &mut Json,
    path: &mut Vec<String>,
    at: &str,
    patch: &mut Vec<Json>,
) {
    match (declared, wanted) {
        (Json::Object(declared), Json::Object(wanted)) => {
            for (name, value) in declared {
                path.push(name.clone());
                let place = pointer(at, name);
                if let Some(there) = wanted.get_mut(name) {
                    again(kind, value, there, path, &place, patch);
                } else if let Some(value) = sendable(kind, value, path) {
                    patch.push(json!({"op": "add", "path": place, "value": value}));
                    wanted.insert(name.clone(), value);
                }
                path.pop();
            }
        }
        (Json::Array(declared), Json::Array(wanted)) if declared.len() == wanted.len() => {
            for (index, (value, there)) in declared.iter().zip(wanted).enumerate() {
                path.push("*".to_owned());
                again(kind, value, there, path, &format!("{at}/{index}"), patch);
                path.pop();
            }
        }
        _ => {}
    }
}
