//! The parser's complaints in the words of someone who wrote the file.

/// What stands there in the parser's message → what is wrong.
const WORDS: &[(&str, &str)] = &[
    ("tab", "a tab stands where only spaces may"),
    ("unprintable", "a character stands here that YAML doesn't allow"),
    ("simple key expect", "a `:` is missing after the key on this line, or on the one before"),
    ("mapping values are not allowed", "a `:` can't stand here"),
    ("illegal placement of ':'", "a `:` can't stand here"),
    ("mapping keys are not allowed", "a key can't stand here"),
    ("block sequence entries are not allowed", "a `-` item can't stand here"),
    ("did not find expected key", "this is indented neither as the keys above nor as their values"),
    ("did not find expected '-'", "this is indented as the list above, but isn't a `-` item"),
    ("did not find expected ',' or '}'", "a `,` or `}` is missing before this"),
    ("expected ',' or ']'", "a `,` or `]` is missing before this"),
    ("did not find expected node content", "a value is missing here"),
    ("unexpected end of stream", "the quoted text has no closing quote"),
    ("unexpected eof", "the file ends inside a value"),
    ("unknown escape", "the quoted text has an escape that YAML doesn't know"),
    ("escape", "the quoted text has a bad escape"),
    ("trailing content after double-quoted", "something follows the closing quote"),
    ("unknown anchor", "no anchor of this name stands above"),
    ("duplicated anchor", "a value has one anchor at most"),
    ("invalid indentation", "the indentation doesn't fit"),
    ("wrongly indented", "the indentation doesn't fit"),
    ("did not find expected <document", "this can't stand at the top of the file"),
    ("misplaced bracket", "a closing bracket without an opening one"),
    ("handle wasn't declared", "the tag's handle isn't declared"),
];

/// Whether a bracket that was opened before and never closed may be the reason.
pub(super) fn may_miss_a_bracket(info: &str) -> bool {
    ["':'", "mapping values", "',' or", "indentation", "indented", "unexpected e", "expected key"]
        .iter()
        .any(|theirs| info.contains(theirs))
}

/// What is wrong.
pub(super) fn plainly(info: &str) -> String {
    match WORDS.iter().find(|(theirs, _)| info.contains(theirs)) {
        Some((_, ours)) => (*ours).to_owned(),
        None => info.to_owned(),
    }
}

/// A way out, by what stands on the line, or where a value began.
pub(super) fn hint(info: &str, line: &str) -> Option<&'static str> {
    let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
    if line[..indentation].contains('\t') {
        Some("indent with spaces")
    } else if line.contains("${") && line.contains(['{', '[', ',']) {
        Some("inside `{…}` and `[…]` an expression stands in quotes: \"${…}\"")
    } else if info.contains("escape") {
        Some("in double quotes a backslash is written `\\\\`; in single quotes it is itself")
    } else if info.contains("':'") || info.contains("mapping values") {
        Some("text with a `: ` in it stands in quotes; a `{` or `[` above may lack its end")
    } else if info.contains("indentation") || info.contains("expected key") {
        Some("indent what belongs together alike")
    } else {
        None
    }
}
