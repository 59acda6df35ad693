//! `<stack>.<env>.yaml` beside the stack file: where an environment lives, and its config.

use super::files::unreadable;
use super::fragment::Named;
use super::library::Library;
use super::template::wrong_type;
use super::{Loader, paths};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Sources, Span, nearest, one_of};
use crate::syntax::Node;

/// The environment that needs no overlay: the embedded cloud.
const LOCAL: &str = "local";
/// It is part of file names beside the stack's name, and a tag's value.
const LONGEST: usize = 64;
const CLOUD_KEYS: [&str; 5] = ["region", "accountId", "role", "endpoint", "state"];

/// An environment of a stack, as its files say.
#[derive(Debug, Clone)]
pub struct Environment {
    /// `local`, `prod`.
    pub name: String,
    /// Its overlay, if there is one. Only `local` may be without.
    pub overlay: Option<Overlay>,
}

impl Environment {
    /// Refuses a file that says nothing of where: it would be AWS, of whatever account the credentials
    /// are. For whoever isn't told where by other means.
    ///
    /// # Errors
    /// [`Code::NO_ENVIRONMENT`].
    pub fn says_where(&self) -> Result<(), Diagnostic> {
        let Some(overlay) = self.overlay.as_ref().filter(|_| self.name != LOCAL) else { return Ok(()) };
        let CloudSettings { region, account_id, endpoint, .. } = &overlay.cloud;
        if region.is_some() || account_id.is_some() || endpoint.is_some() {
            return Ok(());
        }
        let (env, path) = (&self.name, &overlay.path);
        let message = format!("`{path}` doesn't say where the environment `{env}` is: it has no `cloud`");
        Err(Diagnostic::error(Code::NO_ENVIRONMENT, message).hint(format!("write in it {WHERE}")))
    }
}

/// What an environment's file has at least.
const WHERE: &str = "`cloud: {region: …, accountId: \"…\"}`";

/// What the overlay says of the cloud; its config is taken by [`super::Stack::load`].
#[derive(Debug, Clone)]
pub struct Overlay {
    /// The overlay's file.
    pub path: String,
    /// `cloud`.
    pub cloud: CloudSettings,
}

/// `cloud` of an overlay: each as written, with its place.
#[derive(Debug, Clone, Default)]
pub struct CloudSettings {
    /// `eu-west-1`. Required unless there is an endpoint, or the cloud is the embedded one.
    pub region: Option<(String, Span)>,
    /// Twelve digits. Required likewise.
    pub account_id: Option<(String, Span)>,
    /// ARN of a role to assume.
    pub role: Option<(String, Span)>,
    /// Base URL of another cloud.
    pub endpoint: Option<(String, Span)>,
    /// Where the state is kept: a folder, relative to the overlay, or `s3://bucket/prefix`.
    pub state: Option<(String, Span)>,
}

/// Reads the environment `env` of the stack file at `path`. None if the overlay is missing (E0603,
/// any environment but `local`) or can't be read.
pub fn environment(
    path: &str,
    env: &str,
    loader: Box<dyn Loader + Send + Sync>,
) -> (Option<Environment>, Sources, Diagnostics) {
    let library = Library::new(loader);
    let mut diagnostics = Diagnostics::new();
    let environment = match overlay(path, env, &library, &mut diagnostics) {
        Ok(Some(read)) => {
            let overlay = Overlay { path: read.path, cloud: read.cloud };
            Some(Environment { name: env.to_owned(), overlay: Some(overlay) })
        }
        Ok(None) if env == LOCAL => Some(Environment { name: env.to_owned(), overlay: None }),
        Ok(None) => {
            let name = format!("{}.{env}.yaml", paths::stem(&paths::normalise(path)));
            diagnostics.push(
                Diagnostic::error(Code::NO_ENVIRONMENT, format!("the environment `{env}` is not declared"))
                    .hint(format!("write `{name}` with {WHERE}")),
            );
            None
        }
        Err(Told) => None,
    };
    (environment, library.sources(), diagnostics)
}

/// The mistake is in the diagnostics.
pub(super) struct Told;

/// All of an overlay.
pub(super) struct Read {
    path: String,
    cloud: CloudSettings,
    pub(super) config: Vec<Named>,
}

