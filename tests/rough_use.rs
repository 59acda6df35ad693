//! Whatever lies where the program looks: it says what is wrong, changes nothing, never panics and
//! never waits for what doesn't come.

mod common;

use common::{Run, Sandbox};
use std::fs::{self, File};

const SHOP: &str = "name: shop\nqueues: {orders: {}}\n";

fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    sandbox
}

#[test]
fn what_is_no_stack_file() {
    let sandbox = shop();
    fs::create_dir_all(sandbox.path("folder.yaml")).expect("a folder");
    fs::write(sandbox.path("binary.yaml"), [0xff, 0xfe, 0x00, 0x80].repeat(1000)).expect("a file");
    fs::write(sandbox.path("zeros.yaml"), [0; 1000]).expect("a file");
    fs::write(sandbox.path("large.yaml"), "a".repeat(20 << 20)).expect("a file");
    sandbox.write("script.sh", "name: shop\n");
    sandbox.write("empty.yaml", "");
    sandbox.write("list.yaml", "[]");
    sandbox.write("nameless.yaml", "queues: {orders: {}}\n");
    for (path, code, words) in [
        ("none.yaml", "E0105", "no such file"),
        ("folder.yaml", "E0105", "it is a folder"),
        (".", "E0105", "`.`"),
        ("", "E0105", "it is a folder"),
        ("/", "E0105", "it is a folder"),
        ("binary.yaml", "E0105", "it is UTF-16"),
        ("zeros.yaml", "E0101", "zeros.yaml:1:1"),
        ("large.yaml", "E0104", "more than 4 MiB"),
        ("script.sh", "E0105", "isn't known from its name"),
        ("empty.yaml", "E0203", "name"),
        ("list.yaml", "E0202", "list.yaml:1:1"),
        ("nameless.yaml", "E0203", "name"),
        ("evstack.yaml/x.yaml", "E0105", "x.yaml"),
    ] {
        let said = sandbox.refused(&["check", path], code);
        assert!(said.contains(words), "{path}: {said}");
        assert!(said.len() < 2_000, "{path}: {} bytes", said.len());
        sandbox.refused(&["plan", path], code);
    }
    for path in ["/dev/zero", "/dev/null"] {
        for arguments in [&["check", path][..], &["apply", path, "--yes"], &["destroy", path, "--yes"]] {
            let said = sandbox.refused(arguments, "E0105");
            assert!(said.contains("not a regular file"), "{said}");
        }
    }
}

#[test]
fn what_was_likely_meant_is_named() {
    let sandbox = shop();
    sandbox.write("orders.yaml", "name: orders\n");
    sandbox.write("orders.prod.yaml", "cloud: {region: eu-west-1, accountId: \"123456789012\"}\n");
    sandbox.write("orders.asl.json", "{\"StartAt\": \"A\"}");
    sandbox.write("inner/mail.yaml", "name: mail\n");
    sandbox.write("inner/about.yaml", "text\n");
    fs::create_dir_all(sandbox.path("nothing")).expect("a folder");
    for (named, code, words) in [
        ("inner", "E0105", "name a stack file in it, as `inner/mail.yaml`"),
        ("nothing/", "E0105", "name a stack file"),
        ("orders", "E0105", "did you mean `orders.yaml`?"),
        ("inner/mial.yaml", "E0105", "did you mean `inner/mail.yaml`?"),
        ("orders.prod.yaml", "E0605", "`orders.yaml --env prod`"),
        ("orders.asl.json", "E0201", "`StartAt`"),
    ] {
        let said = sandbox.refused(&["check", named], code);
        assert!(said.contains(words), "{named}: {said}");
    }
}

#[test]
fn files_that_name_files() {
    let sandbox = shop();
    sandbox.write("a.yaml", "include: [b.yaml]\n");
    sandbox.write("b.yaml", "include: [a.yaml]\n");
    sandbox.write("secret", "top secret\n");
    fs::create_dir_all(sandbox.path("folder.yaml")).expect("a folder");
    for (include, code, words) in [
        ("evstack.yaml", "E0210", "evstack.yaml:2:11"),
        ("a.yaml", "E0210", "b.yaml:1:11"),
        ("none.yaml", "E0105", "evstack.yaml:2:11"),
        ("folder.yaml", "E0105", "it is a folder"),
        ("secret", "E0105", "evstack.yaml:2:11"),
        ("/dev/zero", "E0105", "an absolute path"),
        ("../../../../../../../../none.yaml", "E0105", "no such file"),
        ("''", "E0105", "evstack.yaml:2:11"),
    ] {
        sandbox.write("evstack.yaml", &format!("name: shop\ninclude: [{include}]\n"));
        let said = sandbox.refused(&["check"], code);
        assert!(said.contains(words), "{include}: {said}");
        assert!(!said.contains("top secret"), "{said}");
    }
    for (kind, code) in [
        ("stateMachines: {m: {definition: none.yaml}}", "E0105"),
        ("stateMachines: {m: {definition: /dev/zero}}", "E0105"),
        ("stateMachines: {m: {definition: evstack.yaml}}", "E0304"),
        ("events: {e: {detail: folder.yaml}}", "E0105"),
    ] {
        sandbox.write("evstack.yaml", &format!("name: shop\n{kind}\n"));
        sandbox.refused(&["check"], code);
    }
}

