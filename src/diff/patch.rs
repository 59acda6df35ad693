//! What is sent: the whole model for a create, the smallest RFC 6902 patch for an update.
//!
//! UpdateResource applies the patch to the live model and validates the whole result. So a patch
//! touches the narrowest path that may change, sends write-only properties again (the live model
//! doesn't have them, and would otherwise lose them), and removes what the read injected only
//! where the schema itself would refuse it.

use super::arrays::is_reserved;
use super::blocking::{Cleaning, cleanings, needed};
use super::compare;
use super::shape::Shape;
use super::{Context, Difference, DifferenceKind};
use crate::model::{Json, Value};
use crate::schema::ResourceType;
use serde_json::json;
use std::cmp::Ordering;

/// The model for CreateResource: nulls left out (a null breaks handlers), a document that the
/// schema wants as text spelled as text.
#[must_use]
pub fn create_model(desired: &Json, resource_type: &ResourceType) -> Json {
    spell(desired, &Shape::new(resource_type), &mut Vec::new())
}

fn spell(json: &Json, shape: &Shape<'_>, path: &mut Vec<String>) -> Json {
    if path.len() == 1 && !json.is_string() && shape.is_text(path) && (json.is_object() || json.is_array()) {
        return Json::String(json.to_string());
    }
    if !path.is_empty() && shape.keeps_nulls(path) {
        return json.clone();
    }
    let mut below = |key: &str, value: &Json| {
        path.push(key.to_owned());
        let spelled = spell(value, shape, path);
        path.pop();
        spelled
    };
    match json {
        Json::Object(members) => Json::Object(
            members.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), below(k, v))).collect(),
        ),
        Json::Array(items) => {
            Json::Array(items.iter().enumerate().map(|(i, v)| below(&i.to_string(), v)).collect())
        }
        scalar => scalar.clone(),
    }
}

/// The patch for UpdateResource: an array of operations, empty if nothing differs. `desired` is
/// what will be there, with secrets revealed.
#[must_use]
pub fn patch(desired: &Json, recorded: Option<&Json>, live: &Json, context: &Context<'_>) -> Json {
    let shape = Shape::new(context.resource_type);
    let desired = create_model(desired, context.resource_type);
    let wanted = Value::from(desired.clone());
    let diff = compare::run(&wanted, recorded, live, context);
    if diff.is_empty() {
        return json!([]);
    }
    let mut operations = Operations::default();
    let mut removals: Vec<&Difference> = Vec::new();
    for difference in diff.differences.iter().filter(|d| !d.write_only) {
        let top = &difference.live_path[..difference.live_path.len().min(1)];
        if difference.live_path.len() > 1 && shape.tags(top) {
            operations.tags(top, &desired, live, &diff.differences);
            continue;
        }
        match (&difference.kind, difference.after.as_ref().and_then(Value::to_json)) {
            (DifferenceKind::Add, Some(value)) => operations.add(&difference.live_path, value),
            (_, Some(value)) => operations.replace(&difference.live_path, value),
            (_, None) => removals.push(difference),
        }
    }
    removals.sort_by(|a, b| descending(&a.live_path, &b.live_path));
    for removal in removals {
        operations.remove(&removal.live_path);
    }
    let target = operations.applied_to(live);
    let unseen = compare::unseen(&wanted, &target, context);
    for difference in unseen.iter().filter(|d| !shape.stays(&d.path)) {
        operations.send_again(&difference.path, &difference.live_path, &desired, &target, &shape);
    }
    // What a handler may refuse to change is sent again only where the model isn't right without it.
    let may_be_fixed = |d: &&Difference| shape.may_be_create_only(&d.path);
    let target = operations.applied_to(live);
    let hidden = missing(unseen.iter().filter(may_be_fixed), &desired, &target);
    for number in needed(context.resource_type, &target, &hidden) {
        let (path, value) = hidden[number].clone();
        operations.add(&path, value);
    }
    for cleaning in cleanings(context.resource_type, &desired, &operations.applied_to(live)) {
        match cleaning {
            Cleaning::Remove(path) => operations.remove(&path),
            Cleaning::Replace(path, value) => operations.replace(&path, value),
        }
    }
    if operations.list.is_empty() {
        operations.touch(&desired, live, &shape);
    }
    Json::Array(operations.list)
}

