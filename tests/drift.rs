//! `evstack drift`, against changes that somebody else made.

mod common;

use bytes::Bytes;
use common::{Sandbox, until};
use evstack::local::{Cloud, OpenError, Options};
use serde_json::{Value as Json, json};
use std::path::Path;

const STACK: &str = "\
name: drifting
queues:
  orders: { visibilityTimeout: 45s, deadLetter: false }
  audit: { deadLetter: false }
resources:
  group:
    type: AWS::Logs::LogGroup
    properties: { LogGroupName: /drifting, RetentionInDays: 7 }
";

/// One call of somebody with a client of their own.
fn ask(cloud: &Cloud, operation: &str, input: &Json) -> Json {
    let request = http::Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("CloudApiService.{operation}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, \
             SignedHeaders=host, Signature=00",
        )
        .body(Bytes::from(input.to_string()))
        .expect("a request");
    let answer = cloud.handle(&request);
    assert_eq!(answer.status(), 200, "{:?}", answer.body());
    serde_json::from_slice(answer.body()).expect("JSON")
}

/// A process that another test is just starting has this one's files for a moment, and so its lock.
fn opened(folder: &Path) -> Cloud {
    let mut cloud = None;
    until("the cloud can be opened", || match Cloud::open(Some(folder), Options::default()) {
        Err(OpenError::Taken { .. }) => false,
        opened => {
            cloud = Some(opened.expect("opens"));
            true
        }
    });
    cloud.expect("opened")
}

/// What somebody does by hand while nothing of evstack runs, to its end.
fn by_hand(sandbox: &Sandbox, operation: &str, input: &Json) {
    let cloud = opened(&sandbox.path(".evstack/local"));
    let mut said = ask(&cloud, operation, input);
    until("it is done", || {
        let token = said["ProgressEvent"]["RequestToken"].clone();
        said = ask(&cloud, "GetResourceRequestStatus", &json!({ "RequestToken": token }));
        said["ProgressEvent"]["OperationStatus"] != "IN_PROGRESS"
            && said["ProgressEvent"]["OperationStatus"] != "PENDING"
    });
    assert_eq!(said["ProgressEvent"]["OperationStatus"], "SUCCESS", "{said}");
}

fn identifier(sandbox: &Sandbox, address: &str) -> String {
    let rows: Json = serde_json::from_str(&sandbox.ok(&["state", "list", "--json"]).stdout).expect("JSON");
    let row = rows.as_array().expect("rows").iter().find(|row| row["address"] == address).expect("recorded");
    row["identifier"].as_str().expect("an identifier").to_owned()
}

fn patch(sandbox: &Sandbox, type_name: &str, address: &str, operations: &Json) {
    let identifier = identifier(sandbox, address);
    by_hand(
        sandbox,
        "UpdateResource",
        &json!({"TypeName": type_name, "Identifier": identifier, "PatchDocument": operations.to_string()}),
    );
}

fn applied() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", STACK);
    sandbox.ok(&["apply", "--yes"]);
    sandbox
}

#[test]
fn nothing_drifts_by_itself() {
    let sandbox = applied();
    let run = sandbox.ok(&["drift"]);
    assert!(run.stdout.contains("No drift."), "{}", run.stdout);
    // Before the first apply there is nothing to compare.
    let fresh = Sandbox::new();
    fresh.write("evstack.yaml", STACK);
    let nothing = fresh.ok(&["drift"]);
    assert!(nothing.stdout.contains("No drift."));
    // A lost state is no good news.
    assert!(
        nothing.stderr.contains("in `local` is recorded: there is nothing to look at."),
        "{}",
        nothing.stderr
    );
    assert!(fresh.ok(&["state", "list"]).stderr.contains("Nothing is recorded."));
    assert!(fresh.ok(&["output"]).stderr.contains("No outputs are recorded."));
}

