//! Values of any schema, and whole resources.

use super::{Choose, Place, merge, number, text};
use crate::schema::validate::{Mode, no_holes, validate};
use crate::schema::{PropertyPath, ResourceType};
use serde_json::{Map, Value as Json, json};

/// Schemas nest through references; nothing is made that is deeper than this.
const DEEPEST: usize = 12;
/// How often a whole resource is tried.
const TRIES: usize = 60;
/// How often a resource that isn't right is made smaller.
const CUTS: usize = 8;

/// How much is made beside what must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What is required, and what the conditions make required; one item in a required array.
    Least,
    /// Of what is optional, as much as the choices say.
    Some,
}

/// Makes values for the properties of one type.
pub struct Sampler<'a> {
    pub(super) kind: &'a ResourceType,
    pub(super) place: Place<'a>,
    pub(super) extent: Extent,
    pub(super) choose: Choose<'a>,
    /// Where the walk is: names, and `*` for items and keys of a map.
    pub(super) path: Vec<String>,
    /// Whether the service's own properties are made too.
    pub(super) computed: bool,
}

impl<'a> Sampler<'a> {
    /// For a type, in a place.
    pub fn new(kind: &'a ResourceType, place: Place<'a>, extent: Extent, choose: Choose<'a>) -> Self {
        Self { kind, place, extent, choose, path: Vec::new(), computed: false }
    }

    /// Properties that a caller may send to create a resource: valid for the engine and for the
    /// registry. `None` where none were found.
    pub fn resource(&mut self) -> Option<Map<String, Json>> {
        let wanted = self.extent;
        let made = (0..TRIES).find_map(|attempt| {
            if attempt > TRIES / 2 {
                // Less is right more easily.
                self.extent = Extent::Least;
            }
            self.path.clear();
            self.computed = false;
            let model = self.value(&self.kind.schema)?;
            self.cut(model)
        });
        self.extent = wanted;
        made
    }

    /// A value for the property at a path of the type (`*` for an item or a map's key), as the
    /// service or a caller may set it. It fits the property's own schema; what the resource's
    /// conditions say of its neighbours, the caller checks.
    pub fn property(&mut self, path: &PropertyPath) -> Option<Json> {
        let schema = self.kind.property(path.names())?;
        self.path = path.names().to_vec();
        self.computed = self.kind.is_read_only(path.names());
        self.value(schema)
    }

    /// Leaves out optional properties that something is wrong with, until nothing is.
    fn cut(&self, model: Json) -> Option<Map<String, Json>> {
        let mut model = model;
        for _ in 0..CUTS {
            let mut wrong = validate(self.kind, &model, Mode::Registry, &no_holes);
            if wrong.is_empty() {
                wrong = validate(self.kind, &model, Mode::Engine, &no_holes);
            }
            let Json::Object(properties) = &mut model else { return None };
            if wrong.is_empty() {
                return Some(std::mem::take(properties));
            }
            let before = properties.len();
            for violation in wrong {
                let place = violation.place();
                let top = place.trim_start_matches('/').split('/').next().unwrap_or("").replace("~1", "/");
                if !self.kind.is_required(&top) {
                    properties.shift_remove(&top);
                }
            }
            if properties.len() == before {
                return None;
            }
        }
        None
    }

    /// A value for a schema at the present path.
    pub(super) fn value(&mut self, schema: &Json) -> Option<Json> {
        if self.path.len() > DEEPEST {
            return None;
        }
        let schema = merge::flat(self.kind, schema, self.choose)?;
        if let Some(only) = schema.get("const") {
            return Some(only.clone());
        }
        let kind = self.type_of(&schema)?;
        if kind != "string"
            && let Some(Json::Array(allowed)) = schema.get("enum")
        {
            return allowed.get((self.choose)(allowed.len())).cloned();
        }
        match kind.as_str() {
            "string" => {
                let name = self.path.iter().rev().find(|name| *name != "*").map_or("", String::as_str);
                text::text(&schema, name, self.place, self.choose).map(Json::String)
            }
            "integer" => number::number(&schema, true, self.choose),
            "number" => number::number(&schema, false, self.choose),
            "boolean" => Some(json!((self.choose)(2) == 1)),
            "array" => self.array(&schema),
            "object" => self.object(&schema).map(Json::Object),
            "null" => Some(Json::Null),
            _ => None,
        }
    }

    fn type_of(&mut self, schema: &Map<String, Json>) -> Option<String> {
        match schema.get("type") {
            Some(Json::String(one)) => return Some(one.clone()),
            Some(Json::Array(several)) => {
                return several.get((self.choose)(several.len()))?.as_str().map(str::to_owned);
            }
            _ => {}
        }
        let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
        let kind = if has(&["properties", "patternProperties", "additionalProperties", "required"]) {
            "object"
        } else if has(&["items", "minItems", "maxItems"]) {
            "array"
        } else if has(&["minimum", "maximum"]) {
            "integer"
        } else {
            "string"
        };
        Some(kind.to_owned())
    }

    /// Walks one step down.
    pub(super) fn below<T>(&mut self, name: &str, make: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.to_owned());
        let made = make(self);
        self.path.pop();
        made
    }

    fn array(&mut self, schema: &Map<String, Json>) -> Option<Json> {
        let size = |key: &str| schema.get(key).and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
        let least = size("minItems").unwrap_or(0);
        let most = size("maxItems").unwrap_or(usize::MAX).max(least);
        let wanted = match self.extent {
            Extent::Least => least.max(1),
            Extent::Some => least.max(1) + (self.choose)(3),
        };
        let wanted = wanted.min(most);
        let first: &[Json] = schema.get("prefixItems").and_then(Json::as_array).map_or(&[], Vec::as_slice);
        let nothing = json!({"type": "string"});
        let each = schema.get("items").unwrap_or(&nothing);
        let unique = schema.get("uniqueItems") == Some(&json!(true));
        let keys = merge::strings(schema.get("uniqueKeys"));
        let mut items: Vec<Json> = Vec::new();
        let extent = self.extent;
        for _ in 0..wanted * 4 {
            if items.len() >= wanted {
                break;
            }
            let position = first.get(items.len()).map(|one| json!({"allOf": [one, each]}));
            let Some(item) = self.below("*", |inner| inner.value(position.as_ref().unwrap_or(each))) else {
                continue;
            };
            let same = |other: &Json| keys.iter().all(|key| other[key.as_str()] == item[key.as_str()]);
            if (unique && items.contains(&item)) || (!keys.is_empty() && items.iter().any(same)) {
                // Items that must differ need more than the least.
                self.extent = Extent::Some;
                continue;
            }
            items.push(item);
        }
        self.extent = extent;
        (items.len() >= least).then_some(Json::Array(items))
    }
}
