//! Expressions in a definition: JSONata between `{%` and `%}`, and the intrinsic functions of
//! JSONPath.
//!
//! Source: Step Functions Developer Guide, "Transforming data with JSONata in Step Functions",
//! "Passing data between states with variables", "Intrinsic functions for JSONPath states".

use super::definition::QueryLanguage;
use super::fields::expression_of;
use crate::languages::jsonata::{BUDGET, Expression};
use crate::languages::{Kind, Problem, is_opaque, pointer};
use serde_json::Value;
use std::collections::BTreeSet;

/// Functions that Step Functions adds to JSONata's own. It has all of those but `$eval`.
const ADDED: [&str; 6] = ["partition", "range", "hash", "random", "uuid", "parse"];

/// The intrinsic functions of JSONPath states, without their `States.`.
const INTRINSIC: [&str; 18] = [
    "Array",
    "ArrayContains",
    "ArrayGetItem",
    "ArrayLength",
    "ArrayPartition",
    "ArrayRange",
    "ArrayUnique",
    "Base64Decode",
    "Base64Encode",
    "Format",
    "Hash",
    "JsonMerge",
    "JsonToString",
    "MathAdd",
    "MathRandom",
    "StringSplit",
    "StringToJson",
    "UUID",
];

/// Calls of intrinsic functions within one another, at most.
const DEEPEST: usize = 10;

/// Reports what is wrong with a JSONata expression. Places count characters of the whole string,
/// from 1.
pub(super) fn check_jsonata(text: &str, at: &str, problems: &mut Vec<Problem>) {
    let Some(expression) = expression_of(text) else { return };
    let mut refuse = |kind, message: String| problems.push(Problem::new(at, kind, message));
    if expression.is_empty() {
        refuse(Kind::InvalidJsonata, "a JSONata expression is empty".to_owned());
        return;
    }
    // It is evaluated with nothing in hand, so a bare name would find nothing, and AWS refuses it.
    let end =
        expression.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(expression.len());
    let name = &expression[..end];
    let is_name = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    if is_name && !matches!(name, "true" | "false" | "null" | "function" | "λ") {
        refuse(
            Kind::UnsupportedJsonata,
            format!("reference to `{name}` at the top level isn't supported: write `$states.input.{name}`"),
        );
    }
    // Deeper than is read here: whether AWS reads it isn't known.
    if let Err(fault) = Expression::parse(expression)
        && fault.code != BUDGET
    {
        let place = place(text, expression, fault.offset);
        refuse(
            Kind::InvalidJsonata,
            format!("the JSONata expression can't be read: {}, {place}", fault.message),
        );
    }
}

/// A place in an expression, as the character of the whole string.
fn place(text: &str, expression: &str, offset: usize) -> String {
    let before = text.find(expression).unwrap_or(0);
    let prefix = text.get(..before + offset).unwrap_or(text);
    format!("at character {}", prefix.chars().count() + 1)
}

/// What is wrong with a call of intrinsic functions; `None` for what isn't one.
pub(super) fn intrinsic_problem(text: &str) -> Option<String> {
    if !text.starts_with("States.") {
        return None;
    }
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    let mut word = String::new();
    for c in text.chars() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\'' => quoted = false,
                _ => {}
            }
            continue;
        }
        match c {
            '\'' => quoted = true,
            '(' => {
                if let Some(name) = word.strip_prefix("States.")
                    && !INTRINSIC.contains(&name)
                {
                    return Some(format!("there is no intrinsic function `{word}`"));
                }
                depth += 1;
                if depth > DEEPEST {
                    return Some(format!("intrinsic functions are called more than {DEEPEST} deep"));
                }
            }
            ')' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some("a call of an intrinsic function has a `)` too many".to_owned()),
            },
            _ => {}
        }
        if c.is_alphanumeric() || c == '.' || c == '_' {
            word.push(c);
        } else {
            word.clear();
        }
    }
    if quoted {
        return Some("a string in a call of an intrinsic function has no closing `'`".to_owned());
    }
    (depth > 0).then(|| "a call of an intrinsic function has no closing `)`".to_owned())
}

/// What AWS accepts, and what fails whenever it is evaluated: JSONata expressions that call functions
/// which aren't there, or use variables that no state assigns. A variable that any state of the
/// machine assigns counts as there: which state ran before isn't asked.
#[must_use]
pub fn doomed(document: &Value) -> Vec<Problem> {
    let mut assigned = BTreeSet::new();
    collect(document, 0, &mut assigned);
    let mut walk = Walk { assigned, problems: Vec::new() };
    walk.go(document, "", QueryLanguage::default(), 0);
    walk.problems
}

/// Definitions are looked into this deep.
const LEVELS: usize = 200;

/// The names in every `Assign`.
fn collect<'d>(value: &'d Value, depth: usize, into: &mut BTreeSet<&'d str>) {
    if depth > LEVELS {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, depth + 1, into)),
        Value::Object(members) => {
            if let Some(Value::Object(names)) = members.get("Assign") {
                into.extend(names.keys().map(|name| name.strip_suffix(".$").unwrap_or(name)));
            }
            members.values().for_each(|member| collect(member, depth + 1, into));
        }
        _ => {}
    }
}

struct Walk<'a> {
    assigned: BTreeSet<&'a str>,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn go(&mut self, value: &Value, at: &str, language: QueryLanguage, depth: usize) {
        if depth > LEVELS {
            return;
        }
        match value {
            Value::String(text) if language == QueryLanguage::Jsonata && !is_opaque(text) => {
                self.text(text, at)
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.go(item, &pointer::element(at, index), language, depth + 1);
                }
            }
            Value::Object(members) => {
                let own = members.get("QueryLanguage").and_then(Value::as_str);
                let language = match own {
                    Some("JSONata") => QueryLanguage::Jsonata,
                    Some("JSONPath") => QueryLanguage::JsonPath,
                    _ => language,
                };
                for (key, member) in members.iter().filter(|(key, _)| *key != "Comment") {
                    self.go(member, &pointer::child(at, key), language, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, at: &str) {
        let Some(expression) = expression_of(text) else { return };
        let Ok(read) = Expression::parse(expression) else { return };
        let known = |name: &str| name == "states" || ADDED.contains(&name) || self.assigned.contains(name);
        let mut told = BTreeSet::new();
        let mut tell = |message| self.problems.push(Problem::new(at, Kind::UnsupportedJsonata, message));
        for unknown in read.unknown_names(&known) {
            let name = &unknown.name;
            if unknown.called {
                let place = place(text, expression, unknown.offset);
                tell(format!("there is no function `${name}`, {place}"));
            } else if told.insert(name.clone()) {
                tell(format!("no state assigns the variable `${name}`"));
            }
        }
        for offset in read.uses("eval") {
            let place = place(text, expression, offset);
            tell(format!("`$eval` isn't supported in Step Functions, {place}: `$parse` reads JSON"));
        }
    }
}
