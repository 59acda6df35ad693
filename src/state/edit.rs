//! Changes of the record alone, for `evstack state`: the cloud isn't touched.

use super::{Entry, Locked, State, snapshot};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::model::Address;

impl State {
    /// The whole state as text, as `state pull` gives it and `state push` takes it.
    #[must_use]
    pub fn pretty(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads what [`Self::pretty`] wrote, of this or an earlier version.
    ///
    /// # Errors
    /// [`Code::BAD_STATE`].
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        snapshot::parse(text)
            .map_err(|why| Diagnostic::error(Code::BAD_STATE, format!("the text is no state: {why}")))
    }

    fn unknown(&self, address: &Address) -> Diagnostic {
        let known: Vec<&str> = self.resources.keys().map(Address::as_str).collect();
        let near = nearest(address.as_str(), known).map(|name| format!("did you mean `{name}`?"));
        Diagnostic::error(Code::UNKNOWN_TARGET, format!("`{address}` is not in the state"))
            .hint_if(near)
            .hint("`evstack state list` shows what is")
    }
}

impl Locked {
    /// Records a resource under another address.
    ///
    /// # Errors
    /// [`Code::UNKNOWN_TARGET`], [`Code::DUPLICATE`], [`Code::BAD_NAME`], [`Code::DISK`].
    pub fn rename(&self, from: &Address, to: &Address) -> Result<(), Diagnostic> {
        if !Address::is_valid(to.as_str()) {
            return Err(Diagnostic::error(Code::BAD_NAME, format!("`{to}` is no address")));
        }
        self.with(|state| {
            if !state.resources.contains_key(from) {
                Err(state.unknown(from))
            } else if state.resources.contains_key(to) {
                Err(Diagnostic::error(Code::DUPLICATE, format!("`{to}` is in the state already")))
            } else {
                Ok(())
            }
        })?;
        self.append(Entry::Move { from: from.clone(), to: to.clone() })
    }

    /// Forgets a resource; it stays in the cloud.
    ///
    /// # Errors
    /// [`Code::UNKNOWN_TARGET`], [`Code::DISK`].
    pub fn forget(&self, address: &Address) -> Result<(), Diagnostic> {
        self.with(|state| match state.resources.contains_key(address) {
            true => Ok(()),
            false => Err(state.unknown(address)),
        })?;
        self.append(Entry::Forget { address: address.clone() })
    }

    /// Puts a whole state in the place of this one, if it descends from it.
    ///
    /// # Errors
    /// [`Code::BAD_STATE`] for one of another stack or lineage, or an earlier serial, unless
    /// `force`; [`Code::DISK`].
    pub fn push(&mut self, pushed: State, force: bool) -> Result<(), Diagnostic> {
        let refuse = |why: String| {
            Err(Diagnostic::error(Code::BAD_STATE, why).hint("`--force` pushes it all the same"))
        };
        let here = self.snapshot();
        if (&pushed.stack, &pushed.env) != (&here.stack, &here.env) {
            return refuse(format!(
                "the pushed state is of `{}` in `{}`, this one of `{}` in `{}`",
                pushed.stack, pushed.env, here.stack, here.env
            ));
        }
        let empty = here.serial == 0;
        if !force && !empty && pushed.lineage != here.lineage {
            return refuse("the pushed state has another lineage: it is not a later one of this".to_owned());
        }
        if !force && pushed.serial < here.serial {
            return refuse(format!(
                "the pushed state has serial {}, this one is at {}",
                pushed.serial, here.serial
            ));
        }
        self.shared.with(|state| {
            let (serial, journal) = (state.serial.max(pushed.serial), state.journal);
            *state = State { serial, journal: journal + 1, ..pushed };
        });
        self.compact()
    }
}