#[test]
fn changed_undeclared_and_deleted_are_told_apart() {
    let sandbox = applied();
    let queue = "AWS::SQS::Queue";
    patch(
        &sandbox,
        queue,
        "queue.orders",
        &json!([{"op": "add", "path": "/VisibilityTimeout", "value": 60}]),
    );
    patch(&sandbox, queue, "queue.audit", &json!([{"op": "add", "path": "/DelaySeconds", "value": 9}]));
    let group = json!({"TypeName": "AWS::Logs::LogGroup", "Identifier": "/drifting"});
    by_hand(&sandbox, "DeleteResource", &group);

    let before = sandbox.read(".evstack/state/drifting.local.json");
    let run = sandbox.run(&["drift"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    for line in [
        "  ~ queue.orders (AWS::SQS::Queue) was changed outside of evstack\n      ~ VisibilityTimeout = 45 -> 60\n",
        "  ~ queue.audit (AWS::SQS::Queue) was changed where nothing is declared; no plan will act on it\n",
        "resource.group (AWS::Logs::LogGroup) was deleted outside of evstack\n",
        "Drift: 1 changed, 1 changed where nothing is declared, 1 deleted.\n",
    ] {
        assert!(run.stdout.contains(line), "{line}\n---\n{}", run.stdout);
    }
    assert_eq!(sandbox.read(".evstack/state/drifting.local.json"), before, "nothing is written");

    let run = sandbox.run(&["drift", "--json"]);
    assert_eq!(run.code, 2);
    let document: Json = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        document["summary"],
        json!({
            "looked_at": 3, "changed": 1, "undeclared": 1, "deleted": 1, "unverifiable": 0, "ignored": 0,
        })
    );
    let orders =
        document["resources"].as_array().expect("a list").iter().find(|r| r["address"] == "queue.orders");
    let changed = &orders.expect("it is there")["changed"];
    assert_eq!(*changed, json!([{"path": "VisibilityTimeout", "before": 45, "after": 60}]));

    // A plan acts on what was declared, and never on what nobody declared.
    sandbox.ok(&["apply", "--yes"]);
    let run = sandbox.run(&["drift"]);
    assert!(!run.stdout.contains("queue.orders") && run.stdout.contains("queue.audit"), "{}", run.stdout);
}

#[test]
fn every_stack_that_was_applied_has_no_drift() {
    let sandbox = Sandbox::with_stacks();
    let mut write_only = String::new();
    for stack in
        ["stacks/reviews.yaml", "examples/02-rules.toml", "examples/03-machines.yaml", "examples/06-api.yaml"]
    {
        sandbox.ok(&["apply", stack, "--yes"]);
        let run = sandbox.run(&["drift", stack]);
        assert_eq!(run.code, 0, "{stack}\n{}{}", run.stdout, run.stderr);
        write_only.push_str(&run.stdout);
    }
    // What a pipe's parameters are, nobody can say.
    assert!(
        write_only.contains("Cannot be verified") && write_only.contains("TargetParameters"),
        "{write_only}"
    );
}

/// A topic's read lists who is subscribed: those of the stack belong there, anybody else doesn't.
#[test]
fn a_subscription_of_somebody_else_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "evstack.yaml",
        "name: listeners\nqueues: { ours: { deadLetter: false }, theirs: { deadLetter: false } }\n\
         topics: { news: { subscribe: [{ queue: queue.ours }] } }\n",
    );
    sandbox.ok(&["apply", "--yes"]);
    assert!(sandbox.ok(&["drift"]).stdout.contains("No drift."));
    let topic = identifier(&sandbox, "topic.news");
    let queue = topic.replace(":sns:", ":sqs:").replace("news", "theirs");
    let desired = json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue}).to_string();
    by_hand(
        &sandbox,
        "CreateResource",
        &json!({"TypeName": "AWS::SNS::Subscription", "DesiredState": desired}),
    );
    let run = sandbox.run(&["drift"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("topic.news (AWS::SNS::Topic) was changed where nothing"), "{}", run.stdout);
    assert!(run.stdout.contains("theirs") && !run.stdout.contains("queue.ours"), "{}", run.stdout);
}

