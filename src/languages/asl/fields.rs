//! Which fields a state may have, in which language, and the shape of each.
//!
//! Source: Amazon States Language specification, "State types" and its table
//! of fields, with the JSONata half of the Step Functions Developer Guide.

use super::definition::QueryLanguage;
use super::expressions::{check_jsonata, intrinsic_problem};
use crate::languages::{Kind, Problem, is_opaque, pointer};
use serde_json::{Map, Value};

const PASS: u8 = 1;
const TASK: u8 = 2;
const CHOICE: u8 = 4;
const WAIT: u8 = 8;
const SUCCEED: u8 = 16;
const FAIL: u8 = 32;
const PARALLEL: u8 = 64;
const MAP: u8 = 128;
const ANY: u8 = 255;

/// The state types, by the names in a definition.
pub(super) const TYPES: [(&str, u8); 8] = [
    ("Pass", PASS),
    ("Task", TASK),
    ("Choice", CHOICE),
    ("Wait", WAIT),
    ("Succeed", SUCCEED),
    ("Fail", FAIL),
    ("Parallel", PARALLEL),
    ("Map", MAP),
];

const CALLS: u8 = TASK | PARALLEL | MAP;
const GOES_ON: u8 = PASS | TASK | WAIT | PARALLEL | MAP;
const PATH: Option<QueryLanguage> = Some(QueryLanguage::JsonPath);
const JSONATA: Option<QueryLanguage> = Some(QueryLanguage::Jsonata);

/// What a field's value looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// A string that in JSONata may be an expression.
    Words,
    /// `true`.
    True,
    /// `$…`, or null.
    Path,
    /// `$…` without filters, where something is put; or null.
    Place,
    /// A path, or an intrinsic function.
    PathOrCall,
    /// A whole number between two bounds, or in JSONata an expression.
    Whole(f64, f64),
    /// Any JSON with expressions in it.
    Template,
    /// An object (its own reader looks inside).
    Object,
    /// An array, or in JSONata an expression.
    Items,
    /// An array (its own reader looks inside).
    Array,
    /// Any JSON, as it is.
    Literal,
}

