//! Reads what is there, many at a time.

use crate::model::{Address, Live, Recorded};
use crate::provider::{Fault, Provider};
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
