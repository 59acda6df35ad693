//! Numbers by a picture: `#,##0.00`.
//!
//! Source: XPath Functions 3.1, "fn:format-number".

use super::super::fault::{Fault, Outcome};
use super::super::value::Value;
use super::digits::rounded;

struct Signs {
    decimal: char,
    grouping: char,
    exponent: char,
    minus: String,
    percent: String,
    per_mille: String,
    zero: char,
    digit: char,
    separator: char,
}

/// One half of a picture.
struct Part<'p> {
    prefix: &'p str,
    suffix: &'p str,
    /// Distances from the decimal point at which a separator stands.
    whole_groups: Vec<usize>,
    fraction_groups: Vec<usize>,
    regular: Option<usize>,
    least_whole: usize,
    scale: i32,
    least_fraction: usize,
    most_fraction: usize,
    exponent: Option<usize>,
    has_decimal: bool,
    written: &'p str,
}

pub(super) fn format(number: f64, picture: &str, options: &Value) -> Outcome<String> {
    let signs = Signs::new(options);
    let halves: Vec<&str> = picture.split(signs.separator).collect();
    let (positive, negative) = match halves[..] {
        [positive] => (positive, None),
        [positive, negative] => (positive, Some(negative)),
        _ => return Err(Fault::new("D3080", "a picture has at most two halves")),
    };
    let (first, second) = (read(positive, &signs)?, negative.map(|half| read(half, &signs)).transpose()?);
    let (part, minus) = match (number < 0.0, second) {
        (false, _) => (first, ""),
        (true, Some(second)) => (second, ""),
        (true, None) => (first, &*signs.minus),
    };
    Ok(format!("{minus}{}{}{}", part.prefix, body(number, &part, &signs), part.suffix))
}

impl Signs {
    fn new(options: &Value) -> Self {
        let option = |name: &str| match options {
            Value::Object(object) => match object.members.get(name) {
                Some(Value::Text(text)) => Some((**text).to_owned()),
                _ => None,
            },
            _ => None,
        };
        let one = |name: &str, standard: char| {
            option(name).and_then(|text| text.chars().next()).unwrap_or(standard)
        };
        let text = |name: &str, standard: &str| option(name).unwrap_or_else(|| standard.to_owned());
        Self {
            decimal: one("decimal-separator", '.'),
            grouping: one("grouping-separator", ','),
            exponent: one("exponent-separator", 'e'),
            minus: text("minus-sign", "-"),
            percent: text("percent", "%"),
            per_mille: text("per-mille", "\u{2030}"),
            zero: one("zero-digit", '0'),
            digit: one("digit", '#'),
            separator: one("pattern-separator", ';'),
        }
    }

    fn is_digit(&self, c: char) -> bool {
        u32::from(c).checked_sub(u32::from(self.zero)).is_some_and(|value| value < 10)
    }

    fn is_active(&self, c: char) -> bool {
        self.is_digit(c) || [self.decimal, self.exponent, self.grouping, self.digit].contains(&c)
    }

    fn shown(&self, digit: char) -> char {
        let value = digit.to_digit(10).unwrap_or(0);
        char::from_u32(u32::from(self.zero) + value).unwrap_or(digit)
    }
}

