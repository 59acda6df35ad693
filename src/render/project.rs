//! How other tools find a file: by its path from the project's root, with `/` between the names.

use std::path::{Component, Path, PathBuf};

/// Where the project's root is, and where the run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    root: Vec<String>,
    here: Vec<String>,
}

/// A file's name for another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileName {
    /// Below the root: `stacks/reviews.yaml`.
    Inside(String),
    /// Anywhere else: an absolute path.
    Outside(String),
}

impl FileName {
    /// The path, whichever it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Inside(path) | Self::Outside(path) => path,
        }
    }

    /// As a URI (RFC 3986): relative to the root, or `file:///…`.
    #[must_use]
    pub fn uri(&self) -> String {
        match self {
            Self::Inside(path) => escaped(path),
            Self::Outside(path) => format!("file://{}", escaped(path)),
        }
    }
}

impl Project {
    /// From two absolute folders; the second is where relative names begin.
    #[must_use]
    pub fn new(root: &Path, here: &Path) -> Self {
        Self { root: names(Vec::new(), root), here: names(Vec::new(), here) }
    }

    /// The name of a source, which stands relative to where the run is, or is absolute.
    #[must_use]
    pub fn file(&self, name: &str) -> FileName {
        let path = PathBuf::from(name);
        let start = if path.is_absolute() { Vec::new() } else { self.here.clone() };
        let whole = names(start, &path);
        match whole.strip_prefix(self.root.as_slice()) {
            Some(rest) if !rest.is_empty() => FileName::Inside(rest.join("/")),
            _ => FileName::Outside(format!("/{}", whole.join("/"))),
        }
    }
}

/// The names of a path, one after the other, `..` taken back.
fn names(mut start: Vec<String>, path: &Path) -> Vec<String> {
    for component in path.components() {
        match component {
            Component::Normal(name) => start.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => {
                start.pop();
            }
            Component::Prefix(prefix) => start.push(prefix.as_os_str().to_string_lossy().into_owned()),
            Component::RootDir | Component::CurDir => {}
        }
    }
    start
}

/// Percent-encoded, all but what a path may have as it is.
fn escaped(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_from_the_root() {
        let project = Project::new(Path::new("/work/shop"), Path::new("/work/shop/infra"));
        for (name, inside) in [
            ("stack.yaml", "infra/stack.yaml"),
            ("./a/../stack.yaml", "infra/stack.yaml"),
            ("../pages/a b.yaml", "pages/a b.yaml"),
            ("/work/shop/x.yaml", "x.yaml"),
        ] {
            assert_eq!(project.file(name), FileName::Inside(inside.to_owned()), "{name}");
        }
        for (name, outside) in [
            ("../../other/x.yaml", "/work/other/x.yaml"),
            ("/tmp/x.yaml", "/tmp/x.yaml"),
            ("..", "/work/shop"),
        ] {
            assert_eq!(project.file(name), FileName::Outside(outside.to_owned()), "{name}");
        }
        assert_eq!(project.file("../a b%ü.yaml").uri(), "a%20b%25%C3%BC.yaml");
        assert_eq!(project.file("/tmp/x y").uri(), "file:///tmp/x%20y");
    }
}
