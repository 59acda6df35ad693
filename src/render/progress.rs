//! What apply says while it works, in Terraform's words.

use super::paint::{Mark, Paint};
use super::tree::{Tree, scalar_text};
pub use crate::apply::{Depth, Doing};
use crate::model::{Json, Value};
use crate::plan::Counts;
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;

/// As a step is told while it is done.
fn now(doing: Doing) -> &'static str {
    match doing {
        Doing::Create => "Creating",
        Doing::Update => "Modifying",
        Doing::Delete => "Destroying",
        Doing::Import => "Importing",
        Doing::Drain => "Draining",
    }
}

/// As it is told when it is over.
fn noun(doing: Doing) -> &'static str {
    match doing {
        Doing::Create => "Creation",
        Doing::Update => "Modifications",
        Doing::Delete => "Destruction",
        Doing::Import => "Import",
        Doing::Drain => "Draining",
    }
}

/// As it stands in progress lines for machines.
fn word(doing: Doing) -> &'static str {
    match doing {
        Doing::Create => "create",
        Doing::Update => "update",
        Doing::Delete => "delete",
        Doing::Import => "import",
        Doing::Drain => "drain",
    }
}

/// One resource's step, as it is told.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Its address.
    pub address: &'a str,
    /// Its type.
    pub type_name: &'a str,
    /// What is done to it.
    pub doing: Doing,
    /// Its identifier, once there is one.
    pub identifier: Option<&'a str>,
}

impl Step<'_> {
    fn id(&self) -> String {
        self.identifier.map(|id| format!(" [id={id}]")).unwrap_or_default()
    }

    /// `queue.claims: Creating...`
    #[must_use]
    pub fn started(&self) -> String {
        format!("{}: {}...{}", self.address, now(self.doing), self.id())
    }

    /// `queue.claims: Still creating... [10s elapsed]`; `asking`: its status is being asked for all the
    /// while.
    #[must_use]
    pub fn still(&self, elapsed: Duration, asking: bool) -> String {
        let id = self.identifier.map(|id| format!("id={id}, ")).unwrap_or_default();
        let now = now(self.doing).to_lowercase();
        let asking = if asking { ", asking for its status" } else { "" };
        format!("{}: Still {now}... [{id}{} elapsed]{asking}", self.address, seconds(elapsed))
    }

    /// `queue.claims: Creation complete after 1s [id=…]`
    #[must_use]
    pub fn complete(&self, elapsed: Duration) -> String {
        let goes = matches!(self.doing, Doing::Delete | Doing::Drain);
        let id = if goes { String::new() } else { self.id() };
        format!("{}: {} complete after {}{id}", self.address, noun(self.doing), seconds(elapsed))
    }

    /// `queue.claims: Creation errored after 1s`
    #[must_use]
    pub fn errored(&self, elapsed: Duration) -> String {
        format!("{}: {} errored after {}", self.address, noun(self.doing), seconds(elapsed))
    }

    fn hook(&self, more: Json) -> Json {
        let mut hook = json!({
            "resource": super::json::resource(self.address, self.type_name),
            "action": word(self.doing),
        });
        if let Some(identifier) = self.identifier {
            hook["id_key"] = json!("id");
            hook["id_value"] = json!(identifier);
        }
        if let (Some(hook), Json::Object(more)) = (hook.as_object_mut(), more) {
            hook.extend(more);
        }
        json!({ "hook": hook })
    }

    /// The `apply_start` line.
    #[must_use]
    pub fn started_json(&self) -> Json {
        super::json::line("apply_start", &self.started(), self.hook(json!({})))
    }

    /// The `apply_progress` line.
    #[must_use]
    pub fn still_json(&self, elapsed: Duration, asking: bool) -> Json {
        let more = json!({ "elapsed_seconds": elapsed.as_secs() });
        super::json::line("apply_progress", &self.still(elapsed, asking), self.hook(more))
    }

    /// `queue.orders: Waiting until it is empty: 12 messages (10 visible, 2 in flight, 0 delayed) [10s elapsed]`
    #[must_use]
    pub fn draining(&self, left: Depth, elapsed: Duration) -> String {
        let elapsed = seconds(elapsed);
        if left.total() == 0 {
            return format!(
                "{}: It looks empty; SQS is sure after a minute [{elapsed} elapsed]",
                self.address
            );
        }
        format!("{}: Waiting until it is empty: {left} [{elapsed} elapsed]", self.address)
    }

    /// The same as an `apply_progress` line, with the counts.
    #[must_use]
    pub fn draining_json(&self, left: Depth, elapsed: Duration) -> Json {
        let counts = json!({ "visible": left.visible, "in_flight": left.in_flight, "delayed": left.delayed });
        let more = json!({ "elapsed_seconds": elapsed.as_secs(), "messages": counts });
        super::json::line("apply_progress", &self.draining(left, elapsed), self.hook(more))
    }

    /// The `apply_complete` line.
    #[must_use]
    pub fn complete_json(&self, elapsed: Duration) -> Json {
        let more = json!({ "elapsed_seconds": elapsed.as_secs() });
        super::json::line("apply_complete", &self.complete(elapsed), self.hook(more))
    }

    /// The `apply_errored` line.
    #[must_use]
    pub fn errored_json(&self, elapsed: Duration) -> Json {
        let more = json!({ "elapsed_seconds": elapsed.as_secs() });
        super::json::line("apply_errored", &self.errored(elapsed), self.hook(more))
    }
}

