//! Nothing in a stack file can make the program panic, hang or eat memory. Each test runs on a test
//! thread's 2 MiB of stack.

use evstack::diagnostics::{Diagnostics, SourceId, render};
use evstack::model::Place;
use evstack::spec::{Inputs, MemoryLoader, Stack};
use evstack::syntax::{self, Format};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Generous, for a debug build on a busy machine; what is looked for takes hours or for ever.
const LONG: Duration = Duration::from_secs(20);

fn parse(text: &str, format: Format) -> Diagnostics {
    let start = Instant::now();
    let (tree, diagnostics) = syntax::parse(SourceId(0), text, format);
    assert!(tree.is_some() || diagnostics.has_errors(), "no tree, and nobody says why");
    assert!(start.elapsed() < LONG, "took {:?}", start.elapsed());
    diagnostics
}

fn codes(diagnostics: &Diagnostics) -> Vec<&'static str> {
    let mut codes: Vec<_> = diagnostics.iter().map(|d| d.code.id).collect();
    codes.dedup();
    codes
}

fn load(files: &[(&str, &str)]) -> Diagnostics {
    let start = Instant::now();
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
    let (stack, sources, mut diagnostics) = Stack::load(files[0].0, Box::new(loader), inputs);
    assert!(stack.is_some() || diagnostics.has_errors());
    if let Some(stack) = &stack {
        for declaration in &stack.declarations {
            let _ = stack.template(&declaration.body, &mut diagnostics);
        }
    }
    let shown = render::text(&diagnostics, &sources, true);
    assert!(shown.len() < 10_000_000);
    assert!(start.elapsed() < LONG, "took {:?}", start.elapsed());
    diagnostics
}

fn expression(written: &str) -> Diagnostics {
    let json = serde_json::json!({ "name": "x", "outputs": { "o": format!("${{{written}}}") } });
    load(&[("stack.json", &json.to_string())])
}

#[test]
fn deep_nesting_is_refused() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for (text, format) in [
        (deep("[", "]"), Format::Json),
        (deep("{\"a\":", "}"), Format::Json),
        (deep("[", ""), Format::Json),
        (format!("a: {}", deep("[", "]")), Format::Yaml),
        (format!("a: {}", deep("{a: ", "}")), Format::Yaml),
        (deep("- ", ""), Format::Yaml),
        (deep("? ", ""), Format::Yaml),
        ((0..3_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect(), Format::Yaml),
        (format!("a = {}", deep("[", "]")), Format::Toml),
        (format!("a = {}", deep("[", "")), Format::Toml),
        (format!("a = {}", deep("{a = ", "}")), Format::Toml),
        (format!("{}a = 1", "a.".repeat(100_000)), Format::Toml),
        (format!("[{}a]\n", "a.".repeat(100_000)), Format::Toml),
        (deep("[", "]"), Format::Toml),
    ] {
        let diagnostics = parse(&text, format);
        assert!(diagnostics.has_errors(), "{}", &text[..20]);
        assert!(diagnostics.len() <= 101, "{} mistakes told", diagnostics.len());
    }
    assert_eq!(codes(&parse(&deep("[", "]"), Format::Json)), ["E0103"]);
    assert_eq!(codes(&parse(&format!("a: {}", deep("[", "]")), Format::Yaml)), ["E0103"]);
}

#[test]
fn aliases_do_not_blow_up() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..40 {
        let alias = format!("*a{}", n - 1);
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![alias; 9].join(", ")));
    }
    assert_eq!(codes(&parse(&bomb, Format::Yaml)), ["E0104"]);
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 5_000].join(", "));
    assert_eq!(codes(&parse(&long, Format::Yaml)), ["E0104"]);
    let mut nested = "a0: &a0 {x: 1}\n".to_owned();
    for n in 1..100 {
        nested.push_str(&format!("a{n}: &a{n} {{x: *a{}}}\n", n - 1));
    }
    assert_eq!(codes(&parse(&nested, Format::Yaml)), ["E0103"]);
    let mut merges = "a0: &a0 {k0: 1}\n".to_owned();
    for n in 1..2_000 {
        merges.push_str(&format!("a{n}: &a{n} {{<<: *a{}, k{n}: 1}}\n", n - 1));
    }
    assert_eq!(codes(&parse(&merges, Format::Yaml)), ["E0104"]);
    assert!(parse("a: &a [*a]", Format::Yaml).has_errors());
    assert!(parse("a: *b", Format::Yaml).has_errors());
    assert!(parse("&a a: *a", Format::Yaml).is_empty());
}

