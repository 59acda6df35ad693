//! Requests that a browser sends for a page from elsewhere. Such a page could read every secret here
//! and call as the account's root, so it gets nothing, not even a health check.
//!
//! A browser that follows the rules says in `Origin` or `Sec-Fetch-Site` where a page came from. A page
//! whose public name was made to mean this machine (DNS rebinding) is of the same origin for it: that
//! one shows by its `Host`. Programs may come by any name; so a public name is refused only where the
//! request bears a browser's marks. A page can't drop all of them: `Accept-Language` is sent in any
//! case, and `Sec-` headers can't be set (Fetch Standard, "forbidden request-header").

use http::header::{ACCEPT_LANGUAGE, HOST, ORIGIN, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderName};
use std::net::Ipv4Addr;

/// What to say to such a request; `None` for all others. `own` is the host that the cloud was told to
/// listen on: its name is taken as it is.
pub(super) fn refused(headers: &HeaderMap, own: &str) -> Option<&'static str> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(HOST).unwrap_or("");
    if let Some(origin) = text(ORIGIN) {
        let of = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if !of.is_some_and(|of| of.eq_ignore_ascii_case(host)) {
            return Some("a page from another origin may ask nothing here");
        }
    }
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if matches!(site, Some("cross-site" | "same-site")) {
        return Some("a page from another origin may ask nothing here");
    }
    // Node's `fetch` has a language and a mode, but never a site as browsers do.
    let node = site.is_none() && headers.contains_key("sec-fetch-mode");
    let browser = site.is_some()
        || headers.contains_key(ORIGIN)
        || headers.contains_key(REFERER)
        || (headers.contains_key(ACCEPT_LANGUAGE) && !node)
        || text(USER_AGENT).is_some_and(|agent| agent.starts_with("Mozilla/"));
    (browser && is_public(host, own)).then_some(
        "a browser may not ask here by a public host name, which may be a trap (DNS rebinding): \
         ask by an address or by localhost, or start the cloud with the name as --host",
    )
}

/// Whether a `Host`, with or without its port, is a name that anybody may own. Names of one part and
/// those under the reserved endings (RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`) aren't.
fn is_public(authority: &str, own: &str) -> bool {
    let end = authority.rfind(':').filter(|at| authority[at + 1..].bytes().all(|b| b.is_ascii_digit()));
    let host = authority[..end.unwrap_or(authority.len())].to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let address = host.parse::<Ipv4Addr>().is_ok() || host.starts_with('[');
    let endings = [".localhost", ".local", ".internal", ".test", ".home.arpa"];
    let private = endings.iter().any(|ending| host.ends_with(ending));
    !address && !private && !host.eq_ignore_ascii_case(own) && host.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREIGN: &str = "a page from another origin";
    const PUBLIC: &str = "a browser may not ask here by a public host name";

    /// Host, other headers, and how the refusal begins.
    type Case<'a> = (&'a str, &'a [(&'static str, &'a str)], Option<&'a str>);

    #[test]
    fn browsers_are_told_from_programs_and_pages_from_elsewhere_from_ours() {
        let cases: &[Case<'_>] = &[
            // Programs come by any name.
            ("127.0.0.1:4566", &[], None),
            ("evstack:4566", &[("user-agent", "Boto3/1.40 md/Botocore#1.40")], None),
            ("build.example.com:4566", &[("user-agent", "aws-sdk-rust/1.3.9")], None),
            ("bucket.s3.localhost:4566", &[], None),
            ("ci.example.com", &[("accept-language", "*"), ("sec-fetch-mode", "cors")], None),
            // A browser, for whoever sits there.
            ("127.0.0.1:4566", &[("sec-fetch-site", "none"), ("accept-language", "en")], None),
            ("[::1]:4566", &[("origin", "http://[::1]:4566"), ("sec-fetch-site", "same-origin")], None),
            ("LOCALHOST:4566", &[("origin", "http://localhost:4566")], None),
            ("box.local:4566", &[("accept-language", "en")], None),
            ("own.example.com:4566", &[("origin", "http://own.example.com:4566")], None),
            // A page from elsewhere.
            ("127.0.0.1:4566", &[("origin", "http://evil.example")], Some(FOREIGN)),
            ("127.0.0.1:4566", &[("origin", "http://127.0.0.1:3000")], Some(FOREIGN)),
            ("127.0.0.1:4566", &[("origin", "null")], Some(FOREIGN)),
            ("127.0.0.1:4566", &[("sec-fetch-site", "cross-site")], Some(FOREIGN)),
            ("localhost:4566", &[("sec-fetch-site", "same-site")], Some(FOREIGN)),
            ("own.example.com", &[("origin", "http://evil.example")], Some(FOREIGN)),
            // A page whose name means this machine by now.
            ("evil.example:4566", &[("origin", "http://evil.example:4566")], Some(PUBLIC)),
            ("evil.example:4566", &[("referer", "http://evil.example:4566/")], Some(PUBLIC)),
            ("evil.example", &[("accept-language", "*")], Some(PUBLIC)),
            ("evil.example.", &[("accept-language", "en")], Some(PUBLIC)),
            ("Evil.Example", &[("user-agent", "Mozilla/5.0 (X11)")], Some(PUBLIC)),
            ("evil.example", &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], Some(PUBLIC)),
            ("localhost.evil.example", &[("accept-language", "en")], Some(PUBLIC)),
            ("127.0.0.1.evil.example", &[("accept-language", "en")], Some(PUBLIC)),
        ];
        for (host, marks, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().expect("a value"));
            for (name, value) in *marks {
                headers.insert(HeaderName::from_static(name), value.parse().expect("a value"));
            }
            let said = refused(&headers, "own.example.com");
            let as_expected = match (said, expected) {
                (Some(said), Some(expected)) => said.starts_with(expected),
                (said, expected) => said.is_none() && expected.is_none(),
            };
            assert!(as_expected, "{host} {marks:?}: {said:?}");
        }
    }
}
