//! `evstack explain NAME`: a resource type, a kind, a diagnostic's code.

use crate::cli::args::ExplainArgs;
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
    let name = args.name.as_str();
    if let Some(code) = code_named(name) {
        show_code(args, code)?;
    } else if let Some(kind) = kind_named(name) {
        show_kind(args, kind)?;
    } else if let Some(resource_type) = Catalogue::bundled().get(name) {
        show_type(args, &resource_type)?;
    } else {
        let known = kinds().iter().map(|k| k.singular).chain(Catalogue::bundled().type_names());
        let hint = nearest(name, known).map(|n| format!("did you mean `{n}`?"));
        return Err(Diagnostic::error(Code::UNKNOWN_TYPE, format!("nothing is called `{name}`"))
            .hint_if(hint)
            .hint("give a resource type (`AWS::Events::Rule`), a kind (`rule`) or a code (`E0207`)")
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
