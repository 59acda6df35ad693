//! AWS::StepFunctions::StateMachineAlias: a name for one version of a machine, or for two with
//! weights.

use super::{ALIAS, VERSION, fault};
use crate::local::services::generic;
use crate::local::services::members::{object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

/// The handler.
pub(super) struct Alias;

/// A linear deployment may take this long: as long as a handler may, 36 hours.
const LONGEST_DEPLOYMENT: u64 = 36 * 60;

impl Handler for Alias {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        route(&mut desired).map_err(|refusal| fault(context, refusal))?;
        let machine = check(context, &desired).map_err(|refusal| fault(context, refusal))?;
        // A name that nobody gave is made first; the ARN is the machine's and the name.
        let name = generic::fill("${Name}", context, &mut desired).unwrap_or_default();
        let arn = format!("{machine}:{name}");
        if context.resources.get(context.scope, ALIAS, &arn).is_some() {
            return Err(HandlerFault::already_exists(ALIAS, &arn));
        }
        desired.insert("Arn".to_owned(), json!(arn));
        Ok(desired)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        route(&mut next).map_err(|refusal| fault(context, refusal))?;
        let machine = check(context, &next).map_err(|refusal| fault(context, refusal))?;
        let arn = text(stored, "Arn").unwrap_or_default();
        if arn.rsplit_once(':').is_none_or(|(of, _)| of != machine) {
            let words = "The RoutingConfiguration's versions must be of the alias's own State Machine.";
            return Err(fault(context, Refusal::new("ValidationException", 400, words)));
        }
        Ok(next)
    }
}

fn invalid(words: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", 400, words)
}

/// A deployment preference ends with all traffic on its version; the way there isn't shown.
fn route(properties: &mut Properties) -> Result<(), Refusal> {
    let Some(preference) = object(properties, "DeploymentPreference") else { return Ok(()) };
    let kind = text(preference, "Type").unwrap_or_default();
    let number = |name: &str| preference.get(name).and_then(Json::as_u64);
    if kind != "ALL_AT_ONCE" {
        // The handler's own words.
        let missing = match (number("Interval"), number("Percentage")) {
            (None, None) => Some(("an interval and percentage", "'interval' and 'percentage' properties")),
            (None, Some(_)) => Some(("an interval", "'interval' property")),
            (Some(_), None) => Some(("a percentage", "'percentage' property")),
            (Some(interval), Some(percentage)) => {
                let steps = 100_u64.div_ceil(percentage.max(1));
                let time = steps.saturating_mul(interval);
                if kind == "LINEAR" && time > LONGEST_DEPLOYMENT {
                    return Err(invalid(format!(
                        "The linear deployment configured is estimated to take {time} minutes, which exceeds the maximum allowable deployment time of {LONGEST_DEPLOYMENT} minutes. Configure the deployment preference to use a higher shift percentage or lower time interval and try again."
                    )));
                }
                None
            }
        };
        if let Some((what, properties)) = missing {
            return Err(invalid(format!(
                "Deployments of type '{kind}' require {what} for traffic shifting. Configure the deployment preference with the {properties} and try again."
            )));
        }
    }
    let version = text(preference, "StateMachineVersionArn").unwrap_or_default().to_owned();
    let routes = json!([{"StateMachineVersionArn": version, "Weight": 100}]);
    properties.insert("RoutingConfiguration".to_owned(), routes);
    Ok(())
}

/// Every version is there, all are of one machine, and the weights are 100 together; the machine.
fn check(context: &Context<'_>, properties: &Properties) -> Result<String, Refusal> {
    let mut machines: Vec<&str> = Vec::new();
    let mut weight = 0_u64;
    for route in objects(properties, "RoutingConfiguration") {
        let arn = text(route, "StateMachineVersionArn").unwrap_or_default();
        if context.resources.get(context.scope, VERSION, arn).is_none() {
            let words = format!("Request references a resource that either does not exist: '{arn}'");
            return Err(Refusal::new("ResourceNotFound", 400, words));
        }
        machines.extend(arn.rsplit_once(':').map(|(machine, _)| machine));
        weight = weight.saturating_add(route.get("Weight").and_then(Json::as_u64).unwrap_or(0));
    }
    machines.dedup();
    let [machine] = machines.as_slice() else {
        return Err(invalid("The RoutingConfiguration's versions must be of one State Machine."));
    };
    if weight != 100 {
        return Err(invalid("Sum of routing configuration weights must equal 100."));
    }
    Ok((*machine).to_owned())
}
