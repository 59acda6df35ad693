//! Objects: made from scratch, or by grouping items under their keys.

use super::super::fault::{Fault, Outcome};
use super::super::syntax::Node;
use super::super::value::{Tuple, Value};
use super::Evaluator;
use indexmap::IndexMap;
use std::rc::Rc;
use std::sync::Arc;

/// What has come under one key.
struct Group<T> {
    pair: usize,
    items: Vec<T>,
}

impl Evaluator<'_> {
    pub(super) fn group(&mut self, pairs: &[(Node, Node)], input: &Value, frame: usize) -> Outcome<Value> {
        if let Value::Tuples(tuples) = input {
            return self.group_tuples(pairs, tuples, frame);
        }
        let nothing = [Value::Nothing];
        let items = match input.items() {
            [] => &nothing[..],
            items => items,
        };
        let mut groups: IndexMap<Rc<str>, Group<Value>> = IndexMap::new();
        for item in items {
            for (pair, (key, _)) in pairs.iter().enumerate() {
                let name = self.evaluate(key, item, frame)?;
                place(&mut groups, key, name, pair, item.clone())?;
            }
        }
        let mut made = IndexMap::with_capacity(groups.len());
        for (name, group) in groups {
            let context = match <[Value; 1]>::try_from(group.items) {
                Ok([only]) => only,
                Err(items) => joined(items),
            };
            let value = self.evaluate(&pairs[group.pair].1, &context, frame)?;
            if !value.is_nothing() {
                made.insert(name, value);
            }
        }
        self.charge(made.len())?;
        Value::from(made).bounded()
    }

    fn group_tuples(&mut self, pairs: &[(Node, Node)], tuples: &[Tuple], frame: usize) -> Outcome<Value> {
        let mut groups: IndexMap<Rc<str>, Group<Tuple>> = IndexMap::new();
        for tuple in tuples {
            for (pair, (key, _)) in pairs.iter().enumerate() {
                let inner = self.tuple_frame(frame, tuple);
                let name = self.evaluate(key, &tuple.item, inner)?;
                place(&mut groups, key, name, pair, tuple.clone())?;
            }
        }
        let mut made = IndexMap::with_capacity(groups.len());
        for (name, group) in groups {
            let tuple = reduced(group.items);
            let inner = self.tuple_frame(frame, &tuple);
            let value = self.evaluate(&pairs[group.pair].1, &tuple.item, inner)?;
            if !value.is_nothing() {
                made.insert(name, value);
            }
        }
        self.charge(made.len())?;
        Value::from(made).bounded()
    }
}

fn place<T>(
    groups: &mut IndexMap<Rc<str>, Group<T>>,
    key: &Node,
    name: Value,
    pair: usize,
    item: T,
) -> Outcome<()> {
    let name = match name {
        Value::Nothing => return Ok(()),
        Value::Text(name) => name,
        _ => return Err(Fault::at("T1003", key.at, "the key of an object has to be a string")),
    };
    let group = groups.entry(name).or_insert_with(|| Group { pair, items: Vec::new() });
    if group.pair != pair {
        return Err(Fault::at("D1009", key.at, "two expressions give the same key"));
    }
    group.items.push(item);
    Ok(())
}

/// Items one after another; those that are lists lend their own.
fn joined(items: Vec<Value>) -> Value {
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Value::Nothing => {}
            Value::List(list) => all.extend(list.items.iter().cloned()),
            other => all.push(other),
        }
    }
    Value::list(all)
}

/// Several items as one: under each name what they have under it.
fn reduced(tuples: Vec<Tuple>) -> Tuple {
    let mut items = Vec::with_capacity(tuples.len());
    let mut names: IndexMap<Arc<str>, Vec<Value>> = IndexMap::new();
    for tuple in tuples {
        items.push(tuple.item);
        for (name, value) in tuple.names {
            names.entry(name).or_default().push(value);
        }
    }
    let one = |values: Vec<Value>| match <[Value; 1]>::try_from(values) {
        Ok([only]) => only,
        Err(values) => joined(values),
    };
    Tuple { item: one(items), names: names.into_iter().map(|(name, values)| (name, one(values))).collect() }
}
