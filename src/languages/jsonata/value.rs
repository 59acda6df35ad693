//! Values while an expression is evaluated.
//!
//! Beside JSON there is *nothing* (what a missing field gives), functions, and lists that know how
//! they came about: a *sequence*, the outcome of a step, is flattened and stands for its item where
//! it has just one. Numbers are 64-bit floats, as in the reference.
//!
//! Every list, object and function knows how deep it is, so that neither comparing nor dropping one
//! can exhaust the stack.

use super::fault::{BUDGET, Fault, Outcome};
use super::functions::Builtin;
use super::regex::Regex;
use super::syntax::{Lambda, Transform};
use indexmap::IndexMap;
use serde_json::Value as Json;
use std::rc::Rc;
use std::sync::Arc;

/// Values may be nested this deep.
pub(super) const DEEPEST: usize = 200;

#[derive(Debug, Clone)]
pub(super) enum Value {
    Nothing,
    Null,
    Bool(bool),
    Number(f64),
    Text(Rc<str>),
    List(Rc<List>),
    Object(Rc<Object>),
    Function(Rc<Function>),
    /// Items with names and ancestors, between the steps of a path.
    Tuples(Rc<Vec<Tuple>>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub(super) items: Vec<Value>,
    /// The outcome of a step.
    pub(super) sequence: bool,
    /// Stays a list with one item.
    pub(super) keep: bool,
    /// Made by brackets in a path: not flattened.
    pub(super) constructed: bool,
    /// Around an input that is a list.
    pub(super) outer: bool,
    depth: usize,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    pub(super) members: IndexMap<Rc<str>, Value>,
    depth: usize,
}

/// One item of a path with what is known by name about it.
#[derive(Debug, Clone)]
pub(super) struct Tuple {
    pub(super) item: Value,
    pub(super) names: Vec<(Arc<str>, Value)>,
}

#[derive(Debug)]
pub(super) enum Function {
    Builtin(&'static Builtin),
    Lambda {
        lambda: Arc<Lambda>,
        /// The frame that it was written in, and the context there.
        frame: usize,
        context: Value,
    },
    Transform {
        transform: Arc<Transform>,
        frame: usize,
    },
    Partial {
        function: Rc<Function>,
        arguments: Vec<Option<Value>>,
        depth: usize,
    },
    /// One after the other.
    Chain {
        first: Rc<Function>,
        second: Rc<Function>,
        depth: usize,
    },
    Regex(Arc<Regex>),
    /// The further matches of a regular expression in a text.
    NextMatch {
        regex: Arc<Regex>,
        text: Rc<str>,
        from: usize,
    },
}

impl List {
    pub(super) fn plain(items: Vec<Value>) -> Self {
        let depth = items.iter().map(Value::depth).max().unwrap_or(0) + 1;
        Self { items, depth, ..Self::default() }
    }

    pub(super) fn sequence(items: Vec<Value>) -> Self {
        Self { sequence: true, ..Self::plain(items) }
    }

    /// Other items, come about in the same way.
    pub(super) fn with(&self, items: Vec<Value>) -> Self {
        Self { sequence: self.sequence, ..Self::plain(items) }
    }
}

impl Object {
    pub(super) fn new(members: IndexMap<Rc<str>, Value>) -> Self {
        let depth = members.values().map(Value::depth).max().unwrap_or(0) + 1;
        Self { members, depth }
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(Rc::new(list))
    }
}

impl From<IndexMap<Rc<str>, Value>> for Value {
    fn from(members: IndexMap<Rc<str>, Value>) -> Self {
        Self::Object(Rc::new(Object::new(members)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Function> for Value {
    fn from(function: Function) -> Self {
        Self::Function(Rc::new(function))
    }
}

impl Function {
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Builtin(_) | Self::Regex(_) | Self::NextMatch { .. } | Self::Transform { .. } => 0,
            Self::Lambda { context, .. } => context.depth() + 1,
            Self::Partial { depth, .. } | Self::Chain { depth, .. } => *depth,
        }
    }
}

impl Value {
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            Self::Object(object) => object.depth,
            Self::Function(function) => function.depth(),
            Self::Tuples(tuples) => {
                let deepest = |tuple: &Tuple| {
                    let names = tuple.names.iter().map(|(_, value)| value.depth());
                    names.chain([tuple.item.depth()]).max().unwrap_or(0)
                };
                tuples.iter().map(deepest).max().unwrap_or(0) + 1
            }
            _ => 0,
        }
    }

