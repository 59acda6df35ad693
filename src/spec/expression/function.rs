//! An expression over attributes, kept until they are known.

use super::functions::{self, Meter};
use super::{room, values};
use crate::model::{Attributes, Function, Reference, Template, Unknown, Value};
use cel::common::ast::IdedExpr;
use cel::{Context, Env, ExecutionError, Value as Cel};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What stands at a path of names while the expression is evaluated.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) names: Vec<String>,
    pub(super) template: Template,
}

/// A CEL expression with what it names.
pub(super) struct Expression {
    written: String,
    tree: IdedExpr,
    bindings: Vec<Binding>,
    references: Vec<Reference>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}}}", self.written)
    }
}

impl Expression {
    /// `tree` is what was written, watched by [`functions`].
    pub(super) fn new(written: &str, tree: IdedExpr, bindings: Vec<Binding>) -> Self {
        let mut references = Vec::new();
        for binding in &bindings {
            binding.template.references(&mut |reference| references.push(reference.clone()));
        }
        Self { written: written.to_owned(), tree, bindings, references }
    }

    /// Whether no attribute is in it.
    pub(super) fn is_constant(&self) -> bool {
        self.references.is_empty()
    }

    /// The values of what it names. An unknown one among them makes the result unknown.
    pub(super) fn operands(&self, attributes: &dyn Attributes) -> Operands {
        let mut operands = Operands::default();
        for binding in &self.bindings {
            let value = binding.template.evaluate(attributes);
            operands.secret |= value.has_secrets();
            for cause in value.unknowns() {
                if !operands.unknown.contains(&cause) {
                    operands.unknown.push(cause);
                }
            }
            operands.values.push(value);
        }
        operands
    }

    /// Its value, and what it cost; the caller has given it enough stack. What comes of a secret is
    /// one.
    pub(super) fn compute(&self, operands: &Operands) -> (Result<Value, String>, u64) {
        let meter = Meter::new();
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        functions::add_to(&mut context, &meter);
        let mut names = Names::default();
        for (binding, value) in self.bindings.iter().zip(&operands.values) {
            if let Some(value) = values::to_cel(value) {
                names.insert(&binding.names, value);
            }
        }
        for (name, value) in names.0 {
            if let Some(value) = value.into_cel() {
                context.add_variable_from_value(name, value);
            }
        }
        let result = context.resolve(&self.tree).map_err(|error| complaint(&error));
        let result = result.and_then(|value| {
            values::from_cel(&value)
                .map_err(|what| format!("its value is {what}, which can't stand in a stack"))
        });
        (result.map(|value| operands.hide(value)), meter.spent())
    }
}

/// What an expression names, evaluated.
#[derive(Default)]
pub(super) struct Operands {
    values: Vec<Value>,
    unknown: Vec<Unknown>,
    secret: bool,
}

impl Operands {
    fn hide(&self, value: Value) -> Value {
        if self.secret { Value::Sensitive(Box::new(value)) } else { value }
    }
}

impl Function for Expression {
    fn references(&self) -> &[Reference] {
        &self.references
    }

    fn call(&self, attributes: &dyn Attributes) -> Value {
        let operands = self.operands(attributes);
        if !operands.unknown.is_empty() {
            return operands.hide(Value::Unknown(operands.unknown.clone().into()));
        }
        let result = room::with_stack(|| self.compute(&operands).0).and_then(|result| result);
        result.unwrap_or_else(|why| {
            let reason = format!("`${{{}}}` can't be evaluated: {why}", self.written);
            match self.references.first() {
                Some(first) => Value::unknown(first.address.clone(), first.property.clone(), reason),
                None => Value::Null,
            }
        })
    }
}

/// Values by their dotted names.
#[derive(Default)]
struct Names(BTreeMap<String, Bound>);

enum Bound {
    Value(Cel),
    Names(Names),
}

impl Names {
    /// What stands at a shorter name has the longer one in it.
    fn insert(&mut self, names: &[String], value: Cel) {
        let Some((first, rest)) = names.split_first() else { return };
        if rest.is_empty() {
            // `has(config.x)` of an absent one binds an empty `config`: it must not hide others.
            let empty = matches!(&value, Cel::Map(map) if map.map.is_empty());
            if empty && self.0.contains_key(first) {
                return;
            }
            let slot = if empty { Bound::Names(Names::default()) } else { Bound::Value(value) };
            self.0.insert(first.clone(), slot);
            return;
        }
        let slot = self.0.entry(first.clone()).or_insert_with(|| Bound::Names(Names::default()));
        if let Bound::Names(below) = slot {
            below.insert(rest, value);
        }
    }
}

impl Bound {
    fn into_cel(self) -> Option<Cel> {
        match self {
            Self::Value(value) => Some(value),
            Self::Names(names) => {
                values::map(names.0.into_iter().map(|(name, bound)| Some((name, bound.into_cel()?))))
            }
        }
    }
}

/// Why an evaluation failed, for people.
fn complaint(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no key `{key}`"),
        ExecutionError::UndeclaredReference(name) => format!("`{name}` is not known"),
        ExecutionError::NoSuchOverload(overload) => {
            let name = overload.function().trim_matches('_');
            let types: Vec<&str> =
                overload.argument_types().iter().map(|name| cel_type(name.as_str())).collect();
            format!("`{name}` can't be applied to {}", types.join(" and "))
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "a number is divided by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list has no item of that index".to_owned(),
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("a function takes {expected} arguments, not {actual}")
        }
        ExecutionError::DuplicateKey(_) => "a map has a key twice".to_owned(),
        // The regular expressions' reader draws its complaint over several lines; its last says it.
        ExecutionError::FunctionError { message, .. } => match message.split_once("not a valid regex") {
            Some((text, why)) => {
                let why = why.lines().last().unwrap_or("").trim().trim_start_matches("error: ");
                format!("`{}` isn't a regular expression: {why}", text.trim().trim_matches('\''))
            }
            None => message.clone(),
        },
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            let operator = match *operator {
                "add" => "+",
                "sub" => "-",
                "mul" => "*",
                "div" => "/",
                "rem" => "%",
                other => other,
            };
            format!("`{operator}` can't be applied to {} and {}", type_name(left), type_name(right))
        }
        ExecutionError::ValuesNotComparable(left, right) => {
            format!("{} and {} can't be compared", type_name(left), type_name(right))
        }
        ExecutionError::UnsupportedIndex(..) => "a value can't be indexed like that".to_owned(),
        _ => "a value in it has the wrong type".to_owned(),
    }
}

/// The same of CEL's name for a type.
fn cel_type(name: &str) -> &str {
    match name {
        "list" => "a list",
        "map" => "a map",
        "int" | "uint" | "float" | "double" => "a number",
        "string" => "text",
        "bool" => "a boolean",
        other => other,
    }
}

/// The language's word for a value's type, with its article.
fn type_name(value: &Cel) -> &'static str {
    match value {
        Cel::List(_) => "a list",
        Cel::Map(_) => "a map",
        Cel::Int(_) | Cel::UInt(_) | Cel::Float(_) => "a number",
        Cel::String(_) => "text",
        Cel::Bool(_) => "a boolean",
        Cel::Null => "null",
        _ => "something else",
    }
}
