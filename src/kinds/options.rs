//! `options`: how the engine treats a resource.

use super::expander::Expander;
use super::fields;
use crate::model::{Address, Options, Protection, Value};
use crate::schema::PropertyPath;
use crate::spec::Declaration;
use crate::syntax::Node;
use std::collections::{BTreeMap, BTreeSet};

const KEYS: &[&str] = &[
    "protect",
    "ignoreChanges",
    "replaceOnChanges",
    "deleteBeforeReplace",
    "retainOnDelete",
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
pub(super) fn read(x: &mut Expander<'_>, declaration: &Declaration) -> Options {
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
    options.ignore_changes = paths(x, node.get("ignoreChanges"), "`ignoreChanges`");
    options.replace_on_changes = paths(x, node.get("replaceOnChanges"), "`replaceOnChanges`");
    if let Some(node) = node.get("deleteBeforeReplace") {
        options.delete_before_replace = x.boolean(node, "`deleteBeforeReplace`");
    }
    if let Some(node) = node.get("retainOnDelete") {
        options.retain_on_delete = x.boolean(node, "`retainOnDelete`").unwrap_or(false);
    }
    options.aliases = texts(x, node.get("aliases"), "`aliases`").into_iter().map(Address::new).collect();
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

fn paths(x: &mut Expander<'_>, node: Option<&Node>, what: &str) -> Vec<PropertyPath> {
    texts(x, node, what).iter().map(|text| PropertyPath::parse(text)).collect()
}

fn texts(x: &mut Expander<'_>, node: Option<&Node>, what: &str) -> Vec<String> {
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
    let texts: Vec<String> = items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect();
    if texts.len() != items.len() {
        x.wrong_type(node, what, "a list of strings");
    }
    texts
}
