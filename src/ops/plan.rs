//! `plan`: what would change.

use super::{Failure, Loaded, adopt, live};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity};
use crate::model::{Address, Json, Live, Template, Undeclared};
use crate::plan::adoption::ends_of_others;
use crate::plan::{Found, FoundBy, Plan, PlanInputs, PlanOptions, SavedOptions, build};
use crate::provider::{Fault, FaultKind, Provider};
use crate::schema::{Catalogue, TypeName};
use crate::state::State;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a plan is asked for, as on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// `--target`.
    pub targets: Vec<Address>,
    /// `--exclude`.
    pub excludes: Vec<Address>,
    /// `--replace`.
    pub replace: Vec<Address>,
    /// `--destroy`, or `evstack destroy`.
    pub destroy: bool,
    /// `--allow-data-loss`.
    pub allow_data_loss: bool,
    /// `--refresh`: whether live is read.
    pub refresh: bool,
    /// `--adopt`: whether what exists and isn't recorded is looked for.
    pub adopt: bool,
    /// `--skip-drain`: whether queues go without being drained.
    pub skip_drain: bool,
    /// Of `drift --revert`: see [`PlanOptions::restore`]. In no plan file.
    pub restore: BTreeMap<Address, Vec<Undeclared>>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            excludes: Vec::new(),
            replace: Vec::new(),
            destroy: false,
            allow_data_loss: false,
            refresh: true,
            adopt: false,
            skip_drain: false,
            restore: BTreeMap::new(),
        }
    }
}

impl Wanted {
    /// As it stands in a plan file.
    #[must_use]
    pub fn saved(&self) -> SavedOptions {
        let texts = |addresses: &[Address]| addresses.iter().map(ToString::to_string).collect();
        SavedOptions {
            targets: texts(&self.targets),
            excludes: texts(&self.excludes),
            replace: texts(&self.replace),
            destroy: self.destroy,
            allow_data_loss: self.allow_data_loss,
            refresh: self.refresh,
            adopt: self.adopt,
            skip_drain: self.skip_drain,
        }
    }

    /// From a plan file.
    #[must_use]
    pub fn from_saved(saved: &SavedOptions) -> Self {
        let addresses = |texts: &[String]| texts.iter().map(|t| Address::new(t.as_str())).collect();
        Self {
            targets: addresses(&saved.targets),
            excludes: addresses(&saved.excludes),
            replace: addresses(&saved.replace),
            destroy: saved.destroy,
            allow_data_loss: saved.allow_data_loss,
            refresh: saved.refresh,
            adopt: saved.adopt,
            skip_drain: saved.skip_drain,
            restore: BTreeMap::new(),
        }
    }
}

/// A plan, and what it was made from.
#[derive(Debug)]
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// What was read, by recorded address.
    pub live: BTreeMap<Address, Live>,
    /// What isn't an error.
    pub warnings: Diagnostics,
    /// Why it must not be carried out, though it can be shown: what it would take is protected.
    pub refusals: Diagnostics,
}

/// What a plan rests on beside the stack and the record.
#[derive(Debug, Default)]
pub struct Seen {
    /// What was read, by recorded address; of what is to be taken over, by declared address.
    pub live: BTreeMap<Address, Live>,
    /// What is to be taken over, by declared address.
    pub found: BTreeMap<Address, Found>,
    /// What was read of what earlier runs left to be deleted.
    pub left: BTreeMap<(TypeName, String), Live>,
}

/// Reads live and makes the plan. Takes no lock, changes nothing.
///
/// # Errors
/// The cloud refused a read, or there is no plan.
pub async fn plan(
    loaded: &Loaded,
    state: &State,
    provider: &Arc<dyn Provider>,
    wanted: &Wanted,
) -> Result<Made, Failure> {
    let mut seen = Seen::default();
    if wanted.refresh {
        seen.live = live::read(provider, &state.resources).await.map_err(|fault| refused(&fault))?;
        seen.left = live::of_leftovers(provider, &state.leftovers).await.map_err(|fault| refused(&fault))?;
    }
    read_imports(loaded, state, provider, &mut seen).await?;
    let mut warnings = Diagnostics::new();
    if wanted.adopt && !wanted.destroy {
        warnings = adopt::find(loaded, state, provider, wanted, &mut seen).await?;
    }
    let (plan, diagnostics) = make(loaded, state, &seen, wanted)?;
    let mut refusals = Diagnostics::new();
    for diagnostic in diagnostics {
        if diagnostic.severity == Severity::Error { &mut refusals } else { &mut warnings }.push(diagnostic);
    }
    Ok(Made { plan, live: seen.live, warnings, refusals })
}

