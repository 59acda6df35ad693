//! What is sent: encoded, signed, once; and what comes back.

use super::*;
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use std::io;
use std::sync::Mutex;

/// What was asked: method, URI, headers.
type Heard = Arc<Mutex<Vec<(String, String, Vec<(String, String)>)>>>;

/// Answers everything with one status, or with nothing.
#[derive(Debug, Clone)]
struct Wire(Option<u16>, Heard);

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers().iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let heard = (request.method().to_owned(), request.uri().to_owned(), headers);
        self.1.lock().expect("not poisoned").push(heard);
        HttpConnectorFuture::ready(match self.0 {
            Some(status) => {
                let response = http::Response::builder().status(status).header("ETag", "\"e\"");
                let response = response.body(SdkBody::from("hello")).expect("a response");
                HttpResponse::try_from(response).map_err(|e| ConnectorError::user(e.into()))
            }
            None => Err(ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into())),
        })
    }
}

fn client(service: &'static str, endpoint: &str, status: Option<u16>) -> (Client, Heard) {
    let heard = Heard::default();
    let connector = SharedHttpConnector::new(Wire(status, Arc::clone(&heard)));
    let client = Client::new(Settings {
        service,
        region: "eu-west-1".to_owned(),
        credentials: SharedCredentialsProvider::new(Credentials::new(
            "AKID",
            "secret",
            Some("token".to_owned()),
            None,
            "test",
        )),
        endpoint: endpoint.to_owned(),
        http_client: http_client_fn(move |_, _| connector.clone()),
        connect_timeout: Duration::from_secs(1),
        answer_timeout: Duration::from_secs(1),
    });
    (client, heard)
}

fn sent(client: &Client, request: Request<'_>) -> Result<Answer, NoAnswer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(client.send(request))
}

#[test]
fn a_request_is_encoded_and_signed_with_the_session_token() {
    let (client, heard) = client("s3", "https://s3.eu-west-1.amazonaws.com/", Some(412));
    let request = Request {
        method: "PUT",
        path: "/bucket/a b@c/ü.json",
        query: &[("list-type", "2"), ("prefix", "a/b=")],
        headers: &[("if-none-match", "*")],
        body: b"{}",
    };
    let answer = sent(&client, request).expect("an answer, whatever its status");
    assert_eq!((answer.status, answer.header("etag"), &answer.body[..]), (412, Some("\"e\""), &b"hello"[..]));
    let heard = heard.lock().expect("not poisoned");
    let [(method, uri, headers)] = heard.as_slice() else { panic!("sent once: {heard:?}") };
    assert_eq!(method, "PUT");
    assert_eq!(
        uri,
        "https://s3.eu-west-1.amazonaws.com/bucket/a%20b%40c/%C3%BC.json?list-type=2&prefix=a%2Fb%3D"
    );
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(header("x-amz-security-token"), Some("token"));
    assert_eq!(header("if-none-match"), Some("*"));
    // The SHA-256 of `{}`.
    assert_eq!(
        header("x-amz-content-sha256"),
        Some("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    );
    let authorization = header("authorization").expect("signed");
    assert!(authorization.contains("/eu-west-1/s3/aws4_request"), "{authorization}");
    assert!(authorization.contains("if-none-match"), "signed, not only sent: {authorization}");
}

#[test]
fn a_path_of_the_endpoint_comes_first_and_only_once() {
    let (client, heard) = client("sqs", "http://127.0.0.1:4566/under", Some(200));
    sent(&client, Request::default()).expect("an answer");
    assert_eq!(heard.lock().expect("not poisoned")[0].1, "http://127.0.0.1:4566/under/");
}

#[test]
fn no_answer_is_told_apart_and_nothing_is_sent_again() {
    let (client, heard) = client("s3", "http://h:1", None);
    let fault = sent(&client, Request::default()).expect_err("no answer");
    assert_eq!(fault, NoAnswer { credentials: false, words: "h:1 closed the connection".to_owned() });
    assert_eq!(heard.lock().expect("not poisoned").len(), 1);
}
