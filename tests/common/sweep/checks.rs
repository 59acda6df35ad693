//! What is looked at beside the engine's own word: the plan, the wire, what is stored in the cloud.

use super::super::rig::{Call, Rig};
use super::{Subject, Trouble};
use evstack::model::{Action, Address, Json};
use evstack::plan::Plan;
use evstack::schema::{ReplacementStrategy, ResourceType};
use evstack::state::State;
use serde_json::Map;
use std::collections::BTreeMap;

/// Everything in the cloud, whole: by type and identifier.
pub type Stored = BTreeMap<(String, String), Map<String, Json>>;

/// As it is now.
pub fn stored(rig: &Rig) -> Stored {
    let inventory = rig.cloud.inventory();
    let text = |json: &Json| json.as_str().unwrap_or("").to_owned();
    let resources = inventory["resources"].as_array().into_iter().flatten();
    let properties = |json: &Json| json.as_object().cloned().unwrap_or_default();
    resources.map(|r| ((text(&r["type"]), text(&r["identifier"])), properties(&r["properties"]))).collect()
}

fn all(trouble: Trouble) -> Result<(), Trouble> {
    if trouble.is_empty() { Ok(()) } else { Err(trouble) }
}

/// The plan shows each subject's change, and nothing else: of what a step touches, only what is there
/// already as it is wanted may be missing.
pub fn plan_is(subjects: &[Subject], version: usize, plan: &Plan, stored: &Stored) -> Result<(), Trouble> {
    let mut trouble = Trouble::new();
    for subject in subjects {
        let wanted = &subject.versions[version];
        let Some(change) = plan.change(&Address::new(subject.address())) else {
            trouble.push((subject.key.clone(), "it isn't in the plan".to_owned()));
            continue;
        };
        let tops: Vec<&String> = change.diff.differences.iter().filter_map(|d| d.path.first()).collect();
        let place = (subject.kind.name.as_str().to_owned(), change.identifier.clone().unwrap_or_default());
        let none = Map::new();
        let there = stored.get(&place).unwrap_or(&none);
        let is_there = |top: &String| {
            let tags = subject.kind.tagging.property.as_ref() == Some(top);
            let there = there.get(top);
            !tags
                && match wanted.properties.get(top) {
                    Some(value) => {
                        below(&subject.kind, value, there, &mut vec![top.clone()]).is_none()
                            || (decides(&subject.kind, top) && !tops.contains(&top))
                    }
                    None => there.is_none_or(super::subject::is_empty),
                }
        };
        let nothing = wanted.touched.iter().all(is_there);
        let action = match (nothing && tops.is_empty(), wanted.replaces) {
            (true, _) => change.action == Action::NoOp,
            (false, true) => change.action.is_replace(),
            (false, false) => change.action == Action::Update,
        };
        // A name may follow from what is replaced: that of a FIFO queue ends in `.fifo`.
        let named = |top: &str| wanted.replaces && subject.kind.name_property() == Some(top);
        let exact = tops.iter().all(|top| wanted.touched.contains(*top) || named(top))
            && wanted.touched.iter().all(|top| tops.contains(&top) || is_there(top));
        let delete_first = subject.kind.replacement_strategy == ReplacementStrategy::DeleteThenCreate
            || (change.new_identifier.is_some() && change.new_identifier == change.identifier);
        // A name that stays is taken until the old one is gone.
        let own = subject.kind.name_property().into_iter();
        let mut names = own.chain(wanted.properties.keys().map(String::as_str));
        let keeps_a_name = names.any(|top| top.ends_with("Name") && !wanted.touched.contains(top));
        let order = match change.action {
            Action::DeleteThenCreate => delete_first || keeps_a_name,
            Action::CreateThenDelete => !delete_first,
            _ => true,
        };
        if !(action && exact && order) {
            let differences: Vec<String> = change
                .diff
                .differences
                .iter()
                .map(|d| format!("{} {:?} {:?} -> {:?}", d.path.join("."), d.kind, d.before, d.after))
                .collect();
            let why = format!(
                "step {version} touches {:?} (replaces: {}), and the plan has {:?} {differences:#?}",
                wanted
                    .touched
                    .iter()
                    .map(|top| (top, wanted.properties.get(top), there.get(top)))
                    .collect::<Vec<_>>(),
                wanted.replaces,
                change.action
            );
            trouble.push((subject.key.clone(), why));
        }
    }
    let others = plan.changes.iter().filter(|c| c.action != Action::NoOp);
    let others = others.filter(|c| !subjects.iter().any(|s| s.address() == c.address.as_str()));
    trouble.extend(
        others.map(|c| (super::owner(subjects, &c.address), format!("{} {:?}", c.address, c.action))),
    );
    all(trouble)
}

