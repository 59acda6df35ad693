//! Identities: addresses and domains (Amazon SES API v2 Reference, CreateEmailIdentity).

use crate::local::services::members::{default, object, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use crate::local::world::{LOWER, Rng};
use serde_json::json;

/// An identity's domain: of the address, or the identity itself.
pub(super) fn domain(identity: &str) -> &str {
    identity.rsplit_once('@').map_or(identity, |(_, domain)| domain)
}

/// Whether an identity may be set up so.
pub(super) fn check(wanted: &Properties) -> Result<(), Refusal> {
    let identity = text(wanted, "EmailIdentity").unwrap_or_default();
    let local = identity.rsplit_once('@').map(|(local, _)| local);
    if local.is_some_and(|local| local.is_empty() || local.len() > 64 || local.contains(char::is_whitespace))
    {
        return Err(bad_request(format!("Invalid email address<{identity}>.")));
    }
    if !is_domain(domain(identity)) {
        return Err(bad_request(format!("Invalid domain name {}.", domain(identity))));
    }
    if let Some(from) = object(wanted, "MailFromAttributes").and_then(|from| text(from, "MailFromDomain"))
        && !from.ends_with(&format!(".{}", domain(identity)))
    {
        return Err(bad_request(format!(
            "Provided MAIL-FROM domain <{from}> is not subdomain of the domain of the identity <{}>.",
            domain(identity)
        )));
    }
    Ok(())
}

fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new("BadRequestException", 400, message)
}

/// Labels of letters, digits and hyphens, at least two, the last one not a number.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(label)
        && !last.bytes().all(|b| b.is_ascii_digit())
}

/// The records that prove a domain: three tokens, each with its name and value. An address has none.
pub(super) fn add_tokens(identity: &mut Properties, rng: &mut Rng) {
    let name = text(identity, "EmailIdentity").unwrap_or_default().to_owned();
    if name.contains('@') {
        return;
    }
    for number in 1..=3 {
        let token = rng.text(LOWER, 32);
        identity.insert(format!("DkimDNSTokenName{number}"), json!(format!("{token}._domainkey.{name}")));
        identity.insert(format!("DkimDNSTokenValue{number}"), json!(format!("{token}.dkim.amazonses.com")));
    }
}

/// What an identity shows beyond what was asked for.
pub(super) fn complete(identity: &mut Properties) {
    default(identity, "DkimAttributes", json!({"SigningEnabled": true}));
    default(identity, "DkimSigningAttributes", json!({"NextSigningKeyLength": "RSA_2048_BIT"}));
    default(identity, "FeedbackAttributes", json!({"EmailForwardingEnabled": true}));
    if let Some(from) = identity.get_mut("MailFromAttributes").and_then(|from| from.as_object_mut()) {
        default(from, "BehaviorOnMxFailure", "USE_DEFAULT_VALUE");
    }
}
