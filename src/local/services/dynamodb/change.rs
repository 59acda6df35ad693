//! What of a table may change, and how much of it at once (Amazon DynamoDB API Reference, UpdateTable
//! and UpdateTimeToLive; AWS::DynamoDB::Table).

use super::keys::{index_names, schema};
use super::table::{invalid, refused, units};
use crate::local::services::members::{flag, object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;

/// Whether a table may become another in one step.
pub(super) fn check(before: &Properties, after: &Properties) -> Result<(), Refusal> {
    stream(before, after)?;
    time_to_live(before, after)?;
    warmth("table", before, after)?;
    for index in objects(after, "GlobalSecondaryIndexes") {
        let name = text(index, "IndexName");
        let same = |other: &&Properties| text(other, "IndexName") == name;
        if let Some(was) = objects(before, "GlobalSecondaryIndexes").find(same) {
            warmth(&format!("index {}", name.unwrap_or_default()), was, index)?;
        }
    }
    Ok(())
}

/// A stream that is on can't be made to say something else; it has to be switched off first.
fn stream(before: &Properties, after: &Properties) -> Result<(), Refusal> {
    let view = |table| object(table, "StreamSpecification").and_then(|stream| text(stream, "StreamViewType"));
    match (view(before), view(after)) {
        (Some(was), Some(is)) if was != is => {
            let name = text(before, "TableName").unwrap_or_default();
            Err(refused(format!("Table already has an enabled stream: TableName: {name}")))
        }
        _ => Ok(()),
    }
}

/// Another attribute needs time to live to be off first.
fn time_to_live(before: &Properties, after: &Properties) -> Result<(), Refusal> {
    let attribute = |table| {
        let specification = object(table, "TimeToLiveSpecification").filter(|ttl| flag(ttl, "Enabled"))?;
        text(specification, "AttributeName")
    };
    if let Some(ttl) = object(after, "TimeToLiveSpecification")
        && flag(ttl, "Enabled")
        && text(ttl, "AttributeName").is_none_or(str::is_empty)
    {
        return Err(refused(
            "1 validation error detected: Value null at 'timeToLiveSpecification.attributeName' failed to satisfy \
             constraint: Member must not be null",
        ));
    }
    match (attribute(before), attribute(after)) {
        (Some(was), Some(is)) if was != is => Err(refused(format!(
            "TimeToLive is active on a different AttributeName: current AttributeName is {was}"
        ))),
        _ => Ok(()),
    }
}

/// Warmth only grows.
fn warmth(what: &str, before: &Properties, after: &Properties) -> Result<(), Refusal> {
    let members = ["ReadUnitsPerSecond", "WriteUnitsPerSecond"];
    let own = |owner| units(owner, "WarmThroughput", members);
    let (Some(was), Some(is)) = (own(before), own(after)) else { return Ok(()) };
    let lower = if is.0 < was.0 { Some(members[0]) } else { (is.1 < was.1).then_some(members[1]) };
    match lower {
        Some(member) => Err(invalid(format!(
            "Requested {member} for WarmThroughput for {what} is lower than current WarmThroughput, decreasing \
             WarmThroughput is not supported"
        ))),
        None => Ok(()),
    }
}

/// How an update's indexes differ from a table's.
pub(super) struct IndexChanges<'a> {
    /// Global indexes that come or go.
    pub(super) moved: usize,
    /// A global index whose key or projection would be another.
    pub(super) altered: Option<&'a str>,
    /// Whether the local indexes, which live and die with the table, would be others.
    pub(super) local: bool,
}

/// Compares the indexes of a table with those it is to have.
pub(super) fn indexes<'a>(before: &Properties, after: &'a Properties) -> IndexChanges<'a> {
    let (was, is) = (index_names(before, GLOBAL), index_names(after, GLOBAL));
    let gone = was.iter().filter(|name| !is.contains(name)).count();
    let come = is.iter().filter(|name| !was.contains(name)).count();
    let altered = objects(after, GLOBAL).find_map(|index| {
        let name = text(index, "IndexName")?;
        let old = objects(before, GLOBAL).find(|old| text(old, "IndexName") == Some(name))?;
        (!same_index(old, index)).then_some(name)
    });
    let locals = |table| objects(table, "LocalSecondaryIndexes").collect::<Vec<_>>();
    let (old, new) = (locals(before), locals(after));
    let local = old.len() != new.len()
        || !new.iter().all(|index| {
            let twin = old.iter().find(|old| text(old, "IndexName") == text(index, "IndexName"));
            twin.is_some_and(|old| same_index(old, index))
        });
    IndexChanges { moved: gone.saturating_add(come), altered, local }
}

const GLOBAL: &str = "GlobalSecondaryIndexes";

fn same_index(old: &Properties, new: &Properties) -> bool {
    let projection = |index| {
        let projection = object(index, "Projection");
        let kind = projection.and_then(|p| text(p, "ProjectionType"));
        let mut others: Vec<&str> = projection
            .into_iter()
            .flat_map(|p| crate::local::services::members::texts(p, "NonKeyAttributes"))
            .collect();
        others.sort_unstable();
        (kind, others)
    };
    schema(old) == schema(new) && projection(old) == projection(new)
}
