//! An HTTP client that opens no socket: it hands the SDK's signed request to a function and gives
//! back its answer. Everything else is as on the wire.

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Answers a request, or doesn't: an answer may be lost as on a wire. It is called on the caller's
/// thread and shouldn't wait.
pub type Handler = dyn Fn(http::Request<Bytes>) -> Option<http::Response<Bytes>> + Send + Sync;

#[derive(Clone)]
struct Connector(Arc<Handler>);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in_process::Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(request))
    }
}

impl Connector {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?;
        let (parts, body) = request.into_parts();
        let Some(body) = body.bytes().map(Bytes::copy_from_slice) else {
            return Err(ConnectorError::user("a streaming body can't be sent in process".into()));
        };
        let Some(response) = (self.0)(http::Request::from_parts(parts, body)) else {
            let closed = io::Error::new(io::ErrorKind::ConnectionReset, "the connection was closed");
            return Err(ConnectorError::io(closed.into()));
        };
        HttpResponse::try_from(response.map(SdkBody::from)).map_err(|e| ConnectorError::user(e.into()))
    }
}

/// The client for [`super::cloud_control::Settings::http_client`].
pub fn http_client(
    handler: impl Fn(http::Request<Bytes>) -> Option<http::Response<Bytes>> + Send + Sync + 'static,
) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(Arc::new(handler)));
    http_client_fn(move |_, _| connector.clone())
}
