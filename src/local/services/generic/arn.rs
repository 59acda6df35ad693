//! A resource's ARN, where no rule of its type says it: as the reference has it, else as the
//! registry's expression for it allows. One that the registry wouldn't allow would have every later
//! update of the resource refused, for the whole model is checked.

use super::fill;
use super::invent::{self, Shape};
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use crate::local::settings::Settings;
use crate::local::world::HEX;
use crate::schema::PropertyPath;
use serde_json::Value as Json;

/// How many texts are tried for an expression.
const TRIES: usize = 12;

/// The ARN for this property.
pub(super) fn made(context: &mut Context<'_>, property: &str, properties: &mut Properties) -> String {
    let kind = context.kind;
    let shape = Shape::of(context, &[property.to_owned()]);
    if let Some(template) = &kind.arn_template
        && let Some(arn) = fill(template, context, properties)
        && shape.fits(&arn)
    {
        return arn;
    }
    let (service, resource) = (kind.name.service(), kind.name.resource());
    let given = kind.identifier_from(&Json::Object(properties.clone()));
    let given = given.filter(|id| !id.contains(['|', ':']));
    let id = given.unwrap_or_else(|| context.rng.text(HEX, 17));
    let usual = format!(
        "arn:{}:{}:{}:{}:{}/{id}",
        Settings::partition(&context.scope.region),
        service.to_lowercase(),
        context.scope.region,
        context.scope.account,
        resource.to_lowercase()
    );
    if shape.fits(&usual) {
        return usual;
    }
    let path = PropertyPath::from_names([property]);
    let allowed = (0..TRIES).find_map(|_| {
        let sampled = invent::sampled(context, &path)?;
        let arn = placed(context, &shape, sampled.as_str()?);
        arn.starts_with("arn:").then(|| ending_in(&shape, arn, &id))
    });
    allowed.unwrap_or(usual)
}

/// The ARN with this place's partition, region and account, as far as the expression allows them.
fn placed(context: &Context<'_>, shape: &Shape, arn: &str) -> String {
    let place = [
        (1, Settings::partition(&context.scope.region)),
        (3, context.scope.region.as_str()),
        (4, context.scope.account.as_str()),
    ];
    let mut arn = arn.to_owned();
    for (part, value) in place {
        let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
        if parts.len() == 6 {
            parts[part] = value;
            let other = parts.join(":");
            if shape.fits(&other) {
                arn = other;
            }
        }
    }
    arn
}

/// The ARN with the resource's own id at its end, if that is allowed.
fn ending_in(shape: &Shape, arn: String, id: &str) -> String {
    let Some(end) = arn.rfind(['/', ':']) else { return arn };
    let other = format!("{}{id}", &arn[..=end]);
    if shape.fits(&other) { other } else { arn }
}
