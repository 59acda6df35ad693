//! A resource type explained, for people.

use crate::schema::explain::{Explanation, PropertyNote, Replaces};
use std::io::{self, Write};

/// Values of an enumeration that are shown before the rest is only counted.
const SHOWN: usize = 8;

/// Writes the whole explanation.
///
/// # Errors
/// What the writer says.
pub fn write(explanation: &Explanation, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}\n", explanation.type_name)?;
    for (label, text) in facts(explanation) {
        writeln!(out, "  {label:<12} {text}")?;
    }
    section("properties", &explanation.properties, out)?;
    section("computed by the service, never set", &explanation.computed, out)?;
    writeln!(out, "\npermissions that the caller needs")?;
    for operation in &explanation.operations {
        let actions = if operation.permissions.is_empty() {
            "none".to_owned()
        } else {
            operation.permissions.join(", ")
        };
        writeln!(out, "  {:<8} {actions}", operation.operation)?;
    }
    Ok(())
}

/// Writes one property and what it has inside.
///
/// # Errors
/// What the writer says.
pub fn write_property(note: &PropertyNote, out: &mut impl Write) -> io::Result<()> {
    property(note, 0, width(std::slice::from_ref(note), 0), out)
}

fn facts(e: &Explanation) -> Vec<(&'static str, String)> {
    let mut facts = vec![("identifier", e.identifier.join(" | "))];
    if let Some(name) = &e.name {
        let case = if name.lowercase { ", small letters only" } else { "" };
        facts.push(("name", format!("{} (at most {} characters{case})", name.property, name.max_length)));
    }
    match (&e.arn, &e.arn_property) {
        (Some(shape), Some(property)) => facts.push(("ARN", format!("{shape} (as {property})"))),
        (Some(shape), None) => facts.push(("ARN", format!("{shape} (no property shows it)"))),
        (None, Some(property)) => facts.push(("ARN", format!("{property}, known after it is created"))),
        (None, None) => {}
    }
    if let Some(tags) = &e.tags {
        facts.push(("tags", tags.clone()));
    }
    let operations: Vec<&str> = e.operations.iter().map(|o| o.operation).collect();
    facts.push(("operations", if operations.is_empty() { "none".to_owned() } else { operations.join(", ") }));
    for needs in e.operations.iter().filter(|o| !o.needs.is_empty()) {
        facts.push(("", format!("{} needs {}", needs.operation, needs.needs.join(", "))));
    }
    if !e.provisionable {
        facts.push(("", "it cannot be declared: Cloud Control cannot create, read and delete it".to_owned()));
    } else if !operations.contains(&"update") {
        facts.push(("", "any change replaces it".to_owned()));
    }
    if e.deleted_first {
        facts.push(("replacement", "is deleted before the next one is created".to_owned()));
    }
    facts
}

fn section(title: &str, notes: &[PropertyNote], out: &mut impl Write) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    let width = width(notes, 0);
    notes.iter().try_for_each(|note| property(note, 0, width, out))
}

/// The column where the types begin: wide enough for most names, so that few stick out.
fn width(notes: &[PropertyNote], level: usize) -> usize {
    const WIDEST: usize = 40;
    let own = notes.iter().map(|note| note.name.len() + 2 * level);
    let below = notes.iter().map(|note| width(&note.properties, level + 1));
    own.chain(below).max().unwrap_or(0).min(WIDEST)
}

fn property(note: &PropertyNote, level: usize, width: usize, out: &mut impl Write) -> io::Result<()> {
    let name = format!("{}{}", "  ".repeat(level), note.name);
    writeln!(out, "  {name:<width$}  {}", describe(note))?;
    note.properties.iter().try_for_each(|inner| property(inner, level + 1, width, out))
}

fn describe(note: &PropertyNote) -> String {
    let mut words = vec![note.kind.clone()];
    if note.required {
        words.push("required".to_owned());
    }
    words.extend(note.limits.iter().cloned());
    if !note.allowed.is_empty() {
        let text = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let shown: Vec<String> = note.allowed.iter().take(SHOWN).map(text).collect();
        let more = match note.allowed.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        words.push(format!("one of {}{more}", shown.join(", ")));
    }
    if let Some(default) = &note.default {
        words.push(format!("default {default}"));
    }
    match note.replaces {
        Replaces::Never => {}
        Replaces::Sometimes => words.push("may force replacement".to_owned()),
        Replaces::Always => words.push("forces replacement".to_owned()),
    }
    if note.write_only {
        words.push("never read back".to_owned());
    }
    if note.unordered {
        words.push("in any order".to_owned());
    }
    if note.deprecated {
        words.push("deprecated".to_owned());
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Catalogue, explain};

    fn text(name: &str, depth: usize) -> String {
        let resource = Catalogue::bundled().get(name).expect("it exists");
        let mut out = Vec::new();
        write(&explain::explain(&resource, depth), &mut out).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_queue_for_people() {
        let expected = "\
AWS::SQS::Queue

  identifier   QueueUrl
  name         QueueName (at most 80 characters)
  ARN          arn:${Partition}:sqs:${Region}:${Account}:${QueueName} (as Arn)
  tags         Tags
  operations   create, read, update, delete, list

properties
";
        let text = text("AWS::SQS::Queue", 2);
        assert!(text.starts_with(expected), "{text}");
        for line in [
            "  DelaySeconds                   integer, 0 to 900\n",
            "  QueueName                      string, forces replacement\n",
            "  Tags                           list of object, in any order\n",
            "    Key                          string, required, 1 to 128 characters\n",
            "computed by the service, never set\n",
            "  create   sqs:CreateQueue, sqs:GetQueueUrl",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_is_never_read_back_and_what_cannot_be_declared_is_said() {
        assert!(text("AWS::Pipes::Pipe", 1).contains("never read back"));
        assert!(text("AWS::SQS::QueuePolicy", 1).contains("it cannot be declared"));
        assert!(text("AWS::Events::Connection", 1).contains("Arn, known after it is created"));
    }
}
