//! Evaluates an expression.
//!
//! Frames (the variables of a block, a call, an item) live in one list until the end and name each
//! other by number, so closures need no garbage collector. Steps, depth and the amount of what is
//! made are counted against [`Limits`]: no expression can hang or exhaust memory or stack.

mod calls;
mod group;
mod operators;
mod order;
mod path;
mod transform;

pub(super) use calls::arity;
pub(super) use operators::finite;
pub(super) use order::by_units;

use super::fault::{BUDGET, Fault, NOWHERE, Outcome};
use super::functions::{self, Builtin};
use super::syntax::{Kind, Node, Stage};
use super::value::{Function, Tuple, Value};
use super::{Context, Expression};
use std::rc::Rc;
use std::sync::Arc;

/// How much an evaluation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes evaluated and functions called.
    pub steps: u64,
    /// Evaluations within evaluations. The default fits a stack of 2 MiB.
    pub depth: usize,
    /// Items and bytes of text made, in all.
    pub size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 500_000, depth: 220, size: 4_000_000 }
    }
}

/// The variables of one block, call or item.
struct Frame {
    parent: Option<usize>,
    names: Vec<(Arc<str>, Value)>,
}

pub(super) struct Evaluator<'e> {
    pub(super) context: &'e Context,
    expression: &'e Expression,
    frames: Vec<Frame>,
    labels: Vec<Arc<str>>,
    steps: u64,
    depth: usize,
    size: u64,
    pub(super) drawn: u64,
}

impl<'e> Evaluator<'e> {
    pub(super) fn new(expression: &'e Expression, context: &'e Context) -> Self {
        Self {
            context,
            expression,
            frames: Vec::new(),
            labels: expression.slots.iter().map(|label| format!("%{label}").into()).collect(),
            steps: 0,
            depth: 0,
            size: 0,
            drawn: 0,
        }
    }

    /// Evaluates the whole expression with an input.
    pub(super) fn run(&mut self, input: Value, variables: Vec<(Arc<str>, Value)>) -> Outcome<Value> {
        let whole = input.clone();
        let input = match input {
            // A list is one input, not many.
            Value::List(_) => {
                let mut around = super::value::List::sequence(vec![input]);
                around.outer = true;
                Value::from(around)
            }
            other => other,
        };
        let outer = self.frame(None, variables);
        let frame = self.frame(Some(outer), vec![("$".into(), whole)]);
        self.evaluate(&self.expression.root, &input, frame)
    }

    fn frame(&mut self, parent: Option<usize>, names: Vec<(Arc<str>, Value)>) -> usize {
        self.frames.push(Frame { parent, names });
        self.frames.len() - 1
    }

    fn bind(&mut self, frame: usize, name: &Arc<str>, value: Value) {
        if let Some(frame) = self.frames.get_mut(frame) {
            match frame.names.iter_mut().find(|(known, _)| known == name) {
                Some((_, bound)) => *bound = value,
                None => frame.names.push((name.clone(), value)),
            }
        }
    }

    fn tuple_frame(&mut self, frame: usize, tuple: &Tuple) -> usize {
        self.frame(Some(frame), tuple.names.clone())
    }

    /// What a name stands for: a variable, or else a function of the library.
    fn lookup(&self, name: &str, frame: usize) -> Value {
        let mut at = Some(frame);
        while let Some(frame) = at.and_then(|frame| self.frames.get(frame)) {
            if let Some((_, value)) = frame.names.iter().find(|(known, _)| **known == *name) {
                return value.clone();
            }
            at = frame.parent;
        }
        functions::find(name).map_or(Value::Nothing, |builtin| Function::Builtin(builtin).into())
    }

    /// Counts what is about to be made.
    pub(super) fn charge(&mut self, amount: usize) -> Outcome<()> {
        self.size = self.size.saturating_add(amount as u64);
        if self.size > self.context.limits.size {
            return Err(Fault::new(BUDGET, "the expression makes too much"));
        }
        Ok(())
    }

    /// A text, counted.
    pub(super) fn text(&mut self, text: String) -> Outcome<Value> {
        self.charge(text.len())?;
        Ok(text.into())
    }

    fn deeper(&mut self) -> Outcome<()> {
        self.steps += 1;
        if self.steps > self.context.limits.steps {
            return Err(Fault::new(BUDGET, "the expression takes too many steps"));
        }
        self.depth += 1;
        if self.depth > self.context.limits.depth {
            return Err(Fault::new(BUDGET, "the expression goes too deep"));
        }
        Ok(())
    }

    pub(super) fn evaluate(&mut self, node: &Node, input: &Value, frame: usize) -> Outcome<Value> {
        let value = self.deeper().and_then(|()| self.kind(node, input, frame));
        let value = value.and_then(|value| self.finish(node, value, frame));
        self.depth = self.depth.saturating_sub(1);
        value.map_err(|mut fault| {
            if fault.offset == NOWHERE {
                fault.offset = node.at;
            }
            fault
        })
    }

