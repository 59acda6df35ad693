//! What a read may show for a desired value: the schemas' `propertyTransform`.
//!
//! A transform is JSONata, with `$OR` between alternatives. A value is as it is wanted where one of
//! the alternatives gives it, or gives a regular expression that matches the whole of it. Source:
//! CloudFormation CLI User Guide, "Preventing false drift detection results for resource types".
//!
//! Two things the guide leaves open are read off the transforms of the registry. Names belong to the
//! object that holds the property, unless they begin with the first name of the property's path:
//! then they belong to the whole model. And an outcome is a regular expression only where the
//! transform writes one: in `$lowercase(Name)` a dot is a dot. Whatever fails to evaluate means: not
//! equal. And an alternative that is a string alone gives the same for any value: it says how the one
//! is shown that was sent, and nothing of another.

use super::equal::same;
use crate::languages::jsonata::{Context, Expression, Limits, Pattern, alternatives};
use crate::model::{Json, Secrets, Value};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

/// One way in which a value may be shown.
#[derive(Debug)]
pub(super) struct Alternative {
    expression: Expression,
    /// Its names belong to the whole model.
    whole: bool,
    /// It writes a regular expression.
    pattern: bool,
    /// It gives the same whatever is wanted.
    constant: bool,
}

/// Enough for the longest transform with the longest value, and soon over.
const LIMITS: Limits = Limits { steps: 50_000, depth: 150, size: 500_000 };

type Compiled = Arc<Vec<Alternative>>;
static CACHE: LazyLock<RwLock<HashMap<(String, String), Compiled>>> = LazyLock::new(RwLock::default);

/// The alternatives of a transform of a property whose path begins with `top`. What can't be read
/// isn't one.
pub(super) fn compiled(transform: &str, top: &str) -> Compiled {
    let key = (transform.to_owned(), top.to_owned());
    if let Some(known) = CACHE.read().ok().and_then(|cache| cache.get(&key).cloned()) {
        return known;
    }
    let read = alternatives(transform).into_iter().filter_map(|text| Expression::parse(text).ok());
    let compiled: Compiled = Arc::new(
        read.map(|expression| Alternative {
            whole: expression.heads().contains(top),
            constant: expression.is_text(),
            pattern: expression.texts().into_iter().any(is_pattern),
            expression,
        })
        .collect(),
    );
    if let Ok(mut cache) = CACHE.write() {
        cache.insert(key, compiled.clone());
    }
    compiled
}

/// Whether a string is written as a regular expression: a dot alone isn't one, nor is `$1`.
fn is_pattern(text: &str) -> bool {
    let signs = |(at, sign): (usize, char)| match sign {
        '*' | '+' | '[' | ']' | '{' | '}' | '(' | ')' | '^' | '|' | '\\' => true,
        '$' => !text[at + 1..].starts_with(|c: char| c.is_ascii_digit()),
        _ => false,
    };
    text.char_indices().any(signs)
}

impl Alternative {
    /// What it gives; `around` is the object that holds the property, `model` the whole.
    pub(super) fn made(&self, around: &Json, model: &Json, property: &str) -> Option<Json> {
        let input = if self.whole { model } else { around };
        let context = Context { limits: LIMITS, ..Context::default() };
        let made = self.expression.evaluate(Some(input), &context).ok()??;
        // A change of the whole model (`$ ~> |…|…|`) gives the property's new value within it.
        match (&made, input) {
            (Json::Object(changed), Json::Object(before))
                if before.contains_key(property) && before.keys().all(|key| changed.contains_key(key)) =>
            {
                changed.get(property).cloned()
            }
            _ => Some(made),
        }
    }

    /// Whether a live value is what it gives.
    fn gives(&self, live: &Json, (around, model, property): (&Json, &Json, &str), secrets: &Secrets) -> bool {
        let Some(made) = self.made(around, model, property) else { return false };
        if same(&made, live, secrets) {
            return true;
        }
        match (&made, live) {
            (Json::String(pattern), Json::String(text)) if self.pattern => {
                Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(text))
            }
            _ => false,
        }
    }
}

/// Whether one of the alternatives of a transform gives a live value. `changed` says that another value
/// was sent than is wanted.
pub(super) fn allows(
    transform: &str,
    path: &[String],
    (live, changed): (&Json, bool),
    (around, model): (&Json, &Json),
    secrets: &Secrets,
) -> bool {
    let (Some(top), Some(property)) = (path.first(), path.last()) else { return false };
    // At the top, the object that holds the property is the model.
    let gives = |one: &Alternative| one.gives(live, (around, model, property), secrets);
    compiled(transform, top).iter().any(|one| !(changed && one.constant) && gives(one))
}

/// An object's members as JSON, without what isn't known yet.
pub(super) fn known(members: &IndexMap<String, Value>) -> Json {
    fn json(value: &Value) -> Option<Json> {
        match value {
            Value::Object(members) => Some(known(members)),
            Value::Array(items) => Some(items.iter().filter_map(json).collect()),
            Value::Sensitive(inner) => json(inner),
            other => other.to_json(),
        }
    }
    Json::Object(members.iter().filter_map(|(key, value)| Some((key.clone(), json(value)?))).collect())
}

#[cfg(test)]
mod tests;
