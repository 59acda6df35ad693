//! A failed step in words, at the line of the stack file that it is about.

use super::Silent;
use super::desired::NotSent;
use super::event::{Doing, Subject};
use super::operation::Halt;
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::model::{Address, Desired, Fixed};
use crate::plan::BrokenPromise;
use crate::plan::adoption::import_command;
use crate::provider::{Fault, FaultKind};

/// One step that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Whose.
    pub address: Address,
    /// What was being done.
    pub doing: Doing,
    /// The cloud's refusal, when it was one.
    pub fault: Option<Fault>,
    /// The same in words, with its place and the way out.
    pub diagnostic: Diagnostic,
}

impl Doing {
    fn verb(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "changed",
            Self::Delete => "deleted",
            Self::Import => "imported",
            Self::Drain => "drained",
        }
    }
}

/// Of a step that the cloud, or the stop button, ended.
pub(super) fn halted(subject: &Subject, halt: Halt, desired: Option<&Desired>) -> Failure {
    let Subject { address, type_name, doing } = subject;
    let verb = doing.verb();
    let what = format!("`{address}` ({type_name})");
    let (fault, diagnostic) = match halt {
        Halt::Fault(fault) => {
            let code = match fault.kind {
                FaultKind::Unreachable | FaultKind::Silent => Code::UNREACHABLE,
                _ => Code::APPLY_FAILED,
            };
            let diagnostic = Diagnostic::error(code, format!("{what} couldn't be {verb}: {fault}"));
            let diagnostic = match place(&fault, desired) {
                Some(span) => diagnostic.at(span),
                None => diagnostic,
            };
            (Some(*fault.clone()), diagnostic.hint(way_out(&fault, address, *doing)))
        }
        Halt::Kept(why, fault, identifier) => {
            let words = format!(
                "{what} couldn't be created as declared: {why}; `{identifier}` is there, and may have been before: \
                 it is recorded as it is, and nothing of it was deleted"
            );
            let hint = "run `evstack apply` again: its plan shows what is left to change";
            (fault.map(|fault| *fault), Diagnostic::error(Code::APPLY_FAILED, words).hint(hint))
        }
        Halt::Anothers(identifier, why) => {
            let words = format!("{what} left `{identifier}`, which isn't deleted: {why}");
            let hint = "run `evstack apply` again: its plan lets go of it, and leaves it in the cloud";
            (None, Diagnostic::error(Code::FOREIGN_OWNER, words).hint(hint))
        }
        Halt::Stopped => {
            let words = format!("{what} wasn't {verb}: the run was interrupted");
            (None, Diagnostic::error(Code::APPLY_FAILED, words).hint("run `evstack apply` again to go on"))
        }
        Halt::Cancelled(leaves) => {
            let words = format!("{what} wasn't {verb}: it was cancelled");
            let hint = match (leaves, doing) {
                (true, _) => {
                    "it left something in the cloud, which the next `evstack apply` takes away first"
                }
                (false, Doing::Update | Doing::Import) => {
                    "some of it may have been done: `evstack plan` shows what is left"
                }
                (false, _) => "run `evstack apply` again to go on",
            };
            (None, Diagnostic::error(Code::APPLY_FAILED, words).hint(hint))
        }
        Halt::Left => {
            let words = format!("{what} wasn't waited for any more: it may still run in the cloud");
            let hint = "the next `evstack apply` looks into it before it plans";
            (None, Diagnostic::error(Code::APPLY_FAILED, words).hint(hint))
        }
        Halt::TimedOut(timeout) => {
            let words = format!("{what} isn't {verb} after {}", super::drain::in_units(timeout.as_secs()));
            let diagnostic = Diagnostic::error(Code::APPLY_FAILED, words);
            (None, diagnostic.hint("it still runs: the next `evstack apply` looks into it before it plans"))
        }
        Halt::Full(full) => (None, full.diagnostic(address)),
        Halt::Disk(diagnostic) => (None, *diagnostic),
    };
    Failure { address: address.clone(), doing: *doing, fault, diagnostic: placed(diagnostic, desired) }
}

