//! What a service adds of its own to properties that nobody declared, where nothing is known of the
//! service: any value that the schema allows, its default first. What was declared is never touched,
//! and one seed gives one resource the same additions each time.

use super::invent::place;
use crate::local::profile::{Misbehaviour, Share};
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use crate::local::world::Rng;
use crate::schema::sample::{Extent, Sampler};
use crate::schema::validate::{Mode, no_holes, validate};
use crate::schema::{PropertyPath, ResourceType};
use serde_json::{Value as Json, json};

/// No resource gets more additions than this in one operation.
const MOST: usize = 12;
/// Nor more tries: each one holds the whole model against its schema.
const MOST_TRIES: usize = 48;

/// Keywords that make properties depend on each other. What they name is left alone: an addition
/// there would stand in the way of what is declared later.
const JOINING: [&str; 8] = [
    "oneOf",
    "anyOf",
    "allOf",
    "requiredXor",
    "requiredOr",
    "dependencies",
    "dependentRequired",
    "dependentExcluded",
];

/// Adds what the profile says: `updated` after an update, else after the create.
pub(crate) fn add(context: &Context<'_>, identifier: &str, updated: bool, properties: &mut Properties) {
    let profile = context.profile;
    let nothing = [profile.invented, profile.invented_after_update, profile.unacceptable];
    if nothing.iter().all(|share| *share == Share::NEVER) {
        return;
    }
    let name = format!("{} {identifier}", context.kind.name);
    let mut adder = Adder { context, name, updated, left: MOST, tries: MOST_TRIES };
    let mut model = Json::Object(std::mem::take(properties));
    // Without this, no addition could be told from a mistake.
    if adder.is_valid(&model) {
        adder.object(&mut model, &mut Vec::new(), &mut Vec::new());
        adder.unacceptable(&mut model);
    }
    if let Json::Object(whole) = model {
        *properties = whole;
    }
}

struct Adder<'a> {
    context: &'a Context<'a>,
    /// Of the resource.
    name: String,
    updated: bool,
    left: usize,
    tries: usize,
}

