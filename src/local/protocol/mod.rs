//! The protocols that AWS's SDKs speak. Each knows how to read a call and how to write an answer or
//! a fault; none knows a service.

pub(crate) mod aws_json;
pub(crate) mod aws_query;
pub(crate) mod form;
pub(crate) mod rest_json;
pub(crate) mod rpc_v2_cbor;

use super::fault::Fault;
use bytes::Bytes;
use http::Response;
use serde_json::Value as Json;

/// Which protocol a request speaks, with what its answer must repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON 1.0 or 1.1, by `X-Amz-Target`.
    AwsJson(aws_json::Version),
    /// A form with `Action=`; XML back.
    AwsQuery,
    /// Smithy RPC v2 with CBOR.
    RpcV2Cbor,
    /// Paths and methods.
    RestJson,
}

/// What a call says, decoded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    /// A JSON object.
    Json(Json),
    /// A form's pairs, in order.
    Form(Vec<(String, String)>),
    /// Nothing that anybody here reads.
    Opaque,
}

/// What a service answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Output {
    /// The members of the result.
    Json(Json),
    /// The members of the result: `<Account>…</Account>`.
    Xml(Vec<(&'static str, aws_query::Element)>),
}

impl Protocol {
    /// A fault in this protocol's shape.
    pub(crate) fn fault(self, fault: &Fault, request_id: &str) -> Response<Bytes> {
        match self {
            Self::AwsJson(version) => aws_json::encode_fault(version, fault, request_id),
            Self::AwsQuery => aws_query::encode_fault(fault, request_id),
            Self::RpcV2Cbor => rpc_v2_cbor::encode_fault(fault, request_id),
            Self::RestJson => rest_json::encode_fault(fault, request_id),
        }
    }
}

/// A response of these parts. Every part is made here or checked before: it can't fail, and if it
/// did the client would see an empty 500.
pub(crate) fn respond(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Bytes> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap_or_else(|_| {
        let mut empty = Response::new(Bytes::new());
        *empty.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        empty
    })
}
