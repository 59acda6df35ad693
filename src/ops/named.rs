//! A path on the command line that isn't a stack file: what was likely meant.

use super::project::{ENDINGS, look};
use crate::diagnostics::{Code, Diagnostic, SourceId, nearest};
use crate::spec::Loader;
use crate::syntax::{self, Format};
use std::io::ErrorKind;
use std::path::Path;

/// Why the path can't be a stack's, where that is plain before it is read.
pub(super) fn mistaken(here: &Path, named: &str, loader: &dyn Loader) -> Option<Diagnostic> {
    let full = here.join(named);
    match std::fs::metadata(&full) {
        Ok(metadata) if metadata.is_dir() => {
            Some(unreadable(named, "it is a folder").hint(in_folder(&full, named, loader)))
        }
        Ok(_) => environment(here, named, loader),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let near = with_ending(here, named).or_else(|| neighbour(&full, named));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            Some(unreadable(named, "no such file").hint_if(hint))
        }
        // Its reader says why.
        Err(_) => None,
    }
}

fn unreadable(named: &str, why: &str) -> Diagnostic {
    Diagnostic::error(Code::UNREADABLE, format!("the file `{named}` can't be read: {why}"))
}

/// What to name instead of a folder.
fn in_folder(folder: &Path, named: &str, loader: &dyn Loader) -> String {
    let mut files: Vec<String> = names(folder)
        .into_iter()
        .filter(|name| ENDINGS.iter().any(|ending| name.ends_with(&format!(".{ending}"))))
        .map(|name| match named {
            "" => name,
            folder => format!("{}/{name}", folder.trim_end_matches('/')),
        })
        .collect();
    files.sort();
    match files.into_iter().take(MOST).find(|file| look(file, loader).name.is_some()) {
        Some(file) => format!("name a stack file in it, as `{file}`"),
        None => "name a stack file".to_owned(),
    }
}

/// Of a large folder not everything is looked at.
const MOST: usize = 200;

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(MOST);
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// `orders` → `orders.yaml`, or that of `stacks/`.
fn with_ending(here: &Path, named: &str) -> Option<String> {
    let mut tries = ["", "stacks/"]
        .into_iter()
        .flat_map(|folder| ENDINGS.iter().map(move |ending| format!("{folder}{named}.{ending}")))
        .chain([format!("stacks/{named}")]);
    tries.find(|path| !named.is_empty() && here.join(path).is_file())
}

/// A file of the same folder whose name is nearly the same.
fn neighbour(full: &Path, named: &str) -> Option<String> {
    let name = full.file_name()?.to_str()?;
    let names = names(full.parent()?);
    let near = nearest(name, names.iter().map(String::as_str))?;
    Some(format!("{}{near}", named.strip_suffix(name)?))
}

/// `orders.prod.yaml` beside `orders.yaml`.
fn environment(here: &Path, named: &str, loader: &dyn Loader) -> Option<Diagnostic> {
    let (stem, _) = named.rsplit_once('.')?;
    let (stack, env) = stem.rsplit_once('.')?;
    if env.is_empty() || env.contains('/') || !is_overlay(named, loader) {
        return None;
    }
    let stack = ENDINGS.iter().map(|e| format!("{stack}.{e}")).find(|path| here.join(path).is_file())?;
    let message = format!("`{named}` is the file of an environment of `{stack}`");
    Some(
        Diagnostic::error(Code::NO_STACK, message)
            .hint(format!("name the stack, and the environment: `{stack} --env {env}`")),
    )
}

/// Whether a file has what environments have: another tool's may be named alike.
fn is_overlay(path: &str, loader: &dyn Loader) -> bool {
    let (Ok(text), Some(format)) = (loader.load(path), Format::of(path)) else { return false };
    let (Some(tree), _) = syntax::parse(SourceId(0), &text, format) else { return false };
    let keys = tree.entries().unwrap_or_default();
    !keys.is_empty() && keys.iter().all(|entry| matches!(entry.key.as_str(), "cloud" | "config"))
}
