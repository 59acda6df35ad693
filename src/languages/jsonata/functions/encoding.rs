//! Base64 and the encoding of URLs.

use super::super::fault::{Fault, Outcome};
use super::super::value::Value;
use super::{Row, string};
use std::fmt::Write as _;

pub(super) const TABLE: &[Row] = &[
    Row("base64encode", "<s-:s>", 1, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        // Each character one byte, as the reference has it.
        #[expect(clippy::cast_possible_truncation, reason = "the low byte is what counts")]
        let bytes: Vec<u8> = text.encode_utf16().map(|unit| unit as u8).collect();
        e.text(to_base64(&bytes))
    }),
    Row("base64decode", "<s-:s>", 1, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        e.text(from_base64(text).into_iter().map(char::from).collect())
    }),
    Row("encodeUrlComponent", "<s-:s>", 1, |e, a| {
        string(a, 0).map_or(Ok(Value::Nothing), |text| e.text(encoded(text, "-_.!~*'()")))
    }),
    Row("encodeUrl", "<s-:s>", 1, |e, a| {
        string(a, 0).map_or(Ok(Value::Nothing), |text| e.text(encoded(text, "-_.!~*'();/?:@&=+$,#")))
    }),
    Row("decodeUrlComponent", "<s-:s>", 1, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        let text = decoded(text, "", "$decodeUrlComponent")?;
        e.text(text)
    }),
    Row("decodeUrl", "<s-:s>", 1, |e, a| {
        let Some(text) = string(a, 0) else { return Ok(Value::Nothing) };
        let text = decoded(text, ";/?:@&=+$,#", "$decodeUrl")?;
        e.text(text)
    }),
];

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| chunk.get(index).copied().map_or(0, u32::from);
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// What isn't base64 is passed over.
fn from_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for letter in text.bytes().take_while(|b| *b != b'=') {
        let letter = match letter {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        let Some(value) = LETTERS.iter().position(|known| *known == letter) else { continue };
        bits = (bits << 6 | u32::try_from(value).unwrap_or(0)) & 0xFF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap_or(0));
        }
    }
    bytes
}

fn encoded(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a string has no failure.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Escapes of what is in `kept` stay as they are.
fn decoded(text: &str, kept: &str, name: &str) -> Outcome<String> {
    let malformed = || Fault::new("D3140", format!("what {name} is given has a `%` that escapes nothing"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits =
            digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(malformed)?;
        let byte = u8::from_str_radix(digits, 16).map_err(|_| malformed())?;
        if kept.as_bytes().contains(&byte) {
            bytes.push(b'%');
            bytes.extend_from_slice(digits.as_bytes());
        } else {
            bytes.push(byte);
        }
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}
