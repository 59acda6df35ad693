//! Cases: `tests/cases/jsonata/*.json`, each an expression, its input and what it gives.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(serde::Deserialize)]
struct Cases {
    inputs: BTreeMap<String, Json>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    expression: String,
    #[serde(default)]
    input: Option<String>,
    #[serde(default)]
    gives: Option<Json>,
    /// It gives nothing.
    #[serde(default)]
    nothing: bool,
    /// It fails with this code.
    #[serde(default)]
    fails: Option<String>,
}

fn context() -> Context {
    Context { now: Some(1_700_000_000_000), seed: Some(7), ..Context::default() }
}

#[test]
fn each_case_gives_what_it_says() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/jsonata");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("it can be read");
        let cases: Cases = serde_json::from_str(&text).expect("it is of the form");
        for case in cases.cases {
            count += 1;
            let input = case.input.as_ref().map(|name| &cases.inputs[name]);
            let outcome = Expression::parse(&case.expression).and_then(|e| e.evaluate(input, &context()));
            let right = match (&outcome, &case.fails) {
                (Err(fault), Some(code)) => fault.code == code,
                (Ok(None), None) => case.nothing,
                (Ok(Some(given)), None) => {
                    !case.nothing && alike(given, case.gives.as_ref().unwrap_or(&Json::Null))
                }
                _ => false,
            };
            if !right {
                let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let expected = match &case.fails {
                    Some(code) => code.clone(),
                    None if case.nothing => "nothing".to_owned(),
                    None => case.gives.unwrap_or_default().to_string(),
                };
                let given = match outcome {
                    Ok(given) => given.map_or("nothing".to_owned(), |json| json.to_string()),
                    Err(fault) => fault.to_string(),
                };
                wrong.push(format!(
                    "{name}: {}\n   expected {expected}\n   given    {given}",
                    case.expression
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 500, "{count}");
}

/// Equal, numbers by their value.
fn alike(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| alike(a, b)))
        }
        _ => a == b,
    }
}

fn give(text: &str) -> Result<Option<Json>, Fault> {
    Expression::parse(text).and_then(|expression| expression.evaluate(None, &context()))
}

#[test]
fn a_mistake_has_a_place() {
    for (text, code, offset) in [
        ("", "S0207", 0),
        ("a.", "S0207", 2),
        ("a b", "S0201", 2),
        ("\"abc", "S0101", 0),
        ("(1; 2", "S0203", 5),
        ("[1, 2}", "S0202", 5),
        ("1 + * )", "S0201", 6),
        ("a + /* x", "S0106", 4),
        ("1 + \"a\"", "T2002", 2),
        ("$nothere(1)", "T1006", 0),
        ("{\"a\": $length(1)}", "T0410", 13),
        ("%", "S0217", 0),
    ] {
        let fault = give(text).expect_err(text);
        assert_eq!((fault.code, fault.offset), (code, offset), "{text}: {fault}");
    }
}

#[test]
fn nothing_goes_on_for_ever() {
    for text in [
        "($f := function($x) { $f($x + 1) }; $f(1))",
        "($f := function($x) { 1 + $f($x) }; $f(1))",
        "($f := function($x) { $f([$x]) }; $f(1))",
        "($f := function($x) { $f(function() { $x }) }; $f(1))",
        "($f := function($x) { $f($x & $x) }; $f('aaaaaaaa'))",
        "$map([1..100000], function($x) { $map([1..100000], function($y) { $x * $y }) })",
        "[1..9000000]",
        "$pad('a', 1e9)",
        "$join($map([1..9999], function($i) { $pad('', 9999) }))",
        "($f := function($x) { {'a': $f($x)} }; $f(1))",
        "$reduce([1..100000], function($a, $b) { [$a, $b] })",
        "$replace($pad('', 9999, 'a'), /a/, $pad('', 9999))",
        "/^(?!b)(a|a)*$/('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')",
        "($f := function($g) { $f($g ~> $g) }; $f($uppercase))",
    ] {
        let fault = give(text).expect_err(text);
        assert_eq!(fault.code, BUDGET, "{text}: {fault}");
    }
    for deep in ["(", "[", "{'a':", "-", "a[", "$f(", "function(){", "1?", "|a|"] {
        assert!(Expression::parse(&deep.repeat(100_000)).is_err(), "{deep}");
    }
    for long in [" + 1", " & 'a'", "~>$f", " and true", ".(1)", "[0]", " ? 1 : 1", "{}"] {
        // Read or refused, but without exhausting the stack.
        let text = format!("1{}", long.repeat(20_000));
        let _ = Expression::parse(&text).and_then(|e| e.evaluate(None, &context()));
    }
    let rounds = "($f := function($n) { $n = 0 ? 'done' : $f($n - 1) }; $f(20000))";
    assert_eq!(give(rounds).expect("calls at the end take no stack"), Some(Json::from("done")));
}

