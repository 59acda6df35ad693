//! What attributes will be, from the declarations alone: no state, no cloud.

use crate::model::{Address, Attributes, Desired, Place, Template, Value};
use crate::schema::{Catalogue, Declared, Prediction, predict};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

/// Evaluates references by declared properties and predictions.
pub struct Predicted<'a> {
    resources: HashMap<&'a Address, &'a Desired>,
    attributes: &'a BTreeMap<(Address, String), Template>,
    place: &'a Place,
    known: RefCell<HashMap<(Address, String), Value>>,
    /// What is being evaluated: a property that needs itself is unknown, not endless.
    open: RefCell<Vec<(Address, String)>>,
    /// How often that happened.
    circles: Cell<usize>,
}

impl<'a> Predicted<'a> {
    /// Over these resources.
    #[must_use]
    pub fn new(
        resources: &'a [Desired],
        attributes: &'a BTreeMap<(Address, String), Template>,
        place: &'a Place,
    ) -> Self {
        Self {
            resources: resources.iter().map(|r| (&r.address, r)).collect(),
            attributes,
            place,
            known: RefCell::default(),
            open: RefCell::default(),
            circles: Cell::default(),
        }
    }

    /// All properties of a resource.
    #[must_use]
    pub fn properties(&self, resource: &Desired) -> Value {
        resource.properties.evaluate(self)
    }

    fn work_out(&self, address: &Address, property: &str) -> Value {
        if let Some(template) = self.attributes.get(&(address.clone(), property.to_owned())) {
            return template.evaluate(self);
        }
        let unknown = |reason: &str| Value::unknown(address.clone(), property, reason);
        let Some(resource) = self.resources.get(address) else { return unknown("it isn't declared") };
        let names: Vec<&str> = property.split('.').collect();
        if let Some(value) = declared(&resource.properties, &names, self) {
            return value;
        }
        let Some(resource_type) = Catalogue::bundled().of(&resource.type_name) else {
            return unknown("its type isn't known");
        };
        let place = self.place.for_prediction();
        let get = |name: &str| match declared(&resource.properties, &[name], self) {
            Some(value) if !value.is_known() => Declared::Unknown,
            Some(value) => match value.reveal() {
                Value::String(text) => Declared::Known(text.clone()),
                Value::Number(number) => Declared::Known(number.to_string()),
                Value::Bool(b) => Declared::Known(b.to_string()),
                _ => Declared::Absent,
            },
            None => Declared::Absent,
        };
        match predict(&resource_type, &place, property, &get) {
            Prediction::Known(value) => Value::String(value),
            Prediction::Unknown(reason) => unknown(&reason),
        }
    }
}

/// A declared property, by its names from the top down.
fn declared(properties: &Template, names: &[&str], attributes: &dyn Attributes) -> Option<Value> {
    let Some((first, rest)) = names.split_first() else { return Some(properties.evaluate(attributes)) };
    match properties {
        Template::Object(members) => declared(members.get(*first)?, rest, attributes),
        Template::Literal(value) => names.iter().try_fold(value, |v, name| v.get(name)).cloned(),
        other => {
            let value = other.evaluate(attributes);
            names.iter().try_fold(&value, |v, name| v.get(name)).cloned()
        }
    }
}

impl Attributes for Predicted<'_> {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        let key = (address.clone(), property.to_owned());
        if let Some(value) = self.known.borrow().get(&key) {
            return value.clone();
        }
        if self.open.borrow().contains(&key) {
            self.circles.set(self.circles.get() + 1);
            return Value::unknown(address.clone(), property, "it depends on itself");
        }
        let circles = self.circles.get();
        self.open.borrow_mut().push(key.clone());
        let value = self.work_out(address, property);
        self.open.borrow_mut().pop();
        // What was cut short by a circle is worth something else when it is asked for first.
        if self.open.borrow().is_empty() || self.circles.get() == circles {
            self.known.borrow_mut().insert(key, value.clone());
        }
        value
    }
}
