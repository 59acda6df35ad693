//! One stack of a command: its file, its environment, where its state lies.

use super::args::WhereArgs;
use super::cloud::Connection;
use super::{command_line, store};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::model::{Json, Place};
use crate::ops::project::{self, Found};
use crate::ops::{DiskLoader, Failure, Request};
use crate::spec::{CloudSettings, Environment, Inputs, Loader, MemoryLoader, environment};
use crate::state::{Holder, Key, Locked, State, StateView, Store, lock, open_read};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The local cloud's own account and region, unless its data folder says otherwise.
const LOCAL_ACCOUNT: &str = "000000000000";
const LOCAL_REGION: &str = "us-east-1";

/// Which cloud a run speaks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cloud {
    /// The embedded one.
    Local,
    /// AWS.
    Aws,
    /// Anything that answers as AWS does.
    Endpoint(String),
}

/// One stack and where it lives.
pub(super) struct Session {
    found: Found,
    here: PathBuf,
    home: PathBuf,
    environment: Environment,
    args: WhereArgs,
    store: Store,
}

impl Session {
    /// The stacks that a command is about.
    pub(super) fn all(args: &WhereArgs, named: Option<&str>) -> Result<Vec<Self>, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| super::terminal::unusable(&format!("there is no current folder: {error}")))?;
        let loader = DiskLoader::new(&here);
        let found = project::stacks(&here, named, &loader)?;
        found.into_iter().map(|found| Self::new(args, &here, Box::new(loader.clone()), found)).collect()
    }

    /// The stack of a saved plan, whose files are in the plan.
    pub(super) fn of_files(
        args: &WhereArgs,
        root: &str,
        name: &str,
        files: &MemoryLoader,
    ) -> Result<Self, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| super::terminal::unusable(&format!("there is no current folder: {error}")))?;
        let found = project::look(root, files);
        let found = Found { name: Some(name.to_owned()), ..found };
        Self::new(args, &here, Box::new(files.clone()), found)
    }

    fn new(
        args: &WhereArgs,
        here: &Path,
        loader: Box<dyn Loader + Send + Sync>,
        found: Found,
    ) -> Result<Self, Failure> {
        let (environment, sources, diagnostics) = environment(&found.path, &args.env, loader);
        let Some(environment) = environment.filter(|_| !diagnostics.has_errors()) else {
            return Err(Failure::new(diagnostics, sources));
        };
        if args.cloud.is_none() {
            environment.says_where()?;
        }
        let home = project::home(here, &found.path);
        let store = match store::of(&environment, here, &home) {
            Ok(store) => store,
            Err(diagnostic) => {
                let mut diagnostics = Diagnostics::new();
                diagnostics.push(diagnostic);
                return Err(Failure::new(diagnostics, sources));
            }
        };
        Ok(Self { found, here: here.to_owned(), home, environment, args: args.clone(), store })
    }

    /// The stack file, as a person would type it.
    pub(super) fn path(&self) -> &str {
        &self.found.path
    }

    /// `.evstack`.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Whether only errors, the last line and outputs are wanted.
    pub(super) fn is_quiet(&self) -> bool {
        self.args.quiet
    }

    /// The folder that paths are relative to.
    pub(super) fn here(&self) -> &Path {
        &self.here
    }

    /// Where files come from.
    pub(super) fn loader(&self) -> DiskLoader {
        DiskLoader::new(&self.here)
    }

    /// The environment's file, if it has one.
    pub(super) fn overlay(&self) -> Option<&str> {
        self.environment.overlay.as_ref().map(|o| o.path.as_str())
    }

    /// `cloud` of the environment's overlay.
    pub(super) fn settings(&self) -> Option<&CloudSettings> {
        self.environment.overlay.as_ref().map(|o| &o.cloud)
    }

    /// Which cloud: `--cloud`, else the environment's own.
    pub(super) fn cloud(&self) -> Result<Cloud, Failure> {
        match self.args.cloud.as_deref() {
            Some("local") => Ok(Cloud::Local),
            Some("aws") => Ok(Cloud::Aws),
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
                Ok(Cloud::Endpoint(url.trim_end_matches('/').to_owned()))
            }
            Some(other) => {
                Err(Diagnostic::error(Code::NO_ENVIRONMENT, format!("`--cloud {other}` names no cloud"))
                    .hint("write `local`, `aws` or a URL")
                    .into())
            }
            None => Ok(self.own_cloud()),
        }
    }

    fn own_cloud(&self) -> Cloud {
        let endpoint = self.settings().and_then(|s| s.endpoint.as_ref());
        match endpoint {
            Some((url, _)) => Cloud::Endpoint(url.trim_end_matches('/').to_owned()),
            None if self.environment.name == "local" => Cloud::Local,
            None => Cloud::Aws,
        }
    }

    /// Where the stack will live as far as files say, for what is done offline.
    pub(super) fn expected_place(&self) -> Place {
        let own = |pick: fn(&CloudSettings) -> Option<&(String, crate::diagnostics::Span)>| {
            self.settings().and_then(pick).map(|(text, _)| text.clone())
        };
        let region = own(|s| s.region.as_ref()).unwrap_or_else(|| LOCAL_REGION.to_owned());
        let base_url = match self.cloud() {
            Ok(Cloud::Local) => Some("http://127.0.0.1:4566".to_owned()),
            Ok(Cloud::Endpoint(url)) => Some(url),
            _ => None,
        };
        Place {
            partition: Place::partition_of(&region).to_owned(),
            account: own(|s| s.account_id.as_ref()).unwrap_or_else(|| LOCAL_ACCOUNT.to_owned()),
            region,
            base_url,
        }
    }

    /// What to load: environment, place, config, other stacks' outputs.
    pub(super) fn request(&self, place: Place) -> Result<Request, Failure> {
        let mut imported = BTreeMap::new();
        for stack in &self.found.imports {
            let view = open_read(self.store(), &self.key_of(stack))?;
            if view.exists {
                let outputs = view.state.outputs.into_iter().map(|o| (o.name, o.value));
                imported.insert(stack.clone(), outputs.collect::<BTreeMap<String, Json>>());
            }
        }
        let inputs = Inputs {
            env: self.args.env.clone(),
            place,
            environment: from_environment(),
            config: self.config(),
            imported,
        };
        Ok(Request { path: self.found.path.clone(), inputs })
    }

    /// `--config`.
    pub(super) fn config(&self) -> Vec<(String, String)> {
        self.args.config.clone()
    }

    /// Where states lie.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Whose state. `--cloud` says where a run goes, so what it finds there isn't the state of the
    /// environment's own cloud.
    pub(super) fn key(&self, stack: &str) -> Key {
        self.key_of(stack)
    }

    fn key_of(&self, stack: &str) -> Key {
        let mut key = Key::new(stack, &self.args.env);
        key.cloud = self.override_name();
        key
    }

    /// What `--cloud` said, if that isn't the environment's own cloud anyway.
    pub(super) fn override_name(&self) -> Option<String> {
        let said = self.args.cloud.clone()?;
        let differs = self.cloud().is_ok_and(|cloud| cloud != self.own_cloud());
        differs.then_some(said)
    }

    /// The stack's name.
    pub(super) fn name(&self) -> Result<String, Failure> {
        let Some(name) = &self.found.name else {
            // Its mistakes are told by loading it.
            let request = self.request(self.expected_place())?;
            return Ok(crate::ops::load(&request, Box::new(self.loader()))?.stack.name);
        };
        Ok(name.clone())
    }

    /// The recorded state, without a lock.
    pub(super) fn state(&self) -> Result<State, Failure> {
        Ok(self.view()?.state)
    }

    /// The same, and whether there is one.
    pub(super) fn view(&self) -> Result<StateView, Failure> {
        Ok(open_read(self.store(), &self.key(&self.name()?))?)
    }

    /// The recorded state of the stack of that name, to be read beside what is there.
    pub(super) fn view_of(&self, name: &str, connection: &Connection) -> Result<StateView, Failure> {
        let view = open_read(self.store(), &self.key(name))?;
        view.state.is_of_site(&connection.site)?;
        Ok(view)
    }

    /// The same for this process alone, to be written of what is done there.
    pub(super) fn lock_in(&self, name: &str, connection: &Connection) -> Result<Locked, Failure> {
        let locked = self.lock(name)?;
        locked.speak_to(&connection.site)?;
        Ok(locked)
    }

    /// The recorded state of the stack of that name, for this process alone.
    pub(super) fn lock(&self, name: &str) -> Result<Locked, Failure> {
        let holder = Holder::here(command_line::shown(std::env::args()), jiff::Timestamp::now().to_string());
        Ok(lock(self.store(), &self.key(name), &holder)?)
    }
}

/// `EVSTACK_CONFIG_<NAME>`, by name.
fn from_environment() -> Vec<(String, String)> {
    let mut config: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix("EVSTACK_CONFIG_")?.to_owned();
            Some((name, value.to_str()?.to_owned()))
        })
        .collect();
    config.sort();
    config
}
