//! From an HTTP request to a service's operation and back, one step after the other.
//!
//! 1. whose protocol is it: `smithy-protocol` → RPC v2 CBOR; `X-Amz-Target` → JSON; a form with
//!    `Action=` → query; else REST
//! 2. which service and operation: by the target's prefix, else by the credential's signing name
//! 3. who calls: the credential's key and region; the proof of a key that this cloud issued
//! 4. what does it say: decode the body
//! 5. the service answers (in the world, elsewhere)
//! 6. encode the answer or the fault in the same protocol

use super::auth::{self, Proof};
use super::clock::Time;
use super::fault::Fault;
use super::protocol::{self, Input, Output, Protocol, aws_json, aws_query, rpc_v2_cbor};
use super::services::{KNOWN, Service};
use bytes::Bytes;
use http::{Request, Response};

/// A request, understood.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) protocol: Protocol,
    pub(crate) service: &'static Service,
    pub(crate) operation: String,
    pub(crate) input: Input,
    pub(crate) access_key: String,
    pub(crate) region: String,
    /// For a key that this cloud issued, what shows that the caller has its secret.
    pub(crate) proof: Option<Proof>,
}

/// A request that isn't, with the protocol in which to say so.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) protocol: Protocol,
    pub(crate) fault: Fault,
}

/// Steps 1 to 4. `wall` is the present where the clock is the machine's own.
pub(crate) fn read(request: &Request<Bytes>, wall: Option<Time>) -> Result<Call, Refusal> {
    let (headers, uri, body) = (request.headers(), request.uri(), request.body());
    let credential = auth::credential(headers, uri);
    let signing_name = credential.as_ref().map_or("", |c| c.service.as_str());

    let (protocol, name, operation, input) =
        if let Some((service, operation)) = rpc_v2_cbor::detect(headers, uri) {
            (Protocol::RpcV2Cbor, service, operation, Ok(Input::Opaque))
        } else if let Some((version, prefix, operation)) = aws_json::detect(headers) {
            (Protocol::AwsJson(version), prefix, operation, aws_json::decode(body).map(Input::Json))
        } else {
            let pairs = form(request);
            match aws_query::operation(&pairs).map(str::to_owned) {
                Some(operation) => {
                    (Protocol::AwsQuery, signing_name.to_owned(), operation, Ok(Input::Form(pairs)))
                }
                None => (Protocol::RestJson, signing_name.to_owned(), String::new(), Ok(Input::Opaque)),
            }
        };
    let refuse = |fault| Refusal { protocol, fault };
    let Some(credential) = credential else {
        return Err(refuse(auth::without_credential(headers).fault(protocol)));
    };
    let service = KNOWN.iter().find(|known| known.target == name || known.signing == name);
    let Some(service) = service else {
        return Err(refuse(Fault::unsupported(&name, &operation)));
    };
    if service.run.is_none() {
        let operation = match protocol {
            Protocol::RestJson => format!("{} {}", request.method(), uri.path()),
            _ => operation,
        };
        return Err(refuse(Fault::unsupported(service.name, &operation)));
    }
    let input = input.map_err(refuse)?;
    let proof = auth::proof(request, &credential, service.signing, wall);
    let proof = proof.map_err(|trouble| refuse(trouble.fault(protocol)))?;
    let (access_key, region) = (credential.access_key, credential.region);
    Ok(Call { protocol, service, operation, input, access_key, region, proof })
}

/// Step 6.
pub(crate) fn write(call: &Call, outcome: &Result<Output, Fault>, request_id: &str) -> Response<Bytes> {
    match (outcome, call.protocol) {
        (Ok(Output::Json(members)), Protocol::AwsJson(version)) => {
            aws_json::encode(version, members, request_id)
        }
        (Ok(Output::Xml(members)), _) => {
            aws_query::encode(call.service.namespace, &call.operation, members, request_id)
        }
        (Ok(Output::Json(_)), protocol) => {
            protocol.fault(&Fault::unsupported(call.service.name, "in this protocol"), request_id)
        }
        (Err(fault), protocol) => protocol.fault(fault, request_id),
    }
}

/// A form's pairs, from the body of a POST or from the query of a GET.
fn form(request: &Request<Bytes>) -> Vec<(String, String)> {
    let content_type = request.headers().get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    if content_type.is_some_and(|t| t.starts_with("application/x-www-form-urlencoded")) {
        protocol::form::decode(request.body())
    } else {
        protocol::form::decode(request.uri().query().unwrap_or("").as_bytes())
    }
}
