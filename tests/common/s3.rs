//! S3 in memory, as far as state needs it: GET, PUT, DELETE and ListObjectsV2 on one bucket, with
//! etags, conditions, pages, and whatever goes wrong on the way.
//!
//! In process: `S3::new()` and [`S3::bucket`], which makes the settings of an
//! `evstack::state::bucket::Bucket` that asks it without a socket.
//!
//! For the program: [`Served::start`] serves one on a port of its own, and [`Served::environment`] is
//! what a run must have in its environment; the environment's file then says
//! `cloud: {state: "s3://states/some-prefix"}`. The names of the objects are those of the files in a
//! folder (`<stack>.<env>.json`, `<stack>.<env>.lock`), but for the journal, which is
//! `<stack>.<env>.journal/<number>`; [`S3::objects`] has them all, at one moment, and
//! [`S3::journal`] the lines of a journal as one file would have them. A run that is killed holds its
//! lock for the rest of its lease: `EVSTACK_STATE_LEASE` says how long that is, in seconds.
//!
//! With `EVSTACK_TEST_S3=http://127.0.0.1:5000` the tests that need no faults ask the server there
//! instead (moto's, or any other that speaks S3), each under a prefix of its own.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use bytes::Bytes;
use evstack::provider::in_process;
use evstack::state::bucket::{Access, Bucket, Location, Settings};
use http::{Request, Response, StatusCode};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The bucket that there is.
pub const BUCKET: &str = "states";

/// One request, for those who decide what becomes of it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Empty for a list.
    pub key: String,
    /// How many came before it.
    pub number: usize,
    /// Whether it has a condition.
    pub conditional: bool,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Answered,
    /// S3 says this, and does nothing.
    Refused(u16, &'static str),
    /// It never arrives.
    Lost,
    /// It is done, and nobody hears of it.
    Unheard,
    /// It is done as if it had no condition.
    Unconditional,
    /// Over a socket: the connection stays open, and nothing comes; whether it is done.
    Stalled(bool),
    /// Somebody else writes this in its place first.
    Forestalled(Vec<u8>),
}

type Decide = Box<dyn FnMut(&Asked) -> Fate + Send>;

/// One change of what is there, in order: the object's new content, or none.
pub type Change = (String, Option<Vec<u8>>);

#[derive(Default)]
struct Inner {
    objects: BTreeMap<String, Vec<u8>>,
    log: Vec<Change>,
    decide: Option<Decide>,
    number: usize,
    page: usize,
    latency: Duration,
}

/// A server; clones are the same one.
#[derive(Clone, Default)]
pub struct S3(Arc<Mutex<Inner>>);

/// Who asks [`S3`], and may be cut off alone.
#[derive(Clone, Default)]
pub struct Line(Arc<Mutex<bool>>);

impl Line {
    pub fn cut(&self) {
        *self.0.lock().expect("not poisoned") = true;
    }

    pub fn heal(&self) {
        *self.0.lock().expect("not poisoned") = false;
    }
}

impl S3 {
    pub fn new() -> Self {
        Self::default()
    }

    /// With these objects.
    pub fn with(objects: BTreeMap<String, Vec<u8>>) -> Self {
        let s3 = Self::new();
        s3.inner().objects = objects;
        s3
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is there.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.inner().objects.clone()
    }

    /// Every change since the start.
    pub fn log(&self) -> Vec<Change> {
        self.inner().log.clone()
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.inner().number
    }

    /// The lines of all parts of a journal (`prefix/shop.prod`), without their heads.
    pub fn journal(&self, stem: &str) -> Vec<u8> {
        let inner = self.inner();
        let parts = inner.objects.iter().filter(|(key, _)| key.starts_with(&format!("{stem}.journal/")));
        let lines = parts.filter_map(|(_, body)| Some(&body[body.iter().position(|b| *b == b'\n')? + 1..]));
        lines.flatten().copied().collect()
    }