    /// Refuses what is nested too deep.
    pub(super) fn bounded(self) -> Outcome<Self> {
        if self.depth() > DEEPEST {
            return Err(Fault::new(BUDGET, format!("values are nested more than {DEEPEST} deep")));
        }
        Ok(self)
    }

    pub(super) fn sequence(items: Vec<Self>) -> Self {
        List::sequence(items).into()
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        List::plain(items).into()
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// The letter of its type in a function's signature.
    pub(super) fn letter(&self) -> char {
        match self {
            Self::Nothing => 'm',
            Self::Null => 'l',
            Self::Bool(_) => 'b',
            Self::Number(_) => 'n',
            Self::Text(_) => 's',
            Self::List(_) | Self::Tuples(_) => 'a',
            Self::Object(_) => 'o',
            Self::Function(_) => 'f',
        }
    }

    /// What it counts for where a truth is wanted.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Nothing | Self::Null | Self::Function(_) => false,
            Self::Bool(truth) => *truth,
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Object(object) => !object.members.is_empty(),
            Self::List(list) => list.items.iter().any(Self::truth),
            Self::Tuples(tuples) => tuples.iter().any(|tuple| tuple.item.truth()),
        }
    }

    /// Equal in depth. Functions equal nothing but themselves.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, Self::Nothing) | (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.items.len() == b.items.len() && a.items.iter().zip(&b.items).all(|(a, b)| a.same(b))
            }
            (Self::Object(a), Self::Object(b)) => {
                a.members.len() == b.members.len()
                    && a.members.iter().all(|(k, a)| b.members.get(k).is_some_and(|b| a.same(b)))
            }
            (Self::Function(a), Self::Function(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// As items: of a list its own, of anything else itself, of nothing none.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::Nothing => &[],
            Self::List(list) => &list.items,
            other => std::slice::from_ref(other),
        }
    }

    /// From JSON.
    pub(super) fn read(json: &Json, depth: usize) -> Outcome<Self> {
        if depth > DEEPEST {
            return Err(Fault::new(BUDGET, format!("the input is nested more than {DEEPEST} deep")));
        }
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::Number(number.as_f64().unwrap_or(0.0)),
            Json::String(text) => text.as_str().into(),
            Json::Array(items) => {
                Self::list(items.iter().map(|item| Self::read(item, depth + 1)).collect::<Outcome<_>>()?)
            }
            Json::Object(members) => {
                let mut object = IndexMap::with_capacity(members.len());
                for (key, value) in members {
                    object.insert(key.as_str().into(), Self::read(value, depth + 1)?);
                }
                object.into()
            }
        })
    }

    /// As JSON. Nothing and functions have no JSON: in an object they are left out, in a list they
    /// are null.
    pub(super) fn write(&self) -> Option<Json> {
        Some(match self {
            Self::Nothing | Self::Function(_) => return None,
            Self::Null => Json::Null,
            Self::Bool(truth) => Json::Bool(*truth),
            Self::Number(number) => number_json(*number),
            Self::Text(text) => Json::String((**text).to_owned()),
            Self::List(list) => {
                Json::Array(list.items.iter().map(|item| item.write().unwrap_or(Json::Null)).collect())
            }
            Self::Object(object) => Json::Object(
                object
                    .members
                    .iter()
                    .filter_map(|(key, value)| Some(((**key).to_owned(), value.write()?)))
                    .collect(),
            ),
            Self::Tuples(tuples) => {
                Json::Array(tuples.iter().map(|tuple| tuple.item.write().unwrap_or(Json::Null)).collect())
            }
        })
    }
}

/// Whole numbers without a fraction part.
fn number_json(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 53 bits")]
        return Json::from(number as i64);
    }
    serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number)
}
