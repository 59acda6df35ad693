//! The whole engine in process, against a local cloud in memory, in virtual time: a stack's text in,
//! plans and applies out. The engine speaks to the cloud through the AWS SDK, as it does on the wire.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use bytes::Bytes;
use evstack::apply::{self, Cancel, Job, Means, Outcome, Recovery, Sink, recover};
use evstack::diagnostics::Diagnostics;
use evstack::local::{Cloud, ManualClock, Options, Settings, Time};
use evstack::model::{Address, Json, Live, Place};
use evstack::ops::import::import;
use evstack::ops::plan::{Made, Wanted, plan};
use evstack::ops::rollback::{Failed, Leave, Restoration, Rollback, rollback};
use evstack::ops::{Failure, Loaded, Request, load};
use evstack::plan::Plan;
use evstack::provider::cloud_control::{self, CloudControl};
use evstack::provider::{Breaker, Clock, Limiter, Provider, identity, in_process};
use evstack::schema::Catalogue;
use evstack::spec::{Inputs, MemoryLoader};
use evstack::state::{Holder, Journal, Key, Locked, State, Store, lock, open_read};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// When its world begins.
const START: Time = Time(1_795_000_000_000);

/// How often everybody else may go on before time does: one may wake the next, who wakes another.
const TURNS: usize = 16;

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The cloud's own time; it goes on when everybody waits for it, and then to the next who does.
pub struct VirtualClock {
    cloud: Arc<Cloud>,
    /// Who waits until when, in milliseconds.
    sleepers: Mutex<BTreeMap<(i64, u64), Arc<Notify>>>,
    /// What is on its way to a disk is waited for: no time goes on meanwhile.
    journal: Mutex<Option<Journal>>,
    next: AtomicU64,
    watcher: Mutex<Option<Watcher>>,
}

/// Looks at the cloud after every little while.
pub type Watcher = Arc<dyn Fn(&Cloud) + Send + Sync>;

/// How long nobody looks, where somebody watches.
const GLANCE: Duration = Duration::from_millis(100);

impl VirtualClock {
    fn is_first(&self, key: (i64, u64)) -> bool {
        held(&self.sleepers).keys().next() == Some(&key)
    }

    /// Wakes those whose time has come, and who is to see to time next.
    fn wake(&self) {
        let (now, sleepers) = (self.cloud.now().0, held(&self.sleepers));
        for (at, ((wake, _), sleeper)) in sleepers.iter().enumerate() {
            if at > 0 && *wake > now {
                break;
            }
            sleeper.notify_one();
        }
    }

    /// Everybody else goes on for as long as they can.
    async fn settle(&self) {
        let journal = held(&self.journal).clone();
        let written = || journal.as_ref().map(|journal| journal.with(|state| state.journal));
        loop {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            let before = written();
            if let Some(journal) = &journal {
                let _ = journal.written().await;
            }
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            if written() == before {
                return;
            }
        }
    }

    /// Lets time pass until then, under the eyes of whoever watches.
    fn go_on(&self, until: Time) {
        let watcher = held(&self.watcher).clone();
        while self.cloud.now() < until {
            let left = self.cloud.now().until(until);
            let slice = if watcher.is_some() { left.min(GLANCE) } else { left };
            self.cloud.advance(slice).expect("time goes on");
            if let Some(watcher) = &watcher {
                watcher(&self.cloud);
            }
        }
    }
}

/// Leaves the queue when it is dropped, awake or not.
struct Sleeper<'a> {
    clock: &'a VirtualClock,
    key: (i64, u64),
    woken: Arc<Notify>,
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        held(&self.clock.sleepers).remove(&self.key);
        self.clock.wake();
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        START.until(self.cloud.now())
    }

    fn wall(&self) -> SystemTime {
        let start = u64::try_from(START.0).unwrap_or(0);
        UNIX_EPOCH + Duration::from_millis(start) + self.now()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let wake = self.cloud.now().after(time.max(Duration::from_millis(1))).0;
        let (key, woken) = ((wake, self.next.fetch_add(1, Ordering::Relaxed)), Arc::new(Notify::new()));
        held(&self.sleepers).insert(key, Arc::clone(&woken));
        let sleeper = Sleeper { clock: self, key, woken };
        Box::pin(async move {
            // Whole: a field alone would be captured, and the rest dropped at once.
            let sleeper = sleeper;
            let clock = sleeper.clock;
            while clock.cloud.now().0 < wake {
                if !clock.is_first(key) {
                    sleeper.woken.notified().await;
                    continue;
                }
                clock.settle().await;
                let now = clock.cloud.now();
                if now.0 < wake && clock.is_first(key) {
                    clock.go_on(Time(wake));
                    clock.wake();
                }
            }
        })
    }
}

