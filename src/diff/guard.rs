//! What a patch takes for granted of the read that it was made for.
//!
//! An index means an item only as long as nobody else writes, and a list that is written whole is
//! the list of that read with ours in it. Cloud Control patches what its own read shows at that
//! moment, and refuses a patch whole of which a `test` fails (Cloud Control API User Guide,
//! "Updating a resource"): so a patch says first what it takes for granted.

use super::patch::applied;
use super::shape::Shape;
use super::{Diff, Difference, DifferenceKind};
use crate::model::{Json, Value};
use crate::schema::ResourceType;
use serde_json::json;

/// As many characters as Cloud Control takes; longer with its tests, a patch goes without them.
const LONGEST: usize = 262_144;

/// What an operation takes for granted.
enum Lean {
    /// Nothing that others may have changed.
    No,
    /// The value at that place.
    On(Vec<String>),
    /// Something that no test can say: that an item or a list isn't there.
    OnNothing,
}

/// Whether a patch is only right as long as it is there as in the read that it was made for.
#[must_use]
pub fn leans(patch: &Json, live: &Json, kind: &ResourceType) -> bool {
    let shape = Shape::new(kind);
    operations(patch).iter().any(|operation| !matches!(lean(operation, live, &shape), Lean::No))
}

/// The patch, which is refused where what it takes for granted isn't so any more.
#[must_use]
pub fn guarded(patch: Json, live: &Json, kind: &ResourceType) -> Json {
    let shape = Shape::new(kind);
    let mut places: Vec<Vec<String>> = Vec::new();
    for operation in operations(&patch) {
        if let Lean::On(place) = lean(operation, live, &shape)
            && !places.contains(&place)
        {
            places.push(place);
        }
    }
    // Before anything moves.
    let tests = places.iter().filter_map(|place| {
        let value = super::patch::at(live, place)?;
        Some(json!({"op": "test", "path": super::patch::pointer(place), "value": value}))
    });
    let guarded: Json = tests.chain(operations(&patch).iter().cloned()).collect();
    if guarded.to_string().chars().count() > LONGEST { patch } else { guarded }
}

/// The same with each list that it changes written whole, and nothing taken for granted: for reads
/// that show a list in another order each time. What others add to it meanwhile is lost.
#[must_use]
pub fn in_whole_lists(patch: Json, live: &Json) -> Json {
    let Some(target) = applied(operations(&patch), live) else { return patch };
    let (mut whole, mut lists): (Vec<Json>, Vec<Vec<String>>) = (Vec::new(), Vec::new());
    for operation in operations(&patch) {
        let place = names(operation);
        let depth =
            (0..=place.len()).find(|n| super::patch::at(live, &place[..*n]).is_some_and(Json::is_array));
        let list = depth.map(|depth| &place[..depth]);
        match list.and_then(|list| Some((list, super::patch::at(&target, list)?))) {
            None => whole.push(operation.clone()),
            Some((list, _)) if lists.iter().any(|known| known == list) => {}
            Some((list, value)) => {
                lists.push(list.to_vec());
                let path = super::patch::pointer(list);
                whole.push(json!({"op": "replace", "path": path, "value": value}));
            }
        }
    }
    Json::Array(whole)
}

impl Difference {
    /// Whether it says, of what is `seen` after an update, that something wasn't done. A property that
    /// was to go and is there may have been set back by the service; an item of a list that is there as
    /// it was `before` the update is still ours.
    #[must_use]
    pub fn is_left(&self, before: &Json, seen: &Json) -> bool {
        if self.write_only || self.kind != DifferenceKind::Remove {
            return !self.write_only;
        }
        let Some((_, parents)) = self.live_path.split_last() else { return false };
        let list = |model| super::patch::at(model, parents).and_then(Json::as_array);
        let there = super::patch::at(seen, &self.live_path);
        list(seen).is_some() && there.is_some_and(|item| list(before).is_some_and(|was| was.contains(item)))
    }
}

