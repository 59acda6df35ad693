//! What AWS says of a model that doesn't fit its type.
//!
//! CloudFormation and Cloud Control validate with a Java library (everit-org/json-schema) and pass
//! its messages on, except those that could show a property's value: of these only the keyword is
//! named (aws-cloudformation/cloudformation-resource-schema, `ValidationException`). A message has a
//! line for each violation and for each combination of schemas that fails. The library makes more
//! combinations than a schema has: each of `enum`, `const`, `not`, `allOf`, `anyOf`, `oneOf` and the
//! type's own keywords is a schema for itself, and where there are several, all of them must match:
//! hence `#/State: #: only 1 subschema matches out of 2`.
//!
//! This walk has the library's shape and only looks for words; whether a model fits, `rules` says.
//! The library keeps properties in Java's hash order; here they are in the schema's.

use super::rules::{equal, get, names};
use super::violation::{Kind, escape};
use crate::schema::{ResourceType, pattern};
use serde_json::{Map, Value as Json};

/// More lines than these help nobody; AWS cuts its messages, too.
const MOST_LINES: usize = 100;
/// As `rules` has it.
const DEEPEST: usize = 128;

type Schema = Map<String, Json>;
type Lines = Vec<String>;

/// The words about a model, one line for each violation, without `Model validation failed (…)` around
/// them; none of a model that fits.
#[must_use]
pub fn aws_report(resource: &ResourceType, model: &Json) -> Option<String> {
    let lines = Speaker { resource }.all(&resource.schema, model, &At { pointer: "#".to_owned(), depth: 0 });
    if lines.is_empty() { None } else { Some(lines.join("\n")) }
}

struct Speaker<'a> {
    resource: &'a ResourceType,
}

/// Where the walk is: `#/Targets/0`.
struct At {
    pointer: String,
    depth: usize,
}

impl At {
    fn below(&self, key: &str) -> Self {
        Self { pointer: format!("{}/{}", self.pointer, escape(key)), depth: self.depth + 1 }
    }

    fn inner(&self) -> Self {
        Self { pointer: self.pointer.clone(), depth: self.depth + 1 }
    }

    fn says(&self, words: &str) -> String {
        format!("{}: {words}", self.pointer)
    }

    /// Of a keyword whose own words would show the value.
    fn scrubbed(&self, keyword: &str) -> String {
        self.says(&format!("failed validation constraint for keyword [{keyword}]"))
    }
}