/// What an update can't do without and can't say, as paths of the declaration: the model must have it, no
/// read shows it, and it is fixed. Empty where the update is one that Cloud Control may accept.
///
/// Cloud Control patches what a read shows and holds the outcome against the schema (Cloud Control API User
/// Guide, "Updating a resource"; pulumi/pulumi-aws-native issue 1866).
#[must_use]
pub fn unsayable(
    desired: &Json,
    recorded: Option<&Json>,
    live: &Json,
    context: &Context<'_>,
) -> Vec<Vec<String>> {
    let operations = patch(desired, recorded, live, context);
    let Json::Array(list) = operations else { return Vec::new() };
    if list.is_empty() {
        return Vec::new();
    }
    let target = Operations { list, ..Operations::default() }.applied_to(live);
    let desired = create_model(desired, context.resource_type);
    let unseen = compare::unseen(&Value::from(desired.clone()), &target, context);
    let hidden = missing(unseen.iter(), &desired, &target);
    let needed = needed(context.resource_type, &target, &hidden);
    needed.into_iter().map(|number| hidden[number].0.clone()).collect()
}

/// Hidden values at the highest places that a model doesn't have.
fn missing<'d>(
    unseen: impl Iterator<Item = &'d Difference>,
    desired: &Json,
    target: &Json,
) -> Vec<(Vec<String>, Json)> {
    let mut found: Vec<(Vec<String>, Json)> = Vec::new();
    for difference in unseen {
        let (path, place) = (&difference.path, &difference.live_path);
        let depth = (1..=path.len()).find(|n| at(target, &place[..*n]).is_none());
        let Some(depth) = depth else { continue };
        if let Some(value) = at(desired, &path[..depth])
            && !found.iter().any(|(known, _)| *known == place[..depth])
        {
            found.push((place[..depth].to_vec(), value.clone()));
        }
    }
    found
}

/// What a model becomes; none where an operation can't be done on it.
pub(super) fn applied(operations: &[Json], live: &Json) -> Option<Json> {
    let patch: json_patch::Patch = serde_json::from_value(Json::Array(operations.to_vec())).ok()?;
    let mut target = live.clone();
    json_patch::patch(&mut target, &patch).ok().map(|()| target)
}

/// Operations under way, and the paths that they write.
#[derive(Default)]
struct Operations {
    list: Vec<Json>,
    written: Vec<Vec<String>>,
    sent_again: Vec<Vec<String>>,
}

impl Operations {
    fn add(&mut self, path: &[String], value: Json) {
        self.list.push(json!({"op": "add", "path": pointer(path), "value": value}));
        self.written.push(path.to_vec());
    }

    fn replace(&mut self, path: &[String], value: Json) {
        self.list.push(json!({"op": "replace", "path": pointer(path), "value": value}));
        self.written.push(path.to_vec());
    }

    fn remove(&mut self, path: &[String]) {
        self.list.push(json!({"op": "remove", "path": pointer(path)}));
    }

    /// Tags as one: ours, and others' that nobody asked to remove; never AWS's own.
    fn tags(&mut self, top: &[String], desired: &Json, live: &Json, differences: &[Difference]) {
        if self.written.iter().any(|p| p == top) {
            return;
        }
        let going = |key: &str| {
            let mut removals = differences.iter().filter(|d| d.kind == DifferenceKind::Remove);
            removals.any(|d| matches!(d.live_path.as_slice(), [name, at] if *name == top[0] && at == key))
        };
        let (ours, there) = (desired.get(&top[0]), live.get(&top[0]));
        let tags = if let Some(Json::Object(there)) = there {
            let mut tags = ours.and_then(Json::as_object).cloned().unwrap_or_default();
            for (key, value) in there {
                if !tags.contains_key(key) && !key.starts_with("aws:") && !going(key) {
                    tags.insert(key.clone(), value.clone());
                }
            }
            Json::Object(tags)
        } else {
            let list = |json: Option<&Json>| json.and_then(Json::as_array).cloned().unwrap_or_default();
            let mut tags = list(ours);
            let keys: Vec<Json> = tags.iter().filter_map(|t| t.get("Key").cloned()).collect();
            for (index, tag) in list(there).into_iter().enumerate() {
                let known = tag.get("Key").is_some_and(|key| keys.contains(key));
                if !known && !is_reserved(&tag) && !going(&index.to_string()) {
                    tags.push(tag);
                }
            }
            Json::Array(tags)
        };
        self.replace(top, tags);
    }

    /// The live model after these operations.
    fn applied_to(&self, live: &Json) -> Json {
        applied(&self.list, live).unwrap_or_else(|| live.clone())
    }

    /// A write-only property once more, at the highest place that the model doesn't have yet.
    /// Parts of it that are fixed at the create aren't: the update would be refused for them.
    fn send_again(
        &mut self,
        path: &[String],
        model_path: &[String],
        desired: &Json,
        target: &Json,
        shape: &Shape<'_>,
    ) {
        let depth = (1..path.len()).find(|n| at(target, &model_path[..*n]).is_none()).unwrap_or(path.len());
        let (path, model_path) = (&path[..depth], &model_path[..depth]);
        let sent = self.sent_again.iter().any(|p| model_path.starts_with(p));
        if let Some(value) = at(desired, path)
            && !sent
            && at(target, model_path) != Some(value)
            && let Some(value) = sendable(value, path, shape)
        {
            self.add(model_path, value);
            self.sent_again.push(model_path.to_vec());
        }
    }

