//! The recorded state as commands show it.

use crate::model::{Address, Json};
use crate::state::State;
use serde_json::json;

/// `state list --json`.
#[must_use]
pub fn list(state: &State) -> Json {
    let rows = state.resources.values();
    rows.map(|r| json!({"address": r.address, "type": r.type_name, "identifier": r.identifier})).collect()
}

/// `state show ADDR --json`.
#[must_use]
pub fn show(state: &State, address: &Address) -> Option<Json> {
    serde_json::to_value(state.resources.get(address)?).ok()
}

/// `output --json`.
#[must_use]
pub fn outputs(state: &State) -> Json {
    let members = state.outputs.iter().map(|o| {
        let value = if o.sensitive { Json::Null } else { o.value.clone() };
        (o.name.clone(), json!({"value": value, "sensitive": o.sensitive}))
    });
    Json::Object(members.collect())
}
