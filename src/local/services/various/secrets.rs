//! Secrets Manager's secrets (AWS Secrets Manager API Reference, CreateSecret, GetRandomPassword).

use crate::local::services::generic::{self, Rule};
use crate::local::services::members::{flag, has, object, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

const SECRET: &str = "AWS::SecretsManager::Secret";
const ID: Rule = ("Id", "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${Name}-${lower:6}");

/// A secret.
pub(super) struct Secret;

impl Handler for Secret {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        check(context, &desired).map_err(|refusal| refusal.passed_on("SecretsManager", context.rng))?;
        generic::create_with(context, desired, &[ID])
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        check_value(&wanted).map_err(|refusal| refusal.passed_on("SecretsManager", context.rng))?;
        generic::update(context, stored, wanted)
    }
}

fn check(context: &Context<'_>, wanted: &Properties) -> Result<(), Refusal> {
    if let Some(name) = text(wanted, "Name") {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b)) {
            return Err(Refusal::new(
                "ValidationException",
                400,
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: \
                 -/_+=.@!",
            ));
        }
        let mut secrets = context.resources.of_type(context.scope, SECRET, None);
        if secrets.any(|secret| text(&secret.properties, "Name") == Some(name)) {
            let words = format!("The operation failed because the secret {name} already exists.");
            return Err(Refusal::new("AlreadyExistsException", 400, words));
        }
    }
    check_value(wanted)
}

/// A value is given or made, not both; a template for one is a JSON object, with a key to fill.
fn check_value(wanted: &Properties) -> Result<(), Refusal> {
    let invalid = |words: &str| Refusal::new("InvalidRequestException", 400, words);
    let Some(generate) = object(wanted, "GenerateSecretString") else { return Ok(()) };
    if has(wanted, "SecretString") {
        return Err(invalid("You can't specify both SecretString and GenerateSecretString."));
    }
    if has(generate, "SecretStringTemplate") != has(generate, "GenerateStringKey") {
        return Err(invalid("SecretStringTemplate and GenerateStringKey must be specified together."));
    }
    let template = text(generate, "SecretStringTemplate");
    if template.is_some_and(|t| !serde_json::from_str::<Json>(t).is_ok_and(|json| json.is_object())) {
        return Err(invalid("SecretStringTemplate must be a JSON object."));
    }
    let kinds = ["ExcludeLowercase", "ExcludeUppercase", "ExcludeNumbers", "ExcludePunctuation"];
    if kinds.iter().all(|kind| flag(generate, kind)) && !flag(generate, "IncludeSpace") {
        return Err(invalid("The password cannot be made of no characters."));
    }
    Ok(())
}
