//! `destinations`: web addresses that rules and pipes call, with the connection that signs in there.

use super::expander::{Draft, Expander};
use super::fields::number;
use super::kind::{Field, Kind, Part};
use crate::diagnostics::{Code, Diagnostic, one_of};
use crate::model::Template;
use crate::spec::Declaration;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "destinations",
    singular: "destination",
    about: "a web address that rules and pipes call, as an EventBridge API destination",
    type_name: Some("AWS::Events::ApiDestination"),
    fields: &[
        Field::required("url", "https address", "may hold `*` for path parameters"),
        Field::optional("method", "GET, HEAD, OPTIONS, PUT, POST, DELETE, PATCH", "default: `POST`"),
        Field::required(
            "auth",
            "{apiKey: {name, value}}, {basic: {username, password}} or {oauth: {url, method, clientId, clientSecret}}",
            "how it signs in; take the secret from `config` with `secret: true`",
        ),
        Field::optional("rate", "calls each second, 1 to 300", "default: 300"),
    ],
    parts: &[Part { name: "connection", type_name: "AWS::Events::Connection", about: "always" }],
    attributes: &[],
    expand,
};

const METHODS: &[&str] = &["GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH"];

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let address = x.address(declaration);
    // Without a connection, a mistake has been reported; another isn't made of it.
    let mut connection_arn = Template::string(x.arn("events", "connection/missing"));
    if let Some(node) = body.get("auth")
        && let Some((kind, parameters)) = auth(x, node)
    {
        connection_arn = Template::attribute(&address.part("connection"), "Arn");
        let connection = Draft::new("AWS::Events::Connection")
            .with("Name", x.name(declaration, &[], 64))
            .with("AuthorizationType", Template::string(kind))
            .written("AuthParameters", parameters, node);
        x.part(declaration, "connection", connection);
    }
    let mut draft = Draft::new("AWS::Events::ApiDestination")
        .with("Name", x.name(declaration, &[], 64))
        .with("ConnectionArn", connection_arn);
    if let Some(node) = body.get("description") {
        draft = draft.written("Description", x.template(node), node);
    }
    let method = body.get("method").and_then(|n| x.word(n, "`method`", METHODS)).unwrap_or("POST");
    draft = draft.with("HttpMethod", Template::string(method));
    if let Some(node) = body.get("url") {
        draft = draft.written("InvocationEndpoint", x.template(node), node);
    }
    let rate = body.get("rate").and_then(|n| x.integer(n, "`rate`", 1..=300)).unwrap_or(300);
    x.main(declaration, draft.with("InvocationRateLimitPerSecond", number(rate)));
}

/// The connection's type and parameters.
fn auth(x: &mut Expander<'_>, node: &Node) -> Option<(&'static str, Template)> {
    const KINDS: &[&str] = &["apiKey", "basic", "oauth"];
    const HELP: &str = "evstack explain destination";
    if !x.check_keys(node, "`auth`", KINDS, HELP) {
        return None;
    }
    let said: Vec<(&str, &Node)> = KINDS.iter().filter_map(|key| Some((*key, node.get(key)?))).collect();
    let [(key, inner)] = said.as_slice() else {
        let message = format!("`auth` needs exactly one of {}", one_of(KINDS.iter().copied()));
        x.report(Diagnostic::error(Code::MISSING_KEY, message).at(node.span));
        return None;
    };
    let keys: &[&str] = match *key {
        "apiKey" => &["name", "value"],
        "basic" => &["username", "password"],
        _ => &["url", "method", "clientId", "clientSecret"],
    };
    if !x.check_keys(inner, &format!("`{key}`"), keys, HELP) {
        return None;
    }
    let mut get = |name: &str| {
        let found = inner.get(name).map(|n| x.template(n));
        if found.is_none() {
            let message = format!("`{key}` has no `{name}`");
            x.report(Diagnostic::error(Code::MISSING_KEY, message).at(inner.span));
        }
        found
    };
    Some(match *key {
        "apiKey" => {
            let members = [("ApiKeyName", get("name")?), ("ApiKeyValue", get("value")?)];
            ("API_KEY", Template::object([("ApiKeyAuthParameters", Template::object(members))]))
        }
        "basic" => {
            let members = [("Username", get("username")?), ("Password", get("password")?)];
            ("BASIC", Template::object([("BasicAuthParameters", Template::object(members))]))
        }
        _ => {
            let client = [("ClientID", get("clientId")?), ("ClientSecret", get("clientSecret")?)];
            let endpoint = get("url")?;
            let method = inner.get("method").and_then(|n| x.word(n, "`method`", &["GET", "POST", "PUT"]));
            let members = [
                ("AuthorizationEndpoint", endpoint),
                ("HttpMethod", Template::string(method.unwrap_or("POST"))),
                ("ClientParameters", Template::object(client)),
            ];
            let parameters = Template::object([("OAuthParameters", Template::object(members))]);
            ("OAUTH_CLIENT_CREDENTIALS", parameters)
        }
    })
}
