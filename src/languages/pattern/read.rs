//! JSON → [`Pattern`], with every mistake on the way.

use super::operators::{Bound, Matcher};
use super::wildcard::Wildcard;
use super::{Fields, Node, Pattern};
use crate::languages::cidr::Network;
use crate::languages::{Kind, Problem, is_opaque, pointer};
use serde_json::{Map, Value};

/// Objects within objects are read this deep.
const DEEPEST: usize = 64;

/// Numbers that a range may name.
const LARGEST: f64 = 5.0e9;

/// The names of the operators. An object with one of these isn't an
/// alternative of `$or`, and `$or` is then a field like any other.
pub const OPERATORS: [&str; 8] =
    ["exists", "anything-but", "prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "cidr"];

/// How the complaint about an operator that isn't one begins.
pub const UNKNOWN_OPERATOR: &str = "unrecognized match type";

/// Reads a pattern. With problems there is no pattern.
#[must_use]
pub fn parse(document: &Value) -> (Option<Pattern>, Vec<Problem>) {
    let mut problems = Vec::new();
    let root = match document {
        Value::Object(fields) => object(fields, "", 0, &mut problems),
        _ => {
            problems.push(refused("", "a pattern has to be an object"));
            None
        }
    };
    let pattern = root.filter(|_| problems.is_empty()).map(|root| Pattern { root });
    (pattern, problems)
}

pub(super) fn refused(at: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem::new(at, Kind::InvalidPattern, message)
}

fn object(
    fields: &Map<String, Value>,
    at: &str,
    depth: usize,
    problems: &mut Vec<Problem>,
) -> Option<Fields> {
    if depth > DEEPEST {
        problems.push(refused(at, "this object is too deep within objects"));
        return None;
    }
    if fields.is_empty() {
        problems.push(refused(at, "an empty object matches nothing: empty patterns aren't allowed"));
        return None;
    }
    let mut read = Fields::default();
    for (name, value) in fields {
        let here = pointer::child(at, name);
        if name == "$or"
            && let Some(alternatives) = alternatives(value)
        {
            for (index, alternative) in alternatives.iter().enumerate() {
                let place = pointer::element(&here, index);
                read.alternatives.extend(object(alternative, &place, depth + 1, problems));
            }
            continue;
        }
        let node = match value {
            Value::Object(inner) => object(inner, &here, depth + 1, problems).map(Node::Object),
            Value::Array(entries) => Some(Node::OneOf(one_of(entries, &here, problems))),
            // A list or an object, once it is filled in.
            Value::String(text) if is_opaque(text) => Some(Node::OneOf(vec![Matcher::Opaque])),
            _ => {
                problems.push(refused(here, format!("`{name}` must be an object or an array")));
                None
            }
        };
        if let Some(node) = node {
            read.fields.push((name.clone(), node));
        }
    }
    Some(read)
}

/// The alternatives of `$or`, if it is one: at least two objects, of which
/// none looks like an operator.
fn alternatives(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    let objects: Vec<&Map<String, Value>> =
        value.as_array()?.iter().map(Value::as_object).collect::<Option<_>>()?;
    let plain = |object: &&Map<String, Value>| {
        !object.is_empty() && !object.keys().any(|key| OPERATORS.contains(&key.as_str()))
    };
    (objects.len() > 1 && objects.iter().all(plain)).then_some(objects)
}

fn one_of(entries: &[Value], at: &str, problems: &mut Vec<Problem>) -> Vec<Matcher> {
    if entries.is_empty() {
        problems.push(refused(at, "an empty array matches nothing: empty arrays aren't allowed"));
    }
    let mut read = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let here = pointer::element(at, index);
        match entry {
            Value::Array(_) => problems.push(refused(here, "an array in a pattern's array isn't a value")),
            Value::Object(expression) => match operator(expression, &here) {
                Ok(matcher) => read.push(matcher),
                Err(problem) => problems.push(problem),
            },
            value => read.push(Matcher::Exactly(value.clone())),
        }
    }
    read
}

fn operator(expression: &Map<String, Value>, at: &str) -> Result<Matcher, Problem> {
    let mut members = expression.iter();
    let (Some((name, value)), None) = (members.next(), members.next()) else {
        return Err(refused(at, "a match expression has one operator, and only one"));
    };
    let here = pointer::child(at, name);
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        _ => Err(refused(here.clone(), format!("{name} match pattern must be a string"))),
    };
    let opaque = value.as_str().is_some_and(is_opaque);
    match name.as_str() {
        "exists" => match value {
            Value::Bool(wanted) => Ok(Matcher::Exists(*wanted)),
            _ if opaque => Ok(Matcher::Opaque),
            _ => Err(refused(here, "exists match pattern must be either true or false")),
        },
        "prefix" | "suffix" => match ignoring_case(value) {
            Some(inner) => {
                let text = inner.as_str().map(str::to_owned).ok_or_else(|| {
                    refused(
                        pointer::child(&here, "equals-ignore-case"),
                        "equals-ignore-case match pattern must be a string",
                    )
                })?;
                Ok(if name == "prefix" {
                    Matcher::PrefixIgnoringCase(text)
                } else {
                    Matcher::SuffixIgnoringCase(text)
                })
            }
            None if name == "prefix" => text(value).map(Matcher::Prefix),
            None => text(value).map(Matcher::Suffix),
        },
        "equals-ignore-case" => text(value).map(Matcher::EqualsIgnoringCase),
        "wildcard" => wildcard(&text(value)?, &here),
        "numeric" => numeric(value, &here),
        "cidr" => {
            let text = text(value)?;
            match Network::parse(&text) {
                Some(network) => Ok(Matcher::Cidr(network)),
                None if opaque => Ok(Matcher::Opaque),
                None => Err(refused(
                    here,
                    format!("`{text}` isn't a network: an address, `/`, and a number of bits"),
                )),
            }
        }
        "anything-but" => anything_but(value, &here),
        _ => Err(refused(here, format!("{UNKNOWN_OPERATOR} {name}"))),
    }
}

