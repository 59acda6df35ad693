//! What exists is taken over: by command, by options, and by `--adopt` where the record is lost.
//! Nothing is made anew, nothing foreign is taken, nothing is guessed.

mod common;
#[path = "common/rig.rs"]
mod rig;

use common::{Sandbox, Served, all_stacks, until};
use evstack::ops::import::import;
use evstack::ops::plan::Wanted;
use evstack::schema::TypeName;
use evstack::state::{Entry, Key, Operation, State, Verb, open_read};
use rig::Rig;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

const NOTHING: &str = "No changes. Your infrastructure matches the configuration.";
const BASE: &str = "http://127.0.0.1:4566/000000000000";

/// Makes something as anybody might, and waits until it is there: its identifier.
fn make(served: &Served, type_name: &str, state: &Json) -> String {
    let input = json!({ "TypeName": type_name, "DesiredState": state.to_string() });
    let begun = served.call("CreateResource", &input)["ProgressEvent"].clone();
    let mut event = Json::Null;
    until("it is there", || {
        let asked = json!({ "RequestToken": begun["RequestToken"] });
        event = served.call("GetResourceRequestStatus", &asked)["ProgressEvent"].clone();
        event["OperationStatus"] == "SUCCESS"
    });
    event["Identifier"].as_str().expect("an identifier").to_owned()
}

fn shop(stack: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", stack);
    sandbox
}

/// The record, as if the file had been lost.
fn lose(sandbox: &Sandbox) {
    fs::remove_dir_all(sandbox.path(".evstack/state")).expect("there is a record");
}

fn actions(plan: &Json) -> Vec<(String, String)> {
    let changes = plan["resource_changes"].as_array().expect("changes");
    let text = |json: &Json| json.as_str().expect("text").to_owned();
    let action = |change: &Json| match change["change"].get("importing") {
        Some(importing) => format!("import by {}", text(&importing["found_by"])),
        None => text(&change["change"]["actions"][0]),
    };
    changes.iter().map(|change| (text(&change["address"]), action(change))).collect()
}

#[test]
fn a_lost_record_is_found_again_for_every_stack() {
    for stack in all_stacks() {
        let sandbox = Sandbox::with_stacks();
        let stack = stack.as_str();
        sandbox.ok(&["apply", stack, "--yes"]);
        let before = sandbox.ok(&["local", "inventory", "--json"]).stdout;
        let recorded = sandbox.recorded(stack);
        lose(&sandbox);

        let plan = sandbox.ok(&["plan", stack, "--adopt", "--json"]).json();
        let found = actions(&plan);
        assert_eq!(found.iter().map(|(address, _)| address.clone()).collect::<Vec<_>>(), recorded, "{stack}");
        assert!(found.iter().all(|(_, action)| action.starts_with("import by ")), "{stack}: {found:#?}");
        assert_eq!(plan["evstack"]["findings"], json!([]), "{stack}");
        let shown = sandbox.ok(&["plan", stack, "--adopt"]).stdout;
        let summary = format!("Plan: {} to import, 0 to add, 0 to change, 0 to destroy.", recorded.len());
        assert!(shown.contains(&summary), "{stack}:\n{shown}");

        let applied = sandbox.ok(&["apply", stack, "--adopt", "--yes"]).stdout;
        assert!(applied.contains("imported, 0 added, 0 changed, 0 destroyed."), "{stack}:\n{applied}");
        for flags in [&[][..], &["--adopt"]] {
            let run = sandbox.run(&[&["plan", stack, "--detailed-exitcode"], flags].concat());
            assert_eq!(run.code, 0, "{stack}:\n{}{}", run.stdout, run.stderr);
            assert!(run.stdout.contains(NOTHING), "{stack}:\n{}", run.stdout);
        }
        assert_eq!(sandbox.ok(&["local", "inventory", "--json"]).stdout, before, "{stack}");
        sandbox.ok(&["destroy", stack, "--yes", "--allow-data-loss"]);
        let left = sandbox.ok(&["local", "inventory", "--json"]).json();
        assert_eq!(left["resources"], json!([]), "{stack}: the order of deletes is known again");
    }
}

