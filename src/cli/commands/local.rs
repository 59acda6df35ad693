//! `evstack local`: serves the local cloud.

use crate::cli::args::LocalArgs;
use crate::cli::cloud::damaged;
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Code, Diagnostic};
use crate::local::{Cloud, Delay, OpenError, Options, Preset, Profile, Settings, http};
use crate::ops::{Failure, project};
use std::path::PathBuf;
use std::sync::Arc;

pub(in crate::cli) mod inventory;

pub(in crate::cli) fn run(args: &LocalArgs) -> Result<Ended, Failure> {
    let folder = folder(args.data.as_deref())?;
    // Port 0 is any free one: another each time, so no URL can carry it.
    let port = args.port.first().copied().filter(|port| *port != 0).unwrap_or(4566);
    let options = Options {
        settings: Settings {
            base_url: format!("http://127.0.0.1:{port}"),
            seed: args.seed.unwrap_or_default(),
            ..Settings::default()
        },
        profile: profile(args),
        ..Options::default()
    };
    // A start that can't listen must not make a folder that remembers it.
    let host = args.host.to_string();
    for (index, port) in args.port.iter().enumerate().filter(|(_, port)| **port != 0) {
        if args.port[..index].contains(port) {
            return Err(unreachable(format!("`--port {port}` is given twice")));
        }
        if let Err(why) = std::net::TcpListener::bind((args.host, *port)) {
            let address = std::net::SocketAddr::new(args.host, *port).to_string();
            return Err(unreachable(http::ServeError::Bind { address, why }.to_string()));
        }
    }
    let cloud = Cloud::open(Some(&folder), options).map_err(|error| match error {
        OpenError::Taken { .. } => Diagnostic::error(Code::LOCAL_BUSY, error.to_string())
            .hint("one process serves a data folder at a time"),
        OpenError::Io { .. } => {
            Diagnostic::error(Code::DISK, error.to_string()).hint("choose another folder with `--data`")
        }
        OpenError::Unreadable { path, why } => damaged(&path.display().to_string(), &why.to_string()),
    })?;
    let seed = cloud.settings().seed;
    if let Some(asked) = args.seed.filter(|asked| *asked != seed) {
        let folder = folder.display();
        let message = format!("the local cloud in {folder} was made with seed {seed}, not {asked}");
        return Err(Diagnostic::error(Code::LOCAL_SEED, message)
            .hint("leave `--seed` out, or name an empty folder with `--data`")
            .into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| terminal::unusable(&format!("no timers or sockets are to be had: {error}")))?;
    let profile_name = args.profile;
    let ready = |addresses: &[std::net::SocketAddr]| {
        for address in addresses {
            terminal::say(&format!("local cloud: http://{address} (data in {})", folder.display()));
        }
        if profile_name != Preset::Instant {
            terminal::say(&format!("profile: {}, seed {seed}", profile_name.name()));
        }
    };
    let stopped = async {
        terminal::asked_to_stop().await;
    };
    let served = http::serve(Arc::new(cloud), &host, &args.port, ready, stopped);
    runtime.block_on(served).map_err(|error| unreachable(error.to_string()))?;
    Ok(Ended::Done)
}

fn unreachable(message: String) -> Failure {
    Diagnostic::error(Code::UNREACHABLE, message).hint("choose another `--port` or `--host`").into()
}

/// The preset, with the knobs that the command line turns.
fn profile(args: &LocalArgs) -> Profile {
    let mut profile = args.profile.profile();
    if let Some(milliseconds) = args.latency {
        profile.latency = Delay::milliseconds(milliseconds, milliseconds);
        profile.operations.clear();
    }
    if let Some(share) = args.throttle {
        profile.throttle = share;
        profile.throttled_operations = share;
    }
    if let Some(share) = args.faults {
        profile.faults_before = share.half();
        profile.faults_after = share.half();
    }
    profile
}

/// Where the data lies: as asked, or in this project.
fn folder(asked: Option<&str>) -> Result<PathBuf, Failure> {
    if asked == Some("") {
        return Err(Diagnostic::error(Code::DISK, "`--data` names no folder")
            .hint("leave it out for `.evstack/local` of the project")
            .into());
    }
    if let Some(folder) = asked {
        return Ok(PathBuf::from(folder));
    }
    let here = std::env::current_dir()
        .map_err(|error| terminal::unusable(&format!("there is no current folder: {error}")))?;
    Ok(project::home(&here, "evstack.yaml").join("local"))
}
