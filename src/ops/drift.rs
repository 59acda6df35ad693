//! `drift`: what changed outside since the last apply.

use super::plan::refused;
use super::{Failure, Loaded, live};
use crate::diff::{Context, Drifted, ResourceDrift, drift};
use crate::model::{Live, Options};
use crate::provider::Provider;
use crate::schema::Catalogue;
use crate::state::State;
use std::collections::HashMap;
use std::sync::Arc;

/// Reads every recorded resource and compares it with what was sent and seen. Takes no lock,
/// changes nothing.
///
/// # Errors
/// The cloud refused a read.
pub async fn look(
    loaded: &Loaded,
    state: &State,
    provider: &Arc<dyn Provider>,
) -> Result<Vec<ResourceDrift>, Failure> {
    let live = live::read(provider, &state.resources).await.map_err(|fault| refused(&fault))?;
    let secrets = state.secrets();
    let nothing = Options::default();
    let desired = loaded.resolved.resources.iter();
    let options: HashMap<_, _> = desired.map(|d| (&d.address, &d.options)).collect();
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
    Ok(rows)
}
