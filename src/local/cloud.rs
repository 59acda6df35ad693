//! One cloud: a world, its clock and its store, as others use it.

use super::clock::{Clock, RealClock, Time};
use super::fault::Fault;
use super::folder::{self, Folder, OpenError};
use super::profile::{Misbehaviour, Profile};
use super::protocol::Protocol;
use super::settings::Settings;
use super::store::{Committer, MemoryStore, SqliteStore, Store, StoreError, Writer};
use super::world::World;
use super::{admin, gateway, services};
use bytes::Bytes;
use http::{Request, Response};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How to open a cloud.
#[derive(Clone)]
pub struct Options {
    /// Counts where the data folder is new, or where there is none.
    pub settings: Settings,
    /// How it behaves, this time.
    pub profile: Profile,
    /// Its time.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self { settings: Settings::default(), profile: Profile::default(), clock: Arc::new(RealClock) }
    }
}

/// The local cloud. One for each data folder on a machine; share it between threads.
pub struct Cloud {
    world: Mutex<World>,
    committer: Arc<Committer>,
    clock: Arc<dyn Clock>,
    /// Its lock is held as long as this lives.
    folder: Option<Folder>,
}

impl Cloud {
    /// Opens the cloud whose data are in `folder`, made if it isn't there; without a folder, one
    /// that lives in memory. What was due while nobody ran is done at the first request or turn.
    ///
    /// # Errors
    /// Another process has the folder, or its data can't be read.
    pub fn open(folder: Option<&Path>, options: Options) -> Result<Self, OpenError> {
        let folder = folder.map(Folder::lock).transpose()?;
        let mut store: Box<dyn Store> = match &folder {
            Some(folder) => Box::new(SqliteStore::open(&folder.data()).map_err(|e| folder.unreadable(e))?),
            None => Box::new(MemoryStore),
        };
        let unreadable = |error: StoreError| match &folder {
            Some(folder) => folder.unreadable(error),
            None => OpenError::Unreadable { path: "memory".into(), why: error },
        };
        let rows = store.load().map_err(unreadable)?;
        let now = options.clock.now();
        let mut world = World::load(rows, options.settings, options.profile, now).map_err(unreadable)?;
        world.folder = folder.as_ref().map(Folder::name);
        let committer = Arc::new(Committer::new(store));
        let number = committer.hand_over(world.changes());
        committer.wait(number).map_err(unreadable)?;
        Ok(Self { world: Mutex::new(world), committer, clock: options.clock, folder })
    }

