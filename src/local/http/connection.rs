//! One client's socket, and the limits that keep it from harming the others: how many there are, how
//! long a request may take to arrive, how large it may be, how long an answer may go unread.

use super::elsewhere;
use super::unread::Watched;
use crate::local::Cloud;
use crate::local::store::Writer;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// What one client may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A request's body in bytes. Cloud Control's largest member is 256 KiB of text, which JSON may
    /// write six times as long; other services' limits are smaller.
    pub(super) body: usize,
    /// How long a body may take to arrive.
    pub(super) body_time: Duration,
    /// All headers with the request line, in bytes. (hyper takes at most 100 headers.)
    pub(super) head: usize,
    /// How long a client may take from its last answer, or from connecting, to the end of the next
    /// request's headers. SDKs keep sockets for later and open new ones where these are closed.
    pub(super) pause: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub(super) unread: Duration,
    /// Sockets at once; who comes then waits. Many systems allow a process 1,024 open files.
    pub(super) sockets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 8 * 1024 * 1024,
            body_time: Duration::from_secs(30),
            head: 64 * 1024,
            pause: Duration::from_secs(60),
            unread: Duration::from_secs(30),
            sockets: 512,
        }
    }
}

/// What every connection needs.
pub(super) struct Door {
    pub(super) cloud: Arc<Cloud>,
    pub(super) writer: Writer,
    /// Where it was told to listen.
    host: String,
    stopped: watch::Receiver<bool>,
    limits: Limits,
    places: Arc<Semaphore>,
}

impl Door {
    pub(super) fn new(
        cloud: Arc<Cloud>,
        host: &str,
        limits: Limits,
        stopped: watch::Receiver<bool>,
    ) -> std::io::Result<Self> {
        let writer = cloud.writer()?;
        let places = Arc::new(Semaphore::new(limits.sockets));
        Ok(Self { cloud, writer, host: host.to_owned(), stopped, limits, places })
    }

    /// Ready when the cloud is to stop. An error means that whoever would say so is gone: the end
    /// as well.
    async fn stop(&self) {
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await;
    }
}

/// Takes connections until the stop, and returns when the last of them has ended.
pub(super) async fn accept(listener: TcpListener, door: Arc<Door>) {
    let mut clients = JoinSet::new();
    let mut stop = pin!(door.stop());
    loop {
        while clients.try_join_next().is_some() {}
        let next = async {
            let place = Arc::clone(&door.places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let door = Arc::clone(&door);
                clients.spawn(async move {
                    serve(stream, &door).await;
                    drop(place);
                });
            }
            // The client is gone already, or there are no more files: others may end soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    drop(listener);
    while clients.join_next().await.is_some() {}
}

/// One connection to its end. What ends it early (the client went away, or broke a limit of the
/// protocol, which hyper has answered) is its own affair.
async fn serve(stream: TcpStream, door: &Door) {
    // An answer is written in one piece: waiting for more to send would only delay it.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(|request| answer(request, door));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(door.limits.pause)
        .max_header_size(door.limits.head)
        .serve_connection(TokioIo::new(Watched::new(stream, door.limits.unread)), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = door.stop() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// An answer that the profile lost: hyper closes the socket without a word.
#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is lost")
    }
}

impl std::error::Error for Lost {}

async fn answer(request: Request<Incoming>, door: &Door) -> Result<Response<Full<Bytes>>, Lost> {
    let limits = door.limits;
    let (parts, body) = request.into_parts();
    if let Some(why) = elsewhere::refused(&parts.headers, &door.host) {
        return Ok(refusal(StatusCode::FORBIDDEN, why));
    }
    // What a request announces needs not arrive first.
    if body.size_hint().lower() > limits.body as u64 {
        return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
    }
    let body = match tokio::time::timeout(limits.body_time, Limited::new(body, limits.body).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
        }
        Ok(Err(_)) => return Ok(refusal(StatusCode::BAD_REQUEST, "the body is broken")),
        Err(_) => return Ok(refusal(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    };
    let request = Request::from_parts(parts, body);
    // The world answers in microseconds: another thread would cost more than it saves. A panic is
    // a mistake here, and no reason to leave the client without a word.
    let answered = catch_unwind(AssertUnwindSafe(|| door.cloud.answer(&request)));
    let Ok(answer) = answered else {
        return Ok(refusal(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be answered"));
    };
    let written = door.writer.written(answer.number).await;
    if !answer.way.delay.is_zero() {
        tokio::time::sleep(answer.way.delay).await;
    }
    if answer.way.lost {
        return Err(Lost);
    }
    Ok(answer.once(written).map(Full::new))
}

/// A refusal, and the socket's end: what else the client was about to send isn't worth reading.
fn refusal(status: StatusCode, why: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(why));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
