//! Sessions of the local cloud, through the AWS SDK for Rust: issued by STS, proved by signatures,
//! limited by their role, over at their end.

use aws_credential_types::Credentials;
use aws_sdk_cloudcontrol::config::http::HttpResponse;
use aws_sdk_cloudcontrol::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudcontrol::types::ProgressEvent;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Region};
use bytes::Bytes;
use evstack::local::{Cloud, ManualClock, Options, Profile, Time};
use evstack::provider::in_process::http_client;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Something done to a request on its way.
type Tamper = fn(&mut http::Request<Bytes>);

struct Local {
    cloud: Arc<Cloud>,
    tamper: Arc<Mutex<Tamper>>,
}

fn manual() -> Options {
    Options { clock: Arc::new(ManualClock::new(Time(1_795_000_000_000))), ..Options::default() }
}

fn root() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

impl Local {
    fn open(options: Options) -> Self {
        let cloud = Arc::new(Cloud::open(None, options).expect("a cloud in memory opens"));
        Self { cloud, tamper: Arc::new(Mutex::new(|_| {})) }
    }

    fn http(&self) -> aws_smithy_runtime_api::client::http::SharedHttpClient {
        let (cloud, tamper) = (Arc::clone(&self.cloud), Arc::clone(&self.tamper));
        http_client(move |mut request| {
            tamper.lock().expect("a function")(&mut request);
            cloud.exchange(&request)
        })
    }

    fn sts(&self, credentials: Credentials) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
            .http_client(self.http())
            .endpoint_url("http://127.0.0.1:4566");
        aws_sdk_sts::Client::from_conf(config.build())
    }

    fn control(&self, credentials: Credentials) -> aws_sdk_cloudcontrol::Client {
        let config = aws_sdk_cloudcontrol::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
            .http_client(self.http())
            .endpoint_url("http://127.0.0.1:4566");
        aws_sdk_cloudcontrol::Client::from_conf(config.build())
    }

    /// Creates a resource and returns its last event.
    async fn create(&self, credentials: Credentials, type_name: &str, state: Json) -> ProgressEvent {
        let client = self.control(credentials);
        let begun =
            client.create_resource().type_name(type_name).desired_state(state.to_string()).send().await;
        let token = begun
            .expect("begins")
            .progress_event()
            .and_then(|e| e.request_token())
            .expect("a token")
            .to_owned();
        // Asked as root: who may see requests is another question.
        let status = self.control(root()).get_resource_request_status().request_token(token).send().await;
        status.expect("is known").progress_event().expect("an event").clone()
    }

    /// A role that its own account may take, with these statements.
    async fn role(&self, name: &str, more: Json, statements: Json) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}});
        let mut state = json!({"RoleName": name, "AssumeRolePolicyDocument": trust, "Policies": [
            {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]});
        for (key, value) in more.as_object().into_iter().flatten() {
            state[key] = value.clone();
        }
        let event = self.create(root(), "AWS::IAM::Role", state).await;
        assert_eq!(event.operation_status().map(|s| s.as_str()), Some("SUCCESS"), "{event:?}");
        format!("arn:aws:iam::000000000000:role/{name}")
    }

    async fn assumed(&self, by: Credentials, role: &str, name: &str) -> Credentials {
        let answer = self.sts(by).assume_role().role_arn(role).role_session_name(name).send().await;
        let answer = answer.expect("is assumed");
        let issued = answer.credentials().expect("credentials");
        Credentials::new(
            issued.access_key_id(),
            issued.secret_access_key(),
            Some(issued.session_token().to_owned()),
            None,
            "test",
        )
    }
}

/// An error's code and words.
fn refusal<T: std::fmt::Debug, E>(outcome: Result<T, SdkError<E, HttpResponse>>) -> (u16, String, String)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = outcome.expect_err("is refused");
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let meta = error.as_service_error().expect("an answer").meta().clone();
    (status, meta.code().unwrap_or_default().to_owned(), meta.message().unwrap_or_default().to_owned())
}

fn everything() -> Json {
    json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
}