/// Of a replacement, what was called first; of an update, that the property which goes is named, and
/// that what no read shows was sent again.
pub fn calls(subjects: &[Subject], version: usize, plan: &Plan, calls: &[Call]) -> Result<(), Trouble> {
    let mut trouble = Trouble::new();
    for subject in subjects {
        let Some(change) = plan.change(&Address::new(subject.address())) else { continue };
        let mine: Vec<&Call> =
            calls.iter().filter(|c| c.input["TypeName"] == subject.kind.name.as_str()).collect();
        let create = mine.iter().position(|c| c.operation == "CreateResource");
        let gone = change.identifier.as_deref().unwrap_or_default();
        let delete =
            mine.iter().position(|c| c.operation == "DeleteResource" && c.input["Identifier"] == gone);
        let updates = mine.iter().filter(|c| c.operation == "UpdateResource");
        let hidden = change.diff.differences.iter().all(|d| d.write_only);
        let tops: Vec<&str> =
            change.diff.differences.iter().filter(|d| !d.write_only).map(|d| d.path[0].as_str()).collect();
        let mut patches = updates.filter_map(|c| c.input["PatchDocument"].as_str()).peekable();
        let right = match change.action {
            Action::CreateThenDelete => create.is_some() && create < delete,
            Action::DeleteThenCreate => delete.is_some() && delete < create,
            // Nothing can be sent where all that goes was never read, and all else is fixed.
            Action::Update if hidden && patches.peek().is_none() => true,
            Action::Update => patches.any(|patch| is_complete(subject, version, &tops, patch)),
            _ => true,
        };
        if !right {
            let said: Vec<String> = mine.iter().map(|c| format!("{} {}", c.operation, c.input)).collect();
            trouble.push((subject.key.clone(), format!("step {version}: {:?}: {said:#?}", change.action)));
        }
    }
    all(trouble)
}

/// Whether a patch writes what differs, and again what no read shows.
fn is_complete(subject: &Subject, version: usize, tops: &[&str], patch: &str) -> bool {
    let kind = &subject.kind;
    let operations: Vec<Json> = serde_json::from_str(patch).unwrap_or_default();
    let written: Vec<&str> =
        operations.iter().filter_map(|o| o["path"].as_str()?.split('/').nth(1)).collect();
    let fixed = |top: &str| kind.is_create_only(&[top]) || kind.is_conditional_create_only(&[top]);
    let sendable = |top: &str, value: &Json| {
        let left = without_lost(kind, value, &mut vec![top.to_owned()]);
        kind.is_write_only(&[top]) && !fixed(top) && !super::subject::is_empty(&left)
    };
    tops.iter().all(|top| written.contains(top))
        && subject.versions[version]
            .properties
            .iter()
            .all(|(top, value)| !sendable(top, value) || written.contains(&top.as_str()))
}

/// What was declared is stored, what is no longer declared isn't, and an update left alone what
/// nobody declared.
pub fn cloud(
    rig: &Rig,
    subjects: &[Subject],
    version: usize,
    before: &Stored,
    state: &State,
) -> Result<(), Trouble> {
    let after = stored(rig);
    let mut trouble = Trouble::new();
    for subject in subjects {
        let (name, wanted) = (subject.kind.name.as_str(), &subject.versions[version]);
        let mut say = |why: String| trouble.push((subject.key.clone(), format!("step {version}: {why}")));
        let Some(recorded) = state.resources.get(&Address::new(subject.address())) else {
            say("it isn't recorded".to_owned());
            continue;
        };
        let place = (name.to_owned(), recorded.identifier.clone());
        if super::generate::is_typed(name) || super::has_needs(name) {
            continue;
        }
        let Some(there) = after.get(&place) else {
            say(format!("{place:?} isn't in the cloud"));
            continue;
        };
        let updated = version > 0 && before.contains_key(&place);
        if let Some(lacks) = lacks(&subject.kind, &wanted.properties, there, updated) {
            say(format!("the cloud has otherwise: {lacks}"));
        }
        let Some(was) = before.get(&place).filter(|_| !wanted.replaces) else { continue };
        let declared = |top: &String| {
            subject.versions[version - 1].properties.contains_key(top) || wanted.touched.contains(top)
        };
        for (top, value) in
            was.iter().filter(|(top, _)| !declared(top) && !wanted.properties.contains_key(*top))
        {
            // What blocks an update is cleaned.
            let artefact = *value == Json::Array(Vec::new());
            let tags = subject.kind.tagging.property.as_ref() == Some(top);
            // So is what is never read back and can't be sent again: a name that the engine gave.
            let left = without_lost(&subject.kind, value, &mut vec![top.clone()]);
            let kept = below(&subject.kind, &left, there.get(top), &mut vec![top.clone()]);
            if kept.is_some() && !artefact && !tags {
                say(format!("nobody declared {top}: {value} became {:?}", there.get(top)));
            }
        }
    }
    all(trouble)
}