struct Field(&'static str, u8, Option<QueryLanguage>, Shape);

/// 99,999,999: the longest time, seconds, that a Wait or a timeout may name.
const LONGEST: f64 = 99_999_999.0;

#[rustfmt::skip]
const FIELDS: &[Field] = &[
    Field("Type", ANY, None, Shape::Text),
    Field("Comment", ANY, None, Shape::Text),
    Field("QueryLanguage", ANY, None, Shape::Text),
    Field("Next", GOES_ON, None, Shape::Text),
    Field("End", GOES_ON, None, Shape::True),
    Field("InputPath", ANY & !FAIL, PATH, Shape::Path),
    Field("OutputPath", ANY & !FAIL, PATH, Shape::Path),
    Field("Parameters", PASS | CALLS, PATH, Shape::Template),
    Field("ResultSelector", CALLS, PATH, Shape::Template),
    Field("ResultPath", PASS | CALLS, PATH, Shape::Place),
    Field("Arguments", TASK | PARALLEL, JSONATA, Shape::Template),
    Field("Output", ANY & !FAIL, JSONATA, Shape::Template),
    Field("Assign", GOES_ON | CHOICE, None, Shape::Template),
    Field("Retry", CALLS, None, Shape::Array),
    Field("Catch", CALLS, None, Shape::Array),
    // Pass
    Field("Result", PASS, PATH, Shape::Literal),
    // Task
    Field("Resource", TASK, None, Shape::Text),
    Field("TimeoutSeconds", TASK, None, Shape::Whole(1.0, LONGEST)),
    Field("TimeoutSecondsPath", TASK, PATH, Shape::PathOrCall),
    Field("HeartbeatSeconds", TASK, None, Shape::Whole(1.0, LONGEST)),
    Field("HeartbeatSecondsPath", TASK, PATH, Shape::PathOrCall),
    Field("Credentials", TASK, None, Shape::Template),
    // Choice
    Field("Choices", CHOICE, None, Shape::Array),
    Field("Default", CHOICE, None, Shape::Text),
    // Wait
    Field("Seconds", WAIT, None, Shape::Whole(0.0, LONGEST)),
    Field("SecondsPath", WAIT, PATH, Shape::PathOrCall),
    Field("Timestamp", WAIT, None, Shape::Words),
    Field("TimestampPath", WAIT, PATH, Shape::PathOrCall),
    // Fail
    Field("Error", FAIL, None, Shape::Words),
    Field("ErrorPath", FAIL, PATH, Shape::PathOrCall),
    Field("Cause", FAIL, None, Shape::Words),
    Field("CausePath", FAIL, PATH, Shape::PathOrCall),
    // Parallel
    Field("Branches", PARALLEL, None, Shape::Array),
    // Map
    Field("ItemProcessor", MAP, None, Shape::Object),
    Field("Iterator", MAP, None, Shape::Object),
    Field("Items", MAP, JSONATA, Shape::Items),
    Field("ItemsPath", MAP, PATH, Shape::PathOrCall),
    Field("ItemSelector", MAP, None, Shape::Template),
    Field("ItemReader", MAP, None, Shape::Object),
    Field("ItemBatcher", MAP, None, Shape::Object),
    Field("ResultWriter", MAP, None, Shape::Object),
    Field("MaxConcurrency", MAP, None, Shape::Whole(0.0, LONGEST)),
    Field("MaxConcurrencyPath", MAP, PATH, Shape::PathOrCall),
    Field("ToleratedFailurePercentage", MAP, None, Shape::Whole(0.0, 100.0)),
    Field("ToleratedFailurePercentagePath", MAP, PATH, Shape::PathOrCall),
    Field("ToleratedFailureCount", MAP, None, Shape::Whole(0.0, f64::MAX)),
    Field("ToleratedFailureCountPath", MAP, PATH, Shape::PathOrCall),
    Field("Label", MAP, None, Shape::Text),
];

/// Pairs of which a state may have one.
const EITHER: &[(&str, &str)] = &[
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ItemProcessor", "Iterator"),
    ("ItemSelector", "Parameters"),
];

/// Checks every field of a state of a known type.
pub(super) fn check(
    name: &str,
    kind: (&str, u8),
    language: QueryLanguage,
    fields: &Map<String, Value>,
    at: &str,
    problems: &mut Vec<Problem>,
) {
    for (key, value) in fields {
        let here = pointer::child(at, key);
        let found = FIELDS.iter().find(|field| field.0 == key);
        let Some(Field(_, types, spoken, shape)) = found else {
            problems.push(Problem::new(
                here,
                Kind::Schema,
                format!("field `{key}` of state `{name}` isn't supported"),
            ));
            continue;
        };
        if types & kind.1 == 0 {
            problems.push(Problem::new(
                here,
                Kind::Schema,
                format!("field `{key}` isn't supported in a {} state (`{name}`)", kind.0),
            ));
        } else if spoken.is_some_and(|spoken| spoken != language) {
            let other = if language == QueryLanguage::JsonPath {
                QueryLanguage::Jsonata
            } else {
                QueryLanguage::JsonPath
            };
            problems.push(Problem::new(
                here,
                Kind::Schema,
                format!(
                    "field `{key}` is only for the {} query language, and state `{name}` is written in {}",
                    other.name(),
                    language.name()
                ),
            ));
        } else {
            shape.check(key, value, language, &here, problems);
        }
    }
    for (one, other) in EITHER {
        if fields.contains_key(*one) && fields.contains_key(*other) {
            problems.push(Problem::new(
                at,
                Kind::Schema,
                format!("state `{name}` has both `{one}` and `{other}`: one of them is enough"),
            ));
        }
    }
}

impl Shape {
    /// Reports a value that isn't of this shape.
    pub(super) fn check(
        self,
        key: &str,
        value: &Value,
        language: QueryLanguage,
        at: &str,
        problems: &mut Vec<Problem>,
    ) {
        if value.as_str().is_some_and(is_opaque) {
            return;
        }
        let jsonata = language == QueryLanguage::Jsonata;
        let expression = jsonata && value.as_str().is_some_and(is_jsonata);
        let path = is_path;
        let wanted = match self {
            Self::Literal => None,
            Self::Text => (!value.is_string()).then(|| "a string".to_owned()),
            Self::Words => {
                check_template(value, language, at, 0, problems);
                (!value.is_string()).then(|| "a string".to_owned())
            }
            Self::True => (value != &Value::Bool(true)).then(|| "`true`".to_owned()),
            Self::Path => (!value.is_null() && !value.as_str().is_some_and(path))
                .then(|| "a JSONPath or null".to_owned()),
            Self::Place => (!value.is_null() && !value.as_str().is_some_and(is_reference_path))
                .then(|| "a reference path (one place: no `*`, `..`, `?` or `@`) or null".to_owned()),
            Self::PathOrCall if value.as_str().is_some_and(|text| intrinsic_problem(text).is_some()) => {
                problems.extend(
                    value
                        .as_str()
                        .and_then(intrinsic_problem)
                        .map(|wrong| Problem::new(at, Kind::Schema, wrong)),
                );
                None
            }
            Self::PathOrCall => (!value.as_str().is_some_and(is_path_or_call))
                .then(|| "a JSONPath or an intrinsic function".to_owned()),
            Self::Whole(least, most) => {
                if expression {
                    check_template(value, language, at, 0, problems);
                }
                let fits = value
                    .as_f64()
                    .is_some_and(|number| number.fract() == 0.0 && number >= least && number <= most);
                let bounds = if most == f64::MAX {
                    format!("a whole number of at least {least}")
                } else {
                    format!("a whole number from {least} to {most}")
                };
                (!fits && !expression).then_some(bounds)
            }
            Self::Template => {
                check_template(value, language, at, 0, problems);
                None
            }
            Self::Object => (!value.is_object()).then(|| "an object".to_owned()),
            Self::Array => (!value.is_array()).then(|| "an array".to_owned()),
            Self::Items => {
                check_template(value, language, at, 0, problems);
                (!value.is_array() && !value.is_object() && !expression)
                    .then(|| "an array, or an expression that gives one".to_owned())
            }
        };
        if let Some(wanted) = wanted {
            problems.push(Problem::new(
                at,
                Kind::Schema,
                format!("the value of field `{key}` has to be {wanted}"),
            ));
        }
    }
}

/// Deeper than this, a template isn't looked into any more.
const DEEPEST: usize = 100;

/// Checks the expressions in a payload template: in JSONPath the members whose
/// names end in `.$`, in JSONata the strings in `{% %}`.
fn check_template(
    value: &Value,
    language: QueryLanguage,
    at: &str,
    depth: usize,
    problems: &mut Vec<Problem>,
) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::String(text) if language == QueryLanguage::Jsonata && !is_opaque(text) => {
            if text.trim_start().starts_with("{%") != text.trim_end().ends_with("%}") {
                problems.push(Problem::new(
                    at,
                    Kind::InvalidJsonata,
                    "a JSONata expression starts with `{%` and ends with `%}`",
                ));
            } else {
                check_jsonata(text, at, problems);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_template(item, language, &pointer::element(at, index), depth + 1, problems);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let here = pointer::child(at, key);
                if language == QueryLanguage::JsonPath && key.ends_with(".$") {
                    let fits = member.as_str().is_some_and(|text| is_opaque(text) || is_path_or_call(text));
                    if !fits {
                        problems.push(Problem::new(
                            here,
                            Kind::Schema,
                            format!(
                                "the value of field `{key}` has to be a JSONPath or an intrinsic function"
                            ),
                        ));
                    } else if let Some(wrong) = member.as_str().and_then(intrinsic_problem) {
                        problems.push(Problem::new(here, Kind::Schema, wrong));
                    }
                } else {
                    check_template(member, language, &here, depth + 1, problems);
                }
            }
        }
        _ => {}
    }
}

