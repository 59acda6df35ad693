//! Which stacks there are, and where their state lies.

use crate::diagnostics::{Code, Diagnostic, SourceId};
use crate::graph::Graph;
use crate::spec::Loader;
use crate::syntax::{self, Format, Node};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The endings that a stack file may have.
pub(super) const ENDINGS: &[&str] = &["yaml", "yml", "toml", "json"];

/// A stack file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As a person would type it.
    pub path: String,
    /// Its `name`; none where the file can't be read so far.
    pub name: Option<String>,
    /// The stacks whose outputs it reads.
    pub imports: Vec<String>,
}

/// The stacks that a command is about: the one that was named, `evstack.yaml` here, or all in
/// `stacks/` in the order of their references.
///
/// # Errors
/// None is found, two have one name, or they read each other's outputs in a circle.
pub fn stacks(here: &Path, named: Option<&str>, loader: &dyn Loader) -> Result<Vec<Found>, Diagnostic> {
    if let Some(path) = named {
        if let Some(mistake) = super::named::mistaken(here, path, loader) {
            return Err(mistake);
        }
        let found = look(path, loader);
        return match twin(here, &found, loader) {
            Some(twin) => Err(same_name(&twin, &found)),
            None => Ok(vec![found]),
        };
    }
    if let Some(path) = ENDINGS.iter().map(|e| format!("evstack.{e}")).find(|path| here.join(path).is_file())
    {
        return Ok(vec![look(&path, loader)]);
    }
    let found = in_folder(here, loader);
    if found.is_empty() {
        return Err(Diagnostic::error(Code::NO_STACK, "there is no stack here")
            .hint("name one: `evstack plan stacks/reviews.yaml`"));
    }
    in_order(found)
}

/// Files of `stacks/` with a `name`: overlays and fragments have none.
fn in_folder(here: &Path, loader: &dyn Loader) -> Vec<Found> {
    let Ok(entries) = std::fs::read_dir(here.join("stacks")) else { return Vec::new() };
    let mut paths: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| ENDINGS.iter().any(|e| name.rsplit_once('.').is_some_and(|(_, end)| end == *e)))
        .map(|name| format!("stacks/{name}"))
        .collect();
    paths.sort();
    paths.into_iter().map(|path| look(&path, loader)).filter(|found| found.name.is_some()).collect()
}

/// Another stack file of `stacks/` whose state would be the same.
fn twin(here: &Path, stack: &Found, loader: &dyn Loader) -> Option<Found> {
    let name = stack.name.as_ref()?;
    let file = |found: &Found| here.join(&found.path).canonicalize().ok();
    let is_twin = |other: &Found| {
        other.name.as_ref() == Some(name)
            && file(other) != file(stack)
            && home(here, &other.path) == home(here, &stack.path)
    };
    in_folder(here, loader).into_iter().find(is_twin)
}

fn same_name(first: &Found, second: &Found) -> Diagnostic {
    let name = second.name.as_deref().unwrap_or_default();
    let message = format!("{} and {} have the same name `{name}`", first.path, second.path);
    Diagnostic::error(Code::DUPLICATE, message).hint("a stack's name is where its state lies")
}

/// What a stack file says of itself, as far as it can be read.
#[must_use]
pub fn look(path: &str, loader: &dyn Loader) -> Found {
    let mut found = Found { path: path.to_owned(), name: None, imports: Vec::new() };
    let (Ok(text), Some(format)) = (loader.load(path), syntax::Format::of(path)) else { return found };
    let text = head(&text, format);
    let (Some(node), _) = syntax::parse(SourceId(0), text, format) else { return found };
    found.name = node.get("name").and_then(Node::text).map(str::to_owned);
    for entry in node.get("imports").and_then(Node::entries).unwrap_or_default() {
        found.imports.extend(entry.value.get("stack").and_then(Node::text).map(str::to_owned));
    }
    found
}

/// As much of a stack file as says its name and what it imports: a large one is read twice
/// otherwise. YAML's `name: …` stands at the beginning of a line, where nothing else can be meant
/// as long as no line before it begins with anything but a comment.
fn head(text: &str, format: Format) -> &str {
    if format != Format::Yaml || text.contains("imports") {
        return text;
    }
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if line.starts_with("name:") && !line.contains(['|', '>', '&', '*', '{', '[', '"', '\'']) {
            return &text[..end];
        }
        if !line.trim().is_empty() && !line.starts_with('#') {
            break;
        }
    }
    text
}

fn in_order(found: Vec<Found>) -> Result<Vec<Found>, Diagnostic> {
    let mut by_name: BTreeMap<String, Found> = BTreeMap::new();
    let mut graph = Graph::new();
    for stack in found {
        let name = stack.name.clone().unwrap_or_default();
        graph.node(name.clone());
        for import in &stack.imports {
            graph.edge(name.clone(), import.clone(), ());
        }
        if let Some(other) = by_name.get(&name) {
            return Err(same_name(other, &stack));
        }
        by_name.insert(name, stack);
    }
    match graph.order() {
        Ok(order) => Ok(order.into_iter().filter_map(|name| by_name.remove(&name)).collect()),
        Err(circles) => {
            let circle: Vec<&str> = circles.iter().flatten().map(|e| e.from.as_str()).collect();
            let message = format!("stacks read each other's outputs in a circle: {}", circle.join(" → "));
            Err(Diagnostic::error(Code::CYCLE, message))
        }
    }
}

/// The folder `.evstack` for a stack file: in the nearest folder above it that has `.evstack` or
/// `.git`, else in the current one.
#[must_use]
pub fn home(here: &Path, stack: &str) -> PathBuf {
    let start = here.join(stack);
    let start = std::path::absolute(&start).unwrap_or(start);
    let above = start
        .ancestors()
        .skip(1)
        .find(|folder| folder.join(".evstack").is_dir() || folder.join(".git").exists());
    above.unwrap_or(here).join(".evstack")
}
