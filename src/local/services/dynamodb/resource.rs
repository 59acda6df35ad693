//! DynamoDB's tables.

use crate::local::services::generic;
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
        let mut made = generic::create_with(context, desired, &[ARN])?;
        stream(context, None, &mut made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        stream(context, Some(stored), &mut next);
        Ok(next)
    }
}

/// A stream's ARN ends with the moment it was switched on; another view type is another stream.
fn stream(context: &Context<'_>, before: Option<&Properties>, table: &mut Properties) {
    let specification = table.get("StreamSpecification").filter(|s| !s.is_null());
    if specification.is_none() {
        table.shift_remove("StreamArn");
        return;
    }
    let same = before.is_some_and(|before| before.get("StreamSpecification") == specification);
    if same && table.contains_key("StreamArn") {
        return;
    }
    let moment = context.now.rfc3339();
    let moment = moment.trim_end_matches('Z');
    if let Some(arn) = table.get("Arn").and_then(Json::as_str) {
        let arn = format!("{arn}/stream/{moment}");
        table.insert("StreamArn".into(), Json::String(arn));
    }
}