#[test]
fn an_import_records_what_is_there_and_the_plan_shows_what_differs() {
    let stack = "name: shop\nqueues:\n  orders: {retention: 1h, deadLetter: {}}\n";
    let sandbox = shop(stack);
    let served = sandbox.serve(&[]);
    let orders =
        make(&served, "AWS::SQS::Queue", &json!({"QueueName": "shop-local-orders", "DelaySeconds": 5}));
    let dead = make(&served, "AWS::SQS::Queue", &json!({"QueueName": "shop-local-orders-dead-letter"}));

    // A create runs into it, and says the way out.
    let failed = sandbox.run(&["apply", "--yes"]);
    let command = format!(
        "run `evstack import --stack evstack.yaml queue.orders.deadLetter {dead}`, or `evstack plan evstack.yaml --adopt`"
    );
    assert!(failed.stderr.contains(&command), "{}", failed.stderr);

    let said = sandbox.refused(&["import", "queue.order", &orders], "E0505");
    assert!(said.contains("did you mean `queue.orders`?"), "{said}");
    sandbox.refused(&["import", "orders", &orders], "E0505");
    let said = sandbox.refused(&["import", "queue.orders", &format!("{BASE}/other")], "E0507");
    assert!(said.contains("`QueueUrl`"), "{said}");

    let done = sandbox.ok(&["import", "queue.orders.deadLetter", &dead]).stdout;
    assert!(done.contains("Nothing was changed in the cloud"), "{done}");
    let done = sandbox.ok(&["import", "queue.orders", &orders, "--json"]).json();
    assert_eq!(done["identifier"], orders);
    assert_eq!(done["resource_change"]["change"]["actions"], json!(["update"]));
    assert_eq!(sandbox.recorded("evstack.yaml"), ["queue.orders", "queue.orders.deadLetter"]);
    let said = sandbox.refused(&["import", "queue.orders", &orders], "E0511");
    assert!(said.contains("recorded already"), "{said}");

    let shown = sandbox.ok(&["plan"]).stdout;
    assert!(shown.contains("MessageRetentionPeriod = 345600 -> 3600"), "{shown}");
    assert!(!shown.contains("DelaySeconds"), "what nobody declared isn't touched: {shown}");
    let done = sandbox.ok(&["apply", "--yes"]).stdout;
    assert!(done.contains("Resources: 0 added, 2 changed, 0 destroyed."), "{done}");
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
    let input = json!({ "TypeName": "AWS::SQS::Queue", "Identifier": orders });
    let live = served.call("GetResource", &input)["ResourceDescription"]["Properties"].clone();
    assert!(live.as_str().is_some_and(|text| text.contains("\"DelaySeconds\":5")), "{live}");

    // One resource can't be two.
    sandbox.write("evstack.yaml", &format!("{stack}resources: {{twin: {{type: AWS::SQS::Queue}}}}\n"));
    let said = sandbox.refused(&["import", "resource.twin", &orders], "E0511");
    assert!(said.contains("it is recorded as `queue.orders`"), "{said}");
}

#[test]
fn an_import_in_the_options_is_the_same() {
    let declared = |options: &str| format!("name: shop\nqueues: {{orders: {{retention: 1h{options}}}}}\n");
    let sandbox = shop(&declared(""));
    let served = sandbox.serve(&[]);
    let orders =
        make(&served, "AWS::SQS::Queue", &json!({"QueueName": "shop-local-orders", "DelaySeconds": 5}));
    sandbox.ok(&["import", "queue.orders", &orders]);
    let by_command = sandbox.ok(&["plan", "--json"]).json()["resource_changes"][0]["change"].clone();
    lose(&sandbox);
    sandbox.write("evstack.yaml", &declared(&format!(", options: {{import: '{orders}'}}")));
    let mut by_options = sandbox.ok(&["plan", "--json"]).json()["resource_changes"][0]["change"].clone();
    assert_eq!(by_options["importing"], json!({"id": orders, "found_by": "request", "unverified": []}));
    by_options.as_object_mut().expect("an object").remove("importing");
    assert_eq!(by_options, by_command);
    sandbox.ok(&["apply", "--yes"]);
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
}

