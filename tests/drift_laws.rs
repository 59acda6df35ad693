//! Random changes by somebody else, against a model of them: drift tells exactly those; what is
//! accepted is silent and left to the plan; what is reverted is as it was. `EVSTACK_DRIFT_CASES=500
//! cargo test --test drift_laws` runs more of them; a failing case prints its seed.

#[path = "common/rig.rs"]
mod rig;

use evstack::apply::{self, Job, Means};
use evstack::model::{Action, Address};
use evstack::ops::drift::{Look, accept, look, revert};
use evstack::ops::plan::{Wanted, plan};
use evstack::plan::Plan;
use evstack::provider::Clock;
use evstack::schema::Catalogue;
use rig::Rig;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const STACK: &str = "\
name: laws
resources:
  queue:
    type: AWS::SQS::Queue
    properties: { QueueName: laws, VisibilityTimeout: 45, Tags: [{ Key: ours, Value: '1' }] }
  group:
    type: AWS::Logs::LogGroup
    properties: { LogGroupName: /laws, RetentionInDays: 7 }
  rule:
    type: AWS::Events::Rule
    properties:
      Name: laws
      Description: ours
      EventPattern: { source: [laws] }
      Targets: [{ Id: ours, Arn: \"${resource.queue.Arn}\" }]
  role:
    type: AWS::IAM::Role
    properties:
      RoleName: laws
      MaxSessionDuration: 3600
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Action: 'sts:AssumeRole', Principal: { Service: events.amazonaws.com } }]
  note:
    type: AWS::SSM::Parameter
    properties: { Type: String, Name: laws, Value: ours }