#[test]
fn folders_that_hold_something_else() {
    for (wrong, is_folder) in [
        (".evstack/local", false),
        (".evstack/local/lock", true),
        (".evstack/local/data.sqlite", true),
        (".evstack/state", false),
        (".evstack/state/shop.local.lock", true),
        (".evstack/state/shop.local.journal", true),
        (".evstack/state/shop.local.json", true),
    ] {
        let sandbox = shop();
        if is_folder {
            fs::create_dir_all(sandbox.path(wrong)).expect("a folder");
        } else {
            sandbox.write(wrong, "not a folder");
        }
        for arguments in [&["apply", "--yes"][..], &["destroy", "--yes"], &["plan"], &["state", "list"]] {
            let run = sandbox.run(arguments);
            assert!(!run.stderr.contains("panicked"), "{wrong} {arguments:?}: {}", run.stderr);
            let place = if wrong.starts_with(".evstack/local") { ".evstack/local" } else { ".evstack/state" };
            let (needed, named) = (arguments[0] == "apply", run.stderr.contains(place));
            assert!(
                run.code == 1 && named || run.code == 0 && !needed,
                "{wrong} {arguments:?}: {}",
                run.stderr
            );
        }
        assert!(sandbox.path(wrong).exists(), "{wrong} is left alone");
        sandbox.ok(&["check"]);
    }
    let sandbox = shop();
    sandbox.write(".evstack/local/data.sqlite", &"not a database ".repeat(100));
    let said = sandbox.refused(&["plan"], "E0704");
    assert!(said.contains(".evstack/local"), "{said}");
    sandbox.refused(&["local", "--port", "0"], "E0704");
    assert!(sandbox.read(".evstack/local/data.sqlite").starts_with("not a database"), "it is kept");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_or_written() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = shop();
    let allow = |name: &str, mode: u32| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).expect("is ours");
    };
    allow("evstack.yaml", 0o000);
    // Nothing is forbidden to root: then there is nothing to see here.
    let forbidden = File::open(sandbox.path("evstack.yaml")).is_err();
    if forbidden {
        assert!(sandbox.refused(&["check"], "E0105").contains("permission denied"));
    }
    allow("evstack.yaml", 0o644);
    allow(".evstack", 0o555);
    if forbidden {
        sandbox.refused(&["apply", "--yes"], "E0606");
        sandbox.refused(&["plan"], "E0606");
    }
    allow(".evstack", 0o755);
    sandbox.ok(&["apply", "--yes"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_an_error() {
    let sandbox = shop();
    let full = |arguments: &[&str]| {
        let out = File::options().write(true).open("/dev/full").expect("Linux has it");
        Run::of(sandbox.command(arguments).stdout(out).output().expect("it starts"))
    };
    for arguments in [&["plan"][..], &["plan", "--json"], &["explain", "queue"], &["apply", "--yes"]] {
        let run = full(arguments);
        assert_eq!(run.code, 1, "{arguments:?}");
        assert!(run.stderr.contains("No space left"), "{arguments:?}: {}", run.stderr);
    }
    assert_eq!(sandbox.recorded("evstack.yaml"), [""; 0], "what can't be shown isn't done");
}

#[test]
fn odd_config() {
    let sandbox = shop();
    let said = sandbox.refused(&["plan", "--config", "colour=blue"], "E0206");
    assert!(said.contains("declares no config `colour`"), "{said}");
    sandbox.write(
        "evstack.yaml",
        "name: shop\nconfig: {stage: {type: string, allowed: [a, b]}, size: {type: number, default: 1}}\n",
    );
    let said = sandbox.refused(&["plan"], "E0206");
    assert!(said.contains("stage"), "{said}");
    for (given, words) in [
        (&["--config", "stage=c"][..], "`a` or `b`"),
        (&["--config", "stage=a", "--config", "size=many"], "must be a number"),
        (&["--config", "stage=a", "--config", "sise=2"], "did you mean `size`?"),
        (&["--config", "stage="], "`a` or `b`"),
    ] {
        let said = sandbox.refused(&[&["plan"], given].concat(), "E0206");
        assert!(said.contains(words), "{said}");
    }
    sandbox.ok(&["plan", "--config", "stage=c", "--config", "stage=b"]);
    let mut command = sandbox.command(&["plan", "--config", "stage=a"]);
    let run = Run::of(command.env("EVSTACK_CONFIG_stage", "wrong").output().expect("it starts"));
    assert_eq!(run.code, 0, "the last wins: {}", run.stderr);
}

/// SNS takes no scope of a filter that is none: what goes is set back to its default by name.
#[test]
fn a_filter_that_is_taken_off_again() {
    let sandbox = Sandbox::new();
    let stack = |filter: &str| {
        format!(
            "name: shop\nqueues: {{in: {{deadLetter: false}}}}\n\
             topics: {{news: {{subscribe: [{{queue: queue.in{filter}}}]}}}}\n"
        )
    };
    sandbox.write("evstack.yaml", &stack(", filter: {kind: [a]}, filterOn: body"));
    sandbox.ok(&["apply", "--yes"]);
    sandbox.write("evstack.yaml", &stack(""));
    assert!(sandbox.ok(&["apply", "--yes"]).stdout.contains("1 changed"));
    assert!(sandbox.ok(&["plan"]).stdout.contains("No changes."));
}
