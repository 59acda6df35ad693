//! A stack's life, from nothing to nothing, in which runs are killed.

use super::common::{Run, Sandbox, Served, copy, until};
use super::gate::{Gate, Moment, Trap};
use super::stacks::Shop;
use super::traces::{Files, Phase};
use super::{Random, StateIn, s3};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Which kills hit what.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: usize,
    /// How many of them with the state in a bucket.
    pub in_bucket: usize,
    pub lives: usize,
    /// Runs that ended before they were hit.
    pub missed: usize,
    pub phases: BTreeMap<Phase, usize>,
}

/// Where the cloud is.
enum Cloud {
    /// In a process of its own: only the run dies.
    Apart { served: Served, gate: Gate },
    /// In the run's own process: both die.
    Within,
}

/// How the moment of death is chosen.
#[derive(Debug, Clone)]
enum Way {
    Call(Trap),
    After(Duration),
    /// Once the journal has grown so often.
    Entries(usize),
    /// While the snapshot is written, or a little later.
    Snapshot(Duration),
    /// At the byte at which a file is longer than so many blocks of 512 bytes: the operating system
    /// cuts the write in two there, and ends the process.
    Torn(u64),
    /// At the write to the bucket of that number: lost on its way, or done and unanswered.
    Write(usize, s3::Fate),
}

const CHANGES: &[&str] = &["CreateResource", "UpdateResource", "DeleteResource"];
const LOOKS: &[&str] = &["GetResourceRequestStatus", "GetResource", "ListResourceRequests", "ListResources"];

pub struct Life<'a> {
    sandbox: Sandbox,
    cloud: Cloud,
    files: Files,
    bucket: Option<s3::Served>,
    stack: &'static str,
    env: &'static str,
    shop: Shop,
    config: Vec<String>,
    random: Random,
    /// How long a run that isn't killed takes.
    usual: Duration,
    tally: &'a mut Tally,
    log: Vec<String>,
}

impl<'a> Life<'a> {
    pub fn new(seed: u64, apart: bool, state: StateIn, tally: &'a mut Tally) -> Self {
        let mut random = Random(seed);
        let sandbox = Sandbox::new();
        let reviews = random.below(4) == 0;
        let stack = if reviews { "stacks/reviews.yaml" } else { "evstack.yaml" };
        if reviews {
            copy(Path::new("stacks"), &sandbox.path("stacks"));
        }
        let cloud = if apart {
            let served = sandbox.serve(&["--data", "cloud", "--latency", "20"]);
            served.turn(&serde_json::json!({"latency": [20, 200], "retry_after": [5, 50]}));
            let gate = Gate::before(&served.url);
            Cloud::Apart { served, gate }
        } else {
            Cloud::Within
        };
        let (env, endpoint) = match &cloud {
            Cloud::Apart { gate, .. } => ("far", format!("endpoint: \"http://127.0.0.1:{}\", ", gate.port)),
            Cloud::Within => ("local", String::new()),
        };
        let bucket = (state == StateIn::Bucket).then(s3::Served::own);
        let place = bucket.as_ref().map(|s3| format!("state: \"{}\"", s3.location())).unwrap_or_default();
        let overlay = format!("cloud: {{{endpoint}{place}}}\n");
        sandbox.write(&stack.replace(".yaml", &format!(".{env}.yaml")), &overlay);
        let name = if reviews { "reviews" } else { "shop" };
        let stem = format!("{name}.{env}");
        let files = match bucket.as_ref().and_then(|served| Some((served, served.own.clone()?))) {
            Some((served, s3)) => Files::Bucket { s3, stem: format!("{}/{stem}", served.prefix) },
            None => Files::folder(&sandbox.path(".evstack/state"), &stem),
        };
        let mut shop = Shop::default();
        if !reviews {
            shop.grow(6 + random.below(12), &mut random);
        }
        let usual = Duration::from_millis(1_500);
        let (config, log) = (Vec::new(), Vec::new());
        Self { sandbox, cloud, files, bucket, stack, env, shop, config, random, usual, tally, log }
    }

    /// Several versions, each reached through deaths; then nothing is left.
    pub fn live(&mut self, kills: usize) {
        for version in 0..3 {
            if version > 0 {
                self.change();
            }
            self.write();
            self.reach("apply");
            self.judge(version);
            if self.tally.kills >= kills {
                break;
            }
        }
        self.reach("destroy");
        assert_eq!(self.there(), BTreeSet::new(), "{}", self.told("something is left"));
        assert_eq!(self.recorded(), BTreeSet::new(), "{}", self.told("something is recorded"));
        self.tally.lives += 1;
    }

    fn change(&mut self) {
        if self.shop.len() == 0 {
            self.config = vec![format!("confidence=0.{}", 5 + self.random.below(4))];
        } else {
            let mut random = Random(self.random.below(usize::MAX) as u64);
            self.shop.change(&mut random);
        }
    }

    fn write(&mut self) {
        if self.shop.len() > 0 {
            self.sandbox.write(self.stack, &self.shop.text());
        }
    }

