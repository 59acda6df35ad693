//! The validator against a table of cases, and against the `jsonschema` crate.

use super::*;
use crate::schema::Catalogue;
use proptest::prelude::*;
use serde_json::json;

fn get(name: &str) -> std::sync::Arc<ResourceType> {
    Catalogue::bundled().get(name).unwrap_or_else(|| panic!("no {name}"))
}

/// What AWS says of a model, and what we say to a person.
#[test]
fn words() {
    let cases = [
        (
            "AWS::SQS::Queue",
            json!({"QueueName": "a", "Nme": 1}),
            "#: extraneous key [Nme] is not permitted",
            "`Nme` is not a property here",
        ),
        (
            "AWS::S3::Bucket",
            json!({"BucketName": true}),
            "#/BucketName: expected type: String, found: Boolean",
            "must be a string, not a boolean",
        ),
        (
            "AWS::Events::ApiDestination",
            json!({"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/a/b", "HttpMethod": "POST"}),
            "#: required key [InvocationEndpoint] not found",
            "`InvocationEndpoint` is missing",
        ),
        (
            "AWS::SQS::Queue",
            json!({"DelaySeconds": "5"}),
            "#/DelaySeconds: expected type: Integer, found: String",
            "must be an integer, not a string",
        ),
        (
            "AWS::SQS::Queue",
            json!({"DelaySeconds": 1.5}),
            "#/DelaySeconds: expected type: Integer, found: BigDecimal",
            "must be an integer, not a number",
        ),
        (
            "AWS::SQS::Queue",
            json!({"DelaySeconds": 901}),
            "#/DelaySeconds: failed validation constraint for keyword [maximum]",
            "must be at most 900",
        ),
        (
            "AWS::Events::Rule",
            json!({"Name": "", "EventPattern": {}}),
            "#/Name: expected minLength: 1, actual: 0\n\
             #/Name: failed validation constraint for keyword [pattern]",
            "must have at least 1 character, has 0",
        ),
        (
            "AWS::Events::Rule",
            json!({"State": "OFF", "EventPattern": "{}"}),
            "#/State: #: only 1 subschema matches out of 2\n\
             #/State: failed validation constraint for keyword [enum]",
            "must be `DISABLED`, `ENABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`",
        ),
        (
            "AWS::Events::Rule",
            json!({"EventPattern": 1}),
            "#/EventPattern: #: no subschema matched out of the total 2 subschemas\n\
             #/EventPattern: expected type: String, found: Integer\n\
             #/EventPattern: expected type: JSONObject, found: Integer",
            "must be a string or an object, not an integer",
        ),
        (
            "AWS::Events::Rule",
            json!({"EventPattern": {}, "Targets": [{"Id": "a"}]}),
            "#/Targets/0: required key [Arn] not found",
            "`Arn` is missing",
        ),
        (
            "AWS::Events::Rule",
            json!({"EventPattern": {}, "Targets": [{"Id": "a", "Arn": "b"}, {"Arn": "b", "Id": "a"}]}),
            "#/Targets: array items are not unique",
            "item 1 is there already",
        ),
    ];
    for (name, model, aws, ours) in cases {
        let found = validate(&get(name), &model, Mode::Registry, &no_holes);
        assert_eq!(aws_report(&get(name), &model).as_deref(), Some(aws), "{name} {model}");
        assert_eq!(found[0].message(), ours, "{name} {model}");
    }
}

#[test]
fn what_a_stack_declares_is_valid() {
    let cases = [
        ("AWS::SQS::Queue", json!({"QueueName": "a", "RedrivePolicy": {"maxReceiveCount": 3}})),
        ("AWS::SQS::Queue", json!({"RedrivePolicy": "{}"})),
        (
            "AWS::IAM::Role",
            json!({"AssumeRolePolicyDocument": {"Statement": []}, "Policies": [{"PolicyName": "a", "PolicyDocument": {}}]}),
        ),
        (
            "AWS::DynamoDB::Table",
            json!({
                "TableName": "reviews",
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"},
                ],
            }),
        ),
        (
            "AWS::StepFunctions::StateMachine",
            json!({"RoleArn": "arn:aws:iam::123456789012:role/r", "DefinitionString": "{}", "StateMachineName": "m"}),
        ),
    ];
    for (name, model) in cases {
        assert_eq!(validate(&get(name), &model, Mode::Engine, &no_holes), [], "{name}");
    }
}

