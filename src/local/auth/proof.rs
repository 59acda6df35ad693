//! What a request shows to prove that it is signed with a key's secret, and the check of it.
//!
//! Source: IAM User Guide, "Create a signed AWS API request" (headers) and S3 API Reference,
//! "Authenticating requests: using query parameters" (presigned URLs).

use super::canonical;
use super::trouble::Trouble;
use super::{ALGORITHM, Credential};
use crate::local::clock::Time;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A request's date and the server's clock may differ so much.
const SKEW: Duration = Duration::from_mins(15);
/// A presigned URL is valid so many seconds at most.
const LONGEST: i64 = 604_800;

/// Everything that the check needs but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// `20261123`
    date: String,
    region: String,
    service: String,
    string_to_sign: String,
    signature: Vec<u8>,
    /// The session's token.
    pub(crate) token: Option<String>,
}

/// The parts of a signature, wherever they stand.
struct Parts {
    signed_headers: String,
    signature: String,
    /// `20261123T132000Z`
    at: String,
    /// How long a presigned URL is valid, in seconds.
    expires: Option<i64>,
    token: Option<String>,
}

impl Proof {
    /// Takes a request's proof apart. `called` is the signing name of the service; `wall` is the present where the clock is the machine's own: a
    /// clock that tests move says nothing about when a client signed.
    pub(super) fn read(
        request: &Request<Bytes>,
        credential: &Credential,
        called: &str,
        wall: Option<Time>,
    ) -> Result<Self, Trouble> {
        let parts = Parts::read(request)?;
        let Credential { date, region, service, .. } = credential;
        if service != called {
            let words = format!("Credential should be scoped to correct service: '{called}'.");
            return Err(Trouble::Signature(words));
        }
        if !parts.at.starts_with(date.as_str()) {
            return Err(Trouble::Signature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{date}' != '{}', from '{}'.",
                parts.at.get(..8).unwrap_or(&parts.at),
                parts.at
            )));
        }
        let signed = moment(&parts.at).ok_or_else(|| {
            Trouble::Incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                parts.at
            ))
        })?;
        if let Some(now) = wall {
            timely(&parts, signed, now)?;
        }
        let names: Vec<&str> = parts.signed_headers.split(';').collect();
        if !names.contains(&"host") {
            let words = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
            return Err(Trouble::Signature(words.to_owned()));
        }
        // What a client says of itself means nothing here, and AWS's own clients don't always sign it.
        let bare =
            request.headers().keys().map(http::HeaderName::as_str).find(|name| {
                name.starts_with("x-amz-") && *name != "x-amz-user-agent" && !names.contains(name)
            });
        if let Some(bare) = bare {
            let words = format!("'{bare}' must be a 'SignedHeader' in the AWS Authorization.");
            return Err(Trouble::Signature(words));
        }
        let headers = canonical::headers(request, &names).ok_or_else(Trouble::mismatch)?;
        let s3 = service == "s3";
        let canonical = format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            request.method(),
            canonical::path(request.uri().path(), s3),
            canonical::query(request.uri().query().unwrap_or("")),
            parts.signed_headers,
            payload(request, s3, parts.expires.is_some())?,
        );
        let string_to_sign = format!(
            "{ALGORITHM}\n{}\n{date}/{region}/{service}/aws4_request\n{}",
            parts.at,
            hex(&Sha256::digest(canonical.as_bytes()))
        );
        Ok(Self {
            date: date.clone(),
            region: region.clone(),
            service: service.clone(),
            string_to_sign,
            signature: unhex(&parts.signature).ok_or_else(Trouble::mismatch)?,
            token: parts.token,
        })
    }

    /// Whether it was signed with this secret; compared in constant time.
    pub(crate) fn holds(&self, secret: &str) -> bool {
        let mut key = format!("AWS4{secret}").into_bytes();
        for text in [&self.date, &self.region, &self.service, "aws4_request"] {
            let Some(mac) = mac(&key, text) else { return false };
            key = mac.finalize().into_bytes().to_vec();
        }
        mac(&key, &self.string_to_sign).is_some_and(|mac| mac.verify_slice(&self.signature).is_ok())
    }
}