impl Adder<'_> {
    fn kind(&self) -> &ResourceType {
        self.context.kind
    }

    fn is_valid(&self, model: &Json) -> bool {
        validate(self.kind(), model, Mode::Registry, &no_holes).is_empty()
    }

    fn seed(&self) -> u64 {
        self.context.settings.seed
    }

    /// Adds to the object at `at` (a pointer's names), which the schema has at `path`, and to those
    /// in it. The JSON reader bounds how deep a model goes.
    fn object(&mut self, model: &mut Json, path: &mut Vec<String>, at: &mut Vec<String>) {
        let kind = self.context.kind;
        let schema = if path.is_empty() { Some(&kind.schema) } else { kind.property(path) };
        let Some(schema) = schema else { return };
        let joined = joined(schema);
        let names = schema.get("properties").and_then(Json::as_object);
        // Of an object with alternatives nobody knows which one it is.
        let alternatives =
            !path.is_empty() && ["oneOf", "anyOf", "allOf"].iter().any(|k| schema.get(*k).is_some());
        for (name, _) in names.into_iter().flatten().filter(|_| !alternatives) {
            path.push(name.clone());
            at.push(name.clone());
            if !joined.contains(&name.as_str()) && self.may_add(path) && self.left > 0 && self.tries > 0 {
                self.property(model, path, at);
            }
            path.pop();
            at.pop();
        }
        let there = get(model, at);
        let below: Vec<(String, usize)> = match there {
            Some(Json::Object(members)) => {
                let below = members.iter().filter_map(|(name, value)| match value {
                    Json::Object(_) => Some((name.clone(), 0)),
                    Json::Array(items) if items.iter().all(Json::is_object) => {
                        Some((name.clone(), items.len()))
                    }
                    _ => None,
                });
                below.collect()
            }
            _ => return,
        };
        for (name, items) in below {
            path.push(name.clone());
            at.push(name);
            if items == 0 {
                self.object(model, path, at);
            } else {
                path.push("*".to_owned());
                for item in 0..items {
                    at.push(item.to_string());
                    self.object(model, path, at);
                    at.pop();
                }
                path.pop();
            }
            path.pop();
            at.pop();
        }
    }

    /// Whether a service may set this although nobody asked for it.
    fn may_add(&self, path: &[String]) -> bool {
        let kind = self.kind();
        let top = path.len() == 1;
        let identifying =
            kind.primary_identifier.iter().any(|one| one.covers(path) || one.names().starts_with(path));
        let hidden =
            kind.is_write_only(path) || kind.write_only.iter().any(|one| one.names().starts_with(path));
        let deprecated = kind.deprecated.iter().any(|one| one.covers(path));
        let tags = top && kind.tagging.property.as_deref() == Some(path[0].as_str());
        // An array is replaced as a whole: what can't be sent again would keep it from ever changing.
        let stuck =
            path.iter().any(|name| name == "*") && (kind.is_create_only(path) || kind.is_read_only(path));
        !(identifying || hidden || deprecated || tags || stuck || (!top && kind.is_read_only(path)))
    }

    /// Adds one property, if it is absent and its time has come.
    fn property(&mut self, model: &mut Json, path: &[String], at: &[String]) {
        if get(model, at).is_some() {
            return;
        }
        let (profile, name) = (self.context.profile, format!("{} {}", self.name, at.join("/")));
        let at_once = profile.invented.holds(self.seed(), &format!("invented {name}"));
        let later = profile.invented_after_update.holds(self.seed(), &format!("later {name}"));
        if !(at_once || later && self.updated) {
            return;
        }
        let Some(value) = self.value(path, &name) else { return };
        self.tries -= 1;
        let before = model.clone();
        if !set(model, at, value) || !self.is_valid(model) {
            *model = before;
            return;
        }
        self.left -= 1;
        self.context.counts.add(if at_once {
            Misbehaviour::Invented
        } else {
            Misbehaviour::InventedAfterUpdate
        });
    }

    /// The schema's default, else anything.
    fn value(&self, path: &[String], name: &str) -> Option<Json> {
        if let Some(default) = self.kind().property(path).and_then(|schema| schema.get("default")) {
            return Some(default.clone());
        }
        let mut rng = Rng::named(self.seed(), &format!("value {name}"));
        let mut choose = |bound| rng.below(bound);
        Sampler::new(self.kind(), place(self.context), Extent::Least, &mut choose)
            .property(&PropertyPath::from_names(path))
    }

    /// Rarely, a read shows an empty array where the schema wants items: as on AWS, every update then
    /// fails until it removes exactly that.
    fn unacceptable(&mut self, model: &mut Json) {
        let kind = self.context.kind;
        if kind.handlers.update.is_none() || !self.context.profile.unacceptable.holds(self.seed(), &self.name)
        {
            return;
        }
        let joined = joined(&kind.schema);
        let empty = |schema: &Json| {
            let schema = kind.resolve(schema);
            schema["type"] == "array" && schema["minItems"].as_u64().is_some_and(|least| least > 0)
        };
        let found = kind.properties().find(|(name, schema)| {
            let path = [(*name).to_owned()];
            let fixed = kind.create_only.iter().chain(&kind.read_only).any(|one| one.top() == *name);
            let free = !fixed && !joined.contains(name) && self.may_add(&path);
            free && empty(schema) && model.get(*name).is_none()
        });
        if let Some((name, _)) = found
            && set(model, &[name.to_owned()], json!([]))
        {
            self.context.counts.add(Misbehaviour::Unacceptable);
        }
    }
}

/// The names that the joining keywords of a schema speak of.
fn joined(schema: &Json) -> Vec<&str> {
    fn collect<'a>(node: &'a Json, found: &mut Vec<&'a str>) {
        match node {
            Json::String(name) => found.push(name),
            Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Json::Object(members) => members.iter().for_each(|(name, below)| {
                found.push(name);
                collect(below, found);
            }),
            _ => {}
        }
    }
    let mut found = Vec::new();
    JOINING.iter().filter_map(|keyword| schema.get(*keyword)).for_each(|node| collect(node, &mut found));
    found
}

fn get<'a>(model: &'a Json, at: &[String]) -> Option<&'a Json> {
    at.iter().try_fold(model, |node, name| match node {
        Json::Array(items) => items.get(name.parse::<usize>().ok()?),
        node => node.get(name),
    })
}

