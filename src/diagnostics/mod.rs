//! Mistakes as data: where they are, what is wrong, the way out.
//!
//! A [`Diagnostic`] carries a stable [`Code`], a message, labelled [`Span`]s and hints. Everything
//! that reads what a person wrote returns `(T, Diagnostics)`, never the first mistake alone. How a
//! diagnostic is shown is decided at the rim: [`render`] draws it for people and machines.

mod code;
pub mod render;
mod source;
mod suggest;

pub use code::{Code, code_named, codes};
pub use source::{Position, Source, SourceId, Sources, Span};
pub use suggest::{nearest, one_of};

/// How bad it is. Only errors stop a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing can be planned until it is mended.
    Error,
    /// Allowed, but likely not meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// A second place that explains the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there, lowercase, without a full stop. May be empty.
    pub text: String,
}

/// One mistake, at its place, with the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable, documented by `evstack explain E0207`.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Lowercase, present tense, names the object; says what is wrong, not what failed inside.
    pub message: String,
    /// Where it is. A mistake of the command line or of AWS has no place.
    pub primary: Option<Label>,
    /// Other places that belong to it, in the order in which they explain it.
    pub labels: Vec<Label>,
    /// One action each.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning without a place yet.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), primary: None, labels: Vec::new(), hints: Vec::new() }
    }

    /// Puts it at `span`, without words of its own there.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        self.at_saying(span, "")
    }

    /// Puts it at `span`, with words under the caret.
    #[must_use]
    pub fn at_saying(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    /// Adds a way out, if there is one.
    #[must_use]
    pub fn hint_if(self, text: Option<String>) -> Self {
        match text {
            Some(text) => self.hint(text),
            None => self,
        }
    }
}

/// All mistakes of a run, in the order found. Past [`MOST`] they are only counted, so that a file of
/// mistakes stays cheap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    dropped: usize,
}

/// So many are kept; past them nobody reads. The first error is kept wherever it comes.
const MOST: usize = 1000;

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the very same is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() >= MOST && (diagnostic.severity != Severity::Error || self.has_errors()) {
            self.dropped += 1;
        } else if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Adds all of another run.
    pub fn extend(&mut self, others: Diagnostics) {
        self.dropped += others.dropped;
        for diagnostic in others.list {
            self.push(diagnostic);
        }
    }

    /// Writes each of their hints anew, for whoever knows how the next command is typed.
    pub fn rewrite_hints(&mut self, rewrite: impl Fn(&str) -> String) {
        for hint in self.list.iter_mut().flat_map(|diagnostic| &mut diagnostic.hints) {
            *hint = rewrite(hint);
        }
    }

    /// Whether any is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many more there were than are kept.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// By place: file in load order, then position; those without a place first.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|d| d.primary.as_ref().map(|l| (l.span.source, l.span.start, l.span.end)));
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic], dropped: 0 }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}
