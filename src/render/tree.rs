//! Two values side by side, in Terraform's format: `+`, `-`, `~`, what is unchanged hidden.
//!
//! A column is where a key begins; its mark stands two to the left. JSON text is shown as what it
//! says, inside `jsonencode(…)`, and text of several lines line by line.

use super::paint::{Mark, Paint};
use super::text_lines;
use crate::model::{Json, Value};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Comparisons of two lists' items, at most.
const LARGEST: usize = 1 << 20;
const FORCES: &str = " # forces replacement";

/// Writes values.
pub(super) struct Tree<'a> {
    pub(super) out: String,
    pub(super) paint: Paint,
    /// Paths that ask for a new resource.
    pub(super) replace_paths: &'a [Vec<String>],
    /// Where each line with a place for a mark begins, and what stands there.
    pub(super) marks: Vec<(usize, Mark)>,
    path: Vec<String>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(paint: Paint, replace_paths: &'a [Vec<String>]) -> Self {
        Self { out: String::new(), paint, replace_paths, marks: Vec::new(), path: Vec::new() }
    }

    /// A mark and what follows it, up to where the text of the line begins.
    pub(super) fn begin(&mut self, column: usize, mark: Mark) {
        self.marks.push((self.out.len(), mark));
        self.spaces(column - 2);
        let mark = self.paint.mark(mark);
        self.out.push_str(&mark);
        self.out.push(' ');
    }

    pub(super) fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// `key = value` lines of an object: what differs, then how much is the same. `end` is written
    /// after what goes (Terraform's ` -> null` at the top of a resource).
    pub(super) fn members(
        &mut self,
        before: &IndexMap<String, Value>,
        after: &IndexMap<String, Value>,
        column: usize,
        end: &str,
    ) {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        self.pairs(keys.iter().copied(), before, after, column, end);
    }

    /// The same, in the order of these keys.
    pub(super) fn pairs<'k>(
        &mut self,
        keys: impl Iterator<Item = &'k String> + Clone,
        before: &IndexMap<String, Value>,
        after: &IndexMap<String, Value>,
        column: usize,
        end: &str,
    ) {
        let width = keys.clone().map(|key| key_text(key).chars().count()).max().unwrap_or(0);
        let mut hidden = 0;
        for key in keys {
            let (was, will) = (before.get(key), after.get(key));
            if was == will {
                hidden += 1;
                continue;
            }
            let mark = match (was, will) {
                (None, _) => Mark::Add,
                (_, None) => Mark::Remove,
                _ => Mark::Change,
            };
            self.begin(column, mark);
            self.out.push_str(&format!("{:width$} = ", key_text(key)));
            self.path.push(key.clone());
            self.pair(was, will, column, end);
            self.path.pop();
            self.out.push('\n');
        }
        self.hidden(hidden, "attribute", column);
    }

    /// Either of two, or both.
    fn pair(&mut self, was: Option<&Value>, will: Option<&Value>, column: usize, end: &str) {
        let note = self.note();
        match (was, will) {
            (Some(was), Some(will)) => self.change(was, will, column, note),
            (None, Some(will)) => self.whole(will, column, Mark::Add, note),
            // A comment closes its line: after what becomes of a value on one, else at the bracket.
            (Some(was), None) if is_one_line(was) => self.scalar(was, &format!("{end}{note}")),
            (Some(was), None) => {
                self.whole(was, column, Mark::Remove, note);
                self.out.push_str(end);
            }
            (None, None) => {}
        }
    }

    pub(super) fn hidden(&mut self, count: usize, what: &str, column: usize) {
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            let text = self.paint.dim(&format!("# ({count} unchanged {what}{plural} hidden)"));
            self.spaces(column);
            self.out.push_str(&text);
            self.out.push('\n');
        }
    }

    /// Whether this place asks for a new resource: it does, or something in this list.
    fn note(&self) -> &'static str {
        let here = self.replace_paths.iter().any(|path| {
            path.starts_with(&self.path)
                && path[self.path.len()..].first().is_none_or(|n| n == "-" || n.parse::<usize>().is_ok())
        });
        if here { FORCES } else { "" }
    }

    /// One value, all of it under one mark.
    pub(super) fn whole(&mut self, value: &Value, column: usize, mark: Mark, note: &str) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.open('{', note);
                let mut keys: Vec<&String> = members.keys().collect();
                keys.sort();
                let width = keys.iter().map(|key| key_text(key).chars().count()).max().unwrap_or(0);
                for key in keys {
                    self.begin(column + 4, mark);
                    self.out.push_str(&format!("{:width$} = ", key_text(key)));
                    self.whole(&members[key], column + 4, mark, "");
                    self.out.push('\n');
                }
                self.close('}', column);
            }
            Value::Array(items) if !items.is_empty() => {
                self.open('[', note);
                for item in items {
                    self.item(item, column + 4, mark);
                }
                self.close(']', column);
            }
            Value::String(text) => match document(value) {
                Some(document) => {
                    self.out.push_str("jsonencode(");
                    self.out.push_str(note);
                    self.out.push('\n');
                    self.spaces(column + 4);
                    self.whole(&document, column + 4, mark, "");
                    self.out.push('\n');
                    self.close(')', column);
                }
                None if text.contains('\n') => {
                    self.heredoc(column, note, |tree| {
                        for line in text.lines() {
                            tree.spaces(column + 4);
                            tree.out.push_str(&text_lines::clean(line));
                            tree.out.push('\n');
                        }
                    });
                }
                None => self.scalar(value, note),
            },
            other => self.scalar(other, note),
        }
    }

    fn item(&mut self, item: &Value, column: usize, mark: Mark) {
        self.begin(column, mark);
        self.whole(item, column, mark, "");
        self.out.push_str(",\n");
    }

    fn scalar(&mut self, value: &Value, note: &str) {
        self.out.push_str(&scalar_text(value));
        self.out.push_str(note);
    }

    fn open(&mut self, bracket: char, note: &str) {
        self.out.push(bracket);
        self.out.push_str(note);
        self.out.push('\n');
    }

    fn close(&mut self, bracket: char, column: usize) {
        self.spaces(column);
        self.out.push(bracket);
    }

    fn heredoc(&mut self, column: usize, note: &str, lines: impl FnOnce(&mut Self)) {
        self.out.push_str("<<-EOT");
        self.out.push_str(note);
        self.out.push('\n');
        lines(self);
        self.spaces(column);
        self.out.push_str("EOT");
    }

    /// One value that becomes another.
    fn change(&mut self, was: &Value, will: &Value, column: usize, note: &str) {
        match (was, will) {
            (Value::Object(was), Value::Object(will)) => {
                self.open('{', note);
                self.members(was, will, column + 4, "");
                self.close('}', column);
            }
            (Value::Array(was), Value::Array(will)) => {
                self.open('[', note);
                self.items(was, will, column + 4);
                self.close(']', column);
            }
            _ => match (document(was), document(will)) {
                (Some(was), Some(will)) if was != will => {
                    self.out.push_str("jsonencode(");
                    self.out.push_str(note);
                    self.out.push('\n');
                    self.begin(column + 4, Mark::Change);
                    self.change(&was, &will, column + 4, "");
                    self.out.push('\n');
                    self.close(')', column);
                }
                // They say the same: what differs is how they are written.
                (Some(_), Some(_)) if matches!(will, Value::String(_)) => {
                    self.out.push_str(&format!("{} -> {}", scalar_text(was), scalar_text(will)));
                    self.out.push_str(note);
                }
                _ => self.change_scalar(was, will, column, note),
            },
        }
    }

    fn change_scalar(&mut self, was: &Value, will: &Value, column: usize, note: &str) {
        if let (Value::String(was), Value::String(will)) = (was, will)
            && (was.contains('\n') || will.contains('\n'))
        {
            self.heredoc(column, note, |tree| text_lines::write(tree, was, will, column + 4));
            return;
        }
        if matches!((was, will), (Value::Sensitive(_), Value::Sensitive(_))) {
            self.scalar(will, note);
            return;
        }
        self.whole(was, column, Mark::Remove, "");
        self.out.push_str(" -> ");
        self.whole(will, column, Mark::Add, note);
    }

    /// Items of two lists: what both have is matched, what stands between is paired.
    fn items(&mut self, was: &[Value], will: &[Value], column: usize) {
        let steps = steps(was, will);
        let changed = |at: usize| steps.get(at).is_some_and(|step| !matches!(step, Step::Same(_)));
        let mut hidden = 0;
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Same(item) if changed(at + 1) || (at > 0 && changed(at - 1)) => {
                    self.hidden(std::mem::take(&mut hidden), "element", column);
                    self.item(item, column, Mark::None);
                }
                Step::Same(_) => hidden += 1,
                Step::Add(item) => {
                    self.hidden(std::mem::take(&mut hidden), "element", column);
                    self.item(item, column, Mark::Add);
                }
                Step::Remove(item) => {
                    self.hidden(std::mem::take(&mut hidden), "element", column);
                    self.item(item, column, Mark::Remove);
                }
                Step::Change(was, will) => {
                    self.hidden(std::mem::take(&mut hidden), "element", column);
                    self.begin(column, Mark::Change);
                    self.change(was, will, column, "");
                    self.out.push_str(",\n");
                }
            }
        }
        self.hidden(hidden, "element", column);
    }
}

