//! REST with JSON: the operation is a method and a path, the error's name a header.

use super::respond;
use crate::local::fault::Fault;
use bytes::Bytes;
use http::Response;
use serde_json::json;

/// A fault.
pub(crate) fn encode_fault(fault: &Fault, request_id: &str) -> Response<Bytes> {
    let body = json!({ "message": fault.message });
    let headers = [
        ("content-type", "application/json"),
        ("x-amzn-requestid", request_id),
        ("x-amzn-errortype", fault.code.as_str()),
    ];
    respond(fault.status, &headers, serde_json::to_vec(&body).unwrap_or_default())
}