/// A call that went over the wire.
#[derive(Debug, Clone)]
pub struct Call {
    /// `CreateResource`.
    pub operation: String,
    /// Its input; `DesiredState` and `PatchDocument` as text.
    pub input: Json,
    /// When, since the world began.
    pub at: Duration,
    /// What came back: 200, another status, or none where the answer was lost.
    pub status: Option<u16>,
}

/// What stands between an engine and its cloud.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    /// The engine keeps to a pace of its own.
    pub paced: bool,
    /// The engine notices when nobody answers. On AWS it waits for a minute, on this machine for
    /// ten seconds.
    pub guarded: Option<&'static str>,
}

/// What befalls the requests.
#[derive(Debug, Default)]
struct Trouble {
    /// From when to when nobody answers, in milliseconds.
    gone: (i64, i64),
    /// What may not be called.
    denied: BTreeSet<String>,
    /// Whether creates that were begun are answered as broken down.
    broken: bool,
}

/// An engine and its cloud.
pub struct Rig {
    pub cloud: Arc<Cloud>,
    pub provider: Arc<dyn Provider>,
    pub clock: Arc<VirtualClock>,
    /// Files that stacks may include, by path.
    pub files: BTreeMap<String, String>,
    /// Is told what the engine says while it works.
    pub sink: Sink,
    /// Stops its runs, once it is pressed.
    pub cancel: Cancel,
    calls: Arc<Mutex<Vec<Call>>>,
    trouble: Arc<Mutex<Trouble>>,
    /// Where its states lie: its own folder, unless somebody says otherwise.
    pub store: Store,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    seed: AtomicU64,
}

/// Memory is quicker than a disk, where there is such a folder.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

/// What Cloud Control says to whom it doesn't allow something.
fn refusal(operation: &str) -> http::Response<Bytes> {
    let body = json!({
        "__type": "com.amazon.coral.service#AccessDeniedException",
        "Message": format!("User: test is not authorized to perform: cloudformation:{operation}"),
    });
    let response = http::Response::builder().status(400).header("content-type", "application/x-amz-json-1.0");
    response.body(Bytes::from(body.to_string())).expect("a response")
}

/// Of something between, which had no answer in time.
fn broken_down() -> http::Response<Bytes> {
    let response = http::Response::builder().status(504).header("content-type", "text/html");
    response.body(Bytes::from_static(b"<html>504 Gateway Time-out</html>")).expect("a response")
}

fn provider(
    cloud: &Arc<Cloud>,
    clock: &Arc<VirtualClock>,
    calls: &Arc<Mutex<Vec<Call>>>,
    trouble: &Arc<Mutex<Trouble>>,
    line: Line,
    seed: u64,
) -> Arc<dyn Provider> {
    let (heard, answering, trouble) = (Arc::clone(calls), Arc::clone(cloud), Arc::clone(trouble));
    let http_client = in_process::http_client(move |request| {
        let target = request.headers().get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or("");
        let operation = target.rsplit('.').next().unwrap_or("").to_owned();
        let input = serde_json::from_slice(request.body()).unwrap_or(Json::Null);
        let at = START.until(answering.now());
        let answer = {
            let Trouble { gone: (from, to), denied, broken } = &*held(&trouble);
            if (*from..*to).contains(&answering.now().0) {
                None
            } else if denied.contains(&operation) {
                Some(refusal(&operation))
            } else {
                let answer = answering.exchange(&request);
                if *broken && operation == "CreateResource" { Some(broken_down()) } else { answer }
            }
        };
        let status = answer.as_ref().map(|answer| answer.status().as_u16());
        held(&heard).push(Call { operation, input, at, status });
        answer
    });
    Arc::new(CloudControl::new(cloud_control::Settings {
        region: cloud.settings().region,
        credentials: identity::local_credentials(),
        endpoint: Some("http://127.0.0.1".to_owned()),
        http_client,
        limiter: line.paced.then(|| Arc::new(Limiter::default())),
        breaker: line.guarded.map(|url| Arc::new(Breaker::new(url, None))),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        seed,
    }))
}