#[test]
fn large_and_odd_files() {
    for format in [Format::Yaml, Format::Toml, Format::Json] {
        assert_eq!(codes(&parse(&" ".repeat(5 << 20), format)), ["E0104"]);
        assert!(parse("a\0b", format).has_errors());
        assert!(parse("\u{feff}\u{feff}[", format).has_errors());
        for text in ["", "\u{feff}", "\n", "\r\n\r\n", "# x", "\t", "---", "...", "\u{85}\u{2028}"] {
            let _ = parse(text, format);
        }
        for piece in [
            "\"",
            "'",
            "{",
            "}",
            "]",
            ",",
            ":",
            "a: ",
            "- ",
            "? ",
            "&a ",
            "*a ",
            "!a ",
            "| ",
            "> ",
            "%",
            "\\",
            "=\n",
            "[[a]]\n",
            "a = 1\n",
            "a: 1\n",
            "\"a\": 1, ",
            "é",
            "#",
        ] {
            let _ = parse(&piece.repeat((1 << 18) / piece.len()), format);
        }
    }
    let many: String = (0..150_000).map(|n| format!("k{n}: 1\n")).collect();
    assert!(parse(&many, Format::Yaml).is_empty());
    let same = "k: 1\n".repeat(100_000);
    assert_eq!(codes(&parse(&same, Format::Yaml)), ["E0102"]);
    let nodes = format!("[{}1]", "1,".repeat(250_000));
    for format in [Format::Yaml, Format::Json] {
        assert_eq!(codes(&parse(&nodes, format)), ["E0104"]);
    }
    assert_eq!(codes(&parse(&format!("a = {nodes}"), Format::Toml)), ["E0104"]);
}

#[test]
fn deep_and_long_expressions() {
    for written in [
        "(".repeat(100_000),
        format!("{}1{}", "(".repeat(2_000), ")".repeat(2_000)),
        format!("{}1{}", "(".repeat(20), ")".repeat(20)),
        format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000)),
        "!".repeat(4_000) + "true",
        "!".repeat(240) + "true",
        "-".repeat(240) + "1",
        format!("1{}", "+1".repeat(2_000)),
        format!("1{}", "+1".repeat(245)),
        format!("1{}", " in [1]".repeat(80)),
        format!("true{}", "?true:true".repeat(120)),
        format!("true{}", "&&true".repeat(120)),
        format!("config{}", ".a".repeat(2_000)),
        format!("'a'{}", ".trim()".repeat(80)),
        format!("{{1:{}1{}", "{1:".repeat(18), "}".repeat(19)),
        "a b ".repeat(1_000),
        "'".to_owned(),
        "\"\\".to_owned(),
        "\u{0}".to_owned(),
        "b'\\xff'".to_owned(),
        "1u + 18446744073709551615u".to_owned(),
        "9223372036854775807 + 1".to_owned(),
        "-9223372036854775808 / -1".to_owned(),
        "99999999999999999999".to_owned(),
        "1.0 / 0.0".to_owned(),
        "timestamp('x')".to_owned(),
        "type(1)".to_owned(),
        "dyn".to_owned(),
        "config.map(config, config)".to_owned(),
        "[1].map(x, queue.x)".to_owned(),
        "@result".to_owned(),
        "x.y{a: 1}".to_owned(),
        "'é'.split('')".to_owned(),
        "'é'[0]".to_owned(),
        "{'a': 1}.b".to_owned(),
        "'a'.matches('(')".to_owned(),
    ] {
        let _ = expression(&written);
    }
}

#[test]
fn expressions_have_a_budget() {
    let list = "[1,2,3,4,5,6,7,8,9,0]";
    let rounds = |depth: usize| {
        let open: String = (0..depth).map(|n| format!("{list}.map(v{n},")).collect();
        format!("{open}1{}", ")".repeat(depth))
    };
    for written in [
        rounds(8),
        format!("['aaaaaaaaaaaaaaaa']{}", ".map(y,y+y+y+y)".repeat(40)),
        format!("[[1]]{}", ".map(y,[y,y])".repeat(30)),
        format!("[[1]]{} == [1]", ".map(y,[y,y])".repeat(30)),
        format!("'aaaaaaaa'{}", ".replace('a','aaaaaaaa')".repeat(30)),
        format!("'a,a,a,a,a'{}", ".split(',').join(',,,,,,,,')".repeat(16)),
        format!("{list}.map(a,{list}.map(b,{list}.map(c,'aaaaaaaaaaaaaaa'.matches('(\\\\w{{9}}){{9}}'))))"),
    ] {
        let diagnostics = expression(&written);
        assert_eq!(codes(&diagnostics), ["E0205"], "{written}");
    }
    assert!(expression("[1,2,3,4,5,6,7,8,9,10].map(x, x * 2).filter(x, x > 3).size() == 9").is_empty());
}

