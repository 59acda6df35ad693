//! The definition of a state machine: where it comes from, what is put in, and what Step Functions
//! calls wrong in it.

use crate::languages::{Kind, Problem, asl};
use crate::local::services::members;
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// In characters; more is refused.
const LONGEST: usize = 1_048_576;

/// Checks the text of a definition for a machine of the type `STANDARD` or `EXPRESS`, as
/// CreateStateMachine does: InvalidDefinition names every mistake by its code and its place. The
/// codes and places are AWS's; so are the words where AWS's are known.
pub(super) fn check(text: &str, express: bool) -> Result<asl::Definition, Refusal> {
    let invalid = |what: &str| {
        Refusal::new("InvalidDefinition", 400, format!("Invalid State Machine Definition: '{what}'"))
    };
    let document: Json =
        serde_json::from_str(text).map_err(|error| invalid(&format!("INVALID_JSON_DESCRIPTION: {error}")))?;
    let (definition, mut problems) = asl::parse(&document);
    if let (Some(definition), true, true) = (&definition, problems.is_empty(), express) {
        problems.extend(asl::refused_in_express(definition));
    }
    match definition.filter(|_| problems.is_empty()) {
        Some(definition) => Ok(definition),
        None => {
            let all: Vec<String> = problems.iter().map(|problem| words(problem, &document)).collect();
            Err(invalid(&all.join(", ")))
        }
    }
}

/// One mistake: `MISSING_TRANSITION_TARGET: Missing 'Next' target: b at /States/a/Next`.
fn words(problem: &Problem, document: &Json) -> String {
    let place = &problem.pointer;
    let (_, last) = place.rsplit_once('/').unwrap_or(("", place));
    let name = last.replace("~1", "/").replace("~0", "~");
    let said = match problem.kind {
        Kind::MissingTransitionTarget => match document.pointer(place) {
            Some(Json::String(target)) => Some(format!("Missing '{name}' target: {target}")),
            _ => Some(format!("State \"{name}\" is not reachable.")),
        },
        Kind::MissingEndState => Some("Workflow has no terminal state".to_owned()),
        Kind::Schema => schema_words(problem, document.pointer(place)),
        _ => None,
    };
    let said = said.unwrap_or_else(|| problem.message.clone());
    format!("{}: {said} at {place}", problem.kind.code())
}

/// Words of SCHEMA_VALIDATION_FAILED that ValidateStateMachineDefinition was seen to use.
fn schema_words(problem: &Problem, value: Option<&Json>) -> Option<String> {
    let message = problem.message.as_str();
    if let Some(rest) = message.strip_prefix("field `")
        && let Some((field, _)) = rest.split_once("` isn't supported")
    {
        return Some(format!("Field '{field}' is not supported"));
    }
    if message.contains("has both `Next` and `End`") {
        return Some("There should only be one of the following fields: [Next, End]".to_owned());
    }
    if message.contains("needs `Next: …` or `End: true`") {
        return Some("This object should have only one of the following fields: [Next, End]".to_owned());
    }
    let choices = match problem.pointer.rsplit('/').next()? {
        "QueryLanguage" => "[JSONPath, JSONata]",
        "Version" => "[1.0]",
        _ => return None,
    };
    value.filter(|value| value.is_string())?;
    Some(format!("Value should be one of the following: {choices}"))
}

/// Why a model gives no definition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoDefinition {
    /// None of the three, or more than one of them: what the handler says.
    Count(&'static str),
    /// It is in S3, where this cloud can't read: the bucket.
    InS3(String),
    TooLong,
    /// Substitutions that lead to each other without end.
    EndlessSubstitution,
}

const SOURCES: [&str; 3] = ["DefinitionString", "Definition", "DefinitionS3Location"];

/// The definition's text, with its substitutions.
pub(super) fn text(properties: &Properties) -> Result<String, NoDefinition> {
    let given: Vec<&str> = SOURCES.into_iter().filter(|name| members::has(properties, name)).collect();
    let source = match given.as_slice() {
        [one] => *one,
        [] => {
            return Err(NoDefinition::Count(
                "Property validation failed. Required key [DefinitionS3Location], [DefinitionString] or [Definition] not found.",
            ));
        }
        _ => {
            return Err(NoDefinition::Count(
                "Property validation failed. Please use one of [DefinitionS3Location], [DefinitionString] or [Definition].",
            ));
        }
    };
    let text = match properties.get(source) {
        Some(Json::String(text)) => text.clone(),
        Some(location) if source == "DefinitionS3Location" => {
            return Err(NoDefinition::InS3(location["Bucket"].as_str().unwrap_or_default().to_owned()));
        }
        Some(definition) => {
            let mut definition = definition.clone();
            definition.sort_all_objects();
            serde_json::to_string_pretty(&definition).unwrap_or_default()
        }
        None => String::new(),
    };
    let text = substituted(text, properties.get("DefinitionSubstitutions"))?;
    if text.chars().count() > LONGEST { Err(NoDefinition::TooLong) } else { Ok(text) }
}

/// All that the passes over one definition may read, in bytes.
const READ: usize = 64 * LONGEST;

/// `${Name}` for each name, again and again, as long as something is replaced: one pass more than
/// there are names, at most. So does AWS's handler (`DefinitionProcessor`: Apache Commons'
/// `replaceEachRepeatedly`). A name with `}` in it is none, as the syntax that is documented has it.
fn substituted(mut text: String, substitutions: Option<&Json>) -> Result<String, NoDefinition> {
    let Some(Json::Object(substitutions)) = substitutions else { return Ok(text) };
    let mut read = 0_usize;
    for _ in 0..=substitutions.len() {
        read = read.saturating_add(text.len());
        if read > READ {
            break;
        }
        let Some(next) = once(&text, substitutions)? else { return Ok(text) };
        text = next;
    }
    Err(NoDefinition::EndlessSubstitution)
}

