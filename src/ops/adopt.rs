//! `--adopt`: finds what exists and isn't recorded, for the plan to take over.
//!
//! Whatever a plan would create is looked for: under the identifier that it would have, by its
//! ownership tags, and, where a type has no tags, as the only one that is as declared below the
//! same parent. What is found makes more known (an API's id), so the plan is made again, until
//! nothing more is found. Nothing is guessed: of two that fit, none is taken.

use super::plan::{Seen, Wanted, make, refused};
use super::{Failure, Loaded};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::{Context, diff, holding, same};
use crate::model::{Action, Address, Desired, Json, Live, Secrets, Value};
use crate::plan::adoption::{Owner, import_command, owner};
use crate::plan::{Found, FoundBy, ResourceChange};
use crate::provider::{Fault, FaultKind, Provider};
use crate::schema::{Catalogue, ResourceType, TypeName};
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many reads are under way at once; the provider's limiter sets the pace.
const AT_ONCE: usize = 48;
/// How many resources of a list are read to find one among them.
const MOST: usize = 1_000;
/// How many of several candidates are named.
const NAMED: usize = 4;

/// A type and an identifier.
type Key = (TypeName, String);

/// Looks for everything that the plan would create, and adds what is found to `seen`.
///
/// # Errors
/// The cloud doesn't answer, or there is no plan.
pub(super) async fn find(
    loaded: &Loaded,
    state: &State,
    provider: &Arc<dyn Provider>,
    wanted: &Wanted,
    seen: &mut Seen,
) -> Result<Diagnostics, Failure> {
    let desired = loaded.resolved.resources.iter().map(|d| (&d.address, d)).collect();
    let ours = state.resources.values().map(|r| (r.type_name.clone(), r.identifier.clone()));
    let leaving = state.leftovers.iter().map(|l| (l.type_name.clone(), l.identifier.clone()));
    let mut search = Search {
        provider,
        desired,
        secrets: state.secrets(),
        taken: ours.chain(leaving).collect(),
        settled: BTreeSet::new(),
        read: HashMap::new(),
        listed: HashMap::new(),
        warnings: Diagnostics::new(),
    };
    loop {
        let (plan, _) = make(loaded, state, seen, wanted)?;
        let missing = plan.changes.iter().filter(|c| c.action == Action::Create && c.drift.is_none());
        let missing: Vec<&ResourceChange> =
            missing.filter(|c| !search.settled.contains(&c.address)).collect();
        let mut found = search.by_name(&missing).await?;
        found.extend(search.among_others(&missing).await?);
        if found.is_empty() {
            return Ok(search.warnings);
        }
        for (address, found, live) in found {
            search.taken.insert((search.desired[&address].type_name.clone(), found.identifier.clone()));
            seen.live.insert(address.clone(), Live::Present(live));
            seen.found.insert(address, found);
        }
    }
}

/// One that was found, and what a read says of it.
type Hit = (Address, Found, Json);

/// What a list says, or why there is none.
type Listed = Result<Vec<(String, Json)>, String>;

struct Search<'a> {
    provider: &'a Arc<dyn Provider>,
    desired: HashMap<&'a Address, &'a Desired>,
    secrets: Secrets,
    /// What belongs to another address.
    taken: BTreeSet<Key>,
    /// Addresses about which nothing more can be learned.
    settled: BTreeSet<Address>,
    read: HashMap<Key, Option<Json>>,
    listed: HashMap<Key, Listed>,
    warnings: Diagnostics,
}

/// What one address may be.
struct Candidates {
    by: FoundBy,
    fitting: Vec<String>,
    /// The same but for what can be changed.
    near: Vec<String>,
}