    fn arguments(&self, verb: &'static str) -> Vec<String> {
        let mut all: Vec<String> = [verb, self.stack, "--env", self.env].map(str::to_owned).to_vec();
        match verb {
            "apply" | "destroy" => all.extend(["--yes", "--allow-data-loss"].map(str::to_owned)),
            "plan" => all.extend(["--detailed-exitcode", "--allow-data-loss"].map(str::to_owned)),
            _ => {}
        }
        for config in self.config.iter().filter(|_| verb != "state") {
            all.extend(["--config".to_owned(), config.clone()]);
        }
        all
    }

    /// Runs that are killed, and at last one that isn't.
    fn reach(&mut self, verb: &'static str) {
        for _ in 0..self.random.below(5) {
            if self.shop.len() > 0 && self.random.below(5) == 0 {
                // A secret that changes while a run is dead.
                self.config = vec![format!("word=word-{}", self.random.below(1_000))];
            }
            let way = self.way();
            self.kill(verb, way);
        }
        self.open(None);
        let started = Instant::now();
        let arguments = self.arguments(verb);
        let run = self.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        self.usual = (self.usual + started.elapsed()) / 2;
        let (done, code) = (done(&run.stdout), run.code);
        self.log.push(format!("{verb}: exit code {code}\n{done}{}", run.stderr));
        assert_eq!(run.code, 0, "{}", self.told("the last run didn't end well"));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        if let Some(bucket) = &self.bucket {
            command.envs(bucket.environment()).env("EVSTACK_STATE_LEASE", "1");
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().expect("the program starts"))
    }

    fn way(&mut self) -> Way {
        // Recovery comes first, and is short.
        let recovers = self.random.below(2) == 0 && self.files.trace().is_unfinished();
        let steps = if recovers { 3 } else { self.shop.len().max(20) };
        let call = matches!(self.cloud, Cloud::Apart { .. }) && self.random.below(2) == 0;
        if call {
            let calls = if self.random.below(3) == 0 { LOOKS } else { CHANGES };
            let number = self.random.below(steps);
            let moment = [Moment::Before, Moment::Between, Moment::After][self.random.below(3)];
            return Way::Call(Trap { calls, number, moment });
        }
        let milliseconds = |most: u128, random: &mut Random| {
            Duration::from_millis(random.below(usize::try_from(most).unwrap_or(1_000)) as u64)
        };
        if self.bucket.is_some() && self.random.below(2) == 0 {
            let fate = if self.random.below(2) == 0 { s3::Fate::Lost } else { s3::Fate::Unheard };
            return Way::Write(self.random.below(3 * steps), fate);
        }
        match self.random.below(if self.bucket.is_some() { 3 } else { 5 }) {
            0 => Way::After(milliseconds(self.usual.as_millis(), &mut self.random)),
            1 | 2 => Way::Entries(1 + self.random.below(2 * steps)),
            3 if !recovers => Way::Snapshot(Duration::from_micros(self.random.below(3_000) as u64)),
            _ => {
                let here = self.files.journal_length() / 512;
                let most = if matches!(self.cloud, Cloud::Within) && !recovers { 800 } else { 3 * steps };
                Way::Torn(here + 1 + self.random.below(most) as u64)
            }
        }
    }

    fn open(&self, trap: Option<Trap>) {
        if let Cloud::Apart { gate, .. } = &self.cloud {
            gate.open(trap);
        }
    }

    /// A run that dies, unless it ends before.
    fn kill(&mut self, verb: &'static str, way: Way) {
        let before = self.files.trace();
        self.open(match &way {
            Way::Call(trap) => Some(*trap),
            _ => None,
        });
        let arguments = self.arguments(verb);
        let program = self.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let mut command = match &way {
            Way::Torn(blocks) => limited(&program, *blocks),
            _ => program,
        };
        let written = Arc::new(AtomicBool::new(false));
        if let (Way::Write(number, fate), Files::Bucket { s3, .. }) = (&way, &self.files) {
            let (mut left, mut fate, written) = (*number, fate.clone(), Arc::clone(&written));
            s3.decide(move |asked| {
                if asked.method == "GET" || left > 0 {
                    left -= usize::from(asked.method != "GET");
                    return s3::Fate::Answered;
                }
                written.store(true, Ordering::SeqCst);
                // Until it is dead nothing else arrives.
                std::mem::replace(&mut fate, s3::Fate::Lost)
            });
        }
        let output = File::create(self.sandbox.path("run.out")).expect("a file");
        let mut child = command
            .stdout(output.try_clone().expect("a file"))
            .stderr(output)
            .stdin(Stdio::null())
            .spawn()
            .expect("the program starts");
        let killed = self.wait(&mut child, &way, &written);
        self.open(None);
        if let Files::Bucket { s3, .. } = &self.files {
            s3.calm();
        }
        let said = done(&self.sandbox.read("run.out"));
        assert!(!said.contains("panicked"), "{said}{}", self.told("a panic"));
        if killed {
            let gate = match &self.cloud {
                Cloud::Apart { gate, .. } => Some(gate),
                Cloud::Within => None,
            };
            let phases = self.files.trace().phases(&before, gate);
            self.log.push(format!("{verb} killed, {way:?}: {phases:?}\n{said}"));
            self.tally.kills += 1;
            self.tally.in_bucket += usize::from(self.bucket.is_some());
            for phase in phases {
                *self.tally.phases.entry(phase).or_default() += 1;
            }
        } else {
            self.log.push(format!("{verb} not killed, {way:?}:\n{said}"));
            self.tally.missed += 1;
        }
    }

