//! `^(…)`: the items in order.

use super::super::fault::{Fault, Outcome};
use super::super::syntax::Term;
use super::super::value::{Tuple, Value};
use super::Evaluator;
use std::cmp::Ordering;

impl Evaluator<'_> {
    pub(super) fn sort_items(
        &mut self,
        terms: &[Term],
        items: Vec<Value>,
        frame: usize,
    ) -> Outcome<Vec<Value>> {
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            let keys = self.keys(terms, &item, frame)?;
            keyed.push((keys, item));
        }
        self.sorted(terms, keyed)
    }

    pub(super) fn sort_tuples(
        &mut self,
        terms: &[Term],
        tuples: Vec<Tuple>,
        frame: usize,
    ) -> Outcome<Vec<Tuple>> {
        let mut keyed = Vec::with_capacity(tuples.len());
        for tuple in tuples {
            let inner = self.tuple_frame(frame, &tuple);
            let keys = self.keys(terms, &tuple.item, inner)?;
            keyed.push((keys, tuple));
        }
        self.sorted(terms, keyed)
    }

    fn keys(&mut self, terms: &[Term], item: &Value, frame: usize) -> Outcome<Vec<Value>> {
        terms.iter().map(|term| self.evaluate(&term.expression, item, frame)).collect()
    }

    fn sorted<T>(&mut self, terms: &[Term], mut keyed: Vec<(Vec<Value>, T)>) -> Outcome<Vec<T>> {
        self.charge(keyed.len())?;
        // A list of one is in order, whatever it is ordered by.
        if keyed.len() > 1 {
            check(terms, &keyed)?;
        }
        keyed.sort_by(|(a, _), (b, _)| {
            let mut order = Ordering::Equal;
            for ((term, a), b) in terms.iter().zip(a).zip(b) {
                order = compare(a, b);
                // What has no key comes last either way.
                if term.descending && !a.is_nothing() && !b.is_nothing() {
                    order = order.reverse();
                }
                if order != Ordering::Equal {
                    break;
                }
            }
            order
        });
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    }
}

/// All keys of a term are numbers, or all are strings; some may be missing.
fn check<T>(terms: &[Term], keyed: &[(Vec<Value>, T)]) -> Outcome<()> {
    for (place, term) in terms.iter().enumerate() {
        let mut letter = None;
        for key in keyed.iter().filter_map(|(keys, _)| keys.get(place)) {
            match (key.letter(), letter) {
                ('m', _) => {}
                (found @ ('n' | 's'), None) => letter = Some(found),
                (found @ ('n' | 's'), Some(first)) if found == first => {}
                ('n' | 's', _) => {
                    let message = "an ordering can't mix numbers and strings";
                    return Err(Fault::at("T2007", term.expression.at, message));
                }
                _ => {
                    let message = "an ordering has to be by numbers or strings";
                    return Err(Fault::at("T2008", term.expression.at, message));
                }
            }
        }
    }
    Ok(())
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Nothing, Value::Nothing) => Ordering::Equal,
        (Value::Nothing, _) => Ordering::Greater,
        (_, Value::Nothing) => Ordering::Less,
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => by_units(a, b),
        _ => Ordering::Equal,
    }
}

/// Strings in the order of their UTF-16 code units, as ECMAScript has it.
pub(in super::super) fn by_units(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}
