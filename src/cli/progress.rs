//! What is seen of an apply while it runs: lines in a pipe, lines and a bar on a terminal, JSON
//! lines for machines.

use super::terminal;
use crate::apply::{Doing, Event, Sink, Subject};
use crate::model::Json;
use crate::render::json;
use crate::render::progress::{self, Step};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;

/// Shows the events of a run of so many steps.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    json: bool,
}

impl Progress {
    /// A bar if somebody watches; `quiet` shows nothing.
    pub(super) fn new(steps: usize, json: bool) -> Self {
        let watched = !json && console::user_attended_stderr() && steps > 1;
        let bar = watched.then(|| {
            let bar = ProgressBar::with_draw_target(u64::try_from(steps).ok(), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("  {bar:40} {pos}/{len} [{elapsed}] {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, json }
    }

    /// Takes the events of a run.
    pub(super) fn sink(self: &Arc<Self>, quiet: bool) -> Sink {
        let progress = Arc::clone(self);
        Arc::new(move |event| {
            if !quiet || progress.json {
                progress.show(&event);
            }
        })
    }

    /// The bar goes.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn show(&self, event: &Event) {
        let (line, json) = words(event);
        let text = match (self.json, json) {
            (true, Some(json)) => json.to_string(),
            (true, None) => return,
            (false, _) => line,
        };
        match &self.bar {
            Some(bar) => {
                if matches!(event, Event::Completed { .. } | Event::Failed { .. } | Event::Skipped { .. }) {
                    bar.inc(1);
                }
                bar.suspend(|| {
                    let _ = terminal::tell(&format!("{text}\n"));
                });
            }
            // Neither a full disk under stdout nor a reader that left stops what is under way.
            None => {
                let _ = terminal::tell(&format!("{text}\n"));
            }
        }
    }
}

/// An event as a line, and as JSON where Terraform has such a line.
fn words(event: &Event) -> (String, Option<Json>) {
    match event {
        Event::Started { subject, identifier } => {
            let step = step(subject, identifier.as_deref());
            (step.started(), Some(step.started_json()))
        }
        Event::StillRunning { subject, elapsed, identifier } => {
            let step = step(subject, identifier.as_deref());
            (step.still(*elapsed), Some(step.still_json(*elapsed)))
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
            let json = json::line("log", &line, serde_json::json!({}));
            (line, Some(json))
        }
        Event::Skipped { subject, because } => {
            let why = match because {
                Some(needed) => format!("it needs {needed}"),
                None => "the run was interrupted".to_owned(),
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
        },
        identifier,
    }
}
