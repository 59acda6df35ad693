//! Who asks: the SDK's own credential chain, a role to assume, and whose account that is.

use super::cloud_control::classify;
use super::fault::{NoAnswer, foreign, no_answer};
use super::{Fault, FaultKind};
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudcontrol::config::SharedHttpClient;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider as Tls, rustls_provider::CryptoMode};
use std::time::Duration;

/// Where and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Of the environment; none: what the SDK finds in its environment and profile.
    pub region: Option<String>,
    /// Assumed through STS with the credentials that the chain finds.
    pub role: Option<String>,
    /// Of the assumed role's session: shown in CloudTrail.
    pub session_name: String,
    /// Instead of AWS's own endpoints.
    pub endpoint: Option<String>,
    /// Instead of that, for STS.
    pub sts: Option<String>,
}

/// What clients are made of.
#[derive(Debug, Clone)]
pub struct Aws {
    /// `us-east-1`.
    pub region: String,
    /// Asked anew before they expire.
    pub credentials: SharedCredentialsProvider,
    /// rustls with ring; also plain HTTP.
    pub http_client: SharedHttpClient,
    /// Instead of AWS's own endpoints.
    pub endpoint: Option<String>,
    /// Instead of that, for STS.
    pub sts: Option<String>,
}

/// Whose credentials they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// `arn:aws:sts::123456789012:assumed-role/deploy/evstack`.
    pub arn: String,
}

/// The HTTP client for everything that leaves the machine.
#[must_use]
pub fn https() -> SharedHttpClient {
    Builder::new().tls_provider(Tls::Rustls(CryptoMode::Ring)).build_https()
}

/// The key pair that any local cloud takes: never looked up, never valid on AWS.
#[must_use]
pub fn local_credentials() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "local"))
}

/// The chain's own requests too (SSO, the container, the instance): nobody waits for an instance
/// that isn't one.
const CONNECT: Duration = Duration::from_secs(2);

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(Duration::from_secs(30))
        .build()
}

/// Finds region and credentials. Nothing is sent to AWS yet but what the chain itself needs.
///
/// # Errors
/// When there is no region, or nothing gives credentials ([`FaultKind::Denied`]).
pub async fn aws(settings: &Settings) -> Result<Aws, Fault> {
    let http_client = https();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client.clone())
        .timeout_config(timeouts());
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let config = loader.load().await;
    let region = config.region().cloned().ok_or_else(|| {
        fault("LoadConfig", FaultKind::Invalid, "Region", "no AWS region is set".to_owned())
    })?;
    let credentials = match &settings.role {
        Some(role) => {
            let provider = AssumeRoleProvider::builder(role)
                .session_name(&settings.session_name)
                .region(region.clone())
                .configure(&config)
                .build()
                .await;
            SharedCredentialsProvider::new(provider)
        }
        None => config.credentials_provider().ok_or_else(|| {
            let message = "nothing gives credentials: see the AWS CLI's `aws configure`".to_owned();
            fault("LoadConfig", FaultKind::Denied, "Credentials", message)
        })?,
    };
    let (endpoint, sts) = (settings.endpoint.clone(), settings.sts.clone());
    Ok(Aws { region: region.to_string(), credentials, http_client, endpoint, sts })
}

/// Asks STS whose credentials they are, before anything else is asked.
///
/// # Errors
/// Denied, or unreachable.
pub async fn caller(aws: &Aws) -> Result<Caller, Fault> {
    let mut config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::v2026_01_12())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(aws.credentials.clone())
        .http_client(aws.http_client.clone())
        .timeout_config(timeouts());
    let endpoint = aws.sts.as_ref().or(aws.endpoint.as_ref());
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint);
    }
    let client = aws_sdk_sts::Client::from_conf(config.build());
    let url = endpoint.cloned().unwrap_or_else(|| format!("https://sts.{}.amazonaws.com", aws.region));
    let answer = client.get_caller_identity().send().await;
    let answer = answer.map_err(|error| {
        let meta = error.as_service_error().map(|e| e.meta().clone());
        match meta.as_ref().and_then(|m| Some((m.code()?, m.message().unwrap_or_default()))) {
            Some((code, message)) => {
                let kind = classify(code, message, error.raw_response().map(|r| r.status().as_u16()));
                fault("GetCallerIdentity", kind, code, message.to_owned())
            }
            // It answered, in no form that makes sense.
            None if error.raw_response().is_some() => {
                let response = error.raw_response();
                let status = response.map(|r| r.status().as_u16());
                let words = foreign(&url, status, response.and_then(|r| r.headers().get("content-type")));
                fault("GetCallerIdentity", FaultKind::Unreachable, "Answer", words)
            }
            None => {
                let NoAnswer { kind, code, words } = no_answer(&error, &url);
                fault("GetCallerIdentity", kind, code, words)
            }
        }
    });
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => {
            let none = fault.code == "Credentials" && fault.message.starts_with("no AWS credentials");
            let words = if none { profile_without() } else { None };
            return Err(Fault { message: words.unwrap_or(fault.message), ..fault });
        }
    };
    Ok(Caller {
        account: answer.account().unwrap_or_default().to_owned(),
        arn: answer.arn().unwrap_or_default().to_owned(),
    })
}

/// Of the profile that is asked for by name: the chain passes over one that isn't there in silence.
fn profile_without() -> Option<String> {
    let name = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty())?;
    Some(format!(
        "no AWS credentials were found: the profile `{name}`, which AWS_PROFILE names, isn't defined or gives none"
    ))
}

fn fault(operation: &'static str, kind: FaultKind, code: &str, message: String) -> Fault {
    Fault {
        kind,
        operation,
        type_name: None,
        identifier: None,
        code: code.to_owned(),
        message,
        request_id: None,
    }
}