#[test]
fn variables_have_a_budget() {
    for double in ["${variables.vN}${variables.vN}", "${variables.vN + variables.vN}"] {
        let mut stack = "name: x\nvariables:\n  v0: aaaaaaaaaaaaaaaa\n".to_owned();
        for n in 1..60 {
            stack.push_str(&format!("  v{n}: '{}'\n", double.replace("vN", &format!("v{}", n - 1))));
        }
        assert_eq!(codes(&load(&[("stack.yaml", &stack)])), ["E0205"]);
    }
    let mut stack = "name: x\nvariables:\n  v0: ${queue.a.Arn}\n".to_owned();
    for n in 1..60 {
        let last = n - 1;
        stack.push_str(&format!("  v{n}: ['${{variables.v{last}}}', '${{variables.v{last}}}']\n"));
    }
    assert_eq!(codes(&load(&[("stack.yaml", &stack)])), ["E0205"]);
    let big = "x".repeat(900_000);
    let uses = "  - ${variables.big}\n".repeat(3_000);
    let stack = format!("name: x\nvariables: {{big: {big}}}\nresources:\n a:\n{uses}");
    assert_eq!(codes(&load(&[("stack.yaml", &stack)])), ["E0205"]);
    let chain: String = (0..2_000).map(|n| format!("  v{n}: ${{variables.v{}}}\n", n + 1)).collect();
    assert!(load(&[("stack.yaml", &format!("name: x\nvariables:\n{chain}  v2000: 1\n"))]).is_empty());
}

#[test]
fn many_mistakes() {
    let keys: String = (0..15_000).map(|n| format!("wrong{n}: ${{x{n}}}\n")).collect();
    let outputs: String = (0..15_000).map(|n| format!("  o{n}: ${{x{n}}}\n")).collect();
    let diagnostics = load(&[("stack.yaml", &format!("name: x\n{keys}outputs:\n{outputs}"))]);
    assert!(diagnostics.has_errors() && diagnostics.dropped() > 20_000);
}

#[test]
fn a_long_chain_of_files() {
    let files: Vec<(String, String)> =
        (0..500).map(|n| (format!("f{n}.yaml"), format!("include: f{}.yaml\n", n + 1))).collect();
    let mut all = vec![("stack.yaml", "name: x\ninclude: f0.yaml\n")];
    all.extend(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    assert_eq!(codes(&load(&all)), ["E0103"]);
}

const SEED: &str = "name: shop\nconfig:\n  stage: {type: string, default: dev, allowed: [dev, prod]}\nvariables:\n  a: ${config.stage}-x\n  b: '${variables.a + \"!\"}'\nevents: {orderPlaced: {source: é}}\nqueues:\n  a: &base {fifo: true, arn: \"${queue.b.Arn}\"}\n  b: {<<: *base, x: '${[1, 2].map(n, n + 1)}'}\noutputs:\n  o: |\n    ${queue.a.deadLetter.Arn} and $${x}\n";

/// A stack file with bytes changed, taken out and put in.
fn mutated() -> impl Strategy<Value = String> {
    let edit =
        (any::<prop::sample::Index>(), 0usize..3, "[\\[\\]{}\\(\\):,'\"$&*!|>#%\\-\\n\\t \\\\.éa0]{0,4}");
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut text: Vec<char> = SEED.chars().collect();
        for (index, removed, added) in edits {
            let at = index.index(text.len().max(1)).min(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, added.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}|[\\[\\]{}:,'\"$&*!|>#%\\-=\\n\\t\\r \\\\.a0é\u{feff}]{0,80}") {
        for format in [Format::Yaml, Format::Toml, Format::Json] {
            let _ = parse(&text, format);
        }
        let _ = load(&[("stack.yaml", &text)]);
    }

    #[test]
    fn any_change_of_a_stack_is_survived(text in mutated()) {
        let _ = load(&[("stack.yaml", &text)]);
    }

    #[test]
    fn any_expression_is_survived(text in "[a-c0-9.+*/?:<>=!&|()\\[\\]{}'\", x]{0,40}") {
        let _ = expression(&text);
    }

    /// YAML's spans lie on character boundaries inside the file, children inside it too.
    #[test]
    fn spans_are_in_the_file(text in mutated()) {
        fn check(node: &syntax::Node, text: &str) {
            assert!(text.get(node.span.start as usize..node.span.end as usize).is_some(), "{node:?}");
            for item in node.items().unwrap_or_default() {
                check(item, text);
            }
            for entry in node.entries().unwrap_or_default() {
                assert!(text.get(entry.key_span.start as usize..entry.key_span.end as usize).is_some());
                check(&entry.value, text);
            }
        }
        let (tree, _) = syntax::parse(SourceId(0), &text, Format::Yaml);
        if let Some(tree) = tree {
            check(&tree, &text);
        }
    }
}
