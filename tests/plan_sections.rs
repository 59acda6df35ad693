//! What a plan says after its resources: whom it is shown to, and that the counted calls are those
//! that are made.

mod common;
#[path = "common/rig.rs"]
mod rig;

use common::Sandbox;
use evstack::plan::calls;
use evstack::schema::Catalogue;
use rig::Rig;
use serde_json::json;
use std::collections::BTreeMap;

const SHOP: &str = "\
name: shop
queues:
  orders: {deadLetter: false}
  parcels: {deadLetter: false}
topics:
  told: {displayName: Told}
resources:
  worker:
    type: AWS::IAM::Role
    properties:
      RoleName: worker
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - {Effect: Allow, Action: 'sqs:SendMessage', Resource: \"${queue.parcels.Arn}\"}
";

#[test]
fn sections_stand_in_text_and_json_and_quiet_leaves_them_out() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    let text = sandbox.ok(&["plan"]).stdout;
    let (iam, rest) =
        text.split_once("IAM changes:\n").expect("a table").1.split_once("Cost in calls: ").expect("calls");
    let row = iam.lines().find(|line| line.contains("sqs:SendMessage") && line.contains("resource.worker"));
    let row = row.expect("the role's grant");
    assert!(row.starts_with("  + resource.worker "), "{row}");
    assert!(row.contains("queue.parcels") && row.ends_with("evstack.yaml:18"), "{row}");
    assert!(rest.contains("\nPlan: 4 to add, 0 to change, 0 to destroy.\n"), "{rest}");
    // In process nothing takes time.
    assert!(rest.starts_with("about 12 API calls (4 creates, 4 polls, 4 reads).\n"), "{rest}");

    let document = sandbox.ok(&["plan", "--json"]).json();
    let own = &document["evstack"];
    assert_eq!(
        own["calls"],
        json!({"create": 4, "update": 0, "delete": 0, "poll": 4, "read": 4, "total": 12})
    );
    let grant = own["iam"].as_array().expect("a list").iter().find(|row| row["sort"] == "identity");
    assert_eq!(
        grant.expect("the role's grant"),
        &json!({
            "action": "add",
            "sort": "identity",
            "who": {"except": false, "names": ["resource.worker"]},
            "effect": "allow",
            "actions": {"except": false, "names": ["sqs:SendMessage"]},
            "resources": {"except": false, "names": ["queue.parcels"]},
            "conditions": [],
            "broad": [],
            "address": "resource.worker",
            "pointer": "/Policies/0/PolicyDocument",
            "place": "evstack.yaml:18:13",
        })
    );
    assert!(own.get("permissions").is_none() && own.get("flow").is_none());

    assert!(!sandbox.ok(&["plan", "--quiet"]).stdout.contains("IAM changes"));
    let applied = sandbox.ok(&["apply", "--yes"]).stdout;
    assert!(applied.contains("IAM changes:") && applied.contains("Cost in calls: "), "{applied}");
    // Nothing changes: nothing to say.
    let again = sandbox.ok(&["plan"]).stdout;
    assert!(!again.contains("IAM changes") && !again.contains("Cost in calls"), "{again}");
    let destroyed = sandbox.ok(&["destroy", "--yes", "--quiet", "--allow-data-loss"]).stdout;
    assert!(!destroyed.contains("IAM changes"), "{destroyed}");
}

