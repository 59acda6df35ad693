//! What was there before a create stays, whatever the create comes to: a table that was let go of,
//! with what is in it, is declared again while handlers fail and name it. What the run itself made
//! free is its own.

#[path = "common/rig.rs"]
mod rig;

use evstack::diagnostics::Diagnostics;
use evstack::model::Action;
use evstack::ops::plan::Wanted;
use evstack::ops::rollback::Leave;
use rig::Rig;
use serde_json::{Value as Json, json};
use std::time::Duration;

const TABLE: &str = "AWS::DynamoDB::Table";
const NAME: &str = "shop-local-users";
const WITHOUT: &str = "name: shop\nbuses: {main: {}}\n";
const WITH: &str = "name: shop\nbuses: {main: {}}
tables: {users: {key: id, options: {retainOnDelete: true}}}\n";

/// A cloud with such a table, which nobody has recorded.
fn retained(seed: u64) -> Rig {
    let rig = Rig::new(&json!({}), seed);
    let _ = rig.apply(WITH).expect("it is made");
    // Nobody declares this: one that was made anew wouldn't have it.
    let mark = json!([{"op": "add", "path": "/TableClass", "value": "STANDARD_INFREQUENT_ACCESS"}]);
    let mark = json!({"TypeName": TABLE, "Identifier": NAME, "PatchDocument": mark.to_string()});
    rig.change("UpdateResource", &mark).expect("it is marked");
    let _ = rig.apply(WITHOUT).expect("it is let go of");
    rig
}

fn is_the_same(rig: &Rig) -> bool {
    rig.get(TABLE, NAME).is_ok_and(|live: Json| live["TableClass"] == "STANDARD_INFREQUENT_ACCESS")
}

/// Each error has a way out.
fn helps(problems: &Diagnostics) -> bool {
    problems.iter().all(|problem| !problem.hints.is_empty())
}

#[test]
fn a_retained_table_that_is_declared_again_stays_while_handlers_fail() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..12 {
        let rig = retained(seed);
        rig.set_profile(&json!({"faults_before": 0.6, "faults_after": 0.3}));
        let mut done = false;
        for _ in 0..4 {
            match rig.attempt(WITH, &Wanted::default()) {
                Ok((_, outcome)) => {
                    assert!(outcome.failures.iter().all(|failure| !failure.diagnostic.hints.is_empty()));
                    done |= outcome.is_complete();
                }
                Err(problems) => assert!(helps(&problems), "{problems:?}"),
            }
            rig.wait_for(Duration::from_secs(60));
            assert!(is_the_same(&rig), "seed {seed}: it was made anew");
        }
        rig.set_profile(&json!({}));
        match rig.apply(WITH) {
            Ok(_) => taken += 1,
            // Its name is taken: somebody says that it is the one.
            Err(why) => {
                assert!(!done && why.contains("evstack import table.users shop-local-users"), "{why}");
                refused += 1;
                rig.import(WITH, &"table.users".into(), NAME).expect("it is taken over");
                let _ = rig.apply(WITH).expect("it is as declared");
            }
        }
        assert!(is_the_same(&rig), "seed {seed}: it was made anew");
        assert!(rig.plan(WITH).expect("a plan").is_empty(), "seed {seed}");
    }
    assert!(taken > 0, "taken over {taken} times, refused {refused} times");
}

#[test]
fn a_rollback_keeps_what_a_failed_create_found() {
    // What it holds may go, if the apply made it.
    let leave = Leave { made: true, recorded: true, undrained: false };
    let with = WITH.replace(", options: {retainOnDelete: true}", "");
    let fails = format!("{with}queues: {{inbox: {{options: {{dependsOn: [table.users]}}}}}}\n");
    let foreign = json!({"TypeName": "AWS::SQS::Queue", "DesiredState": json!({"QueueName": "shop-local-inbox"}).to_string()});
    let mut kept = 0;
    for seed in 0..12 {
        let rig = retained(seed);
        rig.change("CreateResource", &foreign).expect("a queue of somebody's");
        rig.set_profile(&json!({"faults_before": 0.6}));
        let calm = || rig.set_profile(&json!({}));
        let done = rig.apply_or_back(&fails, &Wanted::default(), leave, calm);
        let (_, outcome, back) = done.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert!(is_the_same(&rig), "seed {seed}: it went");
        let back = back.expect("it failed");
        if !outcome.found.is_empty() {
            kept += 1;
            assert!(!back.restoration.is_whole(), "seed {seed}: it is said that it stays");
            let state = rig.state(&rig.load(&fails).expect("a stack"));
            assert!(state.resources.contains_key(&"table.users".into()), "seed {seed}");
        }
    }
    assert!(kept > 0);
}

/// Can't be tagged, and gets its name from the stack.
const DOMAIN: &str = "name: shop
resources:
  login:
    type: AWS::Cognito::UserPoolDomain
    properties: {UserPoolId: us-east-1_a, Domain: shop, Routing: {Failover: {
      PrimaryRoute53HealthCheckId: REGION, SecondaryRegion: REGION}}}";

/// Late reads show what was deleted, which isn't as declared.
#[test]
fn what_has_a_name_that_the_run_made_free_is_its_own() {
    let mut met = 0;
    for seed in 0..24 {
        let rig = Rig::new(&json!({}), seed);
        let _ = rig.apply(&DOMAIN.replace("REGION", "eu-west-1")).expect("it is made");
        rig.set_profile(&json!({"faults_after": 0.3, "faults_before": 0.3, "delete_lag": [300, 3_000]}));
        let wanted = Wanted { replace: vec!["resource.login".into()], ..Wanted::default() };
        let next = DOMAIN.replace("REGION", "eu-central-1");
        let (plan, outcome) = rig.try_apply(&next, &wanted).expect("a plan");
        assert_eq!(plan.changes[0].action, Action::DeleteThenCreate);
        for failure in &outcome.failures {
            let words = &failure.diagnostic.message;
            assert!(!words.contains("stays") && !words.contains("recorded as it is"), "seed {seed}: {words}");
        }
        met += usize::from(
            rig.take_calls().iter().filter(|call| call.operation == "CreateResource").count() > 2,
        );
        rig.set_profile(&json!({}));
        rig.wait_for(Duration::from_secs(60));
        let _ = rig.apply(&next).expect("it goes on");
        assert!(rig.plan(&next).expect("a plan").is_empty(), "seed {seed}");
        assert_eq!(rig.inventory().len(), 1, "seed {seed}");
    }
    assert!(met > 0, "no create failed");
}