enum Step<'v> {
    Same(&'v Value),
    Add(&'v Value),
    Remove(&'v Value),
    Change(&'v Value, &'v Value),
}

fn steps<'v>(was: &'v [Value], will: &'v [Value]) -> Vec<Step<'v>> {
    let mut steps = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (x, y) in common(was, will).into_iter().chain([(was.len(), will.len())]) {
        let (gone, come) = (&was[i..x], &will[j..y]);
        let pairs = gone.iter().zip(come).take_while(|(g, c)| composite(g) && composite(c)).count();
        steps.extend(gone[..pairs].iter().zip(&come[..pairs]).map(|(g, c)| Step::Change(g, c)));
        steps.extend(gone[pairs..].iter().map(Step::Remove));
        steps.extend(come[pairs..].iter().map(Step::Add));
        if x < was.len() {
            steps.push(Step::Same(&was[x]));
        }
        (i, j) = (x + 1, y + 1);
    }
    steps
}

fn composite(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_)) || document(value).is_some()
}

/// Index pairs of what both have, in order: the common beginning and end, and between them a
/// longest common subsequence, unless that would take too long to find.
fn common(was: &[Value], will: &[Value]) -> Vec<(usize, usize)> {
    let start = was.iter().zip(will).take_while(|(a, b)| a == b).count();
    let (was_rest, will_rest) = (&was[start..], &will[start..]);
    let end = was_rest.iter().rev().zip(will_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (was_middle, will_middle) = (&was_rest[..was_rest.len() - end], &will_rest[..will_rest.len() - end]);
    let mut pairs: Vec<(usize, usize)> = (0..start).map(|i| (i, i)).collect();
    if was_middle.len().saturating_mul(will_middle.len()) <= LARGEST {
        pairs.extend(subsequence(was_middle, will_middle).into_iter().map(|(i, j)| (i + start, j + start)));
    }
    pairs.extend((0..end).rev().map(|k| (was.len() - 1 - k, will.len() - 1 - k)));
    pairs
}

fn subsequence(was: &[Value], will: &[Value]) -> Vec<(usize, usize)> {
    let width = will.len() + 1;
    let mut length = vec![0u32; (was.len() + 1) * width];
    for i in (0..was.len()).rev() {
        for j in (0..will.len()).rev() {
            length[i * width + j] = if was[i] == will[j] {
                length[(i + 1) * width + j + 1] + 1
            } else {
                length[(i + 1) * width + j].max(length[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < was.len() && j < will.len() {
        if was[i] == will[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if length[(i + 1) * width + j] >= length[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Whether nothing is opened to show it.
fn is_one_line(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => !text.contains('\n') && document(value).is_none(),
        _ => true,
    }
}

/// What a text says, if it is a JSON object or array; an object is what it is.
fn document(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str::<Json>(text)
                .ok()
                .filter(|json| json.is_object() || json.is_array())
                .map(Value::from)
        }
        Value::Object(_) => Some(value.clone()),
        _ => None,
    }
}

/// A key as HCL writes it: quoted unless it is an identifier.
fn key_text(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if plain { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    text_lines::clean(&Json::String(text.to_owned()).to_string()).into_owned()
}

/// A value on one line.
pub(super) fn scalar_text(value: &Value) -> String {
    match value {
        Value::Unknown(_) => "(known after apply)".to_owned(),
        Value::Sensitive(_) => "(sensitive value)".to_owned(),
        Value::String(text) => quoted(text),
        other => other.to_json().unwrap_or_default().to_string(),
    }
}
