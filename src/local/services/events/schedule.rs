//! A rule's schedule: `rate(5 minutes)`, `cron(0 20 * * ? *)`.
//!
//! Source: EventBridge User Guide, "Setting a schedule pattern for scheduled rules". The year isn't
//! held against its documented range: AWS takes `cron(0 20 * * ? 2500)`.

/// Whether it is an expression that `PutRule` takes.
pub(super) fn is_valid(expression: &str) -> bool {
    let inside = |start: &str| expression.strip_prefix(start)?.strip_suffix(')');
    match (inside("rate("), inside("cron(")) {
        (Some(rate), _) => is_rate(rate),
        (_, Some(cron)) => is_cron(cron),
        _ => false,
    }
}

fn is_rate(rate: &str) -> bool {
    let words: Vec<&str> = rate.split(' ').collect();
    let [count, unit] = words.as_slice() else { return false };
    if count.is_empty() || count.len() > 10 || !count.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    match count.parse::<u64>() {
        Ok(0) | Err(_) => false,
        Ok(1) => matches!(*unit, "minute" | "hour" | "day"),
        Ok(_) => matches!(*unit, "minutes" | "hours" | "days"),
    }
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn is_cron(cron: &str) -> bool {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minutes, hours, day, month, weekday, year] = fields.as_slice() else { return false };
    // One of the two days says which, the other has no say.
    if (*day == "?") == (*weekday == "?") {
        return false;
    }
    let all = |field: &str, range: (u32, u32), names: &[&str]| {
        field.split(',').all(|item| is_item(item, range, names))
    };
    let days = |item: &str| {
        let before = item.strip_suffix('W').filter(|rest| !rest.is_empty());
        item == "?" || item == "L" || item == "LW" || is_item(before.unwrap_or(item), (1, 31), &[])
    };
    let weekdays = |item: &str| {
        let value = |text: &str| value(text, (1, 7), &DAYS).is_some();
        let last = item.strip_suffix('L').is_some_and(|rest| rest.is_empty() || value(rest));
        let nth = item
            .split_once('#')
            .is_some_and(|(which, n)| value(which) && matches!(n, "1" | "2" | "3" | "4" | "5"));
        item == "?" || last || nth || is_item(item, (1, 7), &DAYS)
    };
    all(minutes, (0, 59), &[])
        && all(hours, (0, 23), &[])
        && day.split(',').all(days)
        && all(month, (1, 12), &MONTHS)
        && weekday.split(',').all(weekdays)
        && all(year, (0, 9999), &[])
}

/// `*`, `5`, `MON-FRI`, `0/15`, `*/2`.
fn is_item(item: &str, range: (u32, u32), names: &[&str]) -> bool {
    let (from, step) = item.split_once('/').map_or((item, None), |(from, step)| (from, Some(step)));
    let steps = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
    let good = match from.split_once('-') {
        Some((low, high)) => value(low, range, names).is_some() && value(high, range, names).is_some(),
        None => from == "*" || value(from, range, names).is_some(),
    };
    steps && good
}

fn value(text: &str, (least, greatest): (u32, u32), names: &[&str]) -> Option<u32> {
    if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return u32::try_from(at).ok();
    }
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    let number = plain.then(|| text.parse::<u32>().ok()).flatten()?;
    (least..=greatest).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn what_put_rule_takes_and_refuses() {
        let good = [
            "rate(1 minute)",
            "rate(5 minutes)",
            "rate(1 day)",
            "cron(0 10 * * ? *)",
            "cron(15 12 * * ? *)",
            "cron(0 18 ? * MON-FRI *)",
            "cron(0 8 1 * ? *)",
            "cron(0/15 * * * ? *)",
            "cron(0/5 8-17 ? * MON-FRI *)",
            "cron(0 9 ? * 2#1 *)",
            "cron(0 9 L * ? *)",
            "cron(0 9 3W * ? *)",
            "cron(0 9 ? * 6L *)",
            "cron(0 20 * JAN,JUN ? 2500)",
        ];
        for expression in good {
            assert!(is_valid(expression), "{expression}");
        }
        let bad = [
            "",
            "rate()",
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(-1 minutes)",
            "rate(5  minutes)",
            "rate(5 seconds)",
            "rate(99999999999999999999 days)",
            "cron(0 10 * * * *)",
            "cron(0 10 ? * ? *)",
            "cron(0 10 * * ?)",
            "cron(60 10 * * ? *)",
            "cron(0 24 * * ? *)",
            "cron(0 10 1#2 * ? *)",
            "cron(0 10 * 13 ? *)",
            "cron(0 10 ? * 8 *)",
            "cron(0/0 10 * * ? *)",
            "every day",
        ];
        for expression in bad {
            assert!(!is_valid(expression), "{expression}");
        }
    }
}
