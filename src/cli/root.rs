//! Where the project's root is: what other tools' file names are relative to.

use crate::render::project::Project;
use std::path::Path;

/// GitHub's workspace if the run is in it, else the nearest folder above that has `.git`, else the
/// current folder.
pub(super) fn project() -> Project {
    let here = std::env::current_dir().unwrap_or_default();
    let workspace = std::env::var_os("GITHUB_WORKSPACE").map(std::path::PathBuf::from);
    let workspace = workspace.filter(|folder| folder.is_absolute() && here.starts_with(folder));
    let root = workspace.unwrap_or_else(|| repository(&here).unwrap_or(&here).to_owned());
    Project::new(&root, &here)
}

fn repository(here: &Path) -> Option<&Path> {
    here.ancestors().find(|folder| folder.join(".git").exists())
}
