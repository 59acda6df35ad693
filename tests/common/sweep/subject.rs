//! One type's part of a stack, and what its properties become from step to step.

use super::checks::{is_sealed, without_fixed};
use super::generate::{PLACE, Random, edit, is_typed, needs, resource};
use evstack::schema::sample::{Extent, Sampler};
use evstack::schema::validate::{Mode, validate};
use evstack::schema::{Catalogue, PropertyPath, ResourceType};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often another value is tried for a property.
const TRIES: usize = 6;

/// Types whose replacement can't have another identity, and why; two can't be there at once, and
/// nobody can know it before.
const ALONE: &[(&str, &str)] = &[
    ("AWS::CloudFormation::ChangeSet", "its identifier has one value by its pattern"),
    ("AWS::Connect::UserHierarchyStructure", "an instance has one"),
    ("AWS::Lex::BotVersion", "its version has one value by its pattern"),
    ("AWS::Lightsail::ContactMethod", "its protocol decides its identifier"),
    ("AWS::SageMaker::ModelPackage", "its name decides the ARN, and isn't what identifies it"),
    ("AWS::StepFunctions::StateMachineVersion", "a revision has one version"),
];

/// Why a type isn't replaced in the sweep.
pub fn alone(type_name: &str) -> Option<&'static str> {
    ALONE.iter().find(|(name, _)| *name == type_name).map(|(_, why)| *why)
}

/// Whether Cloud Control can't change a resource although its type has a handler: it must have what is
/// in no read, and is refused when it is sent again (pulumi/pulumi-aws-native issue 1866).
pub fn is_stuck(kind: &ResourceType, properties: &Map<String, Json>) -> bool {
    let sayable = |(top, value): (&String, &Json)| {
        let said = without_fixed(kind, value, &mut vec![top.clone()]);
        (!said.is_null()).then(|| (top.clone(), said))
    };
    let rest: Map<String, Json> = properties.iter().filter_map(sayable).collect();
    kind.handlers.update.is_some()
        && !validate(kind, &Json::Object(rest), Mode::Registry, &is_hole).is_empty()
}

/// What a step does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Properties get other values, and one comes that wasn't declared.
    Change,
    /// A property is no longer declared.
    Remove,
    /// A property that can't be changed in place gets another value.
    Replace,
}

impl What {
    /// In the order in which they are done.
    pub const ALL: [Self; 3] = [Self::Change, Self::Remove, Self::Replace];
}

/// What the resource is after a step.
#[derive(Debug, Clone)]
pub struct Version {
    /// What is declared.
    pub properties: Map<String, Json>,
    /// The value of the tag `sweep`.
    pub tag: &'static str,
    /// The top properties that the step before this touched; empty where there was nothing to do.
    pub touched: BTreeSet<String>,
    /// Whether the plan must be a replacement.
    pub replaces: bool,
}

/// A resource of a type under test, in all its versions.
#[derive(Debug)]
pub struct Subject {
    /// Its type.
    pub kind: Arc<ResourceType>,
    /// Its name in the stack.
    pub key: String,
    neighbours: Vec<(String, Json)>,
    /// At first, and after each of [`What::ALL`].
    pub versions: Vec<Version>,
}

fn is_hole(json: &Json) -> bool {
    json.as_str().is_some_and(|text| text.starts_with("${resource."))
}

/// Whether the engine and the registry take it.
pub fn is_valid(kind: &ResourceType, properties: &Map<String, Json>) -> bool {
    let model = Json::Object(properties.clone());
    [Mode::Registry, Mode::Engine].iter().all(|mode| validate(kind, &model, *mode, &is_hole).is_empty())
}

/// Many services don't tell an empty value from none.
pub fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::String(text) => {
            text.is_empty()
                || serde_json::from_str::<Json>(text).is_ok_and(|said| !said.is_string() && is_empty(&said))
        }
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.values().all(is_empty),
        _ => false,
    }
}

