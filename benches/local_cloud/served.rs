//! The same over HTTP: the program as a process of its own, asked by 16 clients at once over sockets
//! that stay open. CPU and memory are the server's alone, from Linux's `/proc`.

use super::{AUTHORIZATION, cpu_seconds};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const CLIENTS: usize = 16;
const RESOURCES: usize = 5000;
const READS: usize = 50_000;

/// Everything that is measured over HTTP, printed.
pub(crate) fn measure(folder: &Path) {
    let mut times: Vec<f64> = (0..5).map(|_| Server::start(folder).1).collect();
    times.sort_by(f64::total_cmp);
    println!("{:<24} {:.1} ms (median of 5)", "ready, empty", times[2]);

    let (server, _) = Server::start(folder);
    println!("{:<24} {:.1} MB", "memory, empty", server.memory());
    let desired = |n: usize| json!({"QueueName": format!("queue-{n}"), "VisibilityTimeout": 60, "Tags": [{"Key": "n", "Value": "x"}]});
    server.load("create and poll", RESOURCES, |client, n| {
        let input = json!({"TypeName": "AWS::SQS::Queue", "DesiredState": desired(n).to_string(), "ClientToken": format!("t{n}")});
        let token = client.call("CreateResource", &input)["ProgressEvent"]["RequestToken"].clone();
        let event = client.call("GetResourceRequestStatus", &json!({"RequestToken": token}));
        assert_eq!(event["ProgressEvent"]["OperationStatus"], "SUCCESS", "{event}");
    });
    println!("{:<24} {:.1} MB", "memory, 5,000 resources", server.memory());
    let id = |n: usize| format!("http://127.0.0.1:4566/000000000000/queue-{}", n % RESOURCES);
    server.load("read", READS, |client, n| {
        client.call("GetResource", &json!({"TypeName": "AWS::SQS::Queue", "Identifier": id(n)}));
    });
    server.load("update and poll", RESOURCES, |client, n| {
        let patch = r#"[{"op":"replace","path":"/VisibilityTimeout","value":90}]"#;
        let input = json!({"TypeName": "AWS::SQS::Queue", "Identifier": id(n), "PatchDocument": patch});
        let token = client.call("UpdateResource", &input)["ProgressEvent"]["RequestToken"].clone();
        client.call("GetResourceRequestStatus", &json!({"RequestToken": token}));
    });
    drop(server);
    let mut times: Vec<f64> = (0..5).map(|_| Server::start(folder).1).collect();
    times.sort_by(f64::total_cmp);
    println!("{:<24} {:.1} ms (median of 5)", "ready, 5,000 resources", times[2]);
}

/// `evstack local` on a free port.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts it; the milliseconds until it says that it is ready.
    fn start(folder: &Path) -> (Self, f64) {
        let began = Instant::now();
        // An earlier build, to compare with.
        let other = std::env::var("EVSTACK_BENCH_PROGRAM");
        let mut child = Command::new(other.as_deref().unwrap_or(env!("CARGO_BIN_EXE_evstack")))
            .args(["local", "--port", "0", "--data"])
            .arg(folder)
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut said = String::new();
        BufReader::new(child.stderr.take().expect("a pipe")).read_line(&mut said).expect("it says where");
        let ready = began.elapsed().as_secs_f64() * 1000.0;
        let url = said.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        let address = url.and_then(|url| url.parse().ok()).unwrap_or_else(|| panic!("it says where: {said}"));
        (Self { child, address }, ready)
    }

    /// Resident memory in MB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }

    /// Runs `one` for each number, by all clients at once.
    fn load(&self, what: &str, count: usize, one: impl Fn(&mut Client, usize) + Sync) {
        let stat = format!("/proc/{}/stat", self.child.id());
        let next = AtomicUsize::new(0);
        let (began, cpu) = (Instant::now(), cpu_seconds(&stat));
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let mut client = Client::connect(self.address);
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            break;
                        }
                        one(&mut client, number);
                    }
                });
            }
        });
        let wall = began.elapsed().as_secs_f64();
        let cpu = (cpu_seconds(&stat) - cpu) * 1000.0 / count as f64;
        println!("{what:<24} {:.0} a second, {cpu:.4} ms of the server's CPU each", count as f64 / wall);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One socket that stays open.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, buffer: vec![0; 64 * 1024] }
    }

    fn call(&mut self, operation: &str, input: &Json) -> Json {
        let body = input.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: CloudApiService.{operation}\r\nauthorization: {AUTHORIZATION}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).expect("sends");
        let mut filled = 0;
        loop {
            let count = self.stream.read(&mut self.buffer[filled..]).expect("answers");
            assert!(count > 0, "it stays open");
            filled += count;
            let Some(end) = self.buffer[..filled].windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).expect("text");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|n| n.parse().ok()).expect("a length");
            if filled >= end + 4 + length {
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                return serde_json::from_slice(&self.buffer[end + 4..end + 4 + length]).expect("JSON");
            }
        }
    }
}
