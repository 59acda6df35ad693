//! A violation as CloudFormation and Cloud Control say it.
//!
//! They validate with a Java library whose messages they pass on, except those that could show a
//! property's value: of these only the keyword is named. An enumeration beside a type is two
//! schemas to that library, hence `only 1 subschema matches out of 2`.

use super::violation::{Keyword, Kind, Measure, Violation};
use std::fmt;

/// The whole message about a model: `#: extraneous key [X] is not permitted`, or, of several, how
/// many there are and then each on a line of its own. Callers put `Model validation failed (…)`
/// around it.
#[must_use]
pub fn aws_report(violations: &[Violation]) -> String {
    let mut lines = Vec::new();
    if violations.len() > 1 {
        lines.push(format!("#: {} schema violations found", violations.len()));
    }
    for violation in violations {
        collect(violation, &mut lines);
    }
    lines.join("\n")
}

fn collect(violation: &Violation, lines: &mut Vec<String>) {
    lines.push(violation.to_string());
    let at = Place(&violation.pointer);
    match &violation.keyword {
        Keyword::Enum { typed: true, .. } => lines.push(scrubbed(&at, "enum")),
        Keyword::Type { expected, found } if expected.len() > 1 => {
            let each = expected.iter().map(|kind| format!("{at}: {}", wrong_type(*kind, *found)));
            lines.extend(each);
        }
        _ => {}
    }
    for cause in &violation.causes {
        collect(cause, lines);
    }
}

/// The first line of what AWS says: `#/Name: expected minLength: 1, actual: 0`.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Place(&self.pointer);
        match &self.keyword {
            Keyword::Extraneous { key, .. } => write!(f, "{at}: extraneous key [{key}] is not permitted"),
            Keyword::Required { key } => write!(f, "{at}: required key [{key}] not found"),
            Keyword::Type { expected, found } => match expected.as_slice() {
                [only] => write!(f, "{at}: {}", wrong_type(*only, *found)),
                several => {
                    write!(f, "{at}: #: no subschema matched out of the total {} subschemas", several.len())
                }
            },
            Keyword::Enum { typed: true, .. } => write!(f, "{at}: #: only 1 subschema matches out of 2"),
            Keyword::Enum { typed: false, .. } => f.write_str(&scrubbed(&at, "enum")),
            Keyword::Const { .. } => f.write_str(&scrubbed(&at, "const")),
            Keyword::Pattern { .. } => f.write_str(&scrubbed(&at, "pattern")),
            Keyword::Range { keyword, .. } => f.write_str(&scrubbed(&at, keyword)),
            Keyword::Not => f.write_str(&scrubbed(&at, "not")),
            Keyword::Size { of, below, limit, found } => match (of, below) {
                (Measure::Characters, true) => {
                    write!(f, "{at}: expected minLength: {limit}, actual: {found}")
                }
                (Measure::Characters, false) => {
                    write!(f, "{at}: expected maxLength: {limit}, actual: {found}")
                }
                (Measure::Items, true) => {
                    write!(f, "{at}: expected minimum item count: {limit}, found: {found}")
                }
                (Measure::Items, false) => {
                    write!(f, "{at}: expected maximum item count: {limit}, found: {found}")
                }
                (Measure::Keys, true) => write!(f, "{at}: minimum size: [{limit}], found: [{found}]"),
                (Measure::Keys, false) => write!(f, "{at}: maximum size: [{limit}], found: [{found}]"),
            },
            Keyword::UniqueItems { .. } | Keyword::UniqueKeys { .. } => {
                write!(f, "{at}: array items are not unique")
            }
            Keyword::NoneOf { total, .. } => {
                write!(f, "{at}: #: no subschema matched out of the total {total} subschemas")
            }
            Keyword::NotOne { matched, .. } => {
                write!(f, "{at}: #: {matched} subschemas matched instead of one")
            }
            Keyword::NotAll { matched, total } => {
                write!(f, "{at}: #: only {matched} subschema matches out of {total}")
            }
            Keyword::Dependency { needs, .. } => write!(f, "{at}: property [{needs}] is required"),
            Keyword::Excluded { .. } => f.write_str(&scrubbed(&at, "dependentExcluded")),
            Keyword::ReadOnly { path } => {
                let path = path.replace('.', "/");
                write!(f, "#: readOnlyProperties [/properties/{path}] cannot be specified")
            }
        }
    }
}

/// `#/Targets/0`.
struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

fn scrubbed(at: &Place<'_>, keyword: &str) -> String {
    format!("{at}: failed validation constraint for keyword [{keyword}]")
}

fn wrong_type(expected: Kind, found: Kind) -> String {
    format!("expected type: {}, found: {}", expected.java(), found.java_class())
}

impl Kind {
    fn java(self) -> &'static str {
        match self {
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::Number => "Number",
            Self::String => "String",
            Self::Array => "JSONArray",
            Self::Object => "JSONObject",
            Self::Null => "Null",
        }
    }

    /// What is found is named by its class, and a number with a fraction is a `BigDecimal`.
    fn java_class(self) -> &'static str {
        match self {
            Self::Number => "BigDecimal",
            other => other.java(),
        }
    }
}