impl Subject {
    /// By the seed; `None` where no resource of the type can be generated.
    pub fn new(type_name: &str, key: &str, seed: u64) -> Option<Self> {
        let kind = Catalogue::bundled().get(type_name)?;
        let mut random = Random::new(seed, type_name);
        let (mut made, mut neighbours) = (needs::Made::new(), Vec::new());
        for (name, needed, properties) in needs::of(type_name) {
            let address = format!("{key}{name}");
            let earlier: Vec<&String> = neighbours.iter().map(|(name, _): &(String, Json)| name).collect();
            let after: Vec<String> = earlier.iter().map(|name| format!("resource.{name}")).collect();
            let declared = json!({
                "type": needed, "properties": written(&needs::filled(properties, &made)),
                "options": {"dependsOn": after, "protect": false},
            });
            made.insert(name.to_owned(), references(&address, needed)?);
            neighbours.push((address, declared));
        }
        let extent = if is_typed(type_name) { Extent::Least } else { Extent::Some };
        let mut properties = resource(&kind, extent, &mut random)?;
        needs::complete(type_name, &made, &mut properties);
        if let Some(tags) = &kind.tagging.property
            && properties.get(tags).is_some_and(Json::is_string)
        {
            // Text can't take the ownership beside it.
            properties.shift_remove(tags);
        }
        let first = Version { properties, tag: "one", touched: BTreeSet::new(), replaces: false };
        let mut subject = Self { kind, key: key.to_owned(), neighbours, versions: vec![first] };
        for what in What::ALL {
            let next = subject.next(what, &made, &mut random);
            let last = subject.versions.last()?;
            subject.versions.push(next.unwrap_or_else(|| Version {
                properties: last.properties.clone(),
                tag: last.tag,
                touched: BTreeSet::new(),
                replaces: false,
            }));
        }
        Some(subject)
    }

    /// Its address in the stack.
    pub fn address(&self) -> String {
        format!("resource.{}", self.key)
    }

    /// The neighbours' and its own declarations, by name.
    pub fn declarations(&self, version: usize) -> Vec<(String, Json)> {
        let version = &self.versions[version];
        let after: Vec<String> = self.neighbours.iter().map(|(name, _)| format!("resource.{name}")).collect();
        let own = json!({
            "type": self.kind.name.as_str(),
            "properties": written(&Json::Object(version.properties.clone())),
            "tags": {"sweep": version.tag},
            "options": {"dependsOn": after, "protect": false},
        });
        let own = (self.key.clone(), own);
        self.neighbours.iter().cloned().chain([own]).collect()
    }

    /// Whether a change in place is asked for: without a handler every change is a replacement.
    pub fn can_update(&self) -> bool {
        self.kind.handlers.update.is_some()
    }

    fn next(&self, what: What, made: &needs::Made, random: &mut Random) -> Option<Version> {
        match what {
            What::Change | What::Remove if is_stuck(&self.kind, &self.versions.last()?.properties) => None,
            _ if alone(self.kind.name.as_str()).is_some()
                && (what == What::Replace || !self.can_update()) =>
            {
                None
            }
            What::Change => self.changed(made, random),
            What::Remove => self.removed(random),
            What::Replace => self.replaced(random),
        }
    }

    /// Another value for a property, one more property, another tag.
    fn changed(&self, made: &needs::Made, random: &mut Random) -> Option<Version> {
        let mut next = self.versions.last()?.clone();
        let name = self.kind.name.as_str();
        let before = next.properties.clone();
        if let Some((property, value)) = needs::change(name, made) {
            next.properties.insert(property.clone(), value);
            next.touched.insert(property);
        } else {
            for there in [true, false] {
                if let Some((properties, top)) = self.other(&next.properties, there, random) {
                    next.properties = properties;
                    next.touched.insert(top);
                }
            }
        }
        let tagging = &self.kind.tagging;
        if let Some(property) = tagging.property.as_ref().filter(|p| !self.is_fixed(&[p.as_str()])) {
            next.tag = "two";
            next.touched.insert(property.clone());
        }
        next.replaces = !self.can_update();
        (next.properties != before || next.tag != "one").then_some(next)
    }

    /// The properties with one of them changed (`there`) or added.
    fn other(
        &self,
        now: &Map<String, Json>,
        there: bool,
        random: &mut Random,
    ) -> Option<(Map<String, Json>, String)> {
        let mut paths = edit::updatable(&self.kind, now);
        paths.retain(|path| {
            let decided = needs::decides(self.kind.name.as_str(), &path[0]);
            let tags = self.kind.tagging.property.as_ref() == Some(&path[0]);
            // What changes in such an object needs another resource.
            let sealed = (1..path.len()).any(|n| is_sealed(&self.kind, &path[..n]));
            !decided && !tags && !sealed && (get(now, path).is_some() == there) && (there || path.len() == 1)
        });
        let first = random.below(paths.len());
        paths.rotate_left(first);
        paths.into_iter().find_map(|path| self.with_another(now, &path, random))
    }