/// Lists that are declared in part, and properties beside them: what others added stays told,
/// whatever is applied meanwhile, until it is gone.
#[test]
fn what_others_added_is_told_also_after_an_apply() {
    let sandbox = Sandbox::new();
    let stack = |minutes: u32| {
        format!(
            "name: adding\nqueues: {{ orders: {{ deadLetter: false }} }}\nresources:\n  role:\n    \
             type: AWS::IAM::Role\n    properties:\n      RoleName: adding\n      MaxSessionDuration: {}\n      \
             AssumeRolePolicyDocument: {{ Version: '2012-10-17', Statement: [{{ Effect: Allow, Action: 'sts:AssumeRole', Principal: {{ Service: events.amazonaws.com }} }}] }}\n      Policies:\n        \
             - {{ PolicyName: ours, PolicyDocument: {{ Version: '2012-10-17', Statement: [{{ Effect: Allow, Action: 'sqs:*', Resource: '*' }}] }} }}\n  rule:\n    \
             type: AWS::Events::Rule\n    properties:\n      Name: adding\n      Description: '{minutes}'\n      \
             EventPattern: {{ source: [a] }}\n      Targets: [{{ Id: ours, Arn: \"${{queue.orders.Arn}}\" }}]\n",
            minutes * 60
        )
    };
    sandbox.write("evstack.yaml", &stack(60));
    sandbox.ok(&["apply", "--yes"]);
    assert!(sandbox.ok(&["drift"]).stdout.contains("No drift."));
    let theirs = json!({"PolicyName": "theirs", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:*", "Resource": "*"}]}});
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let added = json!([
        {"op": "add", "path": "/Policies/-", "value": theirs},
        {"op": "add", "path": "/ManagedPolicyArns", "value": [arn]},
    ]);
    patch(&sandbox, "AWS::IAM::Role", "resource.role", &added);
    let target = json!({"Id": "theirs", "Arn": "arn:aws:sqs:us-east-1:000000000000:theirs"});
    let added = json!([{"op": "add", "path": "/Targets/-", "value": target}]);
    patch(&sandbox, "AWS::Events::Rule", "resource.rule", &added);

    let tells = |when: &str| {
        let run = sandbox.run(&["drift", "--json"]);
        assert_eq!(run.code, 2, "{when}: {}{}", run.stdout, run.stderr);
        let document = run.json();
        let undeclared = |address: &str| {
            let rows = document["resources"].as_array().expect("rows");
            let row = rows.iter().find(|r| r["address"] == address).expect("told");
            assert_eq!(row["changed"], json!([]), "{when}");
            let paths = row["undeclared"].as_array().expect("paths");
            paths.iter().map(|p| p["path"].as_str().expect("a path").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(undeclared("resource.role"), ["ManagedPolicyArns", "Policies[1]"], "{when}");
        assert_eq!(undeclared("resource.rule"), ["Targets[1]"], "{when}");
    };
    tells("at once");
    sandbox.write("evstack.yaml", &stack(61));
    let run = sandbox.ok(&["apply", "--yes"]);
    assert!(run.stdout.contains("2 changed"), "{}", run.stdout);
    tells("after an update");
    sandbox.write("evstack.yaml", &stack(62));
    sandbox.ok(&["apply", "--yes"]);
    tells("after another");
    // Gone by the hand that added it.
    let removed = json!([
        {"op": "remove", "path": "/Policies/1"}, {"op": "remove", "path": "/ManagedPolicyArns"},
    ]);
    patch(&sandbox, "AWS::IAM::Role", "resource.role", &removed);
    patch(&sandbox, "AWS::Events::Rule", "resource.rule", &json!([{"op": "remove", "path": "/Targets/1"}]));
    let run = sandbox.run(&["drift"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

/// Changed, changed where nothing is declared, deleted.
fn drifted() -> Sandbox {
    let sandbox = applied();
    let queue = "AWS::SQS::Queue";
    let longer = json!([{"op": "add", "path": "/VisibilityTimeout", "value": 60}]);
    patch(&sandbox, queue, "queue.orders", &longer);
    patch(&sandbox, queue, "queue.audit", &json!([{"op": "add", "path": "/DelaySeconds", "value": 9}]));
    by_hand(
        &sandbox,
        "DeleteResource",
        &json!({"TypeName": "AWS::Logs::LogGroup", "Identifier": "/drifting"}),
    );
    sandbox
}

#[test]
fn what_is_accepted_is_silent_and_the_plan_still_goes_to_the_file() {
    let sandbox = drifted();
    let said = sandbox.refused(&["drift", "--accept"], "E0506");
    assert!(said.contains("--yes"), "{said}");
    sandbox.refused(&["drift", "--accept", "queue.nowhere", "--yes"], "E0505");
    sandbox.refused(&["drift", "--accept", "stacks/a.yaml", "--yes"], "E0505");
    let run = sandbox.ok(&["drift", "--accept", "queue.audit", "--yes"]);
    for line in ["queue.audit: the next plan leaves it as it is\n", "Accepted: 1 resource.", ".backup"] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    let run = sandbox.run(&["drift"]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("Drift: 1 changed, 0 changed where nothing is declared, 1 deleted."));
    let run = sandbox.ok(&["drift", "--accept", "--yes", "--json"]).json();
    let expected = json!([
        {"address": "queue.orders", "next": "the next plan will update it (VisibilityTimeout)"},
        {"address": "resource.group", "next": "the next plan will create it"},
    ]);
    assert_eq!(run["accepted"], expected);
    assert!(sandbox.ok(&["drift"]).stdout.contains("No drift."));
    let plan = sandbox.ok(&["plan"]).stdout;
    assert!(plan.contains("~ VisibilityTimeout = 60 -> 45"), "{plan}");
    assert!(plan.contains("Plan: 1 to add, 1 to change, 0 to destroy."), "{plan}");
    // What was accepted stays ours: taken from the file, it goes back to the service's default.
    sandbox.edit("evstack.yaml", "visibilityTimeout: 45s, ", "");
    let plan = sandbox.ok(&["plan"]).stdout;
    assert!(plan.contains("- VisibilityTimeout = 60 -> null"), "{plan}");
    let run = sandbox.ok(&["drift", "--accept"]);
    assert!(run.stdout.contains("No drift."), "with nothing to accept there is nothing to ask");
}

#[test]
fn a_revert_goes_back_to_the_record() {
    let sandbox = drifted();
    // The stack file says something else by now: that is for an apply.
    sandbox.edit("evstack.yaml", "visibilityTimeout: 45s", "visibilityTimeout: 50s");
    sandbox.refused(&["drift", "--revert"], "E0506");
    let run = sandbox.ok(&["drift", "--revert", "--yes"]);
    for line in [
        "~ VisibilityTimeout = 60 -> 45",
        "Plan: 1 to add, 1 to change, 0 to destroy.",
        "Revert complete! Resources: 1 added, 1 changed, 0 destroyed.",
    ] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    for words in [
        "`queue.orders` goes back to what the record says",
        "`queue.audit` DelaySeconds stays as it is: nothing is declared there; `--undeclared`",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let run = sandbox.run(&["drift"]);
    assert!(run.stdout.contains("Drift: 0 changed, 1 changed where nothing is declared, 0 deleted."));
    let run = sandbox.ok(&["drift", "--revert", "queue.audit", "--undeclared", "--yes"]);
    assert!(run.stdout.contains("~ DelaySeconds = 9 -> 0"), "{}", run.stdout);
    assert!(!run.stdout.contains("--target"), "nobody gave that flag: {}", run.stdout);
    assert!(sandbox.ok(&["drift"]).stdout.contains("No drift."));
    // It isn't ours for that: the next plan knows nothing of it.
    let plan = sandbox.ok(&["plan"]).stdout;
    assert!(plan.contains("~ VisibilityTimeout = 45 -> 50") && !plan.contains("DelaySeconds"), "{plan}");
    assert!(plan.contains("Plan: 0 to add, 1 to change, 0 to destroy."), "{plan}");
    let lines = sandbox.ok(&["drift", "--revert", "--yes", "--json"]).stdout;
    assert!(lines.lines().all(|line| serde_json::from_str::<Json>(line).is_ok()), "{lines}");
}

#[test]
fn what_others_added_can_be_taken_away() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "evstack.yaml",
        "name: adding\nqueues: { orders: { deadLetter: false } }\nresources:\n  rule:\n    type: AWS::Events::Rule\n    \
         properties:\n      Name: adding\n      EventPattern: { source: [a] }\n      \
         Targets: [{ Id: ours, Arn: \"${queue.orders.Arn}\" }]\n",
    );
    sandbox.ok(&["apply", "--yes"]);
    let target = json!({"Id": "theirs", "Arn": "arn:aws:sqs:us-east-1:000000000000:theirs"});
    let added = json!([
        {"op": "add", "path": "/Targets/-", "value": target},
        {"op": "add", "path": "/Description", "value": "theirs"},
    ]);
    patch(&sandbox, "AWS::Events::Rule", "resource.rule", &added);
    assert_eq!(sandbox.run(&["drift"]).code, 2);
    let run = sandbox.ok(&["drift", "--revert", "--undeclared", "--yes"]);
    assert!(run.stdout.contains("Revert complete! Resources: 0 added, 1 changed"), "{}", run.stdout);
    assert!(sandbox.ok(&["drift"]).stdout.contains("No drift."));
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 0);
}

/// Who refers to what was made anew follows it, and secrets are taken from where they still are.
#[test]
fn what_is_made_again_is_followed_by_those_that_refer_to_it() {
    let sandbox = Sandbox::new();
    let stack = "name: anew\nconfig: { token: { secret: true } }\nresources:\n  api:\n    \
                 type: AWS::ApiGatewayV2::Api\n    properties: { Name: anew, ProtocolType: HTTP }\n  note:\n    \
                 type: AWS::SSM::Parameter\n    properties: { Type: String, Name: note, Value: \"${resource.api.ApiId}\" }\n  \
                 secret:\n    type: AWS::SSM::Parameter\n    properties: { Type: String, Name: secret, Value: \"${config.token}\" }\n\
                 outputs: { id: \"${resource.api.ApiId}\" }\n";
    sandbox.write("evstack.yaml", stack);
    let given = |token: &'static str| ["--config", token];
    sandbox.ok(&[&["apply", "--yes"][..], &given("token=hush-hush")].concat());
    let was = identifier(&sandbox, "resource.api");
    by_hand(&sandbox, "DeleteResource", &json!({"TypeName": "AWS::ApiGatewayV2::Api", "Identifier": was}));
    by_hand(&sandbox, "DeleteResource", &json!({"TypeName": "AWS::SSM::Parameter", "Identifier": "secret"}));
    let refused = [&["drift", "--revert", "--yes"][..], &given("token=another")].concat();
    let said = sandbox.refused(&refused, "E0520");
    assert!(said.contains("`resource.secret` has a secret"), "{said}");
    let run = sandbox.ok(&[&["drift", "--revert", "--yes"][..], &given("token=hush-hush")].concat());
    assert!(run.stdout.contains("2 added, 1 changed, 0 destroyed."), "{}", run.stdout);
    assert!(!run.stdout.contains("hush"), "{}", run.stdout);
    let is = identifier(&sandbox, "resource.api");
    assert_ne!(was, is);
    assert_eq!(sandbox.ok(&["output", "id"]).stdout, format!("{is}\n"));
    let plan = [&["plan", "--detailed-exitcode"][..], &given("token=hush-hush")].concat();
    let run = sandbox.run(&plan);
    assert_eq!(run.code, 0, "{}", run.stdout);
    sandbox.ok(&[&["drift"][..], &given("token=hush-hush")].concat());
}

#[test]
fn what_the_stack_file_ignores_is_named_and_doesnt_count() {
    let sandbox = applied();
    let ignoring = |until: &str, property: &str| {
        format!(
            "{STACK}drift:\n  ignore:\n    - {{ address: queue.a*, property: {property}, reason: scaled by hand{until} }}\n"
        )
    };
    let slower = json!([{"op": "add", "path": "/DelaySeconds", "value": 9}]);
    patch(&sandbox, "AWS::SQS::Queue", "queue.audit", &slower);
    sandbox.write("evstack.yaml", &ignoring(", until: 2999-12-31", "DelaySeconds"));
    let run = sandbox.ok(&["drift"]);
    assert!(run.stdout.contains("No drift.\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains("Ignored, as `drift.ignore` asks: queue.audit DelaySeconds.\n"),
        "{}",
        run.stdout
    );
    let document = sandbox.ok(&["drift", "--json"]).json();
    let expected = json!([{
        "address": "queue.audit", "path": "DelaySeconds", "before": 0, "after": 9, "declared": false,
        "reason": "scaled by hand", "until": "2999-12-31",
    }]);
    assert_eq!((&document["ignored"], &document["summary"]["ignored"]), (&expected, &json!(1)));

    // What is ignored is neither accepted nor set back.
    let longer = json!([{"op": "add", "path": "/VisibilityTimeout", "value": 60}]);
    patch(
        &sandbox,
        "AWS::SQS::Queue",
        "queue.audit",
        &json!([{"op": "add", "path": "/MaximumMessageSize", "value": 2048}]),
    );
    patch(&sandbox, "AWS::SQS::Queue", "queue.orders", &longer);
    sandbox.ok(&["drift", "--accept", "queue.audit", "--yes"]);
    sandbox.ok(&["drift", "--revert", "--undeclared", "--yes"]);
    assert!(sandbox.ok(&["drift"]).stdout.contains("queue.audit DelaySeconds.\n"));
    // Once the day is over, it is told again.
    sandbox.write("evstack.yaml", &ignoring(", until: 2020-01-31", "DelaySeconds"));
    let run = sandbox.run(&["drift"]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(run.stdout.contains("~ DelaySeconds = 0 -> 9") && !run.stdout.contains("MaximumMessageSize"));
    assert!(
        run.stderr.contains("warning[E0521]") && run.stderr.contains("2020-01-31 is over"),
        "{}",
        run.stderr
    );
    sandbox.write("evstack.yaml", &ignoring("", "KmsMasterKeyId"));
    let run = sandbox.run(&["drift"]);
    assert!(run.code == 2 && run.stderr.contains("nothing that drifted is `queue.a*`"), "{}", run.stderr);
    for (entry, code) in [
        ("{ address: queue.audit, property: DelaySeconds }", "E0203"),
        ("{ address: queue.audit, property: DelaySeconds, reason: x, untill: 2999-12-31 }", "E0201"),
        ("{ address: queue.audit, property: DelaySeconds, reason: x, until: tomorrow }", "E0211"),
        ("{ address: 'queue audit', property: DelaySeconds, reason: x }", "E0211"),
        ("{ address: queue.audit, property: [1], reason: x }", "E0202"),
        ("queue.audit", "E0202"),
    ] {
        sandbox.write("evstack.yaml", &format!("{STACK}drift: {{ ignore: [{entry}] }}\n"));
        sandbox.refused(&["check"], code);
    }
}

#[test]
fn what_others_add_to_a_bus_and_a_machine_is_told() {
    let sandbox = Sandbox::new();
    let stack = "name: adding\nbuses: { shop: {} }\nqueues: { orders: { deadLetter: false } }\nstateMachines:\n  \
                 packing:\n    definition: { StartAt: Done, States: { Done: { Type: Succeed } } }\n";
    sandbox.write("evstack.yaml", stack);
    sandbox.ok(&["apply", "--yes"]);
    let run = sandbox.ok(&["drift"]);
    assert!(run.stdout.contains("No drift.") && run.stdout.contains("Not looked at:"), "{}", run.stdout);
    let bus = identifier(&sandbox, "bus.shop");
    let rule = |name: &str, tags: Json| {
        let desired = json!({
            "Name": name, "EventBusName": bus, "EventPattern": {"source": ["a"]}, "Tags": tags,
        });
        by_hand(
            &sandbox,
            "CreateResource",
            &json!({"TypeName": "AWS::Events::Rule", "DesiredState": desired.to_string()}),
        );
    };
    rule("partner", json!([{"Key": "evstack:stack", "Value": "partner"}]));
    let run = sandbox.ok(&["drift"]);
    assert!(run.stdout.contains("/partner, of the stack partner: no drift\n"), "{}", run.stdout);
    rule("stranger", json!([]));
    let version = json!({"StateMachineArn": identifier(&sandbox, "stateMachine.packing")}).to_string();
    by_hand(
        &sandbox,
        "CreateResource",
        &json!({"TypeName": "AWS::StepFunctions::StateMachineVersion", "DesiredState": version}),
    );
    let run = sandbox.run(&["drift", "--json"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    let document = run.json();
    let found: Vec<_> = document["foreign"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|f| {
            (f["address"].as_str().expect("text"), f["type"].as_str().expect("text"), f["drift"] == true)
        })
        .collect();
    let expected = [
        ("bus.shop", "AWS::Events::Rule", false),
        ("bus.shop", "AWS::Events::Rule", true),
        ("stateMachine.packing", "AWS::StepFunctions::StateMachineVersion", true),
    ];
    assert_eq!(found, expected, "{document}");
    assert_eq!(document["drifted"], true);
    assert_eq!(sandbox.run(&["drift", "--foreign=false"]).code, 0);
    let ignoring = "drift:\n  ignore:\n    - { address: bus.shop, property: 'AWS::Events::Rule', reason: open to all }\n    \
                    - { address: '*', property: 'AWS::StepFunctions::StateMachineVersion', reason: released by hand }\n";
    sandbox.write("evstack.yaml", &format!("{stack}{ignoring}"));
    let run = sandbox.ok(&["drift"]);
    assert!(!run.stdout.contains("Added by others") && run.stderr.is_empty(), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_stack_after_the_addresses_is_the_stack() {
    let sandbox = Sandbox::new();
    for name in ["one", "two"] {
        let text = format!("name: {name}\nqueues: {{orders: {{deadLetter: false}}}}\n");
        sandbox.write(&format!("stacks/{name}.yaml"), &text);
    }
    sandbox.ok(&["apply", "--yes"]);
    for flag in ["--accept", "--revert"] {
        sandbox.refused(&["drift", "--yes", flag, "queue.orders"], "E0605");
        let run = sandbox.run(&["drift", "--yes", flag, "queue.orders", "stacks/two.yaml"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        // A stack that was named already leaves the rest to be addresses.
        let run = sandbox.run(&["drift", "stacks/one.yaml", "--yes", flag, "stacks/two.yaml"]);
        assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("`stacks/two.yaml` isn't an address"), "{}", run.stderr);
    }
}
