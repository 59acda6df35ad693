//! The pace that an account and region took, from one run to the next.
//!
//! It is a hint and nothing more: what can't be read is nothing, and what can't be written isn't told.

use crate::provider::Limiter;
use crate::state::private;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// After that many seconds a pace says nothing any more: limits are raised, others come and go.
const STALE: u64 = 14 * 24 * 60 * 60;
/// More accounts and regions than anybody works with from one folder.
const MOST: usize = 64;

/// What the file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Rates {
    /// By `account/region`, or by URL.
    rates: BTreeMap<String, Rate>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Rate {
    /// Requests a second.
    rate: f64,
    /// When it was learned, in seconds since 1970.
    at: u64,
}

impl Rates {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn of(&self, whose: &str, now: u64) -> Option<f64> {
        let known = self.rates.get(whose)?;
        (known.rate.is_finite() && known.rate > 0.0 && now.saturating_sub(known.at) < STALE)
            .then_some(known.rate)
    }

    fn put(&mut self, whose: &str, rate: f64, now: u64) {
        self.rates.retain(|_, known| now.saturating_sub(known.at) < STALE);
        while self.rates.len() >= MOST && !self.rates.contains_key(whose) {
            let oldest = self.rates.iter().min_by_key(|(_, known)| known.at).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { break };
            self.rates.remove(&oldest);
        }
        self.rates.insert(whose.to_owned(), Rate { rate: (rate * 10.0).round() / 10.0, at: now });
    }

    /// Another run's file is replaced whole, never mixed with this one's.
    fn write(&self, path: &Path) -> std::io::Result<()> {
        let new = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = private().create(true).write(true).truncate(true).open(&new)?;
        let written = serde_json::to_writer(&mut file, self).map_err(std::io::Error::from);
        let written = written.and_then(|()| file.flush()).and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }
}

/// A limiter whose pace is written down when the run ends.
pub(super) struct Remembered {
    path: PathBuf,
    whose: String,
    limiter: Arc<Limiter>,
}

impl Remembered {
    /// In the folder that holds what stays between runs: the remembered pace, or the usual one.
    pub(super) fn new(folder: &Path, whose: String, listener: crate::provider::limiter::Listener) -> Self {
        let path = folder.join("rates.json");
        let limiter = match Rates::read(&path).of(&whose, now()) {
            Some(rate) => Limiter::starting_at(rate),
            None => Limiter::default(),
        };
        Self { path, whose, limiter: Arc::new(limiter.telling(listener)) }
    }

    pub(super) fn limiter(&self) -> Arc<Limiter> {
        Arc::clone(&self.limiter)
    }
}

impl Drop for Remembered {
    fn drop(&mut self) {
        // No folder is made for it.
        if let (Some(rate), true) = (self.limiter.learned(), self.path.parent().is_some_and(Path::is_dir)) {
            let mut rates = Rates::read(&self.path);
            rates.put(&self.whose, rate, now());
            let _ = rates.write(&self.path);
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Fault, FaultKind};
    use std::time::Duration;

    fn used(folder: &Path, whose: &str) -> Option<f64> {
        Remembered::new(folder, whose.to_owned(), Box::new(|_| {})).limiter().rate()
    }

    fn refused() -> Result<(), Fault> {
        Err(Fault {
            kind: FaultKind::Throttled,
            operation: "GetResource",
            type_name: None,
            identifier: None,
            code: "ThrottlingException".to_owned(),
            message: String::new(),
            request_id: None,
        })
    }

    #[test]
    fn the_next_run_starts_where_this_one_was_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let usual = Limiter::default().rate();
        let here = "123456789012/eu-west-1";
        {
            let quiet = Remembered::new(folder.path(), here.to_owned(), Box::new(|_| {}));
            drop(quiet);
        }
        assert!(!folder.path().join("rates.json").exists(), "nothing was learned");
        {
            let run = Remembered::new(folder.path(), here.to_owned(), Box::new(|_| {}));
            for millis in 0..20 {
                let answer = if millis < 8 { Ok(()) } else { refused() };
                run.limiter().learn(&answer, Duration::from_millis(1_000 + millis * 100));
            }
        }
        let slower = used(folder.path(), here).expect("a pace");
        assert!(slower < usual.expect("a pace"), "{slower}");
        assert_eq!(used(folder.path(), "123456789012/us-east-1"), usual);
        for damaged in ["", "{", "[]", r#"{"rates": {"123456789012/eu-west-1": {"rate": -1, "at": 0}}}"#] {
            fs::write(folder.path().join("rates.json"), damaged).expect("written");
            assert_eq!(used(folder.path(), here), usual, "{damaged}");
        }
    }

    #[test]
    fn old_paces_are_forgotten_and_few_are_kept() {
        let mut rates = Rates::default();
        for number in 0..100 {
            rates.put(&format!("{number}"), 20.0, 1_000 + number);
        }
        assert_eq!(rates.rates.len(), MOST);
        assert_eq!(
            (rates.of("99", 1_099), rates.of("99", 1_099 + STALE), rates.of("0", 1_099)),
            (Some(20.0), None, None)
        );
        rates.put("new", 5.04, 2_000 + STALE);
        assert_eq!(rates.rates.len(), 1);
        assert_eq!(rates.of("new", 2_000 + STALE), Some(5.0));
    }
}
