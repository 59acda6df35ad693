//! `drift`: what changed outside since the last apply, and what is to become of it.

use super::as_recorded::as_recorded;
use super::plan::{Wanted, refused};
use super::{Failure, Loaded, live};
use crate::apply::veiled;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::{Context, Drifted, DriftedPath, IgnoredPath, ResourceDrift, accepted, drift, is_hidden};
use crate::model::{Action, Address, Json, Live, Options, Undeclared, Value};
use crate::plan::Plan;
use crate::provider::Provider;
use crate::resolve::Predicted;
use crate::schema::{Catalogue, PropertyPath};
use crate::spec::IgnoredDrift;
use crate::state::{Entry, State};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What was read, and how that drifted.
#[derive(Debug)]
pub struct Look {
    /// Each recorded resource, by address.
    pub rows: Vec<ResourceDrift>,
    /// What drifted and is ignored as the stack file asks; not in the rows.
    pub ignored: Vec<IgnoredPath>,
    /// Entries of the stack file's list that do nothing.
    pub warnings: Diagnostics,
    /// What was read, by address.
    pub live: BTreeMap<Address, Live>,
}

impl Look {
    /// Whether everything is as it was, as far as can be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(ResourceDrift::is_as_it_was)
    }

    /// Only these addresses and their parts; all if none is named.
    pub fn narrow(&mut self, addresses: &[Address]) {
        if !addresses.is_empty() {
            let meant = |own: &Address| addresses.iter().any(|address| own.is_or_belongs_to(address));
            self.rows.retain(|row| meant(&row.address));
            self.ignored.retain(|path| meant(&path.address));
        }
    }
}

/// Reads every recorded resource and compares it with what was sent and seen. Takes no lock,
/// changes nothing.
///
/// # Errors
/// The cloud refused a read.
pub async fn look(
    loaded: &Loaded,
    state: &State,
    provider: &Arc<dyn Provider>,
    today: Date,
) -> Result<Look, Failure> {
    let live = live::read(provider, &state.resources).await.map_err(|fault| refused(&fault))?;
    Ok(compare(loaded, state, live, today))
}

/// The same, of what was read already. `today` (UTC) says which entries of the stack's list still hold.
/// Pure.
#[must_use]
pub fn compare(loaded: &Loaded, state: &State, live: BTreeMap<Address, Live>, today: Date) -> Look {
    let secrets = state.secrets();
    let options = options(loaded);
    let nothing = Options::default();
    let mut rows = Vec::with_capacity(state.resources.len());
    for (address, recorded) in &state.resources {
        let options = options.get(address).copied().unwrap_or(&nothing);
        let kind = Catalogue::bundled().get(recorded.type_name.as_str());
        let drifted = match (live.get(address), kind) {
            (Some(Live::Present(properties)), Some(kind)) => {
                let context = Context::new(&kind, options, &secrets);
                Some(drift(recorded, properties, &context, state.resources.values()))
            }
            (Some(Live::Present(_)), None) => Some(Drifted::default()),
            _ => None,
        };
        rows.push(ResourceDrift {
            address: address.clone(),
            type_name: recorded.type_name.clone(),
            identifier: recorded.identifier.clone(),
            drifted,
        });
    }
    let (ignored, warnings) = ignore(&loaded.stack.ignored, &mut rows, today);
    Look { rows, ignored, warnings, live }
}

/// Takes out what the stack file asks not to hear of; an entry that does nothing is told.
fn ignore(list: &[IgnoredDrift], rows: &mut [ResourceDrift], today: Date) -> (Vec<IgnoredPath>, Diagnostics) {
    let (mut ignored, mut warnings) = (Vec::new(), Diagnostics::new());
    for entry in list {
        let before = ignored.len();
        let idle = |words: String, hint: &str| {
            Diagnostic::warning(Code::IDLE_IGNORE, words).at(entry.span).hint(hint.to_owned())
        };
        if let Some(until) = entry.until.filter(|_| !entry.holds(today)) {
            let words = format!(
                "drift of `{}` {} is told again since {until} is over",
                entry.address, entry.property
            );
            warnings.push(idle(words, "remove the entry, or give it another day"));
            continue;
        }
        for row in rows.iter_mut().filter(|row| entry.means(row.address.as_str())) {
            let Some(drifted) = &mut row.drifted else { continue };
            for (declared, paths) in [(true, &mut drifted.changed), (false, &mut drifted.undeclared)] {
                let taken = paths.extract_if(.., |path| entry.property.covers(&path.path));
                ignored.extend(taken.map(|path| IgnoredPath {
                    address: row.address.clone(),
                    path,
                    declared,
                    reason: entry.reason.clone(),
                    until: entry.until.map(|until| until.to_string()),
                }));
            }
        }
        if ignored.len() == before && !entry.is_of_others() {
            let words = format!("nothing that drifted is `{}` {}", entry.address, entry.property);
            warnings.push(idle(words, "remove the entry if it isn't needed any more"));
        }
    }
    ignored.sort_by(|a, b| (&a.address, &a.path.path).cmp(&(&b.address, &b.path.path)));
    (ignored, warnings)
}

fn options(loaded: &Loaded) -> HashMap<&Address, &Options> {
    loaded.resolved.resources.iter().map(|desired| (&desired.address, &desired.options)).collect()
}