impl Diff {
    /// Whether the update that it asks for takes something for granted of the read that it was made
    /// with, as far as that can be told without the values.
    #[must_use]
    pub fn leans(&self, kind: &ResourceType) -> bool {
        let shape = Shape::new(kind);
        self.differences.iter().filter(|difference| !difference.write_only).any(|difference| {
            let place = &difference.live_path;
            let is_list = |value: Option<&Value>| matches!(value.map(Value::reveal), Some(Value::Array(_)));
            let in_list = place.iter().any(|name| name == "-" || name.parse::<usize>().is_ok());
            let before = difference.before.as_ref();
            let adds = difference.kind == DifferenceKind::Add;
            in_list
                || shape.tags(&place[..place.len().min(1)])
                || before.is_some_and(|before| before.is_array() && !shape.document(place))
                || adds && is_list(difference.after.as_ref())
        })
    }
}

fn operations(patch: &Json) -> &[Json] {
    patch.as_array().map_or(&[], Vec::as_slice)
}

fn names(operation: &Json) -> Vec<String> {
    let path = operation["path"].as_str().unwrap_or("");
    path.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
}

fn lean(operation: &Json, live: &Json, shape: &Shape<'_>) -> Lean {
    let place = names(operation);
    let mut node = live;
    for (n, name) in place.iter().enumerate() {
        let next = match node {
            Json::Object(members) => members.get(name),
            Json::Array(items) => {
                let item = name.parse::<usize>().ok().filter(|index| *index < items.len());
                return item.map_or(Lean::OnNothing, |_| Lean::On(place[..=n].to_vec()));
            }
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => {
                let value = operation.get("value");
                let list = value.is_some_and(Json::is_array) || shape.tags(&place);
                return if list { Lean::OnNothing } else { Lean::No };
            }
        }
    }
    // A document is declared whole.
    let mixed = node.is_array() && !shape.document(&place) || shape.tags(&place);
    if mixed { Lean::On(place) } else { Lean::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;
    use std::sync::Arc;

    fn kind(name: &str) -> Arc<ResourceType> {
        Catalogue::bundled().get(name).expect("a known type")
    }

    #[test]
    fn an_index_and_a_list_that_is_written_whole_are_tested_before_anything_moves() {
        let live = json!({"RoleName": "r", "ManagedPolicyArns": ["a", "b", "c"], "Tags": [{"Key": "k", "Value": "v"}],
            "Description": "old"});
        let patch = json!([
            {"op": "replace", "path": "/Description", "value": "new"},
            {"op": "replace", "path": "/Tags", "value": []},
            {"op": "remove", "path": "/ManagedPolicyArns/2"},
            {"op": "remove", "path": "/ManagedPolicyArns/1"},
            {"op": "add", "path": "/ManagedPolicyArns/-", "value": "d"},
        ]);
        let kind = kind("AWS::IAM::Role");
        assert!(leans(&patch, &live, &kind));
        let guarded = guarded(patch.clone(), &live, &kind);
        let tests: Vec<&Json> = operations(&guarded).iter().take_while(|o| o["op"] == "test").collect();
        let expected = json!([
            {"op": "test", "path": "/Tags", "value": live["Tags"]},
            {"op": "test", "path": "/ManagedPolicyArns/2", "value": "c"},
            {"op": "test", "path": "/ManagedPolicyArns/1", "value": "b"},
        ]);
        assert_eq!(json!(tests), expected);
        assert_eq!(operations(&guarded)[tests.len()..], *operations(&patch));
        let whole = json!([
            {"op": "replace", "path": "/Description", "value": "new"},
            {"op": "replace", "path": "/Tags", "value": []},
            {"op": "replace", "path": "/ManagedPolicyArns", "value": ["a", "d"]},
        ]);
        assert_eq!(in_whole_lists(patch, &live), whole);
    }

    #[test]
    fn what_stands_alone_takes_nothing_for_granted() {
        let role = kind("AWS::IAM::Role");
        let live =
            json!({"Description": "old", "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow"}]}});
        let leans = |operation: Json| leans(&json!([operation]), &live, &role);
        assert!(!leans(json!({"op": "replace", "path": "/Description", "value": "new"})));
        assert!(!leans(json!({"op": "remove", "path": "/Description"})));
        assert!(!leans(json!({"op": "replace", "path": "/AssumeRolePolicyDocument", "value": {}})));
        // Somebody may have made the list meanwhile.
        assert!(leans(json!({"op": "add", "path": "/ManagedPolicyArns", "value": ["a"]})));
    }
}
