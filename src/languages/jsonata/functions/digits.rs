//! Numbers as ECMAScript writes them.

/// `1e21`, `0.000001`, `1e-7`: the shortest digits that give the number back.
pub(in super::super) fn written(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if !number.is_finite() {
        return "null".to_owned();
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let sign = if number < 0.0 { "-" } else { "" };
    let split = |at: i32| digits.split_at(usize::try_from(at).unwrap_or(0).min(digits.len()));
    let body = match exponent {
        0..=20 if count <= exponent + 1 => format!("{digits}{}", zeros(exponent + 1 - count)),
        0..=20 => {
            let (whole, fraction) = split(exponent + 1);
            format!("{whole}.{fraction}")
        }
        -6..=-1 => format!("0.{}{digits}", zeros(-exponent - 1)),
        _ => {
            let sign = if exponent < 0 { "-" } else { "+" };
            let (first, rest) = split(1);
            let point = if rest.is_empty() { "" } else { "." };
            format!("{first}{point}{rest}e{sign}{}", exponent.abs())
        }
    };
    format!("{sign}{body}")
}

/// A number with no more than 15 significant digits.
pub(in super::super) fn rounded_to_15(number: f64) -> f64 {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return number;
    }
    format!("{number:.14e}").parse().unwrap_or(number)
}

/// A number with its decimal point moved, without what multiplying would add.
pub(in super::super) fn shifted(number: f64, places: i32) -> f64 {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or(0).saturating_add(places);
    format!("{mantissa}e{exponent}").parse().unwrap_or(number)
}

/// Rounded to a number of places; a half goes to the even neighbour.
pub(in super::super) fn rounded(number: f64, places: i32) -> f64 {
    let moved = if places == 0 { number } else { shifted(number, places) };
    let whole = moved.round_ties_even();
    let back = if places == 0 { whole } else { shifted(whole, places.saturating_neg()) };
    if back == 0.0 { 0.0 } else { back }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (100.0, "100"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-7"),
            (0.000_001, "0.000001"),
            (-12.5, "-12.5"),
            (123_456.789, "123456.789"),
        ] {
            assert_eq!(written(number), text);
        }
        assert_eq!(written(rounded_to_15(0.1 + 0.2)), "0.3");
        assert_eq!(
            [rounded(2.5, 0), rounded(3.5, 0), rounded(-2.5, 0), rounded(1.005, 2)],
            [2.0, 4.0, -2.0, 1.0]
        );
    }
}
