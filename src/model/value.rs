//! A value that may not be known yet, or may not be shown.

use super::{Address, Json};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One computed property that can't be known before apply, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unknown {
    /// Whose property it is.
    pub address: Address,
    /// The property, by its CloudFormation name: `RestApiId`.
    pub property: String,
    /// For people, lowercase: `API Gateway invents it when the API is created`.
    pub reason: String,
}

/// JSON with two things more: what isn't known yet, and what must not be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A JSON number.
    Number(serde_json::Number),
    /// Text.
    String(String),
    /// In order.
    Array(Vec<Value>),
    /// In the order of declaration; equality ignores the order.
    Object(IndexMap<String, Value>),
    /// Known after apply. Never empty; all that it hangs on, without doubles.
    Unknown(Arc<[Unknown]>),
    /// Never shown, logged or stored; only a salted hash of it is.
    Sensitive(Box<Value>),
}

impl Value {
    /// An unknown with one cause.
    #[must_use]
    pub fn unknown(address: Address, property: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unknown(Arc::new([Unknown { address, property: property.into(), reason: reason.into() }]))
    }

    /// Text.
    #[must_use]
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// The text, also of a sensitive one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Sensitive(inner) => inner.as_str(),
            _ => None,
        }
    }

    /// The member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members.get(key),
            Self::Sensitive(inner) => inner.get(key),
            _ => None,
        }
    }

    /// The value itself, when it is wrapped as sensitive.
    #[must_use]
    pub fn reveal(&self) -> &Value {
        match self {
            Self::Sensitive(inner) => inner.reveal(),
            other => other,
        }
    }

    /// Without members that are null: a top property that is null isn't declared.
    #[must_use]
    pub fn without_nulls(self) -> Self {
        match self {
            Self::Object(mut members) => {
                members.retain(|_, member| *member != Self::Null);
                Self::Object(members)
            }
            other => other,
        }
    }

    /// Plain JSON with secrets revealed; `None` if anything in it is unknown.
    #[must_use]
    pub fn to_json(&self) -> Option<Json> {
        Some(match self {
            Self::Null => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Number(n) => Json::Number(n.clone()),
            Self::String(s) => Json::String(s.clone()),
            Self::Array(items) => Json::Array(items.iter().map(Value::to_json).collect::<Option<_>>()?),
            Self::Object(members) => Json::Object(
                members.iter().map(|(k, v)| Some((k.clone(), v.to_json()?))).collect::<Option<_>>()?,
            ),
            Self::Unknown(_) => return None,
            Self::Sensitive(inner) => inner.to_json()?,
        })
    }

    /// All unknowns in it, each once, in order of appearance.
    #[must_use]
    pub fn unknowns(&self) -> Vec<Unknown> {
        let mut found = Vec::new();
        self.visit(&mut |value| {
            if let Self::Unknown(causes) = value {
                for cause in causes.iter() {
                    if !found.contains(cause) {
                        found.push(cause.clone());
                    }
                }
            }
        });
        found
    }

    /// Whether nothing in it is unknown.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Array(items) => items.iter().all(Value::is_known),
            Self::Object(members) => members.values().all(Value::is_known),
            Self::Sensitive(inner) => inner.is_known(),
            _ => true,
        }
    }

    /// Whether anything in it is sensitive.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        match self {
            Self::Sensitive(_) => true,
            Self::Array(items) => items.iter().any(Value::has_secrets),
            Self::Object(members) => members.values().any(Value::has_secrets),
            _ => false,
        }
    }

    /// Visits this value and all below it, parents first.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Value)) {
        see(self);
        match self {
            Self::Array(items) => items.iter().for_each(|v| v.visit(see)),
            Self::Object(members) => members.values().for_each(|v| v.visit(see)),
            Self::Sensitive(inner) => inner.visit(see),
            _ => {}
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(b),
            Json::Number(n) => Self::Number(n),
            Json::String(s) => Self::String(s),
            Json::Array(items) => Self::Array(items.into_iter().map(Value::from).collect()),
            Json::Object(members) => {
                Self::Object(members.into_iter().map(|(k, v)| (k, Value::from(v))).collect())
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Number(n.into())
    }
}