#[test]
fn permissions_are_printed_for_stacks_for_plans_in_files_and_as_json() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", SHOP);
    let policy = sandbox.ok(&["plan", "--permissions"]).json();
    assert_eq!(policy["Version"], "2012-10-17");
    let sids: Vec<&str> =
        policy["Statement"].as_array().expect("a list").iter().filter_map(|s| s["Sid"].as_str()).collect();
    assert_eq!(sids, ["Cloudformation", "Iam", "Iam2", "Sns", "Sqs"]);
    // As JSON it is part of the plan.
    let document = sandbox.ok(&["plan", "--permissions", "--json"]).json();
    assert_eq!(document["evstack"]["permissions"], json!([policy]));
    assert_eq!(document["format_version"], "1.2");
    // It can be saved at once, and asked for later.
    let saved = sandbox.ok(&["plan", "--permissions", "--out", "shop.plan"]).json();
    assert_eq!(saved, policy);
    assert_eq!(sandbox.ok(&["plan", "--permissions", "shop.plan"]).json(), policy);
    let document = sandbox.ok(&["plan", "--permissions", "--json", "shop.plan"]).json();
    assert_eq!(document["evstack"]["permissions"], json!([policy]));
    sandbox.refused(&["plan", "--permissions", "--destroy", "shop.plan"], "E0502");

    sandbox.ok(&["apply", "--yes"]);
    sandbox.refused(&["plan", "--permissions", "shop.plan"], "E0502");
    let all = sandbox.ok(&["plan", "--permissions", "--destroy", "--allow-data-loss"]).stdout;
    assert!(all.contains("\"sqs:DeleteQueue\"") && !all.contains("\"sqs:CreateQueue\""), "{all}");
    let one = sandbox.ok(&["plan", "--permissions", "--destroy", "--target", "resource.worker"]).stdout;
    assert!(one.contains("\"iam:DeleteRole\"") && !one.contains("\"sqs:DeleteQueue\""), "{one}");

    let empty = Sandbox::new();
    empty.write("evstack.yaml", "name: shop\n");
    let run = empty.ok(&["plan", "--permissions"]);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("no permissions are needed"), "{}", run.stderr);
}

#[test]
fn the_calls_that_are_counted_are_made() {
    let rig = Rig::new(&json!({}), 7);
    let made = |rig: &Rig| {
        let mut made: BTreeMap<String, usize> = BTreeMap::new();
        for call in rig.take_calls() {
            *made.entry(call.operation).or_default() += 1;
        }
        made
    };
    let changed = SHOP.replace("parcels: {deadLetter: false}", "parcels: {deadLetter: false, retention: 1h}");
    // A queue is changed, a queue is replaced (by name), a topic goes.
    let less = "name: shop\nqueues:\n  orders: {deadLetter: false, name: other}\n";
    // A table with an index, then with two others: one update for each.
    let table = |indexes: &[&str]| {
        let keys = ["a"].iter().chain(indexes);
        let attributes: Vec<_> =
            keys.map(|key| format!("{{AttributeName: {key}, AttributeType: S}}")).collect();
        let index = |key: &&str| {
            format!(
                "{{IndexName: by-{key}, KeySchema: [{{AttributeName: {key}, KeyType: HASH}}], \
                 Projection: {{ProjectionType: ALL}}}}"
            )
        };
        format!(
            "name: shop\nqueues:\n  orders: {{deadLetter: false, name: other}}\nresources:\n  table:\n    \
             type: AWS::DynamoDB::Table\n    properties:\n      TableName: things\n      BillingMode: PAY_PER_REQUEST\n      \
             AttributeDefinitions: [{}]\n      KeySchema: [{{AttributeName: a, KeyType: HASH}}]\n      \
             GlobalSecondaryIndexes: [{}]\n",
            attributes.join(", "),
            indexes.iter().map(index).collect::<Vec<_>>().join(", ")
        )
    };
    let (one, two) = (table(&["b"]), table(&["c", "d"]));
    let mut recorded = 0;
    for text in [SHOP, &changed, less, &one, &two] {
        let plan = rig
            .plan_as(text, &evstack::ops::plan::Wanted { allow_data_loss: true, ..Default::default() })
            .expect("a plan")
            .plan;
        let counted = calls(&plan, Catalogue::bundled(), None);
        rig.take_calls();
        let wanted = evstack::ops::plan::Wanted { allow_data_loss: true, ..Default::default() };
        let _ = rig.apply_as(text, &wanted).expect("it is applied");
        let mut made = made(&rig);
        // The apply looks first at what is recorded.
        *made.entry("GetResource".to_owned()).or_default() -= recorded;
        let of = |operation: &str| made.get(operation).copied().unwrap_or(0);
        assert_eq!(
            [counted.create, counted.update, counted.delete, counted.poll, counted.read],
            [
                of("CreateResource"),
                of("UpdateResource"),
                of("DeleteResource"),
                of("GetResourceRequestStatus"),
                of("GetResource"),
            ],
            "{made:?}"
        );
        assert!(!counted.is_empty());
        recorded = plan.changes.iter().filter(|change| change.after.is_some()).count();
    }
}
