//! Functions that look for a string, or for what a regular expression matches.

use super::super::evaluate::Evaluator;
use super::super::fault::{Fault, Outcome};
use super::super::regex::{Found, Regex};
use super::super::value::{Function, Value};
use super::{Row, argument, numeric, string};
use indexmap::IndexMap;
use std::rc::Rc;
use std::sync::Arc;

pub(super) const TABLE: &[Row] = &[
    Row("match", "<s-f<s:o>n?:a<o>>", 3, |e, a| {
        let (Some(text), Value::Function(pattern)) = (string(a, 0), argument(a, 1)) else {
            return Ok(Value::Nothing);
        };
        let limit = limit(numeric(a, 2), "D3040", "$match")?;
        let found = matches(e, pattern, text, limit)?;
        e.charge(found.len())?;
        let described = found.into_iter().map(|found| {
            let members = [
                ("match", Value::from(&text[found.start..found.end])),
                ("index", Value::Number(units(&text[..found.start]))),
                ("groups", Value::list(found.groups.iter().map(group).collect())),
            ];
            object(members)
        });
        Ok(Value::sequence(described.collect()))
    }),
    Row("contains", "<s-(sf):b>", 2, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        Ok(Value::Bool(match argument(a, 1) {
            Value::Text(part) => text.contains(&**part),
            Value::Function(pattern) => !matches(e, pattern, text, 1)?.is_empty(),
            _ => return Ok(Value::Nothing),
        }))
    }),
    Row("split", "<s-(sf)n?:a<s>>", 3, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        let limit = limit(numeric(a, 2), "D3020", "$split")?;
        let parts: Vec<Value> = match argument(a, 1) {
            Value::Text(mark) if mark.is_empty() => {
                text.chars().take(limit).map(|c| c.to_string().into()).collect()
            }
            Value::Text(mark) => text.split(&**mark).take(limit).map(Value::from).collect(),
            Value::Function(pattern) => {
                let mut parts = Vec::new();
                let mut from = 0;
                for found in matches(e, pattern, text, limit)? {
                    parts.push(text.get(from..found.start).unwrap_or("").into());
                    from = found.end;
                }
                if parts.len() < limit {
                    parts.push(text.get(from..).unwrap_or("").into());
                }
                parts
            }
            _ => return Ok(Value::Nothing),
        };
        e.charge(parts.len() + text.len())?;
        Ok(Value::list(parts))
    }),
    Row("replace", "<s-(sf)(sf)n?:s>", 4, replace),
];

/// How many at most.
fn limit(limit: Option<f64>, code: &'static str, name: &str) -> Outcome<usize> {
    match limit {
        None => Ok(usize::MAX),
        Some(limit) if limit < 0.0 => Err(Fault::new(code, format!("the limit of {name} can't be negative"))),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        Some(limit) => Ok(limit as usize),
    }
}

fn replace(e: &mut Evaluator<'_>, arguments: &[Value]) -> Outcome<Value> {
    let Some(text) = string(arguments, 0) else { return Ok(Value::Nothing) };
    let (pattern, by) = (argument(arguments, 1), argument(arguments, 2));
    let limit = limit(numeric(arguments, 3), "D3011", "$replace")?;
    let made = match pattern {
        Value::Text(part) => {
            if part.is_empty() {
                return Err(Fault::new("D3010", "what $replace looks for can't be empty"));
            }
            let Value::Text(by) = by else {
                return Err(Fault::new("D3012", "$replace needs a string to put in place of a string"));
            };
            let count = text.matches(&**part).take(limit).count();
            e.charge(count.saturating_mul(by.len()))?;
            text.replacen(&**part, by, count)
        }
        Value::Function(pattern) => {
            let mut made = String::new();
            let mut from = 0;
            for found in matches(e, pattern, text, limit)? {
                made.push_str(text.get(from..found.start).unwrap_or(""));
                let replacement = match by {
                    Value::Text(by) => filled(by, &text[found.start..found.end], &found.groups),
                    Value::Function(by) => {
                        let described = described(&found, text, Value::Nothing);
                        match e.call_back(by, vec![described])? {
                            Value::Text(by) => (*by).to_owned(),
                            _ => {
                                let message = "the function that $replace calls has to give a string";
                                return Err(Fault::new("D3012", message));
                            }
                        }
                    }
                    _ => return Ok(Value::Nothing),
                };
                e.charge(replacement.len())?;
                made.push_str(&replacement);
                from = found.end;
            }
            made.push_str(text.get(from..).unwrap_or(""));
            made
        }
        _ => return Ok(Value::Nothing),
    };
    e.text(made)
}

