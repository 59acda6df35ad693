//! Ctrl-C and SIGTERM, wherever a command stands: it ends with 130, says what is where, gives its locks
//! back, and the next run goes on.
#![cfg(unix)]

mod common;

use common::{Run, Sandbox, Served, signal, until};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr};
use std::time::{Duration, Instant};

const SIGNALS: [&str; 2] = ["INT", "TERM"];
const SHOP: &str =
    "name: shop\nresources: {orders: {type: AWS::SQS::Queue}, news: {type: AWS::SNS::Topic}}\n";
const JOURNAL: &str = ".evstack/state/shop.local.journal";

fn shop(latency: &str) -> (Sandbox, Served) {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    let served = sandbox.serve(&["--latency", latency]);
    (sandbox, served)
}

/// A run that waits for both of its creates.
fn waiting(sandbox: &Sandbox) -> (Child, BufReader<ChildStderr>) {
    let mut child = sandbox.start(&["apply", "--yes"]);
    until("both are asked for", || {
        let journal = fs::read_to_string(sandbox.path(JOURNAL)).unwrap_or_default();
        journal.matches(r#""entry":"requested""#).count() == 2
    });
    let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    (child, stderr)
}

/// Reads until it says that.
fn says(stderr: &mut BufReader<ChildStderr>, wanted: &str) {
    let mut line = String::new();
    while !line.contains(wanted) {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("it prints") > 0, "it ended without {wanted:?}");
    }
}

/// How it ended, within the time that a person has patience for.
fn ended(child: Child, mut stderr: BufReader<ChildStderr>) -> Run {
    let start = Instant::now();
    let mut said = String::new();
    stderr.read_to_string(&mut said).expect("it prints");
    let run = Run::of(child.wait_with_output().expect("it ends"));
    assert!(start.elapsed() < Duration::from_secs(8), "it took {:?}", start.elapsed());
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(run.code, 130, "{said}");
    Run { stderr: said, ..run }
}