impl Parts {
    fn read(request: &Request<Bytes>) -> Result<Self, Trouble> {
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
        };
        let Some(authorization) = header("authorization") else {
            return Self::presigned(request.uri().query().unwrap_or(""));
        };
        let rest = authorization.strip_prefix(ALGORITHM).unwrap_or(&authorization);
        let find = |name: &str| {
            let found = rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned)
        };
        let (signed_headers, signature) = (find("SignedHeaders"), find("Signature"));
        let at = header("x-amz-date").or_else(|| header("date"));
        let (Some(signed_headers), Some(signature), Some(at)) = (&signed_headers, &signature, &at) else {
            let mut words = String::new();
            for (name, found) in [("Signature", &signature), ("SignedHeaders", &signed_headers)] {
                if found.is_none() {
                    words += &format!("Authorization header requires '{name}' parameter. ");
                }
            }
            if at.is_none() {
                words +=
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
            }
            return Err(Trouble::Incomplete(format!("{words}Authorization={ALGORITHM}")));
        };
        Ok(Self {
            signed_headers: signed_headers.clone(),
            signature: signature.clone(),
            at: at.clone(),
            expires: None,
            token: header("x-amz-security-token"),
        })
    }

    fn presigned(query: &str) -> Result<Self, Trouble> {
        let find = |name: &str| {
            canonical::parameter(query, name).ok_or_else(|| {
                Trouble::Incomplete(format!("AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."))
            })
        };
        let algorithm = find("X-Amz-Algorithm")?;
        if algorithm != ALGORITHM {
            return Err(Trouble::Incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
        }
        let expires = find("X-Amz-Expires").unwrap_or_else(|_| LONGEST.to_string());
        let expires = expires.parse::<i64>().ok().filter(|seconds| (0..=LONGEST).contains(seconds));
        let expires = expires.ok_or_else(|| {
            Trouble::Incomplete(format!("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than {LONGEST} seconds"))
        })?;
        Ok(Self {
            signed_headers: find("X-Amz-SignedHeaders")?,
            signature: find("X-Amz-Signature")?,
            at: find("X-Amz-Date")?,
            expires: Some(expires),
            token: canonical::parameter(query, "X-Amz-Security-Token"),
        })
    }
}

fn timely(parts: &Parts, signed: Time, now: Time) -> Result<(), Trouble> {
    let before = Time(now.0.saturating_sub(i64::try_from(SKEW.as_millis()).unwrap_or(0)));
    let after = now.after(SKEW);
    let (at, shown) = (&parts.at, |time: Time| basic(time));
    if signed > after {
        return Err(Trouble::Signature(format!(
            "Signature not yet current: {at} is still later than {} ({} + 15 min.)",
            shown(after),
            shown(now)
        )));
    }
    let end = match parts.expires {
        Some(seconds) => Time(signed.0.saturating_add(seconds.saturating_mul(1000))),
        None => signed.after(SKEW),
    };
    if end < now {
        let (limit, words) = match parts.expires {
            Some(_) => (now, String::new()),
            None => (before, format!(" ({} - 15 min.)", shown(now))),
        };
        return Err(Trouble::Signature(format!(
            "Signature expired: {at} is now earlier than {}{words}",
            shown(limit)
        )));
    }
    Ok(())
}

/// The payload's hash as it is signed. Only S3 takes a payload that isn't signed (S3 API Reference,
/// "Authenticating requests").
fn payload(request: &Request<Bytes>, s3: bool, presigned: bool) -> Result<String, Trouble> {
    let actual = || hex(&Sha256::digest(request.body()));
    let Some(said) = request.headers().get("x-amz-content-sha256") else {
        return Ok(if s3 && presigned { "UNSIGNED-PAYLOAD".to_owned() } else { actual() });
    };
    match String::from_utf8_lossy(said.as_bytes()).trim() {
        "UNSIGNED-PAYLOAD" if s3 => Ok("UNSIGNED-PAYLOAD".to_owned()),
        streaming if streaming.starts_with("STREAMING-") => Err(Trouble::Unsupported(streaming.to_owned())),
        said if said.eq_ignore_ascii_case(&actual()) => Ok(said.to_owned()),
        _ => Err(Trouble::mismatch()),
    }
}

/// The signature's own form of a moment: `20261123T132000Z`.
fn basic(time: Time) -> String {
    let text = time.rfc3339();
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    digits.split('.').next().map(|seconds| format!("{seconds}Z")).unwrap_or_default()
}

fn moment(text: &str) -> Option<Time> {
    let sound = text.len() == 16 && text.is_ascii() && text.ends_with('Z') && &text[8..9] == "T";
    let iso = sound.then(|| {
        let (d, t) = (&text[..8], &text[9..15]);
        format!("{}-{}-{}T{}:{}:{}Z", &d[..4], &d[4..6], &d[6..], &t[..2], &t[2..4], &t[4..])
    })?;
    iso.parse::<jiff::Timestamp>().ok().map(|timestamp| Time(timestamp.as_millisecond()))
}

fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let sound = text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    sound.then(|| (0..text.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>())?
}