    fn wait(&self, child: &mut Child, way: &Way, written: &AtomicBool) -> bool {
        let start = Instant::now();
        let (mut growths, mut length) = (0, self.files.journal_length());
        let beside = self.files.beside();
        let touched = || std::fs::metadata(beside.as_ref()?).and_then(|file| file.modified()).ok();
        let had = touched();
        loop {
            let hit = match (way, &self.cloud) {
                (Way::Call(_), Cloud::Apart { gate, .. }) => gate.shut_within(Duration::from_millis(2)),
                (Way::After(time), _) => start.elapsed() >= *time,
                (Way::Entries(count), _) => {
                    let now = self.files.journal_length();
                    growths += usize::from(now > length);
                    length = now;
                    growths >= *count
                }
                (Way::Snapshot(later), _) => {
                    let now = touched();
                    let begun = now.is_some() && now != had;
                    if begun {
                        std::thread::sleep(*later);
                    }
                    begun
                }
                (Way::Write(..), _) => written.load(Ordering::SeqCst),
                _ => false,
            };
            if let Some(status) = child.try_wait().expect("it can be waited for") {
                // By the operating system, at the limit of a file's length.
                return std::os::unix::process::ExitStatusExt::signal(&status).is_some();
            }
            if hit {
                child.kill().expect("it runs");
                child.wait().expect("it ends");
                return true;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Live equals desired, and what is there is what is recorded.
    fn judge(&mut self, version: usize) {
        let (there, recorded) = (self.there(), self.recorded());
        let orphans: Vec<_> = there.difference(&recorded).collect();
        let phantoms: Vec<_> = recorded.difference(&there).collect();
        assert!(orphans.is_empty(), "{}", self.told(&format!("not recorded: {orphans:?}")));
        assert!(phantoms.is_empty(), "{}", self.told(&format!("not there: {phantoms:?}")));
        if self.shop.len() > 0 {
            assert!(there.len() >= self.shop.len(), "{}", self.told("something is missing"));
        }
        let arguments = self.arguments("plan");
        let plan = self.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let said = format!("version {version}:\n{}{}", plan.stdout, plan.stderr);
        assert_eq!(plan.code, 0, "{}", self.told(&said));
    }

    fn inventory(&self) -> Json {
        match &self.cloud {
            Cloud::Apart { served, .. } => served.page("/_evstack/inventory"),
            Cloud::Within => self.sandbox.ok(&["local", "inventory", "--json"]).json(),
        }
    }

    fn there(&self) -> BTreeSet<(String, String)> {
        if matches!(self.cloud, Cloud::Apart { .. }) {
            until("nothing is under way", || {
                self.inventory()["pending"].as_array().is_some_and(Vec::is_empty)
            });
        }
        pairs(&self.inventory()["resources"])
    }

    fn recorded(&self) -> BTreeSet<(String, String)> {
        let list = self.run(&["state", "list", "--json", "--stack", self.stack, "--env", self.env]);
        assert_eq!(list.code, 0, "{}", list.stderr);
        pairs(&list.json())
    }

    /// What happened so far.
    fn told(&self, what: &str) -> String {
        let file = if self.shop.len() > 0 { self.sandbox.read(self.stack) } else { String::new() };
        let journal = self.files.journal();
        format!("{what}\n\n{}\n\n{file}\n{journal}\n{:?}", self.log.join("\n--\n"), self.there())
    }
}

/// What a run said after its plan.
fn done(said: &str) -> String {
    said.find("\nPlan: ").map_or(said, |at| &said[at..]).to_owned()
}

/// Types and identifiers; each is there once.
fn pairs(list: &Json) -> BTreeSet<(String, String)> {
    let text = |json: &Json| json.as_str().expect("text").to_owned();
    let list = list.as_array().expect("a list");
    let pairs: BTreeSet<_> = list.iter().map(|one| (text(&one["type"]), text(&one["identifier"]))).collect();
    assert_eq!(pairs.len(), list.len(), "something is there twice: {list:?}");
    pairs
}

/// The same program, whose files may not be longer.
fn limited(program: &Command, blocks: u64) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c 0; ulimit -f \"$0\"; exec \"$@\"", &blocks.to_string()]);
    command.arg(program.get_program()).args(program.get_args()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(program.get_current_dir().expect("a folder"));
    command
}
