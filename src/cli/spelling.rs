//! Commands to run next, as somebody would type them for this run's stack: with the stack, its
//! environment, cloud and config as they were given.
//!
//! What looks into a mistake knows an address and an identifier, and writes `` `evstack import …` `` into
//! its hint; the flags are put in here, once, where the hint is shown.

use super::command_line::quoted;
use crate::diagnostics::Diagnostics;
use crate::ops::{Failure, Loaded, Request};

/// How a run was asked for.
#[derive(Debug, Clone)]
pub(super) struct Spelling {
    stack: String,
    /// `--env prod --cloud aws`
    place: Vec<String>,
    /// `--config size=2`
    config: Vec<String>,
    /// `--allow-data-loss`, where what comes next needs it too.
    leave: Vec<String>,
}

impl Spelling {
    /// Of a loaded stack; `cloud` is what `--cloud` says, if it says anything else than the environment.
    pub(super) fn new(request: &Request, loaded: &Loaded, cloud: Option<&str>) -> Self {
        let mut place = Vec::new();
        if loaded.stack.env != "local" {
            place.extend(["--env".to_owned(), quoted(loaded.stack.env.clone())]);
        }
        if let Some(cloud) = cloud {
            place.extend(["--cloud".to_owned(), quoted(cloud.to_owned())]);
        }
        let mut config = Vec::new();
        for (name, value) in &request.inputs.config {
            // What a secret is, whoever reads on has to know.
            let value = if loaded.stack.is_secret(name) { "…" } else { value };
            config.extend(["--config".to_owned(), quoted(format!("{name}={value}"))]);
        }
        Self { stack: quoted(request.path.clone()), place, config, leave: Vec::new() }
    }

    /// With these flags too for what carries a plan out.
    pub(super) fn with_leave(mut self, flags: impl IntoIterator<Item = &'static str>) -> Self {
        self.leave = flags.into_iter().map(str::to_owned).collect();
        self
    }

    /// `apply --rollback` → `evstack apply stacks/shop.yaml --env prod --rollback --config size=2`. What
    /// names its stack already, and what belongs to no stack, stays as it is.
    pub(super) fn command(&self, command: &str) -> String {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match verb {
            "plan" | "apply" | "destroy" | "drift" | "check" if rest.is_empty() || rest.starts_with('-') => {
                let leave = self.leave.iter().filter(|_| matches!(verb, "plan" | "apply" | "destroy"));
                let leave = leave.filter(|flag| !rest.split(' ').any(|given| given == **flag));
                let flags = self.place.iter().map(String::as_str);
                let rest = Some(rest).filter(|rest| !rest.is_empty());
                let rest = rest.into_iter().chain(leave.map(String::as_str));
                let words = ["evstack", verb, self.stack.as_str()].into_iter().chain(flags).chain(rest);
                joined(words.chain(self.config.iter().map(String::as_str)))
            }
            "import" | "output" | "state" if !rest.split(' ').any(|word| word == "--stack") => {
                let (sub, rest) = match verb {
                    "state" => rest.split_once(' ').unwrap_or((rest, "")),
                    _ => ("", rest),
                };
                let flags = self.place.iter().chain(&self.config).map(String::as_str);
                let words = ["evstack", verb, sub, "--stack", self.stack.as_str()].into_iter();
                joined(words.chain(flags).chain([rest]))
            }
            _ => joined(["evstack", command]),
        }
    }

    /// A text whose commands stand in backticks.
    pub(super) fn text(&self, text: &str) -> String {
        let mut parts = text.split('`');
        let mut out = parts.next().unwrap_or_default().to_owned();
        // Every second part is between two backticks; the last one of an odd number isn't.
        let mut inside = true;
        for part in parts {
            out.push('`');
            match part.strip_prefix("evstack ").filter(|_| inside) {
                Some(command) => out.push_str(&self.command(command)),
                None => out.push_str(part),
            }
            inside = !inside;
        }
        out
    }

    /// Their hints.
    pub(super) fn hints(&self, mut diagnostics: Diagnostics) -> Diagnostics {
        diagnostics.rewrite_hints(|hint| self.text(hint));
        diagnostics
    }

    /// A failure's hints.
    pub(super) fn failure(&self, failure: Failure) -> Failure {
        let Failure { diagnostics, sources } = failure;
        Failure::new(self.hints(diagnostics), sources)
    }
}

fn joined<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_the_flags_of_its_run_once() {
        let spelling = Spelling {
            stack: "shop.yaml".to_owned(),
            place: vec!["--env".to_owned(), "prod".to_owned()],
            config: vec!["--config".to_owned(), "'size=a b'".to_owned()],
            leave: vec!["--allow-data-loss".to_owned()],
        };
        let own = "--stack shop.yaml --env prod --config 'size=a b'";
        for (command, expected) in [
            ("apply", "apply shop.yaml --env prod --allow-data-loss --config 'size=a b'"),
            ("plan --adopt", "plan shop.yaml --env prod --adopt --allow-data-loss --config 'size=a b'"),
            ("drift --revert", "drift shop.yaml --env prod --revert --config 'size=a b'"),
            ("apply --allow-data-loss", "apply shop.yaml --env prod --allow-data-loss --config 'size=a b'"),
            ("import queue.a 'x y'", &format!("import {own} queue.a 'x y'")),
            ("state rm queue.a", &format!("state rm {own} queue.a")),
            ("state list", &format!("state list {own}")),
            ("plan STACK --out FILE", "plan STACK --out FILE"),
            ("explain E0502", "explain E0502"),
        ] {
            let expected = format!("evstack {expected}");
            assert_eq!(spelling.command(command), expected);
            let text = format!("run `evstack {command}` or `x`");
            let spelled = spelling.text(&text);
            assert_eq!(spelled, format!("run `{expected}` or `x`"));
            assert_eq!(spelling.text(&spelled), spelled);
        }
        assert_eq!(spelling.text("evstack apply `x"), "evstack apply `x");
    }
}
