//! Plans in files: what they were made from, and whether they still fit.

use super::plan::Wanted;
use super::{Failure, Loaded, Request};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Json, Place, Secrets};
use crate::plan::{Plan, SavedPlan, compare};
use crate::spec::{Inputs, Loader, MemoryLoader};
use crate::state::State;
use crate::syntax::Format;
use std::collections::BTreeMap;
use std::path::Path;

/// In bytes: a plan carries its sources, and what is done with each resource.
const LONGEST: u64 = 512 << 20;

/// The plan as a file's content. `overlay` is the environment's file: where the stack has secrets,
/// their values may be in it.
#[must_use]
pub fn save(
    plan: &Plan,
    loaded: &Loaded,
    request: &Request,
    state: &State,
    wanted: &Wanted,
    cloud: Option<&str>,
    overlay: Option<&str>,
) -> SavedPlan {
    let secrets = state.secrets();
    let mut saved = SavedPlan::new(plan, loaded.stack.place.clone(), &secrets);
    saved.stack.clone_from(&loaded.stack.name);
    saved.env.clone_from(&loaded.stack.env);
    saved.cloud = cloud.map(str::to_owned);
    saved.root.clone_from(&request.path);
    saved.sources = loaded.sources.iter().map(|(_, s)| (s.name.clone(), s.text.clone())).collect();
    if let Some((name, text)) = overlay.and_then(|name| saved.sources.remove_entry(name)) {
        if loaded.stack.has_secrets() {
            saved.withheld.insert(name, secrets.hash(&Json::String(text)));
        } else {
            saved.sources.insert(name, text);
        }
    }
    saved.config = config(&request.inputs, loaded, &secrets);
    saved.options = wanted.saved();
    saved.serial = state.serial;
    saved.salt.clone_from(&state.salt);
    // A state that was never written is made anew by each run; until then it has no lineage.
    if state.serial > 0 {
        saved.lineage.clone_from(&state.lineage);
    }
    saved
}

/// What was given from outside the files, secrets as hashes.
fn config(inputs: &Inputs, loaded: &Loaded, secrets: &Secrets) -> BTreeMap<String, Json> {
    let value = |name: &str, text: &str| {
        let json = Json::String(text.to_owned());
        if loaded.stack.is_secret(name) { secrets.hash(&json) } else { json }
    };
    let declared = inputs.environment.iter().filter(|(name, _)| loaded.stack.declares_config(name));
    declared.chain(&inputs.config).map(|(name, text)| (name.clone(), value(name, text))).collect()
}

/// Reads a plan file. `None` if it can't be read, or is a stack file.
///
/// # Errors
/// It is meant as a plan, but isn't one of this format.
pub fn read(path: &Path) -> Result<Option<SavedPlan>, Diagnostic> {
    let Some(text) = text(path) else { return Ok(None) };
    let is_plan = serde_json::from_str::<Json>(&text)
        .is_ok_and(|json| json.get("fingerprint").is_some() && json.get("lineage").is_some());
    // What isn't named as a stack can only be meant as a plan.
    if !is_plan && path.to_str().is_some_and(|path| Format::of(path).is_some()) {
        return Ok(None);
    }
    SavedPlan::read(&text).map(Some).map_err(|error| {
        Diagnostic::error(Code::STALE_PLAN, format!("{} can't be applied: {error}", path.display()))
            .hint("make the plan again")
    })
}

/// The text of a regular file that isn't longer than a plan can be.
fn text(path: &Path) -> Option<String> {
    let found = std::fs::metadata(path).ok()?;
    if !found.is_file() || found.len() > LONGEST {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// The files of a saved plan: its own sources, and from the disk those that it doesn't carry.
///
/// # Errors
/// One of those is gone, or has another text.
pub fn files(saved: &SavedPlan, disk: &dyn Loader) -> Result<MemoryLoader, Diagnostic> {
    let secrets = Secrets::new(saved.salt.clone());
    let mut files = saved.sources.clone();
    for (name, hash) in &saved.withheld {
        let text = disk.load(name).ok();
        let Some(text) = text.filter(|text| secrets.hash(&Json::String(text.clone())) == *hash) else {
            let message = format!("the saved plan no longer fits: `{name}` was changed since");
            return Err(
                Diagnostic::error(Code::STALE_PLAN, message).hint("nothing was changed; make the plan again")
            );
        };
        files.insert(name.clone(), text);
    }
    Ok(MemoryLoader::new(files))
}

/// What to load for a saved plan: its own non-secret config; today's secrets and
/// today's outputs of other stacks.
#[must_use]
pub fn request(saved: &SavedPlan, place: &Place, today: &Inputs) -> Request {
    let mut config: Vec<(String, String)> = saved
        .config
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let hashed: Vec<&String> =
        saved.config.iter().filter(|(_, v)| !v.is_string()).map(|(name, _)| name).collect();
    let given = today.environment.iter().chain(&today.config);
    config.extend(given.filter(|(name, _)| hashed.contains(&name)).cloned());
    let inputs = Inputs {
        env: saved.env.clone(),
        place: place.clone(),
        environment: Vec::new(),
        config,
        imported: today.imported.clone(),
    };
    Request { path: saved.root.clone(), inputs }
}

/// Refuses config that a saved plan wouldn't heed: what it was made with is in it. Only secrets are
/// given again, and are compared with their hashes by [`still_fits`].
///
/// # Errors
/// [`Code::STALE_PLAN`], naming the config.
pub fn same_config(saved: &SavedPlan, given: &[(String, String)]) -> Result<(), Diagnostic> {
    for (name, text) in given {
        let moved = match saved.config.get(name) {
            Some(Json::String(before)) if before != text => "has another value than the plan was made with",
            None => "wasn't given when the plan was made",
            _ => continue,
        };
        return Err(Diagnostic::error(Code::STALE_PLAN, format!("config `{name}` {moved}"))
            .hint("nothing was changed; make the plan again with it"));
    }
    Ok(())
}

/// Refuses a plan that no longer fits, saying what moved.
///
/// # Errors
/// What moved since.
pub fn still_fits(saved: &SavedPlan, fresh: &SavedPlan) -> Result<(), Failure> {
    let moved = compare(saved, fresh);
    if moved.is_empty() {
        return Ok(());
    }
    let mut diagnostic =
        Diagnostic::error(Code::STALE_PLAN, format!("the saved plan no longer fits: {}", moved.join("; ")));
    diagnostic = diagnostic.hint("nothing was changed; make the plan again");
    Err(diagnostic.into())
}
