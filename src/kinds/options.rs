//! `options`: how the engine treats a resource.

use super::expander::Expander;
use super::fields;
use crate::diagnostics::{Code, Diagnostic, Span, nearest};
use crate::model::{Address, Options, Protection, Value};
use crate::schema::{Catalogue, PropertyPath, ResourceType};
use crate::spec::Declaration;
use crate::syntax::Node;
use std::collections::{BTreeMap, BTreeSet};

const KEYS: &[&str] = &[
    "protect",
    "ignoreChanges",
    "replaceOnChanges",
    "deleteBeforeReplace",
    "retainOnDelete",
    "drain",
    "aliases",
    "import",
    "dependsOn",
    "timeout",
    "when",
];

/// Whether `options.when` leaves the declaration out.
pub(super) fn left_out(x: &mut Expander<'_>, declaration: &Declaration) -> bool {
    let Some(node) = declaration.body.get("options").and_then(|o| o.get("when")) else { return false };
    x.boolean(node, "`when`") == Some(false)
}

/// Whether `protect: false` lifts the protection of what holds data.
pub(super) fn unprotected(declaration: &Declaration) -> bool {
    let protect = declaration.body.get("options").and_then(|o| o.get("protect"));
    matches!(protect.map(|n| &n.value), Some(crate::syntax::NodeValue::Bool(false)))
}

/// Everything but `when` and `dependsOn`.
pub(super) fn read(x: &mut Expander<'_>, declaration: &Declaration, type_name: &str) -> Options {
    let mut options = Options::default();
    let defaults = declaration.defaults.as_ref().and_then(|d| d.get("protect")).cloned();
    if let Some(node) = &defaults
        && x.boolean(node, "`protect` of `defaults`") == Some(true)
    {
        options.protection = Protection::Explicit;
    }
    let Some(node) = declaration.body.get("options") else { return options };
    if !x.check_keys(node, "`options`", KEYS, "evstack explain options") {
        return options;
    }
    if let Some(node) = node.get("protect") {
        options.protection = match x.boolean(node, "`protect`") {
            Some(true) => Protection::Explicit,
            _ => Protection::None,
        };
    }
    options.ignore_changes = paths(x, node.get("ignoreChanges"), "`ignoreChanges`", type_name);
    options.replace_on_changes = paths(x, node.get("replaceOnChanges"), "`replaceOnChanges`", type_name);
    if let Some(node) = node.get("deleteBeforeReplace") {
        options.delete_before_replace = x.boolean(node, "`deleteBeforeReplace`");
    }
    if let Some(node) = node.get("retainOnDelete") {
        options.retain_on_delete = x.boolean(node, "`retainOnDelete`").unwrap_or(false);
    }
    options.drain = drain(x, node.get("drain"), type_name);
    options.aliases = aliases(x, node.get("aliases"));
    if let Some(node) = node.get("import") {
        options.import = x.text(node, "`import`");
    }
    if let Some(node) = node.get("timeout")
        && let Some(text) = x.text(node, "`timeout`")
    {
        options.timeout = fields::duration(&text);
        if options.timeout.is_none() {
            x.bad_value(
                node,
                format!("`timeout` is `{text}`, not a duration"),
                Some("write `30m`".to_owned()),
            );
        }
    }
    options
}

/// How long a queue is drained before it goes, in seconds.
fn drain(x: &mut Expander<'_>, node: Option<&Node>, type_name: &str) -> Option<u64> {
    let node = node?;
    if type_name != "AWS::SQS::Queue" {
        let message = format!("`drain` stands at {type_name}, and only a queue can be drained");
        x.report(Diagnostic::error(Code::BAD_VALUE, message).at(node.span).hint(
            "remove it; a queue waits so \
             until it is empty before it goes",
        ));
        return None;
    }
    let text = x.text(node, "`drain`")?;
    let longest = fields::duration(&text).filter(|d| d.as_secs() >= 1 && d.subsec_nanos() == 0);
    if longest.is_none() {
        let message = format!("`drain` is `{text}`, not a duration of whole seconds");
        x.bad_value(node, message, Some("write `10m`: so long it is waited for at most".to_owned()));
    }
    longest.map(|longest| longest.as_secs())
}

/// Parts were called after what their declaration was called before: the alias `queue.order` of
/// `queue.orders` is `queue.order.deadLetter` for `queue.orders.deadLetter`. What another
/// declaration says that it was itself, or what is still declared, is left to that.
pub(super) fn carry_aliases(x: &mut Expander<'_>) {
    let own = x.out.resources.iter().filter(|r| !r.options.aliases.is_empty());
    let own: BTreeMap<Address, Vec<Address>> =
        own.map(|r| (r.address.clone(), r.options.aliases.clone())).collect();
    let claimed: BTreeSet<Address> = own.values().flatten().cloned().collect();
    for resource in &mut x.out.resources {
        let (address, mut carried) = (resource.address.clone(), Vec::new());
        for (owner, aliases) in &own {
            let below = address.as_str().strip_prefix(owner.as_str()).and_then(|rest| rest.strip_prefix('.'));
            let Some(part) = below else { continue };
            let gone = aliases.iter().filter(|alias| !x.declared.contains_key(*alias));
            carried.extend(gone.map(|alias| alias.part(part)).filter(|alias| !claimed.contains(alias)));
        }
        resource.options.aliases.extend(carried);
    }
}