/// What is to be taken over isn't recorded; its identifier is in the options.
async fn read_imports(
    loaded: &Loaded,
    state: &State,
    provider: &Arc<dyn Provider>,
    seen: &mut Seen,
) -> Result<(), Failure> {
    for desired in &loaded.resolved.resources {
        let Some(identifier) = &desired.options.import else { continue };
        let known = std::iter::once(&desired.address).chain(&desired.options.aliases);
        if known.into_iter().any(|address| state.resources.contains_key(address)) {
            continue;
        }
        let read = provider.read(&desired.type_name, identifier).await.map_err(|fault| refused(&fault))?;
        if let Some(live) = &read {
            let identifier = canonical(&desired.type_name, identifier, live);
            super::import::leaving(desired, &identifier, state)
                .map_err(|diagnostic| Failure::new(diagnostic.into(), loaded.sources.clone()))?;
            seen.found.insert(desired.address.clone(), Found { identifier, by: FoundBy::Request });
        }
        seen.live.insert(desired.address.clone(), read.map_or(Live::Absent, Live::Present));
    }
    Ok(())
}

/// The identifier as Cloud Control gives it out: a read takes some others too.
#[must_use]
pub fn canonical(type_name: &TypeName, asked: &str, live: &Json) -> String {
    let resource_type = Catalogue::bundled().of(type_name);
    resource_type.and_then(|kind| kind.identifier_from(live)).unwrap_or_else(|| asked.to_owned())
}

/// Refusals of a plan that can be shown all the same.
const SHOWN: [Code; 5] =
    [Code::PROTECTED, Code::CANNOT_IMPORT, Code::CANNOT_UPDATE, Code::FOREIGN_OWNER, Code::ALREADY_RECORDED];

/// The plan from what was read, with its warnings and what is refused of it. Pure.
///
/// # Errors
/// There is no plan.
pub fn make(
    loaded: &Loaded,
    state: &State,
    seen: &Seen,
    wanted: &Wanted,
) -> Result<(Plan, Diagnostics), Failure> {
    let outputs: Vec<(String, Template)> =
        loaded.resolved.outputs.iter().map(|o| (o.name.clone(), o.value.clone())).collect();
    let recorded_outputs: BTreeMap<String, Json> =
        state.outputs.iter().map(|o| (o.name.clone(), o.value.clone())).collect();
    let options = PlanOptions {
        targets: wanted.targets.clone(),
        excludes: wanted.excludes.clone(),
        replace: wanted.replace.clone(),
        destroy: wanted.destroy,
        allow_data_loss: wanted.allow_data_loss,
        skip_drain: wanted.skip_drain,
        restore: wanted.restore.clone(),
    };
    let secrets = state.secrets();
    let (mut plan, mut diagnostics) = build(&PlanInputs {
        desired: &loaded.resolved.resources,
        graph: &loaded.resolved.graph,
        attributes: &loaded.resolved.attributes,
        recorded: &state.resources,
        live: &seen.live,
        found: &seen.found,
        left_out: &loaded.resolved.left_out,
        catalogue: Catalogue::bundled(),
        place: &loaded.stack.place,
        outputs: &outputs,
        recorded_outputs: &recorded_outputs,
        options: &options,
        secrets: &secrets,
        place_of: &|span| loaded.sources.place(span),
    });
    // What wasn't read is as it was seen last.
    let there = |address: &Address| match seen.live.get(address) {
        Some(Live::Present(live)) => Some(live.clone()),
        Some(Live::Absent) => None,
        Some(Live::Unread) | None => state.resources.get(address).map(|recorded| recorded.seen.clone()),
    };
    let stack = (loaded.stack.name.as_str(), loaded.stack.env.as_str());
    for refusal in ends_of_others(&plan.changes, stack, &there, Catalogue::bundled()) {
        diagnostics.push(refusal);
    }
    if diagnostics.iter().any(|d| d.severity == Severity::Error && !SHOWN.contains(&d.code)) {
        return Err(Failure::new(diagnostics, loaded.sources.clone()));
    }
    let (leftovers, warnings) =
        crate::apply::leftovers(state, &seen.left, wanted.skip_drain, Catalogue::bundled());
    plan.leftovers = leftovers;
    diagnostics.extend(warnings);
    Ok((plan, diagnostics))
}

/// A refusal of the cloud that ends a command.
#[must_use]
pub fn refused(fault: &Fault) -> Failure {
    let (code, hint) = match (fault.kind, fault.code.as_str()) {
        (FaultKind::Unreachable | FaultKind::Silent, _) => {
            (Code::UNREACHABLE, "nothing was changed; run it again when the endpoint answers")
        }
        (_, "Region") => (
            Code::CLOUD,
            "nothing was changed; set `AWS_REGION`, a region in the profile, or `cloud.region` of the environment",
        ),
        (FaultKind::Denied, "Credentials") => (
            Code::CLOUD,
            "nothing was changed; set `AWS_PROFILE` or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or log in",
        ),
        (FaultKind::Denied, _) => {
            (Code::CLOUD, "nothing was changed; check the credentials and their permissions")
        }
        _ => (Code::CLOUD, "nothing was changed; run it again"),
    };
    // What never reached the service has no request to name.
    let words = match fault.code.as_str() {
        "Region" | "Credentials" | "Unreachable" | "Answer" => fault.message.clone(),
        _ => fault.to_string(),
    };
    Diagnostic::error(code, words).hint(hint).into()
}
