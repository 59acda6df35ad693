//! Functions of objects, and of any value.

use super::super::evaluate::lookup;
use super::super::fault::Fault;
use super::super::value::Value;
use super::{Row, argument, string};
use indexmap::{IndexMap, IndexSet};
use std::rc::Rc;

pub(super) const TABLE: &[Row] = &[
    Row("keys", "<x-:a<s>>", 1, |e, a| {
        let mut keys: IndexSet<Rc<str>> = IndexSet::new();
        collect_keys(argument(a, 0), &mut keys);
        e.charge(keys.len())?;
        Ok(Value::sequence(keys.into_iter().map(Value::Text).collect()))
    }),
    Row("lookup", "<x-s:x>", 2, |_, a| {
        Ok(string(a, 1).map_or(Value::Nothing, |name| lookup(argument(a, 0), name)))
    }),
    Row("spread", "<x-:a<o>>", 1, |e, a| {
        let mut made = Vec::new();
        if !spread(argument(a, 0), &mut made) {
            return Ok(argument(a, 0).clone());
        }
        e.charge(made.len())?;
        Ok(Value::sequence(made))
    }),
    Row("merge", "<a<o>:o>", 1, |e, a| {
        let Value::List(list) = argument(a, 0) else { return Ok(Value::Nothing) };
        let mut merged = IndexMap::new();
        for item in &list.items {
            if let Value::Object(object) = item {
                e.charge(object.members.len())?;
                merged.extend(object.members.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        Ok(merged.into())
    }),
    Row("clone", "<(oa)-:o>", 1, |_, a| Ok(argument(a, 0).clone())),
    Row("type", "<x:s>", 1, |_, a| {
        Ok(match argument(a, 0) {
            Value::Nothing => Value::Nothing,
            Value::Null => "null".into(),
            Value::Bool(_) => "boolean".into(),
            Value::Number(_) => "number".into(),
            Value::Text(_) => "string".into(),
            Value::List(_) | Value::Tuples(_) => "array".into(),
            Value::Object(_) => "object".into(),
            Value::Function(_) => "function".into(),
        })
    }),
    Row("error", "<s?:x>", 1, |_, a| {
        Err(Fault::new("D3137", string(a, 0).unwrap_or("$error() function evaluated").to_owned()))
    }),
    Row("assert", "<bs?:x>", 2, |_, a| match argument(a, 0) {
        Value::Bool(true) => Ok(Value::Nothing),
        _ => Err(Fault::new("D3141", string(a, 1).unwrap_or("$assert() statement failed").to_owned())),
    }),
];

fn collect_keys(value: &Value, into: &mut IndexSet<Rc<str>>) {
    match value {
        Value::Object(object) => into.extend(object.members.keys().cloned()),
        Value::List(list) => list.items.iter().for_each(|item| collect_keys(item, into)),
        _ => {}
    }
}

/// Each member an object of its own. Whether there is anything to take apart.
fn spread(value: &Value, into: &mut Vec<Value>) -> bool {
    match value {
        Value::Object(object) => {
            for (key, value) in &object.members {
                let mut one = IndexMap::new();
                one.insert(key.clone(), value.clone());
                into.push(one.into());
            }
            true
        }
        Value::List(list) => {
            for item in &list.items {
                if !spread(item, into) {
                    into.push(item.clone());
                }
            }
            true
        }
        _ => false,
    }
}