    /// Decides what becomes of each request from now on.
    pub fn decide(&self, decide: impl FnMut(&Asked) -> Fate + Send + 'static) {
        self.inner().decide = Some(Box::new(decide));
    }

    /// Everything is answered again.
    pub fn calm(&self) {
        self.inner().decide = None;
    }

    /// So many objects on a page of a list; 1,000 unless that is said.
    pub fn page(&self, size: usize) {
        self.inner().page = size;
    }

    /// Each answer over the socket takes so long.
    pub fn latency(&self, time: Duration) {
        self.inner().latency = time;
    }

    /// Somebody else puts an object there, or takes it away.
    pub fn change(&self, key: &str, body: Option<Vec<u8>>) {
        self.inner().store(key, body);
    }

    /// What asks this without a socket, over a line that may be cut; a lease is so long.
    pub fn bucket(&self, prefix: &str, lease: Duration, line: &Line) -> Bucket {
        let (s3, cut) = (self.clone(), Arc::clone(&line.0));
        let http_client = in_process::http_client(move |request| {
            if *cut.lock().expect("not poisoned") { None } else { s3.answer(&request) }
        });
        bucket(prefix, lease, Some("http://s3.test".to_owned()), http_client)
    }

    /// Answers one request; none if the line is cut.
    pub fn answer(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        self.decided(request).1
    }

    /// What became of it, and the answer.
    fn decided(&self, request: &Request<Bytes>) -> (Fate, Option<Response<Bytes>>) {
        let mut inner = self.inner();
        let path = request.uri().path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
        assert!(header("authorization").is_some_and(|a| a.starts_with("AWS4-HMAC-SHA256")), "it is signed");
        let conditions = (header("if-match").map(str::to_owned), header("if-none-match").map(str::to_owned));
        let asked = Asked {
            method: request.method().to_string(),
            key: decoded(key),
            number: inner.number,
            conditional: conditions.0.is_some() || conditions.1.is_some(),
        };
        inner.number += 1;
        let fate = inner.decide.as_mut().map_or(Fate::Answered, |decide| decide(&asked));
        let conditions = if fate == Fate::Unconditional { (None, None) } else { conditions };
        match &fate {
            Fate::Lost | Fate::Stalled(false) => return (fate, None),
            Fate::Refused(status, code) => {
                let answer = error(*status, code);
                return (fate, Some(answer));
            }
            Fate::Forestalled(body) => inner.store(&asked.key, Some(body.clone())),
            Fate::Answered | Fate::Unheard | Fate::Unconditional | Fate::Stalled(true) => {}
        }
        let answer = if bucket == BUCKET {
            inner.serve(&asked, request.uri().query().unwrap_or(""), conditions, request.body())
        } else {
            error(404, "NoSuchBucket")
        };
        let heard = !matches!(fate, Fate::Unheard | Fate::Stalled(_));
        (fate, heard.then_some(answer))
    }
}

/// The settings of a bucket with credentials that expire.
pub fn bucket(
    prefix: &str,
    lease: Duration,
    endpoint: Option<String>,
    http_client: aws_smithy_runtime_api::client::http::SharedHttpClient,
) -> Bucket {
    let location = format!("s3://{BUCKET}/{prefix}");
    Bucket::new(Settings {
        location: Location::parse(&location).expect("a URL of S3").expect("a good one"),
        connect: Box::new(move || {
            let access = Access {
                region: "us-east-1".to_owned(),
                credentials: evstack::provider::identity::local_credentials(),
                endpoint: endpoint.clone(),
                http_client: http_client.clone(),
            };
            Box::pin(async move { Ok(access) })
        }),
        lease,
        patience: Duration::from_millis(1_500),
        say: Box::new(|_| {}),
    })
}

impl Inner {
    fn store(&mut self, key: &str, body: Option<Vec<u8>>) {
        match &body {
            Some(body) => self.objects.insert(key.to_owned(), body.clone()),
            None => self.objects.remove(key),
        };
        self.log.push((key.to_owned(), body));
    }

