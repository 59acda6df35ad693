//! What a service invents: names that nobody gave, ids, and the other computed properties whose
//! shape the schema or the name gives away.

use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use crate::local::world::{DIGITS, HEX, LOWER, UPPER};
use crate::schema::PropertyPath;
use serde_json::{Value as Json, json};

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
    if last.ends_with("Arn") {
        candidates.push(arn(context));
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
    candidates.push(arn(context));
    let limit = context.kind.name_limit(path.top());
    let allowed = |text: &String| shape.fits(text) && (path.names().len() > 1 || limit.allows(text));
    let fits = candidates.iter().position(allowed).unwrap_or(0);
    Json::String(candidates.swap_remove(fits))
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
            json!(choice)
        } else if shape.text && timed {
            let time = context.now.rfc3339();
            if !shape.fits(&time) || !kind.name_limit(name).allows(&time) {
                continue;
            }
            json!(time)
        } else if shape.text && (name.ends_with("Id") || name.ends_with("Arn")) {
            identifying(context, path, properties)
        } else {
            continue;
        };
        properties.insert(name.to_owned(), value);
    }
}

fn arn(context: &mut Context<'_>) -> String {
    let partition = crate::local::settings::Settings::partition(&context.scope.region);
    let (service, resource) = (context.kind.name.service(), context.kind.name.resource());
    let id = context.rng.text(HEX, 17);
    let (region, account) = (&context.scope.region, &context.scope.account);
    format!("arn:{partition}:{}:{region}:{account}:{}/{id}", service.to_lowercase(), resource.to_lowercase())
}

/// `vpc` for `VPC`, `rtb`-like abbreviations are not guessed: the word itself.
fn prefix(resource: &str) -> String {
    resource.to_lowercase().chars().take(12).collect()
}

/// What a property's schema says about its text.
struct Shape {
    text: bool,
    integer: bool,
    shortest: usize,
    longest: usize,
    choices: Vec<String>,
}

impl Shape {
    fn of(context: &Context<'_>, path: &[String]) -> Self {
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
        }
    }

    fn fits(&self, text: &str) -> bool {
        (self.shortest..=self.longest).contains(&text.chars().count())
    }
}
