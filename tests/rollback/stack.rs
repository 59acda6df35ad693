//! Random stacks, and random edits of them.

use super::generate::Random;
use serde_json::{Map, json};

/// What a slot may be: its type, what others read of it, and whether its name is among its properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Queue,
    Topic,
    Key,
    Api,
    /// Of the API before it, which must be there.
    Path,
    Role,
    Group,
    Parameter,
    Table,
    Secret,
}

const SORTS: [Sort; 10] = [
    Sort::Api,
    Sort::Path,
    Sort::Key,
    Sort::Queue,
    Sort::Role,
    Sort::Topic,
    Sort::Group,
    Sort::Parameter,
    Sort::Table,
    Sort::Secret,
];

#[derive(Debug, Clone)]
pub struct Slot {
    pub sort: Sort,
    /// Its name in the stack, and whether it had another.
    pub name: String,
    pub was: Option<String>,
    pub there: bool,
    /// Changes in place.
    pub version: usize,
    /// Changes by a new one.
    pub variant: usize,
    pub retained: bool,
    /// Slots before it.
    pub reads: Vec<usize>,
}

#[derive(Debug, Clone)]
pub struct Stack {
    pub slots: Vec<Slot>,
}

impl Stack {
    pub fn new(random: &mut Random) -> Self {
        let count = 3 + random.below(6);
        let slots = (0..count).map(|at| {
            let sort = SORTS[random.below(SORTS.len())];
            let reads = (0..at).filter(|_| random.below(3) == 0).take(2).collect();
            Slot {
                sort,
                name: format!("x{at}"),
                was: None,
                there: random.below(4) > 0,
                version: 0,
                variant: 0,
                // It goes with its API.
                retained: random.below(12) == 0 && sort != Sort::Path,
                reads,
            }
        });
        Self { slots: slots.collect() }
    }

    /// As somebody would change it.
    pub fn edited(&self, random: &mut Random) -> Self {
        let mut edited = self.clone();
        for slot in &mut edited.slots {
            slot.was = None;
            match random.below(9) {
                0 | 1 => slot.version += 1,
                2 | 3 => slot.variant += 1,
                4 | 5 => {
                    // What is let go of keeps its name.
                    slot.variant += usize::from(slot.there && slot.retained);
                    slot.there = !slot.there;
                }
                6 if slot.there => {
                    let name = format!("{}y", slot.name);
                    slot.was = Some(std::mem::replace(&mut slot.name, name));
                }
                7 => slot.retained = random.below(3) == 0 && slot.sort != Sort::Path,
                _ => {}
            }
        }
        edited
    }

    /// Whether anything in it would be let go of.
    pub fn retains(&self) -> bool {
        self.slots.iter().any(|slot| slot.retained)
    }

    fn api(&self, at: usize) -> Option<&Slot> {
        self.slots[..at].iter().rev().find(|slot| slot.sort == Sort::Api && slot.there)
    }

    fn reads(&self, at: usize) -> String {
        let read = self.slots[at].reads.iter().map(|read| &self.slots[*read]).enumerate();
        let read = read.filter(|(_, slot)| slot.there && (slot.sort != Sort::Path));
        let texts = read.map(|(_, slot)| {
            let property = match slot.sort {
                Sort::Queue => "QueueName",
                Sort::Table => "TableName",
                Sort::Group => "LogGroupName",
                Sort::Topic => "TopicArn",
                Sort::Key => "KeyId",
                Sort::Api => "RestApiId",
                Sort::Role => "RoleId",
                Sort::Path | Sort::Parameter => "Name",
                Sort::Secret => "Id",
            };
            format!(" ${{resource.{}.{property}}}", slot.name)
        });
        texts.collect()
    }

    /// As JSON, which is YAML too.
    pub fn text(&self) -> String {
        let (mut resources, mut outputs) = (Map::new(), Map::new());
        for (at, slot) in self.slots.iter().enumerate().filter(|(_, slot)| slot.there) {
            let (version, named) = (slot.version, format!("rolled-{at}-{}", slot.variant));
            let said = format!("v{version}{}", self.reads(at));
            let (type_name, properties) = match slot.sort {
                Sort::Queue => (
                    "AWS::SQS::Queue",
                    json!({"QueueName": named, "VisibilityTimeout": 10 + version, "Tags": [{"Key": "said", "Value": said}]}),
                ),
                Sort::Topic => (
                    "AWS::SNS::Topic",
                    json!({"TopicName": named, "DisplayName": format!("v{version}"), "Tags": [{"Key": "said", "Value": said}]}),
                ),
                Sort::Key => ("AWS::KMS::Key", json!({"Description": said})),
                Sort::Api => ("AWS::ApiGateway::RestApi", json!({"Name": named, "Description": said})),
                Sort::Path => {
                    let Some(api) = self.api(at) else { continue };
                    let (id, root) = (
                        format!("${{resource.{}.RestApiId}}", api.name),
                        format!("${{resource.{}.RootResourceId}}", api.name),
                    );
                    (
                        "AWS::ApiGateway::Resource",
                        json!({"RestApiId": id, "ParentId": root, "PathPart": format!("p{at}-{}", slot.variant)}),
                    )
                }
                Sort::Role => (
                    "AWS::IAM::Role",
                    json!({"RoleName": named, "Description": format!("v{version}"), "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}),
                ),
                Sort::Group => (
                    "AWS::Logs::LogGroup",
                    json!({"LogGroupName": named, "RetentionInDays": ([1, 3, 5, 7, 14][version.min(4)])}),
                ),
                Sort::Parameter => {
                    ("AWS::SSM::Parameter", json!({"Name": named, "Type": "String", "Value": said}))
                }
                Sort::Table => (
                    "AWS::DynamoDB::Table",
                    json!({"TableName": named, "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "DeletionProtectionEnabled": false, "Tags": [{"Key": "said", "Value": said}]}),
                ),
                // A read doesn't show the text.
                Sort::Secret => (
                    "AWS::SecretsManager::Secret",
                    json!({"Name": named, "Description": format!("v{version}"), "SecretString": said}),
                ),
            };
            let mut options = Map::new();
            if slot.retained {
                options.insert("retainOnDelete".to_owned(), json!(true));
            }
            if let Some(was) = &slot.was {
                options.insert("aliases".to_owned(), json!([format!("resource.{was}")]));
            }
            let resource = json!({"type": type_name, "properties": properties, "options": options});
            resources.insert(slot.name.clone(), resource);
            outputs.insert(format!("o{at}"), json!(format!("v{version}{}", self.reads(at))));
        }
        let stack = json!({"name": "rolled", "resources": resources, "outputs": outputs});
        serde_json::to_string_pretty(&stack).expect("JSON")
    }
}
