//! JSONata: a language that queries JSON and makes JSON of it.
//!
//! The whole grammar of JSONata 2 and its functions; an expression is read once and evaluated as
//! often as wanted, in bounded time and space. Without a clock: `$now` and `$millis` give the time
//! that the [`Context`] holds. Source: docs.jsonata.org; where that is silent, the answers of the
//! reference implementation.

mod alternatives;
mod evaluate;
mod fault;
mod functions;
mod names;
mod parse;
mod pattern;
mod regex;
mod signature;
mod syntax;
mod token;
mod value;

pub use alternatives::alternatives;
pub use evaluate::Limits;
pub use fault::{BUDGET, Fault, UNSUPPORTED};
pub use functions::exists as is_function;
pub use names::Unknown;
pub use pattern::Pattern;

use serde_json::Value as Json;
use std::sync::Arc;
use value::Value;

/// An expression that has been read.
#[derive(Debug)]
pub struct Expression {
    root: syntax::Node,
    /// For each `%` the label of its ancestor.
    slots: Vec<usize>,
}

/// What an evaluation knows beside its input.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The time, in milliseconds since 1970. Without it `$now` and `$millis` are unsupported.
    pub now: Option<i64>,
    /// Where `$random` and `$shuffle` begin. Without it they are unsupported.
    pub seed: Option<u64>,
    /// Variables, without their `$`.
    pub variables: Vec<(String, Json)>,
    /// How much it may take.
    pub limits: Limits,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        match parse::parse(text) {
            Ok((root, slots)) => Ok(Self { root, slots }),
            Err(fault) => Err(placed(*fault, 0)),
        }
    }

    /// What it gives for an input; `None` where it gives nothing, or a function.
    ///
    /// # Errors
    /// What went wrong, and where in the expression.
    pub fn evaluate(&self, input: Option<&Json>, context: &Context) -> Result<Option<Json>, Fault> {
        self.run(input, context).map_err(|fault| placed(*fault, self.root.at))
    }

    fn run(&self, input: Option<&Json>, context: &Context) -> fault::Outcome<Option<Json>> {
        let input = input.map_or(Ok(Value::Nothing), |json| Value::read(json, 0))?;
        let mut variables = Vec::with_capacity(context.variables.len());
        for (name, json) in &context.variables {
            variables.push((Arc::from(name.as_str()), Value::read(json, 0)?));
        }
        Ok(evaluate::Evaluator::new(self, context).run(input, variables)?.write())
    }
}

fn placed(mut fault: Fault, at: usize) -> Fault {
    if fault.offset == fault::NOWHERE {
        fault.offset = at;
    }
    fault
}

#[cfg(test)]
mod tests;
