//! The program with its state in S3, its cloud in a process of its own.

use crate::common::{Run, Sandbox, Served as Cloud, read_until, signal, until};
use crate::engine::{LONG, take_of};
use crate::s3::{Line, Proxy, Served, environment};
use evstack::state::{Key, Store};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A machine: a home of its own, the stack's files, the same bucket, the same cloud.
struct Machine {
    sandbox: Sandbox,
    environment: Vec<(String, String)>,
}

const SHOP: &str = "evstack.yaml";

impl Machine {
    fn new(state: &str, url: &str, cloud: &Cloud) -> Self {
        let sandbox = Sandbox::with_stacks();
        let overlay = format!("cloud: {{state: \"{state}\", endpoint: \"{}\"}}\n", cloud.url);
        sandbox.write("stacks/reviews.far.yaml", &overlay);
        sandbox.write("evstack.far.yaml", &overlay);
        sandbox.write(SHOP, &crate::common::layers());
        let mut environment = environment(url);
        environment.push(("EVSTACK_STATE_LEASE".to_owned(), "1.5".to_owned()));
        Self { sandbox, environment }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(&[arguments, &["--env", "far"]].concat());
        command.envs(self.environment.iter().cloned());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().expect("the program starts"))
    }

    fn ok(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "evstack {}:\n{}{}", arguments.join(" "), run.stdout, run.stderr);
        run
    }

    fn refused(&self, arguments: &[&str], code: &str) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 1, "evstack {}:\n{}{}", arguments.join(" "), run.stdout, run.stderr);
        assert!(run.stderr.contains(&format!("error[{code}]: ")), "{}", run.stderr);
        run.stderr
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    /// What is recorded is what is there, and the plan is empty.
    fn judge(&self, cloud: &Cloud, stack: &str) {
        let plan = self.ok(&["plan", stack, "--detailed-exitcode"]);
        assert!(plan.stdout.contains("No changes") || plan.stderr.contains("No changes"), "{}", plan.stdout);
        let listed = self.ok(&["state", "list", "--stack", stack, "--json"]).json();
        let mut recorded: Vec<(String, String)> = listed
            .as_array()
            .expect("a list")
            .iter()
            .map(|r| {
                (
                    r["type"].as_str().unwrap_or("").to_owned(),
                    r["identifier"].as_str().unwrap_or("").to_owned(),
                )
            })
            .collect();
        recorded.sort();
        assert_eq!(recorded, cloud.inventory());
    }
}

/// A bucket and a cloud that machines share.
struct World {
    served: Served,
    cloud: Cloud,
    _home: Sandbox,
}

impl World {
    fn new(served: Served) -> Self {
        let home = Sandbox::new();
        let cloud = home.serve(&["--data", "cloud", "--latency", "0"]);
        Self { served, cloud, _home: home }
    }

    /// Its cloud's changes take a while.
    fn slow(milliseconds: u32) -> Self {
        let home = Sandbox::new();
        let cloud = home.serve(&["--data", "cloud", "--latency", "20"]);
        cloud.turn(&json!({"latency": [milliseconds, milliseconds], "retry_after": [20, 20]}));
        Self { served: Served::start(), cloud, _home: home }
    }

    fn machine(&self) -> Machine {
        self.machine_at(&self.served.location())
    }

    /// Its state is elsewhere.
    fn machine_at(&self, state: &str) -> Machine {
        Machine::new(state, &self.served.url, &self.cloud)
    }

    /// Whose requests for the state go this way.
    fn machine_behind(&self, proxy: &Proxy) -> Machine {
        Machine::new(&self.served.location(), &proxy.url, &self.cloud)
    }
}

/// An apply that is at work.
fn at_work(machine: &Machine) -> (Child, BufReader<ChildStdout>) {
    let mut run = machine.start(&["apply", SHOP, "--yes"]);
    let lines = read_until(&mut run, "resource.q0");
    (run, lines)
}