    fn serve(
        &mut self,
        asked: &Asked,
        query: &str,
        (same, absent): (Option<String>, Option<String>),
        body: &Bytes,
    ) -> Response<Bytes> {
        let there = self.objects.get(&asked.key).cloned();
        match asked.method.as_str() {
            "GET" if asked.key.is_empty() => self.list(query),
            "GET" => match there {
                None => error(404, "NoSuchKey"),
                Some(body) if absent.as_deref() == Some(&etag(&body)) => respond(304, &[], Vec::new()),
                Some(body) => {
                    let headers = [
                        ("etag", etag(&body)),
                        ("last-modified", "Mon, 23 Nov 2026 12:00:00 GMT".to_owned()),
                    ];
                    respond(200, &headers, body)
                }
            },
            "PUT" => match (there, same, absent) {
                (Some(_), _, Some(_)) => error(412, "PreconditionFailed"),
                (None, Some(_), _) => error(404, "NoSuchKey"),
                (Some(there), Some(same), _) if etag(&there) != same => error(412, "PreconditionFailed"),
                _ => {
                    self.store(&asked.key, Some(body.to_vec()));
                    respond(200, &[("etag", etag(body))], Vec::new())
                }
            },
            "DELETE" => {
                if there.is_some() {
                    self.store(&asked.key, None);
                }
                respond(204, &[], Vec::new())
            }
            _ => error(405, "MethodNotAllowed"),
        }
    }

    fn list(&self, query: &str) -> Response<Bytes> {
        let parameter = |name: &str| {
            let found = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name);
            found.map(|(_, value)| decoded(value))
        };
        assert_eq!(parameter("list-type").as_deref(), Some("2"));
        let (prefix, after) = (parameter("prefix").unwrap_or_default(), parameter("continuation-token"));
        let found: Vec<_> = self
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix) && after.as_ref().is_none_or(|after| *key > after))
            .collect();
        let page = if self.page == 0 { 1_000 } else { self.page };
        let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>".to_owned();
        let more = found.len() > page;
        for (key, body) in found.iter().take(page) {
            xml.push_str(&format!("<Contents><Key>{key}</Key><Size>{}</Size></Contents>", body.len()));
        }
        if let (true, Some((last, _))) = (more, found.get(page - 1)) {
            xml.push_str(&format!("<NextContinuationToken>{last}</NextContinuationToken>"));
        }
        xml.push_str(&format!("<IsTruncated>{more}</IsTruncated></ListBucketResult>"));
        respond(200, &[], xml.into_bytes())
    }
}

/// Of the content alone, as S3's is.
fn etag(body: &[u8]) -> String {
    let hash: String = Sha256::digest(body)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}

fn error(status: u16, code: &str) -> Response<Bytes> {
    let xml = format!("<Error><Code>{code}</Code><Message>So says the test.</Message></Error>");
    respond(status, &[("x-amz-request-id", "R1".to_owned())], xml.into_bytes())
}

fn respond(status: u16, headers: &[(&'static str, String)], body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().expect("a header"));
    }
    response
}

fn decoded(text: &str) -> String {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex: String = bytes.by_ref().take(2).map(char::from).collect();
            out.push(u8::from_str_radix(&hex, 16).expect("a percent-encoded byte"));
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).expect("UTF-8")
}

/// An S3 on a port: our own, or the one that the environment names.
pub struct Served {
    /// `http://127.0.0.1:41234`.
    pub url: String,
    /// Where nobody else writes.
    pub prefix: String,
    /// Ours; none if it is another's.
    pub own: Option<S3>,
}

impl Served {
    pub fn start() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let prefix = format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        match std::env::var("EVSTACK_TEST_S3") {
            Ok(url) => {
                let url = url.trim_end_matches('/').to_owned();
                // It is there already, or it is made.
                let address = url.strip_prefix("http://").expect("plain HTTP");
                let mut stream = TcpStream::connect(address).expect("EVSTACK_TEST_S3 listens");
                let line = format!("PUT /{BUCKET} HTTP/1.1");
                write!(stream, "{line}\r\nhost: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .expect("it reads");
                let _ = stream.read_to_end(&mut Vec::new());
                Self { url, prefix, own: None }
            }
            Err(_) => Self::of(S3::new(), prefix),
        }
    }

