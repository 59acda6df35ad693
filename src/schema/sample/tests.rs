//! A resource of every type, judged by the validator and by the `jsonschema` crate.

use super::*;
use crate::schema::validate::{Keyword, Mode, no_holes, validate};
use crate::schema::{Catalogue, ResourceType};
use serde_json::{Value as Json, json};

const PLACE: Place<'static> = Place { partition: "aws", region: "us-east-1", account: "000000000000" };

/// A small generator of numbers: what comes is the seed's.
fn choices(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |bound| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from((state >> 11) % bound.max(1) as u64).unwrap_or(0)
    }
}

/// Resources of every type that Cloud Control can make; the types for which none was found.
fn made(extent: Extent, seed: u64, mut see: impl FnMut(&ResourceType, Json)) -> Vec<String> {
    let catalogue = Catalogue::bundled();
    let mut without = Vec::new();
    for (number, name) in catalogue.type_names().enumerate() {
        let kind = catalogue.get(name).expect("it exists");
        if !kind.is_provisionable() {
            continue;
        }
        let mut choose = choices(seed ^ number as u64);
        match Sampler::new(&kind, PLACE, extent, &mut choose).resource() {
            Some(made) => see(&kind, Json::Object(made)),
            None => without.push(name.to_owned()),
        }
    }
    without
}

#[test]
fn every_type_has_a_least_resource() {
    let without = made(Extent::Least, 1, |kind, model| {
        for mode in [Mode::Registry, Mode::Engine] {
            let wrong = validate(kind, &model, mode, &no_holes);
            // What the registry requires though the service sets it is said.
            let wrong: Vec<_> =
                wrong.iter().filter(|v| !matches!(v.keyword, Keyword::ReadOnly { .. })).collect();
            assert!(wrong.is_empty(), "{} {model}: {wrong:#?}", kind.name);
        }
    });
    assert_eq!(without, Vec::<String>::new());
}

#[test]
fn random_resources_are_valid_and_of_their_seed() {
    let sizes = [2, 3].map(|seed| {
        let mut size = 0;
        let without = made(Extent::Some, seed, |_, model| size += model.to_string().len());
        assert_eq!(without, Vec::<String>::new());
        size
    });
    assert_ne!(sizes[0], sizes[1]);
    assert!(sizes[0] > 300_000, "{sizes:?}");
}

#[test]
fn one_seed_gives_one_resource() {
    for name in ["AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::WAFv2::WebACL", "AWS::EC2::Instance"] {
        let kind = Catalogue::bundled().get(name).expect("it exists");
        let made = |seed| Sampler::new(&kind, PLACE, Extent::Some, &mut choices(seed)).resource();
        assert_eq!(made(8), made(8));
        assert_ne!(made(8), made(9));
    }
}

/// Another validator, for some types.
#[test]
fn another_validator_agrees() {
    let mut judged = 0;
    let mut wrong = Vec::new();
    made(Extent::Some, 6, |kind, model| {
        // Its patterns are JavaScript's; those that are Java's alone don't compile.
        let mut text = kind.schema.to_string().replace(r"\\Z", "$").replace(r"\\A", "^");
        text = text.replace("\"dependentRequired\"", "\"ignored\"");
        let schema: Json = serde_json::from_str(&text).expect("still JSON");
        if kind.name.as_str().len() % 7 != 0 {
            return;
        }
        let options = jsonschema::draft7::options().should_validate_formats(false);
        let Ok(judge) = options.build(&schema) else { return };
        judged += 1;
        if let Err(error) = judge.validate(&model) {
            wrong.push(format!("{} {model}: {error}", kind.name));
        }
    });
    assert!(judged > 200, "{judged}");
    assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
}

/// Every expression of the registry finds a text, but for those that are named here.
#[test]
fn every_expression_has_a_text() {
    fn collect(node: &Json, found: &mut std::collections::BTreeSet<String>) {
        match node {
            Json::Object(members) => {
                found.extend(members.get("pattern").and_then(Json::as_str).map(str::to_owned));
                members.values().for_each(|v| collect(v, found));
            }
            Json::Array(items) => items.iter().for_each(|v| collect(v, found)),
            _ => {}
        }
    }
    let mut patterns = std::collections::BTreeSet::new();
    for name in Catalogue::bundled().type_names() {
        collect(&Catalogue::bundled().get(name).expect("it exists").schema, &mut patterns);
    }
    let mut choose = choices(7);
    let without: Vec<&String> = patterns
        .iter()
        .filter(|pattern| {
            let schema = [("pattern".to_owned(), Json::from(pattern.as_str()))].into_iter().collect();
            text(&schema, "", PLACE, &mut choose).is_none()
        })
        .collect();
    // These allow no text at all; those left out ask for a kind of host name within an ARN, twice over.
    let known = [
        r#""^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/.+$""#,
        r"^arn:aws([a-z-]+)?:ec2:[a-z\d-]+:\d{12}:placement-group/^.{1,255}$",
    ];
    let without: Vec<&str> =
        without.into_iter().map(String::as_str).filter(|p| !p.starts_with("^arn:(?=[^:]+:fsx")).collect();
    assert_eq!(without, known);
}

#[test]
fn texts_keep_to_their_limits() {
    let cases = [
        json!({"pattern": "^[a-z]{3,5}$"}),
        json!({"pattern": "^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@-]{1,64}$", "minLength": 60}),
        json!({"pattern": "^(?!aws:)[\\p{L}\\p{N} ]{2,4}$"}),
        json!({"pattern": "^(?=.*[A-Z])(?=.*\\d)(?=.*[^A-Za-z0-9]).{12,}$", "maxLength": 14}),
        json!({"pattern": "^[^\\s#]{40}$"}),
        json!({"minLength": 300}),
        json!({"maxLength": 2}),
        json!({"pattern": "[\\p{Print}&&[^|:/]]+", "maxLength": 5}),
        json!({"enum": ["a", "bcd"], "minLength": 2}),
        json!({"pattern": "^((x|y)z){2}\\u002F[\\u0041-\\u0043]$"}),
    ];
    for (number, schema) in cases.into_iter().enumerate() {
        let Json::Object(schema) = schema else { continue };
        let mut choose = choices(number as u64 + 11);
        for _ in 0..20 {
            let made = text(&schema, "Name", PLACE, &mut choose).unwrap_or_else(|| panic!("{schema:?}"));
            let length = made.chars().count() as u64;
            let limit = |key: &str, none| schema.get(key).and_then(Json::as_u64).unwrap_or(none);
            assert!((limit("minLength", 0)..=limit("maxLength", 9999)).contains(&length), "{made}");
            if let Some(pattern) = schema.get("pattern").and_then(Json::as_str) {
                assert_eq!(crate::schema::pattern::matches(pattern, &made), Some(true), "{pattern} {made}");
            }
        }
    }
    let impossible = [("pattern".to_owned(), json!("^a$")), ("minLength".to_owned(), json!(2))];
    assert_eq!(text(&impossible.into_iter().collect(), "", PLACE, &mut choices(1)), None);
}
