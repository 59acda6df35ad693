//! What goes wrong while a plan is carried out, and what changes behind its back.

mod common;

use common::{Run, Sandbox, Served, read_until, until};
use serde_json::{Value as Json, json};
use std::io::{Read, Write};

const SHOP: &str = "\
name: shop
resources:
  orders: {type: AWS::SQS::Queue}
  news:
    type: AWS::SNS::Topic
    properties: {DisplayName: \"${resource.orders.QueueName}\"}
    options: {dependsOn: [resource.orders]}
  parcels: {type: AWS::SQS::Queue}
outputs:
  url: ${resource.parcels.QueueUrl}
";
const ORDERS: &str = "http://127.0.0.1:4566/000000000000/shop-local-orders";

fn shop() -> (Sandbox, Served) {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    let served = sandbox.serve(&[]);
    (sandbox, served)
}

fn by_hand(served: &Served, operation: &str, input: &Json) {
    let token = served.call(operation, input)["ProgressEvent"]["RequestToken"].clone();
    until("it is done", || {
        let event = served.call("GetResourceRequestStatus", &json!({ "RequestToken": token }));
        event["ProgressEvent"]["OperationStatus"] == "SUCCESS"
    });
}

fn create_by_hand(served: &Served) {
    let state = json!({ "QueueName": "shop-local-orders" }).to_string();
    by_hand(served, "CreateResource", &json!({ "TypeName": "AWS::SQS::Queue", "DesiredState": state }));
}

fn delete_by_hand(served: &Served) {
    by_hand(served, "DeleteResource", &json!({ "TypeName": "AWS::SQS::Queue", "Identifier": ORDERS }));
}

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[test]
fn a_failure_stops_what_needs_it_and_nothing_else() {
    let (sandbox, served) = shop();
    create_by_hand(&served);
    let run = sandbox.run(&["apply", "--yes"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("error[E0503]: `resource.orders` (AWS::SQS::Queue) couldn't be created"));
    // The service's words, the place in the file, and what to do.
    for part in [
        "already exists",
        "--> evstack.yaml:3:3",
        "run `evstack import --stack evstack.yaml resource.orders http://127.0.0.1:4566/000000000000/shop-local-orders`",
        "Run `evstack apply evstack.yaml` to go on.",
    ] {
        assert!(run.stderr.contains(part), "{part}:\n{}", run.stderr);
    }
    assert!(
        run.stderr.contains("1 added, 0 changed, 0 destroyed, 1 failed, 1 not started"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("resource.news: Skipped: it needs resource.orders"), "{}", run.stdout);
    assert!(!run.stdout.contains("complete!"), "{}", run.stdout);
    assert_eq!(sandbox.recorded("evstack.yaml"), ["resource.parcels"]);
    assert_eq!(served.inventory().len(), 2, "what isn't ours is left alone");

    delete_by_hand(&served);
    let done = sandbox.ok(&["apply", "--yes"]).stdout;
    assert!(done.contains("Apply complete! Resources: 2 added, 0 changed, 0 destroyed."), "{done}");
}

#[test]
fn a_service_that_repeats_a_secret_is_not_repeated() {
    let (sandbox, served) = shop();
    create_by_hand(&served);
    sandbox.write(
        "evstack.yaml",
        "name: shop\nconfig: {it: {type: string, secret: true}}\nresources:\n  \
         orders: {type: AWS::SQS::Queue, properties: {QueueName: \"${config.it}\"}}\n",
    );
    let run = sandbox.run(&["apply", "--yes", "--config", "it=shop-local-orders"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("(sensitive value)' already exists"), "{}", run.stderr);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("shop-local-orders"), "{}", run.stderr);
}

#[test]
fn many_that_are_skipped_are_counted() {
    let (sandbox, served) = shop();
    create_by_hand(&served);
    let needing = |number| {
        format!("  q{number}: {{type: AWS::SQS::Queue, options: {{dependsOn: [resource.orders]}}}}\n")
    };
    let queues: String = (0..13).map(needing).collect();
    sandbox.write(
        "evstack.yaml",
        &format!("name: shop\nresources:\n  orders: {{type: AWS::SQS::Queue}}\n{queues}"),
    );
    let run = sandbox.run(&["apply", "--yes"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.stdout.matches("Skipped: it needs resource.orders").count(), 10, "{}", run.stdout);
    assert!(run.stdout.contains("… and 3 more: Skipped: "), "{}", run.stdout);
    let quiet = sandbox.run(&["apply", "--yes", "--quiet"]);
    assert_eq!(quiet.stdout, "Plan: 14 to add, 0 to change, 0 to destroy.\n");
    assert!(quiet.stderr.contains("13 not started"), "{}", quiet.stderr);
}

#[test]
fn machines_are_told_the_same_in_lines() {
    let (sandbox, served) = shop();
    create_by_hand(&served);
    let run = sandbox.run(&["apply", "--yes", "--json"]);
    assert_eq!(run.code, 1);
    let failed = lines(&run.stdout);
    let of = |kind: &str| failed.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
    assert_eq!(of("planned_change").len(), 3);
    // The only summary is the plan's.
    let summaries = of("change_summary");
    assert_eq!(summaries.len(), 1, "{summaries:?}");
    assert_eq!(
        summaries[0]["changes"],
        json!({"add": 3, "change": 0, "import": 0, "remove": 0, "operation": "plan"})
    );
    assert_eq!(of("apply_errored")[0]["hook"]["resource"]["addr"], "resource.orders");
    let said = of("diagnostic");
    assert_eq!((said.len(), &said[0]["@level"]), (1, &json!("error")), "{said:?}");
    assert_eq!(said[0]["diagnostic"]["line"], 3);
    assert!(of("outputs").is_empty());

    delete_by_hand(&served);
    let done = lines(&sandbox.ok(&["apply", "--yes", "--json"]).stdout);
    let last = &done[done.len() - 2..];
    assert_eq!(
        (&last[0]["type"], &last[0]["changes"]["operation"]),
        (&json!("change_summary"), &json!("apply"))
    );
    assert_eq!(last[0]["@message"], "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.");
    assert!(last[1]["outputs"]["url"]["value"].is_string(), "{}", last[1]);

    let gone = lines(&sandbox.ok(&["destroy", "--yes", "--allow-data-loss", "--json"]).stdout);
    let summaries: Vec<_> = gone.iter().filter(|line| line["type"] == "change_summary").collect();
    assert_eq!(summaries[0]["@message"], "Plan: 0 to add, 0 to change, 3 to destroy.");
    assert_eq!(summaries[1]["@message"], "Destroy complete! Resources: 3 destroyed.");
}

#[test]
fn what_was_deleted_outside_is_made_again() {
    let (sandbox, served) = shop();
    sandbox.ok(&["apply", "--yes"]);
    delete_by_hand(&served);
    let plan = sandbox.ok(&["plan"]).stdout;
    assert!(plan.contains("Plan: 1 to add, 0 to change, 0 to destroy."), "{plan}");
    assert!(plan.contains("(it was deleted outside of evstack)"), "{plan}");
    sandbox.ok(&["apply", "--yes"]);
    assert_eq!(served.inventory().len(), 3);
    // And what is gone already needn't be destroyed.
    delete_by_hand(&served);
    sandbox.ok(&["destroy", "--yes", "--allow-data-loss"]);
    assert_eq!((served.inventory().len(), sandbox.recorded("evstack.yaml").len()), (0, 0));
}

#[test]
fn destroy_takes_what_is_recorded_whatever_the_file_says_now() {
    let (sandbox, served) = shop();
    sandbox.ok(&["apply", "--yes"]);
    assert!(sandbox.ok(&["output"]).stdout.contains("url = "));
    sandbox.write("evstack.yaml", "name: shop\n");
    let done = sandbox.ok(&["destroy", "--yes", "--allow-data-loss"]).stdout;
    assert!(done.contains("Destroy complete! Resources: 3 destroyed."), "{done}");
    assert_eq!(served.inventory(), []);
    assert_eq!(sandbox.ok(&["output"]).stdout, "", "outputs go with what they told of");
    let again = sandbox.ok(&["destroy", "--yes", "--allow-data-loss"]).stdout;
    assert!(again.contains("No changes. No objects need to be destroyed."), "{again}");
}

#[test]
fn a_cloud_that_disappears_ends_the_run_once_for_all_and_the_next_goes_on() {
    let sandbox = Sandbox::new();
    let queues: String = (0..40).map(|i| format!("  q{i}: {{type: AWS::SQS::Queue}}\n")).collect();
    sandbox.write("evstack.yaml", &format!("name: many\nresources:\n{queues}"));
    let mut served = sandbox.serve(&["--latency", "300"]);
    let mut child = sandbox.start(&["apply", "--yes", "--parallelism", "8"]);
    let mut lines = read_until(&mut child, "Creation complete");
    served.kill();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("it prints");
    let run = Run::of(child.wait_with_output().expect("it ends"));
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    for part in [
        "asked again for 10 seconds",
        &format!("error[E0702]: the endpoint {} stopped answering; ", served.url),
        "looks into them before it plans",
        " 0 failed, ",
        " unfinished, ",
        " not started.",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    assert!(rest.lines().count() < 60, "{rest}");

    // The same data, another process: the plan looks, the apply ends what was left and goes on.
    let plan = sandbox.ok(&["plan"]);
    let done = sandbox.ok(&["apply", "--yes"]);
    let recovered = done.stdout.find("Recovered: ").expect("it says what it recovered");
    assert!(recovered > done.stdout.find("Plan: ").unwrap_or_default(), "{}", done.stdout);
    let added = |text: &str, before: &str, after: &str| -> usize {
        let (_, rest) = text.split_once(before).expect("a number");
        rest.split_once(after).expect("its end").0.parse().expect("a number")
    };
    let planned = added(&plan.stdout, "Plan: ", " to add");
    let made = added(&done.stdout, "Resources: ", " added");
    assert!(made <= planned && planned < 40, "{}{}", plan.stdout, done.stdout);
    assert!(made == planned || plan.stderr.contains("may be done already"), "{}", plan.stderr);
    assert_eq!(sandbox.recorded("evstack.yaml").len(), 40);
}

#[cfg(unix)]
#[test]
fn what_holds_data_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    sandbox.ok(&["plan", "--out", "shop.plan"]);
    sandbox.ok(&["apply", "--yes"]);
    let (state, local) = (".evstack/state/shop.local", ".evstack/local");
    for file in
        ["shop.plan", &format!("{state}.json"), &format!("{state}.journal"), &format!("{local}/data.sqlite")]
    {
        let mode = std::fs::metadata(sandbox.path(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn data_that_are_damaged_say_how_to_begin_anew() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    sandbox.ok(&["apply", "--yes"]);
    for extra in ["data.sqlite-wal", "data.sqlite-shm"] {
        let _ = std::fs::remove_file(sandbox.path(&format!(".evstack/local/{extra}")));
    }
    sandbox.write(".evstack/local/data.sqlite", &"not a database".repeat(1000));
    let said = sandbox.refused(&["plan"], "E0704");
    assert!(said.contains("move .evstack/local away"), "{said}");
    std::fs::rename(sandbox.path(".evstack/local"), sandbox.path("away")).expect("moved");
    assert!(sandbox.ok(&["plan"]).stdout.contains("Plan: 3 to add"));
}

#[test]
fn who_cannot_be_asked_is_told_in_plain_words() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    let said = sandbox.refused(&["plan", "--cloud", "http://127.0.0.1:1"], "E0702");
    assert!(said.contains("error[E0702]: nothing listens on 127.0.0.1:1\n"), "{said}");
    // Something else listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0; 65536];
            let _ = stream.read(&mut request);
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let said = sandbox.refused(&["plan", "--cloud", &format!("http://127.0.0.1:{port}")], "E0702");
    assert!(said.contains("doesn't answer as AWS does (HTTP 200, text/html)"), "{said}");
    let said = sandbox.refused(&["plan", "--cloud", &format!("https://127.0.0.1:{port}")], "E0702");
    assert!(said.contains(&format!("no secure connection to 127.0.0.1:{port}: ")), "{said}");

    let aws = |more: &[(&str, &str)]| {
        let mut command = sandbox.command(&["plan", "--cloud", "aws"]);
        // No instance is asked, whatever machine this is.
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", sandbox.path("nobody"));
        for name in
            ["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        {
            command.env_remove(name);
        }
        command.envs(more.iter().copied());
        Run::of(command.output().expect("the program runs")).stderr
    };
    let said = aws(&[]);
    assert!(said.contains("no AWS region is set") && said.contains("`AWS_REGION`"), "{said}");
    let said = aws(&[("AWS_REGION", "eu-west-1")]);
    assert!(said.contains("no AWS credentials were found (looked at the environment"), "{said}");
    sandbox.write("nobody/.aws/config", "[profile team]\nregion = eu-west-1\n");
    for (profile, words) in [
        ("nope", "the profile `nope`, which AWS_PROFILE names, isn't defined or gives none"),
        ("team", "the profile `team`, which AWS_PROFILE names, isn't defined or gives none"),
    ] {
        let said = aws(&[("AWS_REGION", "eu-west-1"), ("AWS_PROFILE", profile)]);
        assert!(said.contains(words), "{said}");
    }
}
