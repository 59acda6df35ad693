//! Roles and inline policies, with exactly what is used.

use super::expander::{Draft, Expander};
use super::target::Target;
use crate::model::{Address, Template, Value};
use crate::spec::Declaration;

/// `{Effect: Allow, Action, Resource}`.
pub(super) fn allow(actions: &[&str], resources: impl IntoIterator<Item = Template>) -> Template {
    Template::object([
        ("Effect", Template::string("Allow")),
        ("Action", Template::array(actions.iter().map(|a| Template::string(*a)))),
        ("Resource", Template::array(resources)),
    ])
}

/// A policy document from its statements.
pub(super) fn document(statements: impl IntoIterator<Item = Template>) -> Template {
    Template::object([
        ("Version", Template::string("2012-10-17")),
        ("Statement", Template::array(statements)),
    ])
}

impl Expander<'_> {
    /// `arn:aws:…` with this stack's partition, region and account filled in.
    pub(super) fn arn(&self, service: &str, rest: &str) -> String {
        let place = &self.stack.place;
        format!("arn:{}:{service}:{}:{}:{rest}", place.partition, place.region, place.account)
    }

    /// Adds a role that `service` (`states.amazonaws.com`) may take for things of this account.
    pub(super) fn role(
        &mut self,
        declaration: &Declaration,
        part: &str,
        service: &str,
        statements: Vec<Template>,
    ) -> Address {
        let mut trust = vec![
            ("Effect", Template::string("Allow")),
            ("Principal", Template::object([("Service", Template::string(service))])),
            ("Action", Template::string("sts:AssumeRole")),
        ];
        // API Gateway doesn't say for which account it takes the role of an integration: under the
        // condition every request would be refused.
        if service != "apigateway.amazonaws.com" {
            let account = Template::string(self.stack.place.account.clone());
            let account = Template::object([("aws:SourceAccount", account)]);
            trust.push(("Condition", Template::object([("StringEquals", account)])));
        }
        let trust = Template::object(trust);
        let kind = declaration.key.trim_end_matches('s');
        let pieces = [super::names::kebab(kind), super::names::kebab(part)];
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let name = self.name(declaration, &pieces, 64);
        let mut draft = Draft::new("AWS::IAM::Role")
            .with("RoleName", name)
            .with("AssumeRolePolicyDocument", document([trust]));
        if !statements.is_empty() {
            let policy = Template::object([
                ("PolicyName", Template::string("use")),
                ("PolicyDocument", document(statements)),
            ]);
            draft = draft.with("Policies", Template::array([policy]));
        }
        self.part(declaration, part, draft)
    }

    /// What a role needs besides to read from or write to a queue, topic or table that is
    /// encrypted with a key of one's own. None where AWS's own key does it, or there is no way to
    /// tell.
    pub(super) fn use_key(&mut self, target: &Target, actions: &[&str]) -> Option<Template> {
        let address = target.address.as_ref()?;
        let node = self.declaration(address)?.body.get("encryption")?;
        let key = self.template(node);
        let arn = match &key {
            Template::Attribute(reference) if reference.property == "KeyId" => {
                Template::Concat(vec![Template::string(self.arn("kms", "key/")), key.clone()])
            }
            Template::Literal(Value::String(text)) if text.starts_with("alias/aws/") => return None,
            Template::Literal(Value::String(text)) if text.starts_with("alias/") => {
                let mut statement = allow(actions, [Template::string(self.arn("kms", "key/*"))]);
                let alias = Template::object([("kms:ResourceAliases", Template::string(text.clone()))]);
                let condition = Template::object([("ForAnyValue:StringEquals", alias)]);
                statement.merge(Template::object([("Condition", condition)]));
                return Some(statement);
            }
            Template::Literal(Value::String(text)) if !text.starts_with("arn:") => {
                Template::string(self.arn("kms", &format!("key/{text}")))
            }
            _ => key,
        };
        Some(allow(actions, [arn]))
    }

    /// Lets an AWS service send to a queue or topic on behalf of `source`. The inline policy that
    /// comes of it is the returned address; it must be there before the source sends.
    pub(super) fn let_in(
        &mut self,
        target: &Address,
        service: &str,
        action: &str,
        source: Template,
    ) -> Address {
        let property = arn_property(target);
        let statement = Template::object([
            ("Effect", Template::string("Allow")),
            ("Principal", Template::object([("Service", Template::string(service))])),
            ("Action", Template::string(action)),
            ("Resource", Template::attribute(target, property)),
            ("Condition", Template::object([("ArnEquals", Template::object([("aws:SourceArn", source)]))])),
        ]);
        self.grants.entry(target.clone()).or_default().push(statement);
        target.part("policy")
    }
}

/// The property that holds a queue's or topic's ARN.
fn arn_property(address: &Address) -> &'static str {
    if address.kind() == "topic" { "TopicArn" } else { "Arn" }
}

/// One inline policy for each queue and topic that others were let in to.
pub(super) fn inline_policies(x: &mut Expander<'_>) {
    for (target, statements) in std::mem::take(&mut x.grants) {
        let Some(declaration) = x.declaration(&target.owner()) else { continue };
        // Whoever sends to what is left out is told so; its policy has nothing to add.
        if x.out.left_out.contains_key(&target.owner()) {
            continue;
        }
        let part = target.part("policy");
        let part = part.as_str().splitn(3, '.').nth(2).unwrap_or("policy").to_owned();
        let draft = if target.kind() == "topic" {
            Draft::new("AWS::SNS::TopicInlinePolicy")
                .with("TopicArn", Template::attribute(&target, "TopicArn"))
        } else {
            Draft::new("AWS::SQS::QueueInlinePolicy").with("Queue", Template::attribute(&target, "QueueUrl"))
        };
        x.part(declaration, &part, draft.with("PolicyDocument", document(statements)));
    }
}
