//! What is written where, and in which colours.

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Sources, render};
use crate::ops::Failure;
use std::io::{self, IsTerminal, Write};

/// Whether stdout takes colours: a terminal, and nobody asked for none.
pub(super) fn colours() -> bool {
    console::colors_enabled()
}

/// Whether stderr takes colours.
fn colours_on_stderr() -> bool {
    console::colors_enabled_stderr()
}

/// Whether there is somebody to ask.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Data, to stdout. A reader that went away is silent success; a full disk is not.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            std::process::exit(i32::from(super::exit::DONE))
        }
        Err(error) => Err(unusable(&format!("stdout can't be written: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// JSON, to stdout, with a line break.
pub(super) fn print_json(json: &serde_json::Value) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(json).unwrap_or_default();
    text.push('\n');
    print(&text)
}

/// Narration, to stderr; nothing depends on it being read.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Mistakes, to stderr; with `--json` as one document on stdout.
pub(super) fn show_failure(failure: &Failure, json: bool) {
    if json {
        let _ = print_json(&diagnostics_json(&failure.diagnostics, &failure.sources));
    } else {
        show(&failure.diagnostics, &failure.sources);
    }
}

/// Mistakes as the excerpt shows them, to stderr.
pub(super) fn show(diagnostics: &Diagnostics, sources: &Sources) {
    if !diagnostics.is_empty() {
        let _ = write!(io::stderr(), "{}", render::text(diagnostics, sources, colours_on_stderr()));
    }
}

/// `{"diagnostics": [...]}`
pub(super) fn diagnostics_json(diagnostics: &Diagnostics, sources: &Sources) -> serde_json::Value {
    let list: Vec<_> = diagnostics.iter().map(|d| render::json(d, sources)).collect();
    serde_json::json!({ "diagnostics": list })
}

/// A failure of the machine that the program runs on.
pub(super) fn unusable(message: &str) -> Failure {
    Diagnostic::error(Code::DISK, message).into()
}

/// Asks, and takes only `yes`.
pub(super) fn approved(question: &str) -> Result<bool, Failure> {
    print(question)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| unusable(&format!("stdin can't be read: {error}")))?;
    Ok(answer.trim() == "yes")
}