    /// Answers one HTTP request. Whatever it changed is durable when this returns. It may wait for
    /// the disk: call it where blocking is fine. Nothing is lost on the way: there is none.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let answer = self.attend(request, |_| Way::default());
        let written = self.committer.wait(answer.number);
        answer.once(written)
    }

    /// As [`Cloud::handle`], for a client behind a wire: `None` when the profile lost the answer. What
    /// was asked for is done all the same.
    pub fn exchange(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let answer = self.answer(request);
        let written = self.committer.wait(answer.number);
        (!answer.way.lost).then(|| answer.once(written))
    }

    /// Answers one HTTP request without waiting for the disk; the answer waits.
    pub(super) fn answer(&self, request: &Request<Bytes>) -> Answer {
        self.attend(request, Way::of)
    }

    fn attend(&self, request: &Request<Bytes>, way: impl FnOnce(&mut World) -> Way) -> Answer {
        if let Some(page) = admin::Page::of(request) {
            let (shown, number) = self.turn_with(|world| page.answer(world));
            return Answer { response: shown.response(), number, call: None, way: Way::default() };
        }
        let call = match gateway::read(request, self.clock.wall()) {
            Ok(call) => call,
            Err(refusal) => {
                let request_id = self.world().rng.uuid();
                let response = refusal.protocol.fault(&refusal.fault, &request_id);
                return Answer { response, number: 0, call: None, way: Way::default() };
            }
        };
        let ((outcome, request_id, way), number) = self.turn_with(|world| {
            let request_id = world.rng.uuid();
            (services::call(world, &call), request_id, way(world))
        });
        let response = gateway::write(&call, &outcome, &request_id);
        Answer { response, number, call: Some((call.protocol, request_id)), way }
    }

    /// A thread that writes for this cloud's answers.
    ///
    /// # Errors
    /// The system has no more threads.
    pub(super) fn writer(&self) -> std::io::Result<Writer> {
        Writer::start(Arc::clone(&self.committer))
    }

    /// Does what is due, says when something is due next, and up to which number to wait for the disk.
    pub(super) fn begin_turn(&self) -> (Option<Time>, u64) {
        self.turn_with(|world| world.tasks.next_due())
    }

    /// Does what is due, as a server does in its idle moments, and says when something is due next.
    ///
    /// # Errors
    /// The store could not be written; what changed is written with the next success.
    pub fn turn(&self) -> Result<Option<Time>, StoreError> {
        let (next, number) = self.begin_turn();
        self.committer.wait(number)?;
        Ok(next)
    }

    /// Moves a clock that stands still by `duration`, stopping at each task on the way. Returns how
    /// many tasks' moments it stopped at.
    ///
    /// # Errors
    /// As of [`Cloud::turn`].
    pub fn advance(&self, duration: Duration) -> Result<usize, StoreError> {
        let end = self.clock.now().after(duration);
        let mut stops = 0;
        while let Some(due) = self.next_due().filter(|due| *due <= end) {
            self.clock.set(due);
            stops += 1;
            self.turn()?;
            if self.clock.now() < due {
                // A clock that can't be set: only time itself helps.
                return Ok(stops);
            }
        }
        self.clock.set(end);
        self.turn()?;
        Ok(stops)
    }

    /// When the next task is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.world().tasks.next_due()
    }

    /// The present, as this cloud sees it.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Who and where it is: the stored settings.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.world().settings.clone()
    }

    /// Changes how it behaves, from now on.
    pub fn set_profile(&self, profile: Profile) {
        self.world().profile = profile;
    }

    /// Everything that exists, as `GET /_evstack/inventory` has it.
    #[must_use]
    pub fn inventory(&self) -> serde_json::Value {
        self.turn_with(|world| admin::Inventory::of(world)).0.shown()
    }

    /// Tells other processes that this one serves the cloud at `url`.
    ///
    /// # Errors
    /// The data folder can't be written.
    pub fn announce(&self, url: &str) -> std::io::Result<()> {
        self.folder.as_ref().map_or(Ok(()), |folder| folder.announce(url))
    }

    /// Takes the announcement back.
    pub fn withdraw(&self) {
        if let Some(folder) = &self.folder {
            folder::withdraw(folder);
        }
    }

    /// What is due, then `act`, then what thereby became due: one transaction.
    fn turn_with<T>(&self, act: impl FnOnce(&mut World) -> T) -> (T, u64) {
        let mut world = self.world();
        world.now = world.now.max(self.clock.now());
        world.run_due();
        let result = act(&mut world);
        world.run_due();
        let number = self.committer.hand_over(world.changes());
        (result, number)
    }

    /// A panic in one request must not take the others down.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer, and what must be written before it may leave: it may tell of that.
pub(super) struct Answer {
    response: Response<Bytes>,
    /// Of the committer.
    pub(super) number: u64,
    /// The call's protocol and request id; none for a page of this cloud's own.
    call: Option<(Protocol, String)>,
    pub(super) way: Way,
}

/// What happens to an answer on its way to the client.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Way {
    /// It never arrives.
    pub(super) lost: bool,
    /// How long it takes.
    pub(super) delay: Duration,
}

impl Way {
    /// As the profile has it.
    fn of(world: &mut World) -> Self {
        let lost = world.profile.lost_answers.happens(&mut world.rng);
        let delay = world.profile.answer_delay.draw(&mut world.rng);
        if lost {
            world.counts.add(Misbehaviour::LostAnswer);
        } else if !delay.is_zero() {
            world.counts.add(Misbehaviour::SlowAnswer);
        }
        Self { lost, delay }
    }
}

