//! A text that keeps to a schema.

use super::expression::Expression;
use super::{Choose, Place, names};
use crate::schema::pattern;
use serde_json::{Map, Value as Json};

/// How often another text is tried before giving up. Look-around that wants several kinds of
/// characters is met by chance.
const TRIES: usize = 200;

/// Characters beyond the fewest, in turn.
const MORE: [usize; 7] = [0, 1, 3, 8, 12, 24, 64];

/// A text for the string that `schema` (references followed) describes, by the property's name.
/// `None` where none was found.
#[must_use]
pub fn text(schema: &Map<String, Json>, name: &str, place: Place<'_>, choose: Choose<'_>) -> Option<String> {
    let limits = Limits::of(schema);
    for keyword in ["const", "enum", "enumCaseInsensitive"] {
        let allowed = match schema.get(keyword) {
            Some(Json::Array(all)) => all.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => continue,
        };
        let allowed: Vec<&str> = allowed.iter().filter_map(Json::as_str).filter(|t| limits.fit(t)).collect();
        return Some((*allowed.get(choose(allowed.len()))?).to_owned());
    }
    let format = schema.get("format").and_then(Json::as_str);
    let likely = format.and_then(|format| names::of_format(format, place, choose));
    let mut candidates: Vec<String> = likely.into_iter().chain(names::of_name(name, place, choose)).collect();
    if choose(8) == 0 {
        // What is likely isn't all there is.
        let first = choose(candidates.len());
        candidates.rotate_left(first);
    }
    if let Some(text) = candidates.into_iter().find(|t| limits.fit(t)) {
        return Some(text);
    }
    let Some(first) = limits.patterns.first() else { return limits.plain(choose) };
    let expressions: Vec<Expression> =
        limits.patterns.iter().filter_map(|pattern| Expression::parse(pattern)).collect();
    if expressions.is_empty() {
        // What can't be read checks nothing either, or nearly: a plain text is as good as any.
        return limits.plain(choose).filter(|text| pattern::matches(first, text) != Some(false));
    }
    let shortest = expressions.iter().map(|e| e.write(0, choose).chars().count()).min().unwrap_or(0);
    let missing = limits.least.saturating_sub(shortest);
    for attempt in 0..TRIES {
        let more = missing + MORE[attempt % MORE.len()];
        let expression = &expressions[attempt % expressions.len()];
        let mut text = expression.write(more, choose);
        if (attempt / MORE.len()) % 2 == 1 {
            // An expression that isn't tied to the ends leaves room there.
            let length = text.chars().count();
            text.extend((length..limits.least).map(|_| 'a'));
        }
        if limits.fit(&text) {
            return Some(text);
        }
    }
    None
}

/// How a text is limited.
struct Limits<'a> {
    least: usize,
    most: usize,
    patterns: Vec<&'a str>,
}

impl<'a> Limits<'a> {
    fn of(schema: &'a Map<String, Json>) -> Self {
        let size = |key: &str| schema.get(key).and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
        let patterns = match schema.get("pattern") {
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            one => one.and_then(Json::as_str).into_iter().collect(),
        };
        Self {
            least: size("minLength").unwrap_or(0),
            most: size("maxLength").unwrap_or(usize::MAX),
            patterns,
        }
    }

    fn fit(&self, text: &str) -> bool {
        (self.least..=self.most).contains(&text.chars().count())
            && self.patterns.iter().all(|pattern| pattern::matches(pattern, text) != Some(false))
    }

    /// Letters, as many as it takes.
    fn plain(&self, choose: Choose<'_>) -> Option<String> {
        const MOST: usize = 4096;
        let length = self.least.max(self.most.min(8));
        (length <= MOST).then(|| (0..length).map(|_| char::from(b'a' + (choose(26) as u8))).collect())
    }
}