/// Keywords of one JSON type; beside another type they count as a schema for themselves.
const FAMILIES: [(Kind, &[&str]); 4] = [
    (Kind::Array, &["items", "minItems", "maxItems", "uniqueItems"]),
    (
        Kind::Object,
        &[
            "properties",
            "required",
            "minProperties",
            "maxProperties",
            "dependencies",
            "patternProperties",
            "additionalProperties",
        ],
    ),
    (Kind::Number, &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    (Kind::String, &["minLength", "maxLength", "pattern"]),
];

impl Speaker<'_> {
    /// Everything that is wrong with a value.
    fn all(&self, schema: &Json, value: &Json, at: &At) -> Lines {
        if *schema == Json::Bool(false) {
            return vec![at.scrubbed("false")];
        }
        let Some(schema) = self.resource.resolve(schema).as_object() else { return Lines::new() };
        if at.depth > DEEPEST {
            return Lines::new();
        }
        let parts = self.parts(schema, value, at);
        if parts.len() == 1 {
            return parts.into_iter().flatten().collect();
        }
        let (matched, total) = (parts.iter().filter(|lines| lines.is_empty()).count(), parts.len());
        combined(at, parts, matched < total, &format!("only {matched} subschema matches out of {total}"))
    }

    /// The schemas that one schema is to the library, in its order: combinations come first.
    fn parts(&self, schema: &Schema, value: &Json, at: &At) -> Vec<Lines> {
        let mut parts = Vec::new();
        for keyword in ["allOf", "anyOf", "oneOf"] {
            if let Some(Json::Array(schemas)) = get(schema, keyword) {
                let each: Vec<Lines> =
                    schemas.iter().map(|schema| self.all(schema, value, &at.inner())).collect();
                parts.push(combination(keyword, each, at));
            }
        }
        let types: Vec<Kind> = match get(schema, "type") {
            Some(Json::String(one)) => Kind::named(one).into_iter().collect(),
            Some(Json::Array(several)) => {
                several.iter().filter_map(Json::as_str).filter_map(Kind::named).collect()
            }
            _ => Vec::new(),
        };
        let several = get(schema, "type").is_some_and(Json::is_array);
        if several {
            let each = types.iter().map(|kind| self.typed(*kind, schema, value, at)).collect();
            parts.push(combination("anyOf", each, at));
        }
        if let Some(Json::Array(allowed)) = get(schema, "enum") {
            let fits = allowed.iter().any(|one| equal(one, value));
            parts.push(if fits { Lines::new() } else { vec![at.scrubbed("enum")] });
        }
        if let Some(not) = get(schema, "not") {
            let fits = self.all(not, value, &at.inner()).is_empty();
            parts.push(if fits { vec![at.scrubbed("not")] } else { Lines::new() });
        }
        if let Some(expected) = get(schema, "const") {
            parts.push(if equal(expected, value) { Lines::new() } else { vec![at.scrubbed("const")] });
        }
        if let (false, [kind]) = (several, types.as_slice()) {
            parts.push(self.typed(*kind, schema, value, at));
        }
        for (family, keywords) in FAMILIES {
            let consumed = types.iter().any(|kind| kind.is(family));
            if !consumed && keywords.iter().any(|keyword| schema.contains_key(*keyword)) {
                let applies = Kind::of(value).is(family);
                parts.push(if applies { self.keywords(family, schema, value, at) } else { Lines::new() });
            }
        }
        parts
    }

    /// A schema of one type.
    fn typed(&self, kind: Kind, schema: &Schema, value: &Json, at: &At) -> Lines {
        let found = Kind::of(value);
        // `5.0` is a BigDecimal to the library, not an Integer.
        let decimal = value.is_f64() && kind == Kind::Integer;
        if !found.is(kind) || decimal {
            let expected = if kind == Kind::Null { "expected: null" } else { "expected type: " };
            let name = if kind == Kind::Null { "" } else { java(kind) };
            return vec![at.says(&format!("{expected}{name}, found: {}", java_class(value)))];
        }
        self.keywords(kind, schema, value, at)
    }

    fn keywords(&self, kind: Kind, schema: &Schema, value: &Json, at: &At) -> Lines {
        match (kind, value) {
            (Kind::String, Json::String(text)) => string(schema, text, at),
            (Kind::Integer | Kind::Number, Json::Number(_)) => number(schema, value, at),
            (Kind::Array, Json::Array(items)) => self.array(schema, items, at),
            (Kind::Object, Json::Object(members)) => self.object(schema, members, at),
            _ => Lines::new(),
        }
    }

    fn array(&self, schema: &Schema, items: &[Json], at: &At) -> Lines {
        let mut lines = Lines::new();
        let count = items.len() as u64;
        if let Some(limit) = limit(schema, "minItems").filter(|limit| count < *limit) {
            lines.push(at.says(&format!("expected minimum item count: {limit}, found: {count}")));
        }
        if let Some(limit) = limit(schema, "maxItems").filter(|limit| count > *limit) {
            lines.push(at.says(&format!("expected maximum item count: {limit}, found: {count}")));
        }
        if get(schema, "uniqueItems") == Some(&Json::Bool(true)) && super::rules::repeats(items) {
            lines.push(at.says("array items are not unique"));
        }
        if let Some(each) = get(schema, "items").filter(|each| !each.is_array()) {
            for (index, item) in items.iter().enumerate() {
                add(&mut lines, self.all(each, item, &at.below(&index.to_string())));
            }
        }
        lines
    }

    fn object(&self, schema: &Schema, members: &Schema, at: &At) -> Lines {
        let mut lines = Lines::new();
        for key in names(get(schema, "required")).filter(|key| !members.contains_key(*key)) {
            lines.push(at.says(&format!("required key [{key}] not found")));
        }
        let count = members.len() as u64;
        if let Some(limit) = limit(schema, "minProperties").filter(|limit| count < *limit) {
            lines.push(at.says(&format!("minimum size: [{limit}], found: [{count}]")));
        }
        if let Some(limit) = limit(schema, "maxProperties").filter(|limit| count > *limit) {
            lines.push(at.says(&format!("maximum size: [{limit}], found: [{count}]")));
        }
        for (key, needed) in get(schema, "dependencies").and_then(Json::as_object).into_iter().flatten() {
            if members.contains_key(key) {
                for needed in names(Some(needed)).filter(|needed| !members.contains_key(*needed)) {
                    lines.push(at.says(&format!("property [{needed}] is required")));
                }
            }
        }
        let none = Map::new();
        let map = |key: &str| get(schema, key).and_then(Json::as_object).unwrap_or(&none);
        let (properties, patterns) = (map("properties"), map("patternProperties"));
        let additional = members.iter().filter(|(key, _)| {
            let matched = |pattern: &String| pattern::matches(pattern, key) != Some(false);
            !properties.contains_key(*key) && !patterns.keys().any(matched)
        });
        match get(schema, "additionalProperties") {
            Some(Json::Bool(false)) => {
                let extraneous = |key: &str| at.says(&format!("extraneous key [{key}] is not permitted"));
                lines.extend(additional.map(|(key, _)| extraneous(key)));
            }
            Some(schema @ Json::Object(_)) => {
                additional.for_each(|(key, value)| add(&mut lines, self.all(schema, value, &at.below(key))));
            }
            _ => {}
        }
        for (pattern, schema) in patterns {
            for (key, value) in members.iter().filter(|(key, _)| !properties.contains_key(*key)) {
                if pattern::matches(pattern, key) == Some(true) {
                    add(&mut lines, self.all(schema, value, &at.below(key)));
                }
            }
        }
        for (key, schema) in properties {
            if let Some(value) = members.get(key) {
                add(&mut lines, self.all(schema, value, &at.below(key)));
            }
        }
        lines
    }
}

