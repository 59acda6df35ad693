//! One local cloud for each data folder, in process or served; environments and whose state is whose.

mod common;

use common::{Run, Sandbox, until};
use serde_json::json;
use std::fs;

const SHOP: &str = "name: shop\nqueues: {orders: {}}\noutputs: {url: \"${queue.orders.QueueUrl}\"}\n";
const NOTHING: &str = "No changes. Your infrastructure matches the configuration.";

fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    sandbox
}

#[test]
fn in_process_and_served_are_one_cloud() {
    let sandbox = shop();
    sandbox.ok(&["apply", "--yes"]);
    let served = sandbox.serve(&[]);
    assert_eq!(served.inventory().len(), 2);
    let plan = sandbox.ok(&["plan"]).stdout;
    assert!(plan.contains(NOTHING) && plan.contains(&format!("served at {}", served.url)), "{plan}");
    // Whatever port serves it, URLs are those of the first day.
    assert!(sandbox.ok(&["output", "url"]).stdout.starts_with("http://127.0.0.1:4566/"));
    sandbox.edit("evstack.yaml", "orders: {}", "orders: {retention: 1h}");
    sandbox.ok(&["apply", "--yes"]);
    drop(served);
    let plan = sandbox.ok(&["plan"]).stdout;
    assert!(plan.contains(NOTHING) && !plan.contains("served at"), "{plan}");
}

#[test]
fn a_folder_is_served_once() {
    let sandbox = shop();
    let served = sandbox.serve(&["--data", "cloud"]);
    let said = sandbox.refused(&["local", "--port", "0", "--data", "cloud"], "E0703");
    assert!(said.contains(&format!("process {}, which serves it at {}", served.pid(), served.url)), "{said}");
    let port = served.url.rsplit(':').next().expect("a port");
    let said = sandbox.refused(&["local", "--port", port, "--data", "another"], "E0702");
    assert!(said.contains("is in use by another program") && said.contains("--port"), "{said}");
    sandbox.write("file", "");
    sandbox.refused(&["local", "--port", "0", "--data", "file"], "E0606");
    // Killed, it blocks nobody.
    drop(served);
    drop(sandbox.serve(&["--data", "cloud"]));
}

#[test]
fn a_folder_keeps_its_seed() {
    let sandbox = shop();
    drop(sandbox.serve(&["--seed", "7"]));
    let said = sandbox.refused(&["local", "--port", "0", "--seed", "8"], "E0705");
    assert!(said.contains("was made with seed 7, not 8") && said.contains("--data"), "{said}");
    drop(sandbox.serve(&["--seed", "7", "--profile", "adversary"]));
    drop(sandbox.serve(&["--data", "other", "--seed", "8"]));
    drop(sandbox.serve(&[]));
}

