//! Signed requests to services of AWS that no SDK crate is worth its size: a request is signed
//! (SigV4), sent once over the HTTP client that is passed in, and its answer handed back whole.
//! What the answer means, and whether to ask again, is the caller's.
//!
//! ```no_run
//! # async fn depth(client: evstack::aws::Client) -> Result<(), evstack::aws::NoAnswer> {
//! // `client` is of the service `sqs`.
//! let answer = client
//!     .send(evstack::aws::Request {
//!         method: "POST",
//!         headers: &[
//!             ("content-type", "application/x-amz-json-1.0"),
//!             ("x-amz-target", "AmazonSQS.GetQueueAttributes"),
//!         ],
//!         body: br#"{"QueueUrl": "...", "AttributeNames": ["All"]}"#,
//!         ..evstack::aws::Request::default()
//!     })
//!     .await?;
//! assert_eq!(answer.status, 200);
//! # Ok(()) }
//! ```

mod credentials;
mod silence;

pub use silence::{NoAnswer, host, no_answer};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use bytes::Bytes;
use credentials::Kept;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where requests go, and as whose.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name under which the service's requests are signed: `s3`, `sqs`.
    pub service: &'static str,
    /// `eu-west-1`.
    pub region: String,
    /// Whose requests they are; asked again before its credentials expire.
    pub credentials: SharedCredentialsProvider,
    /// `https://sqs.eu-west-1.amazonaws.com`; a path in it comes before each request's own.
    pub endpoint: String,
    /// Carries the requests.
    pub http_client: SharedHttpClient,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long an answer may take, once asked.
    pub answer_timeout: Duration,
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`.
    pub method: &'a str,
    /// `/bucket/key`, as people write it: it is encoded here.
    pub path: &'a str,
    /// Names and values, likewise.
    pub query: &'a [(&'a str, &'a str)],
    /// Names in lower case, and values. `host` and the signature's own come by themselves.
    pub headers: &'a [(&'a str, &'a str)],
    /// Whole.
    pub body: &'a [u8],
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { method: "GET", path: "/", query: &[], headers: &[], body: &[] }
    }
}

/// What came back, whatever its status.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Whole.
    pub body: Bytes,
}

impl Answer {
    /// A header's value, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// A body may be anything, a secret too: it isn't shown.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} with {} bytes", self.status, self.body.len())
    }
}

/// Speaks to one service.
#[derive(Clone)]
pub struct Client {
    settings: Settings,
    credentials: Arc<Kept>,
    operation: Arc<Operation<HttpRequest, Answer, Infallible>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.settings.service, self.settings.endpoint)
    }
}

impl Client {
    /// A client; nothing is sent yet.
    #[must_use]
    pub fn new(mut settings: Settings) -> Self {
        settings.endpoint.truncate(settings.endpoint.trim_end_matches('/').len());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(settings.connect_timeout)
            .operation_attempt_timeout(settings.answer_timeout)
            .build();
        let operation = Operation::builder()
            .service_name(settings.service)
            .operation_name("request")
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(settings.http_client.clone())
            .endpoint_url(host_of(&settings.endpoint))
            .no_auth()
            .no_retry()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(timeouts)
            .serializer(Ok)
            .deserializer(|response| {
                let headers = response.headers().iter();
                Ok(Answer {
                    status: response.status().as_u16(),
                    headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
                    body: response.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default(),
                })
            })
            .build();
        let credentials = Arc::new(Kept::new(settings.credentials.clone()));
        Self { settings, credentials, operation: Arc::new(operation) }
    }

    /// The region that requests are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.settings.region
    }

    /// Where they go.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.settings.endpoint
    }

    /// Signs and sends, once.
    ///
    /// # Errors
    /// [`NoAnswer`] when nothing answered, or nothing could be sent: whether the service did what
    /// was asked isn't known, unless the credentials are why. Any answer is a success.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, NoAnswer> {
        let request = self.signed(request).await?;
        let answer = self.operation.invoke(request).await;
        answer.map_err(|error| no_answer(&error, &self.settings.endpoint))
    }

    async fn signed(&self, request: Request<'_>) -> Result<HttpRequest, NoAnswer> {
        let Settings { service, region, endpoint, .. } = &self.settings;
        let credentials = self.credentials.get().await.map_err(|error| no_answer(&error, endpoint))?;
        let unsendable = |why: String| NoAnswer {
            credentials: false,
            words: format!("a request to {} can't be sent: {why}", host(endpoint)),
        };
        let uri = format!("{endpoint}{}", target(request.path, request.query));
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(SystemTime::now())
            .settings(signing(service))
            .build()
            .map_err(|error| unsendable(error.to_string()))?
            .into();
        let signable = SignableRequest::new(
            request.method,
            &uri,
            request.headers.iter().copied(),
            SignableBody::Bytes(request.body),
        )
        .map_err(|error| unsendable(error.to_string()))?;
        let (instructions, _) =
            sign(signable, &params).map_err(|error| unsendable(error.to_string()))?.into_parts();
        let mut signed = http::Request::builder().method(request.method).uri(uri);
        for (name, value) in request.headers {
            signed = signed.header(*name, *value);
        }
        if request.body.is_empty() && matches!(request.method, "PUT" | "POST") {
            // The HTTP client says no length where there is no body, and S3 wants one.
            signed = signed.header("content-length", "0");
        }
        let mut signed =
            signed.body(SdkBody::from(request.body)).map_err(|error| unsendable(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut signed);
        HttpRequest::try_from(signed).map_err(|error| unsendable(error.to_string()))
    }
}

/// S3 signs paths as they are, and the body's hash besides; all others encode the path twice.
fn signing(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

/// Path and query, encoded.
fn target(path: &str, query: &[(&str, &str)]) -> String {
    let mut target = encoded(path, "/");
    for (n, (name, value)) in query.iter().enumerate() {
        target.push(if n == 0 { '?' } else { '&' });
        target.push_str(&format!("{}={}", encoded(name, ""), encoded(value, "")));
    }
    target
}

/// Percent-encoded but for RFC 3986's unreserved characters and those of `kept`.
fn encoded(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match char::from(byte) {
            c if c.is_ascii_alphanumeric() || "-._~".contains(c) || kept.contains(c) => out.push(c),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The endpoint without its path, which is in the request already.
fn host_of(endpoint: &str) -> &str {
    let start = endpoint.find("://").map_or(0, |at| at + 3);
    let end = endpoint[start..].find('/').map_or(endpoint.len(), |at| start + at);
    &endpoint[..end]
}

#[cfg(test)]
mod tests;
