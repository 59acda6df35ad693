//! What a type says about a place in its properties: the schema and the overlay as one.

use super::equal::Language;
use super::overlay::{Facts, Form, facts};
use crate::model::Json;
use crate::schema::{PropertyPath, ResourceType};

/// A type with its facts.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    resource_type: &'a ResourceType,
    facts: Option<&'static Facts>,
}

impl<'a> Shape<'a> {
    pub(super) fn new(resource_type: &'a ResourceType) -> Self {
        Self { resource_type, facts: facts(resource_type.name.as_str()) }
    }

    /// The service decides it; it is never compared.
    pub(super) fn read_only(&self, path: &[String]) -> bool {
        covers(&self.resource_type.read_only, path)
    }

    /// A read never shows it.
    pub(super) fn write_only(&self, path: &[String]) -> bool {
        covers(&self.resource_type.write_only, path)
    }

    /// Something below it is never shown by a read.
    pub(super) fn hides_below(&self, path: &[String]) -> bool {
        self.resource_type.write_only.iter().any(|p| {
            p.names().len() > path.len() && p.names().iter().zip(path).all(|(n, at)| n == "*" || n == at)
        })
    }

    /// Whether the type says of any property that a read may show another value.
    pub(super) fn transforms(&self) -> bool {
        !self.resource_type.property_transform.is_empty()
    }