#[tokio::test]
async fn a_session_is_who_it_says_and_the_inventory_names_it() {
    let local = Local::open(Options::default());
    let role = local.role("deploy", json!({}), everything()).await;
    let session = local.assumed(root(), &role, "ann").await;
    assert!(session.access_key_id().starts_with("ASIA") && session.access_key_id().len() == 20);
    let who = local.sts(session.clone()).get_caller_identity().send().await.expect("answers");
    assert_eq!(who.arn(), Some("arn:aws:sts::000000000000:assumed-role/deploy/ann"));
    assert_eq!(who.account(), Some("000000000000"));
    let id = who.user_id().expect("an id");
    assert!(id.starts_with("AROA") && id.ends_with(":ann"), "{id}");

    let event = local.create(session, "AWS::Logs::LogGroup", json!({"LogGroupName": "g"})).await;
    assert_eq!(event.operation_status().map(|s| s.as_str()), Some("SUCCESS"), "{event:?}");
    let inventory = local.cloud.inventory();
    let made = inventory["resources"].as_array().expect("a list").iter().find(|r| r["identifier"] == "g");
    assert_eq!(made.expect("is there")["created"]["by"], "arn:aws:sts::000000000000:assumed-role/deploy/ann");
}

#[tokio::test]
async fn a_signature_that_is_wrong_is_refused_in_each_protocol() {
    let local = Local::open(Options::default());
    let role = local.role("deploy", json!({}), everything()).await;
    let session = local.assumed(root(), &role, "ann").await;
    let (key, secret) = (session.access_key_id().to_owned(), session.secret_access_key().to_owned());
    let token = session.session_token().map(str::to_owned);
    let with =
        |key: &str, secret: &str, token: Option<String>| Credentials::new(key, secret, token, None, "test");
    let mismatch = "The request signature we calculated does not match the signature you provided.";
    let invalid = "The security token included in the request is invalid.";
    for (credentials, query, json, words) in [
        (with(&key, "wrong", token.clone()), "SignatureDoesNotMatch", "InvalidSignatureException", mismatch),
        (with(&key, &secret, None), "InvalidClientTokenId", "UnrecognizedClientException", invalid),
        (
            with(&key, &secret, Some("other".into())),
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            invalid,
        ),
        // Issued elsewhere, or long forgotten: it doesn't become root.
        (
            with("ASIAEVSTACK000000000", &secret, token),
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            invalid,
        ),
    ] {
        let (status, code, message) =
            refusal(local.sts(credentials.clone()).get_caller_identity().send().await);
        assert_eq!((status, code.as_str()), (403, query), "{message}");
        assert!(message.starts_with(words), "{message}");
        let list = local.control(credentials).list_resources().type_name("AWS::SQS::Queue");
        let (status, code, message) = refusal(list.send().await);
        assert_eq!((status, code.as_str()), (400, json), "{message}");
        assert!(message.starts_with(words), "{message}");
    }
    // What was signed must be what comes.
    *local.tamper.lock().expect("a function") = |request| {
        let body = String::from_utf8_lossy(request.body()).replace("AWS::SQS::Queue", "AWS::SNS::Topic");
        *request.body_mut() = Bytes::from(body);
    };
    let list = local.control(session.clone()).list_resources().type_name("AWS::SQS::Queue");
    assert_eq!(refusal(list.send().await).1, "InvalidSignatureException");
    // Any other key is root, whatever it is signed with.
    let who = local.sts(with("AKIAIOSFODNN7EXAMPLE", "x", None)).get_caller_identity().send().await;
    assert_eq!(who.expect("answers").arn(), Some("arn:aws:iam::000000000000:root"));
}

