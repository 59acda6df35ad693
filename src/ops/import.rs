//! `import`: records an existing resource under a declared address. The cloud isn't changed.

use super::plan::{Seen, Wanted, canonical, make, refused};
use super::{Failure, Loaded};
use crate::apply::veiled;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, nearest};
use crate::diff::{Context, Holding, holding};
use crate::model::{Address, Desired, Json, Live, Recorded, Value};
use crate::plan::adoption::{
    check_owner, import_command, other_address, owner, recorded_already, recorded_as,
};
use crate::plan::{Found, FoundBy, ResourceChange};
use crate::provider::Provider;
use crate::schema::{Catalogue, ResourceType};
use crate::state::{Ending, Entry, Leftover, Locked, Operation, State, Verb};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What came of it.
#[derive(Debug)]
pub struct Imported {
    /// As it is recorded now.
    pub recorded: Recorded,
    /// What the next plan would do to it.
    pub change: Option<ResourceChange>,
    /// Declared properties that no read shows.
    pub unverified: Vec<Vec<String>>,
    /// What isn't an error.
    pub warnings: Diagnostics,
}

/// Reads the resource and records it as what `address` declares. `force` takes it over though its
/// tags name another stack. The caller compacts the state.
///
/// # Errors
/// The address isn't declared, or is recorded; the resource isn't there, is recorded, belongs to
/// another stack, or can't be read.
pub async fn import(
    loaded: &Loaded,
    locked: &Locked,
    provider: &Arc<dyn Provider>,
    (address, asked): (&Address, &str),
    force: bool,
) -> Result<Imported, Failure> {
    let state = locked.snapshot();
    let desired = declared(loaded, address)?;
    let fail = |diagnostic: Diagnostic| Failure::new(diagnostic.into(), loaded.sources.clone());
    may_be_recorded(desired, &state).map_err(fail)?;
    let kind = readable(desired).map_err(fail)?;
    let read = provider.read(&desired.type_name, asked).await.map_err(|fault| refused(&fault))?;
    let Some(live) = read else {
        let message = format!("there is no {} `{asked}`", desired.type_name);
        return Err(fail(Diagnostic::error(Code::NOTHING_TO_IMPORT, message).hint(form_of(&kind))));
    };
    let identifier = canonical(&desired.type_name, asked, &live);
    leaving(desired, &identifier, &state).map_err(fail)?;
    if let Some(other) = recorded_as(&state.resources, &desired.type_name, &identifier) {
        return Err(fail(recorded_already(address, &identifier, other)));
    }
    let mut warnings = Diagnostics::new();
    let change = planned(loaded, &state, address, &identifier, &live)?;
    let after = change.as_ref().and_then(|change| change.after.clone()).unwrap_or(Value::Null);
    let whose = owner(&live, &after, &kind);
    if let Err(foreign) = check_owner(address, &identifier, &whose) {
        if !force {
            let again =
                format!("`{} --force` takes it over all the same", import_command(address, &identifier));
            return Err(fail(foreign.hint("let the other stack forget it first").hint(again)));
        }
        let message = foreign.message.replace("can't take over", "takes over");
        warnings.push(Diagnostic::warning(Code::FOREIGN_OWNER, message).hint("the next apply tags it anew"));
    }
    if let Some(warning) = other_address(address, &identifier, &whose, &desired.options.aliases) {
        warnings.push(warning);
    }
    let secrets = state.secrets();
    let Holding { declared, unverified } =
        holding(&after, &live, &Context::new(&kind, &desired.options, &secrets));
    let recorded = Recorded {
        address: address.clone(),
        type_name: desired.type_name.clone(),
        identifier,
        declared,
        seen: veiled(&after, &live, &secrets),
        dependencies: change.map(|change| change.depends_on).unwrap_or_default(),
        predicted: BTreeMap::new(),
        protection: desired.options.protection,
        retain_on_delete: desired.options.retain_on_delete,
        drain: desired.options.drain,
        place: loaded.sources.place(desired.span),
        doubts: Default::default(),
    };
    // Who imports it has decided whether it was created: that, and what it is, or nothing of both.
    let undecided = state.operations.iter().filter(|(_, operation)| operation.address == *address);
    let ended = undecided.map(|(id, _)| {
        let fault = format!("`{}` was imported in its place", recorded.identifier);
        Entry::Ended { id: *id, ending: Ending::Failed { fault, remnant: None, in_part: false } }
    });
    let put = Entry::Put { recorded: Box::new(recorded.clone()) };
    locked.append_together(ended.chain([put]).collect())?;
    let seen = Seen { live: [(address.clone(), Live::Present(live))].into(), ..Seen::default() };
    let (plan, _) = make(loaded, &locked.snapshot(), &seen, &unread())?;
    let change = plan.change(address).cloned();
    Ok(Imported { recorded, change, unverified, warnings })
}