/// Sets a member of an object that is there.
fn set(model: &mut Json, at: &[String], value: Json) -> bool {
    let Some((last, parents)) = at.split_last() else { return false };
    let parent = parents.iter().try_fold(model, |node, name| match node {
        Json::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
        node => node.get_mut(name),
    });
    match parent {
        Some(Json::Object(members)) => {
            members.insert(last.clone(), value);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::clock::Time;
    use crate::local::profile::{Counts, Profile};
    use crate::local::services::Scope;
    use crate::local::services::resources::Resources;
    use crate::local::settings::Settings;
    use crate::schema::Catalogue;

    /// What a type's resource becomes.
    fn added(kind: &ResourceType, profile: &Profile, updated: bool, declared: Json) -> (Properties, Counts) {
        let (settings, mut rng, counts) = (Settings::default(), Rng::new(1, 0), Counts::default());
        let scope = Scope { account: settings.account.clone(), region: settings.region.clone() };
        let mut resources = Resources::new();
        let context = Context {
            settings: &settings,
            scope: &scope,
            profile,
            counts: &counts,
            rng: &mut rng,
            resources: &mut resources,
            now: Time(1_795_000_000_000),
            kind,
        };
        let mut properties = declared.as_object().cloned().expect("an object");
        add(&context, "id", updated, &mut properties);
        (properties, counts)
    }

    /// For every type: what was there stays, what comes is valid, the same comes again, nothing comes
    /// without the knob, and more comes after an update.
    #[test]
    fn what_is_declared_stays_and_what_comes_is_valid() {
        let always = Profile { invented: Share::percent(50), ..Profile::default() };
        let later = Profile { invented_after_update: Share::ALWAYS, ..Profile::default() };
        let (mut grown, mut grown_later) = (0, 0);
        for (number, name) in Catalogue::bundled().type_names().enumerate() {
            let kind = Catalogue::bundled().get(name).expect("it exists");
            let mut rng = Rng::named(3, name);
            let settings = Settings::default();
            let place = crate::schema::sample::Place {
                partition: "aws",
                region: &settings.region,
                account: &settings.account,
            };
            // Every fifth type: seconds, not minutes.
            if number % 5 != 0 || !kind.is_provisionable() {
                continue;
            }
            let mut choose = |bound| rng.below(bound);
            let declared =
                Sampler::new(&kind, place, Extent::Some, &mut choose).resource().expect("one is made");
            let declared = Json::Object(declared);
            let (first, counts) = added(&kind, &always, false, declared.clone());
            let (again, _) = added(&kind, &always, false, declared.clone());
            assert_eq!(first, again, "{name}");
            let more = counts.shown()["misbehaviours"]["invented"].as_u64().unwrap_or(0);
            assert_eq!(more > 0, Json::Object(first.clone()) != declared, "{name}");
            grown += usize::from(more > 0);
            stays(&declared, &Json::Object(first.clone()), name);
            assert!(validate(&kind, &Json::Object(first), Mode::Registry, &no_holes).is_empty(), "{name}");
            let (none, _) = added(&kind, &Profile::default(), true, declared.clone());
            assert_eq!(Json::Object(none), declared, "{name}");
            let (before, _) = added(&kind, &later, false, declared.clone());
            assert_eq!(Json::Object(before), declared, "{name}");
            let (after, _) = added(&kind, &later, true, declared.clone());
            grown_later += usize::from(Json::Object(after) != declared);
        }
        assert!(grown > 200 && grown_later > 200, "{grown} {grown_later}");
    }

    fn stays(declared: &Json, live: &Json, at: &str) {
        match (declared, live) {
            (Json::Object(a), Json::Object(b)) => {
                a.iter().for_each(|(k, v)| stays(v, b.get(k).unwrap_or(&Json::Null), &format!("{at}/{k}")));
            }
            (Json::Array(a), Json::Array(b)) => {
                assert_eq!(a.len(), b.len(), "{at}");
                a.iter().zip(b).for_each(|(a, b)| stays(a, b, at));
            }
            _ => assert_eq!(declared, live, "{at}"),
        }
    }

    #[test]
    fn an_empty_array_may_come_where_the_registry_wants_items() {
        let profile = Profile { unacceptable: Share::ALWAYS, ..Profile::default() };
        let mut broken = 0;
        for name in Catalogue::bundled().type_names().filter(|name| !name.starts_with("AWS::EC2")) {
            let kind = Catalogue::bundled().get(name).expect("it exists");
            let (after, counts) = added(&kind, &profile, false, json!({}));
            let valid = validate(&kind, &json!({}), Mode::Registry, &no_holes).is_empty();
            let came = counts.shown()["misbehaviours"]["unacceptable"] == 1;
            assert_eq!(came, !after.is_empty(), "{name}");
            if came {
                assert!(valid && after.values().all(|value| *value == json!([])), "{name}");
                assert!(
                    !validate(&kind, &Json::Object(after), Mode::Registry, &no_holes).is_empty(),
                    "{name}"
                );
                broken += 1;
            }
        }
        assert!(broken > 0, "{broken}");
    }
}