/// The overlay beside the stack file, if there is one.
pub(super) fn overlay(
    path: &str,
    env: &str,
    library: &Library,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Read>, Told> {
    let allowed = env.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if env.is_empty() || !allowed || env.len() > LONGEST {
        let message = format!("`{env}` can't be an environment's name");
        let hint = format!("letters, digits, `-` and `_` are allowed, at most {LONGEST}");
        diagnostics.push(Diagnostic::error(Code::BAD_NAME, message).hint(hint));
        return Err(Told);
    }
    let path = paths::normalise(path);
    let stem = paths::stem(&path);
    let candidates = ["yaml", "yml", "toml", "json"].map(|extension| format!("{stem}.{env}.{extension}"));
    let found: Vec<&String> = candidates.iter().filter(|path| library.exists(path)).collect();
    let path = match found.as_slice() {
        [] => return Ok(None),
        [only] => (*only).clone(),
        [first, second, ..] => {
            let message = format!("the environment `{env}` has two files: `{first}` and `{second}`");
            diagnostics.push(Diagnostic::error(Code::DUPLICATE, message).hint("remove one of the two"));
            return Err(Told);
        }
    };
    let source = library.read(&path).map_err(|why| {
        diagnostics.push(unreadable(&path, &why));
        Told
    })?;
    let tree = library.tree(source, None, diagnostics).ok_or(Told)?;
    let mut read = Read { path, cloud: CloudSettings::default(), config: Vec::new() };
    let Some(entries) = tree.entries() else {
        diagnostics.push(wrong_type(&tree, "an environment's file", "a mapping"));
        return Err(Told);
    };
    for entry in entries {
        match entry.key.as_str() {
            "cloud" => read.cloud = cloud(&entry.value, env == LOCAL, diagnostics),
            "config" => match entry.value.entries() {
                Some(entries) => {
                    read.config = entries
                        .iter()
                        .map(|e| Named { name: e.key.clone(), span: e.key_span, body: e.value.clone() })
                        .collect();
                }
                None => diagnostics.push(wrong_type(&entry.value, "`config`", "a mapping of values")),
            },
            key => diagnostics.push(
                Diagnostic::error(
                    Code::UNKNOWN_KEY,
                    format!("the key `{key}` is not known in an environment's file"),
                )
                .at(entry.key_span)
                .hint("an environment has `cloud` and `config`; everything else is the stack's"),
            ),
        }
    }
    Ok(Some(read))
}

fn cloud(node: &Node, embedded: bool, diagnostics: &mut Diagnostics) -> CloudSettings {
    let mut cloud = CloudSettings::default();
    let Some(entries) = node.entries() else {
        diagnostics.push(wrong_type(node, "`cloud`", "a mapping"));
        return cloud;
    };
    for entry in entries {
        let field = match entry.key.as_str() {
            "region" => &mut cloud.region,
            "accountId" => &mut cloud.account_id,
            "role" => &mut cloud.role,
            "endpoint" => &mut cloud.endpoint,
            "state" => &mut cloud.state,
            key => {
                let hint = match nearest(key, CLOUD_KEYS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("`cloud` has {}", one_of(CLOUD_KEYS)),
                };
                let message = format!("the key `{key}` is not known in `cloud`");
                diagnostics.push(Diagnostic::error(Code::UNKNOWN_KEY, message).at(entry.key_span).hint(hint));
                continue;
            }
        };
        let span = entry.value.span;
        match account_text(&entry.key, &entry.value) {
            Some(text) if text.contains("${") => diagnostics.push(
                Diagnostic::error(Code::BAD_EXPRESSION, format!("`{}` can't be an expression", entry.key))
                    .at(span)
                    .hint("where a stack lives must be known before anything of it is read"),
            ),
            Some(text) => *field = Some((text, span)),
            None => diagnostics.push(wrong_type(&entry.value, &format!("`{}`", entry.key), "text")),
        }
    }
    if let Some((account, span)) = &cloud.account_id
        && !(account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
    {
        let message = format!("`{account}` isn't an account's id");
        diagnostics.push(
            Diagnostic::error(Code::BAD_VALUE, message).at(*span).hint("it has twelve digits, in quotes"),
        );
    }
    if let Some((role, span)) = &cloud.role
        && !is_role(role)
    {
        diagnostics.push(
            Diagnostic::error(Code::BAD_VALUE, format!("`{role}` isn't a role's ARN"))
                .at(*span)
                .hint("write it whole: `arn:aws:iam::123456789012:role/deploy`"),
        );
    }
    for (key, value) in [("region", &cloud.region), ("accountId", &cloud.account_id)] {
        // A slip in its name was told already.
        let slipped = entries.iter().any(|e| {
            !CLOUD_KEYS.contains(&e.key.as_str())
                && nearest(&e.key, CLOUD_KEYS).is_some_and(|near| near == key)
        });
        let needed = !embedded && cloud.endpoint.is_none();
        if needed && value.is_none() && node.get(key).is_none() && !slipped {
            let message = format!("`cloud` lacks `{key}`");
            let hint = "both `region` and `accountId` are required unless `endpoint` is given";
            diagnostics.push(Diagnostic::error(Code::MISSING_KEY, message).at(node.span).hint(hint));
        }
    }
    cloud
}

/// `arn:<partition>:iam::<account>:role/<path and name>`
fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts[..] else { return false };
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let is_name = |c: char| c.is_ascii_graphic() && !matches!(c, ':' | '*');
    let name = resource.strip_prefix("role/").unwrap_or_default();
    (arn, service, region) == ("arn", "iam", "")
        && (partition == "aws" || partition.starts_with("aws-"))
        && is_account
        && !name.is_empty()
        && !name.ends_with('/')
        && name.chars().all(is_name)
}

/// Text; an account's id also where YAML read a number.
fn account_text(key: &str, node: &Node) -> Option<String> {
    match node.text() {
        Some(text) => Some(text.to_owned()),
        None if key == "accountId" => match &node.value {
            crate::syntax::NodeValue::Number(n) => Some(n.to_string()),
            _ => None,
        },
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::MemoryLoader;

    fn read(env: &str, files: &[(&str, &str)]) -> (Option<Environment>, Vec<String>) {
        let loader = MemoryLoader::new(files.iter().copied());
        let (environment, _, diagnostics) = environment("./stacks/shop.yaml", env, Box::new(loader));
        (environment, diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect())
    }

    #[test]
    fn only_local_needs_no_overlay() {
        let (environment, mistakes) = read("local", &[]);
        assert!(environment.is_some_and(|e| e.overlay.is_none()) && mistakes.is_empty());
        let (environment, mistakes) = read("prd", &[("stacks/shop.prod.yaml", "")]);
        assert!(environment.is_none());
        assert_eq!(mistakes, ["E0603 the environment `prd` is not declared"]);
        let (environment, mistakes) = read("../x", &[]);
        assert!(environment.is_none());
        assert_eq!(mistakes, ["E0204 `../x` can't be an environment's name"]);
    }

    #[test]
    fn every_spelling_is_found_and_two_are_one_too_many() {
        let toml = "[cloud]\nregion = \"eu-west-1\"\naccountId = \"123456789012\"\n";
        let json = r#"{"cloud": {"endpoint": "http://localhost:4566"}}"#;
        let (environment, mistakes) = read("prod", &[("stacks/shop.prod.toml", toml)]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let cloud = environment.and_then(|e| e.overlay).expect("an overlay").cloud;
        assert_eq!(cloud.region.expect("a region").0, "eu-west-1");
        assert_eq!(cloud.account_id.expect("an account").0, "123456789012");
        let (environment, mistakes) = read("dev", &[("stacks/shop.dev.json", json)]);
        assert!(environment.is_some() && mistakes.is_empty(), "{mistakes:?}");
        let both = [("stacks/shop.prod.toml", toml), ("stacks/shop.prod.json", json)];
        assert_eq!(
            read("prod", &both).1,
            [
                "E0209 the environment `prod` has two files: `stacks/shop.prod.toml` and `stacks/shop.prod.json`"
            ]
        );
    }

    #[test]
    fn a_role_is_written_whole() {
        for (role, right) in [
            ("arn:aws:iam::123456789012:role/deploy", true),
            ("arn:aws-cn:iam::123456789012:role/ci/deploy+me=x,y.z@a_b-c", true),
            ("deploy", false),
            ("role/deploy", false),
            ("arn:aws:iam::123456789012:role/", false),
            ("arn:aws:iam::123456789012:role/ci/", false),
            ("arn:aws:iam::123456789012:role/*", false),
            ("arn:aws:iam::12345:role/deploy", false),
            ("arn:aws:iam::123456789012:user/deploy", false),
            ("arn:aws:sts::123456789012:assumed-role/deploy/me", false),
            ("arn:aws:iam:eu-west-1:123456789012:role/deploy", false),
        ] {
            let yaml = format!("cloud: {{region: eu-west-1, accountId: \"123456789012\", role: \"{role}\"}}");
            let mistakes = read("prod", &[("stacks/shop.prod.yaml", &yaml)]).1;
            let expected = if right { vec![] } else { vec![format!("E0211 `{role}` isn't a role's ARN")] };
            assert_eq!(mistakes, expected, "{role}");
        }
    }

    #[test]
    fn an_environment_says_where_it_is() {
        for (env, yaml, says) in [
            ("dev", "", false),
            ("dev", "config: {}\n", false),
            ("dev", "cloud: {endpoint: \"http://127.0.0.1:4566\"}\n", true),
            ("dev", "cloud: {region: eu-west-1, accountId: \"123456789012\"}\n", true),
            ("local", "config: {}\n", true),
        ] {
            let path = format!("stacks/shop.{env}.yaml");
            let (environment, mistakes) = read(env, &[(&path, yaml)]);
            assert!(mistakes.is_empty(), "{mistakes:?}");
            let said = environment.expect("it is read").says_where();
            assert_eq!(said.is_ok(), says, "{env}: {yaml:?}");
            if let Err(refused) = said {
                assert_eq!(refused.code, Code::NO_ENVIRONMENT);
                assert!(refused.message.contains(&path), "{}", refused.message);
            }
        }
        assert!(!read("dev", &[("stacks/shop.dev.yaml", "cloud:\n")]).1.is_empty(), "and not by halves");
        assert_eq!(read("dev", &[("stacks/shop.dev.yaml", "cloud: {}\n")]).1.len(), 2);
    }

    #[test]
    fn an_account_that_yaml_reads_as_a_number_keeps_its_zeros() {
        let yaml = "cloud: {region: eu-west-1, accountId: 012345678901}";
        let (environment, mistakes) = read("prod", &[("stacks/shop.prod.yaml", yaml)]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let cloud = environment.and_then(|e| e.overlay).expect("an overlay").cloud;
        assert_eq!(cloud.account_id.expect("an account").0, "012345678901");
    }
}
