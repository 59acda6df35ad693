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
const OTHERS: &[&str] = &[
    "name",
    "description",
    "include",
    "service",
    "config",
    "variables",
    "defaults",
    "imports",
    "outputs",
    "drift",
];

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

/// Words of other tools → where the thing stands here.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["parameters", "params", "inputs", "settings"], "config"),
    (&["locals", "vars", "mappings"], "variables"),
    (&["workflows", "stepfunctions", "machines"], "stateMachines"),
    (&["dynamodb", "databases"], "tables"),
    (&["sqs"], "queues"),
    (&["sns", "subscriptions"], "topics"),
    (&["eventbridge", "eventbuses"], "buses"),
    (&["targets", "triggers", "subscribers"], "rules"),
    (&["routes", "endpoints", "gateways"], "apis"),
    (&["crons", "timers", "jobs"], "schedules"),
    (&["webhooks", "connections"], "destinations"),
    (&["tags", "logs", "retry", "protect", "deadletter"], "defaults"),
    (
        &[
            "functions",
            "function",
            "lambda",
            "lambdas",
            "buckets",
            "bucket",
            "s3",
            "roles",
            "role",
            "policies",
            "alarms",
            "secrets",
            "loggroups",
            "streams",
            "clusters",
            "instances",
            "layers",
            "users",
        ],
        "resources",
    ),
];

/// The key of the top level under which another tool's word is found here.
pub(super) fn elsewhere(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    ELSEWHERE.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, key)| *key)
}

/// `[A-Za-z][A-Za-z0-9_]*`
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// As CloudFormation's: it is part of file names, tags and the names of most resources.
pub(super) const LONGEST_STACK_NAME: usize = 128;

/// `[a-z][a-z0-9-]*`
pub(super) fn is_stack_name(name: &str) -> bool {
    name.len() <= LONGEST_STACK_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// A letter as it is spelled without its mark.
fn plain(letter: char) -> String {
    let spelled = match letter {
        'ä' | 'æ' => "ae",
        'ö' | 'ø' | 'œ' => "oe",
        'ü' => "ue",
        'Ä' => "Ae",
        'Ö' => "Oe",
        'Ü' => "Ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ò' | 'ó' | 'ô' | 'õ' => "o",
        'ù' | 'ú' | 'û' => "u",
        'ç' => "c",
        'ñ' => "n",
        other => return other.to_string(),
    };
    spelled.to_owned()
}

/// The identifier that was likely meant: `orderDlq` for `order-dlq`.
pub(super) fn as_identifier(name: &str) -> Option<String> {
    let mut out = String::new();
    let name: String = name.chars().map(plain).collect();
    // A letter that isn't spelled otherwise would leave a word that nobody wrote.
    if name.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
        return None;
    }
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
