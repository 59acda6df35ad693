//! Sockets. Everything that a request means is behind [`Cloud::handle`]; here are ports, limits and
//! the end.

use super::Cloud;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// A request's body: Cloud Control's largest member is 256 KiB of text, which JSON may write six
/// times as long; other services' limits are smaller.
const LARGEST_BODY: usize = 8 * 1024 * 1024;
/// How long a body may take to arrive.
const SLOWEST_BODY: Duration = Duration::from_secs(30);
/// How long requests under way may take after the stop.
const GRACE: Duration = Duration::from_secs(5);

/// Why the cloud could not be served.
#[derive(Debug)]
pub enum ServeError {
    /// The port is in use, or not ours to use.
    Bind {
        /// Where.
        address: String,
        /// Why.
        why: std::io::Error,
    },
    /// The data folder can't be written, or the sockets failed.
    Io(std::io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind { address, why } if why.kind() == std::io::ErrorKind::AddrInUse => {
                write!(f, "{address} is in use by another program")
            }
            Self::Bind { address, why } => write!(f, "can't listen on {address}: {why}"),
            Self::Io(why) => write!(f, "can't serve the local cloud: {why}"),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves the cloud on every port of `host` until `stop` is ready; port 0 is any free one. All ports
/// are bound before any is served, then `on_ready` has their addresses and other processes find the
/// first.
///
/// # Errors
/// A port can't be bound, or the data folder can't be written.
pub async fn serve(
    cloud: Arc<Cloud>,
    host: &str,
    ports: &[u16],
    on_ready: impl FnOnce(&[SocketAddr]),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let mut listeners = Vec::new();
    for port in ports {
        let listener = TcpListener::bind((host, *port)).await;
        let why = |why| ServeError::Bind { address: format!("{host}:{port}"), why };
        listeners.push(listener.map_err(why)?);
    }
    let addresses = listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect::<Result<Vec<_>, _>>()
        .map_err(ServeError::Io)?;
    if let Some(first) = addresses.first() {
        cloud.announce(&format!("http://{}", reachable(*first))).map_err(ServeError::Io)?;
    }
    let (stopper, stopped) = tokio::sync::watch::channel(false);
    let mut servers = tokio::task::JoinSet::new();
    for listener in listeners {
        let router = Router::new().fallback(answer).with_state(Arc::clone(&cloud));
        let mut stopped = stopped.clone();
        let until = async move {
            // An error means that the stopper is gone: the end as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        servers.spawn(async move { axum::serve(listener, router).with_graceful_shutdown(until).await });
    }
    let turning = tokio::spawn(turn(Arc::clone(&cloud)));
    on_ready(&addresses);
    stop.await;
    let _ = stopper.send(true);
    let all = async { while servers.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all).await;
    servers.abort_all();
    turning.abort();
    cloud.withdraw();
    Ok(())
}

/// An address that a client can connect to, where the server listens on all.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// Does what is due while no request comes.
async fn turn(cloud: Arc<Cloud>) {
    loop {
        let due = blocking({
            let cloud = Arc::clone(&cloud);
            move || (cloud.turn(), cloud.now())
        });
        let wait = match due.await {
            Some((Ok(Some(next)), now)) => now.until(next),
            _ => Duration::MAX,
        };
        // A request may schedule something sooner than what is due next: look again before long.
        tokio::time::sleep(wait.clamp(Duration::from_millis(5), Duration::from_millis(250))).await;
    }
}

async fn answer(State(cloud): State<Arc<Cloud>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // What a request announces needs not arrive first.
    let announced =
        parts.headers.get(http::header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST_BODY) {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large").into_response();
    }
    let body = match tokio::time::timeout(SLOWEST_BODY, axum::body::to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or broken").into_response();
        }
        Err(_) => return (StatusCode::REQUEST_TIMEOUT, "the body took too long").into_response(),
    };
    let request: Request<Bytes> = Request::from_parts(parts, body);
    match blocking(move || cloud.handle(&request)).await {
        Some(response) => response.map(Body::from),
        None => (StatusCode::INTERNAL_SERVER_ERROR, "the request could not be answered").into_response(),
    }
}

/// Runs what may wait for the disk on a thread that may; `None` if it panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::{Found, Options, find};
    use std::io::{Read, Write};
    use std::net::TcpStream;

    /// Serves a cloud while `client` runs on a thread of its own.
    fn served(folder: &std::path::Path, client: impl FnOnce(SocketAddr) + Send + 'static) {
        let cloud = Arc::new(Cloud::open(Some(folder), Options::default()).expect("opens"));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let (ready, address) = std::sync::mpsc::channel::<SocketAddr>();
        let (done, stop) = tokio::sync::oneshot::channel();
        let client = std::thread::spawn(move || {
            client(address.recv_timeout(Duration::from_secs(10)).expect("it is served"));
            // The other end is gone only if serving has failed, which the test sees below.
            let _ = done.send(());
        });
        let announced = |addresses: &[SocketAddr]| ready.send(addresses[0]).expect("the client waits");
        let stop = async {
            let _ = stop.await;
        };
        runtime.block_on(serve(cloud, "127.0.0.1", &[0, 0], announced, stop)).expect("is served");
        client.join().expect("the client is content");
    }

    fn exchange(address: SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        stream.write_all(request).expect("sends");
        let mut answer = Vec::new();
        // A server that refuses a body closes early.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[test]
    fn serves_is_found_and_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_owned();
        served(folder.path(), move |address| {
            let health = b"GET /_evstack/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            let answer = exchange(address, health);
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"status\":\"ok\""), "{answer}");
            let url = format!("http://{address}");
            assert_eq!(find(&path).expect("looks"), Found::Served { url, pid: std::process::id() });
            let large = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", LARGEST_BODY + 1);
            let answer = exchange(address, large.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        });
        assert_eq!(find(folder.path()).expect("looks"), Found::Free);
    }

    #[test]
    fn a_port_in_use_is_named() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
        let port = taken.local_addr().expect("an address").port();
        let cloud = Arc::new(Cloud::open(None, Options::default()).expect("opens"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let ports = [port];
        let serving = serve(cloud, "127.0.0.1", &ports, |_| (), std::future::pending());
        let error = runtime.block_on(serving).expect_err("refused").to_string();
        assert_eq!(error, format!("127.0.0.1:{port} is in use by another program"));
    }
}