#[test]
fn what_belongs_to_another_stack_is_not_taken() {
    let sandbox = shop("name: bank\nqueues: {orders: {name: orders}}\n");
    sandbox.ok(&["apply", "--yes"]);
    sandbox.write("evstack.yaml", "name: shop\nqueues: {orders: {name: orders}}\n");
    let url = format!("{BASE}/orders");
    let words = "by its tags it belongs to the stack `bank` in the environment `local`";
    for flags in [&["plan", "--adopt"][..], &["apply", "--adopt", "--yes"], &["import", "queue.orders", &url]]
    {
        let said = sandbox.refused(flags, "E0512");
        assert!(said.contains(words) && said.contains("--force"), "{said}");
        let command = format!("`evstack import --stack evstack.yaml queue.orders {url} --force`");
        assert!(said.contains(&command), "{said}");
    }
    let options = format!("name: shop\nqueues: {{orders: {{name: orders, options: {{import: '{url}'}}}}}}\n");
    sandbox.write("evstack.yaml", &options);
    assert!(sandbox.refused(&["apply", "--yes"], "E0512").contains(words));
    let taken = sandbox.ok(&["import", "queue.orders", &url, "--force"]);
    assert!(taken.stderr.contains("warning[E0512]"), "{}", taken.stderr);
    assert!(taken.stdout.contains("\"bank\" -> \"shop\""), "{}", taken.stdout);
    sandbox.ok(&["apply", "--yes"]);
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
}

#[test]
fn of_two_that_fit_none_is_taken() {
    let api = "{type: AWS::ApiGatewayV2::Api, properties: {ProtocolType: HTTP, Name: page}}";
    let sandbox = shop(&format!("name: shop\nresources: {{page: {api}}}\n"));
    let served = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    let apis = |inventory: Vec<(String, String)>| -> Vec<String> {
        inventory.into_iter().filter(|(kind, _)| kind == "AWS::ApiGatewayV2::Api").map(|(_, id)| id).collect()
    };
    let first = apis(served.inventory()).remove(0);
    let input = json!({ "TypeName": "AWS::ApiGatewayV2::Api", "Identifier": first });
    let text = served.call("GetResource", &input)["ResourceDescription"]["Properties"].clone();
    let live: Json = serde_json::from_str(text.as_str().expect("text")).expect("JSON");
    let twin = json!({"ProtocolType": "HTTP", "Name": live["Name"], "Tags": live["Tags"]});
    let second = make(&served, "AWS::ApiGatewayV2::Api", &twin);
    lose(&sandbox);

    let run = sandbox.ok(&["plan", "--adopt"]);
    assert!(run.stderr.contains("warning[E0513]"), "{}", run.stderr);
    assert!(run.stderr.contains(&first) && run.stderr.contains(&second), "{}", run.stderr);
    assert!(run.stderr.contains("evstack import --stack evstack.yaml resource.page "), "{}", run.stderr);
    sandbox.ok(&["import", "resource.page", &first]);
    assert!(sandbox.ok(&["plan", "--adopt"]).stdout.contains(NOTHING));
    assert!(apis(served.inventory()).contains(&second), "the other one is left alone");
}

/// An API destination's connection has a key that no read shows.
#[test]
fn what_no_read_shows_is_said_and_makes_no_diff() {
    let stack = |description: &str| {
        format!(
            "name: shop\nconfig: {{key: {{type: string, secret: true, default: open-sesame}}}}\nresources:\n  \
             there: {{type: AWS::Events::Connection, properties: {{Name: there, Description: {description}, \
             AuthorizationType: API_KEY, AuthParameters: {{ApiKeyAuthParameters: {{ApiKeyName: k, \
             ApiKeyValue: '${{config.key}}'}}}}}}}}\n"
        )
    };
    let sandbox = shop(&stack("one"));
    sandbox.ok(&["apply", "--yes"]);
    lose(&sandbox);
    let shown = sandbox.ok(&["plan", "--adopt"]).stdout;
    assert!(shown.contains("ApiKeyValue can't be read: taken as declared, and not verified"), "{shown}");
    assert!(shown.contains("1 to import, 0 to add, 0 to change"), "{shown}");
    sandbox.ok(&["apply", "--adopt", "--yes"]);
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
    sandbox.write("evstack.yaml", &stack("two"));
    sandbox.ok(&["apply", "--yes"]);
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
    for entry in fs::read_dir(sandbox.path(".evstack/state")).expect("a folder") {
        let text = fs::read(entry.expect("an entry").path()).expect("a file");
        assert!(!String::from_utf8_lossy(&text).contains("open-"), "a secret is in the record");
    }
}

