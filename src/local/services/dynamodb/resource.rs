//! `AWS::DynamoDB::Table`: what its handler does with DynamoDB's own rules.

use super::{change, keys, table};
use crate::local::services::generic;
use crate::local::services::members::{flag, has, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    (type_name == "AWS::DynamoDB::Table").then_some(&Table)
}

struct Table;

const ARN: generic::Rule = ("Arn", "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}");

impl Handler for Table {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        listed_key(&desired)?;
        table::check(&desired).map_err(|refusal| passed_on(refusal, context))?;
        change::check(&Properties::new(), &desired).map_err(|refusal| passed_on(refusal, context))?;
        let mut made = generic::create_with(context, desired, &[ARN])?;
        stream(context, None, &mut made);
        table::complete(&mut made, None);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        listed_key(&wanted)?;
        replacements(stored, &wanted)?;
        table::check(&wanted).map_err(|refusal| passed_on(refusal, context))?;
        change::check(stored, &wanted).map_err(|refusal| passed_on(refusal, context))?;
        let mut next = generic::update(context, stored, wanted)?;
        stream(context, Some(stored), &mut next);
        table::complete(&mut next, Some(stored));
        Ok(next)
    }

    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        if flag(stored, "DeletionProtectionEnabled") {
            let words = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion \
                         protection first.";
            return Err(passed_on(table::refused(words), context));
        }
        Ok(())
    }
}

fn passed_on(refusal: Refusal, context: &mut Context<'_>) -> HandlerFault {
    refusal.passed_on("DynamoDb", context.rng)
}

/// The schema still knows a key as one object, as DynamoDB had it before 2012.
fn listed_key(table: &Properties) -> Result<(), HandlerFault> {
    match table.get("KeySchema") {
        Some(Json::Array(_)) | None => Ok(()),
        Some(_) => Err(HandlerFault::new("InvalidRequest", "KeySchema must be a list of KeySchemaElement")),
    }
}

/// What the handler itself refuses, before it asks DynamoDB: changes that need another table, and
/// more than one index at once.
fn replacements(stored: &Properties, wanted: &Properties) -> Result<(), HandlerFault> {
    if keys::schema(stored) != keys::schema(wanted) || retyped(stored, wanted) {
        return Err(HandlerFault::new("NotUpdatable", "KeySchema can't be changed: it needs another table"));
    }
    let indexes = change::indexes(stored, wanted);
    if indexes.local {
        let words = "LocalSecondaryIndexes can't be changed: they need another table";
        return Err(HandlerFault::new("NotUpdatable", words));
    }
    if indexes.altered.is_some() {
        return Err(HandlerFault::new(
            "InvalidRequest",
            "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights \
             Specification. You can create a new GSI with a different name.",
        ));
    }
    if indexes.moved > 1 {
        return Err(HandlerFault::new(
            "InvalidRequest",
            "Cannot perform more than one GSI creation or deletion in a single update",
        ));
    }
    Ok(())
}

/// Whether an attribute that stays in the table's key would have another type.
fn retyped(stored: &Properties, wanted: &Properties) -> bool {
    let kind = |table, name: &str| {
        let found = objects(table, "AttributeDefinitions").find(|a| text(a, "AttributeName") == Some(name));
        found.and_then(|attribute| text(attribute, "AttributeType")).map(str::to_owned)
    };
    let key = keys::schema(stored);
    key.iter().any(|(name, _)| {
        let (was, is) = (kind(stored, name), kind(wanted, name));
        is.is_some() && was != is
    })
}

/// A stream's ARN ends with the moment it was switched on.
fn stream(context: &Context<'_>, before: Option<&Properties>, table: &mut Properties) {
    if !has(table, "StreamSpecification") {
        table.shift_remove("StreamArn");
        return;
    }
    if before.is_some_and(|before| has(before, "StreamArn")) {
        return;
    }
    let moment = context.now.rfc3339();
    let moment = moment.trim_end_matches('Z');
    if let Some(arn) = text(table, "Arn") {
        let arn = format!("{arn}/stream/{moment}");
        table.insert("StreamArn".into(), Json::String(arn));
    }
}
