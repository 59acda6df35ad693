//! Changes of the record alone, for `evstack state`: the cloud isn't touched.

use super::seal::{Codec, Unreadable};
use super::{Entry, Home, Locked, Operation, State, snapshot, unwritable};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::model::Address;
use serde::de::IgnoredAny;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
        let bad = |why: String| Diagnostic::error(Code::BAD_STATE, format!("the text is no state: {why}"));
        let pulled = |bad: Diagnostic| bad.hint("a state is what `evstack state pull` prints");
        let unread = |unread: Unreadable| match (unread.sealed, serde_json::from_str::<IgnoredAny>(text)) {
            (true, _) => bad("it is encrypted".to_owned()).hint("`evstack state pull` gives the plain text"),
            (false, Err(_)) if text.trim().is_empty() => pulled(bad("it is empty".to_owned())),
            (false, Err(at)) => {
                pulled(bad(format!("it isn't JSON from line {}, column {} on", at.line(), at.column())))
            }
            (false, Ok(_)) => pulled(bad(unread.why)),
        };
        let state = snapshot::parse(text, &Codec::plain()).map_err(unread)?;
        // All of them are counted up by one.
        if [state.serial, state.journal, state.last_operation, state.segment].iter().any(|n| *n > 1 << 62) {
            return Err(bad("a number in it is beyond all that a run can have counted".to_owned()));
        }
        match state.resources.keys().find(|address| !Address::is_valid(address.as_str())) {
            Some(address) => Err(bad(format!("`{address}` is no address"))),
            None => Ok(state),
        }
    }

    /// What is recorded under an address or under one of its parts.
    ///
    /// # Errors
    /// [`Code::UNKNOWN_TARGET`] if nothing is.
    pub fn with_parts(&self, address: &Address) -> Result<Vec<Address>, Diagnostic> {
        let found = self.resources.keys().filter(|known| known.is_or_belongs_to(address));
        let found: Vec<Address> = found.cloned().collect();
        if found.is_empty() { Err(self.unknown(address)) } else { Ok(found) }
    }

    /// Whether anything is known under an address or its parts: see [`Self::leaving`].
    #[must_use]
    pub fn knows(&self, address: &Address) -> bool {
        !self.held(address).is_empty()
    }

    /// An address and its parts, as far as something is recorded there, is still to be deleted, or may
    /// have been created without a run being able to tell; each once.
    fn held(&self, address: &Address) -> BTreeSet<Address> {
        let left = self.leftovers.iter().map(|leftover| &leftover.address);
        let undecided = self.operations.values().filter(|o| o.undecided).map(|o| &o.address);
        let all = self.resources.keys().chain(left).chain(undecided);
        all.filter(|known| known.is_or_belongs_to(address)).cloned().collect()
    }

    /// Which address becomes which when `from` is called `to`: parts move with their owner.
    ///
    /// # Errors
    /// [`Code::UNKNOWN_TARGET`], [`Code::DUPLICATE`], [`Code::BAD_NAME`], and
    /// [`Code::UNFINISHED`] where it isn't known how an operation ended.
    pub fn moves(&self, from: &Address, to: &Address) -> Result<Vec<(Address, Address)>, Diagnostic> {
        if !Address::is_valid(to.as_str()) {
            return Err(Diagnostic::error(Code::BAD_NAME, format!("`{to}` is no address"))
                .hint("write it as `evstack state list` prints it: `queue.orders`"));
        }
        let mut moves = Vec::new();
        let held = self.held(from);
        if held.is_empty() {
            return Err(self.unknown(from));
        }
        for address in held {
            let rest = &address.as_str()[from.as_str().len()..];
            let new = Address::new(format!("{to}{rest}"));
            if self.resources.contains_key(&new) {
                return Err(Diagnostic::error(Code::DUPLICATE, format!("`{new}` is in the state already"))
                    .hint(format!("move it away first, or forget it: `evstack state rm {new}`")));
            }
            self.is_settled(&address)?;
            self.is_settled(&new)?;
            moves.push((address, new));
        }
        Ok(moves)
    }

    /// What leaves the record with these addresses, each once: they and their parts, also where only
    /// something is left that is still to be deleted, or a create that nobody can tell of.
    ///
    /// # Errors
    /// [`Code::UNKNOWN_TARGET`], [`Code::UNFINISHED`].
    pub fn leaving(&self, addresses: &[Address]) -> Result<Vec<Address>, Diagnostic> {
        let mut leaving = Vec::new();
        for address in addresses {
            let held = self.held(address);
            if held.is_empty() {
                return Err(self.unknown(address));
            }
            for found in held {
                self.is_settled(&found)?;
                if !leaving.contains(&found) {
                    leaving.push(found);
                }
            }
        }
        Ok(leaving)
    }

    /// Whether it is known how everything ended that was done at an address, or that nobody knows.
    ///
    /// # Errors
    /// [`Code::UNFINISHED`] if it isn't.
    pub fn is_settled(&self, address: &Address) -> Result<(), Diagnostic> {
        match self.operations.values().find(|operation| operation.address == *address && !operation.undecided)
        {
            None => Ok(()),
            Some(_) => Err(Diagnostic::error(
                Code::UNFINISHED,
                format!("an earlier run ended while it worked on `{address}`"),
            )
            .hint("`evstack apply` finds out first how that ended; then run this again")),
        }
    }

    fn unknown(&self, address: &Address) -> Diagnostic {
        let left = self.leftovers.iter().map(|leftover| &leftover.address);
        let known: Vec<&str> = self.resources.keys().chain(left).map(Address::as_str).collect();
        let near = nearest(address.as_str(), known).map(|name| format!("did you mean `{name}`?"));
        Diagnostic::error(Code::UNKNOWN_TARGET, format!("`{address}` is not in the state"))
            .hint_if(near)
            .hint("`evstack state list` shows what is")
    }
}

