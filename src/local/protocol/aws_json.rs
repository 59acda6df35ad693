//! AWS JSON 1.0 and 1.1: the operation in `X-Amz-Target`, a JSON object each way, the error's name in
//! `__type`.

use super::respond;
use crate::local::fault::Fault;
use bytes::Bytes;
use http::{HeaderMap, Response};
use serde_json::{Value as Json, json};

/// Which of the two; the answer's content type repeats the request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// `application/x-amz-json-1.0`
    V10,
    /// `application/x-amz-json-1.1`
    V11,
}

impl Version {
    fn content_type(self) -> &'static str {
        match self {
            Self::V10 => "application/x-amz-json-1.0",
            Self::V11 => "application/x-amz-json-1.1",
        }
    }
}

/// The request's version, target prefix and operation, when it speaks this protocol.
pub(crate) fn detect(headers: &HeaderMap) -> Option<(Version, String, String)> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    let (prefix, operation) = target.rsplit_once('.').unwrap_or((target, ""));
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let version = if content_type.contains("json-1.1") { Version::V11 } else { Version::V10 };
    Some((version, prefix.to_owned(), operation.to_owned()))
}

/// The body's object; an empty body is an empty one.
pub(crate) fn decode(body: &[u8]) -> Result<Json, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Json::Object(_)) => Ok(value),
        Ok(_) => Err(Fault::client(
            "SerializationException",
            "Start of structure or map found where not expected.",
        )),
        Err(error) => Err(Fault::client(
            "SerializationException",
            format!("The request body is not valid JSON: {error}"),
        )),
    }
}

/// A result.
pub(crate) fn encode(version: Version, output: &Json, request_id: &str) -> Response<Bytes> {
    let headers = [("content-type", version.content_type()), ("x-amzn-requestid", request_id)];
    respond(200, &headers, serde_json::to_vec(output).unwrap_or_default())
}

/// A fault.
pub(crate) fn encode_fault(version: Version, fault: &Fault, request_id: &str) -> Response<Bytes> {
    let body = json!({ "__type": fault.code, "Message": fault.message });
    let headers = [("content-type", version.content_type()), ("x-amzn-requestid", request_id)];
    respond(fault.status, &headers, serde_json::to_vec(&body).unwrap_or_default())
}