/// What makes the record say what is there: entries of its journal, in order. What is gone is let go
/// of; what is still to be deleted of its address stays so.
///
/// # Errors
/// [`Code::UNFINISHED`] where it isn't known how an operation ended.
pub fn accept(loaded: &Loaded, state: &State, look: &Look) -> Result<Vec<Entry>, Diagnostic> {
    let secrets = state.secrets();
    let options = options(loaded);
    let nothing = Options::default();
    let predicted =
        Predicted::new(&loaded.resolved.resources, &loaded.resolved.attributes, &loaded.stack.place);
    let wanted: HashMap<&Address, Value> =
        loaded.resolved.resources.iter().map(|r| (&r.address, predicted.properties(r))).collect();
    let mut entries = Vec::new();
    for row in look.rows.iter().filter(|row| !row.is_as_it_was()) {
        let address = &row.address;
        state.is_settled(address)?;
        let Some(recorded) = state.resources.get(address) else { continue };
        let (Some(drifted), Some(Live::Present(live))) = (&row.drifted, look.live.get(address)) else {
            entries.push(Entry::LetGo { address: address.clone() });
            continue;
        };
        let Some(kind) = Catalogue::bundled().get(recorded.type_name.as_str()) else { continue };
        let context = Context::new(&kind, options.get(address).copied().unwrap_or(&nothing), &secrets);
        // Wherever one of the resource's own secrets came to stand.
        let hide = |json: &Json| match wanted.get(address) {
            Some(value) => veiled(value, json, &secrets),
            None => json.clone(),
        };
        let ignored = look.ignored.iter().filter(|ignored| ignored.address == *address);
        let mut whole = drifted.clone();
        for ignored in ignored {
            let paths = if ignored.declared { &mut whole.changed } else { &mut whole.undeclared };
            paths.push(ignored.path.clone());
        }
        // What is ignored isn't accepted: it is told again once the entry is gone.
        let stays = |path: &[String]| {
            look.ignored.iter().any(|ignored| ignored.address == *address && ignored.path.path == path)
        };
        let mut record = accepted(recorded, live, &whole, &stays, &context);
        record.seen = hide(&record.seen);
        record.declared = hide(&record.declared);
        entries.push(Entry::Put { recorded: Box::new(record) });
    }
    Ok(entries)
}

/// What a plan that sets back what drifted is made from, and what it leaves.
#[derive(Debug)]
pub struct Revert {
    /// What the plan is asked for.
    pub wanted: Wanted,
    /// Addresses that drifted and about which the stack file says otherwise than the record.
    pub otherwise: Vec<Address>,
    /// What stays as somebody left it, and why.
    pub left: Vec<Left>,
}

/// A drifted path that isn't set back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Whose.
    pub address: Address,
    /// Which.
    pub path: Vec<String>,
    /// Why.
    pub why: String,
}

/// Makes the stack what the record says, so that its plan sets back what drifted: what was declared,
/// what is gone, and with `undeclared` what else somebody changed and can be set back.
///
/// # Errors
/// The stack file makes no plan.
pub fn revert(
    loaded: &mut Loaded,
    state: &State,
    look: &Look,
    addresses: &[Address],
    undeclared: bool,
) -> Result<Revert, Failure> {
    let secrets = state.secrets();
    let (mut left, mut restore) = (Vec::new(), BTreeMap::new());
    for row in &look.rows {
        let Some(drifted) = &row.drifted else { continue };
        let Some(kind) = Catalogue::bundled().get(row.type_name.as_str()) else { continue };
        let options = Options::default();
        let context = Context::new(&kind, &options, &secrets);
        let mut leave = |path: &DriftedPath, why: &str| {
            left.push(Left { address: row.address.clone(), path: path.path.clone(), why: why.to_owned() });
        };
        for path in drifted.changed.iter().filter(|path| path.irrevocable.is_some()) {
            leave(path, "another stands under its identifier; `evstack apply --replace` makes it anew");
        }
        let mut told: Vec<Undeclared> = Vec::new();
        for path in &drifted.undeclared {
            match path.irrevocable {
                Some(why) => leave(path, why.words()),
                None if undeclared => told.push(path.undeclared(&context)),
                None => leave(path, "nothing is declared there; `--undeclared` sets it back too"),
            }
        }
        if !told.is_empty() {
            restore.insert(row.address.clone(), told);
        }
    }
    let mut ignored: BTreeMap<Address, Vec<PropertyPath>> = BTreeMap::new();
    for path in &look.ignored {
        let names = PropertyPath::from_names(path.path.path.iter().cloned());
        ignored.entry(path.address.clone()).or_default().push(names);
    }
    let otherwise = as_recorded(loaded, state, &ignored)?;
    let drifted: BTreeSet<&Address> =
        look.rows.iter().filter(|row| !row.is_as_it_was()).map(|row| &row.address).collect();
    let otherwise = otherwise.into_iter().filter(|address| drifted.contains(address)).collect();
    let wanted = Wanted { targets: addresses.to_vec(), restore, ..Wanted::default() };
    Ok(Revert { wanted, otherwise, left })
}

/// What can't be sent because of it only a hash is known.
pub fn unknown_secrets(plan: &Plan) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
        if change.after.as_ref().is_some_and(is_hidden) {
            let words = format!(
                "`{}` has a secret that is known by its hash alone: what was sent can't be sent again",
                change.address
            );
            diagnostics.push(
                Diagnostic::error(Code::CANNOT_REVERT, words)
                    .hint("`evstack apply` sends what the stack file says by now"),
            );
        }
    }
    diagnostics
}
