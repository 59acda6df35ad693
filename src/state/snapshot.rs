//! The state itself, how entries change it, and its file.

use super::edit::backup;
use super::entry::{Ending, Entry, Leftover, Operation, Output, Verb, Why};
use super::seal::{Codec, Unreadable};
use super::{Key, unopened, unreadable, with_backup};
use crate::diagnostics::Diagnostic;
use crate::model::{Address, Json, NAMES, Recorded, Secrets, Site};
use crate::schema::TypeName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::Path;

/// The format that this program writes.
pub(super) const VERSION: u32 = 1;

/// From version `n` to `n + 1`, for each `n` from 1.
const UPGRADES: &[fn(Json) -> Json] = &[];

/// Everything that evstack knows of a stack in an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The format's version.
    pub version: u32,
    /// The program that wrote it.
    pub evstack: String,
    /// The stack's name.
    pub stack: String,
    /// The environment.
    pub env: String,
    /// Made once, stays for ever: two states of one name but another lineage are strangers.
    pub lineage: String,
    /// One more with each run that wrote.
    pub serial: u64,
    /// Secrets are hashed with it; it is no secret itself, it keeps hashes of two stacks apart.
    pub salt: String,
    /// The cloud that all of it is in; none if no run that knew has written yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// What is there.
    #[serde(with = "by_address")]
    pub resources: BTreeMap<Address, Recorded>,
    /// What is there and has to go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<Leftover>,
    /// What was begun and hasn't ended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<u64, Operation>,
    /// As last applied, in the order of declaration.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// The last entry of the journal that is in it.
    pub journal: u64,
    /// The highest number that an operation ever had.
    #[serde(default)]
    pub last_operation: u64,
    /// In a bucket, the last part of the journal that is in it; see [`super::bucket`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub segment: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// In the file the resources are a list: each says its own address.
mod by_address {
    use super::{Address, BTreeMap, Deserialize, Deserializer, Recorded, Serializer};

    pub(super) fn serialize<S: Serializer>(
        map: &BTreeMap<Address, Recorded>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Address, Recorded>, D::Error> {
        let mut map = BTreeMap::new();
        for recorded in Vec::<Recorded>::deserialize(deserializer)? {
            if let Some(twice) = map.insert(recorded.address.clone(), recorded) {
                let why = format!("`{}` stands in it twice", twice.address);
                return Err(serde::de::Error::custom(why));
            }
        }
        Ok(map)
    }
}

impl State {
    /// Of a stack that was never applied.
    #[must_use]
    pub fn new(stack: &str, env: &str) -> Self {
        Self {
            version: VERSION,
            evstack: env!("CARGO_PKG_VERSION").to_owned(),
            stack: stack.to_owned(),
            env: env.to_owned(),
            lineage: uuid(),
            serial: 0,
            salt: format!("{:016x}{:016x}", random(), random()),
            site: None,
            resources: BTreeMap::new(),
            leftovers: Vec::new(),
            operations: BTreeMap::new(),
            outputs: Vec::new(),
            journal: 0,
            last_operation: 0,
            segment: 0,
        }
    }

    /// Hashes this stack's secrets.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.salt.clone())
    }

    /// A plan that was made before the state existed hashed its secrets with a salt of its own.
    pub(crate) fn adopt_salt(&mut self, salt: &str) {
        if self.journal == 0 && self.serial == 0 {
            salt.clone_into(&mut self.salt);
        }
    }

