//! Signatures against AWS's published examples, and what a request must be refused for.
use super::*;

#[test]
fn header_and_presigned_url_and_nonsense() {
    let mut headers = HeaderMap::new();
    let none = Uri::from_static("/");
    assert_eq!(credential(&headers, &none), None);
    let expected = Credential {
        access_key: "AK".into(),
        date: "20261123".into(),
        region: "eu-west-1".into(),
        service: "sqs".into(),
    };
    let url = Uri::from_static("/?X-Amz-Credential=AK%2F20261123%2Feu-west-1%2Fsqs%2Faws4_request");
    assert_eq!(credential(&headers, &url), Some(expected.clone()));
    let good = "AWS4-HMAC-SHA256 Credential=AK/20261123/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=00";
    headers.insert("authorization", good.parse().expect("a header"));
    assert_eq!(credential(&headers, &none), Some(expected));
    for bad in
        ["Bearer x", "AWS4-HMAC-SHA256 Credential=AK/sqs/aws4_request", "AWS4-HMAC-SHA256 Credential=////"]
    {
        headers.insert("authorization", bad.parse().expect("a header"));
        assert_eq!(credential(&headers, &none), None, "{bad}");
    }
}

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A request of AWS's test suite, signed by the suite: `get-vanilla` and its like, whose credential is
/// `AKIDEXAMPLE/20150830/us-east-1/service/aws4_request`.
fn suite(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
    signed: &str,
    signature: &str,
) -> Request<Bytes> {
    let mut builder = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "example.amazonaws.com")
        .header("x-amz-date", "20150830T123600Z")
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={signed}, Signature={signature}"
            ),
        );
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request")
}

fn read(request: &Request<Bytes>, wall: Option<Time>) -> Result<Proof, Trouble> {
    let credential = credential(request.headers(), request.uri()).expect("a credential");
    Proof::read(request, &credential, &credential.service, wall)
}

