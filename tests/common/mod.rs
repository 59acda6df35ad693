//! A folder of its own for a run of the program, with time, colours and environment fixed.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A project folder that goes away with the test.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

/// What a run printed, and how it ended.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    /// Empty, but for `.evstack`, which keeps state and cloud inside.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join(".evstack")).expect("a folder");
        Self { folder }
    }

    /// With a copy of the project's `stacks` and `examples`.
    pub fn with_stacks() -> Self {
        let sandbox = Self::new();
        for folder in ["stacks", "examples"] {
            copy(Path::new(folder), &sandbox.path(folder));
        }
        sandbox
    }

    /// A path inside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    /// Changes a file; the text must be in it.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has {from:?}");
        self.write(name, &text.replace(from, to));
    }

    /// The program, not yet run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evstack"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().expect("the program starts"))
    }

    /// Runs the program, which must end well.
    pub fn ok(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "evstack {}:\n{}{}", arguments.join(" "), run.stdout, run.stderr);
        run
    }
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("stdout is JSON")
    }
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}

/// Every stack of the project: those in `stacks/` and in `examples/`.
pub fn all_stacks() -> Vec<String> {
    let mut stacks: Vec<String> = ["stacks", "examples"]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a folder").flatten())
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .map(|path| path.to_str().expect("UTF-8").to_owned())
        .collect();
    stacks.sort();
    assert!(stacks.len() >= 6, "{stacks:?}");
    stacks
}
