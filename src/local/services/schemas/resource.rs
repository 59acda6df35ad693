//! EventBridge Schemas' registries, schemas and discoverers.
//!
//! Source: EventBridge Schemas API Reference; the words of refusals are those that AWS answers with,
//! measured in September 2026 (badmintoncryer/cdk-preflight).

use crate::local::services::arns::{self, Arn};
use crate::local::services::generic::{self, Rule};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

const REGISTRY: &str = "AWS::EventSchemas::Registry";
const SCHEMA: &str = "AWS::EventSchemas::Schema";

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        REGISTRY => &Registry,
        SCHEMA => &Schema,
        "AWS::EventSchemas::Discoverer" => &Discoverer,
        _ => return None,
    })
}

fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    let code = match refusal.code {
        "ForbiddenException" => "AccessDenied",
        "NotFoundException" => "NotFound",
        "ConflictException" => "AlreadyExists",
        _ => "InvalidRequest",
    };
    refusal.passed_on_as(code, "Schemas", context.rng)
}

fn bad(words: &str) -> Refusal {
    Refusal::new("BadRequestException", 400, words)
}

fn text<'a>(properties: &'a Properties, name: &str) -> &'a str {
    properties.get(name).and_then(Json::as_str).unwrap_or_default()
}

struct Registry;

impl Handler for Registry {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        if text(&desired, "RegistryName").starts_with("aws.") {
            let words = "You do not have the permission to create/modify an AWS managed registry with name \
                         prefixed with 'aws.'.";
            return Err(fault(context, Refusal::new("ForbiddenException", 403, words)));
        }
        const RULES: &[Rule] =
            &[("RegistryArn", "arn:${Partition}:schemas:${Region}:${Account}:registry/${RegistryName}")];
        generic::create_with(context, desired, RULES)
    }

    /// Its schemas go with it.
    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let name = text(stored, "RegistryName");
        let schemas = context.resources.of_type(context.scope, SCHEMA, None);
        let schemas: Vec<String> = schemas
            .filter(|row| text(&row.properties, "RegistryName") == name)
            .map(|row| row.identifier.clone())
            .collect();
        for identifier in schemas {
            context.resources.remove(context.scope, SCHEMA, &identifier);
        }
        Ok(())
    }
}

struct Schema;

impl Handler for Schema {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        const RULES: &[Rule] = &[
            (
                "SchemaArn",
                "arn:${Partition}:schemas:${Region}:${Account}:schema/${RegistryName}/${SchemaName}",
            ),
            ("SchemaVersion", "1"),
        ];
        let name = text(&desired, "RegistryName");
        // Where discovered schemas are put, every account has.
        let there = name == "discovered-schemas"
            || context
                .resources
                .of_type(context.scope, REGISTRY, None)
                .any(|registry| text(&registry.properties, "RegistryName") == name);
        if !there {
            let words = format!("Registry with name {name} does not exist.");
            return Err(fault(context, Refusal::new("NotFoundException", 404, words)));
        }
        check_content(&desired).map_err(|refusal| fault(context, refusal))?;
        let mut made = generic::create_with(context, desired, RULES)?;
        let now = seconds(context);
        made.insert("LastModified".to_owned(), json!(now));
        made.insert("VersionCreatedDate".to_owned(), json!(now));
        Ok(made)
    }

    /// Other content is another version.
    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        check_content(&wanted).map_err(|refusal| fault(context, refusal))?;
        let mut next = generic::update(context, stored, wanted)?;
        let now = seconds(context);
        if ["Content", "Type"].into_iter().any(|name| stored.get(name) != next.get(name)) {
            let version = text(stored, "SchemaVersion").parse::<u64>().unwrap_or(1).saturating_add(1);
            next.insert("SchemaVersion".to_owned(), json!(version.to_string()));
            next.insert("VersionCreatedDate".to_owned(), json!(now));
        }
        next.insert("LastModified".to_owned(), json!(now));
        Ok(next)
    }
}

/// The present to the second, as these APIs write it.
fn seconds(context: &Context<'_>) -> String {
    let now = context.now.rfc3339();
    now.split_once('.').map_or(now.clone(), |(seconds, _)| format!("{seconds}Z"))
}

fn check_content(schema: &Properties) -> Result<(), Refusal> {
    let kind = text(schema, "Type");
    if kind != "OpenApi3" && kind != "JSONSchemaDraft4" {
        return Err(bad("Type must be one of OpenApi3, JSONSchemaDraft4."));
    }
    let content: Json =
        serde_json::from_str(text(schema, "Content")).map_err(|_| bad("Content is not valid JSON"))?;
    if kind == "JSONSchemaDraft4" {
        return Ok(());
    }
    let version = content.get("openapi").and_then(Json::as_str).unwrap_or_default();
    let patch = version.strip_prefix("3.0.").unwrap_or_default();
    let (digit, rest) = patch.split_at_checked(1).unwrap_or_default();
    let good = digit.bytes().all(|b| b.is_ascii_digit()) && !digit.is_empty();
    if !good || !(rest.is_empty() || rest.starts_with('-') && rest.len() > 1) {
        return Err(bad(r"'openapi' does not match pattern '^3\.0\.\d(-.+)?$'"));
    }
    if content.get("$schema").is_some() {
        return Err(bad("additionalProperties '$schema' not allowed"));
    }
    Ok(())
}

/// A discoverer is named for the bus that it watches: there is one at most.
struct Discoverer;

impl Handler for Discoverer {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        const RULES: &[Rule] =
            &[("DiscovererArn", "arn:${Partition}:schemas:${Region}:${Account}:discoverer/${DiscovererId}")];
        let source = text(&desired, "SourceArn");
        let parts = Arn::parse(source).filter(|parts| parts.service == "events");
        let bus = parts.and_then(|parts| Some((parts, parts.resource.strip_prefix("event-bus/")?)));
        let refusal = match bus {
            Some((parts, _)) if parts.region != context.scope.region => {
                Some(bad("Cross region Event Bus sourcing is not supported."))
            }
            Some(_) if !arns::find(context, source).is_missing() => None,
            _ => Some(bad("Source ARN must be a valid event bus ARN.")),
        };
        if let Some(refusal) = refusal {
            return Err(fault(context, refusal));
        }
        let id = format!("events-event-bus-{}", bus.map_or("", |(_, name)| name));
        let partition = crate::local::settings::Settings::partition(&context.scope.region);
        let (region, account) = (&context.scope.region, &context.scope.account);
        let arn = format!("arn:{partition}:schemas:{region}:{account}:discoverer/{id}");
        if context.resources.get(context.scope, context.kind.name.as_str(), &arn).is_some() {
            return Err(HandlerFault::already_exists(context.kind.name.as_str(), &arn));
        }
        let mut made = generic::create_with(context, desired, RULES)?;
        made.insert("DiscovererId".to_owned(), json!(id));
        made.insert("DiscovererArn".to_owned(), json!(arn));
        made.insert("State".to_owned(), json!("STARTED"));
        made.entry("CrossAccount").or_insert(json!(true));
        Ok(made)
    }

    /// What an UpdateDiscoverer doesn't say is as a CreateDiscoverer doesn't say it.
    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        next.entry("CrossAccount").or_insert(json!(true));
        Ok(next)
    }
}
