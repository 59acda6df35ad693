//! Whole numbers by a picture: digits, letters, Roman numerals, words.
//!
//! Source: XPath Functions 3.1, "fn:format-integer", as far as docs.jsonata.org names it.

use super::super::fault::{Fault, Outcome};
use super::digits::written;

/// What a picture asks for.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Picture {
    style: Style,
    ordinal: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Style {
    Letters { upper: bool },
    Roman { upper: bool },
    Words(Case),
    Decimal { mandatory: usize, zero: char, separators: Vec<(usize, char)>, every: Option<(usize, char)> },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Case {
    Upper,
    Lower,
    Title,
}

pub(in super::super) fn format(number: f64, picture: &str) -> Outcome<String> {
    Picture::read(picture)?.format(number)
}

pub(in super::super) fn parse(text: &str, picture: &str) -> Outcome<Option<f64>> {
    Ok(Picture::read(picture)?.parse(text))
}

/// The zero of the family of digits that a character belongs to.
fn zero_of(digit: char) -> Option<char> {
    const ZEROS: [u32; 21] = [
        0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6,
        0xE50, 0xED0, 0xF20, 0x1040, 0x17E0, 0x1810, 0xFF10,
    ];
    let code = u32::from(digit);
    ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).and_then(|zero| char::from_u32(*zero))
}

/// An ASCII digit in another family.
fn in_family(digit: char, zero: char) -> char {
    let value = digit.to_digit(10).unwrap_or(0);
    char::from_u32(u32::from(zero) + value).unwrap_or(digit)
}

impl Picture {
    pub(in super::super) fn read(picture: &str) -> Outcome<Self> {
        let (primary, ordinal) = match picture.rsplit_once(';') {
            Some((primary, modifier)) => (primary, modifier.starts_with('o')),
            None => (picture, false),
        };
        let style = match primary {
            "A" => Style::Letters { upper: true },
            "a" => Style::Letters { upper: false },
            "I" => Style::Roman { upper: true },
            "i" => Style::Roman { upper: false },
            "W" => Style::Words(Case::Upper),
            "w" => Style::Words(Case::Lower),
            "Ww" => Style::Words(Case::Title),
            _ => decimal(primary)?,
        };
        Ok(Self { style, ordinal })
    }

    /// Digits, at least so many.
    pub(in super::super) fn digits(mandatory: usize) -> Self {
        let style = Style::Decimal { mandatory, zero: '0', separators: Vec::new(), every: None };
        Self { style, ordinal: false }
    }

    /// Whether it is written in digits, and at least how many.
    pub(in super::super) fn is_decimal(&self) -> Option<usize> {
        match self.style {
            Style::Decimal { mandatory, .. } => Some(mandatory),
            _ => None,
        }
    }

    pub(in super::super) fn at_least(mut self, digits: usize) -> Self {
        if let Style::Decimal { mandatory, .. } = &mut self.style {
            *mandatory = (*mandatory).max(digits);
        }
        self
    }

    pub(in super::super) fn format(&self, number: f64) -> Outcome<String> {
        let whole = number.abs();
        let text = match &self.style {
            Style::Letters { upper } => letters(whole, if *upper { 'A' } else { 'a' })?,
            Style::Roman { upper } => {
                let text = roman(whole)?;
                if *upper { text.to_uppercase() } else { text }
            }
            Style::Words(case) => {
                let text = words(whole, false, self.ordinal);
                match case {
                    Case::Upper => text.to_uppercase(),
                    Case::Lower => text.to_lowercase(),
                    Case::Title => text,
                }
            }
            Style::Decimal { mandatory, zero, separators, every } => {
                let mut digits: Vec<char> = plain(whole).chars().collect();
                while digits.len() < *mandatory {
                    digits.insert(0, '0');
                }
                let count = digits.len();
                let mut text = String::new();
                for (place, digit) in digits.into_iter().enumerate() {
                    let left = count - place;
                    if place > 0 {
                        match every {
                            Some((every, mark)) if left.is_multiple_of(*every) => text.push(*mark),
                            Some(_) => {}
                            None => text.extend(
                                separators.iter().filter(|(at, _)| *at == left).map(|(_, mark)| *mark),
                            ),
                        }
                    }
                    text.push(in_family(digit, *zero));
                }
                if self.ordinal {
                    text.push_str(ordinal_suffix(whole));
                }
                text
            }
        };
        Ok(if number < 0.0 { format!("-{text}") } else { text })
    }