impl Rig {
    /// `profile` is what `PUT /_evstack/profile` takes: `{}` for a cloud that does everything at once.
    pub fn new(profile: &Json, seed: u64) -> Self {
        let options = Options {
            settings: Settings { seed, ..Settings::default() },
            clock: Arc::new(ManualClock::new(START)),
            ..Options::default()
        };
        let cloud = Arc::new(Cloud::open(None, options).expect("a cloud in memory opens"));
        let clock = Arc::new(VirtualClock {
            cloud: Arc::clone(&cloud),
            sleepers: Mutex::default(),
            journal: Mutex::default(),
            next: AtomicU64::new(0),
            watcher: Mutex::default(),
        });
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let trouble = Arc::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let provider = provider(&cloud, &clock, &calls, &trouble, Line::default(), seed);
        let folder = folder();
        let rig = Self {
            cloud,
            provider,
            clock,
            files: BTreeMap::new(),
            sink: Arc::new(|_| {}),
            cancel: Cancel::default(),
            calls,
            trouble,
            store: Store::folder(folder.path()),
            folder,
            runtime,
            seed: AtomicU64::new(seed.wrapping_mul(1_000)),
        };
        rig.set_profile(profile);
        rig
    }

    /// From now on it behaves so.
    pub fn set_profile(&self, profile: &Json) {
        let request = http::Request::put("/_evstack/profile").body(Bytes::from(profile.to_string()));
        let response = self.cloud.handle(&request.expect("a request"));
        assert_eq!(response.status(), 200, "{:?}", response.body());
    }

    /// As a new process would: with a pace and a view of its own of whether the cloud answers.
    pub fn dial(&mut self, line: Line) {
        let seed = self.seed.fetch_add(1, Ordering::Relaxed);
        self.provider = provider(&self.cloud, &self.clock, &self.calls, &self.trouble, line, seed);
    }

    /// From now on somebody watches the cloud while an engine waits.
    pub fn watch(&mut self, watcher: Watcher) {
        *held(&self.clock.watcher) = Some(watcher);
    }

    /// Nobody answers for so long, from so long after now.
    pub fn goes_away(&self, after: Duration, time: Duration) {
        let from = self.cloud.now().after(after);
        held(&self.trouble).gone = (from.0, from.after(time).0);
    }

    /// Creates are begun, and something between says that it broke down.
    pub fn breaks(&self, broken: bool) {
        held(&self.trouble).broken = broken;
    }

    /// Its engine isn't allowed to ask for this.
    pub fn denies(&self, operation: &str) {
        held(&self.trouble).denied.insert(operation.to_owned());
    }

    /// How it behaves.
    pub fn profile(&self) -> Json {
        let request = http::Request::get("/_evstack/profile").body(Bytes::new()).expect("a request");
        serde_json::from_slice(self.cloud.handle(&request).body()).expect("JSON")
    }

    /// Lets time pass.
    pub fn wait_for(&self, time: Duration) {
        self.cloud.advance(time).expect("time goes on");
    }

    /// Where the cloud is.
    pub fn place(&self) -> Place {
        let settings = self.cloud.settings();
        Place {
            partition: Place::partition_of(&settings.region).to_owned(),
            region: settings.region,
            account: settings.account,
            base_url: Some(settings.base_url),
        }
    }

    /// Loads a stack's YAML.
    pub fn try_load(&self, text: &str) -> Result<Loaded, Failure> {
        let inputs = Inputs {
            env: "local".to_owned(),
            place: self.place(),
            environment: Vec::new(),
            config: Vec::new(),
            imported: BTreeMap::new(),
        };
        let request = Request { path: "stack.yaml".to_owned(), inputs };
        let files = self.files.iter().map(|(path, text)| (path.clone(), text.clone()));
        let files = files.chain([("stack.yaml".to_owned(), text.to_owned())]);
        load(&request, Box::new(MemoryLoader::new(files)))
    }

