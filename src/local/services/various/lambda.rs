//! Lambda's functions, as far as other resources lead to them; this cloud runs none (AWS Lambda API
//! Reference, CreateFunction; reads of `AWS::Lambda::Function` as clients of Cloud Control have
//! recorded them).

use crate::local::iam;
use crate::local::services::generic::{self, Rule};
use crate::local::services::members::{default, has, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::json;

const ARN: Rule = ("Arn", "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}");

/// A function.
pub(super) struct Function;

impl Handler for Function {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        check(context, &desired).map_err(|refusal| refusal.passed_on("Lambda", context.rng))?;
        let mut made = generic::create_with(context, desired, &[ARN])?;
        complete(&mut made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        check(context, &wanted).map_err(|refusal| refusal.passed_on("Lambda", context.rng))?;
        let mut next = generic::update(context, stored, wanted)?;
        complete(&mut next);
        Ok(next)
    }
}

/// A packaged function says what runs it, and Lambda may take its role.
fn check(context: &Context<'_>, wanted: &Properties) -> Result<(), Refusal> {
    let invalid = |words: &str| Refusal::new("InvalidParameterValueException", 400, words);
    let packaged = text(wanted, "PackageType").unwrap_or("Zip") == "Zip";
    if packaged && !(has(wanted, "Runtime") && has(wanted, "Handler")) {
        return Err(invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    }
    let role = text(wanted, "Role").unwrap_or_default();
    iam::assume(context, role, "lambda.amazonaws.com", &[])
        .map(|_| ())
        .map_err(|_| invalid("The role defined for the function cannot be assumed by Lambda."))
}

/// Adds what a read shows beyond what was asked for.
fn complete(function: &mut Properties) {
    default(function, "Architectures", json!(["x86_64"]));
    default(function, "EphemeralStorage", json!({"Size": 512}));
    default(function, "MemorySize", 128);
    default(function, "PackageType", "Zip");
    default(function, "RecursiveLoop", "Terminate");
    default(function, "RuntimeManagementConfig", json!({"UpdateRuntimeOn": "Auto"}));
    default(function, "Timeout", 3);
    default(function, "TracingConfig", json!({"Mode": "PassThrough"}));
}