#[test]
fn what_was_found_cannot_become_what_is_declared() {
    let sandbox = shop("name: shop\ntables: {users: {key: id}}\n");
    sandbox.ok(&["apply", "--yes"]);
    lose(&sandbox);
    sandbox.write("evstack.yaml", "name: shop\ntables: {users: {key: mail}}\n");
    let said = sandbox.refused(&["plan", "--adopt"], "E0510");
    assert!(said.contains("evstack import --stack evstack.yaml table.users shop-local-users"), "{said}");
    let done = sandbox.ok(&["import", "table.users", "shop-local-users"]).stdout;
    assert!(done.contains("must be replaced"), "{done}");
    sandbox.refused(&["plan"], "E0501");
}

#[test]
fn a_saved_plan_adopts_what_it_showed() {
    let sandbox = shop("name: shop\nqueues: {orders: {}}\ntopics: {news: {}}\n");
    let served = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    lose(&sandbox);
    let before = served.inventory();
    sandbox.ok(&["plan", "--adopt", "--out", "shop.plan"]);
    sandbox.refused(&["apply", "shop.plan", "--adopt"], "E0502");
    let url = format!("{BASE}/shop-local-orders");
    served.change("AWS::SQS::Queue", &url, "Tags", &json!([]));
    let said = sandbox.refused(&["apply", "shop.plan"], "E0502");
    assert!(said.contains("`queue.orders` was changed since"), "{said}");

    sandbox.ok(&["plan", "--adopt", "--out", "shop.plan"]);
    let done = sandbox.ok(&["apply", "shop.plan"]).stdout;
    assert!(done.contains("Resources: 3 imported, 0 added, 1 changed, 0 destroyed."), "{done}");
    assert_eq!(served.inventory(), before);
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
}

#[test]
fn an_alias_holds_for_the_parts_too() {
    let stack = |name: &str, options: &str| {
        format!(
            "name: shop\nqueues:\n  {name}: {{name: orders, parts: {{deadLetter: {{properties: {{QueueName: dead}}}}}}{options}}}\n"
        )
    };
    let sandbox = shop(&stack("order", ""));
    sandbox.ok(&["apply", "--yes"]);
    sandbox.write("evstack.yaml", &stack("orders", ", options: {aliases: [queue.order]}"));
    let shown = sandbox.ok(&["plan"]).stdout;
    assert!(shown.contains("moved from queue.order.deadLetter"), "{shown}");
    assert!(shown.contains("Plan: 0 to add, 2 to change, 0 to destroy."), "{shown}");
    sandbox.ok(&["apply", "--yes"]);
    assert_eq!(sandbox.recorded("evstack.yaml"), ["queue.orders", "queue.orders.deadLetter"]);
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
    // A part that became a declaration of its own is that one's.
    let apart = stack("orders", ", deadLetter: false, options: {aliases: [queue.order]}");
    let apart = apart.replace(", parts: {deadLetter: {properties: {QueueName: dead}}}", "");
    let dead = "  dead: {name: dead, deadLetter: false, options: {aliases: [queue.orders.deadLetter]}}\n";
    sandbox.write("evstack.yaml", &format!("{apart}{dead}"));
    let shown = sandbox.run(&["plan"]).stdout;
    assert!(shown.contains("moved from queue.orders.deadLetter"), "{shown}");
}

#[test]
fn a_renamed_declaration_of_the_same_table_keeps_it() {
    let sandbox = shop("name: shop\ntables: {users: {name: users, key: id}}\n");
    sandbox.ok(&["apply", "--yes"]);
    sandbox.write("evstack.yaml", "name: shop\ntables: {people: {name: users, key: id}}\n");
    let plan = sandbox.ok(&["plan"]);
    assert!(plan.stdout.contains("Plan: 0 to add, 1 to change, 0 to destroy."), "{}", plan.stdout);
    assert!(plan.stderr.contains("options: {aliases: [table.users]}"), "{}", plan.stderr);
    sandbox.ok(&["apply", "--yes"]);
    assert_eq!(sandbox.recorded("evstack.yaml"), ["table.people"]);
    let again = sandbox.ok(&["plan"]);
    assert!(again.stdout.contains(NOTHING) && !again.stderr.contains("warning"), "{}", again.stderr);
    // Under another name it would be lost: refused, with the way to keep it.
    sandbox.write("evstack.yaml", "name: shop\ntables: {members: {key: id}}\n");
    let said = sandbox.refused(&["apply", "--yes"], "E0501");
    assert!(said.contains("aliases: [table.people]") && said.contains("`TableName: users`"), "{said}");
}