impl Search<'_> {
    /// Under the identifiers that they would be created with.
    async fn by_name(&mut self, missing: &[&ResourceChange]) -> Result<Vec<Hit>, Failure> {
        let named = missing.iter().filter_map(|c| Some((*c, c.new_identifier.clone()?)));
        let named: Vec<(&ResourceChange, String)> = named.collect();
        self.read_all(named.iter().map(|(c, id)| (c.type_name.clone(), id.clone())).collect()).await?;
        let mut hits = Vec::new();
        for (change, identifier) in named {
            self.settled.insert(change.address.clone());
            let key = (change.type_name.clone(), identifier);
            if self.taken.contains(&key) {
                continue;
            }
            if let Some(Some(live)) = self.read.get(&key) {
                let found = Found { identifier: key.1.clone(), by: FoundBy::Name };
                hits.push((change.address.clone(), found, live.clone()));
            }
        }
        Ok(hits)
    }

    /// Among all of their type, where the service gives them their identifiers.
    async fn among_others(&mut self, missing: &[&ResourceChange]) -> Result<Vec<Hit>, Failure> {
        let mut candidates: Vec<(&ResourceChange, Candidates)> = Vec::new();
        for change in missing.iter().filter(|c| c.new_identifier.is_none()) {
            let Some(kind) = Catalogue::bundled().of(&change.type_name) else { continue };
            let Some(after) = &change.after else { continue };
            // What others decide of its identifier isn't known yet.
            if kind.primary_identifier.iter().any(|path| after.get(path.top()).is_some_and(|v| !v.is_known()))
            {
                continue;
            }
            let Some(listed) = self.list(change, &kind, after).await? else { continue };
            let keys: Vec<Key> = listed.into_iter().map(|id| (change.type_name.clone(), id)).collect();
            self.read_all(keys.clone()).await?;
            let read = keys.into_iter().filter_map(|key| {
                let live = self.read.get(&key)?.as_ref()?;
                Some((key.1, live))
            });
            let read: Vec<(String, &Json)> = read.collect();
            let desired = self.desired[&change.address];
            let is_declared = |address: &Address| self.desired.contains_key(address);
            if let Some(fitting) = choose(&read, desired, after, &kind, &self.secrets, &is_declared) {
                self.settled.insert(change.address.clone());
                candidates.push((change, fitting));
            }
        }
        Ok(self.decide(candidates))
    }

    /// What is meant by one address alone, and fits alone.
    fn decide(&mut self, candidates: Vec<(&ResourceChange, Candidates)>) -> Vec<Hit> {
        let mut claims: BTreeMap<Key, usize> = BTreeMap::new();
        for (change, found) in &candidates {
            for identifier in &found.fitting {
                *claims.entry((change.type_name.clone(), identifier.clone())).or_default() += 1;
            }
        }
        let mut hits = Vec::new();
        for (change, found) in candidates {
            let address = &change.address;
            let alone = |id: &String| claims.get(&(change.type_name.clone(), id.clone())) == Some(&1);
            match found.fitting.as_slice() {
                [] if found.near.is_empty() => {}
                [] => self.warnings.push(doubtful(
                    change,
                    &found.near,
                    ", by what can't be changed; it isn't tagged or declared quite so",
                )),
                [identifier] if alone(identifier) => {
                    let key = (change.type_name.clone(), identifier.clone());
                    if let Some(Some(live)) = self.read.get(&key) {
                        let found = Found { identifier: identifier.clone(), by: found.by };
                        hits.push((address.clone(), found, live.clone()));
                    }
                }
                several => self.warnings.push(doubtful(change, several, "")),
            }
        }
        hits
    }

    /// The identifiers that the change may mean; `None` if that can't be told, or not yet.
    async fn list(
        &mut self,
        change: &ResourceChange,
        kind: &ResourceType,
        after: &Value,
    ) -> Result<Option<Vec<String>>, Failure> {
        let address = &change.address;
        let Some(handler) = kind.handlers.list.as_ref().filter(|_| kind.handlers.read.is_some()) else {
            self.settled.insert(address.clone());
            self.warnings.push(unlisted(change, "the type can't be listed"));
            return Ok(None);
        };
        let mut model = serde_json::Map::new();
        for name in handler.required() {
            match after.get(name).map(Value::to_json) {
                Some(Some(json)) => model.insert(name.to_owned(), json),
                // Its parent isn't there yet.
                Some(None) => return Ok(None),
                None => {
                    self.settled.insert(address.clone());
                    self.warnings.push(unlisted(change, &format!("a list of them needs `{name}`")));
                    return Ok(None);
                }
            };
        }
        let model = (!model.is_empty()).then_some(Json::Object(model));
        let key = (change.type_name.clone(), model.as_ref().map(Json::to_string).unwrap_or_default());
        if !self.listed.contains_key(&key) {
            let answer = match self.provider.list(&change.type_name, model.as_ref()).await {
                Ok(mut listed) => {
                    listed.sort_by(|a, b| a.0.cmp(&b.0));
                    listed.dedup_by(|a, b| a.0 == b.0);
                    Ok(listed)
                }
                // The parent isn't there.
                Err(fault) if fault.kind == FaultKind::NotFound => Ok(Vec::new()),
                Err(fault) if is_silence(&fault) => return Err(refused(&fault)),
                Err(fault) => Err(fault.to_string()),
            };
            self.listed.insert(key.clone(), answer);
        }
        let listed = match &self.listed[&key] {
            Ok(listed) => listed,
            Err(why) => {
                self.settled.insert(address.clone());
                self.warnings.push(unlisted(change, why));
                return Ok(None);
            }
        };
        let may_be = |(identifier, shown): &&(String, Json)| {
            !self.taken.contains(&(change.type_name.clone(), identifier.clone()))
                && !contradicts(shown, after, kind, &self.secrets)
        };
        let listed: Vec<String> = listed.iter().filter(may_be).map(|(id, _)| id.clone()).collect();
        if listed.len() > MOST {
            self.settled.insert(address.clone());
            self.warnings.push(unlisted(change, &format!("there are {} of its type", listed.len())));
            return Ok(None);
        }
        Ok(Some(listed))
    }

    /// Reads what wasn't read yet. What may not be read isn't there for us.
    async fn read_all(&mut self, keys: Vec<Key>) -> Result<(), Failure> {
        let keys: BTreeSet<Key> = keys.into_iter().filter(|key| !self.read.contains_key(key)).collect();
        let mut waiting = keys.into_iter();
        let mut under_way: JoinSet<(Key, Result<Option<Json>, Fault>)> = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some(key) = waiting.next()
            {
                let provider = Arc::clone(self.provider);
                under_way.spawn(async move {
                    let read = provider.read(&key.0, &key.1).await;
                    (key, read)
                });
            }
            match under_way.join_next().await {
                Some(Ok((key, Ok(read)))) => {
                    self.read.insert(key, read);
                }
                Some(Ok((_, Err(fault)))) if is_silence(&fault) => return Err(refused(&fault)),
                Some(Ok((key, Err(fault)))) => {
                    let message = format!("whether {} `{}` exists can't be told: {fault}", key.0, key.1);
                    self.warnings.push(Diagnostic::warning(Code::CLOUD, message));
                    self.read.insert(key, None);
                }
                // A task is only ever cancelled together with the whole search.
                Some(Err(_)) => {}
                None => return Ok(()),
            }
        }
    }
}

