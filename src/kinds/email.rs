//! `emails`: who may send mail, as SES identities.

use super::expander::{Draft, Expander};
use super::kind::{Field, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::spec::Declaration;

pub(super) const KIND: Kind = Kind {
    key: "emails",
    singular: "email",
    about: "an SES identity: an address or a domain that may send mail",
    type_name: Some("AWS::SES::EmailIdentity"),
    fields: &[
        Field::optional("address", "string", "one address; its owner has to confirm"),
        Field::optional("domain", "string", "a whole domain; proven by DKIM records"),
    ],
    parts: &[],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = &declaration.body;
    let (identity, node) = match (body.get("address"), body.get("domain")) {
        (Some(node), None) | (None, Some(node)) => (x.template(node), node),
        _ => {
            let message = format!("email `{}` needs either an `address` or a `domain`", declaration.name);
            x.report(Diagnostic::error(Code::MISSING_KEY, message).at(declaration.span));
            return;
        }
    };
    x.main(declaration, Draft::new("AWS::SES::EmailIdentity").written("EmailIdentity", identity, node));
}