    /// As [`Self::try_load`], of a stack without mistakes.
    pub fn load(&self, text: &str) -> Result<Loaded, String> {
        self.try_load(text).map_err(|failure| words(&failure, text))
    }

    /// Where the states lie, unless [`Self::store`] is another.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The stack's recorded state. Each stack name has its own.
    pub fn state(&self, loaded: &Loaded) -> State {
        let key = Key::new(&loaded.stack.name, &loaded.stack.env);
        open_read(&self.store, &key).expect("a state that can be read").state
    }

    /// Locks the stack's state.
    pub fn lock(&self, loaded: &Loaded) -> Locked {
        let key = Key::new(&loaded.stack.name, &loaded.stack.env);
        let holder = Holder::here("a test", "now");
        // A process that another test starts just now has our files, until it is another program.
        let patience = std::time::Instant::now() + Duration::from_secs(10);
        let locked = loop {
            match lock(&self.store, &key, &holder) {
                Ok(locked) => break locked,
                Err(why) => assert!(std::time::Instant::now() < patience, "nobody else has it: {why:?}"),
            }
            std::thread::yield_now();
        };
        *held(&self.clock.journal) = Some(locked.journal());
        locked
    }

    /// As `evstack plan`.
    pub fn plan(&self, text: &str) -> Result<Plan, String> {
        self.plan_as(text, &Wanted::default()).map(|made| made.plan)
    }

    /// As `evstack plan` with flags. A plan with refusals is an error.
    pub fn plan_as(&self, text: &str, wanted: &Wanted) -> Result<Made, String> {
        let loaded = self.load(text)?;
        let state = self.state(&loaded);
        let made = self.runtime.block_on(plan(&loaded, &state, &self.provider, wanted));
        let made = made.map_err(|failure| words(&failure, text))?;
        match made.refusals.is_empty() {
            true => Ok(made),
            false => Err(format!("{:#?}", made.refusals)),
        }
    }

    /// As `evstack apply --yes`: recovers, plans, carries out. What failed is in the outcome.
    pub fn try_apply(&self, text: &str, wanted: &Wanted) -> Result<(Plan, Outcome), String> {
        self.attempt(text, wanted).map_err(|problems| format!("{problems:#?}\n{text}"))
    }

    /// The same; what stopped it before anything was sent, as it is told.
    pub fn attempt(&self, text: &str, wanted: &Wanted) -> Result<(Plan, Outcome), Diagnostics> {
        let loaded = self.try_load(text).map_err(|failure| failure.diagnostics)?;
        let mut locked = self.lock(&loaded);
        let done = self.attempt_in(text, wanted, &mut locked);
        locked.compact().expect("the state is written");
        done
    }

    /// As `evstack apply`: once the plan is made and before it is carried out, something may happen.
    pub fn apply_after(&self, text: &str, between: impl FnOnce()) -> Result<(Plan, Outcome), String> {
        let loaded = self.load(text)?;
        let mut locked = self.lock(&loaded);
        let done: Result<_, Diagnostics> = self.runtime.block_on(async {
            let means = self.means();
            let made = self.made(&loaded, &mut locked, &means, &Wanted::default()).await?;
            between();
            let outcome = carry_out(&loaded, &made.plan, &made.live, &means, &mut locked).await?;
            Ok((made.plan, outcome))
        });
        locked.compact().expect("the state is written");
        done.map_err(|problems| format!("{problems:#?}\n{text}"))
    }

    /// The same, in a state that is held already, whose journal isn't folded at the end.
    pub fn attempt_in(
        &self,
        text: &str,
        wanted: &Wanted,
        locked: &mut Locked,
    ) -> Result<(Plan, Outcome), Diagnostics> {
        let loaded = self.try_load(text).map_err(|failure| failure.diagnostics)?;
        self.runtime.block_on(async {
            let means = self.means();
            let made = self.made(&loaded, locked, &means, wanted).await?;
            let outcome = carry_out(&loaded, &made.plan, &made.live, &means, locked).await?;
            Ok((made.plan, outcome))
        })
    }

