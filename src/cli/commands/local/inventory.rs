//! `evstack local inventory`: everything that exists in the local cloud, who made it, and what is
//! under way. It asks the process that serves it, or else reads its data as they are.

use super::folder;
use crate::cli::args::InventoryArgs;
use crate::cli::cloud::{damaged, served_inventory, silent};
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Code, Diagnostic};
use crate::local::{self, Found, OpenError};
use crate::ops::Failure;
use serde_json::{Value as Json, json};
use std::fmt::Write;

pub(in crate::cli) fn run(args: &InventoryArgs) -> Result<Ended, Failure> {
    let folder = folder(args.data.as_deref())?;
    let shown = folder.display().to_string();
    let found = local::find(&folder).map_err(|error| terminal::unusable(&format!("{shown}: {error}")))?;
    let inventory = if let Found::Served { url, .. } = found {
        Some(served_inventory(&url).ok_or_else(|| silent(&url))?)
    } else {
        // Whoever holds the folder for itself doesn't mind: nothing is locked or changed.
        local::inventory(&folder).map_err(|error| match error {
            OpenError::Unreadable { why, .. } => damaged(&shown, &why.to_string()),
            error => Diagnostic::error(Code::DISK, error.to_string()),
        })?
    };
    let inventory = inventory.unwrap_or_else(|| {
        terminal::say(&format!("There is no local cloud in {shown} yet."));
        json!({ "resources": [], "pending": [] })
    });
    if args.json {
        terminal::print_json(&inventory)?;
    } else {
        terminal::print(&text(&inventory))?;
    }
    Ok(Ended::Done)
}

/// A line for each resource: its type, its identifier, who made it and when. Then one for each
/// operation that is under way.
fn text(inventory: &Json) -> String {
    let mut rows = Vec::new();
    let each = |list: &str| inventory[list].as_array().cloned().unwrap_or_default();
    for resource in each("resources") {
        let made = &resource["created"];
        rows.push([
            word(&resource["type"]),
            word(&resource["identifier"]),
            word(&made["by"]),
            time(&made["at"]),
        ]);
    }
    for request in each("pending") {
        let what = format!(
            "{} ({} {})",
            time(&request["began"]),
            word(&request["operation"]),
            word(&request["status"])
        );
        rows.push([word(&request["type"]), word(&request["identifier"]), word(&request["by"]), what]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (types, identifiers, callers) = (width(0), width(1), width(2));
    let mut text = String::new();
    for [kind, identifier, by, when] in &rows {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{kind:types$}  {identifier:identifiers$}  {by:callers$}  {when}");
    }
    text
}

/// A text as it is, but on one line; `-` where there is none.
fn word(json: &Json) -> String {
    json.as_str().map_or_else(|| "-".to_owned(), |text| text.replace(char::is_control, "?"))
}

/// `2026-11-23T13:20:00.000Z`, from seconds since 1970.
fn time(seconds: &Json) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a float beyond the range becomes its end")]
    let milliseconds = (seconds.as_f64().unwrap_or_default() * 1000.0).round() as i64;
    local::Time(milliseconds).rfc3339()
}
