//! One constraint that a model breaks, in words for people.

use serde_json::Value as Json;
use std::fmt;

/// One constraint that a model breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// JSON Pointer into the model, `` for the whole. Of a key that is missing or should not be
    /// there, the object that it belongs to.
    pub pointer: String,
    /// What is broken.
    pub keyword: Keyword,
    /// For alternatives: why each of them doesn't fit, those of one alternative after those of the
    /// one before.
    pub causes: Vec<Violation>,
}

/// JSON's types, by the registry's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true`, `false`.
    Boolean,
    /// A number without fraction.
    Integer,
    /// Any number.
    Number,
    /// Text.
    String,
    /// `[…]`.
    Array,
    /// `{…}`.
    Object,
    /// `null`.
    Null,
}

/// What can be broken.
#[derive(Debug, Clone, PartialEq)]
pub enum Keyword {
    /// A key that the schema doesn't have.
    Extraneous {
        /// The key.
        key: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// A key that must be there.
    Required {
        /// The key.
        key: String,
    },
    /// Another type.
    Type {
        /// Any of these would do.
        expected: Vec<Kind>,
        /// What is there.
        found: Kind,
    },
    /// None of the allowed values.
    Enum {
        /// These.
        allowed: Vec<Json>,
    },
    /// Not the one value.
    Const {
        /// It.
        expected: Json,
    },
    /// A pattern that isn't found in the text.
    Pattern {
        /// A regular expression.
        pattern: String,
    },
    /// Too few or too many characters, items or keys.
    Size {
        /// Of what.
        of: Measure,
        /// Whether it is too few.
        below: bool,
        /// The limit.
        limit: u64,
        /// How many there are.
        found: u64,
    },
    /// A number beyond a limit.
    Range {
        /// `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`.
        keyword: &'static str,
        /// The limit.
        limit: Json,
    },
    /// An item that is there twice.
    UniqueItems {
        /// The later one's index.
        index: usize,
    },
    /// An item whose identifying keys are those of another.
    UniqueKeys {
        /// The keys.
        keys: Vec<String>,
    },
    /// `anyOf`: no alternative fits.
    NoneOf {
        /// How many there are.
        total: usize,
        /// The keys that an alternative asks for, where they ask for nothing else.
        keys: Vec<String>,
    },
    /// `oneOf`: none or several fit.
    NotOne {
        /// How many fit.
        matched: usize,
        /// The keys that an alternative asks for, where they ask for nothing else.
        keys: Vec<String>,
    },
    /// `allOf`: some don't fit.
    NotAll {
        /// How many fit.
        matched: usize,
        /// How many there are.
        total: usize,
    },
    /// `not`: it fits what it must not.
    Not,
    /// A key that another key needs.
    Dependency {
        /// The one that is there.
        key: String,
        /// The one that it needs.
        needs: String,
    },
    /// Two keys that can't be there together.
    Excluded {
        /// The one.
        key: String,
        /// The other.
        other: String,
    },
    /// A computed property, which nobody can set. Of the engine alone: AWS ignores it, or takes it
    /// for the resource's own.
    ReadOnly {
        /// The registry's path, as names.
        path: String,
    },
}

/// What a size is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Characters of a text.
    Characters,
    /// Items of an array.
    Items,
    /// Keys of an object.
    Keys,
}

