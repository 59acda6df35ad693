//! Paths as loaders take them: `/`-separated, without `.` and empty parts.

/// The path that `relative` means in the file at `from`. `..` may lead above the root, where the
/// loader decides.
pub(super) fn join(from: &str, relative: &str) -> String {
    if relative.starts_with('/') {
        return normalise(relative);
    }
    match from.rsplit_once('/') {
        Some((folder, _)) => normalise(&format!("{folder}/{relative}")),
        None => normalise(relative),
    }
}

/// Without `.`, empty parts, and `x/..`.
pub(super) fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    if parts.is_empty() && root.is_empty() {
        return ".".to_owned();
    }
    format!("{root}{}", parts.join("/"))
}

/// `stacks/reviews` of `stacks/reviews.yaml`.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |n| n + 1);
    match path[name..].rfind('.') {
        Some(dot) if dot > 0 => &path[..name + dot],
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_to_the_file() {
        for (from, relative, path) in [
            ("stacks/reviews.yaml", "reviews/events.yaml", "stacks/reviews/events.yaml"),
            ("stacks/reviews/a.yaml", "../shared.yaml", "stacks/shared.yaml"),
            ("stack.yaml", "./x//y.yaml", "x/y.yaml"),
            ("stack.yaml", "../x.yaml", "../x.yaml"),
            ("../a/stack.yaml", "../../x.yaml", "../../x.yaml"),
            ("/home/a/stack.yaml", "../x.yaml", "/home/x.yaml"),
            ("a/stack.yaml", "/etc/x.yaml", "/etc/x.yaml"),
        ] {
            assert_eq!(join(from, relative), path);
        }
        assert_eq!(stem("a.b/c.d.yaml"), "a.b/c.d");
        assert_eq!(stem("a.b/c"), "a.b/c");
    }
}
