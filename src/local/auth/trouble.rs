//! What can be wrong with who a request says it is from, in AWS's codes and words: each protocol
//! has its own.
//!
//! Source: "Common Error Types" of the services' API References, and IAM User Guide, "Troubleshoot
//! Signature Version 4 signing for AWS API requests".

use crate::local::fault::Fault;
use crate::local::protocol::Protocol;

/// Why a caller isn't known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody says who.
    Missing,
    /// A part of the signature isn't there.
    Incomplete(String),
    /// The signature isn't right, or not now.
    Signature(String),
    /// No such key, or another token.
    UnknownKey,
    /// The session is over.
    Expired,
    /// A form of signature that this cloud doesn't check.
    Unsupported(String),
}

impl Trouble {
    /// The words for a signature that isn't the one that was calculated.
    pub(crate) fn mismatch() -> Self {
        Self::Signature(
            "The request signature we calculated does not match the signature you provided. Check your AWS \
             Secret Access Key and signing method. Consult the service documentation for details."
                .to_owned(),
        )
    }

    /// As the protocol says it.
    pub(crate) fn fault(self, protocol: Protocol) -> Fault {
        let query = protocol == Protocol::AwsQuery;
        let (query_code, code, message) = match self {
            Self::Missing => (
                "MissingAuthenticationToken",
                "MissingAuthenticationTokenException",
                "Request is missing Authentication Token".to_owned(),
            ),
            Self::Incomplete(words) => ("IncompleteSignature", "IncompleteSignatureException", words),
            Self::Signature(words) => ("SignatureDoesNotMatch", "InvalidSignatureException", words),
            Self::UnknownKey => (
                "InvalidClientTokenId",
                "UnrecognizedClientException",
                "The security token included in the request is invalid.".to_owned(),
            ),
            Self::Expired => (
                "ExpiredToken",
                "ExpiredTokenException",
                "The security token included in the request is expired".to_owned(),
            ),
            Self::Unsupported(what) => return Fault::unsupported("payloads signed as", &what),
        };
        let incomplete = query_code == "IncompleteSignature";
        let status = match protocol {
            Protocol::AwsJson(_) | Protocol::RpcV2Cbor => 400,
            _ if incomplete => 400,
            Protocol::AwsQuery | Protocol::RestJson => 403,
        };
        Fault { status, ..Fault::client(if query { query_code } else { code }, message) }
    }
}
