//! What a killed run left on the disk, read from outside: where it was when it died.

use super::gate::Gate;
use super::s3;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where a run was when it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    NothingWritten,
    Recovering,
    BeforeRequest,
    Unanswered,
    /// Before the request or without its answer: nobody outside can tell.
    Begun,
    UnderWay,
    BetweenOperations,
    Ended,
    Compacted,
    TornWrite,
}

impl Phase {
    pub fn words(self) -> &'static str {
        match self {
            Self::NothingWritten => "before its first entry",
            Self::Recovering => "in recovery",
            Self::BeforeRequest => "between an intent and its request",
            Self::Unanswered => "with a request unanswered",
            Self::Begun => "with an intent, its request sent or not",
            Self::UnderWay => "with a request under way",
            Self::BetweenOperations => "between operations",
            Self::Ended => "at the end, before the journal was folded",
            Self::Compacted => "after the journal was folded",
            Self::TornWrite => "in the middle of a write",
        }
    }
}

/// The files of one state, wherever they lie.
pub enum Files {
    Folder {
        snapshot: PathBuf,
        journal: PathBuf,
    },
    Bucket {
        s3: s3::S3,
        /// `prefix/shop.local`
        stem: String,
    },
}

/// An operation that was begun and hasn't ended.
#[derive(Debug, Clone, Default)]
struct Begun {
    client_token: String,
    requested: bool,
}

/// The files at one moment.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    unfinished: BTreeMap<u64, Begun>,
    lines: usize,
    last_entry: String,
    serial: u64,
    torn: bool,
    snapshot_begun: bool,
}

impl Files {
    pub fn folder(folder: &Path, stem: &str) -> Self {
        Self::Folder {
            snapshot: folder.join(format!("{stem}.json")),
            journal: folder.join(format!("{stem}.journal")),
        }
    }

    /// The snapshot while it is written; in a bucket it is there at once.
    pub fn beside(&self) -> Option<PathBuf> {
        match self {
            Self::Folder { snapshot, .. } => Some(snapshot.with_extension("json.new")),
            Self::Bucket { .. } => None,
        }
    }

    pub fn journal_length(&self) -> u64 {
        match self {
            Self::Folder { journal, .. } => std::fs::metadata(journal).map_or(0, |file| file.len()),
            Self::Bucket { s3, stem } => s3.journal(stem).len() as u64,
        }
    }

    pub fn journal(&self) -> String {
        match self {
            Self::Folder { journal, .. } => std::fs::read_to_string(journal).unwrap_or_default(),
            Self::Bucket { s3, stem } => String::from_utf8(s3.journal(stem)).unwrap_or_default(),
        }
    }

    fn snapshot(&self) -> String {
        match self {
            Self::Folder { snapshot, .. } => std::fs::read_to_string(snapshot).unwrap_or_default(),
            Self::Bucket { s3, stem } => {
                let object = s3.objects().remove(&format!("{stem}.json"));
                String::from_utf8(object.unwrap_or_default()).unwrap_or_default()
            }
        }
    }

    pub fn trace(&self) -> Trace {
        let mut trace =
            Trace { snapshot_begun: self.beside().is_some_and(|beside| beside.exists()), ..Trace::default() };
        let snapshot: Json = serde_json::from_str(&self.snapshot()).unwrap_or_default();
        trace.serial = snapshot["serial"].as_u64().unwrap_or(0);
        let folded = snapshot["journal"].as_u64().unwrap_or(0);
        for (id, operation) in snapshot["operations"].as_object().into_iter().flatten() {
            trace.begin(id.parse().unwrap_or(0), operation);
        }
        let journal = self.journal();
        trace.torn = !journal.is_empty() && !journal.ends_with('\n');
        for line in journal.lines() {
            let mut words = line.splitn(3, ' ');
            let sequence: u64 = words.nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
            let Ok(entry) = serde_json::from_str::<Json>(words.next().unwrap_or_default()) else { break };
            trace.lines += 1;
            if sequence > folded {
                trace.take(&entry);
            }
        }
        trace
    }
}

impl Trace {
    fn begin(&mut self, id: u64, operation: &Json) {
        let client_token = operation["client_token"].as_str().unwrap_or_default().to_owned();
        let requested = operation["request_token"].is_string();
        self.unfinished.insert(id, Begun { client_token, requested });
    }

    fn take(&mut self, entry: &Json) {
        let id = entry["id"].as_u64().unwrap_or(0);
        self.last_entry = entry["entry"].as_str().unwrap_or_default().to_owned();
        match self.last_entry.as_str() {
            "run" => self.serial = entry["serial"].as_u64().unwrap_or(0),
            "begin" => {
                let operation = &entry["operation"];
                self.begin(operation["id"].as_u64().unwrap_or(0), operation);
            }
            "retry" => self.begin(id, entry),
            "requested" => {
                if let Some(begun) = self.unfinished.get_mut(&id) {
                    begun.requested = true;
                }
            }
            "ended" => {
                self.unfinished.remove(&id);
            }
            _ => {}
        }
    }

    /// Whether the next run has to look into something first.
    pub fn is_unfinished(&self) -> bool {
        !self.unfinished.is_empty()
    }

    /// Where a run was that found `before` and left this.
    pub fn phases(&self, before: &Self, gate: Option<&Gate>) -> BTreeSet<Phase> {
        let mut phases = BTreeSet::new();
        if self.torn {
            phases.insert(Phase::TornWrite);
        }
        let wrote = self.serial > before.serial;
        let earlier: Vec<&u64> = before.unfinished.keys().collect();
        let mut own = self.unfinished.iter().filter(|(id, _)| !earlier.contains(id)).peekable();
        if earlier.iter().any(|id| self.unfinished.contains_key(id)) {
            phases.insert(Phase::Recovering);
        } else if !wrote {
            phases.insert(Phase::NothingWritten);
        } else if self.lines == 0 {
            phases.insert(Phase::Compacted);
        } else if self.last_entry == "outputs" || (self.snapshot_begun && !before.snapshot_begun) {
            phases.insert(Phase::Ended);
        } else if own.peek().is_none() {
            phases.insert(Phase::BetweenOperations);
        }
        for (_, begun) in own {
            phases.insert(match gate {
                _ if begun.requested => Phase::UnderWay,
                Some(gate) if gate.heard(&begun.client_token) => Phase::Unanswered,
                Some(_) => Phase::BeforeRequest,
                None => Phase::Begun,
            });
        }
        phases
    }
}
