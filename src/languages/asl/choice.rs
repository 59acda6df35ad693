//! The rules of a Choice state: comparisons in JSONPath, conditions in JSONata.

use super::definition::QueryLanguage;
use super::fields::{Shape, is_jsonata};
use crate::languages::{Kind, Problem, is_opaque, pointer};
use serde_json::{Map, Value};

/// One entry of `Choices`.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Where it is.
    pub pointer: String,
    /// When it is taken.
    pub rule: Rule,
    /// The state it leads to.
    pub next: String,
    /// The variables it sets.
    pub assign: Option<Value>,
    /// What it hands on (JSONata).
    pub output: Option<Value>,
}

/// When a branch is taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// All of them hold.
    And(Vec<Rule>),
    /// At least one holds.
    Or(Vec<Rule>),
    /// It doesn't hold.
    Not(Box<Rule>),
    /// A comparison (JSONPath).
    Compare {
        /// What is looked at: a path.
        variable: String,
        /// Its name in the definition: `StringEquals`, `NumericLessThanPath`,
        /// `IsPresent`.
        operator: &'static str,
        /// What it is compared with; a path where the operator ends in `Path`.
        operand: Value,
    },
    /// An expression, a truth value, or a stack expression (JSONata).
    Condition(Value),
}

/// What an operator compares.
#[derive(Clone, Copy, PartialEq)]
enum Operand {
    Text,
    Number,
    Boolean,
    Timestamp,
    Path,
}

#[rustfmt::skip]
const OPERATORS: &[(&str, Operand)] = &[
    ("BooleanEquals", Operand::Boolean), ("BooleanEqualsPath", Operand::Path),
    ("IsBoolean", Operand::Boolean), ("IsNull", Operand::Boolean), ("IsNumeric", Operand::Boolean),
    ("IsPresent", Operand::Boolean), ("IsString", Operand::Boolean), ("IsTimestamp", Operand::Boolean),
    ("NumericEquals", Operand::Number), ("NumericEqualsPath", Operand::Path),
    ("NumericGreaterThan", Operand::Number), ("NumericGreaterThanPath", Operand::Path),
    ("NumericGreaterThanEquals", Operand::Number), ("NumericGreaterThanEqualsPath", Operand::Path),
    ("NumericLessThan", Operand::Number), ("NumericLessThanPath", Operand::Path),
    ("NumericLessThanEquals", Operand::Number), ("NumericLessThanEqualsPath", Operand::Path),
    ("StringEquals", Operand::Text), ("StringEqualsPath", Operand::Path),
    ("StringGreaterThan", Operand::Text), ("StringGreaterThanPath", Operand::Path),
    ("StringGreaterThanEquals", Operand::Text), ("StringGreaterThanEqualsPath", Operand::Path),
    ("StringLessThan", Operand::Text), ("StringLessThanPath", Operand::Path),
    ("StringLessThanEquals", Operand::Text), ("StringLessThanEqualsPath", Operand::Path),
    ("StringMatches", Operand::Text),
    ("TimestampEquals", Operand::Timestamp), ("TimestampEqualsPath", Operand::Path),
    ("TimestampGreaterThan", Operand::Timestamp), ("TimestampGreaterThanPath", Operand::Path),
    ("TimestampGreaterThanEquals", Operand::Timestamp), ("TimestampGreaterThanEqualsPath", Operand::Path),
    ("TimestampLessThan", Operand::Timestamp), ("TimestampLessThanPath", Operand::Path),
    ("TimestampLessThanEquals", Operand::Timestamp), ("TimestampLessThanEqualsPath", Operand::Path),
];

/// Rules within rules are read this deep.
const DEEPEST: usize = 50;

