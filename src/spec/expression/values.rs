//! The model's values ↔ CEL's.

use crate::model::Value;
use cel::Value as Cel;
use cel::objects::{Key, Map};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of text that count as one value.
const TEXT: u64 = 16;

fn text_size(length: usize) -> u64 {
    1 + length as u64 / TEXT
}

/// How large a value is, secrets included; stops soon after `limit`.
pub(super) fn size(value: &Value, limit: u64) -> u64 {
    let mut units = 0;
    add(value, &mut units, limit);
    units
}

fn add(value: &Value, units: &mut u64, limit: u64) {
    if *units > limit {
        return;
    }
    *units += match value {
        Value::String(text) => text_size(text.len()),
        _ => 1,
    };
    match value {
        Value::Array(items) => items.iter().for_each(|item| add(item, units, limit)),
        Value::Object(members) => members.iter().for_each(|(key, member)| {
            *units += text_size(key.len());
            add(member, units, limit);
        }),
        Value::Sensitive(inner) => add(inner, units, limit),
        _ => {}
    }
}

/// How large a CEL value is; what it shares with itself counts as often as it stands there.
pub(super) fn cel_size(value: &Cel, limit: u64) -> u64 {
    fn add(value: &Cel, units: &mut u64, limit: u64) {
        if *units > limit {
            return;
        }
        *units += match value {
            Cel::String(text) => text_size(text.len()),
            Cel::Bytes(bytes) => text_size(bytes.len()),
            _ => 1,
        };
        match value {
            Cel::List(items) => items.iter().for_each(|item| add(item, units, limit)),
            Cel::Map(map) => map.map.values().for_each(|member| add(member, units, limit)),
            _ => {}
        }
    }
    let mut units = 0;
    add(value, &mut units, limit);
    units
}

/// For CEL, secrets revealed. None if anything in it is unknown.
pub(super) fn to_cel(value: &Value) -> Option<Cel> {
    Some(match value {
        Value::Null => Cel::Null,
        Value::Bool(b) => Cel::Bool(*b),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(n), _) => Cel::Int(n),
            (None, Some(n)) => Cel::UInt(n),
            (None, None) => Cel::Float(n.as_f64()?),
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(to_cel).collect::<Option<_>>()?)),
        Value::Object(members) => map(members.iter().map(|(k, v)| Some((k.clone(), to_cel(v)?))))?,
        Value::Sensitive(inner) => to_cel(inner)?,
        Value::Unknown(_) => return None,
    })
}

/// A CEL map from its members.
pub(super) fn map(members: impl Iterator<Item = Option<(String, Cel)>>) -> Option<Cel> {
    let members = members.map(|member| member.map(|(k, v)| (Key::String(Arc::new(k)), v)));
    Some(Cel::Map(Map { map: Arc::new(members.collect::<Option<HashMap<Key, Cel>>>()?) }))
}

/// From CEL; a map's members come in the order of their keys.
///
/// # Errors
/// What it is, where JSON has no such thing.
pub(super) fn from_cel(value: &Cel) -> Result<Value, String> {
    Ok(match value {
        Cel::Null => Value::Null,
        Cel::Bool(b) => Value::Bool(*b),
        Cel::Int(n) => Value::Number((*n).into()),
        Cel::UInt(n) => Value::Number((*n).into()),
        Cel::Float(n) => match serde_json::Number::from_f64(*n) {
            Some(n) => Value::Number(n),
            None => return Err("a number that isn't finite".to_owned()),
        },
        Cel::String(text) => Value::String(text.to_string()),
        Cel::List(items) => Value::Array(items.iter().map(from_cel).collect::<Result<_, _>>()?),
        Cel::Map(map) => {
            let mut members: Vec<(String, Value)> = Vec::with_capacity(map.map.len());
            for (key, member) in map.map.iter() {
                let key = match key {
                    Key::String(text) => text.to_string(),
                    Key::Int(n) => n.to_string(),
                    Key::Uint(n) => n.to_string(),
                    Key::Bool(b) => b.to_string(),
                };
                members.push((key, from_cel(member)?));
            }
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().collect::<IndexMap<_, _>>())
        }
        other => return Err(format!("a {}", other.type_of())),
    })
}