outputs: { url: \"${resource.queue.QueueUrl}\" }
";

/// SplitMix64: the same seed, the same afternoon.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// What somebody may do to a resource: whether it is declared, the patch, the property that shows it.
type Deed = (bool, fn(u64) -> Json, &'static str);

fn set(path: &'static str, value: Json) -> Json {
    json!([{ "op": "add", "path": path, "value": value }])
}

/// Address, type, and deeds that don't get in each other's way.
fn deeds() -> Vec<(&'static str, &'static str, Vec<Deed>)> {
    vec![
        (
            "resource.queue",
            "AWS::SQS::Queue",
            vec![
                (true, |n| set("/VisibilityTimeout", json!(50 + n % 9)), "VisibilityTimeout"),
                (false, |n| set("/DelaySeconds", json!(1 + n % 9)), "DelaySeconds"),
                (false, |n| set("/Tags/-", json!({"Key": "theirs", "Value": n.to_string()})), "Tags"),
            ],
        ),
        (
            "resource.group",
            "AWS::Logs::LogGroup",
            vec![(
                true,
                |n| set("/RetentionInDays", json!([14, 30, 60][(n % 3) as usize])),
                "RetentionInDays",
            )],
        ),
        (
            "resource.rule",
            "AWS::Events::Rule",
            vec![
                (true, |n| set("/Description", json!(format!("theirs {n}"))), "Description"),
                (false, |_| set("/State", json!("DISABLED")), "State"),
                (
                    false,
                    |n| {
                        let arn = format!("arn:aws:sqs:us-east-1:000000000000:theirs-{n}");
                        set("/Targets/-", json!({"Id": "theirs", "Arn": arn}))
                    },
                    "Targets",
                ),
            ],
        ),
        (
            "resource.role",
            "AWS::IAM::Role",
            vec![
                (true, |n| set("/MaxSessionDuration", json!(7200 + 60 * (n % 9))), "MaxSessionDuration"),
                (false, |n| set("/Description", json!(format!("theirs {n}"))), "Description"),
                (
                    false,
                    |_| set("/ManagedPolicyArns", json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"])),
                    "ManagedPolicyArns",
                ),
            ],
        ),
        (
            "resource.note",
            "AWS::SSM::Parameter",
            vec![(true, |n| set("/Value", json!(format!("theirs {n}"))), "Value")],
        ),
    ]
}

/// What drift has to say: address → properties.
#[derive(Debug, Default, PartialEq)]
struct Told {
    changed: BTreeMap<String, BTreeSet<String>>,
    undeclared: BTreeMap<String, BTreeSet<String>>,
    deleted: BTreeSet<String>,
}

fn told(look: &Look) -> Told {
    let mut told = Told::default();
    for row in &look.rows {
        let address = row.address.to_string();
        let Some(drifted) = &row.drifted else {
            told.deleted.insert(address);
            continue;
        };
        for (paths, map) in
            [(&drifted.changed, &mut told.changed), (&drifted.undeclared, &mut told.undeclared)]
        {
            for path in paths {
                map.entry(address.clone()).or_default().insert(path.path[0].clone());
            }
        }
    }
    told
}

/// Somebody's afternoon.
fn meddle(rig: &Rig, dice: &mut Dice, identifiers: &BTreeMap<String, String>) -> Result<Told, String> {
    let mut expected = Told::default();
    for (address, type_name, deeds) in deeds() {
        let target = json!({"TypeName": type_name, "Identifier": identifiers[address]});
        if dice.next().is_multiple_of(6) {
            rig.change("DeleteResource", &target)?;
            expected.deleted.insert(address.to_owned());
            continue;
        }
        for (declared, deed, property) in deeds {
            if dice.next().is_multiple_of(2) {
                continue;
            }
            let mut input = target.clone();
            input["PatchDocument"] = deed(dice.next() % 1_000).to_string().into();
            rig.change("UpdateResource", &input)?;
            let map = if declared { &mut expected.changed } else { &mut expected.undeclared };
            map.entry(address.to_owned()).or_default().insert(property.to_owned());
        }
    }
    Ok(expected)
}

fn actions(plan: &Plan) -> (BTreeSet<String>, BTreeSet<String>) {
    let of = |action: Action| {
        let changes = plan.changes.iter().filter(|change| change.action == action);
        changes.map(|change| change.address.to_string()).collect()
    };
    let (updates, creates) = (of(Action::Update), of(Action::Create));
    let others = plan.changes.iter().filter(|c| c.action != Action::NoOp).count();
    assert_eq!(others, BTreeSet::len(&updates) + BTreeSet::len(&creates), "nothing else is planned");
    (updates, creates)
}

fn case(seed: u64) -> Result<(), String> {
    let mut dice = Dice(seed);
    let rig = Rig::new(&json!({}), seed);
    let _first = rig.apply(STACK)?;
    let loaded = rig.load(STACK)?;
    let looked = || -> Result<Look, String> {
        let state = rig.state(&loaded);
        rig.wait(look(&loaded, &state, &rig.provider, jiff::civil::date(2026, 11, 23)))
            .map_err(|f| format!("{:?}", f.diagnostics))
    };
    let recorded = rig.state(&loaded);
    let identifiers =
        recorded.resources.values().map(|r| (r.address.to_string(), r.identifier.clone())).collect();
    assert_eq!(told(&looked()?), Told::default(), "nothing drifts by itself");
    let expected = meddle(&rig, &mut dice, &identifiers)?;
    assert_eq!(told(&looked()?), expected, "exactly what somebody did");
    let changed: BTreeSet<String> = expected.changed.keys().cloned().collect();

    if dice.next().is_multiple_of(2) {
        // The record follows; the file still says otherwise.
        let mut locked = rig.lock(&loaded);
        let entries = accept(&loaded, &locked.snapshot(), &looked()?).map_err(|d| d.message)?;
        for entry in entries {
            locked.append(entry).map_err(|d| d.message)?;
        }
        locked.compact().map_err(|d| d.message)?;
        drop(locked);
        assert_eq!(told(&looked()?), Told::default(), "what is accepted is silent");
        assert_eq!(actions(&rig.plan(STACK)?), (changed, expected.deleted), "what file and cloud differ in");
        let _to_the_file = rig.apply(STACK)?;
        assert!(rig.plan(STACK)?.is_empty());
        assert_eq!(told(&looked()?), Told::default());
        return Ok(());
    }

    // What is there follows the record.
    let undeclared = dice.next().is_multiple_of(2);
    let mut as_recorded = rig.load(STACK)?;
    let mut locked = rig.lock(&loaded);
    let state = locked.snapshot();
    let revert = revert(&mut as_recorded, &state, &looked()?, &[], undeclared)
        .map_err(|failure| format!("{:?}", failure.diagnostics))?;
    assert_eq!(revert.otherwise, Vec::<Address>::new(), "the file says what the record says");
    let wanted: Wanted = revert.wanted;
    let outcome = rig.wait(async {
        let made = plan(&as_recorded, &state, &rig.provider, &wanted).await.map_err(|f| format!("{f:?}"))?;
        let mut updates = changed.clone();
        if undeclared {
            updates.extend(expected.undeclared.keys().cloned());
        }
        assert_eq!(actions(&made.plan), (updates, expected.deleted.clone()), "nothing but what drifted");
        let resolved = &as_recorded.resolved;
        let outputs: Vec<_> = resolved.outputs.iter().map(|o| (o.name.clone(), o.value.clone())).collect();
        let job = Job {
            plan: &made.plan,
            desired: &resolved.resources,
            attributes: &resolved.attributes,
            outputs: &outputs,
            live: &made.live,
            catalogue: Catalogue::bundled(),
            place_of: &|span| as_recorded.sources.place(span),
        };
        let clock = Arc::clone(&rig.clock) as Arc<dyn Clock>;
        let means = Means::new(Arc::clone(&rig.provider), clock, seed ^ 0xd21f7);
        apply::run(&job, &means, &mut locked).await.map_err(|d| d.message)
    })?;
    assert!(outcome.is_complete(), "{outcome:#?}");
    locked.compact().map_err(|d| d.message)?;
    drop(locked);
    let left = if undeclared { BTreeMap::new() } else { expected.undeclared };
    assert_eq!(told(&looked()?), Told { undeclared: left, ..Told::default() }, "what was set back is silent");
    assert!(rig.plan(STACK)?.is_empty(), "and nothing is ours that wasn't");
    let after = rig.state(&loaded);
    for (address, before) in &recorded.resources {
        assert_eq!(after.resources[address].declared, before.declared, "{address}");
    }
    assert_eq!(after.outputs, recorded.outputs);
    Ok(())
}

#[test]
fn drift_tells_exactly_what_somebody_did_and_is_accepted_or_reverted() {
    let cases = std::env::var("EVSTACK_DRIFT_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let first = std::env::var("EVSTACK_DRIFT_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for seed in first..first + cases {
        let run = std::panic::catch_unwind(|| case(seed));
        match run {
            Ok(Ok(())) => {}
            Ok(Err(why)) => panic!("EVSTACK_DRIFT_SEED={seed}: {why}"),
            Err(_) => panic!("EVSTACK_DRIFT_SEED={seed} EVSTACK_DRIFT_CASES=1"),
        }
    }
}
