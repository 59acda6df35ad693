//! Tree → typed stack: includes, config, variables, contracts' names, expressions.
//!
//! What kinds' bodies mean is not known here: a [`Declaration`] carries its body as a [`Node`], and
//! [`Stack::template`] turns any node into a [`Template`] in which everything that is known at load
//! (config, variables, events, account, region, stack, env) is folded in and only attributes of
//! other resources remain.

use crate::diagnostics::{SourceId, Sources, Span};
use crate::model::{Place, Template};
use crate::syntax::Node;
use std::collections::BTreeMap;
use std::fmt;

/// Where files come from: the disk, memory (tests, saved plans), a git commit. Paths are
/// `/`-separated and normalised, relative to the stack file's folder's own root as given by the
/// caller.
pub trait Loader {
    /// The text of a file.
    ///
    /// # Errors
    /// Why it can't be read, for people: `no such file`, `permission denied`, `not UTF-8`.
    fn load(&self, path: &str) -> Result<String, String>;
}

/// What the caller says besides the files.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// `local`, `prod`.
    pub env: String,
    /// Where the stack lives, for `${aws.region}` and predictions.
    pub place: Place,
    /// Config values by name, weakest first: overlay values are read by this room; these are
    /// `EVSTACK_CONFIG_*` and then `--config`.
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
    /// Its body.
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
    /// All declarations, in the order of the files.
    pub declarations: Vec<Declaration>,
    /// The contracts by name.
    pub events: BTreeMap<String, EventName>,
    /// `outputs`, in order: name, description, value.
    pub outputs: Vec<Output>,
    /// Every file that was read, in order; a saved plan carries them.
    pub sources: Sources,
}

/// One of the stack's outputs.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Where.
    pub span: Span,
    /// Its value.
    pub value: Template,
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("name", &self.name).field("env", &self.env).finish_non_exhaustive()
    }
}

// The doors that `kinds` and `resolve` use (signatures to keep):
//
// Stack::load(path: &str, loader: Box<dyn Loader>, inputs: Inputs) -> (Option<Stack>, Sources, Diagnostics)
// Stack::template(&self, node: &Node, diagnostics: &mut Diagnostics) -> Template
// Stack::text_template(&self, text: &str, span: Span, diagnostics: &mut Diagnostics) -> Template
// Stack::tree(&mut self|&self, from: SourceId, path: &Node, ..) -> Option<Node>   parses a data file (YAML/JSON)
// Stack::text(&self, from: SourceId, path: &Node, ..) -> Option<(SourceId, String)>  a literal file (.vtl, .html)
