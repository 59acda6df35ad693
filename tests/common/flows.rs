//! Random stacks in which events flow: buses, rules, pipes, schedules, topics, APIs, machines and raw
//! resources, each feeding others; and random edits of them: what comes, goes, moves to another
//! target, is renamed (and so replaced) or replaced under its own name.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use super::generate::Random;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// What may be there: how often, of a hundred.
const POOL: &[(&str, &str, usize)] = &[
    ("buses", "b0", 80),
    ("buses", "b1", 40),
    ("queues", "q0", 100),
    ("queues", "q1", 70),
    ("queues", "q2", 60),
    ("queues", "q3", 40),
    ("topics", "t0", 70),
    ("topics", "t1", 30),
    ("stateMachines", "m0", 80),
    ("stateMachines", "m1", 50),
    ("tables", "d0", 50),
    ("rules", "r0", 90),
    ("rules", "r1", 70),
    ("rules", "r2", 50),
    ("rules", "r3", 30),
    ("pipes", "p0", 60),
    ("pipes", "p1", 40),
    ("schedules", "s0", 50),
    ("schedules", "s1", 30),
    ("apis", "a0", 40),
    ("apis", "a1", 25),
    ("raw", "w0", 50),
    ("raw", "w1", 40),
];

/// A stack that changes.
#[derive(Debug, Clone)]
pub struct Flows {
    name: String,
    /// By section and name: what decides how it is declared.
    there: BTreeMap<(&'static str, &'static str), usize>,
}

impl Flows {
    /// The same seed gives the same stack.
    pub fn new(name: &str, random: &mut Random) -> Self {
        let mut there = BTreeMap::new();
        for (section, own, often) in POOL {
            if random.below(100) < *often {
                there.insert((*section, *own), random.below(1 << 20));
            }
        }
        Self { name: name.to_owned(), there }
    }

    /// Some of it comes, goes and is declared otherwise.
    pub fn edit(&mut self, random: &mut Random) {
        for (section, own, often) in POOL {
            match random.below(10) {
                0 | 1 if *often < 100 && self.there.remove(&(*section, *own)).is_none() => {
                    self.there.insert((*section, *own), random.below(1 << 20));
                }
                2..=4 => {
                    let choice = random.below(1 << 20);
                    self.there.entry((*section, *own)).and_modify(|now| *now = choice);
                }
                _ => {}
            }
        }
    }