/// The files of a folder of stacks, as a stack in it names them.
fn files(folder: &Path, below: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name, fs::read_to_string(entry.path()).expect("a file"));
        }
    }
}

/// Applies until nothing fails; what an apply left without a record is found by the next.
fn done(rig: &Rig, text: &str, wanted: &Wanted) {
    let again = Wanted { adopt: !wanted.destroy, ..wanted.clone() };
    for tried in 0..8 {
        let (_, outcome) = rig.try_apply(text, if tried == 0 { wanted } else { &again }).expect("a plan");
        if outcome.is_complete() {
            return;
        }
        rig.cloud.advance(Duration::from_secs(3600)).expect("time goes on");
    }
    panic!("it fails again and again");
}

#[test]
fn a_lost_record_is_found_again_in_a_hard_cloud() {
    let adopt = Wanted { adopt: true, ..Wanted::default() };
    for (index, path) in all_stacks().iter().filter(|path| path.ends_with("yaml")).enumerate() {
        let path = Path::new(path);
        let mut rig = Rig::new(&json!({"preset": "adversary"}), index as u64 + 1);
        files(path.parent().expect("a folder"), "", &mut rig.files);
        let text = fs::read_to_string(path).expect("a stack");
        done(&rig, &text, &Wanted::default());
        let before = rig.inventory();
        let loaded = rig.load(&text).expect("a stack");
        let mut locked = rig.lock(&loaded);
        locked.push(State::new(&loaded.stack.name, &loaded.stack.env), true).expect("the record is lost");
        drop(locked);
        assert_eq!(rig.state(&loaded).resources.len(), 0);

        // What was made a moment ago isn't in every list yet.
        rig.cloud.advance(Duration::from_secs(3600)).expect("time goes on");
        let (plan, outcome) = rig.apply_as(&text, &adopt).expect("it is taken over");
        assert_eq!((plan.counts().add, plan.counts().destroy), (0, 0), "{}", path.display());
        assert_eq!(outcome.imported, plan.changes.len(), "{}", path.display());
        assert!(rig.plan(&text).expect("a plan").is_empty(), "{}", path.display());
        assert_eq!(rig.inventory(), before, "{}", path.display());
        done(&rig, &text, &Wanted { destroy: true, allow_data_loss: true, ..Wanted::default() });
        assert_eq!(rig.inventory(), [], "{}", path.display());
    }
}

#[test]
fn nothing_is_taken_over_only_to_be_destroyed() {
    let sandbox = shop("name: shop\nqueues: {orders: {}}\n");
    for flags in [&["plan", "--destroy", "--adopt"][..], &["destroy", "--adopt", "--yes"]] {
        let said = sandbox.refused(flags, "E0212");
        assert!(said.contains("evstack apply --adopt"), "{said}");
    }
}

/// A route and a subscription have no tags: they are known by what they are, or not at all.
#[test]
fn what_has_no_tags_is_taken_only_as_it_is_declared() {
    let stack = |key: &str| {
        format!(
            "name: shop\ntopics: {{news: {{}}}}\nqueues: {{mail: {{}}}}\nresources:\n  \
             take: {{type: AWS::SNS::Subscription, properties: {{TopicArn: '${{topic.news.TopicArn}}', Protocol: sqs, \
             Endpoint: '${{queue.mail.Arn}}', RawMessageDelivery: {key}}}}}\n"
        )
    };
    let sandbox = shop(&stack("true"));
    let served = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    let before = served.inventory();
    lose(&sandbox);
    sandbox.write("evstack.yaml", &stack("false"));
    let plan = sandbox.ok(&["plan", "--adopt"]);
    assert!(
        plan.stdout.contains("resource.take (AWS::SNS::Subscription) will be created"),
        "{}",
        plan.stdout
    );
    assert!(plan.stderr.contains("warning[E0513]"), "{}", plan.stderr);
    let command = plan.stderr.split("meant: `evstack ").nth(1).expect("a command");
    let command: Vec<&str> = command.split('`').next().expect("its end").split(' ').collect();
    sandbox.ok(&command);
    sandbox.ok(&["apply", "--adopt", "--yes"]);
    assert!(sandbox.ok(&["plan"]).stdout.contains(NOTHING));
    assert_eq!(served.inventory(), before);
}

