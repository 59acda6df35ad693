//! What a value may be compared with.

use super::wildcard::Wildcard;
use crate::languages::cidr::Network;
use serde_json::Value;

/// One entry of a pattern's array.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Exactly this string, number, truth value or null.
    Exactly(Value),
    /// Starts with.
    Prefix(String),
    /// Starts with, whatever the case.
    PrefixIgnoringCase(String),
    /// Ends with.
    Suffix(String),
    /// Ends with, whatever the case.
    SuffixIgnoringCase(String),
    /// Equal but for the case.
    EqualsIgnoringCase(String),
    /// `*` stands for any characters.
    Wildcard(Wildcard),
    /// A number between bounds (or equal to one, where both are the same).
    Numeric {
        /// From here.
        lower: Option<Bound>,
        /// To here.
        upper: Option<Bound>,
    },
    /// An address in a network.
    Cidr(Network),
    /// There is a value, whatever it is; or there is none.
    Exists(bool),
    /// There is a value that matches none of these.
    AnythingBut(Vec<Matcher>),
    /// A stack expression stands where the value would: nothing is known of
    /// it, and nothing matches it.
    Opaque,
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The number.
    pub value: f64,
    /// Whether the number itself is inside.
    pub inclusive: bool,
}

impl Matcher {
    /// Whether a value that is there (not an object, not an array) matches.
    #[must_use]
    pub fn matches(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Exactly(Value::Number(wanted)) => match (value.as_f64(), wanted.as_f64()) {
                // 300, 300.0 and 3e2 are one number.
                #[expect(clippy::float_cmp, reason = "both were read from text; equal means equal")]
                (Some(value), Some(wanted)) => value == wanted,
                _ => false,
            },
            Self::Exactly(wanted) => value == wanted,
            Self::Prefix(start) => text.is_some_and(|text| text.starts_with(start)),
            Self::PrefixIgnoringCase(start) => {
                text.is_some_and(|text| text.to_lowercase().starts_with(&start.to_lowercase()))
            }
            Self::Suffix(end) => text.is_some_and(|text| text.ends_with(end)),
            Self::SuffixIgnoringCase(end) => {
                text.is_some_and(|text| text.to_lowercase().ends_with(&end.to_lowercase()))
            }
            Self::EqualsIgnoringCase(wanted) => {
                text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Self::Wildcard(wildcard) => text.is_some_and(|text| wildcard.matches(text)),
            Self::Numeric { lower, upper } => value.as_f64().is_some_and(|number| {
                lower.is_none_or(|bound| number > bound.value || (bound.inclusive && number >= bound.value))
                    && upper.is_none_or(|bound| {
                        number < bound.value || (bound.inclusive && number <= bound.value)
                    })
            }),
            Self::Cidr(network) => text.is_some_and(|text| network.contains(text)),
            Self::Exists(wanted) => *wanted,
            Self::AnythingBut(refused) => !refused.iter().any(|matcher| matcher.matches(value)),
            Self::Opaque => false,
        }
    }
}
