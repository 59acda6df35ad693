//! Plans made up for the tests of what is drawn: texts that try to get out, and large ones.

use super::plan::Whereabouts;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::{Diff, Difference, DifferenceKind};
use crate::model::{Action, Address, Protection, Unknown, Value};
use crate::plan::{
    Calls, Cause, Follow, IamAction, IamChange, IamEffect, OutputAction, OutputChange, Plan, PolicySort,
    ResourceChange, Scope, Sections, Why,
};
use crate::schema::TypeName;
use proptest::prelude::*;

/// Texts that try to get out.
pub(super) fn nasty() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "```",
        "`",
        "~~~",
        "</details>",
        "<details>",
        "<script>alert(1)</script>",
        "|",
        "\\|",
        "\\",
        "-->",
        "<!--",
        "@everyone",
        "#1",
        "\n",
        "\r\n",
        "\n\n",
        "    ",
        "\t",
        "- ",
        "1. ",
        "> ",
        "# ",
        "***",
        "__",
        "[x](y)",
        "![i](u)",
        "&lt;",
        "$x$",
        ":smile:",
        "https://a.b",
        "\u{202e}",
        "\u{1b}[31m",
        "\u{0}",
        "ü",
        "語",
        "EOT",
        "{",
        "}",
        "\"",
        "'",
        "+ a",
        "diff",
    ]);
    prop::collection::vec(prop_oneof![words.prop_map(str::to_owned), "[a-z ]{0,6}"], 0..8)
        .prop_map(|v| v.concat())
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        nasty().prop_map(Value::String),
        nasty().prop_map(|s| Value::Sensitive(Box::new(Value::String(format!("SECRET{s}"))))),
        Just(Value::Null),
        nasty().prop_map(|s| Value::unknown(Address::new("a.b"), s.clone(), s)),
        nasty().prop_map(|s| Value::String(serde_json::json!({ "k": s }).to_string())),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec((nasty(), inner), 0..3)
                .prop_map(|v| Value::Object(v.into_iter().collect())),
        ]
    })
}

pub(super) fn object() -> impl Strategy<Value = Value> {
    prop::collection::vec((nasty(), value()), 0..4).prop_map(|v| Value::Object(v.into_iter().collect()))
}

pub(super) fn change() -> impl Strategy<Value = ResourceChange> {
    let actions = prop::sample::select(vec![
        Action::NoOp,
        Action::Create,
        Action::Update,
        Action::DeleteThenCreate,
        Action::CreateThenDelete,
        Action::Delete,
        Action::Import,
        Action::Forget,
    ]);
    (nasty(), nasty(), actions, object(), object(), any::<bool>()).prop_map(
        |(address, name, action, was, will, holds)| {
            let differs = action == Action::Update || action.is_replace();
            let difference = Difference {
                path: vec![address.clone()],
                live_path: vec![address.clone()],
                kind: DifferenceKind::Change,
                before: None,
                after: None,
                forces_replacement: action.is_replace(),
                may_force_replacement: false,
                by_trigger: false,
                write_only: holds,
                sensitive: false,
            };
            let cause =
                Cause { path: vec![address.clone()], why: Why::Found(name.clone()), place: address.clone() };
            let diff =
                Diff { differences: if differs { vec![difference] } else { Vec::new() }, before: None };
            ResourceChange {
                type_name: TypeName::new(if holds { "AWS::DynamoDB::Table" } else { name.as_str() }),
                recorded_type: None,
                moved_from: (holds && action == Action::NoOp).then(|| Address::new(name.clone())),
                identifier: Some(name),
                new_identifier: None,
                action,
                reason: None,
                before: (action != Action::Create).then_some(was),
                after: (action != Action::Delete).then_some(will),
                computed: std::collections::BTreeMap::new(),
                computed_before: std::collections::BTreeMap::new(),
                replace_paths: diff.replace_paths(),
                causes: differs.then_some(cause).into_iter().collect(),
                follows: vec![Follow {
                    address: Address::new(address.clone()),
                    action,
                    reads: vec![address.clone()],
                }],
                retained: holds,
                drain: None,
                half_way: holds,
                updates: 1,
                diff,
                depends_on: Vec::new(),
                recorded_dependencies: Vec::new(),
                protection: if holds { Protection::ByDefault } else { Protection::None },
                drift: None,
                adoption: None,
                address: Address::new(address),
            }
        },
    )
}

pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let outputs = prop::collection::vec((nasty(), value()), 0..2);
    let unknowns = prop::collection::vec((nasty(), nasty()), 0..3);
    (prop::collection::vec(change(), 0..5), outputs, unknowns, any::<bool>()).prop_map(
        |(changes, outputs, unknowns, flag)| Plan {
            changes,
            outputs: outputs
                .into_iter()
                .map(|(name, value)| OutputChange {
                    name,
                    action: OutputAction::Create,
                    before: None,
                    after: Some(value),
                })
                .collect(),
            unknowns: unknowns
                .into_iter()
                .map(|(property, reason)| Unknown { address: Address::new("a.b"), property, reason })
                .collect(),
            partial: flag,
            destroy: flag,
            ..Plan::default()
        },
    )
}

pub(super) fn mistakes(text: &str) -> Diagnostics {
    Diagnostic::error(Code::PROTECTED, text).hint(text).into()
}

/// One row of IAM changes with that text everywhere, and a cost.
pub(super) fn sections(text: &str) -> Sections {
    let scope = || Scope { except: true, names: vec![text.to_owned(); 3] };
    let row = IamChange {
        action: IamAction::Change,
        sort: PolicySort::Identity,
        who: scope(),
        effect: IamEffect::Allow,
        actions: scope(),
        resources: scope(),
        conditions: vec![text.to_owned()],
        conditions_before: Vec::new(),
        broad: Vec::new(),
        address: Address::new(text),
        pointer: text.to_owned(),
        place: Some(text.to_owned()),
    };
    let calls = Calls { create: 1, update: 0, delete: 0, poll: 1, read: 1, total: 3, time: None };
    Sections { iam: vec![row], calls: Some(calls) }
}

pub(super) fn at(name: &str) -> Whereabouts {
    Whereabouts {
        stack: name.to_owned(),
        env: name.to_owned(),
        account: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        cloud: name.to_owned(),
        state: None,
    }
}

/// `count` creates, each with a text of `length` characters.
pub(super) fn large(count: usize, length: usize) -> Plan {
    let changes = (0..count)
        .map(|n| {
            let text = "x".repeat(if n == 0 { length * 2 } else { length });
            let after = Value::Object([("Text".to_owned(), Value::String(text))].into_iter().collect());
            ResourceChange {
                address: Address::new(format!("queue.q{n:05}")),
                type_name: TypeName::new("AWS::SQS::Queue"),
                recorded_type: None,
                moved_from: None,
                identifier: None,
                new_identifier: None,
                action: Action::Create,
                reason: None,
                before: None,
                after: Some(after),
                computed: std::collections::BTreeMap::new(),
                computed_before: std::collections::BTreeMap::new(),
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
            }
        })
        .collect();
    Plan { changes, ..Plan::default() }
}
