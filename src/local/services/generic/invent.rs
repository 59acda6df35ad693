//! What a service invents: names that nobody gave, ids, and the other computed properties whose
//! shape the schema or the name gives away.

use crate::local::services::Scope;
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use crate::local::settings::Settings;
use crate::local::world::{DIGITS, HEX, LOWER, UPPER};
use crate::schema::sample::{Extent, Place, Sampler};
use crate::schema::{NameLimit, PropertyPath};
use serde_json::{Value as Json, json};

/// How often a text is looked for that is no ARN and that nothing has yet.
const SAMPLES: usize = 16;

/// A value for an identifying property that has none.
pub(super) fn identifying(context: &mut Context<'_>, path: &PropertyPath, properties: &Properties) -> Json {
    let shape = Shape::of(context, path.names());
    if shape.integer {
        return json!(context.rng.below(90_000_000) + 10_000_000);
    }
    let last = path.names().last().map_or("", String::as_str);
    let computed = context.kind.is_read_only(path.names());
    let name = context.kind.name.resource();
    let mut candidates = Vec::new();
    if let Some(choice) = shape.choices.first() {
        candidates.push(choice.clone());
    }
    if is_arn_name(last) {
        let mut known = properties.clone();
        candidates.push(super::arn::made(context, last, &mut known));
    }
    if !computed {
        let fifo = if properties.get("FifoQueue").or(properties.get("FifoTopic")) == Some(&json!(true)) {
            ".fifo"
        } else {
            ""
        };
        candidates.push(format!("{name}-{}{fifo}", context.rng.text(UPPER, 12)));
        candidates.push(format!("{}-{}", name.to_lowercase(), context.rng.text(LOWER, 12)));
    }
    candidates.push(context.rng.uuid());
    candidates.push(context.rng.text(LOWER, 10));
    candidates.push(format!("{}-{}", prefix(name), context.rng.text(HEX, 17)));
    candidates.push(context.rng.text(HEX, 8));
    candidates.push(context.rng.text(DIGITS, 12));
    candidates.push(context.rng.text(UPPER, 16));
    candidates.push(format!("{}_{}", name.to_lowercase(), context.rng.text(LOWER, 12)));
    let limit = context.kind.name_limit(path.top());
    // Nothing else has it: what a service invents is new.
    let alone = computed && !is_arn_name(last) && context.kind.primary_identifier.len() == 1;
    let (resources, scope, type_name) = (&*context.resources, context.scope, context.kind.name.as_str());
    let taken = |text: &str| alone && resources.get(scope, type_name, text).is_some();
    let fits = |text: &String| shape.fits(text) && (path.names().len() > 1 || limit.allows(text));
    let allowed = |text: &String| fits(text) && !taken(text);
    if let Some(fits) = candidates.iter().position(allowed) {
        return Json::String(candidates.swap_remove(fits));
    }
    // An id that may be an ARN too is better none.
    let short = (0..SAMPLES).find_map(|_| {
        let text = sampled(context, path)?;
        let taken = alone && {
            let text = text.as_str().unwrap_or_default();
            context.resources.get(context.scope, context.kind.name.as_str(), text).is_some()
        };
        (!is_arn(&text) && !taken).then_some(text)
    });
    short.or_else(|| sampled(context, path)).unwrap_or_else(|| Json::String(candidates.swap_remove(0)))
}

/// Where the resource is.
pub(super) fn place<'a>(context: &'a Context<'_>) -> Place<'a> {
    place_of(context.scope)
}

fn place_of(scope: &Scope) -> Place<'_> {
    Place { partition: Settings::partition(&scope.region), region: &scope.region, account: &scope.account }
}

fn is_arn_name(name: &str) -> bool {
    name.ends_with("Arn") || name.ends_with("ARN")
}

fn is_arn(value: &Json) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("arn:"))
}

/// Any value that the property's schema allows.
pub(super) fn sampled(context: &mut Context<'_>, path: &PropertyPath) -> Option<Json> {
    let (kind, rng) = (context.kind, &mut *context.rng);
    let place = place_of(context.scope);
    Sampler::new(kind, place, Extent::Least, &mut |bound| rng.below(bound)).property(path)
}

/// Computed top properties that no rule knew: as far as their names and types say what they hold.
/// What can't be guessed stays away, as it does from many a real read.
pub(super) fn computed(context: &mut Context<'_>, properties: &mut Properties) {
    let kind = context.kind;
    for path in kind.read_only.iter().filter(|path| path.names().len() == 1) {
        let name = path.top();
        if properties.contains_key(name) {
            continue;
        }
        let shape = Shape::of(context, path.names());
        let timed = ["Time", "Date", "At"].iter().any(|end| name.ends_with(end))
            || ["Created", "Modified", "Updated"].iter().any(|part| name.contains(part));
        let value = if let Some(choice) = shape.choices.first() {
            json!(settled(&shape.choices).unwrap_or(choice))
        } else if shape.text && timed {
            let time = context.now.rfc3339();
            if !shape.fits(&time) || !kind.name_limit(name).allows(&time) {
                continue;
            }
            json!(time)
        } else if shape.text && (name.ends_with("Id") || is_arn_name(name)) {
            identifying(context, path, properties)
        } else if kind.handlers.list.iter().any(|list| list.required().any(|required| required == name)) {
            // Without it nobody could list the resource.
            match sampled(context, path) {
                Some(value) => value,
                None => continue,
            }
        } else {
            continue;
        };
        properties.insert(name.to_owned(), value);
    }
}

/// The state of a resource whose create has succeeded, among those that there are.
fn settled(choices: &[String]) -> Option<&String> {
    const SETTLED: [&str; 14] = [
        "ACTIVE",
        "AVAILABLE",
        "READY",
        "ENABLED",
        "CREATED",
        "CREATE_COMPLETE",
        "CREATE_SUCCESSFUL",
        "RUNNING",
        "ISSUED",
        "COMPLETED",
        "COMPLETE",
        "SUCCEEDED",
        "SUCCESS",
        "OK",
    ];
    SETTLED.iter().find_map(|word| choices.iter().find(|choice| choice.eq_ignore_ascii_case(word)))
}

/// `vpc` for `VPC`, `rtb`-like abbreviations are not guessed: the word itself.
fn prefix(resource: &str) -> String {
    resource.to_lowercase().chars().take(12).collect()
}

/// What a property's schema says about its text.
pub(super) struct Shape {
    text: bool,
    integer: bool,
    shortest: usize,
    longest: usize,
    choices: Vec<String>,
    pattern: Option<String>,
}

impl Shape {
    pub(super) fn of(context: &Context<'_>, path: &[String]) -> Self {
        let nothing = Json::Null;
        let schema = context.kind.property(path).unwrap_or(&nothing);
        let has_type = |name: &str| match &schema["type"] {
            Json::Array(types) => types.iter().any(|t| t == name),
            one => one == name,
        };
        let size = |key: &str| schema[key].as_u64().and_then(|n| usize::try_from(n).ok());
        let choices = schema["enum"].as_array().into_iter().flatten();
        Self {
            text: has_type("string"),
            integer: has_type("integer") || (has_type("number") && !has_type("string")),
            shortest: size("minLength").unwrap_or(0),
            longest: size("maxLength").unwrap_or(usize::MAX),
            choices: choices.filter_map(Json::as_str).map(str::to_owned).collect(),
            pattern: schema["pattern"].as_str().map(str::to_owned),
        }
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        let limit = NameLimit {
            min_length: self.shortest,
            max_length: self.longest,
            pattern: self.pattern.as_deref(),
            lowercase: false,
        };
        limit.allows(text)
    }
}
