//! Sockets, limits and the end.

use super::*;
use crate::local::{Found, Options, find};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;

const HEALTH: &[u8] = b"GET /_evstack/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Serves a cloud while `client` runs on a thread of its own.
fn served(limits: Limits, folder: &Path, client: impl FnOnce(SocketAddr) + Send + 'static) {
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
    let serving = serve_within(limits, cloud, "127.0.0.1", &[0, 0], announced, stop);
    runtime.block_on(serving).expect("is served");
    client.join().expect("the client is content");
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
}

/// Sends, and reads until the server closes.
fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(request).expect("the server takes it");
    rest(&mut stream).expect("the server closes")
}

/// The same where the server closes before it has read everything: the client's system may then
/// report a reset after, or in place of, the end.
fn refused(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = connect(address);
    let reset = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
    };
    let written = stream.write_all(request);
    assert!(written.as_ref().err().is_none_or(reset), "{written:?}");
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    assert!(read.as_ref().err().is_none_or(reset), "{read:?}");
    String::from_utf8_lossy(&answer).into_owned()
}

/// What comes until the server closes; an error when it doesn't.
fn rest(stream: &mut TcpStream) -> io::Result<String> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn serves_is_found_and_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_owned();
    served(Limits::default(), folder.path(), move |address| {
        let answer = exchange(address, HEALTH);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"status\":\"ok\""), "{answer}");
        let url = format!("http://{address}");
        assert_eq!(find(&path).expect("looks"), Found::Served { url, pid: std::process::id() });
        // One socket, several requests; the last closes it.
        let again = HEALTH.to_vec();
        let open = b"GET /_evstack/health HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3);
        let answers = exchange(address, &[open, again].concat());
        assert_eq!(answers.matches("HTTP/1.1 200").count(), 4, "{answers}");
    });
    assert_eq!(find(folder.path()).expect("looks"), Found::Free);
}

#[test]
fn what_is_too_large_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { body: 1000, head: 8192, ..Limits::default() };
    served(limits, folder.path(), move |address| {
        let body = "x".repeat(1001);
        // Announced, and found out: chunks announce nothing.
        for request in [
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n".to_owned(),
            format!(
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{body}\r\n0\r\n\r\n"
            ),
        ] {
            let answer = refused(address, request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        }
        let long = format!("GET / HTTP/1.1\r\nHost: x\r\nx: {}\r\n\r\n", "x".repeat(9000));
        let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "x: y\r\n".repeat(101));
        for request in [long, many] {
            let answer = refused(address, request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        }
        let deep = format!("{{\"DesiredState\":{}", "[".repeat(900));
        let answer = exchange(
            address,
            format!(
                "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: CloudApiService.CreateResource\r\n\
                 Authorization: AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/cloudcontrolapi/aws4_request\r\n\
                 Content-Length: {}\r\n\r\n{deep}",
                deep.len()
            )
            .as_bytes(),
        );
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("recursion limit"), "{answer}");
    });
}

#[test]
fn who_is_too_slow_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let soon = Duration::from_millis(50);
    let limits = Limits { pause: soon, body_time: soon, ..Limits::default() };
    served(limits, folder.path(), move |address| {
        let mut silent = connect(address);
        assert_eq!(rest(&mut silent).expect("the server closes"), "");
        // Half a head has no answer: its request isn't known.
        assert_eq!(exchange(address, b"GET / HTTP/1.1\r\nHost: x\r\nx: y"), "");
        let body_for_ever = exchange(address, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx");
        assert!(body_for_ever.starts_with("HTTP/1.1 408"), "{body_for_ever}");
    });
}

