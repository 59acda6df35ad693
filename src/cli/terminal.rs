//! What is written where, and in which colours.

use super::root;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Sources, render};
use crate::ops::Failure;
use crate::render::{annotations, json, sarif};
use std::io::{self, IsTerminal, Write};

/// Whether stdout takes colours: a terminal, and nobody asked for none.
pub(super) fn colours() -> bool {
    !refuses_colours() && console::colors_enabled()
}

/// Whether stderr takes colours.
fn colours_on_stderr() -> bool {
    !refuses_colours() && console::colors_enabled_stderr()
}

/// `NO_COLOR` beats whatever asks for colours (no-color.org).
fn refuses_colours() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether there is somebody to ask.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Data, to stdout. A reader that went away is silent success; a full disk is not.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    if !write(text)? {
        std::process::exit(i32::from(super::exit::DONE))
    }
    Ok(())
}

/// Data, to stdout, of a command that does something besides: it goes on without its reader, and
/// says by its exit code how it ended.
pub(super) fn tell(text: &str) -> Result<(), Failure> {
    write(text).map(drop)
}

/// Whether there is still a reader.
fn write(text: &str) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(unusable(&format!("stdout can't be written: {error}"))),
    }
}

/// JSON, to stdout, with a line break.
pub(super) fn print_json(json: &serde_json::Value) -> Result<(), Failure> {
    print(&pretty(json))
}

fn pretty(json: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(json).unwrap_or_default();
    text.push('\n');
    text
}

/// Narration, to stderr; nothing depends on it being read.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// In which form a command's failure is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// With excerpts, on stderr.
    Text,
    /// One document on stdout.
    Document,
    /// A line for each mistake on stdout.
    Lines,
    /// One SARIF log on stdout.
    Sarif,
}

/// Mistakes, in the form that was asked for.
pub(super) fn show_failure(failure: &Failure, form: Form) {
    let Failure { diagnostics, sources } = failure;
    let told = match form {
        Form::Text => {
            show(diagnostics, sources);
            return;
        }
        Form::Document => tell(&pretty(&diagnostics_json(diagnostics, sources))),
        Form::Lines => tell(&diagnostic_lines(diagnostics, sources)),
        Form::Sarif => {
            let found = [(diagnostics.clone(), sources.clone())];
            tell(&pretty(&sarif::log(&found, &root::project())))
        }
    };
    if told.is_err() {
        show(diagnostics, sources);
    }
}

/// A JSON line for each mistake.
pub(super) fn diagnostic_lines(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let line = |diagnostic: &Diagnostic| {
        let shown = serde_json::json!({ "diagnostic": render::json(diagnostic, sources) });
        let mut line = json::line("diagnostic", &diagnostic.message, shown);
        line["@level"] = line["diagnostic"]["severity"].clone();
        format!("{line}\n")
    };
    diagnostics.iter().map(line).collect()
}

/// Mistakes as the excerpt shows them, to stderr.
pub(super) fn show(diagnostics: &Diagnostics, sources: &Sources) {
    if !diagnostics.is_empty() {
        let _ = write!(io::stderr(), "{}", render::text(diagnostics, sources, colours_on_stderr()));
    }
}

/// Mistakes as GitHub Actions takes them, to stderr: the runner reads that too.
pub(super) fn annotate(diagnostics: &Diagnostics, sources: &Sources) {
    let _ = write!(io::stderr(), "{}", annotations::github(diagnostics, sources, &root::project()));
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

/// Comes back when somebody presses Ctrl-C or terminates the process; `false` if that can't be
/// listened for.
pub(super) async fn asked_to_stop() -> bool {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                pressed = tokio::signal::ctrl_c() => pressed.is_ok(),
                got = terminate.recv() => got.is_some(),
            };
        }
    }
    tokio::signal::ctrl_c().await.is_ok()
}

/// Asks, and takes only `yes`. Whoever is asked may also press Ctrl-C.
pub(super) async fn approved(question: &str) -> Result<bool, Failure> {
    print(question)?;
    let (told, answer) = tokio::sync::oneshot::channel();
    // Nothing can take back a read of a terminal: it ends with the process, if it must.
    std::thread::spawn(move || {
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer).map(|_| answer);
        let _ = told.send(read);
    });
    let unread = |why: String| unusable(&format!("stdin can't be read: {why}"));
    match answer.await {
        Ok(Ok(answer)) => Ok(is_yes(&answer)),
        Ok(Err(error)) => Err(unread(error.to_string())),
        Err(error) => Err(unread(error.to_string())),
    }
}

/// Only the whole word, as it is written.
fn is_yes(answer: &str) -> bool {
    answer.trim() == "yes"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_approves() {
        assert!(is_yes("yes\n") && is_yes(" yes \r\n"));
        for answer in ["", "\n", "y\n", "Yes\n", "YES\n", "yes!\n", "no\n", "yes yes\n"] {
            assert!(!is_yes(answer), "{answer:?}");
        }
    }
}