#[test]
fn twice_it_cancels_what_runs_and_says_what_became_of_it() {
    for name in SIGNALS {
        let (sandbox, served) = shop("60000");
        let (child, mut stderr) = waiting(&sandbox);
        signal(&child, name);
        says(&mut stderr, "Press Ctrl-C again to cancel it.");
        signal(&child, name);
        let run = ended(child, stderr);
        let waits = "Waiting for resource.news, resource.orders\n";
        assert!(run.stdout.contains(waits), "{}", run.stdout);
        for part in [
            "`resource.orders` (AWS::SQS::Queue) wasn't created: it was cancelled",
            "`resource.news` (AWS::SNS::Topic) wasn't created: it was cancelled",
            "The apply is interrupted: 0 added, 0 changed, 0 destroyed, 0 failed, 2 cancelled, 0 not started.",
        ] {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
        assert_eq!((served.inventory().len(), sandbox.recorded("evstack.yaml").len()), (0, 0));
        served.turn(&json!({"latency": 0}));
        assert!(sandbox.ok(&["apply", "--yes"]).stdout.contains("2 added"));
        assert_eq!(served.inventory().len(), 2);
    }
}

#[test]
fn three_times_it_leaves_what_does_not_answer_to_the_next_run() {
    let (sandbox, served) = shop("60000");
    let (child, mut stderr) = waiting(&sandbox);
    let server = |name: &str| {
        let command = format!("kill -{name} {}", served.pid());
        assert!(std::process::Command::new("sh").args(["-c", &command]).status().expect("a shell").success());
    };
    server("STOP");
    for said in
        ["Press Ctrl-C again to cancel it.", "Cancelling what runs.", "Leaving what runs to the next run."]
    {
        signal(&child, "INT");
        says(&mut stderr, said);
    }
    let run = ended(child, stderr);
    server("CONT");
    assert!(run.stderr.contains("wasn't waited for any more"), "{}", run.stderr);
    assert!(run.stderr.contains("0 failed, 2 still running, 0 not started."), "{}", run.stderr);
    // Whether the cloud heard that they were to be cancelled is for the next run to find out.
    served.turn(&json!({"latency": 0}));
    until("nothing is under way, or it is cancelled", || {
        let page = served.page("/_evstack/inventory");
        let pending = page["pending"].as_array().expect("a list");
        for request in pending {
            let _ = served.call("CancelResourceRequest", &json!({"RequestToken": request["request"]}));
        }
        pending.is_empty()
    });
    let done = sandbox.ok(&["apply", "--yes"]).stdout;
    assert!(done.contains("Recovered: 2 operations of an earlier run"), "{done}");
    assert_eq!((served.inventory().len(), sandbox.recorded("evstack.yaml").len()), (2, 2));
}

#[test]
fn recovery_can_be_interrupted_and_goes_on_in_the_next_run() {
    for name in SIGNALS {
        let (sandbox, served) = shop("2500");
        let (mut child, _stderr) = waiting(&sandbox);
        signal(&child, "KILL");
        child.wait().expect("it ends");
        let mut child = sandbox.start(&["apply", "--yes"]);
        let mut lines = common::read_until(&mut child, "resource.");
        signal(&child, name);
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut rest = String::new();
        lines.read_to_string(&mut rest).expect("it prints");
        let run = ended(child, stderr);
        assert!(run.stderr.contains("found out what an earlier run left"), "{}", run.stderr);
        let done = sandbox.ok(&["apply", "--yes"]).stdout;
        assert!(done.contains("Recovered: 2 operations of an earlier run (2 done, 0 not done)."), "{done}");
        assert_eq!(served.inventory().len(), 2);
    }
}

fn reads(served: &Served) -> u64 {
    served.page("/_evstack/counts")["calls"]["cloudcontrolapi:GetResource"].as_u64().unwrap_or(0)
}

#[test]
fn of_several_stacks_the_one_that_is_being_planned_is_not_begun() {
    for name in SIGNALS {
        let sandbox = Sandbox::new();
        let served = sandbox.serve(&[]);
        for stack in ["a", "b"] {
            let text = format!("name: {stack}\nresources: {{q: {{type: AWS::SQS::Queue}}}}\n");
            sandbox.write(&format!("stacks/{stack}.yaml"), &text);
        }
        sandbox.ok(&["apply", "--yes"]);
        sandbox.edit("stacks/b.yaml", "Queue}", "Queue, properties: {DelaySeconds: 9}}");
        let before = reads(&served);
        served.turn(&json!({"answer_delay": 1500}));
        let mut child = sandbox.start(&["apply", "--yes"]);
        let mut lines = common::read_until(&mut child, "Apply complete!");
        // The second is read for its plan, and the answer is under way.
        until("both are planned", || reads(&served) >= before + 2);
        signal(&child, name);
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut rest = String::new();
        lines.read_to_string(&mut rest).expect("it prints");
        let run = ended(child, stderr);
        assert!(run.stderr.contains("Interrupted: nothing more was begun."), "{}", run.stderr);
        assert!(!rest.contains("Plan:"), "{rest}");
        served.turn(&json!({"answer_delay": 0}));
        assert!(sandbox.ok(&["apply", "--yes"]).stdout.contains("1 changed"));
    }
}

#[test]
fn who_waits_for_the_local_cloud_need_not_wait_any_longer() {
    for name in SIGNALS {
        let sandbox = Sandbox::new();
        sandbox.write("evstack.yaml", SHOP);
        let folder = sandbox.path(".evstack/local");
        let _held =
            evstack::local::Cloud::open(Some(&folder), evstack::local::Options::default()).expect("opens");
        let mut child = sandbox.start(&["plan"]);
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        says(&mut stderr, "The local cloud is in use by");
        signal(&child, name);
        ended(child, stderr);
    }
}

#[test]
fn a_question_can_be_answered_with_ctrl_c() {
    let (sandbox, served) = shop("0");
    let program = env!("CARGO_BIN_EXE_evstack");
    // A terminal of its own; what is typed there reaches the program as from a keyboard.
    let mut child = std::process::Command::new("script")
        .args(["-qec", &format!("{program} apply"), "/dev/null"])
        .current_dir(sandbox.path("."))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("script, of util-linux");
    let mut keyboard = child.stdin.take().expect("a pipe");
    let mut screen = child.stdout.take().expect("a pipe");
    let (mut seen, mut piece) = (String::new(), [0; 4096]);
    while !seen.contains("Enter a value:") {
        let count = screen.read(&mut piece).expect("it prints");
        assert!(count > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    std::io::Write::write_all(&mut keyboard, b"\x03").expect("it reads");
    let mut rest = String::new();
    screen.read_to_string(&mut rest).expect("it prints");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{seen}{rest}");
    assert!(rest.contains("Interrupted: nothing more was begun."), "{rest}");
    assert_eq!((served.inventory().len(), sandbox.recorded("evstack.yaml").len()), (0, 0));
}
