//! AWS::IAM::Role, AWS::IAM::User, AWS::IAM::Group.

use super::{conflict, fault, no_such};
use crate::local::services::generic;
use crate::local::services::iam::entity::{self, Kind};
use crate::local::services::iam::{attachments, document};
use crate::local::services::members::text;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// The handler of one kind.
pub(super) struct Entity(pub(super) Kind);

const ROLE: &[generic::Rule] =
    &[("RoleId", "AROA${upper:17}"), ("Arn", "arn:${Partition}:iam::${Account}:role${Path|/}${RoleName}")];
const USER: &[generic::Rule] = &[("Arn", "arn:${Partition}:iam::${Account}:user${Path|/}${UserName}")];
const GROUP: &[generic::Rule] = &[("Arn", "arn:${Partition}:iam::${Account}:group${Path|/}${GroupName}")];

impl Handler for Entity {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let rules = match self.0 {
            Kind::Role => ROLE,
            Kind::User => USER,
            Kind::Group => GROUP,
        };
        let mut made = generic::create_with(context, desired, rules)?;
        entity::defaults(self.0, &mut made);
        self.check(context, &mut made).map_err(|refusal| fault(context, refusal))?;
        attachments::count(context, &Properties::new(), &made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        entity::defaults(self.0, &mut next);
        // A user's or group's path can change, and its ARN with it.
        if self.0 != Kind::Role && next.get("Path") != stored.get("Path") {
            let rules = if self.0 == Kind::User { USER } else { GROUP };
            for (name, template) in rules {
                if let Some(value) = generic::fill(template, context, &mut next) {
                    next.insert((*name).to_owned(), Json::String(value));
                }
            }
        }
        self.check(context, &mut next).map_err(|refusal| fault(context, refusal))?;
        attachments::count(context, stored, &next);
        Ok(next)
    }

    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        self.check_delete(context, stored).map_err(|refusal| fault(context, refusal))?;
        attachments::count(context, stored, &Properties::new());
        Ok(())
    }
}

impl Entity {
    /// What must hold of the entity, whoever makes or changes it. Documents become objects.
    fn check(&self, context: &Context<'_>, properties: &mut Properties) -> Result<(), Refusal> {
        let kind = self.0;
        let name = text(properties, kind.name_property()).unwrap_or_default().to_owned();
        entity::check_name(context, kind, &name)?;
        if kind == Kind::Role
            && let Some(trust) = properties.get("AssumeRolePolicyDocument")
        {
            let trust = document::parsed(trust)?;
            document::check_trust(&trust, &|arn| entity::principal_exists(context, arn))?;
            properties.insert("AssumeRolePolicyDocument".to_owned(), trust);
        }
        entity::check_boundary(context, properties)?;
        entity::check_inline(kind, &name, properties)?;
        entity::check_managed(context, kind, &name, properties)?;
        for group in properties.get("Groups").and_then(Json::as_array).into_iter().flatten() {
            let group = group.as_str().unwrap_or_default();
            if context.resources.get(context.scope, Kind::Group.type_name(), group).is_none() {
                return Err(no_such(Kind::Group, group));
            }
        }
        Ok(())
    }

    /// What others have put on it must be taken off by them.
    fn check_delete(&self, context: &Context<'_>, stored: &Properties) -> Result<(), Refusal> {
        let kind = self.0;
        let name = text(stored, kind.name_property()).unwrap_or_default();
        let rows = |type_name: &str| context.resources.of_type(context.scope, type_name, None);
        let lists = |properties: &Properties, property: &str| {
            let names = properties.get(property).and_then(Json::as_array);
            names.is_some_and(|names| names.iter().any(|other| other == name))
        };
        if kind == Kind::Role && rows("AWS::IAM::InstanceProfile").any(|row| lists(&row.properties, "Roles"))
        {
            return Err(conflict("remove roles from instance profile"));
        }
        if kind == Kind::Group && rows("AWS::IAM::User").any(|row| lists(&row.properties, "Groups")) {
            return Err(conflict("remove users from group"));
        }
        if attachments::by_others(context, kind, name) {
            return Err(conflict("detach all policies"));
        }
        let inline = format!("{}Policy", kind.type_name());
        if rows(&inline).any(|row| text(&row.properties, kind.name_property()) == Some(name)) {
            return Err(conflict("delete policies"));
        }
        Ok(())
    }
}
