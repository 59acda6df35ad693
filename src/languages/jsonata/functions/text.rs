//! Functions of strings. Positions count characters (Unicode scalar values).

use super::super::fault::{Fault, Outcome};
use super::super::value::Value;
use super::digits::{rounded_to_15, written};
use super::{Row, argument, numeric, string};

pub(super) const TABLE: &[Row] = &[
    Row("string", "<x-b?:s>", 1, |e, a| {
        let pretty = matches!(argument(a, 1), Value::Bool(true));
        match argument(a, 0) {
            Value::Nothing => Ok(Value::Nothing),
            value => {
                let text = string_of(value, pretty)?;
                e.text(text)
            }
        }
    }),
    Row("length", "<s-:n>", 1, |_, a| {
        Ok(string(a, 0).map_or(Value::Nothing, |text| Value::Number(text.chars().count() as f64)))
    }),
    Row("substring", "<s-nn?:s>", 3, |e, a| {
        let (Some(text), Some(start)) = (string(a, 0), numeric(a, 1)) else { return Ok(Value::Nothing) };
        let part = substring(text, start, numeric(a, 2));
        e.text(part)
    }),
    Row("substringBefore", "<s-s:s>", 2, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        let part = string(a, 1).and_then(|mark| Some(&text[..text.find(mark)?])).unwrap_or(text);
        e.text(part.to_owned())
    }),
    Row("substringAfter", "<s-s:s>", 2, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        let after = |mark: &str| Some(&text[text.find(mark)? + mark.len()..]);
        let part = string(a, 1).and_then(after).unwrap_or(text);
        e.text(part.to_owned())
    }),
    Row("lowercase", "<s-:s>", 1, |e, a| {
        string(a, 0).map_or(Ok(Value::Nothing), |text| e.text(text.to_lowercase()))
    }),
    Row("uppercase", "<s-:s>", 1, |e, a| {
        string(a, 0).map_or(Ok(Value::Nothing), |text| e.text(text.to_uppercase()))
    }),
    Row("trim", "<s-:s>", 1, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        let words: Vec<&str> = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect();
        e.text(words.join(" "))
    }),
    Row("pad", "<s-ns?:s>", 3, |e, a| {
        let (Some(text), Some(width)) = (string(a, 0), numeric(a, 1)) else { return Ok(Value::Nothing) };
        let missing = width.abs() - text.chars().count() as f64;
        if missing < 1.0 {
            return e.text(text.to_owned());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let missing = missing as usize;
        e.charge(missing)?;
        let with = string(a, 2).filter(|with| !with.is_empty()).unwrap_or(" ");
        let padding: String = with.chars().cycle().take(missing).collect();
        e.text(if width > 0.0 { format!("{text}{padding}") } else { format!("{padding}{text}") })
    }),
    Row("join", "<a<s>s?:s>", 2, |e, a| {
        let Value::List(list) = argument(a, 0) else { return Ok(Value::Nothing) };
        let between = string(a, 1).unwrap_or("");
        let mut joined = String::new();
        for (place, item) in list.items.iter().enumerate() {
            if place > 0 {
                joined.push_str(between);
            }
            if let Value::Text(text) = item {
                joined.push_str(text);
            }
            e.charge(between.len())?;
        }
        e.text(joined)
    }),
];

fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let count = text.chars().count() as f64;
    let start = if count + start < 0.0 { 0.0 } else { start };
    let end = match length {
        Some(length) if length <= 0.0 => return String::new(),
        Some(length) if start >= 0.0 => start + length,
        Some(length) => count + start + length,
        None => count,
    };
    // As ECMAScript's `slice` takes its bounds.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within the text")]
    let bound = |place: f64| {
        let place = place.trunc();
        (if place < 0.0 { place + count } else { place }).clamp(0.0, count) as usize
    };
    let (from, to) = (bound(start), bound(end));
    text.chars().skip(from).take(to.saturating_sub(from)).collect()
}

/// Any value as text, as `$string` and `&` have it.
pub(in super::super) fn string_of(value: &Value, pretty: bool) -> Outcome<String> {
    Ok(match value {
        Value::Text(text) => (**text).to_owned(),
        Value::Function(_) | Value::Nothing => String::new(),
        other => {
            let mut text = String::new();
            write(other, pretty.then_some(0), &mut text)?;
            text
        }
    })
}

/// JSON as ECMAScript writes it, numbers with 15 digits.
fn write(value: &Value, indent: Option<usize>, into: &mut String) -> Outcome<()> {
    let line = |depth: usize, into: &mut String| {
        into.push('\n');
        into.push_str(&"  ".repeat(depth));
    };
    match value {
        Value::Nothing | Value::Null => into.push_str("null"),
        Value::Bool(truth) => into.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) if number.is_finite() => into.push_str(&written(rounded_to_15(*number))),
        Value::Number(_) => return Err(Fault::new("D3001", "the number can't be written")),
        Value::Text(text) => into.push_str(&quoted(text)),
        Value::Function(_) => into.push_str("\"\""),
        Value::Tuples(tuples) => {
            let items = tuples.iter().map(|tuple| tuple.item.clone()).collect();
            write(&Value::list(items), indent, into)?;
        }
        Value::List(list) => {
            into.push('[');
            for (place, item) in list.items.iter().enumerate() {
                if place > 0 {
                    into.push(',');
                }
                if let Some(depth) = indent {
                    line(depth + 1, into);
                }
                write(item, indent.map(|depth| depth + 1), into)?;
            }
            if let (Some(depth), false) = (indent, list.items.is_empty()) {
                line(depth, into);
            }
            into.push(']');
        }
        Value::Object(object) => {
            into.push('{');
            let shown = object.members.iter().filter(|(_, value)| !value.is_nothing());
            let mut any = false;
            for (key, value) in shown {
                if std::mem::replace(&mut any, true) {
                    into.push(',');
                }
                if let Some(depth) = indent {
                    line(depth + 1, into);
                }
                into.push_str(&quoted(key));
                into.push_str(if indent.is_some() { ": " } else { ":" });
                write(value, indent.map(|depth| depth + 1), into)?;
            }
            if let (Some(depth), true) = (indent, any) {
                line(depth, into);
            }
            into.push('}');
        }
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