/// `1m10s`, `4s`: whole seconds, as Terraform writes them.
#[must_use]
pub fn seconds(elapsed: Duration) -> String {
    let all = elapsed.as_secs();
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

/// How far a run came that isn't complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HowFar {
    /// What was done.
    pub counts: Counts,
    /// Refused, or failed.
    pub failed: usize,
    /// Called back.
    pub cancelled: usize,
    /// Not waited for: the next run looks into them.
    pub still_running: usize,
    /// Nobody answered, or nothing could be written: the next run looks into them.
    pub unfinished: usize,
    /// Not begun.
    pub not_started: usize,
    /// Whether somebody stopped it.
    pub interrupted: bool,
}

/// `The apply is incomplete: 2 added, 1 changed, 0 destroyed, 1 failed, 1 not started.`
#[must_use]
pub fn incomplete(how_far: &HowFar, what: &str) -> String {
    let why = if how_far.interrupted { "interrupted" } else { "incomplete" };
    let Counts { add, change, destroy, import, .. } = how_far.counts;
    let some = |n: usize, word: &str| if n == 0 { String::new() } else { format!(", {n} {word}") };
    let imported = if import == 0 { String::new() } else { format!("{import} imported, ") };
    let stopped = some(how_far.cancelled, "cancelled")
        + &some(how_far.still_running, "still running")
        + &some(how_far.unfinished, "unfinished");
    format!(
        "The {what} is {why}: {imported}{add} added, {change} changed, {destroy} destroyed, {} failed{stopped}, \
         {} not started.",
        how_far.failed, how_far.not_started
    )
}

/// `Apply complete! Resources: 41 added, 0 changed, 0 destroyed.`
#[must_use]
pub fn apply_complete(done: Counts) -> String {
    let import = if done.import > 0 { format!("{} imported, ", done.import) } else { String::new() };
    format!(
        "Apply complete! Resources: {import}{} added, {} changed, {} destroyed.\n",
        done.add, done.change, done.destroy
    )
}

/// `Revert complete! Resources: 0 added, 1 changed, 0 destroyed.`
#[must_use]
pub fn revert_complete(done: Counts) -> String {
    format!(
        "Revert complete! Resources: {} added, {} changed, {} destroyed.\n",
        done.add, done.change, done.destroy
    )
}

/// `Rollback complete! Resources: 0 added, 1 changed, 3 destroyed.`
#[must_use]
pub fn rollback_complete(done: Counts) -> String {
    format!(
        "Rollback complete! Resources: {} added, {} changed, {} destroyed.\n",
        done.add, done.change, done.destroy
    )
}

