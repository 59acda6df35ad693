//! Whatever a plan says, the page stays a page: well-formed, without a script, its links leading
//! somewhere.

use super::*;
use crate::diagnostics::{Diagnostics, Sources};
use crate::model::Address;
use crate::plan::{Plan, Sections};
use crate::render::samples::{at, large, mistakes, nasty, plan, sections};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The tags that a page is made of.
const TAGS: &[&str] = &[
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "h3",
    "nav",
    "main",
    "article",
    "ul",
    "li",
    "a",
    "p",
    "div",
    "figure",
    "figcaption",
    "svg",
    "g",
    "path",
    "rect",
    "text",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "section",
    "details",
    "summary",
    "span",
    "code",
    "pre",
    "strong",
    "em",
    "br",
];
const ATTRIBUTES: &[&str] = &[
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "id",
    "href",
    "open",
    "xmlns",
    "width",
    "height",
    "viewBox",
    "role",
    "aria-label",
    "d",
    "x",
    "y",
    "rx",
];

/// What is wrong with a page, as far as its tags go.
fn broken(page: &str) -> Option<String> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>")?;
    let (mut open, mut ids, mut links) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    while let Some((text, tag)) = rest.split_once('<') {
        if open.last() != Some(&"style") && text.contains('>') {
            return Some(format!("a sign that means something: {text:?}"));
        }
        let (tag, after) = tag.split_once('>')?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Some(format!("</{name}> closes what isn't open"));
            }
            continue;
        }
        let closed = tag.strip_suffix('/');
        let tag = closed.unwrap_or(tag);
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !TAGS.contains(&name) {
            return Some(format!("<{name}>"));
        }
        while !attributes.is_empty() {
            if let Some(more) = attributes.strip_prefix("open") {
                attributes = more.trim_start();
                continue;
            }
            let (attribute, value) = attributes.split_once("=\"")?;
            let (value, more) = value.split_once('"')?;
            if !ATTRIBUTES.contains(&attribute) {
                return Some(format!("{attribute}=\"{value}\""));
            }
            if attribute == "id" && !ids.insert(value) {
                return Some(format!("two are {value}"));
            }
            if attribute == "href" {
                links.insert(value.strip_prefix('#')?);
            }
            attributes = more.trim_start();
        }
        if closed.is_none() && !["meta", "br"].contains(&name) {
            open.push(name);
        }
    }
    match (open.as_slice(), links.iter().find(|link| !ids.contains(**link))) {
        ([], None) => None,
        (open, dead) => Some(format!("{open:?} stay open, {dead:?} leads nowhere")),
    }
}

proptest! {
    // Whole documents: each case is many texts.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_leaves_its_place(plans in prop::collection::vec(plan(), 1..4), name in nasty(), told in nasty()) {
        let sections = sections(&told);
        let (at, told, sources) = (at(&name), mistakes(&told), Sources::new());
        let unfinished = [Address::new(name.clone())];
        let reports: Vec<Report<'_>> = plans
            .iter()
            .map(|plan| Report {
                at: &at, plan, refusals: &told, warnings: &told, sources: &sources, unfinished: &unfinished,
                sections: &sections,
            })
            .collect();
        let page = page(&reports);
        prop_assert_eq!(broken(&page), None, "{}", page);
        prop_assert!(!page.contains("SECRET"));
        prop_assert!(!page.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        prop_assert_eq!(&page, &super::page(&reports));
    }
}

fn drawn(plan: &Plan) -> String {
    let (at, none, sources, nothing) = (at("shop"), Diagnostics::new(), Sources::new(), Sections::default());
    page(&[Report {
        at: &at,
        plan,
        refusals: &none,
        warnings: &none,
        sources: &sources,
        unfinished: &[],
        sections: &nothing,
    }])
}

#[test]
fn a_thousand_resources_are_a_quick_page_with_a_small_picture() {
    let mut plan = large(1_000, 1_000);
    for at in 1..plan.changes.len() {
        let needed = [at - 1, at / 2, at / 7].map(|other| plan.changes[other].address.clone());
        plan.changes[at].depends_on = needed.to_vec();
    }
    let start = Instant::now();
    let page = drawn(&plan);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(page.len() < 4_000_000, "{}", page.len());
    assert_eq!(broken(&page), None);
    assert_eq!(page.matches("<rect ").count(), 1, "all are of one kind");
    assert!(page.contains("All of a kind in one box: 1000 resources."));
    assert_eq!(page.matches("<section class=\"change\"").count(), 1_000);
}

#[test]
fn a_picture_shows_each_declaration_where_parts_would_be_too_many() {
    let mut plan = large(300, 10);
    for (number, change) in plan.changes.iter_mut().enumerate() {
        change.address = Address::new(format!("queue.q{:03}.part{}", number / 3, number % 3));
    }
    let page = drawn(&plan);
    assert_eq!(page.matches("<rect ").count(), 100);
    assert!(page.contains("queue.q007 ×3") && page.contains("queue.q007: 3 create"), "{page}");
}

#[test]
fn a_picture_shows_what_changes_and_its_neighbours() {
    let mut plan = large(300, 10);
    for change in &mut plan.changes {
        change.action = crate::model::Action::NoOp;
    }
    plan.changes[5].action = crate::model::Action::Update;
    plan.changes[6].depends_on = vec![plan.changes[5].address.clone()];
    let page = drawn(&plan);
    assert_eq!(page.matches("<rect ").count(), 2);
    assert!(page.contains("Only what changes and its neighbours: 2 of 300 resources."));
    assert!(page.contains(
        "<a href=\"#s0-c0\"><g class=\"node update\"><title>queue.q00005 (AWS::SQS::Queue): update"
    ));
    assert!(page.contains("<g class=\"node same\"><title>queue.q00006 (AWS::SQS::Queue): unchanged"));
}