#[test]
fn a_profile_that_makes_no_sense_is_refused() {
    let sandbox = shop();
    for (arguments, why) in [
        (["--profile", "slow"], "`instant`, `aws` or `adversary`"),
        (["--throttle", "1.5"], "from 0 to 1"),
        (["--faults", "often"], "from 0 to 1"),
        (["--faults", "NaN"], "from 0 to 1"),
        (["--latency", "86400001"], "86400000"),
        (["--latency", "soon"], "--latency"),
        (["--seed", "x"], "--seed"),
    ] {
        let run = sandbox.run(&[&["local", "--port", "0"], arguments.as_slice()].concat());
        assert!(run.code != 0 && run.stderr.contains(why), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn short_runs_wait_for_each_other() {
    let sandbox = shop();
    let runs: Vec<_> = (0..4).map(|_| sandbox.start(&["plan"])).collect();
    for run in runs {
        let run = Run::of(run.wait_with_output().expect("it ends"));
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
}

#[test]
fn a_folder_that_somebody_holds_names_the_holder() {
    let sandbox = shop();
    let _cloud = evstack::local::Cloud::open(
        Some(&sandbox.path(".evstack/local")),
        evstack::local::Options::default(),
    )
    .expect("it is free");
    let said = sandbox.refused(&["plan"], "E0703");
    assert!(said.contains(&format!("in use by process {}", std::process::id())), "{said}");
    assert!(said.contains("run `evstack local`"), "{said}");
    sandbox.refused(&["local", "--port", "0"], "E0703");
}

#[test]
fn the_first_port_is_in_every_url_for_ever() {
    let sandbox = shop();
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port().to_string();
    drop(free);
    let mut child = sandbox.start(&["local", "--port", &port]);
    until("it serves", || sandbox.path(".evstack/local/endpoint").exists());
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let _served = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    let url = format!("http://127.0.0.1:{port}/000000000000/shop-local-orders\n");
    assert_eq!(sandbox.ok(&["output", "url"]).stdout, url);
}

#[test]
fn another_cloud_has_another_state() {
    let sandbox = shop();
    let elsewhere = Sandbox::new();
    let served = elsewhere.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    let plan = sandbox.ok(&["plan", "--cloud", &served.url]).stdout;
    assert!(
        plan.contains("Plan: 2 to add") && plan.contains(&format!("local cloud at {}", served.url)),
        "{plan}"
    );
    sandbox.ok(&["apply", "--yes", "--cloud", &served.url]);
    assert_eq!(served.inventory().len(), 2);
    let stem = served.url.replace("://", "-").replace(':', "-");
    let file = format!(".evstack/state/shop.local@{stem}.json");
    assert!(sandbox.path(&file).exists(), "{file}");
    // The environment's own cloud is no other one.
    assert!(sandbox.ok(&["plan", "--cloud", "local"]).stdout.contains(NOTHING));
    sandbox.ok(&["destroy", "--yes", "--allow-data-loss", "--cloud", &served.url]);
    assert_eq!(served.inventory(), []);
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
}

#[test]
fn an_environment_is_declared_and_is_whose_it_says() {
    let sandbox = shop();
    let served = sandbox.serve(&[]);
    let said = sandbox.refused(&["plan", "--env", "prod"], "E0603");
    assert!(said.contains("write `evstack.prod.yaml`"), "{said}");
    sandbox.refused(&["apply", "--env", "prod", "--yes"], "E0603");
    let mut command = sandbox.command(&["plan"]);
    assert_eq!(command.env("EVSTACK_ENV", "prod").output().expect("it starts").status.code(), Some(1));

    let overlay = |account: &str| {
        format!("cloud: {{endpoint: \"{}\", accountId: \"{account}\"}}\nconfig: {{}}\n", served.url)
    };
    sandbox.write("evstack.prod.yaml", &overlay("123456789012"));
    for arguments in [&["plan"][..], &["apply", "--yes"], &["destroy", "--yes", "--allow-data-loss"]] {
        let said = sandbox.refused(&[arguments, &["--env", "prod"]].concat(), "E0604");
        assert!(
            said.contains("of account 123456789012") && said.contains("of account 000000000000"),
            "{said}"
        );
    }
    assert!(!sandbox.path(".evstack/state").exists(), "nothing was locked or read");
    // Offline there is nobody to compare with.
    sandbox.ok(&["check", "--env", "prod"]);

    sandbox.write("evstack.prod.yaml", &overlay("000000000000"));
    let done = sandbox.ok(&["apply", "--env", "prod", "--yes"]).stdout;
    assert!(done.starts_with("Stack shop, env prod: account 000000000000, us-east-1, "), "{done}");
    assert!(sandbox.path(".evstack/state/shop.prod.json").exists());
    assert!(served.inventory().iter().any(|(_, id)| id.ends_with("/shop-prod-orders")));
    fs::remove_file(sandbox.path("evstack.prod.yaml")).expect("it is there");
    sandbox.refused(&["state", "list", "--env", "prod"], "E0603");
}

#[test]
fn a_cloud_that_is_gone_is_named() {
    let sandbox = shop();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let said = sandbox.refused(&["plan", "--cloud", &url], "E0702");
    assert!(said.contains("nothing listens on 127.0.0.1:"), "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
}

#[test]
fn the_inventory_is_told_by_who_serves_it_or_read_as_it_lies() {
    let sandbox = shop();
    let run = sandbox.ok(&["local", "inventory", "--json"]);
    assert_eq!(run.json(), json!({ "resources": [], "pending": [] }));
    assert!(run.stderr.contains("There is no local cloud in ") && !sandbox.path(".evstack/local").exists());
    sandbox.ok(&["apply", "--yes"]);
    let text = sandbox.ok(&["local", "inventory"]).stdout;
    assert_eq!(text.lines().count(), 2, "{text}");
    let line = text.lines().find(|line| line.contains("shop-local-orders ")).expect("the queue");
    assert!(
        line.starts_with("AWS::SQS::Queue  http://127.0.0.1:4566/000000000000/shop-local-orders "),
        "{line}"
    );
    assert!(line.contains("  arn:aws:iam::000000000000:root  20") && line.ends_with('Z'), "{line}");

    // An operation that is under way when nobody serves it any more stays so while it is looked at.
    let at_rest = sandbox.ok(&["local", "inventory", "--json"]).json();
    let served = sandbox.serve(&["--latency", "3600000"]);
    let input = json!({ "TypeName": "AWS::Logs::LogGroup", "DesiredState": "{\"LogGroupName\":\"g\"}" });
    let token = served.call("CreateResource", &input)["ProgressEvent"]["RequestToken"].clone();
    let told = sandbox.ok(&["local", "inventory", "--json"]).json();
    assert_eq!(told["resources"], at_rest["resources"]);
    let pending = &told["pending"][0];
    assert_eq!((&pending["request"], &pending["identifier"]), (&token, &json!("g")));
    assert_eq!((&pending["operation"], &pending["status"]), (&json!("CREATE"), &json!("IN_PROGRESS")));
    assert_eq!(pending["by"], "arn:aws:iam::000000000000:root");
    drop(served);
    for _ in 0..2 {
        assert_eq!(sandbox.ok(&["local", "inventory", "--json"]).json(), told);
    }
    let text = sandbox.ok(&["local", "inventory"]).stdout;
    assert!(text.lines().last().is_some_and(|line| line.contains("(CREATE IN_PROGRESS)")), "{text}");

    // Others may look at another folder, and what can't be read is said.
    assert_eq!(sandbox.ok(&["local", "inventory", "--data", "other"]).stdout, "");
    sandbox.write("broken/data.sqlite", "this was never a database, whatever its name may say of it");
    sandbox.refused(&["local", "inventory", "--data", "broken"], "E0704");
}

/// A folder that a failed start had made would carry the port of another server in every URL.
#[test]
fn a_start_that_cannot_listen_leaves_nothing_behind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let sandbox = Sandbox::new();
    let said = sandbox.refused(&["local", "--data", "C", "--seed", "5", "--port", &port], "E0702");
    assert!(said.contains("is in use by another program"), "{said}");
    assert!(!sandbox.path("C").exists());
    let said = sandbox.refused(&["local", "--data", "C", "--port", "4599", "--port", "4599"], "E0702");
    assert!(said.contains("`--port 4599` is given twice"), "{said}");
    sandbox.refused(&["local", "--data", ""], "E0606");
}
