//! The files of one stack: read once each, through the caller's loader.
//!
//! Kinds read files (`definition`, `template`) long after the stack itself is loaded, holding only
//! `&Stack`; so the shelf is behind a lock.

use super::{Loader, paths};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceId, Sources, Span};
use crate::syntax::{self, Format, Node};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What reads and keeps the files.
pub(super) struct Library {
    loader: Box<dyn Loader + Send + Sync>,
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    sources: Sources,
    read: HashMap<String, Result<SourceId, String>>,
    trees: HashMap<SourceId, Option<Arc<Node>>>,
}

impl Library {
    pub(super) fn new(loader: Box<dyn Loader + Send + Sync>) -> Self {
        Self { loader, shelf: Mutex::default() }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.loader.exists(path)
    }

    /// All that was read so far.
    pub(super) fn sources(&self) -> Sources {
        self.shelf().sources.clone()
    }

    /// The file of that path.
    pub(super) fn read(&self, path: &str) -> Result<SourceId, String> {
        let mut shelf = self.shelf();
        if let Some(known) = shelf.read.get(path) {
            return known.clone();
        }
        let result = self.loader.load(path).map(|text| shelf.sources.add(path, text));
        shelf.read.insert(path.to_owned(), result.clone());
        result
    }

    /// The path that `relative` means in that file.
    pub(super) fn path_from(&self, from: SourceId, relative: &str) -> String {
        let shelf = self.shelf();
        paths::join(shelf.sources.get(from).map_or("", |s| &s.name), relative)
    }

    /// The text of a file.
    pub(super) fn text(&self, source: SourceId) -> String {
        self.shelf().sources.get(source).map_or_else(String::new, |s| s.text.clone())
    }

    /// The text of a span.
    pub(super) fn written(&self, span: Span) -> String {
        self.shelf().sources.text(span).to_owned()
    }

    /// The tree of a file; its mistakes are told the first time. `named_at` is where another file
    /// names it.
    pub(super) fn tree(
        &self,
        source: SourceId,
        named_at: Option<Span>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Arc<Node>> {
        let mut shelf = self.shelf();
        if let Some(known) = shelf.trees.get(&source) {
            return known.clone();
        }
        let file = shelf.sources.get(source)?;
        let tree = match Format::of(&file.name) {
            Some(format) => {
                let (tree, mistakes) = syntax::parse(source, &file.text, format);
                diagnostics.extend(mistakes);
                tree.map(Arc::new)
            }
            None => {
                let message = format!("the format of `{}` isn't known from its name", file.name);
                let mistake = Diagnostic::error(Code::UNREADABLE, message);
                let mistake = mistake.hint("name it `.yaml`, `.toml` or `.json`");
                // Never at its own first line: whose file it is isn't known either.
                diagnostics.push(match named_at {
                    Some(span) => mistake.at(span),
                    None => mistake,
                });
                None
            }
        };
        shelf.trees.insert(source, tree.clone());
        tree
    }
}
