//! Moments: milliseconds since 1970, and their texts.
//!
//! Without a clock: `$now` and `$millis` give the time of the context. Pictures are those of XPath
//! Functions 3.1, "fn:format-dateTime"; components that aren't supported are refused by name.

use super::super::evaluate::Evaluator;
use super::super::fault::{Fault, Outcome, UNSUPPORTED};
use super::super::value::Value;
use super::integer::Picture;
use super::{Row, numeric, string};
use jiff::civil::{Date, DateTime, ISOWeekDate};
use jiff::tz::Offset;

pub(super) const TABLE: &[Row] = &[
    Row("now", "<s?s?:s>", 2, |e, a| {
        let now = now(e, "$now")?;
        let text = format(now, string(a, 0), string(a, 1))?;
        e.text(text)
    }),
    Row("millis", "<:n>", 0, |e, _| Ok(Value::Number(now(e, "$millis")?))),
    Row("fromMillis", "<n-s?s?:s>", 3, |e, a| {
        let Some(millis) = numeric(a, 0) else { return Ok(Value::Nothing) };
        let text = format(millis, string(a, 1), string(a, 2))?;
        e.text(text)
    }),
    Row("toMillis", "<s-s?:n>", 2, |_, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        match string(a, 1) {
            None => iso(text)
                .map(Value::Number)
                .ok_or_else(|| Fault::new("D3110", format!("`{text}` isn't a moment in ISO 8601"))),
            Some(picture) => Ok(parse(text, &read(picture)?)?.map_or(Value::Nothing, Value::Number)),
        }
    }),
];

fn now(evaluator: &Evaluator<'_>, name: &str) -> Outcome<f64> {
    match evaluator.context.now {
        Some(now) => Ok(now as f64),
        None => Err(Fault::new(
            UNSUPPORTED,
            format!("{name} isn't supported here: it has another value each time"),
        )),
    }
}

fn iso(text: &str) -> Option<f64> {
    let digits = |n: usize| text.get(..n).is_some_and(|t| t.bytes().all(|b| b.is_ascii_digit()));
    if !digits(4) {
        return None;
    }
    let text = text.replace("+0000", "Z");
    let whole = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text,
    };
    let zoned = whole.parse::<jiff::Timestamp>().ok();
    let moment = zoned.or_else(|| format!("{whole}Z").parse().ok())?;
    Some(moment.as_millisecond() as f64)
}

/// One part of a picture.
enum Piece {
    Text(String),
    Component { letter: char, style: Style, width: Option<(usize, usize)>, modifier: String },
}

enum Style {
    Number(Picture),
    /// A name: `N`, `n`, `Nn`.
    Name(String),
}

fn read(picture: &str) -> Outcome<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = picture.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '[' if rest.peek() == Some(&'[') => {
                rest.next();
                text.push('[');
            }
            ']' if rest.peek() == Some(&']') => {
                rest.next();
                text.push(']');
            }
            '[' => {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                let mut inner = String::new();
                let mut closed = false;
                for c in rest.by_ref() {
                    if c == ']' {
                        closed = true;
                        break;
                    }
                    if !c.is_whitespace() {
                        inner.push(c);
                    }
                }
                if !closed {
                    return Err(Fault::new("D3135", "a picture's `[` has no `]`"));
                }
                pieces.push(component(&inner)?);
            }
            other => text.push(other),
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

