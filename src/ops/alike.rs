//! Failures of many resources that say the same, told once: an endpoint that is gone fails them all.

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity};

/// So many of a kind are told one by one.
const FEW: usize = 3;

/// What the words of two failures have in common if only the resources differ.
#[derive(PartialEq)]
struct Likeness {
    code: Code,
    severity: Severity,
    words: String,
    hints: Vec<String>,
}

/// Groups what is alike, at the place of the first; few of a kind stay as they are, so that each is
/// shown at its own place.
pub fn alike(diagnostics: &Diagnostics) -> Diagnostics {
    let mut groups: Vec<(Likeness, Vec<&Diagnostic>)> = Vec::new();
    for diagnostic in diagnostics {
        let likeness = likeness(diagnostic);
        match groups.iter_mut().find(|(other, _)| *other == likeness) {
            Some((_, group)) => group.push(diagnostic),
            None => groups.push((likeness, vec![diagnostic])),
        }
    }
    let mut told = Diagnostics::new();
    for (_, group) in groups {
        if group.len() > FEW {
            told.push(together(&group));
        } else {
            group.into_iter().for_each(|diagnostic| told.push(diagnostic.clone()));
        }
    }
    told
}

/// ``401 resources (`queue.a`, `queue.b`, `queue.c` and 398 more) fail alike: …``
fn together(group: &[&Diagnostic]) -> Diagnostic {
    let named: Vec<String> =
        group.iter().filter_map(|d| subject(&d.message)).take(FEW).map(|name| format!("`{name}`")).collect();
    let mut all = group[0].clone();
    let more = group.len() - named.len();
    all.message = format!(
        "{} resources ({} and {more} more) fail alike: {}",
        group.len(),
        named.join(", "),
        group[0].message
    );
    all
}

/// The name that a message begins with, in backticks.
fn subject(message: &str) -> Option<&str> {
    message.strip_prefix('`')?.split_once('`').map(|(name, _)| name)
}

/// The words without what is each resource's own: ``\`address\` (type) what happened: Operation type
/// identifier: the service's words, request id …``.
fn likeness(diagnostic: &Diagnostic) -> Likeness {
    let message = &diagnostic.message;
    let words = match subject(message) {
        None => message.clone(),
        Some(name) => {
            let rest = message[name.len() + 2..].trim_start();
            let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
                Some((_, rest)) => rest,
                None => rest,
            };
            match rest.splitn(3, ": ").collect::<Vec<_>>()[..] {
                [what, _, said] => {
                    let said = said.split_once(", request id ").map_or(said, |(said, _)| said);
                    format!("{what}: {said}")
                }
                _ => rest.to_owned(),
            }
        }
    };
    Likeness { code: diagnostic.code, severity: diagnostic.severity, words, hints: diagnostic.hints.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(name: &str, type_name: &str, words: &str) -> Diagnostic {
        let message = format!(
            "`{name}` ({type_name}) couldn't be created: CreateResource {type_name}: {words} (NoAnswer), request id {name}"
        );
        Diagnostic::error(Code::UNREACHABLE, message).hint("run it again")
    }

    #[test]
    fn many_that_say_the_same_are_told_once() {
        let mut all = Diagnostics::new();
        all.push(gone("table.t", "AWS::DynamoDB::Table", "the table is too wide"));
        for number in 0..401 {
            let type_name = if number % 2 == 0 { "AWS::SQS::Queue" } else { "AWS::SNS::Topic" };
            all.push(gone(&format!("queue.q{number}"), type_name, "connection refused"));
        }
        let told: Vec<String> = alike(&all).into_iter().map(|d| d.message).collect();
        assert_eq!(told.len(), 2, "{told:#?}");
        assert!(told[0].starts_with("`table.t`"), "{told:#?}");
        let together =
            "401 resources (`queue.q0`, `queue.q1`, `queue.q2` and 398 more) fail alike: `queue.q0`";
        assert!(told[1].starts_with(together), "{told:#?}");
    }

    #[test]
    fn few_and_different_ones_stay_as_they_are() {
        let mut all = Diagnostics::new();
        for (name, words) in [("a", "no"), ("b", "no"), ("c", "no"), ("d", "too wide"), ("e", "too long")] {
            all.push(gone(name, "AWS::SQS::Queue", words));
        }
        all.push(Diagnostic::error(Code::DISK, "the disk is full"));
        assert_eq!(alike(&all), all);
    }
}