    pub(in super::super) fn parse(&self, text: &str) -> Option<f64> {
        match &self.style {
            Style::Letters { .. } => {
                let mut number = 0.0;
                for letter in text.to_ascii_lowercase().bytes() {
                    if !letter.is_ascii_lowercase() {
                        return None;
                    }
                    number = number * 26.0 + f64::from(letter - b'a' + 1);
                }
                Some(number)
            }
            Style::Roman { .. } => {
                let (mut number, mut most) = (0.0, 0.0);
                for letter in text.to_ascii_lowercase().chars().rev() {
                    let value = ROMAN.iter().find(|(_, text)| text.chars().eq([letter]))?.0;
                    if value < most {
                        number -= value;
                    } else {
                        most = value;
                        number += value;
                    }
                }
                Some(number)
            }
            Style::Words(_) => number_of_words(text),
            Style::Decimal { zero, separators, every, .. } => {
                let marks: Vec<char> =
                    separators.iter().map(|(_, mark)| *mark).chain(every.map(|(_, mark)| mark)).collect();
                let body = if self.ordinal { text.trim_end_matches(char::is_alphabetic) } else { text };
                let digit = |c: char| {
                    let value = u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10)?;
                    char::from_digit(value, 10)
                };
                let mut digits = String::new();
                for c in body.chars().filter(|c| !marks.contains(c)) {
                    digits.push(if c == '-' && digits.is_empty() { c } else { digit(c)? });
                }
                digits.parse().ok()
            }
        }
    }
}

fn decimal(primary: &str) -> Outcome<Style> {
    let (mut mandatory, mut places, mut zero) = (0usize, 0usize, None);
    let mut separators = Vec::new();
    for c in primary.chars().rev() {
        match zero_of(c) {
            Some(family) => {
                if zero.is_some_and(|known| known != family) {
                    return Err(Fault::new("D3131", "a picture's digits have to be of one family"));
                }
                zero = Some(family);
                mandatory += 1;
                places += 1;
            }
            None if c == '#' => places += 1,
            None => separators.push((places, c)),
        }
    }
    let Some(zero) = zero else {
        return Err(Fault::new("D3130", format!("integers can't be written as `{primary}`")));
    };
    let every = separators.first().copied().filter(|(every, mark)| {
        *every > 0
            && separators.iter().enumerate().all(|(n, (at, other))| other == mark && *at == every * (n + 1))
    });
    Ok(Style::Decimal { mandatory, zero, separators, every })
}

fn plain(number: f64) -> String {
    if number < 1e21 { format!("{number:.0}") } else { written(number) }
}

fn ordinal_suffix(number: f64) -> &'static str {
    let teen = (11.0..=13.0).contains(&(number % 100.0));
    match number % 10.0 {
        n if n == 1.0 && !teen => "st",
        n if n == 2.0 && !teen => "nd",
        n if n == 3.0 && !teen => "rd",
        _ => "th",
    }
}

fn letters(mut number: f64, first: char) -> Outcome<String> {
    let mut text = Vec::new();
    while number >= 1.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is below 26")]
        let letter = ((number - 1.0) % 26.0) as u32;
        text.extend(char::from_u32(u32::from(first) + letter));
        number = ((number - 1.0) / 26.0).floor();
    }
    Ok(text.iter().rev().collect())
}

