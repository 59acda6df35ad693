//! Reads the JSON5 of recorded facts, for tests: comments, trailing commas,
//! single quotes and bare keys become plain JSON.

use serde_json::Value;
use std::path::PathBuf;

/// A folder of `../shared/data`, where it is: facts are read in place, and a
/// checkout without them skips their tests, saying so.
pub(crate) fn recorded(folder: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared/data", "../../shared/data"]
        .map(|path| root.join(path).join(folder))
        .into_iter()
        .find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("skipped: the recorded facts of {folder} aren't here");
    }
    found
}

/// Reads one document.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&plain(text))
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            quote @ ('"' | '\'') => {
                out.push('"');
                while let Some(inside) = rest.next() {
                    match inside {
                        '\\' => {
                            let escaped = rest.next().unwrap_or('\\');
                            if escaped != '\'' {
                                out.push('\\');
                            }
                            out.push(escaped);
                        }
                        end if end == quote => break,
                        '"' => out.push_str("\\\""),
                        other => out.push(other),
                    }
                }
                out.push('"');
            }
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|next| *next != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => {
                rest.next();
                let mut before = ' ';
                for inside in rest.by_ref() {
                    if before == '*' && inside == '/' {
                        break;
                    }
                    before = inside;
                }
            }
            close @ ('}' | ']') => {
                let kept = out.trim_end().len();
                if out[..kept].ends_with(',') {
                    out.truncate(kept - 1);
                }
                out.push(close);
            }
            start if start.is_ascii_alphabetic() || start == '_' || start == '$' => {
                let mut word = String::from(start);
                while let Some(more) =
                    rest.next_if(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '$'))
                {
                    word.push(more);
                }
                let number = out.ends_with(|last: char| last.is_ascii_digit() || last == '.');
                if number || matches!(word.as_str(), "true" | "false" | "null") {
                    out.push_str(&word);
                } else {
                    out.push('"');
                    out.push_str(&word);
                    out.push('"');
                }
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::json;

    #[test]
    fn what_json_lacks_is_put_right() {
        let text = r#"// first
        {bare: 'it\'s "so"', "kept": "// no, /* nor */ this,]", /* gone */ "list": [1, 3.018e2, true,], }"#;
        let value = parse(text).expect("it is JSON5");
        assert_eq!(
            value,
            json!({"bare": "it's \"so\"", "kept": "// no, /* nor */ this,]", "list": [1, 301.8, true]})
        );
    }
}
