//! Where an environment's states lie: `.evstack/state`, a folder that its file names, a bucket.

use super::terminal;
use crate::diagnostics::{Code, Diagnostic};
use crate::provider::identity;
use crate::spec::{CloudSettings, Environment};
use crate::state::bucket::{Access, Bucket, Connect, LEASE, Location, PATIENCE, Settings};
use crate::state::{PASSPHRASE, Passphrase, Store};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// Where no file and nothing else says a region: S3's own first.
const REGION: &str = "us-east-1";

/// The place that the environment's file names, a folder relative to that file; else
/// `.evstack/state`.
///
/// # Errors
/// At its place, for what can't be one.
pub(super) fn of(environment: &Environment, here: &Path, home: &Path) -> Result<Store, Diagnostic> {
    let store = place(environment, here, home)?;
    // Set and empty is a mistake too: a secret that a pipeline doesn't have.
    match std::env::var_os(PASSPHRASE) {
        None => Ok(store),
        Some(text) => match text.into_string() {
            Ok(text) => Ok(store.sealed(Passphrase::new(text)?)),
            Err(_) => Err(Diagnostic::error(Code::SEALED, format!("{PASSPHRASE} isn't UTF-8"))),
        },
    }
}

fn place(environment: &Environment, here: &Path, home: &Path) -> Result<Store, Diagnostic> {
    let overlay = environment.overlay.as_ref();
    let Some((overlay, (text, span))) = overlay.and_then(|o| Some((o, o.cloud.state.as_ref()?))) else {
        return Ok(Store::folder(home.join("state")));
    };
    match Location::parse(text) {
        Some(location) => Ok(Store::bucket(Bucket::new(Settings {
            location: location.map_err(|diagnostic| diagnostic.at(*span))?,
            connect: connect(&overlay.cloud),
            lease: seconds("EVSTACK_STATE_LEASE", LEASE)?,
            patience: seconds("EVSTACK_STATE_PATIENCE", PATIENCE)?,
            say: Box::new(terminal::say),
        }))),
        None if has_scheme(text) => {
            Err(Diagnostic::error(Code::UNSUPPORTED, format!("state in `{text}` isn't supported"))
                .at(*span)
                .hint("name a folder, relative to this file, or `s3://bucket/prefix`"))
        }
        None => {
            let beside = here.join(Path::new(&overlay.path).parent().unwrap_or(Path::new("")));
            let folder = beside.join(text.trim());
            if lexical(&folder) == lexical(&beside) {
                let message = format!(
                    "`{text}` is the folder of this file, where `{STATE}` is the name of an environment's file too"
                );
                return Err(Diagnostic::error(Code::BAD_VALUE, message)
                    .at(*span)
                    .hint("name another folder, as `state`; without it, state is in `.evstack/state`"));
            }
            Ok(Store::folder(folder))
        }
    }
}

/// What a state's file is called in its folder.
const STATE: &str = "<stack>.<env>.json";

/// `s3:/bucket`, `file://x`: no folder is meant.
fn has_scheme(text: &str) -> bool {
    let scheme = text.trim_start().split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// A path without `.` and, as far as they can be told, `..`.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// A time from the environment, in seconds.
fn seconds(variable: &str, otherwise: Duration) -> Result<Duration, Diagnostic> {
    let Some(text) = std::env::var_os(variable) else { return Ok(otherwise) };
    let seconds: Option<f64> = text.to_str().and_then(|text| text.trim().parse().ok());
    match seconds.filter(|seconds| (0.1..=3600.0).contains(seconds)) {
        Some(seconds) => Ok(Duration::from_secs_f64(seconds)),
        None => {
            let message = format!("{variable} is `{}`", text.to_string_lossy());
            Err(Diagnostic::error(Code::BAD_VALUE, message).hint("write seconds, from 0.1 to 3600"))
        }
    }
}

/// The credentials that the environment deploys with, found on the thread that will use them.
fn connect(cloud: &CloudSettings) -> Box<Connect> {
    let text =
        |field: &Option<(String, crate::diagnostics::Span)>| field.as_ref().map(|(text, _)| text.clone());
    let settings = identity::Settings {
        region: text(&cloud.region),
        role: text(&cloud.role),
        session_name: "evstack".to_owned(),
        ..identity::Settings::default()
    };
    Box::new(move || {
        let mut settings = settings.clone();
        Box::pin(async move {
            if settings.region.is_none()
                && !["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(|v| set(v).is_some())
            {
                settings.region = Some(REGION.to_owned());
            }
            let aws = identity::aws(&settings).await.map_err(|fault| {
                Diagnostic::error(Code::BUCKET, format!("the state can't be asked for: {}", fault.message))
                    .hint("the state is read and written with the credentials that the environment deploys with")
            })?;
            let endpoint = configured("S3")?;
            let identity::Aws { region, credentials, http_client, .. } = aws;
            Ok(Access { region, credentials, endpoint, http_client })
        })
    })
}

/// Where one of AWS's services is asked, if that isn't AWS: as the SDKs take it, of the service alone or
/// of all.
///
/// # Errors
/// [`Code::BAD_VALUE`] for what is no URL.
pub(super) fn configured(service: &str) -> Result<Option<String>, Diagnostic> {
    if set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    for variable in [format!("AWS_ENDPOINT_URL_{service}"), "AWS_ENDPOINT_URL".to_owned()] {
        let Some(url) = set(&variable) else { continue };
        let url = url.trim_end_matches('/').to_owned();
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/') || url.contains(['?', '#', ' '])) {
            return Err(Diagnostic::error(Code::BAD_VALUE, format!("{variable} is `{url}`"))
                .hint("write a URL: `https://aws.example.com`"));
        }
        return Ok(Some(url));
    }
    Ok(None)
}

fn set(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.is_empty())
}
