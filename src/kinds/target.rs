//! Where an event, a message or a request goes: an address, an ARN, or an expression that gives one.

use super::expander::Expander;
use crate::diagnostics::{Code, Diagnostic, Span, one_of};
use crate::model::{Address, Template, Value};
use crate::syntax::Node;

/// What a target is; decides which permissions and which parameters it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    StateMachine {
        express: bool,
    },
    Queue {
        fifo: bool,
    },
    Topic {
        fifo: bool,
    },
    Bus,
    Table,
    Destination,
    Lambda,
    LogGroup,
    /// Named by an ARN of a service that needs nothing more, or can't be known.
    Other,
}

/// A target.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) class: Class,
    /// The declared thing, if it is one of this stack.
    pub(super) address: Option<Address>,
    /// Its ARN.
    pub(super) arn: Template,
    pub(super) span: Span,
}

impl Expander<'_> {
    /// Reads a target. `fitting` are the kinds that may stand here.
    pub(super) fn target(&mut self, node: &Node, what: &str, fitting: &[&'static str]) -> Option<Target> {
        let text = match node.text() {
            Some(text) => text.to_owned(),
            None => {
                self.wrong_type(node, what, "an address or an ARN");
                return None;
            }
        };
        if Address::is_valid(&text) {
            return self.declared_target(Address::new(text.as_str()), node.span, fitting);
        }
        // Where a thing of one kind is wanted, its bare name will do.
        if let [only] = fitting
            && is_bare_name(&text)
        {
            return self.declared_target(Address::new(format!("{only}.{text}")), node.span, fitting);
        }
        match self.template(node) {
            Template::Attribute(reference) => {
                let mut target = self.declared_target(reference.address.clone(), node.span, &[])?;
                target.arn = Template::Attribute(reference);
                Some(target)
            }
            Template::Literal(Value::String(arn)) if arn.starts_with("arn:") => Some(Target {
                class: class_of_arn(&arn),
                address: None,
                arn: Template::string(arn),
                span: node.span,
            }),
            Template::Literal(Value::String(text)) => {
                let hint = fitting
                    .iter()
                    .map(|kind| format!("{kind}.{text}"))
                    .find(|address| self.declared.contains_key(&Address::new(address.as_str())));
                self.report(
                    Diagnostic::error(
                        Code::UNKNOWN_REFERENCE,
                        format!("{what} `{text}` is neither an address nor an ARN"),
                    )
                    .at(node.span)
                    .hint(match hint {
                        Some(address) => format!("did you mean `{address}`?"),
                        None => format!("write an address ({}) or an ARN", one_of(fitting.iter().copied())),
                    }),
                );
                None
            }
            template => {
                let class = leading_text(&template).map_or(Class::Other, |text| class_of_arn(&text));
                Some(Target { class, address: None, arn: template, span: node.span })
            }
        }
    }

    fn declared_target(&mut self, address: Address, span: Span, fitting: &[&'static str]) -> Option<Target> {
        let mut allowed = fitting.to_vec();
        if !allowed.is_empty() {
            allowed.push("resource");
        }
        if !self.declared_at(&address, span, &allowed) {
            return None;
        }
        let class = self.class_of(&address);
        let property = match class {
            Class::Topic { .. } => "TopicArn",
            _ => "Arn",
        };
        Some(Target { class, arn: Template::attribute(&address, property), address: Some(address), span })
    }

    fn class_of(&self, address: &Address) -> Class {
        let declaration = self.declaration(&address.owner());
        let word = |key: &str| declaration.and_then(|d| d.body.get(key)).and_then(|n| n.text()).unwrap_or("");
        let is_true = |key: &str| {
            let node = declaration.and_then(|d| d.body.get(key));
            matches!(node.map(|n| &n.value), Some(crate::syntax::NodeValue::Bool(true)))
        };
        let is_part = address.owner() != *address;
        match address.kind() {
            "queue" if is_part => Class::Queue { fifo: is_true("fifo") },
            _ if is_part => Class::Queue { fifo: false },
            "stateMachine" => Class::StateMachine { express: word("type").eq_ignore_ascii_case("express") },
            "queue" => Class::Queue { fifo: is_true("fifo") },
            "topic" => Class::Topic { fifo: is_true("fifo") },
            "bus" => Class::Bus,
            "table" => Class::Table,
            "destination" => Class::Destination,
            "resource" => match word("type") {
                "AWS::StepFunctions::StateMachine" => Class::StateMachine { express: false },
                "AWS::SQS::Queue" => Class::Queue { fifo: false },
                "AWS::SNS::Topic" => Class::Topic { fifo: false },
                "AWS::Events::EventBus" => Class::Bus,
                "AWS::DynamoDB::Table" => Class::Table,
                "AWS::Events::ApiDestination" => Class::Destination,
                "AWS::Lambda::Function" => Class::Lambda,
                "AWS::Logs::LogGroup" => Class::LogGroup,
                _ => Class::Other,
            },
            _ => Class::Other,
        }
    }
}

fn is_bare_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The text that a template begins with, if it begins with text.
fn leading_text(template: &Template) -> Option<String> {
    match template {
        Template::Concat(pieces) => pieces.first()?.as_literal_str().map(str::to_owned),
        other => other.as_literal_str().map(str::to_owned),
    }
}

fn class_of_arn(arn: &str) -> Class {
    let pieces: Vec<&str> = arn.splitn(6, ':').collect();
    let (service, rest) = (pieces.get(2).copied().unwrap_or(""), pieces.get(5).copied().unwrap_or(""));
    match service {
        "states" => Class::StateMachine { express: false },
        "sqs" => Class::Queue { fifo: rest.ends_with(".fifo") },
        "sns" => Class::Topic { fifo: rest.ends_with(".fifo") },
        "dynamodb" => Class::Table,
        "lambda" => Class::Lambda,
        "logs" => Class::LogGroup,
        "events" if rest.starts_with("event-bus/") => Class::Bus,
        "events" if rest.starts_with("api-destination/") => Class::Destination,
        _ => Class::Other,
    }
}
