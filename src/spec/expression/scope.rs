//! What expressions can name, and what is known of it at load.

use super::budget::Budget;
use crate::model::{Place, Template, Value};
use crate::spec::EventName;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What `config`, `variables`, `event`, `aws`, `stack` and `imports` hold. Filled while a stack is
/// loaded, in this order: later ones may use earlier ones.
#[derive(Debug, Default)]
pub(in crate::spec) struct Scope {
    pub(in crate::spec) aws: Members,
    pub(in crate::spec) stack: Members,
    pub(in crate::spec) config: Members,
    pub(in crate::spec) event: Members,
    pub(in crate::spec) imports: Members,
    pub(in crate::spec) variables: Members,
    /// Secrets whose value is a `default` in a file of the stack itself.
    pub(in crate::spec) written_secrets: Vec<String>,
    pub(super) budget: Arc<Budget>,
}

/// Named values; `None` is one that is declared but has no value because of a mistake, already told.
pub(in crate::spec) type Members = IndexMap<String, Option<Template>>;

impl Scope {
    pub(in crate::spec) fn new(name: &str, env: &str, place: &Place) -> Self {
        let members = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), Some(Template::string(*value)))).collect()
        };
        Self {
            aws: members(&[
                ("region", &place.region),
                ("accountId", &place.account),
                ("partition", &place.partition),
            ]),
            stack: members(&[("name", name), ("env", env)]),
            ..Self::default()
        }
    }

    /// The members of a root; none if there is no such root.
    pub(super) fn root(&self, name: &str) -> Option<&Members> {
        Some(match name {
            "aws" => &self.aws,
            "stack" => &self.stack,
            "config" => &self.config,
            "event" => &self.event,
            "imports" => &self.imports,
            "variables" => &self.variables,
            _ => return None,
        })
    }

    /// Makes the contracts known.
    pub(in crate::spec) fn add_events(&mut self, events: &BTreeMap<String, EventName>) {
        for (name, event) in events {
            let bus = event.bus.as_deref().unwrap_or("default");
            let members = [
                ("name", name.as_str()),
                ("source", &event.source),
                ("detailType", &event.detail_type),
                ("bus", bus),
            ];
            let value = members.into_iter().map(|(key, text)| (key.to_owned(), Value::from(text))).collect();
            self.event.insert(name.clone(), Some(Template::Literal(Value::Object(value))));
        }
    }
}
