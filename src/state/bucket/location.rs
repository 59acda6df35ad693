//! `s3://bucket/prefix`: what may stand there, and where S3 answers for it.

use crate::diagnostics::{Code, Diagnostic};
use std::fmt;

/// The longest key that S3 takes, in bytes, less what is put behind the prefix.
const LONGEST_PREFIX: usize = 700;

/// A bucket and what comes before every key of ours in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// By S3's rules for names.
    pub bucket: String,
    /// Without slashes at its ends; may be empty.
    pub prefix: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

impl Location {
    /// Reads `s3://bucket/prefix`; none if the text is no such URL at all.
    ///
    /// # Errors
    /// [`Code::BAD_VALUE`] for a bucket that S3 wouldn't make, or a prefix that is asking for
    /// trouble: it has to be typed in shells and policies.
    pub fn parse(text: &str) -> Option<Result<Self, Diagnostic>> {
        let rest = text.strip_prefix("s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_end_matches('/');
        Some(
            bucket_name(bucket)
                .and_then(|()| prefix_path(prefix))
                .map(|()| Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() }),
        )
    }

    /// The key of a file of that name.
    pub(super) fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }
}

fn refused(message: String, hint: &str) -> Diagnostic {
    Diagnostic::error(Code::BAD_VALUE, message).hint(hint)
}

fn bucket_name(name: &str) -> Result<(), Diagnostic> {
    if name.starts_with("arn:") || name.ends_with("-s3alias") || name.ends_with("--x-s3") {
        let message = format!("state in `{name}` isn't supported");
        return Err(Diagnostic::error(Code::UNSUPPORTED, message)
            .hint("name a general purpose bucket; access points and directory buckets aren't asked"));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let allowed = name.chars().all(|c| plain(c) || c == '-' || c == '.')
        && name.starts_with(plain)
        && name.ends_with(plain)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err();
    if (3..=63).contains(&name.len()) && allowed {
        return Ok(());
    }
    Err(refused(
        format!("`{name}` can't be a bucket's name"),
        "a bucket has 3 to 63 lower-case letters, digits, `-` and `.`: `s3://acme-evstack/reviews`",
    ))
}

fn prefix_path(prefix: &str) -> Result<(), Diagnostic> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.=+@/".contains(c);
    let parts = || prefix.split('/');
    let hint = "letters, digits and `-_.=+@` are allowed, in parts between single slashes";
    if prefix.is_empty() {
        return Ok(());
    }
    if prefix.len() > LONGEST_PREFIX {
        return Err(refused(
            format!("the state's prefix has {} characters", prefix.len()),
            "700 are allowed",
        ));
    }
    if !prefix.chars().all(allowed) || parts().any(|part| matches!(part, "" | "." | "..")) {
        return Err(refused(format!("`{prefix}` can't be the prefix of a state"), hint));
    }
    Ok(())
}

/// Where S3 answers for a bucket of that region. A name with dots fits no certificate as a host.
pub(super) fn endpoint(region: &str, bucket: &str) -> (String, bool) {
    let suffix = match region {
        r if r.starts_with("cn-") => "amazonaws.com.cn",
        r if r.starts_with("eusc-") => "amazonaws.eu",
        r if r.starts_with("us-iso-") => "c2s.ic.gov",
        r if r.starts_with("us-isob-") => "sc2s.sgov.gov",
        r if r.starts_with("us-isof-") => "csp.hci.ic.gov",
        r if r.starts_with("eu-isoe-") => "cloud.adc-e.uk",
        _ => "amazonaws.com",
    };
    match bucket.contains('.') {
        true => (format!("https://s3.{region}.{suffix}"), true),
        false => (format!("https://{bucket}.s3.{region}.{suffix}"), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_a_prefix_that_may_be_empty() {
        let read = |text: &str| Location::parse(text).map(|read| read.map(|l| (l.to_string(), l.key("x"))));
        let good = |url: &str, key: &str| Some(Ok((url.to_owned(), key.to_owned())));
        assert_eq!(read("s3://acme/a/b/"), good("s3://acme/a/b", "a/b/x"));
        assert_eq!(read("s3://acme"), good("s3://acme", "x"));
        assert_eq!(read("s3://acme.eu/"), good("s3://acme.eu", "x"));
        assert_eq!(read("folder/s3"), None);
        for bad in [
            "s3://",
            "s3:///x",
            "s3://ab",
            "s3://Acme/x",
            "s3://a_b_c",
            "s3://10.0.0.1/x",
            "s3://acme//x",
            "s3://acme/a//b",
            "s3://acme/../b",
            "s3://acme/a b",
            "s3://-acme",
            "s3://a..b",
            "s3://acme/${x}",
        ] {
            assert_eq!(read(bad).expect("a URL of S3").expect_err(bad).code, Code::BAD_VALUE, "{bad}");
        }
        for other in ["s3://arn:aws:s3:eu-west-1:1:accesspoint/x", "s3://acme--usw2-az1--x-s3/x"] {
            assert_eq!(read(other).expect("a URL of S3").expect_err(other).code, Code::UNSUPPORTED);
        }
    }

    #[test]
    fn a_bucket_is_a_host_where_a_certificate_fits_it() {
        assert_eq!(endpoint("eu-west-1", "acme"), ("https://acme.s3.eu-west-1.amazonaws.com".into(), false));
        assert_eq!(endpoint("eu-west-1", "a.b"), ("https://s3.eu-west-1.amazonaws.com".into(), true));
        assert_eq!(endpoint("cn-north-1", "acme").0, "https://acme.s3.cn-north-1.amazonaws.com.cn");
    }
}
