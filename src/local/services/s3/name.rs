//! Names of general purpose buckets (Amazon S3 User Guide, "General purpose bucket naming rules"; the
//! words are those of the AWS SDK for Java's own check, which the handler runs before it asks S3).

/// Beginnings and ends that AWS keeps for itself.
const RESERVED: (&[&str], &[&str]) =
    (&["xn--", "sthree-", "amzn-s3-demo-"], &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]);

/// What is wrong with a name, if anything.
pub(super) fn trouble(name: &str) -> Option<String> {
    if !(3..=63).contains(&name.len()) {
        return Some("Bucket name should be between 3 and 63 characters long".into());
    }
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Some("Bucket name should not contain uppercase characters".into());
    }
    if let Some(other) =
        name.chars().find(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && !".-".contains(*c))
    {
        return Some(format!("Bucket name should not contain '{other}'"));
    }
    if name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok()) {
        return Some("Bucket name must not be formatted as an IP Address".into());
    }
    if name.starts_with('.') {
        return Some("Bucket name should not begin with a period".into());
    }
    if name.starts_with('-') {
        return Some("Bucket name should not begin with a '-'".into());
    }
    if name.contains("..") {
        return Some("Bucket name should not contain two adjacent periods".into());
    }
    if name.contains(".-") || name.contains("-.") {
        return Some("Bucket name should not contain dashes next to periods".into());
    }
    if name.ends_with(['-', '.']) {
        return Some("Bucket name should not end with '-' or '.'".into());
    }
    let (starts, ends) = RESERVED;
    if starts.iter().any(|start| name.starts_with(start)) || ends.iter().any(|end| name.ends_with(end)) {
        return Some("The specified bucket is not valid.".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::trouble;

    #[test]
    fn names_that_are_none() {
        for (name, part) in [
            ("ab", "between 3 and 63"),
            ("My-bucket", "uppercase"),
            ("a_b_c", "'_'"),
            ("192.168.0.1", "IP Address"),
            (".abc", "begin with a period"),
            ("a..b", "two adjacent"),
            ("a.-b", "next to periods"),
            ("abc-", "end with"),
            ("xn--abc", "not valid"),
            ("abc--x-s3", "not valid"),
        ] {
            let said = trouble(name);
            assert!(said.as_deref().is_some_and(|said| said.contains(part)), "{name}: {said:?}");
        }
        for name in ["abc", "my.bucket-1", "1.2.3.4.5", "300.1.1.1"] {
            assert_eq!(trouble(name), None, "{name}");
        }
    }
}
