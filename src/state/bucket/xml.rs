//! As much of XML as S3's answers need: the text of elements, by name.

/// The text of the first element of that name.
pub(super) fn text(xml: &str, name: &str) -> Option<String> {
    inner(xml, name).next().map(unescaped)
}

/// What is between the tags of each element of that name, in order. S3 nests none in itself, and
/// gives those that are read here no attributes.
pub(super) fn inner<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(open.as_str())?;
        let (text, after) = after.split_once(close.as_str())?;
        rest = after;
        Some(text)
    })
}

fn unescaped(text: &str) -> String {
    let names =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"), ("&#39;", "'")];
    let text = names.iter().fold(text.to_owned(), |text, (name, c)| text.replace(name, c));
    // Last, so that `&amp;lt;` stays `&lt;`.
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_name_and_unescaped() {
        let xml = "<L><IsTruncated>false</IsTruncated><C><Key>a&amp;lt;</Key></C><C><Key>b</Key></C></L>";
        assert_eq!(text(xml, "IsTruncated").as_deref(), Some("false"));
        assert_eq!(text(xml, "Token"), None);
        let keys: Vec<_> = inner(xml, "C").filter_map(|c| text(c, "Key")).collect();
        assert_eq!(keys, ["a&lt;", "b"]);
        assert_eq!(text("<Key>cut", "Key"), None);
    }
}
