//! Paths: step after step, and predicates.

use super::super::fault::Outcome;
use super::super::syntax::{Kind, Node, Stage};
use super::super::value::{List, Tuple, Value};
use super::Evaluator;
use std::rc::Rc;
use std::sync::Arc;

impl Evaluator<'_> {
    pub(super) fn path(
        &mut self,
        node: &Node,
        steps: &[Node],
        keep_singleton: bool,
        input: &Value,
        frame: usize,
    ) -> Outcome<Value> {
        let from_variable = steps.first().is_some_and(|step| matches!(step.kind, Kind::Variable(_)));
        let mut current = match input {
            Value::List(_) if !from_variable => input.clone(),
            other => Value::sequence(vec![other.clone()]),
        };
        let mut value = Value::Nothing;
        let mut tuples: Option<Vec<Tuple>> = None;
        let mut streaming = false;
        for (index, step) in steps.iter().enumerate() {
            streaming |= step.tuple;
            if index == 0 && step.constructed {
                value = self.evaluate(step, &current, frame)?;
                current = value.clone();
            } else if streaming {
                tuples = Some(self.tuple_step(step, &current, tuples.take(), frame)?);
            } else {
                value = self.step(step, &current, frame, index + 1 == steps.len())?;
                current = value.clone();
            }
            if !streaming && (value.is_nothing() || matches!(&value, Value::List(l) if l.items.is_empty())) {
                break;
            }
        }
        if streaming {
            let tuples = tuples.unwrap_or_default();
            if let Some(group) = &node.group {
                return self.group(group, &Value::Tuples(Rc::new(tuples)), frame);
            }
            if node.tuple {
                return Ok(Value::Tuples(Rc::new(tuples)));
            }
            value = Value::sequence(tuples.into_iter().map(|tuple| tuple.item).collect());
        }
        if keep_singleton {
            if matches!(&value, Value::List(list) if list.constructed && !list.sequence) {
                value = Value::sequence(vec![value]);
            }
            if let Value::List(list) = &mut value {
                Rc::make_mut(list).keep = true;
            }
        }
        match &node.group {
            Some(group) => self.group(group, &value, frame),
            None => Ok(value),
        }
    }

    /// One step for each item, and what they give as one flat sequence.
    fn step(&mut self, step: &Node, input: &Value, frame: usize, last: bool) -> Outcome<Value> {
        if let Kind::Sort(terms) = &step.kind {
            let mut sorted = Value::sequence(self.sort_items(terms, input.items().to_vec(), frame)?);
            for stage in &step.stages {
                if let Stage::Filter(filter) = stage {
                    sorted = self.filter(filter, &sorted, frame)?;
                }
            }
            return Ok(sorted);
        }
        let mut found = Vec::new();
        for item in input.items() {
            let mut value = self.evaluate(step, item, frame)?;
            if !step.whole {
                for stage in &step.stages {
                    if let Stage::Filter(filter) = stage {
                        value = self.filter(filter, &value, frame)?;
                    }
                }
            }
            match value {
                Value::Nothing => {}
                Value::Tuples(tuples) => found.extend(tuples.iter().map(|tuple| tuple.item.clone())),
                other => found.push(other),
            }
        }
        if let ([Value::List(list)], true) = (&found[..], last)
            && !list.sequence
        {
            return Ok(Value::List(list.clone()));
        }
        let mut flat = Vec::with_capacity(found.len());
        for value in found {
            match value {
                Value::List(list) if !list.constructed => flat.extend(list.items.iter().cloned()),
                other => flat.push(other),
            }
        }
        self.charge(flat.len())?;
        Value::sequence(flat).bounded()
    }

    fn tuple_step(
        &mut self,
        step: &Node,
        input: &Value,
        tuples: Option<Vec<Tuple>>,
        frame: usize,
    ) -> Outcome<Vec<Tuple>> {
        let bare = |item: &Value| Tuple { item: item.clone(), names: Vec::new() };
        let mut found = Vec::new();
        if let Kind::Sort(terms) = &step.kind {
            found = match tuples {
                Some(tuples) => self.sort_tuples(terms, tuples, frame)?,
                None => {
                    let sorted = self.sort_items(terms, input.items().to_vec(), frame)?;
                    let mut tuples: Vec<Tuple> = sorted.iter().map(bare).collect();
                    number(&mut tuples, step.index.as_ref());
                    tuples
                }
            };
            return self.tuple_stages(step, found, frame);
        }
        let tuples = tuples.unwrap_or_else(|| input.items().iter().map(bare).collect());
        for tuple in &tuples {
            let inner = self.tuple_frame(frame, tuple);
            let value = self.evaluate(step, &tuple.item, inner)?;
            if let Value::Tuples(more) = &value {
                for one in more.iter() {
                    let mut names = tuple.names.clone();
                    for (name, value) in &one.names {
                        set(&mut names, name, value.clone());
                    }
                    found.push(Tuple { item: one.item.clone(), names });
                }
                continue;
            }
            for (place, item) in value.items().iter().enumerate() {
                let mut names = tuple.names.clone();
                let item = match &step.focus {
                    Some(name) => {
                        set(&mut names, name, item.clone());
                        tuple.item.clone()
                    }
                    None => item.clone(),
                };
                if let Some(name) = &step.index {
                    set(&mut names, name, Value::Number(place as f64));
                }
                if let Some(label) = step.ancestor.and_then(|slot| self.labels.get(slot)) {
                    set(&mut names, label, tuple.item.clone());
                }
                found.push(Tuple { item, names });
            }
            self.charge(value.items().len())?;
        }
        self.tuple_stages(step, found, frame)
    }

    fn tuple_stages(&mut self, step: &Node, mut tuples: Vec<Tuple>, frame: usize) -> Outcome<Vec<Tuple>> {
        if step.whole {
            return Ok(tuples);
        }
        for stage in &step.stages {
            match stage {
                Stage::Filter(filter) => tuples = self.filter_tuples(filter, &tuples, frame)?,
                Stage::Index(name) => number(&mut tuples, Some(name)),
            }
        }
        Ok(tuples)
    }

    /// The items for which a predicate holds, or at its positions.
    pub(super) fn filter(&mut self, filter: &Node, input: &Value, frame: usize) -> Outcome<Value> {
        if let Value::Tuples(tuples) = input {
            return Ok(Value::Tuples(Rc::new(self.filter_tuples(filter, tuples, frame)?)));
        }
        // Of nothing, nothing is asked.
        let nothing = [Value::Nothing];
        let items = if input.is_nothing() { &nothing[..] } else { input.items() };
        if let Some(position) = position(filter) {
            return Ok(match at(position, items.len()).and_then(|index| items.get(index)) {
                None | Some(Value::Nothing) => Value::sequence(Vec::new()),
                Some(Value::List(list)) => Value::List(list.clone()),
                Some(item) => Value::sequence(vec![item.clone()]),
            });
        }
        let mut kept = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let verdict = self.evaluate(filter, item, frame)?;
            keep(&verdict, index, items.len(), || kept.push(item.clone()));
        }
        self.charge(kept.len())?;
        Ok(Value::sequence(kept))
    }

    fn filter_tuples(&mut self, filter: &Node, tuples: &[Tuple], frame: usize) -> Outcome<Vec<Tuple>> {
        if let Some(position) = position(filter) {
            let found = at(position, tuples.len()).and_then(|index| tuples.get(index));
            return Ok(found.cloned().into_iter().collect());
        }
        let mut kept = Vec::new();
        for (index, tuple) in tuples.iter().enumerate() {
            let inner = self.tuple_frame(frame, tuple);
            let verdict = self.evaluate(filter, &tuple.item, inner)?;
            keep(&verdict, index, tuples.len(), || kept.push(tuple.clone()));
        }
        self.charge(kept.len())?;
        Ok(kept)
    }

    /// `*`: the values of all fields.
    pub(super) fn wildcard(&mut self, input: &Value) -> Outcome<Value> {
        let input = match input {
            Value::List(list) if list.outer => list.items.first().unwrap_or(input),
            other => other,
        };
        let mut found = Vec::new();
        let mut take = |value: &Value| match value {
            Value::List(_) => flatten(value, &mut found),
            other => found.push(other.clone()),
        };
        match input {
            Value::Object(object) => object.members.values().for_each(&mut take),
            Value::List(list) => list.items.iter().for_each(&mut take),
            _ => {}
        }
        self.charge(found.len())?;
        Ok(Value::sequence(found))
    }

    /// `**`: the value and everything below it.
    pub(super) fn descendants(&mut self, input: &Value) -> Outcome<Value> {
        let mut found = Vec::new();
        descend(input, &mut found);
        self.charge(found.len())?;
        Ok(Value::sequence(found))
    }

    /// `[a, b]`.
    pub(super) fn array(
        &mut self,
        node: &Node,
        items: &[Node],
        input: &Value,
        frame: usize,
    ) -> Outcome<Value> {
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            let value = self.evaluate(item, input, frame)?;
            match value {
                Value::Nothing => {}
                Value::List(list) if !matches!(item.kind, Kind::Array(_)) => {
                    made.extend(list.items.iter().cloned());
                }
                Value::Tuples(tuples) => made.extend(tuples.iter().map(|tuple| tuple.item.clone())),
                other => made.push(other),
            }
        }
        self.charge(made.len())?;
        let mut list = List::plain(made);
        list.constructed = node.constructed;
        Value::from(list).bounded()
    }
}

