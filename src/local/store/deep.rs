//! Reading rows that nest deeper than the JSON reader goes (128 levels). What a client sends is
//! bounded before it becomes a row; a row from before such a bound, or one that wraps it in more,
//! must not keep the rest of the data from being read.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// A row is read in pieces of so many levels.
const PIECE: usize = 100;
/// No row goes deeper: what is read is recursed into.
const DEEPEST: usize = 400;

/// A row's value.
pub(super) fn read<T: DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(text).or_else(|error| {
        let depth = depth(text);
        if depth <= PIECE || depth > DEEPEST { Err(error) } else { serde_json::from_value(value(text)?) }
    })
}

/// Follows the nesting of a JSON text.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Nesting {
    /// Takes the next byte in.
    fn step(&mut self, byte: u8) {
        if self.in_text {
            self.in_text = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return;
        }
        match byte {
            b'"' => self.in_text = true,
            b'[' | b'{' => self.depth = self.depth.saturating_add(1),
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

fn depth(text: &[u8]) -> usize {
    let mut nesting = Nesting::default();
    let depths = text.iter().map(|byte| {
        nesting.step(*byte);
        nesting.depth
    });
    depths.max().unwrap_or(0)
}

/// Reads the upper levels with an empty array in each place where more follows, then what follows.
fn value(text: &[u8]) -> serde_json::Result<Json> {
    let (mut upper, mut lower) = (Vec::new(), Vec::new());
    let (mut nesting, mut start) = (Nesting::default(), 0);
    for (at, byte) in text.iter().enumerate() {
        let before = nesting.depth;
        nesting.step(*byte);
        match (before > PIECE, nesting.depth > PIECE) {
            (false, true) => start = at,
            (true, true) => {}
            (true, false) => {
                upper.extend_from_slice(b"[]");
                lower.push(&text[start..=at]);
            }
            (false, false) => upper.push(*byte),
        }
    }
    let mut whole = serde_json::from_slice(&upper)?;
    fill(&mut whole, PIECE, &mut lower.into_iter())?;
    Ok(whole)
}

/// Puts the lower pieces, in their order, into the arrays that stand `levels` below.
fn fill<'a>(
    node: &mut Json,
    levels: usize,
    lower: &mut impl Iterator<Item = &'a [u8]>,
) -> serde_json::Result<()> {
    match node {
        Json::Array(_) if levels == 0 => {
            if let Some(text) = lower.next() {
                *node = value(text)?;
            }
            Ok(())
        }
        Json::Array(items) => items.iter_mut().try_for_each(|item| fill(item, levels - 1, lower)),
        Json::Object(members) => members.values_mut().try_for_each(|member| fill(member, levels - 1, lower)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Arrays and objects in turn, with brackets in texts and empty arrays on every level.
    fn nested(levels: usize) -> Json {
        (0..levels).fold(json!("end"), |inner, level| match level % 2 {
            0 => json!([[], "]\"[", inner, {}, "\\"]),
            _ => json!({"a{\"": [], "b": inner, "c": 1.5}),
        })
    }

    #[test]
    fn what_is_written_is_read_however_deep() {
        for levels in [0, 1, 99, 100, 101, 102, 126, 127, 128, 129, 200, 201, 202, 350, 390] {
            let value = nested(levels);
            assert_eq!(read::<Json>(value.to_string().as_bytes()).expect("is read"), value, "{levels}");
        }
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let deep = nested(150).to_string();
        let cut = |at: usize| deep.as_bytes()[..at].to_vec();
        let open = b"[".repeat(1_000_000);
        for text in [cut(deep.len() / 2), cut(deep.len() - 1), open, nested(500).to_string().into_bytes()] {
            assert!(read::<Json>(&text).is_err());
        }
    }
}