    /// As `evstack apply --rollback`; `between` the failed run and the one that goes back something
    /// may happen. Nothing goes back from a run that was whole.
    pub fn apply_or_back(
        &self,
        text: &str,
        wanted: &Wanted,
        leave: Leave,
        between: impl FnOnce(),
    ) -> Result<(Plan, Outcome, Option<Back>), String> {
        let loaded = self.load(text)?;
        let mut locked = self.lock(&loaded);
        let done: Result<_, Diagnostics> = self.runtime.block_on(async {
            let means = self.means();
            let made = self.made(&loaded, &mut locked, &means, wanted).await?;
            let before = locked.snapshot();
            let mut outcome = carry_out(&loaded, &made.plan, &made.live, &means, &mut locked).await?;
            between();
            if outcome.is_complete() {
                return Ok((made.plan, outcome, None));
            }
            outcome.found.extend(recovered(&mut locked, &means).await?);
            let now = locked.snapshot();
            let failed = Failed { plan: &made.plan, outcome: &outcome, before: &before, now: &now };
            let back = rollback(loaded, &failed, &self.provider, leave).await;
            let Rollback { loaded, plan, live, restoration, .. } =
                back.map_err(|failure| failure.diagnostics)?;
            restoration.begin(&locked)?;
            let ended = carry_out(&loaded, &plan, &live, &means, &mut locked).await?;
            if ended.is_complete() {
                restoration.finish(&locked)?;
            }
            Ok((made.plan, outcome, Some(Back { plan, restoration, outcome: ended })))
        });
        locked.compact().expect("the state is written");
        done.map_err(|problems| format!("{problems:#?}\n{text}"))
    }

    /// What every run begins with: an earlier one's operations are looked into.
    pub fn recover(&self, loaded: &Loaded) -> Recovery {
        let (mut locked, means) = (self.lock(loaded), self.means());
        let known = |_: &Address| None;
        let done = self.runtime.block_on(recover(&means, &mut locked, Catalogue::bundled(), &known));
        done.expect("the journal can be written")
    }