/// The declaration, or what was likely meant.
///
/// # Errors
/// [`Code::UNKNOWN_TARGET`].
fn declared<'l>(loaded: &'l Loaded, address: &Address) -> Result<&'l Desired, Failure> {
    let all = &loaded.resolved.resources;
    let found = all.iter().find(|desired| desired.address == *address);
    found.ok_or_else(|| Failure::from(undeclared(address, all.iter().map(|d| &d.address))))
}

/// An address that no stack declares.
#[must_use]
pub fn undeclared<'a>(address: &Address, declared: impl Iterator<Item = &'a Address>) -> Diagnostic {
    let declared: Vec<&str> = declared.map(Address::as_str).collect();
    let near = nearest(address.as_str(), declared.iter().copied());
    Diagnostic::error(Code::UNKNOWN_TARGET, format!("`{address}` isn't declared"))
        .hint_if(near.map(|near| format!("did you mean `{near}`?")))
        .hint("declare it first: what is taken over becomes what the stack file says; parts are named as the plan prints them")
}

/// Refuses an address that stands for something already, or may soon.
fn may_be_recorded(desired: &Desired, state: &State) -> Result<(), Diagnostic> {
    let names = std::iter::once(&desired.address).chain(&desired.options.aliases);
    if let Some(recorded) = names.into_iter().find_map(|name| state.resources.get(name)) {
        let message = format!("`{}` is recorded already: it is `{}`", recorded.address, recorded.identifier);
        return Err(Diagnostic::error(Code::ALREADY_RECORDED, message).at(desired.span).hint(format!(
            "to take over another in its place, run `evstack state rm {}` first: that leaves it in the cloud",
            recorded.address
        )));
    }
    // It may be what such an operation made, of whatever address.
    let unfinished = |operation: &&Operation| {
        operation.type_name == desired.type_name && !operation.undecided
            || operation.address == desired.address && operation.verb != Verb::Create
    };
    if let Some(operation) = state.operations.values().find(unfinished) {
        let message = format!("an earlier run ended while it worked on `{}`", operation.address);
        return Err(Diagnostic::error(Code::UNFINISHED, message)
            .at(desired.span)
            .hint("run `evstack apply` first: it finds out what became of it"));
    }
    Ok(())
}

/// Refuses what the next run takes away: a failed create left it, or it was replaced.
///
/// # Errors
/// [`Code::ALREADY_RECORDED`].
pub(super) fn leaving(desired: &Desired, identifier: &str, state: &State) -> Result<(), Diagnostic> {
    let goes = |l: &&Leftover| l.type_name == desired.type_name && l.identifier == identifier;
    let Some(leftover) = state.leftovers.iter().find(goes) else { return Ok(()) };
    let message = format!(
        "`{}` can't take over `{identifier}`: it is left over from `{}`, and the next apply takes it away",
        desired.address, leftover.address
    );
    Err(Diagnostic::error(Code::ALREADY_RECORDED, message)
        .at(desired.span)
        .hint("run `evstack apply` first, without that import"))
}

fn readable(desired: &Desired) -> Result<Arc<ResourceType>, Diagnostic> {
    let kind = Catalogue::bundled().of(&desired.type_name).filter(|kind| kind.handlers.read.is_some());
    kind.ok_or_else(|| {
        let message = format!("{} can't be taken over: it can't be read", desired.type_name);
        Diagnostic::error(Code::UNSUPPORTED, message).at(desired.span)
    })
}

/// ``an identifier of AWS::ApiGatewayV2::Route is `ApiId|RouteId` ``
fn form_of(kind: &ResourceType) -> String {
    let parts: Vec<String> = kind.primary_identifier.iter().map(ToString::to_string).collect();
    format!("an identifier of {} is its `{}`, in this account and region", kind.name, parts.join("|"))
}

/// What a plan would say of taking it over: what is declared, as far as it is known now.
fn planned(
    loaded: &Loaded,
    state: &State,
    address: &Address,
    identifier: &str,
    live: &Json,
) -> Result<Option<ResourceChange>, Failure> {
    let found = Found { identifier: identifier.to_owned(), by: FoundBy::Request };
    let seen = Seen {
        live: [(address.clone(), Live::Present(live.clone()))].into(),
        found: [(address.clone(), found)].into(),
        ..Seen::default()
    };
    let (plan, _) = make(loaded, state, &seen, &unread())?;
    Ok(plan.change(address).cloned())
}

/// Everything else is as it was recorded.
fn unread() -> Wanted {
    Wanted { refresh: false, ..Wanted::default() }
}
