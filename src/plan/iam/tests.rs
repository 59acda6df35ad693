//! Laws of IAM changes that hold for any policy: how it is written doesn't matter, what it says does.

use super::*;
use crate::diff::Diff;
use crate::model::{Action, Json, Protection, Value};
use crate::plan::ResourceChange;
use crate::schema::TypeName;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

const ROLE: &str = "AWS::IAM::Role";

fn role(policies: &[Json]) -> Value {
    let inline = |(index, document): (usize, &Json)| json!({"PolicyName": index.to_string(), "PolicyDocument": document});
    Value::from(
        json!({"RoleName": "r", "Policies": policies.iter().enumerate().map(inline).collect::<Vec<_>>()}),
    )
}

fn changes(before: Value, after: Value) -> Vec<IamChange> {
    let change = ResourceChange {
        address: Address::new("resource.r"),
        type_name: TypeName::new(ROLE),
        recorded_type: None,
        moved_from: None,
        identifier: Some("r".to_owned()),
        new_identifier: None,
        action: Action::Update,
        reason: None,
        before: Some(before),
        after: Some(after),
        computed: BTreeMap::new(),
        computed_before: BTreeMap::new(),
        diff: Diff::default(),
        replace_paths: Vec::new(),
        causes: Vec::new(),
        updates: 1,
        follows: Vec::new(),
        retained: false,
        drain: None,
        half_way: false,
        depends_on: Vec::new(),
        recorded_dependencies: Vec::new(),
        protection: Protection::None,
        drift: None,
        adoption: None,
    };
    let plan = Plan { changes: vec![change], ..Plan::default() };
    let place = Place {
        partition: "aws".to_owned(),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        base_url: None,
    };
    let context = IamContext { catalogue: Catalogue::bundled(), place: &place, place_of: &|_, _| None };
    iam_changes(&plan, &context)
}

/// A statement, apart from how it is written.
#[derive(Debug, Clone)]
struct Said {
    deny: bool,
    actions: Vec<&'static str>,
    resources: Vec<&'static str>,
    condition: Option<&'static str>,
}

impl Said {
    fn statement(&self, actions: &[String]) -> Json {
        let mut statement = json!({
            "Effect": if self.deny { "Deny" } else { "Allow" },
            "Action": actions,
            "Resource": self.resources,
        });
        if let Some(value) = self.condition {
            statement["Condition"] = json!({"StringEquals": {"aws:SourceAccount": value}});
        }
        statement
    }

    fn plain(&self) -> Json {
        self.statement(&self.actions.iter().map(|action| (*action).to_owned()).collect::<Vec<_>>())
    }

    /// The same, written otherwise.
    fn otherwise(&self, how: u8) -> Vec<Json> {
        let mut actions: Vec<String> = self.actions.iter().map(|action| (*action).to_owned()).collect();
        if how & 1 != 0 {
            actions.iter_mut().for_each(|action| *action = action.to_ascii_uppercase());
        }
        actions.reverse();
        let mut statements = match how & 2 {
            0 => vec![self.statement(&actions)],
            _ => actions.iter().map(|action| self.statement(std::slice::from_ref(action))).collect(),
        };
        for (index, statement) in statements.iter_mut().enumerate() {
            if how & 4 != 0 {
                statement["Sid"] = json!(format!("S{how}{index}"));
            }
            for list in ["Action", "Resource"] {
                if let (true, Some([one])) = (how & 8 != 0, statement[list].as_array().map(Vec::as_slice)) {
                    statement[list] = one.clone();
                }
            }
        }
        statements.reverse();
        statements
    }
}

fn said() -> impl Strategy<Value = Said> {
    let actions = vec!["sqs:SendMessage", "sqs:*", "events:PutEvents", "*", "iam:PassRole"];
    let resources =
        vec!["*", "arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:sqs:us-east-1:000000000000:q*"];
    (
        any::<bool>(),
        prop::sample::subsequence(actions, 1..=5),
        prop::sample::subsequence(resources, 1..=3),
        prop::option::of(prop::sample::select(vec!["000000000000", "111122223333"])),
    )
        .prop_map(|(deny, actions, resources, condition)| Said { deny, actions, resources, condition })
}

fn policy(statements: Vec<Json>, as_text: bool) -> Json {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    if as_text { json!(policy.to_string()) } else { policy }
}

proptest! {
    #[test]
    fn how_a_policy_is_written_does_not_matter(
        all in prop::collection::vec((said(), any::<u8>()), 0..5),
        in_two: bool,
        as_text: bool,
    ) {
        let before = policy(all.iter().map(|(said, _)| said.plain()).collect(), false);
        let mut statements: Vec<Json> = all.iter().flat_map(|(said, how)| said.otherwise(*how)).collect();
        statements.reverse();
        let second = if in_two { statements.split_off(statements.len() / 2) } else { Vec::new() };
        let after = role(&[policy(statements, as_text), policy(second, false)]);
        prop_assert_eq!(changes(role(&[before]), after), []);
    }

    #[test]
    fn one_grant_more_is_one_row(all in prop::collection::vec(said(), 0..5)) {
        let same: Vec<Json> = all.iter().map(Said::plain).collect();
        let new = json!({"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"});
        let more = role(&[policy([same.clone(), vec![new]].concat(), false)]);
        let same = role(&[policy(same, false)]);
        for (before, after, action) in
            [(same.clone(), more.clone(), IamAction::Add), (more, same, IamAction::Remove)]
        {
            let rows = changes(before, after);
            prop_assert_eq!(rows.len(), 1);
            prop_assert_eq!(rows[0].action, action);
            prop_assert_eq!(&rows[0].actions.names, &["xray:PutTraceSegments"]);
            prop_assert_eq!(rows[0].broad.is_empty(), action == IamAction::Remove);
        }
    }
}

#[test]
fn a_huge_statement_stays_whole() {
    let names = |prefix: &str| (0..400).map(|n| json!(format!("{prefix}{n}"))).collect::<Vec<_>>();
    let huge = |more: &str| {
        let mut actions = names("sqs:A");
        actions.push(json!(more));
        policy(
            vec![json!({"Effect": "Allow", "Action": actions, "Resource": names("arn:aws:sqs:::q")})],
            false,
        )
    };
    assert_eq!(changes(role(&[huge("sqs:X")]), role(&[huge("sqs:X")])), []);
    let rows = changes(role(&[huge("sqs:X")]), role(&[huge("sqs:Y")]));
    assert_eq!(rows.iter().map(|row| row.action).collect::<Vec<_>>(), [IamAction::Add, IamAction::Remove]);
}
