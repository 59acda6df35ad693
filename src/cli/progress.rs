//! What is seen of an apply while it runs: lines in a pipe, lines and a bar on a terminal, JSON
//! lines for machines.

use super::terminal;
use crate::apply::{Doing, Event, Sink, Subject};
use crate::model::{Address, Json};
use crate::provider::FaultKind;
use crate::render::json;
use crate::render::progress::{self, Step};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Resources that are named one by one as skipped.
const NAMED: usize = 10;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// JSON lines, everything.
    Lines,
    /// Nothing.
    Nothing,
    /// A line for each beginning and end, and for few of those that are tried again.
    Steps,
    /// And for all that are tried again.
    StepsAndRetries,
}

/// Shows the events of a run of so many steps.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    telling: Telling,
    /// Steps that weren't begun, because something they need failed.
    in_need: AtomicUsize,
    /// Steps that weren't begun, because the run was interrupted.
    interrupted: AtomicUsize,
    retries: Mutex<Retries>,
}

/// Which retries are told: the first few of each reason, a resource's once for each, then no more
/// than a summary now and then.
#[derive(Debug, Default)]
struct Retries {
    told: HashSet<(Address, &'static str)>,
    /// Of the whole run, and how many of them were named.
    all: BTreeMap<&'static str, (usize, usize)>,
    /// Not told since the last summary.
    silent: BTreeMap<&'static str, usize>,
    summed_up: Option<Instant>,
}

/// Between two summaries of retries.
const SUMMARY: Duration = Duration::from_secs(5);

impl Retries {
    /// What is said of a retry, if anything.
    fn told(
        &mut self,
        address: &Address,
        reason: &'static str,
        line: String,
        now: Instant,
    ) -> Option<String> {
        let (_, named) = self.all.entry(reason).or_default();
        if *named < NAMED && self.told.insert((address.clone(), reason)) {
            *named += 1;
            return Some(line);
        }
        *self.silent.entry(reason).or_default() += 1;
        let since = *self.summed_up.get_or_insert(now);
        if now.duration_since(since) < SUMMARY {
            return None;
        }
        self.summed_up = Some(now);
        let silent = std::mem::take(&mut self.silent);
        if silent.values().sum::<usize>() == 1 {
            return Some(line);
        }
        Some(format!("{}; the last: {line}", sum("more retries", &silent)))
    }

    fn count(&mut self, reason: &'static str) {
        self.all.entry(reason).or_default().0 += 1;
    }

    /// `31 retries (20 throttled, 11 not usable yet)`; none if there were none.
    fn sum(&self) -> Option<String> {
        let all: BTreeMap<&str, usize> =
            self.all.iter().map(|(reason, (count, _))| (*reason, *count)).collect();
        (!all.is_empty()).then(|| sum("retries", &all))
    }
}

fn sum(what: &str, reasons: &BTreeMap<&str, usize>) -> String {
    let count = reasons.values().sum::<usize>();
    let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let what = if count == 1 { what.replace("retries", "retry") } else { what.to_owned() };
    format!("{count} {what} ({})", reasons.join(", "))
}

/// Why something is tried again.
fn reason(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Throttled => "throttled",
        FaultKind::NotYetUsable => "not usable yet",
        FaultKind::Conflict => "busy with something else",
        FaultKind::Invalid => "refused, and looked at again",
        FaultKind::Unreachable => "without an answer",
        _ => "failed inside the service",
    }
}

