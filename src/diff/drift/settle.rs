//! What becomes of a drift: told on, accepted, or set back.

use super::{Drifted, DriftedPath, Irrevocable};
use crate::diff::Context;
use crate::diff::arrays::is_reserved;
use crate::diff::equal::{has_hash, is_empty, is_hash, same};
use crate::model::{Json, NAMES, Recorded, Secrets, Undeclared, Value};
use indexmap::IndexMap;
use serde_json::Map;

/// A read, with what nobody declared and nobody accepted as it was before somebody changed it: so
/// the next look still tells it. What isn't as that somebody left it any more has gone, or was
/// changed by what was done meanwhile, and is taken as it is; so is what is declared by now.
#[must_use]
pub fn kept_apart(mut seen: Json, told: &[Undeclared], declared: &Json, secrets: &Secrets) -> Json {
    for change in told {
        let Some((last, parents)) = change.path.split_last() else { continue };
        if is_declared(declared, &change.path) {
            continue;
        }
        let Some(container) = at_mut(&mut seen, parents) else { continue };
        match (container, &change.seen, &change.live) {
            (Json::Array(items), before, now) => {
                let is = |item: &Json, other: &Json| same(item, other, secrets);
                match (before, now) {
                    (None, Some(now)) => {
                        if let Some(there) = items.iter().position(|item| is(item, now)) {
                            items.remove(there);
                        }
                    }
                    (Some(before), None) if !items.iter().any(|item| is(item, before)) => {
                        items.push(before.clone());
                    }
                    _ => {}
                }
            }
            (Json::Object(members), before, now) => {
                let there = members.get(last).map(unreserved).filter(|json| !is_empty(json));
                let unmoved = match (&there, now) {
                    (Some(there), Some(now)) => same(there, &unreserved(now), secrets),
                    (None, None) => true,
                    _ => false,
                };
                match before {
                    _ if !unmoved => {}
                    Some(before) => drop(members.insert(last.clone(), before.clone())),
                    None => drop(members.shift_remove(last)),
                }
            }
            _ => {}
        }
    }
    seen
}

/// Whether something is declared at that place, or above it as one value.
fn is_declared(declared: &Json, path: &[String]) -> bool {
    let mut here = declared;
    for name in path {
        match here {
            Json::Object(members) => match members.get(name) {
                Some(below) => here = below,
                None => return false,
            },
            // Items stand for themselves.
            Json::Array(_) => return false,
            _ => return true,
        }
    }
    true
}

/// Without the tags that AWS itself sets.
fn unreserved(json: &Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.iter().filter(|item| !is_reserved(item)).cloned().collect()),
        Json::Object(members) => {
            let ours = members.iter().filter(|(key, _)| !key.starts_with("aws:"));
            Json::Object(ours.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

/// The record as somebody accepts it: it says what is there. `stays` names the paths about which
/// nobody says so; they are told on.
#[must_use]
pub fn accepted(
    recorded: &Recorded,
    live: &Json,
    drifted: &Drifted,
    stays: &dyn Fn(&[String]) -> bool,
    context: &Context<'_>,
) -> Recorded {
    let secrets = context.secrets;
    let mut declared = recorded.declared.clone();
    let mut changed: Vec<&DriftedPath> = drifted.changed.iter().filter(|path| !stays(&path.path)).collect();
    // What goes from a list moves what comes after it.
    changed.sort_by(|a, b| crate::diff::patch::descending(&a.path, &b.path));
    for path in changed {
        let Some((last, parents)) = path.path.split_last() else { continue };
        let value = path.live.as_ref().map(|live| {
            let before = at(&recorded.declared, &path.path);
            let secret = path.after.as_ref().is_some_and(Value::has_secrets);
            if secret && !is_hash(live) && before.is_none_or(is_hash) {
                secrets.hash(live)
            } else {
                veil(live, &before.into_iter().collect::<Vec<_>>(), secrets)
            }
        });
        match (at_mut(&mut declared, parents), value) {
            (Some(Json::Object(members)), Some(value)) => drop(members.insert(last.clone(), value)),
            (Some(Json::Object(members)), None) => drop(members.shift_remove(last)),
            (Some(Json::Array(items)), value) => match (last.parse::<usize>(), value) {
                (Ok(index), Some(value)) if index < items.len() => items[index] = value,
                (Ok(index), None) if index < items.len() => drop(items.remove(index)),
                _ => {}
            },
            _ => {}
        }
    }
    let fixed = drifted.changed.iter().filter(|path| path.irrevocable == Some(Irrevocable::CreateOnly));
    let told: Vec<Undeclared> = drifted
        .undeclared
        .iter()
        .chain(fixed)
        .filter(|path| stays(&path.path))
        .map(|path| path.undeclared(context))
        .collect();
    let seen = veil(live, &[&recorded.seen, &recorded.declared], secrets);
    let nothing = Json::Object(Map::new());
    let seen = kept_apart(seen, &told, &nothing, secrets);
    Recorded { declared, seen, ..recorded.clone() }
}

/// What is there, with a hash wherever the record has one.
fn veil(live: &Json, before: &[&Json], secrets: &Secrets) -> Json {
    if before.iter().any(|json| is_hash(json)) {
        return if is_hash(live) { live.clone() } else { secrets.hash(live) };
    }
    if !before.iter().any(|json| has_hash(json)) {
        return live.clone();
    }
    match live {
        Json::Object(members) => {
            let below = |key: &String| before.iter().filter_map(|json| json.get(key)).collect::<Vec<_>>();
            members.iter().map(|(key, value)| (key.clone(), veil(value, &below(key), secrets))).collect()
        }
        Json::Array(items) => {
            let known: Vec<&Json> = before.iter().filter_map(|json| json.as_array()).flatten().collect();
            items.iter().map(|item| veil_item(item, &known, secrets)).collect()
        }
        // Where a secret was a part, the whole may hold the new one.
        scalar => secrets.hash(scalar),
    }
}

fn veil_item(item: &Json, known: &[&Json], secrets: &Secrets) -> Json {
    if let Some(as_it_was) = known.iter().find(|other| same(other, item, secrets)) {
        return (*as_it_was).clone();
    }
    let named =
        |other: &&&Json| NAMES.iter().any(|n| item.get(*n).is_some_and(|name| other.get(*n) == Some(name)));
    let namesakes: Vec<&Json> = known.iter().filter(named).copied().collect();
    match namesakes.is_empty() {
        true => secrets.hash(item),
        false => veil(item, &namesakes, secrets),
    }
}

/// What is wanted and what was sent, as if what nobody declared were ours for once: compared with
/// what is there, it goes back to what it was.
#[must_use]
pub fn restored(mut wanted: Value, mut sent: Json, live: &Json, told: &[Undeclared]) -> (Value, Json) {
    for change in told {
        let Some((last, parents)) = change.path.split_last() else { continue };
        let list = at(live, parents).is_some_and(Json::is_array);
        let (Some(wanted), Some(sent)) =
            (place_in(&mut wanted, parents, list), place(&mut sent, parents, list))
        else {
            continue;
        };
        match (wanted, sent) {
            (Value::Array(wanted), Json::Array(sent)) => {
                wanted.extend(change.seen.clone().map(Value::from));
                sent.extend(change.live.clone());
            }
            (Value::Object(wanted), Json::Object(sent)) => {
                if let Some(seen) = &change.seen {
                    wanted.insert(last.clone(), Value::from(seen.clone()));
                }
                if let Some(live) = &change.live {
                    sent.insert(last.clone(), live.clone());
                }
            }
            _ => {}
        }
    }
    (wanted, sent)
}

/// The container at that place, made where there is none.
fn place_in<'v>(value: &'v mut Value, path: &[String], list: bool) -> Option<&'v mut Value> {
    let Some((name, rest)) = path.split_first() else { return Some(value) };
    let Value::Object(members) = value else { return None };
    let new = if rest.is_empty() && list { Value::Array(Vec::new()) } else { Value::Object(IndexMap::new()) };
    place_in(members.entry(name.clone()).or_insert(new), rest, list)
}