    /// JSONata that gives what a read may show for the value there.
    pub(super) fn transform(&self, path: &[String]) -> Option<&'a str> {
        let found = self.resource_type.property_transform.iter().find(|(p, _)| p.matches(path));
        found.map(|(_, transform)| transform.as_str())
    }

    /// It can't be changed in place: by the schema, or by the service's documentation where the
    /// schema says less.
    pub(super) fn create_only(&self, path: &[String]) -> bool {
        covers(&self.resource_type.create_only, path) || self.facts.is_some_and(|f| f.replaces(path))
    }

    /// The handler may refuse to change it in place: whether the condition holds, only it knows.
    pub(super) fn may_be_create_only(&self, path: &[String]) -> bool {
        covers(&self.resource_type.conditional_create_only, path) && !self.create_only(path)
    }

    /// It isn't sent again with what changes.
    pub(super) fn stays(&self, path: &[String]) -> bool {
        self.create_only(path) || self.may_be_create_only(path)
    }

    /// It never changes while the resource lives.
    pub(super) fn fixed(&self, path: &[String]) -> bool {
        covers(&self.resource_type.create_only, path)
    }

    /// Create-only paths that lie below this one, as what remains of them.
    pub(super) fn create_only_below(&self, path: &[String]) -> impl Iterator<Item = &'a [String]> {
        let depth = path.len();
        let prefix = path.to_vec();
        self.resource_type.create_only.iter().filter_map(move |p| below(p, depth, &prefix))
    }

    /// The same of paths that may turn out to be create-only.
    pub(super) fn maybe_create_only_below(&self, path: &[String]) -> impl Iterator<Item = &'a [String]> {
        let depth = path.len();
        let prefix = path.to_vec();
        self.resource_type.conditional_create_only.iter().filter_map(move |p| below(p, depth, &prefix))
    }

    /// Something below it can't be written: it is fixed, or may be, or the service decides it, or no
    /// read shows it.
    pub(super) fn has_fixed_below(&self, path: &[String]) -> bool {
        let kind = self.resource_type;
        let lists = [&kind.create_only, &kind.conditional_create_only, &kind.read_only, &kind.write_only];
        let mut all = lists.into_iter().flatten();
        all.any(|one| below(one, path.len(), path).is_some())
    }

    /// An object that no read shows and no update can say: it must have a part that is fixed at the
    /// create. What changes in it needs another resource.
    pub(super) fn is_sealed(&self, path: &[String]) -> bool {
        let required = self.property(path).and_then(|p| p.get("required")).and_then(Json::as_array);
        let mut names = required.into_iter().flatten().filter_map(Json::as_str);
        names.any(|name| {
            let below: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
            self.fixed(&below) && self.write_only(&below)
        })
    }

    /// The schema of the property there.
    pub(super) fn property(&self, path: &[String]) -> Option<&'a Json> {
        self.resource_type.property(path)
    }

    /// The array there has no order.
    pub(super) fn unordered(&self, path: &[String]) -> bool {
        self.facts.is_some_and(|f| f.unordered(path)) || self.resource_type.is_unordered(path)
    }

    /// The key that tells an array's items apart.
    pub(super) fn identity(&self, path: &[String]) -> Option<&'static str> {
        self.facts.and_then(|f| f.identity(path))
    }

    /// What a removed property must be set back to by name.
    pub(super) fn reset(&self, path: &[String]) -> Option<&'static Json> {
        self.facts.and_then(|f| f.reset(path))
    }

    /// The top property that decides the one at this place where it is declared.
    pub(super) fn follows(&self, path: &[String]) -> Option<&'static str> {
        match path {
            [name] => self.facts.and_then(|f| f.follows(name)),
            _ => None,
        }
    }

    /// A JSON document: one value, compared whole and by meaning, whether it is spelled as text
    /// or as an object.
    pub(super) fn document(&self, path: &[String]) -> bool {
        self.language(path).is_some()
    }

    /// What the document at this place is written in.
    pub(super) fn language(&self, path: &[String]) -> Option<Language> {
        let known = self.facts.and_then(|f| f.language(path));
        known.or_else(|| self.is_object_or_text(path).then_some(Language::Json))
    }

    fn is_object_or_text(&self, path: &[String]) -> bool {
        let Some(types) = self.property(path).and_then(|p| p.get("type")).and_then(Json::as_array) else {
            return false;
        };
        let has = |name: &str| types.iter().any(|t| t == name);
        has("string") && (has("object") || has("array"))
    }

    /// Whether a null at this place is a value of its own: inside a JSON document, or in an
    /// object of which the schema says nothing.
    pub(super) fn keeps_nulls(&self, path: &[String]) -> bool {
        (1..=path.len()).any(|n| self.document(&path[..n]) || self.is_free(&path[..n]))
    }

    /// The schema says nothing of what is in it.
    pub(super) fn is_open(&self, path: &[String]) -> bool {
        self.is_free(path)
            || self.property(path).is_some_and(|p| p.get("type").is_none() && p.get("properties").is_none())
    }

    /// The other forms in which a value may come back.
    pub(super) fn form(&self, path: &[String]) -> Option<Form> {
        self.facts.and_then(|f| f.form(path))
    }

    fn is_free(&self, path: &[String]) -> bool {
        const SHAPED: [&str; 6] =
            ["properties", "patternProperties", "additionalProperties", "oneOf", "anyOf", "allOf"];
        self.property(path).is_some_and(|p| {
            p.get("type").is_some_and(|t| t == "object")
                && !SHAPED.iter().any(|key| p.get(*key).is_some_and(|v| *v != false))
        })
    }

    /// Text alone, by the schema.
    pub(super) fn is_text(&self, path: &[String]) -> bool {
        self.property(path).and_then(|p| p.get("type")).is_some_and(|t| t == "string")
    }

    /// The schema's default.
    pub(super) fn default(&self, path: &[String]) -> Option<&'a Json> {
        self.property(path).and_then(|p| p.get("default"))
    }

    /// Whether the place is the resource's tags (or another list of `{Key, Value}` by that name).
    pub(super) fn tags(&self, path: &[String]) -> bool {
        path.len() == 1
            && (path[0] == "Tags" || Some(path[0].as_str()) == self.resource_type.tagging.property.as_deref())
    }
}

/// What remains of a path below the first names of another.
fn below<'p>(path: &'p PropertyPath, depth: usize, prefix: &[String]) -> Option<&'p [String]> {
    let names = path.names();
    let above = names.len() > depth && names.iter().zip(prefix).all(|(n, at)| n == "*" || n == at);
    above.then(|| &names[depth..])
}

fn covers(paths: &[PropertyPath], path: &[String]) -> bool {
    paths.iter().any(|p| p.covers(path))
}
