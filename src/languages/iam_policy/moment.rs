//! Moments as date conditions have them: "one of the W3C implementations of the ISO 8601 date
//! formats, or in epoch (UNIX) time" (IAM User Guide, "Date condition operators").

/// Nanoseconds since 1970; `None` when the text is no date.
pub(super) fn parse(text: &str) -> Option<i128> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = match text.split('-').collect::<Vec<_>>().as_slice() {
        // A year has four digits; any other number counts seconds.
        [year] if digits(year) && year.len() == 4 => format!("{year}-01-01T00:00Z"),
        [seconds] if digits(seconds) => {
            return seconds.parse::<i128>().ok()?.checked_mul(1_000_000_000);
        }
        [year, month] if digits(year) && digits(month) => format!("{year}-{month}-01T00:00Z"),
        [year, month, day] if digits(year) && digits(month) && digits(day) => {
            format!("{year}-{month}-{day}T00:00Z")
        }
        _ => text.to_owned(),
    };
    whole.parse::<jiff::Timestamp>().ok().map(|timestamp| timestamp.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_form_of_the_same_moment() {
        let new_year = parse("1577836800");
        assert!(new_year.is_some());
        for text in [
            "2020",
            "2020-01",
            "2020-01-01",
            "2020-01-01T00:00Z",
            "2020-01-01T00:00:00Z",
            "2020-01-01T00:00:00.000Z",
            "2020-01-01T01:00:00+01:00",
        ] {
            assert_eq!(parse(text), new_year, "{text}");
        }
        for wrong in
            ["", "tomorrow", "2020-13", "2020-01-01T", "-1", "99999999999999999999999999999999999999999"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
