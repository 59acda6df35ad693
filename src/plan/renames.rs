//! Declarations that were renamed without a word: the same resource under another address, and what
//! looks like it.

use super::ResourceChange;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::{Context, diff};
use crate::model::{Action, Address, Desired, Json, Recorded, Secrets, Value};
use crate::schema::{Catalogue, TypeName};
use std::collections::{BTreeMap, BTreeSet};

/// Of one type more pairs aren't compared: it is a hint, not a proof.
const MOST_PAIRS: usize = 10_000;

/// Says that a record was moved because both names mean the same resource.
pub(super) fn moved(from: &Recorded, to: &Desired) -> Diagnostic {
    let message = format!(
        "`{}` goes on as `{}`: both are the {} `{}`, so nothing is deleted or created",
        from.address, to.address, from.type_name, from.identifier
    );
    Diagnostic::warning(Code::RENAMED, message)
        .at(to.span)
        .hint(format!("{}, to say so yourself", way(&from.address, &to.address)))
}

/// Of renames that belong together (a queue and its dead letters) the first alone.
pub(super) fn together<'a, T>(pairs: Vec<(&'a Address, &'a Address, T)>) -> Vec<T> {
    let mut told: BTreeSet<(Address, Address)> = BTreeSet::new();
    let mut pairs = pairs;
    pairs.sort_by_key(|(from, to, _)| (from.as_str().len(), to.as_str().len(), *from));
    pairs.into_iter().filter(|(from, to, _)| told.insert(meant(from, to))).map(|(.., told)| told).collect()
}

/// The declarations, where the two are the same part of theirs.
fn meant(from: &Address, to: &Address) -> (Address, Address) {
    let part = |address: &Address| address.as_str().strip_prefix(address.owner().as_str()).map(str::to_owned);
    if part(from) == part(to) { (from.owner(), to.owner()) } else { (from.clone(), to.clone()) }
}

fn way(from: &Address, to: &Address) -> String {
    let (from, to) = meant(from, to);
    let by_hand = format!("run `evstack state mv {from} {to}`");
    if to.owner() != to {
        return by_hand;
    }
    format!("write `options: {{aliases: [{from}]}}` in the declaration of `{to}`, or {by_hand}")
}

/// What is needed to tell what looks renamed.
pub(super) struct Lookout<'a> {
    pub(super) recorded: &'a BTreeMap<Address, Recorded>,
    pub(super) desired: &'a BTreeMap<&'a Address, &'a Desired>,
    pub(super) catalogue: &'a Catalogue,
    pub(super) secrets: &'a Secrets,
}