/// It is recorded before it is changed, so that a change which fails is only left to do.
#[test]
fn what_is_taken_over_is_ours_though_its_change_fails() {
    let rig = Rig::new(&json!({}), 1);
    let state = json!({"QueueName": "orders", "DelaySeconds": 5}).to_string();
    let input = json!({"TypeName": "AWS::SQS::Queue", "DesiredState": state});
    let identifier = rig.change("CreateResource", &input).expect("it is made");
    let stack = "name: shop\nqueues: {orders: {name: orders, retention: 1h, deadLetter: false}}\n";
    rig.set_profile(&json!({"faults_before": 1.0}));
    let adopt = Wanted { adopt: true, ..Wanted::default() };
    let (_, outcome) = rig.try_apply(stack, &adopt).expect("a plan");
    assert_eq!((outcome.failures.len(), outcome.imported), (1, 0));
    let recorded = rig.state(&rig.load(stack).expect("a stack")).resources;
    assert_eq!(recorded[&"queue.orders".into()].identifier, identifier);
    rig.set_profile(&json!({}));
    let (plan, outcome) = rig.apply(stack).expect("it is changed");
    assert_eq!((plan.counts().change, outcome.changed, outcome.added), (1, 1, 0));
    assert!(rig.plan(stack).expect("a plan").is_empty());
    assert_eq!(rig.get("AWS::SQS::Queue", &identifier).expect("it is there")["DelaySeconds"], 5);
}

#[test]
fn what_was_let_go_of_is_found_again() {
    let sandbox = shop("name: shop\nqueues: {orders: {}}\napis: {}\ntopics: {news: {}}\n");
    sandbox.ok(&["apply", "--yes"]);
    sandbox.ok(&["state", "rm", "queue.orders"]);
    let plan = sandbox.ok(&["plan", "--adopt", "--json"]).json();
    let found = actions(&plan);
    let of = |address: &str| found.iter().find(|(a, _)| a == address).map(|(_, action)| action.as_str());
    assert_eq!(of("queue.orders"), Some("import by name"));
    assert_eq!(of("topic.news"), Some("no-op"));
    assert!(sandbox.ok(&["plan"]).stdout.contains("2 to add"), "nothing is looked for unasked");
}

/// What was replaced, and what a failed create left, goes with the next apply.
#[test]
fn what_an_apply_will_take_away_is_not_taken_over() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", "name: shop\nqueues:\n  orders: {deadLetter: false}\n");
    sandbox.ok(&["apply", "--yes"]);
    const STATE: &str = ".evstack/state/shop.local.json";
    let mut state: Json = serde_json::from_str(&sandbox.read(STATE)).expect("JSON");
    let recorded = state["resources"][0].clone();
    let queue = recorded["identifier"].as_str().expect("a URL").to_owned();
    assert!(queue.starts_with("http"), "{state}");
    state["resources"] = json!([]);
    state["leftovers"] = json!([{"address": "queue.orders", "type": "AWS::SQS::Queue", "identifier": queue, "why": "replaced"}]);
    sandbox.write(STATE, &state.to_string());
    let said = sandbox.refused(&["import", "queue.orders", &queue], "E0511");
    assert!(said.contains("the next apply takes it away"), "{said}");
    let stack =
        format!("name: shop\nqueues:\n  orders: {{deadLetter: false, options: {{import: '{queue}'}}}}\n");
    sandbox.write("evstack.yaml", &stack);
    let said = sandbox.refused(&["plan"], "E0511");
    assert!(said.contains("the next apply takes it away"), "{said}");
}

