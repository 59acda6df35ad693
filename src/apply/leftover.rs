//! What earlier runs left to be deleted: what a plan says of it, and whose it is.
//!
//! A leftover may be weeks old. Whatever has its name by now is looked at before it is deleted: what is
//! another stack's by its tags, or is recorded as something, stays.

use super::event::Subject;
use super::operation::{Halt, Hands};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::model::{Action, ActionReason, Json, Live, Value};
use crate::plan::adoption::{Owner, owner, recorded_as};
use crate::plan::{Drift, ResourceChange};
use crate::schema::{Catalogue, ResourceType, TypeName};
use crate::state::{Leftover, State, Why};
use serde_json::json;
use std::collections::BTreeMap;

/// What a plan does with what is left, by address, and warnings of what is another's by now. `live` has
/// what was read, by type and identifier; what isn't in it is unread. Pure.
pub fn leftovers(
    state: &State,
    live: &BTreeMap<(TypeName, String), Live>,
    skip_drain: bool,
    catalogue: &Catalogue,
) -> (Vec<ResourceChange>, Diagnostics) {
    let (mut changes, mut warnings) = (Vec::new(), Diagnostics::new());
    for left in &state.leftovers {
        let Leftover { address, type_name, identifier, .. } = left;
        let reason = match left.why {
            Why::Remnant => ActionReason::DeleteBecauseCreateFailed,
            Why::Replaced => ActionReason::DeleteBecauseReplaced,
        };
        let mut change =
            ResourceChange::leftover(address.clone(), type_name.clone(), identifier.clone(), reason);
        change.recorded_dependencies.clone_from(&left.dependencies);
        change.drain = left.drain.filter(|_| left.why == Why::Replaced && !skip_drain);
        match live.get(&(type_name.clone(), identifier.clone())) {
            Some(Live::Absent) => {
                (change.action, change.drift, change.drain) = (Action::Forget, Some(Drift::Gone), None);
            }
            Some(Live::Present(live)) => {
                let kind = catalogue.of(type_name);
                if let Some(why) = anothers(state, type_name, identifier, live, kind.as_deref()) {
                    (change.action, change.drain) = (Action::Forget, None);
                    change.reason = Some(ActionReason::ForgetBecauseAnothers);
                    let words = format!(
                        "`{identifier}` ({type_name}), which was still to be deleted, isn't `{address}`'s any more: \
                         {why}; it stays, and leaves the state"
                    );
                    warnings.push(Diagnostic::warning(Code::FOREIGN_OWNER, words));
                }
            }
            Some(Live::Unread) | None => {}
        }
        changes.push(change);
    }
    changes.sort_by(|a, b| (&a.address, &a.identifier).cmp(&(&b.address, &b.identifier)));
    (changes, warnings)
}

/// Why what is there under a leftover's name isn't the leftover any more; none if nothing says so.
fn anothers(
    state: &State,
    type_name: &TypeName,
    identifier: &str,
    live: &Json,
    kind: Option<&ResourceType>,
) -> Option<String> {
    if let Some(other) = recorded_as(&state.resources, type_name, identifier) {
        return Some(format!("it is recorded as `{other}`"));
    }
    let kind = kind?;
    let tags = kind.tagging.property.as_ref()?;
    let own = json!({ tags: { "evstack:stack": state.stack, "evstack:env": state.env } });
    match owner(live, &Value::from(own), kind) {
        Owner::Other { stack, env } if env.is_empty() => {
            Some(format!("by its tags it belongs to the stack `{stack}`"))
        }
        Owner::Other { stack, env } => {
            Some(format!("by its tags it belongs to the stack `{stack}` in the environment `{env}`"))
        }
        Owner::Ours(_) | Owner::Nobody => None,
    }
}

impl Hands {
    /// Looks at what an earlier run left, before it is deleted. One that isn't seen is deleted all the
    /// same: a read may lag.
    ///
    /// # Errors
    /// It is another's, or can't be read.
    pub(super) async fn is_still_ours(
        &self,
        subject: &Subject,
        identifier: &str,
        kind: Option<&ResourceType>,
    ) -> Result<(), Halt> {
        let Some(kind) = kind.filter(|kind| kind.handlers.read.is_some()) else { return Ok(()) };
        let read = self.provider.read(&subject.type_name, identifier).await;
        let Some(live) = read.map_err(|fault| Halt::Fault(Box::new(fault)))? else { return Ok(()) };
        let why = |state: &State| anothers(state, &subject.type_name, identifier, &live, Some(kind));
        match self.journal.with(why) {
            None => Ok(()),
            Some(why) => Err(Halt::Anothers(identifier.to_owned(), why)),
        }
    }
}
