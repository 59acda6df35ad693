//! What `evstack explain` says of the parts of a stack file that are neither kinds nor types.

/// One subject, short enough for a screen.
pub(super) struct Topic {
    /// As it is asked for.
    pub(super) name: &'static str,
    /// One line.
    pub(super) about: &'static str,
    /// What may stand there, and what it means.
    pub(super) rows: &'static [(&'static str, &'static str)],
    /// What to copy.
    pub(super) example: &'static str,
}

/// The topic of that name.
pub(super) fn topic_named(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

/// All of them, in the order in which a reader of a stack meets them.
pub(super) const TOPICS: &[Topic] = &[
    Topic {
        name: "stack",
        about: "the keys of a stack file's top level",
        rows: &[
            ("name", "the stack's name, [a-z][a-z0-9-]*: the unit of planning, locking and state"),
            ("description", "one line"),
            ("include", "other files, relative to this one"),
            (
                "service",
                "a label for all that this file declares: a tag, and the middle of an event's source",
            ),
            ("config", "typed inputs"),
            ("variables", "named expressions"),
            ("defaults", "what holds for this file and what it includes"),
            ("imports", "outputs of other stacks"),
            ("outputs", "named expressions, printed after apply"),
            ("drift", "what `evstack drift` needn't tell, with reasons"),
            ("a kind", "events, buses, rules, queues, …: `evstack explain` lists them"),
        ],
        example: "name: shop\nevents:\n  orderPlaced:\nrules:\n  collect: {on: orderPlaced, to: queue.orders}\nqueues:\n  orders: {visibilityTimeout: 1m}\n",
    },
    Topic {
        name: "include",
        about: "other files that are part of this stack, relative to this one",
        rows: &[
            ("a path, or a list of paths", "each file has the keys of a stack file, `name` aside"),
            ("defaults, service", "of a file hold for what the file includes, unless that has its own"),
        ],
        example: "include: [orders/stack.yaml, mail/stack.yaml]\n",
    },
    Topic {
        name: "config",
        about: "typed inputs, read as `${config.NAME}`",
        rows: &[
            ("type", "string, number, boolean, list or map; that of `default`, or string, unless said"),
            ("default", "its value unless another is given"),
            ("allowed", "a list of the values that are taken"),
            ("pattern", "a regular expression that the whole text matches"),
            ("description", "one line"),
            ("secret", "true: never shown, and only a hash of it is kept"),
            (
                "the last wins",
                "`default`, the environment's file, EVSTACK_CONFIG_<NAME>, `--config NAME=VALUE`",
            ),
        ],
        example: "config:\n  stage: {type: string, default: dev, allowed: [dev, prod]}\n",
    },
    Topic {
        name: "variables",
        about: "named expressions, read as `${variables.NAME}`",
        rows: &[("name: value", "any value with expressions in it; a variable may read others")],
        example: "variables:\n  isProd: ${config.stage == \"prod\"}\n",
    },
    Topic {
        name: "expressions",
        about: "`${…}` in any string is a CEL expression; one that is the whole string keeps its type",
        rows: &[
            ("${queue.orders.Arn}", "an attribute: the address, then a property of the type"),
            ("${queue.orders.deadLetter.Arn}", "the same, of a part"),
            (
                "${config.stage}",
                "also variables, imports, event, stack (name, env), aws (region, accountId, …)",
            ),
            ("${config.stage == \"prod\" ? 5 : 1}", "a choice"),
            ("$${", "writes `${`"),
        ],
        example: "outputs:\n  orders: ${queue.orders.QueueUrl}\n",
    },
    Topic {
        name: "defaults",
        about: "what holds for the declarations of this file and of what it includes",
        rows: &[
            ("tags", "a mapping of strings"),
            ("logs", "as a state machine's `logs`"),
            ("deadLetter", "as a queue's `deadLetter`"),
            ("retry", "{attempts, age}, for rules, pipes and schedules"),
            ("protect", "true: nothing here is deleted or replaced"),
        ],
        example: "defaults:\n  tags: {team: blue}\n  retry: {attempts: 10, age: 2h}\n",
    },
    Topic {
        name: "imports",
        about: "outputs of other stacks, read as `${imports.NAME}`",
        rows: &[("stack", "the other stack's name"), ("output", "its output")],
        example: "imports:\n  bus: {stack: platform, output: busArn}\n",
    },
    Topic {
        name: "outputs",
        about: "named expressions, printed after apply and by `evstack output`",
        rows: &[("name: value", "any value with expressions in it")],
        example: "outputs:\n  api: ${api.shop.Url}\n",
    },
    Topic {
        name: "drift",
        about: "what `evstack drift` needn't tell: a list that is reviewed with the stack file",
        rows: &[
            (
                "ignore",
                "a list of entries; what they ignore is named in one line, and is no reason to exit with 2",
            ),
            ("address", "whose: an address; `*` stands for any text"),
            (
                "property",
                "which: this property and what is below it; `*` stands for any name, a type's name for what others \
                 add of that type",
            ),
            ("reason", "why, for whoever reads it next"),
            ("until", "the last day (UTC) on which it holds, as 2027-01-31; then it is told again"),
            (
                "evstack drift --accept [ADDRESS…]",
                "makes the record say what is there: what is gone is forgotten; the next plan goes to the stack file",
            ),
            (
                "evstack drift --revert [ADDRESS…]",
                "sets back what was declared or is gone, to what the record says; `--undeclared` also the rest",
            ),
        ],
        example: "queues:\n  orders:\ndrift:\n  ignore:\n    - address: queue.orders\n      property: DelaySeconds\n      reason: the night shift slows it down\n      until: 2027-01-31\n",
    },
    Topic {
        name: "options",
        about: "how the engine treats what a declaration makes; every kind but `events` has it",
        rows: &[
            (
                "protect",
                "neither deleted nor replaced; what holds data (tables, queues, buses, archives, log groups, …) is protected unless `false`",
            ),
            ("ignoreChanges", "properties that are left alone after the create"),
            ("replaceOnChanges", "properties whose change replaces, though it needn't"),
            ("deleteBeforeReplace", "the one goes before the other comes"),
            ("retainOnDelete", "left in the cloud when it leaves the stack"),
            ("drain", "of a queue: before it goes, so long it is waited for at most until it is empty"),
            ("aliases", "addresses that it had before; its parts come with it"),
            ("import", "the identifier of a thing that is there already, to take over"),
            ("dependsOn", "addresses that come first"),
            ("timeout", "how long an operation may take"),
            ("when", "`false` leaves it out"),
        ],
        example: "queues:\n  orders:\n    options: {protect: true, dependsOn: [topic.news]}\n",
    },
    Topic {
        name: "adoption",
        about: "how what exists already becomes a stack's own, and how a renamed declaration keeps what it was",
        rows: &[
            ("evstack import", "ADDRESS IDENTIFIER: records one resource, a part too; nothing is changed"),
            ("options.import", "the same, said in the stack file; the apply also changes what differs"),
            ("--adopt", "plan and apply look for all that would be created: by name, by tags, by properties"),
            ("--force", "imports what belongs to another stack by its tags"),
            (
                "options.aliases",
                "addresses that it had before: its record, and its parts', go on under this one",
            ),
            ("evstack state mv", "FROM TO: the same, in one environment's record"),
        ],
        example: "queues:\n  orders:\n    name: orders\n    options: {aliases: [queue.order]}\n",
    },
    Topic {
        name: "cloud",
        about: "where an environment lives: `<stack>.<env>.yaml` beside the stack file, for `--env <env>`",
        rows: &[
            ("region", "as `eu-west-1`; required unless there is an endpoint"),
            ("accountId", "twelve digits in quotes; required unless there is an endpoint"),
            ("role", "ARN of a role to assume"),
            ("endpoint", "base URL of another cloud"),
            ("state", "the folder where the state is kept, relative to this file"),
            ("config", "beside `cloud`: values of the stack's config"),
        ],
        example: "# shop.prod.yaml\ncloud: {region: eu-west-1, accountId: \"123456789012\"}\nconfig: {stage: prod}\n",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;
    use crate::model::Place;
    use crate::spec::{Inputs, MemoryLoader, Stack};
    use std::collections::BTreeMap;

    #[test]
    fn every_example_has_known_keys_only() {
        for topic in TOPICS.iter().filter(|topic| topic.name != "cloud") {
            let name = if topic.example.starts_with("name:") { "" } else { "name: shop\n" };
            let loader = MemoryLoader::new([("shop.yaml", format!("{name}{}", topic.example))]);
            let place = Place {
                partition: "aws".to_owned(),
                region: "us-east-1".to_owned(),
                account: "000000000000".to_owned(),
                base_url: None,
            };
            let inputs = Inputs {
                env: "local".to_owned(),
                place,
                environment: Vec::new(),
                config: Vec::new(),
                imported: BTreeMap::new(),
            };
            let (_, _, diagnostics) = Stack::load("shop.yaml", Box::new(loader), inputs);
            for diagnostic in &diagnostics {
                let bad = [Code::SYNTAX, Code::UNKNOWN_KEY, Code::WRONG_TYPE, Code::BAD_NAME];
                assert!(!bad.contains(&diagnostic.code), "{}: {}", topic.name, diagnostic.message);
            }
        }
    }
}
