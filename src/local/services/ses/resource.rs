//! `AWS::SES::EmailIdentity`, `AWS::SES::ConfigurationSet`, `AWS::SES::Template`.

use super::identity;
use crate::local::services::generic;
use crate::local::services::members::{default, object, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use crate::local::world::UPPER;
use serde_json::{Value as Json, json};

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        "AWS::SES::EmailIdentity" => &EmailIdentity,
        CONFIGURATION_SET => &ConfigurationSet,
        "AWS::SES::Template" => &Template,
        _ => return None,
    })
}

const CONFIGURATION_SET: &str = "AWS::SES::ConfigurationSet";

struct EmailIdentity;

impl EmailIdentity {
    fn check(context: &mut Context<'_>, wanted: &Properties) -> Result<(), HandlerFault> {
        let set =
            object(wanted, "ConfigurationSetAttributes").and_then(|set| text(set, "ConfigurationSetName"));
        let missing =
            set.filter(|set| context.resources.get(context.scope, CONFIGURATION_SET, set).is_none());
        let checked = match missing {
            Some(set) => {
                let words = format!("Configuration set <{set}> does not exist.");
                Err(Refusal::new("NotFoundException", 404, words))
            }
            None => identity::check(wanted),
        };
        checked.map_err(|refusal| refusal.passed_on("SesV2", context.rng))
    }
}

impl Handler for EmailIdentity {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        Self::check(context, &desired)?;
        let mut made = generic::create(context, desired)?;
        identity::add_tokens(&mut made, context.rng);
        identity::complete(&mut made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        Self::check(context, &wanted)?;
        let mut next = generic::update(context, stored, wanted)?;
        identity::complete(&mut next);
        Ok(next)
    }
}

struct ConfigurationSet;

impl Handler for ConfigurationSet {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create(context, desired)?;
        complete(&mut made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        complete(&mut next);
        Ok(next)
    }
}

/// A set that nobody restricts sends, and keeps its reputation.
fn complete(set: &mut Properties) {
    default(set, "SendingOptions", json!({"SendingEnabled": true}));
    default(set, "ReputationOptions", json!({"ReputationMetricsEnabled": true}));
}

struct Template;

impl Handler for Template {
    /// A template's id is its name.
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        default(&mut desired, "Template", json!({}));
        let invented = format!("Template-{}", context.rng.text(UPPER, 12));
        let mut name = invented.clone();
        if let Some(Json::Object(template)) = desired.get_mut("Template") {
            default(template, "TemplateName", invented);
            name = text(template, "TemplateName").unwrap_or_default().to_owned();
        }
        if context.resources.get(context.scope, context.kind.name.as_str(), &name).is_some() {
            return Err(HandlerFault::already_exists(context.kind.name.as_str(), &name));
        }
        let mut made = generic::create(context, desired)?;
        made.insert("Id".into(), Json::String(name));
        Ok(made)
    }
}