    /// One of ours, always: for faults.
    pub fn own() -> Self {
        Self::of(S3::new(), "own".to_owned())
    }

    fn of(s3: S3, prefix: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = s3.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let s3 = shared.clone();
                std::thread::spawn(move || while turn(&stream, &s3).is_some() {});
            }
        });
        Self { url, prefix, own: Some(s3) }
    }

    /// What `cloud.state` says.
    pub fn location(&self) -> String {
        format!("s3://{BUCKET}/{}", self.prefix)
    }

    /// What a run needs to find it.
    pub fn environment(&self) -> Vec<(String, String)> {
        environment(&self.url)
    }

    /// In this process, over the socket.
    pub fn bucket(&self, lease: Duration) -> Bucket {
        bucket(&self.prefix, lease, Some(self.url.clone()), evstack::provider::identity::https())
    }
}

/// What a run needs to ask the S3 at that URL.
pub fn environment(url: &str) -> Vec<(String, String)> {
    let variables = [
        ("AWS_ENDPOINT_URL_S3", url),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_SESSION_TOKEN", "a-session"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// One request of a connection that stays open.
fn turn(stream: &TcpStream, s3: &S3) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace();
    let mut request = Request::builder().method(words.next()?).uri(words.next()?);
    let mut length = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.parse().ok()?);
        }
        request = request.header(name, value);
    }
    if length.is_none() && line.starts_with("PUT") {
        let mut stream = stream;
        return stream.write_all(b"HTTP/1.1 411 Length Required\r\ncontent-length: 0\r\n\r\n").ok();
    }
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let request = request.body(Bytes::from(body)).ok()?;
    std::thread::sleep(s3.inner().latency);
    let (fate, answer) = s3.decided(&request);
    if let Fate::Stalled(_) = fate {
        // Until whoever asked gives up.
        let mut stream = stream;
        let _ = stream.read(&mut [0]);
    }
    // A lost answer closes the connection.
    let answer = answer?;
    let mut head = format!("HTTP/1.1 {}\r\n", answer.status());
    for (name, value) in answer.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().ok()?));
    }
    if !matches!(answer.status().as_u16(), 204 | 304) {
        head.push_str(&format!("content-length: {}\r\n", answer.body().len()));
    }
    head.push_str("\r\n");
    let whole = [head.as_bytes(), answer.body()].concat();
    let mut writer = stream;
    writer.write_all(&whole).ok()
}

/// Stands between a run and its S3, and can be cut.
pub struct Proxy {
    pub url: String,
    inner: Arc<Mutex<Wire>>,
}

#[derive(Default)]
struct Wire {
    cut: bool,
    open: Vec<TcpStream>,
}

impl Proxy {
    pub fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = format!("http://{}", listener.local_addr().expect("an address"));
        let inner: Arc<Mutex<Wire>> = Arc::default();
        let (shared, to) = (Arc::clone(&inner), url.trim_start_matches("http://").to_owned());
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let mut wire = shared.lock().expect("not poisoned");
                if wire.cut {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&to) else { continue };
                for (from, into) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut into) =
                        (from.try_clone().expect("a copy"), into.try_clone().expect("a copy"));
                    wire.open.push(from.try_clone().expect("a copy"));
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut into);
                        let _ = into.shutdown(std::net::Shutdown::Both);
                    });
                }
            }
        });
        Self { url: own, inner }
    }

    /// Nothing goes through any more, and what was open is closed.
    pub fn cut(&self) {
        let mut wire = self.inner.lock().expect("not poisoned");
        wire.cut = true;
        for stream in wire.open.drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    pub fn heal(&self) {
        self.inner.lock().expect("not poisoned").cut = false;
    }
}
