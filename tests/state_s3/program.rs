//! The program with its state in S3, its cloud in a process of its own.

use crate::common::{Run, Sandbox, Served as Cloud, read_until, signal, until};
use crate::s3::{Proxy, Served, environment};
use std::process::{Child, Command, Stdio};

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

/// A cloud whose changes take a while.
fn slow(sandbox: &Sandbox, milliseconds: u32) -> Cloud {
    let cloud = sandbox.serve(&["--data", "cloud", "--latency", "20"]);
    cloud.turn(&serde_json::json!({"latency": [milliseconds, milliseconds], "retry_after": [20, 20]}));
    cloud
}

#[test]
fn a_stack_lives_with_its_state_in_s3_and_moves_to_a_folder_and_back() {
    let served = Served::start();
    let home = Sandbox::new();
    let cloud = home.serve(&["--data", "cloud", "--latency", "0"]);
    let machine = Machine::new(&served.location(), &served.url, &cloud);
    let reviews = "stacks/reviews.yaml";
    machine.ok(&["apply", reviews, "--yes"]);
    machine.judge(&cloud, reviews);
    assert!(!machine.sandbox.path(".evstack/state").exists(), "nothing of it lies here");
    machine.ok(&["drift", reviews]);
    machine.ok(&["output", "--stack", reviews]);
    // Another machine sees the same.
    let other = Machine::new(&served.location(), &served.url, &cloud);
    other.judge(&cloud, reviews);
    let pulled = other.ok(&["state", "pull", "--stack", reviews]).stdout;
    // The record alone: a resource gets another name, and back.
    let moved = machine.ok(&["state", "mv", "queue.reviews", "queue.other", "--stack", reviews]);
    assert!(moved.stdout.contains("kept in s3://states/"), "{}", moved.stdout);
    machine.ok(&["state", "mv", "queue.other", "queue.reviews", "--stack", reviews]);
    machine.judge(&cloud, reviews);
    // Into a folder, by a file that names one.
    let pulled_now = machine.ok(&["state", "pull", "--stack", reviews]).stdout;
    assert_ne!(pulled, pulled_now);
    machine.sandbox.write("state.json", &pulled_now);
    machine.sandbox.edit("stacks/reviews.far.yaml", &served.location(), "here");
    machine.ok(&["state", "push", "state.json", "--stack", reviews]);
    machine.judge(&cloud, reviews);
    assert!(machine.sandbox.path("stacks/here/reviews.far.json").exists());
    // And back, where an older one lies.
    let newer = machine.ok(&["state", "pull", "--stack", reviews]).stdout;
    machine.sandbox.write("state.json", &newer);
    machine.sandbox.edit("stacks/reviews.far.yaml", "here", &served.location());
    machine.ok(&["state", "push", "state.json", "--stack", reviews]);
    machine.judge(&cloud, reviews);
    machine.ok(&["destroy", reviews, "--yes", "--allow-data-loss"]);
    assert_eq!(cloud.inventory(), []);
}

#[test]
fn a_run_that_is_killed_is_picked_up_by_another_machine() {
    let served = Served::start();
    let home = Sandbox::new();
    let cloud = slow(&home, 150);
    let machine = Machine::new(&served.location(), &served.url, &cloud);
    let mut run = machine.start(&["apply", SHOP, "--yes"]);
    let lines = read_until(&mut run, "resource.q0");
    signal(&run, "KILL");
    run.wait().expect("it ends");
    drop(lines);
    let other = Machine::new(&served.location(), &served.url, &cloud);
    let next = other.ok(&["apply", SHOP, "--yes"]);
    assert!(next.stderr.contains("evstack apply evstack.yaml --yes"), "{}", next.stderr);
    other.judge(&cloud, SHOP);
    assert_eq!(cloud.inventory().len(), 9);
}