#[test]
fn what_is_not_supported_says_so_by_name() {
    let bare = Context::default();
    for (text, name) in [
        ("$eval('1')", "$eval"),
        ("$now()", "$now"),
        ("$millis()", "$millis"),
        ("$random()", "$random"),
        ("$shuffle([1,2])", "$shuffle"),
    ] {
        let fault = Expression::parse(text).expect("it can be read").evaluate(None, &bare).expect_err(text);
        assert!(fault.code == UNSUPPORTED && fault.message.contains(name), "{fault}");
    }
}

#[test]
fn names_that_nothing_defines_are_found() {
    let names = |text: &str| -> Vec<String> {
        let expression = Expression::parse(text).expect("it can be read");
        expression.unknown_names(&|name| name == "states").into_iter().map(|one| one.name).collect()
    };
    assert_eq!(names("$states.input.a ~> $uppercase"), [] as [&str; 0]);
    assert_eq!(names("($a := 1; $a + $b)"), ["b"]);
    assert_eq!(names("a@$x.b#$i[$i = $x and $j]"), ["j"]);
    assert_eq!(names("$map(a, function($v) { $nosuch($v, $$.x, $) })"), ["nosuch"]);
}

/// Expressions of the grammar's own pieces, well-formed or nearly.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("$".to_owned()),
        Just("$x".to_owned()),
        Just("*".to_owned()),
        Just("**".to_owned()),
        Just("%".to_owned()),
        Just("'s'".to_owned()),
        Just("[]".to_owned()),
        Just("/a+/".to_owned()),
        (0..20i32).prop_map(|n| n.to_string()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let two = || (inner.clone(), inner.clone());
        prop_oneof![
            (
                two(),
                prop::sample::select(vec![
                    ".", "+", "-", "*", "/", "%", "&", "=", "<", "in", "and", "or", "..", "~>", "?:", "??"
                ])
            )
                .prop_map(|((a, b), sign)| format!("{a} {sign} {b}")),
            two().prop_map(|(a, b)| format!("{a}[{b}]")),
            two().prop_map(|(a, b)| format!("({a}; {b})")),
            two().prop_map(|(a, b)| format!("[{a}, {b}]")),
            two().prop_map(|(a, b)| format!("{{'k': {a}, 'l': {b}}}")),
            two().prop_map(|(a, b)| format!("{a}{{$string(b): {b}}}")),
            two().prop_map(|(a, b)| format!("{a}^(>{b})")),
            two().prop_map(|(a, b)| format!("{a}@$x.{b}")),
            two().prop_map(|(a, b)| format!("{a}#$x[{b}]")),
            two().prop_map(|(a, b)| format!("($x := {a}; {b})")),
            two().prop_map(|(a, b)| format!("{a} ~> |{b}|{{'n': {a}}}, 'b'|")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{a} ? {b} : {c}")),
            (prop::sample::select(functions()), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(name, arguments)| format!("${name}({})", arguments.join(", "))),
            inner.clone().prop_map(|a| format!("$map({a}, function($x, $i) {{ $x }})")),
            inner.clone().prop_map(|a| format!("$join(?, {a})")),
        ]
    })
}

fn functions() -> Vec<&'static str> {
    "sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad \
     match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round \
     abs sqrt power random boolean not map zip filter single reduce sift keys lookup append exists spread merge \
     reverse each error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl \
     decodeUrlComponent decodeUrl eval toMillis fromMillis clone now millis"
        .split_whitespace()
        .collect()
}

#[test]
fn every_function_of_the_language_is_there() {
    for name in functions() {
        assert!(is_function(name), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_read_or_refused(text in "[ -~éλ\n]{0,60}", cut in 0usize..60) {
        let _ = Expression::parse(&text);
        let end = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
        let _ = Expression::parse(&text[..end]);
        let _ = alternatives(&text);
    }

    #[test]
    fn an_expression_gives_the_same_each_time(text in expressions()) {
        let input = serde_json::json!({"a": [{"b": 1, "a": {"b": "s"}}, {"b": 2}, 3], "b": {"a": [[1, "s"], null], "c": "x"}});
        let limits = Limits { steps: 20_000, ..Limits::default() };
        let context = Context { limits, ..context() };
        if let Ok(expression) = Expression::parse(&text) {
            let first = expression.evaluate(Some(&input), &context);
            prop_assert_eq!(&first, &expression.evaluate(Some(&input), &context));
            let again = Expression::parse(&text).expect("it was read before");
            prop_assert_eq!(&first, &again.evaluate(Some(&input), &context));
            if let Err(fault) = first {
                prop_assert!(fault.offset <= text.len() && !fault.message.is_empty(), "{}", fault);
            }
        }
    }

    #[test]
    fn what_is_made_of_a_value_is_the_value(number in -1e9f64..1e9, text in "\\PC{0,12}", flag: bool) {
        let input = serde_json::json!({"n": number, "t": text, "f": flag, "l": [number, [text, flag], null]});
        for expression in ["$", "$merge($spread($))", "$sift($, function($v, $k) { $exists($v) })", "$ ~> |l|{}|"] {
            let parsed = Expression::parse(expression).expect("it can be read");
            prop_assert_eq!(parsed.evaluate(Some(&input), &context()), Ok(Some(input.clone())), "{}", expression);
        }
    }
}
