//! `evstack output [NAME]`: what the last apply gave.

use crate::cli::args::OutputArgs;
use crate::cli::session::Session;
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::model::Json;
use crate::ops::{Failure, recorded};
use serde_json::Map;
use std::fmt::Write;

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
                let hint =
                    nearest(name, all.keys().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
                return Err(Diagnostic::error(Code::UNKNOWN_TARGET, format!("there is no output `{name}`"))
                    .hint_if(hint)
                    .hint("outputs are known after `evstack apply`")
                    .into());
            };
            if args.stack.json {
                terminal::print_json(output)?;
            } else {
                terminal::print(&format!("{}\n", plain(output)))?;
            }
        }
        None if args.stack.json => terminal::print_json(&Json::Object(all))?,
        None => {
            let mut text = String::new();
            for (name, output) in &all {
                let _ = writeln!(text, "{name} = {}", quoted(output));
            }
            terminal::print(&text)?;
        }
    }
    Ok(Ended::Done)
}

/// Text without quotes, for scripts.
fn plain(output: &Json) -> String {
    match &output["value"] {
        _ if output["sensitive"] == true => "(sensitive value)".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn quoted(output: &Json) -> String {
    if output["sensitive"] == true { "(sensitive value)".to_owned() } else { output["value"].to_string() }
}
