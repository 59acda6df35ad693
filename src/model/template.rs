//! Properties before their references are filled in.
//!
//! Everything that is known at load (config, variables, contracts, account, region) is folded in
//! when a template is made. What remains are attributes of declared resources. The planner
//! evaluates a template with what it can predict, apply evaluates the same template with what the
//! cloud answered: that is how a plan stays a promise.

use super::{Address, Unknown, Value};
use crate::diagnostics::Span;
use indexmap::IndexMap;
use std::fmt;
use std::sync::Arc;

/// Whether a reference also orders the two resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// The referenced resource comes first, on the way up.
    Dependency,
    /// No order follows while the value can be predicted (a queue's policy that names the rule
    /// which sends to it; machines that start each other). If it can't be predicted, the
    /// reference is a dependency after all.
    IfUnknown,
}

/// One `${queue.claims.Arn}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Whose.
    pub address: Address,
    /// Which property, by its CloudFormation name, dotted below the top: `Arn`, `Endpoint.Address`.
    pub property: String,
    /// Whether an order follows.
    pub order: Order,
    /// Where it is written; none for what a kind adds by itself.
    pub span: Option<Span>,
}

/// Where attribute values come from: predicted at plan, real at apply.
pub trait Attributes {
    /// The value, or a [`Value::Unknown`] that says why not.
    fn attribute(&self, address: &Address, property: &str) -> Value;
}

/// A computed piece of a template: an expression that a simple reference can't say.
pub trait Function: fmt::Debug + Send + Sync {
    /// All references that it may read.
    fn references(&self) -> &[Reference];
    /// Its value. Must be pure, and must give an unknown (or a secret) if what it read is one.
    fn call(&self, attributes: &dyn Attributes) -> Value;
}

/// A value with holes.
#[derive(Debug, Clone)]
pub enum Template {
    /// Known at load.
    Literal(Value),
    /// In order.
    Array(Vec<Template>),
    /// In the order of declaration.
    Object(IndexMap<String, Template>),
    /// One attribute, with its own type.
    Attribute(Reference),
    /// Text with holes; each piece becomes text.
    Concat(Vec<Template>),
    /// The compact JSON text of what is inside (a `DefinitionString`, a dashboard's body).
    Json(Box<Template>),
    /// An expression over attributes.
    Call(Arc<dyn Function>),
}

impl Template {
    /// Literal text.
    #[must_use]
    pub fn string(text: impl Into<String>) -> Self {
        Self::Literal(Value::String(text.into()))
    }

