//! Mistakes as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), which code
//! scanning and editors read.
//!
//! Lines and columns count from 1, columns in characters, the end is exclusive: as everywhere here,
//! and as SARIF wants it. Files are named from the project's root; where that lies on this machine
//! is nobody's business, so that the same mistakes give the same bytes anywhere.

use super::project::{FileName, Project};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Label, Severity, Source, Sources, Span};
use crate::model::Json;
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};

/// The place of the schema that the document follows.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name under which SARIF's consumers know a project's root.
const ROOT: &str = "%SRCROOT%";

/// One document of one run over any number of stacks. What two of them share is said once.
#[must_use]
pub fn log(found: &[(Diagnostics, Sources)], project: &Project) -> Json {
    let codes: BTreeMap<&'static str, Code> =
        found.iter().flat_map(|(list, _)| list).map(|d| (d.code.id, d.code)).collect();
    let index = |code: Code| codes.keys().position(|id| *id == code.id).unwrap_or_default();
    let (mut results, mut notifications): (Vec<Json>, Vec<Json>) = (Vec::new(), Vec::new());
    let (mut said, mut failed) = (BTreeSet::new(), false);
    for (diagnostics, sources) in found {
        let run = Run { sources, project };
        for diagnostic in diagnostics {
            // A result is about a place; what has none is about the run.
            let (entry, list) = match run.location(diagnostic.primary.as_ref()) {
                Some(location) => (run.result(diagnostic, location, index(diagnostic.code)), &mut results),
                None => {
                    failed |= diagnostic.severity == Severity::Error;
                    (run.notification(diagnostic, index(diagnostic.code)), &mut notifications)
                }
            };
            if said.insert(entry.to_string()) {
                list.push(entry);
            }
        }
        if diagnostics.dropped() > 0 {
            let text = format!("{} more mistakes aren't listed", diagnostics.dropped());
            notifications.push(json!({ "level": "note", "message": { "text": text } }));
        }
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "evstack",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.values().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": !failed,
                "toolExecutionNotifications": notifications,
            }],
            "originalUriBaseIds": { ROOT: { "description": { "text": "The root of the project." } } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Json {
    let help = format!("{}\n\n`evstack explain {}` says the same.", plain(code.explanation), code.id);
    json!({
        "id": code.id,
        "shortDescription": { "text": plain(code.title) },
        "fullDescription": { "text": plain(code.explanation) },
        "help": { "text": help, "markdown": help },
    })
}

/// The files of one stack.
struct Run<'a> {
    sources: &'a Sources,
    project: &'a Project,
}

impl Run<'_> {
    fn result(&self, diagnostic: &Diagnostic, location: Map<String, Json>, index: usize) -> Json {
        let related: Vec<Json> = diagnostic
            .labels
            .iter()
            .filter_map(|label| self.location(Some(label)))
            .enumerate()
            .map(|(id, mut location)| {
                location.insert("id".to_owned(), id.into());
                Json::Object(location)
            })
            .collect();
        let mut result = json!({
            "ruleId": diagnostic.code.id,
            "ruleIndex": index,
            "level": level(diagnostic.severity),
            "message": message(diagnostic),
            "locations": [location],
        });
        if !related.is_empty() {
            result["relatedLocations"] = related.into();
        }
        result
    }

    fn notification(&self, diagnostic: &Diagnostic, index: usize) -> Json {
        json!({
            "level": level(diagnostic.severity),
            "message": message(diagnostic),
            "associatedRule": { "id": diagnostic.code.id, "index": index },
        })
    }

    /// The place of a label, with its words; none if it is in no file.
    fn location(&self, label: Option<&Label>) -> Option<Map<String, Json>> {
        let label = label?;
        let source = self.sources.get(label.span.source)?;
        let file = self.project.file(&source.name);
        let mut artifact = json!({ "uri": file.uri() });
        if matches!(file, FileName::Inside(_)) {
            artifact["uriBaseId"] = ROOT.into();
        }
        let place = json!({ "artifactLocation": artifact, "region": region(source, label.span) });
        let mut location = Map::new();
        location.insert("physicalLocation".to_owned(), place);
        if !label.text.is_empty() {
            location.insert("message".to_owned(), json!({ "text": plain(&label.text) }));
        }
        Some(location)
    }
}

fn region(source: &Source, span: Span) -> Json {
    let (start, end) = (source.position(span.start), source.position(span.end.max(span.start)));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn message(diagnostic: &Diagnostic) -> Json {
    let hints: String = diagnostic.hints.iter().map(|hint| format!("\nhint: {hint}")).collect();
    json!({ "text": plain(&format!("{}{hints}", diagnostic.message)) })
}

/// Braces are placeholders in a message unless they are doubled (§3.11.5).
fn plain(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn project() -> Project {
        Project::new(Path::new("/work"), Path::new("/work/infra"))
    }

    #[test]
    fn a_result_is_at_its_place_with_what_belongs_to_it() {
        let mut sources = Sources::new();
        let id = sources.add("a b.yaml", "name: x\nö: ${x}\n");
        let other = sources.add("/etc/y.yaml", "z: 1\n");
        let diagnostics = Diagnostics::from(
            Diagnostic::error(Code::UNKNOWN_KEY, "`${x}` isn't known")
                .at_saying(Span::new(id, 12, 16), "this")
                .label(Span::new(other, 0, 1), "there")
                .hint("remove it"),
        );
        let found = [(diagnostics.clone(), sources.clone()), (diagnostics, sources)];
        let log = log(&found, &project());
        let results = log["runs"][0]["results"].as_array().expect("results");
        assert_eq!(
            results.as_slice(),
            [json!({
                "ruleId": "E0201",
                "ruleIndex": 0,
                "level": "error",
                "message": { "text": "`${{x}}` isn't known\nhint: remove it" },
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": { "uri": "infra/a%20b.yaml", "uriBaseId": "%SRCROOT%" },
                        "region": { "startLine": 2, "startColumn": 4, "endLine": 2, "endColumn": 8 },
                    },
                    "message": { "text": "this" },
                }],
                "relatedLocations": [{
                    "id": 0,
                    "physicalLocation": {
                        "artifactLocation": { "uri": "file:///etc/y.yaml" },
                        "region": { "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2 },
                    },
                    "message": { "text": "there" },
                }],
            })]
        );
    }

    #[test]
    fn what_has_no_place_is_about_the_run() {
        let found = [(Diagnostic::error(Code::NO_STACK, "there is no stack here").into(), Sources::new())];
        let run = &log(&found, &project())["runs"][0];
        assert_eq!(run["results"], json!([]));
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
        assert_eq!(notification["associatedRule"], json!({ "id": "E0605", "index": 0 }));
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "E0605");
    }
}