#[test]
fn the_engine_knows_more_than_the_registry() {
    let cases = [
        ("AWS::Events::Rule", json!({"Name": "a"}), "needs `EventPattern` or `ScheduleExpression`"),
        (
            "AWS::SQS::Queue",
            json!({"QueueName": "a", "Arn": "b"}),
            "`Arn` is computed by the service and cannot be set",
        ),
        (
            "AWS::DynamoDB::Table",
            json!({
                "KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            }),
            "fits none of its forms: `0.KeyType` must be `HASH`",
        ),
    ];
    for (name, model, message) in cases {
        let resource = get(name);
        let engine = validate(&resource, &model, Mode::Engine, &no_holes);
        assert!(engine.iter().any(|v| v.message() == message), "{name}: {engine:#?}");
        assert_eq!(validate(&resource, &model, Mode::Registry, &no_holes), [], "{name}");
    }
}

#[test]
fn a_key_that_should_not_be_there_has_its_own_place() {
    let model = json!({"EventPattern": {}, "Targets": [{"Id": "a", "Arn": "b", "In/put": "c"}]});
    let found = validate(&get("AWS::Events::Rule"), &model, Mode::Engine, &no_holes);
    assert_eq!(found[0].place(), "/Targets/0/In~1put");
    assert_eq!(found[0].pointer, "/Targets/0");
    assert!(
        matches!(&found[0].keyword, Keyword::Extraneous { known, .. } if known.contains(&"InputPath".to_owned()))
    );
}

#[test]
fn holes_fit_everything() {
    let hole = |value: &Json| *value == json!({"$hole": true});
    let model = json!({
        "Name": {"$hole": true},
        "State": {"$hole": true},
        "EventPattern": {"source": [{"$hole": true}]},
        "Targets": [{"Id": "a", "Arn": {"$hole": true}}, {"Id": "a", "Arn": {"$hole": true}}],
    });
    let resource = get("AWS::Events::Rule");
    assert_eq!(validate(&resource, &model, Mode::Engine, &hole), []);
    let wrong = json!({"EventPattern": {}, "Targets": [{"Id": "", "Arn": {"$hole": true}}]});
    assert!(!validate(&resource, &wrong, Mode::Engine, &hole).is_empty());
}

#[test]
fn a_hostile_model_neither_hangs_nor_floods() {
    let resource = get("AWS::Events::Rule");
    let keys = (0..10_000).map(|i| (format!("k{i}"), json!(1))).collect();
    assert_eq!(validate(&resource, &Json::Object(keys), Mode::Engine, &no_holes).len(), MOST);
    let mut statement = json!({"ByteMatchStatement": {}});
    // As deep as a JSON reader takes it.
    for _ in 0..50 {
        statement = json!({"NotStatement": {"Statement": statement}});
    }
    let model = json!({"Rules": [{"Name": "a", "Priority": 1, "Statement": statement}]});
    assert!(!validate(&get("AWS::WAFv2::WebACL"), &model, Mode::Registry, &no_holes).is_empty());
}

/// Makes values from a schema, mostly right ones.
struct Maker<'a> {
    resource: &'a ResourceType,
    seed: u64,
}

impl Maker<'_> {
    fn below(&mut self, limit: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % limit
    }

    fn wrong(&mut self) -> Json {
        let wrong = [
            json!(null),
            json!(true),
            json!(3),
            json!(1.5),
            json!(""),
            json!("a b"),
            json!([]),
            json!({"x": 1}),
        ];
        let at = self.below(wrong.len() as u64);
        wrong[usize::try_from(at).expect("small")].clone()
    }

    fn make(&mut self, schema: &Json, depth: usize) -> Json {
        if depth > 6 || self.below(25) == 0 {
            return self.wrong();
        }
        let resource = self.resource;
        let schema = resource.resolve(schema);
        if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.is_empty()) {
            let at = self.below(allowed.len() as u64);
            return allowed[usize::try_from(at).expect("small")].clone();
        }
        let kind = match &schema["type"] {
            Json::Array(several) => {
                let at = self.below(several.len() as u64);
                several[usize::try_from(at).expect("small")].as_str().unwrap_or("object")
            }
            one => one.as_str().unwrap_or("object"),
        };
        match kind {
            "string" => {
                let texts = [
                    "a",
                    "abc-1",
                    "arn:aws:iam::123456789012:role/a",
                    "/aws/x",
                    "$.a",
                    "GET",
                    "https://a.b/c",
                ];
                let at = self.below(texts.len() as u64);
                json!(texts[usize::try_from(at).expect("small")])
            }
            "integer" | "number" => json!(self.below(1200)),
            "boolean" => json!(self.below(2) == 0),
            "array" => {
                let count = self.below(4);
                Json::Array((0..count).map(|_| self.make(&schema["items"], depth + 1)).collect())
            }
            _ => {
                let mut made = serde_json::Map::new();
                let required: Vec<&str> =
                    schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
                for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                    let often = if required.contains(&&**name) { 20 } else { 3 };
                    if self.below(often) != 0 && (often == 20 || self.below(2) == 0) {
                        made.insert(name.clone(), self.make(property, depth + 1));
                    }
                }
                for (_, values) in schema["patternProperties"].as_object().into_iter().flatten() {
                    made.insert("key".to_owned(), self.make(values, depth + 1));
                }
                if self.below(30) == 0 {
                    made.insert("Stranger".to_owned(), json!(1));
                }
                Json::Object(made)
            }
        }
    }
}

