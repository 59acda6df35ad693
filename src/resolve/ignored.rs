//! `drift.ignore` is about what is declared: an entry that means nothing hides a mistake in it.

use super::Resolved;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, nearest};
use crate::spec::IgnoredDrift;
use std::collections::BTreeSet;

/// Reports entries whose address, or pattern, is of no declaration. What `options.when` leaves out is one.
pub(super) fn check(list: &[IgnoredDrift], resolved: &Resolved, diagnostics: &mut Diagnostics) {
    let means = |entry: &IgnoredDrift| {
        let part = |of: &str| entry.address.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'));
        resolved.resources.iter().any(|resource| entry.means(resource.address.as_str()))
            || resolved.left_out.iter().any(|out| entry.means(out.as_str()) || part(out.as_str()))
    };
    let known: BTreeSet<&str> = resolved.resources.iter().map(|resource| resource.address.as_str()).collect();
    for entry in list.iter().filter(|entry| !means(entry)) {
        let words = format!("`drift.ignore` names `{}`, which isn't declared", entry.address);
        let near = nearest(&entry.address, known.iter().copied());
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name an address as the plan prints it, or take the entry out".to_owned(),
        };
        diagnostics.push(Diagnostic::error(Code::UNKNOWN_REFERENCE, words).at(entry.span).hint(hint));
    }
}