    /// What an entry does. Entries that make no sense (an end without a begin) do nothing: a
    /// journal is replayed from any of its prefixes.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Run { version: _, evstack, serial, lineage, salt, stack: _, env: _, site } => {
                if site.is_some() {
                    self.site.clone_from(site);
                }
                evstack.clone_into(&mut self.evstack);
                lineage.clone_into(&mut self.lineage);
                salt.clone_into(&mut self.salt);
                self.serial = *serial;
            }
            Entry::Begin { operation } => {
                self.last_operation = self.last_operation.max(operation.id);
                self.operations.insert(operation.id, (**operation).clone());
            }
            Entry::Retry { id, client_token, began } => {
                if let Some(operation) = self.operations.get_mut(id) {
                    client_token.clone_into(&mut operation.client_token);
                    operation.began = *began;
                    operation.request_token = None;
                }
            }
            Entry::Requested { id, request_token, identifier } => {
                if let Some(operation) = self.operations.get_mut(id) {
                    operation.request_token = Some(request_token.clone());
                    if identifier.is_some() {
                        operation.identifier.clone_from(identifier);
                    }
                }
            }
            Entry::Ended { id, ending } => {
                if let Some(operation) = self.operations.remove(id) {
                    self.end(operation, ending);
                }
            }
            Entry::Undecided { id } => {
                if let Some(operation) = self.operations.get_mut(id) {
                    operation.undecided = true;
                }
            }
            Entry::Put { recorded } => {
                self.resources.insert(recorded.address.clone(), (**recorded).clone());
            }
            Entry::LetGo { address } => {
                self.resources.remove(address);
            }
            Entry::Forget { address } => {
                self.resources.remove(address);
                self.leftovers.retain(|leftover| leftover.address != *address);
                self.operations.retain(|_, o| o.address != *address || !o.undecided);
            }
            Entry::Spare { type_name, identifier } => {
                self.leftovers.retain(|l| l.type_name != *type_name || l.identifier != *identifier);
            }
            Entry::CannotUpdate { address, fixed } => {
                if let Some(recorded) = self.resources.get_mut(address) {
                    let known = &mut recorded.doubts.fixed;
                    known.retain(|one| fixed.iter().all(|new| new.path != one.path));
                    known.extend(fixed.iter().cloned());
                }
            }
            Entry::Move { from, to } => self.rename(from, to),
            Entry::TakeBack { recorded } => self.take_back(recorded),
            Entry::Outputs { outputs } => outputs.clone_into(&mut self.outputs),
            Entry::Together { entries } => entries.iter().for_each(|entry| self.apply(entry)),
        }
    }

    fn end(&mut self, operation: Operation, ending: &Ending) {
        let Operation { verb, address, type_name, identifier: known, declared, deposes, leftover, .. } =
            operation;
        match ending {
            Ending::Recorded { identifier, seen, in_part } => {
                let Some(declared) = declared else { return };
                let mut recorded =
                    declared.recorded(address.clone(), type_name, identifier.clone(), seen.clone());
                if let (Verb::Update, true, Some(before)) = (verb, in_part, self.resources.get(&address)) {
                    let mut both = before.declared.clone();
                    add(&mut both, &recorded.declared);
                    recorded.declared = both;
                    recorded.doubts.lingers = true;
                }
                let (of, asked) = (recorded.type_name.clone(), recorded.drain);
                let before = self.resources.insert(address, recorded);
                let before = before.filter(|before| deposes && before.identifier != *identifier);
                self.leftovers.extend(before.map(|before| {
                    // The options are those of what came, unless that is something else.
                    let drain = if before.type_name == of { asked } else { before.drain };
                    Leftover { drain, ..Leftover::replaced(before) }
                }));
            }
            Ending::Deleted if leftover => {
                self.leftovers.retain(|l| l.type_name != type_name || Some(&l.identifier) != known.as_ref());
            }
            Ending::Deleted => {
                self.resources.remove(&address);
            }
            Ending::Failed { remnant, in_part, .. } => {
                if let Some(identifier) = remnant {
                    self.leftovers.push(Leftover {
                        address: address.clone(),
                        type_name,
                        identifier: identifier.clone(),
                        why: Why::Remnant,
                        dependencies: declared.as_ref().map(|d| d.dependencies.clone()).unwrap_or_default(),
                        drain: None,
                    });
                }
                // What may have been sent is ours from now on, and what was ours stays so: the
                // next plan looks at both.
                if let (Verb::Update, true, Some(declared)) = (verb, in_part, declared)
                    && let Some(recorded) = self.resources.get_mut(&address)
                {
                    add(&mut recorded.declared, &declared.properties);
                    recorded.doubts.half_way = true;
                }
            }
        }
    }

    fn take_back(&mut self, recorded: &Recorded) {
        let is = |type_name: &TypeName, identifier: &str| {
            *type_name == recorded.type_name && identifier == recorded.identifier
        };
        self.leftovers.retain(|leftover| !is(&leftover.type_name, &leftover.identifier));
        let before = self.resources.insert(recorded.address.clone(), recorded.clone());
        self.leftovers.extend(
            before.filter(|before| !is(&before.type_name, &before.identifier)).map(Leftover::replaced),
        );
    }

    fn rename(&mut self, from: &Address, to: &Address) {
        if let Some(mut recorded) = self.resources.remove(from) {
            recorded.address = to.clone();
            self.resources.insert(to.clone(), recorded);
        }
        let resources = self.resources.values_mut().map(|recorded| &mut recorded.dependencies);
        let leftovers = self.leftovers.iter_mut().map(|leftover| {
            if leftover.address == *from {
                leftover.address = to.clone();
            }
            &mut leftover.dependencies
        });
        let operations = self.operations.values_mut().filter_map(|operation| {
            if operation.address == *from {
                operation.address = to.clone();
            }
            operation.declared.as_mut().map(|declared| &mut declared.dependencies)
        });
        for dependency in resources.chain(leftovers).chain(operations).flatten() {
            if dependency == from {
                *dependency = to.clone();
            }
        }
    }
}

