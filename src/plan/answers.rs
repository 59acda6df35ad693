//! What attributes are worth at apply: what was really sent, and what the cloud really answered.

use super::evaluate::lookup;
use crate::model::{Address, Attributes, Json, Template, Value};
use std::collections::BTreeMap;

/// Attribute values while a plan is carried out: a kind's own attributes, then what was sent, then
/// what was seen after it.
pub struct Answers<'a> {
    /// Kinds' own attributes, as in the plan.
    pub attributes: &'a BTreeMap<(Address, String), Template>,
    /// What is known of a resource now.
    pub known: &'a (dyn Fn(&Address) -> Option<(Value, Json)> + 'a),
    /// What was predicted for it in the plan: holds until the answer is there.
    pub predicted: &'a (dyn Fn(&Address, &str) -> Option<Value> + 'a),
}

impl Attributes for Answers<'_> {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        if let Some(template) = self.attributes.get(&(address.clone(), property.to_owned())) {
            return template.evaluate(self);
        }
        if let Some((sent, seen)) = (self.known)(address) {
            let declared = property.split('.').try_fold(&sent, |value, name| value.get(name));
            if let Some(value) = declared {
                return value.clone();
            }
            if let Some(value) = lookup(&seen, property) {
                return value;
            }
        }
        (self.predicted)(address, property)
            .unwrap_or_else(|| Value::unknown(address.clone(), property, "the cloud didn't say it"))
    }
}
