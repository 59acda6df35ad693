//! The walk over desired, recorded and live at once.

use super::equal::{aligned, is_empty, is_hash, parsed, plainly, same, same_document};
use super::related::stands_for;
use super::shape::Shape;
use super::transform::{allows, known};
use super::{Context, Diff, Difference, DifferenceKind};
use crate::model::{Json, Value};
use indexmap::IndexMap;

/// Where the walk stands, and what it found.
pub(super) struct Walk<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) shape: Shape<'a>,
    /// Place in the desired properties.
    pub(super) path: Vec<String>,
    /// The same place in the live ones.
    pub(super) live_path: Vec<String>,
    pub(super) found: Vec<Difference>,
    /// The desired objects around the current place, outermost first; only where the type says that
    /// a read may show other values than those that were sent.
    around: Vec<Json>,
    /// All that is live.
    model: &'a Json,
    /// Below a write-only property: "live" is what was sent last.
    pub(super) hidden: bool,
    /// Below a secret.
    secret: bool,
    /// Looking only at what a read shows.
    blind: bool,
    /// Noting all that a read doesn't show, whatever was sent.
    unseen: bool,
}

pub(super) fn run<'a>(
    desired: &Value,
    recorded: Option<&Json>,
    live: &'a Json,
    context: &'a Context<'a>,
) -> Diff {
    let mut walk = Walk::new(live, context);
    let nothing = Json::Object(serde_json::Map::new());
    let before = walk.compare(desired, recorded, Some(if live.is_object() { live } else { &nothing }));
    Diff { differences: walk.found, before }
}

/// All that is wanted and no read shows, each as something to add: also an empty value and a default,
/// which the schema may require.
pub(super) fn unseen<'a>(desired: &Value, live: &'a Json, context: &'a Context<'a>) -> Vec<Difference> {
    let mut walk = Walk { unseen: true, ..Walk::new(live, context) };
    walk.compare(desired, None, Some(live));
    walk.found.retain(|difference| difference.write_only);
    walk.found
}

impl<'a> Walk<'a> {
    fn new(model: &'a Json, context: &'a Context<'a>) -> Self {
        Self {
            context,
            shape: Shape::new(context.resource_type),
            path: Vec::new(),
            live_path: Vec::new(),
            found: Vec::new(),
            around: Vec::new(),
            model,
            hidden: false,
            secret: false,
            blind: false,
            unseen: false,
        }
    }
}