/// The value of `{"equals-ignore-case": …}`.
fn ignoring_case(value: &Value) -> Option<&Value> {
    let members = value.as_object()?;
    (members.len() == 1).then(|| members.get("equals-ignore-case")).flatten()
}

fn wildcard(text: &str, at: &str) -> Result<Matcher, Problem> {
    if is_opaque(text) {
        return Ok(Matcher::Opaque);
    }
    Wildcard::parse(text)
        .map(Matcher::Wildcard)
        .map_err(|why| refused(at, format!("wildcard match pattern isn't valid: {why}")))
}

fn numeric(value: &Value, at: &str) -> Result<Matcher, Problem> {
    let Some(terms) = value.as_array() else {
        return if value.as_str().is_some_and(is_opaque) {
            Ok(Matcher::Opaque)
        } else {
            Err(refused(at, "value of numeric must be an array"))
        };
    };
    let mut bounds = Vec::new();
    let mut opaque = false;
    for (index, pair) in terms.chunks(2).enumerate() {
        let place = |offset: usize| pointer::element(at, index * 2 + offset);
        let operator = pair[0].as_str().filter(|operator| ["=", "<", "<=", ">", ">="].contains(operator));
        let operator = operator
            .ok_or_else(|| refused(place(0), "a numeric range starts with `=`, `<`, `<=`, `>` or `>=`"))?;
        match pair.get(1) {
            Some(Value::String(text)) if is_opaque(text) => opaque = true,
            Some(number) if number.as_f64().is_some_and(|number| number.abs() <= LARGEST) => {}
            Some(_) => {
                return Err(refused(
                    place(1),
                    "value must be a number between -5,000,000,000 and 5,000,000,000",
                ));
            }
            None => return Err(refused(at, format!("value of `{operator}` is missing"))),
        }
        let value = pair.get(1).and_then(Value::as_f64).unwrap_or_default();
        bounds.push((operator, Bound { value, inclusive: operator.contains('=') }));
    }
    let (lower, upper) = match bounds.as_slice() {
        [("=", same)] => (Some(*same), Some(*same)),
        [(">" | ">=", lower)] => (Some(*lower), None),
        [("<" | "<=", upper)] => (None, Some(*upper)),
        [(">" | ">=", lower), ("<" | "<=", upper)] if opaque || lower.value < upper.value => {
            (Some(*lower), Some(*upper))
        }
        [(">" | ">=", _), ("<" | "<=", _)] => {
            return Err(refused(at, "bottom must be less than top"));
        }
        [] => {
            return Err(refused(at, "invalid member in numeric match: an operator and a number are missing"));
        }
        _ => return Err(refused(at, "bad numeric range: it has one bound, or `>` and then `<`")),
    };
    Ok(if opaque { Matcher::Opaque } else { Matcher::Numeric { lower, upper } })
}

fn anything_but(value: &Value, at: &str) -> Result<Matcher, Problem> {
    let Value::Object(expression) = value else {
        return scalars(value, at).map(Matcher::AnythingBut);
    };
    let mut members = expression.iter();
    let (Some((name, value)), None) = (members.next(), members.next()) else {
        return Err(refused(at, "anything-but has one operator, and only one"));
    };
    let here = pointer::child(at, name);
    let matcher = |text: &str, place: &str| match name.as_str() {
        "prefix" | "suffix" if text.is_empty() => {
            Err(refused(place, format!("an empty {name} in anything-but isn't allowed")))
        }
        "prefix" => Ok(Matcher::Prefix(text.to_owned())),
        "suffix" => Ok(Matcher::Suffix(text.to_owned())),
        "equals-ignore-case" => Ok(Matcher::EqualsIgnoringCase(text.to_owned())),
        "wildcard" => wildcard(text, place),
        _ => Err(refused(place, format!("anything-but doesn't know {name}"))),
    };
    let must = |place: &str| {
        refused(place, format!("{name} in anything-but must be a string, or an array of strings"))
    };
    let refused_values = match value {
        Value::String(text) => vec![matcher(text, &here)?],
        Value::Array(texts) if !texts.is_empty() => {
            let read = texts.iter().enumerate().map(|(index, text)| {
                let place = pointer::element(&here, index);
                text.as_str().ok_or_else(|| must(&place)).and_then(|text| matcher(text, &place))
            });
            read.collect::<Result<Vec<_>, _>>()?
        }
        _ => return Err(must(&here)),
    };
    // An operator that doesn't exist is caught above, since no list is empty.
    Ok(Matcher::AnythingBut(refused_values))
}

/// A string or a number, or a list of the one or of the other.
fn scalars(value: &Value, at: &str) -> Result<Vec<Matcher>, Problem> {
    let exactly = |value: &Value| Matcher::Exactly(value.clone());
    match value {
        Value::String(_) | Value::Number(_) => Ok(vec![exactly(value)]),
        Value::Array(values) if !values.is_empty() => {
            let strings = values.iter().all(Value::is_string);
            let numbers =
                values.iter().all(|value| value.is_number() || value.as_str().is_some_and(is_opaque));
            if strings || numbers {
                Ok(values.iter().map(exactly).collect())
            } else {
                Err(refused(at, "an anything-but list has strings only, or numbers only"))
            }
        }
        _ => Err(refused(at, "value of anything-but must be a string, a number, or an array of one of them")),
    }
}