#[tokio::test]
async fn a_session_ends_and_is_forgotten() {
    let local = Local::open(manual());
    let role = local.role("deploy", json!({}), everything()).await;
    let session = local.assumed(root(), &role, "ann").await;
    local.cloud.advance(Duration::from_secs(3599)).expect("time goes on");
    assert!(local.sts(session.clone()).get_caller_identity().send().await.is_ok());
    local.cloud.advance(Duration::from_secs(1)).expect("time goes on");
    let (status, code, message) = refusal(local.sts(session.clone()).get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (403, "ExpiredToken"));
    assert_eq!(message, "The security token included in the request is expired");
    let list = local.control(session.clone()).list_resources().type_name("AWS::SQS::Queue");
    assert_eq!(refusal(list.send().await).1, "ExpiredTokenException");
    local.cloud.advance(Duration::from_hours(24)).expect("time goes on");
    // The next that asks STS for anything finds the old ones gone.
    local.assumed(root(), &role, "bob").await;
    assert_eq!(refusal(local.sts(session).get_caller_identity().send().await).1, "InvalidClientTokenId");
}

#[tokio::test]
async fn who_may_not_take_a_role_is_told_so() {
    let profile = Profile { role_delay: Duration::from_secs(10), ..Profile::default() };
    let local = Local::open(Options { profile, ..manual() });
    let sts = local.sts(root());
    let deploy = local
        .role(
            "deploy",
            json!({"MaxSessionDuration": 7200}),
            json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::000000000000:role/next"}),
        )
        .await;
    let next = local.role("next", json!({}), everything()).await;
    let service = local
        .role(
            "service",
            json!({"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"}, "Action": "sts:AssumeRole"}}}),
            everything(),
        )
        .await;
    let external = local
        .role(
            "external",
            json!({"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "seven"}}}}}),
            everything(),
        )
        .await;
    let ask = |arn: &str| sts.assume_role().role_arn(arn).role_session_name("ann");

    // Too new, then not.
    assert_eq!(refusal(ask(&deploy).send().await).1, "AccessDenied");
    local.cloud.advance(Duration::from_secs(10)).expect("time goes on");
    assert!(ask(&deploy).send().await.is_ok());

    let missing = "arn:aws:iam::000000000000:role/missing";
    for arn in [&service, missing] {
        let (status, code, message) = refusal(ask(arn).send().await);
        assert_eq!((status, code.as_str()), (403, "AccessDenied"));
        let words = format!(
            "User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: {arn}"
        );
        assert_eq!(message, words);
    }
    assert_eq!(refusal(ask(&external).send().await).1, "AccessDenied");
    assert!(ask(&external).external_id("seven").send().await.is_ok());

    let (_, code, message) = refusal(ask(&deploy).duration_seconds(7201).send().await);
    let words = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    assert_eq!((code.as_str(), message.as_str()), ("ValidationError", words));
    assert!(ask(&deploy).duration_seconds(7200).send().await.is_ok());
    let (_, code, message) = refusal(ask(&deploy).duration_seconds(60).send().await);
    let words = "1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint: \
                 Member must have value greater than or equal to 900";
    assert_eq!((code.as_str(), message.as_str()), ("ValidationError", words));
    let (_, code, message) =
        refusal(sts.assume_role().role_arn(&deploy).role_session_name("a b").send().await);
    assert_eq!(code, "ValidationError");
    assert!(message.ends_with("Member must satisfy regular expression pattern: [\\w+=,.@-]*"), "{message}");
    assert_eq!(refusal(ask(&deploy).policy("{").send().await).1, "MalformedPolicyDocument");
    let (status, _, message) = refusal(ask(&deploy).token_code("123456").send().await);
    assert_eq!(status, 501);
    assert!(message.ends_with("STS AssumeRole with TokenCode"), "{message}");

    // From session to session: within its own policies, an hour at most.
    let session = local.assumed(root(), &deploy, "ann").await;
    let chained = local.assumed(session.clone(), &next, "ann").await;
    let who = local.sts(chained).get_caller_identity().send().await.expect("answers");
    assert_eq!(who.arn(), Some("arn:aws:sts::000000000000:assumed-role/next/ann"));
    let ask = |arn: &str| local.sts(session.clone()).assume_role().role_arn(arn).role_session_name("ann");
    assert_eq!(refusal(ask(&deploy).send().await).1, "AccessDenied");
    let (_, code, message) = refusal(ask(&next).duration_seconds(3601).send().await);
    assert_eq!(code, "ValidationError");
    assert!(message.contains("1 hour session limit"), "{message}");

    // Root's own session.
    let issued = sts.get_session_token().duration_seconds(7200).send().await.expect("is issued");
    let issued = issued.credentials().expect("credentials");
    let token = Some(issued.session_token().to_owned());
    let root = Credentials::new(issued.access_key_id(), issued.secret_access_key(), token, None, "test");
    let who = local.sts(root.clone()).get_caller_identity().send().await.expect("answers");
    assert_eq!(who.arn(), Some("arn:aws:iam::000000000000:root"));
    assert_eq!(refusal(local.sts(root.clone()).get_session_token().send().await).1, "AccessDenied");
    let event = local.create(root, "AWS::Logs::LogGroup", json!({"LogGroupName": "g"})).await;
    assert_eq!(event.operation_status().map(|s| s.as_str()), Some("SUCCESS"), "{event:?}");
}

#[tokio::test]
async fn a_session_does_only_what_its_policies_allow() {
    let local = Local::open(manual());
    let statements = json!([
        {"Effect": "Allow", "Action": ["cloudformation:CreateResource", "cloudformation:DeleteResource"], "Resource": "*"},
        {"Effect": "Allow", "Action": "logs:*", "Resource": "*"},
    ]);
    let role = local.role("deploy", json!({}), statements).await;
    let session = local.assumed(root(), &role, "ann").await;
    let control = local.control(session.clone());
    let (status, code, message) = refusal(control.list_resources().type_name("AWS::SQS::Queue").send().await);
    assert_eq!((status, code.as_str()), (400, "AccessDeniedException"));
    // aws/aws-sdk issue 140 has AWS's answer.
    assert_eq!(
        message,
        "User: arn:aws:sts::000000000000:assumed-role/deploy/ann is not authorized to perform: \
         cloudformation:ListResources on resource: arn:aws:cloudformation:us-east-1:000000000000:resource/* because \
         no identity-based policy allows the cloudformation:ListResources action"
    );
    let made = local.create(session.clone(), "AWS::Logs::LogGroup", json!({"LogGroupName": "g"})).await;
    assert_eq!(made.operation_status().map(|s| s.as_str()), Some("SUCCESS"), "{made:?}");
    let refused = local.create(session.clone(), "AWS::SQS::Queue", json!({"QueueName": "q"})).await;
    assert_eq!(refused.operation_status().map(|s| s.as_str()), Some("FAILED"), "{refused:?}");
    assert_eq!(refused.error_code().map(|c| c.as_str()), Some("AccessDenied"));
    assert_eq!(
        refused.status_message(),
        Some(
            "User: arn:aws:sts::000000000000:assumed-role/deploy/ann is not authorized to perform: sqs:CreateQueue \
             because no identity-based policy allows the sqs:CreateQueue action"
        )
    );

    // A policy given with the session limits it once more.
    let limit = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}});
    let answer =
        local.sts(root()).assume_role().role_arn(&role).role_session_name("bob").policy(limit.to_string());
    let answer = answer.send().await.expect("is assumed");
    let issued = answer.credentials().expect("credentials");
    let token = Some(issued.session_token().to_owned());
    let limited = Credentials::new(issued.access_key_id(), issued.secret_access_key(), token, None, "test");
    let refused = local.create(limited, "AWS::Logs::LogGroup", json!({"LogGroupName": "h"})).await;
    assert_eq!(refused.error_code().map(|c| c.as_str()), Some("AccessDenied"), "{refused:?}");

    // A role that is deleted and made anew is another one.
    let control = local.control(root());
    control
        .delete_resource()
        .type_name("AWS::IAM::Role")
        .identifier("deploy")
        .send()
        .await
        .expect("is deleted");
    local.cloud.turn().expect("the time comes");
    local.role("deploy", json!({}), everything()).await;
    let list = local.control(session).list_resources().type_name("AWS::SQS::Queue");
    assert_eq!(refusal(list.send().await).1, "AccessDeniedException");
}
