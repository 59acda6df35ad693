//! Mistakes as GitHub's workflow commands, which the runner shows at their lines of a pull request.
//!
//! `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message` (GitHub Docs, "Workflow
//! commands for GitHub Actions"). The runner reads a line at a time, so that a line break in a
//! message is written `%0A`; `%`, and in a property `:` and `,`, are escaped too (as
//! `@actions/core` does it). It takes columns only where the place begins and ends in one line.

use super::project::Project;
use crate::diagnostics::{Diagnostic, Diagnostics, Label, Severity, Sources};

/// One line for each mistake. Notes and warnings are `notice` and `warning`.
#[must_use]
pub fn github(diagnostics: &Diagnostics, sources: &Sources, project: &Project) -> String {
    diagnostics.iter().map(|diagnostic| line(diagnostic, sources, project)).collect()
}

fn line(diagnostic: &Diagnostic, sources: &Sources, project: &Project) -> String {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some((label, source)) =
        diagnostic.primary.as_ref().and_then(|l| Some((l, sources.get(l.span.source)?)))
    {
        let (start, end) = (source.position(label.span.start), source.position(label.span.end));
        properties.push(("file", project.file(&source.name).as_str().to_owned()));
        properties.push(("line", start.line.to_string()));
        if start.line == end.line {
            properties.push(("col", start.column.to_string()));
        }
        properties.push(("endLine", end.line.to_string()));
        if start.line == end.line {
            properties.push(("endColumn", end.column.max(start.column).to_string()));
        }
    }
    properties.push(("title", format!("{}: {}", diagnostic.code, diagnostic.code.title)));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{level} {}::{}\n", properties.join(","), text(&message(diagnostic, sources)))
}

/// What is wrong, what else belongs to it, and the way out.
fn message(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut out = diagnostic.message.clone();
    if let Some(primary) = diagnostic.primary.as_ref().filter(|l| !l.text.is_empty()) {
        out.push_str(&format!("\n{}", primary.text));
    }
    for Label { span, text } in diagnostic.labels.iter().filter(|l| !l.text.is_empty()) {
        out.push_str(&format!("\n{}: {text}", sources.place(*span)));
    }
    for hint in &diagnostic.hints {
        out.push_str(&format!("\nhint: {hint}"));
    }
    out
}

/// A message, so that it stays in its line.
fn text(value: &str) -> String {
    value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property, so that it ends where it ends.
fn property(value: &str) -> String {
    text(value).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{Code, Span};
    use proptest::prelude::*;
    use std::path::Path;

    fn project() -> Project {
        Project::new(Path::new("/work"), Path::new("/work"))
    }

    #[test]
    fn a_mistake_is_one_line_at_its_place() {
        let mut sources = Sources::new();
        let id = sources.add("a,b:c.yaml", "name: x\nquues:\n  a: {}\n");
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(
            Diagnostic::error(Code::UNKNOWN_KEY, "100% wrong:\r\nall of it")
                .at_saying(Span::new(id, 8, 13), "not a key")
                .label(Span::new(id, 0, 4), "here it begins")
                .hint("did you mean `queues`?"),
        );
        diagnostics.push(Diagnostic::warning(Code::UNKNOWN_KEY, "many lines").at(Span::new(id, 8, 20)));
        diagnostics.push(Diagnostic::error(Code::NO_STACK, "there is no stack here"));
        assert_eq!(
            github(&diagnostics, &sources, &project()),
            "::error file=a%2Cb%3Ac.yaml,line=2,col=1,endLine=2,endColumn=6,title=E0201%3A a key is not known here\
             ::100%25 wrong:%0D%0Aall of it%0Anot a key%0Aa,b:c.yaml:1:1: here it begins%0Ahint: did you mean `queues`?\n\
             ::warning file=a%2Cb%3Ac.yaml,line=2,endLine=3,title=E0201%3A a key is not known here::many lines\n\
             ::error title=E0605%3A no stack is found::there is no stack here\n"
        );
    }

    /// As the runner takes a command apart.
    fn read(line: &str) -> (String, Vec<(String, String)>, String) {
        let (head, message) = line[2..].split_once("::").expect("a message");
        let (command, properties) = head.split_once(' ').expect("properties");
        let back = |text: &str| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n");
            text.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
        };
        let pairs = properties.split(',').map(|pair| pair.split_once('=').expect("a pair"));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), back(value))).collect();
        (command.to_owned(), pairs, back(message))
    }

    proptest! {
        #[test]
        fn nothing_in_a_mistake_leaves_its_command(name in "(?s).{0,12}", message in "(?s).{0,40}", hint in "(?s).{0,40}") {
            let mut sources = Sources::new();
            let id = sources.add(format!("x{name}"), "abc\n");
            let diagnostic = Diagnostic::error(Code::BAD_NAME, message.clone()).at(Span::new(id, 0, 2)).hint(hint.clone());
            let lines = github(&diagnostic.into(), &sources, &project());
            let line = lines.strip_suffix('\n').expect("a line");
            prop_assert!(!line.contains(['\n', '\r']));
            let (command, properties, told) = read(line);
            prop_assert_eq!(command, "error");
            let names: Vec<&str> = properties.iter().map(|(name, _)| name.as_str()).collect();
            prop_assert_eq!(names, ["file", "line", "col", "endLine", "endColumn", "title"]);
            // What reads like an escape was one already; otherwise it comes back as it was.
            if !message.contains('%') && !hint.contains('%') {
                prop_assert_eq!(told, format!("{message}\nhint: {hint}"));
            }
        }
    }
}