#[test]
fn sockets_beyond_the_cap_wait_for_a_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { sockets: 2, ..Limits::default() };
    served(limits, folder.path(), move |address| {
        let idle: Vec<TcpStream> = (0..2).map(|_| connect(address)).collect();
        let mut late = connect(address);
        late.write_all(HEALTH).expect("the system takes it");
        late.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
        let early = rest(&mut late).map_err(|error| error.kind());
        let waits = matches!(early, Err(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
        assert!(waits, "there is no place yet: {early:?}");
        drop(idle);
        late.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let answer = rest(&mut late).expect("the server closes");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
}

/// One that asks for more than the system keeps for it, and reads nothing, loses its place.
#[test]
fn who_never_reads_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    // One place for each of the two ports: the other port keeps its own.
    let limits = Limits { sockets: 2, unread: Duration::from_millis(50), ..Limits::default() };
    served(limits, folder.path(), move |address| {
        // A long answer: an inventory with a quarter of a megabyte in it.
        let text = "x".repeat(250_000);
        let state = format!(r#"{{\"ApiId\":\"a\",\"Definition\":\"{text}\"}}"#);
        let desired = format!(r#"{{"TypeName":"AWS::AppSync::GraphQLSchema","DesiredState":"{state}"}}"#);
        let length = desired.len();
        let create = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: CloudApiService.CreateResource\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, \
             SignedHeaders=host, Signature=00\r\nContent-Length: {length}\r\n\r\n{desired}"
        );
        let created = exchange(address, create.as_bytes());
        assert!(created.starts_with("HTTP/1.1 200"), "{created}");
        let inventory =
            exchange(address, b"GET /_evstack/inventory HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert!(inventory.len() > 250_000, "{created} {inventory}");
        let mut deaf = connect(address);
        deaf.set_write_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let ask = b"GET /_evstack/inventory HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
        // The system may keep all of it, or the server may be gone before its end.
        let _ = deaf.write_all(&ask);
        assert!(exchange(address, HEALTH).starts_with("HTTP/1.1 200"));
        drop(deaf);
    });
}

/// Neither its pages nor its services are for a page from elsewhere in somebody's browser.
#[test]
fn browsers_get_nothing_for_pages_from_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    served(Limits::default(), folder.path(), move |address| {
        let ask = |method: &str, path: &str, host: &str, mark: &str| {
            let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{mark}\r\n");
            exchange(address, head.as_bytes())
        };
        let rebound = "evil.example:4566";
        let own = format!("Origin: http://{rebound}\r\n");
        let call = "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=a%2F20261123%2Fus-east-1%2Fsts%2Faws4_request";
        for (method, path) in [("GET", "/_evstack/inventory"), ("PUT", "/_evstack/profile"), ("GET", call)] {
            for (host, mark) in [
                (rebound, own.as_str()),
                (rebound, "Accept-Language: en\r\n"),
                ("127.0.0.1:4566", "Origin: http://evil.example\r\n"),
                ("127.0.0.1:4566", "Sec-Fetch-Site: cross-site\r\n"),
            ] {
                let answer = ask(method, path, host, mark);
                assert!(answer.starts_with("HTTP/1.1 403"), "{method} {path} {host} {mark}: {answer}");
            }
        }
        for path in ["/_evstack/inventory", call] {
            assert!(ask("GET", path, "build.example.com", "").starts_with("HTTP/1.1 200"), "{path}");
        }
    });
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

/// What was asked for is done; the client hears nothing, not half of an answer.
#[test]
fn a_lost_answer_is_a_socket_that_closes() {
    let folder = tempfile::tempdir().expect("a folder");
    served(Limits::default(), folder.path(), move |address| {
        let knobs = r#"{"lost_answers": 1}"#;
        let length = knobs.len();
        let turn = format!(
            "PUT /_evstack/profile HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{knobs}"
        );
        assert!(exchange(address, turn.as_bytes()).starts_with("HTTP/1.1 200"));
        let desired = r#"{"TypeName":"AWS::Logs::LogGroup","DesiredState":"{\"LogGroupName\":\"a\"}"}"#;
        let length = desired.len();
        let create = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: CloudApiService.CreateResource\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, \
             SignedHeaders=host, Signature=00\r\nContent-Length: {length}\r\n\r\n{desired}"
        );
        assert_eq!(exchange(address, create.as_bytes()), "");
        let inventory = b"GET /_evstack/inventory HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let answer = exchange(address, inventory);
        assert!(answer.contains("\"identifier\":\"a\""), "{answer}");
    });
}

#[test]
fn turns_go_on_after_a_panic() {
    let cloud = Arc::new(Cloud::open(None, Options::default()).expect("opens"));
    let (_stopper, stopped) = tokio::sync::watch::channel(false);
    let door = Arc::new(Door::new(cloud, "127.0.0.1", Limits::default(), stopped).expect("a thread"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (told, mut turns) = tokio::sync::mpsc::unbounded_channel();
    let begin = move |cloud: &Cloud| {
        told.send(()).expect("somebody listens");
        // Never true of a cloud: each turn panics.
        assert!(cloud.now() < Time::default(), "a mistake");
        cloud.begin_turn()
    };
    runtime.block_on(async {
        tokio::select! {
            () = turn(door, begin) => panic!("turns have no end"),
            several = async { (turns.recv().await, turns.recv().await, turns.recv().await) } => {
                assert_eq!(several, (Some(()), Some(()), Some(())));
            }
        }
    });
}
