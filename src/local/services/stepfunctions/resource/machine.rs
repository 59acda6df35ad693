//! AWS::StepFunctions::StateMachine.

use super::{ALIAS, MACHINE, VERSION, fault};
use crate::local::services::generic;
use crate::local::services::members::{default, text};
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use crate::local::services::stepfunctions::definition::{self, NoDefinition};
use crate::local::services::stepfunctions::machine;
use crate::schema::ResourceType;
use serde_json::{Value as Json, json};

/// The handler.
pub(super) struct StateMachine;

/// How many versions a machine has had: kept in its row, shown to nobody.
pub(super) const VERSIONS: &str = "VersionsPublished";

const RULES: &[generic::Rule] = &[
    ("Arn", "arn:${Partition}:states:${Region}:${Account}:stateMachine:${StateMachineName}"),
    ("Name", "${StateMachineName}"),
    // What the handler says where DescribeStateMachine says nothing yet.
    ("StateMachineRevisionId", "INITIAL"),
];

impl Handler for StateMachine {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create_with(context, desired, RULES)?;
        define(context, &mut made)?;
        defaults(&mut made);
        let arn = text(&made, "Arn").unwrap_or_default().to_owned();
        machine::check(context, &arn, &made).map_err(|refusal| fault(context, refusal))?;
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        define(context, &mut next)?;
        defaults(&mut next);
        let arn = text(stored, "Arn").unwrap_or_default().to_owned();
        machine::check(context, &arn, &next).map_err(|refusal| fault(context, refusal))?;
        // Tags alone make no revision.
        let revised = |name: &str| next.get(name) != stored.get(name);
        let parts = [
            "DefinitionString",
            "RoleArn",
            "LoggingConfiguration",
            "TracingConfiguration",
            "EncryptionConfiguration",
        ];
        if parts.iter().any(|part| revised(part)) {
            next.insert("StateMachineRevisionId".to_owned(), json!(context.rng.uuid()));
        }
        if let Some(versions) = stored.get(VERSIONS) {
            next.insert(VERSIONS.to_owned(), versions.clone());
        }
        Ok(next)
    }

    fn read(&self, kind: &ResourceType, stored: &Properties) -> Properties {
        let mut shown = generic::visible(kind, stored);
        shown.shift_remove(VERSIONS);
        shown
    }

    /// Versions and aliases go with their machine (DeleteStateMachine).
    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let start = format!("{}:", text(stored, "Arn").unwrap_or_default());
        for type_name in [VERSION, ALIAS] {
            let gone: Vec<String> = context
                .resources
                .of_type(context.scope, type_name, None)
                .filter(|row| row.identifier.starts_with(&start))
                .map(|row| row.identifier.clone())
                .collect();
            for identifier in gone {
                context.resources.remove(context.scope, type_name, &identifier);
            }
        }
        Ok(())
    }
}

/// Makes `DefinitionString` of whichever form was given; the others aren't kept, as Step Functions
/// doesn't have them.
fn define(context: &mut Context<'_>, properties: &mut Properties) -> Result<(), HandlerFault> {
    let definition = definition::text(properties).map_err(|why| match why {
        NoDefinition::Count(words) => HandlerFault::new("InternalFailure", words),
        NoDefinition::TooLong => {
            HandlerFault::new("InvalidRequest", "State Machine definition file cannot exceed 1MB.")
        }
        NoDefinition::EndlessSubstitution => HandlerFault::new("InternalFailure", "Internal Failure"),
        NoDefinition::InS3(bucket) => in_s3(context, &bucket),
    })?;
    for source in ["Definition", "DefinitionS3Location", "DefinitionSubstitutions"] {
        properties.shift_remove(source);
    }
    properties.insert("DefinitionString".to_owned(), json!(definition));
    Ok(())
}

/// This cloud has buckets without objects.
fn in_s3(context: &Context<'_>, bucket: &str) -> HandlerFault {
    if context.resources.get(context.scope, "AWS::S3::Bucket", bucket).is_none() {
        let words = "The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket)";
        return HandlerFault::new("GeneralServiceException", words);
    }
    let words = format!(
        "DefinitionS3Location of {MACHINE} isn't supported: this cloud keeps no objects in `{bucket}`; \
         give the definition as DefinitionString or Definition"
    );
    HandlerFault::new("InvalidRequest", words)
}

/// As DescribeStateMachine shows what nobody said.
fn defaults(properties: &mut Properties) {
    default(properties, "StateMachineType", "STANDARD");
    default(properties, "LoggingConfiguration", json!({}));
    default(properties, "TracingConfiguration", json!({}));
    default(properties, "EncryptionConfiguration", json!({}));
    let mut within = |property: &str, name: &str, value: Json| {
        if let Some(Json::Object(object)) = properties.get_mut(property) {
            default(object, name, value);
        }
    };
    within("LoggingConfiguration", "Level", json!("OFF"));
    within("LoggingConfiguration", "IncludeExecutionData", json!(false));
    within("TracingConfiguration", "Enabled", json!(false));
    within("EncryptionConfiguration", "Type", json!("AWS_OWNED_KEY"));
    if let Some(Json::Object(encryption)) = properties.get_mut("EncryptionConfiguration")
        && encryption.get("Type").is_some_and(|kind| kind == "CUSTOMER_MANAGED_KMS_KEY")
    {
        default(encryption, "KmsDataKeyReusePeriodSeconds", 300);
    }
}
