//! Whatever a plan says, the document keeps its shape and its limit.

use super::*;
use crate::diagnostics::{Diagnostics, Sources};
use crate::diff::{Drifted, DriftedPath, IgnoredPath, ResourceDrift};
use crate::model::Address;
use crate::model::Value;
use crate::plan::{Plan, Sections};
use crate::render::samples::{at, large, mistakes, nasty, plan, sections, value};
use crate::schema::TypeName;
use proptest::prelude::*;

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
            if !(line.starts_with("<!-- evstack:")
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
        for tag in
            ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>", "<b>", "</b>", "<br>"]
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

proptest! {
    // Whole documents: each case is many texts.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_leaves_its_place_and_the_limit_holds(
        plans in prop::collection::vec(plan(), 1..4),
        name in nasty(),
        told in nasty(),
        limit in prop_oneof![Just(LIMIT), 8_500usize..20_000],
    ) {
        let sections = sections(&told);
        let (at, told, sources) = (at(&name), mistakes(&told), Sources::new());
        let unfinished = [Address::new(name.clone())];
        let reports: Vec<Report<'_>> = plans
            .iter()
            .map(|plan| Report { at: &at, plan, refusals: &told, warnings: &told, sources: &sources, unfinished: &unfinished, sections: &sections })
            .collect();
        let document = document_within(&reports, &name, limit);
        prop_assert_eq!(broken(&document), None, "{}", document);
        prop_assert!(document.len() <= limit, "{} > {}", document.len(), limit);
        prop_assert!(!document.contains("SECRET"));
        prop_assert_eq!(&document, &document_within(&reports, &name, limit));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn drift_keeps_its_place_too(
        rows in prop::collection::vec((nasty(), nasty(), value(), value(), 0..3u8), 0..6),
        name in nasty(),
    ) {
        let path = |name: &str, before: &Value, after: &Value| DriftedPath {
            path: vec![name.to_owned(), "0".to_owned(), name.to_owned()],
            before: Some(before.clone()),
            after: Some(after.clone()),
            seen: None,
            live: None,
            irrevocable: None,
        };
        let ignored: Vec<IgnoredPath> = rows
            .iter()
            .map(|(address, reason, before, after, _)| IgnoredPath {
                address: Address::new(address.clone()),
                path: path(reason, before, after),
                declared: true,
                reason: reason.clone(),
                until: None,
            })
            .collect();
        let rows: Vec<ResourceDrift> = rows
            .into_iter()
            .map(|(address, identifier, before, after, sort)| ResourceDrift {
                drifted: (sort > 0).then(|| Drifted {
                    changed: if sort == 1 { vec![path(&identifier, &before, &after)] } else { Vec::new() },
                    undeclared: vec![path(&address, &before, &after)],
                    unverifiable: vec![vec![identifier.clone(), address.clone()]],
                }),
                type_name: TypeName::new(identifier.as_str()),
                address: Address::new(address),
                identifier,
            })
            .collect();
        let document = drifted(&[(at(&name), rows.clone(), ignored.clone()), (at(&name), rows, ignored)], &name);
        prop_assert_eq!(broken(&document), None, "{}", document);
        prop_assert!(document.len() <= LIMIT && !document.contains("SECRET"));
    }
}

fn drawn(plans: &[Plan]) -> String {
    let (at, none, sources) = (at("shop"), Diagnostics::new(), Sources::new());
    let nothing = Sections::default();
    let report = |plan| Report {
        at: &at,
        plan,
        refusals: &none,
        warnings: &none,
        sources: &sources,
        unfinished: &[],
        sections: &nothing,
    };
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