/// The words about `allOf`, `anyOf` or `oneOf`, then why each of the schemas doesn't match.
fn combination(keyword: &str, each: Vec<Lines>, at: &At) -> Lines {
    let (matched, total) = (each.iter().filter(|lines| lines.is_empty()).count(), each.len());
    match keyword {
        "allOf" => {
            combined(at, each, matched < total, &format!("only {matched} subschema matches out of {total}"))
        }
        "anyOf" => {
            let words = format!("no subschema matched out of the total {total} subschemas");
            combined(at, each, matched == 0, &words)
        }
        _ => combined(at, each, matched != 1, &format!("{matched} subschemas matched instead of one")),
    }
}

fn combined(at: &At, each: Vec<Lines>, fails: bool, words: &str) -> Lines {
    if !fails {
        return Lines::new();
    }
    let mut lines = vec![at.says(&format!("#: {words}"))];
    each.into_iter().for_each(|more| add(&mut lines, more));
    lines
}

fn string(schema: &Schema, text: &str, at: &At) -> Lines {
    let mut lines = Lines::new();
    let length = text.chars().count() as u64;
    if let Some(limit) = limit(schema, "minLength").filter(|limit| length < *limit) {
        lines.push(at.says(&format!("expected minLength: {limit}, actual: {length}")));
    }
    if let Some(limit) = limit(schema, "maxLength").filter(|limit| length > *limit) {
        lines.push(at.says(&format!("expected maxLength: {limit}, actual: {length}")));
    }
    let pattern = get(schema, "pattern").and_then(Json::as_str);
    if pattern.is_some_and(|pattern| pattern::matches(pattern, text) == Some(false)) {
        lines.push(at.scrubbed("pattern"));
    }
    lines
}

fn number(schema: &Schema, value: &Json, at: &At) -> Lines {
    let keywords = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"];
    let broken = keywords.into_iter().filter(|keyword| super::rules::out_of_range(schema, keyword, value));
    broken.map(|keyword| at.scrubbed(keyword)).collect()
}

fn limit(schema: &Schema, keyword: &str) -> Option<u64> {
    get(schema, keyword).and_then(Json::as_u64)
}

fn add(lines: &mut Lines, more: Lines) {
    let room = MOST_LINES.saturating_sub(lines.len());
    lines.extend(more.into_iter().take(room));
}

/// What is expected is named by its class.
fn java(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "Boolean",
        Kind::Integer => "Integer",
        Kind::Number => "Number",
        Kind::String => "String",
        Kind::Array => "JSONArray",
        Kind::Object => "JSONObject",
        Kind::Null => "Null",
    }
}

/// What is found, too: a number by its size and form.
fn java_class(value: &Json) -> &'static str {
    match value {
        Json::Number(n) if n.is_f64() => "BigDecimal",
        Json::Number(n) => match n.as_i64() {
            Some(n) if i32::try_from(n).is_ok() => "Integer",
            Some(_) => "Long",
            None => "BigInteger",
        },
        other => java(Kind::of(other)),
    }
}