/// `Destroy complete! Resources: 41 destroyed.`
#[must_use]
pub fn destroy_complete(done: Counts) -> String {
    format!("Destroy complete! Resources: {} destroyed.\n", done.destroy)
}

/// The section of outputs after an apply, as Terraform writes it; empty if there are none.
#[must_use]
pub fn outputs<'v>(outputs: impl IntoIterator<Item = (&'v str, &'v Value)>, paint: Paint) -> String {
    let mut out = String::new();
    for (name, value) in outputs {
        if out.is_empty() {
            let _ = write!(out, "{}\n\n", paint.bold(&paint.green("Outputs:")));
        }
        let _ = writeln!(out, "{name} = {}", output(value));
    }
    out
}

/// One output's value.
#[must_use]
pub fn output(value: &Value) -> String {
    let mut out = String::new();
    plain(value, 0, &mut out);
    out
}

fn plain(value: &Value, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent);
    match value {
        Value::Sensitive(_) => out.push_str("<sensitive>"),
        Value::Object(members) if !members.is_empty() => {
            out.push_str("{\n");
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            for (key, member) in members {
                let _ = write!(out, "{pad}  {} = ", Json::String(key.clone()));
                plain(member, indent + 1, out);
                out.push('\n');
            }
            let _ = write!(out, "{pad}}}");
        }
        Value::Array(items) if !items.is_empty() => {
            out.push_str("[\n");
            for item in items {
                let _ = write!(out, "{pad}  ");
                plain(item, indent + 1, out);
                out.push_str(",\n");
            }
            let _ = write!(out, "{pad}]");
        }
        Value::String(text) if text.contains('\n') => {
            out.push_str("<<-EOT\n");
            for line in text.lines() {
                let _ = writeln!(out, "{pad}{line}");
            }
            let _ = write!(out, "{pad}EOT");
        }
        other => out.push_str(&scalar_text(other)),
    }
}

/// One value in the plan's own format, for whoever shows a property alone.
#[must_use]
pub fn value(value: &Value, paint: Paint) -> String {
    let mut tree = Tree::new(paint, &[]);
    tree.whole(value, 0, Mark::None, "");
    tree.out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_as_terraform_says_them() {
        let step = Step {
            address: "queue.claims",
            type_name: "AWS::SQS::Queue",
            doing: Doing::Create,
            identifier: None,
        };
        assert_eq!(step.started(), "queue.claims: Creating...");
        assert_eq!(
            step.still(Duration::from_secs(10), false),
            "queue.claims: Still creating... [10s elapsed]"
        );
        let made = Step { identifier: Some("http://q"), ..step };
        assert_eq!(
            made.complete(Duration::from_secs(70)),
            "queue.claims: Creation complete after 1m10s [id=http://q]"
        );
        let draining = Step { doing: Doing::Drain, ..made };
        let left = Depth { visible: 10, in_flight: 2, ..Depth::default() };
        assert_eq!(
            draining.draining(left, Duration::from_secs(10)),
            "queue.claims: Waiting until it is empty: 12 messages (10 visible, 2 in flight, 0 delayed) [10s elapsed]"
        );
        let json = draining.draining_json(left, Duration::from_secs(10));
        assert_eq!(json["hook"]["messages"], json!({"visible": 10, "in_flight": 2, "delayed": 0}));
        assert_eq!(draining.complete(Duration::from_secs(70)), "queue.claims: Draining complete after 1m10s");
        let going = Step { doing: Doing::Delete, ..made };
        assert_eq!(going.started(), "queue.claims: Destroying... [id=http://q]");
        assert_eq!(
            going.still(Duration::from_secs(10), false),
            "queue.claims: Still destroying... [id=http://q, 10s elapsed]"
        );
        assert_eq!(
            going.still(Duration::from_secs(70), true),
            "queue.claims: Still destroying... [id=http://q, 1m10s elapsed], asking for its status"
        );
        assert_eq!(going.complete(Duration::ZERO), "queue.claims: Destruction complete after 0s");
    }
}
