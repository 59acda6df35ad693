//! Apply, then plan, is empty: for random resources of each type that an event-driven stack needs, and
//! random stacks of each kind, through random edits, against a cloud whose reads misbehave.
//!
//! After each apply a plan finds nothing to do; what was declared is live, what nobody declared is as
//! it was, what was removed is as the service has it by default, and the update said no more than what
//! was edited. The same in other words makes no difference at all.
//!
//! `EVSTACK_CONVERGENCE_CASES` says how many cases are played (500), `EVSTACK_CONVERGENCE_SEED` which
//! is the first. A failure prints the smallest case that still fails.

#[path = "common/generate/mod.rs"]
mod generate;
#[path = "convergence/life.rs"]
mod life;
#[path = "convergence/live.rs"]
mod live;
#[path = "convergence/menu.rs"]
mod menu;
#[path = "convergence/random.rs"]
mod random;
#[path = "convergence/rewrite.rs"]
mod rewrite;
#[path = "common/rig.rs"]
mod rig;

use evstack::model::Address;
use evstack::schema::{Catalogue, ResourceType};
use life::{Case, Stage, Told};
use menu::{Entry, KINDS, Neighbours, TYPES};
use rig::Rig;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What all types and kinds together play, divided among them.
fn cases() -> u64 {
    number("EVSTACK_CONVERGENCE_CASES", 500).div_ceil((TYPES.len() + KINDS.len()) as u64)
}

/// What a resource of this entry refers to, made before it.
fn neighbours(rig: &Rig, entry: &Entry) -> Neighbours {
    let said = format!("{:?} {:?} {:?}", entry.with, entry.may, entry.either);
    let is_wanted = |name: &str| said.contains(&format!("@{name}."));
    let trusted = ["pipes", "scheduler", "states", "events", "apigateway", "sns", "dynamodb"];
    let services: Vec<String> = trusted.iter().map(|name| format!("{name}.amazonaws.com")).collect();
    let role = |name: &str| {
        json!({"RoleName": name,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}]},
            "Policies": [{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]})
    };
    let wanted = [
        ("role", "AWS::IAM::Role", role("neighbour")),
        ("second", "AWS::IAM::Role", role("second")),
        ("queue", "AWS::SQS::Queue", json!({"QueueName": "neighbour"})),
        ("other", "AWS::SQS::Queue", json!({"QueueName": "other"})),
        ("topic", "AWS::SNS::Topic", json!({"TopicName": "neighbour"})),
        ("bus", "AWS::Events::EventBus", json!({"Name": "neighbour"})),
        ("key", "AWS::KMS::Key", json!({})),
        ("group", "AWS::Logs::LogGroup", json!({"LogGroupName": "neighbour"})),
        (
            "table",
            "AWS::DynamoDB::Table",
            json!({"TableName": "neighbour", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}),
        ),
        (
            "machine",
            "AWS::StepFunctions::StateMachine",
            json!({"StateMachineName": "neighbour",
            "RoleArn": "arn:aws:iam::000000000000:role/neighbour",
            "DefinitionString": "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}"}),
        ),
        (
            "connection",
            "AWS::Events::Connection",
            json!({"Name": "neighbour", "AuthorizationType": "API_KEY",
            "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}}}),
        ),
        ("registry", "AWS::EventSchemas::Registry", json!({"RegistryName": "neighbour"})),
        ("rest", "AWS::ApiGateway::RestApi", json!({"Name": "neighbour"})),
        ("http", "AWS::ApiGatewayV2::Api", json!({"Name": "neighbour", "ProtocolType": "HTTP"})),
    ];
    let mut made = Neighbours::new();
    let mut make = |name: &str, kind: &str, desired: Json| {
        let input = json!({"TypeName": kind, "DesiredState": desired.to_string()});
        let identifier = rig.change("CreateResource", &input).unwrap_or_else(|why| panic!("{name}: {why}"));
        let shown = rig.get(kind, &identifier).expect("it is there");
        made.insert(name.to_owned(), shown.clone());
        (identifier, shown)
    };
    // Machines and schedules need the roles, and so do topics' targets.
    for (name, kind, desired) in wanted {
        let needed = is_wanted(name) || is_wanted("machine") && name == "role";
        if needed
            || (name == "rest" && is_wanted("deployment"))
            || (name == "http" && is_wanted("integrationTarget"))
        {
            let shown = make(name, kind, desired).1;
            if name == "rest" && is_wanted("deployment") {
                let api = &shown["RestApiId"];
                let method = json!({"RestApiId": api, "ResourceId": shown["RootResourceId"], "HttpMethod": "GET",
                    "AuthorizationType": "NONE", "Integration": {"Type": "MOCK"}});
                make("method", "AWS::ApiGateway::Method", method);
                make("deployment", "AWS::ApiGateway::Deployment", json!({ "RestApiId": api }));
            }
            if name == "http" && is_wanted("integrationTarget") {
                let integration = json!({"ApiId": shown["ApiId"], "IntegrationType": "HTTP_PROXY", "IntegrationMethod": "GET",
                    "IntegrationUri": "https://example.com", "PayloadFormatVersion": "1.0"});
                let (identifier, _) = make("integration", "AWS::ApiGatewayV2::Integration", integration);
                let id = identifier.rsplit('|').next().expect("an id");
                made.insert("integrationTarget".to_owned(), json!({"Target": format!("integrations/{id}")}));
                break;
            }
        }
    }
    made
}

/// A text in which nothing is an expression.
fn literal(value: &Json) -> Json {
    match value {
        Json::String(text) => json!(text.replace("${", "$${")),
        Json::Array(items) => items.iter().map(literal).collect(),
        Json::Object(members) => Json::Object(members.iter().map(|(k, v)| (k.clone(), literal(v))).collect()),
        scalar => scalar.clone(),
    }
}

/// What else a stack may declare, for kinds that need it: section, name, declaration.
fn beside(address: &str) -> (&'static str, &'static str, Json) {
    let done = json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}});
    match address {
        "queue.orders" => ("queues", "orders", json!({})),
        "queue.letters" => ("queues", "letters", json!({"deadLetter": false})),
        "bus.central" => ("buses", "central", json!({})),
        "topic.news" => ("topics", "news", json!({})),
        "stateMachine.work" => ("stateMachines", "work", json!({ "definition": done })),
        "stateMachine.fast" => ("stateMachines", "fast", json!({"type": "express", "definition": done})),
        "table.things" => {
            ("tables", "things", json!({"key": ["pk"], "stream": "new", "options": {"protect": false}}))
        }
        "event.orderPlaced" => ("events", "orderPlaced", json!({})),
        other => panic!("nothing is known of {other}"),
    }
}

