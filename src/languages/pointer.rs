//! JSON Pointers (RFC 6901), which say where in a document a mistake is.

use std::fmt::Write as _;

/// The pointer of an object's member or an array's element: `parent` and one
/// more token, escaped.
#[must_use]
pub fn child(parent: &str, token: &str) -> String {
    let mut pointer = String::with_capacity(parent.len() + token.len() + 1);
    pointer.push_str(parent);
    pointer.push('/');
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
    pointer
}

/// The pointer of an array's element.
#[must_use]
pub fn element(parent: &str, index: usize) -> String {
    let mut pointer = String::with_capacity(parent.len() + 4);
    pointer.push_str(parent);
    // Writing into a string has no failure.
    let _ = write!(pointer, "/{index}");
    pointer
}

#[cfg(test)]
mod tests {
    use super::{child, element};
    use serde_json::json;

    #[test]
    fn tokens_are_escaped_so_that_the_pointer_finds_the_value() {
        let document = json!({"a/b": {"c~d": [1, 2]}});
        let pointer = element(&child(&child("", "a/b"), "c~d"), 1);
        assert_eq!(pointer, "/a~1b/c~0d/1");
        assert_eq!(document.pointer(&pointer), Some(&json!(2)));
    }
}