    /// All that changes is that a write-only property goes, and the live model never had it: an
    /// update that writes what is there anyway makes the handler look.
    fn touch(&mut self, desired: &Json, live: &Json, shape: &Shape<'_>) {
        let found = touchable(Some(desired), live, shape, &mut Vec::new());
        let found = found.or_else(|| {
            let declared = |name: &String| desired.get(name).is_some_and(|value| !value.is_null());
            let members = live.as_object()?.iter().filter(|(name, _)| declared(name));
            let declared: Json = members.map(|(name, value)| (name.clone(), value.clone())).collect();
            touchable(None, &declared, shape, &mut Vec::new())
        });
        if let Some((path, value)) = found {
            self.replace(&path, value);
        }
    }
}

/// The narrowest part of a model that may be written as it is: declared, if `desired` is given.
/// Nothing around a part that is fixed, decided by the service or hidden is written.
fn touchable(
    desired: Option<&Json>,
    live: &Json,
    shape: &Shape<'_>,
    path: &mut Vec<String>,
) -> Option<(Vec<String>, Json)> {
    let held = |path: &[String]| shape.stays(path) || shape.read_only(path) || shape.write_only(path);
    if !path.is_empty() && held(path) {
        return None;
    }
    let Json::Object(members) = live else {
        let free = !path.is_empty() && !live.is_null() && !shape.has_fixed_below(path);
        return free.then(|| (path.clone(), live.clone()));
    };
    if !path.is_empty() && (shape.document(path) || members.is_empty()) {
        return (!shape.has_fixed_below(path)).then(|| (path.clone(), live.clone()));
    }
    // What is small first: a scalar before what has parts.
    let mut names: Vec<&String> = members.keys().collect();
    names.sort_by_key(|name| members[*name].is_object() || members[*name].is_array());
    names.into_iter().find_map(|name| {
        let below = match desired {
            Some(desired) => Some(desired.get(name).filter(|value| !value.is_null())?),
            None => None,
        };
        path.push(name.clone());
        let found = touchable(below, &members[name], shape, path);
        path.pop();
        found
    })
}

/// What an update may say of a hidden value; `None` if nothing is left of it. An object that must
/// have a part that can't be sent isn't sent at all: it would be refused without it, too.
fn sendable(value: &Json, path: &[String], shape: &Shape<'_>) -> Option<Json> {
    if shape.is_sealed(path) {
        return None;
    }
    let mut sent = value.clone();
    for fixed in shape.create_only_below(path) {
        let whole: Vec<String> = path.iter().chain(fixed).cloned().collect();
        let sealed = (path.len() + 1..whole.len()).find(|n| shape.is_sealed(&whole[..*n]));
        take(&mut sent, &fixed[..sealed.map_or(fixed.len(), |n| n - path.len())]);
    }
    (sent == *value || sent.as_object().is_none_or(|members| !members.is_empty())).then_some(sent)
}

/// Takes away what lies at a schema path, and an object that is thereby empty.
fn take(json: &mut Json, path: &[String]) {
    let (Some((first, rest)), false) = (path.split_first(), json.is_null()) else { return };
    match json {
        Json::Object(members) if rest.is_empty() => drop(members.shift_remove(first)),
        Json::Object(members) => {
            let names: Vec<String> =
                members.keys().filter(|name| first == "*" || *name == first).cloned().collect();
            for name in names {
                let was_empty = members[&name].as_object().is_some_and(serde_json::Map::is_empty);
                take(&mut members[&name], rest);
                if !was_empty && members[&name].as_object().is_some_and(serde_json::Map::is_empty) {
                    members.shift_remove(&name);
                }
            }
        }
        Json::Array(items) if first == "*" => items.iter_mut().for_each(|item| take(item, rest)),
        _ => {}
    }
}

/// Deeper indices first, so that no removal moves another's place.
pub(super) fn descending(a: &[String], b: &[String]) -> Ordering {
    for (x, y) in a.iter().zip(b) {
        let order = match (x.parse::<usize>(), y.parse::<usize>()) {
            (Ok(x), Ok(y)) => y.cmp(&x),
            _ => x.cmp(y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    b.len().cmp(&a.len())
}

pub(super) fn at<'j>(json: &'j Json, path: &[String]) -> Option<&'j Json> {
    path.iter().try_fold(json, |json, name| match json {
        Json::Object(members) => members.get(name),
        Json::Array(items) => name.parse::<usize>().ok().and_then(|i| items.get(i)),
        _ => None,
    })
}

pub(super) fn pointer(path: &[String]) -> String {
    path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests;
