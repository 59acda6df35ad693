//! What each type went through, as a page shows it: one line for each.

use super::What;
use super::subject::alone;
use evstack::schema::{Catalogue, Declared, PlaceRef, PropertyPath, ResourceType, predict};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The tables, a service each.
pub fn table(types: &[&str], passed: &BTreeMap<String, Vec<What>>, exceptions: &[(&str, &str)]) -> String {
    let (mut out, mut service) = (String::new(), "");
    let count = |what: What| passed.values().filter(|steps| steps.contains(&what)).count();
    writeln!(
        out,
        "\n{} types: {} are made and destroyed, {} changed in place or by a replacement, {} lose a property, {} are \
         replaced by a change of what can't be changed.",
        types.len(),
        passed.len(),
        count(What::Change),
        count(What::Remove),
        count(What::Replace),
    )
    .expect("writes");
    for name in types {
        let Some(kind) = Catalogue::bundled().get(name) else { continue };
        let mut parts = name.split("::").skip(1);
        let (own, rest) = (parts.next().unwrap_or(""), parts.collect::<Vec<_>>().join("::"));
        if own != service {
            service = own;
            write!(out, "\n## {own}\n\n| type | handlers | verified | identifier | never read back | not verified |\n| --- | --- | --- | --- | --- | --- |\n").expect("writes");
        }
        let hidden: Vec<String> = kind.write_only.iter().map(ToString::to_string).collect();
        let verified = passed.get(*name).map_or("-".to_owned(), |steps| verified(steps));
        writeln!(
            out,
            "| {rest} | {} | {verified} | {} | {} | {} |",
            handlers(&kind),
            if is_predicted(&kind) { "predicted" } else { "" },
            hidden.join(", "),
            not_verified(&kind, passed.get(*name), exceptions),
        )
        .expect("writes");
    }
    out
}

fn handlers(kind: &ResourceType) -> String {
    let all = &kind.handlers;
    let there =
        [("C", &all.create), ("R", &all.read), ("U", &all.update), ("D", &all.delete), ("L", &all.list)];
    there.iter().filter(|(_, handler)| handler.is_some()).map(|(letter, _)| *letter).collect()
}

fn verified(steps: &[What]) -> String {
    let done = [(What::Change, "change"), (What::Remove, "removal"), (What::Replace, "replacement")];
    let done = done.iter().filter(|(what, _)| steps.contains(what)).map(|(_, word)| *word);
    ["life"].into_iter().chain(done).collect::<Vec<_>>().join(", ")
}

/// Whether account, region and names decide its identifier.
fn is_predicted(kind: &ResourceType) -> bool {
    let place = PlaceRef {
        partition: "aws",
        region: "us-east-1",
        account: "000000000000",
        dns_suffix: "amazonaws.com",
        base_url: None,
    };
    let declared = |name: &str| match kind.is_read_only(&[name]) {
        true => Declared::Absent,
        false => Declared::Known("name".to_owned()),
    };
    let known = |path: &PropertyPath| {
        !kind.is_read_only(path.names()) || predict(kind, &place, path.top(), &declared).known().is_some()
    };
    kind.primary_identifier.iter().all(known)
}

fn not_verified(kind: &ResourceType, steps: Option<&Vec<What>>, exceptions: &[(&str, &str)]) -> String {
    let name = kind.name.as_str();
    if let Some((_, why)) = exceptions.iter().find(|(exception, _)| *exception == name) {
        return (*why).to_owned();
    }
    let done = |what: What| steps.is_some_and(|steps| steps.contains(&what));
    let mut notes = Vec::new();
    let lost = |name: &String| kind.is_write_only(&[name]) && kind.is_create_only(&[name]);
    if kind.handlers.update.is_some() && kind.required.iter().any(lost) {
        notes.push("change: a required property is in no read, and can't be sent again".to_owned());
    } else if kind.handlers.update.is_none() {
        notes.push("change in place: there is no handler".to_owned());
    } else if !done(What::Change) {
        notes.push("change: nothing can be changed in place, or it has one value".to_owned());
    } else if !done(What::Remove) {
        notes.push("removal: nothing that can be changed is optional".to_owned());
    }
    match alone(name) {
        Some(why) => notes.push(format!("replacement: {why}")),
        None if !done(What::Replace) && kind.handlers.update.is_some() => {
            notes.push("replacement: nothing is fixed at the create, or it has one value".to_owned());
        }
        None => {}
    }
    notes.join("; ")
}
