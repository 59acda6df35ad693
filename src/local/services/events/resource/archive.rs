//! `AWS::Events::Archive`.

use super::{fault, text};
use crate::local::services::events::refusals::{exists, invalid};
use crate::local::services::events::{bus, rule};
use crate::local::services::generic::{self, Rule};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::json;

pub(super) struct Archive;

const RULES: &[Rule] = &[("Arn", "arn:${Partition}:events:${Region}:${Account}:archive/${ArchiveName}")];

impl Handler for Archive {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        let name = text(&desired, "ArchiveName");
        if context.resources.get(context.scope, context.kind.name.as_str(), name).is_some() {
            let refusal = exists(format!("Archive {name} already exists."));
            return Err(fault(context, refusal));
        }
        check(context, &mut desired).map_err(|refusal| fault(context, refusal))?;
        generic::create_with(context, desired, RULES)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        check(context, &mut next).map_err(|refusal| fault(context, refusal))?;
        Ok(next)
    }
}

/// An archive records a bus of its own region; zero days are for ever.
fn check(context: &Context<'_>, archive: &mut Properties) -> Result<(), Refusal> {
    const ARN: &str = r"^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:.+\/.+$";
    archive.retain(|_, value| !value.is_null());
    let source = text(archive, "SourceArn");
    if !source.starts_with("arn:") || !source.contains(":event-bus/") {
        return Err(invalid(format!(
            "1 validation error detected: Value '{source}' at 'eventSourceArn' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: {ARN}"
        )));
    }
    bus::check_exists(context, source)?;
    if let Some(pattern) = archive.get("EventPattern") {
        let pattern = rule::checked_pattern(pattern)?;
        archive.insert("EventPattern".to_owned(), pattern);
    }
    archive.entry("RetentionDays").or_insert(json!(0));
    Ok(())
}