/// Whether a string is a JSONata expression in a definition.
pub(super) fn is_jsonata(text: &str) -> bool {
    expression_of(text).is_some()
}

/// What is between `{%` and `%}`, trimmed.
pub(super) fn expression_of(text: &str) -> Option<&str> {
    text.trim().strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

/// Whether a text can be a path, as far as can be seen without parsing: it begins with `$`, has an
/// end to every bracket and quote, and a name after every dot.
fn is_path(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('$') else { return false };
    let (mut open, mut quote, mut last) = (0usize, None, '$');
    for c in rest.chars() {
        match (quote, c) {
            (Some(_), c) if last == '\\' && c != '\\' => {}
            (Some(mark), c) if c == mark => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if open > 0 => quote = Some(c),
            (None, '[' | '(') => open += 1,
            (None, ']') if last == '[' => return false,
            (None, ']' | ')') => match open.checked_sub(1) {
                Some(fewer) => open = fewer,
                None => return false,
            },
            _ => {}
        }
        last = c;
    }
    open == 0 && quote.is_none() && (last != '.' || rest.is_empty())
}

fn is_path_or_call(text: &str) -> bool {
    is_path(text) || (text.starts_with("States.") && text.ends_with(')'))
}

fn is_reference_path(text: &str) -> bool {
    is_path(text)
        && !text.starts_with("$$")
        && !["..", "*", "?", "@", ":"].iter().any(|filter| text.contains(filter))
}