    /// The properties with another value at a path, and which top property that is in.
    fn with_another(
        &self,
        now: &Map<String, Json>,
        path: &[String],
        random: &mut Random,
    ) -> Option<(Map<String, Json>, String)> {
        let place = PropertyPath::from_names(path);
        let default = self.kind.property(path).and_then(|schema| schema.get("default"));
        (0..TRIES).find_map(|attempt| {
            let extent = if attempt % 2 == 0 { Extent::Some } else { Extent::Least };
            let mut choose = |bound| random.below(bound);
            let value = Sampler::new(&self.kind, PLACE, extent, &mut choose).property(&place)?;
            let value = needs::plain(self.kind.name.as_str(), &path[path.len() - 1], value);
            let mut properties = now.clone();
            if get(now, path) == Some(&value) || is_empty(&value) || default == Some(&value) {
                return None;
            }
            set(&mut properties, path, value)?;
            is_valid(&self.kind, &properties).then(|| (properties, path[0].clone()))
        })
    }

    /// One declared property less, where the rest stays right without it.
    fn removed(&self, random: &mut Random) -> Option<Version> {
        let (last, name) = (self.versions.last()?, self.kind.name.as_str());
        let added = |top: &String| !self.versions[0].properties.contains_key(top);
        let mut tops: Vec<String> = last.properties.keys().cloned().collect();
        let first = random.below(tops.len());
        tops.rotate_left(first);
        tops.sort_by_key(|top| !added(top));
        let top = tops.into_iter().find(|top| {
            let property = self.kind.property(&[top.as_str()]);
            let value = &last.properties[top];
            let default = property.and_then(|schema| schema.get("default")) == Some(value);
            let mut rest = last.properties.clone();
            rest.shift_remove(top);
            let listed = self.kind.handlers.list.iter().flat_map(|list| list.required());
            let named = self.kind.name_property() == Some(top.as_str());
            !(default
                || named
                || is_empty(value)
                || self.is_fixed(&[top.as_str()])
                || needs::decides(name, top)
                || self.kind.tagging.property.as_ref() == Some(top)
                || listed.into_iter().any(|listed| listed == top))
                && is_valid(&self.kind, &rest)
        })?;
        let mut next = last.clone();
        next.properties.shift_remove(&top);
        next.touched = BTreeSet::from([top]);
        next.replaces = !self.can_update();
        Some(next)
    }

    /// Another value for what can't be changed in place.
    fn replaced(&self, random: &mut Random) -> Option<Version> {
        let (last, name) = (self.versions.last()?, self.kind.name.as_str());
        let mut paths: Vec<Vec<String>> =
            self.kind.create_only.iter().map(|path| path.names().to_vec()).collect();
        paths.retain(|path| {
            let parent = path.len() == 1 || get(&last.properties, &path[..path.len() - 1]).is_some();
            let open = !needs::decides(name, &path[0]) && !self.kind.is_read_only(path);
            parent && open && !path.iter().any(|name| name == "*")
        });
        let first = random.below(paths.len());
        paths.rotate_left(first);
        let (properties, top) =
            paths.iter().find_map(|path| self.with_another(&last.properties, path, random))?;
        Some(Version { properties, tag: last.tag, touched: BTreeSet::from([top]), replaces: true })
    }

    /// Whether a change of this, or of something in it, isn't one in place.
    fn is_fixed(&self, path: &[&str]) -> bool {
        let kind = &self.kind;
        [&kind.create_only, &kind.conditional_create_only, &kind.read_only, &kind.primary_identifier]
            .iter()
            .any(|paths| {
                paths
                    .iter()
                    .any(|one| one.covers(path) || one.names().iter().zip(path).all(|(name, at)| name == at))
            })
    }
}

/// What others may say to have a neighbour's properties.
fn references(key: &str, type_name: &str) -> Option<Json> {
    let kind = Catalogue::bundled().get(type_name)?;
    let reference = |name: &str| (name.to_owned(), json!(format!("${{resource.{key}.{name}}}")));
    Some(Json::Object(kind.properties().map(|(name, _)| reference(name)).collect()))
}

/// As it stands in a stack file: what isn't a reference is escaped.
fn written(json: &Json) -> Json {
    match json {
        Json::String(text) if !is_hole(json) => Json::String(text.replace("${", "$${")),
        Json::Array(items) => items.iter().map(written).collect(),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(key, value)| (key.clone(), written(value))).collect())
        }
        other => other.clone(),
    }
}

fn get<'a>(model: &'a Map<String, Json>, path: &[String]) -> Option<&'a Json> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(model.get(first)?, |node, name| node.get(name))
}

fn set(model: &mut Map<String, Json>, path: &[String], value: Json) -> Option<()> {
    let (last, parents) = path.split_last()?;
    let mut members = model;
    for name in parents {
        members = members.get_mut(name)?.as_object_mut()?;
    }
    members.insert(last.clone(), value);
    Some(())
}
