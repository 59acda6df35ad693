//! Wrong usage in better words than the parser's own, where it can't know what was meant.

use super::args::Cli;
use clap::CommandFactory;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// A flag that other commands have: they are named, instead of a flag that looks like it, or of `--`.
pub(super) fn explained(mut error: Error) -> Error {
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) if error.kind() == ErrorKind::UnknownArgument => flag.clone(),
        _ => return error,
    };
    let name = flag.trim_start_matches('-');
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    let cli = Cli::command();
    let having: Vec<String> = cli
        .get_subcommands()
        .filter(|command| {
            let mut long =
                command.get_arguments().filter_map(clap::Arg::get_long_and_visible_aliases).flatten();
            flag.starts_with("--") && long.any(|long| long == name)
        })
        .map(|command| format!("`evstack {}`", command.get_name()))
        .collect();
    if !having.is_empty() {
        error.remove(ContextKind::SuggestedArg);
        let tip = StyledStr::from(format!("`--{name}` is a flag of {}", having.join(", ")));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}
