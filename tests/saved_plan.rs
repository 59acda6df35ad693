//! A plan in a file is carried out exactly as it was shown, or not at all.

mod common;

use common::Sandbox;
use serde_json::{Value as Json, json};
use std::fs;

const SHOP: &str = "\
name: shop
config:
  token: {type: string, default: none}
  retention: {type: number, default: 3600}
queues:
  orders: {retention: 1h}
resources:
  topic: {type: AWS::SNS::Topic, properties: {DisplayName: \"${config.token}\"}}
  parcels: {type: AWS::SQS::Queue, properties: {MessageRetentionPeriod: \"${config.retention}\"}}
outputs:
  url: ${queue.orders.QueueUrl}
";
const URL: &str = "http://127.0.0.1:4566/000000000000/shop-local-orders";

fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    sandbox
}

#[test]
fn a_saved_plan_is_carried_out_exactly() {
    let sandbox = shop();
    let planned = sandbox.ok(&["plan", "--out", "shop.plan", "--config", "retention=7200"]).stdout;
    assert!(planned.contains("evstack apply \"shop.plan\""), "{planned}");
    // Whatever happens to the files: what was shown is done.
    sandbox.write("evstack.yaml", "name: shop\n");
    let done = sandbox.ok(&["apply", "shop.plan"]).stdout;
    assert!(done.contains("Apply complete! Resources: 4 added, 0 changed, 0 destroyed."), "{done}");
    assert!(done.contains(&format!("url = \"{URL}\"")), "{done}");
    let parcels = sandbox.ok(&["state", "show", "resource.parcels", "--json"]).json();
    assert_eq!(parcels["declared"]["MessageRetentionPeriod"], 7200);

    // Once is all that it is good for.
    let said = sandbox.refused(&["apply", "shop.plan"], "E0502");
    assert!(said.contains("the stack was applied since"), "{said}");

    sandbox.write("evstack.yaml", SHOP);
    sandbox.ok(&["plan", "--destroy", "--out", "end.plan", "--target", "resource.topic"]);
    let done = sandbox.ok(&["apply", "end.plan"]).stdout;
    assert!(done.contains("Destroy complete! Resources: 1 destroyed."), "{done}");
    assert_eq!(sandbox.recorded("evstack.yaml").len(), 3);
}

#[test]
fn a_plan_takes_no_other_flags_and_no_other_command() {
    let sandbox = shop();
    sandbox.ok(&["plan", "--out", "shop.plan"]);
    for flags in [
        &["--target", "queue.orders"][..],
        &["--exclude", "queue.orders"],
        &["--replace", "queue.orders"],
        &["--allow-data-loss"],
        &["--refresh=false"],
        &["--cloud", "local"],
        &["--env", "prod"],
    ] {
        let said = sandbox.refused(&[&["apply", "shop.plan"], flags].concat(), "E0502");
        assert!(said.contains("as it was made"), "{said}");
    }
    sandbox.refused(&["destroy", "shop.plan", "--yes"], "E0502");
    // Config is in the plan; what else is given isn't dropped in silence.
    let said = sandbox.refused(&["apply", "shop.plan", "--config", "retention=60"], "E0502");
    assert!(said.contains("config `retention` wasn't given when the plan was made"), "{said}");
    sandbox.ok(&["plan", "--out", "other.plan", "--config", "retention=60"]);
    let said = sandbox.refused(&["apply", "other.plan", "--config", "retention=90"], "E0502");
    assert!(said.contains("config `retention` has another value"), "{said}");
    assert_eq!(sandbox.recorded("evstack.yaml"), [""; 0]);
    let said = sandbox.refused(&["plan", "--out", "./evstack.yaml"], "E0606");
    assert!(said.contains("over a file of the stack"), "{said}");
    assert_eq!(sandbox.read("evstack.yaml"), SHOP);
    sandbox.write("stacks/a.yaml", "name: a\n");
    sandbox.write("stacks/b.yaml", "name: b\n");
    fs::remove_file(sandbox.path("evstack.yaml")).expect("it is there");
    sandbox.refused(&["plan", "--out", "two.plan"], "E0605");
}

#[test]
fn another_apply_makes_a_plan_stale() {
    let sandbox = shop();
    sandbox.ok(&["apply", "--yes"]);
    sandbox.ok(&["plan", "--out", "shop.plan", "--config", "retention=60"]);
    sandbox.ok(&["apply", "--yes", "--config", "retention=120"]);
    let said = sandbox.refused(&["apply", "shop.plan"], "E0502");
    assert!(said.contains("serial 1 when planned, 2 now"), "{said}");
    assert!(said.contains("`resource.parcels` was changed since"), "{said}");
}

#[test]
fn a_change_by_hand_makes_a_plan_stale_where_it_is_ours() {
    let sandbox = shop();
    let served = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    sandbox.ok(&["plan", "--out", "shop.plan", "--config", "retention=60"]);
    // What nobody declared is nobody's promise.
    served.change("AWS::SQS::Queue", URL, "DelaySeconds", &json!(5));
    sandbox.ok(&["plan"]);
    served.change("AWS::SQS::Queue", URL, "MessageRetentionPeriod", &json!(900));
    let said = sandbox.refused(&["apply", "shop.plan"], "E0502");
    assert!(said.contains("`queue.orders` was changed since"), "{said}");
    assert!(!said.contains("resource.parcels"), "only what moved is named: {said}");
    served.change("AWS::SQS::Queue", URL, "MessageRetentionPeriod", &json!(3600));
    let done = sandbox.ok(&["apply", "shop.plan"]).stdout;
    assert!(done.contains("Resources: 0 added, 1 changed, 0 destroyed."), "{done}");
}

#[test]
fn secrets_are_given_again_and_lie_nowhere() {
    let sandbox = shop();
    sandbox.edit(
        "evstack.yaml",
        "{type: string, default: none}",
        "{type: string, secret: true, default: none}",
    );
    let secret = "token=open-sesame";
    sandbox.ok(&["plan", "--out", "shop.plan", "--config", secret]);
    for given in [&[][..], &["--config", "token=other"]] {
        let said = sandbox.refused(&[&["apply", "shop.plan"], given].concat(), "E0502");
        assert!(said.contains("config `token` has another value"), "{said}");
        assert!(!said.contains("sesame"), "{said}");
    }
    let mut command = sandbox.command(&["apply", "shop.plan"]);
    command.env("EVSTACK_CONFIG_token", "open-sesame");
    let run = common::Run::of(command.output().expect("it starts"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let changed = sandbox.ok(&["apply", "--yes", "--config", "token=open-barley"]).stdout;
    assert!(changed.contains("1 changed"), "{changed}");
    sandbox.ok(&["plan", "--config", "token=open-barley", "--detailed-exitcode"]);
    let json = sandbox.ok(&["plan", "--json", "--config", "token=open-barley"]).stdout;
    for text in [&run.stdout, &run.stderr, &changed, &json, &sandbox.read("shop.plan")] {
        assert!(!text.contains("open-"), "{text}");
    }
    // The lock's file tells others which command holds it.
    for entry in fs::read_dir(sandbox.path(".evstack/state")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
        assert!(!text.contains("open-"), "{}: {text}", path.display());
    }
}

/// What repeats a secret stands in the record as a hash: a plan without reads doesn't take that for
/// an identifier or an ARN.
#[test]
fn a_plan_without_reads_is_empty_where_names_repeat_secrets() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "evstack.yaml",
        "name: shop\nconfig:\n  word: {type: string, secret: true, default: orders}\n  few: {type: number, secret: true, default: 0}\n\
         queues: {orders: {properties: {DelaySeconds: \"${config.few}\"}, tags: {word: \"${config.word}\"}}}\n\
         rules: {take: {on: {source: [a]}, to: queue.orders}}\noutputs: {it: \"${queue.orders.QueueUrl}\"}\n",
    );
    sandbox.ok(&["apply", "--yes"]);
    for flags in [&[][..], &["--refresh=false"]] {
        let run = sandbox.run(&[&["plan", "--detailed-exitcode"], flags].concat());
        assert_eq!(run.code, 0, "{flags:?}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn secrets_of_an_environments_file_stay_there() {
    let sandbox = shop();
    sandbox.edit("evstack.yaml", "type: string, default: none", "type: string, secret: true, default: none");
    sandbox.write("evstack.local.yaml", "config: {token: open-sesame, retention: 600}\n");
    sandbox.ok(&["plan", "--out", "shop.plan"]);
    assert!(!sandbox.read("shop.plan").contains("open-"), "{}", sandbox.read("shop.plan"));
    for other in ["config: {token: open-barley, retention: 600}\n", "config: {token: open-sesame}\n"] {
        sandbox.write("evstack.local.yaml", other);
        let said = sandbox.refused(&["apply", "shop.plan"], "E0502");
        assert!(said.contains("`evstack.local.yaml` was changed since") && !said.contains("open-"), "{said}");
    }
    sandbox.write("evstack.local.yaml", "config: {token: open-sesame, retention: 600}\n");
    sandbox.ok(&["apply", "shop.plan"]);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 0);
    // A mistake in it is told without its line.
    sandbox.edit("evstack.yaml", "secret: true, ", "secret: true, pattern: '^[a-z]+$', ");
    let said = sandbox.refused(&["plan"], "E0206");
    assert!(said.contains("config `token`, given by the environment's file, must match"), "{said}");
    assert!(!said.contains("open-"), "{said}");
    sandbox.edit("evstack.yaml", "pattern: '^[a-z]+$', ", "");
    // Without secrets the file is carried like any other.
    sandbox.edit("evstack.yaml", "secret: true, ", "");
    sandbox.write("evstack.local.yaml", "config: {token: x, retention: 700}\n");
    sandbox.ok(&["plan", "--out", "shop.plan"]);
    sandbox.write("evstack.local.yaml", "config: {token: y}\n");
    let done = sandbox.ok(&["apply", "shop.plan"]).stdout;
    assert!(done.contains("2 changed"), "{done}");
}

#[test]
fn what_is_no_plan_says_so() {
    let sandbox = shop();
    sandbox.ok(&["plan", "--out", "shop.plan"]);
    let text = sandbox.read("shop.plan");
    let with = |key: &str, value: Json| {
        let mut plan: Json = serde_json::from_str(&text).expect("JSON");
        plan[key] = value;
        plan.to_string()
    };
    for (content, code, words) in [
        (text[..text.len() / 2].to_owned(), "E0502", "isn't a plan that `evstack plan --out` wrote"),
        (String::new(), "E0502", "isn't a plan"),
        ("[]".to_owned(), "E0502", "isn't a plan"),
        ("name: shop\n".to_owned(), "E0502", "isn't a plan"),
        (with("format", json!(2)), "E0502", "a plan of format 2"),
        (with("format", json!("1")), "E0502", "it has no `format`"),
        (with("sources", json!({})), "E0105", "evstack.yaml"),
        (with("sources", json!(7)), "E0502", "isn't a plan"),
        (with("env", json!("prod")), "E0603", "prod"),
        (with("cloud", json!("azure")), "E0603", "azure"),
        (with("changes", json!([])), "E0502", "`queue.orders` would now be changed too"),
        (with("lineage", json!("another")), "E0502", "the state is another one"),
    ] {
        sandbox.write("bad.plan", &content);
        let said = sandbox.refused(&["apply", "bad.plan"], code);
        assert!(said.contains(words), "{said}");
    }
    sandbox.refused(&["apply", "none.plan"], "E0105");
    fs::write(sandbox.path("bad.plan"), [0xff, 0x00, 0x80]).expect("a file");
    sandbox.refused(&["apply", "bad.plan"], "E0105");
    assert_eq!(sandbox.recorded("evstack.yaml"), [""; 0]);
    sandbox.ok(&["apply", "shop.plan"]);
}

#[test]
fn a_secret_in_the_stack_file_is_not_carried_off() {
    let sandbox = Sandbox::new();
    let stack = "name: shop\nconfig:\n  token: {type: string, secret: true, default: hush}\n\
                 queues: {orders: {tags: {token: '${config.token}'}}}\n";
    sandbox.write("evstack.yaml", stack);
    let said = sandbox.refused(&["plan", "--out", "shop.plan"], "E0206");
    assert!(said.contains("EVSTACK_CONFIG_token"), "{said}");
    assert!(!sandbox.path("shop.plan").exists());
    sandbox.ok(&["plan", "--out", "shop.plan", "--config", "token=other"]);
}
