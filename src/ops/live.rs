//! Reads what is there, many at a time.

use crate::model::{Address, Live, Recorded};
use crate::provider::{Fault, FaultKind, Provider};
use crate::schema::TypeName;
use crate::state::Leftover;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many reads are under way at once; the provider's limiter sets the pace.
const AT_ONCE: usize = 48;

/// Reads each recorded resource.
///
/// # Errors
/// The first refusal; nothing was changed.
pub async fn read(
    provider: &Arc<dyn Provider>,
    recorded: &BTreeMap<Address, Recorded>,
) -> Result<BTreeMap<Address, Live>, Fault> {
    let mut live = BTreeMap::new();
    let mut waiting = recorded.values();
    let mut under_way: JoinSet<Result<(Address, Live), Fault>> = JoinSet::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(next) = waiting.next()
        {
            let (provider, next) = (Arc::clone(provider), next.clone());
            under_way.spawn(async move {
                let read = provider.read(&next.type_name, &next.identifier).await?;
                Ok((next.address, read.map_or(Live::Absent, Live::Present)))
            });
        }
        match under_way.join_next().await {
            Some(Ok(answer)) => {
                let (address, read) = answer?;
                live.insert(address, read);
            }
            // A task is only ever cancelled together with the whole read.
            Some(Err(_)) => {}
            None => return Ok(live),
        }
    }
}

/// Reads what earlier runs left to be deleted, by type and identifier. What may not be read stays
/// unread: whoever deletes it looks again.
///
/// # Errors
/// Nobody answers.
pub async fn of_leftovers(
    provider: &Arc<dyn Provider>,
    leftovers: &[Leftover],
) -> Result<BTreeMap<(TypeName, String), Live>, Fault> {
    let mut under_way: JoinSet<((TypeName, String), Result<Live, Fault>)> = JoinSet::new();
    let (mut live, mut waiting) = (BTreeMap::new(), leftovers.iter());
    loop {
        while under_way.len() < AT_ONCE
            && let Some(next) = waiting.next()
        {
            let (provider, key) = (Arc::clone(provider), (next.type_name.clone(), next.identifier.clone()));
            under_way.spawn(async move {
                let read = provider.read(&key.0, &key.1).await;
                (key, read.map(|read| read.map_or(Live::Absent, Live::Present)))
            });
        }
        match under_way.join_next().await {
            Some(Ok((key, Ok(read)))) => drop(live.insert(key, read)),
            Some(Ok((_, Err(fault)))) if matches!(fault.kind, FaultKind::Unreachable | FaultKind::Silent) => {
                return Err(fault);
            }
            // A task is only ever cancelled together with the whole read.
            Some(_) => {}
            None => return Ok(live),
        }
    }
}
