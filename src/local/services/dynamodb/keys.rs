//! Keys, attribute definitions and indexes that must fit one another (Amazon DynamoDB API Reference,
//! CreateTable; words as DynamoDB's ValidationException has them).

use super::table::{invalid, refused};
use crate::local::services::members::{objects, text, texts};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use std::collections::BTreeSet;

/// Most global indexes of a table, and most local ones (Service quotas).
const GLOBAL_LIMIT: usize = 20;
const LOCAL_LIMIT: usize = 5;
/// Most HASH and most RANGE attributes of a global index's key.
const KEY_PART_LIMIT: usize = 4;

/// Checks a table's key schema, attribute definitions and indexes.
pub(super) fn check(table: &Properties) -> Result<(), Refusal> {
    let defined: Vec<&str> = names(table, "AttributeDefinitions");
    if let Some(twice) = duplicate(&defined) {
        return Err(refused(format!("Attribute Name is duplicated: {twice}")));
    }
    let key: Vec<(&str, &str)> = schema(table);
    table_key(&key)?;
    let mut used: Vec<&str> = key.iter().map(|(name, _)| *name).collect();
    let (global, local) =
        (index_names(table, "GlobalSecondaryIndexes"), index_names(table, "LocalSecondaryIndexes"));
    if global.is_empty() && local.is_empty() {
        if used.iter().any(|name| !defined.contains(name)) && used.len() >= defined.len() {
            return Err(refused("Invalid KeySchema: Some index key attribute have no definition"));
        }
        if used.len() != defined.len() || used.iter().any(|name| !defined.contains(name)) {
            return Err(invalid(
                "Number of attributes in KeySchema does not exactly match number of attributes defined in \
                 AttributeDefinitions",
            ));
        }
        return Ok(());
    }
    known_attributes(&used, &defined)?;
    let mut indexes: Vec<&str> = Vec::new();
    for index in objects(table, "LocalSecondaryIndexes") {
        let name = text(index, "IndexName").unwrap_or_default();
        let parts = schema(index);
        local_key(name, &parts, &key)?;
        one_index(index, name, &parts, &defined, &mut indexes)?;
        used.extend(parts.iter().map(|(name, _)| *name));
    }
    for index in objects(table, "GlobalSecondaryIndexes") {
        let name = text(index, "IndexName").unwrap_or_default();
        let parts = schema(index);
        global_key(&parts)?;
        one_index(index, name, &parts, &defined, &mut indexes)?;
        used.extend(parts.iter().map(|(name, _)| *name));
    }
    if local.len() > LOCAL_LIMIT {
        return Err(invalid(format!(
            "Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_LIMIT}"
        )));
    }
    if global.len() > GLOBAL_LIMIT {
        return Err(invalid(format!(
            "GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_LIMIT}"
        )));
    }
    let used: BTreeSet<&str> = used.into_iter().collect();
    if defined.iter().any(|name| !used.contains(name)) {
        let used: Vec<&str> = used.into_iter().collect();
        return Err(invalid(format!(
            "Some AttributeDefinitions are not used. AttributeDefinitions: {}, keys used: {}",
            list(&defined),
            list(&used)
        )));
    }
    Ok(())
}

/// The attributes and roles of a table's or an index's key.
pub(super) fn schema(owner: &Properties) -> Vec<(&str, &str)> {
    let part =
        |part| (text(part, "AttributeName").unwrap_or_default(), text(part, "KeyType").unwrap_or_default());
    objects(owner, "KeySchema").map(part).collect()
}

/// The names of the indexes in a list.
pub(super) fn index_names<'a>(table: &'a Properties, list: &str) -> Vec<&'a str> {
    objects(table, list).filter_map(|index| text(index, "IndexName")).collect()
}

fn names<'a>(table: &'a Properties, list: &str) -> Vec<&'a str> {
    objects(table, list).filter_map(|item| text(item, "AttributeName")).collect()
}

