//! `application/x-www-form-urlencoded`.

/// Pairs in order. Broken escapes stay as they are; bytes that aren't UTF-8 are replaced.
pub(crate) fn decode(bytes: &[u8]) -> Vec<(String, String)> {
    bytes
        .split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = match pair.iter().position(|b| *b == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &pair[..0]),
            };
            (unescape(name), unescape(value))
        })
        .collect()
}

fn unescape(text: &[u8]) -> String {
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let escaped = match (text[at], text.get(at + 1), text.get(at + 2)) {
            (b'%', Some(high), Some(low)) => hex(*high).zip(hex(*low)).map(|(h, l)| h * 16 + l),
            _ => None,
        };
        if let Some(byte) = escaped {
            bytes.push(byte);
            at += 3;
        } else {
            bytes.push(if text[at] == b'+' { b' ' } else { text[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn decodes_pairs_and_survives_broken_escapes() {
        let pairs = super::decode(b"Action=Get&a=b+c%2F&=&x&bad=%2&worse=%zz&u=%C3%A9");
        let expected = [
            ("Action", "Get"),
            ("a", "b c/"),
            ("", ""),
            ("x", ""),
            ("bad", "%2"),
            ("worse", "%zz"),
            ("u", "é"),
        ];
        assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
}
