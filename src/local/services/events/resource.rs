//! EventBridge's resources: buses, rules, archives, connections, destinations, discoverers.

use crate::local::services::generic::{self, Ruled};
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        "AWS::Events::Rule" => &Rule,
        "AWS::Events::EventBus" => &BUS,
        "AWS::Events::Archive" => &ARCHIVE,
        "AWS::Events::Connection" => &CONNECTION,
        "AWS::Events::ApiDestination" => &DESTINATION,
        _ => return None,
    })
}

static BUS: Ruled = Ruled::new(&[("Arn", "arn:${Partition}:events:${Region}:${Account}:event-bus/${Name}")]);

static ARCHIVE: Ruled =
    Ruled::new(&[("Arn", "arn:${Partition}:events:${Region}:${Account}:archive/${ArchiveName}")]);

/// A connection keeps its secrets in a secret of its own.
static CONNECTION: Ruled = Ruled::new(&[
    ("Arn", "arn:${Partition}:events:${Region}:${Account}:connection/${Name}/${uuid}"),
    ("ArnForPolicy", "arn:${Partition}:events:${Region}:${Account}:connection/${Name}"),
    (
        "SecretArn",
        "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:events!connection/${Name}/${uuid}-${lower:6}",
    ),
]);

static DESTINATION: Ruled = Ruled::new(&[
    ("Arn", "arn:${Partition}:events:${Region}:${Account}:api-destination/${Name}/${uuid}"),
    ("ArnForPolicy", "arn:${Partition}:events:${Region}:${Account}:api-destination/${Name}"),
]);

/// A rule's ARN names its bus, unless it is the default one.
struct Rule;

impl Handler for Rule {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let bus = desired.get("EventBusName").and_then(Json::as_str).unwrap_or("default");
        // The bus may be given by its ARN; a partner's bus has slashes in its name.
        let bus = match bus.split_once(":event-bus/") {
            Some((arn, name)) if arn.starts_with("arn:") => name,
            _ => bus,
        };
        let start = "arn:${Partition}:events:${Region}:${Account}:rule/";
        let arn = match bus {
            "default" => format!("{start}${{Name}}"),
            bus => format!("{start}{}/${{Name}}", bus.replace("${", "")),
        };
        let mut properties = desired;
        properties.shift_remove("Arn");
        if let Some(arn) = generic::fill(&arn, context, &mut properties) {
            let name = properties.get("Name").cloned();
            let mut made = generic::create_with(context, properties, &[])?;
            made.insert("Arn".into(), Json::String(arn));
            made.extend(name.map(|name| ("RuleName".to_owned(), name)));
            return Ok(made);
        }
        generic::create(context, properties)
    }
}