fn place<'j>(json: &'j mut Json, path: &[String], list: bool) -> Option<&'j mut Json> {
    let Some((name, rest)) = path.split_first() else { return Some(json) };
    let Json::Object(members) = json else { return None };
    let new = if rest.is_empty() && list { Json::Array(Vec::new()) } else { Json::Object(Map::new()) };
    place(members.entry(name.clone()).or_insert(new), rest, list)
}

fn at<'j>(json: &'j Json, path: &[String]) -> Option<&'j Json> {
    path.iter().try_fold(json, |json, name| match json {
        Json::Object(members) => members.get(name),
        Json::Array(items) => name.parse::<usize>().ok().and_then(|i| items.get(i)),
        _ => None,
    })
}

fn at_mut<'j>(json: &'j mut Json, path: &[String]) -> Option<&'j mut Json> {
    path.iter().try_fold(json, |json, name| match json {
        Json::Object(members) => members.get_mut(name),
        Json::Array(items) => name.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(path: &[&str], seen: Option<Json>, live: Option<Json>) -> Undeclared {
        Undeclared { path: path.iter().map(|name| (*name).to_owned()).collect(), seen, live }
    }

    #[test]
    fn what_somebody_changed_is_not_taken_for_what_was_seen() {
        let secrets = Secrets::new("salt");
        let told = [
            told(&["Delay"], Some(json!(0)), Some(json!(9))),
            told(&["Added"], None, Some(json!("x"))),
            told(&["Gone"], Some(json!("y")), None),
            told(&["Deep", "In"], Some(json!(1)), Some(json!(2))),
            told(&["List", "1"], None, Some(json!({"Id": "theirs"}))),
            told(&["List", "0"], Some(json!({"Id": "lost"})), None),
            told(&["Moved"], Some(json!(1)), Some(json!(2))),
            told(&["Declared"], Some(json!(1)), Some(json!(2))),
        ];
        let read = json!({
            "Delay": 9, "Added": "x", "Deep": {"In": 2, "Other": 5}, "Moved": 3, "Declared": 2,
            "List": [{"Id": "theirs"}, {"Id": "ours"}], "New": true,
        });
        let found = kept_apart(read, &told, &json!({"Declared": 2}), &secrets);
        let expected = json!({
            "Delay": 0, "Gone": "y", "Deep": {"In": 1, "Other": 5}, "Moved": 3, "Declared": 2,
            "List": [{"Id": "ours"}, {"Id": "lost"}], "New": true,
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_list_that_nobody_declared_goes_back_item_by_item() {
        let live =
            json!({"Policies": [{"PolicyName": "ours"}, {"PolicyName": "theirs"}], "Arns": ["x", "y"]});
        let told = [
            told(&["Policies", "1"], None, Some(json!({"PolicyName": "theirs"}))),
            told(&["Arns", "1"], None, Some(json!("y"))),
            told(&["Arns", "0"], Some(json!("z")), None),
        ];
        let sent = json!({"Policies": [{"PolicyName": "ours"}]});
        let (wanted, sent) = restored(Value::from(sent.clone()), sent, &live, &told);
        assert_eq!(wanted, Value::from(json!({"Policies": [{"PolicyName": "ours"}], "Arns": ["z"]})));
        let expected = json!({"Policies": [{"PolicyName": "ours"}, {"PolicyName": "theirs"}], "Arns": ["y"]});
        assert_eq!(sent, expected);
    }
}