/// Reads one entry of `Choices`; none where it has no rule or goes nowhere.
pub(super) fn branch(
    value: &Value,
    language: QueryLanguage,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<Branch> {
    let Some(fields) = value.as_object() else {
        problems.push(Problem::new(at, Kind::Schema, "a choice has to be an object"));
        return None;
    };
    for key in ["Assign", "Output"] {
        if let Some(value) = fields.get(key) {
            let here = pointer::child(at, key);
            Shape::Template.check(key, value, language, &here, problems);
        }
    }
    let next = match fields.get("Next") {
        Some(Value::String(next)) => Some(next.clone()),
        Some(_) => {
            let here = pointer::child(at, "Next");
            problems.push(Problem::new(here, Kind::Schema, "the value of field `Next` has to be a string"));
            None
        }
        None => {
            problems.push(Problem::new(at, Kind::Schema, "a choice needs the field `Next`"));
            None
        }
    };
    let rule = match language {
        QueryLanguage::JsonPath => comparison(fields, true, at, 0, problems),
        QueryLanguage::Jsonata => condition(fields, at, problems),
    };
    Some(Branch {
        pointer: at.to_owned(),
        rule: rule?,
        next: next?,
        assign: fields.get("Assign").cloned(),
        output: fields.get("Output").cloned(),
    })
}

fn condition(fields: &Map<String, Value>, at: &str, problems: &mut Vec<Problem>) -> Option<Rule> {
    for key in fields.keys() {
        if !matches!(key.as_str(), "Condition" | "Next" | "Assign" | "Output" | "Comment") {
            problems.push(Problem::new(
                pointer::child(at, key),
                Kind::Schema,
                format!("field `{key}` isn't supported in a choice written in JSONata"),
            ));
        }
    }
    match fields.get("Condition") {
        None => {
            problems.push(Problem::new(at, Kind::Schema, "a choice needs the field `Condition`"));
            None
        }
        Some(value) => {
            let fits =
                value.is_boolean() || value.as_str().is_some_and(|text| is_jsonata(text) || is_opaque(text));
            if !fits {
                problems.push(Problem::new(
                    pointer::child(at, "Condition"),
                    Kind::Schema,
                    "the value of field `Condition` has to be a JSONata expression: `{% … %}`",
                ));
            }
            if fits {
                let here = pointer::child(at, "Condition");
                Shape::Template.check("Condition", value, QueryLanguage::Jsonata, &here, problems);
            }
            fits.then(|| Rule::Condition(value.clone()))
        }
    }
}

fn comparison(
    fields: &Map<String, Value>,
    top: bool,
    at: &str,
    depth: usize,
    problems: &mut Vec<Problem>,
) -> Option<Rule> {
    if depth > DEEPEST {
        problems.push(Problem::new(at, Kind::TooDeeplyNested, "this rule is too deep within rules"));
        return None;
    }
    let mut rules = Vec::new();
    for (key, value) in fields {
        let here = pointer::child(at, key);
        match key.as_str() {
            "Variable" | "Comment" => {}
            "Next" | "Assign" if top => {}
            "And" | "Or" => {
                let Some(inner) = value.as_array().filter(|inner| !inner.is_empty()) else {
                    problems.push(Problem::new(
                        here,
                        Kind::Schema,
                        format!("the value of field `{key}` has to be an array of at least one rule"),
                    ));
                    rules.push(None);
                    continue;
                };
                let all: Vec<Option<Rule>> = inner
                    .iter()
                    .enumerate()
                    .map(|(index, rule)| inside(rule, &pointer::element(&here, index), depth, problems))
                    .collect();
                let all: Option<Vec<Rule>> = all.into_iter().collect();
                rules.push(all.map(if key == "And" { Rule::And } else { Rule::Or }));
            }
            "Not" => {
                let rule = inside(value, &here, depth, problems);
                rules.push(rule.map(|rule| Rule::Not(Box::new(rule))));
            }
            _ => rules.push(operator(key, value, fields, at, &here, problems)),
        }
    }
    if rules.len() != 1 {
        let message = if rules.is_empty() {
            "a rule needs one comparison, `And`, `Or` or `Not`"
        } else {
            "a rule has one comparison: use `And` for several"
        };
        problems.push(Problem::new(at, Kind::Schema, message));
        return None;
    }
    rules.pop().flatten()
}

fn inside(value: &Value, at: &str, depth: usize, problems: &mut Vec<Problem>) -> Option<Rule> {
    match value.as_object() {
        Some(fields) => comparison(fields, false, at, depth + 1, problems),
        None => {
            problems.push(Problem::new(at, Kind::Schema, "a rule has to be an object"));
            None
        }
    }
}

fn operator(
    key: &str,
    value: &Value,
    fields: &Map<String, Value>,
    at: &str,
    here: &str,
    problems: &mut Vec<Problem>,
) -> Option<Rule> {
    let Some((operator, operand)) = OPERATORS.iter().find(|(name, _)| *name == key) else {
        problems.push(Problem::new(
            here,
            Kind::Schema,
            format!("`{key}` isn't a comparison that a choice knows"),
        ));
        return None;
    };
    let opaque = value.as_str().is_some_and(is_opaque);
    let wanted = match operand {
        Operand::Text => (!value.is_string()).then_some("a string"),
        Operand::Number => (!value.is_number()).then_some("a number"),
        Operand::Boolean => (!value.is_boolean()).then_some("true or false"),
        Operand::Timestamp => {
            (!value.as_str().is_some_and(looks_like_time)).then_some("a timestamp (RFC 3339)")
        }
        Operand::Path => (!value.as_str().is_some_and(|text| text.starts_with('$'))).then_some("a JSONPath"),
    };
    if let Some(wanted) = wanted
        && !opaque
    {
        problems.push(Problem::new(
            here,
            Kind::Schema,
            format!("the value of field `{key}` has to be {wanted}"),
        ));
        return None;
    }
    match fields.get("Variable") {
        Some(Value::String(path)) if path.starts_with('$') => {
            Some(Rule::Compare { variable: path.clone(), operator, operand: value.clone() })
        }
        Some(_) => {
            problems.push(Problem::new(
                pointer::child(at, "Variable"),
                Kind::Schema,
                "the value of field `Variable` has to be a JSONPath",
            ));
            None
        }
        None => {
            problems.push(Problem::new(at, Kind::Schema, "a comparison needs the field `Variable`"));
            None
        }
    }
}

/// The outline of an RFC 3339 moment: `2016-03-14T01:59:00Z`.
pub(super) fn looks_like_time(text: &str) -> bool {
    let outline = b"0000-00-00T00:00:00";
    let bytes = text.as_bytes();
    bytes.len() > outline.len()
        && bytes.iter().zip(outline).all(|(have, want)| match want {
            b'0' => have.is_ascii_digit(),
            other => have == other,
        })
        && matches!(bytes[outline.len()], b'Z' | b'.' | b'+' | b'-')
}
