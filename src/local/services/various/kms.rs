//! KMS's keys and aliases (AWS KMS API Reference, CreateKey and CreateAlias; reads of `AWS::KMS::Key`
//! as clients of Cloud Control have recorded them).

use crate::local::services::generic::{self, Rule};
use crate::local::services::members::{default, flag, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resource_policy;
use crate::local::services::resources::Properties;
use crate::local::settings::Settings;
use serde_json::{Value as Json, json};

const KEY: &str = "AWS::KMS::Key";
const ALIAS: &str = "AWS::KMS::Alias";

/// A key.
pub(super) struct Key;

impl Handler for Key {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        check_key(&desired).map_err(|refusal| refusal.passed_on("Kms", context.rng))?;
        const ARN: Rule = ("Arn", "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}");
        let plain: &[Rule] = &[("KeyId", "${uuid}"), ARN];
        let shared: &[Rule] = &[("KeyId", "mrk-${hex:32}"), ARN];
        let rules = if flag(&desired, "MultiRegion") { shared } else { plain };
        let mut made = generic::create_with(context, desired, rules)?;
        complete(context, &mut made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        check_key(&wanted).map_err(|refusal| refusal.passed_on("Kms", context.rng))?;
        for fixed in ["KeySpec", "KeyUsage", "MultiRegion", "Origin"] {
            if wanted.get(fixed).is_some_and(|value| stored.get(fixed) != Some(value)) {
                let words = format!("You cannot change the {fixed} of a KMS key after it is created");
                return Err(HandlerFault::new("NotUpdatable", words));
            }
        }
        let mut next = generic::update(context, stored, wanted)?;
        complete(context, &mut next);
        Ok(next)
    }
}

/// What a key is for must suit what it is, and its policy must leave somebody to change it.
fn check_key(wanted: &Properties) -> Result<(), Refusal> {
    let spec = text(wanted, "KeySpec").unwrap_or("SYMMETRIC_DEFAULT");
    let usage = text(wanted, "KeyUsage").unwrap_or("ENCRYPT_DECRYPT");
    let fits = match usage {
        "ENCRYPT_DECRYPT" => ["SYMMETRIC", "RSA", "SM2"].iter().any(|kind| spec.starts_with(kind)),
        "SIGN_VERIFY" => ["RSA", "ECC", "SM2", "ML_DSA"].iter().any(|kind| spec.starts_with(kind)),
        "GENERATE_VERIFY_MAC" => spec.starts_with("HMAC"),
        "KEY_AGREEMENT" => spec.starts_with("ECC_NIST_P") || spec == "SM2",
        _ => true,
    };
    if !fits {
        return Err(Refusal::new(
            "ValidationException",
            400,
            format!("KeyUsage {usage} is not compatible with KeySpec {spec}"),
        ));
    }
    if flag(wanted, "EnableKeyRotation") && spec != "SYMMETRIC_DEFAULT" {
        return Err(Refusal::new(
            "UnsupportedOperationException",
            400,
            "You cannot enable rotation for this key",
        ));
    }
    let Some(policy) = wanted.get("KeyPolicy").filter(|policy| !policy.is_null()) else { return Ok(()) };
    let document = resource_policy::document(policy)
        .ok_or_else(|| Refusal::new("MalformedPolicyDocumentException", 400, "Policy is not valid JSON"))?;
    if flag(wanted, "BypassPolicyLockoutSafetyCheck") || several(document.get("Statement")).any(keeps_control)
    {
        return Ok(());
    }
    Err(Refusal::new(
        "MalformedPolicyDocumentException",
        400,
        "The new key policy will not allow you to update the key policy in the future.",
    ))
}

/// Whether a statement lets somebody change the policy.
fn keeps_control(statement: &Json) -> bool {
    let controls = |action: &Json| {
        let action = action.as_str().unwrap_or_default().to_ascii_lowercase();
        ["*", "kms:*", "kms:put*", "kms:putkeypolicy"].contains(&action.as_str())
    };
    statement["Effect"] == "Allow" && several(statement.get("Action")).any(controls)
}

fn several(value: Option<&Json>) -> impl Iterator<Item = &Json> {
    let (one, many) = match value {
        Some(Json::Array(values)) => (None, values.as_slice()),
        one => (one, [].as_slice()),
    };
    one.into_iter().chain(many)
}

/// Adds what a read shows beyond what was asked for; without a policy, the account may do all.
fn complete(context: &mut Context<'_>, key: &mut Properties) {
    let partition = Settings::partition(&context.scope.region);
    let root = format!("arn:{partition}:iam::{}:root", context.scope.account);
    let statement = json!({
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    });
    default(
        key,
        "KeyPolicy",
        json!({"Version": "2012-10-17", "Id": "key-default", "Statement": [statement]}),
    );
    default(key, "Description", "");
    default(key, "Enabled", true);
    default(key, "EnableKeyRotation", false);
    default(key, "KeySpec", "SYMMETRIC_DEFAULT");
    default(key, "KeyUsage", "ENCRYPT_DECRYPT");
    default(key, "MultiRegion", false);
    default(key, "Origin", "AWS_KMS");
}

/// An alias.
pub(super) struct Alias;

impl Handler for Alias {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let checked = check_alias(context, &desired, true);
        checked.map_err(|refusal| refusal.passed_on("Kms", context.rng))?;
        generic::create(context, desired)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let checked = check_alias(context, &wanted, false);
        checked.map_err(|refusal| refusal.passed_on("Kms", context.rng))?;
        generic::update(context, stored, wanted)
    }
}

/// An alias isn't AWS's own, is new, and leads to a key that is there.
fn check_alias(context: &Context<'_>, wanted: &Properties, fresh: bool) -> Result<(), Refusal> {
    let name = text(wanted, "AliasName").unwrap_or_default();
    let start = format!(
        "arn:{}:kms:{}:{}:",
        Settings::partition(&context.scope.region),
        context.scope.region,
        context.scope.account
    );
    if name.starts_with("alias/aws/") {
        return Err(Refusal::new(
            "NotAuthorizedException",
            400,
            "Alias with prefix alias/aws/ is reserved by AWS",
        ));
    }
    if fresh && context.resources.get(context.scope, ALIAS, name).is_some() {
        let words = format!("An alias with the name {start}{name} already exists");
        return Err(Refusal::new("AlreadyExistsException", 400, words));
    }
    let target = text(wanted, "TargetKeyId").unwrap_or_default();
    let id = target.strip_prefix(&format!("{start}key/")).unwrap_or(target);
    if context.resources.get(context.scope, KEY, id).is_none() {
        let arn = if target.starts_with("arn:") { target.to_owned() } else { format!("{start}key/{id}") };
        return Err(Refusal::new("NotFoundException", 400, format!("Key '{arn}' does not exist")));
    }
    Ok(())
}