fn is_silence(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Unreachable | FaultKind::Silent)
}

/// Which of those that were read a declaration means; `None` while too little of it is known.
fn choose(
    read: &[(String, &Json)],
    desired: &Desired,
    after: &Value,
    kind: &ResourceType,
    secrets: &Secrets,
    is_declared: &dyn Fn(&Address) -> bool,
) -> Option<Candidates> {
    let is_ours = |live: &Json| match owner(live, after, kind) {
        Owner::Ours(Some(tagged)) => tagged == desired.address || desired.options.aliases.contains(&tagged),
        _ => false,
    };
    let identifiers = |of: &dyn Fn(&Json) -> bool| -> Vec<String> {
        read.iter().filter(|(_, live)| of(live)).map(|(identifier, _)| identifier.clone()).collect()
    };
    let tagged = identifiers(&is_ours);
    if !tagged.is_empty() || read.is_empty() {
        return Some(Candidates { by: FoundBy::Tags, fitting: tagged, near: Vec::new() });
    }
    if !after.is_known() {
        return None;
    }
    let context = Context::new(kind, &desired.options, secrets);
    let left = |live: &Json| {
        let holds = holding(after, live, &context);
        diff(after, Some(&holds.declared), live, &context)
    };
    let fitting = identifiers(&|live| left(live).is_empty());
    // Tags that a read doesn't show, or that name an address which nobody declares any more.
    let tags = kind.tagging.property.as_deref();
    let may_be_ours = |live: &Json| match owner(live, after, kind) {
        Owner::Ours(Some(tagged)) => !is_declared(&tagged),
        Owner::Ours(None) => true,
        Owner::Nobody => left(live).differences.iter().all(|d| d.path.first().map(String::as_str) == tags),
        Owner::Other { .. } => false,
    };
    // Below a parent alone many would fit.
    let parents: Vec<&str> = kind.handlers.list.iter().flat_map(|list| list.required()).collect();
    let members = match after.reveal() {
        Value::Object(members) => Some(members),
        _ => None,
    };
    let says_more = members.into_iter().flatten().any(|(name, _)| {
        kind.is_create_only(std::slice::from_ref(name)) && !parents.contains(&name.as_str())
    });
    let near = |live: &Json| {
        let said = if tags.is_some() { may_be_ours(live) } else { says_more };
        said && !left(live).forces_replacement()
    };
    let near = if fitting.is_empty() { identifiers(&near) } else { Vec::new() };
    Some(Candidates { by: FoundBy::Properties, fitting, near })
}

/// Whether what a list shows of a resource is declared otherwise.
fn contradicts(shown: &Json, after: &Value, kind: &ResourceType, secrets: &Secrets) -> bool {
    let members = shown.as_object().into_iter().flatten();
    members.filter(|(name, _)| kind.is_create_only(&[name.as_str()])).any(|(name, there)| {
        let wanted = after.get(name).and_then(Value::to_json);
        wanted.is_some_and(|wanted| !same(&wanted, there, secrets))
    })
}

fn unlisted(change: &ResourceChange, why: &str) -> Diagnostic {
    let message = format!("whether `{}` ({}) exists can't be told: {why}", change.address, change.type_name);
    Diagnostic::warning(Code::AMBIGUOUS, message)
        .hint(format!("if it does, run `{}`", import_command(&change.address, "<identifier>")))
}

fn doubtful(change: &ResourceChange, candidates: &[String], why: &str) -> Diagnostic {
    let named: Vec<String> = candidates.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    let more = match candidates.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "`{}` ({}) may be {}{more}{why}: nothing is taken over",
        change.address,
        change.type_name,
        named.join(" or "),
    );
    let first = candidates.first().map_or("<identifier>", String::as_str);
    Diagnostic::warning(Code::AMBIGUOUS, message)
        .hint(format!("say which one is meant: `{}`", import_command(&change.address, first)))
}
