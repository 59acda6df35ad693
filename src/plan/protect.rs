//! What stands between a resource and its end.

use super::ResourceChange;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Action, Address, Desired, Protection};
use std::collections::BTreeMap;

/// Refuses every delete and replacement of what is protected, all at once, before anything is
/// done.
pub(super) fn refuse(
    changes: &[ResourceChange],
    desired: &BTreeMap<&Address, &Desired>,
    allow_data_loss: bool,
    diagnostics: &mut Diagnostics,
) {
    for change in changes.iter().filter(|c| c.action.deletes() && c.drift.is_none()) {
        let (why, way_out) = match change.protection {
            Protection::None => continue,
            Protection::ByDefault if allow_data_loss => continue,
            Protection::ByDefault => {
                ("it holds data", "`--allow-data-loss` lets it go, with all that is in it".to_owned())
            }
            Protection::Explicit => ("its options say `protect: true`", explicit_way_out(change)),
        };
        let verb = if change.action == Action::Delete { "deleted" } else { "replaced" };
        let address = &change.address;
        let message = format!("`{address}` would be {verb}, and is protected because {why}");
        let mut diagnostic = Diagnostic::error(Code::PROTECTED, message).hint(way_out);
        if let Some(span) = desired.get(address).map(|d| span_of(change, d)) {
            diagnostic = diagnostic.at(span);
        }
        diagnostics.push(diagnostic);
    }
}

fn explicit_way_out(change: &ResourceChange) -> String {
    if change.after.is_some() {
        "remove `protect: true` from its options, and plan again".to_owned()
    } else {
        format!("declare `{}` again without `protect: true`, apply that, and then remove it", change.address)
    }
}

/// The property that asks for the replacement, or the declaration.
fn span_of(change: &ResourceChange, desired: &Desired) -> Span {
    match change.replace_paths.first() {
        Some(path) => desired.span_of(&path.iter().map(|name| format!("/{name}")).collect::<String>()),
        None => desired.span,
    }
}
