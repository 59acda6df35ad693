//! What a failed create names: a remnant of its own, or what was there before.
//!
//! A handler that fails inside names the identifier whether it made the thing or met it: one event
//! says both. So what is there is read, and judged by what it says of itself. What may have been
//! there before is never deleted for a failed create.

use super::operation::Hands;
use super::recover::veiled;
use crate::diff::{Context, diff, holding, is_hidden};
use crate::model::{Address, Json, Options, Secrets, Value};
use crate::plan::adoption::{Owner, owner, recorded_as};
use crate::provider::{Fault, FaultKind};
use crate::schema::{ResourceType, TypeName, data_loss};
use crate::state::{Declared, Ending, Entry, State};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long what was made may not be seen yet, in milliseconds. One that shows later is met by the next
/// try, which fails because it exists, and is judged then.
const LAG: [u64; 4] = [100, 250, 500, 1_000];

/// A create that failed.
pub(super) struct Create<'a> {
    pub address: &'a Address,
    pub type_name: &'a TypeName,
    /// None where the catalogue doesn't have it.
    pub kind: Option<&'a ResourceType>,
    /// What was declared; secrets as their hashes.
    pub declared: Option<&'a Declared>,
}

/// What to make of what a failed create names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It isn't there.
    Absent,
    /// The create left it: it goes.
    Remnant,
    /// It stays, and is recorded; whether it is all that was asked for.
    Taken { whole: bool },
    /// It isn't this address's: why.
    Anothers(String),
    /// Nothing tells whose it is.
    Unclear,
}

/// What this run deleted, by type and identifier, and when.
#[derive(Debug, Default)]
pub(super) struct Freed(Mutex<HashMap<(TypeName, String), Duration>>);

impl Freed {
    /// How long a name that became free is taken to be nobody's.
    const FREE: Duration = Duration::from_secs(60);

    pub fn add(&self, type_name: &TypeName, identifier: &str, now: Duration) {
        let mut freed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        freed.insert((type_name.clone(), identifier.to_owned()), now);
    }

    /// Whether the run deleted it, at any time.
    pub fn has(&self, type_name: &TypeName, identifier: &str) -> bool {
        let freed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        freed.contains_key(&(type_name.clone(), identifier.to_owned()))
    }

    /// Whether the run deleted what had the name right before a create began: what has it then is the
    /// create's, or a read that is late and shows what was deleted.
    pub fn just_before(&self, type_name: &TypeName, identifier: &str, began: Duration) -> bool {
        let freed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let when = freed.get(&(type_name.clone(), identifier.to_owned()));
        when.is_some_and(|when| began.saturating_sub(*when) <= Self::FREE)
    }
}

/// Whether the service may have been told the name, so that another may have had it before.
///
/// The properties that make the identifier, and what was predicted of it, decide it; so does an ARN or
/// a compound identifier that ends with a text that was declared: not every ARN can be predicted. What
/// the service made up itself is new, and can only be this create's.
pub(super) fn is_given(create: &Create<'_>, identifier: &str) -> bool {
    let Some(declared) = create.declared else { return true };
    let properties = &declared.properties;
    let ends_with = |text: &str| {
        let before = identifier.strip_suffix(text).filter(|_| !text.is_empty());
        before.is_some_and(|before| before.is_empty() || before.ends_with([':', '/', '|']))
    };
    create.kind.is_none_or(|kind| kind.identifier_from(properties).as_deref() == Some(identifier))
        || declared.predicted.values().any(|value| value == identifier)
        || properties
            .as_object()
            .into_iter()
            .flatten()
            .any(|(_, value)| value.as_str().is_some_and(ends_with))
}