impl Locked {
    /// Records a resource and its parts under another address; says what moved where.
    ///
    /// # Errors
    /// As [`State::moves`]; [`Code::DISK`].
    pub fn rename(&self, from: &Address, to: &Address) -> Result<Vec<(Address, Address)>, Diagnostic> {
        let moves = self.with(|state| state.moves(from, to))?;
        let entries = moves.iter().map(|(from, to)| Entry::Move { from: from.clone(), to: to.clone() });
        self.append_together(entries.collect())?;
        Ok(moves)
    }

    /// Forgets resources and their parts; they stay in the cloud. Says which.
    ///
    /// # Errors
    /// As [`State::leaving`]; [`Code::DISK`].
    pub fn forget(&self, addresses: &[Address]) -> Result<Vec<Address>, Diagnostic> {
        let leaving = self.with(|state| state.leaving(addresses))?;
        let entries = leaving.iter().map(|address| Entry::Forget { address: address.clone() });
        self.append_together(entries.collect())?;
        Ok(leaving)
    }

    /// Keeps the state as it is now beside itself, in the place of what was kept there before; says
    /// where. None if nothing was ever recorded.
    ///
    /// # Errors
    /// [`Code::DISK`], or what the bucket says.
    pub fn back_up(&self) -> Result<Option<String>, Diagnostic> {
        let state = self.snapshot();
        if state.journal == 0 && state.serial == 0 {
            return Ok(None);
        }
        let text = snapshot::text(&state, &self.codec)?;
        match &self.home {
            Home::Folder(paths, _) => {
                let path = backup(&paths.snapshot);
                snapshot::write(&path, &text).map_err(|error| unwritable(&path, &error))?;
                Ok(Some(path.display().to_string()))
            }
            Home::Bucket(held) => held.back_up(text).map(Some),
        }
    }

    /// Puts a whole state in the place of this one, if it descends from it. It is a step further
    /// than both, so that neither a plan nor a push that rests on one of them fits any more.
    /// Says which unfinished operations are no longer known: with `force` there may be some.
    ///
    /// # Errors
    /// [`Code::BAD_STATE`] for one of another stack, and unless `force` for one of another
    /// lineage or an earlier serial; [`Code::UNFINISHED`] unless `force`; [`Code::DISK`].
    pub fn push(&mut self, pushed: State, force: bool) -> Result<Vec<Operation>, Diagnostic> {
        let here = self.snapshot();
        let lost = here.refuses(&pushed, force)?;
        self.shared.with(|state| {
            let serial = state.serial.max(pushed.serial) + 1;
            let last_operation = state.last_operation.max(pushed.last_operation);
            let (journal, segment) = (state.journal + 1, state.segment);
            *state = State { serial, journal, last_operation, segment, ..pushed };
        });
        self.compact()?;
        Ok(lost)
    }
}

impl State {
    /// Why another state may not take the place of this one; else the operations that go unknown.
    ///
    /// # Errors
    /// See [`Locked::push`].
    pub fn refuses(&self, pushed: &State, force: bool) -> Result<Vec<Operation>, Diagnostic> {
        let error = |why: String| Diagnostic::error(Code::BAD_STATE, why);
        if (&pushed.stack, &pushed.env) != (&self.stack, &self.env) {
            let why = format!(
                "the pushed state is of `{}` in `{}`, this one of `{}` in `{}`",
                pushed.stack, pushed.env, self.stack, self.env
            );
            return Err(error(why).hint("name the stack and the environment that it belongs to"));
        }
        let way_out = "`--force` pushes it all the same";
        let empty = self.serial == 0 && self.journal == 0;
        if !force && !empty && pushed.lineage != self.lineage {
            let why = "the pushed state has another lineage: it is not a later one of this";
            return Err(error(why.to_owned()).hint(way_out));
        }
        if !force && pushed.serial < self.serial {
            let why =
                format!("the pushed state has serial {}, this one is at {}", pushed.serial, self.serial);
            return Err(error(why).hint("pull it again, and change that").hint(way_out));
        }
        if !force && pushed.serial == self.serial && pushed.journal < self.journal {
            let why = "the pushed state was pulled while a run was under way, and more is recorded since";
            return Err(error(why.to_owned()).hint("pull it again, and change that").hint(way_out));
        }
        let known = |operation: &Operation| {
            pushed.operations.values().any(|other| other.client_token == operation.client_token)
        };
        let lost: Vec<Operation> = self.operations.values().filter(|o| !known(o)).cloned().collect();
        if let Some(first) = lost.first().filter(|_| !force) {
            let why = format!(
                "an earlier run ended while it worked on `{}`, and the pushed state doesn't know of it",
                first.address
            );
            return Err(Diagnostic::error(Code::UNFINISHED, why)
                .hint("`evstack apply` finds out how that ended; then pull again")
                .hint("`--force` forgets it: what was begun may stay in the cloud, unrecorded"));
        }
        Ok(lost)
    }
}

/// `reviews.local.json.backup`
pub(super) fn backup(snapshot: &Path) -> PathBuf {
    let mut name = snapshot.file_name().unwrap_or_default().to_owned();
    name.push(".backup");
    snapshot.with_file_name(name)
}
