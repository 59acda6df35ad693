//! What recovery would find, without changing anything: what a plan is made on while an earlier run's
//! operations are unfinished.

use super::recover::{Standing, UnderWay, is_tagged, told_by_reading, veiled};
use crate::model::{Address, Json};
use crate::provider::{Fault, FaultKind, Provider, Status};
use crate::schema::Catalogue;
use crate::state::{Ending, Entry, Operation, State, Verb};
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many operations are looked at at once; the provider's limiter sets the pace.
const AT_ONCE: usize = 48;

/// The state as [`super::recover`] would leave it, as far as reads tell. Operations that only
/// recovery itself can end stay in it: those that still run, and creates that may have been begun
/// and have no identifier to read.
///
/// # Errors
/// The first refusal of the cloud.
pub async fn peek(provider: &Arc<dyn Provider>, mut state: State) -> Result<State, Fault> {
    let secrets = state.secrets();
    let running = Arc::new(UnderWay::default());
    let operations: Vec<Operation> = state.operations.values().cloned().collect();
    let mut waiting = operations.into_iter();
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(operation) = waiting.next()
        {
            let (provider, secrets, running) = (Arc::clone(provider), secrets.clone(), Arc::clone(&running));
            under_way.spawn(async move {
                let ending = look(&*provider, &operation, &secrets, &running).await?;
                Ok::<_, Fault>(ending.map(|ending| Entry::Ended { id: operation.id, ending }))
            });
        }
        match under_way.join_next().await {
            Some(Ok(entry)) => {
                if let Some(entry) = entry? {
                    state.apply(&entry);
                }
            }
            // A task is only ever cancelled together with the whole look.
            Some(Err(_)) => {}
            None => return Ok(state),
        }
    }
}

/// The resources whose fate [`peek`] couldn't tell, by address.
#[must_use]
pub fn undecided(state: &State) -> Vec<Address> {
    let mut addresses: Vec<Address> = state.operations.values().map(|o| o.address.clone()).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// How the operation ended, as far as reads tell.
async fn look(
    provider: &dyn Provider,
    operation: &Operation,
    secrets: &crate::model::Secrets,
    running: &UnderWay,
) -> Result<Option<Ending>, Fault> {
    if let Some(token) = &operation.request_token {
        match provider.status(token).await {
            Ok(progress) => {
                let identifier = progress.identifier.or_else(|| operation.identifier.clone());
                return match progress.status {
                    Status::Running => Ok(None),
                    Status::Succeeded if operation.verb == Verb::Delete => Ok(Some(Ending::Deleted)),
                    Status::Succeeded => there(provider, operation, identifier, secrets).await,
                    // What it left behind recovery records, and the apply's own plan takes away.
                    Status::Failed(fault) => Ok(Some(not_done(fault.to_string()))),
                    Status::Cancelled => Ok(Some(not_done("cancelled".to_owned()))),
                };
            }
            Err(fault) if fault.kind == FaultKind::UnknownRequest => {}
            Err(fault) => return Err(fault),
        }
    }
    if operation.verb != Verb::Create {
        if operation.request_token.is_none()
            && let Standing::Runs(_) = running.look(provider, operation).await?
        {
            return Ok(None);
        }
        let found = told_by_reading(provider, operation).await?;
        return Ok(found.map(|(ending, _)| ending));
    }
    let Some(identifier) = &operation.identifier else { return Ok(None) };
    let Some(live) = provider.read(&operation.type_name, identifier).await? else {
        return Ok(Some(not_done("it isn't there".to_owned())));
    };
    // Something of that name may be another's.
    let kind = Catalogue::bundled().of(&operation.type_name);
    let declared = operation.declared.as_ref().map(|declared| &declared.properties);
    let ours = kind
        .zip(declared)
        .is_some_and(|(kind, declared)| is_tagged(&live, declared, &operation.address, &kind));
    let seen = || veiled(operation.declared.as_deref(), live.clone(), secrets);
    Ok(ours.then(|| Ending::Recorded { identifier: identifier.clone(), seen: seen(), in_part: false }))
}

async fn there(
    provider: &dyn Provider,
    operation: &Operation,
    identifier: Option<String>,
    secrets: &crate::model::Secrets,
) -> Result<Option<Ending>, Fault> {
    let Some(identifier) = identifier else { return Ok(None) };
    let seen = provider.read(&operation.type_name, &identifier).await?;
    let seen = veiled(
        operation.declared.as_deref(),
        seen.unwrap_or_else(|| Json::Object(serde_json::Map::new())),
        secrets,
    );
    Ok(Some(Ending::Recorded { identifier, seen, in_part: false }))
}

fn not_done(fault: String) -> Ending {
    Ending::Failed { fault, remnant: None, in_part: true }
}
