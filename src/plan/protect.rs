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
        let own = desired.get(&change.address).copied();
        if change.retained && change.action == Action::DeleteThenCreate {
            diagnostics.push(in_its_own_way(change, own));
            continue;
        }
        let lost = change.loses().map(|loss| format!(": {}", loss.loses)).unwrap_or_default();
        let (why, way_out) = match change.protection {
            Protection::None => continue,
            Protection::ByDefault if allow_data_loss || change.retained => continue,
            Protection::ByDefault => (
                format!("it holds data that would be lost{lost}"),
                "`--allow-data-loss` lets it go, with all that is in it".to_owned(),
            ),
            Protection::Explicit => ("its options say `protect: true`".to_owned(), explicit_way_out(change)),
        };
        let verb = if change.action == Action::Delete { "deleted" } else { "replaced" };
        let address = &change.address;
        let message = format!("`{address}` would be {verb}, and is protected because {why}");
        let mut diagnostic = Diagnostic::error(Code::PROTECTED, message).hint(way_out);
        if let Some(span) = own.map(|d| span_of(change, d)) {
            diagnostic = diagnostic.at(span);
        }
        diagnostics.push(diagnostic);
    }
}

/// The recorded one is to stay, and has the identity that the new one needs.
fn in_its_own_way(change: &ResourceChange, desired: Option<&Desired>) -> Diagnostic {
    let (address, type_name) = (&change.address, &change.type_name);
    let message = format!(
        "`{address}` must be replaced, and its options say `retainOnDelete: true`: the {type_name} that stays \
         has the name of the new one"
    );
    let diagnostic = Diagnostic::error(Code::PROTECTED, message)
        .hint("give it another `name`, or remove `retainOnDelete` from its options");
    match desired {
        Some(desired) => diagnostic.at(span_of(change, desired)),
        None => diagnostic,
    }
}

fn explicit_way_out(change: &ResourceChange) -> String {
    if let Some(type_name) = &change.recorded_type {
        format!(
            "declare it as the {type_name} that it is, without `protect: true`, apply that, and then change its type"
        )
    } else if change.after.is_some() {
        "remove `protect: true` from its options, and plan again".to_owned()
    } else {
        format!("declare `{}` again without `protect: true`, apply that, and then remove it", change.address)
    }
}

/// The property that asks for the replacement, or the declaration.
fn span_of(change: &ResourceChange, desired: &Desired) -> Span {
    match change.replace_paths.first() {
        Some(path) => desired.key_span_of(&path.iter().map(|name| format!("/{name}")).collect::<String>()),
        None => desired.span,
    }
}
