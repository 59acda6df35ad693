//! The canonical request of Signature Version 4: what client and server both hash.
//!
//! Source: IAM User Guide, "Create a signed AWS API request". Every service but S3 has the path
//! normalised and encoded once more than it was sent.

use http::{HeaderMap, Request};
use std::fmt::Write;

/// A form's or URL's pairs, decoded to bytes.
type Pair = (Vec<u8>, Vec<u8>);

/// The path, as it is signed.
pub(super) fn path(path: &str, s3: bool) -> String {
    if s3 {
        return encode(&decode(path), true);
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    encode(format!("/{}{end}", segments.join("/")).as_bytes(), true)
}

/// The query's pairs by name, then by value, without the signature itself.
pub(super) fn query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = pairs(query)
        .into_iter()
        .filter(|(name, _)| name != b"X-Amz-Signature")
        .map(|(name, value)| (encode(&name, false), encode(&value, false)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// A query parameter's text.
pub(super) fn parameter(query: &str, wanted: &str) -> Option<String> {
    let found = pairs(query).into_iter().find(|(name, _)| name == wanted.as_bytes());
    found.map(|(_, value)| String::from_utf8_lossy(&value).into_owned())
}

fn pairs(query: &str) -> Vec<Pair> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    };
    query.split('&').filter(|text| !text.is_empty()).map(pair).collect()
}

/// The signed headers, one a line; `None` when the request lacks one.
pub(super) fn headers(request: &Request<impl Sized>, signed: &[&str]) -> Option<String> {
    let mut lines = String::new();
    for name in signed {
        let values = values(request.headers(), name);
        let value = match (values.is_empty(), *name) {
            // HTTP/2 and calls in one process have it in the URI.
            (true, "host") => request.uri().authority()?.to_string(),
            (true, _) => return None,
            (false, _) => values.join(","),
        };
        // Writing to a String can't fail.
        let _ = writeln!(lines, "{name}:{value}");
    }
    Some(lines)
}

/// Values trimmed, with one space where several were.
fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let trimmed = |text: &str| text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    headers.get_all(name).iter().map(|value| trimmed(&String::from_utf8_lossy(value.as_bytes()))).collect()
}

/// Percent escapes become bytes; broken ones stay.
fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let hex =
        |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| hex(bytes.get(at + 1)).zip(hex(bytes.get(at + 2)))).flatten();
        match escaped {
            Some((high, low)) => {
                decoded.push(high * 16 + low);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// All but the unreserved characters of RFC 3986 as upper-case escapes.
fn encode(bytes: &[u8], slashes: bool) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        if plain || (slashes && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{path, query};

    /// The forms of AWS's own test suite of Signature Version 4, as they are on the wire.
    #[test]
    fn paths_and_queries_have_one_form() {
        for (sent, canonical) in [
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/example/..", "/"),
            ("/example1/example2/../..", "/"),
            ("//example//", "/example/"),
            ("/./example", "/example"),
            ("/example%20space/", "/example%2520space/"),
            ("/-._~0123aZ", "/-._~0123aZ"),
        ] {
            assert_eq!(path(sent, false), canonical, "{sent}");
        }
        assert_eq!(path("/a//b%20c/../d", true), "/a//b%20c/../d");
        for (sent, canonical) in [
            ("", ""),
            ("Param2=value2&Param1=value1", "Param1=value1&Param2=value2"),
            ("Param1=Value2&Param1=value1", "Param1=Value2&Param1=value1"),
            ("b&a=%2f%7E&X-Amz-Signature=00", "a=%2F~&b="),
            ("%E1%88%B4=bar", "%E1%88%B4=bar"),
            ("a=%zz%4", "a=%25zz%254"),
        ] {
            assert_eq!(query(sent), canonical, "{sent}");
        }
    }
}
