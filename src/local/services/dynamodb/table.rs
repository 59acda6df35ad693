//! A table that is asked for: whether it is valid, and what DynamoDB adds to it. The shape is that of
//! `CreateTable` and of `AWS::DynamoDB::Table` alike.

use super::keys;
use crate::local::services::members::{default, has, object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What a new on-demand table and its indexes take at once (Amazon DynamoDB Developer Guide, warm
/// throughput).
const ON_DEMAND_WARMTH: (u64, u64) = (12_000, 4_000);

/// A refusal without more words than these.
pub(super) fn refused(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", 400, message)
}

/// A refusal in the form that most have.
pub(super) fn invalid(message: impl AsRef<str>) -> Refusal {
    refused(format!("One or more parameter values were invalid: {}", message.as_ref()))
}

/// Whether a table may be made so.
pub(super) fn check(table: &Properties) -> Result<(), Refusal> {
    if let Some(name) = text(table, "TableName") {
        check_name(name)?;
    }
    check_throughput(table)?;
    keys::check(table)?;
    let mut seen = BTreeSet::new();
    if let Some(twice) =
        objects(table, "Tags").filter_map(|tag| text(tag, "Key")).find(|key| !seen.insert(*key))
    {
        return Err(refused(format!(
            "Duplicate Tag Keys provided as input: Duplicate Tag Key found {twice}"
        )));
    }
    if let Some(encryption) = object(table, "SSESpecification") {
        check_encryption(encryption)?;
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
        return Err(refused(format!(
            "1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        )));
    }
    if !(3..=255).contains(&name.len()) {
        return Err(refused("TableName must be at least 3 characters long and at most 255 characters long"));
    }
    Ok(())
}

/// Whether the table is paid by request.
pub(super) fn on_demand(table: &Properties) -> bool {
    text(table, "BillingMode") == Some("PAY_PER_REQUEST")
}

/// Throughput where it is provisioned, and only there. Zeros are what a description of an on-demand
/// table shows, so they are nothing that is asked for.
fn check_throughput(table: &Properties) -> Result<(), Refusal> {
    let units = |owner: &Properties| {
        units(owner, "ProvisionedThroughput", ["ReadCapacityUnits", "WriteCapacityUnits"])
    };
    let on_demand = on_demand(table);
    match units(table) {
        Some(given) if on_demand && given != (0, 0) => {
            return Err(invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
            ));
        }
        None if !on_demand => {
            return Err(invalid(
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
            ));
        }
        given => positive(given, on_demand, "provisionedThroughput")?,
    }
    if has(table, "OnDemandThroughput") && !on_demand {
        return Err(invalid(
            "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED",
        ));
    }
    for (place, index) in objects(table, "GlobalSecondaryIndexes").enumerate() {
        let name = text(index, "IndexName").unwrap_or_default();
        match units(index) {
            Some(given) if on_demand && given != (0, 0) => {
                return Err(invalid(format!(
                    "ProvisionedThroughput should not be specified for index: {name} when BillingMode is \
                     PAY_PER_REQUEST"
                )));
            }
            None if !on_demand => {
                return Err(invalid(format!("ProvisionedThroughput is not specified for index: {name}")));
            }
            given => {
                let place = place.saturating_add(1);
                positive(
                    given,
                    on_demand,
                    &format!("globalSecondaryIndexes.{place}.member.provisionedThroughput"),
                )?;
            }
        }
    }
    Ok(())
}

fn positive(given: Option<(u64, u64)>, on_demand: bool, path: &str) -> Result<(), Refusal> {
    let Some((read, write)) = given.filter(|_| !on_demand) else { return Ok(()) };
    for (member, value) in [("readCapacityUnits", read), ("writeCapacityUnits", write)] {
        if value == 0 {
            return Err(refused(format!(
                "1 validation error detected: Value '0' at '{path}.{member}' failed to satisfy constraint: Member \
                 must have value greater than or equal to 1"
            )));
        }
    }
    Ok(())
}

fn check_encryption(encryption: &Properties) -> Result<(), Refusal> {
    let enabled = encryption.get("SSEEnabled") == Some(&Json::Bool(true));
    let key = has(encryption, "KMSMasterKeyId");
    if !enabled && has(encryption, "SSEType") {
        return Err(invalid("SSEType can not be specified if Enabled is false"));
    }
    if !enabled && key {
        return Err(invalid("KMSMasterKeyId can not be specified if Enabled is false"));
    }
    if key && text(encryption, "SSEType") != Some("KMS") {
        return Err(invalid("SSEType KMS is required if KMSMasterKeyId is specified"));
    }
    Ok(())
}

/// The two numbers of a throughput; none unless both are there.
pub(super) fn units(owner: &Properties, name: &str, members: [&str; 2]) -> Option<(u64, u64)> {
    let given = object(owner, name)?;
    let [read, write] = members.map(|member| given.get(member).and_then(Json::as_u64));
    Some((read?, write?))
}

/// Adds what a description shows beyond what was asked for, and puts the lists in DynamoDB's order,
/// which isn't the caller's. `before` is the table as it was: warmth is never lost.
pub(super) fn complete(table: &mut Properties, before: Option<&Properties>) {
    default(table, "BillingMode", "PROVISIONED");
    default(table, "DeletionProtectionEnabled", false);
    default(table, "PointInTimeRecoverySpecification", json!({"PointInTimeRecoveryEnabled": false}));
    default(table, "ContributorInsightsSpecification", json!({"Enabled": false}));
    default(table, "SSESpecification", json!({"SSEEnabled": false}));
    default(table, "TimeToLiveSpecification", json!({"Enabled": false}));
    let on_demand = on_demand(table);
    if on_demand {
        table
            .insert("ProvisionedThroughput".into(), json!({"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}));
    }
    warm(table, before, on_demand);
    if let Some(Json::Array(indexes)) = table.get_mut("GlobalSecondaryIndexes") {
        for index in indexes.iter_mut().filter_map(Json::as_object_mut) {
            let name = text(index, "IndexName").map(str::to_owned);
            let same = |other: &&Properties| text(other, "IndexName") == name.as_deref();
            let was = before.and_then(|before| objects(before, "GlobalSecondaryIndexes").find(same));
            if on_demand {
                let none = json!({"ReadCapacityUnits": 0, "WriteCapacityUnits": 0});
                index.insert("ProvisionedThroughput".into(), none);
            }
            default(index, "ContributorInsightsSpecification", json!({"Enabled": false}));
            warm(index, was, on_demand);
        }
    }
    sort(table, "AttributeDefinitions", "AttributeName");
    sort(table, "GlobalSecondaryIndexes", "IndexName");
    sort(table, "LocalSecondaryIndexes", "IndexName");
}

/// How much the table or index takes at once: as asked for, else as it was, and never less than what
/// is provisioned.
fn warm(owner: &mut Properties, before: Option<&Properties>, on_demand: bool) {
    let own =
        |owner: &Properties| units(owner, "WarmThroughput", ["ReadUnitsPerSecond", "WriteUnitsPerSecond"]);
    let floor = if on_demand {
        ON_DEMAND_WARMTH
    } else {
        units(owner, "ProvisionedThroughput", ["ReadCapacityUnits", "WriteCapacityUnits"]).unwrap_or((0, 0))
    };
    let given = own(owner).or_else(|| before.and_then(own)).unwrap_or(floor);
    let (read, write) = (given.0.max(floor.0), given.1.max(floor.1));
    owner.insert("WarmThroughput".into(), json!({"ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write}));
}

fn sort(table: &mut Properties, list: &str, by: &str) {
    if let Some(Json::Array(items)) = table.get_mut(list) {
        items.sort_by(|a, b| a[by].as_str().cmp(&b[by].as_str()));
    }
}
