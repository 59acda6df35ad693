//! Updates that Cloud Control can't be asked for: the model must have what no read shows and what no
//! update may say again.

use super::ResourceChange;
use super::evaluate::Subject;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::{Context, holding, unsayable};
use crate::model::{Action, Secrets};

/// Refuses such an update at the line of what differs, with the ways out. What isn't known yet isn't
/// looked at: the apply will hear it from Cloud Control.
pub(super) fn refuse(
    change: &ResourceChange,
    subject: &Subject<'_>,
    secrets: &Secrets,
    diagnostics: &mut Diagnostics,
) {
    let updates = matches!(change.action, Action::Update | Action::Import) && !change.diff.is_empty();
    let wanted = change.after.as_ref().filter(|_| updates && !change.diff.forces_replacement());
    let (Some(wanted), Some(live)) = (wanted, subject.seen()) else { return };
    let Some(json) = wanted.to_json() else { return };
    let doubts = subject.recorded.map(|recorded| recorded.doubts.clone()).unwrap_or_default();
    let context = Context::new(&subject.resource_type, &subject.desired.options, secrets).since(&doubts);
    let sent = match subject.recorded {
        Some(recorded) => recorded.declared.clone(),
        None => holding(wanted, live, &context).declared,
    };
    let lost = unsayable(&json, Some(&sent), live, &context);
    if lost.is_empty() {
        return;
    }
    let names: Vec<String> = lost.iter().map(|path| format!("`{}`", path.join("."))).collect();
    let (address, type_name) = (&change.address, &change.type_name);
    let message = format!(
        "`{address}` ({type_name}) can't be changed in place: an update must have {}, which no read shows and \
         which is fixed at the create",
        names.join(", ")
    );
    let differing: Vec<&str> =
        change.diff.differences.iter().filter_map(|d| Some(d.path.first()?.as_str())).collect();
    let first = differing.first().map(|name| format!("/{name}")).unwrap_or_default();
    let mut hint = format!("set back what differs ({})", listed(&differing));
    if change.action == Action::Update {
        hint.push_str(&format!(", or let another take its place: `evstack plan --replace {address}`"));
    }
    let span = subject.desired.key_span_of(&first);
    diagnostics.push(Diagnostic::error(Code::CANNOT_UPDATE, message).at(span).hint(hint));
}

/// Each name once.
fn listed(names: &[&str]) -> String {
    let mut once: Vec<String> = Vec::new();
    for name in names {
        let name = format!("`{name}`");
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once.join(", ")
}
