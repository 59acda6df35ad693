//! What isn't this state: another stack's file, another state's journal, another cloud's record.

use super::seal::Unreadable;
use super::{Entry, Key, State};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Site;

impl State {
    /// This state, if it is that stack's in that environment: whatever its file is called, what is
    /// recorded in another's would be deleted as not declared.
    pub(super) fn of(self, key: &Key) -> Result<Self, Unreadable> {
        named(&self.stack, &self.env, (&key.stack, &key.env))?;
        Ok(self)
    }

    /// Whether an entry of the journal goes on from here; `begun` says that there was something before.
    pub(super) fn goes_on(&self, entry: &Entry, begun: bool) -> Result<(), String> {
        let Entry::Run { stack, env, lineage, .. } = entry else { return Ok(()) };
        // Earlier programs didn't say whose it is.
        if !(stack.is_empty() && env.is_empty()) {
            named(stack, env, (&self.stack, &self.env))?;
        }
        if begun && *lineage != self.lineage {
            return Err(
                "it goes on from another state than what is before it: their lineages differ".to_owned()
            );
        }
        Ok(())
    }

    /// Whether what is recorded is in that cloud. A state that records nothing, or doesn't say where,
    /// is of any.
    ///
    /// # Errors
    /// [`Code::OTHER_CLOUD`], which names both.
    pub fn is_of_site(&self, now: &Site) -> Result<(), Diagnostic> {
        let Some(then) = self.site.as_ref().filter(|then| !then.is(now)) else { return Ok(()) };
        if self.resources.is_empty() && self.leftovers.is_empty() && self.operations.is_empty() {
            return Ok(());
        }
        let (stack, env) = (&self.stack, &self.env);
        let message = format!(
            "what is recorded of `{stack}` in `{env}` is in another cloud: in {then}; this run would speak to {now}"
        );
        let moved = (then.is_endpoint() && now.is_endpoint() && then.has_same_account(now)).then(|| {
            format!(
                "if it is the same cloud at another address, say so in its state: `evstack state pull` it, set \
                 `site.cloud` to `{}`, and `evstack state push` it",
                now.cloud
            )
        });
        Err(Diagnostic::error(Code::OTHER_CLOUD, message)
            .hint("nothing was read or changed; to go on with what is there, set `cloud` of the environment, and the credentials, back")
            .hint("to have the stack in both, give the other cloud an environment of its own: `--env NAME`")
            .hint_if(moved)
            .hint("to let go of what is recorded, which stays there: `evstack state rm` each that `evstack state list` shows"))
    }
}

fn named(stack: &str, env: &str, wanted: (&str, &str)) -> Result<(), String> {
    if (stack, env) == wanted {
        return Ok(());
    }
    Err(format!("it is of `{stack}` in `{env}`, not of `{}` in `{}`", wanted.0, wanted.1))
}