#[test]
fn what_an_apply_will_take_away_is_in_its_plan() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "evstack.yaml",
        "name: shop\nqueues:\n  orders: {deadLetter: false}\n  old: {deadLetter: false}\n",
    );
    sandbox.ok(&["apply", "--yes"]);
    const STATE: &str = ".evstack/state/shop.local.json";
    let mut state: Json = serde_json::from_str(&sandbox.read(STATE)).expect("JSON");
    let resources = state["resources"].as_array_mut().expect("a list");
    let at = resources.iter().position(|one| one["address"] == "queue.old").expect("recorded");
    let queue = resources.remove(at)["identifier"].clone();
    state["leftovers"] = json!([{"address": "queue.orders", "type": "AWS::SQS::Queue", "identifier": queue, "why": "replaced"}]);
    sandbox.write(STATE, &state.to_string());
    sandbox.write("evstack.yaml", "name: shop\nqueues:\n  orders: {deadLetter: false}\n");
    let run = sandbox.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(run.code, 2, "{} {}", run.stdout, run.stderr);
    for words in [
        "# queue.orders (AWS::SQS::Queue) will be destroyed",
        "was replaced by an earlier run, and is still to be deleted",
        "Plan: 0 to add, 0 to change, 1 to destroy.",
        "lost with it: ",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    let plan = sandbox.ok(&["plan", "--json"]).json();
    let changes = plan["resource_changes"].as_array().expect("a list");
    let left: Vec<&Json> = changes.iter().filter(|change| change["deposed"] == queue).collect();
    assert_eq!((left.len(), plan["applyable"].as_bool()), (1, Some(true)), "{plan}");
    assert_eq!(left[0]["change"]["actions"], json!(["delete"]));
    assert_eq!(left[0]["action_reason"], "delete_because_replaced");
    for flag in ["--markdown", "--html"] {
        let told = sandbox.ok(&["plan", flag]).stdout;
        assert!(told.contains("is still to be deleted") && told.contains("1 to destroy"), "{told}");
    }
    sandbox.ok(&["plan", "--out", "saved.plan"]);
    let run = sandbox.ok(&["apply", "saved.plan"]);
    assert!(run.stdout.contains("0 added, 0 changed, 1 destroyed"), "{}", run.stdout);
    assert!(sandbox.ok(&["plan", "--detailed-exitcode"]).stdout.contains(NOTHING));
}

/// An undecided create, and the import that decides it.
#[test]
fn an_import_that_is_killed_leaves_what_it_decides_undecided_or_recorded() {
    const STACK: &str = "name: shop\nresources:\n  logs: {type: AWS::Logs::LogGroup}\n";
    let rig = Rig::new(&json!({}), 1);
    let group = "AWS::Logs::LogGroup";
    let identifier = rig
        .change("CreateResource", &json!({"TypeName": group, "DesiredState": r#"{"LogGroupName": "it"}"#}))
        .expect("it is made");
    let loaded = rig.load(STACK).expect("a stack");
    let locked = rig.lock(&loaded);
    let address = loaded.resolved.resources[0].address.clone();
    let operation = Box::new(Operation {
        id: 1,
        verb: Verb::Create,
        address: address.clone(),
        type_name: TypeName::new(group),
        identifier: None,
        client_token: "t".to_owned(),
        began: 1,
        request_token: None,
        declared: None,
        deposes: false,
        leftover: false,
        undecided: false,
    });
    locked.append(Entry::Begin { operation }).expect("written");
    locked.append(Entry::Undecided { id: 1 }).expect("written");
    let imported = rig.wait(import(&loaded, &locked, &rig.provider, (&address, &identifier), false));
    assert!(imported.is_ok(), "{imported:?}");
    drop(locked);
    let journal = fs::read_to_string(rig.folder().join("shop.local.journal")).expect("a journal");
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    let mut seen = Vec::new();
    // The run itself, the begin, and that it is undecided, are there.
    for killed in 3..=lines.len() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("shop.local.journal"), lines[..killed].concat()).expect("written");
        let state = open_read(folder.path(), &Key::new("shop", "local")).expect("readable").state;
        seen.push((state.operations.len(), state.resources.len()));
    }
    assert_eq!(seen, [(1, 0), (0, 1)]);
}
