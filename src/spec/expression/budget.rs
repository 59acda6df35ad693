//! What expressions may cost, so that no stack file can eat time or memory.

use super::values;
use crate::model::{Template, Value};
use std::sync::atomic::{AtomicU64, Ordering};

/// Units that all expressions of a stack may make together. A unit is a value, or 16 bytes of text.
const TOTAL: u64 = 4_000_000;
/// Units that one value may have (text: 1 MiB).
const ONE: u64 = 1 << 16;

/// What is left. Shared by all expressions of a stack.
#[derive(Debug)]
pub(super) struct Budget(AtomicU64);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU64::new(TOTAL))
    }
}

impl Budget {
    /// Takes units away.
    ///
    /// # Errors
    /// What to tell when there are none left.
    pub(super) fn spend(&self, units: u64) -> Result<(), String> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(units));
        match taken {
            Ok(_) => Ok(()),
            Err(_) => {
                self.0.store(0, Ordering::Relaxed);
                Err("the expressions of this stack produce too much".to_owned())
            }
        }
    }

    pub(super) fn spend_value(&self, value: &Value) -> Result<(), String> {
        self.spend_size(values::size(value, ONE))
    }

    pub(super) fn spend_template(&self, template: &Template) -> Result<(), String> {
        let mut units = 0;
        measure(template, &mut units);
        self.spend_size(units)
    }

    fn spend_size(&self, units: u64) -> Result<(), String> {
        if units > ONE {
            return Err("the expression's value is too large".to_owned());
        }
        self.spend(units)
    }
}

/// Adds the size of a template, and stops soon after it is too large.
fn measure(template: &Template, units: &mut u64) {
    if *units > ONE {
        return;
    }
    *units += 1;
    match template {
        Template::Literal(value) => *units += values::size(value, ONE),
        Template::Array(items) | Template::Concat(items) => {
            items.iter().for_each(|item| measure(item, units));
        }
        Template::Object(members) => members.values().for_each(|member| measure(member, units)),
        Template::Json(inner) => measure(inner, units),
        Template::Attribute(_) | Template::Call(_) => {}
    }
}
