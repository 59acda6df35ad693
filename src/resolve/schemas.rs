//! What the types' schemas require and refuse, as far as values are known at load.

use super::Predicted;
use super::limits::Limits;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, nearest};
use crate::model::{Address, Desired, Json, Value};
use crate::schema::validate::{Keyword, Mode, Violation, validate};
use crate::schema::{Catalogue, ResourceType};
use std::collections::BTreeSet;

/// What stands in a model for a value that isn't known yet.
pub(super) const HOLE: &str = "\u{0}hole";

/// Characters of a model that Cloud Control takes ("CreateResource", `DesiredState`, in its API
/// reference), whatever the service itself would take: a state machine's own limit is four times it.
const LONGEST: usize = 262_144;

/// Reports every violation of every resource whose declaration was understood.
pub(super) fn check(
    resources: &[Desired],
    broken: &BTreeSet<Address>,
    predicted: &Predicted<'_>,
    diagnostics: &mut Diagnostics,
) {
    let mut limits = Limits::default();
    for resource in resources.iter().filter(|r| !broken.contains(&r.address.owner())) {
        let Some(resource_type) = Catalogue::bundled().of(&resource.type_name) else { continue };
        let model = with_holes(&predicted.properties(resource));
        for violation in validate(&resource_type, &model, Mode::Engine, &|json| json == HOLE) {
            diagnostics.push(diagnostic(resource, &violation));
        }
        limits.see(resource, &model, diagnostics);
        deprecated(resource, &resource_type, &model, diagnostics);
        reserved_tags(resource, resource_type.tagging.property.as_deref(), &model, diagnostics);
        if at_most(&model) > LONGEST {
            let length = model.to_string().chars().count();
            if length > LONGEST {
                diagnostics.push(too_long(resource, &model, length));
            }
        }
    }
    limits.report(diagnostics);
}

/// Warns, once for each, of what is written in the file and better not used; what kinds write is their
/// own business.
fn deprecated(resource: &Desired, resource_type: &ResourceType, model: &Json, diagnostics: &mut Diagnostics) {
    for path in &resource_type.deprecated {
        let written = |pointer: &str| resource.spans.contains_key(pointer);
        let Some(pointer) = first(model, path.names(), "", &written) else { continue };
        let message = format!(
            "`{}` ({}) declares `{}`, which is deprecated",
            resource.address,
            resource.type_name,
            pointer.trim_start_matches('/').replace('/', ".")
        );
        diagnostics.push(
            Diagnostic::warning(Code::DEPRECATED_PROPERTY, message)
                .at(resource.key_span_of(&pointer))
                .hint("it works as before; look in the service's guide for what to use instead"),
        );
    }
}

/// The JSON Pointer of the first place at a schema path that `written` knows.
fn first(node: &Json, path: &[String], at: &str, written: &dyn Fn(&str) -> bool) -> Option<String> {
    let Some((name, rest)) = path.split_first() else {
        return written(at).then(|| at.to_owned());
    };
    let below = |key: &str, node: &Json, rest: &[String]| {
        first(node, rest, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), written)
    };
    match node {
        Json::Object(members) if name == "*" => members.iter().find_map(|(key, node)| below(key, node, rest)),
        Json::Object(members) => members.get(name).and_then(|node| below(name, node, rest)),
        Json::Array(items) => {
            let rest = if name == "*" { rest } else { path };
            items.iter().enumerate().find_map(|(index, node)| below(&index.to_string(), node, rest))
        }
        _ => None,
    }
}

/// Every service refuses tags of AWS's own prefix, and what is read of them is never compared.
fn reserved_tags(resource: &Desired, property: Option<&str>, model: &Json, diagnostics: &mut Diagnostics) {
    let Some((name, tags)) = property.and_then(|name| Some((name, model.get(name)?))) else { return };
    let keys: Vec<(String, &str)> = match tags {
        Json::Object(members) => members.keys().map(|key| (key.clone(), key.as_str())).collect(),
        Json::Array(items) => {
            let key = |(at, item): (usize, _)| Some((at.to_string(), Json::get(item, "Key")?.as_str()?));
            items.iter().enumerate().filter_map(key).collect()
        }
        _ => return,
    };
    for (at, key) in keys {
        if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            let message = format!("`{}` has the tag `{key}`: `aws:` is kept for AWS", resource.address);
            diagnostics.push(
                Diagnostic::error(Code::REFUSED_PROPERTY, message)
                    .at(resource.span_of(&format!("/{name}/{at}")))
                    .hint("give the tag another name"),
            );
        }
    }
}

/// So many characters of JSON at the most, without writing it: a character becomes six (`\u0000`).
fn at_most(json: &Json) -> usize {
    const ESCAPED: usize = 6;
    let text = |text: &str| ESCAPED * text.len() + 4;
    match json {
        Json::String(value) => text(value),
        Json::Array(items) => items.iter().map(|item| at_most(item) + 1).sum::<usize>() + 2,
        Json::Object(members) => {
            members.iter().map(|(key, value)| text(key) + at_most(value)).sum::<usize>() + 2
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => 32,
    }
}

/// At the longest property: it is what has to become shorter.
fn too_long(resource: &Desired, model: &Json, length: usize) -> Diagnostic {
    let members = model.as_object().into_iter().flatten();
    let longest = members.max_by_key(|(_, value)| value.to_string().len());
    let place = longest.map_or_else(String::new, |(name, _)| format!("/{name}"));
    let message = format!(
        "`{}` ({}) has {length} characters of properties, and Cloud Control takes {LONGEST}",
        resource.address, resource.type_name
    );
    Diagnostic::error(Code::REFUSED_PROPERTY, message)
        .at(resource.span_of(&place))
        .hint("make it shorter, or divide it into several resources")
}

fn with_holes(value: &Value) -> Json {
    match value {
        Value::Unknown(_) => HOLE.into(),
        Value::Sensitive(inner) => with_holes(inner),
        Value::Array(items) => items.iter().map(with_holes).collect(),
        Value::Object(members) => {
            Json::Object(members.iter().map(|(k, v)| (k.clone(), with_holes(v))).collect())
        }
        scalar => scalar.to_json().unwrap_or_default(),
    }
}

fn diagnostic(resource: &Desired, violation: &Violation) -> Diagnostic {
    let (code, hint) = match &violation.keyword {
        Keyword::Required { .. } => (Code::MISSING_PROPERTY, None),
        Keyword::ReadOnly { path } => {
            (Code::COMPUTED_PROPERTY, Some(format!("read it with `${{{}.{path}}}`", resource.address)))
        }
        Keyword::Extraneous { key, known } => {
            let near = nearest(key, known.iter().map(String::as_str));
            (Code::REFUSED_PROPERTY, near.map(|name| format!("did you mean `{name}`?")))
        }
        _ => (Code::REFUSED_PROPERTY, None),
    };
    let place = violation.place();
    let at = if violation.pointer.is_empty() {
        String::new()
    } else {
        format!(" at `{}`", violation.pointer.trim_start_matches('/').replace('/', "."))
    };
    let hint =
        hint.or_else(|| Some(format!("`evstack explain {}` shows what is allowed", resource.type_name)));
    let message = format!("`{}` ({}){at}: {}", resource.address, resource.type_name, violation.message());
    // What shouldn't be there at all is wrong by its name, not by its value.
    let span = match violation.keyword {
        Keyword::Extraneous { .. } | Keyword::ReadOnly { .. } => resource.key_span_of(&place),
        _ => resource.span_of(&place),
    };
    Diagnostic::error(code, message).at(span).hint_if(hint)
}