impl Leftover {
    /// Of what something else has taken the place.
    fn replaced(recorded: Recorded) -> Self {
        let Recorded { address, type_name, identifier, dependencies, drain, .. } = recorded;
        Self { address, type_name, identifier, why: Why::Replaced, dependencies, drain }
    }
}

/// Puts what the second has over the first, which keeps what only it has.
fn add(first: &mut Json, second: &Json) {
    match (first, second) {
        (Json::Object(first), Json::Object(second)) => {
            for (key, value) in second {
                match first.get_mut(key) {
                    Some(there) => add(there, value),
                    None => {
                        first.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Json::Array(first), Json::Array(second)) => add_items(first, second),
        (first, second) => second.clone_into(first),
    }
}

/// The second's items with what the first has of the same ones, by name or else by place; then the
/// first's other items.
fn add_items(first: &mut Vec<Json>, second: &[Json]) {
    let mut before = std::mem::take(first);
    let by_place = before.clone();
    for (i, item) in second.iter().enumerate() {
        let name = NAMES.iter().find_map(|name| Some((name, item.get(*name)?)));
        let namesake = |was: &Json| name.is_some_and(|(key, value)| was.get(*key) == Some(value));
        let mut both = match before.iter().position(|was| was == item) {
            Some(at) => before.remove(at),
            None => match (before.iter().position(namesake), name) {
                (Some(at), _) => before.remove(at),
                (None, Some(_)) => Json::Null,
                (None, None) => by_place.get(i).filter(|was| was.is_object()).cloned().unwrap_or_default(),
            },
        };
        add(&mut both, item);
        first.push(both);
    }
    // Tried again and again, it doesn't grow.
    for was in before {
        if !first.contains(&was) {
            first.push(was);
        }
    }
}

/// The standard library's hasher is seeded by the operating system: random enough for names.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A version 4 UUID.
pub(super) fn uuid() -> String {
    let (a, b) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}

/// Reads a snapshot; none if there is no file.
pub(super) fn read(path: &Path, key: &Key, codec: &Codec) -> Result<Option<State>, Diagnostic> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unopened(path, &e)),
    };
    let read = parse(&text, codec).and_then(|state| state.of(key));
    read.map(Some).map_err(|why| {
        let kept = backup(path);
        let there = kept.is_file().then(|| kept.display().to_string());
        with_backup(unreadable(path, why), there.as_deref())
    })
}

/// Reads a snapshot's text, of this version or an earlier one.
pub(super) fn parse(text: &str, codec: &Codec) -> Result<State, Unreadable> {
    /// The rest is passed over.
    #[derive(Deserialize)]
    struct Version {
        version: Option<u64>,
    }
    let text = &*codec.open_snapshot(text)?;
    let head: Option<Version> = serde_json::from_str(text).ok();
    if head.and_then(|head| head.version) == Some(u64::from(VERSION)) {
        return serde_json::from_str(text).map_err(|e| e.to_string().into());
    }
    let mut json: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let version = json.get("version").and_then(Json::as_u64).ok_or("it says no version")?;
    let version = check_version(version)?;
    for upgrade in UPGRADES.iter().skip(version - 1) {
        json = upgrade(json);
    }
    json["version"] = VERSION.into();
    serde_json::from_value(json).map_err(|e| e.to_string().into())
}

/// Refuses what a later program wrote.
pub(super) fn check_version(version: u64) -> Result<usize, String> {
    match usize::try_from(version) {
        Ok(known) if (1..=VERSION as usize).contains(&known) => Ok(known),
        _ => Err(format!(
            "it is of version {version}, and evstack {} reads up to version {VERSION}",
            env!("CARGO_PKG_VERSION")
        )),
    }
}

/// A snapshot as it is written.
pub(super) fn text(state: &State, codec: &Codec) -> Result<Vec<u8>, Diagnostic> {
    // A state is made of strings, numbers and JSON: writing it into memory can't fail.
    let mut text = serde_json::to_vec_pretty(state).unwrap_or_default();
    text.push(b'\n');
    codec.seal_snapshot(text)
}

/// Replaces the file whole. Killed at any moment, either the file as it was or the new one is there.
pub(super) fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    let mut file = super::private().write(true).create(true).truncate(true).open(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// Makes a new name durable.
pub(super) fn sync_folder(of: &Path) -> io::Result<()> {
    match of.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