fn component(inner: &str) -> Outcome<Piece> {
    let unknown = || Fault::new("D3132", format!("`[{inner}]` is no component of a moment"));
    let letter = inner.chars().next().ok_or_else(unknown)?;
    if matches!(letter, 'w' | 'x' | 'C' | 'E') {
        return Err(Fault::new(
            UNSUPPORTED,
            format!("the component `[{letter}]` of a picture isn't supported"),
        ));
    }
    let (body, width) = match inner.split_once(',') {
        Some((body, width)) => (body, Some(width)),
        None => (inner, None),
    };
    let bound = |text: &str| if text == "*" { None } else { text.parse::<usize>().ok() };
    let width = width.map(|width| {
        let (least, most) = width.split_once('-').unwrap_or((width, "*"));
        (bound(least).unwrap_or(0), bound(most).unwrap_or(usize::MAX))
    });
    let modifier = &body[letter.len_utf8()..];
    let standard = match letter {
        'Y' | 'M' | 'D' | 'd' | 'W' | 'X' | 'H' | 'h' => "1",
        'P' | 'F' => "n",
        'm' | 's' => "01",
        'f' => "1",
        'Z' | 'z' => "01:01",
        _ => return Err(unknown()),
    };
    let shown = if modifier.is_empty() { standard } else { modifier };
    let style = match shown {
        "N" | "n" | "Nn" => Style::Name(shown.to_owned()),
        _ if matches!(letter, 'Z' | 'z') => Style::Name(String::new()),
        other => {
            // A last letter after the digits says ordinal, or traditional.
            let stem = other.strip_suffix(['t', 'c']).unwrap_or(other);
            let picture = match stem.strip_suffix('o') {
                Some(stem) if !stem.is_empty() => Picture::read(&format!("{stem};o"))?,
                _ => Picture::read(stem)?,
            };
            let least = width.map_or(0, |(least, _)| least);
            Style::Number(picture.at_least(if letter == 'f' { 0 } else { least }))
        }
    };
    Ok(Piece::Component { letter, style, width, modifier: shown.to_owned() })
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn format(millis: f64, picture: Option<&str>, zone: Option<&str>) -> Outcome<String> {
    let range = || Fault::new("D3110", "the moment is out of range");
    let minutes = match zone {
        None => 0,
        Some(zone) => offset(zone)
            .ok_or_else(|| Fault::new("D3134", format!("`{zone}` is no time zone: it is written ±hhmm")))?,
    };
    #[expect(clippy::cast_possible_truncation, reason = "what is out of range is refused next")]
    let stamp = jiff::Timestamp::from_millisecond(millis.floor() as i64).map_err(|_| range())?;
    let local = Offset::from_seconds(minutes * 60).map_err(|_| range())?.to_datetime(stamp);
    let standard = if minutes == 0 {
        "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"
    } else {
        "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01]"
    };
    let mut text = String::new();
    for piece in read(picture.unwrap_or(standard))? {
        match piece {
            Piece::Text(literal) => text.push_str(&literal),
            Piece::Component { letter, style, width, modifier } => {
                text.push_str(&shown(letter, &style, width, &modifier, local, minutes)?);
            }
        }
    }
    Ok(text)
}

fn shown(
    letter: char,
    style: &Style,
    width: Option<(usize, usize)>,
    modifier: &str,
    local: DateTime,
    minutes: i32,
) -> Outcome<String> {
    let date = local.date();
    let week = ISOWeekDate::from(date);
    let number = match letter {
        'Y' => f64::from(local.year()),
        'X' => f64::from(week.year()),
        'M' => f64::from(local.month()),
        'D' => f64::from(local.day()),
        'd' => f64::from(date.day_of_year()),
        'F' => f64::from(week.weekday().to_monday_one_offset()),
        'W' => f64::from(week.week()),
        'H' => f64::from(local.hour()),
        'h' => f64::from((local.hour() + 11) % 12 + 1),
        'm' => f64::from(local.minute()),
        's' => f64::from(local.second()),
        'f' => f64::from(local.millisecond()),
        'P' => {
            let name = if local.hour() >= 12 { "pm" } else { "am" };
            return Ok(if modifier == "N" { name.to_uppercase() } else { name.to_owned() });
        }
        _ => return Ok(zone(letter, modifier, minutes)),
    };
    match style {
        Style::Name(case) => {
            let table: &[&str] = match letter {
                'M' => &MONTHS,
                'F' => &DAYS,
                _ => return Err(Fault::new("D3133", format!("the component `[{letter}]` has no name"))),
            };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 1 to 12")]
            let name = table.get(number as usize - 1).copied().unwrap_or("");
            let name = match case.as_str() {
                "N" => name.to_uppercase(),
                "n" => name.to_lowercase(),
                _ => name.to_owned(),
            };
            let most = width.map_or(usize::MAX, |(_, most)| most);
            Ok(if name.len() > most { name.chars().take(most.max(3)).collect() } else { name })
        }
        Style::Number(picture) => match (letter, picture.is_decimal()) {
            ('f', Some(digits)) => {
                let exact = format!("{number:03}");
                Ok(if digits <= 3 { exact } else { format!("{exact:0<digits$}") })
            }
            ('Y', Some(digits)) => {
                let most = width.map_or(usize::MAX, |(_, most)| most);
                // `[Y01]` asks for the last two digits.
                let last =
                    if most < 4 { Some(most) } else { (digits == 2 && modifier.len() == 2).then_some(2) };
                match last {
                    Some(last) => {
                        let modulus = 10f64.powi(i32::try_from(last).unwrap_or(4));
                        Picture::digits(last).format(number % modulus)
                    }
                    None => picture.format(number),
                }
            }
            _ => picture.format(number),
        },
    }
}

fn zone(letter: char, modifier: &str, minutes: i32) -> String {
    if modifier.ends_with('t') && minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    let prefix = if letter == 'z' { "GMT" } else { "" };
    let stem = modifier.trim_end_matches('t');
    let digits = stem.chars().filter(char::is_ascii_digit).count();
    let body = match (stem.contains(':'), digits) {
        (true, _) => format!("{hours:02}:{rest:02}"),
        (false, 1 | 2) if rest == 0 => format!("{hours:0digits$}"),
        (false, 1 | 2) => format!("{hours:0digits$}:{rest:02}"),
        _ => format!("{hours:02}{rest:02}"),
    };
    format!("{prefix}{sign}{body}")
}

/// Minutes east of Greenwich, from `±hhmm` or `±hh:mm`.
fn offset(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        b'0'..=b'9' => 1,
        b'Z' if text.len() == 1 => return Some(0),
        _ => return None,
    };
    let digits: String = text.trim_start_matches(['+', '-']).chars().filter(|c| *c != ':').collect();
    if digits.len() > 4 || digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let minutes = if digits.len() <= 2 { number * 60 } else { number / 100 * 60 + number % 100 };
    (minutes < 24 * 60).then_some(sign * minutes)
}

