//! AWS::StepFunctions::StateMachineVersion: a numbered snapshot of a machine's revision.

use super::machine::VERSIONS;
use super::{ALIAS, VERSION, fault, machine};
use crate::local::services::generic;
use crate::local::services::members::{default, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::{Properties, Resource};
use serde_json::{Value as Json, json};

/// The handler.
pub(super) struct Version;

impl Handler for Version {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let arn = text(&desired, "StateMachineArn").unwrap_or_default().to_owned();
        let machine = machine(context, &arn).map_err(|refusal| fault(context, refusal))?;
        let revision = text(&machine.properties, "StateMachineRevisionId").unwrap_or_default();
        let number = machine.properties.get(VERSIONS).and_then(Json::as_u64).unwrap_or(0);
        // The handler looks whether the newest version is of this revision already.
        let newest = (1..=number)
            .rev()
            .find_map(|number| context.resources.get(context.scope, VERSION, &format!("{arn}:{number}")));
        if let Some(newest) = newest
            && text(&newest.properties, "StateMachineRevisionId") == Some(revision)
        {
            return Err(HandlerFault::already_exists(VERSION, &newest.identifier));
        }
        if text(&desired, "StateMachineRevisionId").is_some_and(|asked| asked != revision) {
            let words = format!(
                "Failed to publish the State Machine version for revision {}. The current State Machine revision is {revision}.",
                text(&desired, "StateMachineRevisionId").unwrap_or_default()
            );
            let refusal = Refusal::new("ValidationException", 400, words);
            return Err(fault(context, refusal));
        }
        let number = number.saturating_add(1);
        let mut given = desired;
        given.shift_remove("Arn");
        default(&mut given, "StateMachineRevisionId", revision);
        // The ARN isn't made of properties alone.
        let rule = format!("{arn}:{number}");
        let mut made = given;
        made.insert("Arn".to_owned(), json!(rule));
        let mut counted: Resource = (*machine).clone();
        counted.properties.insert(VERSIONS.to_owned(), json!(number));
        context.resources.put(counted);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        generic::update(context, stored, wanted)
    }

    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let arn = text(stored, "Arn").unwrap_or_default();
        let names: Vec<String> = context
            .resources
            .of_type(context.scope, ALIAS, None)
            .filter(|alias| {
                let routes = alias.properties.get("RoutingConfiguration").and_then(Json::as_array);
                routes.is_some_and(|routes| routes.iter().any(|route| route["StateMachineVersionArn"] == arn))
            })
            .filter_map(|alias| text(&alias.properties, "Name").map(str::to_owned))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let words = format!(
            "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
            names.join(", ")
        );
        let mut fault = fault(context, Refusal::new("ConflictException", 400, words));
        fault.code = "ResourceConflict";
        Err(fault)
    }
}
