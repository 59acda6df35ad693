//! Files that declarations name: `definition`, `detail`, `template`, `page`.

use super::Stack;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceId};
use crate::syntax::Node;

impl Stack {
    /// The tree of the YAML, TOML or JSON file that `path` names, relative to the file `from`.
    /// Its expressions are still text: give the tree, or any node of it, to [`Stack::template`].
    pub fn tree_file(
        &self,
        from: SourceId,
        path: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<(SourceId, Node)> {
        let source = self.file(from, path, diagnostics)?;
        let tree = self.library.tree(source, Some(path.span), diagnostics)?;
        Some((source, (*tree).clone()))
    }

    /// The literal text of the file that `path` names, relative to the file `from`.
    pub fn text_file(
        &self,
        from: SourceId,
        path: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<(SourceId, String)> {
        let source = self.file(from, path, diagnostics)?;
        Some((source, self.library.text(source)))
    }

    fn file(&self, from: SourceId, path: &Node, diagnostics: &mut Diagnostics) -> Option<SourceId> {
        let written = self.constant_text(path, diagnostics)?;
        if written.starts_with('/') {
            diagnostics.push(absolute(&written).at(path.span));
            return None;
        }
        let full = self.library.path_from(from, &written);
        match self.library.read(&full) {
            Ok(source) => Some(source),
            Err(why) => {
                diagnostics.push(unreadable(&full, &why).at(path.span));
                None
            }
        }
    }
}

pub(super) fn unreadable(path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(Code::UNREADABLE, format!("the file `{path}` can't be read: {why}"))
}

/// A stack reads the same wherever its folder lies, and nothing of strangers' files is shown.
pub(super) fn absolute(written: &str) -> Diagnostic {
    Diagnostic::error(Code::UNREADABLE, format!("the file `{written}` is named by an absolute path"))
        .hint("name it relative to the file in which this stands")
}
