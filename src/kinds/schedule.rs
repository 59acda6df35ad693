//! `schedules`: what happens every so often, or once at a time.

use super::expander::{Draft, Expander};
use super::fields::number;
use super::iam::allow;
use super::kind::{Field, Kind, Part};
use super::target::Class;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Template;
use crate::spec::Declaration;
use crate::syntax::{Node, NodeValue};

pub(super) const KIND: Kind = Kind {
    key: "schedules",
    singular: "schedule",
    about: "what EventBridge Scheduler does every so often, or once; in the default group",
    type_name: Some("AWS::Scheduler::Schedule"),
    fields: &[
        Field::optional("every", "duration in whole minutes", "`rate(…)`"),
        Field::optional("cron", "six fields", "minutes, hours, day of month, month, day of week, year"),
        Field::optional("at", "date and time", "once: `2030-12-24T18:00:00`"),
        Field::optional("timezone", "IANA name", "of `cron` and `at`; default: UTC"),
        Field::optional("window", "duration, 1m to 1d", "how much later it may happen; default: at once"),
        Field::required("to", "target: machine, queue, topic or event", "where it goes"),
        Field::optional("input", "text or mapping", "what the target is told; of an event, its data"),
        Field::optional("group", "text", "a FIFO queue's message group"),
        Field::optional("retry", "mapping of `attempts`, `age`", "default: 185 times within a day"),
        Field::optional(
            "deadLetter",
            "queue, mapping of `retain` or `queue`, or false",
            "where it goes that can't be delivered; default: a queue of its own",
        ),
        Field::optional("enabled", "boolean", "whether it works; default: true"),
    ],
    parts: &[
        Part { name: "role", type_name: "AWS::IAM::Role", about: "always" },
        Part {
            name: "deadLetter",
            type_name: "AWS::SQS::Queue",
            about: "unless `deadLetter` says otherwise",
        },
    ],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let address = x.address(declaration);
    let mut draft = Draft::new("AWS::Scheduler::Schedule").with("Name", x.name(declaration, &[], 64));
    check_group(x, body.get("properties"));
    if let Some(node) = body.get("description") {
        draft = draft.written("Description", x.template(node), node);
    }
    // Without an expression, a mistake has been reported; another isn't made of it.
    let (expression, node) =
        expression(x, declaration, &body).unwrap_or_else(|| ("rate(1 day)".to_owned(), &body));
    draft = draft.written("ScheduleExpression", Template::string(expression), node);
    if let Some(node) = body.get("timezone") {
        draft = draft.written("ScheduleExpressionTimezone", x.template(node), node);
    }
    let window = body.get("window").and_then(|n| whole_minutes(x, n, "`window`", 86_400));
    let window = match window {
        Some(minutes) => Template::object([
            ("Mode", Template::string("FLEXIBLE")),
            ("MaximumWindowInMinutes", number(minutes)),
        ]),
        None => Template::object([("Mode", Template::string("OFF"))]),
    };
    let enabled = body.get("enabled").and_then(|n| x.boolean(n, "`enabled`")).unwrap_or(true);
    draft = draft
        .with("FlexibleTimeWindow", window)
        .with("State", Template::string(if enabled { "ENABLED" } else { "DISABLED" }));
    let mut statements = Vec::new();
    let Some(to) = body.get("to") else { return };
    let Some(mut target) = target(x, &body, to, &mut statements) else { return };
    target.push(("RoleArn", Template::attribute(&address.part("role"), "Arn")));
    let default = x.default_of(declaration, "retry");
    if let Some(retry) = body.get("retry").or(default.as_ref())
        && x.check_keys(retry, "`retry`", &["attempts", "age"], "evstack explain schedule")
    {
        let attempts = retry.get("attempts").and_then(|n| x.integer(n, "`attempts`", 0..=185));
        let age = retry.get("age").and_then(|n| x.seconds(n, "`age`", 60..=86_400));
        let policy = [("MaximumRetryAttempts", attempts), ("MaximumEventAgeInSeconds", age)];
        let policy = policy.into_iter().filter_map(|(k, v)| Some((k, number(v?))));
        target.push(("RetryPolicy", Template::object(policy)));
    }
    if let Some(letters) = super::queue::dead_letters(x, declaration, body.get("deadLetter"), false) {
        statements.push(allow(&["sqs:SendMessage"], [letters.arn.clone()]));
        target.push(("DeadLetterConfig", Template::object([("Arn", letters.arn)])));
    }
    x.role(declaration, "role", "scheduler.amazonaws.com", statements);
    x.main(declaration, draft.written("Target", Template::object(target), to));
}

/// Cloud Control names a schedule by its name alone, so it finds none in a group of one's own: a
/// delete would say that it isn't there, while it goes on.
pub(super) fn check_group(x: &mut Expander<'_>, properties: Option<&Node>) {
    let Some(node) = properties.and_then(|p| p.get("GroupName")) else { return };
    if node.text() != Some("default") {
        let hint = "leave `GroupName` out: Cloud Control can't find a schedule in another group again";
        x.unsupported(node, "a schedule outside the default group", hint);
    }
}