fn read<'p>(half: &'p str, signs: &Signs) -> Outcome<Part<'p>> {
    let refuse = |code, message: &str| Err(Fault::new(code, message));
    let begins = |c: char| signs.is_active(c) && c != signs.exponent;
    let from = half.find(begins).unwrap_or(half.len());
    let to = half.rfind(begins).map_or(from, |at| at + half[at..].chars().next().map_or(0, char::len_utf8));
    let (prefix, active, suffix) = (&half[..from], &half[from..to], &half[to..]);
    let (mantissa, exponent) = match active.split_once(signs.exponent) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (active, None),
    };
    let (whole, fraction) = match mantissa.split_once(signs.decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    if active.matches(signs.decimal).count() > 1 {
        return refuse("D3081", "a picture has at most one decimal separator");
    }
    let (percents, per_milles) =
        (half.matches(&*signs.percent).count(), half.matches(&*signs.per_mille).count());
    if percents > 1 {
        return refuse("D3082", "a picture has at most one percent sign");
    }
    if per_milles > 1 {
        return refuse("D3083", "a picture has at most one per-mille sign");
    }
    if percents + per_milles > 1 {
        return refuse("D3084", "a picture has a percent sign or a per-mille sign, not both");
    }
    let place = |c: char| signs.is_digit(c) || c == signs.digit;
    if !mantissa.contains(place) {
        return refuse("D3085", "a picture has to have a digit");
    }
    if active.contains(|c| !signs.is_active(c)) {
        return refuse("D3086", "a picture's digits can't be parted by other characters");
    }
    let fraction_text = fraction.unwrap_or("");
    if fraction.is_some() && (whole.ends_with(signs.grouping) || fraction_text.starts_with(signs.grouping)) {
        return refuse("D3087", "a grouping separator can't stand beside the decimal separator");
    }
    if fraction.is_none() && whole.ends_with(signs.grouping) {
        return refuse("D3088", "a picture's whole part can't end with a grouping separator");
    }
    if active.contains(&format!("{0}{0}", signs.grouping)) {
        return refuse("D3089", "two grouping separators can't stand together");
    }
    let first_digit = whole.find(|c| signs.is_digit(c));
    if first_digit.is_some_and(|at| whole[at..].contains(signs.digit)) {
        return refuse("D3090", "in the whole part an optional digit can't follow a mandatory one");
    }
    let first_optional = fraction_text.find(signs.digit);
    if first_optional.is_some_and(|at| fraction_text[at..].contains(|c| signs.is_digit(c))) {
        return refuse("D3091", "in the fraction a mandatory digit can't follow an optional one");
    }
    if exponent.is_some() && percents + per_milles > 0 {
        return refuse("D3092", "a picture with an exponent has no percent or per-mille sign");
    }
    if exponent.is_some_and(|exponent| exponent.is_empty() || exponent.contains(|c| !signs.is_digit(c))) {
        return refuse("D3093", "an exponent has to be of mandatory digits");
    }
    let groups = |text: &str, from_end: bool| -> Vec<usize> {
        let marks = text.char_indices().filter(|(_, c)| *c == signs.grouping);
        marks
            .map(|(at, _)| if from_end { &text[at..] } else { &text[..at] })
            .map(|side| side.chars().filter(|c| place(*c)).count())
            .collect()
    };
    let whole_groups = groups(whole, true);
    let regular = whole_groups.last().copied().filter(|every| {
        *every > 0 && whole_groups.iter().rev().enumerate().all(|(n, at)| *at == every * (n + 1))
    });
    let count = |text: &str| text.chars().filter(|c| signs.is_digit(*c)).count();
    let mut least_whole = count(whole);
    let scale = i32::try_from(least_whole).unwrap_or(0);
    let mut least_fraction = count(fraction_text);
    let mut most_fraction = fraction_text.chars().filter(|c| place(*c)).count();
    if least_whole == 0 && most_fraction == 0 {
        if exponent.is_some() {
            (least_fraction, most_fraction) = (1, 1);
        } else {
            least_whole = 1;
        }
    }
    if exponent.is_some() && least_whole == 0 && whole.contains(signs.digit) {
        least_whole = 1;
    }
    if least_whole == 0 && least_fraction == 0 {
        least_fraction = 1;
    }
    Ok(Part {
        prefix,
        suffix,
        whole_groups,
        fraction_groups: groups(fraction_text, false),
        regular,
        least_whole,
        scale,
        least_fraction,
        most_fraction,
        exponent: exponent.map(count),
        has_decimal: fraction.is_some(),
        written: half,
    })
}

fn body(number: f64, part: &Part<'_>, signs: &Signs) -> String {
    let mut mantissa = number.abs();
    if part.written.contains(&*signs.percent) {
        mantissa *= 100.0;
    } else if part.written.contains(&*signs.per_mille) {
        mantissa *= 1000.0;
    }
    let mut exponent = 0i32;
    if part.exponent.is_some() && mantissa > 0.0 && mantissa.is_finite() {
        let (most, least) = (10f64.powi(part.scale), 10f64.powi(part.scale - 1));
        while mantissa < least {
            mantissa *= 10.0;
            exponent -= 1;
        }
        while mantissa > most {
            mantissa /= 10.0;
            exponent += 1;
        }
    }
    let places = part.most_fraction.min(300);
    let exact = rounded(mantissa, i32::try_from(places).unwrap_or(300));
    let digits = format!("{exact:.places$}");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut whole: Vec<char> = whole.trim_start_matches('0').chars().collect();
    let mut fraction: Vec<char> = fraction.trim_end_matches('0').chars().collect();
    while whole.len() < part.least_whole {
        whole.insert(0, '0');
    }
    while fraction.len() < part.least_fraction {
        fraction.push('0');
    }
    let mut text = String::new();
    for (at, digit) in whole.iter().enumerate() {
        let left = whole.len() - at;
        let parted = match part.regular {
            Some(every) => left.is_multiple_of(every),
            None => part.whole_groups.contains(&left),
        };
        if at > 0 && parted {
            text.push(signs.grouping);
        }
        text.push(signs.shown(*digit));
    }
    if part.has_decimal && !fraction.is_empty() || part.least_fraction > 0 {
        text.push(signs.decimal);
    }
    for (at, digit) in fraction.iter().enumerate() {
        if at > 0 && part.fraction_groups.contains(&at) {
            text.push(signs.grouping);
        }
        text.push(signs.shown(*digit));
    }
    if let Some(least) = part.exponent {
        text.push(signs.exponent);
        if exponent < 0 {
            text.push_str(&signs.minus);
        }
        text.extend(format!("{:0least$}", exponent.unsigned_abs()).chars().map(|c| signs.shown(c)));
    }
    text
}
