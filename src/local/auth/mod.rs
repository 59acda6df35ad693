//! Who calls: the credential of Signature Version 4, from the header or from a presigned URL, and for
//! keys that this cloud issued the proof that the caller has the secret.
//!
//! Any other key is the account's root, as clients of a local cloud expect; its signature isn't
//! checked, for nobody here knows its secret. Keys from here bear a mark, so that one that has
//! expired, or that another cloud issued, never becomes root.

mod canonical;
mod proof;
#[cfg(test)]
mod tests;
mod trouble;

pub(crate) use proof::Proof;
pub(crate) use trouble::Trouble;

use super::clock::Time;
use bytes::Bytes;
use http::{HeaderMap, Request, Uri};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How a key of this cloud's begins. AWS's own temporary keys begin with `ASIA`, too, and are random
/// after that: one that is taken for a key from here is as unlikely as two equal keys.
pub(crate) const OWN_KEY: &str = "ASIAEVSTACK";

/// The proof that a request is from whom it says, where that is asked: `None` for keys that aren't
/// from here. `service` is the signing name of the service that is called.
pub(crate) fn proof(
    request: &Request<Bytes>,
    credential: &Credential,
    service: &str,
    wall: Option<Time>,
) -> Result<Option<Proof>, Trouble> {
    if !credential.access_key.starts_with(OWN_KEY) {
        return Ok(None);
    }
    Proof::read(request, credential, service, wall).map(Some)
}

/// What to say to a request without a credential that can be read.
pub(crate) fn without_credential(headers: &HeaderMap) -> Trouble {
    let authorization = headers.get(http::header::AUTHORIZATION).map(|value| value.as_bytes());
    if authorization.is_some_and(|value| value.starts_with(ALGORITHM.as_bytes())) {
        return Trouble::Incomplete(format!(
            "Authorization header requires 'Credential' parameter. Authorization={ALGORITHM}"
        ));
    }
    Trouble::Missing
}

/// `Credential=AKID/20261123/us-east-1/cloudcontrolapi/aws4_request`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) access_key: String,
    /// `20261123`
    pub(crate) date: String,
    pub(crate) region: String,
    /// The signing name.
    pub(crate) service: String,
}

/// The caller's credential; `None` when the request carries none or a broken one.
pub(crate) fn credential(headers: &HeaderMap, uri: &Uri) -> Option<Credential> {
    if let Some(header) = headers.get(http::header::AUTHORIZATION) {
        let rest = header.to_str().ok()?.strip_prefix(ALGORITHM)?;
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
        date: date.into(),
        region: region.into(),
        service: service.into(),
    })
}