/// Judges what is there under a name that was given.
///
/// - Another's by its tags (another stack, environment or address), or recorded as another: it stays.
/// - This address's by its tags: a remnant, if its type holds nothing that a declaration wouldn't bring
///   back. Otherwise it may be what an earlier run made and let go of (a table that was to be retained),
///   with all that is in it: it is recorded, and what differs is for the next plan to show.
/// - No tags that tell: if all that was declared is live, it is what was asked for, tags included where
///   the type has any. To take over what a stranger declared in the very same words is the lesser evil
///   beside deleting it. If something differs, nobody can tell: it stays, and somebody decides.
pub(super) fn judge(
    create: &Create<'_>,
    identifier: &str,
    live: &Json,
    secrets: &Secrets,
    state: &State,
) -> Verdict {
    if let Some(other) = recorded_as(&state.resources, create.type_name, identifier) {
        return Verdict::Anothers(format!("it is recorded as `{other}`"));
    }
    let (Some(kind), Some(declared)) = (create.kind, create.declared) else { return Verdict::Unclear };
    let wanted = Value::from(declared.properties.clone());
    let options = Options::default();
    let context = Context::new(kind, &options, secrets);
    let holds = holding(&wanted, live, &context);
    let left = diff(&wanted, Some(&holds.declared), live, &context).differences;
    let whole = left.is_empty() && holds.unverified.is_empty();
    match owner(live, &wanted, kind) {
        Owner::Other { stack, env } if env.is_empty() => {
            Verdict::Anothers(format!("by its tags it belongs to the stack `{stack}`"))
        }
        Owner::Other { stack, env } => Verdict::Anothers(format!(
            "by its tags it belongs to the stack `{stack}` in the environment `{env}`"
        )),
        Owner::Ours(Some(tagged)) if tagged != *create.address => {
            Verdict::Anothers(format!("by its tags it is `{tagged}`"))
        }
        Owner::Ours(Some(_)) if data_loss(create.type_name).is_none() => Verdict::Remnant,
        Owner::Ours(Some(_)) => Verdict::Taken { whole },
        Owner::Ours(None) | Owner::Nobody => {
            let fits = left.iter().all(|difference| difference.after.as_ref().is_some_and(is_hidden));
            if fits { Verdict::Taken { whole } } else { Verdict::Unclear }
        }
    }
}

impl Hands {
    /// Reads what a failed create names, and judges it; what is there with it, unless it isn't.
    ///
    /// # Errors
    /// It couldn't be read: nothing is known of it, and the operation must not end on that.
    pub async fn look_at_remnant(
        &self,
        create: &Create<'_>,
        identifier: &str,
        secrets: &Secrets,
    ) -> Result<(Verdict, Json), Fault> {
        if !is_given(create, identifier) {
            // A service that answers with what is there may fail over it, too.
            let recorded =
                |state: &State| recorded_as(&state.resources, create.type_name, identifier).cloned();
            if let Some(other) = self.journal.with(recorded) {
                return Ok((Verdict::Anothers(format!("it is recorded as `{other}`")), super::nothing()));
            }
            return Ok((Verdict::Remnant, super::nothing()));
        }
        let mut read = self.provider.read(create.type_name, identifier).await?;
        for wait in LAG {
            if read.is_some() {
                break;
            }
            self.clock.sleep(Duration::from_millis(wait)).await;
            read = self.provider.read(create.type_name, identifier).await?;
        }
        let Some(live) = read else { return Ok((Verdict::Absent, super::nothing())) };
        let verdict = self.journal.with(|state| judge(create, identifier, &live, secrets, state));
        Ok((verdict, live))
    }

    /// Records what stays and isn't wholly as it was asked for, as the end of the create that names it.
    /// What differs, and what no read shows, is left for the next plan.
    pub fn taken(&self, id: u64, create: &Create<'_>, identifier: &str, live: Json, secrets: &Secrets) {
        let seen = veiled(create.declared, live, secrets);
        let ending =
            Ending::Recorded { identifier: identifier.to_owned(), seen: seen.clone(), in_part: false };
        let mut entries = vec![Entry::Ended { id, ending }];
        if let Some(declared) = create.declared {
            let (address, type_name) = (create.address.clone(), create.type_name.clone());
            let mut recorded = declared.recorded(address, type_name, identifier.to_owned(), seen);
            recorded.doubts.half_way = true;
            entries.push(Entry::Put { recorded: Box::new(recorded) });
        }
        // A kill between them would leave it as if it were as declared.
        drop(self.journal.append(Entry::Together { entries }));
    }
}

/// A failed create's fault once it is known that the name is taken.
pub(super) fn exists(fault: Fault, identifier: &str, why: &str) -> Fault {
    let message = format!("`{identifier}` exists, and stays: {why}. The service's words: {}", fault.message);
    Fault { kind: FaultKind::AlreadyExists, identifier: Some(identifier.to_owned()), message, ..fault }
}

/// What is said where nothing tells whose it is.
pub(super) const UNCLEAR: &str = "nothing tells whether it was there before this create, and it isn't as \
                                  declared; if this create left it, delete it by hand";
