//! `resources`: any CloudFormation type, verbatim.

use super::expander::Expander;
use super::kind::{Field, Kind};
use super::{names, options, tags};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::model::{Desired, Protection, Template};
use crate::schema::{Catalogue, ResourceType, TypeName};
use crate::spec::Declaration;
use std::collections::BTreeMap;

pub(super) const KIND: Kind = Kind {
    key: "resources",
    singular: "resource",
    about: "any CloudFormation type, verbatim",
    type_name: None,
    fields: &[
        Field::required("type", "CloudFormation type", "`AWS::S3::Bucket`"),
        Field::optional("properties", "mapping", "its properties, by their CloudFormation names"),
        Field::optional("tags", "mapping of strings", "more tags, where the type can be tagged"),
        Field::optional("options", "mapping", "how the engine treats it"),
    ],
    parts: &[],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let Some(node) = body.get("type") else { return };
    let Some(type_name) = x.text(node, "`type`") else { return };
    let catalogue = Catalogue::bundled();
    let Some(resource_type) = catalogue.get(&type_name) else {
        let hint = nearest(&type_name, catalogue.type_names()).map(|name| format!("did you mean `{name}`?"));
        let message = format!("the type `{type_name}` isn't known");
        x.report(Diagnostic::error(Code::UNKNOWN_TYPE, message).at(node.span).hint_if(hint));
        return;
    };
    if !resource_type.is_provisionable() {
        let message =
            format!("Cloud Control can't manage `{type_name}`: it has no create, read and delete handlers");
        x.report(Diagnostic::error(Code::UNPROVISIONABLE_TYPE, message).at(node.span));
        return;
    }
    if type_name == "AWS::Scheduler::Schedule" {
        super::schedule::check_group(x, body.get("properties"));
    }
    let address = x.address(declaration);
    let mut spans = BTreeMap::new();
    let mut properties = Template::object::<String>([]);
    if let Some(node) = body.get("properties") {
        super::expander::place_spans(node, "", &mut spans);
        let written = x.template(&super::coerce::coerce(node, &resource_type));
        if matches!(written, Template::Object(_) | Template::Literal(crate::model::Value::Object(_))) {
            properties = written;
        } else {
            x.wrong_type(node, "`properties`", "a mapping");
        }
    }
    let mut properties = open(properties);
    fill_name(x, declaration, &resource_type, &mut properties);
    let type_name = TypeName::new(type_name);
    tags::add(x, declaration, &address, &type_name, &mut properties);
    let mut options = options::read(x, declaration, type_name.as_str());
    if options.protection == Protection::None {
        options.protection = super::expander::by_default(declaration, type_name.as_str());
    }
    let depends_on = options::depends_on(x, declaration);
    let span = declaration.span;
    x.out.resources.push(Desired { address, type_name, properties, options, depends_on, span, spans });
}

/// An object template, also where the whole object was literal.
fn open(properties: Template) -> Template {
    match properties {
        Template::Literal(crate::model::Value::Object(members)) => {
            Template::object(members.into_iter().map(|(k, v)| (k, Template::Literal(v))))
        }
        other => other,
    }
}

/// The optional name property, if the type has one and nothing is written there.
fn fill_name(
    x: &Expander<'_>,
    declaration: &Declaration,
    resource_type: &ResourceType,
    properties: &mut Template,
) {
    let Template::Object(members) = properties else { return };
    let Some(property) = resource_type.name_property() else { return };
    if members.contains_key(property) {
        return;
    }
    let limit = resource_type.name_limit(property);
    let fifo = members.get("FifoQueue").or(members.get("FifoTopic"));
    let is_fifo = matches!(fifo, Some(Template::Literal(crate::model::Value::Bool(true))));
    let pieces = [x.stack.name.as_str(), x.stack.env.as_str(), declaration.name.as_str()];
    let name = names::physical(&pieces, limit.max_length, if is_fifo { ".fifo" } else { "" });
    let name = if limit.lowercase { name.to_lowercase() } else { name };
    // An optional name that must look otherwise is the service's to choose.
    if !limit.allows(&name) {
        return;
    }
    members.insert(property.to_owned(), Template::string(name));
}
