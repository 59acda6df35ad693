//! What there is, apart from what AWS makes up.

use super::rig::Rig;
use evstack::model::{Json, Recorded};
use evstack::schema::Catalogue;
use evstack::state::State;
use serde_json::json;
use std::collections::BTreeMap;

/// What is recorded and what is live, each text that the service makes up named by where it comes from.
#[derive(Debug, PartialEq)]
pub struct World {
    pub recorded: BTreeMap<String, Json>,
    pub live: BTreeMap<String, Json>,
    pub outputs: BTreeMap<String, Json>,
    /// What is there and not recorded, whole.
    pub others: Vec<Json>,
}

impl World {
    pub fn of(rig: &Rig, state: &State) -> Self {
        assert!(state.operations.is_empty() && state.leftovers.is_empty(), "{state:#?}");
        let inventory = rig.cloud.inventory();
        let all = inventory["resources"].as_array().expect("a list").clone();
        let made_up: Vec<(String, String)> = state.resources.values().flat_map(|r| made_up(r, rig)).collect();
        let recorded = state.resources.values().map(|r| {
            let record = json!({"type": r.type_name, "declared": r.declared, "needs": r.dependencies,
                "protection": r.protection, "retained": r.retain_on_delete, "place": r.place});
            (r.address.to_string(), named(&record, &made_up))
        });
        let live = state.resources.values().map(|r| {
            let shown = rig.get(r.type_name.as_str(), &r.identifier);
            let shown = shown.map_or(Json::Null, |shown| named(&settable(r, &shown), &made_up));
            (r.address.to_string(), shown)
        });
        let is_ours = |json: &Json| {
            state
                .resources
                .values()
                .any(|r| json["type"] == r.type_name.as_str() && json["identifier"] == r.identifier.as_str())
        };
        Self {
            recorded: recorded.collect(),
            live: live.collect(),
            outputs: state.outputs.iter().map(|o| (o.name.clone(), named(&o.value, &made_up))).collect(),
            others: all.into_iter().filter(|json| !is_ours(json)).collect(),
        }
    }
}

/// What a read shows of what can be set.
fn settable(recorded: &Recorded, shown: &Json) -> Json {
    let kind = Catalogue::bundled().of(&recorded.type_name).expect("a known type");
    let members = shown.as_object().expect("an object").iter();
    let members = members.filter(|(name, _)| !kind.is_read_only(&[name.as_str()]));
    Json::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Texts that the service decides, and what they are called.
fn made_up(recorded: &Recorded, rig: &Rig) -> Vec<(String, String)> {
    let shown = rig.get(recorded.type_name.as_str(), &recorded.identifier).unwrap_or_default();
    let declared = recorded.declared.as_object().expect("an object");
    let members = shown.as_object().into_iter().flatten();
    let members = members.filter(|(name, _)| !declared.contains_key(name.as_str()));
    let texts = members.filter_map(|(name, value)| {
        Some((value.as_str()?.to_owned(), format!("<{}.{name}>", recorded.address)))
    });
    texts.filter(|(text, _)| text.len() >= 8).collect()
}

fn named(json: &Json, made_up: &[(String, String)]) -> Json {
    let mut longest: Vec<_> = made_up.iter().collect();
    longest.sort_by_key(|(text, name)| (std::cmp::Reverse(text.len()), name));
    let mut text = json.to_string();
    for (made_up, name) in longest {
        text = text.replace(made_up.as_str(), name);
    }
    serde_json::from_str(&text).expect("JSON")
}

impl World {
    /// Where two differ; none if they don't.
    pub fn differs(&self, now: &Self) -> Option<String> {
        let mut found = Vec::new();
        for (what, before, now) in [
            ("recorded", &self.recorded, &now.recorded),
            ("live", &self.live, &now.live),
            ("output", &self.outputs, &now.outputs),
        ] {
            for key in before.keys().chain(now.keys()) {
                let (before, now) = (before.get(key), now.get(key));
                if before != now || (what == "live" && now == Some(&Json::Null)) {
                    let show = |json: Option<&Json>| json.map_or("nothing".to_owned(), Json::to_string);
                    found.push(format!("{what} {key}\n  was {}\n  is  {}", show(before), show(now)));
                }
            }
        }
        let only = |a: &[Json], b: &[Json]| {
            a.iter().filter(|json| !b.contains(json)).map(Json::to_string).collect::<Vec<_>>()
        };
        found.extend(
            only(&self.others, &now.others).into_iter().map(|json| format!("no longer there: {json}")),
        );
        found.extend(only(&now.others, &self.others).into_iter().map(|json| format!("newly there: {json}")));
        found.dedup();
        (!found.is_empty()).then(|| found.join("\n"))
    }
}
