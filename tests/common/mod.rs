//! A folder of its own for a run of the program, with time, colours and environment fixed.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use serde_json::{Value as Json, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

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

impl Sandbox {
    /// Runs the program, which must fail (1) with that code, without a panic. stderr comes back.
    pub fn refused(&self, arguments: &[&str], code: &str) -> String {
        let run = self.run(arguments);
        let shown = format!("evstack {}:\n{}{}", arguments.join(" "), run.stdout, run.stderr);
        assert_eq!(run.code, 1, "{shown}");
        assert!(run.stderr.contains(&format!("error[{code}]: ")), "{shown}");
        assert!(!run.stderr.contains("panicked"), "{shown}");
        run.stderr
    }

    /// Starts the program, stdout in a pipe, stderr too.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    /// Serves the local cloud of this folder, on a port of its own.
    pub fn serve(&self, arguments: &[&str]) -> Served {
        self.serve_at("0", arguments)
    }

    /// The same, on a port that is known.
    pub fn serve_at(&self, port: &str, arguments: &[&str]) -> Served {
        let mut child = self.start(&[&["local", "--port", port], arguments].concat());
        let mut said = String::new();
        let stderr = child.stderr.take().expect("a pipe");
        BufReader::new(stderr).read_line(&mut said).expect("it says where");
        let url = said.split_whitespace().find(|word| word.starts_with("http://")).unwrap_or_default();
        assert!(!url.is_empty(), "evstack local: {said}");
        Served { url: url.to_owned(), child }
    }

    /// What `state list` prints.
    pub fn recorded(&self, stack: &str) -> Vec<String> {
        self.ok(&["state", "list", "--stack", stack]).stdout.lines().map(str::to_owned).collect()
    }
}

/// A served local cloud; it ends with this.
pub struct Served {
    pub url: String,
    child: Child,
}

impl Served {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Everything that exists: type and identifier, sorted.
    pub fn inventory(&self) -> Vec<(String, String)> {
        let page = self.page("/_evstack/inventory");
        let text = |json: &Json| json.as_str().expect("text").to_owned();
        let resources = page["resources"].as_array().expect("resources");
        let mut all: Vec<_> = resources.iter().map(|r| (text(&r["type"]), text(&r["identifier"]))).collect();
        all.sort();
        all
    }

    /// One of its own pages.
    pub fn page(&self, path: &str) -> Json {
        self.send(&format!("GET {path}"), &[], "")
    }

    /// Turns knobs of its profile.
    pub fn turn(&self, knobs: &Json) {
        self.send("PATCH /_evstack/profile", &[], &knobs.to_string());
    }

    /// A call of Cloud Control, as anybody might make it.
    pub fn call(&self, operation: &str, input: &Json) -> Json {
        let headers = [
            format!("x-amz-target: CloudApiService.{operation}"),
            "content-type: application/x-amz-json-1.0".to_owned(),
            "authorization: AWS4-HMAC-SHA256 \
             Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, SignedHeaders=host, Signature=00"
                .to_owned(),
        ];
        self.send("POST /", &headers, &input.to_string())
    }

    /// Changes one property by hand, and waits until that is done.
    pub fn change(&self, type_name: &str, identifier: &str, property: &str, value: &Json) {
        let patch = json!([{ "op": "add", "path": format!("/{property}"), "value": value }]);
        let input = json!({
            "TypeName": type_name, "Identifier": identifier, "PatchDocument": patch.to_string()
        });
        let token = self.call("UpdateResource", &input)["ProgressEvent"]["RequestToken"].clone();
        until("the change is done", || {
            let event = self.call("GetResourceRequestStatus", &json!({ "RequestToken": token }));
            event["ProgressEvent"]["OperationStatus"] == "SUCCESS"
        });
    }

    fn send(&self, line: &str, headers: &[String], body: &str) -> Json {
        let address = self.url.strip_prefix("http://").expect("a URL");
        let mut stream = TcpStream::connect(address).expect("it listens");
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        write!(
            stream,
            "{line} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.contains(" 200 "), "{line}: {answer}");
        serde_json::from_str(body).expect("JSON")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal: `INT`, `KILL`.
pub fn signal(child: &Child, name: &str) {
    let command = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &command]).status().expect("a shell").success());
}

/// Reads lines of a running program until one has this; the reader comes back, to be kept open.
pub fn read_until(child: &mut Child, wanted: &str) -> BufReader<std::process::ChildStdout> {
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut all = String::new();
    loop {
        let mut line = String::new();
        let length = lines.read_line(&mut line).expect("it prints");
        all.push_str(&line);
        assert!(length > 0, "it ended without {wanted:?}:\n{all}");
        if line.contains(wanted) {
            return lines;
        }
    }
}

/// Looks again and again, for as long as a busy machine may need.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
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

/// A stack of three layers of three queues; each layer needs the one before.
pub fn layers() -> String {
    let mut text = "name: shop\nresources:\n".to_owned();
    for layer in 0..3 {
        for number in 0..3 {
            let needs = if layer == 0 { String::new() } else { format!("resource.q{}{number}", layer - 1) };
            text.push_str(&format!(
                "  q{layer}{number}: {{type: AWS::SQS::Queue, options: {{dependsOn: [{needs}]}}}}\n"
            ));
        }
    }
    text
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