fn set(names: &mut Vec<(Arc<str>, Value)>, name: &Arc<str>, value: Value) {
    match names.iter_mut().find(|(known, _)| known == name) {
        Some((_, bound)) => *bound = value,
        None => names.push((name.clone(), value)),
    }
}

fn number(tuples: &mut [Tuple], name: Option<&Arc<str>>) {
    if let Some(name) = name {
        for (place, tuple) in tuples.iter_mut().enumerate() {
            set(&mut tuple.names, name, Value::Number(place as f64));
        }
    }
}

/// The position that a predicate names, where it is a plain number.
fn position(filter: &Node) -> Option<f64> {
    match filter.kind {
        Kind::Number(number) if filter.stages.is_empty() => Some(number),
        _ => None,
    }
}

/// An index from a position, which counts from the end where it is negative.
fn at(position: f64, length: usize) -> Option<usize> {
    let position = position.floor();
    let position = if position < 0.0 { position + length as f64 } else { position };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within the list")]
    (position >= 0.0 && position < length as f64).then_some(position as usize)
}

/// Takes the item as often as a predicate's outcome says: by position, or by truth.
fn keep(verdict: &Value, index: usize, length: usize, mut take: impl FnMut()) {
    let here =
        |value: &&Value| matches!(value, Value::Number(position) if at(*position, length) == Some(index));
    let times = match verdict {
        Value::Number(_) => usize::from(here(&verdict)),
        Value::List(list)
            if !list.items.is_empty() && list.items.iter().all(|item| matches!(item, Value::Number(_))) =>
        {
            list.items.iter().filter(here).count()
        }
        other => usize::from(other.truth()),
    };
    (0..times).for_each(|_| take());
}

fn flatten(value: &Value, into: &mut Vec<Value>) {
    match value {
        Value::List(list) => list.items.iter().for_each(|item| flatten(item, into)),
        other => into.push(other.clone()),
    }
}

fn descend(value: &Value, into: &mut Vec<Value>) {
    match value {
        Value::Nothing => {}
        Value::List(list) => list.items.iter().for_each(|item| descend(item, into)),
        Value::Object(object) => {
            into.push(value.clone());
            object.members.values().for_each(|item| descend(item, into));
        }
        other => into.push(other.clone()),
    }
}
