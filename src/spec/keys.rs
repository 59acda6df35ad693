//! The keys of a stack file's top level, and the kinds' plurals and singulars.

/// Keys that declare things, and what their addresses begin with.
const KINDS: &[(&str, &str)] = &[
    ("events", "event"),
    ("buses", "bus"),
    ("rules", "rule"),
    ("pipes", "pipe"),
    ("stateMachines", "stateMachine"),
    ("tables", "table"),
    ("queues", "queue"),
    ("topics", "topic"),
    ("apis", "api"),
    ("schedules", "schedule"),
    ("destinations", "destination"),
    ("emails", "email"),
    ("resources", "resource"),
];

/// The other keys of a stack file.
const OTHERS: &[&str] =
    &["name", "description", "include", "service", "config", "variables", "defaults", "imports", "outputs"];

/// What an expression may begin with besides the singulars.
pub(super) const ROOTS: &[&str] = &["config", "variables", "event", "aws", "stack", "imports"];

/// `rule` of `rules`.
#[must_use]
pub fn singular(plural: &str) -> Option<&'static str> {
    KINDS.iter().find(|(key, _)| *key == plural).map(|(_, kind)| *kind)
}

/// `rules` of `rule`.
#[must_use]
pub fn plural(singular: &str) -> Option<&'static str> {
    KINDS.iter().find(|(_, kind)| *kind == singular).map(|(key, _)| *key)
}

/// The singulars of all kinds, events (which are contracts) first.
pub fn singulars() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(_, kind)| *kind)
}

/// The key as it stands in the table, if it declares things.
pub(super) fn declaring(key: &str) -> Option<&'static str> {
    KINDS.iter().find(|(plural, _)| *plural == key).map(|(plural, _)| *plural)
}

/// Every key of the top level.
pub(super) fn top_level() -> impl Iterator<Item = &'static str> {
    OTHERS.iter().copied().chain(KINDS.iter().map(|(key, _)| *key))
}

/// `[A-Za-z][A-Za-z0-9_]*`
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `[a-z][a-z0-9-]*`
pub(super) fn is_stack_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The identifier that was likely meant: `orderDlq` for `order-dlq`.
pub(super) fn as_identifier(name: &str) -> Option<String> {
    let mut out = String::new();
    for word in name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|w| !w.is_empty()) {
        if out.is_empty() {
            out.push_str(word);
        } else {
            out.push_str(&word[..1].to_ascii_uppercase());
            out.push_str(&word[1..]);
        }
    }
    is_identifier(&out).then_some(out)
}
