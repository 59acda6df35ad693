//! What a REST deployment is a snapshot of, as a hash.

use crate::model::{Address, Attributes, Function, Reference, Template, Value};
use sha2::{Digest, Sha256};

/// The hash over an API's methods and models. A deployment carries it, so that it is replaced
/// exactly when they change. Ids of the API's own parts don't count: they are its identity, not its
/// content, and they aren't known before the first apply.
#[derive(Debug)]
pub(super) struct ContentHash {
    api: Address,
    contents: Vec<Template>,
    references: Vec<Reference>,
}

impl ContentHash {
    /// Over the properties of the parts of `api`.
    pub(super) fn new(api: Address, contents: Vec<Template>) -> Self {
        let mut references = Vec::new();
        for content in &contents {
            content.references(&mut |r| {
                if r.address.owner() != api && !references.contains(r) {
                    references.push(r.clone());
                }
            });
        }
        Self { api, contents, references }
    }
}

impl Function for ContentHash {
    fn references(&self) -> &[Reference] {
        &self.references
    }

    fn call(&self, attributes: &dyn Attributes) -> Value {
        let outside = Outside { api: &self.api, attributes };
        let mut unknowns = Vec::new();
        let mut hasher = Sha256::new();
        for content in &self.contents {
            let value = content.evaluate(&outside);
            unknowns.extend(value.unknowns());
            if let Some(json) = value.to_json() {
                hasher.update(json.to_string().as_bytes());
            }
        }
        if !unknowns.is_empty() {
            return Value::Unknown(unknowns.into());
        }
        let hex: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Value::String(format!("content {hex}"))
    }
}

/// Attributes in which the API's own ids are their own names.
struct Outside<'a> {
    api: &'a Address,
    attributes: &'a dyn Attributes,
}

impl Attributes for Outside<'_> {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        if address.owner() == *self.api {
            Value::String(format!("{address}.{property}"))
        } else {
            self.attributes.attribute(address, property)
        }
    }
}
