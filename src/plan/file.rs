//! A plan in a file: what it was made from, what it promises, what it saw.
//!
//! Apply plans again from the sources in the file and compares. So nothing in the file is trusted
//! to be carried out, secrets aren't in it, and what moved since can be named.

use super::Plan;
use crate::model::{Json, Place, Secrets};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The format that this program writes and reads.
const FORMAT: u32 = 1;
/// How many things that moved are named; the rest is counted.
const LONGEST_LIST: usize = 12;

/// The flags that a plan was made with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedOptions {
    /// `--target`.
    pub targets: Vec<String>,
    /// `--exclude`.
    pub excludes: Vec<String>,
    /// `--replace`.
    pub replace: Vec<String>,
    /// `--destroy`.
    pub destroy: bool,
    /// `--allow-data-loss`.
    pub allow_data_loss: bool,
    /// `--refresh`.
    pub refresh: bool,
    /// `--adopt`.
    pub adopt: bool,
    /// `--skip-drain`.
    pub skip_drain: bool,
}

/// A plan as it lies in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// The format's version.
    pub format: u32,
    /// The program that made it.
    pub evstack: String,
    /// The stack's name.
    pub stack: String,
    /// The environment.
    pub env: String,
    /// As given with `--cloud`, if it was.
    pub cloud: Option<String>,
    /// Where the stack lives.
    pub place: Place,
    /// The stack file's name among the sources.
    pub root: String,
    /// Every file that was read: its name → its text.
    pub sources: BTreeMap<String, String>,
    /// Files that may have secrets in them, as hashes of their texts: apply reads them again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub withheld: BTreeMap<String, Json>,
    /// Config that was given from outside the files; a secret stands as its hash.
    pub config: BTreeMap<String, Json>,
    /// The flags.
    pub options: SavedOptions,
    /// Of the state that it was made from.
    pub serial: u64,
    /// Of the state that it was made from.
    pub lineage: String,
    /// Of the state that it was made from: what the hashes in it were made with.
    #[serde(default)]
    pub salt: String,
    /// Each recorded resource → a hash of what was there.
    pub fingerprint: serde_json::Map<String, Json>,
    /// What is done, in canonical form.
    pub changes: Vec<Json>,
    /// Which outputs change, in canonical form.
    pub outputs: Vec<Json>,
}

/// Why a file isn't a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileError {
    /// It isn't JSON of a plan.
    Malformed(String),
    /// It is of another format.
    Format(u32),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "it isn't a plan that `evstack plan --out` wrote: {why}"),
            Self::Format(found) => {
                write!(f, "it is a plan of format {found}, and this evstack reads format {FORMAT}")
            }
        }
    }
}

impl std::error::Error for FileError {}

impl SavedPlan {
    /// Puts a plan's promises and what it saw into the file; the rest is for the caller to fill.
    #[must_use]
    pub fn new(plan: &Plan, place: Place, secrets: &Secrets) -> Self {
        Self {
            format: FORMAT,
            evstack: env!("CARGO_PKG_VERSION").to_owned(),
            stack: String::new(),
            env: String::new(),
            cloud: None,
            place,
            root: String::new(),
            sources: BTreeMap::new(),
            withheld: BTreeMap::new(),
            config: BTreeMap::new(),
            options: SavedOptions { refresh: true, ..SavedOptions::default() },
            serial: 0,
            lineage: String::new(),
            salt: String::new(),
            fingerprint: plan.fingerprint(secrets),
            changes: plan.canonical_changes(secrets),
            outputs: plan.canonical_outputs(secrets),
        }
    }

    /// The file's text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// From the file's text.
    ///
    /// # Errors
    /// When it isn't a plan, or one of another format.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let json: Json = serde_json::from_str(text).map_err(|e| FileError::Malformed(e.to_string()))?;
        match json.get("format").and_then(Json::as_u64) {
            Some(found) if found == u64::from(FORMAT) => {}
            Some(found) => return Err(FileError::Format(u32::try_from(found).unwrap_or(u32::MAX))),
            None => return Err(FileError::Malformed("it has no `format`".to_owned())),
        }
        serde_json::from_value(json).map_err(|e| FileError::Malformed(e.to_string()))
    }
}

/// What moved between the plan in the file and the one that would be made now, each in one line;
/// empty if the file's plan still fits.
#[must_use]
pub fn compare(saved: &SavedPlan, fresh: &SavedPlan) -> Vec<String> {
    let mut moved = Vec::new();
    if saved.lineage.is_empty() && !fresh.lineage.is_empty() {
        moved.push("the stack was applied since: nothing was recorded when it was planned".to_owned());
    } else if saved.lineage != fresh.lineage {
        moved.push("the state is another one: it was made anew since the plan".to_owned());
    } else if saved.serial != fresh.serial {
        moved.push(format!(
            "the state was written since: serial {} when planned, {} now",
            saved.serial, fresh.serial
        ));
    }
    if saved.place != fresh.place {
        moved.push(format!("the plan is for {}, not for {}", saved.place.words(), fresh.place.words()));
    }
    for (name, value) in &saved.config {
        if fresh.config.get(name) != Some(value) {
            moved.push(format!("config `{name}` has another value"));
        }
    }
    for name in fresh.config.keys().filter(|name| !saved.config.contains_key(*name)) {
        moved.push(format!("config `{name}` wasn't given when the plan was made"));
    }
    for (address, seen) in &saved.fingerprint {
        match fresh.fingerprint.get(address) {
            Some(now) if now == seen => {}
            Some(_) => moved.push(format!("`{address}` was changed since")),
            None => moved.push(format!("`{address}` is no longer recorded")),
        }
    }
    for address in fresh.fingerprint.keys().filter(|a| !saved.fingerprint.contains_key(*a)) {
        moved.push(format!("`{address}` was not there when the plan was made"));
    }
    if moved.len() > LONGEST_LIST {
        let more = moved.len() - LONGEST_LIST;
        moved.truncate(LONGEST_LIST);
        moved.push(format!("{more} more"));
    }
    if moved.is_empty() {
        moved.extend(promises(&saved.changes, &fresh.changes, "address"));
        moved.extend(promises(&saved.outputs, &fresh.outputs, "name"));
    }
    moved
}

/// The same sources and the same world must give the same promises; anything else is named.
fn promises(saved: &[Json], fresh: &[Json], key: &str) -> Vec<String> {
    let by_key = |list: &[Json]| -> BTreeMap<String, Json> {
        list.iter().map(|c| (c[key].as_str().unwrap_or_default().to_owned(), c.clone())).collect()
    };
    let (saved, fresh) = (by_key(saved), by_key(fresh));
    let names: std::collections::BTreeSet<&String> = saved.keys().chain(fresh.keys()).collect();
    names
        .into_iter()
        .filter(|name| saved.get(*name) != fresh.get(*name))
        .map(|name| match (saved.get(name), fresh.get(name)) {
            (Some(_), None) => format!("`{name}` would no longer be changed"),
            (None, Some(_)) => format!("`{name}` would now be changed too"),
            _ => format!("`{name}` would be changed otherwise than planned"),
        })
        .collect()
}
