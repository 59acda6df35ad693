//! Finding a string in a call's arguments, in both query languages, and
//! telling what is written from what is chosen at run time.

use crate::languages::asl::definition::QueryLanguage;
use crate::languages::asl::fields::{expression_of, is_jsonata};
use crate::languages::{is_opaque, pointer};
use serde_json::Value;

/// What stands where a target is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::languages::asl) enum Found {
    /// A text, which may hold stack expressions.
    Known { pointer: String, text: String },
    /// Something that is decided at run time, and what.
    Dynamic { pointer: String, why: String },
    /// Nothing; the pointer is that of the object which lacks it.
    Absent { pointer: String },
}

/// Follows a path of names through arguments. `*` is every element or member,
/// `@key` the names of an object's members.
pub(in crate::languages::asl) fn find(
    arguments: &Value,
    at: &str,
    path: &str,
    language: QueryLanguage,
) -> Vec<Found> {
    let segments: Vec<&str> = path.split('/').collect();
    let mut found = Vec::new();
    walk(arguments, at.to_owned(), &segments, language, &mut found);
    found
}

fn walk(value: &Value, at: String, path: &[&str], language: QueryLanguage, found: &mut Vec<Found>) {
    if let Value::String(text) = value
        && language == QueryLanguage::Jsonata
        && is_jsonata(text)
    {
        found.push(match literal(text) {
            Some(text) if path.is_empty() => Found::Known { pointer: at, text },
            _ => Found::Dynamic { why: chosen(text), pointer: at },
        });
        return;
    }
    let Some((name, rest)) = path.split_first() else {
        found.push(match value {
            Value::String(text) => Found::Known { pointer: at, text: text.clone() },
            _ => Found::Absent { pointer: at },
        });
        return;
    };
    match (*name, value) {
        ("*", Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, pointer::element(&at, index), rest, language, found);
            }
        }
        ("*" | "@key", Value::Object(members)) => {
            for (key, member) in members {
                let here = pointer::child(&at, key);
                let by_path = key.strip_suffix(".$").filter(|_| language == QueryLanguage::JsonPath);
                match (*name, by_path) {
                    ("*", None) => walk(member, here, rest, language, found),
                    ("*", Some(_)) => found.push(Found::Dynamic {
                        why: chosen(member.as_str().unwrap_or_default()),
                        pointer: here,
                    }),
                    (_, stripped) => {
                        found.push(Found::Known { text: stripped.unwrap_or(key).to_owned(), pointer: here })
                    }
                }
            }
        }
        (name, Value::Object(members)) => {
            let by_path = format!("{name}.$");
            if let Some(member) = members.get(name) {
                walk(member, pointer::child(&at, name), rest, language, found);
            } else if language == QueryLanguage::JsonPath
                && let Some(member) = members.get(&by_path)
            {
                found.push(Found::Dynamic {
                    why: chosen(member.as_str().unwrap_or_default()),
                    pointer: pointer::child(&at, &by_path),
                });
            } else {
                found.push(Found::Absent { pointer: at });
            }
        }
        (_, Value::String(text)) if is_opaque(text) => found.push(Found::Dynamic {
            why: format!("`{text}` stands where its arguments would be"),
            pointer: at,
        }),
        _ => found.push(Found::Absent { pointer: at }),
    }
}

fn chosen(expression: &str) -> String {
    format!("`{}` chooses at run time what it acts on", expression.trim())
}

/// The text of a JSONata expression that is one string literal.
fn literal(text: &str) -> Option<String> {
    let expression = expression_of(text)?;
    let quote = expression.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inside = expression.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(quote) && !inside.contains('\\')).then(|| inside.to_owned())
}