    fn kind(&mut self, node: &Node, input: &Value, frame: usize) -> Outcome<Value> {
        match &node.kind {
            Kind::Path { steps, keep_singleton } => self.path(node, steps, *keep_singleton, input, frame),
            Kind::Name(name) => Ok(lookup(input, name)),
            Kind::Text(text) => Ok(Value::Text((**text).into())),
            Kind::Number(number) => Ok(Value::Number(*number)),
            Kind::Constant(constant) => Ok(constant.map_or(Value::Null, Value::Bool)),
            Kind::Wildcard => self.wildcard(input),
            Kind::Descendants => self.descendants(input),
            Kind::Parent(slot) => {
                let label = self.labels.get(*slot).cloned().unwrap_or_default();
                Ok(self.lookup(&label, frame))
            }
            Kind::Variable(name) => Ok(self.variable(name, input, frame)),
            Kind::Regex(regex) => Ok(Function::Regex(regex.clone()).into()),
            Kind::Array(items) => self.array(node, items, input, frame),
            Kind::Object(pairs) => self.group(pairs, input, frame),
            Kind::Negate(inner) => self.negate(inner, input, frame),
            Kind::Binary { operator, left, right } => self.binary(*operator, left, right, input, frame),
            Kind::Bind { name, value } => {
                let value = self.evaluate(value, input, frame)?;
                self.bind(frame, name, value.clone());
                Ok(value)
            }
            Kind::Condition { when, then, otherwise } => {
                if self.evaluate(when, input, frame)?.truth() {
                    return self.evaluate(then, input, frame);
                }
                otherwise.as_ref().map_or(Ok(Value::Nothing), |node| self.evaluate(node, input, frame))
            }
            Kind::Default { value, otherwise } => {
                let value = self.evaluate(value, input, frame)?;
                if value.truth() { Ok(value) } else { self.evaluate(otherwise, input, frame) }
            }
            Kind::Coalesce { value, otherwise } => {
                let value = self.evaluate(value, input, frame)?;
                if value.is_nothing() { self.evaluate(otherwise, input, frame) } else { Ok(value) }
            }
            Kind::Block(expressions) => self.block(expressions, input, frame),
            Kind::Call { function, arguments } => self.call(function, arguments, None, input, frame),
            Kind::Partial { function, arguments } => self.partial(function, arguments, input, frame),
            Kind::Lambda(lambda) => {
                let context = input.clone();
                Ok(Value::from(Function::Lambda { lambda: lambda.clone(), frame, context }))
            }
            Kind::Transform(transform) => {
                Ok(Value::from(Function::Transform { transform: transform.clone(), frame }))
            }
            Kind::Apply { left, right } => self.apply_to(left, right, input, frame),
            Kind::Sort(_) | Kind::Placeholder => {
                Err(Fault::at("S0206", node.at, "this has no value of its own"))
            }
        }
    }

    /// Predicates and grouping of the value as a whole; then a sequence of one is its item.
    fn finish(&mut self, node: &Node, mut value: Value, frame: usize) -> Outcome<Value> {
        if node.whole {
            for stage in &node.stages {
                if let Stage::Filter(filter) = stage {
                    value = self.filter(filter, &value, frame)?;
                }
            }
        }
        if let (Some(group), false) = (&node.group, matches!(node.kind, Kind::Path { .. })) {
            value = self.group(group, &value, frame)?;
        }
        if let Value::List(list) = &mut value
            && list.sequence
        {
            if node.keep_array {
                Rc::make_mut(list).keep = true;
            }
            match (&list.items[..], list.keep) {
                ([], _) => value = Value::Nothing,
                ([only], false) => value = only.clone(),
                _ => {}
            }
        }
        Ok(value)
    }

    fn variable(&self, name: &str, input: &Value, frame: usize) -> Value {
        match (name, input) {
            ("", Value::List(list)) if list.outer => list.items.first().cloned().unwrap_or(Value::Nothing),
            ("", _) => input.clone(),
            _ => self.lookup(name, frame),
        }
    }

    fn block(&mut self, expressions: &[Node], input: &Value, frame: usize) -> Outcome<Value> {
        let frame = self.frame(Some(frame), Vec::new());
        let mut value = Value::Nothing;
        for expression in expressions {
            value = self.evaluate(expression, input, frame)?;
        }
        Ok(value)
    }
}

/// What a field holds; of a list, what the field of each item holds.
pub(super) fn lookup(input: &Value, name: &str) -> Value {
    match input {
        Value::Object(object) => object.members.get(name).cloned().unwrap_or(Value::Nothing),
        Value::List(list) => {
            let mut found = Vec::new();
            for item in &list.items {
                match lookup(item, name) {
                    Value::Nothing => {}
                    Value::List(inner) => found.extend(inner.items.iter().cloned()),
                    other => found.push(other),
                }
            }
            Value::sequence(found)
        }
        _ => Value::Nothing,
    }
}
