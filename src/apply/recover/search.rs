//! Creates whose fate no token tells: the request can't be asked for, and can't be sent again.
//!
//! What the service remembers of requests is looked through, and what exists of the type: by ownership
//! tags, by the name that was predicted, and, where neither says anything, by being as declared. One
//! that can't be told from another's is neither taken nor made again: somebody has to decide.

use super::{Found, Recovered, Recoverer, Unfinished, not_done, veiled};
use crate::apply::operation::Tried;
use crate::apply::remnant::{Verdict, is_given, judge};
use crate::diff::{Context, diff, holding, is_hidden, same};
use crate::model::{Address, Json, Options, Value};
use crate::plan::adoption::{Owner, owner};
use crate::provider::{Fault, FaultKind, Remembered, Sought, Status};
use crate::schema::{ResourceType, TypeName};
use crate::state::{Ending, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Requests are remembered for seven days; some hours are left for clocks that differ.
const REMEMBERED: u64 = (7 * 24 - 6) * 3_600;
/// By how much the service's clock may be behind ours, in seconds.
const SKEW: u64 = 300;
/// How many resources of a list are read to find one among them.
const MOST: usize = 1_000;

/// What a search came to.
pub(super) enum Fate {
    /// It is known how it ended; a note if there is something to say of it.
    Told(Box<Found>, Option<String>),
    /// A create that may be it has no end yet.
    StillRuns,
    /// It isn't: why, and which resources it may be.
    Open(String, Vec<String>),
}

/// Looks for them one after the other: what one is can't be another's.
pub(super) struct Search {
    recoverer: Arc<Recoverer>,
    /// Once somebody asked; none where the service doesn't tell.
    remembered: Option<Option<Vec<Remembered>>>,
    /// What belongs to an address.
    taken: BTreeSet<(TypeName, String)>,
    /// Requests of operations that are known by them.
    tokens: BTreeSet<String>,
}

/// Creates of a type since the operation began, by the identifier of what they made: the fault of one
/// that failed and left it.
type Begun = BTreeMap<String, Option<Fault>>;

/// A create that may be the one in question has no end yet.
struct StillRuns;

impl Search {
    pub fn new(recoverer: Arc<Recoverer>, state: &State) -> Self {
        let ours = state.resources.values().map(|r| (r.type_name.clone(), r.identifier.clone()));
        let leaving = state.leftovers.iter().map(|l| (l.type_name.clone(), l.identifier.clone()));
        let tokens = state.operations.values().filter_map(|operation| operation.request_token.clone());
        Self { recoverer, remembered: None, taken: ours.chain(leaving).collect(), tokens: tokens.collect() }
    }

    /// What became of one of them.
    pub async fn find(&mut self, unfinished: &Unfinished, kind: &ResourceType) -> Result<Fate, Fault> {
        let Ok(begun) = self.begun(unfinished).await? else {
            return Ok(Fate::StillRuns);
        };
        let fate = match &unfinished.operation.identifier {
            Some(name) => self.named(unfinished, kind, name, begun).await?,
            None => self.unnamed(unfinished, kind, begun).await?,
        };
        if let Fate::Told(found, _) = &fate
            && let (Ending::Recorded { identifier, .. }, _) = &**found
        {
            self.taken.insert((unfinished.operation.type_name.clone(), identifier.clone()));
        }
        Ok(fate)
    }

    /// What the service remembers of creates of this type, each followed to its end; none if it doesn't
    /// tell, or doesn't remember for so long; an error if one doesn't end.
    async fn begun(&mut self, unfinished: &Unfinished) -> Result<Result<Option<Begun>, StillRuns>, Fault> {
        let (operation, hands) = (&unfinished.operation, &self.recoverer.hands);
        if hands.clock.unix().saturating_sub(operation.began) >= REMEMBERED {
            return Ok(Ok(None));
        }
        if self.remembered.is_none() {
            self.remembered = Some(hands.provider.requests(Sought::Creates).await?);
        }
        let Some(Some(all)) = &self.remembered else { return Ok(Ok(None)) };
        let since = operation.began.saturating_sub(SKEW);
        let may_be = |one: &&Remembered| {
            one.type_name == operation.type_name
                && one.began.is_none_or(|began| began >= since)
                && !self.tokens.contains(&one.progress.request_token)
        };
        let mut begun = Begun::new();
        for one in all.iter().filter(may_be) {
            let progress = one.progress.clone();
            let known = progress.identifier.clone();
            let tried = match progress.status {
                Status::Running => {
                    let started = hands.clock.now();
                    hands.follow(&unfinished.subject, progress, started, unfinished.timeout).await
                }
                Status::Succeeded => Tried::Done(known),
                Status::Failed(fault) => Tried::Failed(fault, known),
                Status::Cancelled => Tried::Cancelled(known),
            };
            match tried {
                Tried::Done(Some(identifier)) => begun.insert(identifier, None),
                Tried::Failed(fault, Some(identifier)) => begun.insert(identifier, Some(fault)),
                Tried::Refused(fault) | Tried::Unknown(fault) => return Err(fault),
                // It may still become this one.
                Tried::TimedOut | Tried::Left => return Ok(Err(StillRuns)),
                _ => None,
            };
        }
        begun
            .retain(|identifier, _| !self.taken.contains(&(operation.type_name.clone(), identifier.clone())));
        Ok(Ok(Some(begun)))
    }

    /// Its identifier is known, so there is one at most.
    async fn named(
        &self,
        unfinished: &Unfinished,
        kind: &ResourceType,
        name: &str,
        begun: Option<Begun>,
    ) -> Result<Fate, Fault> {
        let operation = &unfinished.operation;
        let address = &operation.address;
        let never = || Fate::Told(Box::new((not_done("it was never begun"), Recovered::NotDone)), None);
        if self.taken.contains(&(operation.type_name.clone(), name.to_owned())) {
            return Ok(never());
        }
        let Some(live) = self.recoverer.hands.provider.read(&operation.type_name, name).await? else {
            return Ok(never());
        };
        let begun = begun.and_then(|mut begun| begun.remove(name));
        let words = |why: &str| {
            format!(
                "`{name}` ({}) is there, and isn't taken for `{address}`, which an earlier run was creating: {why}",
                operation.type_name
            )
        };
        let anothers = |why: &str| {
            let found = (not_done("what is there is another's"), Recovered::NotDone);
            Fate::Told(Box::new(found), Some(words(why)))
        };
        if operation.request_token.is_some() && !is_predicted(unfinished, kind, name) {
            // The service said so of this very request.
            return Ok(self.made(unfinished, name.to_owned(), live));
        }
        Ok(match (owner(&live, &wanted(unfinished), kind), begun) {
            (Owner::Other { stack, .. }, _) => {
                anothers(&format!("by its tags it belongs to the stack `{stack}`"))
            }
            (Owner::Ours(Some(tagged)), _) if tagged != *address => {
                anothers(&format!("by its tags it is `{tagged}`"))
            }
            (_, Some(Some(fault))) => self.left(unfinished, name, live, &fault, true),
            (Owner::Ours(_), _) | (Owner::Nobody, Some(None)) => self.made(unfinished, name.to_owned(), live),
            (Owner::Nobody, None) => anothers("nothing tells who made it"),
        })
    }

    /// The service gave it its identifier, if it made it.
    async fn unnamed(
        &self,
        unfinished: &Unfinished,
        kind: &ResourceType,
        begun: Option<Begun>,
    ) -> Result<Fate, Fault> {
        let address = &unfinished.operation.address;
        let listed = self.listed(unfinished, kind).await?;
        let mut candidates: BTreeSet<String> = listed.clone().unwrap_or_default();
        candidates.extend(begun.iter().flatten().map(|(identifier, _)| identifier.clone()));
        if candidates.len() > MOST {
            return Ok(Fate::Open(format!("there are {} of its type", candidates.len()), Vec::new()));
        }
        let (mut ours, mut alike) = (Vec::new(), Vec::new());
        for identifier in candidates {
            let provider = &self.recoverer.hands.provider;
            let Some(live) = provider.read(&unfinished.operation.type_name, &identifier).await? else {
                continue;
            };
            match owner(&live, &wanted(unfinished), kind) {
                Owner::Ours(Some(tagged)) if tagged == *address => ours.push((identifier, live)),
                Owner::Ours(None) | Owner::Nobody if self.fits(unfinished, kind, &live) => {
                    alike.push((identifier, live));
                }
                _ => {}
            }
        }
        let fault = |identifier: &String| begun.as_ref().and_then(|begun| begun.get(identifier)?.clone());
        let names = |found: Vec<(String, Json)>| found.into_iter().map(|(name, _)| name).collect();
        if ours.len() > 1 {
            return Ok(Fate::Open("several have its ownership tags".to_owned(), names(ours)));
        }
        if let Some((identifier, live)) = ours.pop() {
            return Ok(match fault(&identifier) {
                Some(fault) => self.left(unfinished, &identifier, live, &fault, false),
                None => self.made(unfinished, identifier, live),
            });
        }
        // Without tags, only what was asked for since then can be it.
        let (mut asked, others): (Vec<_>, Vec<_>) = alike
            .into_iter()
            .partition(|(identifier, _)| begun.as_ref().is_some_and(|begun| begun.contains_key(identifier)));
        Ok(match (asked.len(), &begun, &listed) {
            (1, ..) => match asked.pop() {
                Some((identifier, live)) => match fault(&identifier) {
                    Some(fault) => self.left(unfinished, &identifier, live, &fault, false),
                    None => self.made(unfinished, identifier, live),
                },
                None => Fate::Open(String::new(), Vec::new()),
            },
            (0, Some(_), _) => {
                Fate::Told(Box::new((not_done("it was never begun"), Recovered::NotDone)), None)
            }
            (0, None, Some(_)) if others.is_empty() => {
                Fate::Told(Box::new((not_done("it isn't there"), Recovered::NotDone)), None)
            }
            (0, None, Some(_)) => Fate::Open(
                "what is there says nothing of who made it, and the service doesn't remember the request"
                    .to_owned(),
                names(others),
            ),
            (0, None, None) => Fate::Open(
                "its type can't be listed, and the service doesn't remember the request".to_owned(),
                Vec::new(),
            ),
            _ => Fate::Open("several were created since then that are as declared".to_owned(), names(asked)),
        })
    }

    /// All of its type that no address has; none if that can't be had.
    async fn listed(
        &self,
        unfinished: &Unfinished,
        kind: &ResourceType,
    ) -> Result<Option<BTreeSet<String>>, Fault> {
        let Some(handler) = kind.handlers.list.as_ref().filter(|_| kind.handlers.read.is_some()) else {
            return Ok(None);
        };
        let declared = &properties(unfinished);
        let mut model = serde_json::Map::new();
        for name in handler.required() {
            let Some(value) = declared.get(name) else { return Ok(None) };
            model.insert(name.to_owned(), value.clone());
        }
        let model = (!model.is_empty()).then_some(Json::Object(model));
        let type_name = &unfinished.operation.type_name;
        let secrets = &self.recoverer.secrets;
        // A list shows of each what it likes; what can't be changed and is otherwise isn't it.
        let contradicts = |shown: &Json| {
            let members = shown.as_object().into_iter().flatten();
            members
                .filter(|(name, _)| kind.is_create_only(&[name.as_str()]))
                .any(|(name, there)| declared.get(name).is_some_and(|wanted| !same(wanted, there, secrets)))
        };
        match self.recoverer.hands.provider.list(type_name, model.as_ref()).await {
            Ok(listed) => Ok(Some(
                listed
                    .into_iter()
                    .filter(|(identifier, shown)| {
                        !self.taken.contains(&(type_name.clone(), identifier.clone())) && !contradicts(shown)
                    })
                    .map(|(identifier, _)| identifier)
                    .collect(),
            )),
            // Its parent isn't there.
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Some(BTreeSet::new())),
            Err(fault) if matches!(fault.kind, FaultKind::Unreachable | FaultKind::Silent) => Err(fault),
            Err(_) => Ok(None),
        }
    }

    /// Whether it is as declared, as far as that can be seen.
    fn fits(&self, unfinished: &Unfinished, kind: &ResourceType, live: &Json) -> bool {
        let options = Options::default();
        let context = Context::new(kind, &options, &self.recoverer.secrets);
        let wanted = wanted(unfinished);
        let holds = holding(&wanted, live, &context);
        let tags = kind.tagging.property.as_deref();
        let found = diff(&wanted, Some(&holds.declared), live, &context);
        found.differences.iter().all(|difference| {
            difference.after.as_ref().is_some_and(is_hidden)
                || difference.path.first().map(String::as_str) == tags
        })
    }

    /// A failed create names it.
    fn left(
        &self,
        unfinished: &Unfinished,
        identifier: &str,
        live: Json,
        fault: &Fault,
        given: bool,
    ) -> Fate {
        let (recoverer, create) = (&self.recoverer, unfinished.create());
        let given = given || is_given(&create, identifier);
        let verdict = match (fault.may_be_anothers(given), given) {
            (true, _) => Verdict::Unclear,
            (false, false) => Verdict::Remnant,
            (false, true) => {
                let journal = &recoverer.hands.journal;
                journal.with(|state| judge(&create, identifier, &live, &recoverer.secrets, state))
            }
        };
        let words = self.recoverer.words(&unfinished.operation, fault);
        let found = recoverer.judged(unfinished, identifier.to_owned(), verdict, live, &words);
        Fate::Told(Box::new(found), None)
    }

    fn made(&self, unfinished: &Unfinished, identifier: String, live: Json) -> Fate {
        let seen = veiled(unfinished.operation.declared.as_deref(), live, &self.recoverer.secrets);
        Fate::Told(Box::new((Ending::Recorded { identifier, seen, in_part: false }, Recovered::Done)), None)
    }
}

fn properties(unfinished: &Unfinished) -> Json {
    unfinished.operation.declared.as_ref().map(|declared| declared.properties.clone()).unwrap_or_default()
}

/// Whether the identifier was known before the service said it: then another may have it.
fn is_predicted(unfinished: &Unfinished, kind: &ResourceType, name: &str) -> bool {
    let declared = unfinished.operation.declared.as_deref();
    kind.identifier_from(&properties(unfinished)).as_deref() == Some(name)
        || declared.is_some_and(|declared| declared.predicted.values().any(|value| value == name))
}

fn wanted(unfinished: &Unfinished) -> Value {
    Value::from(properties(unfinished))
}

/// Whether what is there is this operation's by its tags.
pub(in crate::apply) fn is_tagged(
    live: &Json,
    declared: &Json,
    address: &Address,
    kind: &ResourceType,
) -> bool {
    owner(live, &Value::from(declared.clone()), kind) == Owner::Ours(Some(address.clone()))
}