/// One pass from left to right; `None` where nothing is left to replace.
fn once(text: &str, substitutions: &Properties) -> Result<Option<String>, NoDefinition> {
    // Looking at a name costs its length: only where there is one so long.
    let lengths: BTreeSet<usize> = substitutions.keys().map(String::len).collect();
    // The first `}` from `rest` on, as seen from the text's end: sought once, not at each `${`.
    let mut closing = text.len().saturating_add(1);
    let mut next = String::with_capacity(text.len());
    let mut rest = text;
    let mut replaced = false;
    while let Some((before, after)) = rest.split_once("${") {
        next.push_str(before);
        if closing > after.len() {
            closing = after.find('}').map_or(0, |end| after.len() - end);
        }
        let (name, behind) = after.split_at(after.len() - closing);
        let value = if lengths.contains(&name.len()) { substitutions.get(name) } else { None };
        match value.zip(behind.strip_prefix('}')) {
            Some((value, after)) => {
                match value {
                    Json::String(value) => next.push_str(value),
                    value => next.push_str(&value.to_string()),
                }
                rest = after;
                replaced = true;
            }
            None => {
                next.push_str("${");
                rest = after;
            }
        }
        // A character has four bytes at most.
        if next.len() > LONGEST.saturating_mul(4) {
            return Err(NoDefinition::TooLong);
        }
    }
    next.push_str(rest);
    Ok(replaced.then_some(next))
}

/// The rules that Step Functions makes itself, as the role, for jobs whose end it waits for: patterns
/// with `${Partition}`, `${Region}` and `${Account}`.
pub(super) fn managed_rules(definition: &asl::Definition) -> Vec<String> {
    let mut arns = Vec::new();
    for need in &asl::permissions(definition).needs {
        if need.actions.iter().any(|action| action == "events:PutRule")
            && let asl::NeedOn::ArnPattern(arn) = &need.resource
            && !arns.contains(arn)
        {
            arns.push(arn.clone());
        }
    }
    arns
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn mistakes_have_their_codes_places_and_words() {
        for (definition, expected) in [
            (
                // Seen in the issue tracker of LocalStack, 11978.
                json!({"StartAt": "pass1", "States": {"pass1": {"Type": "Pass", "Next": "pass3"}, "pass2": {"Type": "Pass", "End": true}}}),
                "'MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at /States/pass1/Next, MISSING_TRANSITION_TARGET: State \"pass2\" is not reachable. at /States/pass2'",
            ),
            (
                json!({"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": "a"}}}),
                "'MISSING_END_STATE: Workflow has no terminal state at /States'",
            ),
            (
                json!({"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": "a", "End": true}}}),
                "SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Next, End] at /States/a",
            ),
            (
                json!({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": true, "Choices": []}}}),
                "SCHEMA_VALIDATION_FAILED: Field 'Choices' is not supported at /States/a/Choices",
            ),
            (
                json!({"Version": "2.0", "StartAt": "a", "States": {"a": {"Type": "Succeed"}}}),
                "'SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version'",
            ),
        ] {
            let refusal = check(&definition.to_string(), false).expect_err("a mistake");
            assert_eq!(refusal.code, "InvalidDefinition");
            assert!(refusal.message.contains(expected), "{}", refusal.message);
        }
        let refusal = check("{", false).expect_err("not JSON");
        assert!(refusal.message.starts_with("Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: "));
    }

    #[test]
    fn substitutions_are_repeated_and_end() {
        let put = |text: &str, with: Json| substituted(text.to_owned(), Some(&with));
        assert_eq!(put("${a} ${b} ${c} $${a}", json!({"a": "${b}", "b": 2})), Ok("2 2 ${c} $2".to_owned()));
        assert_eq!(put("${a}", json!({"a": "${b}", "b": "${a}"})), Err(NoDefinition::EndlessSubstitution));
        assert_eq!(put("${a}", json!({"a": "${a}${a}"})), Err(NoDefinition::EndlessSubstitution));
        assert_eq!(put("${é${a}", json!({"a": "", "é${a": 1})), Ok("1".to_owned()));
    }

    /// Many names for many places, a chain of names, and names far longer than what is there: the time
    /// doesn't grow with their product.
    #[test]
    fn hostile_substitutions_take_no_time() {
        let start = std::time::Instant::now();
        let put = |text: String, with: Json| substituted(text, Some(&with));
        let many: Properties = (0..15_000).map(|n| (format!("n{n}"), json!(""))).collect();
        let text = format!("{}}}", "${".repeat(60_000));
        assert_eq!(put(text.clone(), Json::Object(many)), Ok(text.clone()));
        assert_eq!(put(text.clone(), json!({"x".repeat(100_000): ""})), Ok(text));
        let chain: Properties =
            (0..10_000).map(|n| (format!("{n}"), json!(format!("${{{}}}", n + 1)))).collect();
        let text = format!("${{0}}{}", "x".repeat(100_000));
        assert_eq!(put(text, Json::Object(chain)), Err(NoDefinition::EndlessSubstitution));
        let grown = json!({"a": "${b}".repeat(1_000), "b": "${c}".repeat(1_000), "c": "x".repeat(1_000)});
        assert_eq!(put("${a}".to_owned(), grown), Err(NoDefinition::TooLong));
        // A debug build on a busy machine needs a second or two; what is looked for takes minutes.
        assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn any_text_is_substituted(text in "[${}ab]{0,40}", a in "[${}ab]{0,6}", b in "[${}ab]{0,6}") {
            let _ = substituted(text, Some(&json!({"a": a, "b": b})));
        }
    }
}