/// A text read by a picture; `None` where it isn't of its form.
fn parse(text: &str, pieces: &[Piece]) -> Outcome<Option<f64>> {
    let mut rest = text;
    let (mut year, mut month, mut day, mut ordinal) = (None, None, None, None);
    let (mut hour, mut twelve, mut pm) = (None, None, None);
    let (mut minute, mut second, mut milli, mut minutes) = (0.0, 0.0, 0.0, 0);
    for (at, piece) in pieces.iter().enumerate() {
        let (letter, style, width) = match piece {
            Piece::Text(literal) => match rest.strip_prefix(literal.as_str()) {
                Some(after) => {
                    rest = after;
                    continue;
                }
                None => return Ok(None),
            },
            Piece::Component { letter, style, width, .. } => (*letter, style, *width),
        };
        // What follows at once bounds a number of digits.
        let next_is_number = matches!(pieces.get(at + 1), Some(Piece::Component { .. }));
        let (value, taken) = match taken(letter, style, width, rest, next_is_number) {
            Some(found) => found,
            None => return Ok(None),
        };
        rest = &rest[taken..];
        match letter {
            'Y' => year = Some(value),
            'M' => month = Some(value),
            'D' => day = Some(value),
            'd' => ordinal = Some(value),
            'H' => hour = Some(value),
            'h' => twelve = Some(value),
            'P' => pm = Some(value > 0.0),
            'm' => minute = value,
            's' => second = value,
            'f' => milli = value,
            'F' => {}
            'Z' | 'z' => {
                #[expect(clippy::cast_possible_truncation, reason = "it is less than a day")]
                let east = value as i32;
                minutes = east;
            }
            other => {
                let message = format!("reading the component `[{other}]` isn't supported");
                return Err(Fault::new(UNSUPPORTED, message));
            }
        }
    }
    if !rest.is_empty() {
        return Ok(None);
    }
    let missing = || Fault::new("D3136", "the picture leaves out what is needed to know the moment");
    let year = year.ok_or_else(missing)?;
    let hour = match (hour, twelve) {
        (Some(hour), _) => hour,
        (None, Some(twelve)) => twelve % 12.0 + if pm == Some(true) { 12.0 } else { 0.0 },
        (None, None) => 0.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and is refused then")]
    let small = |number: f64| number as i8;
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and is refused then")]
    let date = Date::new(year as i16, small(month.unwrap_or(1.0)), small(day.unwrap_or(1.0)));
    let Ok(mut date) = date else { return Ok(None) };
    if let (Some(ordinal), None, None) = (ordinal, month, day) {
        #[expect(clippy::cast_possible_truncation, reason = "it saturates, and is refused then")]
        match date.with().day_of_year(ordinal as i16).build() {
            Ok(found) => date = found,
            Err(_) => return Ok(None),
        }
    }
    let start = Offset::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    let Ok(start) = start else { return Ok(None) };
    let seconds = (hour * 60.0 + minute - f64::from(minutes)) * 60.0 + second;
    Ok(Some(start.as_millisecond() as f64 + seconds * 1000.0 + milli))
}

/// A component's value at the start of a text, and how many bytes say it.
fn taken(
    letter: char,
    style: &Style,
    width: Option<(usize, usize)>,
    rest: &str,
    next_is_number: bool,
) -> Option<(f64, usize)> {
    match (letter, style) {
        ('P', _) => {
            let word = rest.get(..2)?.to_lowercase();
            matches!(&*word, "am" | "pm").then_some((f64::from(u8::from(word == "pm")), 2))
        }
        ('Z' | 'z', _) => {
            let body = rest.strip_prefix("GMT").unwrap_or(rest);
            let skipped = rest.len() - body.len();
            if body.starts_with('Z') {
                return Some((0.0, skipped + 1));
            }
            let sign = body.find(|c: char| !matches!(c, '+' | '-')).unwrap_or(body.len());
            let length = body[sign..]
                .find(|c: char| !c.is_ascii_digit() && c != ':')
                .map_or(body.len(), |at| at + sign);
            Some((f64::from(offset(&body[..length])?), skipped + length))
        }
        (_, Style::Name(_)) => {
            let table: &[&str] = if letter == 'F' { &DAYS } else { &MONTHS };
            let most = width.map_or(usize::MAX, |(_, most)| most);
            table.iter().enumerate().find_map(|(place, name)| {
                let name = name.get(..most.min(name.len())).unwrap_or(name);
                let said = rest.get(..name.len())?;
                said.eq_ignore_ascii_case(name).then_some((place as f64 + 1.0, name.len()))
            })
        }
        (_, Style::Number(picture)) => {
            let length = match picture.is_decimal() {
                Some(digits) => {
                    let most = match width {
                        Some((_, most)) => most,
                        None if next_is_number => digits.max(1),
                        None => usize::MAX,
                    };
                    rest.bytes().take(most).take_while(u8::is_ascii_digit).count()
                }
                None => {
                    rest.find(|c: char| !(c.is_alphabetic() || c == '-' || c == ' ')).unwrap_or(rest.len())
                }
            };
            let said = rest.get(..length).filter(|said| !said.is_empty())?;
            if letter == 'f' {
                return Some((format!("0.{said}").parse::<f64>().ok()? * 1000.0, length));
            }
            let suffix = match rest.get(length..length + 2) {
                Some("st" | "nd" | "rd" | "th") if picture.is_decimal().is_some() => 2,
                _ => 0,
            };
            Some((picture.parse(said)?, length + suffix))
        }
    }
}
