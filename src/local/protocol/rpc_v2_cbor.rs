//! Smithy RPC v2: `/service/X/operation/Y`, CBOR each way (RFC 8949).

use super::respond;
use crate::local::fault::Fault;
use bytes::Bytes;
use http::{HeaderMap, Response, Uri};

/// The service and operation, when the request speaks this protocol.
pub(crate) fn detect(headers: &HeaderMap, uri: &Uri) -> Option<(String, String)> {
    headers.get("smithy-protocol").filter(|v| v.as_bytes() == b"rpc-v2-cbor")?;
    let mut parts = uri.path().rsplit('/');
    let (operation, marker, service) = (parts.next()?, parts.next()?, parts.next()?);
    (marker == "operation" && parts.next() == Some("service"))
        .then(|| (service.to_owned(), operation.to_owned()))
}

/// A fault: a map of two texts.
pub(crate) fn encode_fault(fault: &Fault, request_id: &str) -> Response<Bytes> {
    let mut body = vec![0xA2];
    for text in ["__type", &fault.code, "message", &fault.message] {
        push_text(&mut body, text);
    }
    let headers = [
        ("content-type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-requestid", request_id),
    ];
    respond(fault.status, &headers, body)
}

/// Major type 3 with the shortest length that holds it.
fn push_text(body: &mut Vec<u8>, text: &str) {
    let length = text.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(n), _) if n < 24 => body.push(0x60 | n),
        (Ok(n), _) => body.extend([0x78, n]),
        (_, Ok(n)) => {
            body.push(0x79);
            body.extend(n.to_be_bytes());
        }
        _ => {
            body.push(0x7B);
            body.extend((length as u64).to_be_bytes());
        }
    }
    body.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_shortest_length() {
        let encoded = |n: usize| {
            let mut body = Vec::new();
            push_text(&mut body, &"x".repeat(n));
            body.truncate(body.len() - n);
            body
        };
        assert_eq!(encoded(3), [0x63]);
        assert_eq!(encoded(24), [0x78, 24]);
        assert_eq!(encoded(300), [0x79, 1, 44]);
    }

    #[test]
    fn the_path_names_service_and_operation() {
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/service/Comprehend_20171127/operation/DetectSentiment");
        assert_eq!(detect(&headers, &uri), None);
        headers.insert("smithy-protocol", http::HeaderValue::from_static("rpc-v2-cbor"));
        let expected = ("Comprehend_20171127".to_owned(), "DetectSentiment".to_owned());
        assert_eq!(detect(&headers, &uri), Some(expected));
        assert_eq!(detect(&headers, &Uri::from_static("/x")), None);
    }
}