impl Lookout<'_> {
    /// Warns where what goes and what comes are declared alike, but for what follows from the name.
    pub(super) fn tell(&self, changes: &[ResourceChange], diagnostics: &mut Diagnostics) {
        let mut of_type: BTreeMap<&TypeName, (Vec<&Recorded>, Vec<&ResourceChange>)> = BTreeMap::new();
        for change in changes {
            let (going, coming) = of_type.entry(&change.type_name).or_default();
            let gone = change.drift.is_some() || change.moved_from.is_some();
            match change.action {
                Action::Create if !gone => coming.push(change),
                Action::Delete if !gone => going.extend(self.recorded.get(&change.address)),
                _ => {}
            }
        }
        let mut pairs = Vec::new();
        for (going, coming) in of_type.values() {
            if going.len().saturating_mul(coming.len()) <= MOST_PAIRS {
                pairs.extend(self.alike(going, coming));
            }
        }
        let told =
            pairs.iter().map(|(from, to)| (&from.address, &to.address, self.words(from, to))).collect();
        for diagnostic in together(told) {
            diagnostics.push(diagnostic);
        }
    }

    /// Those that are alike and each like no other.
    fn alike<'c>(
        &self,
        going: &[&'c Recorded],
        coming: &[&'c ResourceChange],
    ) -> Vec<(&'c Recorded, &'c ResourceChange)> {
        let mut pairs = Vec::new();
        for from in going {
            let kind = self.catalogue.of(&from.type_name);
            let name = kind.as_deref().and_then(|kind| kind.name_property());
            for to in coming {
                let names = Names { from: &from.address, to: &to.address, secrets: self.secrets };
                if to.after.as_ref().is_some_and(|after| names.resources(&from.declared, after, name)) {
                    pairs.push((*from, *to));
                }
            }
        }
        let alone = |(from, to): &(&Recorded, &ResourceChange)| {
            pairs.iter().filter(|(f, t)| f.address == from.address || t.address == to.address).count() == 1
        };
        pairs.iter().filter(|pair| alone(pair)).copied().collect()
    }

    fn words(&self, from: &Recorded, to: &ResourceChange) -> Diagnostic {
        let message = format!(
            "`{}`, which goes, looks like `{}`, which comes, under another name",
            from.address, to.address
        );
        let mut diagnostic = Diagnostic::warning(Code::RENAMED, message).hint(format!(
            "if it is the same, to keep it: {}{}",
            way(&from.address, &to.address),
            self.fixed(from, to)
        ));
        if let Some(desired) = self.desired.get(&to.address) {
            diagnostic = diagnostic.at(desired.span);
        }
        diagnostic
    }

    /// What it must be declared as besides, so that it isn't replaced all the same.
    fn fixed(&self, from: &Recorded, to: &ResourceChange) -> String {
        let (Some(kind), Some(desired), Some(after)) =
            (self.catalogue.of(&to.type_name), self.desired.get(&to.address), &to.after)
        else {
            return String::new();
        };
        let context = Context::new(&kind, &desired.options, self.secrets);
        let differences = diff(after, Some(&from.declared), &from.seen, &context).differences;
        let kept = differences.iter().filter(|d| d.forces_replacement && !d.sensitive).filter_map(|d| {
            let before = d.before.as_ref()?;
            let before = before.as_str().map_or_else(|| before.to_string(), str::to_owned);
            Some(format!("`{}: {before}`", d.path.join(".")))
        });
        let kept: Vec<String> = kept.collect();
        match kept.is_empty() {
            true => String::new(),
            false => format!("; and declare {}, which can't be changed", kept.join(", ")),
        }
    }
}

/// Two addresses, and what follows from them.
struct Names<'a> {
    from: &'a Address,
    to: &'a Address,
    secrets: &'a Secrets,
}

impl Names<'_> {
    /// The same for whole resources: what they are called may be anything.
    fn resources(&self, sent: &Json, wanted: &Value, name: Option<&str>) -> bool {
        let (Json::Object(sent), Value::Object(wanted)) = (sent, wanted) else { return false };
        sent.len() == wanted.len()
            && sent.iter().all(|(key, sent)| {
                let wanted = wanted.get(key);
                wanted.is_some_and(|wanted| Some(key.as_str()) == name || self.alike(sent, wanted))
            })
    }

    /// Whether the one was declared as the other is, names apart. What isn't known yet may be the same.
    fn alike(&self, sent: &Json, wanted: &Value) -> bool {
        match (sent, wanted) {
            (_, Value::Unknown(_)) => true,
            (sent, Value::Sensitive(inner)) => {
                inner.to_json().is_some_and(|json| self.secrets.hash(&json) == *sent)
            }
            (Json::Object(sent), Value::Object(wanted)) => {
                sent.len() == wanted.len()
                    && sent.iter().all(|(key, sent)| {
                        let same = wanted.get(key).or_else(|| wanted.get(&self.renamed(key)));
                        same.is_some_and(|wanted| self.alike(sent, wanted))
                    })
            }
            (Json::Array(sent), Value::Array(wanted)) => {
                sent.len() == wanted.len() && sent.iter().zip(wanted).all(|(s, w)| self.alike(s, w))
            }
            (Json::String(sent), Value::String(wanted)) => sent == wanted || self.renamed(sent) == *wanted,
            (sent, wanted) => wanted.to_json().is_some_and(|wanted| wanted == *sent),
        }
    }

    /// A text with the one name in place of the other, wherever it stands as a word.
    fn renamed(&self, text: &str) -> String {
        if text == self.from.as_str() {
            return self.to.as_str().to_owned();
        }
        let (from, to) = meant(self.from, self.to);
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let end = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_').len();
            let (word, rest) = piece.split_at(end);
            out.push_str(if word == from.name() { to.name() } else { word });
            out.push_str(rest);
        }
        out
    }
}
