//! Any resource type, driven by its schema alone: names that nobody gave, identifiers and other
//! computed properties, what a read hides.

mod arn;
mod invent;
mod paths;
mod template;
pub(crate) mod undeclared;

pub(crate) use template::fill;

use super::resource::{Context, Handler, HandlerFault};
use super::resources::Properties;
use crate::local::settings::Settings;
use crate::schema::{Declared, PlaceRef, ResourceType, predict};
use serde_json::Value as Json;

/// The handler without opinions.
pub(crate) struct Generic;

impl Handler for Generic {}

/// One computed property of a type: its name, and the template of its value (see [`fill`]).
pub(crate) type Rule = (&'static str, &'static str);

/// A handler whose computed properties follow rules; all else is generic.
pub(crate) struct Ruled(&'static [Rule]);

impl Ruled {
    /// With rules for the create.
    pub(crate) const fn new(made: &'static [Rule]) -> Self {
        Self(made)
    }
}

impl Handler for Ruled {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        create_with(context, desired, self.0)
    }
}

fn apply(rules: &[Rule], context: &mut Context<'_>, properties: &mut Properties) {
    for (name, template) in rules {
        if let Some(value) = fill(template, context, properties) {
            properties.insert((*name).to_owned(), Json::String(value));
        }
    }
}

/// Makes a resource without rules of its own.
pub(crate) fn create(context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
    create_with(context, desired, &[])
}

/// How often something new is made up where there is little to choose from: a short id, a version.
const TRIES: usize = 16;

/// Makes a resource: what the caller may not set is dropped (as CloudFormation's framework does),
/// the rules' properties are set, then names and identifiers that are still missing.
pub(crate) fn create_with(
    context: &mut Context<'_>,
    desired: Properties,
    rules: &[Rule],
) -> Result<Properties, HandlerFault> {
    let kind = context.kind;
    let mut taken = String::new();
    for _ in 0..TRIES {
        let made = make(context, desired.clone(), rules);
        let model = Json::Object(made);
        match kind.identifier_from(&model) {
            Some(identifier)
                if context.resources.get(context.scope, kind.name.as_str(), &identifier).is_some() =>
            {
                // What was given stays the same; what a service makes up is new.
                taken = identifier;
            }
            _ => match model {
                Json::Object(properties) => return Ok(properties),
                _ => return Ok(Properties::new()),
            },
        }
    }
    Err(HandlerFault::already_exists(kind.name.as_str(), &taken))
}

fn make(context: &mut Context<'_>, desired: Properties, rules: &[Rule]) -> Properties {
    let kind = context.kind;
    let mut properties = desired;
    properties.retain(|name, _| !kind.is_read_only(&[name.as_str()]) || kind.is_required(name));
    for path in kind.read_only.iter().filter(|path| path.names().len() > 1) {
        paths::drop(&mut properties, path.names());
    }
    apply(rules, context, &mut properties);
    predicted(context, &mut properties);
    for path in &kind.primary_identifier {
        if paths::get(&properties, path.names()).is_none() {
            // The ARN is made last, of the other identifying parts.
            if kind.arn_property() != Some(path.top()) {
                let value = invent::identifying(context, path, &properties);
                paths::set(&mut properties, path.names(), value);
            }
        }
    }
    predicted(context, &mut properties);
    if let Some(name) = kind.arn_property()
        && !properties.contains_key(name)
    {
        let arn = arn::made(context, name, &mut properties);
        properties.insert(name.to_owned(), Json::String(arn));
    }
    invent::computed(context, &mut properties);
    properties
}

/// Changes a resource: the wanted model, with the computed properties as they were.
pub(crate) fn update(
    context: &mut Context<'_>,
    stored: &Properties,
    wanted: Properties,
) -> Result<Properties, HandlerFault> {
    let mut next = wanted;
    for path in &context.kind.read_only {
        if path.names().len() == 1
            && let Some(value) = stored.get(path.top())
        {
            next.insert(path.top().to_owned(), value.clone());
        }
    }
    Ok(next)
}

/// What a read shows of the stored properties: everything but what is write-only.
pub(crate) fn visible(kind: &ResourceType, stored: &Properties) -> Properties {
    let mut shown = stored.clone();
    for path in &kind.write_only {
        paths::remove(&mut shown, path.names());
    }
    shown
}

