//! `evstack explain NAME`: a resource type, a kind, a key of a stack file, a diagnostic's code; without
//! a name, what there is to ask for.

use crate::cli::args::ExplainArgs;
use crate::cli::topics::{TOPICS, Topic, topic_named};
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Code, Diagnostic, code_named, nearest};
use crate::kinds::{Kind, kind_named, kinds};
use crate::ops::Failure;
use crate::render;
use crate::schema::explain::explain;
use crate::schema::{Catalogue, ResourceType};
use serde_json::json;
use std::fmt::Write;

pub(in crate::cli) fn run(args: &ExplainArgs) -> Result<Ended, Failure> {
    let Some(name) = args.name.as_deref() else {
        show_all(args)?;
        return Ok(Ended::Done);
    };
    if let Some(code) = code_named(name) {
        show_code(args, code)?;
    } else if let Some(kind) = kind_named(name) {
        show_kind(args, kind)?;
    } else if let Some(topic) = topic_named(name) {
        show_topic(args, topic)?;
    } else if let Some(resource_type) = Catalogue::bundled().get(name) {
        show_type(args, &resource_type)?;
    } else {
        let words = kinds().iter().map(|k| k.singular).chain(TOPICS.iter().map(|t| t.name));
        let known = words.chain(Catalogue::bundled().type_names());
        let hint = nearest(name, known).map(|n| format!("did you mean `{n}`?"));
        return Err(Diagnostic::error(Code::UNKNOWN_TYPE, format!("nothing is called `{name}`"))
            .hint_if(hint)
            .hint("give a resource type (`AWS::Events::Rule`), a kind (`rule`), a topic (`options`) or a code (`E0207`); `evstack explain` lists them")
            .into());
    }
    Ok(Ended::Done)
}

/// How far down a type's properties are shown.
const DEPTH: usize = 4;

fn show_type(args: &ExplainArgs, resource_type: &ResourceType) -> Result<(), Failure> {
    let explanation = explain(resource_type, DEPTH);
    if args.json {
        return terminal::print_json(&serde_json::to_value(&explanation).unwrap_or_default());
    }
    let mut text = Vec::new();
    // Writing into memory has no failure.
    let _ = render::explain::write(&explanation, &mut text);
    terminal::print(&String::from_utf8_lossy(&text))
}

fn show_code(args: &ExplainArgs, code: Code) -> Result<(), Failure> {
    if args.json {
        return terminal::print_json(
            &json!({"code": code.id, "title": code.title, "explanation": code.explanation}),
        );
    }
    terminal::print(&format!("{}: {}\n\n{}\n", code.id, code.title, code.explanation))
}

/// What can be asked for.
fn show_all(args: &ExplainArgs) -> Result<(), Failure> {
    let rows = |rows: Vec<(&'static str, &'static str)>| -> Vec<_> {
        rows.into_iter().map(|(name, about)| json!({"name": name, "about": about})).collect()
    };
    let kinds: Vec<_> = kinds().iter().map(|k| (k.singular, k.about)).collect();
    let topics: Vec<_> = TOPICS.iter().map(|t| (t.name, t.about)).collect();
    if args.json {
        return terminal::print_json(&json!({"kinds": rows(kinds), "topics": rows(topics)}));
    }
    let mut text = "Kinds:\n".to_owned();
    table(&mut text, &kinds);
    text.push_str("\nTopics:\n");
    table(&mut text, &topics);
    text.push_str("\nAlso any resource type (`AWS::Events::Rule`) and any diagnostic's code (`E0207`).\n");
    terminal::print(&text)
}

fn show_topic(args: &ExplainArgs, topic: &Topic) -> Result<(), Failure> {
    if args.json {
        let rows: Vec<_> =
            topic.rows.iter().map(|(name, about)| json!({"name": name, "about": about})).collect();
        return terminal::print_json(&json!({
            "topic": topic.name, "about": topic.about, "keys": rows, "example": topic.example,
        }));
    }
    let mut text = format!("{}: {}\n\n", topic.name, topic.about);
    table(&mut text, topic.rows);
    text.push_str("\nExample:\n");
    for line in topic.example.lines() {
        let _ = writeln!(text, "  {line}");
    }
    terminal::print(&text)
}

/// Two columns.
fn table(text: &mut String, rows: &[(&str, &str)]) {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, about) in rows {
        let _ = writeln!(text, "  {name:width$}  {about}");
    }
}

fn show_kind(args: &ExplainArgs, kind: &Kind) -> Result<(), Failure> {
    if args.json {
        let fields: Vec<_> = kind
            .all_fields()
            .map(|f| json!({"name": f.name, "form": f.form, "about": f.about, "required": f.required}))
            .collect();
        let parts: Vec<_> = kind
            .parts
            .iter()
            .map(|p| json!({"name": p.name, "type": p.type_name, "about": p.about}))
            .collect();
        let attributes: Vec<_> =
            kind.attributes.iter().map(|(name, about)| json!({"name": name, "about": about})).collect();
        return terminal::print_json(&json!({
            "key": kind.key, "kind": kind.singular, "about": kind.about, "type": kind.type_name,
            "keys": fields, "parts": parts, "attributes": attributes,
        }));
    }
    terminal::print(&kind_text(kind))
}

fn kind_text(kind: &Kind) -> String {
    let mut text = format!("{} ({}.<name>): {}\n", kind.key, kind.singular, kind.about);
    if let Some(type_name) = kind.type_name {
        let _ = writeln!(text, "\nMain resource: {type_name}; its properties can be read as attributes.");
    }
    let rows: Vec<_> = kind.all_fields().collect();
    if !rows.is_empty() {
        text.push_str("\nKeys:\n");
    }
    let width = rows.iter().map(|f| f.name.len()).max().unwrap_or(0);
    for field in rows {
        let required = if field.required { " (required)" } else { "" };
        let _ = writeln!(
            text,
            "  {:width$}  {}{required}\n  {:width$}  {}",
            field.name, field.form, "", field.about
        );
    }
    if !kind.attributes.is_empty() {
        text.push_str("\nAttributes of its own:\n");
    }
    for (name, about) in kind.attributes {
        let _ = writeln!(text, "  {name}: {about}");
    }
    if !kind.parts.is_empty() {
        text.push_str("\nParts:\n");
    }
    let width = kind.parts.iter().map(|p| p.name.len()).max().unwrap_or(0);
    for part in kind.parts {
        let _ = writeln!(text, "  {:width$}  {}: {}", part.name, part.type_name, part.about);
    }
    text
}