impl Progress {
    /// A bar if somebody watches.
    pub(super) fn new(steps: usize, telling: Telling) -> Self {
        let in_text = matches!(telling, Telling::Steps | Telling::StepsAndRetries);
        let watched = in_text && console::user_attended_stderr() && steps > 1;
        let bar = watched.then(|| {
            let bar = ProgressBar::with_draw_target(u64::try_from(steps).ok(), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("  {bar:40} {pos}/{len} [{elapsed}] {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self {
            bar,
            telling,
            in_need: AtomicUsize::new(0),
            interrupted: AtomicUsize::new(0),
            retries: Mutex::default(),
        }
    }

    /// Takes the events of a run.
    pub(super) fn sink(self: &Arc<Self>) -> Sink {
        let progress = Arc::clone(self);
        Arc::new(move |event| {
            if let Event::Retrying { why, .. } = &event {
                progress.retries.lock().unwrap_or_else(PoisonError::into_inner).count(reason(why.kind));
            }
            if progress.telling != Telling::Nothing {
                progress.show(&event);
            }
        })
    }

    /// The bar goes, and what wasn't named is counted, with why it wasn't begun.
    pub(super) fn finish(&self, why: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if let Some(retries) = self.retries.lock().unwrap_or_else(PoisonError::into_inner).sum() {
            let line = format!("There were {retries}.").replace("were 1 retry", "was 1 retry");
            match self.telling {
                Telling::Lines => {
                    let line = json::line("log", &line, serde_json::json!({}));
                    let _ = terminal::tell(&format!("{line}\n"));
                }
                Telling::Nothing => {}
                Telling::Steps | Telling::StepsAndRetries => {
                    let _ = terminal::tell(&format!("{line}\n"));
                }
            }
        }
        if matches!(self.telling, Telling::Lines | Telling::Nothing) {
            return;
        }
        let more = self.in_need.load(Relaxed).saturating_sub(NAMED);
        if more > 0 {
            let _ = terminal::tell(&format!("… and {more} more: Skipped: what they need failed\n"));
        }
        let interrupted = self.interrupted.load(Relaxed);
        if interrupted > 0 {
            let what = if interrupted == 1 { "operation" } else { "operations" };
            let _ = terminal::tell(&format!("{interrupted} {what}: Skipped: {why}\n"));
        }
    }

    /// Whether an event has a line of its own; counts those that may not.
    fn is_told(&self, event: &Event) -> bool {
        match event {
            Event::Skipped { because: None, .. } => {
                self.interrupted.fetch_add(1, Relaxed);
                false
            }
            Event::Skipped { because: Some(_), .. } => self.in_need.fetch_add(1, Relaxed) < NAMED,
            // Told once for all at the end.
            Event::Unfinished { .. } => false,
            _ => true,
        }
    }

    fn show(&self, event: &Event) {
        let (mut line, json) = words(event);
        if let (Telling::Steps, Event::Retrying { subject, why, .. }) = (self.telling, event) {
            let mut retries = self.retries.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(told) = retries.told(&subject.address, reason(why.kind), line, Instant::now()) else {
                return;
            };
            line = told;
        }
        let text = match (self.telling, json) {
            (Telling::Lines, Some(json)) => Some(json.to_string()),
            (Telling::Lines, None) => None,
            _ => self.is_told(event).then_some(line),
        };
        match &self.bar {
            Some(bar) => {
                if matches!(event, Event::Completed { .. } | Event::Failed { .. } | Event::Skipped { .. }) {
                    bar.inc(1);
                }
                if let Some(text) = text {
                    bar.suspend(|| {
                        let _ = terminal::tell(&format!("{text}\n"));
                    });
                }
            }
            // Neither a full disk under stdout nor a reader that left stops what is under way.
            None => {
                if let Some(text) = text {
                    let _ = terminal::tell(&format!("{text}\n"));
                }
            }
        }
    }
}

/// The first of them by name.
fn listed(addresses: &[&str]) -> String {
    const NAMED: usize = 6;
    let (first, others) = addresses.split_at(addresses.len().min(NAMED));
    match others.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// An event as a line, and as JSON where Terraform has such a line.
fn words(event: &Event) -> (String, Option<Json>) {
    match event {
        Event::Started { subject, identifier } => {
            let step = step(subject, identifier.as_deref());
            (step.started(), Some(step.started_json()))
        }
        Event::StillRunning { subject, elapsed, identifier, asking } => {
            let step = step(subject, identifier.as_deref());
            (step.still(*elapsed, *asking), Some(step.still_json(*elapsed, *asking)))
        }
        Event::Finishing { running } => {
            let mut addresses: Vec<&str> = running.iter().map(|subject| subject.address.as_str()).collect();
            addresses.sort_unstable();
            let line = format!("Waiting for {}", listed(&addresses));
            let json = json::line("log", &line, serde_json::json!({ "running": addresses }));
            (line, Some(json))
        }
        Event::Draining { subject, elapsed, left } => {
            let step = step(subject, None);
            (step.draining(*left, *elapsed), Some(step.draining_json(*left, *elapsed)))
        }
        Event::Completed { subject, elapsed, identifier } => {
            let step = step(subject, identifier.as_deref());
            (step.complete(*elapsed), Some(step.complete_json(*elapsed)))
        }
        Event::Failed { subject, elapsed } => {
            let step = step(subject, None);
            (step.errored(*elapsed), Some(step.errored_json(*elapsed)))
        }
        Event::Retrying { subject, why, wait } => {
            let line =
                format!("{}: Retrying in {:.1}s: {}", subject.address, wait.as_secs_f32(), why.message);
            let retry = serde_json::json!({
                "addr": subject.address.as_str(),
                "reason": reason(why.kind),
                "wait_seconds": wait.as_secs_f64(),
            });
            let json = json::line("log", &line, serde_json::json!({ "retry": retry }));
            (line, Some(json))
        }
        Event::Unfinished { subject, elapsed } => {
            let step = step(subject, None);
            (step.errored(*elapsed), Some(step.errored_json(*elapsed)))
        }
        Event::Skipped { subject, because } => {
            let why = match because {
                Some(needed) => format!("it needs {needed}"),
                None => "the run ended before it".to_owned(),
            };
            let line = format!("{}: Skipped: {why}", subject.address);
            let json = json::line("log", &line, serde_json::json!({}));
            (line, Some(json))
        }
        Event::Recovering { subject } => {
            let line = format!("{}: Looking into what an earlier run left unfinished...", subject.address);
            let json = json::line("log", &line, serde_json::json!({}));
            (line, Some(json))
        }
    }
}

fn step<'a>(subject: &'a Subject, identifier: Option<&'a str>) -> Step<'a> {
    Step {
        address: subject.address.as_str(),
        type_name: subject.type_name.as_str(),
        doing: match subject.doing {
            Doing::Create => progress::Doing::Create,
            Doing::Update => progress::Doing::Update,
            Doing::Delete => progress::Doing::Delete,
            Doing::Import => progress::Doing::Import,
            Doing::Drain => progress::Doing::Drain,
        },
        identifier,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_retries_few_are_told() {
        let (mut retries, start) = (Retries::default(), Instant::now());
        let mut told = |address: &str, reason: &'static str, after: u64| {
            retries.count(reason);
            let now = start + Duration::from_millis(after);
            retries.told(&Address::new(address), reason, format!("{address}: Retrying"), now)
        };
        for (address, reason) in
            [("queue.a", "throttled"), ("queue.b", "throttled"), ("queue.a", "not usable yet")]
        {
            assert_eq!(told(address, reason, 0), Some(format!("{address}: Retrying")));
        }
        let later: Vec<String> = (0..100).filter_map(|i| told("queue.a", "throttled", i * 100)).collect();
        assert_eq!(later, ["51 more retries (51 throttled); the last: queue.a: Retrying"]);
        let many = (0..100).filter_map(|i| told(&format!("queue.{i}"), "throttled", 10_000)).count();
        assert!(many <= NAMED, "{many}");
        assert_eq!(retries.sum().as_deref(), Some("203 retries (1 not usable yet, 202 throttled)"));
        assert_eq!(Retries::default().sum(), None);
    }
}