/// A type or kind, and what is played of it.
struct Game<'a> {
    name: &'a str,
    entry: &'a Entry,
    kind: Arc<ResourceType>,
    address: Address,
    /// A kind's keys aren't the properties.
    verbatim: bool,
}

impl<'a> Game<'a> {
    fn of_type(name: &'a str) -> Self {
        let kind = Catalogue::bundled().get(name).expect("a known type");
        Self { name, entry: &TYPES[name], kind, address: Address::new("resource.x"), verbatim: true }
    }

    fn of_kind(name: &'a str) -> Self {
        let entry = &KINDS[name];
        let main = if entry.main.is_empty() { "AWS::ApiGateway::RestApi" } else { &entry.main };
        let kind = Catalogue::bundled().get(main).expect("a known type");
        let singular = if name == "buses" { "bus" } else { name.trim_end_matches('s') };
        Self { name, entry, kind, address: Address::new(format!("{singular}.x")), verbatim: false }
    }

    fn stack(&self, stack: &str, properties: &Map<String, Json>) -> String {
        let properties = Json::Object(properties.clone());
        let mut whole = json!({ "name": stack });
        if self.verbatim {
            whole["resources"] = json!({"x": {"type": self.name, "properties": literal(&properties)}});
        } else {
            for (section, name, declaration) in self.entry.beside.iter().map(|address| beside(address)) {
                whole[section][name] = declaration;
            }
            whole[self.name]["x"] = properties;
        }
        serde_json::to_string_pretty(&whole).expect("JSON")
    }

