//! Functions of numbers, and truths.

use super::super::evaluate::{Evaluator, finite};
use super::super::fault::{Fault, Outcome, UNSUPPORTED};
use super::super::value::Value;
use super::digits::{rounded, written};
use super::{Row, argument, integer, numeric, picture, string};

pub(super) const TABLE: &[Row] = &[
    Row("number", "<(nsb)-:n>", 1, |_, a| match argument(a, 0) {
        Value::Nothing => Ok(Value::Nothing),
        Value::Number(number) => Ok(Value::Number(*number)),
        Value::Bool(truth) => Ok(Value::Number(f64::from(u8::from(*truth)))),
        Value::Text(text) => number_of(text)
            .map(Value::Number)
            .ok_or_else(|| Fault::new("D3030", format!("$number can't read `{text}`"))),
        _ => Err(Fault::new("D3030", "$number takes a number, a string or a boolean")),
    }),
    Row("floor", "<n-:n>", 1, |_, a| one(a, f64::floor)),
    Row("ceil", "<n-:n>", 1, |_, a| one(a, f64::ceil)),
    Row("abs", "<n-:n>", 1, |_, a| one(a, f64::abs)),
    Row("round", "<n-n?:n>", 2, |_, a| {
        one(a, |number| rounded(number, places(numeric(a, 1).unwrap_or(0.0))))
    }),
    Row("sqrt", "<n-:n>", 1, |_, a| {
        if numeric(a, 0).is_some_and(|number| number < 0.0) {
            return Err(Fault::new("D3060", "$sqrt takes no negative number"));
        }
        one(a, f64::sqrt)
    }),
    Row("power", "<n-n:n>", 2, |_, a| {
        let (Some(base), Some(exponent)) = (numeric(a, 0), numeric(a, 1)) else { return Ok(Value::Nothing) };
        let power = base.powf(exponent);
        if !power.is_finite() {
            return Err(Fault::new("D3061", "the outcome of $power is out of range"));
        }
        Ok(Value::Number(power))
    }),
    Row("random", "<:n>", 0, |e, _| random(e, "$random").map(Value::Number)),
    Row("formatBase", "<n-n?:s>", 2, |e, a| {
        let Some(number) = numeric(a, 0) else { return Ok(Value::Nothing) };
        let base = rounded(numeric(a, 1).unwrap_or(10.0), 0);
        if !(2.0..=36.0).contains(&base) {
            return Err(Fault::new("D3100", "the base of $formatBase has to be from 2 to 36"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 2 to 36")]
        let base = base as u32;
        e.text(in_base(rounded(number, 0), base))
    }),
    Row("formatNumber", "<n-so?:s>", 3, |e, a| {
        let (Some(number), Some(picture)) = (numeric(a, 0), string(a, 1)) else { return Ok(Value::Nothing) };
        let text = picture::format(number, picture, argument(a, 2))?;
        e.text(text)
    }),
    Row("formatInteger", "<n-s:s>", 2, |e, a| {
        let (Some(number), Some(picture)) = (numeric(a, 0), string(a, 1)) else { return Ok(Value::Nothing) };
        let text = integer::format(number.floor(), picture)?;
        e.text(text)
    }),
    Row("parseInteger", "<s-s:n>", 2, |_, a| {
        let (Some(text), Some(picture)) = (string(a, 0), string(a, 1)) else { return Ok(Value::Nothing) };
        Ok(integer::parse(text, picture)?.map_or(Value::Nothing, Value::Number))
    }),
    Row("boolean", "<x-:b>", 1, |_, a| Ok(truth(a, |truth| truth))),
    Row("not", "<x-:b>", 1, |_, a| Ok(truth(a, |truth| !truth))),
    Row("exists", "<x:b>", 1, |_, a| Ok(Value::Bool(!argument(a, 0).is_nothing()))),
];

fn one(arguments: &[Value], f: impl Fn(f64) -> f64) -> Outcome<Value> {
    numeric(arguments, 0).map_or(Ok(Value::Nothing), |number| finite(f(number)))
}

fn truth(arguments: &[Value], f: fn(bool) -> bool) -> Value {
    match argument(arguments, 0) {
        Value::Nothing => Value::Nothing,
        value => Value::Bool(f(value.truth())),
    }
}

/// Decimal places as a small number.
fn places(number: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
    let places = number.clamp(-400.0, 400.0) as i32;
    places
}

/// A number from its text: decimal as in JSON, or with `0x`, `0o`, `0b`.
fn number_of(text: &str) -> Option<f64> {
    for (prefix, base) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let mut number = 0.0;
            for digit in digits.chars() {
                number = number * f64::from(base) + f64::from(digit.to_digit(base)?);
            }
            return (!digits.is_empty() && number.is_finite()).then_some(number);
        }
    }
    let body = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let plain = digits(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    text.parse::<f64>().ok().filter(|number| plain && number.is_finite())
}

fn in_base(number: f64, base: u32) -> String {
    if base == 10 {
        return written(number);
    }
    let mut rest = number.abs();
    let mut digits = Vec::new();
    while rest >= 1.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is below the base")]
        let digit = (rest % f64::from(base)) as u32;
        digits.push(char::from_digit(digit, base).unwrap_or('0'));
        rest = (rest / f64::from(base)).floor();
    }
    if digits.is_empty() {
        digits.push('0');
    }
    if number < 0.0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

/// The next number, from 0 up to 1, of the series that the context's seed begins.
pub(super) fn random(evaluator: &mut Evaluator<'_>, name: &str) -> Outcome<f64> {
    let Some(seed) = evaluator.context.seed else {
        return Err(Fault::new(
            UNSUPPORTED,
            format!("{name} isn't supported here: it has another value each time"),
        ));
    };
    evaluator.drawn = evaluator.drawn.wrapping_add(1);
    // SplitMix64.
    let mut bits = seed.wrapping_add(evaluator.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    Ok((bits >> 11) as f64 / 9_007_199_254_740_992.0)
}
