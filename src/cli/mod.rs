//! Arguments, environment, terminal, exit codes.
//!
//! A command is small: it reads its flags, calls `ops`, and hands what comes back to `render`.
//! stdout is data, stderr is narration. This room also opens the cloud that an environment names,
//! and hands the local one to the provider as an HTTP client.

mod args;
mod cloud;
mod command_line;
mod commands;
pub mod exit;
mod interrupt;
mod progress;
mod rates;
mod root;
mod session;
mod spelling;
mod store;
mod terminal;
mod topics;
mod usage;

use crate::ops::Failure;
use crate::schema::Catalogue;
use args::{Cli, Command, LocalCommand};
use clap::Parser;
use clap::error::ErrorKind;
use commands::apply::Task;
use std::process::ExitCode;
use terminal::Form;

/// How a command ended, apart from failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Done,
    Differences,
    Failed,
    Interrupted,
}

impl Ended {
    fn code(self) -> u8 {
        match self {
            Self::Done => exit::DONE,
            Self::Differences => exit::DIFFERENCES,
            Self::Failed => exit::ERROR,
            Self::Interrupted => exit::INTERRUPTED,
        }
    }
}

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.kind() == ErrorKind::DisplayVersion => return version(),
        Err(error) => {
            let error = usage::explained(error);
            let wrong = error.kind() != ErrorKind::DisplayHelp;
            // A closed pipe is nobody's mistake.
            let _ = error.print();
            return ExitCode::from(if wrong { exit::USAGE } else { exit::DONE });
        }
    };
    let form = form(&cli.command);
    let annotates = annotates(&cli.command);
    let ended = match run(cli.command) {
        Ok(ended) => ended.code(),
        Err(failure) => {
            terminal::show_failure(&failure, form);
            if annotates {
                terminal::annotate(&failure.diagnostics, &failure.sources);
            }
            exit::ERROR
        }
    };
    ExitCode::from(ended)
}

/// `-V` is for scripts, `--version` for reports of mistakes.
fn version() -> ExitCode {
    let mut text = format!("evstack {}", env!("CARGO_PKG_VERSION"));
    if std::env::args().any(|argument| argument == "--version") {
        let date = Catalogue::bundled().bundle_date();
        text.push_str(&format!(" (CloudFormation schemas of {date})"));
    }
    text.push('\n');
    // A closed pipe is nobody's mistake.
    let _ = terminal::print(&text);
    ExitCode::from(exit::DONE)
}

fn run(command: Command) -> Result<Ended, Failure> {
    match command {
        Command::Check(args) => commands::check::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Import(args) => block_on(commands::import::run(&args)),
        Command::State { command } => {
            // What is being written has a moment to become whole, and its lock to be given back.
            interrupt::listen();
            commands::state::run(&command)
        }
        Command::Output(args) => commands::output::run(&args),
        Command::Plan(args) => block_on(commands::plan::run(&args)),
        Command::Apply(args) => {
            let task = Task::Apply { rolls_back: args.rollback };
            block_on(commands::apply::run(&args.apply, task))
        }
        Command::Destroy(args) => block_on(commands::apply::run(&args, Task::Destroy)),
        Command::Drift(args) => block_on(commands::drift::run(&args)),
        Command::Local(args) => match &args.command {
            Some(LocalCommand::Inventory(asked)) => commands::local::inventory::run(asked),
            None => commands::local::run(&args),
        },
    }
}

/// Runs a command that speaks to a cloud. One thread: the work is waiting.
fn block_on(command: impl Future<Output = Result<Ended, Failure>>) -> Result<Ended, Failure> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            interrupt::listen();
            let ended = runtime.block_on(async {
                tokio::select! {
                    biased;
                    ended = command => ended,
                    () = interrupt::unheeded() => {
                        terminal::say("\nInterrupted: nothing more was begun.");
                        Ok(Ended::Interrupted)
                    }
                }
            });
            // What was left waiting (a name that is looked up) must not hold the end up.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(terminal::unusable(&format!("no timers or sockets are to be had: {error}"))),
    }
}

/// How a command's failure is shown: as everything else of it.
fn form(command: &Command) -> Form {
    let json = match command {
        Command::Apply(args) if args.apply.json => return Form::Lines,
        Command::Destroy(args) if args.json => return Form::Lines,
        Command::Apply(_) | Command::Destroy(_) | Command::Export(_) => false,
        Command::Local(args) => {
            matches!(&args.command, Some(LocalCommand::Inventory(asked)) if asked.json)
        }
        Command::Check(args) if args.sarif => return Form::Sarif,
        Command::Plan(args) => args.json,
        Command::Drift(args) if args.json && args.revert.is_some() => return Form::Lines,
        Command::Drift(args) => args.json,
        Command::Check(args) => args.json,
        Command::Explain(args) => args.json,
        Command::Output(args) => args.stack.json,
        Command::State { command } => command.json(),
        Command::Import(args) => args.stack.json,
    };
    if json { Form::Document } else { Form::Text }
}

/// Whether mistakes are shown to GitHub besides.
fn annotates(command: &Command) -> bool {
    match command {
        Command::Plan(args) => args.github,
        Command::Apply(args) => args.apply.github,
        Command::Destroy(args) => args.github,
        Command::Check(args) => args.github,
        _ => false,
    }
}
