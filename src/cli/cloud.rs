//! Opens the cloud that a session names: AWS, the embedded one in process, one that is served.

use super::rates::Remembered;
use super::session::{Cloud, Session};
use super::store::configured;
use super::terminal;
use crate::diagnostics::{Code, Diagnostic};
use crate::local;
use crate::model::{Place, Site};
use crate::ops::Failure;
use crate::ops::plan::refused;
use crate::provider::cloud_control::{CloudControl, Settings};
use crate::provider::limiter::Listener;
use crate::provider::{Breaker, Limiter, Provider, SystemClock, breaker, identity, in_process};
use aws_sdk_cloudcontrol::config::SharedHttpClient;
use serde_json::Value as Json;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long a run waits for another that has the local cloud's data to itself: it is a short plan or
/// apply as a rule.
const PATIENCE: Duration = Duration::from_secs(10);
/// After that long it is said that one waits.
const SAID: Duration = Duration::from_secs(1);

/// A cloud that answers.
pub(super) struct Connection {
    pub(super) provider: Arc<dyn Provider>,
    /// Account, region and base URL: what names, ARNs and URLs are predicted from.
    pub(super) place: Place,
    /// Which cloud it is, for the state to remember.
    pub(super) site: Site,
    /// For the first line of a plan.
    pub(super) shown: String,
    /// Of a cloud that is another process or another machine.
    pub(super) breaker: Option<Arc<Breaker>>,
    /// The pace of requests at this moment, in calls a second; none where nothing sets one.
    pub(super) rate: Option<f64>,
    /// Writes down at the end what pace was learned.
    _pace: Option<Remembered>,
}

/// Opens the session's cloud. On AWS the account is compared before anything is read.
pub(super) async fn connect(session: &Session) -> Result<Connection, Failure> {
    match session.cloud()? {
        Cloud::Local => local(session).await,
        Cloud::Endpoint(url) => endpoint(session, &url, None).await,
        // Whoever points every program at a cloud of their own means this one too.
        Cloud::Aws => {
            let sts = configured("STS")?;
            match configured("CLOUDCONTROL")? {
                Some(url) => endpoint(session, &url, sts).await,
                None => aws(session, sts).await,
            }
        }
    }
}

async fn local(session: &Session) -> Result<Connection, Failure> {
    let folder = session.home().join("local");
    let shown = folder.strip_prefix(session.here()).unwrap_or(&folder).display().to_string();
    let unusable = |error: local::OpenError| match error {
        local::OpenError::Unreadable { why, .. } => Failure::from(damaged(&shown, &why.to_string())),
        error => Diagnostic::error(Code::DISK, error.to_string()).into(),
    };
    let nobody = |error: std::io::Error| terminal::unusable(&format!("{}: {error}", folder.display()));
    let own = |place: &Place| Site::own(place, local::whole(&folder).display().to_string());
    match found(&folder).await.map_err(nobody)? {
        local::Found::Free => {
            let settings = local::peek(&folder).map_err(unusable)?.unwrap_or_else(|| asked(session));
            let place = place(&settings.region, &settings.account, Some(settings.base_url.clone()));
            let site = own(&place);
            let provider = control(&place, in_process(folder, settings), "http://127.0.0.1", None, None);
            Ok(Connection {
                provider,
                place,
                site,
                shown: format!("local cloud ({shown})"),
                breaker: None,
                rate: None,
                _pace: None,
            })
        }
        local::Found::Served { url, .. } => {
            let (place, _) = served_place(&url).ok_or_else(|| silent(&url))?;
            let site = own(&place);
            let breaker = breaker(&url);
            let provider = served(session, &place, &url, &breaker);
            let shown = format!("local cloud ({shown}, served at {url})");
            Ok(Connection { provider, place, site, shown, breaker: Some(breaker), rate: None, _pace: None })
        }
        local::Found::Held { .. } => Err(taken(&folder)),
    }
}

/// It says that it serves, and doesn't answer.
pub(super) fn silent(url: &str) -> Failure {
    Diagnostic::error(Code::UNREACHABLE, format!("the local cloud at {url} doesn't answer"))
        .hint("nothing was changed; run it again, or start `evstack local` anew")
        .into()
}

/// Who and where a local cloud is that is made now: as the environment's own file says, if it does.
fn asked(session: &Session) -> local::Settings {
    let mut settings = local::Settings::default();
    if session.override_name().is_none()
        && let Some(own) = session.settings()
    {
        if let Some((region, _)) = &own.region {
            settings.region.clone_from(region);
        }
        if let Some((account, _)) = &own.account_id {
            settings.account.clone_from(account);
        }
    }
    settings
}