/// aws-sig-v4-test-suite (AWS documentation, "Signature Version 4 test suite").
#[test]
fn the_suite_of_aws_holds() {
    let plain = "host;x-amz-date";
    let requests = [
        suite("GET", "/", &[], "", plain, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        suite(
            "POST",
            "/",
            &[],
            "",
            plain,
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        suite(
            "GET",
            "/?Param2=value2&Param1=value1",
            &[],
            "",
            plain,
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        suite(
            "GET",
            "/",
            &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
            "",
            "host;my-header1;x-amz-date",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        suite(
            "POST",
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            "Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
        suite(
            "GET",
            "/",
            &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            "",
            "host;my-header1;my-header2;x-amz-date",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
    ];
    for request in requests {
        let proof = read(&request, None).expect("can be read");
        assert!(proof.holds(SECRET), "{} {}", request.method(), request.uri());
        assert!(!proof.holds("another"));
    }
}

/// S3 API Reference, "Authenticating requests: using query parameters": the example.
#[test]
fn a_presigned_url_holds() {
    let request = Request::get(
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1\
         %2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    );
    let request =
        request.header("host", "examplebucket.s3.amazonaws.com").body(Bytes::new()).expect("a request");
    let proof = read(&request, None).expect("can be read");
    assert!(proof.holds("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
    let signed = 1_369_353_600_000;
    assert!(read(&request, Some(Time(signed + 86_400_000))).is_ok());
    let late = read(&request, Some(Time(signed + 86_401_000))).expect_err("is too late");
    let words = "Signature expired: 20130524T000000Z is now earlier than 20130525T000001Z";
    assert_eq!(late, Trouble::Signature(words.into()));
}

/// A POST to `/` that this test signs: these headers, with `payload` for the body's hash.
fn signed(service: &str, headers: &[(&str, &str)], names: &str, payload: &str, body: &str) -> Request<Bytes> {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::{Digest, Sha256};
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let mut request = suite("POST", "/", headers, body, names, "");
    let lines = canonical::headers(&request, &names.split(';').collect::<Vec<_>>()).expect("all are there");
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{payload}");
    let scope = format!("20150830/us-east-1/{service}/aws4_request");
    let hash = hex(&Sha256::digest(canonical.as_bytes()));
    let key = ["20150830", "us-east-1", service, "aws4_request"];
    let key = key.iter().fold(format!("AWS4{SECRET}").into_bytes(), |key, text| mac(&key, text));
    let signature = hex(&mac(&key, &format!("{ALGORITHM}\n20150830T123600Z\n{scope}\n{hash}")));
    let value = format!("{ALGORITHM} Credential=AK/{scope}, SignedHeaders={names}, Signature={signature}");
    request.headers_mut().insert("authorization", value.parse().expect("a value"));
    request
}

/// Of an empty body.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn a_signature_covers_the_service_the_headers_and_the_body() {
    let (plain, unsigned) = ("host;x-amz-date", "UNSIGNED-PAYLOAD");
    let refused = |request: &Request<Bytes>| match read(request, None) {
        Err(Trouble::Signature(words) | Trouble::Incomplete(words)) => words,
        other => panic!("{other:?}"),
    };
    assert!(read(&signed("sts", &[], plain, EMPTY, ""), None).expect("can be read").holds(SECRET));
    let other = signed("sts", &[], plain, EMPTY, "");
    let of = credential(other.headers(), other.uri()).expect("a credential");
    assert_eq!(
        Proof::read(&other, &of, "cloudcontrolapi", None),
        Err(Trouble::Signature("Credential should be scoped to correct service: 'cloudcontrolapi'.".into()))
    );
    assert!(refused(&signed("sts", &[], "x-amz-date", EMPTY, "")).starts_with("'Host' or ':authority'"));
    let target = signed("sts", &[("x-amz-target", "a.B")], plain, EMPTY, "");
    assert_eq!(refused(&target), "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.");
    let named = [("x-amz-user-agent", "x"), ("x-amzn-trace-id", "x"), ("user-agent", "x")];
    assert!(read(&signed("sts", &named, plain, EMPTY, ""), None).expect("can be read").holds(SECRET));
    let names = "host;x-amz-content-sha256;x-amz-date";
    let body =
        |service| read(&signed(service, &[("x-amz-content-sha256", unsigned)], names, unsigned, "x"), None);
    assert_eq!(body("sts"), Err(Trouble::mismatch()));
    assert!(body("s3").expect("S3 takes it").holds(SECRET));
    let url = |algorithm: &str| {
        let rest = "X-Amz-Credential=AK%2F20150830%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20150830T123600Z\
                    &X-Amz-SignedHeaders=host&X-Amz-Signature=00";
        let request = Request::get(format!("/?{algorithm}{rest}")).header("host", "x").body(Bytes::new());
        refused(&request.expect("a request"))
    };
    assert!(url("").starts_with("AWS query-string parameters must include 'X-Amz-Algorithm'."));
    assert_eq!(url("X-Amz-Algorithm=AWS4-HMAC-SHA1&"), "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.");
}

#[test]
fn what_cannot_hold_is_refused_in_words() {
    let signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let good = || suite("GET", "/", &[], "", "host;x-amz-date", signature);
    let at = 1_440_938_160_000;
    assert!(read(&good(), Some(Time(at + 900_000))).is_ok());
    assert_eq!(
        read(&good(), Some(Time(at + 901_000))).expect_err("is late"),
        Trouble::Signature(
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"
                .into()
        )
    );
    assert_eq!(
        read(&good(), Some(Time(at - 901_000))).expect_err("is early"),
        Trouble::Signature(
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z \
             (20150830T122059Z + 15 min.)"
                .into()
        )
    );
    let changed = |name: &'static str, value: &str| {
        let mut request = good();
        request.headers_mut().insert(name, value.parse().expect("a value"));
        read(&request, None)
    };
    assert!(!changed("host", "other.amazonaws.com").expect("can be read").holds(SECRET));
    assert!(!changed("x-amz-date", "20150830T123601Z").expect("can be read").holds(SECRET));
    assert!(matches!(changed("x-amz-date", "20150831T123600Z"), Err(Trouble::Signature(_))));
    assert!(matches!(changed("x-amz-date", "20150830T"), Err(Trouble::Incomplete(_))));
    let hashed = |hash: &str| {
        read(
            &signed(
                "service",
                &[("x-amz-content-sha256", hash)],
                "host;x-amz-content-sha256;x-amz-date",
                hash,
                "",
            ),
            None,
        )
    };
    assert_eq!(hashed("00"), Err(Trouble::mismatch()));
    assert_eq!(
        hashed("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        Err(Trouble::Unsupported("STREAMING-AWS4-HMAC-SHA256-PAYLOAD".into()))
    );
    let mut body = good();
    *body.body_mut() = Bytes::from_static(b"x");
    assert!(!read(&body, None).expect("can be read").holds(SECRET));
    let unsigned_host = suite("GET", "/", &[], "", "x-amz-date", signature);
    assert!(matches!(read(&unsigned_host, None), Err(Trouble::Signature(_))));
    let mut partial = good();
    partial.headers_mut().insert(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/service/aws4_request".parse().expect("a value"),
    );
    assert!(matches!(read(&partial, None), Err(Trouble::Incomplete(words)) if words.contains("'Signature'")));
}

proptest::proptest! {
    /// Whoever hears a signed request can't make another one of it: no header of AWS's, no word of the
    /// body, no service.
    #[test]
    fn nothing_that_is_signed_can_be_changed(
        target in "[a-z]{1,9}",
        added in "x-amz-[a-z]{1,12}",
        value in "[a-z]{1,9}",
        body in "[a-z]{1,9}",
        unsigned in proptest::bool::ANY,
        service in "sts|cloudcontrolapi",
    ) {
        let (names, unsaid) = ("host;x-amz-content-sha256;x-amz-date;x-amz-target", "UNSIGNED-PAYLOAD");
        let hash = if unsigned { unsaid } else { EMPTY };
        let headers = [("x-amz-target", target.as_str()), ("x-amz-content-sha256", hash)];
        let good = || signed(&service, &headers, names, hash, "");
        let holds = |request: &Request<Bytes>| read(request, None).is_ok_and(|proof| proof.holds(SECRET));
        assert_eq!(holds(&good()), !unsigned);
        let mut changed = good();
        *changed.body_mut() = Bytes::from(body);
        assert!(!holds(&changed));
        let mut changed = good();
        changed.headers_mut().append("x-amz-target", value.parse().expect("a value"));
        assert!(!holds(&changed));
        let mut changed = good();
        let name: http::HeaderName = added.parse().expect("a name");
        changed.headers_mut().append(name, value.parse().expect("a value"));
        assert!(!holds(&changed), "{added}");
        let other = if service == "sts" { "cloudcontrolapi" } else { "sts" };
        let of = credential(good().headers(), good().uri()).expect("a credential");
        assert!(Proof::read(&good(), &of, other, None).is_err());
    }

    /// Whatever a request says of itself, it is read or refused.
    #[test]
    fn anything_is_read_or_refused(
        rest in "[ -~]{0,60}",
        signed in "(host|x-amz-date|x|;){0,5}",
        signature in "[0-9a-fg]{0,9}",
        date in "(20261123)?[ -~]{0,12}",
        path in "/[a-z%./0-9]{0,20}",
        query in "(X-Amz-(Algorithm|Expires|Date|SignedHeaders|Signature)=[0-9a-z%]{0,6}&){0,4}",
        hash in proptest::option::of("(STREAMING-|UNSIGNED-PAYLOAD)?[ -~]{0,8}"),
        header in proptest::bool::ANY,
    ) {
        let credential = Credential {
            access_key: format!("{OWN_KEY}000000000"),
            date: "20261123".into(),
            region: "us-east-1".into(),
            service: "sts".into(),
        };
        let mut builder = Request::get(format!("{path}?{query}")).header("x-amz-date", date);
        if header {
            let value = format!("AWS4-HMAC-SHA256 SignedHeaders={signed}, Signature={signature},{rest}");
            builder = builder.header("authorization", value);
        }
        if let Some(hash) = hash {
            builder = builder.header("x-amz-content-sha256", hash);
        }
        if let Ok(request) = builder.body(Bytes::new()) {
            for wall in [None, Some(Time(i64::MAX)), Some(Time(i64::MIN)), Some(Time(0))] {
                if let Ok(Some(proof)) = proof(&request, &credential, "sts", wall) {
                    assert!(!proof.holds("secret"));
                }
            }
        }
    }
}
