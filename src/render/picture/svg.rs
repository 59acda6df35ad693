//! A picture as SVG inside of a page, which has its colours.

use super::layout::{Layout, Placed, layout};
use super::{Node, Picture};
use crate::render::html::escape::html;
use std::fmt::Write as _;

/// Characters of a label at most.
const LABEL: usize = 40;
/// About what a character of the label's fixed-width font takes, in tenths of a pixel.
const CHARACTER: i64 = 75;
const HEIGHT: i64 = 26;
/// Around the whole.
const MARGIN: i64 = 8;

/// Ends with a line break. `link` gives the place in the page that a change is told at.
pub(in crate::render) fn svg(picture: &Picture, link: &dyn Fn(usize) -> String) -> String {
    let labels: Vec<String> = picture.nodes.iter().map(label).collect();
    let sizes: Vec<(i64, i64)> = labels.iter().map(|label| (width(label), HEIGHT)).collect();
    let Layout { boxes, lines, width, height } = layout(&sizes, &picture.needs);
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"-{MARGIN} -{MARGIN} {width} {height}\" role=\"img\" aria-label=\"What needs what\">\n<g class=\"lines\">\n"
    );
    for line in lines.iter().filter(|line| line.len() > 1) {
        let _ = writeln!(out, "<path d=\"{}\"/>", path(line));
    }
    out.push_str("</g>\n");
    for ((node, label), place) in picture.nodes.iter().zip(&labels).zip(&boxes) {
        out.push_str(&drawn(node, label, *place, link));
    }
    out.push_str("</svg>\n");
    out
}

fn drawn(node: &Node, label: &str, place: Placed, link: &dyn Fn(usize) -> String) -> String {
    let class = node.act.map_or("same", |act| act.word());
    let (x, y) = (place.x + 10, place.y + HEIGHT / 2 + 4);
    let Placed { x: left, y: top, width, height } = place;
    let inner = format!(
        "<g class=\"node {class}\"><title>{}</title><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"5\"/><text x=\"{x}\" y=\"{y}\">{}</text></g>",
        html(&node.title),
        html(label)
    );
    match node.change {
        Some(change) => format!("<a href=\"#{}\">{inner}</a>\n", html(&link(change))),
        None => format!("{inner}\n"),
    }
}

/// A sign for those who see no colours, and the name; of a long one its beginning and its end.
fn label(node: &Node) -> String {
    let count = node.label.chars().count();
    let name = if count > LABEL {
        let head: String = node.label.chars().take(LABEL / 2).collect();
        let tail: String = node.label.chars().skip(count - LABEL / 2 + 1).collect();
        format!("{head}…{tail}")
    } else {
        node.label.clone()
    };
    match node.act {
        Some(act) => format!("{} {name}", act.sign()),
        None => name,
    }
}

fn width(label: &str) -> i64 {
    let count = i64::try_from(label.chars().count()).unwrap_or(i64::from(i32::MAX));
    count * CHARACTER / 10 + 20
}

/// A curve through the points: level where it leaves a column and where it enters one.
fn path(points: &[(i64, i64)]) -> String {
    let mut out = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        match at {
            0 => {
                let _ = write!(out, "M{x} {y}");
            }
            // To the end of the column.
            at if at % 2 == 1 => {
                let _ = write!(out, "H{x}");
            }
            at => {
                let (from, above) = points[at - 1];
                let middle = (from + x) / 2;
                let _ = write!(out, "C{middle} {above} {middle} {y} {x} {y}");
            }
        }
    }
    out
}
