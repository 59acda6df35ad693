//! AWS::IAM::RolePolicy, AWS::IAM::UserPolicy, AWS::IAM::GroupPolicy: an inline policy of an entity
//! that is made elsewhere. The entity's own row has it too: that is where it is looked for.

use super::{fault, no_such};
use crate::local::services::generic;
use crate::local::services::iam::entity::{self, Kind};
use crate::local::services::iam::{attachments, document};
use crate::local::services::members::text;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

/// The handler for the policies of one kind of entity.
pub(super) struct Inline(pub(super) Kind);

impl Handler for Inline {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create(context, desired)?;
        let (name, policy) = self.names(&made);
        let there = self.policies(context, &name).map_err(|refusal| fault(context, refusal))?;
        if there.iter().any(|other| other["PolicyName"] == policy.as_str()) {
            return Err(HandlerFault::already_exists(
                context.kind.name.as_str(),
                &format!("{policy}|{name}"),
            ));
        }
        self.put(context, &mut made).map_err(|refusal| fault(context, refusal))?;
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        self.put(context, &mut next).map_err(|refusal| fault(context, refusal))?;
        Ok(next)
    }

    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let (name, policy) = self.names(stored);
        attachments::put_inline(context, self.0, &name, &policy, None);
        Ok(())
    }
}

impl Inline {
    /// The entity's and the policy's.
    fn names(&self, properties: &Properties) -> (String, String) {
        let of = |property: &str| text(properties, property).unwrap_or_default().to_owned();
        (of(self.0.name_property()), of("PolicyName"))
    }

    /// The entity's inline policies as they are.
    fn policies(&self, context: &Context<'_>, name: &str) -> Result<Vec<Json>, Refusal> {
        let entity = context.resources.get(context.scope, self.0.type_name(), name);
        let entity = entity.ok_or_else(|| no_such(self.0, name))?;
        Ok(entity.properties.get("Policies").and_then(Json::as_array).cloned().unwrap_or_default())
    }

    /// PutRolePolicy and its sisters.
    fn put(&self, context: &mut Context<'_>, properties: &mut Properties) -> Result<(), Refusal> {
        let (name, policy) = self.names(properties);
        entity::check_policy_name(&policy)?;
        let document = document::parsed(properties.get("PolicyDocument").unwrap_or(&Json::Null))?;
        let mut all = self.policies(context, &name)?;
        all.retain(|other| other["PolicyName"] != policy.as_str());
        all.push(json!({"PolicyName": policy, "PolicyDocument": document}));
        let mut together = Properties::new();
        together.insert("Policies".to_owned(), Json::Array(all));
        entity::check_inline(self.0, &name, &mut together)?;
        attachments::put_inline(context, self.0, &name, &policy, Some(&document));
        properties.insert("PolicyDocument".to_owned(), document);
        Ok(())
    }
}
