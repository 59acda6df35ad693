//! What kinds rely on: constants, files, places of references, evaluation later.

use super::{Inputs, MemoryLoader, Stack};
use crate::diagnostics::Diagnostics;
use crate::model::{Address, Attributes, Place, Template, Value};
use std::collections::BTreeMap;

fn stack(files: &[(&str, &str)]) -> (Stack, Diagnostics) {
    let inputs = Inputs {
        env: "local".to_owned(),
        place: Place {
            partition: "aws".to_owned(),
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            base_url: None,
        },
        environment: Vec::new(),
        config: Vec::new(),
        imported: BTreeMap::new(),
    };
    let loader = MemoryLoader::new(files.iter().copied());
    let (stack, _, diagnostics) = Stack::load(files[0].0, Box::new(loader), inputs);
    (stack.expect("a stack"), diagnostics)
}

/// `queue.a.Arn` is known, everything else isn't.
struct OneQueue;

impl Attributes for OneQueue {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        match (address.as_str(), property) {
            ("queue.a", "Arn") => Value::from("arn:aws:sqs:us-east-1:000000000000:a"),
            _ => Value::unknown(address.clone(), property, "not yet"),
        }
    }
}

#[test]
fn expressions_are_evaluated_when_attributes_are_known() {
    let text = r#"
name: shop
config: {pass: {default: hush, secret: true}}
outputs:
  name: '${queue.a.Arn.split(":")[5]}'
  unknown: '${queue.b.Arn + queue.c.Arn + queue.a.Arn}'
  secret: '${queue.a.Arn + config.pass}'
  both: '${queue.b.Arn + config.pass}'
  fails: '${queue.a.Arn.split(":")[99]}'
"#;
    let (stack, diagnostics) = stack(&[("stack.yaml", text)]);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let value = |name: &str| {
        stack.outputs.iter().find(|o| o.name == name).expect("an output").value.evaluate(&OneQueue)
    };
    assert_eq!(value("name"), Value::from("a"));
    let causes: Vec<String> = value("unknown").unknowns().iter().map(|u| u.address.to_string()).collect();
    assert_eq!(causes, ["queue.b", "queue.c"]);
    assert!(matches!(value("secret"), Value::Sensitive(_)));
    assert!(value("secret").as_str().is_some_and(|text| text.ends_with(":ahush")));
    assert!(value("both").has_secrets() && !value("both").is_known());
    let reason = &value("fails").unknowns()[0].reason;
    assert!(reason.contains("can't be evaluated: a list has no item of that index"), "{reason}");
}

#[test]
fn references_know_their_places() {
    let text = "name: shop\noutputs:\n  ä: ignored\n  plain: ${ queue.a.Arn }\n  quoted: 'it''s ${queue.b.Arn}'\n  \
                escaped: \"\\t$${queue.c.Arn} ${queue.c.Arn}\"\n  folded: >\n    one\n    ${queue.d.Arn}\n  \
                cel: ${'ü' + queue.e.Arn}\n";
    let (stack, _) = stack(&[("stack.yaml", text)]);
    let mut found = Vec::new();
    for output in &stack.outputs {
        output.value.references(&mut |reference| {
            let span = reference.span.expect("a place");
            found.push((stack.sources().text(span).to_owned(), span.start as usize));
        });
    }
    let texts: Vec<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts, ["queue.a.Arn", "queue.b.Arn", "queue.c.Arn", "queue.d.Arn", "queue.e.Arn"]);
    assert_eq!(found[2].1, text.rfind("queue.c.Arn").expect("written"));
}

#[test]
fn files_are_read_beside_the_file_that_names_them() {
    let files = [
        ("s/stack.yaml", "name: shop\ninclude: parts/a.yaml\n"),
        (
            "s/parts/a.yaml",
            "stateMachines: {m: {definition: '../${stack.name}.asl.yaml', page: gone.html}}\n",
        ),
        ("s/shop.asl.yaml", "States: {One: {Resource: \"${queue.a.Arn}\"}}\n"),
    ];
    let (stack, mut diagnostics) = stack(&files);
    let machine = &stack.declarations[0];
    let path = machine.body.get("definition").expect("written");
    let (source, tree) = stack.tree_file(machine.source, path, &mut diagnostics).expect("a tree");
    assert_eq!(stack.sources().get(source).expect("kept").name, "s/shop.asl.yaml");
    let template = stack.template(&tree, &mut diagnostics);
    let resource = template.get("States").and_then(|s| s.get("One")).and_then(|o| o.get("Resource"));
    assert!(matches!(resource, Some(Template::Attribute(_))));
    let (_, text) = stack.text_file(machine.source, path, &mut diagnostics).expect("the text");
    assert!(text.starts_with("States"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let page = machine.body.get("page").expect("written");
    assert!(stack.text_file(machine.source, page, &mut diagnostics).is_none());
    let messages: Vec<&str> = diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(messages, ["the file `s/parts/gone.html` can't be read: no such file"]);
    // A saved plan loads again from what was read.
    let again = MemoryLoader::from(&stack.sources());
    let inputs = Inputs {
        env: stack.env.clone(),
        place: stack.place.clone(),
        environment: Vec::new(),
        config: Vec::new(),
        imported: BTreeMap::new(),
    };
    let (again, sources, _) = Stack::load("s/stack.yaml", Box::new(again), inputs);
    assert!(again.is_some_and(|again| again.declarations.len() == 1));
    assert_eq!(sources.iter().count(), 2);
}

#[test]
fn what_must_be_known_at_load_is_told_otherwise() {
    let text = r#"
name: shop
config: {n: {default: 2}, pass: {default: hush, secret: true}}
resources:
  a: {number: "${config.n * 2}", text: "x${config.n}", later: "${queue.a.Arn}", bad: "${confg.n}", secret: "${config.pass}", raw: 0012}
"#;
    let (stack, mut diagnostics) = stack(&[("stack.yaml", text)]);
    let body = &stack.declarations[0].body;
    let node = |key: &str| body.get(key).expect("written");
    assert_eq!(stack.constant(node("number"), &mut diagnostics), Some(Value::from(4)));
    assert_eq!(stack.constant_text(node("text"), &mut diagnostics).as_deref(), Some("x2"));
    assert_eq!(stack.constant_text(node("raw"), &mut diagnostics).as_deref(), Some("0012"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    for key in ["later", "bad", "secret"] {
        let _ = stack.constant_text(node(key), &mut diagnostics);
    }
    let messages: Vec<&str> = diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "this must be known at load, but `queue.a.Arn` isn't",
            "`confg` is not known in expressions",
            "a secret can't stand here: this is shown in plans",
        ]
    );
}
