//! `|pattern|update, delete|`: a copy of a value in which what the pattern finds is changed.

use super::super::fault::{Fault, Outcome};
use super::super::syntax::Transform;
use super::super::value::{Object, Value};
use super::Evaluator;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::rc::Rc;

/// Objects by where they are, and what becomes of them.
type Changed = HashMap<*const Object, IndexMap<Rc<str>, Value>>;

impl Evaluator<'_> {
    pub(super) fn transform(
        &mut self,
        transform: &Transform,
        arguments: Vec<Value>,
        frame: usize,
    ) -> Outcome<Value> {
        let value = match arguments.into_iter().next() {
            None | Some(Value::Nothing) => return Ok(Value::Nothing),
            Some(value @ (Value::Object(_) | Value::List(_))) => value,
            Some(_) => return Err(Fault::new("T0410", "a transform takes an object or a list")),
        };
        // A copy in which each object stands in one place only.
        let copy = self.copied(&value)?;
        let found = self.evaluate(&transform.pattern, &copy, frame)?;
        let mut changed = Changed::new();
        for item in found.items() {
            let Value::Object(object) = item else { continue };
            let place = Rc::as_ptr(object);
            // What lies inside may have been changed before.
            let mut members = match self.rebuilt(item, &changed)? {
                Value::Object(object) => object.members.clone(),
                _ => IndexMap::new(),
            };
            // An object of its own: an update that holds the whole of it must not hold itself.
            let item = Value::from(members.clone());
            match self.evaluate(&transform.update, &item, frame)? {
                Value::Nothing => {}
                Value::Object(update) => {
                    for (key, value) in &update.members {
                        members.insert(key.clone(), value.clone());
                    }
                }
                _ => {
                    return Err(Fault::at("T2011", transform.update.at, "an update has to be an object"));
                }
            }
            if let Some(delete) = &transform.delete {
                let names = self.evaluate(delete, &item, frame)?;
                for name in names.items() {
                    let Value::Text(name) = name else {
                        let message = "what a transform deletes is named by strings";
                        return Err(Fault::at("T2012", delete.at, message));
                    };
                    members.shift_remove(&**name);
                }
            }
            changed.insert(place, members);
        }
        self.rebuilt(&copy, &changed)?.bounded()
    }

    fn copied(&mut self, value: &Value) -> Outcome<Value> {
        Ok(match value {
            Value::List(list) => {
                self.charge(list.items.len())?;
                let items = list.items.iter().map(|item| self.copied(item)).collect::<Outcome<_>>()?;
                Value::from(list.with(items))
            }
            Value::Object(object) => {
                self.charge(object.members.len())?;
                let mut members = IndexMap::with_capacity(object.members.len());
                for (key, value) in &object.members {
                    members.insert(key.clone(), self.copied(value)?);
                }
                members.into()
            }
            other => other.clone(),
        })
    }

    fn rebuilt(&mut self, value: &Value, changed: &Changed) -> Outcome<Value> {
        if changed.is_empty() {
            return Ok(value.clone());
        }
        Ok(match value {
            Value::List(list) => {
                self.charge(list.items.len())?;
                let items =
                    list.items.iter().map(|item| self.rebuilt(item, changed)).collect::<Outcome<_>>()?;
                Value::from(list.with(items))
            }
            Value::Object(object) => {
                self.charge(object.members.len())?;
                let now = changed.get(&Rc::as_ptr(object));
                let mut members = IndexMap::with_capacity(object.members.len());
                for (key, value) in now.unwrap_or(&object.members) {
                    members.insert(key.clone(), self.rebuilt(value, changed)?);
                }
                members.into()
            }
            other => other.clone(),
        })
    }
}
