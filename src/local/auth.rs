//! Who calls: the credential of Signature Version 4, from the header or from a presigned URL.

use http::{HeaderMap, Uri};

/// `Credential=AKID/20261123/us-east-1/cloudcontrolapi/aws4_request`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) access_key: String,
    pub(crate) region: String,
    /// The signing name.
    pub(crate) service: String,
}

/// The caller's credential; `None` when the request carries none or a broken one.
pub(crate) fn credential(headers: &HeaderMap, uri: &Uri) -> Option<Credential> {
    if let Some(header) = headers.get(http::header::AUTHORIZATION) {
        let rest = header.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
        let part = rest.split(',').map(str::trim).find_map(|part| part.strip_prefix("Credential="))?;
        return parse(part);
    }
    let query = uri.query()?;
    let pairs = super::protocol::form::decode(query.as_bytes());
    let (_, value) = pairs.into_iter().find(|(name, _)| name == "X-Amz-Credential")?;
    parse(&value)
}

fn parse(text: &str) -> Option<Credential> {
    // An access key may hold slashes in principle; the scope's four parts are counted from the end.
    let mut parts = text.rsplitn(5, '/');
    let terminator = parts.next()?;
    let (service, region, date) = (parts.next()?, parts.next()?, parts.next()?);
    let access_key = parts.next()?;
    let plain =
        |s: &str| !s.is_empty() && s.len() <= 64 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let sound = terminator == "aws4_request"
        && date.len() == 8
        && plain(service)
        && plain(region)
        && !access_key.is_empty()
        && access_key.len() <= 128;
    sound.then(|| Credential {
        access_key: access_key.into(),
        region: region.into(),
        service: service.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_presigned_url_and_nonsense() {
        let mut headers = HeaderMap::new();
        let none = Uri::from_static("/");
        assert_eq!(credential(&headers, &none), None);
        let expected =
            Credential { access_key: "AK".into(), region: "eu-west-1".into(), service: "sqs".into() };
        let url = Uri::from_static("/?X-Amz-Credential=AK%2F20261123%2Feu-west-1%2Fsqs%2Faws4_request");
        assert_eq!(credential(&headers, &url), Some(expected.clone()));
        let good = "AWS4-HMAC-SHA256 Credential=AK/20261123/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=00";
        headers.insert("authorization", good.parse().expect("a header"));
        assert_eq!(credential(&headers, &none), Some(expected));
        for bad in [
            "Bearer x",
            "AWS4-HMAC-SHA256 Credential=AK/sqs/aws4_request",
            "AWS4-HMAC-SHA256 Credential=////",
        ] {
            headers.insert("authorization", bad.parse().expect("a header"));
            assert_eq!(credential(&headers, &none), None, "{bad}");
        }
    }
}