#[test]
fn a_run_that_was_stopped_and_comes_back_ends_and_changes_nothing() {
    let served = Served::start();
    let home = Sandbox::new();
    let cloud = slow(&home, 150);
    let machine = Machine::new(&served.location(), &served.url, &cloud);
    let mut run = machine.start(&["apply", SHOP, "--yes"]);
    let lines = read_until(&mut run, "resource.q0");
    signal(&run, "STOP");
    let other = Machine::new(&served.location(), &served.url, &cloud);
    other.ok(&["apply", SHOP, "--yes"]);
    let before = cloud.inventory();
    signal(&run, "CONT");
    drop(lines);
    let ended = Run::of(run.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("error[E0608]"), "{}", ended.stderr);
    assert_eq!(cloud.inventory(), before);
    other.judge(&cloud, SHOP);
}

#[test]
fn a_network_that_is_cut_in_the_middle_ends_the_run_and_the_next_one_finishes() {
    let served = Served::start();
    let home = Sandbox::new();
    let cloud = slow(&home, 150);
    let proxy = Proxy::before(&served.url);
    let mut machine = Machine::new(&served.location(), &proxy.url, &cloud);
    machine.environment.push(("EVSTACK_STATE_PATIENCE".to_owned(), "0.8".to_owned()));
    let mut run = machine.start(&["apply", SHOP, "--yes"]);
    let lines = read_until(&mut run, "resource.q0");
    proxy.cut();
    drop(lines);
    let ended = Run::of(run.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("error[E0702]: the state in s3://states/"), "{}", ended.stderr);
    // Nobody gave the lock back; it is taken over.
    proxy.heal();
    machine.ok(&["apply", SHOP, "--yes"]);
    machine.judge(&cloud, SHOP);
    assert_eq!(cloud.inventory().len(), 9);
}

#[test]
fn a_short_silence_of_the_network_is_waited_for() {
    let served = Served::start();
    let home = Sandbox::new();
    let cloud = slow(&home, 100);
    let proxy = Proxy::before(&served.url);
    let machine = Machine::new(&served.location(), &proxy.url, &cloud);
    let mut run = machine.start(&["apply", SHOP, "--yes"]);
    let mut lines = read_until(&mut run, "resource.q0");
    proxy.cut();
    std::thread::sleep(std::time::Duration::from_millis(300));
    proxy.heal();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut lines, &mut rest).expect("it prints");
    assert!(run.wait().expect("it ends").success(), "{rest}");
    machine.judge(&cloud, SHOP);
}

#[test]
fn while_one_run_works_another_is_told_who_it_is_and_lookers_are_not_stopped() {
    let served = Served::start();
    let home = Sandbox::new();
    let cloud = slow(&home, 1_000);
    let machine = Machine::new(&served.location(), &served.url, &cloud);
    let mut run = machine.start(&["apply", SHOP, "--yes"]);
    until("it began", || machine.run(&["state", "list", "--stack", SHOP]).code == 0);
    let lines = read_until(&mut run, "resource.q0");
    let other = Machine::new(&served.location(), &served.url, &cloud);
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
    let served = Served::start();
    let home = Sandbox::new();
    let cloud = home.serve(&["--data", "cloud", "--latency", "0"]);
    let bad = Machine::new("s3://No_Bucket/x", &served.url, &cloud);
    let said = bad.refused(&["plan", SHOP], "E0211");
    assert!(said.contains("evstack.far.yaml:1:16") || said.contains("evstack.far.yaml:1"), "{said}");
    let other = Machine::new("gs://acme/x", &served.url, &cloud);
    assert!(other.refused(&["plan", SHOP], "E0212").contains("s3://bucket/prefix"));
    let missing = Machine::new("s3://not-there/x", &served.url, &cloud);
    assert!(missing.refused(&["plan", SHOP], "E0609").contains("aws s3 mb s3://not-there"));
    let mut slip = Machine::new(&served.location(), &served.url, &cloud);
    slip.environment.push(("EVSTACK_STATE_LEASE".to_owned(), "soon".to_owned()));
    assert!(slip.refused(&["plan", SHOP], "E0211").contains("EVSTACK_STATE_LEASE"));
}