    /// Plays a case in a cloud of its own, so that alone it does what it does among others. Why it
    /// failed, and all that was done.
    fn fails(&self, case: &Case) -> Option<(String, Told)> {
        let rig = Rig::new(&json!({}), case.seed);
        let neighbours = neighbours(&rig, self.entry);
        let stage = Stage {
            rig: &rig,
            kind: &self.kind,
            address: self.address.clone(),
            entry: self.entry,
            neighbours: &neighbours,
            stack: &|name, properties| self.stack(name, properties),
            verbatim: self.verbatim,
        };
        let mut told = Told::default();
        let result = stage.play(case, &mut told);
        result.err().map(|why| (why, told))
    }
}

/// Plays all cases; each one's first failure, made small, ends the test.
fn play<'a>(games: impl Iterator<Item = Game<'a>>) {
    let (first, cases) = (number("EVSTACK_CONVERGENCE_SEED", 1), cases());
    let only = std::env::var("EVSTACK_CONVERGENCE_ONLY").ok();
    let mut failures = Vec::new();
    for game in games.filter(|game| only.as_ref().is_none_or(|only| game.name == only)) {
        let mut played = 0;
        for seed in first..first + cases {
            let case = Case::new(seed, game.name);
            played += 1;
            if let Some(found) = game.fails(&case) {
                failures.push(smallest(&game, case, found));
                break;
            }
        }
        println!("{}: {played} cases", game.name);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn play_types(prefixes: &[&str]) {
    let names = TYPES.keys().filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)));
    play(names.map(|name| Game::of_type(name)));
}

fn play_kinds(names: &[&str]) {
    play(names.iter().map(|name| Game::of_kind(name)));
}

/// Drops steps and properties as long as it still fails.
fn smallest(game: &Game<'_>, case: Case, found: (String, Told)) -> String {
    let (mut case, mut found) = (case, found);
    for at in (0..case.steps.len()).rev() {
        let mut less = case.clone();
        less.steps.remove(at);
        if let Some(why) = game.fails(&less) {
            (case, found) = (less, why);
        }
    }
    for property in game.entry.may.keys() {
        let mut less = case.clone();
        less.without.insert(property.clone());
        if let Some(why) = game.fails(&less) {
            (case, found) = (less, why);
        }
    }
    let (why, told) = found;
    format!("== {}, seed {}: {why}\n-- {}", game.name, case.seed, told.0.join("\n-- "))
}

macro_rules! tests {
    ($($test:ident: $($prefix:literal),+;)+) => {
        $(#[test]
        fn $test() {
            play_types(&[$($prefix),+]);
        })+

        #[test]
        fn every_type_of_the_table_is_played() {
            let prefixes = [$($($prefix),+),+];
            for name in TYPES.keys() {
                let found = prefixes.iter().filter(|prefix| name.starts_with(**prefix)).count();
                assert_eq!(found, 1, "{name}");
            }
        }
    };
}

tests! {
    buses_and_rules: "AWS::Events::EventBus", "AWS::Events::Rule";
    archives_and_destinations: "AWS::Events::Archive", "AWS::Events::Connection", "AWS::Events::ApiDestination";
    pipes: "AWS::Pipes";
    schedules: "AWS::Scheduler";
    machines: "AWS::StepFunctions";
    tables: "AWS::DynamoDB";
    queues: "AWS::SQS";
    topics: "AWS::SNS";
    roles: "AWS::IAM";
    log_groups_schemas_and_mail: "AWS::Logs", "AWS::EventSchemas", "AWS::SES";
    rest_apis: "AWS::ApiGateway::";
    http_apis: "AWS::ApiGatewayV2";
}

#[test]
fn stacks_of_buses_rules_and_destinations() {
    play_kinds(&["buses", "rules", "destinations"]);
}

#[test]
fn stacks_of_pipes_schedules_and_machines() {
    play_kinds(&["pipes", "schedules", "stateMachines"]);
}

#[test]
fn stacks_of_queues_topics_tables_and_emails() {
    play_kinds(&["queues", "topics", "tables", "emails"]);
}

#[test]
fn stacks_of_apis() {
    play_kinds(&["apis"]);
}
