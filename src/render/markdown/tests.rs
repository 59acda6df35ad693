//! Whatever a plan says, the document keeps its shape and its limit.

use super::*;
use crate::diagnostics::{Code, Diagnostics, Sources};
use crate::diff::{Diff, Difference, DifferenceKind};
use crate::model::{Action, Address, Protection, Unknown, Value};
use crate::plan::{OutputAction, OutputChange, Plan};
use crate::render::plan::Whereabouts;
use crate::schema::TypeName;
use proptest::prelude::*;

/// Texts that try to get out.
fn nasty() -> impl Strategy<Value = String> {
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

fn value() -> impl Strategy<Value = Value> {
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

fn object() -> impl Strategy<Value = Value> {
    prop::collection::vec((nasty(), value()), 0..4).prop_map(|v| Value::Object(v.into_iter().collect()))
}

fn change() -> impl Strategy<Value = ResourceChange> {
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
                by_trigger: false,
                write_only: holds,
                sensitive: false,
            };
            let diff =
                Diff { differences: if differs { vec![difference] } else { Vec::new() }, before: None };
            ResourceChange {
                type_name: TypeName::new(name.as_str()),
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

fn plan() -> impl Strategy<Value = Plan> {
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

fn mistakes(text: &str) -> Diagnostics {
    Diagnostic::error(Code::PROTECTED, text).hint(text).into()
}

/// Reads a document as far as its shape goes, and says where it breaks.
fn broken(document: &str) -> Option<String> {
    let (mut open, mut fence, mut columns) = (0usize, None::<String>, None::<usize>);
    for (number, line) in document.lines().enumerate() {
        let wrong = |what: &str| Some(format!("line {}: {what}: {line:?}", number + 1));
        if let Some(closing) = &fence {
            if line.trim() == closing.as_str() {
                fence = None;
            } else if line.trim_start().starts_with(closing.as_str()) {
                return wrong("a fence inside a fence");
            }
            continue;
        }
        if line.starts_with("```") {
            fence = Some(line.trim_end_matches(char::is_alphabetic).to_owned());
            continue;
        }
        if number == 0 {
            if !(line.starts_with("<!-- evstack:plan stack=")
                && line.ends_with(" -->")
                && line.matches("-->").count() == 1)
            {
                return wrong("the marker");
            }
            continue;
        }
        match line {
            "<details>" => open += 1,
            "</details>" => {
                let Some(fewer) = open.checked_sub(1) else { return wrong("closes what isn't open") };
                open = fewer;
            }
            _ => {}
        }
        let mut bare = line.to_owned();
        for tag in ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>", "<b>", "</b>"]
        {
            bare = bare.replace(tag, "");
        }
        if bare.contains('<') || bare.contains('@') || bare.contains('\\') || bare.contains('$') {
            return wrong("a sign that means something");
        }
        if bare.matches('`').count() % 2 == 1 {
            return wrong("a backtick too many");
        }
        if bare.chars().any(|c| c.is_control()) {
            return wrong("a control character");
        }
        let pipes = line.matches('|').count();
        match columns {
            _ if pipes == 0 => columns = None,
            None => columns = Some(pipes),
            Some(columns) if columns != pipes => return wrong("a row with other columns"),
            Some(_) => {}
        }
    }
    match (open, fence) {
        (0, None) => None,
        (open, fence) => Some(format!("{open} folds and fence {fence:?} stay open")),
    }
}

fn at(name: &str) -> Whereabouts {
    Whereabouts {
        stack: name.to_owned(),
        env: name.to_owned(),
        account: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        cloud: name.to_owned(),
    }
}

proptest! {
    #[test]
    fn nothing_leaves_its_place_and_the_limit_holds(
        plans in prop::collection::vec(plan(), 1..4),
        name in nasty(),
        told in nasty(),
        limit in prop_oneof![Just(LIMIT), 8_500usize..20_000],
    ) {
        let (at, told, sources) = (at(&name), mistakes(&told), Sources::new());
        let unfinished = [Address::new(name.clone())];
        let reports: Vec<Report<'_>> = plans
            .iter()
            .map(|plan| Report { at: &at, plan, refusals: &told, warnings: &told, sources: &sources, unfinished: &unfinished })
            .collect();
        let document = document_within(&reports, &name, limit);
        prop_assert_eq!(broken(&document), None, "{}", document);
        prop_assert!(document.len() <= limit, "{} > {}", document.len(), limit);
        prop_assert!(!document.contains("SECRET"));
        prop_assert_eq!(&document, &document_within(&reports, &name, limit));
    }
}

/// `count` creates, each with a text of `length` characters.
fn large(count: usize, length: usize) -> Plan {
    let changes = (0..count)
        .map(|n| {
            let text = "x".repeat(if n == 0 { length * 2 } else { length });
            let after = Value::Object([("Text".to_owned(), Value::String(text))].into_iter().collect());
            ResourceChange {
                address: Address::new(format!("queue.q{n:05}")),
                type_name: TypeName::new("AWS::SQS::Queue"),
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

fn drawn(plans: &[Plan]) -> String {
    let (at, none, sources) = (at("shop"), Diagnostics::new(), Sources::new());
    let report =
        |plan| Report { at: &at, plan, refusals: &none, warnings: &none, sources: &sources, unfinished: &[] };
    let reports: Vec<Report<'_>> = plans.iter().map(report).collect();
    document(&reports, "evstack plan stacks/shop.yaml")
}

#[test]
fn the_longest_diffs_go_first_then_rows_then_stacks() {
    let fits = drawn(&[large(20, 1_000)]);
    assert!(!fits.contains("Left out") && fits.matches("<details>").count() == 20);

    let longest = drawn(&[large(19, 3_100)]);
    assert!(
        longest.contains("Left out") && longest.contains("the diff of 1 resource. "),
        "{}",
        longest.len()
    );
    assert!(!longest.contains(&"x".repeat(6_200)) && longest.contains("| create | `queue.q00000` |"));

    let rows = drawn(&[large(3_000, 10)]);
    assert!(
        rows.contains("the diffs of 3000 resources, ") && rows.contains(" rows of the table of changes. ")
    );
    assert!(rows.contains("| create | `queue.q00000` |") && !rows.contains("`queue.q02999`"));
    assert!(rows.ends_with("```\nevstack plan stacks/shop.yaml\n```\n"));

    let stacks = drawn(&vec![large(1, 10); 2_000]);
    assert!(stacks.contains(" stacks. This shows all of it:"));
    for document in [longest, rows, stacks] {
        assert_eq!(broken(&document), None);
        assert!(document.len() <= LIMIT && document.len() > LIMIT / 2, "{}", document.len());
    }
}