const ROMAN: [(f64, &str); 13] = [
    (1000.0, "m"),
    (900.0, "cm"),
    (500.0, "d"),
    (400.0, "cd"),
    (100.0, "c"),
    (90.0, "xc"),
    (50.0, "l"),
    (40.0, "xl"),
    (10.0, "x"),
    (9.0, "ix"),
    (5.0, "v"),
    (4.0, "iv"),
    (1.0, "i"),
];

fn roman(mut number: f64) -> Outcome<String> {
    if number > 1_000_000.0 {
        return Err(Fault::new("D3130", "the number is too large for Roman numerals"));
    }
    let mut text = String::new();
    for (value, letters) in ROMAN {
        while number >= value {
            text.push_str(letters);
            number -= value;
        }
    }
    Ok(text)
}

const FEW: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const ORDINALS: [&str; 20] = [
    "Zeroth",
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
    "Eleventh",
    "Twelfth",
    "Thirteenth",
    "Fourteenth",
    "Fifteenth",
    "Sixteenth",
    "Seventeenth",
    "Eighteenth",
    "Nineteenth",
];
const DECADES: [&str; 8] = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];
const MAGNITUDES: [(f64, &str); 4] =
    [(1e3, "Thousand"), (1e6, "Million"), (1e9, "Billion"), (1e12, "Trillion")];

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is below the table's length")]
fn words(number: f64, after: bool, ordinal: bool) -> String {
    let lead = |before: &str| if after { before.to_owned() } else { String::new() };
    if number < 20.0 {
        let table = if ordinal { ORDINALS } else { FEW };
        return lead(" and ") + table[number as usize];
    }
    if number < 100.0 {
        let (tens, rest) = ((number / 10.0).floor(), number % 10.0);
        let decade = DECADES[tens as usize - 2];
        let body = if rest > 0.0 {
            format!("{decade}-{}", words(rest, false, ordinal))
        } else if ordinal {
            format!("{}ieth", decade.trim_end_matches('y'))
        } else {
            decade.to_owned()
        };
        return lead(" and ") + &body;
    }
    let (size, name) = match MAGNITUDES.iter().rev().find(|(size, _)| number >= *size) {
        Some((size, name)) => (*size, *name),
        None => (100.0, "Hundred"),
    };
    let count = (number / size).floor();
    let rest = number - count * size;
    // Beyond a thousand trillions the count itself is a large number; it ends with f64's range.
    let mut text = lead(", ") + &words(count, false, false) + " " + name;
    if rest >= 1.0 {
        text += &words(rest.floor(), true, ordinal);
    } else if ordinal {
        text += "th";
    }
    text
}

fn number_of_words(text: &str) -> Option<f64> {
    let lower = text.to_lowercase();
    let parts = lower.split([' ', ',', '-']).filter(|part| !part.is_empty() && *part != "and");
    let mut sums: Vec<f64> = vec![0.0];
    for part in parts {
        let value = word(part)?;
        let mut top = sums.pop().unwrap_or(0.0);
        if value < 100.0 {
            if top >= 1000.0 {
                sums.push(top);
                top = 0.0;
            }
            sums.push(top + value);
        } else {
            sums.push(top * value);
        }
    }
    Some(sums.iter().sum())
}

fn word(word: &str) -> Option<f64> {
    let is = |name: &&str| name.eq_ignore_ascii_case(word);
    if let Some(place) = FEW.iter().position(is).or_else(|| ORDINALS.iter().position(is)) {
        return Some(place as f64);
    }
    let decade = word.strip_suffix("ieth").map(|stem| format!("{stem}y"));
    let decade = decade.as_deref().unwrap_or(word);
    if let Some(place) = DECADES.iter().position(|name| name.eq_ignore_ascii_case(decade)) {
        return Some((place as f64 + 2.0) * 10.0);
    }
    let cardinal = word.strip_suffix("th").unwrap_or(word);
    if cardinal == "hundred" {
        return Some(100.0);
    }
    MAGNITUDES.iter().find(|(_, name)| name.eq_ignore_ascii_case(cardinal)).map(|(size, _)| *size)
}
