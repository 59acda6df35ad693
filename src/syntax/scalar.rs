//! What a plain (unquoted) scalar means: YAML 1.2's core schema, and JSON numbers.

use super::NodeValue;
use serde_json::Number;

/// The value of a plain scalar, and its text where the number would lose something of it.
pub(super) fn plain(text: &str) -> (NodeValue, Option<Box<str>>) {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return (NodeValue::Null, None),
        "true" | "True" | "TRUE" => return (NodeValue::Bool(true), None),
        "false" | "False" | "FALSE" => return (NodeValue::Bool(false), None),
        _ => {}
    }
    match number(text) {
        Some(number) => {
            let raw = (number.to_string() != text).then(|| text.into());
            (NodeValue::Number(number), raw)
        }
        None => (NodeValue::String(text.to_owned()), None),
    }
}

/// The number of YAML's core schema; none if it is text, or no JSON number could hold it
/// (`.inf`, `.nan`, `1e999`).
pub(super) fn number(text: &str) -> Option<Number> {
    let first = *text.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(plain_digits(digits)?, 16).ok().map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(plain_digits(digits)?, 8).ok().map(Number::from);
    }
    if !is_decimal(text) {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if let Ok(n) = unsigned.parse::<i64>() {
        // -0 is an integer to YAML; JSON's is a float, and no field wants one.
        return Some(n.into());
    }
    if let Ok(n) = unsigned.parse::<u64>() {
        return Some(n.into());
    }
    Number::from_f64(unsigned.parse::<f64>().ok()?)
}

/// Refuses the sign that `from_str_radix` would take.
fn plain_digits(digits: &str) -> Option<&str> {
    (!digits.starts_with(['+', '-'])).then_some(digits)
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_decimal(text: &str) -> bool {
    fn digits(text: &str) -> (usize, &str) {
        let count = text.bytes().take_while(u8::is_ascii_digit).count();
        (count, &text[count..])
    }
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = digits(rest);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => (0, rest),
    };
    if whole + fraction == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let (count, rest) = digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent));
            count > 0 && rest.is_empty()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema() {
        for (text, json, raw) in [
            ("12", "12", None),
            ("0012", "12", Some("0012")),
            ("+3", "3", Some("+3")),
            ("1.10", "1.1", Some("1.10")),
            ("1e3", "1000.0", Some("1e3")),
            (".5", "0.5", Some(".5")),
            ("0x1F", "31", Some("0x1F")),
            ("0o17", "15", Some("0o17")),
            ("18446744073709551615", "18446744073709551615", None),
            (
                "123456789012345678901234567890",
                "1.2345678901234568e+29",
                Some("123456789012345678901234567890"),
            ),
            ("on", "\"on\"", None),
            ("yes", "\"yes\"", None),
            ("2012-10-17", "\"2012-10-17\"", None),
            ("1.2.3", "\"1.2.3\"", None),
            ("1e999", "\"1e999\"", None),
            (".inf", "\".inf\"", None),
            ("0x", "\"0x\"", None),
            ("0x+1", "\"0x+1\"", None),
            ("-", "\"-\"", None),
            ("~", "null", None),
            ("True", "true", None),
        ] {
            let (value, kept) = plain(text);
            let node = super::super::Node::new(
                crate::diagnostics::Span::new(crate::diagnostics::SourceId(0), 0, 0),
                value,
            );
            assert_eq!(node.to_json().to_string(), json, "{text}");
            assert_eq!(kept.as_deref(), raw, "{text}");
        }
    }
}
