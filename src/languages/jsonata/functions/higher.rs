//! Functions that call functions.

use super::super::evaluate::{Evaluator, arity};
use super::super::fault::{Fault, Outcome};
use super::super::value::{Function, Value};
use super::{Row, argument};
use indexmap::IndexMap;
use std::rc::Rc;

pub(super) const TABLE: &[Row] = &[
    Row("map", "<af>", 2, |e, a| {
        let Some((list, function)) = list_and_function(a) else { return Ok(Value::Nothing) };
        let mut made = Vec::with_capacity(list.items().len());
        for (place, item) in list.items().iter().enumerate() {
            let value = call(e, function, item, place, list)?;
            if !value.is_nothing() {
                made.push(value);
            }
        }
        e.charge(made.len())?;
        Ok(Value::sequence(made))
    }),
    Row("filter", "<af>", 2, |e, a| {
        let Some((list, function)) = list_and_function(a) else { return Ok(Value::Nothing) };
        let mut kept = Vec::new();
        for (place, item) in list.items().iter().enumerate() {
            if call(e, function, item, place, list)?.truth() {
                kept.push(item.clone());
            }
        }
        e.charge(kept.len())?;
        Ok(Value::sequence(kept))
    }),
    Row("single", "<af?>", 2, |e, a| {
        let list = argument(a, 0);
        if list.is_nothing() {
            return Ok(Value::Nothing);
        }
        let mut found = None;
        for (place, item) in list.items().iter().enumerate() {
            let fits = match argument(a, 1) {
                Value::Function(function) => call(e, function, item, place, list)?.truth(),
                _ => true,
            };
            if fits && found.replace(item.clone()).is_some() {
                return Err(Fault::new("D3138", "$single found more than one"));
            }
        }
        found.ok_or_else(|| Fault::new("D3139", "$single found none"))
    }),
    Row("reduce", "<afj?:j>", 3, reduce),
    Row("each", "<o-f:a>", 2, |e, a| {
        let (Value::Object(object), Value::Function(function)) = (argument(a, 0), argument(a, 1)) else {
            return Ok(Value::Nothing);
        };
        let mut made = Vec::new();
        for (key, value) in &object.members {
            let arguments = vec![value.clone(), Value::Text(key.clone()), argument(a, 0).clone()];
            let value = e.call_back(function, arguments)?;
            if !value.is_nothing() {
                made.push(value);
            }
        }
        e.charge(made.len())?;
        Ok(Value::sequence(made))
    }),
    Row("sift", "<o-f?:o>", 2, |e, a| {
        let Value::Object(object) = argument(a, 0) else { return Ok(Value::Nothing) };
        let mut kept = IndexMap::new();
        for (key, value) in &object.members {
            let fits = match argument(a, 1) {
                Value::Function(function) => {
                    let arguments = vec![value.clone(), Value::Text(key.clone()), argument(a, 0).clone()];
                    e.call_back(function, arguments)?.truth()
                }
                _ => value.truth(),
            };
            if fits {
                kept.insert(key.clone(), value.clone());
            }
        }
        e.charge(kept.len())?;
        Ok(if kept.is_empty() { Value::Nothing } else { kept.into() })
    }),
];

fn list_and_function(arguments: &[Value]) -> Option<(&Value, &Rc<Function>)> {
    match (argument(arguments, 0), argument(arguments, 1)) {
        (list @ Value::List(_), Value::Function(function)) => Some((list, function)),
        _ => None,
    }
}

/// Calls with an item, its place and the list.
fn call(
    e: &mut Evaluator<'_>,
    function: &Rc<Function>,
    item: &Value,
    place: usize,
    list: &Value,
) -> Outcome<Value> {
    e.call_back(function, vec![item.clone(), Value::Number(place as f64), list.clone()])
}

fn reduce(e: &mut Evaluator<'_>, arguments: &[Value]) -> Outcome<Value> {
    let Some((list, function)) = list_and_function(arguments) else { return Ok(Value::Nothing) };
    if arity(function) < 2 {
        return Err(Fault::new(
            "D3050",
            "the function that $reduce calls has to take at least two arguments",
        ));
    }
    let mut items = list.items().iter().enumerate();
    let mut result = match argument(arguments, 2) {
        Value::Nothing => match items.next() {
            Some((_, first)) => first.clone(),
            None => return Ok(Value::Nothing),
        },
        start => start.clone(),
    };
    for (place, item) in items {
        let given = vec![result, item.clone(), Value::Number(place as f64), list.clone()];
        result = e.call_back(function, given)?;
    }
    Ok(result)
}