impl Violation {
    /// JSON Pointer to what is wrong: of a key that should not be there, the key itself.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.keyword {
            Keyword::Extraneous { key, .. } => format!("{}/{}", self.pointer, escape(key)),
            _ => self.pointer.clone(),
        }
    }

    /// What is wrong, for people: lowercase, no full stop.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.keyword {
            Keyword::Extraneous { key, .. } => format!("`{key}` is not a property here"),
            Keyword::Required { key } => format!("`{key}` is missing"),
            Keyword::Type { expected, found } => {
                format!("must be {}, not {}", any_of(expected.iter().map(|k| k.article())), found.article())
            }
            Keyword::Enum { allowed, .. } => {
                const SHOWN: usize = 12;
                let names = allowed.iter().take(SHOWN).map(|v| format!("`{}`", text(v)));
                let more = if allowed.len() > SHOWN {
                    format!(" (or {} more)", allowed.len() - SHOWN)
                } else {
                    String::new()
                };
                format!("must be {}{more}", any_of(names))
            }
            Keyword::Const { expected } => format!("must be `{}`", text(expected)),
            Keyword::Pattern { pattern } => format!("must match `{pattern}`"),
            Keyword::Size { of, below, limit, found } => {
                let most = if *below { "at least" } else { "at most" };
                format!("must have {most} {limit} {}, has {found}", of.named(*limit))
            }
            Keyword::Range { keyword, limit } => match *keyword {
                "minimum" => format!("must be at least {limit}"),
                "maximum" => format!("must be at most {limit}"),
                "exclusiveMinimum" => format!("must be more than {limit}"),
                "exclusiveMaximum" => format!("must be less than {limit}"),
                _ => format!("must be a multiple of {limit}"),
            },
            Keyword::UniqueItems { index } => format!("item {index} is there already"),
            Keyword::UniqueKeys { keys } => {
                format!("two items have the same {}", any_of(keys.iter().map(|k| format!("`{k}`"))))
            }
            Keyword::NoneOf { keys, .. } | Keyword::NotOne { matched: 0, keys } if !keys.is_empty() => {
                format!("needs {}", any_of(keys.iter().map(|k| format!("`{k}`"))))
            }
            Keyword::NotOne { keys, .. } if !keys.is_empty() => {
                format!("may have only one of {}", any_of(keys.iter().map(|k| format!("`{k}`"))))
            }
            Keyword::NoneOf { total, .. } => format!("fits none of its {total} forms{}", self.nearest()),
            Keyword::NotOne { matched: 0, .. } => format!("fits none of its forms{}", self.nearest()),
            Keyword::NotOne { matched, .. } => format!("fits {matched} of its forms, but only one may fit"),
            Keyword::NotAll { .. } => format!("does not fit{}", self.nearest()),
            Keyword::Not => "has a form that it must not have".to_owned(),
            Keyword::Dependency { key, needs } => format!("`{key}` needs `{needs}` beside it"),
            Keyword::Excluded { key, other } => format!("`{key}` and `{other}` cannot be set together"),
            Keyword::ReadOnly { path } => format!("`{path}` is computed by the service and cannot be set"),
        }
    }

    /// The cause that lies deepest: the alternative that was meant got furthest.
    fn nearest(&self) -> String {
        let depth = |v: &&Violation| v.pointer.matches('/').count();
        match self.causes.iter().max_by_key(depth) {
            Some(cause) if cause.pointer.len() > self.pointer.len() => {
                format!(
                    ": `{}` {}",
                    cause.pointer[self.pointer.len() + 1..].replace('/', "."),
                    cause.message()
                )
            }
            _ => String::new(),
        }
    }
}

impl Kind {
    /// Of a JSON value.
    #[must_use]
    pub fn of(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(_) => Self::Boolean,
            Json::Number(n) if n.is_f64() && n.as_f64().is_none_or(|n| n.fract() != 0.0) => Self::Number,
            Json::Number(_) => Self::Integer,
            Json::String(_) => Self::String,
            Json::Array(_) => Self::Array,
            Json::Object(_) => Self::Object,
        }
    }

    /// From the registry's name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::String,
            "array" => Self::Array,
            "object" => Self::Object,
            "null" => Self::Null,
            _ => return None,
        })
    }

    pub(super) fn is(self, expected: Self) -> bool {
        self == expected || (self == Self::Integer && expected == Self::Number)
    }

    fn article(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "a list",
            Self::Object => "an object",
            Self::Null => "null",
        }
    }
}

impl Measure {
    fn named(self, count: u64) -> &'static str {
        match (self, count) {
            (Self::Characters, 1) => "character",
            (Self::Characters, _) => "characters",
            (Self::Items, 1) => "item",
            (Self::Items, _) => "items",
            (Self::Keys, 1) => "key",
            (Self::Keys, _) => "keys",
        }
    }
}

/// A key as JSON Pointers write it.
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `a, b or c`.
fn any_of(names: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| n.to_string()).collect();
    match names.as_slice() {
        [init @ .., last] if !init.is_empty() => format!("{} or {last}", init.join(", ")),
        _ => names.concat(),
    }
}