impl Walk<'_> {
    /// Compares at the current place; gives what is there, in the shape of what is wanted.
    pub(super) fn compare(
        &mut self,
        desired: &Value,
        recorded: Option<&Json>,
        live: Option<&Json>,
    ) -> Option<Value> {
        // Nothing can differ where everything is shown, and shown as it is wanted.
        if live.is_some_and(|there| plainly(desired, there))
            && !self.shape.write_only(&self.path)
            && !self.shape.hides_below(&self.path)
        {
            return Some(desired.clone());
        }
        if self.ignored() || self.shape.read_only(&self.path) {
            return Some(desired.clone());
        }
        if !self.hidden && self.shape.write_only(&self.path) {
            if self.blind {
                return Some(desired.clone());
            }
            self.hidden = true;
            if self.unseen {
                self.differs(desired, None);
                self.hidden = false;
                return None;
            }
            let before = self.compare(desired, recorded, recorded);
            self.hidden = false;
            return before;
        }
        // What can't change is as it was sent, however a read spells it, or if it doesn't show it.
        if self.shape.fixed(&self.path)
            && let (Some(sent), Some(wanted)) = (recorded, desired.to_json())
            && self.same(&wanted, sent)
        {
            return Some(desired.clone());
        }
        let live = live.filter(|json| !json.is_null());
        if live.is_some_and(|there| self.shown_otherwise(desired, recorded, there)) {
            return Some(desired.clone());
        }
        match desired {
            Value::Sensitive(inner) => self.compare_secret(desired, inner, recorded, live),
            Value::Null if !self.shape.keeps_nulls(&self.path) => self.removed(recorded, live),
            Value::Unknown(_) => self.differs(desired, live),
            Value::Object(members) if !self.is_document(members) && !is_secret(members) => match live {
                Some(Json::Object(there)) if !live.is_some_and(is_hash) => {
                    Some(self.compare_members(members, recorded, there))
                }
                None if self.shape.hides_below(&self.path) => {
                    self.compare_unshown(desired, members, recorded)
                }
                _ => self.compare_whole(desired, recorded, live),
            },
            // A text may stand for it; a set is one all the same.
            Value::Array(items) if !self.shape.document(&self.path) || self.shape.unordered(&self.path) => {
                match live {
                    Some(Json::Array(there)) => Some(self.compare_items(items, recorded, there)),
                    _ => self.compare_whole(desired, recorded, live),
                }
            }
            _ => self.compare_whole(desired, recorded, live),
        }
    }

    /// An object that no read shows: it may be there, if it has nothing that a read would show.
    fn compare_unshown(
        &mut self,
        desired: &Value,
        members: &IndexMap<String, Value>,
        recorded: Option<&Json>,
    ) -> Option<Value> {
        let found = self.found.len();
        let before = self.compare_members(members, recorded, &serde_json::Map::new());
        if self.found[found..].iter().all(|difference| difference.write_only) {
            return Some(before);
        }
        self.found.truncate(found);
        self.compare_whole(desired, recorded, None)
    }

    fn compare_secret(
        &mut self,
        desired: &Value,
        inner: &Value,
        recorded: Option<&Json>,
        live: Option<&Json>,
    ) -> Option<Value> {
        let found = self.found.len();
        let outer = std::mem::replace(&mut self.secret, true);
        let before = match live {
            Some(hash) if is_hash(hash) => self.compare_whole(inner, recorded, live),
            _ => self.compare(inner, recorded, live),
        };
        self.secret = outer;
        if self.found.len() == found {
            return Some(desired.clone());
        }
        before.map(|value| Value::Sensitive(Box::new(value)))
    }

    fn compare_members(
        &mut self,
        members: &IndexMap<String, Value>,
        recorded: Option<&Json>,
        live: &serde_json::Map<String, Json>,
    ) -> Value {
        let mut before = IndexMap::with_capacity(members.len());
        let recorded = recorded.and_then(Json::as_object);
        let transforms = self.shape.transforms();
        if transforms {
            self.around.push(known(members));
        }
        for (key, value) in members {
            let was = recorded.and_then(|r| r.get(key));
            if let Some(there) = self.below(key, key, |walk| walk.compare(value, was, live.get(key))) {
                before.insert(key.clone(), there);
            }
        }
        if transforms {
            self.around.pop();
        }
        for (key, was) in recorded.into_iter().flatten() {
            if members.contains_key(key) {
                continue;
            }
            let there = self.below(key, key, |walk| match live.get(key) {
                Some(Json::Array(items)) if walk.shape.tags(&walk.path) => {
                    Some(walk.compare_items(&[], Some(was), items)).filter(|v| *v != Value::Array(Vec::new()))
                }
                // Others' items stay: ours go one by one.
                Some(Json::Array(items))
                    if was.as_array().is_some_and(|was| was.len() < items.len())
                        && (walk.shape.identity(&walk.path).is_some() || walk.are_there(was, items)) =>
                {
                    Some(walk.compare_items(&[], Some(was), items)).filter(|v| *v != Value::Array(Vec::new()))
                }
                // What is declared instead has decided it.
                _ if walk.shape.follows(&walk.path).is_some_and(|other| members.contains_key(other)) => None,
                there => walk.removed(Some(was), there),
            });
            if let Some(there) = there {
                before.insert(key.clone(), there);
            }
        }
        Value::Object(before)
    }

    /// What was declared and no longer is. It differs only if it is still there.
    pub(super) fn removed(&mut self, recorded: Option<&Json>, live: Option<&Json>) -> Option<Value> {
        let recorded = recorded.filter(|json| !json.is_null())?;
        if self.ignored() || self.shape.read_only(&self.path) {
            return None;
        }
        let hidden = self.hidden || self.shape.write_only(&self.path);
        let there = if hidden { Some(recorded) } else { live }.filter(|json| !is_empty(json))?;
        let default = if self.hidden || hidden { None } else { self.shape.reset(&self.path) };
        let is_default = |value: Option<&Json>| value.is_some_and(|v| same(v, there, self.context.secrets));
        if is_default(default) || is_default(self.shape.default(&self.path)) {
            return None;
        }
        let outer = std::mem::replace(&mut self.hidden, hidden);
        let after = default.cloned().map(Value::from);
        self.push(DifferenceKind::Remove, Some(there.clone()), after);
        self.hidden = outer;
        Some(shown(there))
    }

    /// One value, with nothing below it that could differ alone.
    fn compare_whole(
        &mut self,
        desired: &Value,
        recorded: Option<&Json>,
        live: Option<&Json>,
    ) -> Option<Value> {
        let Some(wanted) = desired.to_json() else { return self.differs(desired, live) };
        let equal = match live {
            // Whether it was sent isn't known.
            _ if self.hidden && self.context.half_way => is_empty(&wanted),
            Some(there) => self.same(&wanted, there) && !self.is_other_text(&wanted, recorded, there),
            None => {
                is_empty(&wanted)
                    || self
                        .shape
                        .default(&self.path)
                        .is_some_and(|default| same(default, &wanted, self.context.secrets))
            }
        };
        if equal { Some(desired.clone()) } else { self.differs(desired, live) }
    }

    /// Whether a text was written otherwise where the service keeps a text as it is: it shows the one
    /// that was sent to the letter. What two texts say as JSON decides only where that isn't so, and
    /// where the type says that JSON is what stands there.
    fn is_other_text(&self, wanted: &Json, recorded: Option<&Json>, live: &Json) -> bool {
        matches!((wanted, live), (Json::String(wanted), Json::String(live)) if wanted != live && parsed(live).is_some())
            && recorded == Some(live)
            && !self.shape.document(&self.path)
            && !self.shape.is_open(&self.path)
    }

    /// Whether a read may show the live value for the desired one, by the type's own transform.
    fn shown_otherwise(&self, desired: &Value, recorded: Option<&Json>, live: &Json) -> bool {
        if self.hidden || !self.shape.transforms() {
            return false;
        }
        let Some(wanted) = desired.to_json() else { return false };
        let changed = recorded.is_some_and(|sent| !self.same(&wanted, sent));
        let (Some(transform), Some(around), Some(model)) =
            (self.shape.transform(&self.path), self.around.last(), self.around.first())
        else {
            return false;
        };
        allows(transform, &self.path, (live, changed), (around, model), self.context.secrets)
    }

    /// By the type, or because it is a policy where the schema says nothing.
    fn is_document(&self, members: &IndexMap<String, Value>) -> bool {
        self.shape.document(&self.path) || members.contains_key("Statement") && self.shape.is_open(&self.path)
    }

    /// Whether two values at the current place mean the same.
    fn same(&self, a: &Json, b: &Json) -> bool {
        if let Some(form) = self.shape.form(&self.path)
            && form.same(a, b)
        {
            return true;
        }
        match self.shape.language(&self.path) {
            Some(language) => same_document(a, b, language, self.context.secrets),
            None => same(a, b, self.context.secrets) || self.refers_to_the_same(a, b),
        }
    }

    /// Whether one is the ARN of what the other names.
    fn refers_to_the_same(&self, a: &Json, b: &Json) -> bool {
        match (a, b, self.shape.property(&self.path)) {
            (Json::String(a), Json::String(b), Some(property)) => stands_for(property, a, b, self.model),
            _ => false,
        }
    }

    pub(super) fn differs(&mut self, desired: &Value, live: Option<&Json>) -> Option<Value> {
        let kind = if live.is_some() { DifferenceKind::Change } else { DifferenceKind::Add };
        self.push(kind, live.cloned(), Some(desired.clone()));
        let aligned = desired.to_json().zip(live).and_then(|(d, l)| aligned(&d, l, self.context.secrets));
        aligned.map(Value::from).or_else(|| live.map(shown))
    }

    /// Notes a difference at the current place.
    pub(super) fn push(&mut self, kind: DifferenceKind, before: Option<Json>, after: Option<Value>) {
        let differs_at = |rest: &[String]| {
            let was = before.as_ref().and_then(|json| at(json, rest));
            let will = after.as_ref().and_then(Value::to_json);
            was != will.as_ref().and_then(|json| at(json, rest))
        };
        let create_only = self.shape.create_only(&self.path)
            || self.hidden && (1..=self.path.len()).any(|n| self.shape.is_sealed(&self.path[..n]))
            || self.shape.create_only_below(&self.path).any(differs_at);
        let may_be = self.shape.may_be_create_only(&self.path)
            || self.shape.maybe_create_only_below(&self.path).any(differs_at);
        let trigger = self.context.replace_on_changes.iter().any(|p| p.covers(&self.path));
        self.found.push(Difference {
            path: self.path.clone(),
            live_path: self.live_path.clone(),
            kind,
            sensitive: self.secret || before.as_ref().is_some_and(is_hash),
            before,
            after,
            forces_replacement: create_only || trigger,
            may_force_replacement: may_be && !create_only && !trigger,
            by_trigger: trigger && !create_only,
            write_only: self.hidden,
        });
    }

    /// Goes one step down and back.
    pub(super) fn below<T>(&mut self, key: &str, live_key: &str, f: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        self.live_path.push(live_key.to_owned());
        let result = f(self);
        self.path.pop();
        self.live_path.pop();
        result
    }

    /// Whether `desired` asks for nothing else than what a read shows; notes nothing.
    pub(super) fn satisfied(&mut self, desired: &Value, live: &Json) -> bool {
        let found = self.found.len();
        let blind = std::mem::replace(&mut self.blind, true);
        self.compare(desired, None, Some(live));
        self.blind = blind;
        let satisfied = self.found.len() == found;
        self.found.truncate(found);
        satisfied
    }

    fn ignored(&self) -> bool {
        self.context.ignore_changes.iter().any(|p| p.covers(&self.path))
    }
}

/// Whether it is the hash of a secret, as it is written down.
fn is_secret(members: &IndexMap<String, Value>) -> bool {
    members.len() == 1 && members.contains_key("$secret")
}

/// Live JSON as a value; a hash stands for a secret.
pub(super) fn shown(json: &Json) -> Value {
    match json {
        hash if is_hash(hash) => Value::Sensitive(Box::new(Value::from(hash.clone()))),
        Json::Array(items) => Value::Array(items.iter().map(shown).collect()),
        Json::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), shown(v))).collect()),
        scalar => Value::from(scalar.clone()),
    }
}

/// What lies at a schema path below `json`; a `*` stands for the first item that has it.
fn at<'j>(json: &'j Json, path: &[String]) -> Option<&'j Json> {
    let Some((name, rest)) = path.split_first() else { return Some(json) };
    match json {
        Json::Object(members) if name == "*" => members.values().find_map(|v| at(v, rest)),
        Json::Object(members) => members.get(name).and_then(|v| at(v, rest)),
        Json::Array(items) if name == "*" => items.iter().find_map(|v| at(v, rest)),
        _ => None,
    }
}