/// One HASH attribute, and perhaps one RANGE attribute of another name.
fn table_key(key: &[(&str, &str)]) -> Result<(), Refusal> {
    if key.first().is_none_or(|(_, role)| *role != "HASH") {
        return Err(refused("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    match key {
        [_] => Ok(()),
        [(hash, _), (range, _)] if hash == range => {
            Err(refused("Both the Hash Key and the Range Key element in the KeySchema have the same name"))
        }
        [_, (_, "RANGE")] => Ok(()),
        [_, _] => Err(refused("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")),
        _ => Err(refused(
            "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have \
             length less than or equal to 2",
        )),
    }
}

/// A local index sorts the table's own partitions anew.
fn local_key(name: &str, parts: &[(&str, &str)], table: &[(&str, &str)]) -> Result<(), Refusal> {
    if table.len() < 2 {
        return Err(invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ));
    }
    table_key(parts)?;
    if parts.len() < 2 {
        return Err(invalid(format!("Index KeySchema does not have a range key for index: {name}")));
    }
    if parts[0].0 != table[0].0 {
        return Err(invalid(format!(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. index \
             hash key: {}, table hash key: {}",
            parts[0].0, table[0].0
        )));
    }
    Ok(())
}

/// A global index's key has up to four attributes in each role, the HASH ones first.
fn global_key(parts: &[(&str, &str)]) -> Result<(), Refusal> {
    if parts.first().is_none_or(|(_, role)| *role != "HASH") {
        return Err(refused("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    let hashes = parts.iter().take_while(|(_, role)| *role == "HASH").count();
    if parts[hashes..].iter().any(|(_, role)| *role != "RANGE") {
        return Err(invalid("All HASH key attributes must precede RANGE key attributes in the KeySchema"));
    }
    for (role, count) in [("HASH", hashes), ("RANGE", parts.len() - hashes)] {
        if count > KEY_PART_LIMIT {
            return Err(invalid(format!(
                "The KeySchema exceeds the maximum allowed number of {role} key attributes"
            )));
        }
    }
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    match duplicate(&names) {
        Some(_) => Err(refused("The KeySchema contains multiple key attributes with the same name")),
        None => Ok(()),
    }
}

/// What holds for both kinds of index.
fn one_index<'a>(
    index: &Properties,
    name: &'a str,
    parts: &[(&str, &str)],
    defined: &[&str],
    seen: &mut Vec<&'a str>,
) -> Result<(), Refusal> {
    let keys: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    known_attributes(&keys, defined)?;
    if seen.contains(&name) {
        return Err(invalid(format!("Duplicate index name: {name}")));
    }
    seen.push(name);
    let Some(projection) = index.get("Projection").and_then(|p| p.as_object()) else {
        return Err(invalid("Unknown ProjectionType: null"));
    };
    let others: Vec<&str> = texts(projection, "NonKeyAttributes").collect();
    match text(projection, "ProjectionType") {
        None => Err(invalid("Unknown ProjectionType: null")),
        Some("INCLUDE") if others.is_empty() => {
            Err(invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"))
        }
        Some(kind) if kind != "INCLUDE" && !others.is_empty() => {
            Err(invalid(format!("ProjectionType is {kind}, but NonKeyAttributes is specified")))
        }
        Some(_) => match duplicate(&others) {
            Some(twice) => Err(invalid(format!("Duplicate element in NonKeyAttributes: {twice}"))),
            None => Ok(()),
        },
    }
}

fn known_attributes(keys: &[&str], defined: &[&str]) -> Result<(), Refusal> {
    if keys.iter().all(|name| defined.contains(name)) {
        return Ok(());
    }
    Err(invalid(format!(
        "Some index key attributes are not defined in AttributeDefinitions. Keys: {}, AttributeDefinitions: {}",
        list(keys),
        list(defined)
    )))
}

fn duplicate<'a>(names: &[&'a str]) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.iter().find(|name| !seen.insert(**name)).copied()
}

fn list(names: &[&str]) -> String {
    format!("[{}]", names.join(", "))
}