/// Another validator for a type, without the keywords that only cfn-lint knows.
fn judge(resource: &ResourceType) -> Option<jsonschema::Validator> {
    // Java's end of text.
    let text = resource.schema.to_string().replace(r"\\Z", "$");
    let mut schema: Json = serde_json::from_str(&text).expect("still JSON");
    each_schema(&mut schema, &mut |schema| {
        for keyword in ["requiredXor", "requiredOr", "dependentExcluded", "dependentRequired", "if"] {
            schema.shift_remove(keyword);
        }
    });
    jsonschema::draft7::options().should_validate_formats(false).build(&schema).ok()
}

/// Calls `visit` on a schema and on all below it; a property may well be called `pattern`.
fn each_schema(schema: &mut Json, visit: &mut dyn FnMut(&mut serde_json::Map<String, Json>)) {
    let Some(members) = schema.as_object_mut() else { return };
    visit(members);
    for (keyword, below) in members.iter_mut() {
        match (keyword.as_str(), below) {
            ("properties" | "patternProperties" | "definitions" | "dependencies", Json::Object(named)) => {
                named.values_mut().for_each(|schema| each_schema(schema, visit));
            }
            ("allOf" | "anyOf" | "oneOf", Json::Array(several)) => {
                several.iter_mut().for_each(|schema| each_schema(schema, visit));
            }
            ("items" | "not" | "additionalProperties", one) => each_schema(one, visit),
            _ => {}
        }
    }
}

fn model(resource: &ResourceType, seed: u64) -> Json {
    match (Maker { resource, seed }).make(&resource.schema, 0) {
        object @ Json::Object(_) => object,
        _ => json!({}),
    }
}

/// The walk that judges, the walk that speaks, and another validator agree on a model.
fn agree(resource: &ResourceType, judge: &jsonschema::Validator, model: &Json) -> Result<(), String> {
    let found = validate(resource, model, Mode::Registry, &no_holes);
    let words = aws_report(resource, model);
    if (judge.is_valid(model), found.is_empty()) == (words.is_none(), words.is_none()) {
        return Ok(());
    }
    let judged: Vec<String> =
        judge.iter_errors(model).map(|e| format!("{}: {e}", e.instance_path())).collect();
    Err(format!("{} {model}\n{found:#?}\n{words:#?}\n{judged:#?}", resource.name))
}

/// Types for which patterns count, too: those whose patterns mean the same to all three.
static JUDGED: std::sync::LazyLock<Vec<(std::sync::Arc<ResourceType>, jsonschema::Validator)>> =
    std::sync::LazyLock::new(|| {
        let names = [
            "AWS::SQS::Queue",
            "AWS::SNS::Topic",
            "AWS::IAM::Role",
            "AWS::Logs::LogGroup",
            "AWS::StepFunctions::StateMachine",
            "AWS::Scheduler::Schedule",
            "AWS::ApiGateway::Method",
            "AWS::ApiGatewayV2::Api",
            "AWS::Events::EventBus",
            "AWS::WAFv2::IPSet",
            "AWS::Kinesis::Stream",
            "AWS::S3::Bucket",
            "AWS::Events::Connection",
        ];
        names.map(|name| (get(name), judge(&get(name)).expect("the schema compiles"))).into()
    });