/// `dependsOn`: addresses of declarations.
pub(super) fn depends_on(x: &mut Expander<'_>, declaration: &Declaration) -> Vec<Address> {
    let Some(node) = declaration.body.get("options").and_then(|o| o.get("dependsOn")) else {
        return Vec::new();
    };
    let own = x.address(declaration);
    let mut found = Vec::new();
    for item in x.one_or_many(node) {
        let Some(address) = x.reference(item, "`dependsOn`", &[]) else { continue };
        if address.owner() == own {
            let message = format!(
                "`{own}` can't come after {}",
                if address == own { "itself" } else { "its own part" }
            );
            x.bad_value(item, message, Some("leave it out".to_owned()));
            continue;
        }
        found.push(address);
    }
    found
}

/// Addresses under which it was declared before.
fn aliases(x: &mut Expander<'_>, node: Option<&Node>) -> Vec<Address> {
    let mut found = Vec::new();
    for (text, at) in texts(x, node, "`aliases`") {
        if Address::is_valid(&text) {
            found.push(Address::new(text));
            continue;
        }
        let message = format!("`aliases` has `{text}`, which is no address");
        x.report(
            Diagnostic::error(Code::BAD_VALUE, message)
                .at(at)
                .hint("write it as plans print it: `queue.claims`"),
        );
    }
    found
}

/// Properties by their paths. One that the type doesn't have would never come to anything.
fn paths(x: &mut Expander<'_>, node: Option<&Node>, what: &str, type_name: &str) -> Vec<PropertyPath> {
    let kind = Catalogue::bundled().get(type_name);
    let mut found = Vec::new();
    for (text, at) in texts(x, node, what) {
        let path = PropertyPath::parse(&text);
        if let Some((kind, known)) =
            kind.as_ref().and_then(|kind| Some((kind, unknown_from(kind, path.names())?)))
        {
            let (parent, name) = (&path.names()[..known], &path.names()[known]);
            let names = names_below(kind, parent);
            let hint = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{}`?", joined(parent, near)),
                None if kind.property(&joined_star(parent)).is_some() => {
                    format!("items of a list are written `{}`", joined(parent, "*"))
                }
                None => format!("`evstack explain {type_name}` lists its properties"),
            };
            let message = format!("{what} names `{text}`, and {type_name} has no such property");
            x.report(Diagnostic::error(Code::REFUSED_PROPERTY, message).at(at).hint(hint));
        }
        found.push(path);
    }
    found
}

/// From which name on the schema knows nothing of a path; `None` where it does, or says nothing of what
/// is there.
fn unknown_from(kind: &ResourceType, names: &[String]) -> Option<usize> {
    let known = (0..names.len()).find(|n| kind.property(&names[..=*n]).is_none())?;
    let shaped =
        known == 0 || !names_below(kind, &names[..known]).is_empty() || is_list(kind, &names[..known]);
    shaped.then_some(known)
}

fn is_list(kind: &ResourceType, path: &[String]) -> bool {
    kind.property(path).is_some_and(|schema| schema.get("items").is_some())
}

/// The names that the schema has below a place.
fn names_below<'k>(kind: &'k ResourceType, path: &[String]) -> Vec<&'k str> {
    if path.is_empty() {
        return kind.properties().map(|(name, _)| name).collect();
    }
    let members = kind.property(path).and_then(|schema| schema["properties"].as_object());
    members.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

fn joined_star(parent: &[String]) -> Vec<String> {
    parent.iter().cloned().chain(["*".to_owned()]).collect()
}

fn joined(parent: &[String], name: &str) -> String {
    parent.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
}

/// Texts, each with its place.
fn texts(x: &mut Expander<'_>, node: Option<&Node>, what: &str) -> Vec<(String, Span)> {
    let Some(node) = node else { return Vec::new() };
    let items = match x.constant(node) {
        Some(Value::Array(items)) => items,
        Some(Value::String(text)) => vec![Value::String(text)],
        Some(_) => {
            x.wrong_type(node, what, "a list of strings");
            return Vec::new();
        }
        None => return Vec::new(),
    };
    let places: Vec<Span> =
        node.items().map(|items| items.iter().map(|i| i.span).collect()).unwrap_or_default();
    let place = |index: usize| places.get(index).copied().unwrap_or(node.span);
    let texts: Vec<(String, Span)> = items
        .iter()
        .enumerate()
        .filter_map(|(n, item)| Some((item.as_str()?.to_owned(), place(n))))
        .collect();
    if texts.len() != items.len() {
        x.wrong_type(node, what, "a list of strings");
    }
    texts
}