/// How it ends: with these words, as a failure.
fn failed(run: Child, words: &str) {
    let ended = Run::of(run.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn a_stack_lives_with_its_state_in_s3_and_moves_to_a_folder_and_back() {
    let world = World::new(Served::start());
    let (machine, cloud) = (world.machine(), &world.cloud);
    let reviews = "stacks/reviews.yaml";
    machine.ok(&["apply", reviews, "--yes"]);
    machine.judge(cloud, reviews);
    assert!(!machine.sandbox.path(".evstack/state").exists(), "nothing of it lies here");
    machine.ok(&["drift", reviews]);
    machine.ok(&["output", "--stack", reviews]);
    let first = machine.ok(&["plan", reviews]).stdout;
    let state = format!(", state in {}", world.served.location());
    assert!(first.lines().next().is_some_and(|line| line.ends_with(&state)), "{first}");
    assert_eq!(machine.ok(&["plan", reviews, "--json"]).json()["evstack"]["state"], world.served.location());
    // Another machine sees the same.
    let other = world.machine();
    other.judge(cloud, reviews);
    let pulled = other.ok(&["state", "pull", "--stack", reviews]).stdout;
    // The record alone: a resource gets another name, and back.
    let moved = machine.ok(&["state", "mv", "queue.reviews", "queue.other", "--stack", reviews]);
    assert!(moved.stdout.contains("kept in s3://states/"), "{}", moved.stdout);
    machine.ok(&["state", "mv", "queue.other", "queue.reviews", "--stack", reviews]);
    machine.judge(cloud, reviews);
    // Into a folder, by a file that names one.
    let pulled_now = machine.ok(&["state", "pull", "--stack", reviews]).stdout;
    assert_ne!(pulled, pulled_now);
    machine.sandbox.write("state.json", &pulled_now);
    machine.sandbox.edit("stacks/reviews.far.yaml", &world.served.location(), "here");
    machine.ok(&["state", "push", "state.json", "--stack", reviews]);
    machine.judge(cloud, reviews);
    assert!(machine.sandbox.path("stacks/here/reviews.far.json").exists());
    // And back, where an older one lies.
    let newer = machine.ok(&["state", "pull", "--stack", reviews]).stdout;
    machine.sandbox.write("state.json", &newer);
    machine.sandbox.edit("stacks/reviews.far.yaml", "here", &world.served.location());
    machine.ok(&["state", "push", "state.json", "--stack", reviews]);
    machine.judge(cloud, reviews);
    machine.ok(&["destroy", reviews, "--yes", "--allow-data-loss"]);
    assert_eq!(cloud.inventory(), []);
}

#[test]
fn a_run_that_is_killed_is_picked_up_by_another_machine() {
    let world = World::slow(150);
    let (machine, cloud) = (world.machine(), &world.cloud);
    let (mut run, lines) = at_work(&machine);
    signal(&run, "KILL");
    run.wait().expect("it ends");
    drop(lines);
    let other = world.machine();
    let next = other.ok(&["apply", SHOP, "--yes"]);
    assert!(next.stderr.contains("evstack apply evstack.yaml --yes"), "{}", next.stderr);
    other.judge(cloud, SHOP);
    assert_eq!(cloud.inventory().len(), 9);
}

#[test]
fn a_run_that_was_stopped_and_comes_back_ends_and_changes_nothing() {
    let world = World::slow(150);
    let (machine, cloud) = (world.machine(), &world.cloud);
    let (run, lines) = at_work(&machine);
    signal(&run, "STOP");
    let other = world.machine();
    other.ok(&["apply", SHOP, "--yes"]);
    let before = cloud.inventory();
    signal(&run, "CONT");
    drop(lines);
    failed(run, "error[E0608]");
    assert_eq!(cloud.inventory(), before);
    other.judge(cloud, SHOP);
}

#[test]
fn a_network_that_is_cut_in_the_middle_ends_the_run_and_the_next_one_finishes() {
    let world = World::slow(150);
    let proxy = Proxy::before(&world.served.url);
    let (mut machine, cloud) = (world.machine_behind(&proxy), &world.cloud);
    machine.environment.push(("EVSTACK_STATE_PATIENCE".to_owned(), "0.8".to_owned()));
    let (run, lines) = at_work(&machine);
    proxy.cut();
    drop(lines);
    failed(run, "error[E0702]: the state in s3://states/");
    // Nobody gave the lock back; it is taken over.
    proxy.heal();
    machine.ok(&["apply", SHOP, "--yes"]);
    machine.judge(cloud, SHOP);
    assert_eq!(cloud.inventory().len(), 9);
}

#[test]
fn a_short_silence_of_the_network_is_waited_for() {
    let world = World::slow(100);
    let proxy = Proxy::before(&world.served.url);
    let (machine, cloud) = (world.machine_behind(&proxy), &world.cloud);
    let (mut run, mut lines) = at_work(&machine);
    proxy.cut();
    std::thread::sleep(Duration::from_millis(300));
    proxy.heal();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("it prints");
    assert!(run.wait().expect("it ends").success(), "{rest}");
    machine.judge(cloud, SHOP);
}

#[test]
fn while_one_run_works_another_is_told_who_it_is_and_lookers_are_not_stopped() {
    let world = World::slow(1_000);
    let machine = world.machine();
    let mut run = machine.start(&["apply", SHOP, "--yes"]);
    until("it began", || machine.run(&["state", "list", "--stack", SHOP]).code == 0);
    let lines = read_until(&mut run, "resource.q0");
    let other = world.machine();
    let said = other.refused(&["apply", SHOP, "--yes"], "E0601");
    assert!(
        said.contains("evstack apply evstack.yaml --yes") && said.contains("lease last renewed"),
        "{said}"
    );
    other.run(&["plan", SHOP]);
    drop(lines);
    signal(&run, "KILL");
    run.wait().expect("it ends");
}

#[test]
fn what_is_wrong_with_a_bucket_is_said_at_its_place() {
    let world = World::new(Served::start());
    let bad = world.machine_at("s3://No_Bucket/x");
    let said = bad.refused(&["plan", SHOP], "E0211");
    assert!(said.contains("evstack.far.yaml:1:16") || said.contains("evstack.far.yaml:1"), "{said}");
    let other = world.machine_at("gs://acme/x");
    assert!(other.refused(&["plan", SHOP], "E0212").contains("s3://bucket/prefix"));
    let missing = world.machine_at("s3://not-there/x");
    assert!(missing.refused(&["plan", SHOP], "E0609").contains("aws s3 mb s3://not-there"));
    let mut slip = world.machine();
    slip.environment.push(("EVSTACK_STATE_LEASE".to_owned(), "soon".to_owned()));
    assert!(slip.refused(&["plan", SHOP], "E0211").contains("EVSTACK_STATE_LEASE"));
}

#[test]
fn who_waits_for_a_lock_whose_holder_is_silent_need_not_wait_any_longer() {
    let world = World::new(Served::own());
    let s3 = world.served.own.clone().expect("our own");
    // It is gone, and gave nothing back.
    let line = Line::default();
    let gone = take_of(&Store::bucket(s3.bucket("own", LONG, &line)), &Key::new("shop", "far"), "gone");
    line.cut();
    std::mem::forget(gone);
    let machine = world.machine();
    for (name, arguments) in [
        ("INT", &["apply", SHOP, "--yes"][..]),
        ("TERM", &["apply", SHOP, "--yes"]),
        ("INT", &["import", "resource.q00", "q", "--stack", SHOP]),
        ("INT", &["state", "rm", "resource.q00", "--stack", SHOP]),
    ] {
        let mut run = machine.start(arguments);
        let mut stderr = BufReader::new(run.stderr.take().expect("a pipe"));
        let mut said = String::new();
        while !said.contains("is held by `gone`") {
            assert!(stderr.read_line(&mut said).expect("it prints") > 0, "it ended: {said}");
        }
        signal(&run, name);
        let start = Instant::now();
        stderr.read_to_string(&mut said).expect("it prints");
        let code = run.wait().expect("it ends").code();
        assert!(start.elapsed() < LONG / 5, "it took {:?}", start.elapsed());
        assert_eq!(code, Some(130), "{name} {arguments:?}: {said}");
        assert!(said.contains("Interrupted"), "{said}");
    }
    assert_eq!(world.cloud.inventory(), []);
}

#[test]
fn the_policy_of_a_plan_has_what_its_state_in_a_bucket_needs() {
    let world = World::new(Served::start());
    let machine = world.machine();
    let policy = machine.ok(&["plan", SHOP, "--permissions"]).json();
    let of =
        |sid: &str| policy["Statement"].as_array().into_iter().flatten().find(|s| s["Sid"] == sid).cloned();
    let objects = format!("arn:aws:s3:::states/{}/*", world.served.prefix);
    let actions = json!(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]);
    let mut on = [of("S3").expect("of S3"), of("S32").expect("of S3")];
    on.sort_by_key(|statement| statement["Action"].as_array().map(Vec::len));
    assert_eq!(on[1]["Action"], actions, "{policy}");
    assert_eq!(on[1]["Resource"], json!([objects]), "{policy}");
    assert_eq!(on[0]["Action"], json!(["s3:ListBucket"]), "{policy}");
    assert_eq!(on[0]["Resource"], json!(["arn:aws:s3:::states"]), "{policy}");
}