/// Of a create whose name another address has: to take it over isn't the way out.
pub(super) fn taken(subject: &Subject, halt: Halt, other: &Address, desired: Option<&Desired>) -> Failure {
    let mut failure = halted(subject, halt, desired);
    failure.diagnostic.hints = vec![format!(
        "`{other}` has it: if `{address}` is to go on as that, run `evstack state mv {other} {address}`; else give \
         one of them another name, and run `evstack apply` again",
        address = subject.address
    )];
    failure
}

/// Of an update that was refused because a property can't be changed in place after all: said, and
/// never replaced without a plan that shows it.
pub(super) fn fixed(subject: &Subject, halt: Halt, found: &[Fixed], desired: Option<&Desired>) -> Failure {
    let mut failure = halted(subject, halt, desired);
    let names: Vec<String> = found.iter().map(|one| format!("`{}`", one.path.join("."))).collect();
    let pronoun = if names.len() == 1 { "it" } else { "one of them" };
    failure.diagnostic.hints = vec![format!(
        "{} of `{}`: {pronoun} can't be updated in place, found at apply, and that is recorded: \
         `evstack plan` shows the replacement; or set the value back",
        names.join(", "),
        subject.address
    )];
    if let (Some(desired), Some(first)) = (desired, found.first()) {
        let pointer: String = first.path.iter().map(|name| format!("/{name}")).collect();
        failure.diagnostic.primary = None;
        failure.diagnostic = failure.diagnostic.at(desired.key_span_of(&pointer));
    }
    failure
}

impl Silent {
    /// Once for all that was under way.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let words = match self.unfinished.len() {
            0 => self.words.clone(),
            1 => format!("{}; 1 operation is unfinished", self.words),
            n => format!("{}; {n} operations are unfinished", self.words),
        };
        Diagnostic::error(Code::UNREACHABLE, words)
            .hint("run it again when the endpoint answers: the next `evstack apply` looks into them before it plans")
    }
}

/// Of a step that wasn't begun, because the plan's promise about it doesn't hold.
pub(super) fn not_sent(subject: &Subject, why: NotSent, desired: Option<&Desired>) -> Failure {
    let address = &subject.address;
    let diagnostic = match why {
        NotSent::Undeclared => {
            Diagnostic::error(Code::STALE_PLAN, format!("`{address}` isn't declared in this stack"))
                .hint("plan again")
        }
        NotSent::Unknown(unknowns) => {
            let names: Vec<String> =
                unknowns.iter().map(|u| format!("`{}.{}`", u.address, u.property)).collect();
            let words = format!("`{address}` needs {}, which the cloud didn't say", names.join(", "));
            Diagnostic::error(Code::PROMISE_BROKEN, words)
                .hint("run `evstack apply` again; what is done is recorded")
        }
        NotSent::Broken(promises) => broken(address, &promises, &[], desired),
    };
    let diagnostic = placed(diagnostic, desired);
    Failure { address: address.clone(), doing: subject.doing, fault: None, diagnostic }
}

/// An update that is done, and of which a read shows something otherwise.
pub(super) fn left(address: &Address, left: &[Vec<String>], desired: Option<&Desired>) -> Diagnostic {
    let mut names: Vec<String> = left.iter().map(|path| format!("`{}`", path.join("."))).collect();
    names.dedup();
    let words = format!("`{address}` was updated, and a read shows otherwise: {}", names.join(", "));
    let diagnostic = Diagnostic::warning(Code::PROMISE_BROKEN, words).hint(
        "the service may need a moment, or somebody else changed it: run `evstack plan` to see what is \
         left to do",
    );
    match (left.first(), desired) {
        (Some(first), Some(desired)) => {
            let place: String = first.iter().map(|name| format!("/{name}")).collect();
            diagnostic.at(desired.span_of(&place))
        }
        _ => diagnostic,
    }
}

