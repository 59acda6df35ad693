//! Patches against a model of RFC 6902 that shares nothing with the one that is used.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn doubling_by_copies_is_refused() {
    let operations: Vec<Json> =
        (0..64).map(|i| json!({"op": "copy", "from": "", "path": format!("/x{i}")})).collect();
    let error = apply(&json!(operations).to_string(), &json!({"a": 1})).expect_err("refused");
    assert!(error.message.contains("too large"), "{}", error.message);
}

/// One text of 200,000 characters, copied a thousand times.
#[test]
fn long_texts_are_not_multiplied() {
    let operations: Vec<Json> =
        (0..1_000).map(|i| json!({"op": "copy", "from": "/a", "path": format!("/x{i}")})).collect();
    let error = apply(&json!(operations).to_string(), &json!({"a": "x".repeat(200_000)}));
    let message = error.expect_err("refused").message;
    assert!(message.contains("too large"), "{message}");
}

#[test]
fn a_model_can_not_grow_for_ever() {
    let (mut model, mut patches) = (json!({"x": "x".repeat(900_000)}), 0);
    while let Ok(next) =
        apply(&json!([{"op": "copy", "from": "/x", "path": format!("/{patches}")}]).to_string(), &model)
    {
        model = next;
        patches += 1;
        assert!(patches < 10);
    }
    assert_eq!(patches, 3);
}

/// Each operation at the beginning of a long array moves all of it.
#[test]
fn shifting_has_an_end() {
    let model = json!({"a": vec![0; 100_000]});
    for operation in [
        json!({"op": "add", "path": "/a/0", "value": 0}),
        json!({"op": "remove", "path": "/a/0"}),
        json!({"op": "move", "from": "/a/0", "path": "/a/-"}),
        json!({"op": "copy", "from": "/a/0", "path": "/a/1"}),
    ] {
        let error = apply(&json!(vec![&operation; 5_000]).to_string(), &model).expect_err("refused");
        assert!(error.message.contains("shifts too many"), "{operation}: {}", error.message);
        assert!(apply(&json!(vec![&operation; 40]).to_string(), &model).is_ok());
    }
    let replace = json!({"op": "replace", "path": "/a/0", "value": 1});
    assert!(apply(&json!(vec![&replace; 5_000]).to_string(), &model).is_ok());
}

#[test]
fn nesting_by_copies_is_refused() {
    let mut operations = Vec::new();
    let mut path = String::new();
    for _ in 0..40 {
        path.push_str("/a");
        operations.push(json!({"op": "copy", "from": "", "path": path}));
    }
    let outcome = apply(&json!(operations).to_string(), &json!({}));
    assert!(outcome.is_err());
}

#[test]
fn a_failing_operation_leaves_the_model_alone() {
    let model = json!({"a": 1});
    let document = r#"[{"op":"replace","path":"/a","value":2},{"op":"remove","path":"/b"}]"#;
    assert!(apply(document, &model).is_err());
    assert_eq!(model, json!({"a": 1}));
}

/// A document as the model has it.
#[derive(Debug, Clone, PartialEq)]
enum Tree {
    Leaf(String),
    List(Vec<Tree>),
    Named(BTreeMap<String, Tree>),
}

impl Tree {
    fn of(value: &Json) -> Self {
        match value {
            Json::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Json::Object(members) => {
                Self::Named(members.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect())
            }
            leaf => Self::Leaf(leaf.to_string()),
        }
    }

    fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| match node {
            Self::List(items) => items.get(index(name)?),
            Self::Named(members) => members.get(name),
            Self::Leaf(_) => None,
        })
    }

    fn at_mut(&mut self, path: &[String]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, name| match node {
            Self::List(items) => items.get_mut(index(name)?),
            Self::Named(members) => members.get_mut(name),
            Self::Leaf(_) => None,
        })
    }

    /// Section 4.1.
    fn add(&mut self, path: &[String], value: Self) -> Option<()> {
        let Some((last, parent)) = path.split_last() else {
            *self = value;
            return Some(());
        };
        match self.at_mut(parent)? {
            Self::List(items) => {
                let place = if last == "-" { items.len() } else { index(last)? };
                (place <= items.len()).then(|| items.insert(place, value))
            }
            Self::Named(members) => {
                members.insert(last.clone(), value);
                Some(())
            }
            Self::Leaf(_) => None,
        }
    }

    /// Section 4.2; of a part, not of the whole.
    fn remove(&mut self, path: &[String]) -> Option<Self> {
        let (last, parent) = path.split_last()?;
        match self.at_mut(parent)? {
            Self::List(items) => {
                let place = index(last).filter(|place| *place < items.len())?;
                Some(items.remove(place))
            }
            Self::Named(members) => members.remove(last),
            Self::Leaf(_) => None,
        }
    }

    /// Sections 4.1 to 4.6: nothing if the operation fails.
    fn done(&self, step: &Step) -> Option<Self> {
        let mut next = self.clone();
        match step {
            Step::Add(path, value) => next.add(path, Self::of(value))?,
            Step::Remove(path) => drop(next.remove(path)?),
            Step::Replace(path, value) => *next.at_mut(path)? = Self::of(value),
            Step::Copy(from, path) => next.add(path, self.at(from)?.clone())?,
            Step::Move(from, path) if path.len() > from.len() && path.starts_with(from) => return None,
            Step::Move(from, path) => {
                let value = next.remove(from)?;
                next.add(path, value)?;
            }
            Step::Test(path, value) => (*self.at(path)? == Self::of(value)).then_some(())?,
        }
        Some(next)
    }
}

/// RFC 6901: digits without needless zeros.
fn index(name: &str) -> Option<usize> {
    let plain = name.bytes().all(|b| b.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    plain.then(|| name.parse().ok()).flatten()
}

#[derive(Debug, Clone)]
enum Step {
    Add(Vec<String>, Json),
    Remove(Vec<String>),
    Replace(Vec<String>, Json),
    Copy(Vec<String>, Vec<String>),
    Move(Vec<String>, Vec<String>),
    Test(Vec<String>, Json),
}

impl Step {
    fn written(&self) -> Json {
        let pointer = |path: &[String]| -> String {
            path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
        };
        match self {
            Self::Add(path, value) => json!({"op": "add", "path": pointer(path), "value": value}),
            Self::Remove(path) => json!({"op": "remove", "path": pointer(path)}),
            Self::Replace(path, value) => json!({"op": "replace", "path": pointer(path), "value": value}),
            Self::Copy(from, path) => json!({"op": "copy", "from": pointer(from), "path": pointer(path)}),
            Self::Move(from, path) => json!({"op": "move", "from": pointer(from), "path": pointer(path)}),
            Self::Test(path, value) => json!({"op": "test", "path": pointer(path), "value": value}),
        }
    }
}

fn document() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (0..3).prop_map(Json::from),
        "[a-c]{0,2}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// Names that are escaped, or that an array could take for an index.
fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "0", "1", "2", "01", "-", "~", "/", "~1", ""]).prop_map(str::to_owned)
}

fn path(shortest: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(name(), shortest..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (path(0), document()).prop_map(|(path, value)| Step::Add(path, value)),
        2 => path(1).prop_map(Step::Remove),
        2 => (path(0), document()).prop_map(|(path, value)| Step::Replace(path, value)),
        2 => (path(0), path(0)).prop_map(|(from, path)| Step::Copy(from, path)),
        2 => (path(1), path(0)).prop_map(|(from, path)| Step::Move(from, path)),
        1 => (path(0), document()).prop_map(|(path, value)| Step::Test(path, value)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever is asked of whatever document: the same document comes out, or both refuse.
    #[test]
    fn patches_do_what_the_rfc_says(start in document(), steps in prop::collection::vec(step(), 1..12)) {
        // Steps that the model refuses would end nearly every sequence: most are left out.
        let (mut tree, mut taken) = (Tree::of(&start), Vec::new());
        for step in &steps {
            match tree.done(step) {
                Some(next) => {
                    tree = next;
                    taken.push(step.written());
                }
                None => {
                    let refused = json!([taken.as_slice(), &[step.written()]].concat()).to_string();
                    prop_assert!(apply(&refused, &start).is_err(), "{refused} on {start}");
                }
            }
        }
        let patched = apply(&json!(taken).to_string(), &start);
        let patched = patched.map_err(|fault| TestCaseError::fail(format!("{}: {taken:?}", fault.message)))?;
        prop_assert_eq!(Tree::of(&patched), tree, "{:?} on {}", taken, start);
    }

    #[test]
    fn no_document_panics(document in ".{0,200}") {
        let _ = apply(&document, &json!({"a": [1, 2, {"b": 3}]}));
    }
}
