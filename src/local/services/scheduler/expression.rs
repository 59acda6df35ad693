//! When a schedule runs: `rate(…)`, `cron(…)`, `at(…)` as EventBridge Scheduler reads them.
//!
//! Source: EventBridge Scheduler User Guide, "Schedule types"; what it takes beyond that (five fields,
//! units in any number, keywords in any letters) was measured in badmintoncryer/cdk-preflight,
//! September 2026.

/// Whether Scheduler takes the expression.
pub(super) fn is_valid(expression: &str) -> bool {
    let Some((keyword, rest)) = expression.split_once('(') else { return false };
    let Some(body) = rest.strip_suffix(')') else { return false };
    match keyword.to_ascii_lowercase().as_str() {
        "rate" => is_rate(body),
        "cron" => is_cron(body),
        "at" => is_moment(body),
        _ => false,
    }
}

fn is_rate(body: &str) -> bool {
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = body.split_at(digits);
    let units = ["minute", "minutes", "hour", "hours", "day", "days"];
    number.parse::<u64>().is_ok_and(|number| number > 0)
        && units.iter().any(|known| known.eq_ignore_ascii_case(unit.trim_start_matches(' ')))
}

/// `2030-12-24T18:00` or `2030-12-24T18:00:00`, a day that there is.
fn is_moment(body: &str) -> bool {
    let shaped = |shape: &str| {
        body.len() == shape.len()
            && body.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
                b'd' => byte.is_ascii_digit(),
                sign => byte == sign,
            })
    };
    (shaped("dddd-dd-ddTdd:dd") || shaped("dddd-dd-ddTdd:dd:dd"))
        && body.parse::<jiff::civil::DateTime>().is_ok()
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Minutes, hours, day of month, month, day of week, and maybe year.
fn is_cron(body: &str) -> bool {
    let fields: Vec<&str> = body.split_whitespace().collect();
    let (minute, hour, day, month, weekday, year) = match fields.as_slice() {
        [minute, hour, day, month, weekday] => (minute, hour, day, month, weekday, &"*"),
        [minute, hour, day, month, weekday, year] => (minute, hour, day, month, weekday, year),
        _ => return false,
    };
    let one_is_open = (*day == "?") != (*weekday == "?");
    let plain = |field: &str, low, high| all(field, |part| in_range(part, low, high, &[]));
    let of_month = |part: &str| {
        part == "L"
            || part == "LW"
            || in_range(part, 1, 31, &[])
            || part.strip_suffix('W').is_some_and(|n| number(n, 1, 31, &[]).is_some())
    };
    let of_week = |part: &str| {
        part == "L"
            || in_range(part, 1, 7, &DAYS)
            || part.strip_suffix('L').is_some_and(|n| number(n, 1, 7, &DAYS).is_some())
            || part.split_once('#').is_some_and(|(which, nth)| {
                number(which, 1, 7, &DAYS).is_some() && number(nth, 1, 5, &[]).is_some()
            })
    };
    one_is_open
        && plain(minute, 0, 59)
        && plain(hour, 0, 23)
        && (*day == "?" || all(day, of_month))
        && all(month, |part| in_range(part, 1, 12, &MONTHS))
        && (*weekday == "?" || all(weekday, of_week))
        && plain(year, 1970, 2199)
}

fn all(field: &str, valid: impl Fn(&str) -> bool) -> bool {
    field.split(',').all(valid)
}

/// `*`, `5`, `1-5`, and each of them with `/n`.
fn in_range(part: &str, low: u32, high: u32, names: &[&str]) -> bool {
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    let steps = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| (1..=high).contains(&step)));
    let ranges = range == "*"
        || match range.split_once('-') {
            Some((from, to)) => {
                number(from, low, high, names).is_some() && number(to, low, high, names).is_some()
            }
            None => number(range, low, high, names).is_some(),
        };
    steps && ranges
}

fn number(text: &str, low: u32, high: u32, names: &[&str]) -> Option<u32> {
    if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return u32::try_from(at).ok()?.checked_add(low);
    }
    let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|n| digits && (low..=high).contains(n))
}

/// Whether the text is written like the name of a time zone. Which names there are, only a list of
/// zones could tell.
pub(super) fn looks_like_zone(zone: &str) -> bool {
    let mut parts = zone.split('/');
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    zone.starts_with(|c: char| c.is_ascii_alphabetic()) && parts.all(word) && zone.split('/').count() <= 3
}

#[cfg(test)]
mod tests {
    use super::{is_valid, looks_like_zone};
    use proptest::prelude::*;

    #[test]
    fn what_scheduler_takes() {
        for good in [
            "rate(5 minutes)",
            "rate(1 minutes)",
            "rate(5 minute)",
            "RATE(2 days)",
            "cron(0 9 ? * MON-FRI *)",
            "cron(0/15 * * * ? *)",
            "cron(0 9 * * ?)",
            "cron(0 9 L * ? *)",
            "cron(0 9 ? * 6#3 *)",
            "cron(0 9 3W * ? *)",
            "cron(0 9 ? * 5L *)",
            "cron(0,30 8-18/2 ? JAN,dec SUN 2026-2030)",
            "at(2030-12-24T18:00:00)",
            "AT(2030-12-24T18:00)",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "",
            "rate",
            "rate(5 minutes",
            "rate(0 minutes)",
            "rate(-1 day)",
            "rate(5 weeks)",
            "rate(minutes)",
            "every(5 minutes)",
            "cron(0 9 * * * *)",
            "cron(0 9 ? * ? *)",
            "cron(60 9 * * ? *)",
            "cron(0 24 * * ? *)",
            "cron(0 9 * *)",
            "cron(0 9 * * ? * *)",
            "cron(0 9 32 * ? *)",
            "cron(0 9 ? * 8 *)",
            "cron(0 9 ? * 2#6 *)",
            "cron(0 9 ? 13 2 *)",
            "at(2030-12-24)",
            "at(2030-12-24 18:00:00)",
            "at(2030-12-24T18:00:00Z)",
            "at(2030-02-30T18:00:00)",
            "at(2030-12-24T18:00:00.5)",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
        assert!(looks_like_zone("Europe/Berlin") && looks_like_zone("UTC") && looks_like_zone("Etc/GMT+5"));
        assert!(!looks_like_zone("+01:00") && !looks_like_zone("Europe/") && !looks_like_zone("a b"));
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in "(cron|rate|at)\\([ -~]{0,40}\\)") {
            let _ = is_valid(&text);
        }
    }
}