/// All types of the bundle, models of each. Patterns are left out: the registry's are Java's, and
/// what `regex` and `fancy-regex` make of them differs in classes, anchors and look-around (the
/// patterns themselves have their tests). Formats are checked by neither.
#[test]
fn another_validator_agrees_on_every_type() {
    let catalogue = Catalogue::bundled();
    let (mut wrong, mut uncompiled, mut valid) = (Vec::new(), Vec::new(), 0);
    for (number, name) in catalogue.type_names().enumerate() {
        let mut resource = (*get(name)).clone();
        each_schema(&mut resource.schema, &mut |schema| {
            schema.shift_remove("pattern");
        });
        let Some(judge) = judge(&resource) else {
            uncompiled.push(name.to_owned());
            continue;
        };
        for round in 0..4 {
            let seed = 31 * number as u64 + round;
            let model = model(&resource, seed);
            valid += usize::from(judge.is_valid(&model));
            wrong.extend(agree(&resource, &judge, &model).err().map(|e| format!("seed {seed}: {e}")));
        }
    }
    assert!(wrong.is_empty(), "{} models, first: {}", wrong.len(), wrong[0]);
    // It has keys by a pattern with a class of Java's.
    assert_eq!(uncompiled, ["AWS::SageMaker::ModelPackage"], "schemas that the other validator doesn't take");
    assert!(valid > 700, "{valid} of the models are valid: both answers must be tried");
}

/// Small schemas of the keywords that the registry uses, in any combination.
fn small_schema(depth: u32) -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!({"type": "string", "minLength": 1, "maxLength": 3})),
        Just(json!({"type": "string", "enum": ["a", "abc-1", "GET"]})),
        Just(json!({"type": "string", "pattern": "^[a-z]+$"})),
        Just(json!({"type": ["string", "object"]})),
        Just(json!({"type": "integer", "minimum": 3, "maximum": 900})),
        Just(json!({"type": "number", "exclusiveMinimum": 3, "multipleOf": 2})),
        Just(json!({"type": "boolean"})),
        Just(json!({"const": "a"})),
        Just(json!({"required": ["A"]})),
        Just(json!({"enum": ["a", 3, null]})),
        Just(json!({"minLength": 2, "minItems": 1, "minProperties": 1})),
    ];
    leaf.prop_recursive(depth, 24, 3, |inner| {
        let several = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (several(), any::<bool>(), any::<bool>()).prop_map(|(properties, closed, required)| {
                let names = ["A", "B", "C"];
                let named: serde_json::Map<_, _> =
                    names.iter().map(|n| (*n).to_owned()).zip(properties).collect();
                let required: &[&str] = if required { &["A"] } else { &[] };
                json!({
                    "type": "object", "properties": named, "additionalProperties": !closed,
                    "required": required, "dependencies": {"B": ["C"]}, "maxProperties": 2,
                })
            }),
            inner.clone().prop_map(
                |items| json!({"type": "array", "items": items, "uniqueItems": true, "maxItems": 2})
            ),
            inner.clone().prop_map(|values| {
                json!({"type": "object", "patternProperties": {"^k": values}, "additionalProperties": false})
            }),
            inner.clone().prop_map(|values| json!({"type": "object", "additionalProperties": values})),
            several().prop_map(|all| json!({"allOf": all})),
            several().prop_map(|any| json!({"anyOf": any, "type": ["object", "string", "integer"]})),
            (several(), inner.clone()).prop_map(|(one, not)| json!({"oneOf": one, "not": not})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn another_validator_agrees(seed in any::<u64>()) {
        for (resource, judge) in JUDGED.iter() {
            agree(resource, judge, &model(resource, seed)).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn another_validator_agrees_on_any_schema(schema in small_schema(3), seed in any::<u64>()) {
        let mut resource = (*get("AWS::SQS::Queue")).clone();
        resource.schema = json!({"properties": {"A": schema.clone()}, "allOf": [schema]});
        let judge = judge(&resource).expect("the schema compiles");
        for round in 0..8 {
            let model = model(&resource, seed.wrapping_add(round));
            agree(&resource, &judge, &model).map_err(TestCaseError::fail)?;
        }
    }
}
