//! Tree → typed stack: includes, config, variables, contracts' names, expressions.
//!
//! What kinds' bodies mean is not known here: a [`Declaration`] carries its body as a [`Node`], and
//! [`Stack::template`] turns any node into a [`Template`] in which everything that is known at load
//! (config, variables, events, account, region, stack, env) is folded in and only attributes of
//! other resources remain.

mod config;
mod environment;
mod expression;
mod files;
mod fragment;
mod ignored;
mod keys;
mod library;
mod load;
mod loader;
mod paths;
mod template;
#[cfg(test)]
mod tests;
mod variables;

pub use environment::{CloudSettings, Environment, Overlay, environment};
pub use ignored::IgnoredDrift;
pub use keys::{is_identifier, plural, singular, singulars};
pub use loader::{Loader, MemoryLoader};

use crate::diagnostics::{SourceId, Sources, Span};
use crate::model::{Place, Template};
use crate::syntax::Node;
use expression::Scope;
use library::Library;
use std::collections::BTreeMap;
use std::fmt;

/// What the caller says besides the files.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// `local`, `prod`.
    pub env: String,
    /// Where the stack lives, for `${aws.region}` and predictions.
    pub place: Place,
    /// Config values by name from `EVSTACK_CONFIG_*`; stronger than the overlay's, which this room
    /// reads. What the stack doesn't declare is another stack's.
    pub environment: Vec<(String, String)>,
    /// Config values by name from `--config`, the strongest. What the stack doesn't declare is a
    /// mistake.
    pub config: Vec<(String, String)>,
    /// Outputs of other stacks, for `imports`: stack → output → value.
    pub imported: BTreeMap<String, BTreeMap<String, crate::model::Json>>,
}

/// One thing that the stack declares, its body not yet understood.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// The plural key it stands under: `rules`, `resources`.
    pub key: &'static str,
    /// Its name.
    pub name: String,
    /// Where the name is written.
    pub span: Span,
    /// Its body. Nothing written (`claims:`) is an empty object.
    pub body: Node,
    /// The file that it stands in; paths in it are relative to that.
    pub source: SourceId,
    /// The `service` of its file, if any.
    pub service: Option<String>,
    /// The `defaults` of its file and of those that include it, merged; an object node.
    pub defaults: Option<Node>,
}

/// A contract as expressions and rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName {
    /// EventBridge `source`.
    pub source: String,
    /// EventBridge `detail-type`.
    pub detail_type: String,
    /// The bus that it is published to, as written (`central`, an address or an ARN).
    pub bus: Option<String>,
}

/// A stack, read and merged from all its files.
pub struct Stack {
    /// Its name.
    pub name: String,
    /// One line.
    pub description: Option<String>,
    /// The environment.
    pub env: String,
    /// Where it lives.
    pub place: Place,
    /// All declarations, in the order of the files; `events` among them.
    pub declarations: Vec<Declaration>,
    /// The contracts by name.
    pub events: BTreeMap<String, EventName>,
    /// `outputs`, in order.
    pub outputs: Vec<Output>,
    /// `drift.ignore` of all files, in order.
    pub ignored: Vec<IgnoredDrift>,
    scope: Scope,
    library: Library,
}

/// One of the stack's outputs.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// One line.
    pub description: Option<String>,
    /// Where.
    pub span: Span,
    /// Its value.
    pub value: Template,
}

impl Stack {
    /// Every file that was read so far, in order; a saved plan carries them. Kinds read more
    /// (`definition`, `template`) when they expand, so ask again after that.
    #[must_use]
    pub fn sources(&self) -> Sources {
        self.library.sources()
    }

    /// Whether there is a config input of that name.
    #[must_use]
    pub fn declares_config(&self, name: &str) -> bool {
        self.scope.config.contains_key(name)
    }

    /// Whether any config input is declared as a secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.scope.config.keys().any(|name| self.is_secret(name))
    }

    /// Secrets whose value stands as a `default` in a file of the stack itself: whoever has the
    /// files has them.
    #[must_use]
    pub fn written_secrets(&self) -> &[String] {
        &self.scope.written_secrets
    }

    /// The values of all config inputs that are declared as secrets and are given.
    pub fn secret_values(&self) -> impl Iterator<Item = &crate::model::Value> {
        self.scope.config.values().filter_map(|value| match value {
            Some(Template::Literal(secret @ crate::model::Value::Sensitive(_))) => Some(secret),
            _ => None,
        })
    }

    /// Whether a config input is declared as a secret.
    #[must_use]
    pub fn is_secret(&self, config: &str) -> bool {
        self.scope
            .config
            .get(config)
            .is_some_and(|value| matches!(value, Some(Template::Literal(crate::model::Value::Sensitive(_)))))
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("name", &self.name).field("env", &self.env).finish_non_exhaustive()
    }
}
