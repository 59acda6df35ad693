//! Random stacks and random changes of them: resources that we name and resources that AWS names,
//! some built on others, some with a secret.

use super::Random;
use std::fmt::Write;

/// One resource of a stack, as it is declared now.
#[derive(Debug, Clone)]
struct Part {
    number: usize,
    kind: usize,
    /// Decides what an update changes.
    text: usize,
    /// Decides what a replacement changes.
    fixed: usize,
    /// The resources it needs, by their place in the stack.
    needs: Vec<usize>,
}

/// What a resource may be: its type, and whether it has properties that force a replacement.
const KINDS: [&str; 11] = [
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::Logs::LogGroup",
    "AWS::EC2::VPC",
    "AWS::EC2::VPC",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Api",
    "AWS::SNS::Subscription",
    "AWS::ApiGatewayV2::Integration",
    "AWS::EC2::SecurityGroup",
    "AWS::Events::EventBus",
];

/// A stack that changes.
#[derive(Debug, Clone, Default)]
pub struct Shop {
    parts: Vec<Part>,
    next: usize,
}

impl Shop {
    /// So many resources more.
    pub fn grow(&mut self, count: usize, random: &mut Random) {
        for _ in 0..count {
            let number = self.next;
            self.next += 1;
            let kind = random.below(KINDS.len());
            let others: Vec<usize> = self.parts.iter().map(|part| part.number).collect();
            let needs = others.into_iter().filter(|_| random.below(4) == 0).take(2).collect();
            self.parts.push(Part { number, kind, text: 0, fixed: random.below(200), needs });
        }
    }

    /// Something comes, goes, changes and is replaced.
    pub fn change(&mut self, random: &mut Random) {
        for _ in 0..random.below(4) {
            if self.parts.len() > 2 {
                let gone = self.parts.remove(random.below(self.parts.len())).number;
                for part in &mut self.parts {
                    part.needs.retain(|need| *need != gone);
                }
            }
        }
        for part in &mut self.parts {
            match random.below(6) {
                0 | 1 => part.text += 1,
                2 => part.fixed += 1,
                _ => {}
            }
        }
        self.grow(random.below(5), random);
    }

    /// How many resources it declares, beside those that belong to one.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// The stack file.
    pub fn text(&self) -> String {
        let mut text = "name: shop\nconfig: {word: {type: string, secret: true, default: first-word}}\n\
                        resources:\n"
            .to_owned();
        for part in &self.parts {
            part.write(&mut text);
        }
        text
    }
}

impl Part {
    fn write(&self, out: &mut String) {
        let Self { number, text, fixed, .. } = self;
        let kind = KINDS[self.kind];
        // What it needs beside what it is built on; and whom it tells, should it be one of the pairs.
        let mut needs: Vec<String> = self.needs.iter().map(|need| format!("resource.r{need}")).collect();
        let properties = match kind {
            "AWS::SQS::Queue" => format!("{{DelaySeconds: {}}}", text % 900),
            "AWS::SNS::Topic" => format!("{{DisplayName: text-{text}}}"),
            "AWS::Logs::LogGroup" => {
                format!("{{LogGroupName: log-{number}-{fixed}, RetentionInDays: {}}}", [1, 3, 5, 7][text % 4])
            }
            "AWS::EC2::VPC" => {
                format!("{{CidrBlock: 10.{}.0.0/16, EnableDnsHostnames: {}}}", fixed % 256, text % 2 == 0)
            }
            "AWS::ApiGatewayV2::Api" if self.kind == 6 => {
                format!(
                    "{{Name: api-{number}, ProtocolType: HTTP, Version: v{text}, Description: \"${{config.word}}\"}}"
                )
            }
            "AWS::ApiGatewayV2::Api" => {
                format!("{{Name: api-{number}, ProtocolType: HTTP, Description: text-{text}}}")
            }
            "AWS::SNS::Subscription" => {
                let _ = write!(
                    out,
                    "  t{number}: {{type: AWS::SNS::Topic}}\n  q{number}: {{type: AWS::SQS::Queue}}\n"
                );
                format!(
                    "{{TopicArn: \"${{resource.t{number}.TopicArn}}\", Protocol: sqs, RawMessageDelivery: {}, \
                     Endpoint: \"${{resource.q{number}.Arn}}\"}}",
                    text % 2 == 0
                )
            }
            "AWS::ApiGatewayV2::Integration" => {
                let _ = writeln!(
                    out,
                    "  a{number}: {{type: AWS::ApiGatewayV2::Api, properties: {{Name: a-{number}, ProtocolType: HTTP}}}}"
                );
                format!(
                    "{{ApiId: \"${{resource.a{number}.ApiId}}\", IntegrationType: HTTP_PROXY, IntegrationMethod: GET, \
                     PayloadFormatVersion: \"1.0\", IntegrationUri: \"https://example.com/{text}\"}}"
                )
            }
            "AWS::EC2::SecurityGroup" => {
                let _ = writeln!(
                    out,
                    "  v{number}: {{type: AWS::EC2::VPC, properties: {{CidrBlock: 10.{}.0.0/16}}}}",
                    number % 256
                );
                format!("{{GroupDescription: group-{fixed}, VpcId: \"${{resource.v{number}.VpcId}}\"}}")
            }
            _ => format!("{{Name: bus-{number}-{fixed}, Description: text-{text}}}"),
        };
        needs.dedup();
        let _ = writeln!(
            out,
            "  r{number}:\n    type: {kind}\n    properties: {properties}\n    options: {{dependsOn: [{}]}}",
            needs.join(", ")
        );
    }
}