/// Exactly one of `every`, `cron` and `at`, as Scheduler writes it.
fn expression<'n>(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    body: &'n Node,
) -> Option<(String, &'n Node)> {
    let said: Vec<(&str, &Node)> =
        ["every", "cron", "at"].into_iter().filter_map(|key| Some((key, body.get(key)?))).collect();
    let [(key, node)] = said.as_slice() else {
        let message =
            format!("schedule `{}` needs exactly one of `every`, `cron` and `at`", declaration.name);
        x.report(Diagnostic::error(Code::MISSING_KEY, message).at(declaration.span));
        return None;
    };
    if *key == "every" {
        let minutes = whole_minutes(x, node, "`every`", 86_400 * 366)?;
        let (count, unit) = match minutes {
            m if m % 1440 == 0 => (m / 1440, "day"),
            m if m % 60 == 0 => (m / 60, "hour"),
            m => (m, "minute"),
        };
        let plural = if count == 1 { "" } else { "s" };
        return Some((format!("rate({count} {unit}{plural})"), node));
    }
    let text = x.text(node, &format!("`{key}`"))?;
    let fits = match *key {
        "cron" => text.split_whitespace().count() == 6,
        _ => is_date_time(&text),
    };
    if !fits {
        let (what, hint) = match *key {
            "cron" => {
                ("six fields", "minutes, hours, day of month, month, day of week, year: `0 9 ? * MON-FRI *`")
            }
            _ => ("a date and a time", "write `2030-12-24T18:00:00`, and the zone as `timezone`"),
        };
        x.bad_value(node, format!("`{key}` is `{text}`, not {what}"), Some(hint.to_owned()));
        return None;
    }
    Some((format!("{key}({})", text.split_whitespace().collect::<Vec<_>>().join(" ")), node))
}

/// `yyyy-mm-ddThh:mm:ss`.
fn is_date_time(text: &str) -> bool {
    text.len() == 19
        && text.bytes().zip("dddd-dd-ddTdd:dd:dd".bytes()).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            sign => byte == sign,
        })
}

fn whole_minutes(x: &mut Expander<'_>, node: &Node, what: &str, longest: u64) -> Option<u64> {
    let seconds = x.seconds(node, what, 60..=longest)?;
    if seconds % 60 != 0 {
        x.bad_value(node, format!("{what} must be in whole minutes"), Some("write `5m`".to_owned()));
        return None;
    }
    Some(seconds / 60)
}

/// The target's ARN and parameters, and what the role may do for it.
fn target(
    x: &mut Expander<'_>,
    body: &Node,
    to: &Node,
    statements: &mut Vec<Template>,
) -> Option<Vec<(&'static str, Template)>> {
    let input = body.get("input").map(|node| {
        let value = x.template(node);
        if node.text().is_some() { value } else { Template::Json(Box::new(value)) }
    });
    if let Some(name) = to.text().and_then(|t| t.strip_prefix("event.")) {
        let address = x.reference(to, "`to`", &["event"])?;
        let event = x.stack.events.get(name)?.clone();
        let arn = super::pipe::bus_arn(x, event.bus.as_deref());
        statements.push(allow(&["events:PutEvents"], [arn.clone()]));
        let envelope = x.declaration(&address).and_then(|d| d.body.get("envelope"));
        let data = input.unwrap_or_else(|| Template::string("{}"));
        let detail = if matches!(envelope.map(|n| &n.value), Some(NodeValue::Bool(false))) {
            data
        } else {
            let head = r#"{"metadata":{"idempotency-key":"<aws.scheduler.execution-id>"},"data":"#;
            Template::Concat(vec![Template::string(head), data, Template::string("}")]).fold()
        };
        let parameters =
            [("DetailType", Template::string(event.detail_type)), ("Source", Template::string(event.source))];
        return Some(vec![
            ("Arn", arn),
            ("Input", detail),
            ("EventBridgeParameters", Template::object(parameters)),
        ]);
    }
    let target = x.target(to, "`to`", &["stateMachine", "queue", "topic"])?;
    let mut members = vec![("Arn", target.arn.clone())];
    members.extend(input.map(|input| ("Input", input)));
    let action = match target.class {
        Class::StateMachine { .. } => "states:StartExecution",
        Class::Queue { fifo } => {
            if let Some(group) = body.get("group") {
                members.push(("SqsParameters", Template::object([("MessageGroupId", x.template(group))])));
            } else if fifo {
                let message = "a FIFO queue as a target needs a message group";
                x.report(Diagnostic::error(Code::MISSING_KEY, message).at(to.span).hint("add `group: …`"));
            }
            "sqs:SendMessage"
        }
        Class::Topic { fifo: false } => "sns:Publish",
        _ => {
            x.unsupported(
                to,
                "this target of a schedule",
                "schedules go to machines, queues, topics and events",
            );
            return None;
        }
    };
    statements.push(allow(&[action], [target.arn.clone()]));
    statements.extend(x.use_key(&target, &["kms:GenerateDataKey", "kms:Decrypt"]));
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::is_date_time;

    #[test]
    fn a_date_has_its_time_and_no_zone() {
        assert!(is_date_time("2030-12-24T18:00:00"));
        for bad in ["2030-12-24", "2030-12-24 18:00:00", "2030-12-24T18:00:00Z", "2030-12-24T18:00:0x"] {
            assert!(!is_date_time(bad), "{bad}");
        }
    }
}