/// A replacement with its `$1`, `$0`, `$$` filled in.
fn filled(by: &str, whole: &str, groups: &[Option<String>]) -> String {
    let mut made = String::new();
    let mut rest = by;
    while let Some(at) = rest.find('$') {
        made.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            made.push('$');
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix('0') {
            made.push_str(whole);
            rest = after;
            continue;
        }
        let most = if groups.is_empty() { 1 } else { groups.len().to_string().len() };
        let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            made.push('$');
            continue;
        }
        let mut taken = digits;
        let mut index: usize = rest[..taken].parse().unwrap_or(0);
        if taken > 1 && index > groups.len() {
            taken -= 1;
            index = rest[..taken].parse().unwrap_or(0);
        }
        let group = index.checked_sub(1).and_then(|index| groups.get(index));
        made.push_str(group.and_then(Option::as_deref).unwrap_or(""));
        rest = &rest[taken..];
    }
    made.push_str(rest);
    made
}

/// All matches in a text, up to a number.
fn matches(e: &mut Evaluator<'_>, pattern: &Rc<Function>, text: &str, limit: usize) -> Outcome<Vec<Found>> {
    let mut found = Vec::new();
    if let Function::Regex(regex) = &**pattern {
        let mut from = 0;
        while found.len() < limit
            && let Some(next) = search(regex, text, from)?
        {
            from = next.end;
            e.charge(1)?;
            found.push(next);
        }
        return Ok(found);
    }
    // A function of one's own that gives the first match and, by its `next`, the others.
    let mut given = e.call_back(pattern, vec![text.into()])?;
    while found.len() < limit {
        let Value::Object(object) = &given else { break };
        let position = |name: &str| match object.members.get(name) {
            Some(Value::Number(at)) => Some(byte_at(text, *at)),
            _ => None,
        };
        let (Some(start), Some(end)) = (position("start"), position("end")) else {
            return Err(Fault::new(
                "T1010",
                "a function that matches has to give `match`, `start`, `end`, `groups` and `next`",
            ));
        };
        let groups = object.members.get("groups").map(Value::items).unwrap_or_default();
        let groups = groups.iter().map(|group| match group {
            Value::Text(text) => Some((**text).to_owned()),
            _ => None,
        });
        found.push(Found { start, end: end.max(start), groups: groups.collect() });
        let Some(Value::Function(next)) = object.members.get("next") else { break };
        let next = next.clone();
        given = e.call_back(&next, Vec::new())?;
    }
    // In order, so that the text between them can be taken.
    let mut from = 0;
    found.retain(|one| {
        let ahead = one.start >= from;
        from = from.max(one.end);
        ahead
    });
    Ok(found)
}

fn search(regex: &Regex, text: &str, from: usize) -> Outcome<Option<Found>> {
    let found = regex.find(text, from).map_err(|why| Fault::new(super::super::fault::BUDGET, why))?;
    if found.as_ref().is_some_and(|found| found.start == found.end) {
        return Err(Fault::new("D1004", "the regular expression matches where nothing is"));
    }
    Ok(found)
}

/// A regular expression called with a text: its first match.
pub(in super::super) fn called(regex: &Arc<Regex>, arguments: &[Value]) -> Outcome<Value> {
    let Some(Value::Text(text)) = arguments.first() else {
        return Err(Fault::new("T1010", "a regular expression is applied to a string"));
    };
    self::found(regex, text, 0)
}

/// The next match, with the function that gives the one after it.
pub(in super::super) fn found(regex: &Arc<Regex>, text: &Rc<str>, from: usize) -> Outcome<Value> {
    Ok(match search(regex, text, from)? {
        None => Value::Nothing,
        Some(found) => {
            let next = Function::NextMatch { regex: regex.clone(), text: text.clone(), from: found.end };
            described(&found, text, next.into())
        }
    })
}

fn described(found: &Found, text: &str, next: Value) -> Value {
    object([
        ("match", text.get(found.start..found.end).unwrap_or("").into()),
        ("start", Value::Number(units(text.get(..found.start).unwrap_or("")))),
        ("end", Value::Number(units(text.get(..found.end).unwrap_or("")))),
        ("groups", Value::list(found.groups.iter().map(group).collect())),
        ("next", next),
    ])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members: IndexMap<Rc<str>, Value> =
        members.into_iter().map(|(key, value)| (key.into(), value)).collect();
    members.into()
}

/// A group that took no part has no value.
fn group(group: &Option<String>) -> Value {
    group.as_deref().map_or(Value::Nothing, Value::from)
}

/// A position as ECMAScript counts it: in UTF-16 code units.
fn units(before: &str) -> f64 {
    before.encode_utf16().count() as f64
}

fn byte_at(text: &str, position: f64) -> usize {
    let mut counted = 0.0;
    for (byte, c) in text.char_indices() {
        if counted >= position {
            return byte;
        }
        counted += c.len_utf16() as f64;
    }
    text.len()
}