/// Who has the folder. A run in another process is mostly over soon: it is waited for, a little.
async fn found(folder: &std::path::Path) -> std::io::Result<local::Found> {
    let (start, mut said) = (Instant::now(), false);
    loop {
        match local::find(folder)? {
            local::Found::Held { .. } if start.elapsed() < PATIENCE => {
                if !said && start.elapsed() >= SAID {
                    said = true;
                    terminal::say(&format!("The local cloud is in use by {}; waiting...", holder(folder)));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            found => return Ok(found),
        }
    }
}

/// Opens the cloud, once whoever was a little quicker is done.
fn opened(folder: &std::path::Path, settings: &local::Settings) -> Result<local::Cloud, String> {
    let start = Instant::now();
    loop {
        let options = local::Options { settings: settings.clone(), ..local::Options::default() };
        match local::Cloud::open(Some(folder), options) {
            Err(local::OpenError::Taken { .. }) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            opened => return opened.map_err(|error| error.to_string()),
        }
    }
}

/// The embedded cloud as an HTTP client. It is opened by the first request: a command that fails
/// before it asks anything, or that asks nothing, leaves no trace.
fn in_process(folder: std::path::PathBuf, settings: local::Settings) -> SharedHttpClient {
    let cloud: OnceLock<Result<local::Cloud, String>> = OnceLock::new();
    in_process::http_client(move |request| match cloud.get_or_init(|| opened(&folder, &settings)) {
        Ok(cloud) => cloud.exchange(&request),
        Err(why) => {
            let body = serde_json::json!({ "__type": "AccessDeniedException", "message": why });
            let mut refusal = http::Response::new(body.to_string().into());
            *refusal.status_mut() = http::StatusCode::FORBIDDEN;
            Some(refusal)
        }
    })
}

/// Says so when the endpoint falls silent.
fn breaker(url: &str) -> Arc<Breaker> {
    Arc::new(Breaker::new(url, Some(Box::new(terminal::say))))
}

/// The data are there and can't be used.
pub(super) fn damaged(folder: &str, why: &str) -> Diagnostic {
    Diagnostic::error(Code::LOCAL_DATA, format!("the local cloud's data in {folder} can't be used: {why}"))
        .hint(format!(
            "move {folder} away to start with an empty cloud; a plan then says what is gone and makes it anew"
        ))
}

fn holder(folder: &std::path::Path) -> String {
    match local::find(folder) {
        Ok(local::Found::Held { pid: Some(pid) }) => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}

fn taken(folder: &std::path::Path) -> Failure {
    let who = holder(folder);
    Diagnostic::error(Code::LOCAL_BUSY, format!("the local cloud in {} is in use by {who}", folder.display()))
        .hint("wait for it; or run `evstack local`, which serves everyone at once")
        .into()
}

async fn endpoint(session: &Session, url: &str, sts: Option<String>) -> Result<Connection, Failure> {
    if let Some((place, folder)) = served_place(url) {
        check_account(session, &place.account, "the endpoint")?;
        let breaker = breaker(url);
        let provider = served(session, &place, url, &breaker);
        let shown = format!("local cloud at {url}");
        let site = Site::served(&place, url, folder);
        return Ok(Connection {
            provider,
            place,
            site,
            shown,
            breaker: Some(breaker),
            rate: None,
            _pace: None,
        });
    }
    let region = session.expected_place().region;
    let aws = if breaker::is_here(url) {
        identity::Aws {
            region: region.clone(),
            credentials: identity::local_credentials(),
            http_client: identity::https(),
            endpoint: Some(url.to_owned()),
            sts,
        }
    } else {
        identity::aws(&settings(session, Some(url.to_owned()), sts)).await.map_err(|fault| refused(&fault))?
    };
    connected(session, aws, format!("endpoint {url}")).await
}

async fn aws(session: &Session, sts: Option<String>) -> Result<Connection, Failure> {
    let aws = identity::aws(&settings(session, None, sts)).await.map_err(|fault| refused(&fault))?;
    connected(session, aws, "AWS".to_owned()).await
}

fn settings(session: &Session, endpoint: Option<String>, sts: Option<String>) -> identity::Settings {
    let cloud = session.settings();
    let text = |field: Option<&(String, crate::diagnostics::Span)>| field.map(|(text, _)| text.clone());
    identity::Settings {
        region: text(cloud.and_then(|c| c.region.as_ref())),
        role: text(cloud.and_then(|c| c.role.as_ref())),
        session_name: "evstack".to_owned(),
        endpoint,
        sts,
    }
}

async fn connected(session: &Session, aws: identity::Aws, shown: String) -> Result<Connection, Failure> {
    let caller = identity::caller(&aws).await.map_err(|fault| refused(&fault))?;
    check_account(session, &caller.account, &caller.arn)?;
    let place = place(&aws.region, &caller.account, aws.endpoint.clone());
    let site = Site::of(&place, aws.endpoint.as_deref());
    let url = aws
        .endpoint
        .clone()
        .unwrap_or_else(|| format!("https://cloudcontrolapi.{}.amazonaws.com", aws.region));
    let breaker = breaker(&url);
    let whose = aws.endpoint.clone().unwrap_or_else(|| format!("{}/{}", caller.account, aws.region));
    let pace = Remembered::new(session.home(), whose, slower(session));
    let limiter = pace.limiter();
    let rate = limiter.rate();
    let provider = CloudControl::new(Settings {
        region: aws.region,
        credentials: aws.credentials,
        endpoint: aws.endpoint,
        http_client: aws.http_client,
        limiter: Some(limiter),
        breaker: Some(Arc::clone(&breaker)),
        clock: Arc::new(SystemClock::default()),
        seed: u64::from(std::process::id()),
    });
    let (provider, breaker) = (Arc::new(provider), Some(breaker));
    Ok(Connection { provider, place, site, shown, breaker, rate, _pace: Some(pace) })
}

/// Credentials of another account are refused before anything is read.
fn check_account(session: &Session, account: &str, who: &str) -> Result<(), Failure> {
    let Some((declared, _)) = session.settings().and_then(|s| s.account_id.as_ref()) else { return Ok(()) };
    if declared == account {
        return Ok(());
    }
    let message = format!("the environment is of account {declared}, but {who} is of account {account}");
    Err(Diagnostic::error(Code::WRONG_ACCOUNT, message)
        .hint("nothing was read or changed; use credentials of the declared account, or set `cloud.role`")
        .into())
}

/// A local cloud in another process: nothing holds the requests back until it refuses some.
fn served(session: &Session, place: &Place, url: &str, breaker: &Arc<Breaker>) -> Arc<dyn Provider> {
    let limiter = Arc::new(Limiter::free().telling(slower(session)));
    control(place, identity::https(), url, Some(Arc::clone(breaker)), Some(limiter))
}

/// Says that it goes on at a slower pace, to those who want to hear of it.
fn slower(session: &Session) -> Listener {
    let quiet = session.is_quiet();
    Box::new(move |rate| {
        if !quiet {
            terminal::say(&format!("Requests are throttled; going on with about {rate:.0} a second."));
        }
    })
}

fn control(
    place: &Place,
    http_client: SharedHttpClient,
    endpoint: &str,
    breaker: Option<Arc<Breaker>>,
    limiter: Option<Arc<Limiter>>,
) -> Arc<dyn Provider> {
    Arc::new(CloudControl::new(Settings {
        region: place.region.clone(),
        credentials: identity::local_credentials(),
        endpoint: Some(endpoint.to_owned()),
        http_client,
        limiter,
        breaker,
        clock: Arc::new(SystemClock::default()),
        seed: u64::from(std::process::id()),
    }))
}

fn place(region: &str, account: &str, base_url: Option<String>) -> Place {
    Place {
        partition: Place::partition_of(region).to_owned(),
        region: region.to_owned(),
        account: account.to_owned(),
        base_url,
    }
}

/// Who and where a served local cloud is, and its data folder; none if it isn't one of ours.
fn served_place(url: &str) -> Option<(Place, Option<String>)> {
    let health = get(url, "/_evstack/health", 64 * 1024)?;
    let text = |key: &str| health[key].as_str().map(str::to_owned);
    Some((place(&text("region")?, &text("account")?, text("base_url")), text("folder")))
}

/// Everything that exists in a served local cloud.
pub(super) fn served_inventory(url: &str) -> Option<Json> {
    get(url, "/_evstack/inventory", 1 << 30)
}

/// A page of a server on this machine, as JSON of at most so many bytes.
fn get(url: &str, path: &str, largest: u64) -> Option<Json> {
    let authority = url.strip_prefix("http://")?.split('/').next()?;
    let address = authority.to_socket_addrs().ok()?.next()?;
    if !address.ip().is_loopback() {
        return None;
    }
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.take(largest).read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let found = head.lines().next()?.contains(" 200 ");
    found.then(|| serde_json::from_str(body).ok())?
}