    fn means(&self) -> Means {
        let (provider, clock) = (Arc::clone(&self.provider), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let seed = self.seed.fetch_add(1, Ordering::Relaxed);
        let (sink, cancel) = (Arc::clone(&self.sink), self.cancel.clone());
        Means { sink, cancel, ..Means::new(provider, clock, seed) }
    }

    async fn made(
        &self,
        loaded: &Loaded,
        locked: &mut Locked,
        means: &Means,
        wanted: &Wanted,
    ) -> Result<Made, Diagnostics> {
        recovered(locked, means).await?;
        let made = plan(loaded, &locked.snapshot(), &self.provider, wanted).await;
        let made = made.map_err(|failure| failure.diagnostics)?;
        if made.refusals.is_empty() { Ok(made) } else { Err(made.refusals) }
    }

    /// As `evstack import ADDR IDENTIFIER`.
    pub fn import(&self, text: &str, address: &Address, identifier: &str) -> Result<(), String> {
        let loaded = self.load(text)?;
        let mut locked = self.lock(&loaded);
        let asked = (address, identifier);
        let imported = self.runtime.block_on(import(&loaded, &locked, &self.provider, asked, false));
        locked.compact().expect("the state is written");
        imported.map(drop).map_err(|failure| words(&failure, text))
    }

    /// As `evstack apply --yes`, which must end well.
    pub fn apply(&self, text: &str) -> Result<(Plan, Outcome), String> {
        self.apply_as(text, &Wanted::default())
    }

    /// As `evstack destroy --yes --allow-data-loss`, which must end well.
    pub fn destroy(&self, text: &str) -> Result<(Plan, Outcome), String> {
        self.apply_as(text, &Wanted { destroy: true, allow_data_loss: true, ..Wanted::default() })
    }

    /// As `evstack apply --yes` with flags, which must end well.
    pub fn apply_as(&self, text: &str, wanted: &Wanted) -> Result<(Plan, Outcome), String> {
        let (plan, outcome) = self.try_apply(text, wanted)?;
        match outcome.is_complete() {
            true => Ok((plan, outcome)),
            false => Err(format!("{:#?} {:#?}", outcome.failures, outcome.skipped)),
        }
    }

    /// One call of Cloud Control, past the engine and its records; the error's name and message
    /// where it is refused.
    pub fn call(&self, operation: &str, input: &Json) -> Result<Json, String> {
        call_on(&self.cloud, operation, input)
    }

    /// What a read shows.
    pub fn get(&self, type_name: &str, identifier: &str) -> Result<Json, String> {
        let answer = self.call("GetResource", &json!({"TypeName": type_name, "Identifier": identifier}))?;
        let text = answer["ResourceDescription"]["Properties"].as_str().unwrap_or("");
        serde_json::from_str(text).map_err(|error| format!("GetResource: {error}: {text}"))
    }

    /// Begins a change past the engine and waits for its end: the identifier.
    pub fn change(&self, operation: &str, input: &Json) -> Result<String, String> {
        let begun = self.call(operation, input)?;
        let token = begun["ProgressEvent"]["RequestToken"].clone();
        for _ in 0..100 {
            let answer = self.call("GetResourceRequestStatus", &json!({ "RequestToken": token }))?;
            let event = &answer["ProgressEvent"];
            match event["OperationStatus"].as_str() {
                Some("SUCCESS") => return Ok(event["Identifier"].as_str().unwrap_or("").to_owned()),
                Some("FAILED") => return Err(format!("{operation}: {event}")),
                _ => {
                    self.cloud.advance(Duration::from_secs(1)).expect("time goes on");
                }
            }
        }
        Err(format!("{operation} does not end"))
    }

    /// Everything that exists: type and identifier, sorted.
    pub fn inventory(&self) -> Vec<(String, String)> {
        let inventory = self.cloud.inventory();
        let text = |json: &Json| json.as_str().unwrap_or("").to_owned();
        let resources = inventory["resources"].as_array().into_iter().flatten();
        let mut all: Vec<_> = resources.map(|r| (text(&r["type"]), text(&r["identifier"]))).collect();
        all.sort();
        all
    }

    /// The engine's calls since the last time that this was asked.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut held(&self.calls))
    }

    /// Runs something of the engine's that waits.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

/// A run that went back.
pub struct Back {
    pub plan: Plan,
    pub restoration: Restoration,
    pub outcome: Outcome,
}

/// One call of Cloud Control, past every engine; the error's name and message where it is refused.
pub fn call_on(cloud: &Cloud, operation: &str, input: &Json) -> Result<Json, String> {
    let request = http::Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("CloudApiService.{operation}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, \
             SignedHeaders=host, Signature=00",
        )
        .body(Bytes::from(input.to_string()))
        .expect("a request");
    let response = cloud.handle(&request);
    let answer: Json = serde_json::from_slice(response.body()).expect("JSON comes back");
    match response.status().as_u16() {
        200 => Ok(answer),
        _ => Err(format!("{operation}: {answer}")),
    }
}

async fn recovered(locked: &mut Locked, means: &Means) -> Result<BTreeSet<Address>, Diagnostics> {
    let recovered: Recovery = recover(means, locked, Catalogue::bundled(), &|_: &Address| None).await?;
    if recovered.problems.has_errors() { Err(recovered.problems) } else { Ok(recovered.found) }
}

async fn carry_out(
    loaded: &Loaded,
    plan: &Plan,
    live: &BTreeMap<Address, Live>,
    means: &Means,
    locked: &mut Locked,
) -> Result<Outcome, Diagnostics> {
    let resolved = &loaded.resolved;
    let outputs: Vec<_> = resolved.outputs.iter().map(|o| (o.name.clone(), o.value.clone())).collect();
    let job = Job {
        plan,
        desired: &resolved.resources,
        attributes: &resolved.attributes,
        outputs: &outputs,
        live,
        catalogue: Catalogue::bundled(),
        place_of: &|span| loaded.sources.place(span),
    };
    Ok(apply::run(&job, means, locked).await?)
}

fn words(failure: &Failure, text: &str) -> String {
    format!("{:#?}\n{text}", failure.diagnostics)
}
