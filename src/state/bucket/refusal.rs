//! What S3 refuses, in words for a person, with the way out.

use super::location::Location;
use super::xml;
use crate::aws::Answer;
use crate::diagnostics::{Code, Diagnostic};
use std::time::Duration;

const SAFE: &str = "nothing acknowledged is lost: run again, and what was under way is picked up";

/// S3's own words.
pub(super) struct Said {
    pub code: String,
    message: String,
    request: Option<String>,
}

impl Said {
    pub(super) fn of(answer: &Answer) -> Self {
        let body = String::from_utf8_lossy(&answer.body);
        let text = |name| xml::text(&body, name).unwrap_or_default();
        Self {
            code: text("Code"),
            message: text("Message"),
            request: answer.header("x-amz-request-id").map(str::to_owned),
        }
    }

    /// Whether it is worth asking again: S3 has too much to do, or two wrote at one moment.
    pub(super) fn passes(&self, status: u16) -> bool {
        matches!(status, 429 | 500 | 502..=504)
            || matches!(
                self.code.as_str(),
                "SlowDown"
                    | "RequestTimeout"
                    | "ConditionalRequestConflict"
                    | "OperationAborted"
                    | "InternalError"
            )
    }

    pub(super) fn words(&self, status: u16) -> String {
        let mut words = match (self.code.as_str(), self.message.trim_end_matches('.')) {
            ("", _) => format!("HTTP {status}"),
            (code, "") => code.to_owned(),
            (code, message) => format!("{message} ({code})"),
        };
        if let Some(request) = &self.request {
            words.push_str(&format!(", request id {request}"));
        }
        words
    }
}

/// No credentials, or none that can be used.
pub(super) fn credentials(location: &Location, words: &str) -> Diagnostic {
    Diagnostic::error(Code::BUCKET, format!("the state in {location} can't be asked for: {words}"))
        .hint("the state is read and written with the credentials that the environment deploys with")
}

/// It was asked again and again.
pub(super) fn silent(location: &Location, words: &str, patience: Duration) -> Diagnostic {
    let message = format!("the state in {location} can't be reached: {words}");
    Diagnostic::error(Code::UNREACHABLE, message)
        .hint(format!("it was asked for {} seconds; {SAFE}", patience.as_secs_f32()))
}

/// The store takes no conditions, so that it can't tell two writers apart.
pub(super) fn unconditional(location: &Location, endpoint: &str) -> Diagnostic {
    let message = format!(
        "the store at {} doesn't keep the conditions of a write: two runs could both hold {location}",
        crate::aws::host(endpoint)
    );
    Diagnostic::error(Code::BUCKET, message)
        .hint("state needs `If-None-Match` and `If-Match` on PutObject, as S3 has them")
}

/// It says of conditions that hold that they don't.
pub(super) fn stubborn(location: &Location, endpoint: &str, key: &str) -> Diagnostic {
    let message = format!(
        "the store at {} refuses what is asked of s3://{}/{key} under conditions that hold",
        crate::aws::host(endpoint),
        location.bucket
    );
    Diagnostic::error(Code::BUCKET, message)
        .hint("state needs `If-None-Match` and `If-Match` on PutObject, as S3 has them")
}

/// What comes before a URL's path, and the path; none if there is none.
fn with_path(url: &str) -> Option<(&str, &str)> {
    let start = url.find("://").map_or(0, |at| at + 3);
    let slash = url[start..].find('/')? + start;
    Some(url.split_at(slash)).filter(|(_, path)| path.len() > 1)
}

/// What can't be helped by asking again.
/// `endpoint` stands in the place of AWS's own.
pub(super) fn of(
    location: &Location,
    endpoint: Option<&str>,
    (action, key): (&str, &str),
    status: u16,
    said: &Said,
) -> Diagnostic {
    let words = said.words(status);
    let error = |message: String| Diagnostic::error(Code::BUCKET, message);
    let bucket = &location.bucket;
    match (status, said.code.as_str()) {
        // Most likely it took the path for a bucket.
        (_, "NoSuchBucket") if let Some((before, path)) = endpoint.and_then(with_path) => {
            error(format!("the store at {} has no bucket `{bucket}` under `{path}`", crate::aws::host(before)))
                .hint(format!(
                    "the bucket comes after the path that AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL has: unless the store wants one, write `{before}`"
                ))
        }
        (_, "NoSuchBucket") => error(format!("the state's bucket `{bucket}` doesn't exist"))
            .hint(format!("make it: `aws s3 mb s3://{bucket}`; or correct `cloud.state`")),
        (501, _) | (_, "NotImplemented") => {
            error(format!("the store of {location} can't do {action} as S3 does: {words}"))
                .hint("state needs `If-None-Match` and `If-Match` on PutObject, as S3 has them")
        }
        (_, "RequestTimeTooSkewed") => error(format!("the state in {location} can't be asked for: {words}"))
            .hint("set this machine's clock: S3 takes no request that is 15 minutes off"),
        (
            _,
            "ExpiredToken"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "TokenRefreshRequired",
        ) => credentials(location, &words).hint(SAFE),
        (401 | 403, _) => {
            let what = if key.is_empty() { bucket.clone() } else { format!("{bucket}/{key}") };
            let denied = error(format!("{action} of s3://{what} is denied: {words}")).hint(
                "state needs s3:GetObject, s3:PutObject and s3:DeleteObject on the prefix, and s3:ListBucket on the bucket",
            );
            match action {
                "GetObject" => denied.hint(
                    "it may only be missing: who may not list the bucket isn't told so; let s3:ListBucket have no condition",
                ),
                _ => denied,
            }
        }
        // An object that isn't there has a code of its own.
        (404, _) => error(format!("the store of {location} doesn't answer {action} as S3 does: {words}"))
            .hint("look at AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL: it is no S3, or has a path too many"),
        (301 | 307 | 308, _) => error(format!("the bucket `{bucket}` is elsewhere: {words}"))
            .hint("`cloud.region` is the bucket's region too, unless S3 says where it is"),
        _ => error(format!("{action} of {location} failed: {words}")).hint(SAFE),
    }
}
