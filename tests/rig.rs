//! The rig that other tests stand on, on the stacks that come with the project.

#[path = "common/rig.rs"]
mod rig;

use rig::Rig;
use serde_json::json;

const STACK: &str = "
name: small
buses:
  main: {}
queues:
  inbox: {}
resources:
  group: {type: AWS::Logs::LogGroup, properties: {RetentionInDays: 7}}
";

const CHANGED: &str = "
name: small
buses:
  main: {}
queues:
  inbox: {visibilityTimeout: 45s}
resources:
  group: {type: AWS::Logs::LogGroup, properties: {RetentionInDays: 14}}
";

#[test]
fn a_stack_lives_and_dies_in_virtual_time() {
    for profile in [json!({}), json!({"preset": "aws"}), json!({"preset": "adversary"})] {
        for seed in 0..3 {
            let rig = Rig::new(&profile, seed);
            let (_, outcome) = rig.apply(STACK).expect("it is made");
            assert!(outcome.added >= 3);
            assert!(rig.plan(STACK).expect("a plan").is_empty(), "{profile} {seed}");
            assert!(rig.take_calls().iter().any(|call| call.operation == "CreateResource"));
            let (_, outcome) = rig.apply(CHANGED).expect("it changes");
            assert_eq!(outcome.changed, 2);
            assert!(rig.plan(CHANGED).expect("a plan").is_empty(), "{profile} {seed}");
            let (_, outcome) = rig.destroy(CHANGED).expect("it goes");
            assert!(outcome.destroyed >= 3);
            assert_eq!(rig.inventory(), [], "{profile} {seed}");
        }
    }
}
