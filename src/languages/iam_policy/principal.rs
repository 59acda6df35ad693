//! Who asks, and whom a policy means.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user.
    Root {
        /// Twelve digits.
        account: String,
    },
    /// An IAM user.
    User {
        /// `arn:aws:iam::123456789012:user/path/name`
        arn: String,
    },
    /// Somebody, or a service, who has taken a role.
    RoleSession {
        /// `arn:aws:iam::123456789012:role/path/name`
        role: String,
        /// `arn:aws:sts::123456789012:assumed-role/name/session`
        session: String,
    },
    /// A session of GetFederationToken.
    FederatedUser {
        /// The IAM user who asked for it.
        user: String,
        /// `arn:aws:sts::123456789012:federated-user/name`
        session: String,
    },
    /// A service by itself: `events.amazonaws.com`.
    Service(String),
    /// An identity of a provider (OpenID Connect, SAML), named by the provider.
    Federated(String),
    /// An account as S3 knows it.
    CanonicalUser(String),
    /// Nobody knows.
    Anonymous,
}

impl Principal {
    /// The account that it belongs to.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account } => Some(account),
            Self::User { arn } => account_of(arn),
            Self::RoleSession { session, .. } | Self::FederatedUser { session, .. } => account_of(session),
            Self::Service(_) | Self::Federated(_) | Self::CanonicalUser(_) | Self::Anonymous => None,
        }
    }
}

/// An ARN's account: its fifth part.
#[must_use]
pub fn account_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(3).filter(|account| !account.is_empty())
}

/// Whom a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Anyone,
    Account(String),
    /// A user, a role or a session.
    Arn(String),
    Service(String),
    Federated(String),
    CanonicalUser(String),
}

/// How directly a statement names the one who asks: what limits the permission follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// The account: whom it trusts in turn is the account's to say.
    Account,
    /// The role (or the user) behind a session: boundary and session policies limit it.
    Behind,
    /// Itself.
    Itself,
}

impl Named {
    /// Of a `Principal` map's kind and value; `None` for a kind that there isn't.
    pub(super) fn of(kind: &str, who: &str) -> Option<Self> {
        let who = who.to_owned();
        Some(match kind {
            "AWS" if who == "*" => Self::Anyone,
            "AWS" => match account_named(&who) {
                Some(account) => Self::Account(account),
                None => Self::Arn(who),
            },
            "Service" => Self::Service(who),
            "Federated" => Self::Federated(who),
            "CanonicalUser" => Self::CanonicalUser(who),
            _ => return None,
        })
    }

    /// How this names the one who asks; `None` when it doesn't.
    pub(super) fn reaches(&self, who: &Principal) -> Option<Reach> {
        let behind = |named: bool| named.then_some(Reach::Behind);
        let itself = |named: bool| named.then_some(Reach::Itself);
        match (self, who) {
            (Self::Anyone, _) => Some(Reach::Itself),
            (Self::Account(account), Principal::Root { account: own }) => itself(account == own),
            (Self::Account(account), _) => (who.account() == Some(account)).then_some(Reach::Account),
            (Self::Arn(arn), Principal::User { arn: own }) => itself(arn == own),
            (Self::Arn(arn), Principal::RoleSession { role: parent, session })
            | (Self::Arn(arn), Principal::FederatedUser { user: parent, session }) => {
                itself(arn == session).or(behind(arn == parent))
            }
            (Self::Service(service), Principal::Service(own)) => {
                itself(service == own || everywhere(service).as_deref() == Some(own))
            }
            (Self::Federated(provider), Principal::Federated(own)) => {
                itself(provider == own || provider == "*")
            }
            (Self::CanonicalUser(id), Principal::CanonicalUser(own)) => itself(id == own),
            _ => None,
        }
    }
}

/// Whether everybody whom this one is (the session, its role, its account) is on the list of
/// exceptions: "AWS might validate the account first, then the role, and then the assumed-role user".
pub(super) fn all_excepted(exceptions: &[Named], who: &Principal) -> bool {
    let named = |wanted: &Named| exceptions.contains(wanted) || exceptions.contains(&Named::Anyone);
    let account = |who: &Principal| who.account().is_none_or(|a| named(&Named::Account(a.to_owned())));
    match who {
        Principal::Root { .. } => account(who),
        Principal::User { arn } => account(who) && named(&Named::Arn(arn.clone())),
        Principal::RoleSession { role: parent, session }
        | Principal::FederatedUser { user: parent, session } => {
            account(who) && named(&Named::Arn(parent.clone())) && named(&Named::Arn(session.clone()))
        }
        _ => exceptions.iter().any(|exception| exception.reaches(who).is_some()),
    }
}

/// `123456789012` or `arn:aws:iam::123456789012:root`.
fn account_named(who: &str) -> Option<String> {
    let digits = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if digits(who) {
        return Some(who.to_owned());
    }
    let mut parts = who.strip_prefix("arn:")?.split(':');
    let (_partition, service, region, account, name) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let root = service == "iam" && region.is_empty() && name == "root" && parts.next().is_none();
    (root && digits(account)).then(|| account.to_owned())
}

/// `states.us-east-1.amazonaws.com` is `states.amazonaws.com` (IAM User Guide, "AWS service
/// principals": the name may hold a region).
fn everywhere(service: &str) -> Option<String> {
    let (name, rest) = service.split_once('.')?;
    let (region, suffix) = rest.split_once('.')?;
    let mut words = region.split('-');
    let starts = words.next().is_some_and(|w| w.len() == 2) && region.ends_with(|c: char| c.is_ascii_digit());
    (starts && words.next().is_some()).then(|| format!("{name}.{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_reach() {
        let session = Principal::RoleSession {
            role: "arn:aws:iam::111122223333:role/a/R".into(),
            session: "arn:aws:sts::111122223333:assumed-role/R/s".into(),
        };
        for (kind, who, reach) in [
            ("AWS", "*", Some(Reach::Itself)),
            ("AWS", "111122223333", Some(Reach::Account)),
            ("AWS", "arn:aws:iam::111122223333:root", Some(Reach::Account)),
            ("AWS", "arn:aws:iam::111122223333:role/a/R", Some(Reach::Behind)),
            ("AWS", "arn:aws:iam::111122223333:role/R", None),
            ("AWS", "arn:aws:sts::111122223333:assumed-role/R/s", Some(Reach::Itself)),
            ("AWS", "arn:aws:sts::111122223333:assumed-role/R/*", None),
            ("Service", "pipes.amazonaws.com", None),
        ] {
            assert_eq!(Named::of(kind, who).and_then(|named| named.reaches(&session)), reach, "{who}");
        }
        assert_eq!(Named::of("aws", "*"), None);
        let states = Principal::Service("states.amazonaws.com".into());
        for (who, named) in [
            ("states.amazonaws.com", true),
            ("states.us-east-1.amazonaws.com", true),
            ("states.custom.amazonaws.com", false),
            ("events.amazonaws.com", false),
        ] {
            let reach = Named::of("Service", who).and_then(|n| n.reaches(&states));
            assert_eq!(reach.is_some(), named, "{who}");
        }
    }
}