/// Sets the computed properties that account, region and the other properties decide.
fn predicted(context: &Context<'_>, properties: &mut Properties) {
    let place = PlaceRef {
        partition: Settings::partition(&context.scope.region),
        region: &context.scope.region,
        account: &context.scope.account,
        dns_suffix: Settings::dns_suffix(&context.scope.region),
        base_url: Some(&context.settings.base_url),
    };
    for path in context.kind.read_only.iter().filter(|path| path.names().len() == 1) {
        if properties.contains_key(path.top()) {
            continue;
        }
        let declared = |name: &str| match properties.get(name) {
            None | Some(Json::Null) => Declared::Absent,
            Some(Json::String(text)) => Declared::Known(text.clone()),
            Some(other) => Declared::Known(other.to_string()),
        };
        if let Some(value) = predict(context.kind, &place, path.top(), &declared).known() {
            properties.insert(path.top().to_owned(), Json::String(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::clock::Time;
    use crate::local::profile::{Counts, Profile};
    use crate::local::services::resources::{Origin, Resource, Resources};
    use crate::local::services::{Scope, handler};
    use crate::local::world::Rng;
    use crate::schema::Catalogue;
    use serde_json::json;

    /// What is made, unless the type's own service finds something to refuse.
    fn made(kind: &ResourceType, desired: Json) -> Option<Properties> {
        let (settings, mut rng) = (Settings::default(), Rng::new(1, 0));
        let scope = Scope { account: settings.account.clone(), region: settings.region.clone() };
        let now = Time(1_795_000_000_000);
        let mut resources = Resources::new();
        let mut context = Context {
            settings: &settings,
            scope: &scope,
            profile: &Profile::default(),
            counts: &Counts::default(),
            rng: &mut rng,
            resources: &mut resources,
            now,
            kind,
        };
        let desired = desired.as_object().cloned().expect("an object");
        handler(kind.name.as_str()).create(&mut context, desired).ok()
    }

    #[test]
    fn every_type_gets_an_identifier_from_nothing() {
        let catalogue = Catalogue::bundled();
        let without: Vec<&str> = catalogue
            .type_names()
            .filter(|name| {
                let kind = catalogue.get(name).expect("it exists");
                let Some(properties) = made(&kind, json!({})) else { return false };
                kind.identifier_from(&Json::Object(properties)).is_none_or(|id| id.is_empty())
            })
            .collect();
        assert!(without.is_empty(), "{} types: {without:?}", without.len());
    }

    #[test]
    fn what_a_service_makes_up_is_new_where_it_has_few_to_choose_from() {
        let catalogue = Catalogue::bundled();
        for (name, desired) in [
            ("AWS::EC2::ApplicationStatusCheck", json!({"Port": 80, "Protocol": "http"})),
            (
                "AWS::Bedrock::FlowVersion",
                json!({"FlowArn": "arn:aws:bedrock:us-east-1:000000000000:flow/A"}),
            ),
        ] {
            let kind = catalogue.get(name).expect("it exists");
            let (settings, counts, profile) = (Settings::default(), Counts::default(), Profile::default());
            let scope = Scope { account: settings.account.clone(), region: settings.region.clone() };
            for seed in 0..40 {
                let (mut resources, mut rng) = (Resources::new(), Rng::new(seed, 0));
                for number in 0..3 {
                    let mut context = Context {
                        settings: &settings,
                        scope: &scope,
                        profile: &profile,
                        counts: &counts,
                        rng: &mut rng,
                        resources: &mut resources,
                        now: Time(1_795_000_000_000),
                        kind: &kind,
                    };
                    let properties = desired.as_object().cloned().expect("an object");
                    let made = create(&mut context, properties);
                    let made = made.unwrap_or_else(|why| panic!("{name}, seed {seed}, {number}: {why:?}"));
                    let by = Origin {
                        by: String::new(),
                        through: String::new(),
                        request: String::new(),
                        at: Time(0),
                    };
                    resources.put(Resource {
                        type_name: name.to_owned(),
                        identifier: kind.identifier_from(&Json::Object(made.clone())).expect("it has one"),
                        scope: scope.clone(),
                        properties: made,
                        created: by.clone(),
                        changed: by,
                    });
                }
            }
        }
    }

    /// What this cloud makes and what a plan promises come from different tables; where both speak
    /// they must agree.
    #[test]
    fn what_is_predicted_is_what_is_made() {
        let catalogue = Catalogue::bundled();
        let settings = Settings::default();
        let place = PlaceRef {
            partition: "aws",
            region: &settings.region,
            account: &settings.account,
            dns_suffix: "amazonaws.com",
            base_url: Some(&settings.base_url),
        };
        let mut wrong = Vec::new();
        for name in catalogue.type_names() {
            let kind = catalogue.get(name).expect("it exists");
            // Every settable top text has a name of its own.
            let mut desired = serde_json::Map::new();
            for (property, schema) in kind.properties() {
                if !kind.is_read_only(&[property]) && kind.resolve(schema)["type"] == "string" {
                    desired.insert(property.to_owned(), json!(format!("my-{}", property.to_lowercase())));
                }
            }
            let Some(properties) = made(&kind, Json::Object(desired.clone())) else { continue };
            for path in kind.read_only.iter().filter(|path| path.names().len() == 1) {
                let declared =
                    |name: &str| desired.get(name).and_then(Json::as_str).map(str::to_owned).into();
                let predicted = predict(&kind, &place, path.top(), &declared).known();
                if let Some(predicted) = predicted
                    && properties.get(path.top()).and_then(Json::as_str) != Some(&predicted)
                {
                    wrong.push(format!("{name} {path}: {predicted} but {:?}", properties.get(path.top())));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
    }
}