impl Answer {
    /// The answer, or the disk's trouble in its place.
    pub(super) fn once(self, written: Result<(), StoreError>) -> Response<Bytes> {
        let Err(error) = written else { return self.response };
        let Some((protocol, request_id)) = self.call else { return admin::failed(&error) };
        let message = format!("the data can't be written: {error}");
        protocol.fault(&Fault::server("InternalFailure", message), &request_id)
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cloud").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::clock::ManualClock;
    use crate::local::store::Flaky;

    fn request(operation: &str, body: &'static str) -> Request<Bytes> {
        let credential = "AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/cloudcontrolapi/aws4_request";
        let request = Request::post("/")
            .header("x-amz-target", format!("CloudApiService.{operation}"))
            .header("authorization", credential);
        request.body(Bytes::from(body)).expect("a request")
    }

    /// A task that panics ends its request, frees its resource and leaves the others alone.
    #[test]
    fn a_panic_in_a_task_ends_its_request_alone() {
        let profile = Profile { latency: Duration::from_secs(1).into(), ..Profile::default() };
        let clock = Arc::new(ManualClock::new(Time(1_795_000_000_000)));
        let cloud = Cloud::open(None, Options { profile, clock: clock.clone(), ..Options::default() });
        let cloud = cloud.expect("opens");
        let begin = |operation: &str, body: &'static str| {
            let answer = cloud.handle(&request(operation, body));
            let answer: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
            assert_eq!(answer["ProgressEvent"]["OperationStatus"], "IN_PROGRESS", "{answer}");
            answer["ProgressEvent"]["RequestToken"].as_str().expect("a token").to_owned()
        };
        let pass = || cloud.advance(Duration::from_secs(2)).expect("time passes");
        let create = r#"{"TypeName": "AWS::Logs::LogGroup", "DesiredState": "{\"LogGroupName\":\"g\"}"}"#;
        let delete = r#"{"TypeName": "AWS::Logs::LogGroup", "Identifier": "g"}"#;
        begin("CreateResource", create);
        pass();
        let broken = begin("DeleteResource", delete);
        begin("CreateResource", r#"{"TypeName": "AWS::SNS::Topic", "DesiredState": "{}"}"#);
        clock.set(Time(1_795_000_000_000).after(Duration::from_secs(10)));
        {
            let mut world = cloud.world();
            world.now = clock.now();
            world.run_due_by(|world, work| {
                assert_ne!(work.token(), broken, "a mistake");
                services::run(world, work);
            });
        }
        let answer = cloud.handle(&request("ListResourceRequests", "{}"));
        let answer: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
        let events = answer["ResourceRequestStatusSummaries"].as_array().expect("events").iter();
        let mut ends: Vec<_> = events
            .map(|e| {
                ["Operation", "OperationStatus", "ErrorCode"].map(|name| e[name].as_str().unwrap_or_default())
            })
            .collect();
        ends.sort_unstable();
        let succeeded = ["CREATE", "SUCCESS", ""];
        assert_eq!(ends, [succeeded, succeeded, ["DELETE", "FAILED", "InternalFailure"]]);
        begin("DeleteResource", delete);
        pass();
        assert_eq!(cloud.handle(&request("GetResource", delete)).status(), 400);
    }

    /// A full disk is told, and nothing is lost of what was done meanwhile.
    #[test]
    fn a_full_disk_is_told_and_overcome() {
        let Options { settings, profile, clock } = Options::default();
        let world = World::load(Vec::new(), settings, profile, clock.now()).expect("loads");
        let (store, seen) = Flaky::new(2);
        let committer = Arc::new(Committer::new(Box::new(store)));
        let cloud = Cloud { world: Mutex::new(world), committer, clock, folder: None };
        let call = |operation: &str, body: &'static str| {
            let answer = cloud.handle(&request(operation, body));
            (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
        };
        let create = r#"{"TypeName": "AWS::Logs::LogGroup", "DesiredState": "{\"LogGroupName\":\"g\"}"}"#;
        let read = r#"{"TypeName": "AWS::Logs::LogGroup", "Identifier": "g"}"#;
        let (status, answer) = call("CreateResource", create);
        assert_eq!(status, 500, "{answer}");
        assert!(answer.contains("InternalFailure") && answer.contains("disk full"), "{answer}");
        // A read may not tell of what could still be lost.
        assert_eq!(call("GetResource", read).0, 500);
        assert!(seen.lock().expect("no panic").is_empty());
        let (status, answer) = call("GetResource", read);
        assert_eq!(status, 200, "{answer}");
        assert!(seen.lock().expect("no panic").iter().any(|key| key.ends_with("AWS::Logs::LogGroup/g")));
    }
}
