//! What a session may do through Cloud Control. Its operations are actions of CloudFormation's
//! (Service Authorization Reference, "AWS Cloud Control API"), and the types' handlers act with the
//! caller's own permissions.

use super::model::Operation;
use crate::local::fault::Fault;
use crate::local::iam::View;
use crate::local::iam::callers;
use crate::local::services::Caller;
use crate::local::settings::Settings;
use crate::local::world::World;
use crate::schema::Catalogue;

/// Whether the caller may call an operation at all.
pub(super) fn authorize(world: &World, operation: &str, caller: &Caller) -> Result<(), Fault> {
    let scope = &caller.scope;
    let partition = Settings::partition(&scope.region);
    let resource = format!("arn:{partition}:cloudformation:{}:{}:resource/*", scope.region, scope.account);
    callers::authorize(&View::of_world(world), caller, &format!("cloudformation:{operation}"), &resource)
        .map_err(|words| Fault::client("AccessDeniedException", words))
}

/// Why a type's handler can't act for this caller, if it can't.
///
/// A schema lists every action that a handler might need, and AWS checks only those that it really
/// calls. So only this is sure: a handler that changes something calls at least one changing action
/// of its own service. Who can do none of them, on any resource, is refused.
pub(super) fn refused(
    world: &World,
    caller: &Caller,
    type_name: &str,
    operation: Operation,
) -> Option<String> {
    caller.session.as_ref()?;
    let kind = Catalogue::bundled().get(type_name)?;
    let handler = match operation {
        Operation::Create => kind.handlers.create.as_ref(),
        Operation::Update => kind.handlers.update.as_ref(),
        Operation::Delete => kind.handlers.delete.as_ref(),
    }?;
    let changing = changing(type_name, &handler.permissions);
    callers::cannot_do_any(&View::of_world(world), caller, &changing)
}

/// The actions in a list that change something, of the type's own service.
fn changing<'p>(type_name: &str, permissions: &'p [String]) -> Vec<&'p str> {
    let service = type_name.split("::").nth(1).unwrap_or("");
    // Service Authorization Reference: the prefixes that aren't the service's name.
    let own = match service {
        "ApiGatewayV2" => "apigateway".to_owned(),
        "EventSchemas" => "schemas".to_owned(),
        "StepFunctions" => "states".to_owned(),
        // Where even this isn't the prefix, the list has none of it, and nothing is sure.
        other => other.to_ascii_lowercase(),
    };
    let reads = ["Get", "List", "Describe", "BatchGet", "Head", "Search", "Lookup"];
    let changes = |action: &&str| {
        let parts = action.split_once(':');
        parts
            .is_some_and(|(service, name)| service == own && !reads.iter().any(|read| name.starts_with(read)))
    };
    permissions.iter().map(String::as_str).filter(changes).collect()
}

#[cfg(test)]
mod tests {
    use super::changing;
    use crate::schema::Catalogue;

    #[test]
    fn a_handler_needs_a_changing_action_of_its_own_service() {
        let catalogue = Catalogue::bundled();
        for (type_name, action) in [
            ("AWS::SQS::Queue", "sqs:CreateQueue"),
            ("AWS::Pipes::Pipe", "pipes:CreatePipe"),
            ("AWS::StepFunctions::StateMachine", "states:CreateStateMachine"),
            ("AWS::DynamoDB::Table", "dynamodb:CreateTable"),
            ("AWS::IAM::Role", "iam:CreateRole"),
            ("AWS::Events::Rule", "events:PutRule"),
            ("AWS::Lambda::Function", "lambda:CreateFunction"),
            ("AWS::S3::Bucket", "s3:CreateBucket"),
        ] {
            let kind = catalogue.get(type_name).expect("a type");
            let create = kind.handlers.create.as_ref().expect("a create handler");
            let found = changing(type_name, &create.permissions);
            assert!(found.contains(&action), "{type_name}: {found:?}");
            assert!(found.iter().all(|action| !action.contains(":Describe")), "{type_name}: {found:?}");
        }
        assert!(changing("AWS::X::Y", &[]).is_empty());
    }
}
