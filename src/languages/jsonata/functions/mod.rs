//! The functions that every expression can call.
//!
//! Source: docs.jsonata.org, "Functions"; where it is silent, what the reference implementation
//! answers. Each family is a table of rows; one more table here makes its functions known.

mod digits;
mod encoding;
mod higher;
pub(super) mod integer;
mod list;
pub(super) mod matching;
mod moment;
mod number;
mod object;
mod picture;
pub(super) mod text;

use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, UNSUPPORTED};
use super::signature::Signature;
use super::value::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

type Call = fn(&mut Evaluator<'_>, &[Value]) -> Outcome<Value>;

/// Name, signature, how many arguments it takes from a function that calls it back, what it does.
struct Row(&'static str, &'static str, usize, Call);

/// A function of the library.
#[derive(Debug)]
pub(super) struct Builtin {
    pub(super) name: &'static str,
    pub(super) arity: usize,
    signature: Signature,
    pub(super) call: Call,
}

impl Builtin {
    pub(super) fn signature(&self) -> &Signature {
        &self.signature
    }
}

const TABLES: &[&[Row]] = &[
    text::TABLE,
    matching::TABLE,
    encoding::TABLE,
    number::TABLE,
    list::TABLE,
    object::TABLE,
    higher::TABLE,
    moment::TABLE,
    UNKNOWABLE,
];

const UNKNOWABLE: &[Row] = &[Row("eval", "<sx?:x>", 2, |_, _| {
    Err(Fault::new(UNSUPPORTED, "$eval isn't supported: an expression made at run time can't be checked"))
})];

static ALL: LazyLock<HashMap<&'static str, Builtin>> = LazyLock::new(|| {
    let rows = TABLES.iter().copied().flatten();
    rows.map(|Row(name, signature, arity, call)| {
        // A test reads each of them.
        let signature = Signature::parse(signature).unwrap_or_default();
        (*name, Builtin { name, arity: *arity, signature, call: *call })
    })
    .collect()
});

/// The function of this name, without its `$`.
pub(super) fn find(name: &str) -> Option<&'static Builtin> {
    ALL.get(name)
}

/// Whether JSONata has a function of this name, without its `$`.
#[must_use]
pub fn exists(name: &str) -> bool {
    ALL.contains_key(name)
}

/// The argument at a place; nothing if there is none.
fn argument(arguments: &[Value], place: usize) -> &Value {
    arguments.get(place).unwrap_or(&Value::Nothing)
}

/// A string argument; its type has been checked before.
fn string(arguments: &[Value], place: usize) -> Option<&str> {
    match argument(arguments, place) {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn numeric(arguments: &[Value], place: usize) -> Option<f64> {
    match argument(arguments, place) {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signature_can_be_read_and_no_name_is_taken_twice() {
        let rows: Vec<&Row> = TABLES.iter().copied().flatten().collect();
        for Row(name, signature, ..) in &rows {
            assert!(Signature::parse(signature).is_ok(), "{name}");
        }
        assert_eq!(ALL.len(), rows.len());
    }
}