/// Whether a service may take a value and show its own all the same, by the type's own words: no Data API
/// for an engine without one.
fn decides(kind: &ResourceType, top: &str) -> bool {
    kind.property_transform.keys().any(|path| path.names() == [top])
}

/// What of it isn't there. Others may have put more into objects and arrays.
fn lacks(
    kind: &ResourceType,
    declared: &Map<String, Json>,
    live: &Map<String, Json>,
    updated: bool,
) -> Option<String> {
    let looked_at = |top: &String| kind.tagging.property.as_ref() != Some(top) && !decides(kind, top);
    declared.iter().filter(|(top, _)| looked_at(top)).find_map(|(top, value)| {
        let mut path = vec![top.clone()];
        // What is never read back and can't be sent again is gone with an update.
        let value = if updated { without_lost(kind, value, &mut path) } else { value.clone() };
        below(kind, &value, live.get(top), &mut path)
    })
}

/// Without what no read shows and no update can say; an object that must have such a part, and that no
/// read shows, can't be said at all. What only may be fixed is lost where the model can do without it.
pub fn without_lost(kind: &ResourceType, value: &Json, path: &mut Vec<String>) -> Json {
    without(kind, value, path, &|path| kind.is_create_only(path) || kind.is_conditional_create_only(path))
}

/// Without what can never be said again.
pub fn without_fixed(kind: &ResourceType, value: &Json, path: &mut Vec<String>) -> Json {
    without(kind, value, path, &|path| kind.is_create_only(path))
}

fn without(
    kind: &ResourceType,
    value: &Json,
    path: &mut Vec<String>,
    fixed: &dyn Fn(&[String]) -> bool,
) -> Json {
    match value {
        _ if kind.is_write_only(path) && fixed(path) => Json::Null,
        Json::Object(_) if is_sealed(kind, path) => Json::Null,
        Json::Object(members) => {
            let mut kept = Map::new();
            for (key, value) in members {
                path.push(key.clone());
                let value = without(kind, value, path, fixed);
                path.pop();
                if !value.is_null() {
                    kept.insert(key.clone(), value);
                }
            }
            Json::Object(kept)
        }
        Json::Array(items) => {
            path.push("*".to_owned());
            let kept = items.iter().map(|item| without(kind, item, path, fixed)).collect();
            path.pop();
            kept
        }
        other => other.clone(),
    }
}

/// An object that must have what no read shows and no update can say.
pub fn is_sealed(kind: &ResourceType, path: &[String]) -> bool {
    let required = kind.property(path).and_then(|schema| schema["required"].as_array());
    let mut names = required.into_iter().flatten().filter_map(Json::as_str);
    !path.is_empty()
        && names.any(|name| {
            let below: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
            kind.is_write_only(&below) && kind.is_create_only(&below)
        })
}

/// What a text spells, if it is a document.
fn document(json: &Json) -> Option<Json> {
    let text = json.as_str().filter(|text| text.trim_start().starts_with(['{', '[']))?;
    serde_json::from_str(text).ok()
}

fn below(
    kind: &ResourceType,
    declared: &Json,
    live: Option<&Json>,
    path: &mut Vec<String>,
) -> Option<String> {
    if let Some(said) = document(declared) {
        return below(kind, &said, live, path);
    }
    if let Some(said) = live.and_then(document) {
        return below(kind, declared, Some(&said), path);
    }
    match (declared, live) {
        // Many services don't tell an empty value from none.
        (value, None) if super::subject::is_empty(value) => None,
        (Json::Null, _) => None,
        (value, None) if kind.property(path).and_then(|schema| schema.get("default")) == Some(value) => None,
        (Json::Object(members), Some(Json::Object(others))) => members.iter().find_map(|(key, value)| {
            path.push(key.clone());
            let found = below(kind, value, others.get(key), path);
            path.pop();
            found
        }),
        (Json::Array(items), Some(Json::Array(others))) => {
            let unordered = kind.is_unordered(path);
            path.push("*".to_owned());
            let mut from = 0;
            let found = items.iter().find_map(|item| {
                let first = if unordered { 0 } else { from };
                match others
                    .iter()
                    .skip(first)
                    .position(|other| below(kind, item, Some(other), path).is_none())
                {
                    Some(at) => {
                        from = first + at + 1;
                        None
                    }
                    None => Some(format!("{} is {live:?}, without {item}", path.join("."))),
                }
            });
            path.pop();
            found
        }
        (value, Some(other)) if value == other => None,
        (value, live) => Some(format!("{} is {live:?}, not {value}", path.join("."))),
    }
}
