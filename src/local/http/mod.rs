//! Sockets. Everything that a request means is behind [`Cloud::handle`]; here are ports and the end,
//! in [`connection`] what one client may do to the others, and in [`elsewhere`] what browsers may not.

mod connection;
mod elsewhere;
#[cfg(test)]
mod tests;
mod unread;

use super::{Cloud, Time};
use connection::{Door, Limits};
use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

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
    serve_within(Limits::default(), cloud, host, ports, on_ready, stop).await
}

async fn serve_within(
    limits: Limits,
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
    let door = Arc::new(Door::new(Arc::clone(&cloud), host, limits, stopped).map_err(ServeError::Io)?);
    let mut serving = tokio::task::JoinSet::new();
    for listener in listeners {
        serving.spawn(connection::accept(listener, Arc::clone(&door)));
    }
    let turning = tokio::spawn(turn(Arc::clone(&door), Cloud::begin_turn));
    on_ready(&addresses);
    stop.await;
    let _ = stopper.send(true);
    let all = async { while serving.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all).await;
    serving.abort_all();
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

/// Does what is due while no request comes, as `begin` does: [`Cloud::begin_turn`]. A panic in one
/// turn is none in the next.
async fn turn(door: Arc<Door>, begin: impl Fn(&Cloud) -> (Option<Time>, u64)) {
    loop {
        let begun = catch_unwind(AssertUnwindSafe(|| begin(&door.cloud)));
        let (next, number) = begun.unwrap_or((None, 0));
        // What can't be written waits for the next try.
        let wait = match (door.writer.written(number).await, next) {
            (Ok(()), Some(next)) => door.cloud.now().until(next),
            _ => Duration::MAX,
        };
        // A request may schedule something sooner than what is due next: look again before long.
        tokio::time::sleep(wait.clamp(Duration::from_millis(5), Duration::from_millis(250))).await;
    }
}
