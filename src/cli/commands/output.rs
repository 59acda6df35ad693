//! `evstack output [NAME]`: what the last apply gave.

use crate::cli::args::OutputArgs;
use crate::cli::session::Session;
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::model::{Json, Value};
use crate::ops::{Failure, recorded};
use crate::render::progress as words;
use serde_json::Map;
use std::fmt::Write;

/// Names that a hint gives, at most.
const MOST: usize = 20;

pub(in crate::cli) fn run(args: &OutputArgs) -> Result<Ended, Failure> {
    let mut all = Map::new();
    for session in Session::all(&args.stack.place, args.stack.stack.as_deref())? {
        if let Json::Object(outputs) = recorded::outputs(&session.state()?) {
            all.extend(outputs);
        }
    }
    match &args.name {
        Some(name) => {
            let Some(output) = all.get(name) else {
                return Err(unknown(name, &all).into());
            };
            if output["sensitive"] == true && !args.stack.json {
                return Err(secret(name).into());
            }
            if args.stack.json {
                terminal::print_json(output)?;
            } else {
                terminal::print(&format!("{}\n", plain(output)))?;
            }
        }
        None if args.stack.json => terminal::print_json(&Json::Object(all))?,
        None => {
            if all.is_empty() {
                terminal::say("No outputs are recorded.");
            }
            let mut text = String::new();
            for (name, output) in &all {
                let _ = writeln!(text, "{name} = {}", shown(output));
            }
            terminal::print(&text)?;
        }
    }
    Ok(Ended::Done)
}

/// Text without quotes, for scripts.
fn plain(output: &Json) -> String {
    match &output["value"] {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// As apply's last lines show it.
fn shown(output: &Json) -> String {
    let value = Value::from(output["value"].clone());
    words::output(&if output["sensitive"] == true { Value::Sensitive(Box::new(value)) } else { value })
}

fn unknown(name: &str, all: &Map<String, Json>) -> Diagnostic {
    let near = nearest(name, all.keys().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
    let names: Vec<String> = all.keys().take(MOST).map(|name| format!("`{name}`")).collect();
    let there = match all.len().saturating_sub(MOST) {
        _ if all.is_empty() => "nothing is recorded: outputs are known after `evstack apply`".to_owned(),
        0 => format!("there are {}", names.join(", ")),
        more => format!("there are {} and {more} more", names.join(", ")),
    };
    Diagnostic::error(Code::UNKNOWN_OUTPUT, format!("there is no output `{name}`")).hint_if(near).hint(there)
}

fn secret(name: &str) -> Diagnostic {
    let message = format!("the output `{name}` is secret, and of a secret only a hash is kept");
    Diagnostic::error(Code::SECRET_OUTPUT, message).hint("look it up where the secret comes from")
}