/// Of a resource that came out otherwise than planned.
/// `sent` were sent with it before it could be confirmed.
pub(super) fn broken(
    address: &Address,
    promises: &[BrokenPromise],
    sent: &[Address],
    desired: Option<&Desired>,
) -> Diagnostic {
    let mut words = Vec::new();
    for BrokenPromise { path, planned, actual } in promises {
        let show = |value: &crate::model::Value| match value.to_json() {
            _ if value.has_secrets() => "(sensitive value)".to_owned(),
            Some(json) => json.to_string(),
            None => "(known after apply)".to_owned(),
        };
        let actual = actual.as_ref().map_or_else(|| "nothing".to_owned(), show);
        words.push(format!("`{}` is {actual} where the plan said {}", path.join("."), show(planned)));
    }
    let words = format!("`{address}` came out otherwise than planned: {}", words.join("; "));
    let mut diagnostic = Diagnostic::error(Code::PROMISE_BROKEN, words);
    if !sent.is_empty() {
        let names: Vec<String> = sent.iter().map(|address| format!("`{address}`")).collect();
        let (were, they) = if sent.len() == 1 { ("was", "it needs") } else { ("were", "they need") };
        diagnostic = diagnostic.hint(format!(
            "{} {were} sent with the false value already, since {they} each other; the next plan mends that",
            names.join(", ")
        ));
    }
    let diagnostic = diagnostic.hint(
        "it is recorded as it is, and nothing else that is built on the false value was sent: \
         run `evstack plan` to see what is left to do, then `evstack apply`",
    );
    match (promises.first(), desired) {
        (Some(first), Some(desired)) => diagnostic
            .at(desired.span_of(&first.path.iter().map(|name| format!("/{name}")).collect::<String>())),
        _ => diagnostic,
    }
}

fn placed(diagnostic: Diagnostic, desired: Option<&Desired>) -> Diagnostic {
    match desired {
        Some(desired) if diagnostic.primary.is_none() => diagnostic.at(desired.span),
        _ => diagnostic,
    }
}

/// The line that the service's words are about: `#/RedrivePolicy/maxReceiveCount: …` or the name of
/// a top property among them.
fn place(fault: &Fault, desired: Option<&Desired>) -> Option<Span> {
    let desired = desired?;
    let pointers = fault.message.split("#/").skip(1).map(|rest| {
        let end = rest.find([':', ')', ' ', ',', ']']).unwrap_or(rest.len());
        format!("/{}", &rest[..end])
    });
    let create_only = fault.message.split("/properties/").skip(1).map(|rest| {
        let end = rest.find([']', ',', ' ', ')']).unwrap_or(rest.len());
        format!("/{}", &rest[..end])
    });
    let mut named = pointers.chain(create_only);
    if let Some(pointer) = named.next() {
        return Some(desired.span_of(&pointer));
    }
    let mut word = fault.message.split(|c: char| !c.is_ascii_alphanumeric());
    let top = word.find_map(|word| desired.spans.get(&format!("/{word}")));
    Some(top.copied().unwrap_or(desired.span))
}

fn way_out(fault: &Fault, address: &Address, doing: Doing) -> String {
    match fault.kind {
        FaultKind::AlreadyExists => {
            let identifier = fault.identifier.as_deref().unwrap_or("<identifier>");
            format!(
                "it exists and isn't recorded: to take it over, run `{}`, or `evstack plan --adopt` for all that \
                 exists; or give this another name",
                import_command(address, identifier)
            )
        }
        FaultKind::Denied => {
            if doing == Doing::Drain {
                return "to count what is left in it the credentials need `sqs:GetQueueAttributes`; or let it go \
                        as it is, with `--skip-drain`"
                    .to_owned();
            }
            "nothing was changed; the credentials, or the handler's role, need the permission that is named"
                .to_owned()
        }
        FaultKind::NotFound if doing == Doing::Update => {
            "it was deleted outside of evstack: plan again, it will be created".to_owned()
        }
        FaultKind::Unreachable | FaultKind::Silent => {
            "whether it was done isn't known: the next `evstack apply` looks into it before it plans"
                .to_owned()
        }
        FaultKind::Invalid | FaultKind::NotUpdatable => {
            "mend the stack file and run `evstack apply` again; what is done is recorded".to_owned()
        }
        _ => "run `evstack apply` again; what is done is recorded".to_owned(),
    }
}