    fn all(&self, section: &str) -> Vec<&'static str> {
        self.there.keys().filter(|(of, _)| *of == section).map(|(_, own)| *own).collect()
    }

    /// Addresses that the sections have, but one.
    fn targets(&self, sections: &[&str], but: &str) -> Vec<String> {
        let kind = |section: &str| {
            match section {
                "buses" => "bus",
                other => other.strip_suffix('s').expect("a plural"),
            }
            .to_owned()
        };
        let of = |section: &&str| {
            let kind = kind(section);
            self.all(section).into_iter().map(move |own| format!("{kind}.{own}")).collect::<Vec<_>>()
        };
        sections.iter().flat_map(of).filter(|address| address != but).collect()
    }

    /// The stack file.
    pub fn text(&self) -> String {
        let mut whole = json!({"name": self.name, "events": {"told": {}}});
        for ((section, own), choice) in &self.there {
            if *section == "raw" {
                self.raw(&mut whole, own, *choice);
            } else {
                whole[section][own] = self.declaration(section, own, *choice);
            }
        }
        serde_json::to_string_pretty(&whole).expect("JSON")
    }

    fn declaration(&self, section: &str, own: &str, choice: usize) -> Json {
        let mut pick = Random::new(choice as u64, own);
        let mut some = |all: &[String]| all.get(pick.below(all.len())).cloned();
        let mut made = Map::new();
        match section {
            "buses" => {
                if choice.is_multiple_of(2) {
                    made.insert("archive".to_owned(), json!({"retain": "3d"}));
                }
            }
            "queues" => {
                made.insert("visibilityTimeout".to_owned(), json!(format!("{}s", 30 + choice % 3)));
                match choice % 5 {
                    0 => {
                        made.insert("name".to_owned(), json!(format!("{}-{own}-own", self.name)));
                    }
                    1 => {
                        made.insert("deadLetter".to_owned(), json!(false));
                    }
                    2 | 3 => {
                        made.insert("options".to_owned(), json!({"drain": "10m"}));
                    }
                    _ => {}
                }
            }
            "topics" => {
                let mut heard = Vec::new();
                for queue in self.targets(&["queues"], "").iter().skip(choice % 2).take(2) {
                    let mut one = json!({"queue": queue, "raw": choice.is_multiple_of(3)});
                    if let Some(letters) =
                        some(&self.targets(&["queues"], queue)).filter(|_| choice.is_multiple_of(4))
                    {
                        one["deadLetter"] = json!(letters);
                    }
                    heard.push(one);
                }
                made.insert("displayName".to_owned(), json!(format!("topic {}", choice % 4)));
                made.insert("subscribe".to_owned(), json!(heard));
            }
            "stateMachines" => {
                // A standard machine that becomes an express one is replaced under its own name.
                made.insert("type".to_owned(), json!(["standard", "express"][choice % 2]));
                let queue = some(&self.targets(&["queues"], "")).expect("q0");
                made.insert(
                    "definition".to_owned(),
                    json!({"StartAt": "Send", "States": {"Send": {
                        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
                        "Parameters": {"QueueUrl": format!("${{{queue}.QueueUrl}}"), "MessageBody": "a"},
                        "End": true}}}),
                );
            }
            "tables" => {
                made.insert("key".to_owned(), json!(["pk"]));
                made.insert("stream".to_owned(), json!("new"));
                made.insert("options".to_owned(), json!({"protect": false}));
            }
            "rules" => {
                let buses = self.targets(&["buses"], "");
                let bus = some(&buses).filter(|_| !choice.is_multiple_of(4));
                let but = bus.clone().unwrap_or_default();
                let mut to = Vec::new();
                for _ in 0..1 + choice % 3 {
                    let all = self.targets(&["queues", "topics", "stateMachines", "buses"], &but);
                    to.extend(some(&all).filter(|one| !to.contains(one)));
                }
                made.extend(bus.map(|bus| ("bus".to_owned(), json!(bus.trim_start_matches("bus.")))));
                made.insert("on".to_owned(), json!({"source": [format!("shop.{}", choice % 3)]}));
                made.insert("to".to_owned(), json!(to));
                if choice.is_multiple_of(6) {
                    made.insert("enabled".to_owned(), json!(false));
                }
                if let Some(letters) = some(&self.targets(&["queues"], "")).filter(|_| choice % 3 == 1) {
                    made.insert("deadLetter".to_owned(), json!(letters));
                }
            }
            "pipes" => {
                let tables =
                    if choice.is_multiple_of(3) { self.targets(&["tables"], "") } else { Vec::new() };
                let from = some(&tables).or_else(|| some(&self.targets(&["queues"], ""))).expect("q0");
                let all = self.targets(&["queues", "topics", "stateMachines", "buses"], &from);
                made.insert("to".to_owned(), json!(some(&all).unwrap_or("event.told".to_owned())));
                made.insert("from".to_owned(), json!(from));
            }
            "schedules" => {
                made.insert("every".to_owned(), json!(format!("{}h", 1 + choice % 3)));
                let all = self.targets(&["queues", "topics", "stateMachines"], "");
                made.insert("to".to_owned(), json!(some(&all)));
            }
            "apis" => {
                let queue = some(&self.targets(&["queues"], ""));
                let mut routes = json!({"POST /orders": {"to": queue}});
                if choice.is_multiple_of(2) {
                    routes["POST /told"] = json!({"to": "event.told"});
                }
                made.insert("type".to_owned(), json!(if own == "a0" { "http" } else { "rest" }));
                made.insert("routes".to_owned(), routes);
            }
            other => panic!("nothing is known of {other}"),
        }
        Json::Object(made)
    }

    /// What a kind would make, by hand: a rule (or a topic) that sends to a queue whose policy names it.
    fn raw(&self, whole: &mut Json, own: &str, choice: usize) {
        let mut add = |part: &str, type_name: &str, properties: Json| {
            whole["resources"][format!("{own}{part}")] = json!({"type": type_name, "properties": properties});
        };
        let policy = |queue: &str, service: &str, source: &str| {
            json!({"Queue": format!("${{resource.{own}{queue}.QueueUrl}}"),
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage",
                    "Resource": format!("${{resource.{own}{queue}.Arn}}"),
                    "Condition": {"ArnEquals": {"aws:SourceArn": source}}}]}})
        };
        let queue = format!("${{resource.{own}Queue.Arn}}");
        let letters = format!("${{resource.{own}Letters.Arn}}");
        add("Letters", "AWS::SQS::Queue", json!({}));
        add("Queue", "AWS::SQS::Queue", json!({"DelaySeconds": choice % 3}));
        if own == "w0" {
            let policy = |queue| policy(queue, "events.amazonaws.com", "${resource.w0Rule.Arn}");
            add("Policy", "AWS::SQS::QueueInlinePolicy", policy("Queue"));
            add("LettersPolicy", "AWS::SQS::QueueInlinePolicy", policy("Letters"));
            let target = json!({"Id": "queue", "Arn": queue, "DeadLetterConfig": {"Arn": letters}});
            let pattern = json!({"source": [format!("shop.{}", choice % 3)]});
            add(
                "Rule",
                "AWS::Events::Rule",
                json!({"EventPattern": pattern, "State": "ENABLED", "Targets": [target]}),
            );
        } else {
            let policy = |queue| policy(queue, "sns.amazonaws.com", "${resource.w1Topic.TopicArn}");
            add("Policy", "AWS::SQS::QueueInlinePolicy", policy("Queue"));
            add("LettersPolicy", "AWS::SQS::QueueInlinePolicy", policy("Letters"));
            add("Topic", "AWS::SNS::Topic", json!({"DisplayName": format!("topic {}", choice % 3)}));
            let subscription = json!({"TopicArn": "${resource.w1Topic.TopicArn}", "Protocol": "sqs", "Endpoint": queue,
                "RawMessageDelivery": choice.is_multiple_of(2), "RedrivePolicy": {"deadLetterTargetArn": letters}});
            add("Subscription", "AWS::SNS::Subscription", subscription);
        }
    }
}