    /// An object from its members.
    #[must_use]
    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Template)>) -> Self {
        Self::Object(members.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// An array from its items.
    #[must_use]
    pub fn array(items: impl IntoIterator<Item = Template>) -> Self {
        Self::Array(items.into_iter().collect())
    }

    /// A reference that orders.
    #[must_use]
    pub fn attribute(address: &Address, property: &str) -> Self {
        Self::Attribute(Reference {
            address: address.clone(),
            property: property.to_owned(),
            order: Order::Dependency,
            span: None,
        })
    }

    /// A reference that orders only where it can't be predicted.
    #[must_use]
    pub fn predicted(address: &Address, property: &str) -> Self {
        Self::Attribute(Reference {
            address: address.clone(),
            property: property.to_owned(),
            order: Order::IfUnknown,
            span: None,
        })
    }

    /// The literal text, if it is nothing but that.
    #[must_use]
    pub fn as_literal_str(&self) -> Option<&str> {
        match self {
            Self::Literal(value) => value.as_str(),
            _ => None,
        }
    }

    /// The member of an object template.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Template> {
        match self {
            Self::Object(members) => members.get(key),
            _ => None,
        }
    }

    /// Fills the holes.
    #[must_use]
    pub fn evaluate(&self, attributes: &dyn Attributes) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Array(items) => Value::Array(items.iter().map(|t| t.evaluate(attributes)).collect()),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(k, t)| (k.clone(), t.evaluate(attributes))).collect())
            }
            Self::Attribute(reference) => attributes.attribute(&reference.address, &reference.property),
            Self::Concat(pieces) => concat(pieces.iter().map(|t| t.evaluate(attributes))),
            Self::Json(inner) => json_text(&inner.evaluate(attributes)),
            Self::Call(function) => function.call(attributes),
        }
    }

    /// Every reference in it, in order of appearance, doubles included.
    pub fn references(&self, see: &mut impl FnMut(&Reference)) {
        match self {
            Self::Literal(_) => {}
            Self::Array(items) | Self::Concat(items) => {
                for item in items {
                    item.references(see);
                }
            }
            Self::Object(members) => {
                for member in members.values() {
                    member.references(see);
                }
            }
            Self::Attribute(reference) => see(reference),
            Self::Json(inner) => inner.references(see),
            Self::Call(function) => function.references().iter().for_each(see),
        }
    }

    /// References for which `may` says so no longer order the two resources, unless they turn out
    /// not to be predictable. Those inside a [`Function`] stay as they are.
    pub fn relax(&mut self, may: &mut impl FnMut(&Reference) -> bool) {
        match self {
            Self::Literal(_) | Self::Call(_) => {}
            Self::Array(items) | Self::Concat(items) => items.iter_mut().for_each(|t| t.relax(may)),
            Self::Object(members) => members.values_mut().for_each(|t| t.relax(may)),
            Self::Attribute(reference) => {
                if may(reference) {
                    reference.order = Order::IfUnknown;
                }
            }
            Self::Json(inner) => inner.relax(may),
        }
    }

    /// A template without holes as the literal that it is.
    #[must_use]
    pub fn fold(self) -> Self {
        struct Nothing;
        impl Attributes for Nothing {
            fn attribute(&self, address: &Address, property: &str) -> Value {
                Value::unknown(address.clone(), property, "it isn't known at load")
            }
        }
        let mut holes = false;
        self.references(&mut |_| holes = true);
        if holes { self } else { Self::Literal(self.evaluate(&Nothing)) }
    }

    /// Merges `over` into this: objects member by member, everything else replaced; a literal
    /// null removes.
    pub fn merge(&mut self, over: Template) {
        match (self, over) {
            (Self::Object(members), Self::Object(others)) => {
                for (key, other) in others {
                    if matches!(other, Self::Literal(Value::Null)) {
                        members.shift_remove(&key);
                    } else if let Some(member) = members.get_mut(&key) {
                        member.merge(other);
                    } else {
                        members.insert(key, other);
                    }
                }
            }
            (place, over) => *place = over,
        }
    }
}

impl From<Value> for Template {
    fn from(value: Value) -> Self {
        Self::Literal(value)
    }
}

/// How a scalar reads inside text: as in CEL's `string()`; objects and arrays as compact JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Sensitive(inner) => text_of(inner),
        other => other.to_json().map(|json| json.to_string()).unwrap_or_default(),
    }
}

fn concat(pieces: impl Iterator<Item = Value>) -> Value {
    let (mut text, mut causes, mut secret) = (String::new(), Vec::<Unknown>::new(), false);
    for piece in pieces {
        for cause in piece.unknowns() {
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        secret |= piece.has_secrets();
        if causes.is_empty() {
            text.push_str(&text_of(&piece));
        }
    }
    wrap(Value::String(text), causes, secret)
}

fn json_text(value: &Value) -> Value {
    let text = value.to_json().map(|json| json.to_string()).unwrap_or_default();
    wrap(Value::String(text), value.unknowns(), value.has_secrets())
}

/// An unknown operand makes the result unknown; a secret one makes it secret.
fn wrap(value: Value, causes: Vec<Unknown>, secret: bool) -> Value {
    let value = if causes.is_empty() { value } else { Value::Unknown(causes.into()) };
    if secret { Value::Sensitive(Box::new(value)) } else { value }
}
